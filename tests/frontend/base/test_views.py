"""Views see the changes of their parents and change them, on the host and staged."""

import numpy as np
import pytest
from weber.frontend import types as t
from weber.frontend.printing.array_text import summary
from weber.frontend.type_lattice import is_subtype
from weber.frontend.type_names import type_name
from weber.frontend.values import Array, Range, colon, typeof

UNIT = t.UnitRange.body.family.apply(t.Int64)
M = np.array([[1.0, 2, 3], [4, 5, 6]])
PLACES = [(colon, 2), (1, colon), (colon, Range(2, 1, 2, UNIT)), (2, np.array([3, 1])), (np.array([2, 1]), 3),
          (Range(2, 1, 4, UNIT),)]


@pytest.mark.parametrize("indices", PLACES)
def test_reading_and_writing(julia, indices):
    def f(x):
        y = julia.copy(x)
        v = julia.view(y, *map(julia.value, indices))
        first = julia.sum(v)
        julia("broadcast_setindex!", y, julia("*", y, 10), colon, colon)
        second = julia.copy(v)
        julia("setindex!", v, julia("-", v), colon)
        julia("setindex!", v, 99.0, 1)
        return first, second, y

    first, second, changed = julia.agree(f, M)
    part = julia.numpy(julia.getindex(M, *map(julia.value, indices)))
    assert first == part.sum()
    np.testing.assert_array_equal(second, 10 * part)
    expected = Array(np.array((10 * M).T, order="C"))
    julia("setindex!", expected, np.concatenate([[99.0], -10 * part.reshape(-1, order="F")[1:]]), *indices)
    np.testing.assert_array_equal(changed, julia.numpy(expected))


def test_views_of_views_and_of_single_places(julia):
    x = julia.value(M)
    inner = julia.view(julia.view(x, colon, Range(2, 1, 2, UNIT)), 2, colon)
    julia("setindex!", inner, 7.0, 2)
    assert julia.getindex(x, 2, 3) == 7.0
    place = julia.view(x, 1, 1)
    julia("setindex!", place, 8.0)
    assert julia.getindex(x, 1, 1) == 8.0 == julia.getindex(place)


def test_columns_are_views(julia):
    x = julia.value(M)
    for column in julia.eachcol(x).data:
        julia("setindex!", column, 0.0, 1)
    np.testing.assert_array_equal(julia.numpy(x)[0], 0)


def test_a_view_follows_a_parent_that_grows(julia):
    x = julia.vect(1, 2, 3)
    v = julia.view(x, np.array([1, 3]))
    julia("push!", x, 4)
    julia("setindex!", x, 9, 3)
    assert julia.sum(v) == 10


def test_type_and_text(julia):
    v = julia.view(np.array([[1, 2], [3, 4]]), colon, np.array([2, 1]))
    assert is_subtype(typeof(v), t.SubArray) and not is_subtype(typeof(v), t.Array)
    assert summary(v) == "2×2 view(::Matrix{Int64}, :, [2, 1]) with eltype Int64"
    assert type_name(typeof(julia.copy(v))) == "Matrix{Int64}"
