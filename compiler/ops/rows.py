"""Writing some rows of an array: as many as the indices say, each at most once.

That no row comes twice is for the maker of the operation to know; the interpreter checks it. So the rows may
be written in any order, where `scatter_add` has to go through them one after the other. The last row alone
may come several times: it stands for what nobody reads, and what it holds afterwards is undefined.
"""

import numpy as np

from ..errors import WeberError
from .batching.indexing import batch_rows
from .indexing import check_bounds, expect_indices
from .kernels import decomposed
from .record import Linear, expect, register
from .rules import expect_operands, expect_same_element, is_zero


def _infer(name):
    def infer(operands, attributes, regions):
        expect_operands(name, operands, 3)
        x, indices, rows = operands
        expect_indices(name, indices)
        expect_same_element(name, [x, rows])
        expect(x.rank > 0 and indices.rank == 1 and rows.shape == (*indices.shape, *x.shape[1:]),
               f"{name} of {x.type} at {indices.type}: rows {rows.type}")
        return [x.type]

    return infer


def _evaluate(name, write):
    def evaluate(arrays, attributes, context):
        x, indices, rows = arrays
        check_bounds(name, indices, len(x))
        read = indices[indices != len(x) - 1]
        if len(np.unique(read)) != len(read):
            raise WeberError(f"{name}: a row comes twice among the indices {indices}")
        result = x.copy()
        write(result, indices, rows)
        return [result]

    return evaluate


def _set(result, indices, rows):
    result[indices] = rows


def _add(result, indices, rows):
    result[indices] += rows


def _set_rows_transpose(b, operation, cotangents):
    (cotangent,), (_, indices, rows) = cotangents, operation.operands
    return [b.set_rows(cotangent, indices, b.full(0, rows)), None,
            b.gather(cotangent, indices, axis=0, unique=True)]


def _add_rows_transpose(b, operation, cotangents):
    return [cotangents[0], None, b.gather(cotangents[0], operation.operands[1], axis=0, unique=True)]


def _lower_set_rows(lowering, operation, names):
    x, indices, rows = names
    places = lowering.reshape(indices, (*operation.operands[1].shape, 1))
    return [lowering.node("ScatterND", [x, places, rows], type=operation.result.type)]


def _rows_set_to_sums(b, operation, x, indices, rows):
    if is_zero(operation.operands[0]):
        return b.set_rows(x, indices, rows)
    # ScatterND copies whole rows, but adds number by number, ten times as slowly
    return b.set_rows(x, indices, b.add(b.gather(x, indices, axis=0), rows))


register("set_rows", _infer("set_rows"), _evaluate("set_rows", _set), Linear(_set_rows_transpose, of=(0, 2)),
         _lower_set_rows, "x with the rows at the indices replaced; none but the last row comes twice",
         batch=batch_rows)
register("add_rows", _infer("add_rows"), _evaluate("add_rows", _add), Linear(_add_rows_transpose, of=(0, 2)),
         decomposed(_rows_set_to_sums),
         "x with something added to the rows at the indices; none but the last row comes twice",
         batch=batch_rows)
