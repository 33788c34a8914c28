"""Elements of vectors of objects: reading one at a place that the graph knows, putting another in its place,
and writing into it.

In a trace the element that `xs[i]` gives is made of the vector's contents. An `ElementLink` makes it the
element itself: what is written to it is written to the vector. Where it can no longer be told whether an
array is still the element, one of the two is poison after the other was written to.
"""


from ...compiler.errors import UnsupportedError
from ...compiler.ir import Value
from ...compiler.types import TensorType
from .. import types as t
from ..batching.lanes import Lanes, current, element, is_lanes
from ..dims import computes_same
from ..poison import UNDEFINED, HostValueNeeded, PoisonedContents, PoisonError
from ..staged_numbers import DimNumber
from ..staging import apply, as_value, payload_of, read
from ..state import state
from ..trees import map_leaves
from ..type_lattice import is_subtype
from ..values import Array, holds
from .columns import arrays_of, blank_columns, lanes_of
from .item_buffers import as_lanes, columns_of, spec_of_item, stacked
from .regions import write_location
from .sharing import entangle, entangle_into, entangled_with, part, vector_of
from .specs import Container, Numbers, Unknown, flatten, join, leaf_types, parts_of

CHANGED_ELSEWHERE = PoisonedContents(
    "may be an element that was changed by way of the vector it is in: only the graph knows the index")
HOLDS_CHANGED = PoisonedContents(
    "may hold an array that was changed after it was put there: only the graph knows the index")
LIVE, UNSURE, GONE = "live", "unsure", "gone"


class ElementLink:
    """An array that is (part of) the element of a vector at a place: an int from 0, a dim or an IR value. Its
    values are the vector's columns from `start` to `stop`; `status` is whether it is certain that the array
    is, or is no longer, there; `block` the one that it was made in."""

    __slots__ = ("array", "vector", "place", "start", "stop", "status", "block")

    def __init__(self, array, vector, place, start, stop, status):
        self.array, self.vector, self.place = array, vector, place
        self.start, self.stop, self.status = start, stop, status
        self.block = state.trace.builder.block

    def read(self, array):
        return array.data

    def write(self, array, data):
        trace, vector = state.trace, self.vector
        part(trace, array)
        if self.status is LIVE:
            spec, columns = all_columns(vector)
            if trace.repeated.get(id(vector)):
                raise shared_element()
            if tuple(data.shape) != tuple(array._data.shape):
                raise UnsupportedError("an array in a vector that only the graph knows must keep its size",
                                       state.location, kind="UnsupportedError")
            leaves = flatten(spec_of_item(array), Array(data, array.type))
            own = range(self.start, self.stop)
            columns = [column if k not in own else with_row(column, self.place, leaves[k - self.start])
                       for k, column in enumerate(columns)]
            poison_links([link for link in links_of(vector)
                          if link.array is not array and may_be_same(link.place, self.place)])
            part(trace, vector, CHANGED_ELSEWHERE)
            replace_contents(vector, lanes_of(spec, columns))
        elif self.status is UNSURE:
            write_location(trace, vector, "data", HOLDS_CHANGED)
        write_location(trace, array, "data", data)


def links_of(vector):
    """The links of the arrays that are, or were, in a vector, as far as they can be seen from here."""
    _, links = state.trace.elements.get(id(vector), (None, ()))
    return [link for link in links if state.trace.is_open(link.block)]


def poison_links(links):
    """Makes poison of arrays whose vector was changed, perhaps where they are."""
    for link in links:
        link.status = UNSURE
        write_location(state.trace, link.array, "data", CHANGED_ELSEWHERE)


def note(vector, item, place, status, serial=0):
    """Links the arrays of an item that is at a place of a vector; those older than `serial` are in all of its
    places."""
    trace = state.trace
    _, links = trace.elements.setdefault(id(vector), (vector, []))
    for array, start, stop in arrays_in(spec_of_item(item), item, 0):
        if array.serial < serial:
            continue
        old = array.link
        # one that is older than the region may be seen where the item was not put there
        is_young = array.serial > trace.scope.serial
        is_own = is_young and (old is None or old.__class__ is ElementLink and old.status is GONE) and \
            all(other is not vector for other in entangled_with(array))
        link = ElementLink(array, vector, place, start, stop, status if is_own else UNSURE)
        links.append(link)
        if is_own:
            array.link = link
            continue
        entangle_into(array, vector)
        is_move = is_young and old.__class__ is ElementLink and old.vector is vector and old.status is LIVE
        note_repeated(vector, (old, place) if is_move else None)
        if vector_of(array) is not None:
            entangle(vector, vector_of(array))


def note_repeated(vector, move=None):
    """Notes that a vector may have one array at two places: none can be written into by way of it. A `move`
    is the link of an array that was put at another place, too: it may be put away from its own."""
    trace = state.trace
    trace.elements.setdefault(id(vector), (vector, []))  # which keeps the id
    trace.repeated.setdefault(id(vector), []).append(move)


def share_elements(whole, parts):
    """Notes that a vector has the elements of others and of lists of items."""
    vectors = [one for one in parts if one.__class__ is Array]
    items = [item for one in parts if one.__class__ is list for item in one]
    for other in [*vectors, *(array for item in items for array in arrays_of(item))]:
        entangle(whole, other)
    if len(vectors) > 1:
        note_repeated(whole)


def refuse_changes_of_kept(region, where):
    """Raises UnsupportedError where an iteration puts an array into a vector that it changes: it would be
    changed there, too, by the next."""
    for _, links in state.trace.elements.values():
        for link in links:
            if region.has_changed(link.array) and state.trace.merged_into(link.block) is region.block:
                raise UnsupportedError("what a staged loop puts into a vector is an array that it changes: "
                                       "put a copy of it there", where, kind="UnsupportedError")


def forget(vector, place=None):
    """Notes that something else is at a place of a vector now, or at all of them."""
    trace = state.trace

    def is_there(link):
        return place is not None and is_same(link.place, place) and \
            trace.merged_into(link.block) is trace.builder.block

    for link in links_of(vector):
        if place is None or may_be_same(link.place, place):
            link.status = GONE if is_there(link) and link.status is not UNSURE else UNSURE
    moves = trace.repeated.get(id(vector), ())
    for move in [move for move in moves if move is not None and move[0].status is GONE and is_there(move[0])]:
        link, link.place = move
        link.status = LIVE
        moves.remove(move)


def arrays_in(spec, value, start):
    """(array, start, stop) of the arrays in a value: which of the leaves of its spec are theirs."""
    if value.__class__ is Array and (spec.__class__ is Numbers or is_lanes(value)):
        yield value, start, start + len(leaf_types(spec))
    elif spec.__class__ is Container:
        for inner, child in zip(spec.parts, parts_of(value), strict=True):
            yield from arrays_in(inner, child, start)
            start += len(leaf_types(inner))


def has_one_in_all(lanes):
    """Whether one and the same array is in all elements."""
    return any(array.serial < lanes.serial for array in arrays_of(lanes.item))


def all_columns(vector):
    """(the spec of the items, the columns) of a vector of staged elements, or of objects that are alike."""
    if is_lanes(vector):
        if has_one_in_all(current(vector)):
            note_repeated(vector)
        return columns_of(vector)
    items = items_of(vector)
    lanes = as_lanes(items)
    if lanes is None or not is_lanes(lanes):
        if any(item is not UNDEFINED for item in items):
            raise unlike()
        return Unknown(), []
    arrays = [array for item in items for array in arrays_of(item)]
    for array in arrays:  # from now on the vector holds copies
        entangle(array, vector)
    if len(set(map(id, arrays))) < len(arrays) or any(vector_of(array) is vector for array in arrays):
        note_repeated(vector)
    return columns_of(lanes)


def items_of(vector):
    """The items of a vector of objects; those that are not assigned yet are `UNDEFINED`."""
    if is_subtype(t.Nothing, vector.element) and vector.element is not t.Any:
        return list(vector.data)
    return [UNDEFINED if item is None else item for item in vector.data]


def as_in(vector, other):
    """A vector of objects as one of staged elements, like another that has as many, and an array of complex
    numbers as one of objects; None where it is neither, or like the other already."""
    if vector.__class__ is not Array or other.__class__ is not Array or vector is other:
        return None
    if holds(other._data, "O") and holds(vector._data, "c") and vector.type is other.type:
        return Array(vector._data.astype(object), vector.type)
    if not is_lanes(other) or other._data.lengths:
        return None
    data, count = vector._data, other._data.count
    if is_lanes(vector) and data.item is not UNDEFINED or tuple(data.shape) != (count,):
        return None
    if not is_lanes(vector) and not holds(data, "Oc"):
        return None
    spec = columns_of(other)[0]
    items = [] if is_lanes(vector) else items_of(vector)
    if any(join(spec, spec_of_item(item), lenient=True) != spec for item in items):
        return None
    return lanes_of(spec, stacked(spec, items) if items else blank_columns(spec, count))


def unlike():
    return HostValueNeeded("at an index that only the graph knows an element can only be put among elements "
                           "that are alike: of one type, and arrays of one size", state.location,
                           kind="UnsupportedError")


def shared_element():
    return UnsupportedError("an array in a vector is changed that may be another element of it too (after "
                            "`fill(array, n)` or `a[i] = a[j]`): make each element an array of its own",
                            state.location, kind="UnsupportedError")


def with_row(column, place, row):
    """A column with another row at a place."""
    place = place if place.__class__ is Value else as_value(payload_of(DimNumber.of(place)))
    row = apply("reshape", row, shape=(1, *row.shape))
    zeros = [as_value(payload_of(0))] * (len(column.shape) - 1)
    return apply("dynamic_update_slice", column, row, place, *zeros)


def replace_contents(vector, lanes):
    """Gives a vector the contents of another, with no notice to what it shares elements with."""
    if vector.link is not None:
        vector.link.write(vector, read(lanes))
    else:
        write_location(state.trace, vector, "data", read(lanes))


def copied_elements(vector):
    """`deepcopy(vector)` of a vector of staged elements."""
    lanes = current(vector)
    if lanes.item is UNDEFINED or lanes.lengths:
        return Array(lanes, vector.type)
    spec, columns = columns_of(vector)
    copy = lanes_of(spec, columns) if columns else Array(lanes, vector.type)
    if state.trace.repeated.get(id(vector)) or has_one_in_all(lanes):
        note_repeated(copy)
    return copy


def is_example(vector):
    """Whether a vector stands for examples that a compiled call was given."""
    return state.trace.examples is not None and state.trace.examples.holds(vector)


def replace_column(vector, position, column):
    """Makes a column what the arrays with a number among those of an element hold, in all elements."""
    lanes, trace = current(vector), state.trace
    if trace.repeated.get(id(vector)):
        raise shared_element()
    old = arrays_of(lanes.item)[position]
    item, inner, columns = lanes.item, old._data, dict(lanes.columns)
    if inner.__class__ is not Value:  # the same numbers in all elements until now
        inner = Value(TensorType(column.element, column.shape[1:]))
        new = Array(inner, old.type)
        item = map_leaves(item, lambda leaf, path: new if leaf is old else leaf)
    columns[inner] = column
    poison_links(links_of(vector))
    part(trace, vector, CHANGED_ELSEWHERE)
    replace_contents(vector, Array(Lanes(lanes.count, item, list(columns.items()), lanes.lengths,
                                         lanes.serial), vector.type))


def element_of(vector, place):
    """The element of a vector of staged elements at a place: an int from 0 or an IR value."""
    if current(vector).item is UNDEFINED:
        raise PoisonError("UndefRefError: access to undefined reference", state.location,
                          kind="UndefRefError")
    found = element(vector, place)
    note(vector, found, place, UNSURE if vector._data.lengths else LIVE, vector._data.serial)
    return found


def elements_of(vector):
    """The elements of a vector of staged elements of known length, one after the other."""
    count = vector._data.count
    if not isinstance(count, int):
        raise UnsupportedError(f"iterating over a vector of unknown length {count}", state.location,
                               kind="UnsupportedError")
    return (element_of(vector, place) for place in range(count))


def alike_element_of(vector, place):
    """The element at an IR value's place of a vector of objects that are alike; None for others."""
    items = items_of(vector)
    lanes = as_lanes(items)
    if lanes is None or not is_lanes(lanes):
        return None
    found = element(lanes, place)
    note(vector, found, place, LIVE)
    copies = list(arrays_in(spec_of_item(found), found, 0))
    for item in items:
        for array, _, _ in arrays_in(spec_of_item(item), item, 0):
            for copy, _, _ in copies:
                entangle_into(array, copy)
    return found


def set_element(vector, place, value):
    """`vector[place] = value`, the place from 0, for a vector of staged elements, or of objects and a place
    that only the graph knows."""
    spec, columns = all_columns(vector)
    if spec.__class__ is Unknown:
        spec, count = spec_of_item(value), vector._data.shape[0]
        columns = blank_columns(spec, count)
    if join(spec, spec_of_item(value)) != spec or not columns:
        raise unlike()
    rows = flatten(spec, value)
    forget(vector, place)
    replace_contents(vector, lanes_of(spec, [with_row(column, place, row)
                                             for column, row in zip(columns, rows, strict=True)]))
    note(vector, value, place, LIVE)


def may_be_same(one, other):
    """Whether two places may be one."""
    (base, offset), (other_base, other_offset) = apart(one), apart(other)
    difference = offset - other_offset
    return base is not other_base or difference == 0 or not isinstance(difference, int)


def is_same(one, other):
    """Whether two places are certainly one."""
    (base, offset), (other_base, other_offset) = apart(one), apart(other)
    if base is None or other_base is None:
        return base is other_base and offset == other_offset
    return offset == other_offset and computes_same(base, other_base)


def apart(place):
    """(the IR value in a place, a dim that is added to it)."""
    offset = 0
    while place.__class__ is Value and place.operation is not None and place.operation.name in ("add", "sub"):
        first, second = place.operation.operands
        known = second.operation is not None and second.operation.name == "constant"
        if not known:
            break
        number = int(second.operation.attributes["value"])
        offset += number if place.operation.name == "add" else -number
        place = first
    return (place, offset) if place.__class__ is Value else (None, offset + place)
