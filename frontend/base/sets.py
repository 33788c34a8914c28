"""`Set` and the operations of sets, also on other collections."""

from functools import reduce

from ...compiler.errors import WeberError
from .. import types as t
from ..calling import call
from ..evaluation.properties import convert_to
from ..promotion import promote_type
from ..staging import read
from ..state import state
from ..type_lattice import DataType, is_subtype, unwrap
from ..type_names import type_name
from ..values import ABSENT, Array, SetValue, Struct, typeof
from .dictionaries import write_location
from .elements import NUMBERS
from .exceptions import exception, raise_value
from .hash_order import ordered
from .hashing import hash_key
from .iteration import collect_values, element_type_of, iterate, join_all
from .registry import define, define_constructor
from .selection import chosen, first_occurrences, flat, is_staged

SetFamily = unwrap(t.Set).family


def set_of(items, element=None):
    """A Set of these elements, of their join as element type unless one is given."""
    items = list(items)
    if element is None:
        element = join_all(set(map(typeof, items))) if items else t.Any
    else:
        items = [convert_to(element, item) for item in items]
    result = {}
    for item in items:
        result.setdefault(hash_key(item), item)
    return SetValue(SetFamily.apply(element), result)


@define_constructor(t.Set)
def empty_set(called):
    return set_of((), called.parameters[0] if isinstance(called, DataType) else None)


@define_constructor(t.Set, t.Any)
def set_of_iterable(called, iterable):
    """`Set(iterable)`, `Set{T}(iterable)`."""
    if isinstance(called, DataType):
        return set_of(iterate(iterable), called.parameters[0])
    element = element_type_of(iterable)
    return set_of(iterate(iterable), t.Any if element is t.Bottom else element)


def has(collection, item):
    """Whether a set has the item; a trace depends on the answer."""
    place = hash_key(item)
    if state.trace is not None:
        state.trace.guard(collection, place, collection.get_location(place))
    return place in collection.items


@define("in ∈", t.Any, t.Set)
def contains(item, collection):
    """Whether the set has the item."""
    return has(collection, item)


@define("length", t.Set)
def length(collection):
    return len(collection.items)


@define("isempty", t.Set)
def isempty(collection):
    return not collection.items


@define("push!", t.Set, t.Any, ...)
def push(collection, *items):
    """Adds elements."""
    for item in items:
        item = convert_to(collection.type.parameters[0], item)
        place = hash_key(item)
        if place not in collection.items:
            write_location(collection, place, item)
    return collection


@define("delete!", t.Set, t.Any)
def delete(collection, item):
    """Removes an element if it is there."""
    place = hash_key(item)
    if place in collection.items:
        write_location(collection, place, ABSENT)
    return collection


@define("pop!", t.Set, t.Any)
def pop(collection, item):
    """Removes an element and gives it; KeyError when it is not there."""
    if not has(collection, item):
        raise_value(exception("KeyError", item))
    found = collection.items[hash_key(item)]
    delete(collection, item)
    return found


@define("pop!", t.Set)
def pop_any(collection):
    if not collection.items:
        raise WeberError("ArgumentError: set must be non-empty", kind="ArgumentError")
    return pop(collection, ordered(collection)[0])


@define("empty!", t.Set)
def empty_in_place(collection):
    """Removes all elements."""
    for place in list(collection.items):
        write_location(collection, place, ABSENT)
    return collection


@define("empty", t.Set)
def empty(collection):
    return SetValue(collection.type)


@define("copy", t.Set)
def copy(collection):
    """A set of the same elements."""
    return SetValue(collection.type, dict(collection.items))


@define("filter", t.Any, t.Set)
def filter_(predicate, collection):
    """The elements that satisfy the predicate."""
    from .iterators import holds

    return SetValue(collection.type, {k: x for k, x in collection.items.items() if holds(predicate, x)})


@define("filter!", t.Any, t.Set)
def filter_in_place(predicate, collection):
    for place in set(collection.items) - set(filter_(predicate, collection).items):
        write_location(collection, place, ABSENT)
    return collection


@define("map", t.Any, t.Set)
def map_(_function, _collection):
    raise WeberError("map is not defined on sets")


def _define_equality(name):
    @define(name, t.Set, t.Set)
    def equal(a, b):
        return a.items.keys() == b.items.keys()


_define_equality("==")
_define_equality("isequal")


# --- operations on collections ------------------------------------------------------------------------------


def _keyed(iterable):
    """The distinct elements of an iterable by hash key, in order."""
    if iterable.__class__ is SetValue:
        return iterable.items
    result = {}
    for item in iterate(iterable):
        result.setdefault(hash_key(item), item)
    return result


def _element(collections):
    """The promoted element type of several collections, None where one does not tell."""
    types = [element_type_of(collection) for collection in collections]
    return None if None in types else reduce(promote_type, types)


def _like(first, items, element):
    """A set of the items where the first collection is a set, else a vector."""
    if first.__class__ is SetValue or (first.__class__ is Struct and is_subtype(first.type, t.AbstractSet)):
        return set_of(items, element)
    if element is not None:
        items = [convert_to(element, item) for item in items]
    return collect_values(items, element=element)


@define("union ∪", t.Any, t.Any, ...)
def union(*collections):
    """The distinct elements of all: a set when the first is one, else a vector."""
    result = {}
    for collection in collections:
        for place, item in _keyed(collection).items():
            result.setdefault(place, item)
    return _like(collections[0], result.values(), _element(collections))


@define("intersect ∩", t.Any, t.Any, ...)
def intersect(first, *others):
    """The distinct elements that are in all."""
    keys = [set(_keyed(other)) for other in others]
    items = [x for place, x in _keyed(first).items() if all(place in key for key in keys)]
    return _like(first, items, _element((first, *others)))


@define("setdiff", t.Any, t.Any, ...)
def setdiff(first, *others):
    """The distinct elements of the first that are in none of the others."""
    gone = set().union(*map(_keyed, others))
    kept = [x for place, x in _keyed(first).items() if place not in gone]
    return _like(first, kept, element_type_of(first))


@define("symdiff", t.Any, t.Any, ...)
def symdiff(first, *others):
    """The distinct elements that are in an odd number of the collections."""
    result = dict(_keyed(first))
    for other in others:
        added = _keyed(other)
        result = {place: x for one, rest in ((result, added), (added, result)) for place, x in one.items()
                  if place not in rest}
    return _like(first, result.values(), _element((first, *others)))


def _replace(collection, result):
    for place in list(collection.items):
        if place not in result.items:
            write_location(collection, place, ABSENT)
    return push(collection, *result.items.values())


def _define_in_place(name, meaning):
    @define(name, t.Set, t.Any, ...)
    def in_place(collection, *others):
        return _replace(collection, meaning(collection, *others))


_define_in_place("union!", union)
_define_in_place("intersect!", intersect)
_define_in_place("setdiff!", setdiff)
_define_in_place("symdiff!", symdiff)


@define("issubset ⊆", t.Any, t.Any)
def issubset(a, b):
    """Whether all elements of a are in b."""
    return set(_keyed(a)) <= set(_keyed(b))


@define("⊇", t.Any, t.Any)
def issuperset(a, b):
    return issubset(b, a)


@define("⊊", t.Any, t.Any)
def is_proper_subset(a, b):
    return set(_keyed(a)) < set(_keyed(b))


@define("⊋", t.Any, t.Any)
def is_proper_superset(a, b):
    return is_proper_subset(b, a)


@define("⊈", t.Any, t.Any)
def is_no_subset(a, b):
    return not issubset(a, b)


@define("issetequal", t.Any, t.Any)
def issetequal(a, b):
    """Whether a and b have the same elements."""
    return set(_keyed(a)) == set(_keyed(b))


@define("isdisjoint", t.Any, t.Any)
def isdisjoint(a, b):
    """Whether a and b have no element in common."""
    return set(_keyed(a)).isdisjoint(_keyed(b))


@define("unique", t.Any)
def unique(collection):
    """The distinct elements, in order, as a vector."""
    mask = _staged_occurrences(collection)
    if mask is not None:
        return chosen(collection, mask)
    return collect_values(_keyed(collection).values(), element=element_type_of(collection))


def _staged_occurrences(collection):
    """The mask of the first occurrence of each element of an array of numbers that only the graph knows, in
    the elements' order; None of others."""
    if state.trace is None or collection.__class__ is not Array or collection.element not in NUMBERS:
        return None
    payload = read(collection)
    return first_occurrences(flat(payload)) if is_staged(payload) else None


@define("unique", t.Any, t.Any)
def unique_by(function_, collection):
    """The elements with distinct values of the function, in order."""
    result = {}
    for item in iterate(collection):
        result.setdefault(hash_key(call(function_, (item,))), item)
    element = collection.element if collection.__class__ is Array else None
    return collect_values(result.values(), element=element)


@define("allunique", t.Any)
def allunique(collection):
    """Whether all elements are distinct."""
    items = list(iterate(collection))
    return len(set(map(hash_key, items))) == len(items)


@define("allequal", t.Any)
def allequal(collection):
    """Whether all elements are equal."""
    return len(set(map(hash_key, iterate(collection)))) <= 1


@define("summary", t.Set)
def summary(collection):
    count = len(collection.items)
    return f"{type_name(collection.type)} with {count} element{'s' * (count != 1)}"
