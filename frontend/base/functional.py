"""Functions of functions: composition, partial application, pipes, splatting, broadcasting functions."""

from ...compiler.errors import WeberError
from .. import types as t
from ..calling import call, callables, constructors
from ..dispatch import Method, MethodTable
from ..evaluation.broadcasting import broadcast
from ..printing.display import FAMILIES, show_text
from ..staging import host_number
from ..type_lattice import DataType, TypeOfTypeFamily, TypeVar, VarargType, is_type, unwrap
from ..values import Function, Struct, typeof
from .core import VAL
from .errors import argument_error, fault
from .registry import define, define_constructor, function


def callable_struct(name, fields):
    """Declares a struct type of functions with these fields, shown as `name(fields…)`."""
    parameters = [TypeVar(f"F{k}") for k in range(len(fields))]
    type_ = t.declare(name, t.Function, parameters=parameters, fields=fields)
    family = unwrap(type_).family
    family.field_types = tuple(parameters)

    @define_constructor(type_, *[t.Any] * len(fields))
    def construct(_, *values):
        return make(family, *values)

    return type_, family


def make(family, *values):
    """An instance of a callable struct's family for these field values."""
    return Struct(family.apply(*map(typeof, values)), list(values))


def define_call(type_, meaning):
    """How instances of a struct type are called: `meaning(instance, arguments, keywords)`."""
    signature = t.tuple_type(type_, VarargType(t.Any))


    def run(arguments, keywords, _bindings):
        return meaning(arguments[0], arguments[1:], keywords)

    callables.add(Method(signature, (), run, keywords=None))


ComposedFunction, ComposedFamily = callable_struct("ComposedFunction", ("outer", "inner"))
Fix1, Fix1Family = callable_struct("Fix1", ("f", "x"))
Fix2, Fix2Family = callable_struct("Fix2", ("f", "x"))
Splat, SplatFamily = callable_struct("Splat", ("f",))
Returns, ReturnsFamily = callable_struct("Returns", ("value",))
Broadcasting, BroadcastingFamily = callable_struct("BroadcastFunction", ("f",))

define_call(ComposedFunction, lambda self, arguments, keywords: call(
    self.fields[0], (call(self.fields[1], arguments, keywords),)))
define_call(Fix1, lambda self, arguments, keywords: call(
    self.fields[0], (self.fields[1], *arguments), keywords))
define_call(Fix2, lambda self, arguments, keywords: call(
    self.fields[0], (*arguments, self.fields[1]), keywords))
define_call(Returns, lambda self, arguments, keywords: self.fields[0])
define_call(Broadcasting, lambda self, arguments, keywords: broadcast(self.fields[0], arguments, keywords))


def _call_splat(self, arguments, keywords):
    from .iteration import iterate

    (packed,) = arguments
    return call(self.fields[0], list(iterate(packed)), keywords)


define_call(Splat, _call_splat)


def _show_composed(value, context):
    return " ∘ ".join(f"({text})" if " ∘ " in text else text
                      for text in (show_text(part, context) for part in value.fields))


def _show_fields(name):
    return lambda value, context: f"{name}({', '.join(show_text(part, context) for part in value.fields)})"


FAMILIES.update({ComposedFamily: _show_composed, Fix1Family: _show_fields("Base.Fix1"),
                 Fix2Family: _show_fields("Base.Fix2"), SplatFamily: _show_fields("splat"),
                 ReturnsFamily: _show_fields("Returns"),
                 BroadcastingFamily: _show_fields("Base.Broadcast.BroadcastFunction")})


def broadcasting_function(function_):
    """`.f` as a value: calling it broadcasts `f`."""
    return make(BroadcastingFamily, function_)


@define("∘", t.Any, t.Any)
def compose(outer, inner):
    """`(outer ∘ inner)(x...)` is `outer(inner(x...))`."""
    return make(ComposedFamily, outer, inner)


@define("∘", t.Any)
def compose_one(function_):
    return function_


@define("∘", t.Any, t.Any, t.Any, t.Any, ...)
def compose_several(first, second, third, *rest):
    result = compose(compose(first, second), third)
    for function_ in rest:
        result = compose(result, function_)
    return result


@define("|>", t.Any, t.Any)
def pipe(value, function_):
    """`x |> f` is `f(x)`."""
    return call(function_, (value,))


@define("splat", t.Any)
def splat(function_):
    """A function of one collection that calls `function_` with its elements as arguments."""
    return make(SplatFamily, function_)


def _define_fixing(name):
    @define(name, t.Any)
    def fix(value):
        return make(Fix2Family, function(name), value)


for _name in ("==", "!=", "≠", "<", "<=", "≤", ">", ">=", "≥", "isequal", "isless", "in", "∈", "∉", "∋", "⊆",
              "startswith", "endswith", "contains", "occursin", "isapprox", "≈", "===", "!=="):
    _define_fixing(_name)


@define("call", t.Any, t.Any, ..., exported=False)
def call_(function_, *arguments):
    """Calls the function."""
    return call(function_, arguments)


@define("invokelatest", t.Any, t.Any, ..., keywords=None)
def invokelatest(function_, *arguments, **keywords):
    """Calls the function: methods are always the latest here."""
    return call(function_, arguments, keywords)


@define("broadcastable", t.Any, exported=False)
def broadcastable(value):
    """What stands for a value in a broadcast; a program's types may give `Ref(value)`, to be passed whole."""
    return value


@define("ntuple", t.Any, VAL)
def ntuple_of_static_length(function_, length):
    return ntuple(function_, length.type.parameters[0])


@define("ntuple", t.Any, t.Integer)
def ntuple(function_, count):
    """`(f(1), …, f(n))`."""
    count = int(host_number(count, "the length of a tuple"))
    if count < 0:
        raise WeberError(f"ArgumentError: tuple length should be ≥ 0, got {count}", kind="ArgumentError")
    return tuple(call(function_, (k,)) for k in range(1, count + 1))


# --- questions about methods --------------------------------------------------------------------------------


def _table(function_):
    if function_.__class__ is Function:
        return function_.methods
    family = getattr(unwrap(function_), "family", None) if is_type(function_) else None
    if family is not None and family.constructors is not None:
        return family.constructors
    return MethodTable("callable")


@define("applicable", t.Any, t.Any, ...)
def applicable(function_, *arguments):
    """Whether the function has a method for these arguments."""
    if function_.__class__ is Function:
        return function_.methods.find(arguments) is not None
    if is_type(function_):
        tables = (_table(function_), constructors)
        return any(table.find((function_, *arguments)) is not None for table in tables)
    return callables.find((function_, *arguments)) is not None


@define("invoke", t.Any, t.TypeOfType, t.Any, ...)
def invoke(function_, types, *arguments):
    """Calls the method that arguments of these types would have, though a more specific one may exist."""
    if not isinstance(types, DataType) or types.name != "Tuple":
        raise argument_error("the types of arguments are given as a tuple type: `Tuple{Int, String}`")
    found = _table(function_).find_types(types.parameters)
    if found is None:
        table = MethodTable(getattr(function_, "name", "f"))
        raise fault("MethodError", f"no method matching invoke {table.call_text(types.parameters)}")
    return found[0].call(arguments, None, found[1])


@define("hasmethod", t.Any, t.TypeOfType)
def hasmethod(function_, types):
    """Whether the function has a method for arguments of these types."""
    if not isinstance(types, DataType) or types.name != "Tuple":
        raise argument_error("the types of arguments are given as a tuple type: `Tuple{Int, String}`")
    parameters = types.parameters
    if function_.__class__ is Function:
        return function_.methods.find_types(parameters) is not None
    if is_type(function_):
        return _table(function_).find_types((TypeOfTypeFamily.apply(function_), *parameters)) is not None
    return callables.find_types((typeof(function_), *parameters)) is not None


@define("hasmethod", t.Any, t.Tuple)
def hasmethod_tuple(function_, types):
    return hasmethod(function_, t.tuple_type(*types))


class MethodList:
    """The methods of a function, as `methods(f)` gives them."""

    type = t.declare("MethodList")

    def __init__(self, function_, methods):
        self.function, self.items = function_, methods

    def show(self, context):
        count = len(self.items)
        name = show_text(self.function, context)
        module = f" from {self.function.module.name}" if getattr(self.function, "module", None) else ""
        lines = [f'# {count} method{"s" * (count != 1)} for generic function "{name}"{module}:']
        lines += [f" [{k}] {method.describe(name)}" for k, method in enumerate(self.items, 1)]
        return "\n".join(lines)


@define("methods", t.Any)
def methods(function_):
    """The methods of a function; `length` counts them."""
    return MethodList(function_, _table(function_).methods)


@define("length", MethodList.type)
def count_methods(listed):
    return len(listed.items)
