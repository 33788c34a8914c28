"""Named tuples."""


from ...compiler.errors import WeberError
from .. import types as t
from ..calling import call
from ..evaluation.properties import convert_to
from ..type_lattice import DataType, TypeVar, UnionType, unwrap
from ..values import NamedTuple, Symbol
from .dictionaries import entries_of
from .errors import argument_error
from .iteration import iterate
from .registry import define, define_constructor
from .tuples import position


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
    if any(name.__class__ is not Symbol for name in names):
        raise argument_error("several fields of a named tuple are chosen by their names")
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


@define("haskey", UnionType((t.NamedTuple, t.Tuple)), t.Integer)
def haskey_number(values, index):
    return 1 <= index <= len(tuple(iterate(values)))


@define("get", t.NamedTuple, t.Symbol, t.Any)
def get(values, name, default):
    """The value of a name, or the default."""
    return values.get(name.name, default)


@define("get", t.Function, t.NamedTuple, t.Symbol)
def get_else(default, values, name):
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
    gone = other.names if other.__class__ is NamedTuple else unwrap(other).parameters[0]
    kept = [(n, v) for n, v in zip(values.names, values.values, strict=True) if n not in gone]
    return NamedTuple([n for n, _ in kept], [v for _, v in kept])


@define("setindex", t.NamedTuple, t.Any, t.Symbol, exported=False)
def setindex_name(values, item, name):
    """The named tuple with one value replaced or added."""
    return merge(values, NamedTuple([name.name], [item]))


@define("map", t.Any, t.NamedTuple, t.NamedTuple, ...)
def map_named(function_, first, *others):
    """The named tuple of the function's values."""
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
    names = unwrap(called).parameters[0]
    if isinstance(names, TypeVar):
        entries = entries_of(content)
        return NamedTuple([name.name for name, _ in entries], [item for _, item in entries])
    if content.__class__ is NamedTuple:
        return getindex_names(content, tuple(map(Symbol, names)))
    items = tuple(iterate(content))
    if len(items) != len(names):
        raise argument_error("Wrong number of arguments to named tuple constructor.")
    types = unwrap(called).parameters[1]
    if isinstance(types, DataType):
        items = tuple(map(convert_to, types.parameters, items))
    return NamedTuple(names, items)
