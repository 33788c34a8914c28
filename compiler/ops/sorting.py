"""Sorting of indices."""

import numpy as np

from ..types import I64, TensorType
from .batching.reductions import batch_along
from .indexing import expect_indices
from .record import Zero, register
from .rules import expect_axis, expect_operands


def _infer_argsort(operands, attributes, regions):
    expect_operands("argsort", operands, 1)
    expect_indices("argsort", operands[0])
    expect_axis("argsort", attributes["axis"], operands[0].rank)
    return [operands[0].type]


def _lower_argsort(lowering, operation, names):
    type, axis = operation.result.type, operation.attributes["axis"]
    count = lowering.shape((type.shape[axis],))
    _, order = lowering.node("TopK", [*names, count], outputs=2, type=[type, TensorType(I64, type.shape)],
                             axis=axis, largest=0, sorted=1)
    return [order]


register("argsort", _infer_argsort,
         lambda arrays, attributes, context: [np.argsort(arrays[0], attributes["axis"], "stable")],
         Zero(), _lower_argsort,
         "the indices along `axis` at which the elements stand in ascending order, equal ones as they come",
         batch=batch_along(np.iinfo(np.int64).max))
