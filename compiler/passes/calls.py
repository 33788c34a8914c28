"""Inlining of functions that come with derivatives of their own, once derivatives have been taken."""

from ..ir import Function, inline
from ..rewrite import Rules, rewrite

RULES = Rules()


@RULES("call_with_rule")
def inline_call(b, operation):
    """A call is its primal."""
    return inline(b, operation.regions[0], operation.operands)


def inline_calls(function: Function) -> Function:
    """The function with the primals of its calls in their places."""
    return rewrite(function, RULES)[0]
