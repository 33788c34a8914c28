"""Broadcasting: `f.(args...)`.

Numeric arrays are not looped over: the function is called once with `Traced` numbers that hold one number per
lane. When it does something that must happen once for each element (an effect, a random draw, a condition on
a lane), `LaneEffect` makes the broadcast start over element by element, on staged arrays as one `map`.
Broadcasts of other values go element by element from the start.
"""

import numpy as np

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from .. import types as t
from ..base.registry import function as builtin
from ..batching.lanes import is_lanes
from ..calling import call
from ..staged_numbers import Traced
from ..staging import VIEWS, convert_payload, expand, payload_of, read, write
from ..state import LaneEffect, state
from ..type_lattice import is_subtype
from ..values import (
    Array,
    Dictionary,
    Function,
    GeneratorValue,
    NamedTuple,
    Range,
    Struct,
    holds,
    to_host,
    typeof,
)

_NUMERIC = frozenset(t.NUMPY_TYPES)
BROADCASTED = builtin("broadcasted", exported=False)
"""Programs add methods to `Base.broadcasted` for functions that broadcast in a way of their own."""


def broadcast(function, arguments, keywords=None):
    """`function.(arguments...; keywords...)`, by the function's method of `Base.broadcasted` if there is one.
    Raises DimensionMismatch when sizes do not fit together."""
    own = overloaded_broadcast(function, arguments)
    if own is not None:
        return own[0].call((function, *arguments), keywords, own[1])
    if any(a.__class__ is Range for a in arguments):
        from ..base.ranges import broadcast_range

        kept = broadcast_range(function, arguments)
        if kept is not None:
            return kept
    arguments = [materialise(a) for a in arguments]
    if not any(a.__class__ in (Array, tuple) for a in arguments):
        if any(a.__class__ in (Dictionary, NamedTuple) for a in arguments):
            raise WeberError("ArgumentError: broadcasting over dictionaries and `NamedTuple`s is reserved",
                             kind="ArgumentError")
        return call(function, [unwrap_reference(a) for a in arguments], keywords)
    if not any(a.__class__ is Array for a in arguments):
        return broadcast_tuples(function, arguments, keywords)
    staged = any(a.__class__ is Array and _is_staged(a) for a in arguments)
    composed = any(_is_complex(a) for a in arguments)
    if any(is_lanes(a) for a in arguments) or staged and composed:
        from ..batching.staged_broadcasts import broadcast_vectors

        return broadcast_vectors(function, arguments, keywords)
    shape = common_shape(arguments)
    lanes = all(is_lane(a) for a in arguments)
    lanes = lanes and not (composed and any(a.__class__ is Traced for a in arguments))
    if lanes and (staged or (0 not in shape and _size(shape) > 1) or all(isinstance(d, int) for d in shape)):
        where = state.location
        try:
            return broadcast_lanes(function, arguments, keywords, shape)
        except LaneEffect:
            state.location = where
            if staged:
                from ..batching.staged_broadcasts import broadcast_numbers

                return broadcast_numbers(function, arguments, keywords, shape)
    return broadcast_elements(function, arguments, keywords, shape)


def overloaded_broadcast(function, arguments):
    """The method of `Base.broadcasted(::typeof(function), arguments...)` and its static parameters, or
    None."""
    table = BROADCASTED.methods
    if not table.methods or function.__class__ is not Function:
        return None
    type_ = typeof(function)
    if not any(method.signature.parameters[0] == type_ for method in table.methods):
        return None
    return table.find((function, *arguments))


def _is_staged(array):
    return read(array).__class__ is Value


def _is_complex(argument):
    """Whether an argument is an array of complex numbers of the host."""
    return argument.__class__ is Array and is_subtype(argument.element, t.Complex)


def _size(shape):
    size = 1
    for dim in shape:
        size *= dim
    return size


def materialise(value):
    """A broadcast argument: ranges and generators become arrays, array-like structs are collected."""
    if value.__class__ is Range:
        from ..base.arrays import as_array

        return as_array(value)
    is_array = value.__class__ is Struct and is_subtype(value.type, t.AbstractArray)
    if is_array or value.__class__ is GeneratorValue:
        return call(builtin("collect"), (value,))
    if value.__class__ is Struct:
        from .properties import overloaded

        if overloaded("broadcastable", value):
            return call(builtin("broadcastable"), (value,))
    return value


def unwrap_reference(value):
    """`Ref(x)` stands for x in a broadcast."""
    if value.__class__ is Struct and value.type.family.name in ("RefValue", "Ref"):
        return value.fields[0]
    return value


def is_lane(argument):
    """Whether an argument can be passed as lanes: a numeric array, or anything that is passed whole."""
    if argument.__class__ is Array:
        return argument.element in _NUMERIC and not holds(argument._data, "O")
    return argument.__class__ is not tuple


def common_shape(arguments):
    """The payload shape that all arrays and tuples broadcast to."""
    shape = ()
    for argument in arguments:
        if argument.__class__ is Array:
            other = tuple(argument.data.shape)
        elif argument.__class__ is tuple:
            other = (len(argument),)
        else:
            continue
        shape = join_shapes(shape, other)
    return shape


def join_shapes(a, b):
    """Numpy's broadcasting of two payload shapes; dims may be symbolic."""
    if len(a) < len(b):
        a, b = b, a
    joined = list(a)
    for k in range(1, len(b) + 1):
        x, y = a[-k], b[-k]
        if x == y or y == 1:
            continue
        if x == 1:
            joined[-k] = y
        else:
            raise WeberError(
                f"DimensionMismatch: arrays could not be broadcast to a common size: a has axes "
                f"{_axes(a)} and b has axes {_axes(b)}", kind="DimensionMismatch")
    return tuple(joined)


def _axes(shape):
    return "(" + ", ".join(f"1:{dim}" for dim in reversed(shape)) + ("," if len(shape) == 1 else "") + ")"


def broadcast_lanes(function, arguments, keywords, shape):
    """One call with `Traced` lanes; the result is an array of the shape."""
    lanes = [
        Traced(expand(read(a), shape)) if a.__class__ is Array else unwrap_reference(a) for a in arguments
    ]
    state.lanes += 1
    try:
        result = call(function, lanes, keywords)
    finally:
        state.lanes -= 1
    return from_lanes(result, shape)


def from_lanes(result, shape):
    """The array a lane result stands for; a plain number fills it."""
    if result.__class__ is Traced:
        data = expand(result.data, shape)
        if data.__class__ is not Value and not data.flags.writeable:
            data = data.copy()
        return bits(Array(data))
    type_ = typeof(result)
    if type_ in _NUMERIC and result.__class__ is not Struct:  # (a complex number of lanes is one)
        if all(isinstance(dim, int) for dim in shape):
            return bits(Array(np.full(shape, result, dtype=t.NUMPY_TYPES[type_])))
        return bits(Array(expand(payload_of(result), shape)))
    raise LaneEffect


def bits(array):
    """A new array as what a broadcast makes of it: Bools are a `BitArray`."""
    if array.element is t.Bool and array.rank:
        array.type = t.BitFamily.apply(array.rank)
    return array


def broadcast_elements(function, arguments, keywords, shape):
    """Element by element, in column-major order; the element type is that of the results."""
    from ..base.iteration import collect_values
    from .containers import inferred_type

    if not all(isinstance(dim, int) for dim in shape):
        raise WeberError(
            "a broadcast over an array of unknown size that is not elementwise arithmetic",
            state.location,
            kind="UnsupportedError",
        )
    columns = []
    for argument in arguments:
        if argument.__class__ is Array:
            columns.append(_elements(argument, shape))
        elif argument.__class__ is tuple:
            data = np.empty(len(argument), dtype=object)
            data[:] = argument
            columns.append(list(np.broadcast_to(data, shape).reshape(-1)))
        else:
            columns.append([unwrap_reference(argument)] * _size(shape))
    outer, state.lanes = state.lanes, 0  # each element is a call of its own
    try:
        results = [call(function, row, keywords) for row in zip(*columns, strict=True)]
        like = None if results else inferred_type(lambda: call(function, _example(arguments), keywords))
    finally:
        state.lanes = outer
    return bits(collect_values(iter(results), shape[::-1], like))


def _example(arguments):
    """Arguments like those of each element of a broadcast that has none."""
    if any(argument.__class__ is tuple and not argument for argument in arguments):
        raise WeberError("a tuple without elements has no example")
    return [call(builtin("one"), (argument.element,)) if argument.__class__ is Array
            else argument[0] if argument.__class__ is tuple else unwrap_reference(argument)
            for argument in arguments]


def _elements(array, shape):
    data = read(array)
    if data.__class__ is Value:
        from ..base.iteration import iterate

        return list(iterate(Array(expand(data, shape))))
    flat = np.broadcast_to(data, shape).reshape(-1)
    return list(flat) if data.dtype == object else [to_host(x) for x in flat]


def broadcast_tuples(function, arguments, keywords):
    """A broadcast over tuples and scalars is a tuple."""
    length = 1
    for argument in arguments:
        if argument.__class__ is tuple and len(argument) != length:
            if length != 1 and len(argument) != 1:
                raise WeberError("DimensionMismatch: tuples of different lengths in a broadcast",
                                 kind="DimensionMismatch")
            length = len(argument) if length == 1 else length
    rows = []
    for k in range(length):
        rows.append(
            [a[k if len(a) > 1 else 0] if a.__class__ is tuple else unwrap_reference(a) for a in arguments]
        )
    return tuple(call(function, row, keywords) for row in rows)


def assign_broadcast(array: Array, value):
    """`array .= value`: overwrites the contents, converted to the element type."""
    value = materialise(value)
    if array.element not in _NUMERIC:
        items = broadcast_elements(
            _identity(), [value], None, join_shapes(tuple(array.data.shape), common_shape([value]))
        )
        write(array, np.array(items.data, dtype=object))
        return
    if value.__class__ is tuple:
        from ..base.arrays import array_of
        from ..base.conversion import convert

        value = array_of(array.element, [convert(array.element, item) for item in value])
    payload = payload_of(value)
    shape = tuple(array.data.shape)
    if join_shapes(shape, tuple(payload.shape)) != shape:
        raise WeberError(
            f"DimensionMismatch: array could not be broadcast to match destination: it has axes "
            f"{_axes(tuple(payload.shape))}, the destination {_axes(shape)}",
            kind="DimensionMismatch",
        )
    payload = convert_payload(payload, array.element)
    if state.trace is None and payload.__class__ is not Value and array.data.__class__ is np.ndarray \
            and array not in VIEWS:
        if state.lanes:
            raise LaneEffect
        array.data[...] = payload
    else:
        expanded = expand(payload, shape)
        write(array, expanded if expanded.__class__ is Value else np.array(expanded))


def _identity():
    return builtin("identity")
