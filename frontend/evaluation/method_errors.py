"""The MethodError of a call that no method fits: the closest methods, and what did not match in each."""

from ...compiler.errors import Note, WeberError
from .. import types as t
from ..dispatch import called_name, short_name
from ..type_lattice import TypeVar, UnionAll, VarargType, is_subtype, substitute
from ..type_names import type_name
from ..values import dispatch_type

MAX_CANDIDATES = 3


def no_method(table, arguments, keywords, location=None, called=None):
    """The MethodError for a call that nothing applies to, with the closest candidates and what did not
    match."""
    types = [dispatch_type(a) for a in arguments]
    message = f"MethodError: no method matching {table.call_text(types)}"
    fields = (called, tuple(arguments)) if called is not None else None
    error = WeberError(message, location, kind="MethodError", fields=fields)
    scored = []
    for methods in _by_definition(table.methods):
        mismatches = _mismatches(methods, types, int(table.has_receiver))
        scored.append((len(mismatches), len(scored), methods[-1], mismatches))
    scored.sort(key=lambda item: item[:2])
    if not table.has_receiver and _takes_elements(table, types):
        dotted = f"`{table.name}.(…)`" if table.name.isidentifier() else f"`x .{table.name} y`"
        error.notes.append(Note(f"  for each element of an array: {dotted}"))
    if table.name == "+" and any(is_subtype(x, t.AbstractString) for x in types):
        error.notes.append(Note("  strings are joined with `*`, or `string(a, b)`"))
    for _, _, method, mismatches in scored[:MAX_CANDIDATES]:
        candidate = method.describe(table.name, table.has_receiver)
        error.notes.append(Note(f"  candidate: {candidate}: {'; '.join(mismatches)}", method.location))
    return error


def _takes_elements(table, types):
    """Whether a call with arrays would be one with a number in the place of each."""
    scalars = [t.Float64 if is_subtype(x, t.AbstractArray) else x for x in types]
    try:
        return scalars != types and table.find_types(scalars) is not None
    except WeberError:  # ambiguous
        return False


def with_article(name):
    """`a Float64`, `an Int64`."""
    return ("an " if name[0] in "AEIOaeio" else "a ") + name


def _by_definition(methods):
    """The methods in groups: those that one definition with optional parameters made, the longest last."""
    groups = {}
    for method in methods:
        groups.setdefault(id(method.definition or method), []).append(method)
    return [sorted(group, key=lambda m: len(m.signature.parameters)) for group in groups.values()]


def _mismatches(methods, types, skipped):
    """Why no method of a definition takes arguments of these types; the first `skipped` are not counted."""
    method = methods[-1]
    parameters = method.signature.parameters
    variadic = bool(parameters) and isinstance(parameters[-1], VarargType)
    found = []
    for index, type_ in enumerate(types):
        if index >= len(parameters) and not variadic:
            break
        parameter = parameters[min(index, len(parameters) - 1)]
        if isinstance(parameter, VarargType):
            parameter = parameter.element
        pattern = parameter
        for variable in reversed(method.variables):
            pattern = UnionAll(variable, pattern)
        if is_subtype(type_, pattern):
            continue
        if index < skipped:
            found.append(f"it is for {called_name(parameter)}, not for {called_name(type_)}")
        else:
            if isinstance(parameter, TypeVar) and parameter.upper is not None:
                parameter = parameter.upper
            found.append(f"argument {index + 1 - skipped} is {with_article(type_name(type_))}, "
                         f"not {with_article(short_name(parameter))}")
    given, least, most = len(types) - skipped, _fewest(methods[0]) - skipped, len(parameters) - skipped
    if given < least or (given > most and not variadic):
        takes = f"at least {least}" if variadic else f"{least} or {most}" if most == least + 1 else \
            f"{least} to {most}" if most > least else str(most)
        found.append(f"takes {takes} argument{'s' * (takes not in ('1', 'at least 1'))}, {given} given")
    if not found:
        own = parameters[skipped:]
        shared = [v.name for v in method.variables if sum(_mentions(p, v) for p in own) > 1]
        found.append(
            f"the arguments' types do not agree on {', '.join(shared)}"
            if shared
            else "the types do not match"
        )
    return found


def _mentions(type_, variable):
    return substitute(type_, {variable: t.Bottom}) is not type_


def _fewest(method):
    return sum(not isinstance(p, VarargType) for p in method.signature.parameters)
