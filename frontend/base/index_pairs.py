"""`pairs` of collections: index => element, name => value; a Pair as a collection of two."""


from .. import types as t
from ..calling import call
from ..printing.display import FAMILIES, PLAIN_FAMILIES, show_text
from ..type_lattice import TypeFamily
from ..type_names import type_name
from ..values import NamedTuple, Struct, typeof
from .iteration import FAMILY_ELEMENTS, ITERATORS, SIZES, collect, element_type_of, iterate, size_of
from .named_tuples import keys
from .pairs import PairFamily, pair
from .registry import define, function
from .tuples import position

PairsFamily = TypeFamily("Base.Pairs", supertype=t.AbstractDict.body.body.family.apply(t.Any, t.Any),
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
    content = view.fields[0]
    type_ = "NamedTuple" if content.__class__ is NamedTuple else type_name(typeof(content))
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
    return Struct(PairsType, [collection, call(function("eachindex"), (collection,))])


@define("getindex", PairsType, t.Any)
def getindex_pairs(view, key):
    return call(function("getindex"), (view.fields[0], key))


@define("== isequal", PairsType, PairsType)
def equal_pairs(a, b):
    """Whether both have equal elements at equal indices."""
    return call(function("=="), (collect(a), collect(b)))


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
    """What `pairs` was made of: a named tuple stays one."""
    return view.fields[0]


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


@define("isless", PairFamily.wrapper, PairFamily.wrapper)
def pairs_ordered(a, b):
    """By the first of each, then by the second."""
    return call(function("isless"), (tuple(a.fields), tuple(b.fields)))


def _define_equality(name):
    @define(name, PairFamily.wrapper, PairFamily.wrapper)
    def equal(a, b):
        return all(call(function(name), sides) is True for sides in zip(a.fields, b.fields, strict=True))


_define_equality("==")
_define_equality("isequal")
