"""Types as Julia prints them."""

from . import types as t
from .type_lattice import Any, DataType, TupleFamily, TypeVar, UnionAll, UnionType, VarargType, is_type


def type_name(type_) -> str:
    """A type as Julia prints it: `Vector{Float32}`, `Tuple{Int64, Vararg{Any}}`, `Array{T} where T`."""
    if isinstance(type_, DataType):
        if type_.family is t.Complex.body.family and type_.parameters[0] in (t.Float32, t.Float64):
            return "ComplexF32" if type_.parameters[0] is t.Float32 else "ComplexF64"
        if type_.family is TupleFamily:
            if type_.parameters == (VarargType(Any),):
                return "Tuple"
            if len(type_.parameters) > 3 and len(set(map(id, type_.parameters))) == 1:
                return f"NTuple{{{len(type_.parameters)}, {parameter_name(type_.parameters[0])}}}"
            return f"Tuple{{{', '.join(map(parameter_name, type_.parameters))}}}"
        if type_.family is t.NamedTupleFamily and isinstance(type_.parameters[0], tuple):
            names, types = type_.parameters
            fields = zip(names, types.parameters, strict=False)
            body = ", ".join(f"{name}::{type_name(type_)}" for name, type_ in fields)
            return f"@NamedTuple{{{body}}}"
        name, parameters = _written(type_)
        return _applied_name(name, map(parameter_name, parameters))
    if isinstance(type_, UnionType):
        return f"Union{{{', '.join(map(type_name, sorted(type_.members, key=_union_order)))}}}"
    if isinstance(type_, TypeVar):
        return type_.name
    if isinstance(type_, VarargType):
        return parameter_name(type_)
    if isinstance(type_, UnionAll):
        return _where_name(type_)
    return str(type_)


def _union_order(member):
    """The order in which Julia lists the members of a union: singletons, plain numbers, others; each by
    name."""
    rank = 0 if member in (t.Nothing, t.Missing) else 1 if member in t.NUMPY_TYPES or member is t.Char else 2
    return rank, type_name(member)


def bound_name(variable):
    name = "" if variable.name.startswith("#") else variable.name
    if name and not _is_bounded(variable):
        return name
    return f"{name}<:{type_name(Any if variable.upper is None else variable.upper)}"


def _written(type_):
    """The name and parameters that a data type is written with: those of `Vector` and its like, else its
    own."""
    rank = type_.parameters[1] if type_.family in (t.ArrayFamily, t.AbstractArrayFamily) else None
    if type(rank) is int and rank in (1, 2):
        prefix = "Abstract" if type_.family is t.AbstractArrayFamily else ""
        return prefix + ("Vector", "Matrix")[rank - 1], type_.parameters[:1]
    if type_.family is t.OneTo.body.family:
        return "Base.OneTo", type_.parameters
    if type_ is t.BitVector or type_ is t.BitMatrix:
        return "BitVector" if type_ is t.BitVector else "BitMatrix", ()
    return type_.family.name, type_.parameters


def _applied_name(name, parameters):
    text = ", ".join(parameters)
    return f"{name}{{{text}}}" if text else name


def _where_name(type_):
    """A type with free variables: `Array{Float64}`, `Vector{<:Real}`, `Pair{T, T} where T`."""
    if type_ is t.VecOrMat or type_ is t.AbstractVecOrMat:
        return "VecOrMat" if type_ is t.VecOrMat else "AbstractVecOrMat"
    variables, body = [], type_
    while isinstance(body, UnionAll):
        variables.append(body.variable)
        body = body.body
    if not isinstance(body, DataType) or body.family is TupleFamily:
        text = type_name(body)
    else:
        name, parameters = _written(body)
        parameters = list(parameters)
        while variables and parameters[-1:] == variables[-1:] and not _is_bounded(variables[-1]) \
                and parameters.count(variables[-1]) == 1:
            variables.pop()
            parameters.pop()
        variables = [v for v in variables if not v.name.startswith("#")]  # written in place: `<:Real`
        text = _applied_name(name, map(parameter_name, parameters))
    if not variables:
        return text
    bounds = [bound_name(v) for v in variables]
    return f"{text} where {bounds[0] if len(bounds) == 1 else '{' + ', '.join(bounds) + '}'}"


def _is_bounded(variable):
    return variable.upper is not None and variable.upper is not Any


def parameter_name(parameter):
    if isinstance(parameter, TypeVar) and parameter.name.startswith("#"):
        return bound_name(parameter)
    if is_type(parameter):
        return type_name(parameter)
    if isinstance(parameter, VarargType):
        count = "" if parameter.count is None else f", {parameter_name(parameter.count)}"
        return f"Vararg{{{type_name(parameter.element)}{count}}}"
    if isinstance(parameter, bool):
        return "true" if parameter else "false"
    if isinstance(parameter, str):
        return f":{parameter}"
    if isinstance(parameter, tuple):
        return "(" + ", ".join(map(parameter_name, parameter)) + ("," if len(parameter) == 1 else "") + ")"
    return str(parameter)
