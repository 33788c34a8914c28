"""References and optional values: `Ref`, `Some`, `something`, `missing`."""


from .. import types as t
from ..evaluation.properties import convert_to
from ..printing.display import FAMILIES, show_text
from ..staging import read_field, write_field
from ..type_lattice import DataType, TypeVar, unwrap
from ..type_names import type_name
from ..values import Singleton, Struct, missing, typeof
from .errors import argument_error
from .registry import define, define_constructor

Ref = t.declare("Ref", abstract=True, parameters=(TypeVar("T"),))
_RefT = TypeVar("T")
RefValue = t.declare("RefValue", unwrap(Ref).family.apply(_RefT), mutable=True, parameters=(_RefT,),
                     fields=("x",))
RefFamily = unwrap(RefValue).family
RefFamily.field_types = RefFamily.parameters
Some = t.declare("Some", parameters=(TypeVar("T"),), fields=("value",))
SomeFamily = unwrap(Some).family
SomeFamily.field_types = SomeFamily.parameters
FAMILIES[RefFamily] = lambda value, context: (
    f"Base.RefValue{{{type_name(value.type.parameters[0])}}}({show_text(value.fields[0], context)})")
FAMILIES[SomeFamily] = lambda value, context: f"Some({show_text(value.fields[0], context)})"


@define_constructor(Ref, t.Any)
def make_ref(called, value):
    """`Ref(x)`, `Ref{T}(x)`: a mutable cell, a scalar in broadcasts."""
    element = called.parameters[0] if isinstance(called, DataType) else None
    if element is None:
        return Struct(RefFamily.apply(typeof(value)), [value])
    return Struct(RefFamily.apply(element), [convert_to(element, value)])


@define("getindex", RefValue)
def dereference(cell):
    """`cell[]`."""
    return read_field(cell, 0)


@define("setindex!", RefValue, t.Any)
def assign_ref(cell, value):
    """`cell[] = value`."""
    write_field(cell, 0, convert_to(cell.type.parameters[0], value))
    return cell


@define_constructor(Some, t.Any)
def make_some(_called, value):
    """`Some(x)`: a value that is there, even when it is nothing."""
    return Struct(SomeFamily.apply(typeof(value)), [value])


for _missing, _other in ((t.Missing, t.Number), (t.Number, t.Missing), (t.Missing, t.Missing)):
    @define("+ - * / ^ ÷ div % rem mod == != ≠ < <= ≤ > >= ≥ min max", _missing, _other)
    def propagate_missing(_a, _b):
        return missing


@define("isequal", t.Missing, t.Missing)
def equal_missing(_a, _b):
    """`isequal` tells missing from other values, where `==` gives missing."""
    return True


for _sides in ((t.Missing, t.Number), (t.Number, t.Missing)):
    @define("isequal", *_sides)
    def unequal_missing(_a, _b):
        return False


for _other in (t.Number, t.AbstractString, t.Symbol, t.Char, t.Nothing, t.Tuple, t.AbstractArray):
    @define("isless", _other, t.Missing)
    def missing_is_last(_a, _b):
        """In the order of `sort` missing comes after everything."""
        return True


@define("isless", t.Missing, t.Any)
def nothing_follows_missing(_a, _b):
    return False


@define("abs sqrt exp log sin cos tanh float zero one", t.Missing)
def propagate_missing_argument(_):
    return missing


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
    return missing
