"""Sums over padded rows become sums over the rows that are there.

A batch of sequences of different lengths is an array [N, T, …] whose rows beyond the lengths a `select` puts
to zero before they are summed over. Where nothing but such a sum is wanted, the rows that count are gathered
into one array [R, …] instead: no pass over the padding, and products with R rows. What was computed row by
row for the sum alone is computed of gathered rows.
"""

from dataclasses import dataclass

import numpy as np

from ..families import ELEMENTWISE
from ..ir import Block, Builder, Function, Operation, Value, copy_operation
from ..ops.linear import parse_spec
from ..rewrite import use_counts, with_body
from ..types import fresh_dim, size_product
from .patterns import is_splat, made_by


def pack_sums(function: Function) -> Function:
    """An equivalent function, whose sums may be taken in another order."""
    block = Block([Value(argument.type, name=argument.name) for argument in function.body.arguments])
    mapping = dict(zip(function.body.arguments, block.arguments))
    packing = _Packing(Builder(block))
    counts = use_counts(function.body)
    for operation in function.body.operations:
        packing.builder.location = operation.location
        operands = [mapping[value] for value in operation.operands]
        rule = RULES.get(operation.name)
        made = rule(packing, operation, operands) if rule else None
        if made is None:
            copy_operation(packing.builder, operation, mapping)
        else:
            made.name = operation.result.name
            mapping[operation.result] = made
        packing.uses.update((mapping[result], counts.get(result, 0)) for result in operation.results)
    if not packing.rows:
        return function
    block.results = [mapping[value] for value in function.body.results]
    return with_body(function, block)


@dataclass(frozen=True, slots=True)
class Masked:
    """An array whose rows are zero where a mask is false.

    `order[i]` is the axis of the mask that the i-th axis of the array is; the axes behind them make up a row.
    """

    source: Value
    mask: Value
    order: tuple[int, ...]

    @property
    def row(self):
        """The shape of a row."""
        return self.source.shape[len(self.order):]


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
    return Masked(source, mask, order)


class _Packing:
    def __init__(self, builder):
        self.builder = builder
        self.uses: dict[Value, int] = {}
        self.rows: dict[Value, Value] = {}  # mask → the indices, among all its elements, that are true
        self.packed: dict[tuple, Value] = {}

    def rows_of(self, mask: Value) -> Value:
        """The numbers of the elements of a mask that are true."""
        if mask not in self.rows:
            flat = self.builder.reshape(mask, shape=(size_product(mask.shape),))
            self.rows[mask] = self.builder.true_indices(flat, dim=fresh_dim("rows"))
        return self.rows[mask]

    def pack(self, source: Value, mask: Value, order) -> Value:
        """The rows of an array where a mask is true, in the mask's order; `order` is as in `Masked`."""
        key = source, mask, order
        if key not in self.packed:
            made = self.computed(source, mask, order) if self.uses.get(source) == 1 else None
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
            return self.pack(value, mask, order)
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
                operands[index] = self.pack(operands[index], mask, own_order)
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


def _contract(packing, operation: Operation, operands):
    """A sum of products of rows, both masked by the same."""
    *letters, result = parse_spec(operation.attributes["spec"])
    found = [masked(value) for value in operands]
    if None in found or found[0].mask is not found[1].mask:
        return None
    of_mask = [{axis: letters[index][place] for place, axis in enumerate(one.order)}
               for index, one in enumerate(found)]
    if of_mask[0] != of_mask[1] or any(letter in result for letter in of_mask[0].values()):
        return None
    row = of_mask[0][0]
    rest = [row + letters[index][len(one.order):] for index, one in enumerate(found)]
    packed = [packing.pack(one.source, one.mask, one.order) for one in found]
    return packing.builder.contract(*packed, spec=f"{rest[0]},{rest[1]}->{result}")


def _reduce_sum(packing, operation: Operation, operands):
    """A sum of masked rows."""
    one, axes = masked(operands[0]), operation.attributes["axes"]
    if one is None or not set(range(len(one.order))) <= set(axes):
        return None
    count = len(one.order)
    kept = (0, *(axis - count + 1 for axis in axes if axis >= count))
    return packing.builder.reduce_sum(packing.pack(one.source, one.mask, one.order), axes=kept)


def _scatter_add(packing, operation: Operation, operands):
    """Masked rows that are added at indices."""
    indices, updates = operands
    one = masked(updates)
    if one is None or operation.attributes["axis"] or indices.rank != len(one.order):
        return None
    places = packing.gathered(indices, one.mask, one.order)
    updates = packing.pack(one.source, one.mask, one.order)
    return packing.builder.scatter_add(places, updates, **operation.attributes)


RULES = {"contract": _contract, "reduce_sum": _reduce_sum, "scatter_add": _scatter_add}
