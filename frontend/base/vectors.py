"""Vectors that grow and shrink: `push! pop! append! insert! deleteat! resize!` and their kin."""

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..batching.lanes import Lanes, is_lanes, vector_of_lanes
from ..control_flow.item_buffers import by_column, together
from ..control_flow.item_growth import Added
from ..control_flow.sharing import entangle, unlinked
from ..control_flow.vector_elements import LIVE, note, note_repeated
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
    """Payloads, one behind the other."""
    if any(part.__class__ is Lanes for part in parts):
        return staging.read(together([vector_of_lanes(part) if part.__class__ is Lanes else list(part)
                                      for part in parts]))
    return staging.apply("concatenate", *parts, axis=0)


def _each(operation, payload):
    """An operation on a payload; on that of a vector of staged elements for each of their columns."""
    if payload.__class__ is not Lanes:
        return operation(payload)
    return staging.read(by_column(operation, vector_of_lanes(payload)))


def _cut(payload, start, stop):
    """The elements start … stop - 1 (from 0) of a payload."""
    return _each(lambda column: sliced(column, 0, start, stop), payload)


def _gathered(payload, places):
    return _each(lambda column: staging.apply("gather", column, places, axis=0), payload)


def _read(vector):
    """A vector's payload, one that has all elements."""
    payload = staging.read(vector)
    if payload.__class__ is Added:
        raise payload.is_read()
    return payload


def _elements(vector, items):
    """Items converted to a vector's element type, as a payload."""
    return staging.read(array_of(vector.element, [convert(vector.element, x) for x in items]))


def _replace(vector, payload):
    staging.write(vector, payload)
    return vector


def _insert(vector, payload, place):
    """Puts the elements of a payload at a place from 0, a dim; what was there and behind moves up."""
    whole = _read(vector)
    if place == whole.shape[0]:
        parts = whole, payload
    elif place == 0:
        parts = payload, whole
    else:
        parts = _cut(whole, 0, place), payload, _cut(whole, place, whole.shape[0])
    _replace(vector, _joined(*parts))
    if is_lanes(vector) and payload.__class__ is not Lanes:  # what is written to an element is written there
        for k, item in enumerate(payload):
            note(vector, item, place + k, LIVE)
    return vector


def _insert_all(vector, items, place):
    """The same of the elements of a collection, which both vectors have then."""
    _insert(vector, _converted(vector, items), place)
    if is_lanes(items):
        entangle(vector, items)
        note_repeated(vector)


def _length(vector):
    return staging.read(vector).shape[0]


LIST = union(t.Vector, t.BitVector)
"""What can grow and shrink."""


@define("push!", LIST, t.Any, t.Any, ...)
def push(vector, *items):
    payload = staging.read(vector)
    if payload.__class__ is Added:
        return _replace(vector, payload.with_more([convert(vector.element, x) for x in items]))
    return _insert(vector, _elements(vector, items), payload.shape[0])


@define("push!", LIST)
def push_nothing(vector):
    return vector


@define("pushfirst!", LIST, t.Any, t.Any, ...)
def push_first(vector, *items):
    payload = staging.read(vector)
    if payload.__class__ is Added:
        items = [convert(vector.element, x) for x in items]
        return _replace(vector, payload.with_more(items[::-1], True))
    return _insert(vector, _elements(vector, items), 0)


@define("append!", LIST, t.Any, ...)
def append(vector, *collections):
    for items in collections:
        if staging.read(vector).__class__ is Added and not is_lanes(items):
            push(vector, *iterate(items))
        else:
            _insert_all(vector, items, _length(vector))
    return vector


@define("prepend!", LIST, t.Any, ...)
def prepend(vector, *collections):
    for items in reversed(collections):
        _insert_all(vector, items, 0)
    return vector


def _converted(vector, items):
    """Another collection's elements as a payload of the vector's element type."""
    if is_lanes(items):
        return staging.read(items)
    array = items if items.__class__ is Array else collect_values(iterate(items))
    if 0 in array.size:
        return staging.read(array_of(vector.element, []))
    payload = staging.read(convert_array(vector.element, array))
    return payload if len(payload.shape) == 1 else staging.read(array_of(vector.element, iterate(array)))


def _removed(vector, start, stop):
    """The payload without the elements start … stop - 1 (from 0)."""
    payload = _read(vector)
    return _joined(_cut(payload, 0, start), _cut(payload, stop, payload.shape[0]))


def _part(vector, start, stop):
    """The payload of the elements start … stop - 1 (from 0)."""
    return _owned(_cut(_read(vector), start, stop))


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
    payload, size = _read(vector), _length(vector)
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
    return _gathered(payload, places)


@define("insert!", LIST, t.Integer, t.Any)
def insert(vector, index, item):
    """Puts an item at an index; what was there and behind moves up."""
    payload = _read(vector)
    if _is_open(vector, index):
        push(vector, item)
        return _replace(vector, _picked(vector, 1, index))
    if not 1 <= index <= payload.shape[0] + 1:
        raise bounds_error(vector, (index,))
    return _insert(vector, _elements(vector, [item]), index - 1)


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
    return _replace(vector, _gathered(_read(vector), kept))


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
    payload = _read(vector)
    before, behind = _cut(payload, 0, start - 1), _cut(payload, start - 1 + count, payload.shape[0])
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
    payload = _read(vector)
    if _is_open(vector, count) and payload.__class__ is Value:
        return _replace(vector, _resized(payload, as_dim(count)))
    if count < 0:
        raise argument_error("new length must be ≥ 0")
    size = payload.shape[0]
    if count <= size:
        return _replace(vector, _owned(_cut(payload, 0, count)))
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
