"""Reading at indices: `x[i, j]`, ranges, `:`, vectors of indices, masks, cartesian indices, traced indices.

An index is brought into one of four forms, which count from 0: `Place` (one element, known),
`Span` (a range),
`Gathered` (any array of indices, or a traced number), and the whole axis.
"""

import functools
from dataclasses import dataclass

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..batching.lanes import Lanes, element, elements_at, is_lanes, only_in_graph
from ..calling import call
from ..control_flow.growth import Added
from ..control_flow.item_buffers import as_lanes
from ..control_flow.sharing import entangle
from ..dims import as_dim, dim_number, true_places
from ..poison import HostValueNeeded
from ..printing.display import FAMILIES
from ..staged_numbers import DimNumber, Traced
from ..state import state
from ..type_lattice import TypeVar, is_subtype, unwrap
from ..type_names import type_name
from ..values import Array, Range, Struct, colon, to_host, typeof
from .arrays import array_of, as_array, as_dim_product, plain_type, range_payload, reshaped
from .conversion import constructs
from .elements import number_of
from .errors import argument_error, bounds_error, require_count
from .registry import define, function

CartesianIndexType = t.declare("CartesianIndex", parameters=(TypeVar("N"),), fields=("I",))
CARTESIAN_FAMILY = unwrap(CartesianIndexType).family


FAMILIES[CARTESIAN_FAMILY] = lambda value, context: f"CartesianIndex({', '.join(map(str, value.fields[0]))})"


def cartesian_index(*indices):
    """`CartesianIndex(i, j, …)`."""
    return Struct(CARTESIAN_FAMILY.apply(len(indices)), [tuple(indices)])


@constructs(CartesianIndexType, t.Integer, ...)
def construct_cartesian_index(_, *indices):
    return cartesian_index(*(staging.host_number(i, "a cartesian index") for i in indices))


@constructs(CartesianIndexType, t.Tuple)
def cartesian_index_of_tuple(_, indices):
    return cartesian_index(*indices)


CartesianIndicesType = t.declare("CartesianIndices")


@constructs(CartesianIndicesType, t.Any)
def cartesian_indices(_, x):
    """All cartesian indices of an array or of a size, as an array of them."""
    dims = x if x.__class__ is tuple else as_array(x).size
    dims = [d.length if d.__class__ is Range else d for d in dims]
    if not all(isinstance(d, int | np.integer) for d in dims):
        from .iteration import GRIDS
        from .selection import indices_of_size

        dims = tuple(d if hasattr(d, "terms") else as_dim(d) for d in dims)
        indices = indices_of_size(dims)
        GRIDS[indices] = dims
        return indices
    places = [cartesian_index(*(i + 1 for i in reversed(place))) for place in np.ndindex(*dims[::-1])]
    return array_of(CARTESIAN_FAMILY.apply(len(dims)), places, dims)


def is_cartesian(index):
    return index.__class__ is Struct and index.type.family is CARTESIAN_FAMILY


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
            raise _invalid(index)
        if index.known is not None and not isinstance(index.data, Value):
            return index_form(index.known, size)
        return Gathered(_from_zero(staging.payload_of(index, t.Int64)))
    if kind is Array or kind is tuple:
        return _gathered(as_array(index), size)
    raise _invalid(index)


def _inside(place, first, last):
    """Whether first ≤ place ≤ last, as far as it can be told of symbolic sizes."""
    low, high = place - first, last - place
    return not (isinstance(low, int) and low < 0) and not (isinstance(high, int) and high < 0)


def _invalid(index):
    from .errors import shown

    return argument_error(f"invalid index: {shown(index)} of type {type_name(typeof(index))}")


def _span(range_, size):
    if range_.start.__class__ is Traced or range_.length.__class__ is Traced:
        return _open_span(range_)
    if not isinstance(range_.start, int | DimNumber):
        raise _invalid(range_)
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


# --- reading ------------------------------------------------------------------------------------------------


def read_forms(payload, forms):
    """The part of a payload at the forms (in Julia order), places dropped."""
    forms = forms[::-1]
    rank = len(forms)
    if any(form.__class__ is Span and isinstance(form.start, Value) for form in forms):
        payload, forms = _moved(payload, forms)
    bounds = [(0, payload.shape[axis], 1) if form.__class__ is Gathered else form.bounds()
              for axis, form in enumerate(forms)]
    if any(one != (0, size, 1) for one, size in zip(bounds, payload.shape, strict=True)):
        starts, stops, steps = zip(*bounds, strict=True)
        payload = staging.apply("slice", payload, starts=starts, stops=stops, steps=steps)
    backwards = tuple(axis for axis, form in enumerate(forms) if form.__class__ is Span and form.step < 0)
    if backwards:
        payload = staging.apply("reverse", payload, axes=backwards)
    for axis in range(rank - 1, -1, -1):
        if forms[axis].__class__ is Gathered:
            payload = staging.apply("gather", payload, forms[axis].positions, axis=axis)
    shape = []
    for form in forms:
        if form.__class__ is Gathered:
            shape.extend(form.positions.shape)
        elif form.__class__ is Span:
            shape.append(form.length)
    return reshaped(payload, shape)


def _moved(payload, forms):
    """The windows of a payload at the spans (in payload order) whose start is an IR value; and the forms
    that are left."""
    starts, sizes, rest = [], [], []
    for form, size in zip(forms, payload.shape, strict=True):
        moves = form.__class__ is Span and isinstance(form.start, Value)
        starts.append(form.start if moves else np.asarray(0))
        sizes.append(form.length if moves else size)
        rest.append(Span(0, 1, form.length) if moves else form)
    return staging.apply("dynamic_slice", payload, *starts, sizes=tuple(sizes)), rest


def element_at(array, indices, copy=True):
    """`array[indices...]`: a number (or object) where all indices are single, else an array."""
    if state.trace is None and not state.lanes and len(indices) == len(array.size) \
            and array not in staging.VIEWS:
        data = array.data  # the short way to one element
        if all([index.__class__ is int and 0 < index <= size
                for index, size in zip(indices, array.size, strict=True)]):
            item = data[tuple([index - 1 for index in reversed(indices)])]
            return item if data.dtype == object else to_host(item)
    if len(indices) == 1 and indices[0].__class__ is Array and indices[0].element not in t.NUMPY_TYPES:
        return _at_cartesian(array, indices[0])
    payload, forms = normalised(array, indices)
    if payload.__class__ is Lanes:
        return _lane_at(array, forms)
    if payload.__class__ is Added:
        raise payload.is_read()
    if all(form.__class__ is Place for form in forms) and isinstance(payload, np.ndarray):
        place = tuple([form.start for form in reversed(forms)])
        if all(isinstance(one, int) for one in place):
            item = payload[place]
            return item if payload.dtype == object else to_host(item)
    if _holds_objects(payload):
        found = item_at(list(payload), forms[0]) if payload.ndim == 1 and payload.size else None
        if found is not None:
            return found
        forms = [_known_form(form, size) for form, size in zip(forms, reversed(payload.shape), strict=True)]
    part = read_forms(payload, forms)
    if len(part.shape) == 0 and all(_is_single(form) for form in forms):
        return part[()] if _holds_objects(part) else number_of(part)
    if copy and isinstance(part, np.ndarray) and (part.base is not None or part is array.data):
        part = part.copy()
    return Array(part, plain_type(array, len(part.shape)))


def item_at(items, form):
    """The item at a place that only the graph knows, of items that are alike: numbers, arrays, or tuples of
    numbers; None for others. An array may be any of the items: writing to it makes reading those an error."""
    if form.__class__ is not Gathered or not isinstance(form.positions, Value) or form.positions.shape:
        return None
    vector = as_lanes(items)
    arrays = [item for item in items if item.__class__ is Array]
    if vector is None or not is_lanes(vector) or (
            not arrays and any(inner.rank for inner, _ in vector._data.columns)):
        return None
    found = element(vector, form.positions)
    for array in arrays:
        entangle(found, array)
    return found


def _lane_at(array, forms):
    """The element of a vector of staged elements."""
    (form,) = forms
    if not _is_single(form):
        positions = form.positions if form.__class__ is Gathered else range_payload(
            Range(number_of(form.start) if form.start.__class__ is Value else dim_number(form.start),
                  form.step, dim_number(form.length), None))
        if len(positions.shape) != 1:
            raise only_in_graph()
        return elements_at(array, staging.as_value(positions))
    return element(array, form.start if form.__class__ is Place else form.positions)


def _holds_objects(payload):
    return isinstance(payload, np.ndarray) and payload.dtype == object


def _is_single(form):
    return form.__class__ is Place or (form.__class__ is Gathered and len(form.positions.shape) == 0)


def _known_form(form, size):
    """A form into an array of objects: its positions must be known on the host."""
    if form.__class__ is Gathered and isinstance(form.positions, Value):
        raise HostValueNeeded("an index into an array of objects must be known on the host",
                              state.location, kind="UnsupportedError")
    return form


def _at_cartesian(array, indices):
    """`array[indices]` for an array of cartesian indices."""
    places = staging.read_host(indices, "indexing").reshape(-1)
    if not all(is_cartesian(place) for place in places):
        raise argument_error(f"invalid index of type {type_name(indices.type)}")
    return array_of(array.element, [element_at(array, (place,)) for place in places], indices.size)


@define("getindex", CartesianIndexType, t.Integer)
def cartesian_at(index, place):
    if not 1 <= place <= len(index.fields[0]):
        raise bounds_error(index, (place,))
    return index.fields[0][place - 1]


@define("length", CartesianIndexType)
def cartesian_length(index):
    return len(index.fields[0])


@constructs(t.Tuple, CartesianIndexType)
def tuple_of_cartesian(_, index):
    return index.fields[0]


def _cartesian_arithmetic(name):
    def method(a, b):
        from ..calling import call
        from .registry import function

        return cartesian_index(*(call(function(name), pair)
                                 for pair in zip(a.fields[0], b.fields[0], strict=True)))

    define(name, CartesianIndexType, CartesianIndexType)(method)


_cartesian_arithmetic("+")
_cartesian_arithmetic("-")


@define("getindex", t.AbstractArray, t.Any, ...)
def get_index(x, *indices):
    if x.__class__ is Range:
        return range_at(x, *indices)
    return element_at(x, indices)


@define("getindex", t.AbstractArray)
def get_only(x):
    """`x[]`: the only element."""
    array = as_array(x)
    if as_dim_product(array.size) != 1:
        raise bounds_error(array, ())
    return element_at(array, (1,) * max(array.rank, 1)) if array.rank else number_or_object(array)


def number_or_object(array):
    """The element of an array of rank 0."""
    payload = staging.read(array)
    return payload[()] if _holds_objects(payload) else number_of(payload)


@define("getindex", t.Number)
def get_number(x):
    return x


@define("getindex", t.Number, t.Integer)
def get_number_at(x, index):
    if index != 1:
        raise bounds_error(x, (index,))
    return x


def range_at(range_, *indices):
    """`range[index]`: an element, or for a range of indices again a range."""
    if len(indices) == 1:
        (index,) = indices
        if index is colon:
            return range_
        if index.__class__ is int or index.__class__ is bool:
            if index.__class__ is bool:
                raise _invalid(index)
            if not 1 <= index <= range_.length:
                raise bounds_error(range_, indices)
            return range_[index - 1]
        if index.__class__ is Range and isinstance(index.start, int):
            if index.length and not (1 <= index[0] <= range_.length
                                     and 1 <= index[index.length - 1] <= range_.length):
                raise bounds_error(range_, indices)
            start = range_[index.start - 1] if index.length else range_.start
            from .ranges import range_of

            return range_of(start, range_.step * index.step, index.length)
    return element_at(as_array(range_), indices)


@define("get", t.AbstractArray, t.Any, t.Any)
def get_or_default(x, index, default):
    size = as_array(x).size
    indices = index if index.__class__ is tuple else (index,)
    limits = size if len(indices) == len(size) else (as_dim_product(size),)
    inside = all(1 <= i <= limit for i, limit in zip(indices, limits, strict=True))
    return get_index(x, *indices) if inside else default


@define("checkbounds", t.AbstractArray, t.Any, ...)
def check_bounds(x, *indices):
    normalised(as_array(x), indices)


@define("checkbounds", t.TypeOfType, t.AbstractArray, t.Any, ...)
def are_in_bounds(_, x, *indices):
    from ...compiler.errors import WeberError

    x = as_array(x)
    if any(index.__class__ in (Traced, DimNumber) for index in indices):
        limits = x.size if len(indices) == len(x.size) else (as_dim_product(x.size),)
        inside = [call(function(name), pair) for index, limit in zip(indices, limits, strict=True)
                  for name, pair in (("<=", (1, index)), ("<=", (index, DimNumber.of(limit))))]
        return functools.reduce(lambda a, b: call(function("&"), (a, b)), inside)
    try:
        normalised(as_array(x), indices)
    except WeberError as error:
        if error.kind != "BoundsError":
            raise
        return False
    return True


@define("first", t.AbstractArray)
def first(x):
    return get_index(x, 1)


@define("last", t.AbstractArray)
def last(x):
    from .sizes import length

    return get_index(x, length(x))


@define("first", t.AbstractArray, t.Integer)
def first_several(x, count):
    size = dim_number(as_array(x).size[0])
    last = call(function("min"), (require_count(count), size))
    return get_index(x, call(function(":"), (1, last)))


@define("last", t.AbstractArray, t.Integer)
def last_several(x, count):
    size = dim_number(as_array(x).size[0])
    first = call(function("max"), (1, size - (require_count(count) - 1)))
    return get_index(x, call(function(":"), (first, size)))
