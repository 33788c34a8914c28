"""What the language does not have: rationals, larger numbers, code made by programs, tasks, C functions."""

from ...compiler.errors import UnsupportedError
from .. import types as t
from .registry import define

REFUSED = {}
"""The names that are known but refused, by what they would need."""


def _refuse(names, what):
    REFUSED[what] = names.split()

    def refuse(*arguments):
        raise UnsupportedError(f"{what} are not supported", kind="UnsupportedError")

    define(names, t.Any, ...)(refuse)


_refuse("// rationalize numerator denominator Rational", "rational numbers")
_refuse("Int128 UInt128", "128-bit integers")
_refuse("big BigInt BigFloat", "numbers of arbitrary size or precision (BigInt, BigFloat)")
_refuse("eval Expr include_string", "programs that make programs (eval, Expr)")
_refuse("Task Channel schedule", "tasks and channels")
_refuse("ccall unsafe_load unsafe_wrap", "calls of C functions and raw memory")
