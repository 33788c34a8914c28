"""
    MLUtils

Data sets: collections of observations. An array holds them along its last dimension; a tuple or named tuple
of arrays holds them together.
"""
module MLUtils

using Random, Statistics
import Primitives

export numobs, getobs, obsview, DataLoader, eachobs, batch, unbatch, splitobs, shuffleobs, flatten

include("observations.jl")
include("data_loader.jl")

end
