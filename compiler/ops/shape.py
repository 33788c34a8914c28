"""Ops that move elements: reshape, transpose, broadcast, concatenate, slice, pad, reverse."""

import numpy as np

from ..types import Dim, TensorType, floor_divide, may_be_negative, size_product, symbol
from .batching.elementwise import sum_linear
from .batching.movement import (
    batch_broadcast,
    batch_concatenate,
    batch_pad,
    batch_reshape,
    batch_reverse,
    batch_slice,
    batch_transpose,
    sum_padded,
)
from .kernels import compute
from .record import Linear, Rule, expect, register
from .rules import (
    as_shape,
    differ,
    expect_axes,
    expect_axis,
    expect_operands,
    expect_same_element,
    replace,
)

# --- reshape and transpose ----------------------------------------------------------------------------------

def _infer_reshape(operands, attributes, regions):
    expect_operands("reshape", operands, 1)
    (x,), shape = operands, as_shape("reshape", attributes["shape"])
    expect(not differ(size_product(x.shape), size_product(shape)),
           f"reshape of {x.type} to {_show(shape)}: the numbers of elements, {size_product(x.shape)} and "
           f"{size_product(shape)}, differ")
    return [TensorType(x.element, shape)]


def _show(shape):
    return f"({', '.join(map(str, shape))})"


def reshape_to(b, value, shape):
    """The value reshaped; itself where it has the shape."""
    return value if value.shape == tuple(shape) else b.reshape(value, shape=tuple(shape))


register("reshape", _infer_reshape,
         lambda arrays, attributes, context: [arrays[0].reshape([context.size(d)
                                                                 for d in attributes["shape"]])],
         Linear(lambda b, operation, cotangents: [b.reshape(cotangents[0],
                                                            shape=operation.operands[0].shape)]),
         lambda lowering, operation, names: [lowering.reshape(names[0], operation.result.shape)],
         "the same elements in row-major order, as another shape", batch=batch_reshape, batch_sum=sum_linear)


def _infer_transpose(operands, attributes, regions):
    expect_operands("transpose", operands, 1)
    permutation = expect_axes("transpose", attributes["permutation"], operands[0].rank)
    expect(len(permutation) == operands[0].rank,
           f"transpose: permutation {permutation} of a tensor of rank {operands[0].rank}")
    return [TensorType(operands[0].element, tuple(operands[0].shape[axis] for axis in permutation))]


def _transpose_back(b, operation, cotangents):
    inverse = np.argsort(operation.attributes["permutation"]).tolist()
    return [b.transpose(cotangents[0], permutation=tuple(inverse))]


register("transpose", _infer_transpose,
         lambda arrays, attributes, context: [arrays[0].transpose(attributes["permutation"])],
         Linear(_transpose_back),
         lambda lowering, operation, names: [
             lowering.node("Transpose", names, perm=list(operation.attributes["permutation"]))],
         "axis i of the result is axis permutation[i] of the operand", batch=batch_transpose,
         batch_sum=sum_linear)


# --- broadcast ----------------------------------------------------------------------------------------------

def _infer_broadcast(operands, attributes, regions):
    expect_operands("broadcast", operands, 1)
    (x,), shape = operands, as_shape("broadcast", attributes["shape"])
    axes = expect_axes("broadcast", attributes["axes"], len(shape))
    expect(len(axes) == x.rank, f"broadcast: {len(axes)} axes for an operand of rank {x.rank}")
    expect(list(axes) == sorted(axes), f"broadcast: axes {axes} do not increase")
    for size, axis in zip(x.shape, axes):
        expect(size == 1 or size == shape[axis],
               f"broadcast of {x.type} to {_show(shape)}: size {size} does not fit size {shape[axis]}")
    return [TensorType(x.element, shape)]


def _aligned_shape(shape, axes, rank):
    sizes = dict(zip(axes, shape))
    return tuple(sizes.get(axis, 1) for axis in range(rank))


def _evaluate_broadcast(arrays, attributes, context):
    shape = [context.size(d) for d in attributes["shape"]]
    aligned = arrays[0].reshape(_aligned_shape(arrays[0].shape, attributes["axes"], len(shape)))
    return [np.broadcast_to(aligned, shape).copy()]


def _broadcast_transpose(b, operation, cotangents):
    (x,), result, axes = operation.operands, operation.result, operation.attributes["axes"]
    stretched = {axis for size, axis in zip(x.shape, axes) if size == 1 and result.shape[axis] != 1}
    summed = tuple(axis for axis in range(result.rank) if axis not in axes or axis in stretched)
    total = b.reduce_sum(cotangents[0], axes=summed) if summed else cotangents[0]
    return [reshape_to(b, total, x.shape)]


def _lower_broadcast(lowering, operation, names):
    (x,), result, axes = operation.operands, operation.result, operation.attributes["axes"]
    if x.shape == result.shape:
        return [lowering.node("Identity", names)]
    name, rank = names[0], result.rank
    if x.rank and tuple(axes) != tuple(range(rank - x.rank, rank)):
        new = [axis - axes[0] for axis in range(axes[0], rank) if axis not in axes]
        name = lowering.node("Unsqueeze", [name, lowering.integers(new)])
    return [compute(lowering, "Expand", [name, lowering.shape(result.shape)], result.type, data=(0,))]


register("broadcast", _infer_broadcast, _evaluate_broadcast, Linear(_broadcast_transpose), _lower_broadcast,
         "axis i of the operand becomes axis axes[i]; the result repeats along new axes and those of size 1",
         batch=batch_broadcast, batch_sum=sum_linear)


def broadcast_along(b, value, like, axes):
    """`value`, which lacks `axes` of `like`, repeated along them to the shape of `like`."""
    kept = tuple(axis for axis in range(like.rank) if axis not in axes)
    return b.broadcast(value, shape=like.shape, axes=kept)


# --- concatenate --------------------------------------------------------------------------------------------

def _infer_concatenate(operands, attributes, regions):
    expect(operands, "concatenate takes at least one operand")
    expect_same_element("concatenate", operands)
    first, axis = operands[0], attributes["axis"]
    expect_axis("concatenate", axis, first.rank)
    for other in operands[1:]:
        expect(other.rank == first.rank and replace(other.shape, axis, 0) == replace(first.shape, axis, 0),
               f"concatenate along axis {axis} of {first.type} and {other.type}")
    return [TensorType(first.element, replace(first.shape, axis, sum(x.shape[axis] for x in operands)))]


def _concatenate_transpose(b, operation, cotangents):
    axis, start, parts = operation.attributes["axis"], 0, []
    for operand in operation.operands:
        parts.append(slice_axis(b, cotangents[0], axis, start, start + operand.shape[axis]))
        start = start + operand.shape[axis]
    return parts


register("concatenate", _infer_concatenate,
         lambda arrays, attributes, context: [np.concatenate(arrays, attributes["axis"])],
         Linear(_concatenate_transpose),
         lambda lowering, operation, names: [lowering.node("Concat", names,
                                                           axis=operation.attributes["axis"])],
         "the operands one after the other along `axis`", batch=batch_concatenate, batch_sum=sum_linear)


# --- slice, pad, reverse ------------------------------------------------------------------------------------

def _slice_size(start: Dim, stop: Dim, step: int) -> Dim:
    return floor_divide(stop - start + (step - 1), step)


def _infer_slice(operands, attributes, regions):
    expect_operands("slice", operands, 1)
    (x,) = operands
    ranges = list(zip(attributes["starts"], attributes["stops"], attributes["steps"]))
    expect(all(len(attributes[key]) == x.rank for key in ("starts", "stops", "steps")),
           f"slice: {len(ranges)} ranges for an operand of rank {x.rank}")
    for (start, stop, step), size in zip(ranges, x.shape):
        expect(isinstance(step, int) and step > 0, f"slice: step {step} is not positive")
        for low, high in ((0, start), (start, stop), (stop, size)):
            distance = high - low
            expect(not isinstance(distance, int) or distance >= 0,
                   f"slice: range {start}:{stop} of an axis of size {size}")
    return [TensorType(x.element, tuple(_slice_size(*one) for one in ranges))]


def slice_axis(b, value, axis, start, stop, step=1):
    """The value sliced along one axis."""
    return b.slice(value, starts=replace((0,) * value.rank, axis, start),
                   stops=replace(value.shape, axis, stop),
                   steps=replace((1,) * value.rank, axis, step))


def _slice_transpose(b, operation, cotangents):
    (x,), cotangent = operation.operands, cotangents[0]
    attributes, low, high = operation.attributes, [], []
    for axis, (start, step) in enumerate(zip(attributes["starts"], attributes["steps"])):
        size = cotangent.shape[axis]
        if step > 1:  # put step - 1 zeros behind each element
            spread = b.reshape(cotangent, shape=(*cotangent.shape[:axis + 1], 1, *cotangent.shape[axis + 1:]))
            spread = b.pad(spread, low=(0,) * spread.rank,
                           high=replace((0,) * spread.rank, axis + 1, step - 1), value=0)
            cotangent = b.reshape(spread, shape=replace(cotangent.shape, axis, size * step))
        low.append(start)
        high.append(x.shape[axis] - start - size * step)
    if not any(edge != 0 for edge in low + high):
        return [cotangent]
    return [b.pad(cotangent, low=tuple(low), high=tuple(high), value=0)]


def _evaluate_slice(arrays, attributes, context):
    ranges = zip(attributes["starts"], attributes["stops"], attributes["steps"])
    return [arrays[0][tuple(slice(context.dim(start), context.dim(stop), step)
                            for start, stop, step in ranges)]]


def _lower_slice(lowering, operation, names):
    attributes, sizes = operation.attributes, operation.operands[0].shape
    ranges = list(zip(attributes["starts"], attributes["stops"], attributes["steps"]))
    axes = [axis for axis, one in enumerate(ranges) if one != (0, sizes[axis], 1)]
    if not axes:
        return [lowering.node("Identity", names)]
    inputs = [lowering.numbers([ranges[axis][part] for axis in axes]) for part in range(2)]
    inputs.append(lowering.integers(axes))
    if any(ranges[axis][2] != 1 for axis in axes):
        inputs.append(lowering.integers([ranges[axis][2] for axis in axes]))
    return [lowering.node("Slice", [*names, *inputs], type=operation.result.type)]


register("slice", _infer_slice, _evaluate_slice, Linear(_slice_transpose), _lower_slice,
         "elements starts[i], starts[i] + steps[i], … before stops[i] along each axis i", batch=batch_slice,
         batch_sum=sum_linear)


def _infer_pad(operands, attributes, regions):
    expect_operands("pad", operands, 1)
    (x,), low, high = operands, attributes["low"], attributes["high"]
    expect(len(low) == len(high) == x.rank,
           f"pad: {len(low)} and {len(high)} edges for an operand of rank {x.rank}")
    shape = tuple(before + size + after for before, size, after in zip(low, x.shape, high))
    for size, padded in zip(x.shape, shape):
        expect(not isinstance(padded, int) or padded >= 0,
               f"pad: an axis of size {size} would get size {padded}")
    return [TensorType(x.element, shape)]


def _cut_axes(shape, attributes):
    """The axes along which an operand is padded whose size may be less than zero, and then counts as zero:
    the result is cut to its own size there."""
    return [axis for axis, dim in enumerate(shape) if may_be_negative(dim)
            and (attributes["low"][axis] != 0 or attributes["high"][axis] != 0)]


def _evaluate_pad(arrays, attributes, context):
    (x,), low = arrays, [context.dim(d) for d in attributes["low"]]
    high = [context.dim(d) for d in attributes["high"]]
    if x.ndim == 0:
        return [x]
    padded = np.pad(x, [(max(before, 0), max(after, 0)) for before, after in zip(low, high)],
                    constant_values=np.asarray(attributes["value"]).astype(x.dtype))
    padded = padded[tuple(slice(max(-before, 0), size - max(-after, 0))
                          for before, after, size in zip(low, high, padded.shape))]
    return [padded[tuple(slice(context.size(dim)) for shape in context.shapes for dim in shape)]]


def _pad_with_zeros(sign):
    def rule(b, operation, changes):
        low, high = (tuple(sign * edge for edge in operation.attributes[key]) for key in ("low", "high"))
        return [b.pad(changes[0], low=low, high=high, value=0)]

    return rule


def _lower_pad(lowering, operation, names):
    attributes, element = operation.attributes, operation.result.element
    if all(edge == 0 for key in ("low", "high") for edge in attributes[key]):
        return [lowering.node("Identity", names)]
    # All axes are listed: onnxruntime's optimiser moves transposes wrongly past a Pad that has the input
    # `axes`.
    edges = lowering.numbers([edge for key in ("low", "high") for edge in attributes[key]])
    value = lowering.constant(np.asarray(attributes["value"]).astype(element.numpy))
    inputs, cut = [*names, edges, value], _cut_axes(operation.operands[0].shape, attributes)
    if not cut:
        return [compute(lowering, "Pad", inputs, operation.result.type, data=(0, 2))]
    shape = tuple(symbol(f"{names[0]} {edges} {axis}") if axis in cut else dim
                  for axis, dim in enumerate(operation.result.shape))
    padded = compute(lowering, "Pad", inputs, TensorType(element, shape), data=(0, 2))
    stops = lowering.shape([operation.result.shape[axis] for axis in cut])
    return [lowering.node("Slice", [padded, lowering.integers([0] * len(cut)), stops, lowering.integers(cut)],
                          type=operation.result.type)]


register("pad", _infer_pad, _evaluate_pad, Rule(_pad_with_zeros(-1), _pad_with_zeros(1)), _lower_pad,
         "`value` put before (low) and after (high) each axis; a negative number drops elements",
         batch=batch_pad, batch_sum=sum_padded)


def _infer_reverse(operands, attributes, regions):
    expect_operands("reverse", operands, 1)
    expect_axes("reverse", attributes["axes"], operands[0].rank)
    return [operands[0].type]


def _lower_reverse(lowering, operation, names):
    axes = operation.attributes["axes"]
    if not axes:
        return [lowering.node("Identity", names)]
    from_last, past_first = [-1] * len(axes), [np.iinfo(np.int64).min] * len(axes)
    inputs = map(lowering.integers, (from_last, past_first, axes, [-1] * len(axes)))
    return [lowering.node("Slice", [*names, *inputs], type=operation.result.type)]


register("reverse",
         _infer_reverse,
         lambda arrays, attributes, context: [np.asarray(np.flip(arrays[0], attributes["axes"]))],
         Linear(lambda b, operation, cotangents: [b.reverse(cotangents[0],
                                                            axes=operation.attributes["axes"])]),
         _lower_reverse, "the elements in opposite order along `axes`", batch=batch_reverse,
         batch_sum=sum_linear)
