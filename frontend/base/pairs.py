"""`Pair`, `first => second`."""

from .. import types as t
from ..type_lattice import DataType, TypeVar, unwrap
from ..values import Struct, typeof
from .registry import define, define_constructor

Pair = t.declare("Pair", parameters=(TypeVar("A"), TypeVar("B")), fields=("first", "second"))
PairFamily = unwrap(Pair).family
PairFamily.field_types = PairFamily.parameters


def pair(first, second):
    """`first => second`."""
    return Struct(PairFamily.apply(typeof(first), typeof(second)), [first, second])


def is_pair(value):
    """Whether a value is a Pair."""
    return value.__class__ is Struct and value.type.family is PairFamily


@define("=>", t.Any, t.Any)
def make_pair(first, second):
    """`first => second` makes a Pair."""
    return pair(first, second)


@define_constructor(Pair, t.Any, t.Any)
def construct_pair(type_, first, second):
    """`Pair(a, b)`, `Pair{A, B}(a, b)`."""
    if isinstance(type_, DataType):
        from ..evaluation.properties import convert_to

        return Struct(type_, list(map(convert_to, type_.parameters, (first, second))))
    return pair(first, second)
