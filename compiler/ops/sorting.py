"""Order."""

import numpy as np

from ..types import F32, F64, I64, TensorType
from .batching.reductions import batch_along, highest
from .record import Zero, expect, register
from .rules import expect_axis, expect_operands


def _infer_arg_sort(operands, attributes, regions):
    expect_operands("arg_sort", operands, 1)
    (x,) = operands
    expect(x.element in (I64, F32, F64), f"arg_sort takes i64, f32 or f64 numbers, got {x.type}")
    expect_axis("arg_sort", attributes["axis"], x.rank)
    return [TensorType(I64, x.shape)]


def _lower_arg_sort(lowering, operation, names):
    axis, type = operation.attributes["axis"], operation.result.type
    count = lowering.shape((type.shape[axis],))
    types = [operation.operands[0].type, type]
    return lowering.node("TopK", [*names, count], 2, types, axis=axis, largest=0, sorted=1)[1:]


register("arg_sort", _infer_arg_sort,
         lambda arrays, attributes, context: [np.argsort(arrays[0], attributes["axis"], kind="stable")],
         Zero(), _lower_arg_sort,
         "the indices, from 0, that sort along `axis`, upwards, equals in their order; undefined with NaN",
         batch=batch_along(highest))
