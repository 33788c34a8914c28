"""
    MLUtils

Data sets: collections of observations. An array holds them along its last dimension; a tuple or named tuple
of arrays holds them together.
"""
module MLUtils

using Random, Statistics
import Primitives

export numobs, getobs, obsview, shuffleobs, splitobs, batch, unbatch, flatten
export DataLoader, BatchView, ObsDim, ObsView, eachobs
export kfolds, leavepout, timeseries_kfolds
export mapobs, filterobs, groupobs, joinobs, slidingwindow, randobs, oversample, undersample
export unsqueeze, unstack, stack, chunk, group_counts, group_indices, rpad_constant, batchseq, batch_sequence,
    batched_searchsortedfirst, batched_searchsortedlast, topk, zeros_like, ones_like, fill_like, rand_like,
    randn_like, trues_like, falses_like

include("observations.jl")
include("data_loader.jl")
include("folds.jl")
include("data_views.jl")
include("array_utilities.jl")

end
