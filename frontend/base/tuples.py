"""Tuples and named tuples; `pairs` of collections."""

import numpy as np

from ...compiler.errors import WeberError
from .. import types as t
from ..display import FAMILIES, PLAIN_FAMILIES, show_text
from ..properties import convert_to
from ..staging import host_number, read_host
from ..values import Array, NamedTuple, Range, Singleton, Struct, Symbol, typeof
from .dictionaries import entries_of
from .errors import argument_error, fault
from .exceptions import exception, raise_value
from .iteration import FAMILY_ELEMENTS, ITERATORS, SIZES, element_type_of, iterate, size_of
from .pairs import PairFamily, pair
from .registry import define, define_constructor, function


def position(index, length, collection):
    """The 0-based position of an index; BoundsError when it is outside."""
    index = int(host_number(index, "an index into a tuple"))
    if not 1 <= index <= length:
        raise_value(exception("BoundsError", collection, (index,)))
    return index - 1


def positions(indices, length, collection):
    """The 0-based positions that a range, vector or mask of indices selects."""
    if indices.__class__ is Array and indices.element is t.Bool:
        return [int(k) for k in np.flatnonzero(read_host(indices, "an index"))]
    return [position(index, length, collection) for index in iterate(indices)]


@define("tuple", t.Any, ...)
def tuple_(*values):
    """The tuple of the arguments."""
    return values


@define("getindex", t.Tuple, t.Integer)
def getindex(values, index):
    return values[position(index, len(values), values)]


@define("getindex", t.Tuple, t.AbstractArray)
def getindex_several(values, indices):
    """The tuple of the elements at the indices."""
    return tuple(values[k] for k in positions(indices, len(values), values))


@define("getindex", t.Tuple, t.Colon)
def getindex_all(values, _):
    return values


@define("length", t.Tuple)
def length(values):
    return len(values)


@define("isempty", t.Tuple)
def isempty(values):
    return not values


@define("firstindex", t.UnionType((t.Tuple, t.NamedTuple)))
def firstindex(_values):
    return 1


@define("lastindex", t.Tuple)
def lastindex(values):
    return len(values)


def one_to(length):
    """`Base.OneTo(length)`."""
    return Range(1, 1, length, t.unwrap(t.OneTo).family.apply(t.Int64))


@define("eachindex keys", t.Tuple)
def eachindex(values):
    """The indices."""
    return one_to(len(values))


@define("axes", t.Tuple)
def axes(values):
    return (one_to(len(values)),)


@define("tail", t.Tuple, exported=False)
def tail(values):
    """All but the first element."""
    if not values:
        raise argument_error("Cannot call tail on an empty tuple.")
    return values[1:]


@define("front", t.Tuple, exported=False)
def front(values):
    """All but the last element."""
    if not values:
        raise argument_error("Cannot call front on an empty tuple.")
    return values[:-1]


@define("reverse", t.Tuple)
def reverse(values):
    return values[::-1]


@define("setindex", t.Tuple, t.Any, t.Integer, exported=False)
def setindex(values, item, index):
    """The tuple with one element replaced."""
    k = position(index, len(values), values)
    return (*values[:k], item, *values[k + 1:])


@define("setindex!", t.Tuple, t.Any, t.Any, ...)
def no_setindex(values, *_):
    type_ = t.type_name(typeof(values))
    raise fault("MethodError", f"no method matching setindex!(::{type_}, ...): tuples are immutable")


@define("map", t.Any, t.Tuple, t.Tuple, ...)
def map_(function_, *tuples):
    """The tuple of the function's values, as long as the shortest."""
    from ..calling import call

    return tuple(call(function_, items) for items in zip(*tuples, strict=False))


@define("map", t.Any, t.Tuple)
def map_one(function_, values):
    from ..calling import call

    return tuple(call(function_, (item,)) for item in values)


@define("filter", t.Any, t.Tuple)
def filter_(predicate, values):
    """The elements that satisfy the predicate."""
    from .iterators import holds

    return tuple(item for item in values if holds(predicate, item))


@define("copy", t.UnionType((t.Tuple, t.NamedTuple)))
def copy(values):
    return values


@define_constructor(t.Tuple, t.Any)
def construct_tuple(called, iterable):
    """`Tuple(iterable)`, `NTuple{2, Float32}(iterable)`."""
    items = tuple(iterate(iterable))
    parameters = called.parameters
    if any(isinstance(p, t.VarargType) for p in parameters):
        element = parameters[-1].element
        return items if element is t.Any else tuple(convert_to(element, item) for item in items)
    if len(items) < len(parameters):
        raise argument_error(f"too few elements for tuple type {t.type_name(called)}")
    return tuple(map(convert_to, parameters, items))


# --- named tuples -------------------------------------------------------------------------------------------


def no_field(values, name):
    raise WeberError(f"type NamedTuple has no field {name}", kind="FieldError")


@define("getindex", t.NamedTuple, t.Symbol)
def getindex_name(values, name):
    """The value of a name."""
    if name.name not in values.names:
        no_field(values, name.name)
    return values.values[values.names.index(name.name)]


@define("getindex", t.NamedTuple, t.Integer)
def getindex_number(values, index):
    return values.values[position(index, len(values.names), values)]


@define("getindex", t.NamedTuple, t.Tuple)
def getindex_names(values, names):
    """The named tuple of some of the names."""
    return NamedTuple([n.name for n in names], [getindex_name(values, n) for n in names])


@define("getindex", t.NamedTuple, t.AbstractArray)
def getindex_name_vector(values, names):
    return getindex_names(values, tuple(iterate(names)))


@define("getindex", t.NamedTuple, t.Colon)
def getindex_all_names(values, _):
    return values


@define("length lastindex", t.NamedTuple)
def length_of_named(values):
    return len(values.names)


@define("isempty", t.NamedTuple)
def isempty_named(values):
    return not values.names


@define("keys eachindex", t.NamedTuple)
def keys(values):
    """The names as a tuple of Symbols."""
    return tuple(map(Symbol, values.names))


@define("values", t.NamedTuple)
def values_(values):
    """The values as a tuple."""
    return values.values


@define("values", t.Any)
def values_of(collection):
    return collection


@define("haskey", t.NamedTuple, t.Symbol)
def haskey(values, name):
    return name.name in values.names


@define("haskey", t.UnionType((t.NamedTuple, t.Tuple)), t.Integer)
def haskey_number(values, index):
    return 1 <= index <= len(tuple(iterate(values)))


@define("get", t.NamedTuple, t.Symbol, t.Any)
def get(values, name, default):
    """The value of a name, or the default."""
    return values.get(name.name, default)


@define("get", t.Function, t.NamedTuple, t.Symbol)
def get_else(default, values, name):
    from ..calling import call

    return getindex_name(values, name) if name.name in values.names else call(default, ())


@define("get", t.Tuple, t.Integer, t.Any)
def get_element(values, index, default):
    return values[index - 1] if 1 <= index <= len(values) else default


@define("merge", t.NamedTuple, t.Any, ...)
def merge(first, *others):
    """The named tuple of all names; later values win, names keep their first place."""
    merged = dict(zip(first.names, first.values, strict=True))
    for other in others:
        for name, item in entries_of(other):
            merged[name.name] = item
    return NamedTuple(merged.keys(), merged.values())


@define("structdiff", t.NamedTuple, t.Any, exported=False)
def structdiff(values, other):
    """The named tuple without the names of another (or of its type)."""
    gone = other.names if other.__class__ is NamedTuple else t.unwrap(other).parameters[0]
    kept = [(n, v) for n, v in zip(values.names, values.values, strict=True) if n not in gone]
    return NamedTuple([n for n, _ in kept], [v for _, v in kept])


@define("setindex", t.NamedTuple, t.Any, t.Symbol, exported=False)
def setindex_name(values, item, name):
    """The named tuple with one value replaced or added."""
    return merge(values, NamedTuple([name.name], [item]))


@define("map", t.Any, t.NamedTuple, t.NamedTuple, ...)
def map_named(function_, first, *others):
    """The named tuple of the function's values."""
    from ..calling import call

    for other in others:
        if other.names != first.names:
            raise argument_error("Named tuple names do not match.")
    columns = zip(first.values, *(other.values for other in others), strict=True)
    return NamedTuple(first.names, [call(function_, items) for items in columns])


@define("map", t.Any, t.NamedTuple)
def map_one_named(function_, values):
    return map_named(function_, values)


@define("filter", t.Any, t.NamedTuple)
def filter_named(predicate, values):
    from .iterators import holds

    kept = [(n, v) for n, v in zip(values.names, values.values, strict=True) if holds(predicate, v)]
    return NamedTuple([n for n, _ in kept], [v for _, v in kept])


@define("reverse", t.NamedTuple)
def reverse_named(values):
    return NamedTuple(values.names[::-1], values.values[::-1])


@define("tail", t.NamedTuple, exported=False)
def tail_named(values):
    return NamedTuple(values.names[1:], values.values[1:])


@define_constructor(t.NamedTuple)
def empty_named_tuple(_called):
    return NamedTuple((), ())


@define_constructor(t.NamedTuple, t.Any)
def construct_named_tuple(called, content):
    """`NamedTuple{(:a, :b)}((1, 2))`, `NamedTuple(pairs)`."""
    names = t.unwrap(called).parameters[0]
    if isinstance(names, t.TypeVar):
        entries = entries_of(content)
        return NamedTuple([name.name for name, _ in entries], [item for _, item in entries])
    if content.__class__ is NamedTuple:
        return getindex_names(content, tuple(map(Symbol, names)))
    items = tuple(iterate(content))
    if len(items) != len(names):
        raise argument_error("Wrong number of arguments to named tuple constructor.")
    types = t.unwrap(called).parameters[1]
    if isinstance(types, t.DataType):
        items = tuple(map(convert_to, types.parameters, items))
    return NamedTuple(names, items)


# --- pairs --------------------------------------------------------------------------------------------------

PairsFamily = t.TypeFamily("Base.Pairs", supertype=t.AbstractDict.body.body.family.apply(t.Any, t.Any),
                           field_names=("data", "itr"), field_types=(t.Any, t.Any))
PairsType = PairsFamily.apply()
"""What `pairs` gives for collections other than dictionaries: index => element, name => value."""


def pairs_entries(view):
    """The (key, value) entries of a `pairs(collection)`."""
    return zip(iterate(view.fields[1]), iterate(view.fields[0]), strict=True)


ITERATORS[PairsFamily] = lambda view: (pair(key, item) for key, item in pairs_entries(view))
SIZES[PairsFamily] = lambda view: size_of(view.fields[0])
FAMILY_ELEMENTS[PairsFamily] = lambda view: PairFamily.apply(
    t.Symbol if view.fields[0].__class__ is NamedTuple else t.Int64, element_type_of(view.fields[0]) or t.Any)


def _plain_pairs(view, context):
    count = length_pairs(view)
    type_ = t.type_name(typeof(view.fields[0]))
    lines = [f"pairs(::{type_}) with {count} {'entry' if count == 1 else 'entries'}:"]
    entries = [(show_text(key, context), show_text(item, context)) for key, item in pairs_entries(view)]
    width = max((len(key) for key, _ in entries), default=0)
    return "\n".join(lines + [f"  {key:<{width}} => {item}" for key, item in entries])


PLAIN_FAMILIES[PairsFamily] = _plain_pairs
FAMILIES[PairsFamily] = lambda view, context: f"pairs({show_text(view.fields[0], context)})"


@define("pairs", t.NamedTuple)
def pairs_named(values):
    """name => value for each."""
    return Struct(PairsType, [values, keys(values)])


@define("pairs", t.Any)
def pairs_indexed(collection):
    """index => element for each."""
    from ..calling import call

    return Struct(PairsType, [collection, call(function("eachindex"), (collection,))])


@define("getindex", PairsType, t.Any)
def getindex_pairs(view, key):
    from ..calling import call

    return call(function("getindex"), (view.fields[0], key))


@define("haskey", PairsType, t.Any)
def haskey_pairs(view, key):
    return any(key == other for other in iterate(view.fields[1]))


@define("get", PairsType, t.Any, t.Any)
def get_pairs(view, key, default):
    return getindex_pairs(view, key) if haskey_pairs(view, key) else default


@define("length", PairsType)
def length_pairs(view):
    return len(list(iterate(view.fields[1])))


@define("isempty", PairsType)
def isempty_pairs(view):
    return length_pairs(view) == 0


@define("keys", PairsType)
def keys_pairs(view):
    return view.fields[1]


@define("values", PairsType)
def values_pairs(view):
    content = view.fields[0]
    return content.values if content.__class__ is NamedTuple else content


# --- a pair as a collection ---------------------------------------------------------------------------------


@define("getindex", PairFamily.wrapper, t.Integer)
def getindex_pair(value, index):
    return value.fields[position(index, 2, value)]


@define("length lastindex", PairFamily.wrapper)
def length_pair(_value):
    return 2


@define("reverse", PairFamily.wrapper)
def reverse_pair(value):
    return pair(value.fields[1], value.fields[0])


@define("first", PairFamily.wrapper)
def first_of_pair(value):
    return value.fields[0]


@define("last", PairFamily.wrapper)
def last_of_pair(value):
    return value.fields[1]


def _define_equality(name):
    @define(name, PairFamily.wrapper, PairFamily.wrapper)
    def equal(a, b):
        from ..calling import call

        return all(call(function(name), sides) is True for sides in zip(a.fields, b.fields, strict=True))


_define_equality("==")
_define_equality("isequal")


# --- references and optional values -------------------------------------------------------------------------

Ref = t.declare("Ref", abstract=True, parameters=(t.TypeVar("T"),))
_RefT = t.TypeVar("T")
RefValue = t.declare("RefValue", t.unwrap(Ref).family.apply(_RefT), mutable=True, parameters=(_RefT,),
                     fields=("x",))
RefFamily = t.unwrap(RefValue).family
RefFamily.field_types = RefFamily.parameters
Some = t.declare("Some", parameters=(t.TypeVar("T"),), fields=("value",))
SomeFamily = t.unwrap(Some).family
SomeFamily.field_types = SomeFamily.parameters
FAMILIES[RefFamily] = lambda value, context: (
    f"Base.RefValue{{{t.type_name(value.type.parameters[0])}}}({show_text(value.fields[0], context)})")
FAMILIES[SomeFamily] = lambda value, context: f"Some({show_text(value.fields[0], context)})"


@define_constructor(Ref, t.Any)
def make_ref(called, value):
    """`Ref(x)`, `Ref{T}(x)`: a mutable cell, a scalar in broadcasts."""
    element = called.parameters[0] if isinstance(called, t.DataType) else None
    if element is None:
        return Struct(RefFamily.apply(typeof(value)), [value])
    return Struct(RefFamily.apply(element), [convert_to(element, value)])


@define("getindex", RefValue)
def dereference(cell):
    """`cell[]`."""
    from ..staging import read_field

    return read_field(cell, 0)


@define("setindex!", RefValue, t.Any)
def assign_ref(cell, value):
    """`cell[] = value`."""
    from ..staging import write_field

    write_field(cell, 0, convert_to(cell.type.parameters[0], value))
    return cell


@define_constructor(Some, t.Any)
def make_some(_called, value):
    """`Some(x)`: a value that is there, even when it is nothing."""
    return Struct(SomeFamily.apply(typeof(value)), [value])


@define("something", t.Any, ...)
def something(*values):
    """The first argument that is not nothing, unwrapped."""
    for value in values:
        if value is not None:
            return value.fields[0] if value.__class__ is Struct and value.type.family is SomeFamily else value
    raise argument_error("No value arguments present")


@define("isnothing", t.Any)
def isnothing(value):
    """Whether the value is nothing."""
    return value is None


@define("notnothing", t.Any, exported=False)
def notnothing(value):
    if value is None:
        raise argument_error("expected a value, got nothing")
    return value


@define("ismissing", t.Any)
def ismissing(value):
    """Whether the value is missing."""
    return value.__class__ is Singleton and value.name == "missing"


@define("coalesce", t.Any, ...)
def coalesce(*values):
    """The first argument that is not missing."""
    for value in values:
        if not ismissing(value):
            return value
    return values[-1]
