"""Making arrays: `zeros`, `fill`, `Array{T}(undef, …)`, literals, copies."""

import numpy as np

from .. import staging
from .. import types as t
from ..batching.lanes import Lanes, is_lanes, sharing_with
from ..calling import call
from ..dims import as_dim, dim_number
from ..evaluation.broadcasting import bits
from ..poison import UNDEFINED
from ..staged_numbers import DimNumber, Traced
from ..state import LaneEffect
from ..type_lattice import DataType, TypeVar, is_subtype, union, unwrap
from ..type_names import type_name
from ..values import Array, Char, Range, Singleton, holds, serials, typeof
from .conversion import constructs, convert, convert_array, element_of
from .elements import HOST_TYPES, NUMBERS, number_type, promote_types
from .errors import argument_error, fault
from .registry import BASE, define, function

Undef = t.declare("UndefInitializer")
undef = Singleton("UndefInitializer()", Undef)
BASE.bindings["undef"] = undef
BASE.exports.add("undef")


# --- building blocks ----------------------------------------------------------------------------------------


def fresh(payload, type=None):
    """An array of its own from a payload: numpy data that is (part of) other data is copied."""
    if isinstance(payload, np.ndarray) and not (payload.flags.owndata and payload.flags.writeable
                                                and payload.flags.c_contiguous):
        payload = np.array(payload, order="C")
    return Array(payload, type)


def object_payload(elements, shape=None):
    """A numpy object array of Python objects, none of which numpy looks into."""
    data = np.empty(len(elements), dtype=object)
    for index, element in enumerate(elements):
        data[index] = element
    return data if shape is None else data.reshape(shape)


def array_of(element, elements, size=None):
    """An array of a Julia element type from Python values of that type, in column-major order, of a Julia
    size."""
    from . import iteration

    elements = list(elements)
    if element in NUMBERS and any(x.__class__ is Traced or x.__class__ is DimNumber for x in elements):
        return iteration.stack_numbers(elements, size)
    return iteration.array_of(elements, size, element)


def reshaped(payload, shape):
    """A payload in another shape; itself where it has the shape."""
    return payload if tuple(payload.shape) == tuple(shape) else staging.apply("reshape", payload,
                                                                              shape=tuple(shape))


def vector(elements):
    """`[elements...]`: converted to the type that they promote to."""
    elements = list(elements)
    if not elements:
        return array_of(t.Any, [])
    kinds = set(map(typeof, elements))
    if len(kinds) == 1:
        return array_of(kinds.pop(), elements)
    element = promoted_element(kinds)
    return array_of(element, [convert(element, x) for x in elements])


def promoted_element(kinds):
    """The element type of an array literal: numbers promote, arrays by their element types, others join."""
    kinds = list(kinds)
    if all(is_subtype(kind, t.Number) for kind in kinds):
        return promote_types(kinds)
    if all(isinstance(kind, DataType) and kind.family is t.ArrayFamily for kind in kinds):
        ranks = {kind.parameters[1] for kind in kinds}
        if len(ranks) == 1:
            return t.array_type(promoted_element({kind.parameters[0] for kind in kinds}), ranks.pop())
    rest = [kind for kind in kinds if kind not in (t.Nothing, t.Missing)]
    if len(rest) < len(kinds) and rest:
        return union(promoted_element(rest), *(kind for kind in kinds if kind not in rest))
    from .iteration import join_all

    return join_all(kinds)


def typed_vector(element, elements):
    """`T[elements...]`."""
    return array_of(element, [convert(element, x) for x in elements])


def as_array(x) -> Array:
    """Any array-like value as an `Array`: itself, or collected."""
    if x.__class__ is Array:
        return x
    if x.__class__ is Range:
        if x.is_staged:
            return Array(range_payload(x))
        if isinstance(x.start, int):
            return Array(np.arange(x.start, x.start + x.step * x.length, x.step, dtype=np.int64)[:x.length])
        return array_of(element_of(x), list(x))
    from .iteration import collect_values, iterate, size_of

    return collect_values(iterate(x), size_of(x))


def range_payload(range_):
    """The payload of a range that only the graph knows."""
    shape = (as_dim(range_.length),)
    kind = number_type((range_.start, range_.step))

    def spread(number):
        return staging.expand(staging.payload_of(number, kind), shape)

    places = staging.apply("iota", shape=shape, axis=0, element=t.ELEMENT_TYPES[t.Int64])
    places = staging.convert_payload(places, kind)
    if range_.step != 1:
        places = staging.apply("mul", places, spread(range_.step))
    return staging.apply("add", places, spread(range_.start))


def is_numeric(x):
    """Whether an array-like value holds numbers (and so has a numeric payload)."""
    if x.__class__ is Range:
        return x.start.__class__ is not Char
    return x.__class__ is Array and x.element in NUMBERS and not is_composed(x)


def is_composed(array):
    """Whether an array has elements that are put together of parts: objects, or staged complex numbers."""
    return is_lanes(array) or holds(array._data, "O")


def dim_number_of(dimension, rank=None):
    """The number of a Julia dim as a Python int. Raises ArgumentError where there is no such dim."""
    number = staging.host_integer(dimension, "the number of a dim")
    if number < 1:
        raise argument_error(f"the number of a dim must be ≥ 1, got {number}")
    if rank is not None and number > rank:
        raise argument_error(f"there is no dim {number} of an array with {rank} dims")
    return number


def axis_of(dimension, rank):
    """The payload axis of a Julia dim (1-based). Raises ArgumentError where there is no such dim."""
    return rank - dim_number_of(dimension, rank)


def julia_size(x):
    """`size(x)`: a tuple of Julia numbers."""
    if x.__class__ is Range:
        return (x.length,)
    return tuple(map(dim_number, x.size))


def dims_of(arguments):
    """Julia sizes given as numbers or as one tuple of them, as dims of a shape."""
    if len(arguments) == 1 and arguments[0].__class__ is tuple:
        arguments = arguments[0]
    dims = tuple(as_dim(_size_argument(x)) for x in arguments)
    for dim in dims:
        if isinstance(dim, int) and dim < 0:
            raise argument_error("invalid Array dimensions")
    return dims


def as_dim_product(dims):
    total = 1
    for dim in dims:
        total = total * dim
    return total


def _size_argument(x):
    return x.length if x.__class__ is Range else x


def filled(value, dims, element=None):
    """An array of a Julia size filled with a number or, if it is no number, with the object itself."""
    shape = tuple(dims)[::-1]
    element = element or typeof(value)
    if element not in NUMBERS:
        if len(shape) == 1 and not isinstance(shape[0], int):  # all elements are this one
            return Array(Lanes(shape[0], value, [], {}, next(serials)), t.array_type(element, 1))
        count = int(np.prod(shape, dtype=np.int64)) if shape else 1
        return Array(object_payload([value] * count, shape), t.array_type(element, len(shape)))
    payload = staging.payload_of(value, element)
    if len(payload.shape):
        raise LaneEffect
    if isinstance(payload, np.ndarray) and all(isinstance(dim, int) for dim in shape):
        return Array(np.full(shape, payload))
    return Array(staging.expand(payload, shape))


# --- functions ----------------------------------------------------------------------------------------------


def _constant_fill(name, value):
    def of_type(type_, *dims):
        number = HOST_TYPES[type_](value) if type_ in HOST_TYPES else convert(type_, value)
        return filled(number, dims_of(dims))

    define(name, t.TypeOfType, t.Any, ...)(of_type)
    define(name, t.Any, ...)(lambda *dims: filled(float(value), dims_of(dims)))


_constant_fill("zeros", 0)
_constant_fill("ones", 1)


@define("fill", t.Any, t.Any, ...)
def fill(value, *dims):
    return filled(value, dims_of(dims))


@define("trues", t.Any, ...)
def trues(*dims):
    return bits(filled(True, dims_of(dims)))


@define("falses", t.Any, ...)
def falses(*dims):
    return bits(filled(False, dims_of(dims)))


def uninitialised(element, dims):
    """An array without contents: zeros, or `nothing` where that is no number."""
    if element in NUMBERS:
        return filled(HOST_TYPES[element](0), dims)
    if len(dims) == 1 and not isinstance(dims[0], int):
        return Array(Lanes(dims[0], UNDEFINED, [], {}), t.array_type(element, 1))
    return filled(None, dims, element)


@constructs(t.Array, Undef, t.Any, ...)
def construct_uninitialised(type_, _, *dims):
    dims = dims_of(dims)
    body = unwrap(type_)
    element, rank = body.parameters
    if isinstance(rank, int) and rank != len(dims):
        raise fault("MethodError", f"no method matching {type_name(type_)}(::UndefInitializer, "
                                   f"{', '.join(['::Int64'] * len(dims))})")
    return uninitialised(t.Any if isinstance(element, TypeVar) else element, dims)


@constructs(t.Array, union(t.Nothing, t.Missing), t.Any, ...)
def construct_filled(type_, content, *dims):
    """`Vector{Union{Nothing, T}}(nothing, n)`: all elements are nothing, or missing."""
    element = unwrap(type_).parameters[0]
    if isinstance(element, TypeVar) or not is_subtype(typeof(content), element):
        found = type_name(typeof(content))
        raise fault("MethodError", f"no method matching {type_name(type_)}(::{found}, ::Int64)")
    return filled(content, dims_of(dims), element)


@constructs(t.BitArray, Undef, t.Any, ...)
def construct_bits(type_, _, *dims):
    return bits(filled(False, dims_of(dims)))


@constructs(t.Vector)
def construct_empty(type_):
    element = unwrap(type_).parameters[0]
    return array_of(t.Any if isinstance(element, TypeVar) else element, [])


@constructs(t.AbstractArray, t.AbstractArray)
def construct_array(type_, x):
    """`Array(x)`, `Vector{T}(x)`: a copy with converted elements."""
    from .conversion import convert_to_array

    array = as_array(x)
    family = unwrap(type_).family
    if family is t.BitFamily:
        copied = copy_array(convert_array(t.Bool, array))
        copied.type = t.BitFamily.apply(copied.rank)
        return copied
    converted = convert_to_array(type_, array)
    if converted is not array or array is not x:
        return converted
    return without_bits(copy_array(converted)) if family is t.ArrayFamily else copy_array(converted)


@define("similar", t.AbstractArray)
def similar(x):
    made = uninitialised(element_of(x), as_array(x).size)
    return bits(made) if typeof(x).family is t.BitFamily else made


@define("similar", t.AbstractArray, t.TypeOfType)
def similar_of_type(x, type_):
    return uninitialised(type_, as_array(x).size)


@define("similar", t.AbstractArray, t.TypeOfType, t.Any, ...)
def similar_of_type_and_size(x, type_, *dims):
    return uninitialised(type_, dims_of(dims))


@define("similar", t.AbstractArray, t.Integer, ...)
def similar_of_size(x, *dims):
    return uninitialised(element_of(x), dims_of(dims))


@define("similar", t.AbstractArray, t.Tuple)
def similar_of_dims(x, dims):
    return uninitialised(element_of(x), dims_of(dims))


@define("zero", t.AbstractArray)
def zero_array(x):
    if element_of(x) in NUMBERS:
        return uninitialised(element_of(x), as_array(x).size)
    from .iteration import iterate

    array = as_array(x)
    return array_of(array.element, [call(function("zero"), (item,)) for item in iterate(array)], array.size)


def copy_array(array):
    """A shallow copy with storage of its own."""
    payload = staging.read(array)
    if payload.__class__ is Lanes:
        return sharing_with(array, payload)
    return Array(payload.copy() if isinstance(payload, np.ndarray) else payload, plain_type(array))


def plain_type(array, rank=None):
    """The type of an array made of parts of another: `Array{T,N}`, for one that may be typed as a wrapper;
    `BitArray{N}` of a BitArray."""
    rank = array.rank if rank is None else rank
    return t.BitFamily.apply(rank) if array.type.family is t.BitFamily else t.array_type(array.element, rank)


@define("copy", t.AbstractArray)
def copy(x):
    return copy_array(x) if x.__class__ is Array else x


@define("collect", t.AbstractArray)
def collect_array(x):
    return without_bits(copy_array(x)) if x.__class__ is Array else as_array(x)


def without_bits(array):
    """A new array as an `Array`, also where it is a copy of a BitArray."""
    if array.type.family is t.BitFamily:
        array.type = t.array_type(t.Bool, array.rank)
    return array


@define("collect", t.TypeOfType, t.Any)
def collect_type(type_, x):
    array = as_array(x)
    converted = convert_array(type_, array)
    return copy_array(converted) if converted is x else converted


@define("vect", t.Any, ...)
def vector_literal(*elements):
    return vector(elements)


@define("getindex", t.TypeOfType, t.Any, ...)
def typed_vector_literal(type_, *elements):
    return typed_vector(type_, elements)
