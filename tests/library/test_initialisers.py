"""Initial values: their bounds, spread and structure; the forms of calling them; seeds."""

import numpy as np
import pytest
import weber
from numpy.testing import assert_allclose, assert_array_equal

# Julia's name, bound of the values (None: none), standard deviation, for a matrix of size (300, 200).
SPREADS = [
    ("Flux.glorot_uniform", np.sqrt(6 / 500), np.sqrt(2 / 500)),
    ("Flux.glorot_normal", None, np.sqrt(2 / 500)),
    ("Flux.kaiming_uniform", np.sqrt(6 / 200), np.sqrt(2 / 200)),
    ("Flux.kaiming_normal", None, np.sqrt(2 / 200)),
    ("Flux.glorot_uniform(gain = 2)", 2 * np.sqrt(6 / 500), 2 * np.sqrt(2 / 500)),
    ("Flux.kaiming_normal(gain = 1)", None, np.sqrt(1 / 200)),
    ("Flux.truncated_normal(mean = 0, std = 0.5, lo = -5, hi = 5)", 5, 0.5),
    ("Flux.truncated_normal(lo = -1, hi = 1)", 1, 0.5396),  # √(1 - 2φ(1) / (2Φ(1) - 1))
    ("Flux.rand32", 1, np.sqrt(1 / 12)),
    ("Flux.randn32", None, 1),
]


@pytest.mark.parametrize("name, bound, spread", SPREADS, ids=[row[0] for row in SPREADS])
def test_spread(program, name, bound, spread):
    module = program(f"using Random\nRandom.seed!(1)\nf() = ({name})(300, 200)")
    values = module.f()
    assert values.shape == (200, 300)
    assert values.dtype == np.float32
    assert abs(values.std() / spread - 1) < 0.02
    if bound is not None:
        assert np.abs(values).max() <= bound
    assert_allclose(values.mean(), 0.5 if name == "Flux.rand32" else 0, atol=4 * spread / np.sqrt(60000))


def test_fans(session):
    assert session("Flux.nfan(4, 3), Flux.nfan(5), Flux.nfan(), Flux.nfan(3, 3, 2, 8)") == (
        "((3, 4), (1, 5), (1, 1), (18, 72))")


def test_orthogonal(program):
    module = program("using Flux: orthogonal\n"
                     "f() = (orthogonal(4, 7), orthogonal(7, 4), orthogonal(3, 2, 4; gain = 2))")
    wide, tall, deep = module.f()
    assert_allclose(wide.T @ wide, np.eye(4), atol=1e-5)  # Julia's rows are orthonormal
    assert_allclose(tall @ tall.T, np.eye(4), atol=1e-5)
    flat = deep.reshape(4, 6)
    assert_allclose(flat @ flat.T, 4 * np.eye(4), atol=1e-5)


def test_sparse_and_identity(program):
    module = program("""
    sparse() = Flux.sparse_init(10, 5; sparsity = 0.3, std = 0.1)
    identities() = (Flux.identity_init(3, 4), Flux.identity_init(3, 3, 2, 2; gain = 5),
                    Flux.identity_init(3), Flux.identity_init(2, 2; shift = 1))
    constants() = (Flux.zeros32(2, 3), Flux.ones32(4))
    """)
    sparse = module.sparse()
    assert_array_equal((sparse == 0).sum(1), [3] * 5)  # three in each of Julia's columns
    matrix, taps, vector, shifted = module.identities()
    assert_array_equal(matrix, np.eye(4, 3))
    expected = np.zeros((2, 2, 3, 3))
    expected[0, 0, 1, 1] = expected[1, 1, 1, 1] = 5
    assert_array_equal(taps, expected)
    assert_array_equal(vector, np.zeros(3))
    assert_array_equal(shifted, [[0, 1], [1, 0]])
    zeros, ones = module.constants()
    assert_array_equal(zeros, np.zeros((3, 2), np.float32))
    assert_array_equal(ones, np.ones(4, np.float32))
    assert zeros.dtype == ones.dtype == np.float32


def test_seeds_and_generators(session):
    session("using Random")
    session("draw(seed) = (Random.seed!(seed); Dense(3 => 2).weight)")
    assert session("draw(1) == draw(1), draw(1) == draw(2)") == "(true, false)"
    session("init(seed) = Flux.glorot_normal(MersenneTwister(seed), 3, 2)")
    assert session("init(1) == init(1), init(1) == init(2)") == "(true, false)"
    session("layer(seed) = Dense(3 => 2; init = Flux.orthogonal(MersenneTwister(seed)))")
    assert session("layer(1).weight == layer(1).weight") == "true"


def test_impossible_sparsity(session):
    with pytest.raises(weber.WeberError, match="sparsity from 0 to 1, got 2"):
        session("Flux.sparse_init(3, 3; sparsity = 2)")
