"""Arrays that a loop reads and writes at its own index become scanned inputs and stacked results.

An access is at the index plus a constant, along one axis, and of all elements along the others.
"""

from dataclasses import dataclass

import numpy as np

from ...ir import Builder, Value
from ...ops.shape import reshape_to, slice_axis
from ...rewrite import Rules
from ...types import I64, may_be_negative
from ..patterns import constant_of, made_by
from .editing import Loop, replace_values

RULES = Rules()


@dataclass(frozen=True, slots=True)
class Access:
    """One row of an array: position `index + offset` along an axis."""

    array: Value
    axis: int
    offset: int

    @property
    def shape(self):
        """The shape of the row."""
        return tuple(dim for axis, dim in enumerate(self.array.shape) if axis != self.axis)

    def is_within(self, trips) -> bool:
        """Whether all iterations are known to access rows of the array."""
        left = self.array.shape[self.axis] - trips - self.offset
        return self.offset >= 0 and isinstance(left, int) and left >= 0


def access_of(operation, loop) -> Access | None:
    """What an operation of a loop reads, or replaces."""
    offset = None
    if operation.name == "gather":
        array, place = operation.operands
        axis, offset = operation.attributes["axis"], offset_of(place, loop.index)
    elif operation.name in ("dynamic_slice", "dynamic_update_slice"):
        array, *starts = operation.operands
        sizes = operation.attributes.get("sizes")
        if sizes is None:
            update, *starts = starts
            sizes = update.shape
        moved = [axis for axis, (size, whole) in enumerate(zip(sizes, array.shape)) if size != whole]
        if len(moved) == 1 and sizes[moved[0]] == 1:
            axis, = moved
            offset = offset_of(starts[axis], loop.index)
    access = None if offset is None else Access(array, axis, offset)
    return access if access and access.is_within(loop.trips) else None


def offset_of(value, index) -> int | None:
    """The constant by which an index differs from that of the loop."""
    while inner := made_by(value, "reshape"):
        value = inner.operands[0]
    if value is index:
        return 0
    for name, sign in (("add", 1), ("sub", -1)):
        inner = made_by(value, name)
        if inner and inner.operands[0] is index and constant_of(inner.operands[1]) is not None:
            return sign * int(constant_of(inner.operands[1]))
    return None


def _rows(b, access, trips):
    """The rows that the iterations access, stacked."""
    array, axis = access.array, access.axis
    if axis:
        array = b.transpose(array, permutation=(axis, *(a for a in range(array.rank) if a != axis)))
    return slice_axis(b, array, 0, access.offset, access.offset + trips)


@RULES("loop")
def scan_rows(b, operation):
    """Rows of arrays from around become scanned inputs."""
    loop = Loop(operation)
    if loop.is_open:
        return None  # it may end before the rows do
    mapping, operations = {}, []
    for inner in loop.region.operations:
        access = access_of(inner, loop) if inner.name in ("gather", "dynamic_slice") else None
        if access is None or not loop.is_invariant(access.array):
            operations.append(inner)
            continue
        row = loop.scan(_rows(b, access, loop.trips))
        mapping[inner.result] = _shaped(row, inner, operations)
    if not mapping:
        return None
    return _edited(b, loop, operations, mapping)


@RULES("loop")
def stack_rows(b, operation):
    """A carried array of which each iteration reads and replaces one row: these are scanned and stacked."""
    loop = Loop(operation)
    if loop.is_open:
        return None
    uses = loop.uses()
    for position, (argument, following) in enumerate(zip(loop.carries, loop.following)):
        write = made_by(following, "dynamic_update_slice")
        if not write or write.operands[0] is not argument or uses.get(following) != 1:
            continue
        access = access_of(write, loop)
        reads = [inner for inner in loop.region.operations if inner.name in ("gather", "dynamic_slice")
                 and access_of(inner, loop) == access]
        if access and len(reads) == uses[argument] - 1:
            return _with_rows_stacked(b, loop, position, access, write, reads)
    return None


def _with_rows_stacked(b, loop, position, access, write, reads):
    start = loop.starts[position]
    access = Access(start, access.axis, access.offset)
    mapping, operations = {}, []
    row = loop.scan(_rows(b, access, loop.trips)) if reads else None
    for inner in loop.region.operations:
        if inner in reads:
            mapping[inner.result] = _shaped(row, inner, operations)
        elif inner is write:
            builder = Builder(location=inner.location)
            stacked = reshape_to(builder, write.operands[1], access.shape)
            operations += builder.block.operations
        else:
            operations.append(inner)
    for part in (loop.starts, loop.carries):
        del part[position]
    loop.region.results.remove(write.result)
    loop.region.results.append(stacked)
    results = _edited(b, loop, operations, mapping)
    results.insert(position, _assembled(b, results.pop(), access, loop.trips))
    return results


def _shaped(row, operation, operations):
    """A row in the shape that an operation gives it; a reshape is put behind `operations` where needed."""
    builder = Builder(location=operation.location)
    value = reshape_to(builder, row, operation.result.shape)
    operations += builder.block.operations
    return value


def _edited(b, loop, operations, mapping):
    loop.region.operations[:] = operations
    replace_values(loop.region, mapping)
    loop.carried = len(loop.carries)
    loop.proceed, loop.following, loop.stacked = loop.yielded(loop.region.results)
    return loop.rebuilt(b)


def _assembled(b, stack, access, trips):
    """The array after the loop: the rows stacked, and those of the array as it was before and behind."""
    array, axis, offset = access.array, access.axis, access.offset
    if axis:
        stack = b.transpose(stack, permutation=(*range(1, axis + 1), 0, *range(axis + 1, array.rank)))
    extent, parts = array.shape[axis], [stack]
    if may_be_negative(trips):  # nothing is replaced, and there may be no rows before and behind either
        return _replaced(b, array, stack, axis, offset)
    if offset:
        parts.insert(0, slice_axis(b, array, axis, 0, offset))
    if extent - trips - offset != 0:
        parts.append(slice_axis(b, array, axis, offset + trips, extent))
    return b.concatenate(*parts, axis=axis) if len(parts) > 1 else stack


def _replaced(b, array, stack, axis, offset):
    """The array with the rows from `offset` on replaced by those of a stack, of which there may be none."""
    around = [(0, 0)] * array.rank
    around[axis] = offset, array.shape[axis] - stack.shape[axis] - offset
    low, high = zip(*around)
    rows = b.pad(stack, low=low, high=high, value=0)
    places = b.iota(shape=array.shape, axis=axis, element=I64)
    before = b.constant(np.int64(offset))
    end = b.add(b.extent(stack.shape[axis]), before)
    is_new = b.lt(places, b.broadcast(end, shape=array.shape, axes=()))
    if offset:
        reached = b.ge(places, b.broadcast(before, shape=array.shape, axes=()))
        is_new = b.emit("and", (reached, is_new))
    return b.select(is_new, rows, array)
