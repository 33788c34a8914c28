"""Macro calls: each macro has a handler, which compiles its call to a closure; and the handlers of those that
advise, check, define and tell where they stand."""

import dataclasses
import os

from ...compiler.errors import Note, UnsupportedError, WeberError, sources
from ..parsing import syntax
from .evaluator import compiles, located

MACROS = {}
STRING_MACROS = {}
"""`prefix"text"suffix`: handler(text, suffix) -> value."""


def macro(*names):
    """Registers the handler of macros: `handler(compiler, node) -> run`."""

    def register(handler):
        for name in names:
            MACROS[name] = handler
        return handler

    return register


@compiles(syntax.MacroCall)
def macro_call(compiler, node):
    name = node.name.split(".")[-1] or "."
    handler = MACROS.get(name)
    if handler is None:
        import difflib

        error = UnsupportedError(
            f"macro `@{node.name}` is not supported", node.location, kind="UnsupportedError"
        )
        close = difflib.get_close_matches(name, MACROS, 1, 0.7)
        if close:
            error.notes.append(Note(f"  did you mean `@{close[0]}`?"))
        raise error
    if not node.arguments and name in NEEDS_ARGUMENT:
        raise misused(node, node, "an argument is missing")
    return handler(compiler, node)


NEEDS_ARGUMENT = ("assert", "time", "showprogress", "kwdef", "doc", "test", "info", "warn", "error")


def misused(node, part, reason):
    """The error of a macro that was given what it has no meaning for."""
    return WeberError(f"syntax error: `@{node.name}`: {reason}", part.location, kind="ParseError")


def name_in(node, part):
    """The name that an argument of a macro consists of."""
    if not isinstance(part, syntax.Identifier):
        raise misused(node, part, "expected a name")
    return part.name


def source_text(node):
    """The source of a node, as written (on one line)."""
    location = node.location
    lines = sources.get(location.file, "").splitlines()[location.line - 1:location.end_line]
    if not lines:
        return "?"
    lines[-1] = lines[-1][:location.end_column - 1]
    lines[0] = lines[0][location.column - 1:]
    return " ".join(line.strip() for line in lines)


def only_argument(node, name):
    if len(node.arguments) != 1:
        raise WeberError(f"`@{name}` takes one expression, {len(node.arguments)} given", node.location)
    return node.arguments[0]


def rewrite(node, rule):
    """A copy of a tree: `rule(node)` gives a replacement or None to go on below."""
    if isinstance(node, list):
        return [rewrite(item, rule) for item in node]
    if isinstance(node, tuple):
        return tuple(rewrite(item, rule) for item in node)
    if not isinstance(node, syntax.Node):
        return node
    replaced = rule(node)
    if replaced is not None:
        return replaced
    changes = {
        f.name: rewrite(getattr(node, f.name), rule) for f in dataclasses.fields(node) if f.name != "location"
    }
    return dataclasses.replace(node, **changes)


ADVICE = (
    "inbounds simd noinline inline nospecialize fastmath propagate_inbounds allowscalar static threads sync"
)


@macro(*ADVICE.split())
def transparent(compiler, node):
    """Macros that only advise Julia's compiler: the expression itself."""
    arguments = [a for a in node.arguments if not isinstance(a, syntax.Quote)]
    if not arguments:
        return lambda frame: None
    return compiler.expression(arguments[-1])


@macro("view", "views")
def views(compiler, node):
    """`@view A[i, :]` and `@views expression`: indexing makes views, which share the memory of the array."""
    inner = compiler.nested(compiler.scope)
    inner.views = True
    return inner.expression(only_argument(node, node.name))


@macro("assert")
def assertion(compiler, node):
    from ..printing.display import print_value

    condition = compiler.expression(node.arguments[0])
    message = compiler.expression(node.arguments[1]) if len(node.arguments) > 1 else None
    text, location, user = source_text(node.arguments[0]), node.location, compiler.user

    def run(frame):
        from ..control_flow.conditionals import is_staged_condition
        from .evaluator import truth

        value = condition(frame)
        if not is_staged_condition(value) and not truth(value, location, user):  # a staged one is assumed
            shown = print_value(message(frame)) if message is not None else text
            error = WeberError(f"AssertionError: {shown}", kind="AssertionError")
            error.thrown = user
            raise located(error, location, user)

    return run


REFUSED = {
    **dict.fromkeys(("eval", "generated", "macroexpand", "macro"), "programs cannot make programs"),
    **dict.fromkeys(("ccall", "cfunction", "llvmcall"), "programs cannot call C functions"),
    **dict.fromkeys(("spawn", "task", "async", "distributed"), "there are no tasks or threads"),
    **dict.fromkeys(("goto", "label"), "use a loop, a condition or `return`"),
}
"""Why macros are refused."""


@macro(*REFUSED)
def refused(compiler, node):
    raise UnsupportedError(
        f"macro `@{node.name}` is not supported: {REFUSED[node.name.split('.')[-1]]}",
        node.location,
        kind="UnsupportedError",
    )


@macro("doc")
def doc(compiler, node):
    return compiler.expression(node.arguments[-1])


@macro("isdefined")
def is_defined(compiler, node):
    name = name_in(node, only_argument(node, "isdefined"))
    run = compiler.load(name, node.location)

    def check(frame):
        try:
            run(frame)
        except WeberError:
            return False
        return True

    return check


@macro("__DIR__")
def directory(compiler, node):
    file = compiler.module.file or node.location.file
    value = os.path.dirname(os.path.abspath(file))
    return lambda frame: value


@macro("__FILE__")
def file_name(compiler, node):
    file = compiler.module.file or node.location.file
    value = os.path.abspath(file)
    return lambda frame: value


@macro("__LINE__")
def line_number(compiler, node):
    value = node.location.line
    return lambda frame: value


@macro("__MODULE__")
def this_module(compiler, node):
    module = compiler.module
    return lambda frame: module


@macro("test")
def test(compiler, node):
    """Test's `@test`: an assertion."""
    run = compiler.expression(node.arguments[0])
    text, location, user = source_text(node.arguments[0]), node.location, compiler.user

    def check(frame):
        if run(frame) is not True:
            raise located(WeberError(f"Test Failed: {text}", kind="TestFailed"), location, user)

    return check


@macro("export")
def export(compiler, node):
    """`@export f(x::Float32[64, N]) = …`: defines the function and makes it an entry of the file."""
    from ..compiling.entries import export_definition

    return export_definition(compiler, node)
