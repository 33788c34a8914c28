"""Arrays on the host: making, indexing, changing, reducing; errors in Julia's wording."""

import numpy as np
import pytest
from weber.compiler.errors import WeberError
from weber.frontend import types as t
from weber.frontend.type_names import type_name
from weber.frontend.values import Array, Range, Struct, colon, typeof

F32 = np.float32
UNIT = t.UnitRange.body.family.apply(t.Int64)
A = np.array([[1, 2, 3], [4, 5, 6]])
B = np.arange(24).reshape(2, 3, 4)


def span(start, stop):
    return Range(start, 1, stop - start + 1, UNIT)


def same(found, expected, type_=None):
    """Whether an Array has these contents (in Julia's order of dims), type and element type."""
    assert isinstance(found, Array)
    expected = np.asarray(expected)
    np.testing.assert_array_equal(found.data.T, expected)
    assert found.data.dtype == expected.dtype
    if type_ is not None:
        assert type_name(found.type) == type_


def test_construction(julia):
    same(julia.zeros(2, 3), np.zeros((2, 3)), "Matrix{Float64}")
    same(julia.ones(t.Float32, (2,)), np.ones(2, F32), "Vector{Float32}")
    same(julia.fill(7, 2), np.array([7, 7]))
    same(julia.vect(1, 2.5, F32(3)), np.array([1, 2.5, 3]))
    same(julia.vect(F32(1), 2), np.array([1, 2], F32))
    same(julia.getindex(t.Float32, 1, 2), np.array([1, 2], F32))
    assert type_name(julia.vect().type) == "Vector{Any}"
    assert type_name(julia.getindex(t.Int64).type) == "Vector{Int64}"
    assert type_name(julia.vect(1, "a").type) == "Vector{Any}"
    assert type_name(julia.vect(1, None).type) == "Vector{Union{Nothing, Int64}}"
    nested = julia.vect(julia.vect(1, 2), julia.vect(3.0))
    assert type_name(nested.type) == "Vector{Vector{Float64}}"
    assert julia("Array", julia_undef(), 2, 3).size == (2, 3)
    assert julia.similar(A, t.Float32).element is t.Float32


def julia_undef():
    from weber.frontend.base.registry import BASE

    return BASE.bindings["undef"]


def test_copies_share_nothing(julia):
    x = Array(np.array([1.0, 2.0, 3.0]))
    for name, arguments in [("copy", ()), ("reverse", ()), ("getindex", (span(1, 2),)),
                            ("getindex", (colon,)),
                            ("permutedims", ()), ("repeat", (2,)), ("circshift", (1,)), ("sort", ())]:
        other = julia(name, x, *arguments)
        assert not np.shares_memory(other.data, x.data), name


def test_sharing(julia):
    """`reshape`, `vec`, `view` and the transpose of an array see its changes and are seen."""
    x = Array(np.arange(6.0).reshape(3, 2))
    for other in (julia.reshape(x, 6), julia.vec(x), julia.view(x, colon, span(1, 2)), julia.adjoint(x)):
        assert np.shares_memory(other.data, x.data)
    julia("setindex!", julia.view(x, colon, 2), 9.0, 1)
    assert julia.getindex(x, 1, 2) == 9.0


def test_sizes(julia):
    assert julia.size(B) == (2, 3, 4) and julia.size(B, 2) == 3 and julia.size(B, 9) == 1
    assert julia.size(B, (1, 3)) == (2, 4) and julia.size(B, 1, 2) == (2, 3)
    assert julia.length(B) == 24 and julia.ndims(B) == 3 and julia.eltype(B) is t.Int64
    assert julia.lastindex(B) == 24 and julia.lastindex(B, 2) == 3
    assert [r.length for r in julia.axes(B)] == [2, 3, 4]
    assert julia.size(span(1, 5)) == (5,)


INDEXING = [
    ((2, 3), 6), ((5,), 3), ((2, colon), A[1]), ((colon, 2), A[:, 1]), ((colon,), A.T.reshape(-1)),
    ((colon, span(2, 3)), A[:, 1:]), ((colon, Range(3, -1, 3, UNIT)), A[:, ::-1]),
    ((span(1, 0), 1), A[:0, 0]),
    ((np.array([2, 1]), np.array([3, 1])), A[[1, 0]][:, [2, 0]]),
    ((np.array([[1, 2], [6, 5]]),), np.array([[1, 4], [6, 3]])),
    ((1, np.array([True, False, True])), A[0, [0, 2]]), ((A > 2,), np.array([4, 5, 3, 6])), ((2, 3, 1), 6),
    ((2, 2, colon), A[1, 1:2]),
    ((np.array([True, False]), colon), A[:1]),
]


@pytest.mark.parametrize("indices, expected", INDEXING)
def test_getindex(julia, indices, expected):
    found = julia.getindex(A, *indices)
    if isinstance(expected, int):
        assert found == expected and type(found) is int
    else:
        same(found, expected)


BOUNDS = [((3, 1), "2×3 Matrix{Int64} at index [3, 1]"), ((7,), "2×3 Matrix{Int64} at index [7]"),
          ((0,), "at index [0]"), ((span(1, 9),), "at index [1:9]"), ((1, 1, 2), "at index [1, 1, 2]"),
          ((np.array([1, 7]),), "at index [[1, 7]]")]


@pytest.mark.parametrize("indices, message", BOUNDS)
def test_bounds(julia, indices, message):
    for call in (lambda: julia.getindex(A, *indices), lambda: julia("setindex!", A, 1, *indices)):
        with pytest.raises(WeberError) as raised:
            call()
        assert raised.value.kind == "BoundsError"
        assert message in raised.value.message


def test_partial_linear_index_is_out_of_bounds(julia):
    with pytest.raises(WeberError, match="BoundsError"):
        julia.getindex(B, 1, 2)


ASSIGNING = [
    (9, (2, 1), "setindex!", lambda x: x.__setitem__((1, 0), 9)),
    (9, (3,), "setindex!", lambda x: x.__setitem__((0, 1), 9)),
    (np.array([7, 8, 9]), (1, colon), "setindex!", lambda x: x.__setitem__(0, [7, 8, 9])),
    (np.array([[7, 8]]), (1, span(2, 3)), "setindex!", lambda x: x.__setitem__((0, slice(1, 3)), [7, 8])),
    (0, (colon, 1), "broadcast_setindex!", lambda x: x.__setitem__((slice(None), 0), 0)),
    (np.array([7, 8]), (colon, np.array([3, 1])), "broadcast_setindex!",
     lambda x: x.__setitem__(np.ix_([0, 1], [2, 0]), [[7], [8]])),
    (0, (A > 2,), "broadcast_setindex!", lambda x: x.__setitem__(x > 2, 0)),
    (np.array([7, 8, 9]), (span(2, 4),), "setindex!",
     lambda x: x.T.reshape(-1).__setitem__(slice(0, 0), 0) or x.__setitem__(
        ([1, 0, 1], [0, 1, 1]), [7, 8, 9])),
]


@pytest.mark.parametrize("value, indices, name, change", ASSIGNING)
def test_setindex(julia, value, indices, name, change):
    x, expected = julia.value(A), A.copy()
    julia(name, x, value, *indices)
    change(expected)
    same(x, expected)


ASSIGNMENT_ERRORS = [
    (5, (span(1, 2),), "ArgumentError", "indexed assignment with a single value to possibly many locations"),
    (np.array([1, 2, 3]), (span(1, 2),), "DimensionMismatch", "tried to assign 3 elements to 2 destinations"),
    (np.array([[1, 2], [3, 4]]), (colon, colon), "DimensionMismatch",
     "tried to assign 2×2 array to 2×3 destination"),
    (1.5, (1,), "InexactError", "Int64(1.5)"),
    ("a", (1,), "MethodError", "Cannot `convert` an object of type String"),
    (1, (1.0,), "ArgumentError", "invalid index: 1.0 of type Float64"),
    (1, (True,), "ArgumentError", "invalid index: true of type Bool"),
]


@pytest.mark.parametrize("value, indices, kind, message", ASSIGNMENT_ERRORS)
def test_setindex_errors(julia, value, indices, kind, message):
    with pytest.raises(WeberError) as raised:
        julia("setindex!", A, value, *indices)
    assert raised.value.kind == kind and message in raised.value.message


def test_arrays_of_objects(julia):
    x = julia.getindex(t.Any, 1, "a", (1, 2))
    julia("push!", x, None)
    julia("setindex!", x, (3, 4), 2)
    assert list(x.data) == [1, (3, 4), (1, 2), None]
    pairs = julia.vcat(x, julia.vect("z"))
    assert pairs.size == (5,) and pairs.element is t.Any
    assert julia.reverse(julia.vect("a", "b")).data.tolist() == ["b", "a"]


DIMENSIONS = [
    ("+", (np.zeros(2), np.zeros(3)),
     "a has dims (Base.OneTo(2),), b has dims (Base.OneTo(3),), mismatch at 1"),
    ("*", (A, A), "A has dimensions (2,3) but B has dimensions (2,3)"),
    ("*", (A, np.zeros(2)), "second dimension of A, 3, does not match length of x, 2"),
    ("dot", (np.zeros(2), np.zeros(3)), "dot product arguments have lengths 2 and 3"),
    ("reshape", (A, 4, 2), "new dimensions (4, 2) must be consistent with array length 6"),
    ("reshape", (A, 4, colon),
     "array size 6 must be divisible by the product of the new dimensions (4, Colon())"),
    ("hcat", (A, np.zeros(3)), "number of rows of each array must match (got (2, 3))"),
    ("vcat", (A, np.zeros((2, 2))), "number of columns of each array must match (got (3, 2))"),
    ("hvcat", ((2, 1), 1, 2, 3), "row 2 has mismatched number of columns (expected 2, got 1)"),
    ("inv", (A,), "matrix is not square: dimensions are (2, 3)"),
]


@pytest.mark.parametrize("name, arguments, message", DIMENSIONS)
def test_dimension_mismatch(julia, name, arguments, message):
    with pytest.raises(WeberError) as raised:
        julia(name, *arguments)
    assert raised.value.kind == "DimensionMismatch" and message in raised.value.message


def test_vectors_that_grow(julia):
    x = julia.vect(1, 2, 3)
    assert julia("push!", x, 4, 5) is x and x.data.tolist() == [1, 2, 3, 4, 5]
    assert julia("pop!", x) == 5 and julia("popfirst!", x) == 1
    julia("insert!", x, 2, 9)
    julia("deleteat!", x, np.array([1, 3]))
    julia("append!", x, np.array([7, 8]), (6,))
    julia("pushfirst!", x, 0)
    assert x.data.tolist() == [0, 9, 4, 7, 8, 6]
    assert julia("splice!", x, 2) == 9 and julia("resize!", x, 2).data.tolist() == [0, 4]
    julia("empty!", x)
    with pytest.raises(WeberError, match="array must be non-empty"):
        julia("pop!", x)


def test_reductions(julia):
    assert julia.sum(A) == 21 and type(julia.sum(A > 2)) is int and julia.prod(A) == 720
    same(julia.sum(A, dims=1), A.sum(0, keepdims=True))
    same(julia.maximum(B, dims=(1, 3)), B.max((0, 2), keepdims=True))
    assert julia.extrema(A) == (1, 6) and julia.count(A > 2) == 4
    assert julia.mean(A) == 3.5 and julia.mean(A.astype(F32)).dtype == F32
    same(julia.mean(A, dims=2), A.mean(1, keepdims=True))
    np.testing.assert_allclose(julia.numpy(julia.var(A, dims=2)), A.var(1, ddof=1, keepdims=True))
    assert julia.median(np.array([3, 1, 2, 4])) == 2.5 and julia.quantile(np.arange(5), 0.25) == 1.0
    assert julia.sum(np.zeros(0, F32)) == F32(0) and julia.sum(np.zeros(0, bool)) == 0
    assert julia.findmax(np.array([1, 5, 2])) == (5, 2) and julia.argmin(np.array([1, 5, 0])) == 3
    place = julia.argmax(A)
    assert isinstance(place, Struct) and place.fields == [(2, 3)] and julia.getindex(A, place) == 6
    with pytest.raises(WeberError, match="reducing over an empty collection"):
        julia.maximum(np.zeros(0))
    assert julia.maximum(np.zeros(0), init=1.5) == 1.5
    same(julia.cumsum(A, dims=2), A.cumsum(1))


def test_finding_and_sorting(julia):
    x = np.array([3, 1, 2])
    same(julia.sort(x, rev=True), [3, 2, 1])
    same(julia.sortperm(x), [2, 3, 1])
    same(julia.sort(np.array([2.0, np.nan, 1.0])), [1.0, 2.0, np.nan])
    same(julia.sort(A, dims=2, rev=True), A[:, ::-1])
    assert julia.sort(julia.vect("b", "a")).data.tolist() == ["a", "b"]
    same(julia.findall(x > 1), [1, 3])
    assert [p.fields[0] for p in julia.findall(A > 4).data] == [(2, 2), (2, 3)]
    assert julia.findfirst(x == 2) == 3 and julia.findfirst(x == 7) is None
    same(julia.unique(np.array([1, 2, 1])), [1, 2])
    assert julia.searchsortedfirst(np.array([1, 3, 5]),
                                   3) == 2 and julia.searchsortedlast(np.array([1, 3, 5]), 4) == 2
    assert julia("in", 2, x) is True and julia("in", 9, span(1, 3)) is False


def test_shapes(julia):
    same(julia.permutedims(B, (2, 3, 1)), B.transpose(1, 2, 0))
    same(julia.reshape(A, 3, colon), A.reshape(-1, order="F").reshape(3, 2, order="F"))
    same(julia.repeat(A, 2, 2), np.tile(A, (2, 2)))
    same(julia.repeat(A, inner=(1, 2)), A.repeat(2, 1))
    same(julia.circshift(A, (0, 1)), np.roll(A, 1, 1))
    same(julia.rotl90(A), np.rot90(A))
    same(julia.stack((np_array(A[:, 0]), np_array(A[:, 1]))), A[:, :2])
    same(julia.kron(A, np.array([1, 2])), np.kron(A, [[1], [2]]))
    assert type_name(julia.adjoint(A).type) == "Adjoint{Int64, Matrix{Int64}}"
    assert type_name(typeof(julia.adjoint(julia.adjoint(A)))) == "Matrix{Int64}"
    assert julia.eachcol(A).size == (3,) and julia.eachrow(A).data[1].data.tolist() == [4, 5, 6]


def test_linear_algebra(julia):
    square = np.array([[2.0, 1], [1, 3]])
    same(julia("*", A, A.T), A @ A.T)
    np.testing.assert_allclose(julia.numpy(julia("\\", square, np.array([1.0, 2]))),
                               np.linalg.solve(square, [1, 2]))
    assert julia.det(np.array([[1, 2], [3, 4]])) == -2.0
    np.testing.assert_allclose(julia.numpy(julia.inv(square)), np.linalg.inv(square))
    assert julia.norm(np.array([3, 4])) == 5.0 and julia.norm(np.array([3, -4]), np.inf) == 4.0
    assert julia("*", julia.adjoint(np.array([1, 2])), np.array([3, 4])) == 11
    same(julia("+", np.array([[1, 2], [3, 4]]), julia_identity()), [[2, 2], [3, 5]])
    with pytest.raises(WeberError, match="SingularException"):
        julia.inv(np.ones((2, 2)))


def julia_identity():
    from weber.frontend.base.registry import module

    return module("LinearAlgebra").bindings["I"]


def test_ranges(julia):
    assert list(julia(":", 1, 3)) == [1, 2, 3] and list(julia(":", 10, -3, 1)) == [10, 7, 4, 1]
    assert list(julia(":", 0, 0.1, 0.5)) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert list(julia.range(0, 1, length=4)) == [0.0, 1 / 3, 2 / 3, 1.0]
    assert list(julia(":", F32(0), F32(0.1), F32(0.3))) == [F32(x) for x in (0, 0.1, 0.2, 0.3)]
    assert julia.getindex(span(3, 9), span(2, 3)).start == 4 and julia.sum(span(1, 100)) == 5050
    assert julia("*", span(1, 3), 2).step == 2 and julia.last(julia(":", 1, 2, 10)) == 9
    with pytest.raises(WeberError, match="BoundsError"):
        julia.getindex(span(1, 3), 4)
    with pytest.raises(WeberError, match="step cannot be zero"):
        julia(":", 1, 0, 3)


def test_mapping(julia):
    from weber.frontend.base.registry import function

    plus, sqrt = function("+"), function("sqrt")
    same(julia.map(plus, np.array([1, 2, 3]), np.array([10, 20])), [11, 22])
    same(julia.map(sqrt, np.array([4, 9])), [2.0, 3.0])
    assert julia.mapreduce(function("abs2"), plus, np.array([1, 2, 3])) == 14
    same(julia.reduce(function("hcat"), julia.vect(np_array([1, 2]), np_array([3, 4]))), [[1, 3], [2, 4]])
    assert julia.foldl(function("-"), np.array([1, 2, 3])) == -4 and julia.foldr(function("-"),
                                                                                 np.array([1, 2, 3])) == 2
    same(julia.filter(function("isodd"), span(1, 5)), [1, 3, 5])


def np_array(values):
    return Array(np.array(values))
