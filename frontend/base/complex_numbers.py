"""Complex numbers by their parts: integers, and parts that are traced because they are differentiated.

A complex number of two host floats is a Python complex or numpy's. Any other, `1 + 2im` or one whose parts
only the graph knows, is a struct of type `Complex{T}` with the fields `re` and `im`. The methods here serve
all kinds: host floats go on to the functions of numbers; the rest is computed from the parts, on the
principal branches and with the functions of real numbers, so that derivatives come with them.
"""

from itertools import product

import numpy as np

from .. import types as t
from ..calling import call
from ..promotion import promote_type
from ..staged_numbers import Traced
from ..state import LaneEffect, state
from ..type_lattice import UnionAll, is_subtype
from ..values import Struct, typeof
from . import arithmetic, comparison, conversion, mathematics, powers
from .arithmetic import add, divide, multiply, negate, one_like, subtract, zero_like
from .elements import COMPLEX_FAMILY, convert_host, float_type, is_complex_type, is_integer_type
from .errors import fault, inexact_error
from .registry import BASE, define, function

_HOST = (complex, np.complex64)


def complex_number(real, imaginary):
    """`Complex(real, imaginary)`, the parts promoted to a common type."""
    kind = promote_type(typeof(real), typeof(imaginary))
    if not is_subtype(kind, t.Real) or kind not in t.NUMPY_TYPES:
        kind = t.Float64
    real, imaginary = conversion.convert_number(kind, real), conversion.convert_number(kind, imaginary)
    if kind in (t.Float64, t.Float32) and real.__class__ is not Traced and imaginary.__class__ is not Traced:
        return complex(real, imaginary) if kind is t.Float64 else np.complex64(complex(real, imaginary))
    return Struct(COMPLEX_FAMILY.apply(kind), [real, imaginary])


def is_complex(x):
    """Whether a value is a complex number of any kind."""
    return x.__class__ in _HOST or (x.__class__ is Struct and x.type.family is COMPLEX_FAMILY)


def parts(x):
    """The real and the imaginary part."""
    if x.__class__ is Struct:
        return x.fields
    if x.__class__ in _HOST:
        kind = float if x.__class__ is complex else np.float32
        return kind(x.real), kind(x.imag)
    return x, zero_like(x)


def as_host(x):
    """A complex number of host numbers as a Python complex or numpy's; None for one with traced parts."""
    if x.__class__ is not Struct:
        return None if x.__class__ is Traced else x
    if any(part.__class__ is Traced for part in x.fields):
        return None
    return convert_host(complex(*x.fields), COMPLEX_FAMILY.apply(float_type(x.type.parameters[0])))


def _function(names, on_numbers, of_parts, *signatures):
    """Registers a function of complex numbers: `on_numbers` of host floats and lanes, `of_parts` of any."""

    def method(*numbers):
        return of_parts(*numbers) if _by_parts(numbers) else on_numbers(*numbers)

    for signature in signatures or ((t.Complex,),):
        define(names, *signature)(method)


def _by_parts(numbers):
    """Whether numbers are computed with part by part. Concrete lanes beside such a number start the broadcast
    over, element by element."""
    lanes = struct = graph = False
    for number in numbers:
        if number.__class__ is Struct:
            struct = True
        elif number.__class__ is Traced:
            lanes |= isinstance(number.data, np.ndarray)
            graph |= not isinstance(number.data, np.ndarray)
    if lanes and struct and state.lanes:
        raise LaneEffect
    return struct or graph


def _elementary(name, of_parts):
    """Registers an elementary function: host numbers, integers too, by the functions of numbers."""
    original = next(m.python for m in function(name).methods.methods if m.signature is _NUMBER)

    def run(z):
        host = as_host(z) if _by_parts((z,)) else z
        return of_parts(z) if host is None else original(host)

    define(name, t.Complex)(run)


_NUMBER = t.tuple_type(t.Number)
_TWO = ((t.Complex, t.Number), (t.Number, t.Complex), (t.Complex, t.Complex))



def _sum(a, b):
    (p, q), (r, s) = parts(a), parts(b)
    return complex_number(add(p, r), add(q, s))


def _difference(a, b):
    (p, q), (r, s) = parts(a), parts(b)
    return complex_number(subtract(p, r), subtract(q, s))


def _product(a, b):
    (p, q), (r, s) = parts(a), parts(b)
    if not is_complex(a) or not is_complex(b):  # a real factor: no products with zero
        return complex_number(multiply(p, r), multiply(p, s) if is_complex(b) else multiply(q, r))
    return complex_number(subtract(multiply(p, r), multiply(q, s)), add(multiply(p, s), multiply(q, r)))


def _quotient(a, b):
    (p, q), (r, s) = parts(a), parts(b)
    if all(isinstance(part, int) for part in (p, q, r, s)):  # exact but for the last step
        return complex_number(divide(p * r + q * s, r * r + s * s), divide(q * r - p * s, r * r + s * s))
    a_host, b_host = as_host(a), as_host(b)
    if a_host is not None and b_host is not None:
        return divide(a_host, b_host)
    if not is_complex(b):
        return complex_number(divide(p, r), divide(q, r))
    return _product(a, complex_number(divide(r, _squares(b)), negate(divide(s, _squares(b)))))


def _squares(z):
    real, imaginary = parts(z)
    return add(multiply(real, real), multiply(imaginary, imaginary))


def _power(z, p):
    if is_integer_type(typeof(p)) and p.__class__ is not Traced:
        count = int(p)
        if count < 0:
            return _quotient(1.0, _power(z, -count))
        result, factor = one_like(parts(z)[0]), z
        result = complex_number(result, zero_like(result))
        while count:
            if count & 1:
                result = _product(result, factor)
            factor = _product(factor, factor) if count > 1 else factor
            count >>= 1
        return result
    z_host, p_host = as_host(z), as_host(p)
    if z_host is not None and p_host is not None:
        return powers.power(z_host, p_host)
    return _exponential(_product(p, _logarithm(z)))


def _exponential(z):
    real, imaginary = parts(z)
    size = mathematics.exponential(real)
    return complex_number(multiply(size, mathematics.cosine(imaginary)),
                          multiply(size, mathematics.sine(imaginary)))


def _logarithm(z):
    return complex_number(mathematics.logarithm(_size(z)), _angle(z))


def _size(z):
    return call(function("hypot"), tuple(parts(z)))


def _angle(z):
    real, imaginary = parts(z)
    return mathematics.arc_tangent_of_pair(imaginary, real)


def _square_root(z):
    return _exponential(_product(0.5, _logarithm(z)))


def _hyperbolic(name, argument):
    return call(function(name), (argument,))


def _sine(z):
    x, y = parts(z)
    return complex_number(multiply(mathematics.sine(x), _hyperbolic("cosh", y)),
                          multiply(mathematics.cosine(x), _hyperbolic("sinh", y)))


def _cosine(z):
    x, y = parts(z)
    return complex_number(multiply(mathematics.cosine(x), _hyperbolic("cosh", y)),
                          negate(multiply(mathematics.sine(x), _hyperbolic("sinh", y))))


def _times_i(z):
    real, imaginary = parts(z)
    return complex_number(negate(imaginary), real)


def _hyperbolic_sine(z):  # -i sin(iz)
    real, imaginary = parts(_sine(_times_i(z)))
    return complex_number(imaginary, negate(real))


def _hyperbolic_cosine(z):
    return _cosine(_times_i(z))


_function("+", add, _sum, *_TWO)
_function("-", subtract, _difference, *_TWO)
_function("*", multiply, _product, *_TWO)
_function("/", divide, _quotient, *_TWO)
_function("^ literal_pow", powers.power, _power, (t.Complex, t.Number), (t.Number, t.Complex),
          (t.Complex, t.Complex), (t.Complex, t.Integer))
_function("-", negate, lambda z: complex_number(*map(negate, parts(z))))
_function("abs", arithmetic.absolute, _size)
_function("abs2", arithmetic.squared_magnitude, _squares)
_function("real", mathematics.real, lambda z: parts(z)[0])
_function("imag", mathematics.imaginary, lambda z: parts(z)[1])
_function("conj adjoint", mathematics.conjugate, lambda z: complex_number(parts(z)[0], negate(parts(z)[1])))
_function("reim", mathematics.real_and_imaginary, lambda z: tuple(parts(z)))
_function("isreal", mathematics.is_real, lambda z: comparison.equal(parts(z)[1], 0))

for _name, _of_parts in (
        ("exp", _exponential), ("log", _logarithm), ("sqrt", _square_root),
        ("√", _square_root), ("sin", _sine), ("cos", _cosine),
        ("tan", lambda z: _quotient(_sine(z), _cosine(z))), ("sinh", _hyperbolic_sine),
        ("cosh", _hyperbolic_cosine),
        ("tanh", lambda z: _quotient(_hyperbolic_sine(z), _hyperbolic_cosine(z))), ("angle", _angle)):
    _elementary(_name, _of_parts)


def _no_parts(name):
    def refuse(z):
        raise fault("UnsupportedError", f"{name} of a complex number that is differentiated is not supported")

    return refuse


for _name in "expm1 log1p asin acos atan asinh acosh atanh log2 log10 exp2 exp10 sincos sec csc cot".split():
    _elementary(_name, _no_parts(_name))


def _part_by_part(name, combine):
    """A question about complex numbers that is one about both parts."""
    for signature in _TWO:
        define(name, *signature)(lambda a, b, name=name: combine(
            [call(function(name), pair) for pair in zip(parts(a), parts(b), strict=True)]))


def _both(answers):
    return call(function("&"), tuple(answers))


_part_by_part("==", _both)
_part_by_part("isequal", _both)
define("!= ≠", t.Complex, t.Number)(lambda a, b: comparison.negation(call(function("=="), (a, b))))
define("!= ≠", t.Number, t.Complex)(lambda a, b: comparison.negation(call(function("=="), (a, b))))
define("!= ≠", t.Complex, t.Complex)(lambda a, b: comparison.negation(call(function("=="), (a, b))))

for _name in ("iszero", "isfinite", "isinteger"):
    define(_name, t.Complex)(lambda z, name=_name: _both(
        [call(function(name if index == 0 or name != "isinteger" else "iszero"), (part,))
         for index, part in enumerate(parts(z))]))
for _name in ("isnan", "isinf"):
    define(_name, t.Complex)(lambda z, name=_name: call(
        function("|"), tuple(call(function(name), (part,)) for part in parts(z))))


@define("zero", t.Complex)
def zero(z):
    return complex_number(*[zero_like(part) for part in parts(z)])


@define("one oneunit", t.Complex)
def one(z):
    real, imaginary = parts(z)
    return complex_number(one_like(real), zero_like(imaginary))


@define("float", t.Complex)
def to_float(z):
    return complex_number(*[call(function("float"), (part,)) for part in parts(z)])


@define("complex", t.Complex)
def to_complex(z):
    return z


@define("complex", t.Real)
def complex_of_real(x):
    return complex_number(x, zero_like(x))


@define("complex", t.Real, t.Real)
def complex_of_parts(x, y):
    return complex_number(x, y)


@define("cis", t.Real)
def on_unit_circle(x):
    return complex_number(mathematics.cosine(x), mathematics.sine(x))


@define("cispi", t.Real)
def half_turns_on_unit_circle(x):
    """As `cis(π * x)`, exact at multiples of a half."""
    return complex_number(call(function("cospi"), (x,)), call(function("sinpi"), (x,)))


@conversion.constructs(t.Complex, t.Real, t.Real)
def construct_of_parts(type_, real, imaginary):
    made = complex_number(real, imaginary)
    return made if isinstance(type_, UnionAll) else convert_complex(type_, made)


@define("inv", t.Complex)
def inverse(z):
    return call(function("/"), (one(z), z))


for _first, _second, _third in product((t.Complex, t.Number), repeat=3):
    if t.Complex in (_first, _second, _third):
        define("muladd fma", _first, _second, _third)(
            lambda a, b, c: call(function("+"), (call(function("*"), (a, b)), c)))


def _close(a, b, **keywords):
    hosts = as_host(a), as_host(b)
    if None not in hosts:
        return comparison.numbers_close(*hosts, **keywords)
    pairs = zip(parts(a), parts(b), strict=True)
    return _both([comparison.numbers_close(p, q, **keywords) for p, q in pairs])


for _signature in _TWO:
    define("isapprox ≈", *_signature, keywords=("atol", "rtol", "nans", "norm"))(_close)


@define("round", t.Complex, keywords=("digits", "sigdigits", "base"))
def rounded(z, **keywords):
    return complex_number(*[call(function("round"), (part,), keywords) for part in parts(z)])


@define("sign", t.Complex)
def direction(z):
    return z if call(function("iszero"), (z,)) else call(function("/"), (z, call(function("abs"), (z,))))


@conversion.constructs(t.Number, t.Complex)
def construct(type_, z):
    return convert_complex(type_, z)


def convert_complex(type_, z):
    """A complex number in another number type; a real one where the imaginary part is zero."""
    if is_subtype(typeof(z), type_):
        return z
    if type_ is t.Complex:
        return z if is_complex(z) else complex_number(*parts(z))
    if is_complex_type(type_):
        part = type_.parameters[0]
        return complex_number(*[conversion.convert_number(part, x) for x in parts(z)])
    real, imaginary = parts(z)
    if imaginary.__class__ is Traced or imaginary != 0:
        raise inexact_error(type_, z)
    return conversion.convert_number(type_, real)


IMAGINARY_UNIT = Struct(COMPLEX_FAMILY.apply(t.Bool), [False, True])
BASE.bindings["im"] = IMAGINARY_UNIT
BASE.exports.add("im")
BASE.constants.add("im")
