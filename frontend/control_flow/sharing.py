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

    def write(self, data):
        write(self.parent, self.backward(data))


def linked(array, parent, forward, backward):
    """The array, which shares the memory of its parent from now on."""
    if state.trace is not None and not state.lanes:
        array.link = Link(parent, forward, backward)
    return array


def entangle(array, other):
    """Notes that two arrays are one and the same if a condition of the graph holds, or in the first iteration
    of a loop: when one of them is written to, what the other holds cannot be told."""
    trace = state.trace
    for one, another in ((array, other), (other, array)):
        while one.link is not None:
            one = one.link.parent
        trace.entangled.setdefault(id(one), (one, []))[1].append(another)


def part(trace, array):
    """Makes poison of the arrays that an array which is being written to may be."""
    _, others = trace.entangled.get(id(array), (None, ()))
    for other in others:
        write_location(trace, other, "data", PoisonedContents(
            "is the same as another or a copy of it, as a condition of the graph decides: it cannot be read "
            "after one of them was changed"))


def unlinked(tree):
    """A value with the arrays in it as they are now: they no longer share memory with others."""
    def rule(leaf, path):
        shares = leaf.__class__ is Array and leaf.link is not None
        return Array(read(leaf), leaf.type) if shares else leaf

    return map_leaves(tree, rule)
