"""Softmax and its logarithm along an axis."""

import numpy as np

from .batching.reductions import batch_along, lowest
from .kernels import compute
from .record import Rule, register
from .reduction import in_single
from .rules import expect_axis, expect_kind, expect_operands
from .shape import broadcast_along


def _infer(name):
    def infer(operands, attributes, regions):
        expect_operands(name, operands, 1)
        expect_kind(name, operands[0], "float")
        expect_axis(name, attributes["axis"], operands[0].rank)
        return [operands[0].type]

    return infer


def _log_softmax(x, axis):
    shifted = x - np.max(x, axis, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.sum(np.exp(shifted), axis, keepdims=True))


def _evaluate(function):
    return lambda arrays, attributes, context: [
        function(_log_softmax(in_single(arrays[0]), attributes["axis"])).astype(arrays[0].dtype)]


def _lower(op_type):
    return lambda lowering, operation, names: [compute(lowering, op_type, names,
                                                       axis=operation.attributes["axis"])]


def _sum_along(b, value, operation):
    axis = operation.attributes["axis"]
    return broadcast_along(b, b.reduce_sum(value, axes=(axis,)), value, (axis,))


def _softmax_rule(b, operation, changes):
    # the Jacobian diag(y) - y yᵀ is symmetric: one rule for both directions
    y, change = operation.result, changes[0]
    return [b.mul(y, b.sub(change, _sum_along(b, b.mul(y, change), operation)))]


def _log_softmax_vjp(b, operation, cotangents):
    total = _sum_along(b, cotangents[0], operation)
    return [b.sub(cotangents[0], b.mul(b.exp(operation.result), total))]


def _log_softmax_jvp(b, operation, tangents):
    weighted = b.mul(b.exp(operation.result), tangents[0])
    return [b.sub(tangents[0], _sum_along(b, weighted, operation))]


register("softmax", _infer("softmax"), _evaluate(np.exp), Rule(_softmax_rule, _softmax_rule),
         _lower("Softmax"),
         "exp(x) / Σ exp(x) along `axis`, computed from the largest down", batch=batch_along(lowest))
register("log_softmax", _infer("log_softmax"), _evaluate(lambda y: y),
         Rule(_log_softmax_vjp, _log_softmax_jvp),
         _lower("LogSoftmax"), "x - log Σ exp(x) along `axis`, computed from the largest down",
         batch=batch_along(lowest))
