"""Number theory on integers, and the limits of number types."""

import math
from functools import reduce

import ml_dtypes
import numpy as np

from .. import types as t
from ..calling import call
from ..promotion import promote_type
from ..staged_numbers import DimNumber, Traced
from ..staging import host_integer, host_number
from ..type_lattice import is_subtype, is_type
from ..type_names import type_name
from ..values import Array, Irrational, Range, typeof
from .elements import (
    FLOATS,
    HOST_TYPES,
    INT_MAX,
    convert_host,
    dual,
    emit,
    exact_integer,
    is_complex_type,
    is_integer_type,
    number_type,
)
from .errors import argument_error, domain_error, fault
from .registry import define


def in_language(name, arguments, keywords=None):
    """What the function of this name in `library/integer_functions.jl` gives: for numbers that only the graph
    knows."""
    from ..evaluation.packages import load_package

    return call(load_package("integer_functions").bindings[name], arguments, keywords)


def is_open(number):
    """Whether only the graph knows a number."""
    return number.__class__ is DimNumber or number.__class__ is Traced and number.known is None


def iteration(name, *types):
    """Defines a builtin by a function of numbers on the host; others go to the one in our language."""

    def enter(host):
        define(name, *types)(dual(host, lambda *numbers: in_language(name, numbers)))
        return host

    return enter


def _integers(name, function):
    @iteration(name, t.Integer, t.Integer, ...)
    def several(*numbers):
        kind = number_type(numbers)
        result = reduce(function, map(int, numbers))
        if result > 1 and result > np.iinfo(t.NUMPY_TYPES[kind]).max:
            raise fault("OverflowError", f"{name} of numbers of type {type_name(kind)} does not fit")
        return HOST_TYPES[kind](result)


_integers("gcd", math.gcd)
_integers("lcm", math.lcm)


@iteration("factorial", t.Integer)
def factorial(n):
    n = int(n)
    if n < 0:
        raise domain_error(n, "`n` must not be negative.")
    result = math.factorial(n) if n <= 20 else INT_MAX + 1
    if result > INT_MAX:
        raise fault("OverflowError",
                    f"{n} is too large to look up in the table; consider using `factorial(big({n}))` "
                                     "instead")
    return result


@iteration("binomial", t.Integer, t.Integer)
def binomial(n, k):
    if k < 0:
        return 0
    n, k = int(n), int(k)
    sign, n_, result = (1, n, 1) if n >= 0 else ((-1) ** (k & 1), k - n - 1, 1)
    for i in range(1, min(k, n_ - k) + 1) if k <= n_ else ():
        result = result * (n_ - i + 1) // i
        if result > INT_MAX:
            raise fault("OverflowError", f"binomial({n}, {k}) overflows")
    return sign * result if k <= n_ else 0


def _parity(odd):
    def function(x):
        if x.__class__ is Traced:
            from .arithmetic import remainder

            return emit("ne" if odd else "eq", remainder(x, 2), 0)
        whole = exact_integer(x)
        return whole is not None and whole % 2 == odd

    return function


define("isodd", t.Real)(_parity(1))
define("iseven", t.Real)(_parity(0))


@iteration("ispow2", t.Real)
def is_power_of_two(x):
    if is_integer_type(typeof(x)):
        return bool(x > 0 and int(x) & (int(x) - 1) == 0)
    return bool(x > 0 and math.frexp(x)[0] == 0.5)


@iteration("nextpow", t.Real, t.Real)
def next_power(base, x):
    """The smallest `base^n` not less than x, for an integer n ≥ 0."""
    if base <= 1:
        raise domain_error(base, "`a` must be greater than 1.")
    if not x < math.inf:
        raise domain_error(x, "`x` must be finite.")
    power = 1
    while power < x:
        power *= base
    return power


@iteration("prevpow", t.Real, t.Real)
def previous_power(base, x):
    if base <= 1:
        raise domain_error(base, "`a` must be greater than 1.")
    if not 1 <= x < math.inf:
        raise domain_error(x, "`x` must be at least 1 and finite.")
    power = 1
    while power * base <= x:
        power *= base
    return power


@iteration("isqrt", t.Integer)
def integer_square_root(n):
    if n < 0:
        raise domain_error(n, "`isqrt` takes no negative integer.")
    return math.isqrt(int(n))


@iteration("isprime", t.Integer)
def is_prime(n):
    """Whether n is a prime number: Miller and Rabin's test, which is exact below 2^64 with these bases."""
    n, bases = int(n), (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if n < 2 or any(n % p == 0 for p in bases):
        return n in bases
    twos = ((n - 1) & (1 - n)).bit_length() - 1

    def passes(base):
        power = pow(base, (n - 1) >> twos, n)
        return power == 1 or any(pow(power, 2**k, n) == n - 1 for k in range(twos))

    return all(map(passes, bases))


@define("digits", t.Integer, keywords=("base", "pad"))
def digits(n, base=10, pad=1):
    """The digits of n, the lowest first."""
    if any(is_open(number) for number in (n, base, pad)):
        return in_language("digits", (n,), {"base": base, "pad": pad})
    n, base, pad = host_number(n, "digits"), host_number(base, "digits"), host_integer(pad, "digits")
    if base < 2:
        raise domain_error(base, "`base` must be at least 2 here.")
    found, rest = [], abs(n)
    while rest or len(found) < pad:
        found.append(rest % base)
        rest //= base
    return Array(np.array(found, dtype=np.int64) * (-1 if n < 0 else 1))


@define("ndigits", t.Integer, keywords=("base", "pad"))
def digit_count(n, base=10, pad=1):
    if any(is_open(number) for number in (n, base, pad)):
        return in_language("ndigits", (n,), {"base": base, "pad": pad})
    return len(digits(n, base=base, pad=pad).data)


@iteration("powermod", t.Integer, t.Integer, t.Integer)
def power_modulo(x, p, m):
    return pow(x, p, m)


@iteration("invmod", t.Integer, t.Integer)
def inverse_modulo(x, m):
    try:
        return convert_host(pow(int(x), -1, int(m)), promote_type(typeof(x), typeof(m)))
    except ValueError:
        raise domain_error((x, m), "Greatest common divisor is not 1.") from None


# --- limits -------------------------------------------------------------------------------------------------


def _type_of(argument):
    """The type meant by an argument that is a type or a number."""
    return argument if is_type(argument) else typeof(argument)


def _limits(type_, name):
    if type_ in FLOATS:
        return ml_dtypes.finfo(t.NUMPY_TYPES[type_])
    if type_ in HOST_TYPES and is_subtype(type_, t.Integer) and type_ is not t.Bool:
        return np.iinfo(t.NUMPY_TYPES[type_])
    raise fault("MethodError", f"no method matching {name}(::Type{{{type_name(type_)}}})")


def _limit(name, of_float, of_integer=None, of_bool=None):
    def limit(argument):
        type_ = _type_of(argument)
        if type_ is t.Bool and of_bool is not None:
            return of_bool
        found = _limits(type_, name)
        if type_ not in FLOATS and of_integer is None:
            raise fault("MethodError", f"no method matching {name}(::Type{{{type_name(type_)}}})")
        return HOST_TYPES[type_](of_float(found) if type_ in FLOATS else of_integer(found))

    define(name, t.TypeOfType)(limit)
    define(name, t.Real)(limit)


_limit("typemax", lambda limits: math.inf, lambda limits: limits.max, True)
_limit("typemin", lambda limits: -math.inf, lambda limits: limits.min, False)
_limit("floatmax", lambda limits: limits.max)
_limit("floatmin", lambda limits: limits.tiny)
_limit("maxintfloat", lambda limits: 2.0 ** (limits.nmant + 1))


@define("eps")
def machine_epsilon():
    return float(np.finfo(np.float64).eps)


@define("eps", t.TypeOfType)
def epsilon_of_type(type_):
    return HOST_TYPES[type_](_limits(type_, "eps").eps)


@define("eps", t.AbstractFloat)
def spacing(x):
    """The distance to the next larger number of the type."""
    if x.__class__ is Traced:
        from .arithmetic import absolute, multiply
        from .comparison import maximum
        from .powers import power

        exponent = emit("floor",
                        emit("log2", maximum(absolute(x), HOST_TYPES[x.type](_limits(x.type, "eps").tiny))))
        return multiply(power(HOST_TYPES[x.type](2), exponent), epsilon_of_type(x.type))
    if not math.isfinite(x):
        return HOST_TYPES[typeof(x)](math.nan)
    return HOST_TYPES[typeof(x)](np.abs(np.spacing(x)))


@define("nextfloat", t.AbstractFloat)
def next_float(x):
    return HOST_TYPES[typeof(x)](np.nextafter(x, HOST_TYPES[typeof(x)](math.inf)))


@define("prevfloat", t.AbstractFloat)
def previous_float(x):
    return HOST_TYPES[typeof(x)](np.nextafter(x, HOST_TYPES[typeof(x)](-math.inf)))


def _unit(name, value):
    def unit(argument):
        type_ = _type_of(argument)
        if type_ in HOST_TYPES:
            return HOST_TYPES[type_](value)
        if type_ in (t.Number, t.Real, t.Integer) or (isinstance(argument, Irrational)):
            return value if not isinstance(argument, Irrational) else bool(value)
        if type_ is t.AbstractFloat:
            return float(value)
        if is_complex_type(type_):
            return complex(value)
        raise fault("MethodError", f"no method matching {name}(::Type{{{type_name(type_)}}})")

    define(name, t.Number)(unit)
    define(name, t.TypeOfType)(unit)


_unit("zero", 0)
_unit("one", 1)
_unit("oneunit", 1)


@define("sizeof", t.Any)
def byte_size(argument):
    type_ = _type_of(argument)
    if argument.__class__ is str:
        return len(argument.encode())
    if argument.__class__ is Array:
        return argument.data.size * argument.data.dtype.itemsize
    if argument.__class__ is Range and argument.start.__class__ is int:
        return 16 if argument.step == 1 else 24
    if type_ not in t.NUMPY_TYPES:
        raise argument_error(f"the size of a {type_name(type_)} in bytes is not defined")
    return int(np.dtype(t.NUMPY_TYPES[type_]).itemsize)


@define("precision", t.TypeOfType)
def significand_bits(type_):
    return int(_limits(type_, "precision").nmant) + 1


@iteration("exponent", t.AbstractFloat)
def exponent(x):
    return math.frexp(float(x))[1] - 1


@iteration("significand", t.AbstractFloat)
def significand(x):
    return HOST_TYPES[typeof(x)](2 * math.frexp(float(x))[0]) if x != 0 else x


@iteration("ldexp", t.AbstractFloat, t.Integer)
def scale_by_power_of_two(x, n):
    return HOST_TYPES[typeof(x)](math.ldexp(float(x), n))


@define("modf", t.Real)
def fraction_and_whole(x):
    fraction, whole = math.modf(float(x))
    kind = HOST_TYPES[typeof(x)] if typeof(x) in FLOATS else float
    return kind(fraction), kind(whole)
