"""What a staged `for` or `map` runs over where that is an iterator: `zip`, `enumerate`, `pairs` and those of
`Iterators`. Iterators that go through their parts side by side scan them; others compute an element from its
place."""

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import size_product
from ..staged_numbers import DimNumber, Traced
from ..staging import apply, as_value, payload_of
from ..values import Array, Range
from .loop_items import RangeItems, TupleItems, counting, items_of


class ComputedItems:
    """`count` elements (None: without end), each computed from its place: `at(index)`."""

    payloads, is_ragged = (), False

    def __init__(self, count, at):
        self.count, self.at = count, at

    def item(self, index, slices):
        return self.at(index)

    def bind(self, operands):
        place = operands.place()
        return lambda: self.at(place)


def iterator_items(iterator):
    """The items of an iterator; None where a loop over it cannot be staged."""
    from ..base.index_pairs import PairsFamily
    from ..base.iterators import ITERATORS_MODULE
    from ..base.pairs import pair

    family = iterator.type.family
    if family is PairsFamily:
        parts = [items_of(part) for part in reversed(iterator.fields)]
        return None if None in parts else TupleItems(parts, lambda items: pair(*items))
    for name, rule in RULES.items():
        if family is ITERATORS_MODULE.bindings[name].family:
            return rule(*iterator.fields)
    return None


def number(count):
    """A count as an IR value or an int."""
    if count.__class__ is Value or isinstance(count, int):
        return count
    return as_value(payload_of(DimNumber.of(count)))


def arithmetic(name, on_host):
    """A function of two numbers, ints or IR values."""
    def compute(a, b):
        if isinstance(a, int) and isinstance(b, int):
            return on_host(a, b)
        return apply(name, *[as_value(np.asarray(x)) if isinstance(x, int) else x for x in (a, b)])

    return compute


add, subtract = arithmetic("add", lambda a, b: a + b), arithmetic("sub", lambda a, b: a - b)
divide, modulo = arithmetic("idiv", lambda a, b: a // b), arithmetic("mod", lambda a, b: a % b)
lesser, greater = arithmetic("min", min), arithmetic("max", max)


def least(counts):
    """The least of several counts; None where all are without end."""
    known = [count for count in counts if count is not None]
    if not known:
        return None
    if all(count == known[0] for count in known):
        return known[0]
    smallest = number(known[0])
    for count in known[1:]:
        smallest = lesser(smallest, number(count))
    return smallest


def _reverse(inner):
    from ..base.registry import function
    from ..calling import call

    if inner.__class__ in (Array, Range):
        return items_of(call(function("reverse"), (inner,)))
    items = items_of(inner)
    return None if items is None or items.count is None else reversed_items(items)


def reversed_items(items):
    """The items from the last to the first."""
    last = subtract(number(items.count), 1)
    return ComputedItems(items.count, lambda index: items.at(subtract(last, index)))


def _enumerate(inner):
    items = items_of(inner)
    if items is None or items.count is None:
        return None
    return TupleItems([RangeItems(counting(items.count)), items])


def _zip(iterables):
    parts = [items_of(part) for part in iterables]
    if not parts or None in parts:
        return None
    counts = [part.count for part in parts]
    if all(count.__class__ is not Value and count is not None and count == counts[0] for count in counts):
        return TupleItems(parts)
    return ComputedItems(least(counts), lambda index: tuple([part.at(index) for part in parts]))


def _take(inner, count):
    items = items_of(inner)
    return None if items is None else ComputedItems(least([items.count, count]), items.at)


def _drop(inner, count):
    items = items_of(inner)
    if items is None:
        return None
    rest = None if items.count is None else greater(subtract(number(items.count), count), 0)
    return ComputedItems(rest, lambda index: items.at(add(index, count)))


def _count(start, step):
    if start.__class__ is not int or step.__class__ is not int:
        return None
    return ComputedItems(None, lambda index: _traced(
        index * step + start if isinstance(index, int) else
        add(apply("mul", index, as_value(np.asarray(step))), start)))


def _traced(value):
    return Traced(value) if value.__class__ is Value else value


def _cycle(inner):
    items = items_of(inner)
    if items is None or items.count is None:
        return None
    count = greater(number(items.count), 1)
    return ComputedItems(0 if items.count == 0 else None, lambda index: items.at(modulo(index, count)))


def _product(parts):
    parts = [items_of(part) for part in parts]
    if None in parts or any(part.count is None or part.count.__class__ is Value for part in parts):
        return None
    counts = [greater(number(part.count), 1) for part in parts]

    def at(index):
        items = []
        for part, count in zip(parts, counts, strict=True):
            items.append(part.at(modulo(index, count)))
            index = divide(index, count)
        return tuple(items)

    return ComputedItems(size_product([part.count for part in parts]), at)


def _flatten(parts):
    from ..base.registry import function
    from ..calling import call

    if parts.__class__ is not tuple or any(part.__class__ not in (Array, Range) for part in parts):
        return None
    joined = call(function("vcat"), parts) if all(
        part.__class__ is Range or len(part._data.shape) == 1 for part in parts) else None
    return joined if joined is None else items_of(joined)


RULES = {"Reverse": _reverse, "Enumerate": _enumerate, "Zip": _zip, "Take": _take, "Drop": _drop,
         "Count": _count, "Cycle": _cycle, "ProductIterator": _product, "Flatten": _flatten}
"""The items of each of the iterators, from its fields."""

