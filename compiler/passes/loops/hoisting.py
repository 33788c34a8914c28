"""What depends on scanned inputs alone is computed for all iterations at once, before the loop."""

from ...ir import Value
from ...rewrite import Rules
from .editing import Loop, replace_values
from .stacking import can_stack, repeated, stacked

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
            stack, invariant, rest = regrouped
            total = Value(inner.result.type)
            loop.inside.add(total)
            moved[total] = outside[total] = b.add(outside[stack], repeated(b, invariant, loop.trips))
            inner.operands = [total, rest]
        is_stacked = [value in outside for value in inner.operands]
        ready = any(is_stacked) and all(one or loop.is_invariant(value)
                                        for one, value in zip(is_stacked, inner.operands))
        if not ready or not can_stack(inner, is_stacked) or not loop.can_leave(inner.results[0]):
            kept.append(inner)
            continue
        b.location, previous = inner.location, b.location
        moved[inner.result] = outside[inner.result] = stacked(
            b, inner, [outside.get(value, value) for value in inner.operands], is_stacked, loop.trips)
        b.location = previous
    if not moved:
        return None
    loop.region.operations[:] = kept
    used = loop.uses()
    replace_values(loop.region, {value: loop.scan(stack) for value, stack in moved.items() if value in used})
    loop.proceed, loop.following, loop.stacked = loop.yielded(loop.region.results)
    return loop.rebuilt(b)


def _regrouped(operation, loop, outside, uses):
    """(s, c, v) for an addition (s + v) + c of which s is stacked outside and c invariant: as (s + c) + v it
    has one addition in the loop instead of two."""
    if operation.name != "add" or not operation.result.element.is_float:
        return None
    for total, invariant in (operation.operands, operation.operands[::-1]):
        inner = total.operation
        if loop.is_invariant(invariant) and inner and inner.name == "add" and uses.get(total) == 1:
            for stack, rest in (inner.operands, inner.operands[::-1]):
                if stack in outside and rest not in outside and not loop.is_invariant(rest):
                    return stack, invariant, rest
    return None
