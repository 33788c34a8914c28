"""Vectors that grow and shrink: `push! pop! append! insert! deleteat! resize!` and their kin."""

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..batching.lanes import is_lanes
from ..control_flow.growth import Added, lanes_of
from ..control_flow.item_buffers import columns_of, together, with_more
from ..control_flow.sharing import unlinked
from ..control_flow.vector_elements import LIVE, note
from ..dims import as_dim, dim_number
from ..type_lattice import is_subtype, union
from ..values import Array, Range, typeof
from .arrays import array_of, as_array
from .conversion import convert, convert_array
from .elements import NUMBERS
from .errors import argument_error, bounds_error
from .indexing import element_at
from .iteration import collect_values, iterate
from .registry import define
from .shapes import sliced


def _joined(*parts):
    return staging.apply("concatenate", *parts, axis=0)


def _elements(vector, items):
    """Items converted to a vector's element type, as a payload."""
    return staging.read(array_of(vector.element, [convert(vector.element, x) for x in items]))


def _replace(vector, payload):
    staging.write(vector, payload)
    return vector


def _length(vector):
    return staging.read(vector).shape[0]


LIST = union(t.Vector, t.BitVector)
"""What can grow and shrink."""


@define("push!", LIST, t.Any, t.Any, ...)
def push(vector, *items):
    payload = staging.read(vector)
    if payload.__class__ is Added:
        return _replace(vector, payload.with_more([convert(vector.element, x) for x in items]))
    if is_lanes(vector):
        items, count = [convert(vector.element, x) for x in items], payload.count
        _replace(vector, staging.read(with_more(vector, items)))
        for k, item in enumerate(items):
            note(vector, item, count + k, LIVE)
        return vector
    return _replace(vector, _joined(staging.read(vector), _elements(vector, items)))


@define("push!", LIST)
def push_nothing(vector):
    return vector


@define("pushfirst!", LIST, t.Any, t.Any, ...)
def push_first(vector, *items):
    payload = staging.read(vector)
    if payload.__class__ is Added:
        items = [convert(vector.element, x) for x in items]
        return _replace(vector, payload.with_more(items[::-1], True))
    if is_lanes(vector):
        items = [convert(vector.element, x) for x in items]
        _replace(vector, staging.read(together([items, vector])))
        for k, item in enumerate(items):
            note(vector, item, k, LIVE)
        return vector
    return _replace(vector, _joined(_elements(vector, items), staging.read(vector)))


@define("append!", LIST, t.Any, ...)
def append(vector, *collections):
    for items in collections:
        _replace(vector, _joined(staging.read(vector), _converted(vector, items)))
    return vector


@define("prepend!", LIST, t.Any, ...)
def prepend(vector, *collections):
    for items in reversed(collections):
        _replace(vector, _joined(_converted(vector, items), staging.read(vector)))
    return vector


def _converted(vector, items):
    """Another collection's elements as a payload of the vector's element type."""
    array = items if items.__class__ is Array else collect_values(iterate(items))
    if 0 in array.size:
        return staging.read(array_of(vector.element, []))
    payload = staging.read(convert_array(vector.element, array))
    return payload if len(payload.shape) == 1 else staging.read(array_of(vector.element, iterate(array)))


def _removed(vector, start, stop):
    """The payload without the elements start … stop - 1 (from 0)."""
    payload = staging.read(vector)
    return _joined(sliced(payload, 0, 0, start), sliced(payload, 0, stop, payload.shape[0]))


def _part(vector, start, stop):
    """The payload of the elements start … stop - 1 (from 0)."""
    payload = staging.read(vector)
    if payload.__class__ is Added:
        raise payload.is_read()
    if is_lanes(vector):
        spec, columns = columns_of(vector)
        return staging.read(lanes_of(spec, [sliced(column, 0, start, stop) for column in columns]))
    return _owned(sliced(payload, 0, start, stop))


def _require_elements(vector):
    if _length(vector) == 0:
        raise argument_error("array must be non-empty")


@define("pop!", LIST)
def pop(vector):
    """Removes the last element and returns it."""
    _require_elements(vector)
    last = _length(vector)
    item = _taken(vector, dim_number(last))
    _replace(vector, _part(vector, 0, last - 1))
    return item


def _taken(vector, index):
    """The element at an index, which is to be taken out of the vector."""
    item = element_at(vector, (index,))
    return unlinked(item) if is_lanes(vector) else item


def _owned(payload):
    return payload.copy() if isinstance(payload, np.ndarray) else payload


@define("popfirst!", LIST)
def pop_first(vector):
    _require_elements(vector)
    item = _taken(vector, 1)
    _replace(vector, _part(vector, 1, _length(vector)))
    return item


@define("popat!", LIST, t.Integer)
def pop_at(vector, index):
    item = element_at(vector, (index,))
    if _is_open(vector, index):
        return _replace(vector, _picked(vector, -1, index)) and item
    _replace(vector, _removed(vector, index - 1, index))
    return item


def _is_open(vector, index):
    """Whether only the graph knows a size or an index."""
    return not isinstance(index, int) or not isinstance(_length(vector), int)


def _picked(vector, change, index):
    """The payload with one element less (`change` is -1), the one at an index, or one more, the last before
    it, where only the graph knows which."""
    payload, size = staging.read(vector), _length(vector)
    if change > 0:
        size = size - 1  # of those that were there
    shape = (size + change,)
    places = staging.apply("iota", shape=shape, axis=0, element=t.ELEMENT_TYPES[t.Int64])

    def spread(number):
        return staging.expand(staging.payload_of(number, t.Int64), shape)

    place = staging.apply("sub", spread(index), spread(1))
    behind = staging.apply("gt" if change > 0 else "ge", places, place)
    places = staging.apply("select", behind, staging.apply("sub", places, spread(change)), places)
    if change > 0:
        here = staging.apply("eq", spread(index), staging.apply("add", places, spread(1)))
        here = staging.apply("and", here, staging.apply("not", behind))
        places = staging.apply("select", here, spread(dim_number(size)), places)
    return staging.apply("gather", payload, places, axis=0)


@define("insert!", LIST, t.Integer, t.Any)
def insert(vector, index, item):
    """Puts an item at an index; what was there and behind moves up."""
    payload = staging.read(vector)
    if _is_open(vector, index):
        push(vector, item)
        return _replace(vector, _picked(vector, 1, index))
    if not 1 <= index <= payload.shape[0] + 1:
        raise bounds_error(vector, (index,))
    before, behind = sliced(payload, 0, 0, index - 1), sliced(payload, 0, index - 1, payload.shape[0])
    return _replace(vector, _joined(before, _elements(vector, [item]), behind))


@define("deleteat!", LIST, t.Any)
def delete_at(vector, indices):
    """Removes the elements at an index or at several."""
    if is_subtype(typeof(indices), t.Integer) and _is_open(vector, indices):
        return _replace(vector, _picked(vector, -1, indices))
    indices = [indices] if indices.__class__ is int else list(iterate(indices))
    count = _length(vector)
    if indices and all(i.__class__ is bool for i in indices):
        indices = [place for place, remove in enumerate(indices, 1) if remove]
    for index in indices:
        if not isinstance(index, int):
            raise argument_error("the places to delete must be integers")
        if not 1 <= index <= count:
            raise bounds_error(vector, (index,))
    kept = np.setdiff1d(np.arange(count), np.array(indices, dtype=np.int64) - 1)
    return _replace(vector, staging.apply("gather", staging.read(vector), kept, axis=0))


@define("keepat!", LIST, t.AbstractVector)
def keep_at(vector, indices):
    part = element_at(vector, (as_array(indices),))
    return _replace(vector, staging.read(part))


@define("splice!", LIST, t.Any)
def splice(vector, indices):
    """Removes the elements at an index or range and returns them."""
    removed = element_at(vector, (indices,))
    delete_at(vector, indices)
    return removed


@define("splice!", LIST, t.Any, t.Any)
def splice_in(vector, indices, replacement):
    """Replaces the elements at an index or range by others and returns them."""
    nothing = indices.__class__ is Range and indices.length == 0
    removed = array_of(vector.element, []) if nothing else element_at(vector, (indices,))
    start, count = (indices.start, indices.length) if indices.__class__ is Range else (indices, 1)
    payload = staging.read(vector)
    before = sliced(payload, 0, 0, start - 1)
    behind = sliced(payload, 0, start - 1 + count, payload.shape[0])
    _replace(vector, _joined(before, _converted(vector, replacement), behind))
    return removed


@define("empty!", LIST)
def empty_in_place(vector):
    return _replace(vector, _elements(vector, []))


@define("empty", t.AbstractVector)
def empty(vector):
    return array_of(as_array(vector).element, [])


@define("empty", t.AbstractVector, t.TypeOfType)
def empty_of_type(vector, type_):
    return array_of(type_, [])


@define("resize!", LIST, t.Integer)
def resize(vector, count):
    """Cuts a vector off, or extends it (by zeros, or `nothing`)."""
    payload = staging.read(vector)
    if _is_open(vector, count) and payload.__class__ is Value:
        return _replace(vector, _resized(payload, as_dim(count)))
    if count < 0:
        raise argument_error("new length must be ≥ 0")
    size = payload.shape[0]
    if count <= size:
        return _replace(vector, _owned(sliced(payload, 0, 0, count)))
    blank = 0 if vector.element in NUMBERS else None
    filler = np.full(count - size, blank, dtype=t.NUMPY_TYPES.get(vector.element, object))
    return _replace(vector, _joined(payload, filler))


def _resized(payload, size):
    """The first elements of a vector of the graph, as many as a dim tells, with zeros behind them."""
    places = staging.apply("iota", shape=(size,), axis=0, element=t.ELEMENT_TYPES[t.Int64])
    padded = _joined(payload, np.zeros(1, payload.element.numpy))
    last = staging.expand(staging.payload_of(dim_number(payload.shape[0])), (size,))
    return staging.apply("gather", padded, staging.apply("min", places, last), axis=0)


@define("sizehint!", t.AbstractVector, t.Integer)
def size_hint(vector, count):
    return vector


@define("permute!", t.AbstractVector, t.AbstractVector)
def permute(vector, permutation):
    from .assignment import overwrite

    overwrite(vector, element_at(vector, (as_array(permutation),)))
    return vector
