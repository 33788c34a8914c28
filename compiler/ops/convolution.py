"""Convolution (cross-correlation, as ONNX has it) and its two gradients, each linear in both of its operands.

Tensors are (batch, channels, spatial…), kernels (out channels, in channels / groups, spatial…). The three ops
are each other's transposes, so that any order of derivative stays among them. Attributes: strides, dilations,
pads (all low edges, then all high edges), groups.
"""

import numpy as np

from ..types import TensorType, size_product
from .batching.windows import batch_weight_gradient, batch_with_kernel, sum_weight_gradient
from .kernels import compute, decomposed
from .record import Multilinear, expect, register
from .reduction import in_single
from .rules import differ, expect_kind, expect_operands, expect_same_element
from .windows import Windows, spatial_shape

MANY_CHANNELS = 32
"""From so many input channels on, the gradient of the input is faster as Conv with a flipped kernel."""


def _parameters(attributes):
    return {key: attributes[key] for key in ("strides", "dilations", "pads", "groups") if key in attributes}


def _groups(attributes):
    return attributes.get("groups", 1)


def _check(name, x_shape, y_shape, w_shape, attributes):
    """Checks shapes (y's may be None) against each other; gives y's spatial sizes."""
    groups = _groups(attributes)
    expect(w_shape[0] % groups == 0, f"{name}: {w_shape[0]} output channels in {groups} groups")
    expect(x_shape[1] == w_shape[1] * groups,
           f"{name}: {x_shape[1]} input channels; the kernel takes {w_shape[1]} in each of {groups} groups")
    output = Windows(name, w_shape[2:], attributes).output(name, x_shape[2:])
    if y_shape is not None:
        expect(y_shape[1] == w_shape[0],
               f"{name}: {y_shape[1]} output channels; the kernel makes {w_shape[0]}")
        expect(y_shape[0] == x_shape[0], f"{name}: batches of {x_shape[0]} and {y_shape[0]}")
        for size, other in zip(y_shape[2:], output):
            expect(not differ(size, other), f"{name}: {size} windows along an axis that has {other}")
    return output


def _expect_pair(name, operands):
    expect_operands(name, operands, 2)
    expect_kind(name, operands[0], "float")
    expect_same_element(name, operands)
    first, second = operands
    expect(first.rank == second.rank >= 3,
           f"{name} of {first.type} and {second.type}: ranks of at least 3 that agree")


def _infer_conv(operands, attributes, regions):
    _expect_pair("conv", operands)
    x, w = operands
    return [TensorType(x.element,
                       (x.shape[0], w.shape[0], *_check("conv", x.shape, None, w.shape, attributes)))]


def _infer_input_gradient(operands, attributes, regions):
    name = "conv_input_gradient"
    _expect_pair(name, operands)
    dy, w = operands
    spatial = spatial_shape(name, attributes["input_shape"], dy.rank - 2)
    shape = (dy.shape[0], w.shape[1] * _groups(attributes), *spatial)
    _check(name, shape, dy.shape, w.shape, attributes)
    return [TensorType(dy.element, shape)]


def _infer_weight_gradient(operands, attributes, regions):
    name = "conv_weight_gradient"
    _expect_pair(name, operands)
    x, dy = operands
    spatial, groups = spatial_shape(name, attributes["kernel_shape"], dy.rank - 2), _groups(attributes)
    expect(x.shape[1] % groups == 0, f"{name}: {x.shape[1]} input channels in {groups} groups")
    shape = (dy.shape[1], x.shape[1] // groups, *spatial)
    _check(name, x.shape, dy.shape, shape, attributes)
    return [TensorType(x.element, shape)]


# --- numpy meaning ------------------------------------------------------------------------------------------

def _split(array, axis, groups):
    return array.reshape(*array.shape[:axis], groups, array.shape[axis] // groups, *array.shape[axis + 1:])


def _evaluate_conv(arrays, attributes, context):
    x, w = map(in_single, arrays)
    windows, groups = Windows("conv", w.shape[2:], attributes), _groups(attributes)
    output = windows.output("conv", x.shape[2:])
    extended, kernel = _split(windows.extend(x), 1, groups), _split(w, 0, groups)
    y = np.zeros((x.shape[0], groups, w.shape[0] // groups, *output), x.dtype)
    for place, offset in zip(np.ndindex(*windows.sizes), windows.positions()):
        y += np.einsum("ngc...,gmc->ngm...", windows.view(extended, offset, output), kernel[(..., *place)])
    return [y.reshape(x.shape[0], w.shape[0], *output).astype(arrays[0].dtype)]


def _evaluate_input_gradient(arrays, attributes, context):
    dy, w = map(in_single, arrays)
    windows, groups = Windows("conv_input_gradient", w.shape[2:], attributes), _groups(attributes)
    spatial = [context.dim(d) for d in attributes["input_shape"]]
    split, kernel = _split(dy, 1, groups), _split(w, 0, groups)
    dx = np.zeros((dy.shape[0], groups, w.shape[1], *windows.extended(spatial)), dy.dtype)
    for place, offset in zip(np.ndindex(*windows.sizes), windows.positions()):
        windows.view(dx, offset, dy.shape[2:])[...] += np.einsum("ngm...,gmc->ngc...", split,
                                                                 kernel[(..., *place)])
    dx = windows.crop(dx, spatial)
    return [dx.reshape(dy.shape[0], groups * w.shape[1], *spatial).astype(arrays[0].dtype)]


def _evaluate_weight_gradient(arrays, attributes, context):
    x, dy = map(in_single, arrays)
    windows, groups = Windows("conv_weight_gradient", attributes["kernel_shape"],
                              attributes), _groups(attributes)
    extended, split = _split(windows.extend(x), 1, groups), _split(dy, 1, groups)
    dw = np.zeros((groups, dy.shape[1] // groups, x.shape[1] // groups, *windows.sizes), x.dtype)
    for place, offset in zip(np.ndindex(*windows.sizes), windows.positions()):
        seen = windows.view(extended, offset, dy.shape[2:])
        dw[(..., *place)] = np.einsum("ngco,ngmo->gmc", _flat(seen), _flat(split))
    return [dw.reshape(dy.shape[1], x.shape[1] // groups, *windows.sizes).astype(arrays[0].dtype)]


def _flat(array):
    """The spatial axes, behind batch, groups and channels, as one."""
    return array.reshape(*array.shape[:3], np.prod(array.shape[3:], dtype=int))


# --- derivatives --------------------------------------------------------------------------------------------

def _conv_transpose(b, operation, cotangent):
    (x, w), parameters = operation.operands, _parameters(operation.attributes)
    return [b.conv_input_gradient(cotangent, w, input_shape=x.shape[2:], **parameters),
            b.conv_weight_gradient(x, cotangent, kernel_shape=w.shape[2:], **parameters)]


def _input_gradient_transpose(b, operation, cotangent):
    (dy, w), parameters = operation.operands, _parameters(operation.attributes)
    return [b.conv(cotangent, w, **parameters),
            b.conv_weight_gradient(cotangent, dy, kernel_shape=w.shape[2:], **parameters)]


def _weight_gradient_transpose(b, operation, cotangent):
    (x, dy), parameters = operation.operands, _parameters(operation.attributes)
    return [b.conv_input_gradient(dy, cotangent, input_shape=x.shape[2:], **parameters),
            b.conv(x, cotangent, **parameters)]


# --- lowering: all windows as a matrix ----------------------------------------------------------------------
# The form for element types without a Conv kernel, and for weight gradients, where it is much faster than
# Conv with the cotangent as a kernel.

MANY_PLACES = 64
"""Larger windows are taken apart by slices: the products with zeros of a kernel for each place add up."""


def _all_windows(b, x, windows, groups, output):
    """(batch, groups, channels per group · places, windows) from (batch, channels, spatial…)."""
    shape = (x.shape[0], groups, x.shape[1] // groups * windows.count, size_product(output))
    by_conv = _has_conv(x.element) and isinstance(x.shape[1], int) and 1 < windows.count <= MANY_PLACES
    picked = (_picked_by_conv if by_conv else _picked_by_slices)(b, x, windows, output)
    return b.reshape(picked, shape=shape)


def _picked_by_conv(b, x, windows, output):
    """Every channel by itself, with a kernel for each place of the window that is 1 there and 0 elsewhere."""
    channels, count, sizes = x.shape[1], windows.count, windows.sizes
    places = b.constant(np.eye(count, dtype=x.element.numpy).reshape(count, 1, *sizes))
    kernels = b.broadcast(places, shape=(channels, count, 1, *sizes), axes=tuple(range(1, windows.rank + 3)))
    return b.conv(x, b.reshape(kernels, shape=(channels * count, 1, *sizes)), groups=channels,
                  strides=windows.strides, dilations=windows.dilations, pads=windows.pads)


def _picked_by_slices(b, x, windows, output):
    extended = windows.pad(b, x)
    pieces = [b.reshape(windows.slice(b, extended, offset, output), shape=(*x.shape[:2], 1, *output))
              for offset in windows.positions()]
    return b.concatenate(*pieces, axis=2) if len(pieces) > 1 else pieces[0]


def _kernel_matrix(b, w, groups):
    return b.reshape(w, shape=(groups, w.shape[0] // groups, size_product(w.shape[1:])))


def _conv_by_windows(b, operation, x, w):
    groups, windows = _groups(operation.attributes), Windows("conv", w.shape[2:], operation.attributes)
    columns = _all_windows(b, x, windows, groups, operation.result.shape[2:])
    product = b.contract(_kernel_matrix(b, w, groups), columns, spec="gmk,ngko->ngmo")
    return b.reshape(product, shape=operation.result.shape)


def _input_gradient_by_windows(b, operation, dy, w):
    attributes, shape = operation.attributes, operation.result.shape
    groups, windows = _groups(attributes), Windows("conv_input_gradient", w.shape[2:], attributes)
    output, count = dy.shape[2:], size_product(dy.shape[2:])
    split = b.reshape(dy, shape=(dy.shape[0], groups, dy.shape[1] // groups, count))
    columns = b.contract(_kernel_matrix(b, w, groups), split, spec="gmk,ngmo->ngko")
    columns = b.reshape(columns, shape=(*shape[:2], windows.count, *output))
    total = None
    for index, offset in enumerate(windows.positions()):
        piece = b.slice(columns, starts=(0, 0, index, *[0] * windows.rank), steps=(1,) * columns.rank,
                        stops=(*shape[:2], index + 1, *output))
        piece = _spread(b, b.reshape(piece, shape=(*shape[:2], *output)), windows, offset, shape)
        total = piece if total is None else b.add(total, piece)
    return total


def _spread(b, piece, windows, offset, shape):
    """The transpose of taking one place of every window: the elements where they came from, among zeros."""
    low = tuple(start - edge for start, edge in zip(offset, windows.low))
    for axis, stride in enumerate(windows.strides, 2):
        if stride > 1:
            size = piece.shape[axis]
            spread = b.reshape(piece, shape=(*piece.shape[:axis + 1], 1, *piece.shape[axis + 1:]))
            high = tuple(stride - 1 if a == axis + 1 else 0 for a in range(spread.rank))
            spread = b.pad(spread, low=(0,) * spread.rank, high=high, value=0)
            piece = b.reshape(spread, shape=(*piece.shape[:axis], size * stride, *piece.shape[axis + 1:]))
    high = tuple(size - start - have for size, start, have in zip(shape[2:], low, piece.shape[2:]))
    return b.pad(piece, low=(0, 0, *low), high=(0, 0, *high), value=0)


def _weight_gradient_by_windows(b, operation, x, dy):
    """A product for each example, and their sum: nothing is transposed but in the products."""
    attributes = operation.attributes
    groups, windows = _groups(attributes), Windows("conv_weight_gradient", attributes["kernel_shape"],
                                                   attributes)
    columns = _all_windows(b, x, windows, groups, dy.shape[2:])
    split = b.reshape(dy, shape=(dy.shape[0], groups, dy.shape[1] // groups, size_product(dy.shape[2:])))
    products = b.contract(split, columns, spec="ngmo,ngko->ngmk")
    return b.reshape(b.reduce_sum(products, axes=(0,)), shape=operation.result.shape)


# --- lowering: Conv and its relatives -----------------------------------------------------------------------

def _has_conv(element):
    return element.name in ("f16", "bf16", "f32")


def _lower_conv(lowering, operation, names):
    attributes, w = operation.attributes, operation.operands[1]
    if not _has_conv(w.element):
        return decomposed(_conv_by_windows)(lowering, operation, names)
    windows = Windows("conv", w.shape[2:], attributes)
    return [compute(lowering, "Conv", names, operation.result.type, kernel_shape=list(windows.sizes),
                    dilations=list(windows.dilations), group=_groups(attributes), **windows.attributes())]


def _lower_input_gradient(lowering, operation, names):
    attributes, w = operation.attributes, operation.operands[1]
    windows, groups = Windows("conv_input_gradient", w.shape[2:], attributes), _groups(attributes)
    if not _has_conv(w.element):
        return decomposed(_input_gradient_by_windows)(lowering, operation, names)
    if groups == 1 and windows.rank == 2 and w.shape[1] < MANY_CHANNELS and w.element.name == "f32":
        return [_input_gradient_by_scatter(lowering, operation, names, windows)]
    edges = [extent - 1 - pad for extent, pad in zip(windows.extents() * 2, windows.pads)]
    if groups == 1 and set(windows.strides) == {1} and min(edges) >= 0:
        flipped = _flipped(lowering, names[1], windows.rank)
        return [compute(lowering, "Conv", [names[0], flipped], operation.result.type, pads=edges,
                        kernel_shape=list(windows.sizes), dilations=list(windows.dilations))]
    return [_input_gradient_by_conv_transpose(lowering, operation, names, windows)]


def _input_gradient_by_scatter(lowering, operation, names, windows):
    """The gradient of every window, added where it lies: MatMul and Col2Im (wrong over three axes)."""
    (dy, w), shape = operation.operands, operation.result.shape
    count, window = size_product(dy.shape[2:]), size_product(w.shape[1:])
    kernel = lowering.node("Transpose", [lowering.reshape(names[1], (w.shape[0], window))], perm=[1, 0])
    if not isinstance(dy.shape[0], int):  # MatMul cannot broadcast a matrix to an empty batch
        batch = (dy.shape[0], window, w.shape[0])
        kernel = lowering.node("Expand", [kernel, lowering.shape(batch)], type=TensorType(w.element, batch))
    columns = lowering.node("MatMul", [kernel, lowering.reshape(names[0], (dy.shape[0], dy.shape[1], count))],
                            type=TensorType(w.element, (dy.shape[0], window, count)))
    return lowering.node("Col2Im", [columns, lowering.shape(shape[2:]), lowering.integers(windows.sizes)],
                         type=operation.result.type, dilations=list(windows.dilations),
                         **windows.attributes())


def _flipped(lowering, name, rank):
    """The kernel with its channels exchanged and its spatial axes reversed."""
    kernel = lowering.node("Transpose", [name], perm=[1, 0, *range(2, 2 + rank)])
    inputs = map(lowering.integers,
                 ([-1] * rank, [np.iinfo(np.int64).min] * rank, range(2, 2 + rank), [-1] * rank))
    return lowering.node("Slice", [kernel, *inputs], type=lowering.types[kernel])


def _input_gradient_by_conv_transpose(lowering, operation, names, windows):
    """ConvTranspose; where the remainder of the windows is not known, to the longest input, then cut."""
    dy, result, spatial = operation.operands[0], operation.result.type, operation.result.shape[2:]
    reached = [(count - 1) * stride + extent - low - high for count, stride, extent, low, high in
               zip(dy.shape[2:], windows.strides, windows.extents(), windows.low, windows.high)]
    rest = [size - have for size, have in zip(spatial, reached)]
    if all(isinstance(size, int) for size in rest):
        return compute(lowering, "ConvTranspose", names, result, kernel_shape=list(windows.sizes),
                       output_padding=rest,
                       dilations=list(windows.dilations), group=_groups(operation.attributes),
                       **windows.attributes())
    longest = [stride - 1 for stride in windows.strides]
    shape = (*result.shape[:2], *(have + more for have, more in zip(reached, longest)))
    name = compute(lowering, "ConvTranspose", names, TensorType(result.element, shape),
                   kernel_shape=list(windows.sizes), output_padding=longest,
                   dilations=list(windows.dilations),
                   group=_groups(operation.attributes), **windows.attributes())
    return lowering.node("Slice", [name, lowering.integers([0] * windows.rank), lowering.shape(spatial),
                                   lowering.integers(range(2, result.rank))], type=result)


# --- records ------------------------------------------------------------------------------------------------

register("conv", _infer_conv, _evaluate_conv, Multilinear(_conv_transpose), _lower_conv,
         "cross-correlation of x with the kernel w", batch=batch_with_kernel(_conv_by_windows))
register("conv_input_gradient", _infer_input_gradient, _evaluate_input_gradient,
         Multilinear(_input_gradient_transpose), _lower_input_gradient,
         "the transpose of conv in x, of a cotangent and the kernel; `input_shape`: the spatial sizes of x",
         batch=batch_with_kernel(_input_gradient_by_windows))
register("conv_weight_gradient", _infer_weight_gradient, _evaluate_weight_gradient,
         Multilinear(_weight_gradient_transpose), decomposed(_weight_gradient_by_windows),
         "the transpose of conv in w, of x and a cotangent; `kernel_shape`: the spatial sizes of w",
         batch=batch_weight_gradient(_weight_gradient_by_windows), batch_sum=sum_weight_gradient)
