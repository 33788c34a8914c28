"""Loops that become a `loop` of the graph.

The body is run in a region to find out what it changes: those locations are carried from one iteration to the
next. It is run again with them carried, until the carried values keep their types. `break` and `return` end
the loop by its condition; what they leave behind is carried too.
"""

import re
from dataclasses import dataclass

from ...compiler.errors import WeberError
from ...compiler.ir import Block, Value
from ...compiler.ops.loop_parts import INDEX, LoopParts
from ...compiler.types import fresh_dim
from ..dims import defined_dim
from ..evaluation.completions import Returned
from ..poison import UNDEFINED, HostValueNeeded, Undefined, poisoned
from ..staged_numbers import DimNumber, Traced
from ..staging import apply, as_value, emitting_into, payload_of
from ..state import LaneEffect, state
from ..values import Array
from .buffers import Buffered
from .conditionals import (
    BROKEN,
    CONTINUED,
    NORMAL,
    RETURNED,
    Mixed,
    absorbed,
    close,
    code_of,
    put_off,
    stage_value,
)
from .exits import within
from .growth import Growth, reading_error
from .item_buffers import BufferedItems
from .item_growth import ItemGrowth, growth_of
from .joining import has_local_dims
from .locations import Place, Slot
from .loop_items import contents
from .regions import Region
from .rooms import define_rooms
from .sharing import SAME_OR_COPY, entangle, inherit
from .specs import (
    Fixed,
    Numbers,
    Unknown,
    as_ir,
    flatten,
    full_spec,
    join,
    leaf_types,
    opened,
    rebuild,
    spec_of,
    zeros,
)
from .vector_elements import as_in, refuse_changes_of_kept

MAX_RUNS = 12
UNASSIGNED = "is not defined before the first iteration"


@dataclass
class Carry:
    """A location that a loop carries. An opaque one cannot be read at the start of an iteration: before the
    loop it has no value, or one that does not join with what an iteration leaves (`reason`)."""

    location: object
    spec: object
    reason: str | None = None
    opaque: bool = False
    growth: Growth | ItemGrowth | Buffered | BufferedItems | None = None

    def like(self, other):
        return self.spec == other.spec and self.opaque == other.opaque and self.growth is other.growth


def per_element(condition):
    """A condition; raises LaneEffect where it is one for each lane of a broadcast, which becomes a `map`."""
    if condition.__class__ is Traced and len(condition.data.shape):
        raise LaneEffect
    return condition


class Unstable(WeberError):
    """The types of what a loop carries do not settle."""


class Loop:
    """One loop to be staged: `step(item)` runs the body and gives its completion, `condition()` a condition
    (None: there is none); `items` are what a `for` runs over, from the iteration `start` on; the location
    `where` tells loops of the program apart."""

    def __init__(self, where, frame, live, step, items=None, start=0, condition=None, keeps_break=False):
        self.frame, self.live, self.step, self.keeps_break = frame, live, step, keeps_break
        self.items, self.start, self.condition, self.where = items, start, condition, where
        self.carries: dict[tuple, Carry] = {}
        self.dropped, self.lost = set(), {}
        self.returned = None  # the spec of what is returned from inside
        self.possible = set()

    def stage(self, first=True, peeled=False):
        """Emits the loop; gives its completion. `first` is the condition before the first iteration. Raises
        PoisonError where the first iteration differs from the others, in what it reads or in which arrays it
        changes; `peeled`: it has been taken off already."""
        self.peeled = peeled
        self._recall()
        per_element(first)
        for _ in range(MAX_RUNS):
            try:
                attempt = Attempt(self)
                is_ready = attempt.settled() and attempt.prepare()
            except HostValueNeeded as error:
                if not self._buffer_items(error):
                    raise
                continue
            except WeberError as error:
                if not self._share_size(error):
                    raise
                continue
            if is_ready:
                state.trace.carried[self.where] = self.carries
                return attempt.emit(first)
        names = ", ".join(filter(None, (carry.reason for carry in self.carries.values()))) or "a value"
        raise Unstable(f"what this loop changes does not settle: {names} has another type in each iteration",
                       self.where, kind="UnsupportedError")


    def _buffer_items(self, error):
        """Whether an error is that the items of a vector are read which this loop makes longer: they are
        carried in buffers in the next run."""
        for carry in self.carries.values():
            if carry.growth.__class__ is ItemGrowth and carry.growth.dim is getattr(error, "grown", None):
                return buffered_items(carry)
        return False

    def _share_size(self, error):
        """Whether an error is that two arrays which this loop makes longer have not one size: in the next run
        they have, if they have begun as equals."""
        grown = [carry for carry in self.carries.values() if carry.growth.__class__ in (Growth, BufferedItems)
                 and re.search(rf"{re.escape(carry.growth.name)}\b", str(error))]
        first, *others = grown or [None]
        others = [carry for carry in others if carry.growth.name != first.growth.name]
        if any(carry.growth.__class__ is not first.growth.__class__ for carry in others):
            return False
        if not others or any(carry.growth.before != first.growth.before for carry in others):
            return False
        for carry in others:
            carry.growth.share(first.growth)
            carry.spec = carry.growth.spec
        return True

    def _recall(self):
        """Begins with what the loop carried when it was staged before, so that loops in loops need not find
        it out again in each run of the outer one."""
        for key, carry in state.trace.carried.get(self.where, {}).items():
            if carry.opaque or carry.growth is not None:
                continue
            location = carry.location
            if location.__class__ is Slot:
                if self.frame is None or location.index not in self.live:
                    continue  # another loop at the same place of the program, in a function called from there
                location = Slot(self.frame, location.index)
            spec = join(spec_of(location.get()), carry.spec)
            if spec.__class__ is not Unknown:
                self.carries[key] = Carry(location, spec)


class Attempt:
    """One run of a loop's body with the locations carried that are known so far."""

    def __init__(self, loop):
        self.loop = loop
        carries = loop.carries
        self.index = Value(INDEX, name="i")
        self.leaves = {key: [] if carry.opaque else [Value(type_) for type_ in leaf_types(carry.spec)]
                       for key, carry in carries.items()}
        # an opaque carry has arguments that nothing reads
        self.unread = {key: [Value(type_) for type_ in leaf_types(carry.spec)]
                       for key, carry in carries.items() if carry.opaque}
        scanned = loop.items.payloads if loop.items is not None else ()
        self.slices = [Value(_sliced(payload)) for payload in scanned]
        self.endless = False  # the condition is always true
        self.is_again = False  # the items have changed their form: everything is to be run again
        self.region = Region(state.trace, loop.frame)
        self.entered = {}
        checkpointed, state.checkpointed = state.checkpointed, False  # the outermost loops only
        self.failures, around = [], state.trace.failures
        state.trace.failures = self.failures
        try:
            with self.region, within(None):
                self._run()
        finally:
            state.checkpointed, state.trace.failures = checkpointed, around

    def _run(self):
        loop = self.loop
        self._enter()
        item = self._item()
        given = contents(item)
        try:
            self.completion = absorbed(close(loop.step(item)), CONTINUED)
        except WeberError as error:
            if not put_off(error):
                raise
            self.completion, self.going = None, True
            return
        if any(array._data is not content for array, content in given):
            if not loop.items.write_through():
                raise HostValueNeeded("a staged loop that changes what it runs over in place is not "
                                      "supported", loop.where, kind="UnsupportedError")
            self.is_again, self.going = True, True
            return
        self.going = per_element(self._going())

    def _item(self):
        items = self.loop.items
        if items is None:
            return None
        index = self.index
        if self.loop.start:
            index = apply("add", index, as_value(payload_of(self.loop.start)))
        return items.item(index, self.slices)

    def _enter(self):
        for key, carry in self.loop.carries.items():
            if carry.growth is not None:
                value = carry.growth.placeholder(self.leaves[key])
            elif carry.opaque:
                value = Undefined(carry.reason)
            else:
                value = rebuild(carry.spec, iter(self.leaves[key]))
            before = carry.location.get()
            carry.location.enter(self.region, value)
            is_variable = carry.location.__class__ is Slot and carry.growth is None
            if is_variable and value.__class__ is before.__class__ is Array:
                inherit(value, before, self.region)
            self.entered[key] = carry.location.get()

    def _going(self):
        """Whether the loop goes on: True, False or a staged Bool."""
        condition, completion = self.loop.condition, self.completion
        if completion is None:
            return True if condition is None else self._tested()
        if completion.__class__ is not Mixed or NORMAL not in completion.possible:
            return False
        normal = completion.is_one_of((NORMAL,))
        if condition is None:
            return normal
        return stage_value(normal, self._tested, lambda: False, self.loop.frame, self.loop.live,
                           self.loop.where)

    def _tested(self):
        value = self.loop.condition()
        self.endless = value is True
        return value

    # --- what is carried ------------------------------------------------------------------------------------

    def changed(self):
        """{key: location} of what the body has changed, as it is to be seen by the next iteration."""
        loop, region = self.loop, self.region
        found = {}
        for k in loop.live if loop.frame is not None else ():
            if region.slots[k] is not loop.frame[k]:
                found["slot", k] = Slot(loop.frame, k)
        for identity, (owner, key, _) in region.written.items():
            found[identity] = Place(owner, key)
        return found

    def settled(self):
        """Whether the run carried just what it changed; else the loop knows more for the next run."""
        if self.is_again:
            return False
        loop, region = self.loop, self.region
        carries = {}
        for owner, _, content in region.written.values():
            if content is SAME_OR_COPY and not loop.peeled and owner.serial < region.serial:
                raise poisoned("an array", content.reason, loop.where)
        for key, location in self.changed().items():
            known = loop.carries.get(key)
            value = location.in_region(region)
            if known is not None and same(value, self.entered[key]):
                if key in loop.dropped:
                    carries[key] = known
                loop.dropped.add(key)
                continue
            if key in loop.lost:
                continue
            spec = full_spec(value, region.serial)
            if has_local_dims(spec, region.block) and self._growth(location, known, spec, value) is None:
                loop.lost[key] = location
                continue
            carries[key] = self._carry(location, known, spec, value)
        refuse_changes_of_kept(region, loop.where)
        returned = self._returned()
        stable = carries.keys() == loop.carries.keys() and returned == loop.returned and all(
            carry.like(loop.carries[key]) for key, carry in carries.items())
        loop.carries, loop.returned = carries, returned
        if stable and self.failures:
            raise self.failures[0]
        return stable

    def _carry(self, location, known, spec, value):
        where = f" around the loop in line {self.loop.where.line}" if self.loop.where is not None else ""
        before = location.get()
        if before.__class__ is Array and (location.__class__ is Slot or location.is_contents):
            like = as_in(before, value)
            if like is not None:
                entangle(like, before)
                location.set(like)
        entry = spec_of(location.get())
        if known is not None and known.growth is not None:
            if not known.growth.continues(spec, value):
                raise reading_error(grown=known.growth.dim)
            return known
        opaque, reason = known is not None and known.opaque, known.reason if known is not None else None
        if known is not None:
            wider = join(known.spec, spec, where)
        elif entry == Unknown():
            opaque, reason, wider = True, UNASSIGNED, spec
        else:
            wider = join(entry, spec, where)
            growth = self._growth(location, known, spec, value) if wider.__class__ is Unknown else None
            if growth is not None:
                return Carry(location, growth.spec, growth=growth)
        if wider.__class__ is Unknown:
            return Carry(location, spec, wider.reason, True)
        return Carry(location, wider, reason, opaque)

    def _growth(self, location, known, spec, value):
        """How the location's array grows in each iteration, if it does."""
        if known is not None:
            return known.growth
        entry = spec_of(location.get())
        if entry.__class__ is not Fixed:
            return None
        numbers = spec.__class__ is Numbers
        return growth_of(*((opened(entry.value), spec) if numbers else (entry.value, value)))

    def _returned(self):
        """The spec of the value that is returned from inside of the loop, None where nothing is."""
        completion = self.completion
        if completion.__class__ is Mixed:
            self.loop.possible |= completion.possible
        elif completion is not None:
            self.loop.possible.add(code_of(completion))
        if RETURNED not in self.loop.possible:
            return None
        value = returned_value(completion)
        spec = full_spec(value, self.region.serial)
        if self.loop.returned is None:
            return spec
        joined = join(self.loop.returned, spec, "", True)
        return self.loop.returned if joined.__class__ is Unknown else joined

    # --- the operation --------------------------------------------------------------------------------------

    def prepare(self):
        """Whether the loop can be emitted: what the body yields is there, and all arrays that grow do so in
        the way that is carried. One that does not is carried in a buffer in the next run."""
        loop = self.loop
        escapes = loop.possible & {BROKEN, RETURNED}
        self.conditional = loop.condition is not None or bool(escapes)
        self.coded = RETURNED in escapes or loop.keeps_break and bool(escapes)
        self.grown = [carry for carry in loop.carries.values() if carry.growth is not None]
        with self.region:
            self.yielded, self.kept = self._yielded()
            if self.coded:
                code, value = self._outcome()
                returned = flatten(loop.returned, value) if loop.returned is not None else []
                self.yielded += [code, *returned]
            if self.conditional:
                self.yielded.insert(0, as_ir(payload_of(self.going)))
            for carry in self.grown:
                if not self._or_buffered(carry, carry.growth.analyse, carry.location.get(), self.region):
                    return False
        return all(self._or_buffered(carry, carry.growth.capacity, self._bound) for carry in self.grown)

    @staticmethod
    def _or_buffered(carry, prepare, *arguments):
        """Whether a growth can be prepared; if not its array is to be carried in a buffer."""
        try:
            prepare(*arguments)
            return True
        except HostValueNeeded:
            if carry.growth.__class__ is ItemGrowth and buffered_items(carry):
                return False
            if carry.growth.__class__ is not Growth:
                raise
            carry.growth = Buffered(carry.growth)
            carry.spec = carry.growth.spec
            return False

    def emit(self, first):
        loop, builder = self.loop, state.trace.builder
        conditional, coded, grown = self.conditional, self.coded, self.grown
        yielded, kept = self.yielded, self.kept
        with self.region:
            extras, added = [], []
            for carry in grown:
                more, stacked = carry.growth.additions(self.region, self.index)
                extras += [(carry, extra) for extra in more]
                added.append(stacked)
            yielded += [extra.following for _, extra in extras]
            self.region.block.results = yielded + [value for values in added for value in values]
        carries = {key: carry for key, carry in loop.carries.items() if carry.growth is None}
        initial = [leaf for key, carry in carries.items() for leaf in self._initial(key, carry)]
        arguments = [leaf for key in carries for leaf in (self.leaves[key] or self.unread.get(key, []))]
        if coded:
            more = [INDEX, *(leaf_types(loop.returned) if loop.returned is not None else [])]
            initial += [zeros(type_) for type_ in more]
            arguments += [Value(type_) for type_ in more]
        arguments += [extra.argument for _, extra in extras]
        starts = Block()
        with emitting_into(starts):
            starts.results = [extra.initial(carry.location.get()) for carry, extra in extras]
        count, trips, scanned = self._extent(conditional)
        self.region.block.arguments = [self.index, *arguments, *self.slices]
        segments = state.checkpointed and not conditional and not (count is not None and scanned)
        attributes = {"carried": len(arguments), "trips": trips, "counted": count is not None,
                      "conditional": conditional, "checkpoint": segments}
        builder.location = loop.where or state.location
        condition = as_ir(payload_of(first))
        define_rooms([carry.growth for carry in grown], LoopParts(attributes, self.region.block),
                     (count, condition), initial, starts, scanned)
        builder.block.operations += starts.operations
        initial += starts.results
        operands = [count] if count is not None else []
        operands += [condition] if conditional else []
        made = builder.emit("loop", [*operands, *initial, *scanned],
                            {key: value for key, value in attributes.items() if value is not False},
                            [self.region.block])
        results = made if isinstance(made, list) else [made]
        stacks, ends = results[len(initial):], results[len(initial) - len(extras):len(initial)]
        results = iter(results)
        self._leave(results, kept)
        for carry, values in zip(grown, added, strict=True):
            mine, stacks = stacks[:len(values)], stacks[len(values):]
            carried = [end for (owner, _), end in zip(extras, ends, strict=True) if owner is carry]
            carry.location.set(carry.growth.final(carry.location.get(), mine, carried))
        without_end = loop.items is not None and loop.items.count is None
        return self._completion(results, coded, without_end or self.endless and first is True)

    def _yielded(self):
        """The carried values at the end of an iteration."""
        yielded, kept, first = [], [], {}
        for key, carry in self.loop.carries.items():
            value = carry.location.get()
            if value.__class__ is Array:
                other, _ = first.setdefault(id(value), (key, value))
                if other != key:
                    self._forbid_writes(other, key)
            if carry.growth is not None:
                continue
            yielded += flatten(carry.spec, value)
            kept.append(value)
        return yielded, kept

    def _forbid_writes(self, *keys):
        """Raises where one of two variables that share an array at the end of an iteration is written to in
        place: at the start of the next they are two arrays."""
        entered = [self.entered[key] for key in keys]
        if entered[0] is entered[1]:
            return
        for key, array in zip(keys, entered, strict=True):
            if array.__class__ is Array and self.leaves[key] != [array._data]:
                raise HostValueNeeded("two variables that hold the same array from one iteration of a staged "
                                      "loop to the next, which changes it in place, are not supported",
                                      self.loop.where, kind="UnsupportedError")

    def _carried(self):
        return [carry for carry in self.loop.carries.values() if carry.growth is None]

    def _initial(self, key, carry):
        if carry.opaque:
            return [zeros(type_) for type_ in leaf_types(carry.spec)]
        return flatten(carry.spec, carry.location.get())

    def _outcome(self):
        """The completion's number, with `break` counted as normal, and the value that is returned."""
        completion = self.completion
        if completion.__class__ is Mixed:
            return as_ir(payload_of(completion.code)), completion.value
        return as_ir(payload_of(code_of(completion))), returned_value(completion)

    def _extent(self, conditional):
        """(trip count operand or None, the dim of the trips, scanned operands)."""
        items, start = self.loop.items, self.loop.start
        if items is None or items.count is None:
            return None, fresh_dim("K"), []
        scanned = [as_ir(payload) for payload in items.payloads]
        if start:
            scanned = [_from(payload, start) for payload in scanned]
        if items.count.__class__ is Value:
            count = apply("sub", items.count, as_value(payload_of(start))) if start else items.count
            return count, fresh_dim("K"), scanned
        extent = items.count - start
        if not conditional:
            return None, extent, scanned
        return as_ir(payload_of(DimNumber.of(extent))), fresh_dim("K"), scanned

    def _bound(self):
        """A bound of the number of iterations as a dim, None where there is none."""
        items, start = self.loop.items, self.loop.start
        if items is None or items.count is None:
            return None
        if items.count.__class__ is not Value:
            return items.count - start
        return defined_dim(apply("sub", items.count, as_value(payload_of(start))) if start else items.count)

    def _leave(self, results, kept):
        """Sets the carried locations to what comes out of the loop."""
        runs = self._certainly_runs()
        shared = {}
        for carry, inside in zip(self._carried(), kept, strict=True):
            value, before = rebuild(carry.spec, results), carry.location.get()
            first, first_before = shared.setdefault(id(inside), (value, before))
            if runs or before is first_before:  # what shares a value goes on sharing it
                value = first
            elif value.__class__ is Array and value is not first:
                entangle(value, first)
            if value.__class__ is inside.__class__ is Array:
                inherit(value, inside, self.region)
            if carry.opaque and not runs and carry.reason != UNASSIGNED:
                value = Undefined(carry.reason)
            carry.location.set(value)
        for location in self.loop.lost.values():
            location.set(Undefined("has a size that only an iteration of the loop knows"))

    def _certainly_runs(self):
        items = self.loop.items
        return items is not None and isinstance(items.count, int) and items.count > self.loop.start

    def _completion(self, results, coded, endless):
        if not coded:
            return None
        loop = self.loop
        code = next(results)
        value = rebuild(loop.returned, results) if loop.returned is not None else UNDEFINED
        if loop.keeps_break:
            possible = {NORMAL} | loop.possible & {BROKEN, RETURNED}
            return Mixed(Traced(code), possible, value, loop.live, loop.frame, loop.where)
        if endless and BROKEN not in loop.possible:
            return Returned(value)
        is_return = apply("eq", code, as_value(payload_of(RETURNED)))
        code = apply("select", is_return, as_value(payload_of(RETURNED)), as_value(payload_of(NORMAL)))
        return Mixed(Traced(code), {NORMAL, RETURNED}, value, loop.live, loop.frame, loop.where)


def buffered_items(carry):
    """Carries a vector of objects in buffers from now on; whether that can be done."""
    sample = carry.growth.sample
    if sample is None or sample.__class__ is Unknown or not leaf_types(sample):
        return False
    carry.growth = BufferedItems(carry.growth.before, sample)
    return True


def returned_value(completion):
    """The value that a completion returns, if it does."""
    if completion.__class__ in (Mixed, Returned):
        return completion.value
    return UNDEFINED


def same(value, entered):
    """Whether a carried location still holds what it held at the start of the iteration."""
    from ..values import Array

    if value.__class__ is Array and entered.__class__ is Array:
        return value is entered or value._data is entered._data
    return value is entered


def _sliced(payload):
    from ...compiler.types import TensorType
    from ..staging import tensor_type

    type_ = tensor_type(payload)
    return TensorType(type_.element, type_.shape[1:])


def _from(payload, start):
    """A payload without its first rows."""
    shape = payload.shape
    return apply("slice", payload, starts=(start, *[0] * (len(shape) - 1)), stops=shape,
                 steps=(1,) * len(shape))

