"""What is needed only as a sum over the lanes: the cotangents of weights, above all.

A sum over the lanes of a product of two batched values is one contraction that sums over the lanes too; the
products of the single lanes are never made. The demand goes from the sum backwards: through additions and
other linear ops, the results of `if`, and accumulators of loops, to values that are used nowhere else.
"""

from ..ir import Block, Operation, Value
from ..ops.batching.lanes import Lanes
from ..ops.batching.loops import depending, mentions
from ..ops.loop_parts import LoopParts
from ..types import dim_names

LINEAR = frozenset("add sub neg identity reshape transpose broadcast slice reverse concatenate reduce_sum pad"
                   .split())


def needed_as_sum(lanes: Lanes, block: Block, wanted: set[int]) -> set[Value]:
    """The values of a block, and of the regions in it, of which only the sum over the lanes is needed when
    that is so of the results at the positions `wanted`."""
    if not wanted:
        return set()
    return _Demand(lanes, block, wanted, set(block.arguments)).needed


class _Demand:
    def __init__(self, lanes, block, wanted, varying, ragged=()):
        self.lanes, self.block = lanes, block
        self.needed: set[Value] = set()
        self.uses = _uses(block)
        self.ragged: set[str] = set(ragged)  # with what the block itself defines
        self.varying = depending(lanes, block, varying, self.ragged)
        self.wanted = {value for index, value in enumerate(block.results) if index in wanted}
        self.wanted -= {value for index, value in enumerate(block.results) if index not in wanted}
        for operation in reversed(block.operations):
            results = [value for value in operation.results if self._is_needed(value)]
            if operation.name == "if":
                self._enter_arms(operation, results)
            elif operation.name == "loop":
                results = [value for value in results if self._enter_loop(operation, value)]
            elif operation.regions:
                results = []
            self.needed.update(results)
        self.needed.update(value for value in block.arguments if self._is_needed(value))

    def _is_needed(self, value):
        """Whether every use of a value is one of its sum."""
        uses = self.uses.get(value, [])
        if any(dim_names(dim) & self.ragged for dim in value.shape) or not (uses or value in self.wanted):
            return False
        is_yielded = value in self.block.results
        return (not is_yielded or value in self.wanted) and all(self._is_sum(value, user) for user in uses)

    def _is_sum(self, value, user: Operation | None):
        if user is None or any(result not in self.needed for result in user.results if user.name != "loop"):
            return False
        if user.name in LINEAR:
            is_linear = user.name != "pad" or user.attributes["value"] == 0
            return is_linear and not mentions(user, self.ragged)
        if user.name == "mul":
            return sum(operand is value for operand in user.operands) == 1 and not any(
                operand in self.varying for operand in user.operands if operand is not value)
        if user.name == "loop":
            _, _, carried, _ = LoopParts(user.attributes, user.regions[0]).operands(user.operands)
            positions = [index for index, one in enumerate(carried) if one is value]
            return len(positions) == sum(one is value for one in user.operands) and all(
                user.results[index] in self.needed for index in positions)
        return False

    def _enter_arms(self, operation, results):
        wanted = {value.index for value in results}
        for region in operation.regions if wanted else ():
            self.needed |= _Demand(self.lanes, region, wanted, self.varying, self.ragged).needed

    def _enter_loop(self, operation, result):
        """Whether a result of a loop is an accumulator: each trip adds to it, and does nothing else with it.
        """
        (region,) = operation.regions
        loop = LoopParts(operation.attributes, region)
        if result.index >= loop.carried:
            return False
        argument = region.arguments[1 + result.index]
        position = result.index + loop.conditional
        inside = _Demand(self.lanes, region, {position}, self.varying | set(region.arguments), self.ragged)
        if argument not in inside.needed or not inside.adds_to(region.results[position], argument):
            return False
        self.needed |= inside.needed
        return True

    def adds_to(self, value, argument):
        """Whether a value is a sum of which an argument is one term."""
        operation = value.operation
        if len(self.uses.get(value, ())) + (value in self.wanted) != 1:
            return False
        if value is argument:
            return True
        if operation is None or operation.name != "add" or value not in self.needed:
            return False
        return any(self.adds_to(operand, argument) for operand in operation.operands)


def _uses(block) -> dict[Value, list[Operation | None]]:
    """The operations of a block that use each value; None stands for a use in a region."""
    uses: dict[Value, list[Operation | None]] = {}
    for operation in block.operations:
        for value in operation.operands:
            uses.setdefault(value, []).append(operation)
        for region in operation.regions:
            for value in _used_in(region):
                uses.setdefault(value, []).append(None)
    return uses


def _used_in(block):
    for operation in block.operations:
        yield from operation.operands
        for region in operation.regions:
            yield from _used_in(region)
    yield from block.results
