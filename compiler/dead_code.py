"""Removal of what nobody uses: operations, results of `if`, stacks and carried values of loops."""

from .ir import Block, Operation, Value, defined_dims, dim_names_of
from .ops.loop_parts import LoopParts
from .ops.map_parts import MapParts


def drop_unused(block: Block) -> int:
    """Removes, in place, the pure operations of a new block whose results nobody uses, and the parts of
    operations with regions that nobody uses; gives their number. An operation that defines a dim stays while
    the dim is spoken of."""
    live, kept, dropped = set(block.results), [], 0
    dims = set() if any(map(defined_dims, block.operations)) else None
    for operation in reversed(block.operations):
        is_live = any(value in live for value in operation.results)
        if operation.op.pure and not is_live and (dims is None or dims.isdisjoint(defined_dims(operation))):
            dropped += 1
            continue
        if operation.name in _PARTS:
            dropped += _PARTS[operation.name](operation, live)
        live.update(operation.operands)
        for region in operation.regions:
            dropped += drop_unused(region)
        if operation.name in _INPUTS:
            dropped += _INPUTS[operation.name](operation)
        for region in operation.regions:
            live.update(used_values(region))
        if dims is not None:
            dims |= dim_names_of(operation)
        kept.append(operation)
    block.operations[:] = reversed(kept)
    return dropped


def used_values(block: Block) -> set[Value]:
    """All values that are operands in a block or in regions in it, or results of one."""
    used = set(block.results)
    for operation in block.operations:
        used.update(operation.operands)
        for region in operation.regions:
            used |= used_values(region)
    return used


def _kept(items, keep):
    return [item for item, is_kept in zip(items, keep, strict=True) if is_kept]


def _keep_results(operation: Operation, keep):
    operation.results = _kept(operation.results, keep)
    for index, value in enumerate(operation.results):
        value.index = index


# --- if -----------------------------------------------------------------------------------------------------

def _drop_results_of_if(operation, live):
    keep = [value in live for value in operation.results]
    for region in operation.regions:
        region.results = _kept(region.results, keep)
    _keep_results(operation, keep)
    return keep.count(False)


# --- loop ---------------------------------------------------------------------------------------------------

def _drop_parts_of_loop(operation, live):
    """Drops carried values on which neither a result nor the condition depends, and unused stacks. An open
    loop keeps one stack, if it has any: its extent tells how often the loop ran."""
    (region,) = operation.regions
    loop = LoopParts(operation.attributes, region)
    count, condition, starts, scanned = loop.operands(operation.operands)
    proceed, following, stacked = loop.yielded(region.results)
    carried = [value in live for value in operation.results[:loop.carried]]
    keep = [value in live for value in operation.results[loop.carried:]]
    if loop.is_open and stacked and not any(keep):
        keep[min(range(len(stacked)), key=lambda index: stacked[index].rank)] = True
    _, arguments, slices = loop.arguments(region.arguments)
    carried = _needed_carries(region, arguments, following, carried, [proceed, *_kept(stacked, keep)])
    if all(carried) and all(keep):
        return 0
    operation.attributes = {**operation.attributes, "carried": carried.count(True)}
    operation.operands = [*(value for value in (count, condition) if value is not None),
                          *_kept(starts, carried), *scanned]
    region.arguments = [region.arguments[0], *_kept(arguments, carried), *slices]
    region.results = [*(value for value in (proceed,) if value is not None), *_kept(following, carried),
                      *_kept(stacked, keep)]
    _keep_results(operation, carried + keep)
    return carried.count(False) + keep.count(False)


def _needed_carries(region, arguments, following, carried, roots):
    """Which carried values are needed for results in use, for the roots, or for each other; also where only a
    dim depends on them."""
    defines = any(map(defined_dims, region.operations))
    while True:
        needed, dims = {value for value in [*roots, *_kept(following, carried)] if value is not None}, set()
        for operation in reversed(region.operations):
            if not operation.op.pure or any(value in needed for value in operation.results) or \
                    defines and not dims.isdisjoint(defined_dims(operation)):
                needed.update(operation.operands)
                for inner in operation.regions:
                    needed |= used_values(inner)
                if defines:
                    dims |= dim_names_of(operation)
        more = [is_needed or argument in needed for is_needed, argument in zip(carried, arguments)]
        if more == carried:
            return carried
        carried = more


def _drop_inputs_of_loop(operation):
    """Drops scanned inputs that the region does not read; where they limit the number of iterations,
    or give the sizes of pieces, they stay."""
    (region,) = operation.regions
    loop = LoopParts(operation.attributes, region)
    if loop.is_open:
        return 0
    used = used_values(region)
    index, carries, slices = loop.arguments(region.arguments)
    keep = [place < len(loop.ragged) or value in used for place, value in enumerate(slices)]
    if all(keep):
        return 0
    scanned = loop.operands(operation.operands)[3]
    operation.operands = operation.operands[:len(operation.operands) - len(scanned)] + _kept(scanned, keep)
    region.arguments = [index, *carries, *_kept(slices, keep)]
    return keep.count(False)


# --- map ----------------------------------------------------------------------------------------------------

def _drop_results_of_map(operation, live):
    (region,) = operation.regions
    keep = [value in live for value in operation.results]
    if operation.attributes.get("defines"):  # a stack may be all that tells the size of a dim
        keep = [True] * len(keep)
    region.results = _kept(region.results, keep)
    _keep_results(operation, keep)
    return keep.count(False)


def _drop_inputs_of_map(operation):
    """Drops data that the region does not read; one operand stays, for the number of lanes."""
    (region,) = operation.regions
    lengths, data = MapParts(operation.attributes, region).operands(operation.operands)
    used = used_values(region)
    keep = [value in used for value in region.arguments]
    if not lengths and not any(keep):
        keep[0] = True
    operation.operands = [*lengths, *_kept(data, keep)]
    region.arguments = _kept(region.arguments, keep)
    return keep.count(False)


_PARTS = {"if": _drop_results_of_if, "loop": _drop_parts_of_loop, "map": _drop_results_of_map}
_INPUTS = {"loop": _drop_inputs_of_loop, "map": _drop_inputs_of_map}
