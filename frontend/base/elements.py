"""What all functions of numbers share: the host's number types, promotion, and traced numbers.

A host number is a Python int, float, bool or complex or a numpy scalar; its class is its Julia type. A
`Traced` number has a payload instead. `dual` makes one function of a meaning on each.
"""

import math

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..promotion import promote_type
from ..staged_numbers import DimNumber, Traced
from ..state import LaneEffect, state
from ..type_lattice import DataType, is_subtype
from ..type_names import type_name
from ..values import Irrational, to_host, typeof
from .errors import fault, inexact_error

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
COMPLEX_FAMILY = t.Complex.body.family
FLOATS = (t.Float64, t.Float32, t.Float16, t.BFloat16)
NUMBERS = frozenset(t.NUMPY_TYPES)
"""The concrete Julia types that numbers on the host have."""

_PYTHON = {t.Int64: int, t.Float64: float, t.Bool: bool, t.BUILTIN_TYPES["ComplexF64"]: complex}
HOST_TYPES = {julia: _PYTHON.get(julia, numpy) for julia, numpy in t.NUMPY_TYPES.items()}


def wrap(number: int) -> int:
    """An integer wrapped to 64 bits."""
    return number if INT_MIN <= number <= INT_MAX else ((number + 2**63) & (2**64 - 1)) - 2**63


def is_integer_type(type_):
    """Whether a type is one of the integers, Bool included."""
    return is_subtype(type_, t.Integer)


def is_complex_type(type_):
    return isinstance(type_, DataType) and type_.family is COMPLEX_FAMILY


def float_type(type_):
    """The type of `float(x)` for a number of this type: floats are themselves, the others Float64."""
    if type_ in FLOATS:
        return type_
    return COMPLEX_FAMILY.apply(float_type(type_.parameters[0])) if is_complex_type(type_) else t.Float64


def promote_types(types):
    """The common promoted type of several types."""
    first, *rest = types
    for type_ in rest:
        first = promote_type(first, type_)
    return first


def number_type(numbers):
    """The type several numbers promote to; that of Irrationals alone is Float64."""
    kind = promote_types(map(typeof, numbers))
    return kind if kind in NUMBERS else t.Float64 if is_subtype(kind, t.AbstractIrrational) else kind


def convert_host(number, type_):
    """A host number in another number type. Raises InexactError for an integer type that cannot hold it."""
    if typeof(number) is type_:
        return number
    if number.__class__ is Irrational:
        number = number.value
    host = HOST_TYPES.get(type_)
    if host is None:
        raise fault("MethodError", f"no arithmetic of {type_name(typeof(number))} with a type that "
                                   f"it has no common number type with")
    if is_complex_type(typeof(number)) and not is_complex_type(type_):
        if number.imag != 0:
            raise inexact_error(type_, number)
        number = number.real
    if type_ in FLOATS or is_complex_type(type_):
        with np.errstate(all="ignore"):
            return host(number)
    whole = exact_integer(number)
    if whole is None or not _fits(whole, type_):
        if type_ is not t.Bool and isinstance(number, int | np.integer):
            raise fault("InexactError", f"trunc({type_name(type_)}, {number})")
        raise inexact_error(type_, number)
    return host(whole)


def exact_integer(number):
    """A host number as a Python int; None when it is not whole."""
    if isinstance(number, int | np.integer | np.bool_):
        return int(number)
    real = float(number)
    return int(real) if math.isfinite(real) and real == math.floor(real) else None


def _fits(whole, type_):
    if type_ is t.Bool:
        return whole in (0, 1)
    limits = np.iinfo(t.NUMPY_TYPES[type_])
    return limits.min <= whole <= limits.max


def numpy_type(element):
    """The numpy type of numbers of a type. Raises MethodError for what arrays hold as objects."""
    if element not in t.NUMPY_TYPES:
        raise fault("MethodError", f"no method for matrices of {type_name(element)}")
    return t.NUMPY_TYPES[element]


def python_number(number):
    """A host number as a Python int, float or complex of the same value, for exact comparison."""
    if isinstance(number, int | float | complex):
        return number
    if number.__class__ is Irrational:
        return number.value
    return number.item()


def numeric(function, *numbers):
    """A numpy function on host numbers without warnings; the result as a host number."""
    with np.errstate(all="ignore"):
        return to_host(function(*numbers))


# --- traced numbers -----------------------------------------------------------------------------------------


def matched(payloads):
    """Payloads of numbers, broadcast to the lanes' shape when one has lanes."""
    shape = ()
    for payload in payloads:
        if len(payload.shape) > len(shape):
            shape = payload.shape
    return [staging.expand(payload, shape) for payload in payloads] if shape else payloads


def emit(op, *numbers, kind=None, **attributes) -> Traced:
    """An op on numbers converted to the type `kind`, by default the one they promote to."""
    kind = kind or number_type(numbers)
    payloads = matched([staging.payload_of(number, kind) for number in numbers])
    return Traced(staging.apply(op, *payloads, **attributes))


def emit_float(op, *numbers) -> Traced:
    """An op on numbers promoted to a float type."""
    return emit(op, *numbers, kind=float_type(number_type(numbers)))


def select(condition, a, b) -> Traced:
    """`a` where the condition holds, else `b`, promoted."""
    kind = number_type((a, b))
    chosen, one, other = matched([staging.payload_of(condition, t.Bool), staging.payload_of(a, kind),
                                  staging.payload_of(b, kind)])
    return Traced(staging.apply("select", chosen, one, other))


def convert_traced(number, type_) -> Traced:
    """A traced (or any) number converted to a type, by truncation to integers."""
    return Traced(staging.convert_payload(staging.payload_of(number), type_), known_as(number, type_))


def known_as(number, type_):
    """The value of a known traced number in another type; None when it is not known."""
    known = getattr(number, "known", None)
    return None if known is None else HOST_TYPES[type_](known)


def number_of(payload):
    """A rank 0 payload as a number: of the host when it is numpy, else traced."""
    if payload.__class__ is Value:
        return Traced(payload)
    return to_host(payload[()])


def on_lanes(number):
    """The numpy payload of a traced number; None for a host number or one whose value only the graph has."""
    return number.data if number.__class__ is Traced and isinstance(number.data, np.ndarray) else None


def require(numbers, allowed):
    """Starts the surrounding broadcast over, element by element, unless `allowed(payload)` holds on all
    concrete lanes: the function then meets the number it has no result for, and says so."""
    for number in numbers:
        payload = on_lanes(number)
        if payload is not None and not np.all(allowed(payload)):
            if state.lanes:
                raise LaneEffect
            return False
    return True


def dual(host, traced, dims=None):
    """A function of numbers: `host` on host numbers, `traced` when one is traced; `dims` on symbolic sizes.

    What is known of traced numbers stays known of the result."""

    def function(*numbers):
        for number in numbers:
            kind = number.__class__
            if kind is Traced or kind is DimNumber:
                return apply_traced(host, traced, dims, numbers)
        return host(*numbers)

    return function


def apply_traced(host, traced, dims, numbers):
    """The part of `dual` for numbers that are not all on the host."""
    if not any(number.__class__ is Traced for number in numbers):
        if dims is not None and all(n.__class__ in (DimNumber, int, bool) for n in numbers):
            result = dims(*numbers)
            if result is not NotImplemented:
                return result
    elif all(n.__class__ is not DimNumber and (n.__class__ is not Traced or n.known is not None)
             for n in numbers):
        known = host(*[n.known if n.__class__ is Traced else n for n in numbers])
        result = traced(*numbers)
        if result.__class__ is Traced:
            result.known = known
        return result
    return traced(*numbers)


def guarded(function, fallback):
    """A float function of `math` that gives `fallback(*numbers)` where `math` raises."""

    def run(*numbers):
        try:
            return function(*numbers)
        except (OverflowError, ValueError, ZeroDivisionError):
            return fallback(*numbers)

    return run
