"""Arrays that the iterations of a staged loop make longer: `push!(y, v)`, `y = [y; v]`, `hcat(y, column)`.

What an iteration adds is a stacked output of the loop, with a flag for each row where a condition decides
whether it is added, and is put behind what there was before when the loop is over. In the body a placeholder
of a size of its own stands for the array so far. Its length follows from the iteration's number, or is
counted where conditions decide; the elements at its end are carried, a few of them. Where the body reads
others, a buffer with room for all that the loop may add is carried.
"""

import numpy as np

from ...compiler.ir import Builder, Value, dims_defined_in
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import I64, TensorType, dim_names, fresh_dim, size_product, symbol_name
from ..dims import define_dim
from ..poison import HostValueNeeded
from ..staging import apply, expand, read
from ..state import state
from ..values import Array
from .columns import joined
from .extents import drop_unused, least, operations_in, replace_sizes, substitute_dim, takes_size, uses_of
from .specs import (
    Numbers,
    as_ir,
    zeros,
)


def reading_error(reason="it was read there, or has grown by amounts that only the iteration knows",
                  grown=None):
    """The error for what a loop does with an array that it makes longer; `grown` is the array's dim in it."""
    error = HostValueNeeded("an array that a loop of the graph makes longer can only be added to inside of "
                            f"the loop: {reason}", state.location, kind="UnsupportedError")
    error.grown = grown
    return error


class Extra:
    """A value of its own that a growth carries: the region's argument for it, what it is at first, as
    `initial(array)` of the array before the loop, and its value at the end of an iteration."""

    def __init__(self, argument, initial, following):
        self.argument, self.initial, self.following = argument, initial, following


class Resized:
    """An array whose size along the payload axis `axis` is `before` before a loop, `dim` in its body."""

    is_searched = False  # whether a search finds the room for it

    def __init__(self, spec, axis, before):
        self.axis, self.before, self.leaf = axis, before, None
        self._have(spec, fresh_dim("G"))

    def _have(self, spec, dim):
        self.dim, self.name = dim, symbol_name(dim)
        self.spec = Numbers(spec.element, (*spec.shape[:self.axis], dim, *spec.shape[self.axis + 1:]))

    def placeholder(self, leaves):
        """What stands for the array at the start of an iteration."""
        (self.leaf,) = leaves
        state.trace.growing.add(self.name)
        return Array(self.leaf)

    def continues(self, spec, value):
        """Whether an array of the spec differs from the placeholder in its size along the axis alone."""
        if spec.__class__ is not Numbers or spec.element is not self.spec.element:
            return False
        return len(spec.shape) == len(self.spec.shape) and all(
            k == self.axis or a == b for k, (a, b) in enumerate(zip(spec.shape, self.spec.shape)))


class Growth(Resized):
    """How an array grows. Arrays that the body needs to be of one size share the dim of the `first` of them,
    and are carried in buffers."""

    first = None

    def __init__(self, spec, axis):
        super().__init__(spec, axis, spec.shape[axis])

    def share(self, first):
        """Takes the dim of another growth."""
        self.first, first.first = first, first
        self._have(self.spec, first.dim)

    # --- what an iteration adds -----------------------------------------------------------------------------

    def analyse(self, array, region):
        """Finds out what the body does with the array. Raises HostValueNeeded where it is not only added to.
        """
        value, self.chain, front, back = as_ir(read(array)), [], [], []
        while value is not self.leaf:
            operation = value.operation
            if operation is None or operation.name != "concatenate" or \
                    operation.attributes["axis"] != self.axis:
                raise reading_error()
            grown = [operand for operand in operation.operands if self.has_grown(operand)]
            if len(grown) != 1:
                raise reading_error()
            place = operation.operands.index(grown[0])
            front = [*front, *operation.operands[:place]]
            back = [*operation.operands[place + 1:], *back]
            self.chain.append(operation)
            (value,) = grown
        if front and back or not self.chain:
            raise reading_error()
        self.prepends, self.parts = bool(front), front or back
        drop_unused(region.block, self.name, [operation.result for operation in self.chain])
        self._find_rows(region)
        self._find_reads(region)
        first = self.first
        if first is not None and (self.is_conditional or self.prepends
                                  or (self.before, self.added) != (first.before, first.added)):
            raise reading_error("two arrays that it makes longer differ in size")

    def _find_rows(self, region):
        from .varying import flagged

        self.rows = [flagged(part, self.axis) for part in self.parts]
        self.is_conditional = any(flags is not None for _, flags in self.rows)
        local = dims_defined_in(region.block)
        if any(dim_names(dim) & local for rows, _ in self.rows for dim in rows.shape):
            raise reading_error()
        self.added = sum((rows.shape[self.axis] for rows, _ in self.rows), 0)

    def _find_reads(self, region):
        """What the body reads: sizes, `near` elements at the end that it adds to, or any others."""
        self.sizes, self.near = takes_size(region.block, self.name), 0
        self.is_buffered = self.first is not None
        if self.is_buffered:
            return
        grown = {self.leaf, *(operation.result for operation in self.chain)}
        for operation in uses_of(region.block, self.name):
            if operation in self.chain or operation.name == "dim_value":
                continue
            distance = self._distance(operation) if operation.operands[:1] and \
                operation.operands[0] in grown else None
            if distance is None:
                self.is_buffered = True
                break
            self.near = max(self.near, distance)

    def _distance(self, operation):
        """How many of the elements at the end there were, the placeholder's, a slice may reach; None for what
        is no slice of elements at the end."""
        if operation.name != "slice" or any(self.name in dim_names(dim) for dim in operation.result.shape):
            return None
        if self.prepends:
            stop = operation.attributes["stops"][self.axis]
            return stop if isinstance(stop, int) else None
        start = least(operation.attributes["starts"][self.axis] - self.dim)
        return None if start is None else max(0, -start)

    def has_grown(self, value):
        return self.name in dim_names(value.shape[self.axis])

    # --- what the loop carries for it -----------------------------------------------------------------------

    def capacity(self, trips):
        """Makes room, before the loop, for what it may add; `trips()` is a bound of its iterations, a dim, or
        None."""
        if not self.is_buffered:
            return
        trips = trips()
        if trips is None or self.prepends:
            raise reading_error("its elements were read there, other than those next to what is added, and "
                                "it is not known before the loop how long it will be at most")
        self.room = size_product((trips, self.added)) if self.added != 1 else trips

    def additions(self, region, index):
        """(extras, stacked values) of the iteration with the number `index`."""
        block, extras = region.block, []
        counted = self.is_conditional and (self.sizes or self.is_buffered)
        length = Value(INDEX, name="length") if counted else None
        if counted:
            extras.append(Extra(length, lambda _: state.trace.builder.dim_value(dim=self.before),
                                apply("add", length, self._number_added())))
        if self.is_buffered:
            extras.append(self._buffer(block, index, length))
        else:
            builder = Builder(location=state.location)
            if self.sizes:
                number = length if counted else self._length(builder, index)
                replace_sizes(block, self.name, number)
                block.operations[:0] = builder.block.operations
            if self.near:
                extras.append(self._end(block))
            else:
                block.operations[:] = [one for one in block.operations if one not in self.chain]
        return extras, self._stacked()

    def _length(self, builder, index):
        grown = builder.mul(index, builder.dim_value(dim=self.added)) if self.added != 1 else index
        return builder.add(builder.dim_value(dim=self.before), grown)

    def _number_added(self):
        total = None
        for rows, flags in self.rows:
            number = state.trace.builder.dim_value(dim=rows.shape[self.axis]) if flags is None else \
                apply("reduce_sum", apply("convert", flags, element=I64), axes=(0,))
            total = number if total is None else apply("add", total, number)
        return total

    def _stacked(self):
        rows = joined([rows for rows, _ in self.rows], self.axis)
        if not self.is_conditional:
            return [rows]
        flags = [self._flags(rows, flags) for rows, flags in self.rows]
        return [rows, joined(flags, 0)]

    def _flags(self, rows, flags):
        if flags is not None:
            return flags
        return expand(as_ir(np.array(True)), (rows.shape[self.axis],))

    def _window(self, value, start, size):
        """The elements of a value from a start on along the axis."""
        zero = (0,) * len(value.shape)
        return apply("slice", value, starts=self._at(zero, start),
                     stops=self._at(value.shape, start + size), steps=(1,) * len(value.shape))

    def _at(self, items, item):
        return (*items[:self.axis], item, *items[self.axis + 1:])

    def _end(self, block):
        """The carried elements at the end: in the body the placeholder holds nothing else."""
        near = self.near
        substitute_dim(block, self.name, near)
        end = Value(TensorType(self.leaf.element, self._at(self.leaf.shape, near)), name="end")
        replace_operand(block, self.leaf, end)

        def initial(array):
            before = as_ir(read(array))
            room = zeros(end.type)  # nothing that is read, where there are fewer
            return self._nearest([room, before] if not self.prepends else [before, room])

        return Extra(end, initial, self._nearest([*self.parts, end] if self.prepends else [end, *self.parts]))

    def _nearest(self, parts):
        whole = joined(parts, self.axis)
        return self._window(whole, 0 if self.prepends else whole.shape[self.axis] - self.near, self.near)

    def _buffer(self, block, index, length):
        """The carried buffer, of which the placeholder is the beginning."""
        shape = self._at(self.leaf.shape, self.before + self.room)
        buffer = Value(TensorType(self.leaf.element, shape), name="buffer")
        builder = Builder(location=state.location)
        length = self._length(builder, index) if length is None else length
        if self.first in (None, self):
            define_dim(builder, self.dim, length)
            (self.counting,), place = builder.block.operations[-1:], 0
        else:  # behind what defines the dim
            place = block.operations.index(self.first.counting) + 1
        zero = (0,) * len(shape)
        array_now = builder.slice(buffer, starts=zero, stops=self._at(shape, self.dim),
                                  steps=(1,) * len(shape))
        replace_operand(block, self.leaf, array_now)
        block.operations[place:place] = builder.block.operations
        following, place = buffer, length
        for rows, flags in self.rows:
            following, place = self._written(following, place, rows, flags)

        def initial(array):
            before = as_ir(read(array))
            room = zeros(TensorType(before.element, self._at(before.shape, self.room)))
            return joined([before, room], self.axis)

        return Extra(buffer, initial, following)

    def _written(self, buffer, place, rows, flags):
        """(the buffer with rows written from a place on, the place behind them): one that does not count is
        written over by the next."""
        origin, count = as_ir(np.array(0)), rows.shape[self.axis]
        if flags is None:
            starts = self._at((origin,) * len(rows.shape), place)
            buffer = apply("dynamic_update_slice", buffer, rows, *starts)
            return buffer, apply("add", place, state.trace.builder.dim_value(dim=count))
        if not isinstance(count, int):
            raise reading_error()
        for k in range(count):
            starts = self._at((origin,) * len(rows.shape), place)
            buffer = apply("dynamic_update_slice", buffer, self._window(rows, k, 1), *starts)
            flag = apply("reshape", apply("slice", flags, starts=(k,), stops=(k + 1,), steps=(1,)), shape=())
            place = apply("add", place, apply("convert", flag, element=I64))
        return buffer, place

    def final(self, array, stacks, carried):
        """The array after the loop, of what there was before and the stacked additions."""
        before, stack = as_ir(read(array)), stacks[0]
        if self.prepends:
            stack = apply("reverse", stack, axes=(0,))
        added = flattened(stack, self.axis)
        if self.is_conditional:
            from .varying import picked

            flags = apply("reverse", stacks[1], axes=(0,)) if self.prepends else stacks[1]
            added = picked(added, flattened(flags, 0), self.axis)
        if before.shape[self.axis] == 0:
            return Array(added)
        parts = (added, before) if self.prepends else (before, added)
        return Array(apply("concatenate", *parts, axis=self.axis))


def replace_operand(block, old, new):
    """Replaces a value in place by another in what a block's operations take and yield."""
    for operation in operations_in(block):
        operation.operands = [new if operand is old else operand for operand in operation.operands]
        for region in operation.regions:
            region.results = [new if result is old else result for result in region.results]


def flattened(stack, axis):
    """A stack of pieces as one array along an axis of theirs."""
    count, piece = stack.shape[0], stack.shape[1:]
    if axis:
        order = (*range(1, axis + 1), 0, *range(axis + 1, len(stack.shape)))
        stack = apply("transpose", stack, permutation=order)
    extent = size_product((count, piece[axis]))
    return apply("reshape", stack, shape=(*piece[:axis], extent, *piece[axis + 1:]))
