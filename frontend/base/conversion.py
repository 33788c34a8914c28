"""Conversion: `convert`, constructors of number types, `promote`, and questions about types."""

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..calling import call, constructors
from ..dispatch import Method
from ..promotion import promote_type
from ..staged_numbers import DimNumber, Traced
from ..type_lattice import (
    DataType,
    TypeOfTypeFamily,
    TypeVar,
    UnionType,
    VarargType,
    is_concrete,
    is_subtype,
    is_type,
    typejoin,
    unwrap,
)
from ..type_names import type_name
from ..values import Array, NamedTuple, Range, Struct, to_host, typeof
from .elements import (
    HOST_TYPES,
    convert_host,
    convert_traced,
    float_type,
    is_complex_type,
    is_integer_type,
    require,
)
from .errors import fault, inexact_error
from .registry import builtin_call, define, function, parameter_names


def constructs(type_, *signature, keywords=()):
    """Decorator: adds a method `T(arguments...)` for every type T that is (a subtype of) `type_`; T comes
    first."""
    variable = TypeVar("T", type_)
    parameters = [TypeOfTypeFamily.apply(variable)]
    for item in signature:
        if item is Ellipsis:
            parameters[-1] = VarargType(parameters[-1])
        else:
            parameters.append(item)

    def decorate(python):
        run, names = builtin_call(python, unwrap(type_).family.name, keywords), parameter_names(python)
        constructors.add(Method(t.tuple_type(*parameters), (variable,), run, names, keywords))
        return python

    return decorate


# --- numbers ------------------------------------------------------------------------------------------------


def convert_number(type_, x):
    """A number as a number of a type. Raises InexactError where an integer type cannot hold it."""
    kind = typeof(x)
    if kind is type_ or (type_ not in HOST_TYPES and is_subtype(kind, type_)):
        return x
    if x.__class__ is Struct or type_ is t.Complex or (is_complex_type(type_) and (
            type_ not in HOST_TYPES or (x.__class__ is Traced and x.data.__class__ is Value))):
        from .complex_numbers import convert_complex

        return convert_complex(type_, x)
    if type_ not in HOST_TYPES:
        type_ = _concrete(type_, kind)
    if x.__class__ is DimNumber:
        x = Traced(staging.payload_of(x))
    if x.__class__ is Traced:
        return _convert_traced(type_, x)
    if x.__class__ not in (int, float) and kind not in HOST_TYPES and kind.name != "Irrational":
        raise fault("MethodError", f"no method matching {type_name(type_)}(::{type_name(kind)})")
    return convert_host(x, type_)


def _concrete(type_, kind):
    """The concrete type for an abstract target such as AbstractFloat."""
    if type_ is t.AbstractFloat:
        return float_type(kind)
    if is_subtype(t.Int64, type_):
        return t.Int64
    raise fault("MethodError", f"no method matching {type_name(type_)}(::{type_name(kind)})")


def _convert_traced(type_, x):
    if is_integer_type(type_):
        limits = (0, 1) if type_ is t.Bool else _limits(type_)

        def fits(payload):
            return (payload == np.floor(payload)) & (payload >= limits[0]) & (payload <= limits[1])

        if not require((x,), fits if x.type is not t.Bool else lambda payload: True):
            raise inexact_error(type_, to_host(x.data[()]))
    return convert_traced(x, type_)


def _limits(type_):
    limits = np.iinfo(t.NUMPY_TYPES[type_])
    return limits.min, limits.max


@constructs(t.Number, t.Number)
def construct_number(type_, x):
    return convert_number(type_, x)


@constructs(t.Integer, t.Char)
def code_point(type_, character):
    return convert_host(character.code, type_ if type_ in HOST_TYPES else t.Int64)


@constructs(t.Char, t.Integer)
def character_of(type_, code):
    from .characters import char

    return char(int(code))


# --- convert ------------------------------------------------------------------------------------------------


def convert_array(element, array):
    """An array with its elements converted to a type; itself when they have it."""
    if array.element is element:
        return array
    if element in HOST_TYPES and array.element in HOST_TYPES:
        payload = staging.read(array)
        if isinstance(payload, np.ndarray):
            from ..evaluation.broadcasting import broadcast

            return broadcast(element, [array])
        return Array(staging.convert_payload(payload, element))
    from .arrays import array_of
    from .iteration import iterate

    return array_of(element, [convert(element, x) for x in iterate(array)], array.size)


@define("convert", t.TypeOfType, t.Any)
def convert(type_, x):
    """x as a value of the type. Raises MethodError where there is no conversion."""
    kind = typeof(x)
    if type_ is t.Any or is_subtype(kind, type_):
        return x
    if isinstance(type_, DataType) and type_.family.field_names:  # a program's type: its own `convert`
        found = function("convert").methods.find((type_, x))
        if found is not None and found[0].definition is not None:
            return found[0].call((type_, x), None, found[1])
    if is_subtype(kind, t.Number):
        if isinstance(type_, UnionType):
            return convert(_number_member(type_, x), x)
        if is_subtype(type_, t.Number):
            return convert_number(type_, x)
    if isinstance(type_, UnionType):
        members = [m for m in type_.members if m not in (t.Nothing, t.Missing)]
        if len(members) == 1:
            return convert(members[0], x)
    body = unwrap(type_)
    family = getattr(body, "family", None)
    if is_subtype(type_, t.AbstractArray) and is_subtype(kind, t.AbstractArray):
        return convert_to_array(type_, x)
    if family is t.TupleFamily and x.__class__ is tuple and len(body.parameters) == len(x):
        return tuple(map(convert, body.parameters, x))
    if family is t.NamedTupleFamily and x.__class__ is NamedTuple and body.parameters[0] == x.names:
        return NamedTuple(x.names, map(convert, body.parameters[1].parameters, x.values))
    if is_subtype(type_, t.AbstractString) and is_subtype(kind, t.AbstractString):
        return x
    if family is kind.family and kind.name == "Pair" and isinstance(type_, DataType):
        return Struct(type_, [convert(part, value) for part, value in
                              zip(type_.parameters, x.fields, strict=True)])
    raise fault("MethodError", f"Cannot `convert` an object of type {type_name(kind)} to an object of type "
                               f"{type_name(type_)}")


def _number_member(type_, x):
    members = [m for m in type_.members if is_subtype(m, t.Number)]
    if len(members) == 1:
        return members[0]
    raise fault("MethodError",
                f"Cannot `convert` an object of type {type_name(typeof(x))} to an object of type "
                               f"{type_name(type_)}")


def convert_to_array(type_, x):
    """An array or range as an array of a type such as `Vector{Float32}`, `Array{Float32}` or
    `AbstractArray`."""
    from .arrays import as_array

    array = as_array(x)
    body = unwrap(type_)
    if not isinstance(body, DataType):
        raise fault("MethodError", f"Cannot `convert` an object of type {type_name(typeof(x))} to an "
                                   f"object of type {type_name(type_)}")
    parameters = body.parameters if body.family in (t.ArrayFamily, t.AbstractArrayFamily) else ()
    if len(parameters) == 2 and isinstance(parameters[1], int) and parameters[1] != array.rank:
        raise fault("MethodError",
                    f"Cannot `convert` an object of type {type_name(typeof(x))} to an object of type "
                                   f"{type_name(type_)}")
    element = parameters[0] if parameters and not isinstance(parameters[0], TypeVar) else array.element
    if body.family is t.ArrayFamily and array.type.family is t.BitFamily and element is t.Bool:
        payload = staging.read(array)
        return Array(payload.copy() if isinstance(payload, np.ndarray) else payload)
    return convert_array(element, array)


# --- promotion ----------------------------------------------------------------------------------------------


@define("promote_type", t.TypeOfType, ...)
def promoted_type(*types):
    total = t.Bottom
    for type_ in types:
        total = promote_type(total, type_)
    return total


@define("promote", t.Any, ...)
def promote(*values):
    kind = promoted_type(*map(typeof, values))
    return tuple(convert(kind, x) for x in values)


@define("oftype", t.Any, t.Any)
def of_type(x, y):
    return convert(typeof(x), y)


@define("widen", t.Number)
def widen(x):
    return convert(widened_type(typeof(x)), x)


@define("widen", t.TypeOfType)
def widened_type(type_):
    wider = {t.Int8: t.Int16, t.Int16: t.Int32, t.Int32: t.Int64, t.UInt8: t.UInt16, t.UInt16: t.UInt32,
             t.UInt32: t.UInt64, t.Float16: t.Float32, t.Float32: t.Float64}
    if type_ not in wider:
        raise fault("MethodError", f"no method matching widen(::Type{{{type_name(type_)}}})")
    return wider[type_]


@define("unsigned", t.Integer)
def to_unsigned(x):
    return call(function("rem"), (x, _integer_type("UInt", x)))


@define("signed", t.Integer)
def to_signed(x):
    return call(function("rem"), (x, _integer_type("Int", x)))


def _integer_type(prefix, x):
    """The integer type with this prefix that is as wide as x; of a Bool the one of 64 bits."""
    width = typeof(x).name.removeprefix("U").removeprefix("Int")
    return t.BUILTIN_TYPES[prefix + (width if width.isdigit() else "64")]


@define("float", t.TypeOfType)
def float_of_type(type_):
    return float_type(type_)


@define("real", t.TypeOfType)
def real_of_type(type_):
    return type_.parameters[0] if is_complex_type(type_) else type_


@define("complex", t.TypeOfType)
def complex_of_type(type_):
    return type_ if is_complex_type(type_) else t.Complex.body.family.apply(type_)


# --- questions about types ----------------------------------------------------------------------------------


@define("typeof", t.Any)
def type_of(x):
    return typeof(x)


@define("isa", t.Any, t.TypeOfType)
def is_a(x, type_):
    return is_subtype(typeof(x), type_) or (is_type(x) and type_ is t.TypeOfType)


@define("<: issubtype", t.TypeOfType, t.TypeOfType)
def is_subtype_of(a, b):
    return is_subtype(a, b)


@define(">:", t.TypeOfType, t.TypeOfType)
def is_supertype(a, b):
    return is_subtype(b, a)


@define("supertype", t.TypeOfType)
def supertype(type_):
    if isinstance(unwrap(type_), UnionType):
        raise fault("MethodError", f"no method matching supertype(::{type_name(typeof(type_))})")
    return type_.supertype if isinstance(type_, DataType) else unwrap(type_).supertype


@define("typejoin", t.TypeOfType, t.TypeOfType)
def join_types(a, b):
    return typejoin(a, b)


@define("isconcretetype", t.TypeOfType)
def is_concrete_type(type_):
    return is_concrete(type_)


@define("isabstracttype", t.TypeOfType)
def is_abstract(type_):
    return bool(getattr(unwrap(type_), "family", None) and unwrap(type_).family.abstract)


@define("eltype", t.AbstractArray)
def array_element_type(x):
    return element_of(x)


def element_of(x):
    """The Julia element type of an array, a range or another array-like value."""
    if x.__class__ is Array:
        return x.element
    type_ = x.type if x.__class__ is Range else typeof(x)
    return element_parameter(type_)


def element_parameter(type_):
    """The element type that an array type says: the first parameter of its AbstractArray."""
    type_ = unwrap(type_)
    while type_.family is not t.AbstractArrayFamily:
        type_ = type_.supertype
    return type_.parameters[0]


@define("eltype", t.TypeOfType)
def element_type_of_type(type_):
    if is_subtype(type_, t.AbstractArray) and type_ is not t.Bottom:
        element = element_parameter(type_)
        return t.Any if isinstance(element, TypeVar) else element
    if is_subtype(type_, t.Number):
        return type_
    if is_subtype(type_, t.AbstractString):
        return t.Char
    return t.Any


@define("ndims", t.TypeOfType)
def rank_of_type(type_):
    if is_subtype(type_, t.Number) and type_ is not t.Bottom:
        return 0
    if type_ is t.Bottom or not is_subtype(type_, t.AbstractArray):
        raise fault("MethodError", f"no method matching ndims(::Type{{{type_name(type_)}}})")
    found = unwrap(type_)
    while found.family is not t.AbstractArrayFamily:
        found = found.supertype
    return found.parameters[1]


@define("typeintersect", t.TypeOfType, t.TypeOfType)
def intersect_types(a, b):
    return a if is_subtype(a, b) else b if is_subtype(b, a) else t.Bottom
