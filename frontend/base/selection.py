"""Masks that only the graph knows: what they choose, and where. The number of elements chosen is a dim that
the graph defines."""

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import I64, TensorType, size_product
from .. import staging
from .. import types as t
from ..batching.lanes import Lanes, elements_at, is_lanes, vector_of_lanes
from ..dims import true_places
from ..evaluation.broadcasting import broadcast
from ..poison import Either
from ..staged_numbers import DimNumber, Traced
from ..staging import apply, as_value
from ..state import state
from ..values import Array
from .arrays import as_array, as_dim_product, reshaped
from .cartesian_indices import cartesian_index
from .elements import NUMBERS


def is_staged(payload):
    """Whether a payload is known to the graph only."""
    return payload.__class__ is Value and not state.trace.immediate


def flat(payload):
    return reshaped(payload, (as_dim_product(payload.shape),))


def staged_mask(predicate, x):
    """The mask of the elements for which a predicate holds where only the graph knows it, in the payload's
    shape, else None. Without a predicate the elements are the mask."""
    if state.trace is None:
        return None
    array = as_array(x)
    if predicate is None:
        mask = array
    elif array.element in NUMBERS:
        if array._data.shape == ():
            return None
        mask = broadcast(predicate, [array])
    else:
        from ..batching.generators import collected_of

        mask = collected_of(predicate, array)
    if mask is None or mask.element is not t.Bool or is_lanes(mask):
        return None
    payload = staging.read(mask)
    return payload if is_staged(payload) else None


def chosen(array, mask):
    """The vector of the elements of an array that a mask of its shape chooses."""
    places = true_places(flat(mask))
    if is_lanes(array):
        return elements_at(array, places)
    return Array(apply("gather", flat(as_value(staging.read(array))), places, axis=0))


def index_at(place, shape):
    """The Julia index of a flat place (from 0, an IR value) of an array with this payload shape."""
    if len(shape) == 1:
        return Traced(_plus_one(place))
    indices = []
    for dim in reversed(shape):
        size = _number(dim) if isinstance(dim, int) else apply("max", _number(dim), as_value(np.asarray(1)))
        size = staging.expand(size, place.shape)
        indices.append(Traced(_plus_one(apply("mod", place, size))))
        place = apply("idiv", place, size)
    return cartesian_index(*indices)


def _number(dim):
    return as_value(staging.payload_of(dim if isinstance(dim, int) else DimNumber.of(dim)))


def _plus_one(place):
    return apply("add", place, as_value(staging.expand(np.asarray(1), place.shape)))


def all_indices(mask):
    """The vector of the indices at which a mask is true."""
    places = true_places(flat(mask))
    return Array(_plus_one(places)) if len(mask.shape) == 1 else _cartesian(places, mask.shape)


def indices_of_size(dims):
    """The vector of all cartesian indices of an array of a size, by Julia's order of dims."""
    count = size_product(dims)
    places = state.trace.builder.iota(shape=(count,), axis=0, element=I64)
    if len(dims) == 1:
        return _vector_of_indices([_plus_one(places)])
    return _cartesian(places, tuple(reversed(dims)))


def _cartesian(places, shape):
    return _vector_of_indices([number.data for number in index_at(places, shape).fields[0]])


def _vector_of_indices(stacks):
    """The vector of cartesian indices whose numbers are in these vectors."""
    inner = [Value(TensorType(I64)) for _ in stacks]
    template = cartesian_index(*map(Traced, inner))
    return vector_of_lanes(Lanes(stacks[0].shape[0], template, list(zip(inner, stacks, strict=True)), {}))


def first_index(mask, last=False):
    """The first (or last) index at which a mask is true, or nothing: an `Either`."""
    flags, true = flat(mask), as_value(np.array([True]))
    count = _number(flags.shape[0])
    if last:
        flags = apply("reverse", flags, axes=(0,))
    flags = apply("concatenate", flags, true, axis=0)  # where there is none this one is found
    found = apply("arg_max", apply("convert", flags, element=I64), axis=0)
    exists = apply("lt", found, count)
    place = apply("sub", apply("sub", count, as_value(np.asarray(1))), found) if last else found
    return Either(Traced(exists), index_at(place, mask.shape), None,
                  "is an index or nothing: compare it with nothing first")


def within(mask, start=None, stop=None):
    """A mask of a vector with nothing true before the index `start` or behind `stop`."""
    places = state.trace.builder.iota(shape=mask.shape, axis=0, element=I64)
    for limit, op in ((start, "ge"), (stop, "le")):
        if limit is not None:
            number = as_value(staging.payload_of(limit, t.Int64))
            inside = apply(op, _plus_one(places), staging.expand(number, mask.shape))
            mask = apply("and", mask, inside)
    return mask


def spread(values, mask, payload):
    """A payload with values, one after the other, in place of the elements that a mask chooses."""
    flags = flat(mask)
    numbers = apply("convert", flags, element=I64)
    one = staging.expand(np.asarray(1), numbers.shape)
    ranks = apply("sub", apply("cumsum", numbers, axis=0), as_value(one))
    padding = as_value(np.zeros(1, values.element.numpy))  # what is not chosen takes this
    values = apply("concatenate", values, padding, axis=0)
    last = apply("sub", _number(values.shape[0]), as_value(np.asarray(1)))
    ranks = apply("select", flags, ranks, staging.expand(last, ranks.shape))
    taken = apply("gather", values, ranks, axis=0)
    return reshaped(apply("select", flags, taken, flat(payload)), payload.shape)


def first_occurrences(payload):
    """The mask of the elements of a flat payload that no earlier one is equal to, by `isequal`."""
    count = payload.shape[0]
    shape = (count, count)
    rows = apply("broadcast", payload, shape=shape, axes=(0,))
    columns = apply("broadcast", payload, shape=shape, axes=(1,))
    same = apply("eq", rows, columns)
    if payload.element.is_float:
        one = as_value(np.ones((), payload.element.numpy))
        signs = apply("div", as_value(staging.expand(one, (count,))), payload)  # tells two zeros apart
        same = apply("and", same, apply("eq", apply("broadcast", signs, shape=shape, axes=(0,)),
                                        apply("broadcast", signs, shape=shape, axes=(1,))))
        missing = apply("ne", payload, payload)
        both = apply("and", apply("broadcast", missing, shape=shape, axes=(0,)),
                     apply("broadcast", missing, shape=shape, axes=(1,)))
        same = apply("or", same, both)
    places = state.trace.builder.iota(shape=shape, axis=0, element=I64)
    others = state.trace.builder.iota(shape=shape, axis=1, element=I64)
    earlier = apply("and", same, apply("lt", others, places))
    return apply("not", apply("reduce_or", earlier, axes=(1,)))
