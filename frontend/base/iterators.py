"""Lazy iterators: `zip`, `enumerate` and the module `Iterators`."""

import itertools
import math

from ...compiler.errors import WeberError
from .. import types as t
from ..calling import call
from ..evaluation.steps import take_step
from ..printing.display import FAMILIES, show_text
from ..staging import host_integer, host_number
from ..type_lattice import TypeFamily
from ..type_names import type_name
from ..values import Array, GeneratorValue, Module, Range, Singleton, Struct, typeof
from .iteration import (
    FAMILY_ELEMENTS,
    ITERATORS,
    SIZES,
    collect_values,
    element_type_of,
    iterate,
    size_of,
    tuple_of_elements,
)
from .registry import BASE, MODULES, define, function

ITERATORS_MODULE = MODULES["Iterators"] = BASE.bindings["Iterators"] = Module("Iterators", parent=BASE)


def iterator(name, *fields, size=None, element=None, display=None):
    """Decorator: declares an iterator struct with these fields; the function gives a Python iterator over its
    fields.

    `size` and `element` compute from the fields, None where unknown. Returns a maker of instances."""
    family = TypeFamily(display or f"Base.Iterators.{name}", supertype=t.Any, field_names=fields,
                        field_types=(t.Any,) * len(fields), module=ITERATORS_MODULE)
    type_ = family.apply()
    ITERATORS_MODULE.bindings[name] = type_

    def decorate(make):
        ITERATORS[family] = lambda struct: make(*struct.fields)
        SIZES[family] = (lambda struct: size(*struct.fields)) if size else (lambda struct: None)
        if element:
            FAMILY_ELEMENTS[family] = lambda struct: element(*struct.fields)
        return lambda *values: Struct(type_, list(values))

    return decorate


def _show_zip(value, context):
    return f"zip({', '.join(show_text(part, context) for part in value.fields[0])})"


def length_of(iterable):
    """The number of elements; infinite for endless iterators, None where unknown."""
    size = size_of(iterable)
    return None if size is None else math.prod(size)


def _zip_size(iterables):
    sizes = [size_of(iterable) for iterable in iterables]
    sizes = [size for size in sizes if size != (math.inf,)]
    if None in sizes or not sizes:
        return None if sizes else (math.inf,)
    if len(set(sizes)) == 1:
        return sizes[0]
    if not all(isinstance(dim, int) for size in sizes for dim in size):
        return None
    return (min(math.prod(size) for size in sizes),)


@iterator("Zip", "is", size=_zip_size, display="zip",
          element=lambda iterables: tuple_of_elements(map(element_type_of, iterables)))
def make_zip(iterables):
    return zip(*map(iterate, iterables), strict=False)


@iterator("Enumerate", "itr", size=size_of, display="enumerate",
          element=lambda inner: tuple_of_elements((t.Int64, element_type_of(inner))))
def make_enumerate(inner):
    return enumerate(iterate(inner), 1)


ZIP_FAMILY, ENUMERATE_FAMILY = (ITERATORS_MODULE.bindings[name].family for name in ("Zip", "Enumerate"))
FAMILIES[ZIP_FAMILY] = _show_zip


def _count(number, what):
    number = int(host_number(number, what))
    if number < 0:
        raise WeberError(f"ArgumentError: {what} must be nonnegative", kind="ArgumentError")
    return number


def _shorter(inner, count):
    length = length_of(inner)
    return None if length is None else (min(length, count),)


@iterator("Take", "xs", "n", size=_shorter, element=lambda inner, count: element_type_of(inner))
def make_take(inner, count):
    return itertools.islice(iterate(inner), count)


def _without(inner, count):
    length = length_of(inner)
    return None if length is None else (max(0, length - count),)


@iterator("Drop", "xs", "n", size=_without, element=lambda inner, count: element_type_of(inner))
def make_drop(inner, count):
    return itertools.islice(iterate(inner), count, None)


@iterator("Cycle", "xs", size=lambda inner: (math.inf,), element=element_type_of)
def make_cycle(inner):
    while True:
        take_step()
        empty = True
        for item in iterate(inner):
            empty = False
            yield item
        if empty:
            return


@iterator("Repeated", "x", "n", size=lambda item, count: (math.inf if count is None else count,))
def make_repeated(item, count):
    if count is not None:
        yield from itertools.repeat(item, count)
        return
    while True:
        take_step()
        yield item


@iterator("Flatten", "it")
def make_flatten(inner):
    return itertools.chain.from_iterable(map(iterate, iterate(inner)))


@iterator("Reverse", "itr", size=size_of, element=element_type_of)
def make_reverse(inner):
    return reversed(list(iterate(inner)))


@iterator("Filter", "flt", "itr", element=lambda predicate, inner: element_type_of(inner))
def make_filter(predicate, inner):
    return (item for item in iterate(inner) if holds(predicate, item))


@iterator("TakeWhile", "pred", "xs", element=lambda predicate, inner: element_type_of(inner))
def make_takewhile(predicate, inner):
    return itertools.takewhile(lambda item: holds(predicate, item), iterate(inner))


@iterator("DropWhile", "pred", "xs", element=lambda predicate, inner: element_type_of(inner))
def make_dropwhile(predicate, inner):
    return itertools.dropwhile(lambda item: holds(predicate, item), iterate(inner))


@iterator("Count", "start", "step", size=lambda start, step: (math.inf,))
def make_countfrom(start, step):
    plus = BASE.bindings["+"]
    while True:
        take_step()
        yield start
        start = call(plus, (start, step))


@iterator("Accumulate", "f", "itr", "init", size=lambda function, inner, init: size_of(inner))
def make_accumulate(function, inner, init):
    total = init
    for position, item in enumerate(iterate(inner)):
        total = item if position == 0 and init is NOTHING_GIVEN else call(function, (total, item))
        yield total


NOTHING_GIVEN = Singleton("Base._InitialValue()", TypeFamily("_InitialValue", supertype=t.Any).apply())
"""Stands for an `init` that was not given."""


@iterator("ProductIterator", "iterators",
          size=lambda parts: None if None in (sizes := [size_of(p) for p in parts]) else sum(sizes, ()),
          element=lambda parts: tuple_of_elements(map(element_type_of, parts)))
def make_product(parts):
    for reversed_ in itertools.product(*(list(iterate(p)) for p in reversed(parts))):
        yield reversed_[::-1]


@iterator("PartitionIterator", "c", "n",
          size=lambda inner, count: None if (n := length_of(inner)) is None else (-(-n // count),))
def make_partition(inner, count):
    """Chunks of `count` elements: parts of a vector, range or tuple are of the same kind, others vectors."""
    if inner.__class__ is Range:
        for first in range(0, len(inner), count):
            length = min(count, len(inner) - first)
            yield Range(inner[first], inner.step, length, inner.type)
        return
    items = iterate(inner)
    while chunk := list(itertools.islice(items, count)):
        if inner.__class__ is tuple:
            yield tuple(chunk)
        else:
            yield collect_values(chunk, element=inner.element if inner.__class__ is Array else None)


def holds(predicate, *arguments):
    """Whether a predicate is true of the arguments; TypeError when it gives no Bool."""
    result = host_number(call(predicate, arguments), "a condition")
    if not isinstance(result, bool):
        raise WeberError(f"TypeError: non-boolean ({type_name(typeof(result))}) used in boolean context",
                         kind="TypeError")
    return result


# --- the functions ------------------------------------------------------------------------------------------


@define("zip", t.Any, ...)
def zip_(*iterables):
    """Tuples of the iterables' elements, as far as the shortest goes."""
    return make_zip(iterables)


@define("enumerate", t.Any)
def enumerate_(iterable):
    """Tuples of a count from 1 and the elements."""
    return make_enumerate(iterable)


def _define(names, *signature, **options):
    return define(names, *signature, module=ITERATORS_MODULE, **options)


for _name in ("zip", "enumerate"):
    ITERATORS_MODULE.bindings[_name] = BASE.bindings[_name]


@_define("take", t.Any, t.Integer)
def take(iterable, count):
    """The first `count` elements."""
    return make_take(iterable, _count(count, "take length"))


@_define("drop", t.Any, t.Integer)
def drop(iterable, count):
    """All but the first `count` elements."""
    return make_drop(iterable, _count(count, "drop length"))


@_define("cycle", t.Any)
def cycle(iterable):
    """The elements again and again."""
    return make_cycle(iterable)


@_define("cycle", t.Any, t.Integer)
def cycle_times(iterable, count):
    return make_flatten(make_repeated(iterable, _count(count, "cycle count")))


@_define("repeated", t.Any)
def repeated(item):
    """The same item without end."""
    return make_repeated(item, None)


@_define("repeated", t.Any, t.Integer)
def repeated_times(item, count):
    return make_repeated(item, _count(count, "repeat count"))


@_define("flatten", t.Any)
def flatten(iterable):
    """The elements of the elements."""
    return make_flatten(iterable)


@_define("flatmap", t.Any, t.Any, ...)
def flatmap(function, *iterables):
    """The elements of what the function gives for each element."""
    return make_flatten(mapped(function, *iterables))


@_define("reverse", t.Any)
def reverse(iterable):
    """The elements from the last to the first."""
    return make_reverse(iterable)


@_define("filter", t.Any, t.Any)
def filter_(predicate, iterable):
    """The elements for which the predicate holds, as they are asked for."""
    return make_filter(predicate, iterable)


@define("skipmissing", t.Any)
def skipmissing(iterable):
    """The elements that are not missing, as they are asked for."""
    return make_filter(call(function("!"), (function("ismissing"),)), iterable)


@_define("takewhile", t.Any, t.Any)
def takewhile(predicate, iterable):
    """The elements before the first for which the predicate does not hold."""
    return make_takewhile(predicate, iterable)


@_define("dropwhile", t.Any, t.Any)
def dropwhile(predicate, iterable):
    """The elements from the first for which the predicate does not hold."""
    return make_dropwhile(predicate, iterable)


@_define("map", t.Any, t.Any, ...)
def mapped(function, *iterables):
    """The function's values, computed as they are asked for."""
    size = _zip_size(iterables)


    def values():
        return (call(function, items) for items in zip(*map(iterate, iterables), strict=False))

    return GeneratorValue(values, size)


@_define("accumulate", t.Any, t.Any, keywords=("init",))
def accumulate(function, iterable, init=NOTHING_GIVEN):
    """The running values of a fold."""
    return make_accumulate(function, iterable, init)


@_define("product", t.Any, ...)
def product(*iterables):
    """All tuples of elements, the first iterable fastest."""
    return make_product(iterables)


@_define("partition", t.Any, t.Integer)
def partition(iterable, count):
    """Chunks of `count` elements, the last possibly shorter."""
    count = int(host_number(count, "a partition size"))
    if count < 1:
        raise WeberError("ArgumentError: cannot create partitions of length 0", kind="ArgumentError")
    return make_partition(iterable, count)


@_define("countfrom")
def countfrom():
    return make_countfrom(1, 1)


@_define("countfrom", t.Any)
def countfrom_start(start):
    """Numbers from `start` on."""
    return make_countfrom(start, 1)


@_define("countfrom", t.Any, t.Any)
def countfrom_step(start, step):
    return make_countfrom(start, step)


@_define("rest", t.Any, t.Any)
def rest(iterable, position):
    """The elements after an iteration state."""
    from .iteration import IterationState

    if position.__class__ is IterationState:
        return GeneratorValue(lambda: position.iterator)
    return make_drop(iterable, host_integer(position, "the state of an iteration") - 1)


@_define("peel", t.Any)
def peel(iterable):
    """The first element and an iterator over the rest; nothing when there is none."""
    items = iterate(iterable)
    for item in items:
        return (item, GeneratorValue(lambda: items))
    return None


@_define("only", t.Any)
@define("only", t.Any)
def only(iterable):
    """The one and only element."""
    items = list(itertools.islice(iterate(iterable), 2))
    if len(items) != 1:
        problem = "must contain exactly 1 element" if items else "is empty, must contain exactly 1 element"
        kind = "Tuple" if iterable.__class__ is tuple else "Collection"
        what = "has multiple elements, " if items else ""
        raise WeberError(f"ArgumentError: {kind} {what}{problem}", kind="ArgumentError")
    return items[0]


@define("eltype", t.Any)
def eltype(iterable):
    """The type of the elements, as far as the iterable's type tells."""
    return element_type_of(iterable) or t.Any
