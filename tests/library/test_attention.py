"""Attention against the formula, in numpy; arrays are (batch, length, features)."""

import numpy as np
import weber
from library_table.formulas import attention
from numpy.testing import assert_allclose

RANDOM = np.random.default_rng(0)


def check(results, formulas):
    for result, formula in zip(results, formulas, strict=True):
        assert_allclose(result, formula, rtol=1e-9, atol=1e-12)


def test_dot_product_attention(program, everywhere):
    module = program("""
    using NNlib
    f(q, k, v) = dot_product_attention(q, k, v; nheads = 2)
    biased(q, k, v, b) = dot_product_attention(q, k, v, b; nheads = 2)
    causal(q) = dot_product_attention(q, q, q; nheads = 2, mask = make_causal_mask(q))
    """)
    q, k, v = RANDOM.normal(size=(3, 4, 6)), RANDOM.normal(size=(3, 5, 6)), RANDOM.normal(size=(3, 5, 8))
    check(everywhere(module, "f", q, k, v), attention(q, k, v, 2))
    bias = RANDOM.normal(size=(4, 5))
    check(everywhere(module, "biased", q, k, v, bias), attention(q, k, v, 2, bias))
    lower = np.tril(np.ones((4, 4), dtype=bool))
    check(everywhere(module, "causal", q), attention(q, q, q, 2, mask=lower))


def test_multi_head_attention(program, everywhere, numerical_gradient):
    module = program("""
    layer = f64(MultiHeadAttention((6, 4, 4) => (8, 4) => 5; nheads = 2, bias = true))
    f(q, k) = layer(q, k)
    g(q, k, r) = gradient(q -> sum(layer(q, k)[1] .* r), q)[1]
    parameters() = (layer.q_proj.weight, layer.k_proj.weight, layer.v_proj.weight, layer.out_proj.weight)
    """)
    Wq, Wk, Wv, Wo = module.parameters()
    q, k, r = RANDOM.normal(size=(3, 4, 6)), RANDOM.normal(size=(3, 5, 4)), RANDOM.normal(size=(3, 4, 5))

    def formula(q):
        y, weights = attention(q @ Wq, k @ Wk, k @ Wv, 2)
        return y @ Wo, weights

    check(everywhere(module, "f", q, k), formula(q))
    expected = numerical_gradient(lambda q: (formula(q)[0] * r).sum(), q)
    assert_allclose(everywhere(module, "g", q, k, r), expected, rtol=1e-6, atol=1e-8)


CACHED = """
layer = f64(MultiHeadAttention(4; nheads = 2))
cache = Flux.KeyValueCache(layer, 6, 3)
whole(x) = layer(x; mask = NNlib.make_causal_mask(x))
@export next(x::Float64[4, 1, 3]) = layer(x, cache)
@export several(x::Float64[4, 2, 3]) = layer(x, cache)[1]
forget() = (Flux.reset!(cache); nothing)
"""


def test_a_cache_gives_what_the_whole_sequence_gives(program):
    module = program(CACHED)
    x = RANDOM.normal(size=(3, 6, 4))
    y, weights = module.whole(x)
    for _ in range(2):
        for t in range(4):
            part, seen = module.next(x[:, t : t + 1])
            assert_allclose(part, y[:, t : t + 1], rtol=1e-9)
            assert_allclose(seen, weights[:, :, t : t + 1], rtol=1e-9, atol=1e-12)
        assert_allclose(module.several(x[:, 4:6]), y[:, 4:6], rtol=1e-9)
        module.forget()


def test_a_cache_is_the_state_of_artifacts(program, tmp_path):
    module = program(CACHED)
    x = RANDOM.normal(size=(3, 6, 4))
    y, _ = module.whole(x)
    following = module.compile("next").program()
    module.compile("several").save(tmp_path / "several.onnx")
    several = weber.load(tmp_path / "several.onnx", state=following.state)
    assert sorted(following.state) == ["cache.key", "cache.position", "cache.value"]
    assert_allclose(following(x[:, :1])[0], y[:, :1], rtol=1e-9)
    assert_allclose(several(x[:, 1:3]), y[:, 1:3], rtol=1e-9)
    assert_allclose(following(x[:, 3:4])[0], y[:, 3:4], rtol=1e-9)
    assert following.state["cache.position"] == 4
