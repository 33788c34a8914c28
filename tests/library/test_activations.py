"""Activations far from zero and at their corners, with other parameters, and by other names."""

import numpy as np
import pytest
from library_table.activations import elu
from library_table.names import ALIASES
from numpy.testing import assert_allclose, assert_array_equal

# Away from the corners of the piecewise functions.
POINTS = np.array([-7.3, -3.9, -2.2, -1.4, -0.7, -0.2, 0.1, 0.4, 0.9, 1.6, 2.7, 3.8, 5.2, 8.1])


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
