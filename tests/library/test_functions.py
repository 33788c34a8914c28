"""Functions of NNlib and Zygote beside those that layers are made of: against formulas in numpy and scipy."""

import itertools

import numpy as np
import pytest
from library_table.formulas import attention, cross_correlation, flipped, interpolate, transposed_convolution
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal, special

RANDOM = np.random.default_rng(5)


def normal(*shape):
    return RANDOM.normal(size=shape)


def close(result, formula):
    assert_allclose(result, formula, rtol=1e-9, atol=1e-12)


def test_convolutions(program, everywhere):
    module = program("""
    using NNlib
    f(x, w, v, t) = (conv(x, w; stride = 2), conv(x, w; flipped = true), depthwiseconv(x, v),
                     conv_transpose(x, t; stride = 2))
    """)
    x, w, v, t = normal(2, 3, 5, 6), normal(4, 3, 2, 3), normal(3, 2, 2, 2), normal(3, 2, 2, 3)
    plain, crossed, deep, back = everywhere(module, "f", x, w, v, t, symbolic=False)
    close(plain, cross_correlation(x, flipped(w), stride=2))
    close(crossed, cross_correlation(x, w))
    close(deep, cross_correlation(x, flipped(v.reshape(6, 1, 2, 2)), groups=3))
    close(back, transposed_convolution(x, t, (2, 2), (0, 0), (0, 0), (1, 1), (0, 0), 1))


def test_unfold_and_fold(program, everywhere):
    module = program("""
    using NNlib
    f(x) = NNlib.unfold(x, (3, 2, 2, 1))
    g(y) = NNlib.fold(y, (5, 4, 2, 3), (3, 2, 2, 1))
    """)
    x = normal(3, 2, 4, 5)  # Julia's (5, 4, 2, 3): windows of 2 × 3 at 3 × 3 places
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 3), (2, 3))  # n, c, row, column, tap, tap
    unfolded = windows.transpose(0, 1, 4, 5, 2, 3).reshape(3, 12, 9)
    close(everywhere(module, "f", x, symbolic=False), unfolded)
    y, folded = normal(3, 12, 9), np.zeros((3, 2, 4, 5))
    parts = y.reshape(3, 2, 2, 3, 3, 3)
    for a, b, row, column in itertools.product(range(2), range(3), range(3), range(3)):
        folded[:, :, row + a, column + b] += parts[:, :, a, b, row, column]
    close(everywhere(module, "g", y, symbolic=False), folded)


def test_pooling(program, everywhere):
    module = program("f(x) = (maxpool(x, (2, 2)), meanpool(x, (2, 2)), maxpool(x, (3,3); stride = (1, 2)))")
    x = normal(2, 3, 4, 6)
    largest, means, strided = everywhere(module, "f", x)
    blocks = x.reshape(2, 3, 2, 2, 3, 2)
    close(largest, blocks.max((3, 5)))
    close(means, blocks.mean((3, 5)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))[:, :, ::2]
    close(strided, windows.max((-2, -1)))


def test_norm_pooling(program, everywhere):
    module = program("using NNlib\nf(x) = lpnormpool(x, 3, (2, 2))")
    x = normal(2, 3, 4, 6)
    blocks = np.abs(x.reshape(2, 3, 2, 2, 3, 2)) ** 3
    close(everywhere(module, "f", x), blocks.sum((3, 5)) ** (1 / 3))


def test_products_of_stacks(program, everywhere):
    module = program("using NNlib\nf(a, b, c) = (batched_vec(a, b), batched_vec(a, c), batched_adjoint(a))")
    a, b, c = normal(5, 3, 2), normal(5, 3), normal(3)  # Julia's (2, 3, 5), (3, 5), (3,)
    each, shared, turned = everywhere(module, "f", a, b, c)
    close(each, np.einsum("kio,ki->ko", a, b))
    close(shared, np.einsum("kio,i->ko", a, c))
    close(turned, a.swapaxes(1, 2))


def test_attention_scores(program, everywhere):
    module = program("""
    using NNlib
    f(q, k) = dot_product_attention_scores(reshape(q, 3, 2, 4, 5), reshape(k, 3, 2, 6, 5))
    """)
    q, k = normal(5, 4, 6), normal(5, 6, 6)
    close(everywhere(module, "f", q, k), attention(q, k, k, 2)[1])


def test_upsampling_functions(program, everywhere):
    module = program("""
    using NNlib
    f(x) = (upsample_nearest(x, (2, 3)), upsample_linear(x, (2, 3)), upsample_bilinear(x, (2, 3)),
            upsample_bilinear(x; size = (5, 4), align_corners = false), pixel_shuffle(x, 2))
    g(x) = upsample_trilinear(x, (2, 2, 2))
    """)
    x = normal(2, 4, 3, 2)
    nearest, linear, bilinear, sized, shuffled = everywhere(module, "f", x)
    assert_array_equal(nearest, x.repeat(3, 2).repeat(2, 3))
    close(linear, interpolate(interpolate(x, 3, 4, True), 2, 9, True))
    close(bilinear, linear)
    close(sized, interpolate(interpolate(x, 3, 5, False), 2, 4, False))
    close(shuffled, x.reshape(2, 1, 2, 2, 3, 2).transpose(0, 1, 4, 2, 5, 3).reshape(2, 1, 6, 4))
    x = normal(1, 2, 2, 3, 2)
    widened = interpolate(interpolate(x, 4, 4, True), 3, 6, True)
    close(everywhere(module, "g", x), interpolate(widened, 2, 4, True))


@pytest.mark.parametrize("mode, order", [("zeros", "constant"), ("border", "nearest")])
def test_grid_sample(program, everywhere, mode, order):
    from scipy.ndimage import map_coordinates

    module = program(f"using NNlib\nf(x, grid) = grid_sample(x, grid; padding_mode = :{mode})")
    x, grid = normal(2, 3, 4, 5), RANDOM.uniform(-1.2, 1.2, (2, 3, 3, 2))
    result = everywhere(module, "f", x, grid, symbolic=False)
    columns, rows = (grid[..., 0] + 1) / 2 * 4, (grid[..., 1] + 1) / 2 * 3
    for n, c in itertools.product(range(2), range(3)):
        image = x[n, c]
        if mode == "zeros":  # zeros just outside, between which and the border scipy then interpolates
            image = np.pad(image, 2)
            places = [rows[n] + 2, columns[n] + 2]
        else:
            places = [rows[n], columns[n]]
        close(result[n, c], map_coordinates(image, places, order=1, mode=order))


def test_scatter_in_place_and_dropout_in_place(program):
    module = program("""
    using NNlib, Random
    scattered() = NNlib.scatter!(+, [1.0 2 3; 4 5 6], [10.0 20; 30 40], [3, 3])
    Random.seed!(1)
    dropped(x) = (y = similar(x); NNlib.dropout!(y, x, 0.5); y)
    """)
    assert_array_equal(module.scattered().T, [[1, 2, 33], [4, 5, 76]])
    y = module.dropped(np.ones((20, 50)))
    assert set(np.unique(y)) == {0, 2}
    assert abs((y == 0).mean() - 0.5) < 0.06


def test_windows(program):
    module = program("""
    using NNlib
    f() = (hann_window(8), hann_window(8; periodic = false), hamming_window(9), hamming_window(6, Float64))
    """)
    results = module.f()
    expected = (signal.get_window("hann", 8), signal.get_window("hann", 8, fftbins=False),
                signal.get_window("hamming", 9), signal.get_window("hamming", 6))
    for result, formula in zip(results, expected):
        assert_allclose(result, formula, atol=1e-6)
    assert [r.dtype for r in results] == [np.float32] * 3 + [np.float64]


def test_products_with_logarithms(session):
    assert session("Flux.Losses.xlogx(0.0), Flux.Losses.xlogy(0.0, 0.0)") == "(0.0, 0.0)"
    result = float(session("Flux.Losses.xlogy(3.0, 2.5) + Flux.Losses.xlogx(0.3)"))
    assert_allclose(result, special.xlogy(3, 2.5) + special.xlogy(0.3, 0.3))


def test_weight_norms_removed(program):
    module = program("""
    model = Chain(WeightNorm(Dense(3 => 2)), Dense(2 => 1))
    model[1].g .*= 3
    plain = Flux.remove_weight_norms(model)
    f(x) = (model(x), plain(x))
    kinds() = plain[1] isa Dense && plain[2] === model[2]
    """)
    a, b = module.f(np.ones((4, 3), np.float32))
    assert_allclose(a, b, rtol=1e-6)
    assert module.kinds()


def test_initial_states(session):
    assert session("Flux.initialstates(RNN(3 => 2))") == "2-element Vector{Float32}:\n 0.0\n 0.0"
    assert session("Flux.initialstates(LSTMCell(3 => 2))") == "(Float32[0.0, 0.0], Float32[0.0, 0.0])"


def test_throttle(session):
    session("count = 0; tick = Flux.throttle(() -> (global count += 1), 1000)")
    session("for _ in 1:5; tick(); end")
    assert session("count") == "1"


def test_jacobians_and_hessians(program):
    module = program("""
    using Zygote: jacobian, withjacobian, hessian, diaghessian
    A = [1.0 2; 3 4; 5 6]
    linear(x) = jacobian(x -> A * x, x)[1]
    both(x) = withjacobian(x -> x .^ 3, x)
    cubic(x) = hessian(x -> sum(x .^ 3) + x[1] * x[2], x)
    diagonal(x) = diaghessian(x -> sum(x .^ 3) + x[1] * x[2], x)[1]
    """)
    x = np.array([2.0, -1.0])
    close(module.linear(x).T, [[1, 2], [3, 4], [5, 6]])
    value, (jacobian,) = module.both(x)
    close(value, x**3)
    close(jacobian, np.diag(3 * x**2))
    close(module.cubic(x), [[12, 1], [1, -6]])
    close(module.diagonal(x), [12, -6])


def test_optimiser_trees(session):
    session("using Optimisers")
    session("tree = Optimisers.setup(Momentum(0.1), (a = [1.0], b = [2.0]))")
    session("slower = Optimisers.adjust(tree, 0.01)")
    assert session("tree.a.rule.eta, slower.a.rule.eta") == "(0.1, 0.01)"
    assert session("Optimisers.adjust(Adam(), beta = (0.5, 0.5)).beta") == "(0.5, 0.5)"
    assert session("Optimisers.isnumeric([1.0]), Optimisers.isnumeric([1])") == "(true, false)"
    session("struct Half <: Optimisers.AbstractRule end")
    session("Optimisers.apply!(::Half, state, x, dx) = state, dx ./ 2")
    session("model = (a = [1.0, 2.0],); half = Optimisers.setup(Half(), model)")
    session("Optimisers.update!(half, model, (a = [2.0, 4.0],))")
    assert session("model.a") == "2-element Vector{Float64}:\n 0.0\n 0.0"
    session("flat, rebuild = Optimisers.destructure(model)")
    assert session("rebuild isa Optimisers.Restructure, rebuild([3.0, 4.0])") == "(true, (a = [3.0, 4.0],))"


def test_composed_schedules(session):
    session("using ParameterSchedulers")
    assert session("[Interpolator(Exp(1.0, 0.5), 2)(t) for t in (2, 4, 6)]") == (
        "3-element Vector{Float64}:\n 1.0\n 0.5\n 0.25")
    session("composed = ComposedSchedule((start, decay) -> Exp(start, decay), (Step(1.0, 0.1, 2), 0.5))")
    assert session("composed isa AbstractSchedule, composed(1), composed(2)") == "(true, 1.0, 0.5)"
    assert float(session("composed(3)")) == pytest.approx(0.1 * 0.25)
