"""`^`: integer powers of integers wrap, negative ones are errors; float powers follow IEEE."""

import math

import numpy as np

from .. import types as t
from ..calling import call
from ..staged_numbers import Traced
from ..type_lattice import is_subtype
from ..values import Irrational, typeof
from .arithmetic import divide, multiply, one_like
from .elements import (
    HOST_TYPES,
    convert_host,
    dual,
    emit,
    emit_float,
    float_type,
    is_complex_type,
    is_integer_type,
    number_type,
    require,
)
from .errors import domain_error
from .registry import define, function

_COMPLEX_RESULT = ("Exponentiation yielding a complex result requires a complex argument.\n"
                   "Replace x^y with (x+0im)^y, Complex(x)^y, or similar.")


def _negative_power(x, p):
    return domain_error(p, f"Cannot raise an integer x to a negative power {p}.\n"
                           f"Make x or {p} a float by adding a zero decimal (e.g., {x}.0^{p} or {x}^{p}.0 "
                           f"instead of {x}^{p}) or write 1/x^{-p}, float(x)^{p}, x^float({p}) or "
                           f"(x//1)^{p}.")


def host_power(x, p):
    if x.__class__ is Irrational and x.name == "ℯ":
        from .mathematics import exponential

        return exponential(p)
    x_type, p_type = typeof(x), typeof(p)
    if is_integer_type(p_type) and is_integer_type(x_type):
        return _integer_power(x, x_type, int(p))
    kind = x_type if is_integer_type(p_type) and x_type in HOST_TYPES else number_type((x, p))
    x = convert_host(x, kind)
    if is_complex_type(kind):
        return HOST_TYPES[kind](np.power(HOST_TYPES[kind](x), HOST_TYPES[kind](p)))
    if is_integer_type(p_type) and 0 <= p <= 3:  # as Julia's literal powers: products
        return (one_like(x), x, x * x, x * x * x)[p]
    if x < 0 and not float(p).is_integer() and math.isfinite(p):
        raise domain_error(x, _COMPLEX_RESULT)
    if kind is t.Float64:
        return _float_power(x, float(p))
    with np.errstate(all="ignore"):
        return HOST_TYPES[kind](np.power(np.float64(x), np.float64(p)))


def _float_power(x, p):
    try:
        return math.pow(x, p)
    except (OverflowError, ValueError):  # math.pow raises where IEEE gives infinity
        with np.errstate(all="ignore"):
            return float(np.power(np.float64(x), np.float64(p)))


def _integer_power(x, x_type, p):
    kind = x_type
    if p < 0:
        if int(x) in (1, -1):
            return HOST_TYPES[kind](int(x) ** (-p))
        raise _negative_power(x, p)
    if kind is t.Bool:
        return bool(x) or p == 0
    bits = 8 * np.dtype(t.NUMPY_TYPES[kind]).itemsize
    low = pow(int(x), p, 2**bits)
    signed = is_subtype(kind, t.Signed) and low >= 2**(bits - 1)
    return HOST_TYPES[kind](low - 2**bits if signed else low)


def _traced_power(x, p):
    x_type, p_type = typeof(x), typeof(p)
    if p.__class__ is int and is_integer_type(p_type):
        if p == 0:
            return one_like(x)
        if p <= 3 and p > 0:
            return x if p == 1 else multiply(x, x) if p == 2 else multiply(multiply(x, x), x)
        if p < 0 and not is_integer_type(x_type):
            return divide(one_like(x), _traced_power(x, -p))
    if is_integer_type(x_type) and is_integer_type(p_type):
        if not require((p,), lambda power: power >= 0) or (p.__class__ is int and p < 0):
            raise _negative_power("x", p if p.__class__ is int else int(np.min(p.data)))
        return emit("pow", x, p, kind=x_type)
    if is_integer_type(p_type):
        return emit("pow", x, p, kind=float_type(x_type))
    if x.__class__ is Traced and p.__class__ is not Traced and not float(p).is_integer():
        require((x,), lambda base: ~(base < 0))
    return emit_float("pow", x, p)


power = dual(host_power, _traced_power)


@define("^", t.Number, t.Number)
def raise_to(x, p):
    return power(x, p)


@define("literal_pow", t.Any, t.Integer)
def literal_power_of_others(x, p):
    """`x^p` of what is not a number: a string repeated, a matrix multiplied."""
    return call(function("^"), (x, p))


@define("literal_pow", t.Number, t.Integer)
def literal_power(x, p):
    """`x^p` where p is written as a literal: of integers, a negative one is a power of the inverse."""
    if p.__class__ is int and p < 0 and is_integer_type(typeof(x)):
        return power(divide(1, x), -p)
    return power(x, p)
