"""Adding up rows that have equal indices, by sorting.

The runtime's `ScatterElements` adds number by number. Here the rows are sorted by their indices and taken in
blocks; within a block a product with ones and zeros adds up what belongs together. Of an index whose rows go
over several blocks one sum in each further block is left to be added.

In such a product a row that is not finite would make those not finite that share its block: then the rows are
added number by number after all.
"""

import numpy as np

from ..ir import Block, Builder, Value
from ..ops.shape import reshape_to
from ..types import I64, fresh_dim, size_product

BLOCK = 16


def summed_rows(b, indices: Value, rows: Value) -> tuple[Value, Value]:
    """The indices [U] that occur among `indices` [K], each once, in order, and the sums [U, …] of their rows
    among `rows` [K, …]."""
    (count,), rest = indices.shape, rows.shape[1:]
    width, blocks = size_product(rest), (count + BLOCK - 1) // BLOCK
    padded = blocks * BLOCK
    order = b.arg_sort(indices, axis=0)
    in_order = _padded(b, b.gather(indices, order, axis=0), padded, -1)
    before = b.slice(b.pad(in_order, low=(1,), high=(0,), value=-2), starts=(0,), stops=(padded,), steps=(1,))
    is_first = b.ne(in_order, before)
    group = b.sub(b.cumsum(b.convert(is_first, element=I64), axis=0), _number(b, 1, (padded,)))
    within = b.reshape(group, shape=(blocks, BLOCK))
    first = b.slice(within, starts=(0, 0), stops=(blocks, 1), steps=(1, 1))
    within = b.sub(within, b.broadcast(b.reshape(first, shape=(blocks,)), shape=within.shape, axes=(0,)))
    partial = _sums_in_blocks(b, within, b.gather(b.reshape(rows, shape=(count, width)),
                                                  _padded(b, order, padded, 0), axis=0))  # fmt: skip
    # where each index occurs first
    starts = getattr(b, "and")(is_first, b.ge(in_order, _number(b, 0, (padded,))))
    places = b.true_indices(starts, dim=fresh_dim("rows"))
    size, within = _number(b, BLOCK, places.shape), b.reshape(within, shape=(padded,))
    block = b.mul(b.idiv(places, size), size)
    sums = b.gather(partial, b.add(block, b.gather(within, places, axis=0)), axis=0)
    # what further blocks begin with
    heads = b.reshape(b.slice(b.reshape(is_first, shape=(blocks, BLOCK)), starts=(0, 0), stops=(blocks, 1),
                              steps=(1, 1)), shape=(blocks,))  # fmt: skip
    further = b.true_indices(getattr(b, "not")(heads), dim=fresh_dim("blocks"))
    further = b.mul(further, _number(b, BLOCK, further.shape))
    sums = b.add(sums, b.scatter_add(b.gather(group, further, axis=0), b.gather(partial, further, axis=0),
                                     axis=0, shape=sums.shape))  # fmt: skip
    exact = lambda b: b.scatter_add(b.slice(group, starts=(0,), stops=(count,), steps=(1,)),
                                    b.gather(b.reshape(rows, shape=(count, width)), order, axis=0),
                                    axis=0, shape=sums.shape)  # fmt: skip
    is_finite = b.is_finite(b.reduce_sum(sums, axes=(0, 1)))
    sums = b.emit("if", (is_finite,), {}, [_arm(lambda b, sums=sums: sums), _arm(exact)])
    return b.gather(in_order, places, axis=0), reshape_to(b, sums, (*places.shape, *rest))


def _arm(make):
    block = Block()
    block.results = [make(Builder(block))]
    return block


def _sums_in_blocks(b, within, rows):
    """For each block and each number `within` [blocks, BLOCK] the sum of its rows; all below each other."""
    blocks, width = within.shape[0], rows.shape[1]
    shape = (blocks, BLOCK, BLOCK)
    belongs = b.eq(b.broadcast(within, shape=shape, axes=(0, 2)), b.iota(shape=shape, axis=1, element=I64))
    grouped = b.reshape(rows, shape=(blocks, BLOCK, width))
    sums = b.contract(b.convert(belongs, element=rows.element), grouped, spec="bij,bjd->bid")
    return b.reshape(sums, shape=rows.shape)


def _padded(b, vector, size, number):
    return b.pad(vector, low=(0,), high=(size - vector.shape[0],), value=number)


def _number(b, number, shape):
    return b.broadcast(b.constant(np.int64(number)), shape=shape, axes=())
