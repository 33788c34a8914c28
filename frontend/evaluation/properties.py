"""Fields and properties: `object.name` and `object.name = value`."""

from ...compiler.errors import Note, WeberError
from .. import types as t
from ..base.registry import BASE, function
from ..calling import call
from ..poison import UNDEFINED
from ..staging import read_field, write_field
from ..type_lattice import TYPE_CLASSES, DataType, UnionAll, is_subtype, unwrap
from ..type_names import type_name
from ..values import Irrational, Module, NamedTuple, Node, Range, Struct, Symbol, typeof


def get_property(value, name):
    """`value.name`: a user's `Base.getproperty` method if there is one, else the field."""
    if value.__class__ is Struct:
        if overloaded("getproperty", value):
            return call(function("getproperty"), (value, Symbol(name)))
        return get_field(value, name)
    if value.__class__ is Node:
        from ..batching.forests import node_field

        if name not in value.forest.spec.names:
            raise no_field(value, name, value.forest.spec.names)
        return node_field(value, name)
    if value.__class__ is Module:
        return module_member(value, name)
    if value.__class__ is NamedTuple:
        if name in value.names:
            return value.values[value.names.index(name)]
        raise no_field(value, name, value.names)
    if value.__class__ is Range:
        content = {"start": value.start, "stop": value.stop, "step": value.step, "len": value.length}.get(
            name
        )
        if content is not None:
            return content
    if isinstance(value, complex) and name in ("re", "im"):
        return value.real if name == "re" else value.imag
    if isinstance(value, TYPE_CLASSES) and name == "name":
        return Symbol(type_name(unwrap(value)))
    if value.__class__ is not Irrational and isinstance(unwrap(value), DataType) and name == "parameters":
        return tuple(unwrap(value).parameters)
    raise no_field(value, name, ())


def get_field(value: Struct, name):
    """The field of a struct, past any user's `getproperty`."""
    index = value.type.family.field_index.get(name)
    if index is None:
        raise no_field(value, name, value.type.family.field_names)
    content = read_field(value, index)
    if content is UNDEFINED:
        raise WeberError("UndefRefError: access to undefined reference", kind="UndefRefError")
    return content


def set_property(value, name, content):
    """`value.name = content`, converted to the field's type."""
    if value.__class__ is Module:
        raise WeberError(f"cannot assign variables in other modules: {value.name}.{name}")
    if value.__class__ is Struct and overloaded("setproperty!", value):
        return call(function("setproperty!"), (value, Symbol(name), content))
    return set_field(value, name, content)


def set_field(value, name, content):
    """Sets a field of a mutable struct; immutable ones raise Julia's error."""
    if value.__class__ is not Struct:
        raise WeberError(f"setfield!: immutable value of type {type_name(typeof(value))} cannot be changed")
    family = value.type.family
    if not family.mutable:
        raise WeberError(f"setfield!: immutable struct of type {family.name} cannot be changed")
    index = family.field_index.get(name)
    if index is None:
        raise no_field(value, name, family.field_names)
    if name in family.constant_fields:
        raise WeberError(f"setfield!: const field .{name} of type {family.name} cannot be changed")
    write_field(value, index, convert_to(value.type.field_types[index], content))
    return content


def convert_to(type_, value):
    """`convert(type, value)`, without a call where the value already is of the type."""
    if type_ is t.Any or is_subtype(typeof(value), type_):
        return value
    return call(function("convert"), (type_, value))


def overloaded(name, value):
    """Whether a program defined a `getproperty` or `setproperty!` method for this type."""
    methods = function(name).methods.methods
    return any(
        m.definition is not None and is_subtype(value.type, _first(m)) for m in methods if m.definition
    )


def _first(method):
    pattern = method.signature.parameters[0]
    for variable in reversed(method.variables):
        pattern = UnionAll(variable, pattern)
    return pattern


def module_member(module, name):
    """`Module.name`."""
    if name in module.bindings:
        return module.bindings[name]
    from .evaluator import find_binding, visible_names
    from .scopes import undefined

    home = find_binding(module, name)
    if home is None:
        raise undefined(name, None, visible_names(module))
    return home[name]


def no_field(value, name, fields):
    import difflib

    error = WeberError(f"type {type_name(typeof(value))} has no field {name}", kind="FieldError")
    for called in (name, name + "!"):
        if called in BASE.exports and not fields:
            error.notes.append(Note(f"  functions stand first: `{called}(x, …)` rather than `x.{name}(…)`"))
            break
    close = difflib.get_close_matches(name, fields, 1, 0.6)
    if close:
        error.notes.append(Note(f"  did you mean `{close[0]}`?"))
    elif fields:
        error.notes.append(Note("  its fields are " + ", ".join(fields)))
    return error
