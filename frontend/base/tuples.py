"""Tuples."""

import numpy as np

from .. import types as t
from ..calling import call
from ..evaluation.properties import convert_to
from ..staging import host_integer, read_host
from ..type_lattice import UnionType, VarargType, unwrap
from ..type_names import type_name
from ..values import Array, Range, typeof
from .errors import argument_error, fault
from .exceptions import exception, raise_value
from .iteration import iterate
from .registry import define, define_constructor


def position(index, length, collection):
    """The 0-based position of an index; BoundsError when it is outside."""
    index = host_integer(index, "an index into a tuple")
    if not 1 <= index <= length:
        raise_value(exception("BoundsError", collection, (index,)))
    return index - 1


def positions(indices, length, collection):
    """The 0-based positions that a range, vector or mask of indices selects."""
    if indices.__class__ is Array and indices.element is t.Bool:
        return [int(k) for k in np.flatnonzero(read_host(indices, "an index"))]
    return [position(index, length, collection) for index in iterate(indices)]


@define("tuple", t.Any, ...)
def tuple_(*values):
    """The tuple of the arguments."""
    return values


@define("getindex", t.Tuple, t.Integer)
def getindex(values, index):
    return values[position(index, len(values), values)]


@define("getindex", t.Tuple, t.AbstractArray)
def getindex_several(values, indices):
    """The tuple of the elements at the indices."""
    return tuple(values[k] for k in positions(indices, len(values), values))


@define("getindex", t.Tuple, t.Colon)
def getindex_all(values, _):
    return values


@define("length", t.Tuple)
def length(values):
    return len(values)


@define("isempty", t.Tuple)
def isempty(values):
    return not values


@define("firstindex", UnionType((t.Tuple, t.NamedTuple)))
def firstindex(_values):
    return 1


@define("lastindex", t.Tuple)
def lastindex(values):
    return len(values)


def one_to(length):
    """`Base.OneTo(length)`."""
    return Range(1, 1, length, unwrap(t.OneTo).family.apply(t.Int64))


@define("eachindex keys", t.Tuple)
def eachindex(values):
    """The indices."""
    return one_to(len(values))


@define("axes", t.Tuple)
def axes(values):
    return (one_to(len(values)),)


@define("tail", t.Tuple, exported=False)
def tail(values):
    """All but the first element."""
    if not values:
        raise argument_error("Cannot call tail on an empty tuple.")
    return values[1:]


@define("front", t.Tuple, exported=False)
def front(values):
    """All but the last element."""
    if not values:
        raise argument_error("Cannot call front on an empty tuple.")
    return values[:-1]


@define("reverse", t.Tuple)
def reverse(values):
    return values[::-1]


@define("setindex", t.Tuple, t.Any, t.Integer, exported=False)
def setindex(values, item, index):
    """The tuple with one element replaced."""
    k = position(index, len(values), values)
    return (*values[:k], item, *values[k + 1:])


@define("setindex!", t.Tuple, t.Any, t.Any, ...)
def no_setindex(values, *_):
    type_ = type_name(typeof(values))
    raise fault("MethodError", f"no method matching setindex!(::{type_}, ...): tuples are immutable")


@define("map", t.Any, t.Tuple, t.Tuple, ...)
def map_(function_, *tuples):
    """The tuple of the function's values, as long as the shortest."""
    return tuple(call(function_, items) for items in zip(*tuples, strict=False))


@define("map", t.Any, t.Tuple)
def map_one(function_, values):
    return tuple(call(function_, (item,)) for item in values)


@define("filter", t.Any, t.Tuple)
def filter_(predicate, values):
    """The elements that satisfy the predicate."""
    from .iterators import holds

    return tuple(item for item in values if holds(predicate, item))


@define("copy", UnionType((t.Tuple, t.NamedTuple)))
def copy(values):
    return values


@define_constructor(t.Tuple, t.Any)
def construct_tuple(called, iterable):
    """`Tuple(iterable)`, `NTuple{2, Float32}(iterable)`."""
    items = tuple(iterate(iterable))
    parameters = called.parameters
    if any(isinstance(p, VarargType) for p in parameters):
        element = parameters[-1].element
        return items if element is t.Any else tuple(convert_to(element, item) for item in items)
    if len(items) < len(parameters):
        raise argument_error(f"too few elements for tuple type {type_name(called)}")
    return tuple(map(convert_to, parameters, items))
