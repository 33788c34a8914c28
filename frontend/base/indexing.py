"""Reading at indices: `x[i, j]`; at ranges, `:`, vectors of indices, masks, cartesian and traced indices."""

import functools

import numpy as np

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..batching.lanes import Lanes, elements_at, only_in_graph
from ..calling import call
from ..control_flow.item_growth import Added
from ..control_flow.vector_elements import alike_element_of, element_of, note_repeated
from ..dims import dim_number
from ..poison import HostValueNeeded
from ..staged_numbers import DimNumber, Traced
from ..state import state
from ..type_names import type_name
from ..values import Array, Range, colon, holds, to_host
from .arrays import array_of, as_array, as_dim_product, plain_type, range_payload, reshaped
from .cartesian_indices import is_cartesian
from .elements import number_of
from .errors import argument_error, bounds_error, require_count
from .index_forms import Gathered, Place, Span, invalid_index, normalised
from .registry import define, function
from .sizes import length


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
    if holds(payload, "Oc"):
        found = item_at(array, forms[0]) if payload.ndim == 1 and payload.size else None
        if found is not None:
            return found
        forms = [_known_form(form, size) for form, size in zip(forms, reversed(payload.shape), strict=True)]
    part = read_forms(payload, forms)
    if len(part.shape) == 0 and all(_is_single(form) for form in forms):
        return part[()] if holds(part, "O") else number_of(part)
    if copy and isinstance(part, np.ndarray) and (part.base is not None or part is array.data):
        part = part.copy()
    return Array(part, plain_type(array, len(part.shape)))


def item_at(array, form):
    """The item at a place that only the graph knows, of items that are alike: numbers, arrays, or structures
    of them; None for others."""
    if form.__class__ is not Gathered or not isinstance(form.positions, Value) or form.positions.shape:
        return None
    return alike_element_of(array, form.positions)


def _lane_at(array, forms):
    """The element of a vector of staged elements."""
    (form,) = forms
    if not _is_single(form):
        positions = form.positions if form.__class__ is Gathered else range_payload(
            Range(number_of(form.start) if form.start.__class__ is Value else dim_number(form.start),
                  form.step, dim_number(form.length), None))
        if len(positions.shape) != 1:
            raise only_in_graph()
        part = elements_at(array, staging.as_value(positions))
        if form.__class__ is Gathered:
            note_repeated(part)
        return part
    return element_of(array, form.start if form.__class__ is Place else form.positions)


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
    return payload[()] if holds(payload, "O") else number_of(payload)


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
                raise invalid_index(index)
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
