"""Folds, `map`, `filter` and questions over iterables that are no arrays: generators, tuples, strings,
iterators.

Arrays have methods of their own, more specific than these.
"""

import itertools

import numpy as np

from .. import types as t
from ..batching import generators
from ..calling import call
from ..poison import HostValueNeeded
from ..staging import host_number
from ..state import state
from ..type_lattice import is_concrete, is_subtype
from ..type_names import type_name
from ..values import Dictionary, NamedTuple, SetValue, Struct, typeof
from .errors import argument_error, fault, require_count
from .hash_order import ordered
from .iteration import collect_values, element_type_of, iterate, size_of
from .iterators import NOTHING_GIVEN, holds
from .registry import define, function

SIMPLE = frozenset(map(function, ("+", "*", "max", "min", "vcat", "hcat")))
"""Operations of which a fold of a staged vector is one operation of the graph."""


def staged_fold(operation, iterables, init, function_=None, from_right=False):
    """The fold of staged elements as a loop; None where they are to be iterated over. `from_right`: the
    operation takes the total as its second argument."""
    if state.trace is None:
        return None
    from ..batching.staged_folds import folded

    return folded(operation, iterables, init, function_, from_right)


def staged_accumulation(operation, iterable, init):
    """The partial results of the fold of staged elements, as `staged_fold`."""
    if state.trace is None:
        return None
    from ..batching.staged_folds import accumulated

    return accumulated(operation, iterable, init)


def fold(operation, items, init=NOTHING_GIVEN):
    """The left fold of a Python iterator. Empty without `init`: the neutral element of + and *, else an
    error."""
    total = init
    for item in items:
        total = item if total is NOTHING_GIVEN else call(operation, (total, item))
    if total is NOTHING_GIVEN:
        raise argument_error("reducing over an empty collection is not allowed; consider supplying `init` to "
                             "the reducer")
    return total



def mapped(function_, iterables):
    """A Python iterator over the function's values."""
    if len(iterables) == 1:
        return (call(function_, (item,)) for item in iterate(iterables[0]))
    return (call(function_, items) for items in zip(*map(iterate, iterables), strict=False))


@define("reduce foldl", t.Any, t.Any, keywords=("init",))
def foldl(operation, iterable, init=NOTHING_GIVEN):
    """Combines the elements from the left."""
    values = generators.collected(iterable) if operation in SIMPLE else None
    if values is not None:
        return call(function("reduce"), (operation, values), {} if init is NOTHING_GIVEN else {"init": init})
    total = staged_fold(operation, (iterable,), init)
    return fold(operation, iterate(iterable), init) if total is None else total


@define("foldr", t.Any, t.Any, keywords=("init",))
def foldr(operation, iterable, init=NOTHING_GIVEN):
    """Combines the elements from the right."""
    total = staged_fold(operation, (iterable,), init, from_right=True)
    if total is not None:
        return total
    total = init
    for item in reversed(list(iterate(iterable))):
        total = item if total is NOTHING_GIVEN else call(operation, (item, total))
    if total is NOTHING_GIVEN:
        return fold(operation, iter(()))
    return total


@define("mapreduce mapfoldl", t.Any, t.Any, t.Any, t.Any, ..., keywords=("init",))
def mapfoldl(function_, operation, *iterables, init=NOTHING_GIVEN):
    """Combines the function's values from the left."""
    if operation in SIMPLE:
        values = generators.collected_of(function_, *iterables)
        if values is not None:
            return foldl(operation, values, init)
    total = staged_fold(operation, iterables, init, function_)
    return fold(operation, mapped(function_, iterables), init) if total is None else total


@define("mapfoldr", t.Any, t.Any, t.Any, keywords=("init",))
def mapfoldr(function_, operation, iterable, init=NOTHING_GIVEN):
    """Combines the function's values from the right."""
    values = generators.collected_of(function_, iterable)
    if values is not None:
        return foldr(operation, values, init=init)
    return foldr(operation, tuple(mapped(function_, (iterable,))), init=init)


# --- sums and extremes --------------------------------------------------------------------------------------


def _neutral(iterable, name):
    """What the sum or product of an empty iterable is, where the element type tells."""
    element = element_type_of(iterable)
    if element is not None and is_subtype(element, t.Number) and is_concrete(element):
        return call(function("zero" if name == "sum" else "one"), (element,))
    return NOTHING_GIVEN


def _total(name, operator, items, iterable, init):
    first = next(items, NOTHING_GIVEN)
    if first is NOTHING_GIVEN:
        if init is not NOTHING_GIVEN:
            return init
        neutral = _neutral(iterable, name)
        return fold(operator, iter(())) if neutral is NOTHING_GIVEN else neutral
    if init is NOTHING_GIVEN and first.__class__ is bool and name == "sum":
        first = int(first)
    return fold(operator, itertools.chain((first,), items), init)


def _define_total(name, operator):
    def neutral(element):
        return np.asarray(name == "prod", element.numpy)

    @define(name, t.Any, keywords=("init",))
    def total(iterable, init=NOTHING_GIVEN):
        values = generators.reducible(iterable, neutral)
        if values is not None:
            return _reduced(name, values, init)
        return _total(name, function(operator), iterate(iterable), iterable, init)

    @define(name, t.Any, t.Any, keywords=("init",))
    def total_of(function_, iterable, init=NOTHING_GIVEN):
        values = generators.collected_of(function_, iterable)
        if values is not None:
            return _reduced(name, values, init)
        return _total(name, function(operator), mapped(function_, (iterable,)), iterable, init)


def _reduced(name, values, init):
    """A reduction of the vector that one map has made of an iterable."""
    return call(function(name), (values,), {} if init is NOTHING_GIVEN else {"init": init})


_define_total("sum", "+")
_define_total("prod", "*")


def _define_extreme(name, operator):
    def neutral(element):
        if element.is_float:
            return np.asarray(-np.inf if name == "maximum" else np.inf, element.numpy)
        limits = np.iinfo(element.numpy)
        return np.asarray(limits.min if name == "maximum" else limits.max, element.numpy)

    @define(name, t.Any, keywords=("init",))
    def extreme(iterable, init=NOTHING_GIVEN):
        values = generators.reducible(iterable, neutral)
        if values is not None:
            return _reduced(name, values, init)
        return fold(function(operator), iterate(iterable), init)

    @define(name, t.Any, t.Any, keywords=("init",))
    def extreme_of(function_, iterable, init=NOTHING_GIVEN):
        values = generators.collected_of(function_, iterable)
        if values is not None:
            return _reduced(name, values, init)
        return fold(function(operator), mapped(function_, (iterable,)), init)


_define_extreme("maximum", "max")
_define_extreme("minimum", "min")


@define("extrema", t.Any)
def extrema(iterable):
    """The least and the greatest element."""
    values = generators.collected(iterable)
    if values is not None:
        return call(function("extrema"), (values,))
    items = tuple(iterate(iterable))
    return (fold(function("min"), iter(items)), fold(function("max"), iter(items)))


def _define_find_extreme(name, better):
    """`findmax`/`argmax`: the extreme value and where it is, the first of equals."""

    def search(items):
        best = None
        for key, item in items:
            if best is None or host_number(call(function("isless"), better(best[1], item)), "a comparison"):
                best = (key, item)
        if best is None:
            fold(function("+"), iter(()))
        return best

    def place(values):
        """The extreme value and its index, of staged values in a vector; None for others."""
        if values is None or values.element not in t.ELEMENT_TYPES or values.rank != 1:
            return None
        return call(function(f"find{name}"), (values,))

    def indexed(iterable):
        return zip(iterate(call(function("keys"), (iterable,))), iterate(_values(iterable)), strict=True)

    @define(f"find{name}", t.Any)
    def find(iterable):
        key, item = search(indexed(iterable))
        return (item, key)

    @define(f"find{name}", t.Any, t.Any)
    def find_of(function_, iterable):
        found = place(generators.collected_of(function_, iterable))
        if found is not None:
            return found
        key, item = search((key, call(function_, (x,))) for key, x in indexed(iterable))
        return (item, key)

    @define(f"arg{name}", t.Any)
    def arg(iterable):
        return search(indexed(iterable))[0]

    @define(f"arg{name}", t.Any, t.Any)
    def arg_of(function_, iterable):
        found = place(generators.collected_of(function_, iterable))
        if found is not None:
            return call(function("getindex"), (call(function("collect"), (iterable,)), found[1]))
        return search((x, call(function_, (x,))) for x in iterate(iterable))[0]


def _values(iterable):
    if iterable.__class__ is Dictionary:
        return tuple(value for _, value in ordered(iterable))
    return iterable


_define_find_extreme("max", lambda best, item: (best, item))
_define_find_extreme("min", lambda best, item: (item, best))


# --- questions ----------------------------------------------------------------------------------------------


def _true(item):
    item = host_number(item, "a condition")
    if item.__class__ is not bool:
        raise fault("TypeError", f"non-boolean ({type_name(typeof(item))}) used in boolean context")
    return item


def _combine(operator, items, stop):
    """`any` or `all` of a Python iterator of Bools; those known only when the graph runs are combined
    there."""
    result = None
    for item in items:
        try:
            if _true(item) is stop:
                return stop
        except HostValueNeeded:
            result = item if result is None else call(function(operator), (result, item))
    return (not stop) if result is None else result


def _define_quantifier(name, operator, stop):
    @define(name, t.Any)
    def quantify(iterable):
        values = generators.reducible(iterable, lambda element: np.asarray(not stop))
        if values is not None:
            return call(function(name), (values,))
        return _combine(operator, iterate(iterable), stop)

    @define(name, t.Any, t.Any)
    def quantify_of(predicate, iterable):
        values = generators.collected_of(predicate, iterable)
        if values is not None:
            return call(function(name), (values,))
        return _combine(operator, mapped(predicate, (iterable,)), stop)


_define_quantifier("any", "|", True)
_define_quantifier("all", "&", False)


@define("count", t.Any)
def count(iterable):
    """How many elements are true."""
    values = generators.reducible(iterable, lambda element: np.asarray(False))
    if values is not None:
        return call(function("count"), (values,))
    return sum(map(_true, iterate(iterable)))


@define("count", t.Any, t.Any)
def count_of(predicate, iterable):
    """How many elements satisfy the predicate."""
    values = generators.collected_of(predicate, iterable)
    if values is not None:
        return call(function("count"), (values,))
    return sum(map(_true, mapped(predicate, (iterable,))))


@define("in ∈", t.Any, t.Any)
def contains(item, collection):
    """Whether some element equals the item."""
    equal = function("==")
    found = (call(equal, (item, other)) for other in iterate(collection))
    return _combine("|", found, True)


@define("∋", t.Any, t.Any)
def has_element(collection, item):
    return call(function("in"), (item, collection))


@define("∉", t.Any, t.Any)
def lacks(item, collection):
    return call(function("!"), (call(function("in"), (item, collection)),))


@define("∌", t.Any, t.Any)
def lacks_element(collection, item):
    return lacks(item, collection)


@define("isempty", t.Any)
def isempty(iterable):
    """Whether there are no elements."""
    return next(iterate(iterable), NOTHING_GIVEN) is NOTHING_GIVEN


@define("length", t.Any)
def length(iterable):
    """The number of elements, where it is known without iterating."""
    size = size_of(iterable)
    if size is None:
        raise fault("MethodError", f"no method matching length(::{type_name(typeof(iterable))})")
    total = 1
    for dim in size:
        total = total * dim
    return total


@define("size", t.Any)
def size(iterable):
    found = size_of(iterable)
    if found is None or iterable.__class__ in (tuple, str, NamedTuple, Dictionary, SetValue):
        raise fault("MethodError", f"no method matching size(::{type_name(typeof(iterable))})")
    return found


# --- first and last -----------------------------------------------------------------------------------------


@define("first", t.Any)
def first(iterable):
    """The first element."""
    for item in iterate(iterable):
        return item
    raise argument_error(f"{'tuple' if iterable.__class__ is tuple else 'collection'} must be non-empty")


@define("first", t.Any, t.Integer)
def first_several(iterable, number):
    """A vector of the first elements."""
    number = require_count(int(host_number(number, "a count")))
    return collect_values(itertools.islice(iterate(iterable), number))


@define("last", t.Any)
def last(iterable):
    """The last element."""
    items = list(iterate(iterable))
    if not items:
        raise argument_error("collection must be non-empty")
    return items[-1]


@define("last", t.Any, t.Integer)
def last_several(iterable, number):
    """A vector of the last elements."""
    items, number = list(iterate(iterable)), require_count(int(host_number(number, "a count")))
    return collect_values(items[max(0, len(items) - number):])


# --- map, filter, search ------------------------------------------------------------------------------------


@define("map", t.Any, t.Any, ...)
def map_(function_, *iterables):
    """A vector (or array) of the function's values."""
    if not iterables:
        raise fault("MethodError", "no method matching map(f)")
    values = generators.collected_of(function_, *iterables)
    if values is not None:
        return values
    size_ = size_of(iterables[0]) if len(iterables) == 1 else None
    return collect_values(mapped(function_, iterables), size_)


@define("foreach", t.Any, t.Any, ...)
def foreach(function_, *iterables):
    """Calls the function with each element."""
    if generators.collected_of(function_, *iterables) is not None:
        return
    for _ in mapped(function_, iterables):
        pass


@define("filter", t.Any, t.Any)
def filter_(predicate, iterable):
    """A vector of the elements that satisfy the predicate."""
    return collect_values(item for item in iterate(iterable) if holds(predicate, item))


def _pairs(collection):
    """(key, value) of each element, by the collection's own keys where it has some."""
    if collection.__class__ is Dictionary:
        return ordered(collection)
    keys = function("keys")
    if collection.__class__ in (NamedTuple, Struct) and keys.methods.find((collection,)):
        return zip(iterate(call(keys, (collection,))), iterate(collection), strict=True)
    return enumerate(iterate(collection), 1)


@define("findfirst", t.Any, t.Any)
def findfirst(predicate, collection):
    """The key of the first value that satisfies the predicate; nothing when none does."""
    return next((key for key, item in _pairs(collection) if holds(predicate, item)), None)


@define("findfirst", t.Any)
def findfirst_true(collection):
    return next((key for key, item in _pairs(collection) if _true(item)), None)


@define("findlast", t.Any, t.Any)
def findlast(predicate, collection):
    """The key of the last value that satisfies the predicate; nothing when none does."""
    return next((key for key, item in reversed(list(_pairs(collection))) if holds(predicate, item)), None)


@define("findall", t.Any, t.Any)
def findall(predicate, collection):
    """The keys of the values that satisfy the predicate."""
    keys = [key for key, item in _pairs(collection) if holds(predicate, item)]
    return collect_values(keys, element=None if keys else t.Int64)


@define("accumulate", t.Any, t.Any, keywords=("init",))
def accumulate(operation, iterable, init=NOTHING_GIVEN):
    """The running values of a left fold: a vector, of a tuple a tuple."""
    from .iterators import make_accumulate

    values = staged_accumulation(operation, iterable, init)
    if values is not None:
        return values
    values = make_accumulate(operation, iterable, init)
    if iterable.__class__ is tuple:
        return tuple(iterate(values))
    return collect_values(iterate(values), size_of(iterable))
