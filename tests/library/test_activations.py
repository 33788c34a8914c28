"""Activations against their formulas, and their derivatives against central differences."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

sigmoid = special.expit


def softplus(x):
    return np.logaddexp(x, 0)


def elu(x, alpha=1.0):
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


FORMULAS = {
    "σ": sigmoid,
    "hardσ": lambda x: np.clip((x + 3) / 6, 0, 1),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "relu": lambda x: np.maximum(x, 0),
    "leakyrelu": lambda x: np.where(x > 0, x, 0.01 * x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "elu": elu,
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "gelu_sigmoid": lambda x: x * sigmoid(1.702 * x),
    "gelu_erf": lambda x: x / 2 * (1 + special.erf(x / math.sqrt(2))),
    "swish": lambda x: x * sigmoid(x),
    "hardswish": lambda x: x * np.clip((x + 3) / 6, 0, 1),
    "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "celu": lambda x: np.where(x >= 0, x, np.expm1(np.minimum(x, 0))),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "logσ": lambda x: -softplus(-x),
    "logcosh": lambda x: np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - math.log(2),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "tanhshrink": lambda x: x - np.tanh(x),
    "softshrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "trelu": lambda x: np.where(x > 1, x, 0),
    "lisht": lambda x: x * np.tanh(x),
    "tanh_fast": np.tanh,
    "sigmoid_fast": sigmoid,
}
ALIASES = {
    "sigmoid": "σ", "hardsigmoid": "hardσ", "logsigmoid": "logσ", "gelu": "gelu_tanh",
    "thresholdrelu": "trelu",
}

# Away from the corners of the piecewise functions.
POINTS = np.array([-7.3, -3.9, -2.2, -1.4, -0.7, -0.2, 0.1, 0.4, 0.9, 1.6, 2.7, 3.8, 5.2, 8.1])


@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_types(program, everywhere, name):
    module = program(f"f(x) = NNlib.{name}.(x)" if name == "thresholdrelu" else f"f(x) = {name}.(x)")
    for dtype, tolerance in ((np.float32, 2e-6), (np.float64, 1e-12)):
        x = POINTS.astype(dtype)
        y = everywhere(module, "f", x)
        assert y.dtype == dtype
        assert_allclose(y, FORMULAS[name](x.astype(np.float64)), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", FORMULAS)
def test_derivatives(program, everywhere, numerical_gradient, name):
    weights = np.linspace(-1, 2, POINTS.size)
    module = program(f"g(x, w) = gradient(z -> sum({name}.(z) .* w), x)[1]")
    expected = numerical_gradient(lambda x: np.sum(FORMULAS[name](x) * weights), POINTS)
    assert_allclose(everywhere(module, "g", POINTS, weights), expected, rtol=1e-6, atol=1e-8)


def test_aliases(session):
    for alias, name in ALIASES.items():
        assert session(f"Flux.NNlib.{alias} === Flux.NNlib.{name}") == "true"


@pytest.mark.parametrize("name", ["elu", "selu", "celu", "softplus", "logσ", "logcosh", "mish", "σ", "swish"])
def test_finite_far_from_zero(program, name):
    module = program(f"f(x) = {name}.(x)\ng(x) = gradient(z -> sum({name}.(z)), x)[1]")
    x = np.array([-1e4, -200, 200, 1e4], dtype=np.float32)
    assert np.isfinite(module.f(x)).all()
    assert np.isfinite(module.g(x)).all()


def test_parameters_of_activations(program):
    module = program("""
    f(x) = (leakyrelu.(x, 0.2), elu.(x, 0.5), celu.(x, 2), softshrink.(x, 1), trelu.(x, 2))
    """)
    x = POINTS
    expected = (np.where(x > 0, x, 0.2 * x), elu(x, 0.5),
                np.where(x >= 0, x, 2 * np.expm1(np.minimum(x, 0) / 2)),
                np.sign(x) * np.maximum(np.abs(x) - 1, 0), np.where(x > 2, x, 0))
    for y, formula in zip(module.f(x), expected, strict=True):
        assert_allclose(y, formula, rtol=1e-12)


def test_relu_is_flat_at_zero(program):
    module = program("g(x) = gradient(z -> sum(relu.(z)), x)[1]")
    assert_array_equal(module.g(np.array([-1.0, 0.0, 1.0])), [0, 0, 1])


def test_rrelu_draws_slopes_between_its_bounds(program):
    module = program("f(x) = rrelu.(x)")
    slopes = module.f(np.full(200, -1.0)) / -1
    assert ((slopes >= 1 / 8) & (slopes <= 1 / 3)).all()
    assert slopes.std() > 0.02
    assert_array_equal(module.f(np.array([2.0, 3.0])), [2, 3])


def test_softmax_family(program, everywhere):
    module = program("""
    f(x) = (softmax(x), softmax(x; dims = 2), logsoftmax(x), logsoftmax(x; dims = 2), logsumexp(x),
            logsumexp(x; dims = 1), softmax(x; dims = (1, 2)), glu(x, 1))
    """)
    x = np.random.default_rng(0).normal(size=(3, 4)) * 50  # Julia's size (4, 3)
    results = everywhere(module, "f", x)
    expected = (special.softmax(x, 1), special.softmax(x, 0),
                special.log_softmax(x, 1), special.log_softmax(x, 0),
                special.logsumexp(x), special.logsumexp(x, axis=1, keepdims=True), special.softmax(x),
                x[:, :2] * sigmoid(x[:, 2:]))
    for y, formula in zip(results, expected, strict=True):
        assert_allclose(y, formula, rtol=1e-9, atol=1e-12)
