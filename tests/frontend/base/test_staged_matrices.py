"""Order in matrices that only the graph knows: where extrema stand, slices sorted."""

import numpy as np
import pytest
import weber

SOURCE = """
using Flux

@export largest(A::Float64[M, N]) = (I = argmax(A); (I[1], I[2], A[I], Tuple(I)))
@export smallest(A::Float64[M, N, 2]) = (m = findmin(A); (m[1], m[2][1], m[2][2], m[2][3]))
@export down(A::Float64[M, N]) = sort(A; dims = 1)
@export along(A::Float64[M, N]) = sort(A; dims = 2, rev = true)
@export middle(A::Float64[2, M, N]) = sort(A; dims = 2, by = abs)
@export in_place(A::Float64[3, 4]) = (B = copy(A); sort!(B; dims = 1); B)
@export slope(A::Float64[M, N]) = gradient(A -> sum(sort(A; dims = 1)[1, :] .^ 2), A)[1]
@export each(As::Vector{Float64[M, N]}) = map(A -> (argmax(A)[2], sort(A; dims = 2)), As)
"""
rng = np.random.default_rng(0)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("order") / "program.jl"
    path.write_text(SOURCE, encoding="utf-8")
    return weber.load(path)


@pytest.mark.parametrize("shape", [(4, 3), (1, 2), (6, 1)])
def test_extrema(program, shape):
    a = rng.normal(size=shape)
    n, m = np.unravel_index(a.argmax(), shape)
    row, column, value, (i, j) = program.largest(a)
    assert (row, column, i, j) == (m + 1, n + 1, m + 1, n + 1) and value == a.max()
    a = rng.normal(size=(2, *shape))
    value, *place = program.smallest(a)
    assert value == a.min() and place == [k + 1 for k in np.unravel_index(a.argmin(), a.shape)][::-1]


@pytest.mark.parametrize("shape", [(4, 3), (1, 2), (6, 1)])
def test_sort(program, shape):
    a = rng.normal(size=shape)
    np.testing.assert_array_equal(program.down(a), np.sort(a, 1))
    np.testing.assert_array_equal(program.along(a), -np.sort(-a, 0))
    first = np.where(a == a.min(1, keepdims=True), 2 * a, 0)
    np.testing.assert_allclose(program.slope(a), first)


def test_sort_by_size(program):
    a = rng.normal(size=(3, 4, 2))
    order = np.argsort(np.abs(a), axis=1)
    np.testing.assert_array_equal(program.middle(a), np.take_along_axis(a, order, 1))
    a = rng.normal(size=(4, 3))
    np.testing.assert_array_equal(program.in_place(a), np.sort(a, 1))


def test_examples(program):
    arrays = [rng.normal(size=shape) for shape in ((4, 3), (1, 2), (2, 5))]
    for (place, found), a in zip(program.each(arrays), arrays, strict=True):
        assert place == np.unravel_index(a.argmax(), a.shape)[0] + 1
        np.testing.assert_array_equal(found, np.sort(a, 0))
