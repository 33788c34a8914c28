"""
    NNlib

The functions of neural networks: activations, softmax, convolution, pooling, dropout.
Arrays are column-major with features or channels before the batch: `(features, batch)` or `(width, height, channels, batch)`.
"""
module NNlib

import Primitives
using Random, Statistics

include("activations.jl")
include("softmax.jl")
include("convolution.jl")
include("pooling.jl")
include("dropout.jl")

export σ, sigmoid, hardσ, hardsigmoid, hardtanh, relu, leakyrelu, relu6, rrelu, elu, gelu, gelu_tanh, gelu_sigmoid,
    gelu_erf, swish, hardswish, selu, celu, softplus, softsign, logσ, logsigmoid, logcosh, mish, tanhshrink, softshrink,
    trelu, thresholdrelu, lisht, tanh_fast, sigmoid_fast
export softmax, logsoftmax, logsumexp, glu
export conv, depthwiseconv, conv_transpose, unfold, fold
export maxpool, meanpool, lpnormpool, PoolDims
export dropout, dropout!

end
