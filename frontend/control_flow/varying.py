"""Arrays whose size a condition of the graph decides: `if c; push!(y, v) end`, `y = c ? [y; v] : y`.

Both arms give the rows that they put to what is there, and with each row whether it counts; behind the
conditional those that count are picked, in order. Their number is a dim that the graph defines.
"""

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import BOOL, TensorType, dim_names
from ..batching.lanes import is_lanes
from ..dims import computes_same, true_places
from ..staged_numbers import Traced
from ..staging import apply, expand, read
from ..state import state
from ..values import Array
from .buffers import beginning, bounded_dim, common_room, is_local, room_for, upper
from .item_buffers import padded_items
from .item_growth import Added
from .specs import Fixed, as_ir, flatten, full_spec, leaf_types, opened, rebuild, zeros


def parts_of_concatenation(value, axis):
    """What a value is put together of along an axis, in order; nothing that is empty."""
    operation = value.operation
    if operation is not None and operation.name == "concatenate" and operation.attributes["axis"] == axis:
        return [part for operand in operation.operands for part in parts_of_concatenation(operand, axis)]
    return [] if value.shape[axis] == 0 else [value]


def flagged(part, axis):
    """(rows, flags): a part as the rows of which those with a flag count; no flags where all do."""
    operation = part.operation
    if operation is not None and operation.name == "gather" and operation.attributes["axis"] == axis:
        rows, places = operation.operands
        if places.operation is not None and places.operation.name == "true_indices":
            return rows, places.operation.operands[0]
    return part, None


def picked(rows, flags, axis):
    """The rows along an axis that have a flag."""
    return apply("gather", rows, true_places(flags), axis=axis)


def same_value(a, b):
    """Whether two values of two arms are one and the same that both see, or equal constants."""
    is_constant = a.operation is not None and a.operation.name == "constant"
    return a is b or is_constant and computes_same(a, b)


def common_length(a, b, same):
    """How many items two lists have in common from the start."""
    pairs = enumerate(zip(a, b))
    return next((k for k, pair in pairs if not same(*pair)), min(len(a), len(b)))


class VaryingNumbers:
    """The join of two arrays of numbers that differ in size along one axis."""

    def __init__(self, arms, arrays, axis):
        self.axis, sides = axis, []
        for arm, array in zip(arms, arrays, strict=True):
            with arm.region:
                sides.append(parts_of_concatenation(as_ir(read(array)), axis))
        count = common_length(*sides, same_value)
        self.before = sides[0][:count]
        sides = [side[count:] for side in sides]
        count = 0 if self.before else common_length(sides[0][::-1], sides[1][::-1], same_value)
        self.behind = sides[0][len(sides[0]) - count:]
        self.pieces = [[flagged(part, axis) for part in side[:len(side) - count]] for side in sides]
        self.is_growth = bool(self.before or self.behind) or [] in self.pieces
        self.is_possible = not any(is_local(dim, arm.region) for side, arm in zip(self.pieces, arms)
                                   for rows, _ in side for dim in rows.shape)
        shapes = [[(rows.shape, flags) for rows, flags in side] for side in self.pieces]
        self.is_paired = shapes[0] == shapes[1] and all(flags is None for _, flags in shapes[0])

    def leaves(self, side):
        """The values that an arm yields: where both add rows of the same shapes these, else zeros in place of
        the other's."""
        if self.is_paired:
            return [rows for rows, _ in self.pieces[side]]
        return [value if side == own else zeros(value.type)
                for own, pieces in enumerate(self.pieces)
                for piece in pieces for value in piece if value is not None]

    @property
    def count(self):
        if self.is_paired:
            return len(self.pieces[0])
        return sum(value is not None for pieces in self.pieces for piece in pieces for value in piece)

    def rebuild(self, leaves, condition):
        """The array, of the values that come out of the conditional."""
        if self.is_paired:
            rows = [next(leaves) for _ in self.pieces[0]]
            return Array(joined([*map(outside, self.before), *rows, *map(outside, self.behind)], self.axis))
        rows, flags = [], []
        for own, pieces in enumerate(self.pieces):
            for _, counts in pieces:
                rows.append(next(leaves))
                flags.append(next(leaves) if counts is not None else
                             expand(sided(condition, own), (rows[-1].shape[self.axis],)))
        middle = picked(joined(rows, self.axis), joined(flags, 0), self.axis)
        return Array(joined([*map(outside, self.before), middle, *map(outside, self.behind)], self.axis))


class PaddedNumbers:
    """The join of two arrays of numbers that differ in size along one axis, neither of which is the other
    with something added: both with room for the larger."""

    def __init__(self, arms, arrays, axis, measure):
        self.axis, self.values = axis, []
        for arm, array in zip(arms, arrays, strict=True):
            with arm.region:
                self.values.append(as_ir(read(array)))
        self.sizes = [value.shape[axis] for value in self.values]
        self.room, self.is_full = common_room(arms, self.sizes, measure)
        self.count = 1 if self.is_full else 2

    def leaves(self, side):
        """An arm's array with room, and its size."""
        whole = room_for(self.values[side], self.axis, self.room)
        return [whole] if self.is_full else [whole, state.trace.builder.dim_value(dim=self.sizes[side])]

    def rebuild(self, leaves, condition):
        whole = next(leaves)
        return Array(whole if self.is_full else
                     beginning(whole, self.axis, bounded_dim(next(leaves), self.room)))


class VaryingItems:
    """The join of two vectors of objects that a loop makes longer."""

    is_growth = True

    def __init__(self, arms, arrays):
        first, second = (array._data for array in arrays)
        ends = {side.prepends for side in (first, second) if side.items}
        self.is_possible, self.prepends = len(ends) < 2, True in ends
        count = common_length(first.pairs(), second.pairs(), lambda a, b: a[0] is b[0] and a[1] is b[1])
        self.type, self.dim, self.before = arrays[0].type, first.dim, first.pairs()[:count]
        self.pieces = []
        for arm, side in zip(arms, (first, second), strict=True):
            items = side.pairs()[count:]
            self.pieces.append([(item_spec(item, arm.region), item, flag) for item, flag in items])
        self.count = sum(len(leaf_types(spec)) + (flag is not None)
                         for pieces in self.pieces for spec, _, flag in pieces)

    def leaves(self, side):
        values = []
        for own, pieces in enumerate(self.pieces):
            for spec, item, flag in pieces:
                types = leaf_types(spec) + ([TensorType(BOOL)] if flag is not None else [])
                if own == side:
                    values += flatten(spec, item) + ([flag.data] if flag is not None else [])
                else:
                    values += map(zeros, types)
        return values

    def rebuild(self, leaves, condition):
        pairs = list(self.before)
        for own, pieces in enumerate(self.pieces):
            for spec, _, flag in pieces:
                item = rebuild(spec, leaves)
                flag = next(leaves) if flag is not None else sided(condition, own)
                pairs.append((item, Traced(flag)))
        items, flags = [item for item, _ in pairs], [flag for _, flag in pairs]
        return Array(Added(items, self.dim, flags, self.prepends), self.type)


def item_spec(item, region):
    spec = full_spec(item, region.serial)
    return opened(item) or spec if spec.__class__ is Fixed else spec


def sided(condition, side):
    return apply("not", condition) if side else condition


def joined(parts, axis):
    return parts[0] if len(parts) == 1 else apply("concatenate", *parts, axis=axis)


def outside(value):
    """A value that both arms have; a constant each of them made is made again."""
    is_constant = value.operation is not None and value.operation.name == "constant"
    return state.trace.builder.constant(value.operation.attributes["value"]) if is_constant else value


def varying(arms, values, is_contents, measure):
    """The join of two arrays of different sizes; None where there is none, or where both are better kept
    apart: a variable that holds one of two arrays of which neither is the other with something added.
    `measure` gives a dim of the size that only the arm which is taken knows, of the sizes in both."""
    if any(value.__class__ is not Array for value in values):
        return None
    one, other = (value._data for value in values)
    if one.__class__ is other.__class__ is Added:
        return VaryingItems(arms, values) if one.dim == other.dim else None
    kinds = [data.__class__ in (np.ndarray, Added) and data.dtype == object or is_lanes(value)
             for value, data in zip(values, (one, other))]
    if all(kinds) and Added not in (one.__class__, other.__class__) and one.ndim == other.ndim == 1:
        return padded_items(arms, values, measure)
    specs = [opened(value) for value in values]
    if any(kinds) or specs[0].element is not specs[1].element or len(one.shape) != len(other.shape):
        return None
    axes = [k for k, (a, b) in enumerate(zip(one.shape, other.shape)) if a != b]
    if len(axes) != 1:
        return None
    join = VaryingNumbers(arms, values, axes[0])
    if join.is_possible and join.is_growth:
        return join
    sizes = [data.shape[axes[0]] for data in (one, other)]
    defined = state.trace.growing | state.trace.dim_bounds.keys()
    is_defined = any((dim_names(size) | dim_names(upper(size))) & defined or is_local(size, arm.region)
                     for size, arm in zip(sizes, arms, strict=True))
    return PaddedNumbers(arms, values, axes[0], measure) if is_contents or is_defined else None


def with_common_parts(arms, values):
    """The join of two arrays of one size to which both arms add: only what they add; None for others."""
    if any(value.__class__ is not Array or value._data.__class__ is not Value for value in values):
        return None
    for axis in range(len(values[0]._data.shape)):
        if dim_names(values[0]._data.shape[axis]) & state.trace.growing:
            join = VaryingNumbers(arms, values, axis)
            return join if join.before or join.behind else None
    return None
