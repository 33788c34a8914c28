"""Transposed convolution, resampling, padding, gathering: against definitions in numpy."""

import numpy as np
import pytest
from library_table.formulas import interpolate, transposed_convolution
from numpy.testing import assert_allclose, assert_array_equal

RANDOM = np.random.default_rng(0)


TRANSPOSED = [
    ("", (2, 3, 4, 5), (3, 2, 3, 2), {}),
    ("stride = 2, pad = 1", (2, 3, 4, 5), (3, 2, 3, 3), {"stride": (2, 2), "low": (1, 1), "high": (1, 1)}),
    ("stride = 2, pad = 1, outpad = 1", (2, 3, 4, 5), (3, 2, 3, 3),
     {"stride": (2, 2), "low": (1, 1), "high": (1, 1), "extra": (1, 1)}),
    ("dilation = 2, groups = 2", (1, 4, 4, 3), (4, 1, 2, 2), {"dilation": (2, 2), "groups": 2}),
    ("stride = 2, pad = SamePad()", (1, 2, 3, 4), (2, 2, 4, 4),
     {"stride": (2, 2), "low": (1, 1), "high": (1, 1)}),
    ("stride = 3", (1, 2, 5), (2, 3, 4), {"stride": (3,)}),
]


@pytest.mark.parametrize("options, x_shape, w_shape, definition", TRANSPOSED,
                         ids=[f"{len(c[1]) - 2}d {c[0]}" for c in TRANSPOSED])
def test_transposed_convolution(program, everywhere, options, x_shape, w_shape, definition):
    n = len(x_shape) - 2
    ones, zeros = (1,) * n, (0,) * n
    usual = {"stride": ones, "low": zeros, "high": zeros, "dilation": ones, "extra": zeros, "groups": 1}
    definition = usual | definition
    module = program(f"""
    f(x, w, b) = ConvTranspose(w, b, tanh; {options})(x)
    g(x, w, r) = gradient((x, w) -> sum(ConvTranspose(w, false; {options})(x) .* r), x, w)
    """)
    x, w = RANDOM.normal(size=x_shape), RANDOM.normal(size=w_shape)
    b = RANDOM.normal(size=w_shape[1] * definition["groups"])
    y = transposed_convolution(x, w, **definition)
    biased = np.tanh(y + b.reshape(-1, *[1] * n))
    assert_allclose(everywhere(module, "f", x, w, b, symbolic=False), biased, rtol=1e-9)
    r = RANDOM.normal(size=y.shape)
    for at, slope in enumerate(everywhere(module, "g", x, w, r, symbolic=False)):
        direction = RANDOM.normal(size=slope.shape)
        arguments = [x, w]
        arguments[at] = direction  # the layer is linear in each of them
        change = (transposed_convolution(*arguments, **definition) * r).sum()
        assert_allclose((slope * direction).sum(), change, rtol=1e-8)


def test_upsampling(program, everywhere):
    module = program("""
    f(x) = (Upsample(2)(x), Upsample(:bilinear; scale = (3, 2))(x), Upsample(:bilinear; size = (5, 7))(x),
            Upsample(:bilinear; scale = 2, align_corners = false)(x), Upsample(:nearest; size = (6, 9))(x))
    g(x, r) = gradient(x -> sum(Upsample(:bilinear; scale = 2)(x) .* r), x)[1]
    """)
    x = RANDOM.normal(size=(2, 3, 3, 4))
    nearest, scaled, sized, unaligned, uneven = everywhere(module, "f", x)
    assert_array_equal(nearest, x.repeat(2, 2).repeat(2, 3))
    assert_allclose(scaled, interpolate(interpolate(x, 3, 12, True), 2, 6, True), rtol=1e-9, atol=1e-12)
    assert_allclose(sized, interpolate(interpolate(x, 3, 5, True), 2, 7, True), rtol=1e-9, atol=1e-12)
    assert_allclose(unaligned, interpolate(interpolate(x, 3, 8, False), 2, 6, False), rtol=1e-9, atol=1e-12)
    assert_array_equal(uneven, x[:, :, np.arange(9) * 3 // 9][:, :, :, np.arange(6) * 4 // 6])
    r, direction = RANDOM.normal(size=(2, 3, 6, 8)), RANDOM.normal(size=x.shape)
    moved = interpolate(interpolate(direction, 3, 8, True), 2, 6, True)
    assert_allclose((everywhere(module, "g", x, r) * direction).sum(), (moved * r).sum(), rtol=1e-9)


def test_pixel_shuffle(program, everywhere):
    module = program("f(x) = PixelShuffle(2)(x)")
    x = RANDOM.normal(size=(2, 8, 3, 4))
    blocks = x.reshape(2, 2, 2, 2, 3, 4)  # batch, channel, row in block, column in block, row, column
    shuffled = blocks.transpose(0, 1, 4, 2, 5, 3).reshape(2, 2, 6, 8)
    assert_array_equal(everywhere(module, "f", x), shuffled)


def test_padding(program, everywhere):
    module = program("""
    using NNlib
    f(x) = (pad_constant(x, (1, 2, 3, 0), 5.0), pad_zeros(x, 1; dims = 2), pad_repeat(x, (1, 2, 2, 1)),
            pad_reflect(x, (2, 1, 1, 1)), pad_symmetric(x, (2, 1, 1, 1)), pad_circular(x, (2, 1, 1, 1)))
    """)
    x = RANDOM.normal(size=(3, 4))  # Julia's (4, 3)
    widths = [(1, 1), (2, 1)]
    expected = (np.pad(x, [(3, 0), (1, 2)], constant_values=5), np.pad(x, [(1, 1), (0, 0)]),
                np.pad(x, [(2, 1), (1, 2)], mode="edge"), np.pad(x, widths, mode="reflect"),
                np.pad(x, widths, mode="symmetric"), np.pad(x, widths, mode="wrap"))
    for result, formula in zip(everywhere(module, "f", x, symbolic=False), expected, strict=True):
        assert_array_equal(result, formula)


def test_gather_and_scatter(program, everywhere):
    module = program("""
    using NNlib, Statistics
    pick(x, i) = NNlib.gather(x, i)
    place(x, i) = (NNlib.scatter(+, x, i; dstsize = (2, 6)),
                   NNlib.scatter(max, x, i; dstsize = (2, 6), init = -9.0),
                   NNlib.scatter(mean, x, i; dstsize = (2, 6)), NNlib.scatter(*, x, i; dstsize = (2, 6)))
    """)
    x, indices = RANDOM.normal(size=(5, 2)), np.array([[1, 5], [2, 2]])
    assert_array_equal(everywhere(module, "pick", x, indices, symbolic=False), x[indices - 1])
    indices = np.array([1, 3, 3, 6, 1])
    expected = [np.zeros((6, 2)), np.full((6, 2), -9.0), np.zeros((6, 2)), np.ones((6, 2))]
    for row, index in zip(x, indices - 1, strict=True):
        expected[0][index] += row
        expected[1][index] = np.maximum(expected[1][index], row)
        expected[3][index] *= row
    expected[2] = expected[0] / np.maximum(np.bincount(indices - 1, minlength=6), 1)[:, None]
    results = everywhere(module, "place", x, indices, symbolic=False)
    for result, formula in zip(results, expected, strict=True):
        assert_allclose(result, formula, rtol=1e-12)


def test_batched_multiplication(program, everywhere):
    module = program("using NNlib\nf(a, b) = (a ⊠ b, batched_mul(a, b[:, :, 1:1]), batched_transpose(a))")
    a, b = RANDOM.normal(size=(5, 3, 2)), RANDOM.normal(size=(5, 4, 3))  # Julia's (2, 3, 5) and (3, 4, 5)
    product, shared, flipped = everywhere(module, "f", a, b)
    assert_allclose(product, b @ a, rtol=1e-12)
    assert_allclose(shared, b[:1] @ a, rtol=1e-12)
    assert_array_equal(flipped, a.swapaxes(1, 2))
