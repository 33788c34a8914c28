"""Loops in segments, so that their derivatives keep little: what is carried between segments, and what
happens in one segment. With √T segments of √T iterations this is of the order of √T instead of T."""

from math import isqrt

import numpy as np

from ...errors import UnsupportedError
from ...ir import Block, Builder, Value, inline
from ...types import fresh_dim
from ..loop_parts import INDEX, LoopParts, stacked_type
from ..shape import slice_axis

SEGMENT = 64
"""The iterations of a segment where their number is not known at compile time."""


def in_segments(b, operation):
    """The results of a loop, computed anew by a loop over segments and one over the iterations left, and the
    operations that this appended. Raises UnsupportedError for a loop with a condition."""
    start = len(b.block.operations)
    loop = LoopParts(operation.attributes, operation.regions[0])
    if loop.conditional:
        raise UnsupportedError("a loop whose number of iterations is not known when it begins cannot be "
                               "checkpointed", operation.location)
    count, _, carried, scanned = loop.operands(operation.operands)
    if loop.is_open:
        if scanned:
            raise UnsupportedError("a loop over arrays that may end before they do cannot be checkpointed",
                                   operation.location)
        parts = _open_parts(b, count)
    else:
        parts = _closed_parts(b, loop, scanned)
    stacks = []
    for first, pieces, attributes, size in reversed(parts) if loop.reverse else parts:
        region = _segment(loop, size, first) if size else _rest(loop, first)
        made = b.loop(*attributes.pop("count", ()), *carried, *pieces, regions=[region], carried=loop.carried,
                      **attributes)
        made = made if isinstance(made, list) else [made]
        carried = made[:loop.carried]
        stacks.append([_flat(b, stack) for stack in made[loop.carried:]] if size else made[loop.carried:])
    columns = zip(*(reversed(stacks) if loop.reverse else stacks))
    stacked = [b.concatenate(*column, axis=0) if len(column) > 1 else column[0] for column in columns]
    return carried + stacked, b.block.operations[start:]


def _closed_parts(b, loop, scanned):
    """(first index, scanned operands, attributes, size of a segment or 0) of the loop over segments and of
    that over the iterations left."""
    size = max(isqrt(loop.trips), 1) if isinstance(loop.trips, int) else SEGMENT
    segments = loop.trips // size
    covered = segments * size
    whole = [slice_axis(b, value, 0, 0, covered) for value in scanned]
    whole = [b.reshape(value, shape=(segments, size, *value.shape[1:])) for value in whole]
    attributes = {"trips": segments, "reverse": loop.reverse, "recompute": True}
    parts = [(b.constant(np.int64(0)), whole, attributes, size)]
    if loop.trips - covered != 0:
        rest = [slice_axis(b, value, 0, covered, loop.trips) for value in scanned]
        attributes = {"trips": loop.trips - covered, "reverse": loop.reverse}
        parts.append((b.dim_value(dim=covered), rest, attributes, 0))
    return parts


def _open_parts(b, count):
    """The same of a loop that is counted at run time."""
    size, zero = b.constant(np.int64(SEGMENT)), b.constant(np.int64(0))
    count = b.max(count, zero)
    segments = b.idiv(count, size)
    covered = b.mul(segments, size)
    main = {"count": [segments], "trips": fresh_dim("K"), "counted": True, "recompute": True}
    rest = {"count": [b.sub(count, covered)], "trips": fresh_dim("K"), "counted": True}
    return [(zero, [], main, SEGMENT), (covered, [], rest, 0)]


def _flat(b, stack):
    segments, size, *rest = stack.shape
    return b.reshape(stack, shape=(segments * size, *rest))


def _rest(loop, first):
    """The region of a loop that begins at the index `first`."""
    index, carried, slices = loop.arguments(loop.region.arguments)
    region = Block([Value(INDEX), *(Value(value.type, name=value.name) for value in [*carried, *slices])])
    inner = Builder(region)
    number, *arguments = region.arguments
    region.results = inline(inner, loop.region, [inner.add(number, first), *arguments])
    return region


def _segment(loop, size, first):
    """The region of a loop over segments: a loop over the iterations of one."""
    _, carried, slices = loop.arguments(loop.region.arguments)
    pieces = [Value(stacked_type(value.type, size), name=value.name) for value in slices]
    region = Block([Value(INDEX), *(Value(value.type, name=value.name) for value in carried), *pieces])
    inner = Builder(region)
    number, *arguments = region.arguments
    begin = inner.add(inner.mul(number, inner.constant(np.int64(size))), first)
    made = inner.loop(*arguments, regions=[_rest(loop, begin)], carried=loop.carried, trips=size,
                      reverse=loop.reverse)
    region.results = made if isinstance(made, list) else [made]
    return region
