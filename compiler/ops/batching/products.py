"""Contractions: the axis of the lanes is one more letter, and where a sum over the lanes is wanted, one more
letter that is summed over."""

import string

import numpy as np

from ..specs import parse_spec
from .batched import Batched
from .lanes import Lanes


def _letters(lanes, operation):
    """The operands without their padding along summed axes, the letters of operands and result, a new one."""
    left, right, result = parse_spec(operation.attributes["spec"])
    operands = [lanes[value] for value in operation.operands]
    summed = set(left) - set(result)
    axes = [[axis for axis, letter in enumerate(letters) if letter in summed] for letters in (left, right)]
    if any(lanes.is_ragged(operands[0].shape[axis]) for axis in axes[0]):
        finite = [x.padding is not None and bool(np.isfinite(x.padding)) for x in operands]
        zero = [flag and x.padding == 0 for flag, x in zip(finite, operands)]
        if not (zero[0] and finite[1] or zero[1] and finite[0]):
            # zeros in one of them alone would not do: the other may hold NaN
            operands = [lanes.filled(x, 0, along) for x, along in zip(operands, axes)]
    lane = next(letter for letter in string.ascii_letters if letter not in left + right)
    return operands, [left, right], result, lane


def _with_lane(letters, x, lane):
    return letters if x.axis is None else letters[:x.axis] + lane + letters[x.axis:]


def batch_contract(lanes: Lanes, operation):
    operands, letters, result, lane = _letters(lanes, operation)
    shape = operation.result.shape
    outer = [_with_lane(one, x, lane) for one, x in zip(letters, operands)]
    if lane not in outer[0] + outer[1]:
        value = lanes.builder.contract(*(x.value for x in operands), spec=f"{outer[0]},{outer[1]}->{result}")
        return [Batched(value, None, shape)]
    axis = _place(outer, result, lane)
    spec = f"{outer[0]},{outer[1]}->{result[:axis]}{lane}{result[axis:]}"
    return [Batched(lanes.builder.contract(*(x.value for x in operands), spec=spec), axis, shape)]


def _place(outer, result, lane):
    """Where the axis of the lanes stands in the result: first, or behind what it stands behind in the only
    operand that has it, so that nothing is transposed."""
    owners = [letters for letters in outer if lane in letters]
    before = owners[0][:owners[0].index(lane)]
    return len(before) if len(owners) == 1 and before and result.startswith(before) else 0


def sum_contract(lanes: Lanes, operation):
    """A product of what belongs to the lanes, summed over them: one contraction over all."""
    operands, letters, result, lane = _letters(lanes, operation)
    if all(x.axis is not None for x in operands):
        if lanes.live is not None:
            operands = [lanes.only_live(x, 0) for x in operands]
        outer = [_with_lane(one, x, lane) for one, x in zip(letters, operands)]
        return lanes.builder.contract(*(x.value for x in operands), spec=f"{outer[0]},{outer[1]}->{result}")
    values = [x.value for x in operands]
    index = 1 if operands[0].axis is None else 0
    values[index] = lanes.total(operands[index])
    return lanes.builder.contract(*values, spec=f"{letters[0]},{letters[1]}->{result}")
