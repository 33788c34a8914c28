"""Sums over the iterations are taken after the loop, where products become one contraction over all of them.

A carried value that is only ever added to is a sum of terms. A term that is linear in values of the region is
computed from their stacks.
"""

from ...ops.specs import parse_spec
from ...rewrite import Rules
from ...types import size_product
from ..patterns import is_splat, made_by
from .arms import Arms
from .editing import Loop
from .indexing import offset_of
from .stacking import stacked_spec

RULES = Rules()

LARGEST_TERM = 4096
"""Terms with more elements are added up in the loop rather than stacked."""

DEEPEST_TERM = 60
"""Terms that are sums of sums to a greater depth stay in the loop."""


@RULES("loop")
def sink_sums(b, operation):
    """Accumulators whose terms can be summed outside leave the loop."""
    loop = Loop(operation)
    if loop.recompute:
        return None  # stacks would need the memory that this loop is to save
    plan, sums, dropped = _Plan(loop), {}, set()
    for index, (terms, additions) in sorted(_accumulators(loop).items(), key=_with_products_first):
        planned = [(sign, plan.sum(term)) for sign, term in terms]
        if all(make is not None for _, make in planned):
            sums[index] = planned
            dropped.update(additions)
    if not sums:
        return None
    loop.region.operations[:] = [inner for inner in loop.region.operations if inner not in dropped]
    plan.arms.hand_out()
    starts, stacks = loop.starts, len(loop.stacked)
    for part in ("starts", "carries", "following"):
        setattr(loop, part, [item for index, item in enumerate(getattr(loop, part)) if index not in sums])
    loop.stacked += plan.missing_stacks()
    made = loop.rebuilt(b)
    changing, stacked = iter(made[:len(loop.carries)]), made[len(loop.carries):]
    outside = _Outside(b, loop, dict(zip(loop.stacked, stacked)))
    results = []
    for index, total in enumerate(starts):
        for sign, make in sums.get(index, ()):
            term = make(outside)
            if is_splat(total, 0):
                total = term if sign > 0 else b.neg(term)
            else:
                total = b.emit("add" if sign > 0 else "sub", (total, term))
        results.append(total if index in sums else next(changing))
    return results + stacked[:stacks]


def _with_products_first(accumulator):
    """What products need stacked is known before other terms are planned: they may be sums of it."""
    _, (terms, _) = accumulator
    return not any(made_by(term, "contract") for _, term in terms)


def _accumulators(loop):
    """{position of a carried float: ([(sign, term)], the additions)} of those that are only added to."""
    uses, users = loop.uses(), {}
    for inner in loop.region.operations:
        for value in inner.operands:
            users[value] = inner
    found = {}
    for index, (argument, following) in enumerate(zip(loop.carries, loop.following)):
        terms, additions, value = [], [], argument
        while argument.element.is_float and uses.get(value) == 1 and value in users:
            user = users[value]
            if user.name == "add":
                x, y = user.operands
                terms.append((1, y if x is value else x))
            elif user.name == "sub" and user.operands[0] is value:
                terms.append((-1, user.operands[1]))
            else:
                break
            additions.append(user)
            value = user.result
        if value is following and terms and uses.get(value) == 1:
            found[index] = terms, additions
    return found


class _Outside:
    """What the sums are made of after the loop."""

    def __init__(self, b, loop, known):
        self.b, self.loop, self.known = b, loop, known

    def stack(self, value):
        """The values that a value of the region has in all iterations."""
        loop = self.loop
        if value in self.known:
            return self.known[value]
        if value is loop.index:
            return loop.indices(self.b)
        return loop.scanned[loop.slices.index(value)]


class _Plan:
    """How to sum values of a region over all iterations: `sum(value)` is a function of an `_Outside`, or None
    where it cannot be done cheaply."""

    def __init__(self, loop):
        self.loop = loop
        self.memo, self.needed, self.arms = {}, {}, Arms()
        self.depth = 0

    def missing_stacks(self):
        """The values of the region that have to be stacked for the sums; at least one in an open loop, to
        tell the number of iterations."""
        loop = self.loop
        there = {loop.index, *([] if loop.is_open else loop.slices), *loop.stacked}
        missing = [value for value in self.needed if value not in there]
        return missing or ([loop.index] if loop.is_open and not loop.stacked else [])

    def sum(self, value):
        if value not in self.memo and self.depth < DEEPEST_TERM:
            self.depth += 1
            self.memo[value] = self._sum(value)
            self.depth -= 1
        return self.memo.get(value)

    def _sum(self, value):
        loop = self.loop
        if loop.is_invariant(value):
            return lambda outside: _times(outside, value)
        if loop.piece_dim(value.type) or self._is_sum_of_lanes(value):
            return None
        if value.operation is None or not loop.can_leave(value):
            return self._stack(value)
        if value.operation.name == "if":
            return self._stack(value) or self._sum_if(value)
        rule = getattr(self, f"_sum_{value.operation.name}", None)
        made = rule(value.operation) if rule else None
        return made or self._stack(value)

    def _is_sum_of_lanes(self, value):
        """Whether a value is the sum of the lanes of a map over a piece: it waits until the map is batched,
        when it may be a product."""
        total = made_by(value, "reduce_sum")
        return total is not None and made_by(total.operands[0], "map") and self.loop.piece_dim(
            total.operands[0].type)

    def _stack(self, value):
        """The sum of the stack of a small value, or of one that is stacked anyway."""
        loop = self.loop
        size = size_product(value.shape)
        is_there = value in loop.stacked or (value in loop.slices and not loop.is_open)
        if not is_there and not (isinstance(size, int) and size <= LARGEST_TERM) or not loop.can_leave(value):
            return None
        self.needed[value] = None
        return lambda outside: outside.b.reduce_sum(outside.stack(value), axes=(0,))

    def _both(self, operation, name):
        if self._is_stacked(operation.result):
            return self._stack(operation.result)
        x, y = map(self.sum, operation.operands)
        return x and y and (lambda outside: outside.b.emit(name, (x(outside), y(outside))))

    def _sum_add(self, operation):
        return self._both(operation, "add")

    def _sum_sub(self, operation):
        return self._both(operation, "sub")

    def _linear(self, operation):
        x = self.sum(operation.operands[0])
        return x and (lambda outside: outside.b.emit(operation.name, (x(outside),), operation.attributes))

    _sum_neg = _sum_transpose = _sum_reshape = _sum_broadcast = _linear

    def _sum_pad(self, operation):
        return self._linear(operation) if operation.attributes["value"] == 0 else None

    def _sum_reduce_sum(self, operation):
        (x,) = operation.operands
        if self.loop.piece_dim(x.type):
            return self._sum_rows(operation)
        if self._is_stacked(x):
            self.needed[x] = None
            axes = (0, *(axis + 1 for axis in operation.attributes["axes"]))
            return lambda outside: outside.b.reduce_sum(outside.stack(x), axes=axes)
        return None

    def _sum_rows(self, operation):
        """Of a sum over the rows of a piece: over all rows."""
        (x,), axes = operation.operands, operation.attributes["axes"]
        size = size_product(x.shape[1:])
        is_small = self._is_stacked(x) or isinstance(size, int) and size <= LARGEST_TERM
        if 0 not in axes or not is_small or not self.loop.can_leave(x):
            return None
        self.needed[x] = None
        return lambda outside: outside.b.reduce_sum(outside.stack(x), axes=axes)

    def _is_stacked(self, value):
        loop = self.loop
        return value in self.needed or value in loop.stacked or (value in loop.slices and not loop.is_open)

    def _sum_if(self, value):
        """Of a result of an `if`: the sum of what its arms give, each of which hands out the values that this
        is computed of, and zeros where the other arm is taken."""
        made = [self._sum_in_arm(value.operation, arm, region.results[value.index])
                for arm, region in enumerate(value.operation.regions)]
        if None in made:
            return None

        def make(outside):
            first, second = (one(outside) for one in made)
            return second if first is None else first if second is None else outside.b.add(first, second)

        return make

    def _sum_in_arm(self, conditional, arm, value):
        """Like `sum`, of a value that an arm yields; the function gives None for nothing but zeros."""
        inner = value.operation
        if is_splat(value, 0):
            return lambda outside: None
        if inner not in conditional.regions[arm].operations or not value.element.is_float:
            return None
        if inner.name in ("neg", "transpose", "reshape", "broadcast"):
            made, attributes = self._sum_in_arm(conditional, arm, inner.operands[0]), dict(inner.attributes)
            return made and (lambda outside: _applied(outside, inner.name, made(outside), attributes))
        if inner.name == "contract":
            operands = [self.arms.result(conditional, arm, operand) for operand in inner.operands]
            if all(operand is not None and self.loop.can_leave(operand) for operand in operands):
                return self._contraction(operands, inner.attributes["spec"])
        return None

    def _sum_contract(self, operation):
        operands = list(operation.operands)
        varying = [not self.loop.is_invariant(value) for value in operands]
        if not all(varying):
            return self._factor(operation, varying.index(True))
        if not operation.result.element.is_float or not all(map(self.loop.can_leave, operands)):
            return None
        return self._contraction(operands, operation.attributes["spec"])

    def _contraction(self, operands, spec):
        """The sum of the products of two values: one product of their stacks, or of all rows of pieces."""
        left, right, result = parse_spec(spec)
        pieces = [self.loop.piece_dim(value.type) for value in operands]
        if not any(pieces):
            spec = stacked_spec(spec, (True, True), False)
        elif pieces[0] != pieces[1] or left[0] != right[0] or left[0] in result:
            return None
        self.needed.update(dict.fromkeys(operands))
        return lambda outside: outside.b.contract(*map(outside.stack, operands), spec=spec)

    def _sum_mul(self, operation):
        varying = [not self.loop.is_invariant(value) for value in operation.operands]
        return None if all(varying) else self._factor(operation, varying.index(True))

    def _factor(self, operation, index):
        """The sum over the one operand that varies, times the other."""
        operands = list(operation.operands)
        x = self.sum(operands[index])
        return x and (lambda outside: outside.b.emit(
            operation.name, [*operands[:index], x(outside), *operands[index + 1:]], operation.attributes))

    def _sum_scatter_add(self, operation):
        (indices, updates), attributes = operation.operands, operation.attributes
        offset = None if indices.rank else offset_of(indices, self.loop.index)
        pieces = [self.loop.piece_dim(value.type) for value in operation.operands]
        if attributes["axis"] != 0 or pieces[0] != pieces[1] or not self._can_stack(indices, updates):
            return None
        if offset is not None and attributes["shape"][0] - self.loop.trips - offset == 0:
            return lambda outside: _pad_first(outside.b, outside.stack(updates), offset)
        return lambda outside: outside.b.scatter_add(
            self._stack_or_repeat(outside, indices), outside.stack(updates), **attributes)

    def _can_stack(self, indices, updates):
        loop = self.loop
        if loop.is_invariant(updates) or not loop.can_leave(updates) or not loop.can_leave(indices):
            return False
        self.needed[updates] = None
        if not loop.is_invariant(indices):
            self.needed[indices] = None
        return True

    def _stack_or_repeat(self, outside, value):
        if not self.loop.is_invariant(value):
            return outside.stack(value)
        shape = (self.loop.trips, *value.shape)
        return outside.b.broadcast(value, shape=shape, axes=tuple(range(1, len(shape))))

    def _sum_dynamic_update_slice(self, operation):
        """Of a window of zeros that is replaced along one axis, at one place: the rows are added at their
        places."""
        whole, update, *starts = operation.operands
        axes = [axis for axis in range(whole.rank) if whole.shape[axis] != update.shape[axis]]
        if len(axes) != 1 or update.shape[axes[0]] != 1 or not is_splat(whole, 0):
            return None
        axis, = axes
        if not self._can_stack(starts[axis], update):
            return None
        offset = offset_of(starts[axis], self.loop.index)

        def make(outside):
            b = outside.b
            rows = b.reshape(outside.stack(update), shape=(
                self.loop.trips, *(dim for a, dim in enumerate(update.shape) if a != axis)))
            order = (*range(1, axis + 1), 0, *range(axis + 1, whole.rank))
            if offset is not None and whole.shape[axis] - self.loop.trips - offset == 0:
                return b.transpose(_pad_first(b, rows, offset), permutation=order)
            return b.scatter_add(self._stack_or_repeat(outside, starts[axis]),
                                 b.transpose(rows, permutation=order), axis=axis, shape=whole.shape)

        return make


def _applied(outside, name, value, attributes):
    return None if value is None else outside.b.emit(name, (value,), attributes)


def _pad_first(b, rows, count):
    """So many rows of zeros, and the rows."""
    nothing = (0,) * (rows.rank - 1)
    return b.pad(rows, low=(count, *nothing), high=(0, *nothing), value=0)


def _times(outside, value):
    b = outside.b
    count = outside.loop.trips_as(b, value.element)
    return b.mul(value, b.broadcast(count, shape=value.shape, axes=()))
