"""`Dict` and `IdDict`. Entries are kept as they were inserted, and iterated over in the order of
`hash_order`."""

import numpy as np

from ...compiler.errors import WeberError
from .. import types as t
from ..calling import call
from ..evaluation.properties import convert_to
from ..printing import display
from ..printing.array_text import element_type
from ..promotion import promote_type
from ..state import LaneEffect, state
from ..type_lattice import DataType, UnionType, union, unwrap
from ..type_names import type_name
from ..values import ABSENT, Dictionary, NamedTuple, Struct, Symbol, typeof
from .exceptions import exception, raise_value
from .hash_order import ordered
from .hashing import hash_key
from .iteration import FAMILY_ELEMENTS, ITERATORS, SIZES, collect, iterate, join_types
from .pairs import is_pair, pair
from .registry import define, define_constructor, function

DictFamily, IdDictFamily = unwrap(t.Dict).family, unwrap(t.IdDict).family
HashTable = union(t.Dict, t.IdDict)
"""The dictionaries of Base; other subtypes of AbstractDict bring their own methods."""


class _Identity:
    """The key of an object in an IdDict: the object itself, whatever it is equal to."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return id(self.value)

    def __eq__(self, other):
        return isinstance(other, _Identity) and self.value is other.value


def key_of(dictionary, key):
    """The hash key of a key in a dictionary."""
    if dictionary.type.family is IdDictFamily and not isinstance(key, int | float | str | np.generic | tuple):
        return _Identity(key)
    return hash_key(key)


def dictionary_pairs(dictionary):
    """The entries as Pairs of the dictionary's key and value types."""
    type_ = element_type(dictionary.type)
    return (Struct(type_, list(entry)) for entry in ordered(dictionary))


def find_entry(dictionary, key):
    """The (key, value) entry, or None; a trace depends on what it finds."""
    place = key_of(dictionary, key)
    entry = dictionary.items.get(place)
    if state.trace is not None:
        state.trace.guard(dictionary, place, ABSENT if entry is None else entry)
    return entry


def write_location(collection, place, entry):
    """Sets or removes (`ABSENT`) an entry at a hash key, noted by the trace."""
    if state.lanes:
        raise LaneEffect
    if state.trace is not None:
        state.trace.record(collection, place, collection.get_location(place))
    collection.set_location(place, entry)


def set_entry(dictionary, key, value):
    """`dictionary[key] = value`, both converted to the dictionary's types."""
    key_type, value_type = dictionary.type.parameters
    key = convert_to(key_type, key)
    write_location(dictionary, key_of(dictionary, key), (key, convert_to(value_type, value)))


def dictionary_of(entries, type_=None, family=DictFamily):
    """A Dict of (key, value) entries; without a type it has the joins of the keys' and of the values'
    types."""
    entries = list(entries)
    if type_ is None:
        key_type = value_type = t.Bottom
        for key, value in entries:
            key_type, value_type = join_types(key_type, typeof(key)), join_types(value_type, typeof(value))
        type_ = family.apply(key_type, value_type) if entries else family.apply(t.Any, t.Any)
        result = Dictionary(type_)
        for key, value in entries:
            place = key_of(result, key)
            result.items[place] = (result.items[place][0] if place in result.items else key, value)
        return result
    result = Dictionary(type_)
    for key, value in entries:
        set_entry(result, key, value)
    return result


def entry_of(item):
    """(key, value) of a Pair or a tuple of two."""
    if is_pair(item):
        return tuple(item.fields)
    if item.__class__ is tuple and len(item) == 2:
        return item
    raise WeberError("ArgumentError: AbstractDict(kv): kv needs to be an iterator of 2-tuples or pairs",
                     kind="ArgumentError")


def entries_of(collection):
    """The (key, value) entries of a dictionary, named tuple or iterable of pairs."""
    if collection.__class__ is NamedTuple:
        return list(zip(map(Symbol, collection.names), collection.values, strict=True))
    return [entry_of(item) for item in iterate(collection)]


def missing_key(key):
    raise_value(exception("KeyError", key))


# --- construction -------------------------------------------------------------------------------------------


def _concrete(type_):
    return type_ if isinstance(type_, DataType) else None


def _define_constructors(type_, family):
    from .pairs import Pair

    @define_constructor(type_)
    def empty_dictionary(called):
        return dictionary_of((), _concrete(called), family)

    @define_constructor(type_, Pair)
    @define_constructor(type_, Pair, ...)
    def dictionary_of_pairs(called, *pairs_):
        return dictionary_of(map(entry_of, pairs_), _concrete(called), family)

    @define_constructor(type_, t.Any)
    def dictionary_of_iterable(called, iterable):
        given = _concrete(called)
        if iterable.__class__ is Dictionary and given is None:
            return dictionary_of(iterable.items.values(), family.apply(*iterable.type.parameters))
        return dictionary_of(map(entry_of, iterate(iterable)), given, family)


_define_constructors(t.Dict, DictFamily)
_define_constructors(t.IdDict, IdDictFamily)


# --- reading ------------------------------------------------------------------------------------------------


@define("getindex", HashTable, t.Any)
def getindex(dictionary, key):
    """`dictionary[key]`; KeyError when there is no such key."""
    entry = find_entry(dictionary, key)
    return missing_key(key) if entry is None else entry[1]


@define("getindex", HashTable, t.Any, t.Any, t.Any, ...)
def getindex_tuple(dictionary, *key):
    return getindex(dictionary, key)


@define("get", HashTable, t.Any, t.Any)
def get(dictionary, key, default):
    """The value of a key, or the default."""
    entry = find_entry(dictionary, key)
    return default if entry is None else entry[1]


@define("get", t.Function, HashTable, t.Any)
def get_else(default, dictionary, key):
    """The value of a key, or what the function gives."""
    entry = find_entry(dictionary, key)
    return call(default, ()) if entry is None else entry[1]


@define("get!", HashTable, t.Any, t.Any)
def get_or_set(dictionary, key, default):
    """The value of a key, which is set to the default when it is missing."""
    entry = find_entry(dictionary, key)
    if entry is None:
        set_entry(dictionary, key, default)
        entry = find_entry(dictionary, key)
    return entry[1]


@define("get!", t.Function, HashTable, t.Any)
def get_or_compute(default, dictionary, key):
    entry = find_entry(dictionary, key)
    return get_or_set(dictionary, key, call(default, ())) if entry is None else entry[1]


@define("haskey", HashTable, t.Any)
def haskey(dictionary, key):
    """Whether the dictionary has the key."""
    return find_entry(dictionary, key) is not None


@define("getkey", HashTable, t.Any, t.Any)
def getkey(dictionary, key, default):
    """The stored key that equals `key`, or the default."""
    entry = find_entry(dictionary, key)
    return default if entry is None else entry[0]


@define("length", HashTable)
def length(dictionary):
    return len(dictionary.items)


@define("isempty", HashTable)
def isempty(dictionary):
    return not dictionary.items


@define("in ∈", t.Any, HashTable)
def contains(item, dictionary):
    """Whether a Pair is an entry."""
    if not is_pair(item):
        raise WeberError("AbstractDict collections only contain Pairs;\nEither look for e.g. A=>B instead, "
                         "or use the `keys` or `values` function if you are looking for a key or value "
                         "respectively.")
    entry = find_entry(dictionary, item.fields[0])
    return entry is not None and _equal(entry[1], item.fields[1])


def _equal(a, b, test="=="):
    return call(function(test), (a, b)) is True


def _define_equality(name):
    @define(name, HashTable, HashTable)
    def equal(a, b):
        if len(a.items) != len(b.items):
            return False
        return all(place in b.items and _equal(entry[1], b.items[place][1], name)
                   for place, entry in a.items.items())


_define_equality("==")
_define_equality("isequal")


@define("keytype", t.AbstractDict)
def keytype(dictionary):
    """The type of the keys."""
    return dictionary.type.parameters[0]


@define("valtype", t.AbstractDict)
def valtype(dictionary):
    """The type of the values."""
    return dictionary.type.parameters[1]


# --- keys, values, pairs ------------------------------------------------------------------------------------

KeySet = t.declare("KeySet", unwrap(t.AbstractSet).family.apply(t.Any), fields=("dict",))
ValueIterator = t.declare("ValueIterator", fields=("dict",))


def _view(type_, part, parameter):
    family = type_.family
    ITERATORS[family] = lambda view: (entry[part] for entry in ordered(view.fields[0]))
    SIZES[family] = lambda view: (len(view.fields[0].items),)
    FAMILY_ELEMENTS[family] = lambda view: view.fields[0].type.parameters[parameter]

    def plain(view, context):
        dictionary = view.fields[0]
        count = len(dictionary.items)
        title = "Keys" if part == 0 else "Values"
        text = (f"{family.name} for a {type_name(dictionary.type)} with {count} "
                f"{'entry' if count == 1 else 'entries'}. {title}:")
        rows = context.rows - 4 if context.limit else count + 1
        for index, item in enumerate(iterate(view), 1):
            if index == rows < count:
                return text + "\n  ⋮"
            shown = display.show_text(item, context.inside(dictionary))
            text += "\n  " + display.truncate(shown, context.columns - 2)
        return text

    display.PLAIN_FAMILIES[family] = plain
    display.FAMILIES[family] = lambda view, context: display.show_text(collect(view), context)


_view(KeySet, 0, 0)
_view(ValueIterator, 1, 1)


@define("keys", HashTable)
def keys(dictionary):
    """An iterator over the keys."""
    return Struct(KeySet, [dictionary])


@define("values", HashTable)
def values(dictionary):
    """An iterator over the values."""
    return Struct(ValueIterator, [dictionary])


@define("pairs", HashTable)
def pairs_of_dictionary(dictionary):
    return dictionary


@define("length", UnionType((KeySet, ValueIterator)))
def length_of_view(view):
    return len(view.fields[0].items)


@define("in ∈", t.Any, KeySet)
def contains_key(key, view):
    return haskey(view.fields[0], key)


# --- writing ------------------------------------------------------------------------------------------------


@define("setindex!", HashTable, t.Any, t.Any)
def setindex(dictionary, value, key):
    """`dictionary[key] = value`."""
    set_entry(dictionary, key, value)
    return dictionary


@define("push!", HashTable, t.Any, ...)
def push(dictionary, *pairs_):
    """Adds Pairs."""
    for item in pairs_:
        set_entry(dictionary, *entry_of(item))
    return dictionary


@define("delete!", HashTable, t.Any)
def delete(dictionary, key):
    """Removes a key if it is there."""
    place = key_of(dictionary, key)
    if place in dictionary.items:
        write_location(dictionary, place, ABSENT)
    return dictionary


@define("pop!", HashTable, t.Any)
def pop(dictionary, key):
    """Removes a key and gives its value; KeyError when it is missing."""
    entry = find_entry(dictionary, key)
    if entry is None:
        missing_key(key)
    delete(dictionary, key)
    return entry[1]


@define("pop!", HashTable, t.Any, t.Any)
def pop_default(dictionary, key, default):
    entry = find_entry(dictionary, key)
    delete(dictionary, key)
    return default if entry is None else entry[1]


@define("pop!", HashTable)
def pop_any(dictionary):
    """Removes an entry and gives it as a Pair."""
    if not dictionary.items:
        raise WeberError("ArgumentError: dict must be non-empty", kind="ArgumentError")
    key, value = ordered(dictionary)[0]
    delete(dictionary, key)
    return pair(key, value)


@define("empty!", HashTable)
def empty_in_place(dictionary):
    """Removes all entries."""
    for place in list(dictionary.items):
        write_location(dictionary, place, ABSENT)
    return dictionary


@define("empty", HashTable)
def empty(dictionary):
    """An empty dictionary of the same type."""
    return Dictionary(dictionary.type)


@define("copy", HashTable)
def copy(dictionary):
    """A dictionary with the same entries."""
    return Dictionary(dictionary.type, dict(dictionary.items))


@define("sizehint!", HashTable, t.Integer)
def sizehint(dictionary, _count):
    return dictionary


@define("filter", t.Any, HashTable)
def filter_(predicate, dictionary):
    """The entries whose Pair satisfies the predicate."""
    from .iterators import holds

    kept = {place: entry for place, entry in dictionary.items.items() if holds(predicate, pair(*entry))}
    return Dictionary(dictionary.type, kept)


@define("filter!", t.Any, HashTable)
def filter_in_place(predicate, dictionary):
    """Keeps the entries whose Pair satisfies the predicate."""
    kept = filter_(predicate, dictionary).items
    for place in list(dictionary.items):
        if place not in kept:
            write_location(dictionary, place, ABSENT)
    return dictionary


@define("map", t.Any, t.AbstractDict)
def map_(_function, _dictionary):
    raise WeberError("map is not defined on dictionaries")


# --- merging ------------------------------------------------------------------------------------------------


def merged_type(first, others):
    """The Dict type that holds the entries of all dictionaries: their key and value types promoted."""
    key_type, value_type = first.type.parameters
    for other in others:
        key_type = promote_type(key_type, other.type.parameters[0])
        value_type = promote_type(value_type, other.type.parameters[1])
    return first.type.family.apply(key_type, value_type)


@define("merge", HashTable, HashTable, ...)
def merge(first, *others):
    """A dictionary with the entries of all, later ones winning."""
    return merge_in_place(dictionary_of(first.items.values(), merged_type(first, others)), *others)


@define("merge!", HashTable, HashTable, ...)
def merge_in_place(first, *others):
    """Adds the entries of the others, later ones winning."""
    for other in others:
        for key, value in list(other.items.values()):
            set_entry(first, key, value)
    return first


@define("mergewith", t.Any, HashTable, HashTable, ...)
def mergewith(combine, first, *others):
    """A dictionary with the entries of all, values of equal keys combined by the function."""
    merged = dictionary_of(first.items.values(), merged_type(first, others))
    return mergewith_in_place(combine, merged, *others)


@define("mergewith!", t.Any, HashTable, HashTable, ...)
def mergewith_in_place(combine, first, *others):
    """Adds the entries of the others, values of equal keys combined by the function."""
    for other in others:
        for key, value in list(other.items.values()):
            old = find_entry(first, key)
            set_entry(first, key, value if old is None else call(combine, (old[1], value)))
    return first
