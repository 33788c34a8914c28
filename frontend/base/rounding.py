"""`floor ceil round trunc`, to a type, to digits, in a rounding mode."""

import math

import numpy as np

from .. import staging
from .. import types as t
from ..staged_numbers import Traced
from ..type_lattice import TypeVar
from ..values import Irrational, Singleton, typeof
from .arithmetic import absolute, add, divide, multiply, sign
from .elements import HOST_TYPES, convert_host, dual, emit, is_integer_type, numeric, require
from .errors import argument_error, inexact_error
from .registry import BASE, define

RoundingMode = t.declare("RoundingMode", parameters=(TypeVar("T"),))


def _mode(name):
    mode = Singleton(f"RoundingMode{{:{name}}}()", RoundingMode.body.family.apply(name))
    BASE.bindings["Round" + name] = mode
    BASE.exports.add("Round" + name)
    return mode


NEAREST, TO_ZERO, UP, DOWN = _mode("Nearest"), _mode("ToZero"), _mode("Up"), _mode("Down")
FROM_ZERO, TIES_AWAY = _mode("FromZero"), _mode("NearestTiesAway")


def rounding(op, python, from_numpy):
    """A rounding function of numbers to whole numbers of the same type; integers are whole."""

    def host(x):
        if x.__class__ is float:
            return math.copysign(float(python(x)), x) if math.isfinite(x) else x
        if is_integer_type(typeof(x)):
            return x
        return numeric(from_numpy, x) if isinstance(x, np.floating) else HOST_TYPES[typeof(x)](host(float(x)))

    return dual(host, lambda x: x if is_integer_type(x.type) else emit(op, x))


FUNCTIONS = {"floor": rounding("floor", math.floor, np.floor), "ceil": rounding("ceil", math.ceil, np.ceil),
             "trunc": rounding("trunc", math.trunc, np.trunc), "round": rounding("round", round, np.rint)}


def _away_from_zero(x):
    return multiply(sign(x), FUNCTIONS["ceil"](absolute(x)))


def _ties_away(x):
    return multiply(sign(x), FUNCTIONS["floor"](add(absolute(x), 0.5)))


MODES = {NEAREST: FUNCTIONS["round"], TO_ZERO: FUNCTIONS["trunc"], UP: FUNCTIONS["ceil"],
         DOWN: FUNCTIONS["floor"],
         FROM_ZERO: _away_from_zero, TIES_AWAY: _ties_away}


def to_integer(type_, x):
    """A whole number in an integer type (or any number in a float type). Raises InexactError where it does
    not fit."""
    if x.__class__ is Traced:
        finite = require((x,), lambda payload: np.isfinite(payload.astype(np.float64)))
        if not finite:
            raise inexact_error(type_, float(x.data))
        return Traced(staging.convert_payload(x.data, type_))
    return convert_host(x, type_)


def _power(base, digits):
    try:
        return float(base) ** digits
    except OverflowError:
        return math.inf


def with_digits(round_, x, digits, significant, base):
    """x rounded to a number of digits after the point, or of significant digits."""
    base = staging.host_integer(base, "the base of digits")
    if base < 2:
        raise argument_error(f"the base of digits must be at least 2, got {base}")
    if significant is not None:
        value, significant = float(x), staging.host_integer(significant, "the number of digits")
        if value == 0 or not math.isfinite(value):
            return x
        digits = significant - 1 - math.floor(math.log(abs(value), base) + 1e-12)
    if is_integer_type(typeof(x)) or x.__class__ is Irrational:
        x = float(x)
    digits = staging.host_integer(digits, "the number of digits")
    if digits >= 0:
        scale = _power(base, digits)
        result = divide(round_(multiply(x, scale)), scale)
    else:
        scale = _power(base, -digits)
        result = multiply(round_(divide(x, scale)), scale)
    if result.__class__ is not Traced and not math.isfinite(result):  # more digits than the type has
        if digits >= 0 or x == 0:
            return x
        result = math.copysign(math.inf if round_(math.copysign(0.25, x)) else 0.0, x)
    if typeof(x) is not t.Float64:
        result = Traced(staging.convert_payload(result.data,
                                                x.type)) if result.__class__ is Traced else HOST_TYPES[
            typeof(x)](result)
    return result


def _register(name, round_):
    def plain(x, digits=None, sigdigits=None, base=10):
        return round_(x) if digits is None and sigdigits is None else with_digits(round_, x, digits,
                                                                                  sigdigits, base)

    def typed(type_, x):
        return to_integer(type_, round_(x))

    define(name, t.Real, keywords=("digits", "sigdigits", "base"))(plain)
    define(name, t.TypeOfType, t.Real)(typed)


for _name, _function in FUNCTIONS.items():
    _register(_name, _function)


def _function_of(mode):
    if mode not in MODES:
        raise argument_error(f"rounding mode {mode} is not supported")
    return MODES[mode]


@define("round", t.Real, RoundingMode, keywords=("digits", "sigdigits", "base"))
def round_in_mode(x, mode, digits=None, sigdigits=None, base=10):
    round_ = _function_of(mode)
    return round_(x) if digits is None and sigdigits is None else with_digits(round_, x, digits, sigdigits,
                                                                              base)


@define("round", t.TypeOfType, t.Real, RoundingMode)
def round_to_type_in_mode(type_, x, mode):
    return to_integer(type_, _function_of(mode)(x))
