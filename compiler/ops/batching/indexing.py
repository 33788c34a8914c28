"""Reading and writing at indices. An index from the padding, or of a lane that does not count, is kept inside
of its axis; what is written there is dropped."""

import numpy as np

from ...ir import Block, Value
from ...types import I64, TensorType, fresh_dim, size_product, symbol_name
from ..rules import replace
from .batched import Batched
from .lanes import Lanes
from .movement import picked, picked_anyhow

PRODUCT_LIMIT = 256
"""Up to this size of an axis rows are added by a product with one-hot vectors, lane by lane."""


def batch_gather(lanes: Lanes, operation):
    (x, index), axis = (lanes[value] for value in operation.operands), operation.attributes["axis"]
    return [picked(lanes, x, axis, index)]


def batch_one_hot(lanes: Lanes, operation):
    index, depth = lanes[operation.operands[0]], operation.attributes["depth"]
    index = lanes.clamped(index, depth)
    value = lanes.builder.one_hot(index.value, depth=lanes.extent(depth),
                                  element=operation.attributes["element"])
    padding = 0 if not lanes.ragged_axes(index) and lanes.is_ragged(depth) else None
    return [Batched(value, index.axis, operation.result.shape, padding)]


# --- adding rows --------------------------------------------------------------------------------------------

def _updates(lanes, updates: Batched, axes) -> Batched:
    """Updates with zeros where nothing is to be added."""
    updates = lanes.filled(updates, 0, axes)
    return lanes.only_live(updates, 0) if updates.axis is not None else updates


def _row_axes(operation):
    """The axes of the updates that the axes of the indices take."""
    axis = operation.attributes["axis"]
    return range(axis, axis + operation.operands[0].rank)


def batch_scatter_add(lanes: Lanes, operation):
    axis, shape = operation.attributes["axis"], operation.result.shape
    if not lanes.may_be_empty(shape[axis]):
        return [_rows_added(lanes, operation, shape)]
    # one row more takes what is added where there is none
    added = _rows_added(lanes, operation, replace(shape, axis, lanes.extent(shape[axis]) + 1))
    extents = lanes.batch_shape(shape, added.axis)
    value = lanes.builder.slice(added.value, starts=(0,) * len(extents), stops=extents,
                                steps=(1,) * len(extents))
    return [_vanishing(lanes, Batched(value, added.axis, shape))]


def _rows_added(lanes, operation, shape) -> Batched:
    """The rows added to zeros of a lane's shape."""
    axis = operation.attributes["axis"]
    index, updates = (lanes[value] for value in operation.operands)
    updates = _updates(lanes, updates, _row_axes(operation))
    index, b = lanes.clamped(index, shape[axis], always=shape != operation.result.shape), lanes.builder
    if index.axis is None:
        lane = updates.axis
        if lane is not None and axis < lane < axis + index.rank:
            updates = lanes.front(updates)
            lane = 0
        if lane is not None and lane > axis:
            lane = lane - index.rank + 1
        outer = axis if lane is None or axis < lane else axis + 1
        value = b.scatter_add(index.value, updates.value, axis=outer, shape=lanes.batch_shape(shape, lane))
        return _vanishing(lanes, Batched(value, lane, shape))
    if updates.axis is None:
        updates = lanes.only_live(updates, 0)
    index, updates = lanes.front(index), lanes.front(updates)
    full, count = lanes.batch_shape(shape), size_product(index.value.shape[1:])
    lead, size, rest = full[1:axis + 1], full[axis + 1], full[axis + 2:]
    if isinstance(size, int) and size <= PRODUCT_LIMIT and updates.element.is_float:
        total = _added_by_product(lanes, index, updates, lead, size, rest, count)
        return _vanishing(lanes, Batched(total, 0, shape))
    places = lanes.flat_places(index.value, lead, size)
    rows = b.reshape(updates.value, shape=(size_product((lanes.count, *lead, count)), *rest))
    flat = size_product((lanes.count, *lead, size))
    # no two lanes write to the same row
    unique = {"unique": True} if count == 1 or operation.attributes.get("unique") else {}
    total = b.scatter_add(b.reshape(places, shape=(size_product(places.shape),)), rows, axis=0,
                          shape=(flat, *rest), **unique)
    return _vanishing(lanes, Batched(b.reshape(total, shape=full), 0, shape))


def _vanishing(lanes, x):
    """A sum of updates, which are zero in lanes that do not count."""
    if lanes.live is not None and x.axis is not None:
        lanes.vanishing.add(x.value)
    return x


def _added_by_product(lanes, index, updates, lead, size, rest, count):
    b = lanes.builder
    places = b.reshape(index.value, shape=(lanes.count, count))
    chosen = b.one_hot(places, depth=size, element=updates.element)
    rows = b.reshape(updates.value, shape=(lanes.count, size_product(lead), count, size_product(rest)))
    total = b.contract(chosen, rows, spec="niv,naib->navb")
    return b.reshape(total, shape=(lanes.count, *lead, size, *rest))


def sum_scatter_add(lanes: Lanes, operation):
    """The rows of all lanes are added to one array."""
    axis, shape = operation.attributes["axis"], operation.result.shape
    index, updates = (lanes[value] for value in operation.operands)
    updates = _updates(lanes, updates, _row_axes(operation))
    index = lanes.clamped(index, shape[axis])
    if index.axis is None:
        return lanes.builder.scatter_add(index.value, lanes.total(updates), axis=axis, shape=shape)
    updates, index = lanes.only_live(lanes.at(updates, axis), 0), lanes.front(index)
    return lanes.builder.scatter_add(index.value, updates.value, axis=axis, shape=shape)


# --- writing rows -------------------------------------------------------------------------------------------

def batch_rows(lanes: Lanes, operation):
    """The rows of all lanes are those of one array. What comes from the padding, or from lanes that do not
    count, is written to rows behind those of each lane."""
    x, index, rows = (lanes.front(lanes[value]) for value in operation.operands)
    b, size, shape = lanes.builder, x.value.shape[1], x.value.shape
    whole = x.value
    if not lanes.is_safe(index):
        nothing, count = (0,) * (x.rank - 1), index.value.shape[1]
        whole = b.pad(whole, low=(0, 0, *nothing), high=(0, count, *nothing), value=0)
        beyond = b.add(b.broadcast(lanes.size(x.shape[0]), shape=index.value.shape, axes=()),
                       b.iota(shape=index.value.shape, axis=1, element=I64))
        counts = lanes.own(index)
        if lanes.live is not None:
            live = lanes.spread(lanes.live, index)
            counts = live if counts is None else lanes.emit("and", (counts, live))
        index = Batched(b.select(counts, index.value, beyond), 0, index.shape)
    flat = b.reshape(whole, shape=(lanes.count * whole.shape[1], *shape[2:]))
    places = lanes.flat_places(index.value, (), whole.shape[1])
    places = b.reshape(places, shape=(size_product(places.shape),))
    rows = b.reshape(rows.value, shape=(*places.shape, *shape[2:]))
    value = b.reshape(lanes.emit(operation.name, (flat, places, rows)), shape=whole.shape)
    if whole is not x.value:
        value = b.slice(value, starts=(0,) * len(shape), stops=(*shape[:1], size, *shape[2:]),
                        steps=(1,) * len(shape))
    return [Batched(value, 0, operation.result.shape)]


# --- single elements ----------------------------------------------------------------------------------------

def batch_take_along(lanes: Lanes, operation):
    (x, index), axis = (lanes[value] for value in operation.operands), operation.attributes["axis"]
    index = lanes.clamped(index, x.shape[axis])
    x, index = lanes.aligned([x, index])
    value = lanes.builder.take_along(x.value, index.value, axis=x.outer(axis))
    return [Batched(value, x.axis, operation.result.shape)]


def batch_scatter_along(lanes: Lanes, operation):
    (index, updates), axis = (lanes[value] for value in operation.operands), operation.attributes["axis"]
    shape = operation.result.shape
    updates, index = _updates(lanes, updates, (axis,)), lanes.clamped(index, shape[axis])
    index, updates = lanes.aligned([index, updates])
    value = lanes.builder.scatter_along(index.value, updates.value, axis=index.outer(axis),
                                        shape=lanes.batch_shape(shape, index.axis))
    return [Batched(value, index.axis, shape)]


def batch_true_indices(lanes: Lanes, operation):
    """The indices of all lanes are found at once; each lane has its own of them, one after the other. Their
    number is ragged."""
    flags, name = lanes[operation.operands[0]], symbol_name(operation.attributes["dim"])
    if flags.axis is None and not lanes.ragged_axes(flags):
        value = lanes.emit("true_indices", (flags.value,), operation.attributes)
        return [Batched(value, None, operation.result.shape)]
    flags, b = lanes.front(lanes.only_live(lanes.filled(flags, False), False)), lanes.builder
    counts = b.reduce_sum(b.convert(flags.value, element=I64), axes=(1,))
    extent = lanes.renamed[name] if name in lanes.renamed else fresh_dim(name)
    index = Value(TensorType(I64))
    most = b.reduce_max(counts, axes=(0,))
    if lanes.live is not None:  # where no lane counts, an axis of that size has a place to read
        most = b.max(most, b.constant(np.int64(1)))
    lanes.emit("loop", [most], {"carried": 0, "trips": extent, "counted": True},
               [Block([index], [], [index])])
    lanes.add_ragged(name, counts, extent)
    size = flags.value.shape[1]
    found = b.true_indices(b.reshape(flags.value, shape=(lanes.count * size,)), dim=fresh_dim(name))
    firsts = b.sub(b.cumsum(counts, axis=0), counts)
    places = _window(lanes, Batched(firsts, 0, ()), operation.result.shape[0])
    index = picked_anyhow(lanes, Batched(found, None, found.shape), 0, places)
    starts = lanes.flat_places(b.full(0, index.value), (), size)
    return [Batched(b.sub(index.value, starts), 0, operation.result.shape)]


# --- moving windows -----------------------------------------------------------------------------------------

def _moves(lanes, start: Batched, size, whole):
    """Whether a window along an axis is at a place, or of a size, that only the lane knows."""
    if start.axis is not None:
        return size != whole
    return lanes.is_ragged(size) and size != whole


def batch_dynamic_slice(lanes: Lanes, operation):
    x, *starts = (lanes[value] for value in operation.operands)
    sizes, b = operation.result.shape, lanes.builder
    moving = [axis for axis in range(x.rank) if _moves(lanes, starts[axis], sizes[axis], x.shape[axis])]
    fixed = [axis for axis in range(x.rank) if axis not in moving and sizes[axis] != x.shape[axis]]
    if fixed:
        zero = b.constant(np.int64(0))
        begin = [starts[axis].value if axis in fixed else zero for axis in range(x.rank)]
        kept = tuple(sizes[axis] if axis in fixed else x.shape[axis] for axis in range(x.rank))
        if x.axis is not None:
            begin.insert(x.axis, zero)
        value = b.dynamic_slice(x.value, *begin, sizes=lanes.batch_shape(kept, x.axis))
        x = Batched(value, x.axis, kept)
    for axis in moving:
        x = picked(lanes, x, axis, _window(lanes, starts[axis], sizes[axis]))
    return [Batched(x.value, x.axis, operation.result.shape)]


def _window(lanes, start: Batched, size):
    """The indices of a window along an axis."""
    b, extent = lanes.builder, lanes.extent(size)
    shape = (extent,) if start.axis is None else (lanes.count, extent)
    places = b.iota(shape=shape, axis=len(shape) - 1, element=I64)
    axes = () if start.axis is None else (0,)
    return Batched(b.add(places, b.broadcast(start.value, shape=shape, axes=axes)), start.axis, (size,))


def batch_dynamic_update_slice(lanes: Lanes, operation):
    x, update, *starts = (lanes[value] for value in operation.operands)
    sizes, b = update.shape, lanes.builder
    moving = [axis for axis in range(x.rank) if _moves(lanes, starts[axis], sizes[axis], x.shape[axis])]
    if not moving:
        x, update = lanes.aligned([x, update])
        zero = b.constant(np.int64(0))
        begin = [zero if sizes[axis] == x.shape[axis] else starts[axis].value for axis in range(x.rank)]
        if x.axis is not None:
            begin.insert(x.axis, zero)
        return [Batched(b.dynamic_update_slice(x.value, update.value, *begin), x.axis, x.shape)]
    others = [axis for axis in range(x.rank) if axis not in moving and sizes[axis] != x.shape[axis]]
    if len(moving) == 1 and not others and not lanes.is_ragged(sizes[moving[0]]):
        return [_with_window(lanes, x, update, moving[0], starts[moving[0]])]
    # the update stretched over x: at each place the element that would come there
    keep = []
    for axis in range(x.rank):
        size, whole = sizes[axis], x.shape[axis]
        if size == whole:
            continue
        index = _window(lanes, Batched(b.neg(starts[axis].value), starts[axis].axis, ()), whole)
        keep.append((axis, index, size))
        update = picked_anyhow(lanes, update, axis, Batched(index.value, index.axis, (whole,)))
    x, update = lanes.aligned([lanes.batched(x), update])
    inside = None
    for axis, index, size in keep:
        here = lanes.spread(_inside(lanes, index, size), x, axis)
        inside = here if inside is None else lanes.emit("and", (inside, here))
    return [Batched(b.select(inside, update.value, x.value), x.axis, x.shape)]


def _with_window(lanes, x, update, axis, start):
    """x with a window along one axis replaced, whose start differs from lane to lane. In lanes that do not
    count it stays as it is."""
    b, size, (x, update) = lanes.builder, update.shape[axis], map(lanes.front, (x, update))
    start = lanes.clamped(start, x.shape[axis] - size + 1)
    lead, whole, rest = x.value.shape[1:axis + 1], x.value.shape[axis + 1], x.value.shape[axis + 2:]
    places = lanes.flat_places(_window(lanes, start, size).value, lead, whole)
    places = b.reshape(places, shape=(size_product(places.shape),))
    flat = b.reshape(x.value, shape=(size_product((lanes.count, *lead, whole)), *rest))
    new = update.value
    if lanes.live is not None:
        old = b.reshape(b.gather(flat, places, axis=0), shape=new.shape)
        new = b.select(lanes.spread(lanes.live, update), new, old)
    rows = b.reshape(new, shape=(*places.shape, *rest))
    value = b.reshape(b.set_rows(flat, places, rows), shape=x.value.shape)
    if lanes.live is not None:
        lanes.unchanged[value] = x.value
    return Batched(value, 0, x.shape)


def _inside(lanes, index, size):
    """Whether an index into a window of a lane's size is inside of it: i1 [N, extent]."""
    b, index = lanes.builder, lanes.batched(index)
    end = b.broadcast(lanes.length(size), shape=index.value.shape, axes=(0,))
    return lanes.emit("and", (b.ge(index.value, b.full(0, index.value)), b.lt(index.value, end)))
