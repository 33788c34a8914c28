"""Layers against formulas in numpy, where axes are Julia's dims reversed: batch, channels, height, width."""

import numpy as np
import pytest
import weber
from library_table.formulas import cross_correlation, flipped, standardise, windows, with_bias
from numpy.testing import assert_allclose, assert_array_equal

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.normal(size=shape)


def same(actual, expected, **tolerance):
    assert_allclose(actual, expected, **({"rtol": 1e-10, "atol": 1e-12} | tolerance))


# --- dense --------------------------------------------------------------------------------------------------


def test_dense(program, everywhere):
    module = program("""
    f(x, W, b) = Dense(W, b, tanh)(x)
    plain(x, W) = Dense(W, false)(x)
    """)
    W, b = normal(4, 3), normal(3)  # Julia's (3, 4)
    W = W.T.copy().T  # any memory order
    weight = W.T  # (out, in)
    for shape in ((4,), (5, 4), (2, 5, 4)):
        x = normal(*shape)
        same(everywhere(module, "f", x, W, b), np.tanh(x @ weight.T + b))
        same(everywhere(module, "plain", x, W), x @ weight.T)


def test_dense_keeps_the_element_type_of_its_weights(program):
    module = program("layer = Dense(3 => 2)\nf(x) = layer(x)")
    assert module.f(normal(5, 3)).dtype == np.float32
    assert module.f(np.ones((5, 3), dtype=np.int64)).dtype == np.float32


def test_dense_default_initialisation(program):
    module = program("layer = Dense(300 => 200)\nf() = (layer.weight, layer.bias)")
    weight, bias = module.f()
    limit = np.sqrt(6 / 500)
    assert weight.shape == (300, 200)
    assert weight.dtype == np.float32
    assert np.abs(weight).max() <= limit
    assert abs(weight.std() - limit / np.sqrt(3)) < 0.002
    assert_array_equal(bias, np.zeros(200))


def test_dense_names_itself_when_sizes_are_wrong(program):
    module = program("layer = Dense(64 => 32, relu)\nf(x) = layer(x)")
    message = (r"DimensionMismatch: Dense\(64 => 32, relu\) expects an input whose first dimension is 64, "
               r"got size \(63, 5\)")
    with pytest.raises(weber.WeberError, match=message):
        module.f(np.zeros((5, 63), np.float32))


def test_scale_bilinear_embedding(program, everywhere):
    module = program("""
    scaled(x, a, b) = Flux.Scale(a, b, abs)(x)
    bilinear(x, z, W, b) = Flux.Bilinear(W, b)(x, z)
    embedded(i, W) = Embedding(W)(i)
    """)
    x, a, b = normal(5, 4), normal(4), normal(4)
    same(everywhere(module, "scaled", x, a, b), np.abs(a * x + b))
    z, W, c = normal(5, 3), normal(3, 4, 2), normal(2)  # W: Julia's (2, 4, 3)
    same(everywhere(module, "bilinear", x, z, W, c), np.einsum("nx,nz,zxo->no", x, z, W) + c)
    table, indices = normal(7, 3), np.array([[1, 7], [3, 3], [2, 5]])
    same(everywhere(module, "embedded", indices, table), table[indices - 1])


# --- combinations -------------------------------------------------------------------------------------------


def test_chain(program, everywhere):
    module = program("""
    by_position = Chain(x -> 2 .* x, x -> x .+ 1)
    by_name = Chain(double = x -> 2 .* x, next = x -> x .+ 1)
    by_vector = Chain([x -> 2 .* x, x -> x .+ 1])
    f(x) = (by_position(x), by_name(x), by_vector(x),
            by_name[:double](x), by_position[2](x), by_position[1:1](x),
            Chain()(x))
    sizes() = (length(by_position), by_name[1] === by_name[:double])
    """)
    x = normal(3)
    expected = (2 * x + 1, 2 * x + 1, 2 * x + 1, 2 * x, x + 1, 2 * x, x)
    for y, formula in zip(everywhere(module, "f", x), expected, strict=True):
        same(y, formula)
    assert tuple(module.sizes()) == (2, True)


def test_combining_layers(program, everywhere):
    module = program("""
    f(x, y) = (SkipConnection(a -> 2 .* a, +)(x), Parallel(+, a -> 2 .* a, a -> 3 .* a)(x),
               Parallel(vcat; a = a -> 2 .* a, b = identity)(x, y), Maxout(a -> 2 .* a, a -> -a)(x),
               PairwiseFusion(+, a -> 2 .* a, a -> 3 .* a)((x, y)))
    """)
    x, y = normal(3), normal(3)
    skip, parallel, stacked, most, (first, second) = everywhere(module, "f", x, y)
    same(skip, 3 * x)
    same(parallel, 5 * x)
    same(stacked, np.concatenate([2 * x, y]))
    same(most, np.maximum(2 * x, -x))
    same(first, 2 * x)
    same(second, 3 * (y + 2 * x))


# --- convolution and pooling --------------------------------------------------------------------------------

CONVOLUTIONS = [
    # options, x shape, w shape, arguments of the definition
    ("", (2, 3, 6, 7), (4, 3, 3, 2), {}),
    ("stride = 2, pad = 1", (2, 3, 7, 8), (4, 3, 3, 3), {"stride": 2, "low": (1, 1), "high": (1, 1)}),
    ("stride = (1, 2), pad = (2, 1)", (1, 2, 5, 6), (3, 2, 2, 3),
     {"stride": (2, 1), "low": (1, 2), "high": (1, 2)}),
    ("pad = (2, 0, 1, 3)", (1, 2, 5, 6), (3, 2, 2, 3), {"low": (1, 2), "high": (3, 0)}),
    ("dilation = 2", (2, 3, 7, 7), (4, 3, 3, 2), {"dilation": 2}),
    ("groups = 2", (2, 4, 6, 5), (6, 2, 3, 3), {"groups": 2}),
    ("pad = SamePad()", (2, 3, 6, 7), (4, 3, 2, 3), {"low": (1, 1), "high": (0, 1)}),
    ("stride = 2, pad = 1", (2, 3, 9), (4, 3, 4), {"stride": 2, "low": (1,), "high": (1,)}),
    ("", (1, 2, 4, 5, 3), (3, 2, 2, 2, 2), {"low": (0, 0, 0), "high": (0, 0, 0)}),
]


@pytest.mark.parametrize("options, x_shape, w_shape, definition", CONVOLUTIONS,
                         ids=[f"{len(c[1]) - 2}d {c[0]}" for c in CONVOLUTIONS])
def test_convolution(program, everywhere, options, x_shape, w_shape, definition):
    n = len(x_shape) - 2
    definition = {"low": (0,) * n, "high": (0,) * n} | definition
    module = program(f"f(x, w, b) = Conv(w, b; {options})(x)")
    x, w, b = normal(*x_shape), normal(*w_shape), normal(w_shape[0])
    same(everywhere(module, "f", x, w, b), with_bias(cross_correlation(x, flipped(w), **definition), b))
    if "groups" not in options:
        module = program(f"f(x, w, b) = CrossCor(w, b, tanh; {options})(x)")
        same(everywhere(module, "f", x, w, b), np.tanh(with_bias(cross_correlation(x, w, **definition), b)))


@pytest.mark.parametrize("options, x_shape, w_shape, definition", CONVOLUTIONS[:7],
                         ids=[c[0] or "plain" for c in CONVOLUTIONS[:7]])
def test_gradient_of_convolution(program, everywhere, options, x_shape, w_shape, definition):
    definition = {"low": (0, 0), "high": (0, 0)} | definition
    module = program(f"g(x, w, r) = gradient((x, w) -> sum(Conv(w, false; {options})(x) .* r), x, w)")
    x, w = normal(*x_shape), normal(*w_shape)
    r = normal(*cross_correlation(x, w, **definition).shape)
    of_x, of_w = everywhere(module, "g", x, w, r)

    def weighted(x, w):
        return (cross_correlation(x, flipped(w), **definition) * r).sum()

    same(of_x, linear_gradient(lambda x: weighted(x, w), x), rtol=1e-7)
    same(of_w, linear_gradient(lambda w: weighted(x, w), w), rtol=1e-7)


def linear_gradient(function, x):
    """The gradient of a linear function: its values at the unit vectors."""
    result = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        unit = np.zeros(x.shape)
        unit[index] = 1
        result[index] = function(unit)
    return result


def test_convolution_checks_channels(program):
    module = program("layer = Conv((3, 3), 3 => 8)\nf(x) = layer(x)")
    message = r"Conv\(\(3, 3\), 3 => 8\) expects an input whose third dimension is 3"
    with pytest.raises(weber.WeberError, match=message):
        module.f(np.zeros((2, 4, 8, 8), np.float32))


def test_pooling(program, everywhere):
    module = program("""
    f(x) = (MaxPool((2, 3))(x), MeanPool((2, 3))(x), MaxPool((3, 3); pad = 1, stride = 2)(x),
            MeanPool((3, 3); pad = 1, stride = 2)(x), GlobalMaxPool()(x), GlobalMeanPool()(x),
            AdaptiveMaxPool((2, 2))(x), AdaptiveMeanPool((3, 2))(x))
    """)
    x = normal(2, 3, 6, 8) - 5
    results = everywhere(module, "f", x)
    padded = {"low": (1, 1), "high": (1, 1)}
    expected = (windows(x, (3, 2), (3, 2)).max((-2, -1)), windows(x, (3, 2), (3, 2)).mean((-2, -1)),
                windows(x, (3, 3), (2, 2), fill=-np.inf, **padded).max((-2, -1)),
                windows(x, (3, 3), (2, 2), **padded).mean((-2, -1)),
                x.max((2, 3), keepdims=True), x.mean((2, 3), keepdims=True),
                windows(x, (3, 4), (3, 4)).max((-2, -1)), windows(x, (3, 4), (3, 2)).mean((-2, -1)))
    for y, formula in zip(results, expected, strict=True):
        same(y, formula)


def test_flatten(program, everywhere):
    module = program("f(x) = Flux.flatten(x)")
    x = normal(5, 2, 3, 4)
    same(everywhere(module, "f", x), x.reshape(5, -1))


# --- normalisation ------------------------------------------------------------------------------------------


def test_batch_norm_in_training_and_inference(program):
    module = program("""
    norm = f64(BatchNorm(3))
    norm.γ .= [1.0, 2.0, 3.0]
    norm.β .= [0.5, 0.0, -1.0]
    infer(x) = norm(x)
    learn(x, r) = gradient(x -> sum(norm(x) .* r), x)[1]
    statistics() = (norm.μ, norm.σ²)
    """)
    scale, shift = np.array([1.0, 2, 3]), np.array([0.5, 0, -1])
    mean, variance = np.zeros(3), np.ones(3)
    x = normal(5, 3, 4, 2) * 3 + 1
    same(module.infer(x), with_bias((x - 0) / np.sqrt(1 + 1e-5) * scale[:, None, None], shift), rtol=1e-6)
    for _ in range(3):
        x, r = normal(5, 3, 4, 2) * 3 + 1, normal(5, 3, 4, 2)
        gradient = module.learn(x, r)
        count = 5 * 4 * 2
        mean = 0.9 * mean + 0.1 * x.mean((0, 2, 3))
        variance = 0.9 * variance + 0.1 * x.var((0, 2, 3)) * count / (count - 1)
        for statistic, expected in zip(module.statistics(), (mean, variance), strict=True):
            same(statistic, expected, rtol=1e-6)
        y, deviation = standardise(x, (0, 2, 3)), np.sqrt(x.var((0, 2, 3), keepdims=True) + 1e-5)
        d = r * scale[:, None, None]
        centred = d - d.mean((0, 2, 3), keepdims=True) - y * (d * y).mean((0, 2, 3), keepdims=True)
        same(gradient, centred / deviation, rtol=1e-4, atol=1e-6)
    mean, variance, scale, shift = (v.reshape(3, 1, 1) for v in (mean, variance, scale, shift))
    same(module.infer(x), (x - mean) / np.sqrt(variance + 1e-5) * scale + shift, rtol=1e-5)


def test_modes(program):
    module = program("""
    norm = BatchNorm(2)
    chain = Chain(norm, Dropout(0.5))
    training(x) = trainmode!(chain)(x)
    inference(x) = testmode!(chain)(x)
    activity(change!, mode...) = (change!(chain, mode...); norm.active)
    changed() = (activity(trainmode!), activity(testmode!), activity(testmode!, :auto))
    """)
    assert tuple(module.changed()) == (True, False, None)
    x = normal(50, 2).astype(np.float32)
    y = module.training(x)
    assert 0.3 < (y == 0).mean() < 0.7
    assert (module.inference(x) != 0).all()


def test_other_normalisations(program, everywhere):
    module = program("""
    f(x) = (LayerNorm(4)(x), InstanceNorm(3)(x), GroupNorm(6, 2)(reshape(x, 4, 6, :)),
            Flux.normalise(x; dims = 1),
            LayerNorm((4, 5), tanh)(x), BatchNorm(3, relu; affine = false, track_stats = false)(x))
    """)
    x = normal(2, 3, 5, 4).astype(np.float32)
    groups = standardise(x.reshape(-1, 2, 3, 4).astype(float), (2, 3)).reshape(-1, 6, 4)
    expected = (standardise(x, (3,)), standardise(x, (2, 3)), groups, standardise(x, (3,)),
                np.tanh(standardise(x, (2, 3))), np.maximum(standardise(x, (0, 2, 3)), 0))
    for y, formula in zip(everywhere(module, "f", x), expected, strict=True):
        assert y.dtype == np.float32
        same(y, formula, rtol=1e-4, atol=1e-5)


# --- dropout ------------------------------------------------------------------------------------------------


def test_dropout(program):
    module = program("""
    layer = Dropout(0.3)
    rows = Dropout(0.5; dims = 1)
    idle(x) = layer(x)
    drop(x) = gradient(x -> sum(layer(x)), x)[1]
    drop_rows(x) = gradient(x -> sum(rows(x)), x)[1]
    """)
    x = np.ones((40, 50), dtype=np.float32)
    assert_array_equal(module.idle(x), x)
    first, second = module.drop(x), module.drop(x)
    assert set(np.unique(first)) == {np.float32(0), np.float32(1 / 0.7)}
    assert abs((first == 0).mean() - 0.3) < 0.05
    assert (first != second).any()
    by_row = module.drop_rows(x)
    assert (by_row == by_row[:1]).all()
    assert set(np.unique(by_row)) == {0, 2}


def test_alpha_dropout_keeps_mean_and_variance(program):
    module = program("layer = AlphaDropout(0.2)\nf(x) = trainmode!(layer)(x)")
    x = np.random.default_rng(1).normal(size=(200, 200))
    y = module.f(x)
    assert abs(y.mean()) < 0.03
    assert abs(y.std() - 1) < 0.03
    assert (module.f(x) != y).any()
