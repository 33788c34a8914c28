"""Writing at indices: `x[i, j] = v`, `x[i, :] .= v`, masks; on the host in place, staged as a new value."""

import math

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import I64
from .. import staging
from .. import types as t
from ..batching.lanes import Lanes
from ..control_flow.vector_elements import set_element
from ..dims import dim_number
from ..poison import HostValueNeeded
from ..state import LaneEffect, state
from ..type_lattice import is_subtype
from ..type_names import type_name
from ..values import Array, Range, Struct, colon, holds, typeof
from .arrays import as_array, as_dim_product, filled, is_composed, object_payload, reshaped
from .cartesian_indices import is_cartesian
from .conversion import convert, convert_array
from .elements import NUMBERS
from .errors import argument_error, bounds_error, dimension_mismatch, dims_text, fault, size_text
from .index_forms import Gathered, Place, Span, normalised
from .registry import define
from .sizes import length


def refuse_range(array):
    """Raises CanonicalIndexError for a range, whose elements are fixed."""
    if array.__class__ is Range:
        raise fault("CanonicalIndexError", f"setindex! not defined for {type_name(array.type)}")


def overwrite(array, contents):
    """Replaces all elements of an array by those of one of the same size and element type."""
    refuse_range(array)
    payload = staging.read(contents)
    given, own = math.prod(payload.shape), math.prod(staging.read(array).shape)
    if isinstance(given, int) and isinstance(own, int) and given != own:
        raise dimension_mismatch(f"a destination of size {size_text(array.size)} cannot hold "
                                 f"{size_text(tuple(reversed(payload.shape)))}")
    if state.trace is None and isinstance(payload, np.ndarray) and isinstance(array.data, np.ndarray):
        in_place = payload.reshape(array.data.shape)  # what shares memory sees it
        staging.write_elements(array, ..., in_place)
    else:
        staging.write(array, reshaped(payload, staging.read(array).shape))


def assign(array, value, indices, spread=False):
    """`array[indices...] = value`; with `spread` the value is broadcast to the places, as `.=` does.

    Raises BoundsError, DimensionMismatch."""
    if state.lanes:
        raise LaneEffect
    refuse_range(array)
    if len(indices) == 1 and _is_mask(indices[0]) and isinstance(staging.read(indices[0]), Value):
        return assign_masked(array, value, indices[0])
    if len(indices) == 1 and indices[0].__class__ is Array and indices[0].element not in t.NUMPY_TYPES:
        return _assign_cartesian(array, value, indices[0], spread)
    payload, forms = normalised(array, indices)
    if is_vector_of_elements(payload, forms):
        (form,) = forms
        place = form.start if form.__class__ is Place else form.positions
        return set_element(array, place, convert(array.element, value))
    if holds(payload, "c") and (value.__class__ is Struct or value.__class__ is Array and
                                is_composed(value)):
        payload = payload.astype(object)  # from now on there are complex numbers with staged parts in it
        staging.write(array, payload.reshape(array.data.shape))
    shape = _places_shape(forms)
    single = all(form.__class__ is Place or _is_scalar(form) for form in forms)
    update = _update(array, value, shape, single, spread, payload)
    index = _host_index(payload, forms)
    if index is not None and isinstance(update, np.ndarray):
        _write_host(array, payload, index, update)
    else:
        staging.write(array, reshaped(_updated(payload, forms, update), array.data.shape))
    return None


def is_vector_of_elements(payload, forms):
    """Whether one element is assigned of a vector of staged elements, or of objects at a place that only the
    graph knows."""
    if len(forms) != 1 or not (forms[0].__class__ is Place or _is_scalar(forms[0])):
        return False
    objects = holds(payload, "Oc")
    staged = forms[0].__class__ is Gathered and isinstance(forms[0].positions, Value)
    return payload.__class__ is Lanes or objects and staged


def _is_mask(index):
    return index.__class__ is Array and index.element is t.Bool


def _is_scalar(form):
    return form.__class__ is Gathered and len(form.positions.shape) == 0


def _places_shape(forms):
    """The payload shape of the places that forms (in Julia order) name."""
    shape = []
    for form in reversed(forms):
        if form.__class__ is Span:
            shape.append(form.length)
        elif form.__class__ is Gathered:
            shape.extend(form.positions.shape)
    return tuple(shape)


def _update(array, value, shape, single, spread, payload):
    """The payload to write, of the places' shape and the array's element type."""
    element = array.element
    if single and not (spread and value.__class__ is Array):
        if element in NUMBERS and not holds(payload, "O"):
            return staging.payload_of(convert(element, value), element)
        return object_payload([convert(element, value)], ())
    if not _is_collection(value):
        if not spread:
            raise argument_error("indexed assignment with a single value to possibly many locations is not "
                                 "supported; perhaps use broadcasting `.=` instead?")
        if element in NUMBERS and not holds(payload, "O"):
            return staging.expand(staging.payload_of(convert(element, value), element), shape)
        return np.broadcast_to(object_payload([convert(element, value)], ()), shape)
    source = convert_array(element, as_array(value))
    data = staging.read(source)
    if spread:
        from ..evaluation.broadcasting import join_shapes

        if join_shapes(shape, tuple(data.shape)) != shape:
            raise dimension_mismatch(f"array could not be broadcast to match destination: cannot assign size "
                                     f"{size_text(source.size)} to size {size_text(shape[::-1])}")
        return staging.expand(data, shape)
    kept, given = [d for d in shape if d != 1], [d for d in data.shape if d != 1]
    flat = 1 in (len(shape), len(data.shape)) and as_dim_product(shape) == as_dim_product(data.shape)
    if kept != given and not flat:
        raise dimension_mismatch(_mismatch_text(source.size, shape[::-1]))
    return reshaped(data, shape)


def _is_collection(value):
    return value.__class__ is tuple or is_subtype(typeof(value), t.AbstractArray)


def _mismatch_text(given, places):
    if len(places) == 1:
        return f"tried to assign {as_dim_product(given)} elements to {places[0]} destinations"
    return f"tried to assign {dims_text(given)} array to {dims_text(places)} destination"


# --- on the host --------------------------------------------------------------------------------------------


def _host_index(payload, forms):
    """A numpy index of the payload for forms that are known on the host; None when something is staged."""
    if not isinstance(payload, np.ndarray):
        return None
    parts, rank = [], len(forms)
    gathered = any(form.__class__ is Gathered and form.positions.shape for form in forms)
    for form in reversed(forms):
        if form.__class__ is Gathered:
            if isinstance(form.positions, Value):
                return None
            parts.append(form.positions if form.positions.ndim else int(form.positions))
        elif form.__class__ is Place:
            parts.append(form.start)
        elif isinstance(form.start, Value):
            return None
        else:
            start, stop, step = form.bounds()
            if form.step < 0:
                stop_ = start - 1
                parts.append(slice(stop - 1, None if stop_ < 0 else stop_, -step))
            else:
                parts.append(slice(start, stop, step))
    if gathered and rank > 1:  # numpy would pair index arrays: spread each over axes of its own
        return _outer_index(payload, parts)
    return tuple(parts)


def _outer_index(payload, parts):
    return _open_mesh([np.arange(size)[part] if isinstance(part, slice) else np.asarray(part)
                       for part, size in zip(parts, payload.shape, strict=True)])


def _open_mesh(places):
    """Index arrays (of any rank) spread over axes of their own, so that numpy takes their outer product."""
    total, before, spread = sum(one.ndim for one in places), 0, []
    for one in places:
        spread.append(one.reshape((1,) * before + one.shape + (1,) * (total - before - one.ndim)))
        before += one.ndim
    return tuple(spread)


def _write_host(array, payload, index, update):
    """Writes in place outside of a trace; the payload may be a reshaped view of the array's data."""
    if update.ndim == 0 and payload.dtype == object:
        update = update[()]  # the object: numpy would store the array around it
    if payload is array.data:
        staging.write_elements(array, index, update)
        return
    places = np.arange(payload.size).reshape(payload.shape)[index]
    places = np.unravel_index(places, array.data.shape) if array.data.ndim else ()
    if array.data.ndim == 0 and isinstance(update, np.ndarray):
        update = update.reshape(())  # one element, perhaps at a place of a vector
    staging.write_elements(array, places, update)


# --- staged -------------------------------------------------------------------------------------------------


def _updated(payload, forms, update):
    """The payload with the places that the forms (in Julia order) name replaced."""
    forms = forms[::-1]
    if all(form.__class__ is Place or _is_scalar(form) or (form.__class__ is Span and form.step == 1)
           for form in forms):
        window = tuple(form.length if form.__class__ is Span else 1 for form in forms)
        if window == tuple(payload.shape):
            return reshaped(update, payload.shape)
        starts = [_start(form) for form in forms]
        return staging.apply("dynamic_update_slice", payload, reshaped(update, window), *starts)
    return _updated_by_selection(payload, forms, update)


def _start(form):
    if form.__class__ is Gathered:
        return form.positions
    if isinstance(form.start, Value):
        return form.start
    return staging.payload_of(dim_number(form.start), t.Int64)


def _updated_by_selection(payload, forms, update):
    """Each element of the payload stays or is that of the update which stands for its place."""
    if not all(isinstance(size, int) for size in payload.shape) or any(
            form.__class__ is Gathered and isinstance(form.positions, Value) for form in forms):
        return _updated_by_staged_selection(payload, forms, update)
    places = [_known_places(form, size) for form, size in zip(forms, payload.shape, strict=True)]
    number = np.full(payload.shape, -1)
    count = as_dim_product([one.size for one in places])
    number[_open_mesh(places)] = np.arange(count).reshape([size for one in places for size in one.shape])
    chosen = staging.apply("gather", reshaped(update, (count,)), np.maximum(number, 0), axis=0)
    return staging.apply("select", number >= 0, chosen, payload)


def _updated_by_staged_selection(payload, forms, update):
    shape, index, inside = payload.shape, None, None
    for axis, (form, size) in enumerate(zip(forms, shape, strict=True)):
        numbers, count = _numbers_along(form, size)
        numbers = staging.apply("broadcast", numbers, shape=shape, axes=(axis,))
        here = staging.apply("ge", numbers, _filled(0, shape))
        inside = here if inside is None else staging.apply("and", inside, here)
        index = numbers if index is None else staging.apply(
            "add", staging.apply("mul", index, _filled(count, shape)), numbers)
    count = as_dim_product(update.shape)
    rows = reshaped(update, (count,))
    if not isinstance(count, int):  # there may be none, and then there is none to take
        rows = staging.apply("pad", rows, low=(0,), high=(1,), value=0)
    index = staging.apply("select", inside, index, _filled(0, shape))
    return staging.apply("select", inside, staging.apply("gather", rows, index, axis=0), payload)


def _filled(dim, shape):
    return staging.expand(staging.payload_of(dim_number(dim), t.Int64), shape)


def _numbers_along(form, size):
    """(for each place along an axis the number, from 0, of the index that names it, -1 where none does; how
    many indices there are). Of several that name one place the last counts."""
    places = staging.apply("iota", shape=(size,), axis=0, element=I64)
    if form.__class__ is Gathered:
        positions = reshaped(staging.as_value(form.positions), (as_dim_product(form.positions.shape),))
        count = positions.shape[0]
        pairs = (size, count + 1)  # with one that names none
        positions = staging.apply("pad", positions, low=(1,), high=(0,), value=-1)
        named = staging.apply("eq", staging.apply("broadcast", places, shape=pairs, axes=(0,)),
                              staging.apply("broadcast", positions, shape=pairs, axes=(1,)))
        numbers = staging.apply("sub", staging.apply("iota", shape=pairs, axis=1, element=I64),
                                _filled(1, pairs))
        return staging.apply("reduce_max", staging.apply("select", named, numbers, _filled(-1, pairs)),
                             axes=(1,)), count
    span = form if form.__class__ is Span else Span(form.start, 1, 1)
    start = span.start if isinstance(span.start, Value) else staging.payload_of(
        dim_number(span.start), t.Int64)
    steps = staging.apply("sub", places, staging.expand(start, places.shape))
    step = _filled(span.step, places.shape)
    number = staging.apply("idiv", steps, step)
    named = staging.apply("eq", staging.apply("mul", number, step), steps)
    for op, bound in (("ge", 0), ("lt", span.length)):
        named = staging.apply("and", named, staging.apply(op, number, _filled(bound, places.shape)))
    return staging.apply("select", named, number, _filled(-1, places.shape)), span.length


def _known_places(form, size):
    if form.__class__ is Gathered:
        return form.positions
    start, stop, step = form.bounds()
    places = np.arange(start, stop, step)
    return places[::-1] if form.__class__ is Span and form.step < 0 else places


def assign_masked(array, value, mask):
    """`array[mask] .= number` or, of an array, one value after the other, for a staged mask of the array's
    size: a selection."""
    from .selection import spread

    payload, condition = staging.read(array), staging.read(mask)
    if tuple(condition.shape) != tuple(payload.shape):
        raise HostValueNeeded("assignment through a mask that is only known when the graph runs "
                              "takes a mask of the array's size", state.location,
                              kind="UnsupportedError")
    if _is_collection(value):
        values = staging.as_value(staging.payload_of(as_array(value), array.element))
        values = reshaped(values, (as_dim_product(values.shape),))
        return staging.write(array, spread(values, condition, staging.as_value(payload)))
    number = staging.expand(staging.payload_of(convert(array.element, value), array.element), payload.shape)
    staging.write(array, staging.apply("select", condition, number, payload))


def _assign_cartesian(array, value, indices, spread):
    places = staging.read_host(indices, "indexed assignment").reshape(-1)
    if not all(is_cartesian(place) for place in places):
        raise argument_error(f"invalid index of type {type_name(indices.type)}")
    from .iteration import iterate

    values = list(iterate(value)) if _is_collection(value) else [value] * len(places)
    if len(values) != len(places) or (not spread and not _is_collection(value)):
        raise dimension_mismatch(f"tried to assign {len(values)} elements to {len(places)} destinations")
    for place, one in zip(places, values, strict=True):
        assign(array, one, (place,))


NUMPY_KINDS = {int: "iufc", float: "fc", bool: "biufc"}
"""The kinds of numpy arrays that hold every number of a Python type (integers may still be too large)."""


def _set_number(array, value, indices):
    """The short way for a number at known places of an array of numbers; False where it does not apply."""
    if array.__class__ is not Array:
        return False
    data = array.data
    kinds = NUMPY_KINDS.get(value.__class__, "")
    if array in staging.VIEWS or data.dtype.kind not in kinds or (
            data.dtype.itemsize < 8) or data.ndim != len(indices) or data.dtype.kind == "u":
        return False
    for index, size in zip(indices, array.size, strict=True):
        if index.__class__ is not int or not 0 < index <= size:
            return False
    data[tuple([index - 1 for index in reversed(indices)])] = value
    return True


@define("setindex!", t.AbstractArray, t.Any, t.Any, ...)
def set_index(array, value, *indices):
    if state.trace is None and not state.lanes and _set_number(array, value, indices):
        return array
    assign(array, value, indices or (1,))
    return array


@define("broadcast_setindex!", t.AbstractArray, t.Any, t.Any, ..., exported=False)
def broadcast_set_index(array, value, *indices):
    """`array[indices...] .= value`."""
    from ..evaluation.broadcasting import materialise, unwrap_reference

    assign(array, unwrap_reference(materialise(value)), indices or (colon,), spread=True)
    return array


@define("fill!", t.AbstractArray, t.Any)
def fill_in_place(array, value):
    refuse_range(array)
    overwrite(array, filled(convert(array.element, value), array.size, array.element))
    return array


@define("copyto!", t.AbstractArray, t.AbstractArray)
def copy_into(destination, source):
    """Copies the elements of the source to the first places of the destination, in linear order."""
    source = as_array(source)
    count, room = length(source), length(destination)
    places = (Range(1, 1, count, t.UnitRange.body.family.apply(t.Int64)),)
    if tuple(source.size) == tuple(destination.size):
        overwrite(destination, convert_array(destination.element, source))
    elif isinstance(count, int) and isinstance(room, int) and count > room:
        raise bounds_error(destination, places)
    else:
        flat = Array(reshaped(staging.read(source), (as_dim_product(source.size),)),
                     t.array_type(source.element, 1))
        assign(destination, flat, places)
    return destination
