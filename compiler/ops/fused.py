"""Ops that only the `fuse` pass makes: what standard ONNX operators do in one step. They have no derivatives.
"""

import numpy as np

from ..types import TensorType
from . import convolution  # noqa: F401  (registers conv)
from .batching.elementwise import batch_elementwise
from .batching.windows import batch_with_kernel, taken_apart
from .elementwise import elementwise, infer_elementwise
from .kernels import compute
from .record import OPS, expect, register
from .reduction import in_single
from .rules import expect_kind, expect_same_element

# --- gemm ---------------------------------------------------------------------------------------------------


def _infer_gemm(operands, attributes, regions):
    expect(len(operands) in (2, 3), f"gemm takes 2 or 3 operands, got {len(operands)}")
    expect_kind("gemm", operands[0], "float")
    expect_same_element("gemm", operands)
    left, right, *addend = operands
    expect(left.rank == right.rank == 2, f"gemm of {left.type} and {right.type}, which are not matrices")
    rows, summed = left.shape[::-1] if attributes["transpose_a"] else left.shape
    other, columns = right.shape[::-1] if attributes["transpose_b"] else right.shape
    expect(summed == other, f"gemm of {left.type} and {right.type}: sizes {summed} and {other}")
    for value in addend:
        fits = value.rank <= 2 and all(dim in (1, full) for dim,
                                       full in zip(value.shape[::-1], (columns, rows)))
        expect(fits, f"gemm adds {value.type} to a matrix of {rows} by {columns}")
    return [TensorType(left.element, (rows, columns))]


def _evaluate_gemm(arrays, attributes, context):
    left, right, *addend = map(in_single, arrays)
    left = left.T if attributes["transpose_a"] else left
    right = right.T if attributes["transpose_b"] else right
    total = left.dtype.type(attributes["alpha"]) * (left @ right)
    for array in addend:
        total = total + left.dtype.type(attributes["beta"]) * array
    return [total.astype(arrays[0].dtype)]


def _lower_gemm(lowering, operation, names):
    attributes = operation.attributes
    return [compute(lowering, "Gemm", names, operation.result.type, transA=int(attributes["transpose_a"]),
                    transB=int(attributes["transpose_b"]), alpha=float(attributes["alpha"]),
                    beta=float(attributes["beta"]))]


def _gemm_by_contraction(b, operation, left, right, *addend):
    attributes, type = operation.attributes, operation.result.type
    spec = f"{'ki' if attributes['transpose_a'] else 'ik'},{'jk' if attributes['transpose_b'] else 'kj'}->ij"
    total = b.contract(left, right, spec=spec)
    total = b.mul(total, b.full(attributes["alpha"], total))
    for value in addend:
        axes = tuple(range(type.rank - value.rank, type.rank))
        value = b.broadcast(value, shape=type.shape, axes=axes)
        total = b.add(total, b.mul(value, b.full(attributes["beta"], value)))
    return total


register("gemm", _infer_gemm, _evaluate_gemm, None, _lower_gemm,
         "alpha a b + beta c, a and b transposed where the flags say so; c may lack rows or have sizes of 1",
         batch=lambda lanes, operation: taken_apart(lanes, operation, _gemm_by_contraction))

# --- convolution ------------------------------------------------------------------------------------------


def _infer_conv_bias(operands, attributes, regions):
    expect(len(operands) == 3, f"conv_bias takes 3 operands, got {len(operands)}")
    types = CONV.infer(operands[:2], attributes, regions)
    bias, channels = operands[2], types[0].shape[1]
    expect(bias.type == TensorType(types[0].element, (channels,)),
           f"conv_bias adds {bias.type} to {channels} channels")
    return types


def _evaluate_conv_bias(arrays, attributes, context):
    *operands, bias = arrays
    (result,) = CONV.evaluate(operands, attributes, context)
    return [result + bias.reshape(-1, *[1] * (result.ndim - 2))]


CONV = OPS["conv"]
def _conv_bias_by_windows(b, operation, x, w, bias):
    product = b.conv(x, w, **operation.attributes)
    return b.add(product, b.broadcast(bias, shape=product.shape, axes=(1,)))


register("conv_bias", _infer_conv_bias, _evaluate_conv_bias, None, CONV.lower,
         "conv, and a number added to each channel", batch=batch_with_kernel(_conv_bias_by_windows))

# --- activations --------------------------------------------------------------------------------------------

elementwise("relu", 1, "float", lambda x: np.maximum(x, 0), None,
            lambda lowering, operation, names: [lowering.node("Relu", names)], doc="max(x, 0)")


def _lower_hard_sigmoid(lowering, operation, names):
    attributes = operation.attributes
    return [lowering.node("HardSigmoid", names, type=operation.result.type, alpha=float(attributes["alpha"]),
                          beta=float(attributes["beta"]))]


def _evaluate_hard_sigmoid(arrays, attributes, context):
    (x,) = arrays
    alpha, beta = x.dtype.type(attributes["alpha"]), x.dtype.type(attributes["beta"])
    return [np.clip(x * alpha + beta, 0, 1).astype(x.dtype)]


register("hard_sigmoid", infer_elementwise("hard_sigmoid", 1, "float"), _evaluate_hard_sigmoid, None,
         _lower_hard_sigmoid, "alpha x + beta, kept between 0 and 1", batch=batch_elementwise)
