"""What convolution and pooling share: sizes of windows that move over spatial axes."""

import itertools
from collections.abc import Iterator

import numpy as np

from ..types import Dim, DimExpression, floor_divide
from .record import expect
from .rules import as_shape


class Windows:
    """Windows of `sizes` that move over the last axes of a tensor: `strides` apart, elements `dilations` apart, over
    an input extended by `pads` (all low edges, then all high edges)."""

    def __init__(self, name, sizes, attributes):
        self.sizes, rank = tuple(sizes), len(sizes)
        self.strides = tuple(attributes.get("strides") or (1,) * rank)
        self.dilations = tuple(attributes.get("dilations") or (1,) * rank)
        pads = tuple(attributes.get("pads") or (0,) * 2 * rank)
        self.low, self.high = pads[:rank], pads[rank:]
        expect(1 <= rank <= 3, f"{name} over {rank} spatial axes: 1 to 3 are possible")
        expect(len(self.strides) == len(self.dilations) == rank and len(pads) == 2 * rank,
               f"{name} over {rank} spatial axes: strides {self.strides}, dilations {self.dilations}, pads {pads}")
        expect(all(isinstance(size, int) and size > 0 for size in (*self.sizes, *self.strides, *self.dilations))
               and all(isinstance(pad, int) and pad >= 0 for pad in pads),
               f"{name}: window {self.sizes}, strides {self.strides}, dilations {self.dilations}, pads {pads}")

    @property
    def pads(self):
        return (*self.low, *self.high)

    @property
    def rank(self):
        return len(self.sizes)

    @property
    def count(self):
        """The number of elements of a window."""
        return int(np.prod(self.sizes))

    def extents(self):
        """How many elements of the input each window spans."""
        return tuple(dilation * (size - 1) + 1 for size, dilation in zip(self.sizes, self.dilations))

    def output(self, name, spatial) -> tuple[Dim, ...]:
        """The numbers of windows over spatial axes of these sizes. Raises `TypeRuleError` if a window does not fit."""
        result = []
        for size, extent, stride, low, high in zip(spatial, self.extents(), self.strides, self.low, self.high):
            room = size + (low + high - extent)
            expect(isinstance(room, DimExpression) or room >= 0,
                   f"{name}: a window that spans {extent} over an axis of size {size} padded by {low} and {high}")
            result.append(floor_divide(room, stride) + 1)
        return tuple(result)

    def positions(self) -> Iterator[tuple[int, ...]]:
        """The places in a window, in row-major order, as offsets into the extended input."""
        for place in itertools.product(*map(range, self.sizes)):
            yield tuple(index * dilation for index, dilation in zip(place, self.dilations))

    def attributes(self):
        """The attributes as ONNX has them, without the window's sizes."""
        return {"strides": list(self.strides), "pads": list(self.pads)}

    # --- numpy --------------------------------------------------------------------------------------------------------

    def view(self, extended, offset, output):
        """The elements of an extended array at one place of every window."""
        return extended[(..., *(slice(start, start + stride * (count - 1) + 1 if count else start, stride)
                                for start, stride, count in zip(offset, self.strides, output)))]

    def extend(self, array, value=0):
        """The array with its spatial axes extended by the pads."""
        edges = [(0, 0)] * (array.ndim - self.rank) + list(zip(self.low, self.high))
        return np.pad(array, edges, constant_values=value)

    def crop(self, extended, spatial):
        """An extended array without the pads."""
        return extended[(..., *(slice(low, low + size) for low, size in zip(self.low, spatial)))]

    def extended(self, spatial):
        return tuple(low + size + high for low, size, high in zip(self.low, spatial, self.high))

    # --- IR -----------------------------------------------------------------------------------------------------------

    def pad(self, b, value, amount=0):
        """The value with its spatial axes extended by the pads."""
        lead = (0,) * (value.rank - self.rank)
        return b.pad(value, low=lead + self.low, high=lead + self.high, value=amount) if any(self.pads) else value

    def slice(self, b, extended, offset, output):
        """The elements of an extended value at one place of every window, of shape (…, *output)."""
        lead = extended.rank - self.rank
        stops = [start + stride * (count - 1) + 1 for start, stride, count in zip(offset, self.strides, output)]
        return b.slice(extended, starts=(0,) * lead + offset, stops=(*extended.shape[:lead], *stops),
                       steps=(1,) * lead + self.strides)


def spatial_shape(name, shape, rank):
    """The sizes of spatial axes given as an attribute."""
    shape = as_shape(name, shape)
    expect(len(shape) == rank, f"{name}: {len(shape)} sizes for {rank} spatial axes")
    return shape
