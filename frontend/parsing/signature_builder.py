"""Signatures from what the grammar reads as calls: parameters, keywords, `where`, the type of the result."""

from ...compiler.errors import WeberError
from . import syntax

_NAMES = (syntax.Identifier, syntax.Field, syntax.Curly, syntax.Where, syntax.MacroCall, syntax.Call)
"""What the name of a function may be: `f`, `Base.show`, `Point{T}`, `@main`; `f(x)` within a macro only."""

_TARGETS = (syntax.Identifier, syntax.Tuple, syntax.NamedTuple, syntax.MacroCall)


class Section:
    """The items between two semicolons in parentheses, and whether a comma follows the last or stands between
    them."""

    __slots__ = ("comma", "items")

    def __init__(self, items, comma):
        self.items, self.comma = items, comma


def refuse(message, location):
    raise WeberError(f"syntax error: {message}", location, kind="ParseError")


def is_plain_assignment(node):
    return isinstance(node, syntax.Assignment) and not node.operator and not node.dotted


def keyword(node):
    """`name = value` (or, after a semicolon, `name`, `object.name`) as a keyword; None when it is none."""
    location = node.location
    if is_plain_assignment(node):
        target = node.target
        if isinstance(target, syntax.TypeAssertion):
            target = target.expression
        if isinstance(target, syntax.Identifier):
            return syntax.Keyword(target.name, node.value, location=location)
    elif isinstance(node, syntax.Identifier):
        return syntax.Keyword(node.name, None, location=location)
    elif isinstance(node, syntax.TypeAssertion) and isinstance(node.expression, syntax.Identifier):
        return syntax.Keyword(node.expression.name, None, location=location)
    elif isinstance(node, syntax.Field) and isinstance(node.name, str):
        return syntax.Keyword(node.name, node, location=location)
    return None


def split_arguments(sections):
    """Arguments and keywords of a call."""
    arguments, keywords = [], []
    for item in sections[0].items:
        found = keyword(item) if is_plain_assignment(item) else None
        if found:
            keywords.append(found)
        else:
            arguments.append(item)
    for section in sections[1:]:
        keywords += [keyword(item) or item for item in section.items]
    return arguments, keywords


def parameter(node):
    """One parameter: `x`, `x::T`, `::T`, `x = 1`, `x...`, `(a, b)`, `@nospecialize(x)`."""
    location, default, type, variadic = node.location, None, None, False
    if is_plain_assignment(node):
        default, node = node.value, node.target
    if isinstance(node, syntax.Splat):
        variadic, node = True, node.expression
    if isinstance(node, syntax.TypeAssertion):
        type, node = node.type, node.expression
    if isinstance(node, syntax.MacroCall) and node.name.endswith("nospecialize") and len(node.arguments) == 1:
        inner = parameter(node.arguments[0])
        default = default or inner.default
        return syntax.Parameter(inner.target, inner.type, default, variadic, location=location)
    if not (node is None or isinstance(node, _TARGETS) or is_spliced(node)):
        refuse("expected a parameter: a name, perhaps with `::` and a type, or a tuple of names", location)
    return syntax.Parameter(node, type, default, variadic, location=location)


def is_spliced(node):
    """`$x`, in a quoted expression."""
    return is_operator(node, "$")


def is_operator(node, name):
    function = node.function if isinstance(node, syntax.Call) else None
    return isinstance(function, syntax.Identifier) and function.name == name


def parameters(sections, location, where=(), result=None):
    """The signature that a list in parentheses says."""
    positional = [parameter(item) for item in sections[0].items]
    keywords = [parameter(item) for section in sections[1:] for item in section.items]
    for one in keywords:
        if not (isinstance(one.target, syntax.Identifier) or is_spliced(one.target)):
            refuse("expected the name of a keyword parameter", one.location)
    return syntax.Signature(positional, keywords, list(where), result, location=location)


def bound(node):
    """A type parameter: `T`, `T<:Upper`, `T>:Lower`, `Lower<:T<:Upper`; None when it is none."""
    location = node.location
    if isinstance(node, syntax.TypeBound):
        return node
    if isinstance(node, syntax.Identifier):
        return syntax.TypeBound(node.name, location=location)
    if is_operator(node, "<:") or is_operator(node, ">:"):
        if len(node.arguments) == 2 and isinstance(node.arguments[0], syntax.Identifier):
            name, limit = node.arguments
            upper, lower = (limit, None) if node.function.name == "<:" else (None, limit)
            return syntax.TypeBound(name.name, upper, lower, location=location)
    if isinstance(node, syntax.Comparison) and len(node.operands) == 3:
        signs = [operator.name for operator in node.operators]
        first, name, last = node.operands
        if signs in (["<:", "<:"], [">:", ">:"]) and isinstance(name, syntax.Identifier):
            upper, lower = (last, first) if signs[0] == "<:" else (first, last)
            return syntax.TypeBound(name.name, upper, lower, location=location)
    return None


def bounds(items):
    """All type parameters of a list."""
    return [
        bound(item) or (item if is_spliced(item) else refuse("expected a type parameter", item.location))
        for item in items
    ]


def is_signature(node):
    """Whether `node = …` defines a function: a call, perhaps with `where` and the type of its result."""
    while isinstance(node, (syntax.Where, syntax.TypeAssertion)):
        node = node.type if isinstance(node, syntax.Where) else node.expression
    return isinstance(node, syntax.Call) and not node.dotted and not is_spliced(node)


def is_calculation(node):
    """Whether what looks like the definition of an operator is none: one of the parameters is a number."""
    return isinstance(node, syntax.Call) and node.infix and any(
        isinstance(argument, syntax.Literal) for argument in node.arguments)


def definition(node, sections_of):
    """Name and signature that a definition's head says. `sections_of` gives the sections of the calls in
    parentheses."""
    where, result, whole = [], None, node
    while isinstance(node, (syntax.Where, syntax.TypeAssertion)):
        if isinstance(node, syntax.Where):
            where, node = node.parameters + where, node.type
        else:
            result, node = node.type, node.expression
    if not isinstance(node, syntax.Call):
        refuse("expected a function's name with its parameters, `name(…)`", whole.location)
    sections = sections_of.get(node) or [Section(node.arguments, False)]
    name = node.function
    if isinstance(name, syntax.TypeAssertion):
        name = parameter(name)
    elif not (name is None or isinstance(name, _NAMES)):
        refuse("expected the name of a function", name.location)
    return name, parameters(sections, whole.location, where, result)
