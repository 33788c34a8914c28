"""The elementary functions: exponentials, logarithms, roots, trigonometry; and what kind of number a number
is.

On the host a Float64 goes through the C library, other floats through it with the result rounded to their
type."""

import math

import numpy as np

from .. import types as t
from ..calling import call
from ..staged_numbers import Traced
from ..type_lattice import is_subtype
from ..values import Array, Irrational, typeof
from .arithmetic import absolute, add, divide, multiply, one_like, sign
from .elements import (
    HOST_TYPES,
    convert_host,
    convert_traced,
    dual,
    emit,
    emit_float,
    exact_integer,
    float_type,
    guarded,
    is_complex_type,
    is_integer_type,
    number_type,
    numeric,
    require,
)
from .errors import domain_error
from .powers import power
from .registry import BASE, define, function

_COMPLEX_ONLY = ("{} was called with a {} but will only return a complex result if called with a complex "
                 "argument. Try {}(Complex(x)).")


def _negative(name):
    return lambda x: x >= 0, _COMPLEX_ONLY.format(name, "negative real argument", name)


DOMAINS = {
    "sqrt": _negative("sqrt"), "log": _negative("log"), "log2": _negative("log2"),
    "log10": _negative("log10"),
    "log1p": (lambda x: x >= -1, _COMPLEX_ONLY.format("log1p", "real argument < -1", "log1p")),
    "asin": (lambda x: abs(x) <= 1, "asin(x) is not defined for |x| > 1."),
    "acos": (lambda x: abs(x) <= 1, "acos(x) not defined for |x| > 1."),
    "acosh": (lambda x: x >= 1, "acosh(x) is only defined for x ≥ 1."),
    "atanh": (lambda x: abs(x) <= 1, "atanh(x) is only defined for |x| ≤ 1."),
    **{name: (np.isfinite, f"{name}(x) is only defined for finite x.") for name in ("sin", "cos", "tan")},
}
"""Where functions are defined (NaN is in no domain and no error), and Julia's message for what is outside."""


def elementary(name, traced=None):
    """The function `name` of the C library on numbers, and the op of this name (or `traced`) on traced
    ones."""
    from_numpy = getattr(np, name)
    on_float = guarded(getattr(math, name), lambda x: float(numeric(from_numpy, np.float64(x))))
    allowed, message = DOMAINS.get(name, (None, None))
    emit_op = traced or (lambda x: emit_float(name, x))

    def host(x):
        if x.__class__ is not float:
            kind = float_type(typeof(x))
            if is_complex_type(kind):
                return numeric(from_numpy, x)
            if kind is not t.Float64:
                return HOST_TYPES[kind](host(float(x)))
            x = float(x)
        if allowed is not None and x == x and not allowed(x):
            raise domain_error(x, message)
        return on_float(x)

    def on_traced(x):
        if allowed is not None and not require((x,), lambda payload: allowed(payload) | (payload != payload)):
            raise domain_error(float(x.data), message)
        return emit_op(x)

    return dual(host, on_traced)


def _named(names, function, *signature):
    def method(*numbers):
        return function(*numbers)

    define(names, *(signature or (t.Number,)))(method)
    return function


def _as_float(x):
    return convert_traced(x, float_type(typeof(x)))


def _constant(value):
    """A host float in the type of a traced number."""
    return lambda x: HOST_TYPES[float_type(x.type)](value)


exponential = _named("exp", elementary("exp"))
for _name in "expm1 log1p sin cos tan asin acos sinh cosh tanh asinh acosh atanh".split():
    _named(_name, elementary(_name))
square_root = _named("sqrt √", elementary("sqrt"))
logarithm = _named("log", elementary("log"))
sine, cosine = elementary("sin"), elementary("cos")
_named("log2", elementary("log2"))
_named("log10", elementary("log10"))
_named("exp2", elementary("exp2", lambda x: power(_constant(2)(x), x)))


def _host_exp10(x):
    kind = float_type(typeof(x))
    return HOST_TYPES[kind](power(10.0, complex(x) if is_complex_type(kind) else float(x)))


_named("exp10", dual(_host_exp10, lambda x: power(_constant(10)(x), x)))



def _host_cbrt(x):
    """The C library's root, made exact for cubes by a step of Newton's method."""
    root = math.cbrt(x)
    return root - (root * root * root - x) / (3 * root * root) if root and math.isfinite(root) else root


def _traced_cbrt(x):
    return multiply(sign(x), power(absolute(x), _constant(1 / 3)(x)))


_named("cbrt ∛", dual(lambda x: HOST_TYPES[float_type(typeof(x))](_host_cbrt(float(x))), _traced_cbrt),
       t.Real)


@define("∜", t.Real)
def fourth_root(x):
    return square_root(square_root(x))


_atan_one = elementary("atan")


@define("atan", t.Number)
def arc_tangent(x):
    return _atan_one(x)


def float_binary(host_function, traced):
    """A function of two reals promoted to a float type."""

    def host(a, b):
        kind = float_type(number_type((a, b)))
        return HOST_TYPES[kind](host_function(float(a), float(b)))

    return dual(host, traced)


arc_tangent_of_pair = _named("atan", float_binary(math.atan2, lambda y, x: emit_float("atan2", y, x)), t.Real,
                             t.Real)
_named("hypot", float_binary(math.hypot, lambda a, b: square_root(add(multiply(a, a), multiply(b, b)))),
       t.Real, t.Real)


@define("hypot", t.Real, t.Real, t.Real, ...)
def hypotenuse(*sides):
    total = multiply(sides[0], sides[0])
    for side in sides[1:]:
        total = add(total, multiply(side, side))
    return square_root(total)


@define("log", t.Number, t.Number)
def logarithm_to_base(base, x):
    return call(function("/"), (call(function("log"), (x,)), call(function("log"), (base,))))


# --- angles -------------------------------------------------------------------------------------------------


def _finite(function):
    """An angle function of finite numbers. Raises DomainError for infinite ones."""

    def checked(x):
        if math.isinf(x):
            raise domain_error(x, "the angle must be finite")
        return function(x)

    return checked


@_finite
def _host_sin_pi(x):
    x = math.remainder(x, 2.0)
    return math.sin(math.pi * (math.copysign(1.0, x) - x if abs(x) > 0.5 else x))


@_finite
def _host_cos_pi(x):
    x = abs(math.remainder(x, 2.0))
    return 0.0 if x == 0.5 else math.cos(math.pi * x)


@_finite
def _host_cos_degrees(x):
    return math.copysign(0.5, 90 - abs(x % 360 - 180)) * -1 if x % 180 in (60, 120) else _host_cos_pi(x / 180)


@_finite
def _host_sin_degrees(x):
    return math.copysign(0.5, 180 - x % 360) if x % 180 in (30, 150) else _host_sin_pi(x / 180)


def _float_unary(host_function, traced):
    return dual(lambda x: HOST_TYPES[float_type(typeof(x))](host_function(float(x))), traced)


def _scaled(function, factor):
    return lambda x: function(multiply(_as_float(x), _constant(factor)(x)))


_named("sinpi", _float_unary(_host_sin_pi, _scaled(sine, math.pi)), t.Real)
_named("cospi", _float_unary(_host_cos_pi, _scaled(cosine, math.pi)), t.Real)
_named("sind", _float_unary(_host_sin_degrees, _scaled(sine, math.pi / 180)), t.Real)
_named("cosd", _float_unary(_host_cos_degrees, _scaled(cosine, math.pi / 180)), t.Real)
_named("deg2rad", _float_unary(lambda x: x * (math.pi / 180), _scaled(lambda x: x, math.pi / 180)), t.Real)
_named("rad2deg", _float_unary(lambda x: x * (180 / math.pi), _scaled(lambda x: x, 180 / math.pi)), t.Real)


@define("mod2pi", t.Real)
def modulo_circle(x):
    """The angle in [0, 2π)."""
    from .arithmetic import modulo

    return modulo(x, 2 * math.pi)


@define("sincos", t.Number)
def sine_and_cosine(x):
    return sine(x), cosine(x)


@define("sec", t.Number)
def secant(x):
    return divide(1, cosine(x))


@define("csc", t.Number)
def cosecant(x):
    return divide(1, sine(x))


@define("cot", t.Number)
def cotangent_function(x):
    return divide(cosine(x), sine(x))


def _host_sinc(x):
    return 1.0 if x == 0 else 0.0 if math.isinf(x) else _host_sin_pi(x) / (math.pi * x)


_named("sinc", _float_unary(_host_sinc, lambda x: _traced_sinc(_as_float(x))), t.Real)


def _traced_sinc(x):
    from .elements import select

    zero = emit("eq", x, 0)
    angle = multiply(select(zero, one_like(x), x), _constant(math.pi)(x))
    return select(zero, one_like(x), divide(sine(angle), angle))


# --- kinds of numbers ---------------------------------------------------------------------------------------


def _is_float(x):
    return is_subtype(typeof(x), t.AbstractFloat)


def _test(name, on_float, op, otherwise):
    def traced(x):
        if _is_float(x):
            return emit(op, x)
        return emit("eq" if otherwise else "ne", x, x)

    return _named(name,
                  dual(lambda x: bool(on_float(x)) if _is_float(x) or isinstance(x, complex) else otherwise,
                             traced))


def _isfinite(x):
    return math.isfinite(x) if not isinstance(x, complex) else np.isfinite(x)


is_nan = _test("isnan", lambda x: x != x, "is_nan", False)
is_infinite = _test("isinf", lambda x: np.isinf(x), "is_inf", False)
is_finite = _test("isfinite", _isfinite, "is_finite", True)


@define("iszero", t.Number)
def is_zero(x):
    return emit("eq", x, 0) if x.__class__ is Traced else bool(x == 0)


@define("isone", t.Number)
def is_one(x):
    return emit("eq", x, 1) if x.__class__ is Traced else bool(x == 1)


@define("isinteger", t.Number)
def is_integer(x):
    if x.__class__ is Traced:
        return emit("eq", x, x) if is_integer_type(x.type) else emit("eq", emit("floor", x), x)
    if isinstance(x, complex | np.complexfloating):
        return x.imag == 0 and is_integer(x.real)
    return x.__class__ is not Irrational and exact_integer(x) is not None


@define("isreal", t.Number)
def is_real(x):
    return not is_complex_type(typeof(x)) or x.imag == 0


@define("float", t.Number)
def to_float(x):
    """x as a floating-point number."""
    kind = float_type(typeof(x))
    return _as_float(x) if x.__class__ is Traced else convert_host(x, kind)


def _complex_part(from_numpy, of_real):
    """A function of complex numbers, on the host or in concrete lanes; `of_real` of real ones."""

    def function(x):
        if not is_complex_type(typeof(x)):
            return of_real(x)
        return Traced(np.array(from_numpy(x.data))) if x.__class__ is Traced else numeric(from_numpy, x)

    return function


real = _named("real", _complex_part(np.real, lambda x: x))
imaginary = _named("imag", _complex_part(np.imag, lambda x: multiply(x, HOST_TYPES[typeof(x)](0))))
conjugate = _named("conj", _complex_part(np.conj, lambda x: x))
_named("angle", _complex_part(np.angle, lambda x: arc_tangent_of_pair(0.0, x)))


@define("reim", t.Number)
def real_and_imaginary(x):
    return real(x), imaginary(x)


@define("evalpoly", t.Number, t.Any)
def evaluate_polynomial(x, coefficients):
    """Σ coefficients[k] xᵏ⁻¹ by Horner's rule."""
    from .iteration import iterate

    if coefficients.__class__ is Array and not isinstance(coefficients.size[0], int):
        from ..batching.staged_folds import folded
        from .iterators import NOTHING_GIVEN

        muladd = function("muladd")
        return folded(lambda item, total: call(muladd, (x, total, item)), (coefficients,), NOTHING_GIVEN,
                      from_right=True)
    *rest, total = iterate(coefficients)
    for coefficient in reversed(rest):
        total = call(function("muladd"), (x, total, coefficient))
    return total


_CONSTANTS = {
    "π": Irrational("π", math.pi), "ℯ": Irrational("ℯ", math.e), "Inf": math.inf, "NaN": math.nan,
    "Inf32": np.float32(math.inf), "NaN32": np.float32(math.nan), "Inf16": np.float16(math.inf),
    "NaN16": np.float16(math.nan), "Inf64": math.inf, "NaN64": math.nan,
}
_CONSTANTS["pi"] = _CONSTANTS["π"]
for _name, _value in _CONSTANTS.items():
    BASE.bindings[_name] = _value
    BASE.exports.add(_name)
    BASE.constants.add(_name)
