"""Simplification: rules, merging of equal operations, removal of unused ones, until nothing changes."""

from ..ir import Function
from ..rewrite import Rules, rewrite
from . import algebra, constant_folding, contractions, movement
from .loops import invariants

RULES = algebra.RULES | movement.RULES | contractions.RULES | invariants.RULES | constant_folding.RULES

ROUNDS = 10
"""A rewrite sees later uses only in the next round; more than three rounds are rare."""


def simplify(function: Function, rules: Rules = RULES) -> Function:
    """An equivalent function in normal form; its derivatives are the same too."""
    for _ in range(ROUNDS):
        function, changes = rewrite(function, rules)
        if not changes:
            break
    return function
