"""
    NNlib

The functions of neural networks: activations, softmax, convolution, pooling, attention. Arrays are
column-major with features or channels before the batch: `(features, batch)` or `(width, height, channels,
batch)`.
"""
module NNlib

import Primitives
using Random, Statistics

include("activations.jl")
include("softmax.jl")
include("convolution.jl")
include("pooling.jl")
include("dropout.jl")
include("padding.jl")
include("gathering.jl")
include("batched_multiplication.jl")
include("attention.jl")
include("resampling.jl")
include("rotation.jl")
include("ctc.jl")
include("windows.jl")

export σ, sigmoid, hardσ, hardsigmoid, hardtanh, relu, leakyrelu, relu6, rrelu, elu, gelu, gelu_tanh,
    gelu_sigmoid, gelu_erf, swish, hardswish, selu, celu, softplus, softsign, logσ, logsigmoid, logcosh, mish,
    tanhshrink, softshrink, trelu, thresholdrelu, lisht, tanh_fast, sigmoid_fast
export softmax, logsoftmax, logsumexp, glu
export conv, depthwiseconv, conv_transpose, unfold, fold
export maxpool, meanpool, lpnormpool
export dropout, dropout!
export pad_constant, pad_zeros, pad_repeat, pad_reflect, pad_symmetric, pad_circular
export gather, gather!, scatter, scatter!
export batched_mul, batched_transpose, batched_adjoint, batched_vec, ⊠
export dot_product_attention, dot_product_attention_scores, make_causal_mask
export upsample_nearest, upsample_linear, upsample_bilinear, upsample_trilinear, pixel_shuffle, grid_sample,
    imrotate
export ctc_loss
export hann_window, hamming_window

end
