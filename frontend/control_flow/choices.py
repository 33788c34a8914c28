"""Iterators that leave elements out: a generator with `if`, `Iterators.filter` and `takewhile`. A staged
`for` runs over all elements, and each iteration finds out whether its own counts: when its turn has come, as
on the host.
"""

from ..values import GeneratorValue
from .loop_items import items_of


class GeneratorChoice:
    """The values of a generator with a condition. `ends`: the first element that is left out ends the loop;
    `iterable` has all elements."""

    ends = False

    def __init__(self, parts):
        self.parts, self.iterable = parts, parts.iterable
        self.enter, self.condition, self.value = parts.assign, parts.condition, parts.body


class PredicateChoice:
    """The elements for which a predicate holds."""

    def __init__(self, predicate, iterable, ends):
        self.predicate, self.iterable, self.ends = predicate, iterable, ends

    def enter(self, item):
        self.item = item

    def condition(self):
        from ..calling import call

        return call(self.predicate, (self.item,))

    def value(self):
        return self.item


def items_and_choice(value):
    """(the items of a generator or iterator, what chooses among them or None); no items where a loop over it
    cannot be staged."""
    if value.__class__ is GeneratorValue:
        return _of_generator(value)
    from ..base.iterators import ITERATORS_MODULE

    for name in ("Filter", "TakeWhile"):
        if value.type.family is ITERATORS_MODULE.bindings[name].family:
            predicate, iterable = value.fields
            items = items_of(iterable)
            return items, None if items is None else PredicateChoice(predicate, iterable, name == "TakeWhile")
    return items_of(value), None


def _of_generator(generator):
    from ..batching.generators import has_condition, source_of

    source = source_of(generator)
    if source is None or source.parts.loops > 1 or has_condition(source.items):
        return None, None
    if source.parts.condition is None:
        return source, None
    return source.items, GeneratorChoice(source.parts)
