"""Macros that show, log, format and time: `@show`, `@info`, `@printf`, `@time`, `@showprogress`."""

import dataclasses
import math
import sys
import time

from ...compiler.errors import UnsupportedError, WeberError
from ..base.registry import function, module
from ..calling import call
from ..parsing import syntax
from ..state import state
from ..values import GeneratorValue
from .evaluator import compiles, located
from .macros import MACROS, macro, name_in, only_argument, source_text


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


def format_macro(name):
    def handler(compiler, node):
        from ..base.printf import format_printf
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

    iterable = compiler.expression(node.iterable)

    def run(frame):
        items = iterable(frame)
        size = size_of(items)
        total = None if size is None else math.prod(size)
        return GeneratorValue(lambda: progress(iterate(items), node.description(frame), total), size)

    return run
