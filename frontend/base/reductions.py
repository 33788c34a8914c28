"""Reductions: `sum prod maximum minimum extrema any all count`, cumulative ones, and where extrema stand.

`dims` are kept as size 1. Over other collections than arrays of numbers the function is folded."""

import numpy as np

from .. import staging
from .. import types as t
from ..broadcasting import broadcast
from ..calling import call
from ..values import Array, Range, Traced, colon, typeof
from .arrays import array_of, as_array, as_dim_product, axis_of, is_numeric, reshaped
from .elements import emit, is_complex_type, number_of
from .errors import argument_error, dimension_mismatch, fault, size_text
from .indexing import cartesian_index
from .iteration import iterate
from .registry import define, function
from .shapes import axes_of

MISSING = object()
"""No `init` was given."""

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
        return np.asarray(reduced) if not isinstance(reduced, staging.Value) else reduced
    return reshaped(reduced, tuple(1 if axis in axes else dim for axis, dim in enumerate(payload.shape)))


def reduced(op, x, dims, init, kind=None, combine=None):
    """A reduction of an array of numbers, to a number or over `dims`; `combine` is the function that takes `init` in."""
    array = as_array(x)
    payload = staging.read(array)
    if kind is not None:
        payload = staging.convert_payload(payload, kind)
    whole = dims is colon
    axes = tuple(range(len(payload.shape))) if whole else axes_of(array, dims)
    if not whole:
        result = Array(reduce_payload(op, payload, axes, keep=True))
        return result if init is MISSING else broadcast(function(combine), [init, result])
    result = number_of(reduce_payload(op, payload, axes, keep=False))
    return result if init is MISSING else call(function(combine), (init, result))


def mapped(f, items):
    """f of each element: of an array by broadcasting, of other collections as a Python list."""
    if items.__class__ is Array or items.__class__ is Range:
        return broadcast(f, [items])
    return [call(f, (item,)) for item in iterate(items)]


def folded(name, items, init, neutral=MISSING, dims=colon):
    """The elements of any collection combined with a function, from the left."""
    if dims is not colon:
        return _folded_over_dims(name, as_array(items), dims, init)
    generic, items = function(name), iterate(items)
    total = init if init is not MISSING else next(items, MISSING)
    if total is MISSING:
        if neutral is MISSING:
            raise argument_error(EMPTY)
        return neutral
    for item in items:
        total = call(generic, (total, item))
    return total


def _folded_over_dims(name, array, dims, init):
    """A reduction over dims of an array of objects."""
    axes = axes_of(array, dims)
    payload = staging.read(array)
    kept = tuple(1 if axis in axes else dim for axis, dim in enumerate(payload.shape))
    results = []
    for place in np.ndindex(*kept):
        part = payload[tuple(slice(None) if axis in axes else i for axis, i in enumerate(place))]
        results.append(folded(name, tuple(part.reshape(-1)), init))
    return array_of(typeof(results[0]), results, kept[::-1])


# --- sum and product --------------------------------------------------------------------------------------------------


def _define_total(name, op, operator, neutral):
    def total(items, dims=colon, init=MISSING):
        if is_numeric(items):
            element = as_array(items).element
            return reduced(op, items, dims, init, summed_type(element), operator)
        items = tuple(items) if isinstance(items, list) else items
        if items.__class__ is Array and items.element is not t.Any and 0 in items.size and init is MISSING:
            raise fault("MethodError", f"no method matching zero(::Type{{{t.type_name(items.element)}}})")
        result = folded(operator, items, init, MISSING if items.__class__ is Array else neutral, dims)
        return int(result) if result.__class__ is bool else result

    def total_of(f, items, dims=colon, init=MISSING):
        if items.__class__ is Array and dims is colon and init is MISSING and 0 in items.size:
            return number_of(np.asarray(neutral, dtype=t.NUMPY_TYPES.get(summed_type(items.element), np.int64)))
        return total(mapped(f, items), dims=dims, init=init)

    define(name, t.Any, keywords=("dims", "init"))(total)
    define(name, t.Any, t.Any, keywords=("dims", "init"))(total_of)
    return total


total = _define_total("sum", "reduce_sum", "+", 0)
product = _define_total("prod", "reduce_prod", "*", 1)


# --- extrema ----------------------------------------------------------------------------------------------------------


def _define_extremum(name, op, operator):
    def extremum(items, dims=colon, init=MISSING):
        if is_numeric(items) and as_array(items).element is not t.Bool:
            array = as_array(items)
            axes = range(len(array.size)) if dims is colon else axes_of(array, dims)
            if any(array.data.shape[axis] == 0 for axis in axes):
                if init is not MISSING and dims is colon:
                    return init
                raise argument_error(EMPTY)
            return reduced(op, array, dims, init, combine=operator)
        if is_numeric(items):
            logical = reduced("reduce_or" if operator == "max" else "reduce_and", items, dims, init, combine=operator)
            return logical
        return folded(operator, tuple(items) if isinstance(items, list) else items, init, dims=dims)

    def extremum_of(f, items, dims=colon, init=MISSING):
        return extremum(mapped(f, items), dims=dims, init=init)

    define(name, t.Any, keywords=("dims", "init"))(extremum)
    define(name, t.Any, t.Any, keywords=("dims", "init"))(extremum_of)
    return extremum


maximum = _define_extremum("maximum", "reduce_max", "max")
minimum = _define_extremum("minimum", "reduce_min", "min")


@define("extrema", t.Any, keywords=("dims",))
def extrema(items, dims=colon):
    """(minimum, maximum); over dims an array of such pairs."""
    low, high = minimum(items, dims=dims), maximum(items, dims=dims)
    if dims is colon:
        return low, high
    pairs = list(zip(iterate(low), iterate(high), strict=True))
    return array_of(typeof(pairs[0]), pairs, low.size)


@define("extrema", t.Any, t.Any, keywords=("dims",))
def extrema_of(f, items, dims=colon):
    return extrema(mapped(f, items), dims=dims)


# --- logic ------------------------------------------------------------------------------------------------------------


def _define_logical(name, op, stops, operator):
    def of_array(items, dims=colon):
        if is_numeric(items) and as_array(items).element is t.Bool:
            return reduced(op, items, dims, MISSING)
        return of_conditions(iterate(items) if not isinstance(items, list) else iter(items))

    def of_conditions(conditions):
        result = not stops
        for condition in conditions:
            if condition.__class__ is Traced:
                result = condition if result.__class__ is bool else emit(operator, result, condition)
            elif condition.__class__ is not bool:
                raise fault("TypeError", f"non-boolean ({t.type_name(typeof(condition))}) used in boolean context")
            elif condition is stops:
                return stops
        return result

    def of_function(f, items, dims=colon):
        if is_numeric(items):
            return of_array(broadcast(f, [items]), dims=dims)
        return of_conditions(call(f, (item,)) for item in iterate(items))

    define(name, t.Any, keywords=("dims",))(of_array)
    define(name, t.Any, t.Any, keywords=("dims",))(of_function)


_define_logical("any", "reduce_or", True, "or")
_define_logical("all", "reduce_and", False, "and")


@define("count", t.Any, keywords=("dims", "init"))
def count(items, dims=colon, init=0):
    """How many elements are true."""
    if is_numeric(items) and as_array(items).element is t.Bool:
        return reduced("reduce_sum", items, dims, init if init != 0 else MISSING, t.Int64, "+")
    found = init
    for item in iterate(items) if not isinstance(items, list) else items:
        found = call(function("+"), (found, item))
    return found


@define("count", t.Any, t.Any, keywords=("dims", "init"))
def count_where(predicate, items, dims=colon, init=0):
    return count(mapped(predicate, items), dims=dims, init=init)


# --- cumulative -------------------------------------------------------------------------------------------------------


def _define_cumulative(name, op, operator):
    def cumulative(x, dims=None):
        if not is_numeric(x):
            return accumulated(function(operator), x)
        array = as_array(x)
        if dims is None:
            if array.rank != 1:
                raise argument_error(f"{name} of an array with {array.rank} dims needs the keyword `dims`")
            dims = 1
        payload = staging.convert_payload(staging.read(array), summed_type(array.element))
        return Array(staging.apply(op, payload, axis=axis_of(dims, array.rank)))

    def in_place(destination, x, dims=None):
        from .assignment import overwrite

        overwrite(destination, cumulative(x, dims=dims))
        return destination

    define(name, t.Any, keywords=("dims",))(cumulative)
    define(name + "!", t.Any, t.Any, keywords=("dims",))(in_place)
    return cumulative


cumulative_sum = _define_cumulative("cumsum", "cumsum", "+")
_define_cumulative("cumprod", "cumprod", "*")


def accumulated(f, items, init=MISSING):
    """The partial results of a fold from the left."""
    from .iteration import collect_values, size_of

    results, current = [], init
    for item in iterate(items):
        current = item if current is MISSING else call(f, (current, item))
        results.append(current)
    return tuple(results) if items.__class__ is tuple else collect_values(results, size_of(items))


@define("accumulate", t.Any, t.Any, keywords=("init", "dims"))
def accumulate(f, items, init=MISSING, dims=None):
    if init is MISSING and is_numeric(items) and f in (function("+"), function("*")):
        return call(function("cumsum" if f is function("+") else "cumprod"), (items,), {} if dims is None else {"dims": dims})
    if dims is not None and as_array(items).rank > 1:
        raise argument_error("accumulate over dims is supported for + and * only")
    return accumulated(f, items, init)


@define("diff", t.AbstractArray, keywords=("dims",))
def difference(x, dims=None):
    """The differences of neighbours."""
    from .shapes import sliced

    array = as_array(x)
    if dims is None and array.rank != 1:
        raise argument_error("diff of a matrix needs the keyword `dims`")
    axis = axis_of(dims or 1, array.rank)
    payload = staging.convert_payload(staging.read(array), summed_type(array.element))
    size = payload.shape[axis]
    return Array(staging.apply("sub", sliced(payload, axis, 1, size), sliced(payload, axis, 0, size - 1)))


# --- where extrema stand ----------------------------------------------------------------------------------------------


def _define_argument(name, op, better):
    def argument(items, dims=colon):
        return found(items, dims)[1]

    def found(items, dims=colon):
        """(extremum, index)."""
        if is_numeric(items):
            return _found_in_array(op, as_array(items), dims)
        pairs = list(_indexed(items))
        if not pairs:
            raise argument_error("collection must be non-empty")
        best_index, best = pairs[0]
        for index, item in pairs[1:]:
            if better(item, best):
                best_index, best = index, item
        return best, best_index

    def argument_of_function(f, items):
        """The element at which f is extreme."""
        elements = list(iterate(items))
        values = [call(f, (item,)) for item in elements]
        if not elements:
            raise argument_error("collection must be non-empty")
        best = 0
        for k in range(1, len(values)):
            if better(values[k], values[best]):
                best = k
        return elements[best]

    def found_of_function(f, items):
        return found(mapped(f, items) if items.__class__ is Array else tuple(mapped(f, items)))

    define("arg" + name, t.Any, keywords=("dims",))(argument)
    define("arg" + name, t.Any, t.Any)(argument_of_function)
    define("find" + name, t.Any, keywords=("dims",))(found)
    define("find" + name, t.Any, t.Any)(found_of_function)


def _indexed(items):
    from ..values import Dictionary

    if items.__class__ is Dictionary:
        return [(key, value) for key, value in items.items.values()]
    return enumerate(iterate(items), 1)


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

        return extremum, add(number_of(np.asarray(place) if not isinstance(place, staging.Value) else place), 1)
    if isinstance(place, staging.Value):
        raise staging.HostValueNeeded("the cartesian index of an extremum must be known on the host; use `dims` or "
                                      "`vec`", staging.state.location, kind="UnsupportedError")
    return extremum, _cartesian(int(place), payload.shape)


def _comparable(payload):
    """Booleans as bytes, which have an order."""
    return staging.convert_payload(payload, t.UInt8) if staging.element_of(payload) is t.Bool else payload


def _cartesian(place, shape):
    return cartesian_index(*(int(i) + 1 for i in reversed(np.unravel_index(place, shape))))


def _found_over_dims(op, array, payload, dims):
    axes = axes_of(array, dims)
    if isinstance(payload, staging.Value):
        raise staging.HostValueNeeded("cartesian indices of extrema must be known on the host",
                                      staging.state.location, kind="UnsupportedError")
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


def _better(name):
    def better(a, b):
        """Whether a comes before b as an extremum; NaN does, as in Julia."""
        if a.__class__ is Traced or b.__class__ is Traced:
            a, b = staging.host_number(a, "the place of an extremum"), staging.host_number(b, "the place of an extremum")
        if isinstance(a, float | np.floating) and a != a:
            return b == b
        if isinstance(b, float | np.floating) and b != b:
            return False
        return call(function("isless"), (b, a) if name == "max" else (a, b))

    return better


_define_argument("max", "arg_max", _better("max"))
_define_argument("min", "arg_min", _better("min"))


# --- reductions in place ----------------------------------------------------------------------------------------------


def _define_into(name):
    def into(destination, x):
        """Reduces x over the dims along which the destination has size 1."""
        from .assignment import overwrite

        source = as_array(x)
        sizes = (*destination.size, *[1] * (source.rank - destination.rank))
        dims = tuple(d for d, (a, b) in enumerate(zip(sizes, source.size, strict=True), 1) if a == 1 and b != 1)
        result = call(function(name), (source,), {"dims": dims}) if dims else source
        if as_dim_product(destination.size) != as_dim_product(result.size):
            raise dimension_mismatch(f"cannot reduce size {size_text(source.size)} to {size_text(destination.size)}")
        from .conversion import convert_array

        overwrite(destination, Array(reshaped(staging.read(convert_array(destination.element, result)),
                                              destination.data.shape)))
        return destination

    define(name + "!", t.AbstractArray, t.AbstractArray)(into)


for _name in ("sum", "prod", "maximum", "minimum"):
    _define_into(_name)
