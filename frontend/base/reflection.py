"""Reflection: fields, names, properties; `deepcopy`, time, environment, program arguments."""

import os
import time as clock

import numpy as np

from ...compiler.errors import UnsupportedError, WeberError
from ...compiler.ir import Value
from .. import types as t
from ..batching.lanes import is_lanes
from ..calling import call
from ..control_flow.vector_elements import copied_elements
from ..evaluation.properties import get_property, set_field
from ..staging import host_integer, host_number, read, read_field
from ..type_lattice import DataType, is_concrete, is_subtype, unwrap
from ..type_names import type_name
from ..values import (
    Array,
    Dictionary,
    Function,
    Module,
    NamedTuple,
    SetValue,
    Struct,
    Symbol,
    typeof,
)
from .errors import argument_error, bounds_error
from .exceptions import exception, raise_value
from .io import forbid_effect
from .iteration import collect_values
from .registry import BASE, define, function

# --- fields -------------------------------------------------------------------------------------------------


def field_names(type_):
    """The field names of a type as Symbols; for tuples their numbers."""
    body = unwrap(type_)
    if not isinstance(body, DataType):
        raise argument_error(f"type {type_name(type_)} has no definite field names")
    if body.family is t.TupleFamily:
        return tuple(range(1, len(body.parameters) + 1))
    if body.family is t.NamedTupleFamily and isinstance(body.parameters[0], tuple):
        return tuple(map(Symbol, body.parameters[0]))
    if body.family.abstract:
        raise argument_error(f"type does not have definite field names: {type_name(type_)}")
    return tuple(map(Symbol, body.family.field_names))


@define("fieldnames", t.TypeOfType)
def fieldnames(type_):
    """The names of a type's fields, a tuple of Symbols."""
    return field_names(type_)


@define("fieldname", t.TypeOfType, t.Integer)
def fieldname(type_, number):
    names = field_names(type_)
    if not 1 <= number <= len(names):
        raise bounds_error(names, (number,))
    return names[number - 1]


@define("fieldcount", t.TypeOfType)
def fieldcount(type_):
    """How many fields instances of the type have."""
    return len(field_names(type_))


@define("fieldtypes", t.TypeOfType)
def fieldtypes(type_):
    """The declared types of the fields."""
    body = unwrap(type_)
    if body.family is t.TupleFamily:
        return body.parameters
    return body.parameters[1].parameters if body.family is t.NamedTupleFamily else body.field_types


@define("fieldtype", t.TypeOfType, t.Any)
def fieldtype(type_, field):
    return fieldtypes(type_)[_field_position(field, field_names(type_), type_name(type_))]


def _field_position(field, names, owner):
    if field.__class__ is Symbol:
        if field not in names:
            raise WeberError(f"type {owner} has no field {field.name}", kind="FieldError")
        return names.index(field)
    number = host_integer(field, "a field number")
    if not 1 <= number <= len(names):
        raise_value(exception("BoundsError", names, (number,)))
    return number - 1


@define("hasfield", t.TypeOfType, t.Symbol)
def hasfield(type_, name):
    return name in field_names(type_)


@define("nfields", t.Any)
def nfields(value):
    """How many fields a value has."""
    return len(value) if value.__class__ is tuple else len(field_names(typeof(value)))


@define("getfield", t.Any, t.Any)
def getfield(value, field):
    """The field of a value by name or number, past any `getproperty`."""
    if value.__class__ is tuple:
        return value[_field_position(field, tuple(range(len(value))), "Tuple")]
    if value.__class__ is NamedTuple:
        return value.values[_field_position(field, tuple(map(Symbol, value.names)), "NamedTuple")]
    if value.__class__ is Struct:
        return read_field(value, _field_position(field, field_names(value.type), type_name(value.type)))
    if field.__class__ is not Symbol:
        _field_position(field, field_names(typeof(value)), type_name(typeof(value)))
        raise UnsupportedError(f"a field of a {type_name(typeof(value))} by its number",
                               kind="UnsupportedError")
    return get_property(value, field.name)


@define("getfield", t.Any, t.Any, t.Symbol)
def getfield_ordered(value, field, _order):
    return getfield(value, field)


@define("setfield!", t.Any, t.Any, t.Any)
def setfield(value, field, content):
    """Sets the field of a mutable struct."""
    names = field_names(typeof(value))
    name = field if field.__class__ is Symbol else names[_field_position(field, names, "")]
    return set_field(value, name.name, content)


@define("isdefined", t.Any, t.Symbol)
def isdefined(value, name):
    """Whether a module has a binding, or a struct a field with a value."""
    if value.__class__ is Module:
        return name.name in value.bindings
    names = field_names(typeof(value))
    return name in names


@define("getproperty", t.Any, t.Symbol)
def getproperty(value, name):
    """`value.name`."""
    if value.__class__ in (Struct, NamedTuple):
        return getfield(value, name)
    return get_property(value, name.name)


@define("setproperty!", t.Any, t.Symbol, t.Any)
def setproperty(value, name, content):
    """`value.name = content`."""
    return set_field(value, name.name, content)


@define("propertynames", t.Any)
def propertynames(value):
    """The names of a value's properties: its fields."""
    if value.__class__ is Module:
        return tuple(map(Symbol, sorted(value.bindings)))
    return field_names(typeof(value))


@define("hasproperty", t.Any, t.Symbol)
def hasproperty(value, name):
    """Whether the value has the property."""
    return name in call(function("propertynames"), (value,))


# --- names --------------------------------------------------------------------------------------------------


@define("nameof", t.Function)
def nameof_function(function_):
    """The name of a function as a Symbol."""
    return Symbol(function_.name if function_.__class__ is Function else typeof(function_).family.name)


@define("nameof", t.Module)
def nameof_module(module):
    return Symbol(module.name)


@define("nameof", t.TypeOfType)
def nameof_type(type_):
    return Symbol(unwrap(type_).family.name)


@define("parentmodule", t.Any)
def parentmodule(value):
    """The module a function or type was defined in."""
    if value.__class__ is Module:
        return value.parent or value
    if value.__class__ is Function:
        return value.module or BASE
    family = getattr(unwrap(value), "family", None)
    if family is None:
        raise argument_error(f"a value of type {type_name(typeof(value))} was defined in no module")
    return family.module or BASE


@define("names", t.Module, keywords=("all",))
def names(module, all=False):
    """The names a module exports (or has)."""
    found = module.bindings if all else module.exports & set(module.bindings)
    return collect_values(map(Symbol, sorted(found)), element=t.Symbol)


@define("ismutable", t.Any)
def ismutable(value):
    """Whether a value is of a mutable type."""
    return value.__class__ in (Array, Dictionary, SetValue) or (
        value.__class__ is Struct and value.type.family.mutable)


@define("ismutabletype", t.TypeOfType)
def ismutabletype(type_):
    family = getattr(unwrap(type_), "family", None)
    return family is not None and family.mutable


@define("isstructtype", t.TypeOfType)
def isstructtype(type_):
    return not unwrap(type_).family.abstract and bool(unwrap(type_).family.field_names)


@define("isimmutable", t.Any)
def isimmutable(value):
    return not ismutable(value)


@define("isbits", t.Any)
def isbits(value):
    """Whether a value is immutable and holds no references."""
    return isbitstype(typeof(value))


@define("isbitstype", t.TypeOfType)
def isbitstype(type_):
    if not is_concrete(type_) or type_.family.mutable or type_ in (t.String, t.Symbol, t.Module, t.Any):
        return False
    if type_.family is t.TupleFamily:
        return all(map(isbitstype, type_.parameters))
    return all(map(isbitstype, type_.field_types))


@define("issingletontype", t.TypeOfType, exported=False)
def issingletontype(type_):
    return is_concrete(type_) and type_ in (t.Nothing, t.Missing) or (
        is_subtype(type_, t.Function) and not type_.family.field_names)


# --- copies -------------------------------------------------------------------------------------------------


def deepcopy_value(value, copied=None):
    """A copy of a value and of everything mutable in it; what is shared stays shared."""
    copied = {} if copied is None else copied
    cls = value.__class__
    if cls in (tuple, NamedTuple):
        items = [deepcopy_value(item, copied) for item in (value if cls is tuple else value.values)]
        return tuple(items) if cls is tuple else NamedTuple(value.names, items)
    if cls not in (Array, Dictionary, SetValue, Struct):
        return value
    if id(value) in copied:
        return copied[id(value)][1]
    if cls is Array:
        result = _copied_array(value, copied)
    elif cls is Struct:
        result = Struct(value.type, [None] * len(value.fields))
        copied[id(value)] = (value, result)
        result.fields = [deepcopy_value(read_field(value, k), copied) for k in range(len(value.fields))]
        unchanged = all(a is b for a, b in zip(result.fields, value.fields, strict=True))
        if unchanged and not value.type.family.mutable:
            result = value
    else:
        result = cls(value.type)
        copied[id(value)] = (value, result)
        for key, entry in value.items.items():
            result.items[key] = deepcopy_value(entry, copied)
    copied[id(value)] = (value, result)
    return result


def _copied_array(array, copied):
    data = read(array)
    if data.__class__ is Value:
        return Array(data, array.type)
    if is_lanes(array):
        return copied_elements(array)
    result = Array(np.array(data), array.type)
    if data.dtype == object:
        copied[id(array)] = (array, result)
        flat, source = result.data.reshape(-1), data.reshape(-1)
        for k in range(len(source)):
            flat[k] = deepcopy_value(source[k], copied)
    return result


@define("deepcopy", t.Any)
def deepcopy(value):
    """A copy that shares nothing mutable with the value."""
    return deepcopy_value(value)


# --- the system ---------------------------------------------------------------------------------------------


@define("time")
def time():
    """Seconds since the epoch."""
    forbid_effect("`time()`")
    return clock.time()


@define("time_ns")
def time_ns():
    """Nanoseconds on a clock that never goes back."""
    forbid_effect("`time_ns()`")
    return np.uint64(clock.monotonic_ns())


@define("sleep", t.Real)
def sleep(seconds):
    forbid_effect("`sleep`")
    clock.sleep(float(host_number(seconds, "sleep")))


@define("exit")
def exit_program():
    """Ends the program."""
    exit_with(0)


@define("exit", t.Integer)
def exit_with(status):
    forbid_effect("`exit`")
    raise SystemExit(int(host_number(status, "an exit status")))


Environment = t.declare("EnvDict", unwrap(t.AbstractDict).family.apply(t.String, t.String))
BASE.bindings["ENV"] = Struct(Environment, [])
BASE.exports.add("ENV")


@define("getindex", Environment, t.AbstractString)
def environment_variable(_env, name):
    """`ENV["NAME"]`."""
    forbid_effect("reading `ENV`")
    if name not in os.environ:
        raise_value(exception("KeyError", name))
    return os.environ[name]


@define("get", Environment, t.AbstractString, t.Any)
def environment_variable_or(_env, name, default):
    forbid_effect("reading `ENV`")
    return os.environ.get(name, default)


@define("haskey", Environment, t.AbstractString)
def has_environment_variable(_env, name):
    forbid_effect("reading `ENV`")
    return name in os.environ


@define("setindex!", Environment, t.Any, t.AbstractString)
def set_environment_variable(_env, value, name):
    raise UnsupportedError("`ENV` cannot be changed by a program", kind="UnsupportedError")
