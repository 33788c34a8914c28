"""What is the same in every iteration leaves the region: constant carries, and operations on values from
around. What is there twice is so once."""

from ...families import ELEMENTWISE
from ...ir import captured_values, defined_dims, names_of_dims
from ...ops.loop_parts import LoopParts
from ...rewrite import Rules
from .editing import Loop, replace_values

RULES = Rules()

PARTIAL = frozenset("""
    idiv rem mod pow gather take_along scatter_add scatter_along dynamic_slice dynamic_update_slice one_hot
    arg_max arg_min reduce_max reduce_min
""".split())
"""Ops that fail, or hang, for some operands: they may not run where the program would not run them."""


@RULES("loop")
def constant_carry(b, operation):
    """A carried value that never changes is a value from around."""
    loop = Loop(operation)
    constant = [following is argument or following is start for start, argument, following
                in zip(loop.starts, loop.carries, loop.following)]
    if not any(constant):
        return None
    starts = list(loop.starts)
    replace_values(loop.region, {argument: start for argument, start, one
                                 in zip(loop.carries, starts, constant) if one})
    loop.proceed, loop.following, loop.stacked = loop.yielded(loop.region.results)
    for part in ("starts", "carries", "following"):
        setattr(loop, part, [item for item, one in zip(getattr(loop, part), constant) if not one])
    made = loop.rebuilt(b)
    changing = iter(made[:len(loop.carries)])
    results = [start if one else next(changing) for start, one in zip(starts, constant)]
    return results + made[len(loop.carries):]


@RULES("loop")
def no_iterations(b, operation):
    """A loop that never runs gives what it began with, and stacks of nothing."""
    loop = Loop(operation)
    if loop.is_open or loop.trips != 0:
        return None
    return loop.starts + [b.full(0, value) for value in operation.results[len(loop.starts):]]


@RULES("loop")
def merge_equal_parts(b, operation):
    """What is scanned or stacked twice is so once."""
    loop = Loop(operation)
    if len(set(loop.scanned[:len(loop.ragged)])) < len(loop.ragged):
        return None  # two ragged dims that are equal
    first_slices, first_stacks = {}, {}
    for value, argument in zip(loop.scanned, loop.slices):
        first_slices.setdefault(value, argument)
    for index, value in enumerate(loop.stacked):
        first_stacks.setdefault(value, index)
    if len(first_slices) == len(loop.scanned) and len(first_stacks) == len(loop.stacked):
        return None
    replace_values(loop.region, {argument: first_slices[value]
                                 for value, argument in zip(loop.scanned, loop.slices)})
    loop.proceed, loop.following, stacked = loop.yielded(loop.region.results)
    loop.scanned, loop.slices = list(first_slices), list(first_slices.values())
    places = {value: place for place, value in enumerate(dict.fromkeys(stacked))}
    loop.stacked = list(places)
    made = loop.rebuilt(b)
    count = len(loop.carries)
    return made[:count] + [made[count + places[value]] for value in stacked]


@RULES("loop")
def stack_of_slices(b, operation):
    """What is scanned and stacked again is there."""
    loop = Loop(operation)
    scanned = {} if loop.is_open else dict(zip(loop.slices, loop.scanned))
    stacks = loop.stacked
    loop.stacked = [value for value in stacks if value not in scanned]
    if len(loop.stacked) == len(stacks):
        return None
    made = loop.rebuilt(b)
    rest = iter(made[len(loop.carries):])
    return made[:len(loop.carries)] + [scanned.get(value) or next(rest) for value in stacks]


@RULES("loop", "map")
def hoist_invariants(b, operation):
    """Operations whose operands all come from outside are moved before the loop."""
    (region,) = operation.regions
    inside, mapping, kept = set(region.arguments), {}, []
    own_dims = set(operation.attributes.get("ragged", ())) | set(defined_dims(operation))
    for inner in region.operations:
        own_dims.update(defined_dims(inner))
    always_runs = operation.name == "loop" and _surely_runs(operation)
    for inner in region.operations:
        used = inner.operands + [value for one in inner.regions for value in captured_values(one)]
        is_bound = any(value in inside for value in used) or own_dims & names_of_dims(inner.attributes)
        if is_bound or not _may_move(inner, always_runs):
            inside.update(inner.results)
            kept.append(inner)
            continue
        b.location, previous = inner.location, b.location
        made = b.emit(inner.name, [mapping.get(value, value) for value in inner.operands], inner.attributes)
        b.location = previous
        made = made if isinstance(made, list) else [made]
        for old, new in zip(inner.results, made):
            new.name = new.name or old.name
            mapping[old] = new
    if not mapping:
        return None
    region.operations[:] = kept
    replace_values(region, mapping)
    made = b.emit(operation.name, operation.operands, operation.attributes, [region])
    return made if isinstance(made, list) else [made]


def _may_move(operation, always_runs):
    if not operation.op.pure or operation.regions:
        return False
    is_total = operation.name not in PARTIAL or (operation.name in ELEMENTWISE
                                                 and operation.results[0].element.is_float)
    return always_runs or is_total


def _surely_runs(operation):
    loop = LoopParts(operation.attributes, operation.regions[0])
    return not loop.is_open and isinstance(loop.trips, int) and loop.trips > 0
