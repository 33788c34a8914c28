"""Layers by their formulas; arrays are (batch, channels, height, width), (batch, time, features) and so on.

A Julia matrix (out, in) is the array (in, out), so a dense layer is `x @ W + b`."""

import numpy as np
from library_table.formulas import (
    attention,
    cross_correlation,
    flipped,
    gru,
    gru_v3,
    interpolate,
    lstm,
    rnn,
    standardise,
    transposed_convolution,
    unroll,
    windows,
    with_bias,
)
from library_table.table import layer, normal


def relu(x):
    return np.maximum(x, 0)


# --- dense --------------------------------------------------------------------------------------------------

layer("Dense", "Dense(4 => 3, tanh)", [normal(5, 4)], lambda p, x: np.tanh(x @ p[0] + p[1]))
layer("Dense", "Dense(4 => 3; bias = false)", [normal(5, 2, 4)], lambda p, x: x @ p[0])
layer("Scale", "Flux.Scale(3, softplus)", [normal(5, 3)], lambda p, x: np.logaddexp(x * p[0] + p[1], 0))
layer("Scale", "Flux.Scale(4, 3; bias = false)", [normal(5, 3, 4)], lambda p, x: x * p[0])
layer("Bilinear", "Flux.Bilinear((4, 3) => 2, tanh)", [normal(5, 4), normal(5, 3)],
      lambda p, x, z: np.tanh(np.einsum("nx,nz,zxo->no", x, z, p[0]) + p[1]))
layer("Bilinear", "Flux.Bilinear(4 => 2; bias = false)", [normal(5, 4)],
      lambda p, x: np.einsum("nx,nz,zxo->no", x, x, p[0]))
layer("Dense", "Chain(i -> onehotbatch(i, 1:6), Dense(6 => 3, tanh))", [np.array([2, 6, 1, 2])],
      lambda p, i: np.tanh(p[0][i - 1] + p[1]))
layer("Embedding", "Chain(i -> onehotbatch(i, 1:6), Embedding(6 => 3))", [np.array([2, 6, 1, 2])],
      lambda p, i: p[0][i - 1])
layer("Embedding", "Embedding(7 => 3)", [np.array([[1, 7], [3, 3], [2, 5]])], lambda p, i: p[0][i - 1])
layer("Embedding", "Embedding(7 => 3)", [np.array([2, 2, 6, 7, 2])], lambda p, i: p[0][i - 1])
layer("EmbeddingBag", "EmbeddingBag(7 => 3)", [np.array([[1, 7], [3, 3], [2, 5]])],
      lambda p, i: p[0][i - 1].mean(1))
layer("EmbeddingBag", "EmbeddingBag(7 => 3, sum)", [np.array([[1, 7], [3, 3], [2, 5]])],
      lambda p, i: p[0][i - 1].sum(1))
layer("EmbeddingBag", "EmbeddingBag(7 => 3, maximum)", [np.array([[1, 7], [3, 4], [2, 5]])],
      lambda p, i: p[0][i - 1].max(1))

# --- combinations -------------------------------------------------------------------------------------------

layer("Chain", "Chain(Dense(4 => 3, tanh), Dense(3 => 2))", [normal(5, 4)],
      lambda p, x: np.tanh(x @ p[0] + p[1]) @ p[2] + p[3])
layer("Chain", "Chain(first = Dense(4 => 3, tanh), second = x -> 2 .* x)", [normal(5, 4)],
      lambda p, x: 2 * np.tanh(x @ p[0] + p[1]))
layer("Chain", "Chain([Dense(4 => 4, tanh), Dense(4 => 2)])", [normal(5, 4)],
      lambda p, x: np.tanh(x @ p[0] + p[1]) @ p[2] + p[3])
layer("Maxout", "Maxout(() -> Dense(4 => 3), 2)", [normal(5, 4)],
      lambda p, x: np.maximum(x @ p[0] + p[1], x @ p[2] + p[3]))
layer("SkipConnection", "SkipConnection(Dense(4 => 4, tanh), +)", [normal(5, 4)],
      lambda p, x: np.tanh(x @ p[0] + p[1]) + x)
layer("Parallel", "Parallel(vcat, Dense(4 => 3), Dense(4 => 2))", [normal(5, 4)],
      lambda p, x: np.concatenate([x @ p[0] + p[1], x @ p[2] + p[3]], 1))
layer("Parallel", "Parallel(+; α = Dense(4 => 3), β = Dense(2 => 3))", [normal(5, 4), normal(5, 2)],
      lambda p, x, y: x @ p[0] + p[1] + y @ p[2] + p[3])
layer("PairwiseFusion", "PairwiseFusion(+, Dense(4 => 3), Dense(3 => 2))",
      [normal(5, 4), normal(5, 3)], lambda p, x, y: [x @ p[0] + p[1], (x @ p[0] + p[1] + y) @ p[2] + p[3]])

# --- convolution --------------------------------------------------------------------------------------------


def convolution(p, x, **definition):
    n = x.ndim - 2
    definition = {"low": (0,) * n, "high": (0,) * n} | definition
    y = cross_correlation(x, flipped(p[0]), **definition)
    return with_bias(y, p[1]) if len(p) > 1 else y


layer("Conv", "Conv((2, 3), 3 => 4, tanh)", [normal(2, 3, 4, 5)], lambda p, x: np.tanh(convolution(p, x)))
layer("Conv", "Conv((3, 3), 2 => 3; stride = 2, pad = 1)", [normal(2, 2, 5, 6)],
      lambda p, x: convolution(p, x, stride=2, low=(1, 1), high=(1, 1)))
layer("Conv", "Conv((2, 3), 2 => 2; pad = (2, 0, 1, 3), bias = false)", [normal(2, 2, 3, 4)],
      lambda p, x: convolution(p, x, low=(1, 2), high=(3, 0)))
layer("Conv", "Conv((2, 3), 4 => 6; groups = 2, dilation = 2)", [normal(2, 4, 6, 5)],
      lambda p, x: convolution(p, x, groups=2, dilation=2))
layer("Conv", "Conv((3, 2), 2 => 3; pad = SamePad())", [normal(2, 2, 4, 3)],
      lambda p, x: convolution(p, x, low=(1, 1), high=(0, 1)))
layer("Conv", "Conv((4,), 3 => 2; stride = 2, pad = 1)", [normal(3, 3, 9)],
      lambda p, x: convolution(p, x, stride=2, low=(1,), high=(1,)))
layer("Conv", "Conv((2, 2, 2), 2 => 3; stride = (1, 2, 1))", [normal(2, 2, 3, 4, 3)],
      lambda p, x: convolution(p, x, stride=(1, 2, 1)))
layer("CrossCor", "Flux.CrossCor((2, 3), 3 => 4; stride = (1, 2))", [normal(2, 3, 5, 4)],
      lambda p, x: with_bias(cross_correlation(x, p[0], stride=(2, 1)), p[1]))
layer("DepthwiseConv", "DepthwiseConv((2, 3), 3 => 6)", [normal(2, 3, 4, 5)],
      lambda p, x: convolution(p, x, groups=3))


def transposed(p, x, **definition):
    n = x.ndim - 2
    ones, zeros = (1,) * n, (0,) * n
    usual = {"stride": ones, "low": zeros, "high": zeros, "dilation": ones, "extra": zeros, "groups": 1}
    return with_bias(transposed_convolution(x, p[0], **(usual | definition)), p[1])


layer("ConvTranspose", "ConvTranspose((3, 2), 3 => 2)", [normal(2, 3, 3, 4)], transposed)
layer("ConvTranspose", "ConvTranspose((3, 3), 3 => 2, tanh; stride = 2, pad = 1, outpad = 1)",
      [normal(2, 3, 3, 2)], lambda p, x: np.tanh(
          transposed(p, x, stride=(2, 2), low=(1, 1), high=(1, 1), extra=(1, 1))))
layer("ConvTranspose", "ConvTranspose((2, 2), 4 => 4; dilation = 2, groups = 2)", [normal(1, 4, 3, 3)],
      lambda p, x: transposed(p, x, dilation=(2, 2), groups=2))
layer("ConvTranspose", "ConvTranspose((4,), 2 => 3; stride = 3)", [normal(2, 2, 4)],
      lambda p, x: transposed(p, x, stride=(3,)))

# --- pooling ------------------------------------------------------------------------------------------------

layer("MaxPool", "MaxPool((2, 3))", [normal(2, 3, 6, 4)],
      lambda p, x: windows(x, (3, 2), (3, 2)).max((-2, -1)))
layer("MaxPool", "MaxPool((3, 3); pad = 1, stride = 2)", [normal(2, 2, 5, 6) - 5],
      lambda p, x: windows(x, (3, 3), (2, 2), (1, 1), (1, 1), -np.inf).max((-2, -1)))
layer("MeanPool", "MeanPool((2, 3))", [normal(2, 3, 6, 4)],
      lambda p, x: windows(x, (3, 2), (3, 2)).mean((-2, -1)))
layer("MeanPool", "MeanPool((3, 3); pad = 1, stride = 2)", [normal(2, 2, 5, 6)],
      lambda p, x: windows(x, (3, 3), (2, 2), (1, 1), (1, 1)).mean((-2, -1)))
layer("AdaptiveMaxPool", "AdaptiveMaxPool((2, 2))", [normal(2, 2, 6, 4)],
      lambda p, x: windows(x, (3, 2), (3, 2)).max((-2, -1)))
layer("AdaptiveMeanPool", "AdaptiveMeanPool((3, 2))", [normal(2, 2, 6, 8)],
      lambda p, x: windows(x, (3, 4), (3, 2)).mean((-2, -1)))
layer("GlobalMaxPool", "GlobalMaxPool()", [normal(2, 3, 4, 5)], lambda p, x: x.max((2, 3), keepdims=True))
layer("GlobalMeanPool", "GlobalMeanPool()", [normal(2, 3, 4, 5)], lambda p, x: x.mean((2, 3), keepdims=True))

# --- normalisation ------------------------------------------------------------------------------------------

STATISTICS = "layer.μ .= [0.3, -0.2, 0.5]\nlayer.σ² .= [0.5, 1.5, 2.0]"
MEAN, VARIANCE = np.array([0.3, -0.2, 0.5]), np.array([0.5, 1.5, 2.0])


def channels(values, x):
    """Numbers per channel that broadcast with x (batch, channels, …)."""
    return values.reshape(-1, *[1] * (x.ndim - 2))


def with_statistics(x):
    return (x - channels(MEAN, x)) / np.sqrt(channels(VARIANCE, x) + 1e-5)


def scaled(p, y):
    """By a scale and shift per channel, which are stored as shift, scale."""
    return y * channels(p[1], y) + channels(p[0], y)


layer("BatchNorm", "BatchNorm(3, tanh)", [normal(4, 3, 2, 5) * 2 + 1],
      lambda p, x: np.tanh(scaled(p, with_statistics(x))), prepare=STATISTICS,
      training=lambda p, x: np.tanh(scaled(p, standardise(x, (0, 2, 3)))))
layer("BatchNorm", "BatchNorm(3; affine = false)", [normal(6, 3) * 2 + 1],
      lambda p, x: with_statistics(x), prepare=STATISTICS, training=lambda p, x: standardise(x, 0))
layer("BatchNorm", "BatchNorm(3, relu; track_stats = false)", [normal(6, 3)],
      lambda p, x: relu(scaled(p, standardise(x, 0))))
layer("InstanceNorm", "InstanceNorm(3; affine = true)", [normal(2, 3, 4, 5)],
      lambda p, x: scaled(p, standardise(x, (2, 3))))
layer("InstanceNorm", "InstanceNorm(3, tanh; affine = true, track_stats = true)", [normal(2, 3, 4, 5)],
      lambda p, x: np.tanh(scaled(p, with_statistics(x))), prepare=STATISTICS,
      training=lambda p, x: np.tanh(scaled(p, standardise(x, (2, 3)))))
layer("GroupNorm", "GroupNorm(6, 2, tanh)", [normal(2, 6, 3, 2)],
      lambda p, x: np.tanh(scaled(p, standardise(x.reshape(-1, 2, 3, 3, 2), (2, 3, 4)).reshape(x.shape))))
layer("LayerNorm", "LayerNorm(4)", [normal(5, 4)], lambda p, x: standardise(x, 1) * p[0] + p[1])
layer("LayerNorm", "LayerNorm((4, 3), tanh)", [normal(2, 3, 4)],
      lambda p, x: np.tanh(standardise(x, (1, 2)) * p[0] + p[1]))
layer("LayerNorm", "LayerNorm(4; affine = false)", [normal(3, 2, 4)], lambda p, x: standardise(x, 2))


def unit(v, axis):
    return v / np.sqrt((v**2).sum(axis, keepdims=True))


layer("WeightNorm", "WeightNorm(Dense(4 => 3, tanh))", [normal(5, 4)],
      lambda p, x: np.tanh(x @ (unit(p[0], 0) * p[2]) + p[1]))
layer("WeightNorm", "WeightNorm(Conv((2, 2), 2 => 3); dims = (1, 2, 3))", [normal(2, 2, 3, 3)],
      lambda p, x: convolution([unit(p[0], (1, 2, 3)) * p[2], p[1]], x))

# --- dropout ------------------------------------------------------------------------------------------------
# Inference, and training where nothing is left to chance; chance itself is tested in `test_layers`.

layer("Dropout", "Dropout(0.4)", [normal(5, 3)], lambda p, x: x, prepare="testmode!(layer)")
layer("Dropout", "Dropout(1.0)", [normal(5, 3)], lambda p, x: x, training=lambda p, x: 0 * x)
layer("AlphaDropout", "AlphaDropout(0.4)", [normal(5, 3)], lambda p, x: x, prepare="testmode!(layer)")

# --- recurrence ---------------------------------------------------------------------------------------------

STEPS = {"RNN": (rnn, False), "LSTM": (lstm, True), "GRU": (gru, False), "GRUv3": (gru_v3, False)}


def recurrent(name):
    step, pair = STEPS[name]

    def formula(p, x):
        return unroll(step, x, [q.T if q.ndim == 2 else q for q in p], pair)

    def flat(outputs, state):
        return [outputs, *(state if pair else (state,))]

    def last(p, x):
        return flat(*formula(p, x))

    def once(p, x):
        outputs, state = formula(p, x[:, None])
        return flat(outputs[:, 0], state)

    layer(f"{name}Cell", f"{name}Cell(3 => 2)", [normal(4, 3)], once)
    layer(name, f"{name}(3 => 2)", [normal(4, 5, 3)], lambda p, x: formula(p, x)[0])
    layer(name, f"{name}(3 => 2; return_state = true)", [normal(3, 4, 3)], last)
    layer("Recurrence", f"Recurrence({name}Cell(3 => 2))", [normal(2, 3, 3)], lambda p, x: formula(p, x)[0])


for name in STEPS:
    recurrent(name)

# --- attention ----------------------------------------------------------------------------------------------


def self_attention(p, x, **options):
    y, weights = attention(x @ p[0], x @ p[1], x @ p[2], 2, **options)
    return [y @ p[3], weights]


layer("MultiHeadAttention", "MultiHeadAttention(4; nheads = 2)", [normal(2, 3, 4)], self_attention)
layer("MultiHeadAttention", "MultiHeadAttention((6, 4, 4) => (8, 4) => 5; nheads = 2, bias = true)",
      [normal(2, 3, 6), normal(2, 5, 4)], lambda p, q, k: [
          attention(q @ p[0] + p[1], k @ p[2] + p[3], k @ p[4] + p[5], 2)[0] @ p[6] + p[7],
          attention(q @ p[0] + p[1], k @ p[2] + p[3], k @ p[4] + p[5], 2)[1]])
layer("MultiHeadAttention", "Causal(MultiHeadAttention(4; nheads = 2))", [normal(2, 3, 4)],
      lambda p, x: self_attention(p, x, mask=np.tril(np.ones((3, 3), dtype=bool))))

# --- resampling ---------------------------------------------------------------------------------------------

layer("Upsample", "Upsample(2)", [normal(2, 2, 3, 4)], lambda p, x: x.repeat(2, 2).repeat(2, 3))
layer("Upsample", "Upsample(:nearest; size = (6, 9))", [normal(2, 2, 3, 4)],
      lambda p, x: x[:, :, np.arange(9) * 3 // 9][:, :, :, np.arange(6) * 4 // 6])
layer("Upsample", "Upsample(:bilinear; scale = (3, 2))", [normal(2, 2, 3, 4)],
      lambda p, x: interpolate(interpolate(x, 3, 12, True), 2, 6, True))
layer("Upsample", "Upsample(:bilinear; size = (5, 7))", [normal(2, 2, 3, 4)],
      lambda p, x: interpolate(interpolate(x, 3, 5, True), 2, 7, True))
layer("Upsample", "Upsample(:bilinear; scale = 2, align_corners = false)", [normal(2, 2, 3, 4)],
      lambda p, x: interpolate(interpolate(x, 3, 8, False), 2, 6, False))
layer("Upsample", "Upsample(:linear; scale = 3)", [normal(2, 2, 4)], lambda p, x: interpolate(x, 2, 12, True))
layer("Upsample", "Upsample(:trilinear; scale = 2)", [normal(2, 1, 2, 3, 2)], lambda p, x: interpolate(
    interpolate(interpolate(x, 4, 4, True), 3, 6, True), 2, 4, True))


def shuffled(p, x):
    n, _, h, w = x.shape
    blocks = x.reshape(n, -1, 2, 2, h, w)  # batch, channel, row in block, column in block, row, column
    return blocks.transpose(0, 1, 4, 2, 5, 3).reshape(n, -1, 2 * h, 2 * w)


layer("PixelShuffle", "PixelShuffle(2)", [normal(2, 8, 3, 4)], shuffled)
