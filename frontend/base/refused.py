"""Numbers that the language does not have: rationals and numbers of any size."""

from ...compiler.errors import UnsupportedError
from .. import types as t
from .registry import define


def _refuse(names, what):
    def refuse(*arguments):
        raise UnsupportedError(f"{what} are not supported", kind="UnsupportedError")

    define(names, t.Any, ...)(refuse)


_refuse("// rationalize numerator denominator Rational", "rational numbers")
_refuse("big BigInt BigFloat", "numbers of arbitrary size or precision (BigInt, BigFloat)")
