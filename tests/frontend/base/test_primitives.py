"""The primitives of the library, against direct formulas; staged and on the host."""

import numpy as np
import pytest
from scipy import special
from weber.frontend import types as t
from weber.frontend.base.registry import function, module
from weber.frontend.calling import call

RNG = np.random.default_rng(1)
PRIMITIVES = module("Primitives")


def primitive(name, *arguments, **keywords):
    return call(function(name, PRIMITIVES), arguments, keywords or None)


def correlate(x, w, stride, pad, dilation, groups):
    """crosscor by its definition, in Julia's order: x (W, H, C, N), w (w, h, C ÷ groups, K)."""
    x = np.pad(x, [(pad[0], pad[1]), (pad[2], pad[3]), (0, 0), (0, 0)])
    extent = [dilation[k] * (w.shape[k] - 1) + 1 for k in (0, 1)]
    size = [(x.shape[k] - extent[k]) // stride[k] + 1 for k in (0, 1)]
    y = np.zeros((*size, w.shape[3], x.shape[3]))
    channels, outputs = w.shape[2], w.shape[3] // groups
    for k in range(w.shape[3]):
        part = x[:, :, k // outputs * channels:(k // outputs + 1) * channels]
        for i, j in np.ndindex(*size):
            window = part[i * stride[0]:i * stride[0] + extent[0]:dilation[0],
                          j * stride[1]:j * stride[1] + extent[1]:dilation[1]]
            y[i, j, k] = np.einsum("whcn,whc->n", window, w[..., k])
    return y


CONVOLUTIONS = [((1, 1), (0, 0, 0, 0), (1, 1), 1), ((2, 1), (1, 0, 2, 1), (1, 2), 1),
                ((1, 2), (1, 1, 1, 1), (1, 1), 2)]


@pytest.mark.parametrize("stride, pad, dilation, groups", CONVOLUTIONS)
def test_crosscor(julia, stride, pad, dilation, groups):
    x, w = RNG.normal(size=(7, 6, 4, 2)), RNG.normal(size=(3, 2, 4 // groups, 6))
    options = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups}
    found = julia.agree(lambda a, b: primitive("crosscor", a, b, **options), x, w)
    np.testing.assert_allclose(found, correlate(x, w, stride, pad, dilation, groups), atol=1e-12)


@pytest.mark.parametrize("stride, pad, dilation, groups", CONVOLUTIONS)
def test_crosscor_transpose_is_the_transpose(julia, stride, pad, dilation, groups):
    """⟨crosscor(x, w), y⟩ = ⟨x, crosscor_transpose(y, w)⟩."""
    x, w = RNG.normal(size=(7, 6, 4, 2)), RNG.normal(size=(3, 2, 4 // groups, 6))
    y = correlate(x, w, stride, pad, dilation, groups)
    extent = [(y.shape[k] - 1) * stride[k] + dilation[k] * (w.shape[k] - 1) + 1 - pad[2 * k] - pad[2 * k + 1]
              for k in (0, 1)]
    outpad = tuple(x.shape[k] - extent[k] for k in (0, 1))
    z = RNG.normal(size=y.shape)
    options = {"stride": stride, "pad": pad, "dilation": dilation, "groups": groups, "outpad": outpad}
    found = julia.agree(lambda a, b: primitive("crosscor_transpose", a, b, **options), z, w)
    np.testing.assert_allclose((y * z).sum(), (x * found).sum())


def test_pooling(julia):
    x = RNG.normal(size=(6, 4, 2, 3))
    blocks = x.reshape(3, 2, 2, 2, 2, 3)
    options = {"stride": (2, 2), "pad": (0, 0, 0, 0)}
    np.testing.assert_allclose(julia.agree(lambda a: primitive("maxpool", a, (2, 2), **options), x),
                               blocks.max((1, 3)))
    np.testing.assert_allclose(julia.agree(lambda a: primitive("meanpool", a, (2, 2), **options), x),
                               blocks.mean((1, 3)))
    options = {"stride": (1, 4), "pad": (1, 0, 0, 0)}
    expected = np.maximum(x.max(1), np.concatenate([x.max(1)[:1], x.max(1)[:-1]]))[:, None]
    np.testing.assert_allclose(julia.agree(lambda a: primitive("maxpool", a, (2, 4), **options), x), expected)


def test_softmax(julia):
    x = RNG.normal(size=(3, 4))
    for dims in (1, 2):
        np.testing.assert_allclose(julia.agree(lambda a, d=dims: primitive("softmax", a, d), x),
                                   special.softmax(x, dims - 1))  # noqa: B023
        np.testing.assert_allclose(
            julia.agree(lambda a, d=dims: primitive("logsoftmax", a, d), x),
            special.log_softmax(x, dims - 1))  # noqa: B023


def test_number_functions(julia):
    for x in (-30.0, -2.0, -0.1, 0.0, 0.5, 3.0, 40.0):
        assert primitive("sigmoid", x) == pytest.approx(special.expit(x), rel=1e-14)
        assert primitive("softplus", x) == pytest.approx(np.logaddexp(0, x), rel=1e-14)
        assert primitive("erf", x) == pytest.approx(special.erf(x), rel=1e-14)
        y = np.tanh(x / 10)
        assert primitive("erfinv", y) == pytest.approx(special.erfinv(y), rel=1e-9)
        julia.agree(lambda a: primitive("erfinv", a), np.asarray(y), tolerance=1e-9)


def test_indices(julia):
    x = RNG.normal(size=(3, 5))
    found = julia.agree(lambda a, i: primitive("gather", a, i), x, np.array([[1, 5], [2, 2]]))
    np.testing.assert_array_equal(found, x[:, np.array([[0, 4], [1, 1]])])
    julia.agree(lambda a, i: primitive("gather", a, i), x, np.asarray(4))
    sums = julia.agree(lambda a, i: primitive("scatter_add", a, i, 4), x, np.array([1, 2, 1, 4, 4]))
    np.testing.assert_allclose(sums,
                               np.stack([x[:, 0] + x[:, 2], x[:, 1], 0 * x[:, 0], x[:, 3] + x[:, 4]], 1))
    np.testing.assert_array_equal(julia.agree(lambda a: primitive("argmax", a, 1), x), x.argmax(0)[None] + 1)
    hot = julia.agree(lambda i: primitive("onehot", i, 4, t.Float32), np.array([2, 4]))
    np.testing.assert_array_equal(hot, np.eye(4, dtype=np.float32)[:, [1, 3]])


def test_batched_multiply(julia):
    a, b = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(3, 5, 4))
    for x, y in ((a, b), (a[..., :1], b), (a, b[..., :1])):
        found = julia.agree(lambda p, q: primitive("batched_multiply", p, q), x, y)
        expected = np.stack([x[..., k % x.shape[2]] @ y[..., k % y.shape[2]] for k in range(4)], -1)
        np.testing.assert_allclose(found, expected)


def test_stopgradient_is_the_identity(julia):
    julia.agree(lambda a: primitive("stopgradient", a), RNG.normal(size=3))
    assert primitive("stopgradient", (1, "a")) == (1, "a")
