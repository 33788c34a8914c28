"""What depends on scanned inputs alone is computed for all iterations at once, before the loop."""

from ...ir import Value
from ...rewrite import Rules
from ..patterns import made_by
from .editing import Loop, replace_values
from .stacking import all_rows, can_stack, repeated, stacked

RULES = Rules()


@RULES("loop")
def hoist_over_scanned(b, operation):
    """Input projections become one product, chains of elementwise operations one operation each."""
    loop = Loop(operation)
    if loop.is_open or loop.recompute:
        return None  # it may end before the inputs do; it shall need little memory
    outside = dict(zip(loop.slices, loop.scanned))
    moved, kept, uses = {}, [], loop.uses()
    for inner in loop.region.operations:
        regrouped = _regrouped(inner, loop, outside, uses)
        if regrouped:
            *pair, rest = regrouped
            both = Value(inner.result.type)
            loop.inside.add(both)
            moved[both] = outside[both] = b.emit(inner.name, [
                outside[value] if value in outside else repeated(b, value, loop.trips) for value in pair])
            inner.operands = [both, rest]
        is_stacked = [value in outside or _is_filled(loop, value) for value in inner.operands]
        ready = any(value in outside for value in inner.operands) and all(
            one or loop.is_invariant(value) for one, value in zip(is_stacked, inner.operands))
        if not ready or not can_stack(loop, inner, is_stacked) or not loop.can_leave(inner.results[0]):
            kept.append(inner)
            continue
        b.location, previous = inner.location, b.location
        operands = [outside[value] if value in outside else _filled(b, loop, value) if one else value
                    for value, one in zip(inner.operands, is_stacked)]
        moved[inner.result] = outside[inner.result] = stacked(b, loop, inner, operands, is_stacked)
        b.location = previous
    if not moved:
        return None
    loop.region.operations[:] = kept
    used = loop.uses()
    replace_values(loop.region, {value: loop.scan(stack, value.type)
                                 for value, stack in moved.items() if value in used})
    loop.proceed, loop.following, loop.stacked = loop.yielded(loop.region.results)
    return loop.rebuilt(b)


def _is_filled(loop, value):
    """Whether a value is a piece each of whose rows is the same."""
    operation = made_by(value, "broadcast")
    return (operation is not None and loop.piece_dim(value.type) is not None and not loop.is_invariant(value)
            and loop.is_invariant(operation.operands[0]) and 0 not in operation.attributes["axes"])


def _filled(b, loop, value):
    """The same with the rows of all iterations."""
    operation = value.operation
    return b.broadcast(operation.operands[0], **all_rows(loop, operation.attributes))


def _regrouped(operation, loop, outside, uses):
    """(s, t, v) for a sum (s + v) + t, or a product, of which s and t are stacked outside or invariant: as
    (s + t) + v it has one operation in the loop instead of two."""
    if operation.name not in ("add", "mul") or not operation.result.element.is_float or \
            loop.piece_dim(operation.result.type):
        return None
    is_known = lambda value: value in outside or loop.is_invariant(value)
    for both, last in (operation.operands, operation.operands[::-1]):
        inner = both.operation
        if is_known(last) and inner and inner.name == operation.name and uses.get(both) == 1:
            for first, rest in (inner.operands, inner.operands[::-1]):
                if is_known(first) and not is_known(rest) and (first in outside or last in outside):
                    return first, last, rest
    return None
