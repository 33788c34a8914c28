"""Ops that fold over axes: the padding is filled with what leaves the fold as it is."""

import numpy as np

from ...types import BOOL
from .batched import Batched
from .lanes import Lanes


def lowest(element):
    """The least number of an element type."""
    return -np.inf if element.is_float else np.iinfo(element.numpy).min


def highest(element):
    """The largest number of an element type."""
    return np.inf if element.is_float else np.iinfo(element.numpy).max


def batch_reduction(neutral):
    """The rule of a reduction over `axes`; `neutral` is a number or a function of the element type."""

    def rule(lanes: Lanes, operation):
        x, axes = lanes[operation.operands[0]], tuple(operation.attributes["axes"])
        number = neutral(x.element) if callable(neutral) else neutral
        x = lanes.filled(x, number, axes)
        value = lanes.emit(operation.name, (x.value,), {"axes": tuple(map(x.outer, axes))})
        axis = x.axis if x.axis is None else x.axis - sum(x.outer(a) < x.axis for a in axes)
        # a fold of the neutral number alone is that number
        stays = x.padding is not None and x.padding == number and x.element is not BOOL
        return [Batched(value, axis, operation.result.shape, number if stays else None)]

    return rule


def sum_reduction(lanes: Lanes, operation):
    """A sum over the lanes too is one reduction."""
    (operand,), axes = operation.operands, tuple(operation.attributes["axes"])
    if operand in lanes.needed_as_sum:
        return lanes.builder.reduce_sum(lanes.sum_of(operand), axes=axes)
    return lanes.total(lanes.filled(lanes[operand], 0, axes), axes)


def batch_along(fill=None, reverse_only=False):
    """The rule of an op that works along the attribute `axis` and keeps the shape. `fill`, a number or a
    function of the element type, goes into the padding along the axis; with `reverse_only` only where the
    op has the flag `reverse`, for else the padding comes after all that counts."""

    def rule(lanes: Lanes, operation):
        x, attributes = lanes[operation.operands[0]], operation.attributes
        axis = attributes["axis"]
        if fill is not None and not (reverse_only and not attributes.get("reverse")):
            x = lanes.filled(x, fill(x.element) if callable(fill) else fill, (axis,))
        value = lanes.emit(operation.name, (x.value,), {**attributes, "axis": x.outer(axis)})
        return [Batched(value, x.axis, operation.result.shape)]

    return rule


def batch_argument(fill):
    """The rule of arg_max and arg_min: the first of equals is never in the padding."""

    def rule(lanes: Lanes, operation):
        x, axis = lanes[operation.operands[0]], operation.attributes["axis"]
        x = lanes.filled(x, fill(x.element), (axis,))
        value = lanes.emit(operation.name, (x.value,), {"axis": x.outer(axis)})
        lane = x.axis if x.axis is None else x.axis - (x.outer(axis) < x.axis)
        return [Batched(value, lane, operation.result.shape)]

    return rule
