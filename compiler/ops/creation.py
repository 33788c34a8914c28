"""Ops without tensor operands: constants, counting, the value of a dim."""

import numpy as np

from ..types import I64, DimExpression, ElementType, TensorType, element_type_of
from .batching.elementwise import batch_constant, batch_dim_value, batch_iota
from .kernels import compute
from .record import Zero, expect, register
from .rules import as_shape, expect_axis, expect_operands

CONSTANT_LIMIT = 1024
"""Tensors of at most so many elements are lowered to constants; larger ones are computed."""


def _infer_constant(operands, attributes, regions):
    expect_operands("constant", operands, 0)
    value = attributes["value"]
    try:
        return [TensorType(element_type_of(value.dtype), value.shape)]
    except KeyError:
        expect(False, f"constant of numpy type {value.dtype}")


register("constant", _infer_constant, lambda arrays, attributes, context: [attributes["value"]], Zero(),
         lambda lowering, operation, names: [lowering.constant(operation.attributes["value"])],
         "the array `value`", batch=batch_constant)


def _infer_iota(operands, attributes, regions):
    expect_operands("iota", operands, 0)
    shape, element = as_shape("iota", attributes["shape"]), attributes["element"]
    expect_axis("iota", attributes["axis"], len(shape))
    expect(isinstance(element, ElementType) and (element.is_float or element.is_integer),
           f"iota of {element}")
    return [TensorType(element, shape)]


def _iota(shape, axis, element):
    indices = np.arange(shape[axis]).astype(element.numpy)
    return np.broadcast_to(indices.reshape([-1 if a == axis else 1 for a in range(len(shape))]), shape).copy()


def _lower_iota(lowering, operation, names):
    type, axis = operation.result.type, operation.attributes["axis"]
    if type.is_static and np.prod(type.shape) <= CONSTANT_LIMIT:
        return [lowering.constant(_iota(type.shape, axis, type.element))]
    count = TensorType(I64, (type.shape[axis],))
    name = lowering.node("Range",
                         [lowering.scalar(0, I64), lowering.dim(type.shape[axis]), lowering.scalar(1, I64)],
                         type=count)
    name = lowering.cast(name, type.element)
    if type.rank == 1:
        return [name]
    name = lowering.node("Unsqueeze", [name, lowering.integers([a for a in range(type.rank) if a != axis])])
    return [compute(lowering, "Expand", [name, lowering.shape(type.shape)], type, data=(0,))]


register("iota", _infer_iota,
         lambda arrays, attributes, context: [_iota([context.size(d) for d in attributes["shape"]],
                                                    attributes["axis"],
                                                    attributes["element"])],
         Zero(), _lower_iota, "the index, from 0, along `axis`", batch=batch_iota)


def _infer_dim_value(operands, attributes, regions):
    expect_operands("dim_value", operands, 0)
    expect(isinstance(attributes["dim"], int | DimExpression), f"dim_value of {attributes['dim']}")
    return [TensorType(I64)]


register("dim_value", _infer_dim_value,
         lambda arrays, attributes, context: [np.asarray(context.dim(attributes["dim"]), np.int64)], Zero(),
         lambda lowering, operation, names: [lowering.dim(operation.attributes["dim"])],
         "a dim as an i64 scalar", batch=batch_dim_value)
