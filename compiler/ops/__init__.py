"""The ops, a file for each family. `OPS` maps names to records."""

from . import (  # noqa: F401  (importing them fills OPS)
    calls,
    control,
    convolution,
    creation,
    elementwise,
    fused,
    indexing,
    linear,
    mapping,
    normalization,
    pooling,
    random,
    recurrent,
    reduction,
    rows,
    shape,
    sorting,
    transcendental,
)
from .record import OPS, Elementwise, Linear, Multilinear, Op, Regional, Rule, TypeRuleError, Zero

__all__ = ["OPS", "Elementwise", "Linear", "Multilinear", "Op", "Regional", "Rule", "TypeRuleError", "Zero"]
