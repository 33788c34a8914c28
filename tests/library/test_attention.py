"""Attention against the formula, in numpy; arrays are (batch, length, features)."""

import numpy as np
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
