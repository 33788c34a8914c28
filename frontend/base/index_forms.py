"""What indices select along the axes of an array.

An index is brought into one of four forms, which count from 0: `Place` (one element, known), `Span` (a
range), `Gathered` (any array of indices, or a traced number), and the whole axis.
"""

from dataclasses import dataclass

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..dims import as_dim, true_places
from ..staged_numbers import DimNumber, Traced
from ..state import state
from ..type_lattice import is_subtype
from ..type_names import type_name
from ..values import Array, Range, colon, typeof
from .arrays import as_array, as_dim_product, reshaped
from .cartesian_indices import is_cartesian
from .errors import argument_error, bounds_error, shown


@dataclass(slots=True)
class Place:
    """One element, at a known position."""

    start: object

    def bounds(self):
        return self.start, self.start + 1, 1


@dataclass(slots=True)
class Span:
    """`length` elements from `start` on, `step` apart (negative: in opposite order). A start that is an IR
    value has step 1."""

    start: object
    step: int
    length: object

    def bounds(self):
        """(start, stop, step) with a positive step."""
        if self.step > 0:
            return self.start, self.start + (self.length - 1) * self.step + 1 if self.step > 1 else (
                self.start + self.length), self.step
        return self.start + (self.length - 1) * self.step, self.start + 1, -self.step


@dataclass(slots=True)
class Gathered:
    """The elements at an array of positions (a payload of any rank; rank 0 for a traced number)."""

    positions: object


def normalised(array, indices):
    """(payload, forms): the payload reshaped so that it has one axis for each index, and the index
    forms.

    Raises BoundsError."""
    indices = _spread_cartesian(indices)
    payload = staging.read(array)
    shape, count = tuple(payload.shape), len(indices)
    if count == 1 and len(shape) != 1:  # linear
        index = indices[0]
        if index.__class__ is Array and index.element is t.Bool and tuple(index.data.shape) != shape:
            raise bounds_error(array, indices)
        if index.__class__ is Array and index.element is t.Bool:
            indices = (Array(reshaped(staging.read(index), (as_dim_product(shape),))),)
        payload = reshaped(payload, (as_dim_product(shape),))
    elif count < len(shape):  # the dims left out must have size 1
        rest = shape[:len(shape) - count]
        if any(dim != 1 for dim in rest):
            raise bounds_error(array, indices)
        payload = reshaped(payload, shape[len(rest):])
    elif count > len(shape):
        payload = reshaped(payload, (1,) * (count - len(shape)) + shape)
    forms = []
    for dimension, index in enumerate(indices):
        size = payload.shape[count - 1 - dimension]
        form = index_form(index, size)
        if form is None:
            raise bounds_error(array, indices)
        forms.append(form)
    return payload, forms


def _spread_cartesian(indices):
    if any(is_cartesian(index) for index in indices):
        return tuple(i for index in indices for i in (index.fields[0] if is_cartesian(index) else (index,)))
    return tuple(indices)


def index_form(index, size):
    """The form of one index into an axis of a size; None when it is out of bounds."""
    kind = index.__class__
    if kind is int or kind is DimNumber or isinstance(index, np.integer):
        place = index.dim if kind is DimNumber else int(index)
        return Place(place - 1) if _inside(place, 1, size) else None
    if index is colon:
        return Span(0, 1, size)
    if kind is Range:
        return _span(index, size)
    if kind is Traced:
        if not is_subtype(index.type, t.Integer) or index.type is t.Bool:
            raise invalid_index(index)
        if index.known is not None and not isinstance(index.data, Value):
            return index_form(index.known, size)
        if isinstance(size, int) and size == 0:
            return None
        return Gathered(_from_zero(staging.payload_of(index, t.Int64)))
    if kind is Array or kind is tuple:
        return _gathered(as_array(index), size)
    raise invalid_index(index)


def _inside(place, first, last):
    """Whether first ≤ place ≤ last, as far as it can be told of symbolic sizes."""
    low, high = place - first, last - place
    return not (isinstance(low, int) and low < 0) and not (isinstance(high, int) and high < 0)


def invalid_index(index):
    return argument_error(f"invalid index: {shown(index)} of type {type_name(typeof(index))}")


def _span(range_, size):
    if range_.start.__class__ is Traced or range_.length.__class__ is Traced:
        return _open_span(range_)
    if not isinstance(range_.start, int | DimNumber):
        raise invalid_index(range_)
    start, length = as_dim(range_.start), as_dim(range_.length)
    if length == 0:
        return Span(0, 1, 0)
    last = start + (length - 1) * range_.step
    if not _inside(start, 1, size) or not _inside(last, 1, size):
        return None
    return Span(start - 1, range_.step, length)


def _open_span(range_):
    """The form of a range of which only the graph knows where it starts or how long it is."""
    if range_.step != 1:
        return Gathered(_from_zero(staging.read(as_array(range_))))
    start = _from_zero(staging.payload_of(range_.start, t.Int64))
    if not isinstance(start, Value):
        start = int(start)
    return Span(start, 1, as_dim(range_.length))


def _gathered(array, size):
    if array.element is t.Bool:
        payload = staging.read(array)
        if payload.__class__ is Value and not state.trace.immediate:
            return Gathered(true_places(payload))
        mask = staging.read_host(array, "indexing by a mask")
        if mask.ndim != 1 or (isinstance(size, int) and mask.shape[0] != size):
            return None
        return Gathered(np.flatnonzero(mask))
    if array.element is t.Any and array.size == (0,):
        return Gathered(np.zeros(0, dtype=np.int64))
    if array.element not in t.NUMPY_TYPES or not is_subtype(array.element, t.Integer):
        raise argument_error(f"invalid index of type {type_name(array.type)}")
    payload = staging.payload_of(array, t.Int64)
    if isinstance(payload, np.ndarray) and isinstance(size, int) and payload.size and (
            payload.min() < 1 or payload.max() > size):
        return None
    return Gathered(_from_zero(payload))


def _from_zero(payload):
    if isinstance(payload, np.ndarray):
        return payload - 1
    return staging.apply("sub", payload, staging.expand(np.asarray(1), payload.shape))
