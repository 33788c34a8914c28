"""Macros: those of Base and Flux that models and scripts use. Each handler compiles a macro call to a
closure."""

import dataclasses
import math
import os
import sys
import time

from ...compiler.errors import Note, UnsupportedError, WeberError, sources
from ..base.registry import function
from ..calling import call
from ..parsing import syntax
from ..state import state
from .evaluator import compiles, located, lookup

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


@macro("show")
def show(compiler, node):
    from ..base.io import write_output
    from ..printing.display import repr_value

    parts = [(source_text(a), compiler.expression(a)) for a in node.arguments]

    def run(frame):
        value = None
        for text, one in parts:
            value = one(frame)
            write_output(f"{text} = {repr_value(value)}\n")
        return value

    return run


def log_macro(level):
    def handler(compiler, node):
        from ..base.io import forbid_effect
        from ..printing.display import print_value, repr_value

        message = compiler.expression(node.arguments[0])
        fields = []
        for argument in node.arguments[1:]:
            if isinstance(argument, syntax.Assignment):
                fields.append((name_in(node, argument.target), compiler.expression(argument.value)))
            else:
                fields.append((source_text(argument), compiler.expression(argument)))

        def run(frame):
            forbid_effect(f"@{level.lower()}")
            lines = print_value(message(frame)).split("\n")
            lines += [f"  {name} = {repr_value(value(frame))}" for name, value in fields]
            if len(lines) == 1:
                text = f"[ {level}: {lines[0]}\n"
            else:
                text = (
                    f"┌ {level}: {lines[0]}\n"
                    + "".join(f"│ {line}\n" for line in lines[1:-1])
                    + f"└ {lines[-1]}\n"
                )
            sys.stderr.write(text)

        return run

    return handler


MACROS.update(info=log_macro("Info"), warn=log_macro("Warning"), error=log_macro("Error"),
              debug=lambda compiler, node: lambda frame: None)


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


@macro("time")
def timed(compiler, node):
    from ..base.io import write_output

    run = compiler.expression(node.arguments[-1])

    def measure(frame):
        start = time.perf_counter()
        value = run(frame)
        write_output(f"  {time.perf_counter() - start:.6f} seconds\n")
        return value

    return measure


@macro("elapsed")
def elapsed(compiler, node):
    run = compiler.expression(only_argument(node, "elapsed"))

    def measure(frame):
        start = time.perf_counter()
        run(frame)
        return time.perf_counter() - start

    return measure


class _Shown(syntax.Node):
    """The iterable of a loop whose progress is shown."""

    __slots__ = ("description", "iterable")

    def __init__(self, iterable, description):
        super().__init__(location=iterable.location)
        self.iterable, self.description = iterable, description


@macro("showprogress")
def show_progress(compiler, node):
    """ProgressMeter's `@showprogress ["description"] for …`: a bar on a terminal, plain lines elsewhere."""
    *options, loop = node.arguments
    if not isinstance(loop, syntax.For) or len(loop.iterations) != 1:
        raise UnsupportedError("`@showprogress` needs a `for` loop over one iterable", node.location)
    texts = [o for o in options if isinstance(o, syntax.String)]
    description = compiler.expression(texts[0]) if texts else lambda frame: "Progress"
    (iteration,) = loop.iterations
    shown = dataclasses.replace(iteration, iterable=_Shown(iteration.iterable, description))
    return compiler.expression(dataclasses.replace(loop, iterations=[shown]))


@compiles(_Shown)
def shown_iterable(compiler, node):
    from ...runtime.progress import progress
    from ..base.iteration import iterate, size_of
    from ..values import GeneratorValue

    iterable = compiler.expression(node.iterable)

    def run(frame):
        items = iterable(frame)
        size = size_of(items)
        total = None if size is None else math.prod(size)
        return GeneratorValue(lambda: progress(iterate(items), node.description(frame), total), size)

    return run


# --- broadcasting everything --------------------------------------------------------------------------------


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


def dot_everything(node):
    """`@.`: every call and assignment becomes its dotted form; `$f(x)` stays."""

    def rule(item):
        if isinstance(item, syntax.Call):
            if isinstance(item.function, syntax.Identifier) and item.function.name == "$":
                return item.arguments[0]
            return dataclasses.replace(
                item, dotted=not _is_colon(item), arguments=rewrite(item.arguments, rule)
            )
        if isinstance(item, syntax.Assignment):
            return dataclasses.replace(item, dotted=True, value=rewrite(item.value, rule))
        if isinstance(item, syntax.And | syntax.Or):
            return dataclasses.replace(
                item, dotted=True, left=rewrite(item.left, rule), right=rewrite(item.right, rule)
            )
        if isinstance(item, syntax.Comparison):
            operators = [
                syntax.Identifier("." + o.name.removeprefix("."), location=o.location) for o in item.operators
            ]
            return dataclasses.replace(item, operators=operators, operands=rewrite(item.operands, rule))
        if isinstance(item, syntax.Lambda | syntax.FunctionDefinition | syntax.Quote):
            return item
        return None

    return rewrite(node, rule)


def _is_colon(item):
    return isinstance(item.function, syntax.Identifier) and item.function.name == ":"


@macro(".", "__dot__")
def dot(compiler, node):
    return compiler.expression(dot_everything(only_argument(node, ".")))


# --- definitions --------------------------------------------------------------------------------------------


@macro("kwdef")
def keyword_struct(compiler, node):
    """`@kwdef struct …`: the struct and its constructor with keywords."""
    struct = node.arguments[0]
    if not isinstance(struct, syntax.Struct):
        raise misused(node, struct, "expected a struct definition")
    location = struct.location
    plain = dataclasses.replace(struct, fields=[dataclasses.replace(f, default=None) for f in struct.fields])
    keywords = [
        syntax.Parameter(syntax.Identifier(f.name, location=f.location), None, f.default, location=f.location)
        for f in struct.fields
    ]
    values = [syntax.Identifier(f.name, location=f.location) for f in struct.fields]
    name = syntax.Identifier(struct.name, location=location)
    outer = syntax.FunctionDefinition(name, syntax.Signature([], keywords, location=location),
                                      syntax.Call(name, values, location=location), location=location)
    steps = [compiler.expression(plain), compiler.expression(outer)]
    if struct.parameters:
        parameters = [syntax.Identifier(p.name, location=location) if isinstance(p, syntax.TypeBound) else p
                      for p in struct.parameters]
        typed = syntax.Curly(name, parameters, location=location)
        from .type_expressions import as_bounds

        steps.append(compiler.expression(syntax.FunctionDefinition(
            typed, syntax.Signature([], keywords, as_bounds(struct.parameters), location=location),
            syntax.Call(typed, values, location=location), location=location)))

    def run(frame):
        for step in steps:
            step(frame)

    return run


@macro("layer", "functor", "leaf")
def layer(compiler, node):
    """`@layer Name`, `@layer Name trainable=(a, b)`, `@layer :noexpand Name`: see `library/functors.jl`."""
    types, trainable, children, expand, user = [], None, None, True, compiler.user
    for argument in node.arguments:
        if isinstance(argument, syntax.Quote):
            expand = name_in(node, argument.expression) != "noexpand"
        elif isinstance(argument, syntax.Assignment):
            option = name_in(node, argument.target)
            if option not in ("trainable", "children"):
                raise UnsupportedError(f"`@layer` option `{option}`", argument.location)
            names = _names_in(node, argument.value)
            trainable, children = (names, children) if option == "trainable" else (trainable, names)
        elif isinstance(argument, syntax.Tuple):  # `@functor Name (a, b)`
            children = _names_in(node, argument)
        else:
            types.append(compiler.expression(argument))
    leaf = node.name.endswith("leaf")

    def run(frame):
        from ..type_lattice import unwrap

        for one in types:
            family = getattr(unwrap(one(frame)), "family", None)
            if family is None:
                raise WeberError(
                    f"`@{node.name}` takes the names of structs", node.location, kind="TypeError"
                )
            is_layer = node.name.endswith("layer")
            layers[family] = LayerDeclaration(trainable, children, expand, leaf, is_layer, user)
            if layers[family].is_layer:
                show_as_layer(family)

    return run


def _names_in(node, value):
    """The names in `(a, b)`, or the one name."""
    return tuple(name_in(node, e) for e in (value.elements if isinstance(value, syntax.Tuple) else [value]))


@dataclasses.dataclass(frozen=True)
class LayerDeclaration:
    """What `@layer` says of a type: its trainable fields and those that are its children (None: all), whether
    it prints as a tree."""

    trainable: tuple | None
    children: tuple | None
    expand: bool
    leaf: bool
    is_layer: bool
    user: bool


def show_as_layer(family):
    """Makes the REPL show instances of a type as Flux shows layers: a line for each part, with counts of
    parameters."""
    from .. import types as t
    from ..base.printing import TEXT_PLAIN
    from ..dispatch import Method

    def show(arguments, keywords, bindings):
        from .packages import load_package

        stream, _, layer = arguments
        return call(load_package("Flux").bindings["show_layer"], (stream, layer))

    function("show").methods.add(
        Method(t.tuple_type(t.IO, TEXT_PLAIN.type, family.wrapper), (), show, ("io", "mime", "layer"))
    )


layers: dict[object, LayerDeclaration] = {}
"""The types that `@layer`, `@functor` or `@leaf` declared, by family."""


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


@macro("NamedTuple")
def named_tuple_type(compiler, node):
    """`@NamedTuple{a::A, b}`, `@NamedTuple begin a::A; b end`: the type of such named tuples; followed by
    arguments, the call of the type."""
    fields = only_argument(node, "NamedTuple")
    if isinstance(fields, syntax.Call):
        made = syntax.MacroCall(node.name, [fields.function], location=node.location)
        return compiler.expression(dataclasses.replace(fields, function=made))
    if isinstance(fields, syntax.Curly) and fields.type is None:
        parts = fields.parameters
    elif isinstance(fields, syntax.Block):
        parts = fields.statements
    else:
        raise misused(node, fields, "expected fields in braces or in a block")
    typed = [part if isinstance(part, syntax.TypeAssertion) else syntax.TypeAssertion(
        part, syntax.Identifier("Any", location=part.location), location=part.location) for part in parts]
    names = [name_in(node, part.expression) for part in typed]
    types = [compiler.expression(part.type) for part in typed]

    def run(frame):
        from ..types import named_tuple_type

        return named_tuple_type(names, [type_(frame) for type_ in types])

    return run


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


def format_macro(name):
    def handler(compiler, node):
        from ..base.printf import format_printf
        from ..base.registry import module
        from .expressions import argument_list

        arguments = node.arguments
        stream = None
        if arguments and not isinstance(arguments[0], syntax.String):
            stream, arguments = compiler.expression(arguments[0]), arguments[1:]
        if not arguments or not isinstance(arguments[0], syntax.String):
            raise WeberError(f"`@{name}` needs a literal format string", node.location)
        template = "".join(p for p in arguments[0].parts if isinstance(p, str))
        values = argument_list(compiler, arguments[1:])
        location, user = node.location, compiler.user
        module("Printf")

        def run(frame):
            from ..base.io import write_output

            state.location = location if user else state.location
            try:
                text = format_printf(template, values(frame))
                if name == "sprintf":
                    return text
                if stream is not None:
                    return call(function("print"), (stream(frame), text))
                write_output(text)
            except WeberError as error:
                raise located(error, location, user)  # noqa: B904
            return None

        return run

    return handler


MACROS.update(printf=format_macro("printf"), sprintf=format_macro("sprintf"))


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


def regex_macro(text, suffix):
    return call(lookup(_base(), "Regex"), (text, suffix) if suffix else (text,))


def _base():
    from ..base.registry import BASE

    return BASE


STRING_MACROS["r"] = regex_macro
STRING_MACROS["v"] = lambda text, suffix: text
