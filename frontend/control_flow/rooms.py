"""How much room a loop needs for arrays of which nothing says before how long they get: a queue, a stack, a
list that ends on a condition.

A search in front of the loop runs it with more and more room, from the start each time, until it suffices.
What it finds, the largest size of each array, are the dims of the buffers that the loop itself carries. Of
the search no more is left, when the graph is simplified, than what decides the sizes.
"""

from functools import partial, reduce

import numpy as np

from ...compiler.ir import Block, Value, copy_block, inline
from ...compiler.ops import OPS
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import fresh_dim, symbol_name
from ..dims import define_dim
from ..staging import apply, emitting_into
from ..state import state
from .specs import as_ir

FIRST = 16
"""The search begins with room for twice as many elements as there are, and so many more."""
FACTOR = 4
"""How many times what did not fit there is room for in the next try."""


def define_rooms(growths, loop, control, carried, starts, scanned):
    """Defines the dims of the buffers of those `growths` for which a search has to find them, in front of a
    loop (`LoopParts`).

    `control` are its trip count, None where its trips are known or endless, and the first condition. `starts`
    is a block that gives the buffers and sizes before the loop, which it carries behind `carried`."""
    growths = [growth for growth in growths if growth.is_searched]
    if not growths:
        return
    builder = state.trace.builder
    sizes = [builder.dim_value(dim=growth.before) for growth in growths]
    begin = [apply("add", apply("mul", size, np.array(2)), np.array(FIRST)) for size in sizes]
    rooms = [Value(INDEX, name="room") for _ in growths]
    body, names = Block([Value(INDEX), *rooms]), {}
    with emitting_into(body):
        for growth, room in zip(growths, rooms, strict=True):
            names[symbol_name(growth.whole)] = dim = fresh_dim("C")
            define_dim(builder, dim, room)
        carried = [*carried, *inline(builder, starts, [], dict(names))]
        most = _largest(growths, rooms, sizes, loop, names, control, carried, scanned)
        fits = [apply("le", size, room) for size, room in zip(most, rooms, strict=True)]
        is_found, following = _all(fits), []
        for size, room, fit in zip(most, rooms, fits, strict=True):
            more = apply("select", fit, room, apply("mul", size, np.array(FACTOR)))
            following.append(apply("select", is_found, size, more))
        body.results = [apply("not", is_found), *following]
    found = _emit([as_ir(True), *begin], body, len(rooms), conditional=True)
    for growth, room in zip(growths, found, strict=True):
        define_dim(builder, growth.whole, room)


def _largest(growths, rooms, sizes, loop, names, control, carried, scanned):
    """The largest size of each array that the loop comes to while there is room; of a copy of the loop in
    which `names` are the dims of the buffers."""
    region = copy_block(loop.region, dict(names))
    places = [loop.region.results.index(growth.size) for growth in growths]
    most = [Value(INDEX, name="most") for _ in growths]
    going, following, _ = loop.yielded(region.results)
    here = [region.results[place] for place in places]
    with emitting_into(region):
        proceed = _all([apply("le", size, room) for size, room in zip(here, rooms, strict=True)])
        if going is not None:
            proceed = apply("and", going, proceed)
        following += [apply("max", *pair) for pair in zip(most, here, strict=True)]
    region.results = [proceed, *following]
    region.arguments[1 + loop.carried:1 + loop.carried] = most
    count, first = control
    if count is None and not loop.conditional:
        count = state.trace.builder.dim_value(dim=loop.trips)
    operands = [*([] if count is None else [count]), first, *carried, *sizes, *scanned]
    made = _emit(operands, region, len(following), conditional=True, counted=count is not None)
    return made[loop.carried:]


def _emit(operands, region, carried, **attributes):
    """A loop that ends by a condition."""
    attributes |= {"carried": carried, "trips": fresh_dim("K")}
    return state.trace.builder.append(OPS["loop"], operands, attributes, [region])


def _all(conditions):
    return reduce(partial(apply, "and"), conditions)
