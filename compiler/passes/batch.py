"""Batching: every `map` becomes code for all of its lanes at once.

Inner maps come first, so that a map around them meets only ordinary operations. What becomes of each
operation says the rule in its record (`Op.batch`); what rules work with is in `ops/batching/lanes.py`. A map
with a construct that has no batched form stays as it is, a loop over its lanes, and the report says why.
"""

from dataclasses import dataclass, field

from ..errors import Location
from ..ir import Block, Builder, Function, Operation, Value
from ..ops.batching.batched import Batched, CannotBatch, Summed
from ..ops.batching.lanes import Lanes
from ..ops.map_parts import MapParts
from ..ops.record import TypeRuleError
from ..rewrite import use_counts, with_body
from ..types import symbol
from .batch_sums import needed_as_sum


@dataclass(frozen=True)
class Decision:
    """What became of one map: `construct` and `reason` say what kept it from being batched, `where`."""

    location: Location | None
    is_batched: bool
    construct: str = ""
    reason: str = ""
    where: Location | None = None

    def __str__(self):
        place = f"{self.location}: " if self.location else ""
        if self.is_batched:
            return f"{place}the examples are computed together"
        cause = f" (at {self.where})" if self.where and self.where != self.location else ""
        return f"{place}one example after the other, because of {self.construct}: {self.reason}{cause}"


@dataclass
class Report:
    """What the pass did, in the order of the maps."""

    decisions: list[Decision] = field(default_factory=list)


def batch(function: Function, report: Report | None = None) -> Function:
    """The function with its maps batched, as far as they can be."""
    if not _has_map(function.body):
        return function
    pass_ = _Pass(function, Report() if report is None else report)
    body = Block([Value(value.type, name=value.name) for value in function.body.arguments])
    pass_.block(Builder(body), function.body, dict(zip(function.body.arguments, body.arguments)))
    return with_body(function, body)


def _has_map(block):
    return any(operation.name == "map" or any(map(_has_map, operation.regions))
               for operation in block.operations)


class _Pass:
    def __init__(self, function, report):
        self.report, self.users = report, _users(function.body)
        self.moved: dict[Value, Value] = {}
        self.depth = 0  # how many maps are around

    def block(self, builder, block, mapping):
        """Copies a block into a builder's, whose arguments are there, with the maps in it batched."""
        for operation in block.operations:
            self.operation(builder, operation, mapping)
        builder.block.results = [self.plain(builder, mapping, value) for value in block.results]

    def region(self, region, mapping) -> Block:
        block = Block([Value(value.type, name=value.name) for value in region.arguments])
        self.block(Builder(block), region, {**mapping, **dict(zip(region.arguments, block.arguments))})
        return block

    def operation(self, builder, operation, mapping):
        builder.location = operation.location
        operands = [mapping.get(value, value) for value in operation.operands]
        if operands and isinstance(operands[0], Summed):
            results = [_rest_of_sum(builder, operation, operands[0])]
        else:
            results = None
            self.depth += operation.name == "map"
            regions = [self.region(region, mapping) for region in operation.regions]
            self.depth -= operation.name == "map"
            if operation.name == "map":
                results = self.map(builder, operation, operands, regions[0])
            if results is None:
                operands = [self.plain(builder, mapping, value) for value in operation.operands]
                results = builder.emit(operation.name, operands, operation.attributes, regions)
                results = results if isinstance(results, list) else [results]
        for old, new in zip(operation.results, results, strict=True):
            self.define(builder, mapping, old, new)

    def define(self, builder, mapping, old, new):
        """Enters what a result has become. That of a map has the axis of lanes where it came out; only where
        something other than a map uses it, is it moved to the front."""
        if isinstance(new, Batched) and new.axis and any(
                user is None or user.name != "map" for user in self.users.get(old, ())):
            self.moved[old] = _moved(builder, new)
        elif isinstance(new, Batched) and not new.axis:
            new = new.value
        mapping[old] = new
        value = new if isinstance(new, Value) else new.value
        if old.name and not value.name:
            value.name = old.name

    def plain(self, builder, mapping, value) -> Value:
        """What a value has become, with the axis of lanes first."""
        found = mapping.get(value, value)
        if not isinstance(found, Batched):
            return found
        return self.moved[value] if value in self.moved else _moved(builder, found)

    def map(self, builder, operation: Operation, operands, region) -> list[Value | Summed] | None:
        """The results of a map, batched; None where it stays. Of one that only sums over the lanes use, the
        sum."""
        kept = len(builder.block.operations)
        try:
            results = _batch_map(builder, operation, operands, region, self.summed(operation),
                                 is_outermost=self.depth == 0)
        except (CannotBatch, TypeRuleError) as error:
            del builder.block.operations[kept:]
            is_known = isinstance(error, CannotBatch)
            construct, reason = (error.construct, error.reason) if is_known else ("its body", str(error))
            self.report.decisions.append(Decision(operation.location, False, construct, reason,
                                                  error.location if is_known else None))
            return None
        self.report.decisions.append(Decision(operation.location, True))
        return results

    def summed(self, operation):
        """Which results of a map are used only by sums over the lanes."""
        parts = MapParts(operation.attributes, operation.regions[0])
        return {index for index, (result, value) in enumerate(zip(operation.results, parts.region.results))
                if not any(map(parts.is_ragged, value.shape))
                and self.users.get(result) and all(map(_is_sum_over_lanes, self.users[result]))}


def _moved(builder, x: Batched) -> Value:
    """A batched value with the axis of lanes first."""
    order = (x.axis, *(axis for axis in range(x.rank + 1) if axis != x.axis))
    return builder.transpose(x.value, permutation=order)


def _is_sum_over_lanes(user):
    return user is not None and user.name == "reduce_sum" and 0 in user.attributes["axes"]


def _rest_of_sum(builder, operation, summed):
    """A sum over the lanes, and over other axes, of what has been summed over the lanes."""
    axes = tuple(axis - 1 for axis in operation.attributes["axes"] if axis)
    return builder.reduce_sum(summed.value, axes=axes) if axes else summed.value


def _users(block, users=None) -> dict[Value, list[Operation | None]]:
    """The operations that use each value, regions included; None stands for a block that yields it."""
    users = {} if users is None else users
    for operation in block.operations:
        for value in operation.operands:
            users.setdefault(value, []).append(operation)
        for region in operation.regions:
            _users(region, users)
    for value in block.results:
        users.setdefault(value, []).append(None)
    return users


def _batch_map(builder, operation, operands, region, summed, is_outermost) -> list[Batched | Summed]:
    """The results of a map. The lanes of one inside of another are not moved together: how many there are
    would differ from lane to lane of the other."""
    parts = MapParts(operation.attributes, region)
    lengths, data = parts.operands(operands)
    lanes = Lanes(builder, operation.operands[0].shape[0])
    lanes.may_compact = is_outermost
    for name, value, bound in zip(parts.ragged, lengths, parts.bounds):
        lanes.add_ragged(name, value, bound)
    for inner, outer in parts.defines:
        lanes.rename(inner, symbol(outer))
    for argument, value in zip(region.arguments, data):
        x = value if isinstance(value, Batched) else Batched(value, 0, ())
        lanes.values[argument] = Batched(x.value, x.axis, argument.shape)
    lanes.unused.update(_unused(region, use_counts(region)))
    lanes.needed_as_sum.update(needed_as_sum(lanes, region, summed))
    results = []
    for index, (one, result) in enumerate(zip(lanes.run(region), operation.results)):
        if index in summed:
            results.append(Summed(lanes.total(one)))
            continue
        one = lanes.batched(one)
        if lanes.batch_shape(one.shape) != result.shape:
            raise CannotBatch("map", f"the bound {lanes.batch_shape(one.shape)} of a result of shape "
                              f"{one.shape} is not {result.shape}", operation.location)
        results.append(one)
    return results


def _unused(block, counts):
    """The results of operations that nothing uses."""
    for operation in block.operations:
        yield from (value for value in operation.results if value not in counts)
        for region in operation.regions:
            yield from _unused(region, counts)
