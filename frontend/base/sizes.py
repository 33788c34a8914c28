"""Sizes of arrays and numbers: `size length ndims isempty`, first and last indices, `axes`, `eachindex`."""

from ...compiler.types import may_be_negative
from .. import staging
from .. import types as t
from ..calling import call
from ..dims import as_dim
from ..values import Array, Range
from .arrays import as_array, julia_size
from .errors import argument_error, dimension_mismatch
from .registry import define, function


@define("size", t.AbstractArray)
def size(x):
    return julia_size(x)


@define("size", t.AbstractArray, t.Any)
def size_along(x, dimension):
    """The size along a dim, 1 beyond the last; of a tuple of dims, a tuple."""
    sizes = julia_size(x)
    if dimension.__class__ is tuple:
        return tuple(size_along(x, one) for one in dimension)
    dimension = staging.host_integer(dimension, "the number of a dim")
    if dimension < 1:
        raise argument_error("dimension out of range")
    return sizes[dimension - 1] if dimension <= len(sizes) else 1


@define("size", t.AbstractArray, t.Integer, t.Integer, t.Integer, ...)
def size_along_several(x, *dimensions):
    return size_along(x, dimensions)


@define("size", t.Number)
def size_of_number(x):
    return ()


@define("ndims", t.AbstractArray)
def rank(x):
    return len(julia_size(x))


@define("ndims", t.Number)
def rank_of_number(x):
    return 0


@define("length", t.AbstractArray)
def length(x):
    total = 1
    for one in julia_size(x):
        total = total * one
    return total


@define("length", t.Number)
def length_of_number(x):
    return 1


@define("isempty", t.AbstractArray)
def is_empty(x):
    size = as_array(x).size if x.__class__ is Array else (length(x),)
    if all(isinstance(dim, int) for dim in size) or any(isinstance(dim, int) and dim == 0 for dim in size):
        return 0 in size
    number = length(x)
    return call(function("<=" if may_be_negative(as_dim(number)) else "=="), (number, 0))


@define("firstindex", t.AbstractArray)
def first_index(x):
    return 1


@define("firstindex", t.AbstractArray, t.Integer)
def first_index_along(x, dimension):
    return 1


@define("lastindex", t.AbstractArray)
def last_index(x):
    return length(x)


@define("lastindex", t.AbstractArray, t.Integer)
def last_index_along(x, dimension):
    """The last index along a dim."""
    return size_along(x, dimension)


def one_to(count):
    """`Base.OneTo(count)`."""
    return Range(1, 1, count, t.OneTo.body.family.apply(t.Int64))


@define("axes", t.AbstractArray)
def axes(x):
    return tuple(map(one_to, julia_size(x)))


@define("axes", t.AbstractArray, t.Integer)
def axes_along(x, dimension):
    return one_to(size_along(x, dimension))


@define("eachindex", t.AbstractArray)
def each_index(x):
    return one_to(length(x))


@define("eachindex", t.AbstractArray, t.AbstractArray, ...)
def each_index_of_several(*arrays):
    lengths = [length(x) for x in arrays]
    if any(one != lengths[0] for one in lengths):
        raise dimension_mismatch(f"all inputs to eachindex must have the same indices, got "
                                 f"{', '.join(f'Base.OneTo({one})' for one in lengths)}")
    return one_to(lengths[0])
