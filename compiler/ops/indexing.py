"""Reading and writing at indices: whole rows, single elements, moving windows, one-hot vectors.

Indices are i64 and count from 0; one outside of its axis is an error in the interpreter and undefined in an
artifact.
"""

import numpy as np

from ..errors import WeberError
from ..types import BOOL, I64, ElementType, TensorType, size_product, symbol, symbol_name
from .batching.indexing import (
    batch_dynamic_slice,
    batch_dynamic_update_slice,
    batch_gather,
    batch_one_hot,
    batch_scatter_add,
    batch_scatter_along,
    batch_take_along,
    batch_true_indices,
    sum_scatter_add,
)
from .kernels import compute, decomposed
from .record import Linear, Zero, expect, register
from .rules import (
    as_shape,
    expect_axis,
    expect_operands,
    expect_same_element,
    expect_scalar_index,
    replace,
)

ONE_HOT_LIMIT = 256
"""Up to this depth a one-hot vector is a row of a constant, and adding rows is a product with one-hot
vectors."""


def expect_indices(name, value):
    """Raises `TypeRuleError` unless a value is of i64 numbers."""
    expect(value.element is I64, f"{name} takes i64 indices, got {value.type}")


def check_bounds(name, indices, size):
    """Raises WeberError for an index outside of an axis of this size."""
    if np.any((indices < 0) | (indices >= size)):
        wrong = indices[(indices < 0) | (indices >= size)].flat[0]
        raise WeberError(f"{name}: index {wrong} (from 0) of an axis of size {size}", kind="BoundsError")


def _added(lowering, type: TensorType, places, updates, axis):
    """Zeros with the updates added at their places along the axis."""
    zeros = lowering.node("ConstantOfShape", [lowering.shape(type.shape)], type=type,
                          value=np.zeros(1, type.element.numpy))
    return compute(lowering, "ScatterElements", [zeros, places, updates], type, data=(0, 2), axis=axis,
                   reduction="add")


# --- rows ---------------------------------------------------------------------------------------------------

def _gathered(shape, axis, indices):
    return (*shape[:axis], *indices, *shape[axis + 1:])


def _infer_gather(operands, attributes, regions):
    expect_operands("gather", operands, 2)
    (x, indices), axis = operands, attributes["axis"]
    expect_axis("gather", axis, x.rank)
    expect_indices("gather", indices)
    return [TensorType(x.element, _gathered(x.shape, axis, indices.shape))]


def _evaluate_gather(arrays, attributes, context):
    (x, indices), axis = arrays, attributes["axis"]
    check_bounds("gather", indices, x.shape[axis])
    return [np.take(x, indices, axis)]


def _gather_transpose(b, operation, cotangents):
    x, indices = operation.operands
    if operation.attributes.get("unique") and indices.rank == 1:
        return [b.add_rows(b.full(0, x), indices, cotangents[0]), None]
    return [b.scatter_add(indices, cotangents[0], axis=operation.attributes["axis"], shape=x.shape), None]


register("gather", _infer_gather, _evaluate_gather, Linear(_gather_transpose, of=(0,)),
         lambda lowering, operation, names: [lowering.node("Gather", names,
                                                           axis=operation.attributes["axis"])],
         "x at the indices along `axis`, whose place the axes of the indices take; `unique` says that no row "
         "but the last is taken twice along axis 0, and that nothing depends on the last one",
         batch=batch_gather)


def _infer_scatter_add(operands, attributes, regions):
    expect_operands("scatter_add", operands, 2)
    (indices, updates), axis = operands, attributes["axis"]
    shape = as_shape("scatter_add", attributes["shape"])
    expect_axis("scatter_add", axis, len(shape))
    expect_indices("scatter_add", indices)
    expected = TensorType(updates.element, _gathered(shape, axis, indices.shape))
    expect(updates.type == expected, f"scatter_add takes updates of type {expected}, got {updates.type}")
    return [TensorType(updates.element, shape)]


def _evaluate_scatter_add(arrays, attributes, context):
    (indices, updates), axis = arrays, attributes["axis"]
    shape = [context.size(d) for d in attributes["shape"]]
    check_bounds("scatter_add", indices, shape[axis])
    total = np.zeros(shape, updates.dtype)
    rows = updates.reshape(*shape[:axis], indices.size, *shape[axis + 1:])
    np.add.at(total, (slice(None),) * axis + (indices.reshape(-1),), rows)
    return [total]


def _scatter_by_product(b, operation, indices, updates):
    axis, shape = operation.attributes["axis"], tuple(operation.attributes["shape"])
    count, before, behind = (size_product(s) for s in (indices.shape, shape[:axis], shape[axis + 1:]))
    chosen = b.one_hot(b.reshape(indices, shape=(count,)), depth=shape[axis], element=updates.element)
    if axis == 0:
        total = b.contract(chosen, b.reshape(updates, shape=(count, behind)), spec="iv,ib->vb")
    else:
        total = b.contract(b.reshape(updates, shape=(before, count, behind)), chosen, spec="aib,iv->avb")
    return b.reshape(total, shape=shape)


def fits_add_rows(operation) -> bool:
    """Whether a `scatter_add` is `add_rows` of zeros."""
    attributes = operation.attributes
    return attributes.get("unique") and attributes["axis"] == 0 and operation.operands[0].rank == 1


def _scatter_unique(b, operation, indices, updates):
    return b.add_rows(b.full(0, operation.result), indices, updates)


def _lower_scatter_add(lowering, operation, names):
    if fits_add_rows(operation):
        return decomposed(_scatter_unique)(lowering, operation, names)
    # ScatterND is much faster than ScatterElements, but does not add reliably where an index comes twice.
    indices, result = operation.operands[0], operation.result
    axis, size = operation.attributes["axis"], result.shape[operation.attributes["axis"]]
    if isinstance(size, int) and size <= ONE_HOT_LIMIT and result.element.is_float:
        return decomposed(_scatter_by_product)(lowering, operation, names)
    rows = replace(result.shape, axis, size_product(indices.shape))
    column = [rows[axis] if a == axis else 1 for a in range(len(rows))]
    places = lowering.node("Expand", [lowering.reshape(names[0], column), lowering.shape(rows)],
                           type=TensorType(I64, rows))
    return [_added(lowering, result.type, places, lowering.reshape(names[1], rows), axis)]


register("scatter_add", _infer_scatter_add, _evaluate_scatter_add,
         Linear(lambda b, operation, cotangents: [None, b.gather(cotangents[0], operation.operands[0],
                                                                 axis=operation.attributes["axis"])],
                of=(1,)),
         _lower_scatter_add, "zeros of `shape`, to which the updates are added at the indices along `axis`;"
         " `unique` where it is known that no two indices are equal",
         batch=batch_scatter_add, batch_sum=sum_scatter_add)


# --- single elements ----------------------------------------------------------------------------------------

def _expect_along(name, indices, shape, axis):
    expect_axis(name, axis, len(shape))
    expect_indices(name, indices)
    expect(indices.rank == len(shape) and replace(indices.shape, axis, 0) == replace(shape, axis, 0),
           f"{name} along axis {axis}: indices of type {indices.type} for sizes {', '.join(map(str, shape))}")


def _infer_take_along(operands, attributes, regions):
    expect_operands("take_along", operands, 2)
    x, indices = operands
    _expect_along("take_along", indices, x.shape, attributes["axis"])
    return [TensorType(x.element, indices.shape)]


def _evaluate_take_along(arrays, attributes, context):
    (x, indices), axis = arrays, attributes["axis"]
    check_bounds("take_along", indices, x.shape[axis])
    return [np.take_along_axis(x, indices, axis)]


def _take_along_transpose(b, operation, cotangents):
    x, indices = operation.operands
    return [b.scatter_along(indices, cotangents[0], axis=operation.attributes["axis"], shape=x.shape), None]


register("take_along", _infer_take_along, _evaluate_take_along, Linear(_take_along_transpose, of=(0,)),
         lambda lowering, operation, names: [lowering.node("GatherElements", names,
                                                           type=operation.result.type,
                                                           axis=operation.attributes["axis"])],
         "for each index the element of x there along `axis`, and at the index's own place along other axes",
         batch=batch_take_along)


def _infer_scatter_along(operands, attributes, regions):
    expect_operands("scatter_along", operands, 2)
    (indices, updates), shape = operands, as_shape("scatter_along", attributes["shape"])
    _expect_along("scatter_along", indices, shape, attributes["axis"])
    expect(updates.shape == indices.shape,
           f"scatter_along of updates {updates.type} at indices {indices.type}")
    return [TensorType(updates.element, shape)]


def _evaluate_scatter_along(arrays, attributes, context):
    (indices, updates), axis = arrays, attributes["axis"]
    total = np.zeros([context.size(d) for d in attributes["shape"]], updates.dtype)
    check_bounds("scatter_along", indices, total.shape[axis])
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    np.add.at(total, tuple(places), updates)
    return [total]


def _lower_scatter_along(lowering, operation, names):
    return [_added(lowering, operation.result.type, *names, operation.attributes["axis"])]


register("scatter_along", _infer_scatter_along, _evaluate_scatter_along,
         Linear(lambda b, operation, cotangents: [None, b.take_along(cotangents[0], operation.operands[0],
                                                                     axis=operation.attributes["axis"])],
                of=(1,)),
         _lower_scatter_along, "zeros of `shape`, to which each update is added at its index along `axis`",
         batch=batch_scatter_along)


# --- moving windows -----------------------------------------------------------------------------------------

def _infer_dynamic_slice(operands, attributes, regions):
    expect(operands, "dynamic_slice takes an operand and a start for each of its axes")
    (x, *starts), sizes = operands, as_shape("dynamic_slice", attributes["sizes"])
    _expect_window("dynamic_slice", x, starts, sizes)
    return [TensorType(x.element, sizes)]


def _expect_window(name, x, starts, sizes):
    expect(len(starts) == len(sizes) == x.rank,
           f"{name}: {len(starts)} starts and {len(sizes)} sizes for {x.type}")
    for start in starts:
        expect_scalar_index(name, start)
    for size, whole in zip(sizes, x.shape):
        room = whole - size
        expect(not isinstance(room, int) or room >= 0,
               f"{name}: a window of size {size} in an axis of size {whole}")


def _window(name, shape, starts, sizes):
    for start, size, whole in zip(starts, sizes, shape):
        if start < 0 or start + size > whole:
            raise WeberError(f"{name}: window {start}:{start + size} (from 0) of an axis of size {whole}",
                             kind="BoundsError")
    return tuple(slice(int(start), int(start) + size) for start, size in zip(starts, sizes))


def _evaluate_dynamic_slice(arrays, attributes, context):
    x, *starts = arrays
    return [x[_window("dynamic_slice", x.shape, starts, [context.size(d) for d in attributes["sizes"]])]]


def _dynamic_slice_transpose(b, operation, cotangents):
    x, *starts = operation.operands
    return [b.dynamic_update_slice(b.full(0, x), cotangents[0], *starts), *[None] * len(starts)]


def _moving_axes(shape, sizes):
    return [axis for axis, (whole, size) in enumerate(zip(shape, sizes)) if whole != size]


def _stop(lowering, start, size):
    return lowering.node("Add", [start, lowering.shape((size,))])


def _lower_dynamic_slice(lowering, operation, names):
    x, sizes = operation.operands[0], operation.attributes["sizes"]
    name, *starts = names
    axes = _moving_axes(x.shape, sizes)
    if not axes:
        return [lowering.node("Identity", [name])]
    start = [_as_vector(lowering, starts[axis]) for axis in axes]
    if len(axes) == 1 and sizes[axes[0]] == 1:
        return [lowering.node("Gather", [name, start[0]], axis=axes[0])]
    stop = [_stop(lowering, one, sizes[axis]) for one, axis in zip(start, axes)]
    edges = [part[0] if len(axes) == 1 else lowering.node("Concat", part, axis=0) for part in (start, stop)]
    return [lowering.node("Slice", [name, *edges, lowering.integers(axes)], type=operation.result.type)]


def _as_vector(lowering, name):
    return lowering.node("Unsqueeze", [name, lowering.integers([0])])


register("dynamic_slice", _infer_dynamic_slice, _evaluate_dynamic_slice,
         Linear(_dynamic_slice_transpose, of=(0,)),
         _lower_dynamic_slice,
         "the window of x of `sizes` that begins at the given starts; it lies inside of x",
         batch=batch_dynamic_slice)


def _infer_dynamic_update_slice(operands, attributes, regions):
    expect(len(operands) >= 2, "dynamic_update_slice takes an operand, an update and a start for each axis")
    x, update, *starts = operands
    expect_same_element("dynamic_update_slice", [x, update])
    expect(update.rank == x.rank, f"dynamic_update_slice of {x.type} by {update.type}")
    _expect_window("dynamic_update_slice", x, starts, update.shape)
    return [x.type]


def _evaluate_dynamic_update_slice(arrays, attributes, context):
    x, update, *starts = arrays
    updated = x.copy()
    updated[_window("dynamic_update_slice", x.shape, starts, update.shape)] = update
    return [updated]


def _dynamic_update_slice_transpose(b, operation, cotangents):
    _, update, *starts = operation.operands
    return [b.dynamic_update_slice(cotangents[0], b.full(0, update), *starts),
            b.dynamic_slice(cotangents[0], *starts, sizes=update.shape), *[None] * len(starts)]


def _lower_dynamic_update_slice(lowering, operation, names):
    x, update, *_ = operation.operands
    axes = _moving_axes(x.shape, update.shape)
    starts = {axis: _as_vector(lowering, names[2 + axis]) for axis in axes}
    return [_updated(lowering, names[0], names[1], x.type, update.shape, starts, axes)]


def _updated(lowering, whole, update, type, sizes, starts, axes):
    """Along the first axis: what is before, the window (updated along the other axes), what is behind."""
    if not axes:
        return lowering.node("Identity", [update])
    axis, *others = axes
    start, stop = starts[axis], _stop(lowering, starts[axis], sizes[axis])

    def part(begin, end, size):
        piece = TensorType(type.element, replace(type.shape, axis, size))
        return lowering.node("Slice", [whole, begin, end, lowering.integers([axis])], type=piece)

    # the parts before and behind have sizes that only run time knows; no others have these names
    before = part(lowering.integers([0]), start, symbol(f"before {start}"))
    behind = part(stop, lowering.shape((type.shape[axis],)), symbol(f"behind {stop} of {type.shape[axis]}"))
    if others:
        inner = TensorType(type.element, replace(type.shape, axis, sizes[axis]))
        window = part(start, stop, sizes[axis])
        update = _updated(lowering, window, update, inner, sizes, starts, others)
    return lowering.node("Concat", [before, update, behind], type=type, axis=axis)


register("dynamic_update_slice", _infer_dynamic_update_slice, _evaluate_dynamic_update_slice,
         Linear(_dynamic_update_slice_transpose, of=(0, 1)), _lower_dynamic_update_slice,
         "x with the window that begins at the given starts replaced by the update",
         batch=batch_dynamic_update_slice)


# --- places of true -----------------------------------------------------------------------------------------

def _infer_true_indices(operands, attributes, regions):
    expect_operands("true_indices", operands, 1)
    expect(operands[0].element is BOOL and operands[0].rank == 1,
           f"true_indices takes an i1 vector, got {operands[0].type}")
    expect(symbol_name(attributes["dim"]) is not None, "true_indices defines a named dim")
    return [TensorType(I64, (attributes["dim"],))]


def _lower_true_indices(lowering, operation, names):
    shape = operation.result.shape
    places = lowering.node("NonZero", names, type=TensorType(I64, (1, *shape)))
    return [lowering.node("Squeeze", [places, lowering.integers([0])], type=operation.result.type)]


register("true_indices", _infer_true_indices, lambda arrays, attributes, context: [np.flatnonzero(arrays[0])],
         Zero(), _lower_true_indices,
         "the indices at which a vector is true, in order; it defines the dim `dim`, their number",
         defines=lambda attributes: (symbol_name(attributes["dim"]),), batch=batch_true_indices)


# --- one-hot ------------------------------------------------------------------------------------------------

def _infer_one_hot(operands, attributes, regions):
    expect_operands("one_hot", operands, 1)
    expect_indices("one_hot", operands[0])
    (depth,), element = as_shape("one_hot", (attributes["depth"],)), attributes["element"]
    expect(isinstance(element, ElementType), f"one_hot of {element}")
    return [TensorType(element, (*operands[0].shape, depth))]


def _evaluate_one_hot(arrays, attributes, context):
    (indices,), depth = arrays, context.dim(attributes["depth"])
    check_bounds("one_hot", indices, depth)
    return [(indices[..., None] == np.arange(depth)).astype(attributes["element"].numpy)]


def _lower_one_hot(lowering, operation, names):
    depth, type = operation.attributes["depth"], operation.result.type
    if isinstance(depth, int) and depth <= ONE_HOT_LIMIT:
        rows = lowering.constant(np.eye(depth, dtype=type.element.numpy))
        return [lowering.node("Gather", [rows, *names], type=type, axis=0)]
    return decomposed(_one_hot_by_comparison)(lowering, operation, names)


def _one_hot_by_comparison(b, operation, indices):
    type = operation.result.type
    places = b.iota(shape=type.shape, axis=type.rank - 1, element=I64)
    same = b.eq(places, b.broadcast(indices, shape=type.shape, axes=tuple(range(indices.rank))))
    return same if type.element is BOOL else b.convert(same, element=type.element)


register("one_hot", _infer_one_hot, _evaluate_one_hot, Zero(), _lower_one_hot,
         "a new last axis of size `depth` with 1 at the index and 0 elsewhere", batch=batch_one_hot)
