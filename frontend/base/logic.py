"""Booleans and bits: `! & | ⊻ ~ << >> >>>`, and functions negated or composed by operators."""

import operator

import numpy as np

from .. import types as t
from ..calling import call
from ..dispatch import Method, MethodTable
from ..type_lattice import VarargType
from ..values import Function, missing, typeof
from .arithmetic import host_binary
from .elements import convert_host, dual, emit, select, wrap
from .integers import iteration
from .registry import define

invert_bool = dual(operator.not_, lambda a: emit("not", a))


@define("!", t.Bool)
def logical_not(a):
    return invert_bool(a)


@define("!", t.Function)
def negated_function(f):
    """`!f` is the function `(x...) -> !f(x...)`."""
    from .comparison import negation

    table = MethodTable("!" + getattr(f, "name", "f"))
    signature = t.tuple_type(VarargType(t.Any))
    table.add(Method(signature, (), lambda arguments, keywords,
                     bindings: negation(call(f, arguments, keywords))))
    return Function(table.name, table, captured=(f,))


bitwise_not = dual(lambda a: (not a) if a.__class__ is bool else ~a, lambda a: emit("not", a))


@define("~", t.Integer)
def invert(a):
    return bitwise_not(a)


bit_and = dual(host_binary(operator.and_, on_bool=operator.and_), lambda a, b: emit("and", a, b))
bit_or = dual(host_binary(operator.or_, on_bool=operator.or_), lambda a, b: emit("or", a, b))
bit_xor = dual(host_binary(operator.xor, on_bool=operator.xor), lambda a, b: emit("xor", a, b))


@define("&", t.Integer, t.Integer)
def conjunction(a, b):
    return (a and b) if a.__class__ is b.__class__ is bool else bit_and(a, b)


@define("|", t.Integer, t.Integer)
def disjunction(a, b):
    return (a or b) if a.__class__ is b.__class__ is bool else bit_or(a, b)


@define("⊻ xor", t.Integer, t.Integer)
def exclusive_or(a, b):
    return bit_xor(a, b)


@define("⊼ nand", t.Bool, t.Bool)
def not_both(a, b):
    return invert_bool(conjunction(a, b))


@define("⊽ nor", t.Bool, t.Bool)
def neither(a, b):
    return invert_bool(disjunction(a, b))


@define("! + -", t.Missing)
def of_missing(a):
    return missing


# --- shifts -------------------------------------------------------------------------------------------------


def _bits(type_):
    return 8 * np.dtype(t.NUMPY_TYPES[type_]).itemsize


def _host_shift_left(a, count):
    count = int(count)
    if count < 0:
        return _host_shift_right(a, -count)
    if a.__class__ in (int, bool):
        return wrap(int(a) << count) if count < 64 else 0
    bits = _bits(typeof(a))
    low = (int(a) << count) & (2**bits - 1) if count < bits else 0
    signed = a.__class__ in (np.int8, np.int16, np.int32) and low >= 2**(bits - 1)
    return a.__class__(low - 2**bits if signed else low)


def _host_shift_right(a, count):
    count = int(count)
    if count < 0:
        return _host_shift_left(a, -count)
    shifted = int(a) >> count
    return shifted if a.__class__ in (int, bool) else a.__class__(shifted)


def _host_shift_right_logical(a, count):
    count = int(count)
    if count < 0:
        return _host_shift_left(a, -count)
    type_ = typeof(a) if a.__class__ is not bool else t.Int64
    return convert_host((int(a) & (2**_bits(type_) - 1)) >> count, type_) if count else a


def _traced_shift_right(a, count):
    """An arithmetic shift fills with the sign: of a negative number the complement is shifted."""
    filled = bitwise_not(shift_right_logical(bitwise_not(a), count))
    return select(emit("lt", a, 0, kind=typeof(a)), filled, shift_right_logical(a, count))


shift_left = dual(_host_shift_left, lambda a, n: emit("shift_left", a, n, kind=typeof(a)))
shift_right = dual(_host_shift_right, _traced_shift_right)
shift_right_logical = dual(_host_shift_right_logical, lambda a,
                           n: emit("shift_right_logical", a, n, kind=typeof(a)))


@define("<<", t.Integer, t.Integer)
def shifted_left(a, count):
    return shift_left(a, count)


@define(">>", t.Integer, t.Integer)
def shifted_right(a, count):
    return shift_right(a, count)


@define(">>>", t.Integer, t.Integer)
def shifted_right_logical(a, count):
    return shift_right_logical(a, count)


def _register_counts():
    def counting(count):
        def function(a):
            bits = _bits(typeof(a))
            return count(int(a) & (2**bits - 1), bits)

        return function

    for name, count in (("count_ones", lambda low, bits: low.bit_count()),
                        ("count_zeros", lambda low, bits: bits - low.bit_count()),
                        ("leading_zeros", lambda low, bits: bits - low.bit_length()),
                        ("trailing_zeros", lambda low, bits: (low & -low).bit_length() - 1 if low else bits)):
        iteration(name, t.Integer)(counting(count))


_register_counts()
