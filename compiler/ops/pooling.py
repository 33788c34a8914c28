"""Pooling over windows and its derivatives. Tensors are (batch, channels, spatial…).

Attributes: window, strides (the window, by default), pads (all low edges, then all high edges). The
derivative of max_pool goes to one place of each window, the first in row-major order where the maximum
stands.
"""

import numpy as np

from ..types import I64, TensorType, size_product
from .batching.reductions import lowest
from .batching.windows import batch_images, far_below
from .kernels import compute, decomposed
from .record import Linear, Rule, expect, register
from .rules import differ, expect_kind, expect_operands
from .windows import Windows, spatial_shape

FEW_PLACES = 16
"""Up to so many places a window that overlaps no other is treated place by place."""


def _windows(name, attributes):
    attributes = {"strides": attributes["window"], **attributes}
    windows = Windows(name, attributes["window"], {key: attributes.get(key) for key in ("strides", "pads")})
    expect(all(pad < size for pad, size in zip(windows.pads, windows.sizes * 2)),
           f"{name}: pads {windows.pads} as large as the window {windows.sizes}")
    return windows


def _parameters(operation):
    return {key: operation.attributes[key] for key in ("window", "strides", "pads")
            if key in operation.attributes}


def _expect_tensor(name, x, windows):
    expect_kind(name, x, "float")
    expect(x.rank == windows.rank + 2, f"{name} with a window of {windows.rank} axes of {x.type}")


def _pooled(name, x, windows):
    return TensorType(x.element, (*x.shape[:2], *windows.output(name, x.shape[2:])))


def _infer_pool(name):
    def infer(operands, attributes, regions):
        expect_operands(name, operands, 1)
        windows = _windows(name, attributes)
        _expect_tensor(name, operands[0], windows)
        return [_pooled(name, operands[0], windows)]

    return infer


# --- the largest --------------------------------------------------------------------------------------------

def _infer_max_derivative(name, gives_input):
    def infer(operands, attributes, regions):
        expect_operands(name, operands, 3)
        (x, y, change), windows = operands, _windows(name, attributes)
        _expect_tensor(name, x, windows)
        expect(y.type == _pooled(name, x, windows),
               f"{name}: {y.type} is not the result of max_pool of {x.type}")
        given, result = (y, x) if gives_input else (x, y)
        expect(change.type == given.type,
               f"{name} takes a third operand of type {given.type}, got {change.type}")
        return [result.type]

    return infer


def _places(x, windows):
    """The elements at each place of every window; the place is the first axis."""
    extended = windows.extend(x, -np.inf)
    output = windows.output("max_pool", x.shape[2:])
    return np.stack([windows.view(extended, offset, output) for offset in windows.positions()])


def _evaluate_max_pool(arrays, attributes, context):
    return [np.max(_places(arrays[0], _windows("max_pool", attributes)), 0)]


def _evaluate_max_gradient(arrays, attributes, context):
    (x, _, dy), windows = arrays, _windows("max_pool_gradient", attributes)
    chosen = np.argmax(_places(x, windows), 0)
    extended = np.zeros((*x.shape[:2], *windows.extended(x.shape[2:])), x.dtype)
    for place, offset in enumerate(windows.positions()):
        windows.view(extended, offset, dy.shape[2:])[...] += np.where(chosen == place, dy, 0)
    return [windows.crop(extended, x.shape[2:])]


def _evaluate_max_tangent(arrays, attributes, context):
    (x, _, tangent), windows = arrays, _windows("max_pool_tangent", attributes)
    chosen = np.argmax(_places(x, windows), 0)
    return [np.take_along_axis(_places(tangent, windows), chosen[None], 0)[0]]


def _max_pool_vjp(b, operation, cotangents):
    return [b.max_pool_gradient(operation.operands[0], operation.result, cotangents[0],
                                **_parameters(operation))]


def _max_pool_jvp(b, operation, tangents):
    return [b.max_pool_tangent(operation.operands[0], operation.result, tangents[0],
                               **_parameters(operation))]


def _max_gradient_transpose(b, operation, cotangents):
    x, y, _ = operation.operands
    return [None, None, b.max_pool_tangent(x, y, cotangents[0], **_parameters(operation))]


def _max_tangent_transpose(b, operation, cotangents):
    x, y, _ = operation.operands
    return [None, None, b.max_pool_gradient(x, y, cotangents[0], **_parameters(operation))]


def _lower_max_pool(lowering, operation, names):
    windows = _windows("max_pool", operation.attributes)
    return [compute(lowering, "MaxPool", names, operation.result.type, kernel_shape=list(windows.sizes),
                    **windows.attributes())]


def _maximum_places(lowering, operation, names):
    """The place in flattened x of the first maximum of each window, in the shape of y."""
    y = operation.operands[1]
    windows = _windows(operation.name, operation.attributes)
    _, places = lowering.node("MaxPool", names[:1], 2, [y.type, TensorType(I64, y.shape)],
                              kernel_shape=list(windows.sizes), **windows.attributes())
    return places


def _lower_max_tangent(lowering, operation, names):
    flat = lowering.reshape(names[2], (size_product(operation.operands[0].shape),))
    return [lowering.node("Gather", [flat, _maximum_places(lowering, operation, names)], axis=0)]


def _max_gradient_by_scatter(lowering, operation, names):
    """For windows that overlap: each cotangent added to zeros at the place of its window's maximum."""
    x, y, _ = operation.operands
    size, count = (size_product(value.shape) for value in (x, y))
    zeros = lowering.node("ConstantOfShape", [lowering.shape((size,))], type=TensorType(x.element, (size,)),
                          value=np.zeros(1, x.element.numpy))
    places = lowering.reshape(_maximum_places(lowering, operation, names), (count,))
    total = compute(lowering, "ScatterElements", [zeros, places, lowering.reshape(names[2], (count,))],
                    TensorType(x.element, (size,)), data=(0, 2), axis=0, reduction="add")
    return lowering.reshape(total, x.shape)


def _max_gradient_by_places(b, operation, x, y, dy):
    """For windows apart from each other: place by place, what no earlier place of the window took."""
    windows = _windows("max_pool_gradient", operation.attributes)
    output, pieces, rest, zero = y.shape[2:], [], dy, b.full(0, dy)
    tiled = _retiled(b, x, windows, output, -np.inf)
    for offset in windows.positions():
        here = b.eq(windows.slice(b, tiled, offset, output), y)
        pieces.append(b.select(here, rest, zero))
        rest = b.select(here, zero, rest)
    return _untiled(b, _interleaved(b, pieces, windows), windows, operation.result.shape[2:])


def _retiled(b, x, windows, output, amount):
    """x with its far edges extended or cut so that windows as large as the strides tile it."""
    high = tuple(count * stride - size - low for count, stride, size, low in
                 zip(output, windows.strides, x.shape[2:], windows.low))
    return b.pad(x, low=(0, 0, *windows.low), high=(0, 0, *high), value=amount)


def _untiled(b, tiled, windows, spatial):
    high = tuple(size + low - have for size, low, have in zip(spatial, windows.low, tiled.shape[2:]))
    return b.pad(tiled, low=(0, 0, *(-low for low in windows.low)), high=(0, 0, *high), value=0)


def _interleaved(b, pieces, windows):
    """The tensor of windows side by side, from a value for each place of a window in row-major order."""
    for axis in reversed(range(2, 2 + windows.rank)):
        size, stride = windows.sizes[axis - 2], windows.strides[axis - 2]
        merged = []
        for first in range(0, len(pieces), size):
            shape = pieces[first].shape
            thin = [b.reshape(piece, shape=(*shape[:axis + 1], 1, *shape[axis + 1:]))
                    for piece in pieces[first:first + size]]
            row = b.concatenate(*thin, axis=axis + 1) if size > 1 else thin[0]
            if stride > size:
                room = tuple(stride - size if a == axis + 1 else 0 for a in range(row.rank))
                row = b.pad(row, low=(0,) * row.rank, high=room, value=0)
            merged.append(b.reshape(row, shape=(*shape[:axis], shape[axis] * stride, *shape[axis + 1:])))
        pieces = merged
    return pieces[0]


def _tiles_image(windows, spatial, output):
    """Whether windows side by side fill an image of known size, so that Resize repeats a value over each."""
    return (windows.rank == 2 and windows.strides == windows.sizes and not any(windows.pads)
            and all(isinstance(size, int) and size == count * edge
                    for size, count, edge in zip(spatial, output, windows.sizes)))


def _repeated(lowering, name, windows, type):
    """Each element over its window. This mode of Resize is many times faster than its default and Expand."""
    scales = lowering.constant(np.asarray([1, 1, *windows.sizes], np.float32))
    return lowering.node("Resize", [name, None, scales], type=type, mode="nearest", nearest_mode="floor",
                         coordinate_transformation_mode="asymmetric")


def _max_gradient_by_rank(lowering, operation, names, windows):
    """For windows that tile an image: among the places where the maximum stands, that of the highest rank in
    its window, the first in row-major order."""
    x, y, dy = names
    type = operation.result.type
    ranks = np.arange(windows.count, 0, -1, dtype=np.float32).reshape(windows.sizes)
    ranks = np.tile(ranks, [count for count in operation.operands[1].shape[2:]])[None, None]
    zero = lowering.scalar(0, type.element)
    equal = lowering.node("Equal", [x, _repeated(lowering, y, windows, type)])
    ranked = lowering.node("Where", [equal, lowering.constant(ranks), zero])
    highest = lowering.node("MaxPool", [ranked], type=operation.operands[1].type,
                            kernel_shape=list(windows.sizes),
                            **windows.attributes())
    first = lowering.node("Equal", [ranked, _repeated(lowering, highest, windows, type)])
    return lowering.node("Where", [first, _repeated(lowering, dy, windows, type), zero])


def _lower_max_gradient(lowering, operation, names):
    windows = _windows("max_pool_gradient", operation.attributes)
    (x, y, _), element = operation.operands, operation.result.element
    if element.name == "f32" and _tiles_image(windows, x.shape[2:], y.shape[2:]):
        return [_max_gradient_by_rank(lowering, operation, names, windows)]
    if windows.count <= FEW_PLACES and all(map(int.__le__, windows.sizes, windows.strides)):
        return decomposed(_max_gradient_by_places)(lowering, operation, names)
    return [_max_gradient_by_scatter(lowering, operation, names)]


register("max_pool", _infer_pool("max_pool"), _evaluate_max_pool, Rule(_max_pool_vjp, _max_pool_jvp),
         _lower_max_pool,
         "the largest element of each window; pads count as -Inf", batch=batch_images(lowest))
register("max_pool_gradient", _infer_max_derivative("max_pool_gradient", True), _evaluate_max_gradient,
         Linear(_max_gradient_transpose, of=(2,)), _lower_max_gradient,
         "of x, y = max_pool(x) and a cotangent of y: the cotangent of x",
         batch=batch_images(far_below, None, 0))
register("max_pool_tangent", _infer_max_derivative("max_pool_tangent", False), _evaluate_max_tangent,
         Linear(_max_tangent_transpose, of=(2,)), _lower_max_tangent,
         "of x, y = max_pool(x) and a tangent of x: the tangent of y",
         batch=batch_images(far_below, None, None))


# --- the mean -----------------------------------------------------------------------------------------------

def _evaluate_mean_pool(arrays, attributes, context):
    (x,), windows = arrays, _windows("mean_pool", attributes)
    extended, output = windows.extend(x), windows.output("mean_pool", x.shape[2:])
    total = sum(windows.view(extended, offset, output) for offset in windows.positions())
    return [(total / windows.count).astype(x.dtype)]


def _infer_mean_gradient(operands, attributes, regions):
    name = "mean_pool_gradient"
    expect_operands(name, operands, 1)
    (dy,), windows = operands, _windows(name, attributes)
    _expect_tensor(name, dy, windows)
    spatial = spatial_shape(name, attributes["input_shape"], windows.rank)
    for size, count in zip(dy.shape[2:], windows.output(name, spatial)):
        expect(not differ(size, count), f"{name}: {size} windows along an axis that has {count}")
    return [TensorType(dy.element, (*dy.shape[:2], *spatial))]


def _evaluate_mean_gradient(arrays, attributes, context):
    (dy,), windows = arrays, _windows("mean_pool_gradient", attributes)
    spatial = [context.dim(d) for d in attributes["input_shape"]]
    extended = np.zeros((*dy.shape[:2], *windows.extended(spatial)), dy.dtype)
    for offset in windows.positions():
        windows.view(extended, offset, dy.shape[2:])[...] += dy
    return [(windows.crop(extended, spatial) / windows.count).astype(dy.dtype)]


def _mean_kernel(b, windows, element):
    return b.constant(np.full((1, 1, *windows.sizes), 1 / windows.count).astype(element.numpy))


def _as_convolution(windows):
    return {"strides": windows.strides, "pads": windows.pads}


def _mean_pool_by_conv(b, operation, x):
    windows = _windows("mean_pool", operation.attributes)
    images = b.reshape(x, shape=(x.shape[0] * x.shape[1], 1, *x.shape[2:]))
    pooled = b.conv(images, _mean_kernel(b, windows, x.element), **_as_convolution(windows))
    return b.reshape(pooled, shape=operation.result.shape)


def _mean_gradient_by_conv(b, operation, dy):
    windows = _windows("mean_pool_gradient", operation.attributes)
    images = b.reshape(dy, shape=(dy.shape[0] * dy.shape[1], 1, *dy.shape[2:]))
    spread = b.conv_input_gradient(images, _mean_kernel(b, windows, dy.element),
                                   input_shape=operation.attributes["input_shape"],
                                   **_as_convolution(windows))
    return b.reshape(spread, shape=operation.result.shape)


def _mean_gradient_by_places(b, operation, dy):
    """For windows apart from each other: each cotangent, over the window's size, at each of its places."""
    windows = _windows("mean_pool_gradient", operation.attributes)
    part = b.mul(dy, b.full(1 / windows.count, dy))
    return _untiled(b, _interleaved(b, [part] * windows.count, windows), windows, operation.result.shape[2:])


def _lower_mean_pool(lowering, operation, names):
    windows = _windows("mean_pool", operation.attributes)
    if operation.result.element.name == "f64":
        return decomposed(_mean_pool_by_conv)(lowering, operation, names)
    return [compute(lowering, "AveragePool", names, operation.result.type, kernel_shape=list(windows.sizes),
                    count_include_pad=1, **windows.attributes())]


def _lower_mean_gradient(lowering, operation, names):
    windows = _windows("mean_pool_gradient", operation.attributes)
    type, dy = operation.result.type, operation.operands[0]
    if type.element.name == "f32" and _tiles_image(windows, type.shape[2:], dy.shape[2:]):
        part = lowering.node("Mul", [*names, lowering.scalar(1 / windows.count, type.element)])
        return [_repeated(lowering, part, windows, type)]
    is_apart = windows.count <= FEW_PLACES and all(map(int.__le__, windows.sizes, windows.strides))
    return decomposed(_mean_gradient_by_places if is_apart else _mean_gradient_by_conv)(lowering, operation,
                                                                                        names)


register("mean_pool", _infer_pool("mean_pool"), _evaluate_mean_pool,
         Linear(lambda b, operation, cotangents: [
             b.mean_pool_gradient(cotangents[0], input_shape=operation.operands[0].shape[2:],
                                  **_parameters(operation))]),
         _lower_mean_pool, "the sum of each window over the number of its places; pads count as 0",
         batch=batch_images(0))
register("mean_pool_gradient", _infer_mean_gradient, _evaluate_mean_gradient,
         Linear(lambda b, operation, cotangents: [b.mean_pool(cotangents[0], **_parameters(operation))]),
         _lower_mean_gradient,
         "the transpose of mean_pool; `input_shape` are the spatial sizes of its operand",
         batch=batch_images(0))
