"""Rules for `contract`: what happens to its operands or its result is an edit of letters."""

from ..ops.specs import parse_spec
from ..rewrite import Rules
from .patterns import made_by

RULES = Rules()


@RULES("contract")
def contract_transposed(b, operation):
    """A transposed operand is the operand with its letters in the other order."""
    *letters, result = parse_spec(operation.attributes["spec"])
    operands, changed = list(operation.operands), False
    for index, value in enumerate(operation.operands):
        inner = made_by(value, "transpose")
        if inner:
            order = dict(zip(inner.attributes["permutation"], letters[index]))
            letters[index] = "".join(order[axis] for axis in range(len(order)))
            operands[index], changed = inner.operands[0], True
    return b.contract(*operands, spec=f"{letters[0]},{letters[1]}->{result}") if changed else None


@RULES("transpose")
def transpose_of_contraction(b, operation):
    """A contraction whose only use is a transpose gives its result in that order at once."""
    inner = made_by(operation.operands[0], "contract")
    if inner is None or not b.is_used_once(inner.result):
        return None
    left, right, result = parse_spec(inner.attributes["spec"])
    result = "".join(result[axis] for axis in operation.attributes["permutation"])
    return b.contract(*inner.operands, spec=f"{left},{right}->{result}")


@RULES("contract")
def contract_nothing(b, operation):
    """A sum of no products."""
    left, _, result = parse_spec(operation.attributes["spec"])
    nothing = any(size == 0 and letter not in result
                  for letter, size in zip(left, operation.operands[0].shape))
    return b.full(0, operation.result) if nothing else None


@RULES("contract")
def contract_unit_axes(b, operation):
    """Axes of extent 1 that are summed over are dropped."""
    left, right, result = parse_spec(operation.attributes["spec"])
    x, y = operation.operands
    sizes = dict(zip(left + right, x.shape + y.shape))
    unit = {letter for letter in left if letter not in result and sizes[letter] == 1}
    if not unit:
        return None
    operands, kept = [], []
    for value, letters in zip((x, y), (left, right)):
        kept.append("".join(letter for letter in letters if letter not in unit))
        operands.append(b.reshape(value, shape=tuple(sizes[letter] for letter in kept[-1])))
    return b.contract(*operands, spec=f"{kept[0]},{kept[1]}->{result}")
