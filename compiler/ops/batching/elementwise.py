"""Ops that work element by element, and those without operands."""

import numpy as np

from ...errors import WeberError
from ...types import I64
from .batched import Batched
from .lanes import Lanes


def batch_elementwise(lanes: Lanes, operation) -> list[Batched]:
    """The op itself, on operands brought to one shape."""
    operands = lanes.aligned([lanes[value] for value in operation.operands])
    return [_apply(lanes, operation, operands)]


def batch_division(lanes, operation):
    """An op of whose second operand some integers are errors: 1 stands in the padding."""
    operands = [lanes[value] for value in operation.operands]
    if operation.result.element.is_integer and not lanes.is_safe(operands[1]):
        operands[1] = lanes.harmless(operands[1], 1)
    return [_apply(lanes, operation, lanes.aligned(operands))]


def _apply(lanes, operation, operands):
    value = lanes.emit(operation.name, [x.value for x in operands], operation.attributes)
    if operation.name == "add" and lanes.vanishing:
        _follow_sum(lanes, value, *(x.value for x in operands))
    return Batched(value, operands[0].axis, operation.result.shape, _padding(lanes, operation, operands))


def _follow_sum(lanes, value, x, y):
    """Where one summand is zero in the lanes that do not count, the sum is the other one there."""
    if x in lanes.vanishing and y in lanes.vanishing:
        lanes.vanishing.add(value)
    elif x in lanes.vanishing or y in lanes.vanishing:
        lanes.unchanged[value] = y if x in lanes.vanishing else x


def _padding(lanes, operation, operands):
    """What the op makes of paddings that are known."""
    if any(x.padding is None for x in operands) or not lanes.ragged_axes(operands[0]):
        return None
    arrays = [np.asarray(x.padding, x.element.numpy) for x in operands]
    try:
        with np.errstate(all="ignore"):
            (result,) = operation.op.evaluate(arrays, operation.attributes, None)
    except WeberError:
        return None
    return result.item()


# --- sums over the lanes ------------------------------------------------------------------------------------

def sum_linear(lanes: Lanes, operation):
    """The sum of a linear op of one or more operands is the op of their sums, where all lanes do the same."""
    if lanes.speaks_of_ragged(operation):
        return lanes.total(operation.op.batch(lanes, operation)[0])
    operands = [lanes.sum_of(value) for value in operation.operands]
    return lanes.emit(operation.name, operands, lanes.attributes(operation.attributes))


def sum_product(lanes: Lanes, operation):
    """Where one factor is the same for all lanes the sum of the products is a product with the sum."""
    x, y = (lanes.get(value) for value in operation.operands)
    for factor, other in ((x, y), (y, x)):
        if isinstance(factor, Batched) and factor.axis is None:
            return lanes.builder.mul(lanes.total(other), factor.value)
    return lanes.total(batch_elementwise(lanes, operation)[0])


# --- ops without operands -----------------------------------------------------------------------------------

def batch_constant(lanes: Lanes, operation):
    value = lanes.emit(operation.name, (), operation.attributes)
    array = operation.attributes["value"]
    return [Batched(value, None, operation.result.shape, array.item() if array.size == 1 else None)]


def batch_iota(lanes: Lanes, operation):
    """Counting does not depend on where the lane's dims end."""
    value = lanes.emit(operation.name, (), lanes.attributes(operation.attributes))
    return [Batched(value, None, operation.result.shape)]


def batch_dim_value(lanes: Lanes, operation):
    dim = operation.attributes["dim"]
    if not lanes.is_ragged(dim):
        return [Batched(lanes.size(dim), None, ())]
    length = lanes.number_of(dim)
    assert length.element is I64
    return [Batched(length, 0, ())]
