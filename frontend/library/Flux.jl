"""
    Flux

Layers, models and their training. A layer is a struct that can be called; a model is a layer made of layers.
Data are arrays with features or channels before the batch: `(features, batch)`, `(width, height, channels,
batch)`.
"""
module Flux

using Random, Statistics, LinearAlgebra
using NNlib, Functors, Optimisers, OneHotArrays, MLUtils, Zygote
import Primitives

include("initialisers.jl")
include("losses.jl")
using .Losses
include("layer_utilities.jl")
include("chains.jl")
include("dense_layers.jl")
include("combining_layers.jl")
include("convolution_layers.jl")
include("pooling_layers.jl")
include("normalisation_layers.jl")
include("dropout_layers.jl")
include("weight_norm.jl")
include("recurrent_layers.jl")
include("attention_layers.jl")
include("resampling_layers.jl")
include("modes.jl")
include("training.jl")
include("model_state.jl")
include("model_utilities.jl")
include("autosize.jl")
include("pacing.jl")
include("model_text.jl")
include("weight_files.jl")

# What the packages below offer under Flux's name as well.
export gradient, withgradient, pullback, jacobian, hessian
export setup, update!, adjust!, freeze!, thaw!, trainables, destructure, train!
export Descent, Momentum, Nesterov, Rprop, RMSProp, AdaGrad, AdaDelta, Adam, AdaMax, RAdam, NAdam, OAdam,
    AdamW, AMSGrad, AdaBelief, Lion, OptimiserChain, WeightDecay, SignDecay, ClipGrad, ClipNorm, AccumGrad,
    MixedPrecision
export σ, sigmoid, hardσ, hardsigmoid, hardtanh, relu, leakyrelu, relu6, rrelu, elu, gelu, gelu_tanh,
    gelu_sigmoid, gelu_erf, swish, hardswish, selu, celu, softplus, softsign, logσ, logsigmoid, logcosh, mish,
    tanhshrink, softshrink, trelu, thresholdrelu, lisht, tanh_fast, sigmoid_fast, softmax, logsoftmax,
    logsumexp, glu
export NNlib, conv, depthwiseconv, conv_transpose, maxpool, meanpool, lpnormpool, dropout, dropout!, pad_constant,
    pad_zeros, pad_repeat, pad_reflect, pad_symmetric, pad_circular, batched_mul, batched_transpose,
    batched_adjoint, batched_vec, ⊠, dot_product_attention, dot_product_attention_scores, make_causal_mask,
    upsample_nearest, upsample_linear, upsample_bilinear, upsample_trilinear, pixel_shuffle, grid_sample,
    ctc_loss
export DataLoader, flatten, onehot, onehotbatch, onecold, fmap, cpu, gpu, f16, bf16, f32, f64

export Chain, Dense, Scale, Bilinear, Embedding, EmbeddingBag, Maxout, SkipConnection, Parallel,
    PairwiseFusion
export Conv, ConvTranspose, CrossCor, DepthwiseConv, SamePad, MaxPool, MeanPool, GlobalMaxPool,
    GlobalMeanPool, AdaptiveMaxPool, AdaptiveMeanPool
export BatchNorm, LayerNorm, InstanceNorm, GroupNorm, WeightNorm, Dropout, AlphaDropout
export RNN, LSTM, GRU, GRUv3, RNNCell, LSTMCell, GRUCell, GRUv3Cell, Recurrence, MultiHeadAttention
export Upsample, PixelShuffle
export testmode!, trainmode!, glorot_uniform, glorot_normal, kaiming_uniform, kaiming_normal,
    truncated_normal, orthogonal, sparse_init, identity_init, zeros32, ones32, rand32, randn32

end
