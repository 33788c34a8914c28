"""Convolution and pooling: the lanes' images become one batch of images. Ragged spatial axes are filled with
what a window passes over; the number of windows of each lane is in the dim."""

import numpy as np

from ...ir import Block, Builder, Value
from ...types import size_product
from .batched import Batched
from .lanes import Lanes


def as_images(lanes: Lanes, x: Batched) -> Value:
    """The lane's images (batch, channels, spatial…) of all lanes as one batch."""
    x = lanes.front(x)
    shape = x.value.shape
    return lanes.builder.reshape(x.value, shape=(size_product(shape[:2]), *shape[2:]))


def from_images(lanes: Lanes, value: Value, shape) -> Batched:
    """The other way."""
    return Batched(lanes.builder.reshape(value, shape=lanes.batch_shape(shape)), 0, tuple(shape))


def _spatial(x):
    return range(2, x.rank)


def batch_images(*fills):
    """The rule of an op on images: each operand is filled with a number along its spatial axes, a function of
    the element type or None for an operand whose padding does no harm."""

    def rule(lanes: Lanes, operation):
        operands = [_filled(lanes, lanes[value], fill) for value, fill in zip(operation.operands, fills)]
        attributes, shape = lanes.attributes(operation.attributes), operation.result.shape
        if all(x.axis is None for x in operands):
            return [Batched(lanes.emit(operation.name, [x.value for x in operands], attributes), None, shape)]
        images = [as_images(lanes, x) for x in operands]
        return [from_images(lanes, lanes.emit(operation.name, images, attributes), shape)]

    return rule


def _filled(lanes, x, fill):
    if fill is None:
        return x
    return lanes.filled(x, fill(x.element) if callable(fill) else fill, _spatial(x))


def far_below(element):
    """A number below all that matter which the runtime's MaxPool still tells from the lowest, so that it
    finds a place for it."""
    return float(np.finfo(element.numpy).min) / 2 if element.name != "bf16" else -1e38


def batch_with_kernel(by_windows, *more):
    """The rule of conv and conv_input_gradient: one batch of images where the kernel is the same for all
    lanes, else `by_windows`, which takes the op apart."""

    def rule(lanes: Lanes, operation):
        x, kernel, *rest = (lanes[value] for value in operation.operands)
        if kernel.axis is not None or any(other.axis is not None for other in rest):
            return taken_apart(lanes, operation, by_windows)
        x = _filled(lanes, x, 0)
        values = [kernel.value, *(other.value for other in rest)]
        attributes, shape = lanes.attributes(operation.attributes), operation.result.shape
        if x.axis is None:
            return [Batched(lanes.emit(operation.name, [x.value, *values], attributes), None, shape)]
        made = lanes.emit(operation.name, [as_images(lanes, x), *values], attributes)
        return [from_images(lanes, made, shape)]

    return rule


def batch_weight_gradient(by_windows):
    """Each lane has its own gradient: the op taken apart."""

    def rule(lanes: Lanes, operation):
        x, dy = (lanes[value] for value in operation.operands)
        if x.axis is None and dy.axis is None and not lanes.ragged_axes(x) and not lanes.ragged_axes(dy):
            value = lanes.emit(operation.name, (x.value, dy.value), lanes.attributes(operation.attributes))
            return [Batched(value, None, operation.result.shape)]
        return taken_apart(lanes, operation, by_windows)

    return rule


def sum_weight_gradient(lanes: Lanes, operation):
    """The op sums over the batch as it is: the lanes' images are one batch."""
    x, dy = (_everywhere_zero(lanes, lanes[value]) for value in operation.operands)
    return lanes.emit(operation.name, (as_images(lanes, x), as_images(lanes, dy)),
                      lanes.attributes(operation.attributes))


def _everywhere_zero(lanes, x):
    """Zeros in all padding, that of the batch and the channels too, and in lanes that do not count."""
    return lanes.only_live(lanes.batched(lanes.filled(x, 0)), 0)


def taken_apart(lanes: Lanes, operation, build):
    """Batches the ops that `build(b, operation, *operands)` makes in place of an operation."""
    block = Block([Value(value.type) for value in operation.operands])
    result = build(Builder(block, operation.location), operation, *block.arguments)
    block.results = [result]
    for argument, value in zip(block.arguments, operation.operands):
        lanes.values[argument] = lanes[value]
    return lanes.run(block)
