"""Vectors of objects that a staged loop makes longer and reads: in the body they are vectors of staged
elements, with a buffer for each value that their items consist of."""

from functools import partial, reduce

from ...compiler.ir import Builder, Value
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import TensorType, fresh_dim, symbol_name
from ..batching.lanes import current, is_lanes
from ..dims import define_dim
from ..poison import UNDEFINED
from ..staging import expand
from ..state import state
from ..trees import by_parts
from .buffers import Room, beginning, bounded_dim, common_room, room_for
from .columns import blank_columns, column_of, joined, lanes_of
from .growth import Extra, reading_error, replace_operand
from .specs import (
    Container,
    Fixed,
    Unknown,
    flatten,
    full_spec,
    join,
    leaf_types,
    opened,
)

EVERYTHING = -1
"""The serial of what is older than all values."""


def spec_of_item(item):
    """The spec of an item with all of its numbers and arrays told apart."""
    return _opened(full_spec(item, EVERYTHING))


def _opened(spec):
    if spec.__class__ is Fixed:
        inside = opened(spec.value)
        return spec if inside is None else _opened(inside)
    if spec.__class__ is Container:
        return Container(spec.like, tuple(map(_opened, spec.parts)))
    return spec


def columns_of(vector):
    """(the spec of the items, the columns in its order) of a vector of staged elements of one size."""
    lanes = current(vector)
    if lanes.item is UNDEFINED:
        return Unknown(), []
    if lanes.lengths:
        raise reading_error("its elements differ in size")
    spec, columns = spec_of_item(lanes.item), dict(lanes.columns)

    def column(value):
        return columns[value] if value in columns else expand(value, (lanes.count, *value.shape))

    return spec, list(map(column, flatten(spec, lanes.item)))


def are_alike(one, other):
    """Whether two vectors of staged elements of one size have equally many of the same kind."""
    if not is_lanes(one) or not is_lanes(other) or one._data.lengths or other._data.lengths:
        return False
    return one._data.count == other._data.count and columns_of(one)[0] == columns_of(other)[0]


def as_lanes(items):
    """The vector of staged elements of items that are alike, None for others."""
    items = list(map(by_parts, items))
    spec = spec_of_items(items)
    if spec.__class__ is Unknown or not leaf_types(spec):
        return None
    return lanes_of(spec, stacked(spec, items))


def stacked(spec, items):
    """The columns of items of a spec."""
    rows = [flatten(spec, item) for item in items]
    if not rows:
        return blank_columns(spec, 0)
    return [column_of([row[k] for row in rows]) for k in range(len(rows[0]))]


def together(parts):
    """The vector of the elements of parts, one behind the other: vectors of staged elements and lists of
    items, one of the former at least."""
    spec, rows = columns_of(next(part for part in parts if is_lanes(part)))[0], []
    for part in parts:
        own = [columns_of(part)[0]] if is_lanes(part) else map(spec_of_item, part)
        if any(join(spec, other) != spec for other in own):
            raise reading_error("what is added is not like what there was before")
        rows.append(columns_of(part)[1] if is_lanes(part) else stacked(spec, part))
    return lanes_of(spec, [joined(column) for column in zip(*rows, strict=True)])


def by_column(operation, vector):
    """What an operation on an array makes of a vector of staged elements, column by column."""
    spec, columns = columns_of(vector)
    return lanes_of(spec, [operation(column) for column in columns])


class BufferedItems(Room):
    """How a vector of objects grows that is read meanwhile: as `Buffered`, with a column for each value of an
    item. Vectors that the body needs to be equally long share the dim of the `first` of them."""

    spec, first = Unknown(), None

    def __init__(self, before, item):
        self.before, self.item = before, item
        self.dim = fresh_dim("G")
        self.name = symbol_name(self.dim)

    def share(self, first):
        """Takes the dim of another growth."""
        self.first, first.first = first, first
        self.dim, self.name = first.dim, first.name

    def placeholder(self, leaves):
        state.trace.growing.add(self.name)
        self.leaves = [Value(TensorType(type_.element, (self.dim, *type_.shape)))
                       for type_ in leaf_types(self.item)]
        return lanes_of(self.item, self.leaves)

    def continues(self, spec, value):
        return is_lanes(value) and columns_of(value)[0] == self.item

    def analyse(self, array, region):
        _, self.columns = columns_of(array)
        self.count = array._data.count
        self.bound(self.count, region)

    def additions(self, region, index):
        length = Value(INDEX, name="length")
        builder, extras, place = Builder(), [], 0
        if self.first in (None, self):
            define_dim(builder, self.dim, length)
            (self.counting,) = builder.block.operations
        elif self.count != self.first.count:
            raise reading_error("two vectors that it makes longer differ in size")
        else:  # behind what defines the dim
            place = region.block.operations.index(self.first.counting) + 1
        for k, (leaf, column) in enumerate(zip(self.leaves, self.columns, strict=True)):
            shape = (self.whole, *leaf.shape[1:])
            buffer = Value(TensorType(leaf.element, shape), name="buffer")
            here = builder.slice(buffer, starts=(0,) * len(shape), stops=leaf.shape, steps=(1,) * len(shape))
            replace_operand(region.block, leaf, here)
            value = here if column is leaf else column
            extras.append(Extra(buffer, partial(self._room, k), (buffer, value)))
        region.block.operations[place:place] = builder.block.operations
        for extra in extras:
            extra.following = self.written(*extra.following, 0)
        self.size = state.trace.builder.dim_value(dim=self.count)
        extras.append(Extra(length, lambda _: state.trace.builder.dim_value(dim=self.before), self.size))
        return extras, []

    def _room(self, k, vector):
        """A column of the vector before the loop, with the room for it."""
        return room_for(columns_as(self.item, vector)[k], 0, self.whole)

    def final(self, array, stacks, carried):
        *buffers, length = carried
        shares = self.first not in (None, self)
        self.end = self.first.end if shares else bounded_dim(length, self.whole)
        return lanes_of(self.item, [beginning(buffer, 0, self.end) for buffer in buffers])


class PaddedItems:
    """The join of two vectors of objects of different lengths: both with room for the longer."""

    def __init__(self, arms, arrays, item, measure):
        self.item, self.sides = item, []
        self.sizes = [array._data.shape[0] for array in arrays]
        self.room, self.is_full = common_room(arms, self.sizes, measure)
        self.count = len(leaf_types(item)) + (not self.is_full)
        for arm, array in zip(arms, arrays, strict=True):
            with arm.region:
                self.sides.append(columns_as(item, array))

    def leaves(self, side):
        columns = [room_for(column, 0, self.room) for column in self.sides[side]]
        return columns if self.is_full else [*columns,
                                             state.trace.builder.dim_value(dim=self.sizes[side])]

    def rebuild(self, leaves, condition):
        columns = [next(leaves) for _ in leaf_types(self.item)]
        if not self.is_full:
            dim = bounded_dim(next(leaves), self.room)
            columns = [beginning(column, 0, dim) for column in columns]
        return lanes_of(self.item, columns)


def padded_items(arms, values, measure):
    """The join of two vectors of objects; None where there is none."""
    specs = []
    for arm, value in zip(arms, values, strict=True):
        with arm.region:
            specs.append(item_spec(value))
    known = [spec for spec in specs if spec is not None]
    if not known or any(spec != known[0] for spec in known) or not leaf_types(known[0]):
        return None
    return PaddedItems(arms, values, known[0], measure)


def item_spec(vector):
    """The spec of the items of a vector of objects of one size; None where there are no items."""
    if is_lanes(vector):
        return Unknown() if vector._data.lengths else columns_of(vector)[0]
    items = list(vector.data)
    return spec_of_items(items) if items else None


def spec_of_items(items):
    """The spec that items have in common."""
    return reduce(join, map(spec_of_item, items))


def columns_as(spec, vector):
    """The columns of a vector of objects whose items are of a spec."""
    return columns_of(vector)[1] if is_lanes(vector) else stacked(spec, list(vector.data))
