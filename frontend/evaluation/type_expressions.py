"""Types in expressions: `Array{T}`, `where`, `x::T`, type variables."""

from ...compiler.errors import UnsupportedError, WeberError
from .. import types as t
from ..parsing import syntax
from ..type_lattice import TypeVar, UnionAll, VarargType, instantiate, is_subtype, is_type, union
from ..type_names import type_name
from ..values import Symbol, typeof
from .evaluator import check_names, compiles, located


def as_bounds(nodes):
    """Type parameters as `TypeBound`s: `T`, `T<:Real`, `<:Real`."""
    bounds = []
    for node in nodes:
        if isinstance(node, syntax.TypeBound):
            bounds.append(node)
        elif isinstance(node, syntax.Identifier):
            bounds.append(syntax.TypeBound(node.name, location=node.location))
        else:
            raise UnsupportedError("a type parameter must be a name, or a name with a bound", node.location)
    return bounds


def type_variables(compiler, bounds):
    """A closure that makes the type variables of a `where`, stores them in scope, and returns them."""
    steps = []
    check_names(bounds, syntax.TypeBound)
    for bound in bounds:
        upper = compiler.expression(bound.upper) if bound.upper is not None else None
        lower = compiler.expression(bound.lower) if bound.lower is not None else None
        steps.append((bound.name, upper, lower, compiler.store(bound.name)))

    def bind(frame):
        variables = []
        for name, upper, lower, store in steps:
            variable = TypeVar(name, upper(frame) if upper is not None else None,
                               lower(frame) if lower is not None else None)
            store(frame, variable)
            variables.append(variable)
        return variables

    return bind


@compiles(syntax.Curly)
def curly(compiler, node):
    if node.type is None:
        raise WeberError("syntax error: `{ }` needs a type before it", node.location, kind="ParseError")
    base = compiler.expression(node.type)
    parameters = [type_parameter(compiler, p) for p in node.parameters]
    location = node.location

    def run(frame):
        type_ = base(frame)
        values, free = [], []
        for parameter in parameters:
            value = parameter(frame)
            if isinstance(value, TypeVar) and value.name.startswith("#"):
                free.append(value)
            values.append(value)
        result = apply_type(type_, values, location)
        for variable in reversed(free):
            result = UnionAll(variable, result)
        return result

    return run


def type_parameter(compiler, node):
    """A parameter in braces: a type or value; `<:Upper` is an anonymous variable."""
    if isinstance(node, syntax.TypeBound):
        upper = compiler.expression(node.upper) if node.upper is not None else lambda frame: t.Any
        return lambda frame: TypeVar("#" + node.name, upper(frame))
    if isinstance(node, syntax.Splat):
        raise UnsupportedError("splatting type parameters is not supported", node.location)
    run = compiler.expression(node)

    def value(frame):
        result = run(frame)
        if result.__class__ is Symbol:
            return result.name
        if result.__class__ is tuple:
            return tuple(x.name if x.__class__ is Symbol else x for x in result)
        return result

    return value


def apply_type(type_, parameters, location=None):
    """`type_{parameters...}`. Raises TypeError for what takes no parameters."""
    if type_ is t.Bottom:  # Union
        return union(*parameters)
    if type_ is t.Tuple:
        return t.tuple_type(*parameters)
    if type_ is t.BUILTIN_TYPES.get("Vararg"):
        return VarargType(*parameters)
    if type_ is t.BUILTIN_TYPES.get("NTuple"):
        if len(parameters) == 1:
            element = TypeVar("T")
            return UnionAll(element, apply_type(type_, [parameters[0], element]))
        count, element = parameters
        return t.tuple_type(*[element] * count) if isinstance(count, int) else t.tuple_type(
            VarargType(element, count))
    if type_ is t.NamedTuple and len(parameters) == 1:
        return UnionAll(t.NamedTuple.body.variable, t.NamedTupleFamily.apply(parameters[0],
                                                                             t.NamedTuple.body.variable))
    if not is_type(type_):
        raise WeberError(f"TypeError: in Type{{...}} expression, expected UnionAll, got a value of type "
                         f"{type_name(typeof(type_))}", location, kind="TypeError")
    try:
        return instantiate(type_, parameters)
    except ValueError:
        raise WeberError(
            f"too many parameters for type {type_name(type_)}", location, kind="TypeError"
        ) from None


@compiles(syntax.Where)
def where(compiler, node):
    inner = compiler.inner_scope(names=[b.name for b in node.parameters])
    bind = type_variables(inner, node.parameters)
    body = inner.expression(node.type)

    def run(frame):
        variables = bind(frame)
        result = body(frame)
        for variable in reversed(variables):
            result = UnionAll(variable, result)
        return result

    return run


@compiles(syntax.TypeAssertion)
def type_assertion(compiler, node):
    if node.expression is None:
        raise WeberError("syntax error: `::` needs a value before it", node.location, kind="ParseError")
    value, type_ = compiler.expression(node.expression), compiler.expression(node.type)
    location, user = node.location, compiler.user

    def run(frame):
        result, expected = value(frame), type_(frame)
        if not is_subtype(typeof(result), expected):
            raise located(
                WeberError(
                    f"TypeError: in typeassert, expected {type_name(expected)}, got a value of type "
                    f"{type_name(typeof(result))}",
                    kind="TypeError",
                ),
                location,
                user,
            )
        return result

    return run
