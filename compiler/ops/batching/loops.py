"""`loop` for all lanes at once.

A loop of which all lanes make the same number of trips stays as it is, around batched values. Where the
number differs, by a ragged dim, a trip count or a condition, the loop runs for as long as some lane does, and
carried values of lanes that have finished stay as they are (`select` on the active lanes). The index is the
same for all; a counter that is carried is computed from it where it can be, so that it stays one number. A
reverse loop over a ragged dim leaves a lane as it began until the index comes down to its end.
"""

from dataclasses import dataclass, field

import numpy as np

from ...ir import Block, Value, captured_values
from ...types import BOOL, I64, TensorType, dim_names, fresh_dim, symbol_name
from ..loop_parts import LoopParts
from .batched import Batched, CannotBatch, Summed
from .lanes import Lanes


def batch_loop(lanes: Lanes, operation):
    if operation.attributes.get("ragged"):
        raise CannotBatch("loop", "its iterations differ in size", operation.location)
    return _Loop(lanes, operation).batch()


@dataclass
class _Carried:
    """A carried value in the code for all lanes."""

    start: Value
    argument: Value  # of the lane's region
    is_batched: bool = False
    is_sum: bool = False
    step: Value | None = None  # of a counter: what each trip adds
    inner: Value = field(default=None)  # the argument of the new region; None for a counter


class _Loop:
    def __init__(self, lanes, operation):
        self.lanes, self.operation = lanes, operation
        (self.region,) = operation.regions
        self.loop = LoopParts(operation.attributes, self.region)
        count, condition, carried, scanned = self.loop.operands(operation.operands)
        self.count, self.condition = (value and lanes[value] for value in (count, condition))
        self.carried_operands, self.scanned = carried, [lanes[value] for value in scanned]
        self.arguments = self.region.arguments
        self.index = self.arguments[0]
        self.carried_arguments = self.arguments[1:1 + self.loop.carried]
        self.slices = self.arguments[1 + self.loop.carried:]
        self.going, self.following, self.stacked = self.loop.yielded(self.region.results)

    # --- what differs from lane to lane ---------------------------------------------------------------------

    def limit(self) -> Value | None:
        """The largest number of trips of each lane, [N]; None where it is the same for all."""
        lanes, loop, limits = self.lanes, self.loop, []
        if not loop.is_open:
            return lanes.length(loop.trips) if lanes.is_ragged(loop.trips) else None
        if self.count is not None and self.count.axis is not None:
            limits.append(self.count.value)
        limits += [lanes.length(x.shape[0]) for x in self.scanned if lanes.is_ragged(x.shape[0])]
        if not limits:
            return None
        least = limits[0]
        for other in limits[1:]:
            least = lanes.builder.min(least, other)
        if self.count is not None and self.count.axis is None:
            least = lanes.builder.min(least, lanes.repeated(self.count.value))
        least = lanes.builder.max(least, lanes.number(0))
        return lanes.only_live(Batched(least, 0, ()), 0).value

    def varying(self, all_carried: bool) -> set[Value]:
        """The values of the region that may differ from lane to lane, carried ones among them; all of those
        that change when `all_carried`."""
        seeds = {argument for argument, x in zip(self.slices, self.scanned) if x.axis is not None}
        for argument, start, following in zip(self.carried_arguments, self.carried_operands, self.following):
            known = self.lanes.get(start)
            if (isinstance(known, Batched) and known.axis is not None
                    or all_carried and following is not argument and self.counter_step(argument, following)
                    is None):
                seeds.add(argument)
        while True:
            found = depending(self.lanes, self.region, seeds)
            more = {argument for argument, following in zip(self.carried_arguments, self.following)
                    if following in found or self._outer_varies(following)}
            if more <= seeds:
                return found
            seeds |= more

    def _outer_varies(self, value):
        known = self.lanes.get(value)
        return isinstance(known, Batched) and known.axis is not None

    def counter_step(self, argument, following) -> Value | None:
        """What a carried integer scalar that counts adds on each trip, if that is the same for all lanes."""
        if argument.type != TensorType(I64) or self.loop.reverse or following.operation is None:
            return None
        operation = following.operation
        if operation.name != "add" or operation not in self.region.operations:
            return None
        x, y = operation.operands
        step = y if x is argument else x if y is argument else None
        start = self.lanes.get(self.carried_operands[self.carried_arguments.index(argument)])
        if step is None or not isinstance(start, Batched) or start.axis is not None:
            return None
        made = step.operation
        if made is not None and made.name == "constant":
            return step
        is_outside = step not in self.arguments and made not in self.region.operations
        known = self.lanes.get(step)
        return step if is_outside and isinstance(known, Batched) and known.axis is None else None

    # --- building -------------------------------------------------------------------------------------------

    def batch(self):
        lanes, loop = self.lanes, self.loop
        limit = self.limit()
        found = self.varying(limit is not None)
        ends_apart = self.going is not None and (
            self.condition.axis is not None or self.going in found or self._outer_varies(self.going))
        self.differs = limit is not None or ends_apart
        if ends_apart and limit is None:
            found = self.varying(True)
        self.limits, self.ends_apart = limit, ends_apart
        self.trips = self._trips()
        block = Block()
        self.inside = lanes.inside(block)
        index = Value(TensorType(I64), name=self.index.name)
        block.arguments.append(index)
        self.inside.values[self.index] = Batched(index, None, ())
        operands = self._control_operands(block, index)
        carried = [self._carry(argument, start, following, argument in found)
                   for argument, start, following in
                   zip(self.carried_arguments, self.carried_operands, self.following)]
        for one in carried:
            self._enter(block, one, index)
        operands += [one.start for one in carried if one.inner is not None]
        operands += self._scan(block)
        results = self.inside.run(self.region)
        going, following, stacked = loop.yielded(results)
        yields = [self._next(one, new) for one, new in zip(carried, following) if one.inner is not None]
        stacks = [self.inside.front(one) if one.axis is not None else one for one in map(self._full, stacked)]
        block.results = [*self._control_results(going, index), *yields, *(one.value for one in stacks)]
        return self._emit(block, operands, carried, stacks)

    @staticmethod
    def _full(one):
        assert isinstance(one, Batched), "a stack is needed in full"
        return one

    def _trips(self):
        loop, lanes = self.loop, self.lanes
        if not loop.is_open:
            return lanes.extent(loop.trips)
        name = symbol_name(loop.trips)
        if name in lanes.renamed:
            return lanes.renamed[name]
        return fresh_dim(name) if self.differs else loop.trips

    def _control_operands(self, block, index):
        """Trip count and first condition of the new loop; makes the active lanes known in its block."""
        lanes, b, operands = self.lanes, self.lanes.builder, []
        if self.loop.is_open:
            if self.limits is not None:
                most = b.reduce_max(self.limits, axes=(0,))
                if lanes.live is not None and not self.loop.carried:
                    # the loop defines a size: where no lane counts, an axis of that size has a place to read
                    most = b.max(most, b.constant(np.int64(1)))
                operands.append(most)
            elif self.count is not None:
                operands.append(self.count.value)
        self.counted = bool(operands)
        if not self.ends_apart:
            if self.condition is not None:
                operands.append(self.condition.value)
            if self.limits is not None:
                self._let_live(self._within(self.inside.builder, index))
            return operands
        start = lanes.only_live(lanes.batched(self.condition), False).value
        if self.limits is not None:
            start = lanes.emit("and", (start, b.gt(self.limits, lanes.number(0))))
        operands += [b.reduce_or(start, axes=(0,)), start, lanes.number(0)]
        self.active = Value(TensorType(BOOL, (lanes.count,)), name="active")
        self.steps = Value(TensorType(I64, (lanes.count,)), name="steps")
        block.arguments += [self.active, self.steps]
        self.inside.live = self.active
        return operands

    def _within(self, b, index, ahead=0):
        """Whether each lane still goes round at an index, `ahead` trips from it."""
        if ahead:
            index = b.add(index, b.constant(np.int64(ahead)))
        return b.lt(b.broadcast(index, shape=(self.lanes.count,), axes=()), self.limits)

    def _let_live(self, active):
        inside = self.inside
        inside.live = active if inside.live is None else inside.emit("and", (active, inside.live))

    def _carry(self, argument, start, following, varies) -> _Carried:
        lanes = self.lanes
        if argument in lanes.needed_as_sum:
            return _Carried(lanes.sum_of(start), argument, is_sum=True)
        x, step = lanes[start], self.counter_step(argument, following)
        if self.differs and step is not None:
            return _Carried(x.value, argument, step=step)
        if varies:
            return _Carried(lanes.front(x).value, argument, is_batched=True)
        return _Carried(x.value, argument)

    def _enter(self, block, one, index):
        """Gives a carried value its meaning in the region."""
        inside, argument = self.inside, one.argument
        if one.step is not None:
            b = inside.builder
            count = b.mul(index, self._step_value(b, one))
            inside.values[argument] = Batched(b.add(one.start, count), None, ())
            return
        one.inner = Value(one.start.type, name=argument.name)
        block.arguments.append(one.inner)
        inside.values[argument] = Summed(one.inner) if one.is_sum else Batched(
            one.inner, 0 if one.is_batched else None, argument.shape)

    def _step_value(self, b, one):
        """What a counter's step has become: a constant, or a value from around the loop."""
        made = one.step.operation
        if made is not None and made.name == "constant":
            return b.constant(made.attributes["value"])
        return self.lanes[one.step].value

    def _scan(self, block):
        """The scanned operands, their axis of trips first, and the slices of the region."""
        operands = []
        for x, argument in zip(self.scanned, self.slices):
            if x.axis is not None:
                x = self.lanes.at(x, 1)
            operands.append(x.value)
            shape = x.value.shape[1:]
            block.arguments.append(Value(TensorType(x.element, shape), name=argument.name))
            self.inside.values[argument] = Batched(block.arguments[-1], x.axis and x.axis - 1, argument.shape,
                                                   x.padding)
        return operands

    def _next(self, one, new):
        """The value that a carried one has on the next trip."""
        inside = self.inside
        if one.is_sum:
            return inside.total(new)
        if not one.is_batched:
            assert new.axis is None, "a carried value turned out to differ from lane to lane"
            return new.value
        new = inside.front(new)
        if not self.differs or self._stays(new.value, one.inner) or self._need_not_stay(one):
            return new.value
        return inside.builder.select(inside.spread(inside.live, new), new.value, one.inner)

    def _stays(self, value, inner):
        """Whether a value is that of the trip before in lanes that have finished."""
        while value is not inner and value in self.inside.unchanged:
            value = self.inside.unchanged[value]
        return value is inner

    def _need_not_stay(self, one):
        """Whether it does not matter what a carried value is in lanes that have finished."""
        result = self.operation.results[self.carried_arguments.index(one.argument)]
        return result in self.lanes.unused and not self.loop.reverse

    def _control_results(self, going, index):
        b = self.inside.builder
        if not self.ends_apart:
            return [] if going is None else [going.value]
        active = self.inside.only_live(self.inside.batched(going), False).value
        if self.limits is not None:
            active = self.inside.emit("and", (active, self._within(b, index, 1)))
        steps = b.add(self.steps, b.convert(self.active, element=I64))
        return [b.reduce_or(active, axes=(0,)), active, steps]

    def _emit(self, block, operands, carried, stacks):
        lanes, loop, kept = self.lanes, self.loop, 2 if self.ends_apart else 0
        inner = [one for one in carried if one.inner is not None]
        attributes = {"carried": kept + len(inner), "trips": self.trips}
        if loop.is_open:
            attributes |= {"counted": self.counted, "conditional": self.going is not None}
        elif loop.reverse:
            attributes["reverse"] = True
        made = lanes.emit("loop", operands, attributes, [block])
        made = made if isinstance(made, list) else [made]
        last, trips_made = made[kept:kept + len(inner)], made[1] if kept else None
        self._define_trips(trips_made)
        results, rest = [], iter(last)
        for one, result in zip(carried, self.operation.results):
            if one.step is not None:
                results.append(self._counted(one))
            elif one.is_sum:
                results.append(Summed(next(rest)))
            else:
                results.append(Batched(next(rest), 0 if one.is_batched else None, result.shape))
        stacked = zip(stacks, made[kept + len(inner):], self.operation.results[len(carried):])
        for one, value, result in stacked:
            results.append(Batched(value, one.axis if one.axis is None else one.axis + 1, result.shape))
        return results

    def _define_trips(self, steps):
        """Makes the trips of each lane known to what follows."""
        lanes, loop = self.lanes, self.loop
        if not self.differs:
            if loop.is_open and self.trips != loop.trips:
                lanes.rename(symbol_name(loop.trips), self.trips)
            self.lengths = None
            return
        if not loop.is_open:
            self.lengths = self.limits
            return
        if steps is None:
            steps = self.limits
            if self.going is not None:  # the same condition for all may have ended it before
                steps = lanes.builder.min(steps, lanes.repeated(lanes.builder.dim_value(dim=self.trips)))
        self.lengths = steps
        lanes.add_ragged(symbol_name(loop.trips), steps, self.trips)

    def _counted(self, one):
        """A counter after the loop."""
        lanes, b = self.lanes, self.lanes.builder
        shape = (lanes.count,)
        added = b.mul(self.lengths, b.broadcast(self._step_value(b, one), shape=shape, axes=()))
        return Batched(b.add(b.broadcast(one.start, shape=shape, axes=()), added), 0, ())


def depending(lanes, block, seeds, ragged=None) -> set[Value]:
    """The values of a block that may depend on the seeds or on what differs from lane to lane outside.

    Told by the operands, what regions capture, and the dims of types and attributes; rather too many than too
    few. The names of dims that may differ from lane to lane are added to `ragged`, a set.
    """
    found = set(seeds)
    ragged = set() if ragged is None else ragged
    ragged.update(lanes.ragged)

    def varies(value):
        if value in found:
            return True
        known = lanes.get(value)
        return isinstance(known, Batched) and known.axis is not None

    for operation in block.operations:
        used = list(operation.operands)
        for region in operation.regions:
            used += captured_values(region)
        if any(map(varies, used)) or mentions(operation, ragged):
            found.update(operation.results)
            if operation.op.defines:
                ragged.update(operation.op.defines(operation.attributes))
    return found


def mentions(operation, names):
    """Whether one of the named dims occurs in an operation."""
    if not names:
        return False
    if _has_dim(tuple(operation.attributes.values()), names):
        return True
    if any(_has_dim(value.shape, names) for value in (*operation.results, *operation.operands)):
        return True
    return any(mentions(inner, names) for region in operation.regions for inner in region.operations)


def _has_dim(item, names):
    if isinstance(item, tuple | list):
        return any(_has_dim(part, names) for part in item)
    if isinstance(item, int | float | str | np.ndarray) or not hasattr(item, "terms"):
        return False
    return not names.isdisjoint(dim_names(item))
