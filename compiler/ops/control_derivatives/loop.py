"""Derivatives of `loop`: a loop over the iterations that ran, backwards or forwards, which reads what it
needs of each from stacked results."""

from ...ir import Block, Builder, Value, captured_values
from ..dependence import depending_values, influencing_values
from ..loop_parts import INDEX, LoopParts
from ..shape import slice_axis
from . import checkpointing
from .closure import Closure


class _Loop(LoopParts):
    """A loop with its values by role; `results` are those of the operation, `following` and `stacked` those
    of the region."""

    def __init__(self, operation):
        (region,) = operation.regions
        super().__init__(operation.attributes, region)
        self.operation = operation
        _, _, self.starts, self.scanned = self.operands(operation.operands)
        self.index, self.carries, self.slices = self.arguments(region.arguments)
        _, self.following, self.stacked = self.yielded(region.results)
        # what an iteration reads of these stays as it is to the end
        self.written_once = {self.carries[index]: operation.results[index]
                             for index in operation.attributes.get("once", ())}

    def split(self, items):
        """What belongs to the results as (carried, stacked)."""
        items = list(items)
        return items[:self.carried], items[self.carried:]

    def stack_of(self, value) -> Value:
        """The stacked result for a value of the region; appended to the operation where there is none."""
        operation = self.operation
        if value not in self.stacked:
            self.stacked.append(value)
            self.region.results.append(value)
            operation.results.append(Value(self.outer_type(value.type), operation, len(operation.results)))
        return operation.results[self.carried + self.stacked.index(value)]

    def scanned_part(self, b, value):
        """A scanned operand as far as the loop ran."""
        is_whole = not self.is_open or value.shape[0] == self.trips
        return value if is_whole else slice_axis(b, value, 0, 0, self.trips)


def depends(operation, active):
    """See `Regional`."""
    loop = _Loop(operation)
    captured = [value for value in captured_values(loop.region) if value in active]
    captured += [argument for argument, operand in zip(loop.slices, loop.scanned) if operand in active]
    carried = [value in active for value in loop.starts]
    while True:
        arguments = [argument for argument, is_active in zip(loop.carries, carried) if is_active]
        inside = depending_values(loop.region.operations, captured + arguments)
        following = [known or value in inside for known, value in zip(carried, loop.following)]
        if following == carried:
            return carried + [value in inside for value in loop.stacked]
        carried = following


def vjp(b, operation, cotangents, wanted, pullback):
    """See `Regional`. The cotangents of captured values are carried sums."""
    if operation.attributes.get("checkpoint"):
        results, operations = checkpointing.in_segments(b, operation)
        return list(zip(wanted, pullback(b, operations, list(zip(results, cotangents)), wanted)))
    loop = _Loop(operation)
    wanted = set(wanted)
    final, stacks = loop.split(cotangents)
    seeds = {index: Value(loop.stacked[index].type) for index, one in enumerate(stacks) if one is not None}
    captured = [value for value in captured_values(loop.region) if value in wanted]
    slices = [argument for argument, operand in zip(loop.slices, loop.scanned) if operand in wanted]
    carried = _carried_back(loop, final, seeds, wanted)
    block = Block()
    inner = Builder(block, b.location)
    changes = {index: Value(loop.carries[index].type) for index in carried}
    pairs = [(loop.following[index], change) for index, change in changes.items()]
    pairs += [(loop.stacked[index], seed) for index, seed in seeds.items()]
    inputs = [*(loop.carries[index] for index in carried), *slices, *captured]
    found = dict(zip(inputs, pullback(inner, loop.region.operations, pairs, inputs)))
    captured = [value for value in captured if found[value] is not None]
    slices = [value for value in slices if found[value] is not None]
    sums = [Value(value.type) for value in captured]
    block.arguments = [*changes.values(), *sums, *seeds.values()]
    block.results = [inner.full(0, change) if found[loop.carries[index]] is None
                     else found[loop.carries[index]] for index, change in changes.items()]
    block.results += [inner.add(total, found[value]) for total, value in zip(sums, captured)]
    block.results += [found[value] for value in slices]
    starts = [b.full(0, loop.starts[index]) if final[index] is None else final[index] for index in carried]
    starts += [b.full(0, value) for value in captured]
    made = _emit(b, loop, block, starts, [stacks[index] for index in seeds], not loop.reverse)
    pairs = list(zip([*(loop.starts[index] for index in carried), *captured], made))
    for argument, stack in zip(slices, made[len(starts):]):
        operand = loop.scanned[loop.slices.index(argument)]
        pairs.append((operand, _extended(b, stack, operand)))
    return pairs


def _carried_back(loop, final, seeds, wanted):
    """Which carried values have a cotangent at some iteration: they depend on something wanted, and a
    cotangent reaches them."""
    depending = depends(loop.operation, wanted)
    carried = {index for index, cotangent in enumerate(final) if cotangent is not None and depending[index]}
    while True:
        outputs = [loop.stacked[index] for index in seeds] + [loop.following[index] for index in carried]
        reached = influencing_values(loop.region.operations, outputs)
        more = {index for index, value in enumerate(loop.carries) if depending[index] and value in reached}
        if more <= carried:
            return sorted(carried)
        carried |= more


def _extended(b, stack, operand):
    """A stack with zeros for the elements that the loop did not come to."""
    missing = operand.shape[0] - stack.shape[0]
    if missing == 0:
        return stack
    nothing = (0,) * (operand.rank - 1)
    return b.pad(stack, low=(0, *nothing), high=(missing, *nothing), value=0)


def jvp(b, operation, tangents, pushforward):
    """See `Regional`."""
    if operation.attributes.get("checkpoint"):
        results, operations = checkpointing.in_segments(b, operation)
        used = [*operation.operands, *captured_values(operation.regions[0])]
        found = pushforward(b, operations, {value: tangents[value] for value in used if value in tangents})
        return [found.get(result) for result in results]
    loop = _Loop(operation)
    depending = depends(operation, tangents.keys())
    carried = [index for index in range(loop.carried) if depending[index]]
    changes = {loop.carries[index]: Value(loop.carries[index].type) for index in carried}
    slices = {argument: Value(argument.type) for argument, operand in zip(loop.slices, loop.scanned)
              if operand in tangents}
    captured = {value: tangents[value] for value in captured_values(loop.region) if value in tangents}
    block = Block([*changes.values(), *slices.values()])
    inner = Builder(block, b.location)
    found = pushforward(inner, loop.region.operations, {**changes, **slices, **captured})
    stacked = [index for index, value in enumerate(loop.stacked) if value in found]
    block.results = [found.get(loop.following[index]) or inner.full(0, loop.following[index])
                     for index in carried]
    block.results += [found[loop.stacked[index]] for index in stacked]
    starts = [tangents.get(loop.starts[index]) or b.full(0, loop.starts[index]) for index in carried]
    scanned = [loop.scanned_part(b, tangents[operand]) for argument, operand in zip(loop.slices, loop.scanned)
               if argument in slices]
    made = _emit(b, loop, block, starts, scanned, loop.reverse)
    results = [None] * len(operation.results)
    for index, tangent in zip([*carried, *(loop.carried + index for index in stacked)], made):
        results[index] = tangent
    return results


def _emit(b, loop, block, starts, scanned, reverse):
    """The results of a loop over the iterations that ran of another, whose region is a derivative: a block
    that takes carried values, beginning with `starts`, and slices of `scanned`."""
    if not block.results:
        return []
    given = [loop.index, *loop.slices, *loop.written_once]
    closure = Closure(block, loop.region, given,
                      lambda value: not loop.recompute and loop.has_outer_type(value.type))
    lengths = loop.slices[:len(loop.ragged)]
    slices = [value for value in loop.slices if value in closure.used and value not in lengths]
    scanned = [*scanned, *(loop.scanned_part(b, loop.scanned[loop.slices.index(value)]) for value in slices),
               *map(loop.stack_of, closure.kept)]
    if loop.is_open and not loop.stacked:
        loop.stack_of(loop.index)  # which tells the number of iterations
    read = [*lengths, *slices, *closure.kept]
    index, own = Value(INDEX), [Value(value.type, name=value.name) for value in block.arguments]
    given = {value: Value(value.type, name=value.name) for value in read}
    sizes, rest = (list(map(given.get, values)) for values in (lengths, [*slices, *closure.kept]))
    given |= {loop.index: index, **loop.written_once}
    region = Block([index, *own[:len(starts)], *sizes, *own[len(starts):], *rest])
    region.results = closure.build(Builder(region, b.location), own, given)
    attributes = {"recompute": True} if loop.recompute else {}
    if loop.ragged:
        attributes |= {"ragged": loop.ragged, "totals": loop.totals}
    made = b.loop(*starts, *loop.scanned[:len(lengths)], *scanned, regions=[region], carried=len(starts),
                  trips=loop.trips, reverse=reverse, **attributes)
    return made if isinstance(made, list) else [made]
