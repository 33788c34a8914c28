"""`if` on a condition that differs from lane to lane: both arms run, each for the lanes that took it.

An arm that is cheap and cannot fail is computed for all lanes; another only if some lane took it, and where
it is expensive for these lanes alone, moved together. Else the lanes that did not take it do not count in it
(`Lanes.live`): they compute too, but their indices are kept inside, they divide by 1 and go round no loop,
and their results are dropped by `select`.
"""

from ...families import ELEMENTWISE
from ...ir import Block, Builder, captured_values
from ...types import may_be_negative, size_product
from .batched import Batched, Summed
from .lanes import Lanes

CHEAP_OPERATIONS = 24
"""An arm of at most so many operations is computed for all lanes."""

LARGE_FACTOR = 4096
"""A product with a factor of so many elements costs more than moving the lanes together."""

CHEAP = ELEMENTWISE | frozenset("""
    constant iota dim_value broadcast reshape transpose slice reduce_sum reduce_max reduce_min reduce_and
    reduce_or concatenate pad reverse
""".split())
"""Ops that cost little and cannot fail, but for division by an integer."""

_FALLIBLE = frozenset(["idiv", "rem", "mod", "pow"])


def batch_if(lanes: Lanes, operation):
    condition = lanes[operation.operands[0]]
    if condition.axis is None:
        return _uniform_if(lanes, operation, condition.value)
    taken = lanes.only_live(condition, False).value
    other = lanes.only_live(Batched(lanes.emit("not", (condition.value,)), 0, ()), False).value
    arms = [_arm(lanes, operation, region, live) for region, live in zip(operation.regions, (taken, other))]
    results = []
    for result, then, otherwise in zip(operation.results, *arms):
        if result in lanes.needed_as_sum:
            results.append(Summed(lanes.builder.add(then.value, otherwise.value)))
            continue
        then, otherwise = lanes.aligned([lanes.batched(then), lanes.batched(otherwise)])
        chosen = lanes.spread(condition.value, then)
        value = lanes.builder.select(chosen, then.value, otherwise.value)
        padding = then.padding if then.padding == otherwise.padding else None
        results.append(Batched(value, then.axis, result.shape, padding))
    return results


def _uniform_if(lanes, operation, condition):
    """All lanes go the same way."""
    blocks, arms = [], []
    for region in operation.regions:
        blocks.append(Block())
        inside = lanes.inside(blocks[-1])
        arms.append((inside, inside.run(region)))
    made = []
    for index, result in enumerate(operation.results):
        pair = [results[index] for _, results in arms]
        if result in lanes.needed_as_sum:
            pair = [Summed(inside.total(one)) for (inside, _), one in zip(arms, pair)]
        elif any(one.axis is not None for one in pair):
            pair = [inside.front(one) for (inside, _), one in zip(arms, pair)]
        made.append(pair)
    for block, pairs in zip(blocks, zip(*made)):
        block.results = [one.value for one in pairs]
    values = _as_list(lanes.emit("if", (condition,), {}, blocks))
    return [_like(pair[0], value, result) for pair, value, result in zip(made, values, operation.results)]


def _like(one, value, result):
    return Summed(value) if isinstance(one, Summed) else Batched(value, one.axis, result.shape)


def _as_list(results):
    return results if isinstance(results, list) else [results]


def _arm(lanes, operation, region, live):
    """The results of an arm for the lanes `live`, by one that all compute or that some lane has to take."""
    if _is_cheap(lanes, region):
        inside = Lanes(lanes.builder, lanes.count, lanes, live)
        return _finished(inside, operation, region)
    block = Block()
    if lanes.may_compact and _is_expensive(region, {value for value in captured_values(region)
                                                    if _is_shared(lanes, value)}):
        inside = lanes.compacted(block, live)
        results = [one if isinstance(one, Summed) else inside.expanded(one)
                   for one in _finished(inside, operation, region)]
    else:
        results = _finished(lanes.inside(block, live), operation, region)
    block.results = [one.value for one in results]
    if not results:
        return results
    nothing = Block()
    builder = Builder(nothing, lanes.builder.location)
    nothing.results = [builder.full(0, value) for value in block.results]
    some = lanes.builder.reduce_or(live, axes=(0,))
    values = _as_list(lanes.emit("if", (some,), {}, [block, nothing]))
    return [Summed(value) if isinstance(one, Summed) else Batched(value, one.axis, one.shape)
            for one, value in zip(results, values)]


def _finished(inside, operation, region):
    """The results of an arm; those that are needed as a sum are one."""
    return [Summed(inside.total(one)) if result in inside.needed_as_sum else one
            for result, one in zip(operation.results, inside.run(region))]


def _is_shared(lanes, value):
    found = lanes.get(value)
    return isinstance(found, Batched) and found.axis is None


def _is_expensive(region, shared) -> bool:
    """Whether an arm holds a product with a large array that all lanes share."""
    for operation in region.operations:
        if operation.name in ("contract", "conv", "conv_input_gradient"):
            sizes = [size_product(value.shape) for value in operation.operands if value in shared]
            if any(not isinstance(size, int) or size >= LARGE_FACTOR for size in sizes):
                return True
        if any(_is_expensive(inner, shared) for inner in operation.regions):
            return True
    return False


def _is_cheap(lanes, region) -> bool:
    count = 0
    for operation in region.operations:
        count += 1
        integral = any(result.element.is_integer for result in operation.results)
        if operation.name not in CHEAP or (operation.name in _FALLIBLE and integral):
            return False
        if _needs_elements(lanes, operation):
            return False
    return count <= CHEAP_OPERATIONS


def _needs_elements(lanes, operation) -> bool:
    """Whether an operation has a meaning only where ragged dims are large enough: in the lanes of an arm, but
    not in all that do not take it."""
    if operation.name == "slice" and any(lanes.is_ragged(whole) and part != whole for part, whole in
                                         zip(operation.result.shape, operation.operands[0].shape)):
        return True
    return any(lanes.is_ragged(dim) and may_be_negative(dim)
               for result in operation.results for dim in result.shape)
