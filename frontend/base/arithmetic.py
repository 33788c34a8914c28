"""`+ - * / \\ ÷ fld cld rem mod` on numbers, with Julia's promotion, wrap-around and errors."""

import math
import operator

import numpy as np

from .. import staging
from .. import types as t
from ..calling import call
from ..staged_numbers import DimNumber, Traced
from ..type_lattice import is_subtype
from ..type_names import type_name
from ..values import typeof
from .elements import (
    HOST_TYPES,
    INT_MIN,
    convert_host,
    dual,
    emit,
    emit_float,
    float_type,
    guarded,
    is_complex_type,
    is_integer_type,
    number_type,
    numeric,
    require,
    select,
    wrap,
)
from .errors import divide_error, fault
from .registry import define, function


def host_binary(python, on_bool=None):
    """A binary function of host numbers: `python` on two ints (the result wraps), floats, or numpy
    scalars."""

    def function(a, b):
        if a.__class__ is b.__class__ is np.float32:
            with np.errstate(all="ignore"):
                return python(a, b)
        kind = number_type((a, b))
        if kind is t.Int64:
            return wrap(python(int(a), int(b)))
        if kind is t.Bool:
            return python(int(a), int(b)) if on_bool is None else on_bool(a, b)
        a, b = convert_host(a, kind), convert_host(b, kind)
        if kind is t.Float64 or is_complex_type(kind):
            return python(a, b)
        with np.errstate(all="ignore"):
            return HOST_TYPES[kind](python(a, b))

    return function


def arithmetic_type(*numbers):
    """The type that numbers are added in: Bool counts as Int64."""
    kind = number_type(numbers)
    return t.Int64 if kind is t.Bool else kind


def quick(on_int, on_float, other):
    """`other`, with a short way for Int64, Float64 and both together."""

    def function(a, b):
        kind, kind_b = a.__class__, b.__class__
        if kind is kind_b:
            if kind is float:
                return on_float(a, b)
            if kind is int:
                return on_int(a, b)
        elif (kind is int and kind_b is float) or (kind is float and kind_b is int):
            return on_float(a, b)
        return other(a, b)

    return function


def _traced_product(a, b):
    if number_type((a, b)) is t.Bool:
        return emit("and", a, b)
    return emit("mul", a, b)


add = quick(lambda a, b: wrap(a + b), operator.add, dual(
    host_binary(operator.add), lambda a, b: emit("add", a, b, kind=arithmetic_type(a, b)), operator.add))
subtract = quick(lambda a, b: wrap(a - b), operator.sub, dual(
    host_binary(operator.sub), lambda a, b: emit("sub", a, b, kind=arithmetic_type(a, b)), operator.sub))
multiply = quick(lambda a, b: wrap(a * b), operator.mul, dual(
    host_binary(operator.mul, on_bool=operator.and_), _traced_product, operator.mul))


def _float_quotient(a, b):
    if b == 0:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)
    return a / b


def _complex_quotient(a, b):
    return complex(np.divide(np.complex128(a), np.complex128(b)))


def host_divide(a, b):
    kind = float_type(number_type((a, b)))
    a, b = convert_host(a, kind), convert_host(b, kind)
    if kind is t.Float64:
        return _float_quotient(a, b)
    with np.errstate(all="ignore"):
        return _complex_quotient(a, b) if a.__class__ is complex else HOST_TYPES[kind](a / b)


divide = quick(lambda a, b: _float_quotient(float(a), float(b)), _float_quotient, dual(
    host_divide, lambda a, b: emit_float("div", a, b)))


# --- integer division ---------------------------------------------------------------------------------------


def truncated_quotient(a: int, b: int) -> int:
    """The quotient rounded to zero."""
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def truncated_remainder(a: int, b: int) -> int:
    """The remainder with the sign of the dividend."""
    return a - b * truncated_quotient(a, b)


float_remainder = guarded(math.fmod, lambda a, b: math.nan)


def float_modulo(a: float, b: float) -> float:
    """The remainder with the sign of the divisor."""
    remainder = float_remainder(a, b)
    if remainder == 0:
        return math.copysign(remainder, b)
    return remainder + b if (remainder > 0) != (b > 0) and remainder == remainder else remainder


def integer_division(on_int, on_float):
    """A function of two host numbers: of integers, where a zero divisor is an error, and of floats."""

    def function(a, b):
        if a.__class__ is b.__class__ is int and b > 0:
            return on_int(a, b)
        kind = number_type((a, b))
        a, b = convert_host(a, kind), convert_host(b, kind)
        if is_complex_type(kind):
            raise fault("MethodError", "no method matching division with rest for complex numbers")
        if not is_integer_type(kind):
            return HOST_TYPES[kind](on_float(float(a), float(b)))
        if b == 0:
            raise divide_error()
        result = on_int(int(a), int(b))
        if result == -int(a) and result != 0 and result > _largest(kind):
            raise divide_error()
        return HOST_TYPES[kind](result)

    return function


def _largest(kind):
    return 1 if kind is t.Bool else np.iinfo(t.NUMPY_TYPES[kind]).max


def _divisible(a, b):
    """Whether no integer lane has divisor zero (see `require`)."""
    if is_integer_type(number_type((a, b))):
        if not require((b,), lambda divisor: divisor != 0) or (b.__class__ is not Traced and b == 0):
            raise divide_error()


def _round_float(rounding):
    """A float quotient that is whole: exact where `a / b` would round up to the next."""
    return guarded(lambda a, b: float(rounding(a, b)), lambda a, b: host_divide(a, b))


def _traced_remainder(op):
    def function(a, b):
        _divisible(a, b)
        return emit(op, a, b)

    return function


def _traced_div(a, b):
    _divisible(a, b)
    if is_integer_type(number_type((a, b))):
        return emit("idiv", a, b)
    return emit("round", divide(subtract(a, remainder(a, b)), b))


def _traced_fld(a, b):
    _divisible(a, b)
    whole = subtract(a, modulo(a, b))
    return emit("idiv", whole, b) if is_integer_type(number_type((a, b))) else emit("round", divide(whole, b))


def _on_sizes(operation):
    """A division of symbolic sizes."""

    def divided(a, b):
        if b.__class__ is int and b == 0:
            raise divide_error()
        return operation(a, b)

    return divided


def _truncated(a, b):
    """The quotient towards zero, as a size where the sign of the numerator is known."""
    if b.__class__ is not DimNumber and b < 0:
        a, b = -a, -b
    signs = {a < 0} if a.__class__ is not DimNumber else {c < 0 for _, c in a.dim.terms}
    if len(signs) != 1:
        return NotImplemented
    return -(-a // b) if True in signs else a // b


remainder = dual(integer_division(truncated_remainder, float_remainder), _traced_remainder("rem"))
modulo = dual(integer_division(operator.mod, float_modulo), _traced_remainder("mod"),
              _on_sizes(operator.mod))
quotient = dual(
    integer_division(truncated_quotient, _round_float(lambda a, b: round((a - float_remainder(a, b)) / b))),
    _traced_div, _on_sizes(_truncated))
floored_quotient = dual(
    integer_division(operator.floordiv, _round_float(lambda a, b: round((a - float_modulo(a, b)) / b))),
    _traced_fld, _on_sizes(operator.floordiv))


def ceiled_quotient(a, b):
    return negate(floored_quotient(negate(a), b))


# --- one operand --------------------------------------------------------------------------------------------


def host_negate(a):
    kind = a.__class__
    if kind is float or kind is complex:
        return -a
    if kind is int:
        return -a if a != INT_MIN else a
    if kind is bool:
        return -int(a)
    return numeric(np.negative, a) if isinstance(a, np.generic) else -a.value


negate = dual(host_negate, lambda a: emit("neg", a, kind=arithmetic_type(a)), operator.neg)


def _register(names, function, *signature):
    """Registers a function of numbers made by `dual`."""

    def method(*numbers):
        return function(*numbers)

    define(names, *signature)(method)


for _names, _function in (("+", add), ("-", subtract), ("*", multiply), ("/", divide), ("÷ div", quotient),
                          ("% rem", remainder), ("mod", modulo), ("fld", floored_quotient),
                          ("cld", ceiled_quotient)):
    _register(_names, _function, t.Real, t.Real)
_register("-", negate, t.Number)


@define("+ *", t.Number)
def plus(a):
    return int(a) if a.__class__ is bool else a


@define("\\", t.Number, t.Number)
def divide_into(a, b):
    return call(function("/"), (b, a))


@define("+", t.Any, t.Any, t.Any, t.Any, ...)
def add_many(*operands):
    return _fold("+", operands)


@define("*", t.Any, t.Any, t.Any, t.Any, ...)
def multiply_many(*operands):
    return _fold("*", operands)


def _fold(name, operands):
    generic = function(name)
    total = operands[0]
    for operand in operands[1:]:
        total = call(generic, (total, operand))
    return total


@define("divrem", t.Real, t.Real)
def quotient_and_remainder(a, b):
    return quotient(a, b), remainder(a, b)


@define("fldmod", t.Real, t.Real)
def floored_quotient_and_modulo(a, b):
    return floored_quotient(a, b), modulo(a, b)


@define("mod1", t.Real, t.Real)
def one_based_modulo(a, b):
    return add(modulo(subtract(a, 1), b), 1)


@define("fld1", t.Real, t.Real)
def one_based_quotient(a, b):
    return add(floored_quotient(subtract(a, 1), b), 1)


@define("mod", t.Number, t.AbstractUnitRange)
def modulo_range(a, range_):
    """The element of the range that `a` is congruent to."""
    return add(modulo(subtract(a, range_.start), range_.length), range_.start)


@define("% rem mod", t.Integer, t.TypeOfType)
def wrapped_integer(a, type_):
    """`x % T`: the integer with the low bits of x."""
    if a.__class__ is Traced:
        return Traced(staging.convert_payload(a.data, type_))
    if type_ is t.Bool:
        return bool(int(a) & 1)
    if not is_integer_type(type_):
        raise fault("MethodError", f"no method matching rem(::{type_name(typeof(a))}, ::Type{{"
                                   f"{type_name(type_)}}})")
    bits = 8 * np.dtype(t.NUMPY_TYPES[type_]).itemsize
    low = int(a) & (2**bits - 1)
    signed = is_subtype(type_, t.Signed) and low >= 2**(bits - 1)
    return HOST_TYPES[type_](low - 2**bits if signed else low)


@define("muladd fma", t.Number, t.Number, t.Number)
def multiply_add(a, b, c):
    return add(multiply(a, b), c)


@define("inv", t.Number)
def inverse(a):
    return divide(one_like(a), a)


def one_like(a):
    """One, in the type of a number."""
    type_ = typeof(a)
    return HOST_TYPES[type_](1) if type_ in HOST_TYPES else 1


def zero_like(a):
    """Zero, in the type of a number."""
    type_ = typeof(a)
    return HOST_TYPES[type_](0) if type_ in HOST_TYPES else False


@define("abs2", t.Number)
def squared_magnitude(a):
    if is_complex_type(typeof(a)):
        def squares(z):
            return z.real * z.real + z.imag * z.imag

        return Traced(squares(a.data)) if a.__class__ is Traced else numeric(squares, a)
    return multiply(a, a)


def _host_abs(a):
    if a.__class__ is int:
        return wrap(abs(a))
    if a.__class__ is float or a.__class__ is bool:
        return abs(a) if a.__class__ is float else a
    return numeric(np.abs, a) if isinstance(a, np.generic | complex) else abs(a.value)


def _traced_abs(a):
    if is_complex_type(a.type):
        return Traced(np.abs(a.data))
    return a if a.type is t.Bool or is_subtype(a.type, t.Unsigned) else emit("abs", a)


def _host_sign(a):
    if a.__class__ is float:
        return math.nan if a != a else a if a == 0 else math.copysign(1.0, a)
    if isinstance(a, int):
        return a if a.__class__ is bool else (a > 0) - (a < 0)
    return numeric(np.sign, a) if isinstance(a, np.generic) else host_divide(a, _host_abs(a))


absolute = dual(_host_abs, _traced_abs)
sign = dual(_host_sign, lambda a: a if a.type is t.Bool else emit("sign", a))
_register("abs", absolute, t.Number)
_register("sign", sign, t.Number)


def _host_sign_bit(a):
    return math.copysign(1.0, a) < 0 if isinstance(a, float | np.floating) else bool(float(a) < 0)


def _traced_sign_bit(a):
    """Of floats -0.0 counts as negative: 1/x tells it from 0.0."""
    if is_integer_type(a.type):
        return emit("lt", a, 0, kind=a.type) if a.type is not t.Bool else select(a, False, False)
    zero = emit("eq", a, 0)
    return select(zero, emit("lt", divide(one_like(a), a), 0), emit("lt", a, 0))


sign_bit = dual(_host_sign_bit, _traced_sign_bit)
_register("signbit", sign_bit, t.Real)


def _host_copy_sign(a, b):
    return host_negate(a) if _host_sign_bit(a) != _host_sign_bit(b) else plus(a)


copy_sign = dual(_host_copy_sign, lambda a, b: select(sign_bit(b), negate(absolute(a)), absolute(a)))
flip_sign = dual(lambda a, b: host_negate(a) if _host_sign_bit(b) else plus(a),
                 lambda a, b: select(sign_bit(b), negate(a), a))
_register("copysign", copy_sign, t.Real, t.Real)
_register("flipsign", flip_sign, t.Real, t.Real)
