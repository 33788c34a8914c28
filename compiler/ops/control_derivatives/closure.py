"""What the derivative of a region needs of the region, and where it gets it from."""

from collections.abc import Callable, Iterable

from ...families import ELEMENTWISE
from ...ir import (
    Block,
    Builder,
    Operation,
    Value,
    captured_values,
    copy_operation,
    defined_dims,
    dim_names_in,
    dim_names_of,
    inline,
    names_of_dims,
)

TRANSCENDENTAL = frozenset("""
    exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sigmoid
    softplus erf pow atan2
""".split())

CHEAP = (ELEMENTWISE - TRANSCENDENTAL) | frozenset("""
    constant iota dim_value reshape transpose broadcast slice dynamic_slice gather concatenate pad reverse
    take_along one_hot
""".split())
"""Ops that are computed again rather than kept for each iteration."""

READS = ("gather", "dynamic_slice")
"""Ops that may take a little of a large operand: of a memory that a loop carries, the row that is read is
kept, not the memory."""

LONGEST_CHAIN = 3
"""So many cheap operations cost less than keeping their result."""


class Closure:
    """A derivative of a region, made self-contained.

    `given` are the values of the region that the derivative is given anyway, `used` those of them that it
    uses; `kept` are values that the region has to hand out, because they are needed and not computed again.
    """

    def __init__(self, derivative: Block, region: Block, given: Iterable[Value],
                 may_keep: Callable[[Value], bool], known_dims: Iterable[str] = ()):
        self.derivative, self.region = derivative, region
        self.given, self.may_keep = set(given), may_keep
        self.inside = set(region.arguments)
        self.invariant: set[Value] = set()  # what depends on values from around only
        self.dim_sources: set[str] = set()
        for operation in region.operations:
            self.inside.update(operation.results)
            if not any(value in self.inside and value not in self.invariant for value in _used(operation)):
                self.invariant.update(operation.results)
            self.dim_sources.update(defined_dims(operation))
        self.dim_sources -= set(known_dims)
        self.needed = {value for value in captured_values(derivative) if value in self.inside}
        self.recomputed: set[Operation] = set()
        kept = self._decide()
        self.used = self.needed & self.given
        arguments = [value for value in region.arguments if value in self.needed - self.given]
        self.kept: list[Value] = arguments + kept[::-1]

    def _decide(self):
        """Goes back through the region: what is needed is kept or computed again, for which more is needed.
        Gives the results kept, the last ones first."""
        dims, kept = dim_names_in(self.derivative), []
        for operation in reversed(self.region.operations):
            wanted = [value for value in reversed(operation.results) if value in self.needed - self.given]
            defines = not dims.isdisjoint(self.dim_sources & set(defined_dims(operation)))
            if defines or not all(map(self._is_worth_keeping, wanted)):
                self.recomputed.add(operation)
                self.needed.update(value for value in _used(operation) if value in self.inside)
                dims |= dim_names_of(operation)
            else:
                kept += wanted
        return kept

    def _is_worth_keeping(self, value):
        is_keepable = self.may_keep(value) and not self.dim_sources & names_of_dims(value.type)
        return is_keepable and not self._is_cheap(value)

    def _is_cheap(self, value):
        """Whether a value is computed again by few cheap operations from what is there, and at most one value
        that has to be kept for this."""
        if value in self.invariant:
            return True
        operations, bases, pending = set(), set(), [value]
        while pending:
            value = pending.pop()
            if value in self.invariant or value not in self.inside or value in self.given:
                continue
            operation = value.operation
            if operation is None or operation.name not in CHEAP or self._reads_memory(operation):
                if value not in self.needed or not operations:
                    bases.add(value)
            elif operation not in operations:
                operations.add(operation)
                pending += operation.operands
            if len(operations) > LONGEST_CHAIN or len(bases) > 1:
                return False
        return bool(operations)

    def _reads_memory(self, operation):
        """Whether an operation takes a part of an array that would have to be kept whole."""
        if operation.name not in READS:
            return False
        whole, part = operation.operands[0], operation.result
        is_there = whole in self.invariant or whole not in self.inside or whole in self.given | self.needed
        return not is_there and (part.rank < whole.rank or part.shape != whole.shape)

    def build(self, builder: Builder, arguments: Iterable[Value], given: dict) -> list[Value]:
        """Appends the recomputed operations and the derivative; gives the derivative's results. `arguments`
        stand for the derivative's own arguments, `given` maps given and kept values to what stands for them.
        """
        mapping = dict(given)
        for operation in self.region.operations:
            if operation in self.recomputed:
                copy_operation(builder, operation, mapping)
        return inline(builder, self.derivative, arguments, mapping)


def _used(operation):
    return operation.operands + [value for region in operation.regions for value in captured_values(region)]
