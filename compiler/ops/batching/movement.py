"""Ops that move elements. Where a lane's elements keep their places from the start of the axes the op itself
does, else each lane picks them at places of its own."""

import numpy as np

from ...ir import Value
from ...types import I64, size_product
from ..rules import replace as replaced
from .batched import Batched
from .elementwise import sum_linear
from .lanes import Lanes


def batch_transpose(lanes: Lanes, operation):
    x, permutation = lanes[operation.operands[0]], tuple(operation.attributes["permutation"])
    shape = operation.result.shape
    if x.axis is None:
        return [Batched(lanes.builder.transpose(x.value, permutation=permutation), None, shape, x.padding)]
    outer = [x.outer(axis) for axis in permutation]
    # where moving the lanes' axis alone does it, nothing else is moved
    axis = next((axis for axis in range(len(outer) + 1)
                 if [*outer[:axis], x.axis, *outer[axis:]] == list(range(len(outer) + 1))), 0)
    order = (*outer[:axis], x.axis, *outer[axis:])
    return [Batched(lanes.builder.transpose(x.value, permutation=order), axis, shape, x.padding)]


def batch_broadcast(lanes: Lanes, operation):
    x, axes = lanes[operation.operands[0]], tuple(operation.attributes["axes"])
    shape = operation.result.shape
    new = [a for a in range(len(shape)) if lanes.is_ragged(shape[a])
           and not (a in axes and lanes.is_ragged(x.shape[axes.index(a)]))]
    is_number = x.axis is None and not lanes.ragged_axes(x) and x.padding is not None
    padding = x.padding if is_number or not new else None
    if x.axis is None:
        value = lanes.builder.broadcast(x.value, shape=lanes.extents(shape), axes=axes)
        return [Batched(value, None, shape, padding)]
    axis = axes[x.axis - 1] + 1 if x.axis else 0
    mapped = [a if a < axis else a + 1 for a in axes]
    mapped.insert(x.axis, axis)
    value = lanes.builder.broadcast(x.value, shape=lanes.batch_shape(shape, axis), axes=tuple(mapped))
    return [Batched(value, axis, shape, padding)]


# --- reshape ------------------------------------------------------------------------------------------------

def batch_reshape(lanes: Lanes, operation):
    x, shape = lanes[operation.operands[0]], operation.result.shape
    if not _keeps_places(lanes, x.shape, shape):
        return [_gathered_reshape(lanes, x, shape)]
    if x.axis is not None:
        x = lanes.front(x)
    value = lanes.builder.reshape(x.value, shape=lanes.batch_shape(shape, x.axis))
    return [Batched(value, x.axis, shape, x.padding)]


def _keeps_places(lanes, old, new):
    """Whether elements keep their row-major places when both shapes are padded: in each group of axes that
    become a group of others, only the leading ones are ragged."""
    for before, after in _groups(old, new):
        if before == after or not any(map(lanes.is_ragged, before + after)):
            continue
        if any(map(lanes.is_ragged, before[1:] + after[1:])):
            return False
        if size_product(lanes.extents(before)) != size_product(lanes.extents(after)):
            return False
    return True


def _groups(old, new):
    """Pairs of runs of dims of the two shapes that have the same product, as short as they can be."""
    old, new = [dim for dim in old if dim != 1], [dim for dim in new if dim != 1]
    start, begin = 0, 0
    while start < len(old) or begin < len(new):
        stop, end = start + 1, begin + 1
        best = (len(old), len(new))
        for stop in range(start + 1, len(old) + 1):
            product = size_product(old[start:stop])
            end = next((end for end in range(begin + 1, len(new) + 1)
                        if size_product(new[begin:end]) == product), None)
            if end is not None:
                best = (stop, end)
                break
        yield tuple(old[start:best[0]]), tuple(new[begin:best[1]])
        start, begin = best


def lane_places(lanes: Lanes, shape) -> Value:
    """For each element of a lane's shape its place in the lane's own row-major order: i64 [N, extents…]."""
    return _joined(lanes, [_places(lanes, shape, axis) for axis in range(len(shape))], shape, shape).value


def _gathered_reshape(lanes, x, shape):
    """Each element from where the lane has it: the place in its own row-major order, taken apart by its own
    dims."""
    place = Batched(lane_places(lanes, shape), 0, shape)
    parts = []
    for dim in reversed(x.shape):
        size = lanes.batched(_size_over(lanes, dim, shape))
        size = Batched(lanes.builder.max(size.value, lanes.builder.full(1, size.value)), 0, shape)
        parts.append(lanes.builder.mod(place.value, size.value))
        place = Batched(lanes.builder.idiv(place.value, size.value), 0, shape)
    parts = [lanes.clamped(Batched(part, 0, shape), dim) for part, dim in zip(reversed(parts), x.shape)]
    flat = _joined(lanes, parts, x.shape, shape, padded=True)
    x = lanes.front(x)
    count = size_product(x.value.shape[1:])
    row = Batched(lanes.builder.reshape(x.value, shape=(lanes.count, count)), 0, (count,))
    return lanes.rows(row, 0, flat)


def _places(lanes, shape, axis):
    """The index along an axis of a lane's shape."""
    value = lanes.builder.iota(shape=lanes.batch_shape(shape), axis=axis + 1, element=I64)
    return Batched(value, 0, shape)


def _size_over(lanes, dim, shape, padded=False):
    """A dim, or its padded extent, repeated over a lane's shape."""
    b = lanes.builder
    if padded or not lanes.is_ragged(dim):
        return Batched(b.broadcast(lanes.size(dim), shape=lanes.batch_shape(shape), axes=()), 0, shape)
    return Batched(b.broadcast(lanes.length(dim), shape=lanes.batch_shape(shape), axes=(0,)), 0, shape)


def _joined(lanes, parts, dims, shape, padded=False):
    """Indices along axes of these dims as one place in row-major order."""
    b = lanes.builder
    total = b.full(0, parts[0].value) if parts else b.broadcast(
        b.constant(np.int64(0)), shape=lanes.batch_shape(shape), axes=())
    for part, dim in zip(parts, dims):
        total = b.add(b.mul(total, _size_over(lanes, dim, shape, padded).value), part.value)
    return Batched(total, 0, shape)


# --- along one axis -----------------------------------------------------------------------------------------

def picked(lanes: Lanes, x: Batched, axis: int, index: Batched) -> Batched:
    """x at the places `index` along an axis; the index counts from 0 and may be wrong in the padding."""
    if lanes.may_be_empty(x.shape[axis]):
        return picked_anyhow(lanes, x, axis, index)
    return lanes.rows(x, axis, lanes.clamped(index, x.shape[axis]))


def picked_anyhow(lanes: Lanes, x: Batched, axis: int, index: Batched) -> Batched:
    """x at the places `index` along an axis that may be empty; what stands at wrong places does not matter.
    """
    edges = tuple(int(a == x.outer(axis)) for a in range(x.value.type.rank))
    value = lanes.builder.pad(x.value, low=(0,) * len(edges), high=edges, value=0)
    x = Batched(value, x.axis, replaced(x.shape, axis, lanes.extent(x.shape[axis]) + 1))
    return lanes.rows(x, axis, lanes.clamped(index, x.shape[axis], always=True))


def _counted(lanes, size):
    """0, 1, … along an axis of a lane's size, the same for all lanes."""
    return Batched(lanes.builder.iota(shape=(lanes.extent(size),), axis=0, element=I64), None, (size,))


def _plus(lanes, index: Batched, offset):
    """Indices of one axis, each lane's moved by its own number [N]."""
    index = lanes.batched(index)
    spread = lanes.builder.broadcast(offset, shape=index.value.shape, axes=(0,))
    return Batched(lanes.builder.add(index.value, spread), 0, index.shape)


def batch_slice(lanes: Lanes, operation):
    x, attributes = lanes[operation.operands[0]], operation.attributes
    starts, stops, steps = (tuple(attributes[key]) for key in ("starts", "stops", "steps"))
    shape, b = operation.result.shape, lanes.builder
    simple = [not lanes.is_ragged(start) for start in starts]
    ends = []
    for axis, is_simple in enumerate(simple):
        dim, extent = x.shape[axis], lanes.extent(x.shape[axis])
        if not is_simple or (starts[axis] == 0 and stops[axis] == dim):
            ends.append(extent)
        elif not lanes.is_ragged(stops[axis]):
            ends.append(lanes.extent(stops[axis]))
        else:  # the last element that some lane may have
            count = lanes.extent(shape[axis])
            ends.append(lanes.extent(starts[axis]) + (count - 1) * steps[axis] + 1 if steps[axis] > 1
                        else lanes.extent(starts[axis]) + count)
    outer = {"starts": [lanes.extent(start) if is_simple else 0 for start, is_simple in zip(starts, simple)],
             "stops": ends, "steps": [step if is_simple else 1 for step, is_simple in zip(steps, simple)]}
    if x.axis is not None:
        for key, whole in (("starts", 0), ("stops", lanes.count), ("steps", 1)):
            outer[key].insert(x.axis, whole)
    value = b.slice(x.value, **{key: tuple(items) for key, items in outer.items()})
    kept = tuple(size if is_simple else whole for size, whole, is_simple in zip(shape, x.shape, simple))
    result = Batched(value, x.axis, kept)
    for axis, is_simple in enumerate(simple):
        if not is_simple:
            index = _counted(lanes, shape[axis])
            if steps[axis] > 1:
                index = Batched(b.mul(index.value, b.full(steps[axis], index.value)), None, index.shape)
            result = picked(lanes, result, axis, _plus(lanes, index, lanes.number_of(starts[axis])))
    return [result]


def batch_reverse(lanes: Lanes, operation):
    x, b = lanes[operation.operands[0]], lanes.builder
    fixed = tuple(axis for axis in operation.attributes["axes"] if not lanes.is_ragged(x.shape[axis]))
    x = Batched(b.reverse(x.value, axes=tuple(map(x.outer, fixed))), x.axis, x.shape, x.padding)
    for axis in operation.attributes["axes"]:
        if axis not in fixed:
            dim = x.shape[axis]
            places = _counted(lanes, dim)
            back = Batched(b.neg(places.value), None, places.shape)
            last = b.sub(lanes.length(dim), lanes.number(1))
            x = picked(lanes, x, axis, _plus(lanes, back, last))
    return [x]


def batch_pad(lanes: Lanes, operation):
    x, attributes, b = lanes[operation.operands[0]], operation.attributes, lanes.builder
    shape, number = operation.result.shape, attributes["value"]
    low, high = tuple(attributes["low"]), tuple(attributes["high"])
    moved = [axis for axis in range(x.rank) if lanes.is_ragged(low[axis])]
    grown = [axis for axis in range(x.rank) if lanes.is_ragged(x.shape[axis])
             and (high[axis] != 0 or axis in moved)]
    x = lanes.filled(x, number, grown)
    edges = {"low": [], "high": []}
    for axis in range(x.rank):
        before, size = lanes.extent(low[axis]), lanes.extent(x.shape[axis])
        if axis in moved:
            before, after = 0, 0
        elif lanes.is_ragged(shape[axis]) or lanes.is_ragged(x.shape[axis]):
            after = lanes.extent(shape[axis]) - size - before
        else:
            after = lanes.extent(high[axis])
        edges["low"].append(before)
        edges["high"].append(after)
    if x.axis is not None:
        edges["low"].insert(x.axis, 0)
        edges["high"].insert(x.axis, 0)
    kept = tuple(whole if axis in moved else size for axis, (size, whole) in enumerate(zip(shape, x.shape)))
    padding = number if x.padding is not None and x.padding == number else None
    value = b.pad(x.value, low=tuple(edges["low"]), high=tuple(edges["high"]), value=number)
    result = Batched(value, x.axis, kept, padding)
    for axis in moved:
        result = _padded_by_lane(lanes, result, axis, low[axis], shape[axis], number)
    return [result]


def sum_padded(lanes: Lanes, operation):
    """Zeros around the sum; other numbers are added up as well."""
    if operation.attributes["value"] == 0:
        return sum_linear(lanes, operation)
    return lanes.total(batch_pad(lanes, operation)[0])


def _padded_by_lane(lanes, x, axis, low, size, number):
    """x moved along an axis by a number of places that differs from lane to lane, among `number`s."""
    b, dim = lanes.builder, x.shape[axis]
    index = _plus(lanes, _counted(lanes, size), b.neg(lanes.number_of(low)))
    inside = lanes.emit("and", (b.ge(index.value, b.full(0, index.value)), b.lt(
        index.value, b.broadcast(lanes.length(dim), shape=index.value.shape, axes=(0,)))))
    result = picked_anyhow(lanes, x, axis, index)
    keep = lanes.spread(inside, result, axis)
    return Batched(b.select(keep, result.value, b.full(number, result.value)), result.axis, result.shape)


def batch_concatenate(lanes: Lanes, operation):
    axis, shape, b = operation.attributes["axis"], operation.result.shape, lanes.builder
    parts = lanes.aligned([lanes[value] for value in operation.operands])
    sizes = [part.shape[axis] for part in parts]
    outer = parts[0].outer(axis)
    value = b.concatenate(*(part.value for part in parts), axis=outer)
    paddings = {part.padding for part in parts}
    padding = paddings.pop() if len(paddings) == 1 else None
    if not any(map(lanes.is_ragged, sizes[:-1])):
        return [Batched(value, parts[0].axis, shape, padding)]
    # behind each ragged part the elements of the next move up
    index = lanes.batched(_counted(lanes, shape[axis]))
    places, end = index.value, None
    for size in sizes[:-1]:
        end = lanes.length(size) if end is None else b.add(end, lanes.length(size))
        gap = b.sub(lanes.length(lanes.extent(size)), lanes.length(size))
        behind = b.ge(index.value, b.broadcast(end, shape=index.value.shape, axes=(0,)))
        moved = b.add(places, b.broadcast(gap, shape=places.shape, axes=(0,)))
        places = b.select(behind, moved, places)
    whole = sum((lanes.extent(size) for size in sizes[1:]), lanes.extent(sizes[0]))
    joined = Batched(value, parts[0].axis, replaced(shape, axis, whole))
    return [picked(lanes, joined, axis, Batched(places, 0, (shape[axis],)))]
