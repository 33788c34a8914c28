"""
    MLDatasets

Standard data sets, read from their published files in a local folder; nothing is downloaded. The folder is
the keyword `dir`, or `MLDATASETS_DIR/NAME`, or that of Julia's package, `~/.julia/datadeps/NAME`.

A data set `d` has `d.features` and `d.targets`, observations last; `d[i]` and `d[:]` give named tuples of
both, and it works with `DataLoader` and MLUtils.
"""
module MLDatasets

import Primitives
import MLUtils
using DelimitedFiles

export MNIST, FashionMNIST, CIFAR10, Iris

include("data_folders.jl")
include("image_datasets.jl")
include("iris.jl")

end
