"""Arrays that share memory while staging: what `reshape`, `vec` and `'` give shows the array it was made of,
and a write to either is seen in both. On the host numpy shares the memory; in a trace a `Link` says how.
"""

from ..poison import PoisonedContents
from ..staging import read, write
from ..state import state
from ..trees import map_leaves
from ..values import Array
from .regions import write_location


class Link:
    """`forward` makes the payload of an array from its parent's, `backward` the parent's from it. `source` is
    the parent's payload that the array's own payload was made of."""

    __slots__ = ("parent", "forward", "backward", "source")

    def __init__(self, parent, forward, backward):
        self.parent, self.forward, self.backward = parent, forward, backward
        self.source = read(parent)

    def read(self, array):
        current = read(self.parent)
        return array.data if current is self.source else self.forward(current)

    def write(self, array, data):
        write(self.parent, self.backward(data))


def linked(array, parent, forward, backward):
    """The array, which shares the memory of its parent from now on."""
    if state.trace is not None and not state.lanes:
        array.link = Link(parent, forward, backward)
    return array


def entangle(array, other):
    """Notes that two arrays are one and the same if a condition of the graph holds, or in the first iteration
    of a loop: when one of them is written to, what the other holds cannot be told."""
    for one, another in ((array, other), (other, array)):
        entangle_into(one, another)
        vector = vector_of(another)
        if vector is not None:
            entangle_into(one, vector)


def inherit(array, given, region):
    """Notes that an array which leaves a region may be the one that was there at its end, and what that may
    be."""
    for other in (given, vector_of(given), *entangled_with(root(given), region)):
        if other is not None and other.serial < region.serial:
            entangle(array, other)


def entangle_into(array, other):
    """Notes that what another array holds cannot be told when an array is written to."""
    array, trace = root(array), state.trace
    trace.entangled.setdefault(id(array), (array, []))[1].append((other, trace.builder.block))


def entangled_with(array, left=None):
    """The arrays that may be this one, of those that can be seen from here or from the region that is being
    left."""
    trace = state.trace
    _, pairs = trace.entangled.get(id(array), (None, ()))
    return [other for other, block in pairs if trace.is_open(block)
            or left is not None and trace.merged_into(block) is left.block]


def root(array):
    """The array that one shares its memory with."""
    while array.link.__class__ is Link:
        array = array.link.parent
    return array


def vector_of(array):
    """The vector that an array is an element of, as far as that is known."""
    link = root(array).link
    return None if link is None else link.vector


SAME_OR_COPY = PoisonedContents(
    "is the same as another or a copy of it, as a condition of the graph decides: it cannot be read after "
    "one of them was changed")


def part(trace, array, poison=SAME_OR_COPY):
    """Makes poison of the arrays that an array which is being written to may be."""
    for other in entangled_with(array):
        write_location(trace, other, "data", poison)


def unlinked(tree):
    """A value with the arrays in it as they are now: they no longer share memory with others."""
    def rule(leaf, path):
        shares = leaf.__class__ is Array and leaf.link is not None
        return Array(read(leaf), leaf.type) if shares else leaf

    return map_leaves(tree, rule)
