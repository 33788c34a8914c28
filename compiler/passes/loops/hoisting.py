"""What depends on scanned inputs alone is computed for all iterations at once, before the loop."""

from ...rewrite import Rules
from .editing import Loop, replace_values
from .stacking import can_stack, stacked

RULES = Rules()


@RULES("loop")
def hoist_over_scanned(b, operation):
    """Input projections become one product, chains of elementwise operations one operation each."""
    loop = Loop(operation)
    if loop.is_open:
        return None  # it may end before the inputs do
    outside = dict(zip(loop.slices, loop.scanned))
    moved, kept = {}, []
    for inner in loop.region.operations:
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
