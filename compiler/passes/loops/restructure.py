"""The pass over loops."""

from ...ir import Function
from ..simplify import RULES as SIMPLIFICATIONS
from ..simplify import simplify
from . import hoisting, indexing, projections, sinking

RULES = indexing.RULES | sinking.RULES | hoisting.RULES | projections.RULES


def restructure_loops(function: Function) -> Function:
    """An equivalent function, whose sums may be taken in another order."""
    return simplify(function, SIMPLIFICATIONS | RULES)
