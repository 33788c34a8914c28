"""Derivatives of `if`: an `if` on the same condition, whose arms compute anew what they need."""

from ...ir import Block, Builder, captured_values
from ..dependence import depending_values
from .closure import Closure


def depends(operation, active):
    """See `Regional`."""
    found = [False] * len(operation.results)
    for arm in operation.regions:
        inside = depending_values(arm.operations, [v for v in captured_values(arm) if v in active])
        found = [known or value in inside for known, value in zip(found, arm.results)]
    return found


def vjp(b, operation, cotangents, wanted, pullback):
    """See `Regional`."""
    def differentiate(arm, inner):
        return pullback(inner, arm.operations, list(zip(arm.results, cotangents)), wanted)

    return list(zip(wanted, _derivative(b, operation, differentiate, wanted)))


def jvp(b, operation, tangents, pushforward):
    """See `Regional`."""
    def differentiate(arm, inner):
        found = pushforward(inner, arm.operations,
                            {v: tangents[v] for v in captured_values(arm) if v in tangents})
        return [found.get(value) for value in arm.results]

    return _derivative(b, operation, differentiate, operation.results)


def _derivative(b, operation, differentiate, likes):
    """The results of an `if` between the derivatives of the arms: None where both have none. A derivative
    that one arm lacks is zeros like the value in `likes`."""
    blocks = [Block() for _ in operation.regions]
    found = [differentiate(arm, Builder(block, b.location)) for arm, block in zip(operation.regions, blocks)]
    present = [index for index in range(len(likes)) if any(one[index] is not None for one in found)]
    if not present:
        return [None] * len(likes)
    arms = []
    for arm, block, one in zip(operation.regions, blocks, found):
        inner = Builder(block, b.location)
        block.results = [inner.full(0, likes[index]) if one[index] is None else one[index]
                         for index in present]
        closed = Block()
        closed.results = Closure(block, arm, (), lambda value: False).build(Builder(closed), (), {})
        arms.append(closed)
    made = b.emit("if", operation.operands, {}, arms)
    made = iter(made if isinstance(made, list) else [made])
    return [next(made) if index in present else None for index in range(len(likes))]
