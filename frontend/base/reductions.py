"""Reductions of arrays: `sum prod maximum minimum extrema any all count`, cumulative ones, and where extrema
stand.

`dims` are kept as size 1. What is no array of numbers is folded element by element (see `folds`)."""

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..batching.lanes import is_lanes, only_in_graph, uniform_column
from ..calling import call
from ..dims import dim_number
from ..evaluation.broadcasting import broadcast
from ..poison import HostValueNeeded
from ..staged_numbers import Traced
from ..state import state
from ..type_names import type_name
from ..values import Array, Struct, colon, typeof
from . import folds
from .arrays import (
    array_of,
    as_array,
    as_dim_product,
    axis_of,
    copy_array,
    dim_number_of,
    is_numeric,
    reshaped,
)
from .cartesian_indices import cartesian_index
from .elements import is_complex_type, number_of
from .errors import argument_error, dimension_mismatch, fault, size_text
from .iteration import collect_values, iterate
from .iterators import NOTHING_GIVEN
from .registry import define, function
from .shapes import axes_of

EMPTY = "reducing over an empty collection is not allowed; consider supplying `init` to the reducer"


def summed_type(element):
    """The type a sum or product of elements has: small integers and Bool count as Int64 (or UInt64)."""
    if element is t.Bool or element in (t.Int8, t.Int16, t.Int32):
        return t.Int64
    return t.UInt64 if element in (t.UInt8, t.UInt16, t.UInt32) else element


def reduce_payload(op, payload, axes, keep):
    """A reduction over payload axes; with `keep` they stay as size 1."""
    if isinstance(payload, np.ndarray) and is_complex_type(t.JULIA_TYPES[payload.dtype]):
        reduced = {"reduce_sum": np.sum, "reduce_prod": np.prod}[op](payload, axes)
    else:
        reduced = staging.apply(op, payload, axes=axes)
    if not keep:
        return np.asarray(reduced) if not isinstance(reduced, Value) else reduced
    return reshaped(reduced, tuple(1 if axis in axes else dim for axis, dim in enumerate(payload.shape)))


def reduced(op, x, dims, init, kind=None, combine=None):
    """A reduction of an array of numbers, to a number or over `dims`; `combine` is the function that takes
    `init` in."""
    array = as_array(x)
    payload = staging.read(array)
    if kind is not None:
        payload = staging.convert_payload(payload, kind)
    whole = dims is colon
    axes = tuple(range(len(payload.shape))) if whole else axes_of(array, dims)
    if not whole:
        result = Array(reduce_payload(op, payload, axes, keep=True))
        return result if init is NOTHING_GIVEN else broadcast(function(combine), [init, result])
    result = number_of(reduce_payload(op, payload, axes, keep=False))
    return result if init is NOTHING_GIVEN else call(function(combine), (init, result))


def folded(name, array, init, dims=colon):
    """The elements of an array of objects combined with a function, from the left."""
    array = as_array(array)
    payload = staging.read(array)
    if dims is colon:
        return folds.fold(function(name), iter(payload.reshape(-1)), init)
    axes = axes_of(array, dims)
    kept = tuple(1 if axis in axes else dim for axis, dim in enumerate(payload.shape))
    results = []
    for place in np.ndindex(*kept):
        part = payload[tuple(slice(None) if axis in axes else i for axis, i in enumerate(place))]
        results.append(folds.fold(function(name), iter(part.reshape(-1)), init))
    return array_of(typeof(results[0]), results, kept[::-1])


def reduced_lanes(op, items, dims, init, combine):
    """The elements of a vector of staged arrays of one size combined, element by element."""
    item = items._data.item
    if op == "reduce_sum" and item.__class__ is Struct and is_complex_type(item.type):
        return _sum_of_parts(items._data, init)
    column = uniform_column(items._data)
    if column is None or dims is not colon or op != "reduce_sum" and items._data.item.rank:
        raise only_in_graph()
    result = Array(staging.apply(op, column, axes=(0,)))
    return result if init is NOTHING_GIVEN else call(function(combine), (init, result))


def _sum_of_parts(lanes, init):
    """The sum of staged complex numbers."""
    columns, number = dict(lanes.columns), staging.payload_of(dim_number(lanes.count))
    parts = []
    for part in lanes.item.fields:
        column = columns.get(part.data) if part.__class__ is Traced else None
        if column is None:  # the same for all
            count = staging.convert_payload(number, typeof(part))
            parts.append(call(function("*"), (part, Traced(count))))
        else:
            parts.append(Traced(staging.apply("reduce_sum", column, axes=(0,))))
    result = Struct(lanes.item.type, parts)
    return result if init is NOTHING_GIVEN else call(function("+"), (init, result))


# --- sum and product ----------------------------------------------------------------------------------------


def _define_total(name, op, operator, neutral):
    def total(items, dims=colon, init=NOTHING_GIVEN):
        if is_numeric(items):
            return reduced(op, items, dims, init, summed_type(as_array(items).element), operator)
        if is_lanes(items):
            return reduced_lanes(op, items, dims, init, operator)
        items = as_array(items)
        if init is NOTHING_GIVEN and 0 in items.size:
            element = items.element
            raise fault("MethodError", f"no method matching {neutral}(::Type{{{type_name(element)}}})")
        return folded(operator, items, init, dims)

    def total_of(f, items, dims=colon, init=NOTHING_GIVEN):
        return total(broadcast(f, [items]), dims=dims, init=init)

    define(name, t.AbstractArray, keywords=("dims", "init"))(total)
    define(name, t.Any, t.AbstractArray, keywords=("dims", "init"))(total_of)
    return total


total = _define_total("sum", "reduce_sum", "+", "zero")
product = _define_total("prod", "reduce_prod", "*", "one")
define("prod", t.tuple_type())(lambda empty: 1)


# --- extrema ------------------------------------------------------------------------------------------------


def _define_extremum(name, op, logical_op, operator):
    def extremum(items, dims=colon, init=NOTHING_GIVEN):
        if not is_numeric(items):
            return folded(operator, items, init, dims)
        array = as_array(items)
        if array.element is t.Bool:
            return reduced(logical_op, array, dims, init, combine=operator)
        axes = range(array.rank) if dims is colon else axes_of(array, dims)
        if any(array.data.shape[axis] == 0 for axis in axes):
            if init is not NOTHING_GIVEN and dims is colon:
                return init
            raise argument_error(EMPTY)
        return reduced(op, array, dims, init, combine=operator)

    def extremum_of(f, items, dims=colon, init=NOTHING_GIVEN):
        return extremum(broadcast(f, [items]), dims=dims, init=init)

    define(name, t.AbstractArray, keywords=("dims", "init"))(extremum)
    define(name, t.Any, t.AbstractArray, keywords=("dims", "init"))(extremum_of)
    return extremum


maximum = _define_extremum("maximum", "reduce_max", "reduce_or", "max")
minimum = _define_extremum("minimum", "reduce_min", "reduce_and", "min")


@define("extrema", t.AbstractArray, keywords=("dims",))
def extrema(items, dims=colon):
    """(minimum, maximum); over dims an array of such pairs."""
    low, high = minimum(items, dims=dims), maximum(items, dims=dims)
    if dims is colon:
        return low, high
    pairs = list(zip(iterate(low), iterate(high), strict=True))
    return array_of(typeof(pairs[0]), pairs, low.size)


@define("extrema", t.Any, t.AbstractArray, keywords=("dims",))
def extrema_of(f, items, dims=colon):
    return extrema(broadcast(f, [items]), dims=dims)


# --- logic --------------------------------------------------------------------------------------------------


def _define_logical(name, op):
    def of_array(items, dims=colon):
        if items.__class__ is Array and items.element is t.Bool:
            return reduced(op, items, dims, NOTHING_GIVEN)
        return call(function(name), (tuple(iterate(items)),))

    def of_function(f, items, dims=colon):
        if is_numeric(items) or is_lanes(items):
            return of_array(broadcast(f, [items]), dims=dims)
        return call(function(name), (f, tuple(iterate(items))))

    define(name, t.AbstractArray, keywords=("dims",))(of_array)
    define(name, t.Any, t.AbstractArray, keywords=("dims",))(of_function)


_define_logical("any", "reduce_or")
_define_logical("all", "reduce_and")


@define("count", t.AbstractArray, keywords=("dims", "init"))
def count(items, dims=colon, init=NOTHING_GIVEN):
    """How many elements are true."""
    if items.__class__ is Array and items.element is t.Bool:
        return reduced("reduce_sum", items, dims, init, t.Int64, "+")
    return call(function("count"), (tuple(iterate(items)),))


@define("count", t.Any, t.AbstractArray, keywords=("dims", "init"))
def count_where(predicate, items, dims=colon, init=NOTHING_GIVEN):
    return count(broadcast(predicate, [items]), dims=dims, init=init)


# --- cumulative ---------------------------------------------------------------------------------------------


def _define_cumulative(name, op, operator):
    def cumulative(x, dims=None):
        if not is_numeric(x):
            return call(function("accumulate"), (function(operator), as_array(x)))
        array = as_array(x)
        if dims is None and array.rank != 1:
            raise argument_error(f"{name} of an array with {array.rank} dims needs the keyword `dims`")
        payload = staging.convert_payload(staging.read(array), summed_type(array.element))
        dimension = 1 if dims is None else dim_number_of(dims)
        if dimension > array.rank:
            return copy_array(Array(payload))
        return Array(staging.apply(op, payload, axis=axis_of(dimension, array.rank)))

    def in_place(destination, x, dims=None):
        from .assignment import overwrite

        overwrite(destination, cumulative(x, dims=dims))
        return destination

    define(name, t.AbstractArray, keywords=("dims",))(cumulative)
    define(name + "!", t.AbstractArray, t.AbstractArray, keywords=("dims",))(in_place)
    return cumulative


CUMULATIVE = {function("+"): _define_cumulative("cumsum", "cumsum", "+"),
              function("*"): _define_cumulative("cumprod", "cumprod", "*")}


@define("accumulate", t.Any, t.AbstractArray, keywords=("init", "dims"))
def accumulate(f, items, init=NOTHING_GIVEN, dims=None):
    """The partial results of a fold from the left."""
    if init is NOTHING_GIVEN and is_numeric(items) and f in CUMULATIVE:
        return CUMULATIVE[f](items, dims=dims)
    array = as_array(items)
    if dims is not None and array.rank > 1:
        raise argument_error("accumulate over dims is supported for + and * only")
    if array.rank == 1:
        values = folds.staged_accumulation(f, array, init)
        if values is not None:
            return values
    results, current = [], init
    for item in iterate(array):
        current = item if current is NOTHING_GIVEN else call(f, (current, item))
        results.append(current)
    return collect_values(results, array.size)


@define("diff", t.AbstractArray, keywords=("dims",))
def difference(x, dims=None):
    """The differences of neighbours."""
    from .shapes import sliced

    array = as_array(x)
    if dims is None and array.rank != 1:
        raise argument_error("diff of a matrix needs the keyword `dims`")
    if array.element not in t.NUMPY_TYPES:
        items = list(array.data.reshape(-1))
        return collect_values(call(function("-"), pair) for pair in zip(items[1:], items, strict=False))
    axis = axis_of(1 if dims is None else dims, array.rank)
    payload = staging.convert_payload(staging.read(array), summed_type(array.element))
    size = payload.shape[axis]
    return Array(staging.apply("sub", sliced(payload, axis, 1, size), sliced(payload, axis, 0, size - 1)))


# --- where extrema stand ------------------------------------------------------------------------------------


def _define_argument(name, op):
    def found(items, dims=colon):
        """(extremum, index)."""
        if is_numeric(items):
            return _found_in_array(op, as_array(items), dims)
        return call(function("find" + name), (tuple(iterate(items)),))

    def argument(items, dims=colon):
        return found(items, dims)[1]

    def found_of_function(f, items, dims=colon):
        return found(broadcast(f, [items]), dims)

    define("find" + name, t.AbstractArray, keywords=("dims",))(found)
    define("arg" + name, t.AbstractArray, keywords=("dims",))(argument)
    define("find" + name, t.Any, t.AbstractArray, keywords=("dims",))(found_of_function)


def _found_in_array(op, array, dims):
    payload = staging.read(array)
    if dims is not colon:
        return _found_over_dims(op, array, payload, dims)
    if 0 in payload.shape:
        raise argument_error("collection must be non-empty")
    flat = reshaped(_comparable(payload), (as_dim_product(payload.shape),))
    place = staging.apply(op, flat, axis=0)
    extremum = number_of(staging.apply("gather", reshaped(payload, flat.shape), place, axis=0))
    if array.rank == 1:
        from .arithmetic import add

        return extremum, add(number_of(np.asarray(place) if not isinstance(place, Value) else place),
                             1)
    if isinstance(place, Value):
        from .selection import index_at

        return extremum, index_at(place, payload.shape)
    return extremum, _cartesian(int(place), payload.shape)


def _comparable(payload):
    """Booleans as bytes, which have an order."""
    return staging.convert_payload(payload, t.UInt8) if staging.element_of(payload) is t.Bool else payload


def _cartesian(place, shape):
    return cartesian_index(*(int(i) + 1 for i in reversed(np.unravel_index(place, shape))))


def _found_over_dims(op, array, payload, dims):
    axes = axes_of(array, dims)
    if isinstance(payload, Value):
        raise HostValueNeeded("cartesian indices of extrema must be known on the host",
                              state.location, kind="UnsupportedError")
    kept = tuple(1 if axis in axes else dim for axis, dim in enumerate(payload.shape))
    choose = np.argmax if op == "arg_max" else np.argmin
    extrema_, places = np.empty(kept, payload.dtype), []
    numbers = np.arange(payload.size).reshape(payload.shape)
    for place in np.ndindex(*kept):
        part = tuple(slice(None) if axis in axes else i for axis, i in enumerate(place))
        best = choose(payload[part].reshape(-1))
        extrema_[place] = payload[part].reshape(-1)[best]
        places.append(_cartesian(int(numbers[part].reshape(-1)[best]), payload.shape))
    if array.rank == 1:
        return Array(extrema_), array_of(t.Int64, [p.fields[0][0] for p in places], kept[::-1])
    return Array(extrema_), array_of(typeof(places[0]), places, kept[::-1])


_define_argument("max", "arg_max")
_define_argument("min", "arg_min")


# --- reductions in place ------------------------------------------------------------------------------------


def _define_into(name):
    def into(destination, x):
        """Reduces x over the dims along which the destination has size 1."""
        from .assignment import overwrite, refuse_range

        refuse_range(destination)
        source = as_array(x)
        sizes = (*destination.size, *[1] * (source.rank - destination.rank))
        if len(sizes) != source.rank:
            raise dimension_mismatch(f"cannot reduce an array with {source.rank} dims to one with "
                                     f"{destination.rank}")
        dims = tuple(d for d,
                     (a, b) in enumerate(zip(sizes, source.size, strict=True), 1) if a == 1 and b != 1)
        result = call(function(name), (source,), {"dims": dims}) if dims else source
        if as_dim_product(destination.size) != as_dim_product(result.size):
            raise dimension_mismatch(
                f"cannot reduce size {size_text(source.size)} to {size_text(destination.size)}")
        from .conversion import convert_array

        overwrite(destination, Array(reshaped(staging.read(convert_array(destination.element, result)),
                                              destination.data.shape)))
        return destination

    define(name + "!", t.AbstractArray, t.AbstractArray)(into)


for _name in ("sum", "prod", "maximum", "minimum"):
    _define_into(_name)
