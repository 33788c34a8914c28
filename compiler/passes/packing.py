"""Sums over padded rows become sums over the rows that are there.

A batch of sequences of different lengths is an array [N, T, …] whose rows beyond the lengths a `select` puts
to zero before they are summed over. Where nothing but such a sum is wanted, the rows that count are gathered
into one array [R, …] instead: no pass over the padding, and products with R rows. What was computed row by
row for the sum alone is computed of gathered rows.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..families import ELEMENTWISE
from ..ir import Block, Builder, Function, Operation, Value, copy_operation
from ..ops.specs import parse_spec
from ..rewrite import use_counts, with_body
from ..types import fresh_dim, size_product
from .patterns import is_splat, made_by


def pack_sums(function: Function) -> Function:
    """An equivalent function, whose sums may be taken in another order; itself where nothing is packed."""
    sums = {operation for operation in function.body.operations
            if operation.name in SUMS and SUMS[operation.name].find(operation)}  # fmt: skip
    if not sums:
        return function
    block = Block([Value(argument.type, name=argument.name) for argument in function.body.arguments])
    mapping = dict(zip(function.body.arguments, block.arguments))
    packing, uses = _Packing(Builder(block)), use_counts(function.body)
    in_sums = Counter(value for operation in sums for value in operation.operands)
    for operation in function.body.operations:
        packing.builder.location = operation.location
        if operation in sums:
            operands = [mapping[value] for value in operation.operands]
            made = SUMS[operation.name].build(packing, operation, operands)
            made.name = operation.result.name
            mapping[operation.result] = made
        else:
            copy_operation(packing.builder, operation, mapping)
        for value in operation.results:
            if uses.get(value) == 1:
                packing.used_once.add(mapping[value])
            if uses.get(value) == in_sums[value]:
                packing.used_in_sums.add(mapping[value])
    block.results = [mapping[value] for value in function.body.results]
    return with_body(function, block)


@dataclass(frozen=True, slots=True)
class Masked:
    """An array, `value`, that has the rows of `source` where a mask is true and is zero elsewhere.

    `order[i]` is the axis of the mask that the i-th axis of the array is; the axes behind them make up a row.
    """

    value: Value
    source: Value
    mask: Value
    order: tuple[int, ...]


def masked(value: Value) -> Masked | None:
    """How a value is masked, along its first axes; None where it is not."""
    choice = made_by(value, "select")
    if choice is None or not is_splat(choice.operands[2], 0):
        return None
    condition, source, _ = choice.operands
    repeated = made_by(condition, "broadcast")
    if repeated is None:
        return None
    (mask,), axes = repeated.operands, repeated.attributes["axes"]
    if axes != tuple(range(mask.rank)) or mask.shape != value.shape[:mask.rank] or not mask.rank < value.rank:
        return None
    order = tuple(range(mask.rank))
    while turned := made_by(mask, "transpose"):
        order = tuple(turned.attributes["permutation"][axis] for axis in order)
        (mask,) = turned.operands
    return Masked(value, source, mask, order)


class _Packing:
    def __init__(self, builder):
        self.builder = builder
        self.used_once: set[Value] = set()
        self.used_in_sums: set[Value] = set()  # and nowhere else
        self.rows: dict[Value, Value] = {}  # mask → the indices, among all its elements, that are true
        self.packed: dict[tuple, Value] = {}

    def rows_of(self, mask: Value) -> Value:
        """The numbers of the elements of a mask that are true."""
        if mask not in self.rows:
            flat = self.builder.reshape(mask, shape=(size_product(mask.shape),))
            self.rows[mask] = self.builder.true_indices(flat, dim=fresh_dim("rows"))
        return self.rows[mask]

    def pack(self, one: Masked) -> Value:
        """The rows of a masked array that are there."""
        return self.rows_where(one.source, one.mask, one.order, one.value in self.used_in_sums)

    def rows_where(self, source: Value, mask: Value, order, alone=True) -> Value:
        """The rows of an array where a mask is true, in the mask's order; `order` is as in `Masked`. They are
        computed of rows where nothing but them is wanted of what uses the array (`alone`)."""
        key = source, mask, order
        if key not in self.packed:
            made = self.computed(source, mask, order) if alone and source in self.used_once else None
            self.packed[key] = self.gathered(source, mask, order) if made is None else made
        return self.packed[key]

    def gathered(self, source, mask, order):
        """Rows of an array that is there in full."""
        b, count = self.builder, len(order)
        flat = b.reshape(source, shape=(size_product(source.shape[:count]), *source.shape[count:]))
        return b.gather(flat, self.places(mask, order), axis=0)

    def computed(self, value, mask, order):
        """Rows computed of rows; None where that cannot be."""
        operation, b, count = value.operation, self.builder, len(order)
        if operation is None:
            return None
        if operation.name in ELEMENTWISE and not made_by(value, "constant"):
            return b.emit(operation.name, [self.operand(one, mask, order) for one in operation.operands],
                          operation.attributes)
        if operation.name == "gather" and not operation.attributes["axis"]:
            x, indices = operation.operands
            return b.gather(x, self.gathered(indices, mask, order), axis=0) if indices.rank == count else None
        if operation.name == "contract":
            return self.product(operation, mask, order)
        return None

    def operand(self, value, mask, order):
        """The rows of an operand of an elementwise op, which may be repeated along the rows."""
        repeated = made_by(value, "broadcast")
        if repeated is None or any(axis < len(order) for axis in repeated.attributes["axes"]):
            return self.rows_where(value, mask, order)
        (x,), count = repeated.operands, len(order)
        shape = (*self.rows_of(mask).shape, *value.shape[count:])
        return self.builder.broadcast(x, shape=shape, axes=tuple(
            axis - count + 1 for axis in repeated.attributes["axes"]))

    def product(self, operation, mask, order):
        """A product of each row with something that is the same for all."""
        *letters, result = parse_spec(operation.attributes["spec"])
        heads, operands = result[:len(order)], list(operation.operands)
        for index, other in ((0, 1), (1, 0)):
            own = letters[index][:len(order)]
            if set(own) == set(heads) and set(heads).isdisjoint(letters[other]):
                own_order = tuple(order[heads.index(letter)] for letter in own)
                operands[index] = self.rows_where(operands[index], mask, own_order)
                letters[index] = heads[0] + letters[index][len(order):]
                spec = f"{letters[0]},{letters[1]}->{heads[0]}{result[len(order):]}"
                return self.builder.contract(*operands, spec=spec)
        return None

    def places(self, mask, order):
        """Where the rows stand in an array whose axes have another order than the mask's."""
        b, rows = self.builder, self.rows_of(mask)
        if order == tuple(range(len(order))):
            return rows
        one = b.constant(np.int64(1))
        # (the runtime looks at a scalar divisor even where there are no rows)
        sizes = [b.broadcast(b.max(b.dim_value(dim=dim), one), shape=rows.shape, axes=())
                 for dim in mask.shape]  # fmt: skip
        along, rest = {}, rows
        for axis in reversed(range(mask.rank)):
            along[axis], rest = b.rem(rest, sizes[axis]), b.idiv(rest, sizes[axis])
        place = along[order[0]]
        for axis in order[1:]:
            place = b.add(b.mul(place, sizes[axis]), along[axis])
        return place


def _masked_factors(operation: Operation):
    """The factors of a sum of products of rows, if both are masked by the same."""
    *letters, result = parse_spec(operation.attributes["spec"])
    found = [masked(value) for value in operation.operands]
    if None in found or found[0].mask is not found[1].mask:
        return None
    of_mask = [{axis: letters[index][place] for place, axis in enumerate(one.order)}
               for index, one in enumerate(found)]  # fmt: skip
    return found if of_mask[0] == of_mask[1] and set(result).isdisjoint(of_mask[0].values()) else None


def _contract(packing, operation, operands):
    *letters, result = parse_spec(operation.attributes["spec"])
    found = [masked(value) for value in operands]
    row = letters[0][0]
    left, right = (row + letters[index][len(one.order):] for index, one in enumerate(found))
    return packing.builder.contract(*map(packing.pack, found), spec=f"{left},{right}->{result}")


def _masked_terms(operation):
    one, axes = masked(operation.operands[0]), operation.attributes["axes"]
    return [one] if one and set(range(len(one.order))) <= set(axes) else None


def _reduce_sum(packing, operation, operands):
    one = masked(operands[0])
    count = len(one.order)
    axes = (0, *(axis - count + 1 for axis in operation.attributes["axes"] if axis >= count))
    return packing.builder.reduce_sum(packing.pack(one), axes=axes)


def _masked_updates(operation):
    indices, updates = operation.operands
    one = masked(updates)
    return [one] if one and operation.attributes["axis"] == 0 and indices.rank == len(one.order) else None


def _scatter_add(packing, operation, operands):
    indices, one = operands[0], masked(operands[1])
    places = packing.gathered(indices, one.mask, one.order)
    return packing.builder.scatter_add(places, packing.pack(one), **operation.attributes)


@dataclass(frozen=True, slots=True)
class Sum:
    """An op that sums over rows: `find(operation)` gives its operands that are masked, or None where it
    cannot be packed, `build(packing, operation, operands)` its result of rows that are there."""

    find: Callable
    build: Callable


SUMS = {"contract": Sum(_masked_factors, _contract), "reduce_sum": Sum(_masked_terms, _reduce_sum),
        "scatter_add": Sum(_masked_updates, _scatter_add)}  # fmt: skip
