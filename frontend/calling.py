"""Calling: any Julia value as a function, with dispatch, constructors and callable structs."""

from ..compiler.errors import WeberError
from . import types as t
from .dispatch import MethodTable, short_name
from .evaluation.method_errors import no_method
from .state import state
from .type_lattice import TYPE_CLASSES, UnionAll, is_subtype, unwrap
from .type_names import type_name
from .values import Function, Node, typeof

callables = MethodTable("callable", has_receiver=True)
"""The methods of callable structs, `(m::Dense)(x)`: the object is the first argument."""

constructors = MethodTable("constructor", has_receiver=True)
"""Fallback for types without a constructor of their own: conversions such as `Float32(x)`; the type comes
first."""


def call(function, arguments, keywords=None):
    """`function(arguments...; keywords...)` for any callable value."""
    if state.differentiating:
        from .derivatives import rules

        rule = rules.find(function, arguments)
        if rule is not None:
            return rules.call_by_rule(rule, function, arguments, keywords,
                                      lambda: call_method(function, arguments, keywords))
    return call_method(function, arguments, keywords)


def call_method(function, arguments, keywords=None):
    """`function(arguments...; keywords...)` by its methods, whatever rules of differentiation it has."""
    if function.__class__ is Function:
        found = function.methods.find(arguments)
        if found is None:
            raise no_method(function.methods, arguments, keywords, called=function)
        if state.trace is not None and state.trace.has_trees:
            return call_on_tree(found[0], arguments, keywords, found[1])
        return found[0].call(arguments, keywords, found[1])
    if isinstance(function, TYPE_CLASSES):
        return construct(function, arguments, keywords)
    return call_object(function, arguments, keywords)


def call_on_tree(method, arguments, keywords, bindings):
    """A call of a method that may recur over a tree that only the graph knows."""
    if method.definition is None or not any(argument.__class__ is Node for argument in arguments):
        return method.call(arguments, keywords, bindings)
    from .batching.tree_recursion import call_on_node

    return call_on_node(method, arguments, keywords, bindings)


def call_object(function, arguments, keywords=None):
    """Calls a callable struct."""
    found = callables.find((function, *arguments))
    if found is None:
        type_ = type_name(typeof(function))
        types = ", ".join("::" + type_name(typeof(a)) for a in arguments)
        own = [m for m in callables.methods if is_subtype(typeof(function), _receiver(m))]
        if own:
            table = MethodTable(type_, has_receiver=True)
            table.methods = own
            raise no_method(table, (function, *arguments), keywords)
        raise WeberError(f"MethodError: objects of type {type_} are not callable (called with ({types}))",
                         kind="MethodError")
    try:
        if state.trace is not None and state.trace.has_trees:
            return call_on_tree(found[0], (function, *arguments), keywords, found[1])
        return found[0].call((function, *arguments), keywords, found[1])
    except WeberError as error:
        if error.layer is None and error.kind == "DimensionMismatch":
            error.layer = function
        raise


def _receiver(method):
    pattern = method.signature.parameters[0]
    for variable in reversed(method.variables):
        pattern = UnionAll(variable, pattern)
    return pattern


def construct(type_, arguments, keywords=None):
    """`T(arguments...)`: the family's own constructors first, then conversions."""
    family = getattr(unwrap(type_), "family", None)
    if family is not None and family.constructors is not None:
        found = family.constructors.find((type_, *arguments))
        if found is not None:
            return found[0].call((type_, *arguments), keywords, found[1])
    found = constructors.find((type_, *arguments))
    if found is not None and (family is not None or is_subtype(type_, t.Number)):
        return found[0].call((type_, *arguments), keywords, found[1])
    table = MethodTable(type_name(type_), has_receiver=True)
    if family is not None and family.constructors is not None:
        table.methods = family.constructors.methods
    elif family is not None and family.abstract:
        raise WeberError(
            f"MethodError: no constructors have been defined for {short_name(type_)}", kind="MethodError"
        )
    raise no_method(table, (type_, *arguments), keywords)
