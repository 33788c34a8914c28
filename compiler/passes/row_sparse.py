"""Arrays that are zero but for some rows, such as the cotangent of an embedding, are kept as these rows.

`scatter_add` makes them: its rows are added up where an index comes twice (`row_sums`), so that each row is
there once. What is zero where they are, g² or a multiple of g, is computed of the rows alone, and they are
added to an array at its rows. So an optimiser goes over a table as often as its own state asks for, and not
at all where a row without gradient stays as it is; other rows stay so even when the factor is not finite.
"""

from dataclasses import dataclass

import numpy as np

from ..families import ELEMENTWISE
from ..ir import Block, Builder, Function, Operation, Value, captured_values, copy_operation, rename_dims
from ..ops.indexing import ONE_HOT_LIMIT, fits_add_rows
from ..rewrite import with_body
from ..types import size_product
from .patterns import made_by, splat_of
from .row_sums import summed_rows

NARROWEST_ROW = 16
"""Narrower rows are added number by number."""


def keep_rows(function: Function) -> Function:
    """An equivalent function, whose sums may be taken in another order; itself where it has no such rows."""
    if not any(makes_rows(operation) for operation in function.body.operations):
        return function
    block = Block([Value(argument.type, name=argument.name) for argument in function.body.arguments])
    sparse = _Sparse(Builder(block), dict(zip(function.body.arguments, block.arguments)))
    for operation in function.body.operations:
        sparse.rewrite(operation)
    block.results = [sparse.dense(value) for value in function.body.results]
    return with_body(function, block)


def makes_rows(operation: Operation) -> bool:
    """Whether an operation puts rows into a table large enough."""
    if operation.name != "scatter_add" or operation.attributes["axis"] or fits_add_rows(operation):
        return False
    count, *row = operation.result.shape
    few, narrow = ONE_HOT_LIMIT, NARROWEST_ROW
    return (operation.result.element.name in ("f32", "f64") and not (isinstance(count, int) and count <= few)
            and not _is_below(size_product(row), narrow))


def _is_below(dim, limit):
    return isinstance(dim, int) and dim < limit


@dataclass(frozen=True, slots=True)
class Rows:
    """An array that is zero but for these rows; `indices` holds no index twice."""

    indices: Value
    values: Value


class _Sparse:
    def __init__(self, builder, mapping):
        self.builder = builder
        self.mapping = mapping  # what values have become, and dims, by their names
        self.rows: dict[Value, Rows] = {}  # those that are known as rows

    def rewrite(self, operation: Operation):
        self.builder.location = operation.location
        if makes_rows(operation):
            made = self.added(operation)
        elif any(value in self.rows for value in operation.operands):
            made = self.elementwise(operation) if operation.name in ELEMENTWISE else self.total(operation)
        else:
            made = None
        if isinstance(made, Rows):
            self.rows[operation.result] = made
        elif made is not None:
            self.mapping[operation.result] = made
            made.name = operation.result.name
        else:
            for value in (*operation.operands, *(v for r in operation.regions for v in captured_values(r))):
                self.dense(value)
            copy_operation(self.builder, operation, self.mapping)

    def dense(self, value: Value) -> Value:
        """The whole array."""
        if value not in self.mapping and value in self.rows:
            rows, b = self.rows[value], self.builder
            shape = rename_dims(value.type, self.mapping).shape
            zeros = b.broadcast(b.constant(np.zeros((), value.element.numpy)), shape=shape, axes=())
            self.mapping[value] = b.set_rows(zeros, rows.indices, rows.values)
        return self.mapping.get(value, value)

    def added(self, operation):
        """The rows that a `scatter_add` puts into zeros."""
        b, (indices, updates) = self.builder, map(self.dense, operation.operands)
        count = size_product(indices.shape)
        indices = b.reshape(indices, shape=(count,))
        _, *row = rename_dims(operation.result.type, self.mapping).shape
        return Rows(*summed_rows(b, indices, b.reshape(updates, shape=(count, *row))))

    def elementwise(self, operation):
        """An operation on rows and numbers that is zero where the rows are; or rows added to an array."""
        operands = operation.operands
        sparse = [self.rows.get(value) for value in operands]
        if self.is_computed_of_rows(operation, sparse):
            return self.computed(operation, sparse)
        if operation.name == "add" and all(sparse):
            return self.merged(*sparse)
        if operation.name in ("add", "sub") and sparse[1]:
            return self.added_to(operands[0], sparse[1], operation.name)
        if operation.name == "add":
            return self.added_to(operands[1], sparse[0], "add")
        return None

    @staticmethod
    def is_computed_of_rows(operation, sparse):
        """Whether the operands are rows at the same indices and numbers, and the result is zero elsewhere."""
        if len({rows.indices for rows in sparse if rows}) > 1 or not operation.result.element.is_float:
            return False
        others = [value for value, rows in zip(operation.operands, sparse) if rows is None]
        return all(map(_is_number, others)) and _keeps_zero(operation, sparse)

    def computed(self, operation, sparse):
        b, like = self.builder, next(rows for rows in sparse if rows is not None)
        operands = [
            rows.values if rows
            else b.broadcast(self.dense(value.operation.operands[0]), shape=like.values.shape, axes=())
            for value, rows in zip(operation.operands, sparse)]  # fmt: skip
        return Rows(like.indices, b.emit(operation.name, operands, operation.attributes))

    def merged(self, *parts):
        """The sum of rows at different indices."""
        b = self.builder
        indices, values = (b.concatenate(*(getattr(rows, name) for rows in parts), axis=0)
                           for name in ("indices", "values"))  # fmt: skip
        return Rows(*summed_rows(b, indices, values))

    def added_to(self, whole, rows, name):
        values = rows.values if name == "add" else self.builder.neg(rows.values)
        return self.builder.add_rows(self.dense(whole), rows.indices, values)

    def total(self, operation):
        """A sum over the rows, whatever else is summed over."""
        if operation.name != "reduce_sum" or 0 not in operation.attributes["axes"]:
            return None
        return self.builder.reduce_sum(self.rows[operation.operands[0]].values, **operation.attributes)


def _is_number(value):
    repeated = made_by(value, "broadcast")
    return repeated is not None and not repeated.operands[0].rank


def _keeps_zero(operation, sparse):
    """Whether an elementwise operation is zero where all rows are. Of numbers that only run time knows it is
    said of multiples alone."""
    numbers = [np.zeros((), value.element.numpy) if rows else splat_of(value)
               for value, rows in zip(operation.operands, sparse)]  # fmt: skip
    if operation.name == "mul" or operation.name == "div" and sparse[0]:
        numbers = [np.ones((), operation.result.element.numpy) if number is None else number
                   for number in numbers]  # fmt: skip
    if any(number is None for number in numbers):
        return False
    with np.errstate(all="ignore"):
        (result,) = operation.op.evaluate(list(map(np.asarray, numbers)), operation.attributes, None)
    return bool(result == 0)
