"""Iteration: a Python iterator over any Julia iterable, and arrays made of what an iterator gives."""

import weakref

import numpy as np

from ...compiler.errors import UnsupportedError
from ...compiler.ir import Value
from .. import types as t
from ..batching.lanes import Lanes
from ..calling import call
from ..dims import as_dim
from ..promotion import promote_type
from ..staged_numbers import DimNumber, Traced
from ..staging import apply, host_integer, payload_of, read
from ..state import LaneEffect, state
from ..type_lattice import (
    DataType,
    TypeOfTypeFamily,
    TypeVar,
    UnionType,
    VarargType,
    is_subtype,
    typejoin,
    union,
)
from ..type_names import type_name
from ..values import (
    Array,
    Char,
    Dictionary,
    GeneratorValue,
    Irrational,
    NamedTuple,
    Range,
    SetValue,
    Struct,
    to_host,
    typeof,
)
from .errors import fault
from .hash_order import ordered
from .pairs import PairFamily, is_pair, pair
from .registry import define, function

ITERATORS = {}
"""How builtin iterator structs (`zip`, `enumerate`, …) iterate, by type family: struct -> Python iterator."""

SIZES = {}
"""The Julia size of builtin iterator structs by type family: struct -> tuple of dims, or None where
unknown."""

FAMILY_ELEMENTS = {}
"""The element type of builtin iterator structs by type family: struct -> type."""

_NUMBERS = (int, float, complex, bool, np.generic, Traced, DimNumber, Irrational)


def iterate(value):
    """A Python iterator over a Julia iterable. MethodError when the value is none.

    Arrays go in column-major order, dictionaries give Pairs, strings Chars; staged arrays give staged
    elements."""
    cls = value.__class__
    if cls is tuple:
        return iter(value)
    if cls is Range:
        if not isinstance(value.length, int):
            length = f" {value.length.dim}" if value.length.__class__ is DimNumber else ""
            raise unsupported(f"iterating over a range of unknown length{length}")
        return iter(value)
    if cls is Array:
        return array_elements(value)
    if cls is GeneratorValue:
        return value.iterate()
    if cls is Dictionary:
        return (pair(key, item) for key, item in ordered(value))
    if cls is SetValue:
        return iter(ordered(value))
    if cls is str:
        return (Char(ord(c)) for c in value)
    if cls is NamedTuple:
        return iter(value.values)
    if isinstance(value, _NUMBERS) or cls is Char:
        return iter((value,))
    if cls is Struct:
        make = ITERATORS.get(value.type.family)
        if make is not None:
            return make(value)
        if is_pair(value):
            return iter(value.fields)
    return user_elements(value)


def unsupported(message):
    return UnsupportedError(message, kind="UnsupportedError")


def array_elements(array):
    """The elements of an array in column-major order; what is written during the iteration is seen."""
    payload = read(array)
    if payload.__class__ is Lanes:
        from ..control_flow.vector_elements import elements_of

        return elements_of(array)
    return staged_elements(payload) if payload.__class__ is Value else _host_elements(array)


def _host_elements(array):
    position, data = 0, array.data
    flat = data.reshape(-1)
    plain = data.dtype == object or data.dtype in (np.int64, np.float64, np.bool_)
    while position < flat.shape[0]:
        yield flat.item(position) if plain else to_host(flat[position])
        position += 1
        if array.data is not data:  # grown or replaced meanwhile
            data = array.data
            if data.__class__ is Value:
                raise unsupported("an array that is iterated over becomes one of the graph meanwhile")
            flat = data.reshape(-1)


def staged_elements(payload):
    """The elements of a staged payload of static size, as traced numbers."""
    count = 1
    for dim in payload.shape:
        if not isinstance(dim, int):
            raise unsupported(f"iterating over an array of unknown length {dim}")
        count *= dim
    return _slices(payload, count)


def _slices(payload, count):
    flat = payload if len(payload.shape) == 1 else apply("reshape", payload, shape=(count,))
    for k in range(count):
        item = apply("slice", flat, starts=(k,), stops=(k + 1,), steps=(1,))
        yield Traced(apply("reshape", item, shape=()))


def user_elements(value):
    """The elements of what a user's type iterates over: by `Base.iterate`, or as an array by its indices."""
    step = function("iterate")
    found = step.methods.find((value,))
    if found is None or found[0].python is iterate_first:
        if is_subtype(typeof(value), t.AbstractArray):
            getindex = function("getindex")
            return (call(getindex, (value, k)) for k in range(1, call(function("length"), (value,)) + 1))
        raise fault("MethodError", f"no method matching iterate(::{type_name(typeof(value))})")
    return _iterated(value, step, found)


def _iterated(value, step, found):
    result = found[0].call((value,), {}, found[1])
    while result is not None:
        item, position = result
        yield item
        result = call(step, (value, position))


GRIDS = weakref.WeakKeyDictionary()
"""The sizes of arrays of cartesian indices that only the graph knows, which are vectors of the indices."""


def size_of(value):
    """The Julia size of an iterable, where it is known without iterating; else None."""
    cls = value.__class__
    if cls is Array:
        return GRIDS.get(value, value.size) if GRIDS else value.size
    if cls is Range:
        return (as_dim(value.length),)
    if cls is tuple or cls is str:
        return (len(value),)
    if cls is Dictionary or cls is SetValue:
        return (len(value.items),)
    if cls is NamedTuple:
        return (len(value.names),)
    if cls is GeneratorValue:
        return value.size
    if isinstance(value, _NUMBERS) or cls is Char:
        return ()
    if cls is Struct:
        size = SIZES.get(value.type.family)
        if size is not None:
            return size(value)
        if is_subtype(value.type, t.AbstractArray):
            return call(function("size"), (value,))
    return None


def element_type_of(value):
    """The element type of an iterable as far as its type tells; None where it does not."""
    cls = value.__class__
    if cls is Array:
        return value.element
    if cls is Range or cls is SetValue:
        return value.type.parameters[0]
    if cls is str:
        return t.Char
    if cls is Dictionary:
        return PairFamily.apply(*value.type.parameters)
    if cls is tuple:
        return join_all(map(typeof, value))
    if cls is NamedTuple:
        return join_all(map(typeof, value.values))
    if isinstance(value, _NUMBERS) or cls is Char:
        return typeof(value)
    if cls is Struct:
        if value.type.family in ITERATORS:
            element = FAMILY_ELEMENTS.get(value.type.family)
            return None if element is None else element(value)
        if is_pair(value):
            return join_types(*value.type.parameters)
        return call(function("eltype"), (value.type,))
    return None


def tuple_of_elements(types):
    """The type of tuples of elements of these types, None where one is not known."""
    types = list(types)
    return None if None in types else t.tuple_type(*types)


# --- arrays from elements -----------------------------------------------------------------------------------


def join_types(a, b):
    """Julia's `promote_typejoin`: the closest common supertype, a small union with Nothing and Missing."""
    if a is b or a is t.Bottom:
        return b
    if b is t.Bottom:
        return a
    optional = [x for x in (t.Nothing, t.Missing) if x in _members(a) or x in _members(b)]
    if optional:
        rest = [join_all(m for m in _members(x) if m not in optional) for x in (a, b)]
        return union(*optional, join_types(*rest))
    if all(isinstance(x, DataType) and x.family is t.TupleFamily for x in (a, b)):
        if len(a.parameters) == len(b.parameters) and not any(
                isinstance(p, VarargType) for p in (*a.parameters, *b.parameters)):
            return t.tuple_type(*map(join_types, a.parameters, b.parameters))
        return t.Tuple
    return typejoin(a, b)


def join_all(types):
    """The join of several types; `Union{}` of none."""
    result = t.Bottom
    for type_ in types:
        result = join_types(result, type_)
    return result


def _members(type_):
    return type_.members if isinstance(type_, UnionType) else (type_,)


def collect_values(iterator, size=None, element=None) -> Array:
    """An array of what an iterator gives, in column-major order: a vector, or of the Julia `size`.

    The element type is `element`, or the elements' join, as Julia's `collect` does: numbers of different
    types are not promoted (`[1, 2.0]` is, but that is `vect`). Traced numbers make a staged array of their
    promoted type."""
    items = list(iterator)
    if any(item.__class__ is Traced or item.__class__ is DimNumber for item in items):
        return stack_numbers(items, size)
    if element is None:
        element = join_all(set(map(typeof, items)))
    return array_of(items, size, t.Any if element is t.Bottom else element)


def array_of(items, size=None, element=t.Any) -> Array:
    """The array of these elements (in column-major order) with this element type."""
    shape = (len(items),) if size is None else tuple(size)[::-1]
    if element in t.NUMPY_TYPES and not any(item.__class__ is Struct for item in items):
        data = np.array(items, dtype=t.NUMPY_TYPES[element])
    else:  # complex numbers with staged parts, too
        data = np.empty(len(items), dtype=object)
        for k, item in enumerate(items):
            data[k] = item
    return Array(data.reshape(shape), t.array_type(element, len(shape)))


def vector_of(items, element) -> Array:
    """The vector of these elements."""
    return array_of(items, None, element)


def stack_numbers(items, size=None) -> Array:
    """An array of numbers some of which are traced."""
    kind = typeof(items[0])
    for item in items:
        if not is_subtype(typeof(item), t.Number):
            raise unsupported(f"an array that holds numbers known when the graph runs beside a "
                              f"{type_name(typeof(item))}")
        kind = promote_type(kind, typeof(item))
    if state.lanes and any(item.__class__ is Traced and item.data.shape for item in items):
        raise LaneEffect
    parts = [apply("reshape", payload_of(item, kind), shape=(1,)) for item in items]
    data = parts[0] if len(parts) == 1 else apply("concatenate", *parts, axis=0)
    shape = (len(items),) if size is None else tuple(size)[::-1]
    return Array(data if len(shape) == 1 else apply("reshape", data, shape=shape))


# --- the functions ------------------------------------------------------------------------------------------


class IterationState:
    """The state of a builtin iteration that has no simpler one."""

    type = t.Any

    def __init__(self, iterator):
        self.iterator = iterator


def _advance(iterator, state_):
    for item in iterator:
        return (item, state_)
    return None


@define("iterate", t.Any)
def iterate_first(value):
    """`iterate(x)`: the first element and the state, or nothing."""
    if value.__class__ in (tuple, Range, Array, str):
        return iterate_next(value, 1)
    iterator = iterate(value)
    return _advance(iterator, IterationState(iterator))


@define("iterate", t.Any, t.Any)
def iterate_next(value, position):
    """`iterate(x, state)`: the next element and state, or nothing."""
    if position.__class__ is IterationState:
        return _advance(position.iterator, position)
    position = host_integer(position, "the state of an iteration")
    if position < 1:
        return None
    if value.__class__ is Array:
        data = read(value)
        if data.__class__ is Value:
            items = list(array_elements(value))
            return (items[position - 1], position + 1) if position <= len(items) else None
        return (to_host(data.reshape(-1)[position - 1]), position + 1) if position <= data.size else None
    if value.__class__ is str:
        from .string_indices import position_of

        if position > len(value.encode("utf-8", "surrogateescape")):
            return None
        character = value[position_of(value, position)]
        return Char(ord(character)), position + len(character.encode("utf-8", "surrogateescape"))
    if not hasattr(value, "__len__"):
        raise fault("MethodError", f"no method matching iterate(::{type_name(typeof(value))})")
    return (value[position - 1], position + 1) if position <= len(value) else None


@define("collect", t.Any)
def collect(iterable):
    """A vector (or array) of the elements."""
    if state.trace is not None:
        from ..batching.generators import collected

        values = collected(iterable)
        if values is not None:
            return values
    return collect_values(iterate(iterable), size_of(iterable), element=element_type_of(iterable))


_T = TypeVar("T")


@define("collect", TypeOfTypeFamily.apply(_T), t.Any, where=(_T,))
def collect_as(element, iterable):
    """A vector of the elements, converted to the element type."""
    from ..evaluation.properties import convert_to

    items = (convert_to(element, item) for item in iterate(iterable))
    return collect_values(items, size_of(iterable), element=element)
