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
        self.given, self.used, self.may_keep = set(given), set(), may_keep
        self.recomputed: set[Operation] = set()
        self.kept: dict[Value, None] | list[Value] = {}
        self.inside = set(region.arguments)
        self.invariant: set[Value] = set()
        self.dim_sources: dict[str, Operation] = {}
        for operation in region.operations:
            self.inside.update(operation.results)
            if not any(value in self.inside and value not in self.invariant for value in _used(operation)):
                self.invariant.update(operation.results)
            for name in defined_dims(operation):
                self.dim_sources[name] = operation
        for name in known_dims:
            self.dim_sources.pop(name, None)
        self._find()

    def _find(self):
        for name in sorted(dim_names_in(self.derivative)):
            if name in self.dim_sources:
                self._recompute(self.dim_sources[name])
        for value in captured_values(self.derivative):
            self._need(value)
        self.kept = [value for value in self.kept if value.operation not in self.recomputed]

    def _need(self, value):
        if value in self.given:
            self.used.add(value)
        if not self._is_missing(value) or value in self.kept or value.operation in self.recomputed:
            return
        if value.operation is None or (self._is_keepable(value) and not self._is_cheap(value)):
            self.kept[value] = None
        else:
            self._recompute(value.operation)

    def _is_missing(self, value):
        return value in self.inside and value not in self.given

    def _is_keepable(self, value):
        return self.may_keep(value) and not self.dim_sources.keys() & names_of_dims(value.type)

    def _is_cheap(self, value):
        """Whether a value is computed again by few cheap operations from what is there, and at most one value
        that has to be kept."""
        if value in self.invariant:
            return True
        operations, bases, pending = set(), set(), [value]
        while pending:
            value = pending.pop()
            operation = value.operation
            if value in self.invariant or value in self.kept or not self._is_missing(value):
                continue
            if operation is None or operation.name not in CHEAP or self._reads_memory(operation):
                bases.add(value)
            elif operation not in self.recomputed and operation not in operations:
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
        return (whole not in self.invariant and whole not in self.kept and self._is_missing(whole)
                and (part.rank < whole.rank or part.shape != whole.shape))

    def _recompute(self, operation):
        if operation in self.recomputed:
            return
        self.recomputed.add(operation)
        for name in sorted(dim_names_of(operation)):
            if name in self.dim_sources:
                self._recompute(self.dim_sources[name])
        for value in _used(operation):
            self._need(value)

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
