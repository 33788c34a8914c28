"""`print`, `show`, `display`, `repr`, `string`: values as text."""

from .. import types as t
from ..calling import call
from ..printing import display
from ..printing.display import Context, plain_text, print_text, show_text
from ..type_lattice import DataType, TypeVar
from ..type_names import type_name
from ..values import Struct, typeof
from .errors import fault
from .io import context_from, context_of, memory_stream, stdout
from .registry import BASE, define, define_constructor

MIME = t.declare("MIME", parameters=(TypeVar("mime"),))
TEXT_PLAIN = Struct(MIME.body.family.apply("text/plain"), [])
"""`MIME("text/plain")`."""


@define("print", t.IO, t.Any, ...)
def print_to(stream, *values):
    """Writes the values' text to the stream, without anything between."""
    stream.require_writable()
    context = context_of(stream)
    stream.write_text("".join([print_text(value, context) for value in values]))


@define("print", t.Any, ...)
def print_(*values):
    print_to(stdout, *values)


@define("println", t.IO, t.Any, ...)
def println_to(stream, *values):
    """As `print`, with a newline at the end."""
    print_to(stream, *values, "\n")


@define("println", t.Any, ...)
def println(*values):
    println_to(stdout, *values)


@define("printstyled", t.IO, t.Any, ..., keywords=None)
def printstyled_to(stream, *values, **_style):
    """As `print`; colours are for terminals, and left out."""
    print_to(stream, *values)


@define("printstyled", t.Any, ..., keywords=None)
def printstyled(*values, **_style):
    print_to(stdout, *values)


@define("show", t.IO, t.Any)
def show_to(stream, value):
    """Writes `repr(value)` to the stream."""
    stream.require_writable()
    stream.write_text(show_text(value, context_of(stream)))


@define("show", t.Any)
def show(value):
    show_to(stdout, value)


@define("show", t.IO, MIME, t.Any)
def show_mime(stream, mime, value):
    """`show(io, MIME"text/plain"(), value)`: the text that the REPL prints."""
    stream.require_writable()
    stream.write_text(plain_text(value, context_of(stream)))


@define("show", t.IO, t.AbstractString, t.Any)
def show_mime_name(stream, mime, value):
    call(BASE.bindings["show"], (stream, mime_value(mime), value))


@define("display", t.Any)
def display_(value):
    """Shows a value as the REPL does."""
    stdout.require_writable()
    stdout.write_text(plain_text(value, display.REPL) + "\n")


@define("summary", t.Any)
def summary(value):
    """`summary(x)`: the size and type of an array, the type of anything else."""
    from ..printing.array_text import is_array
    from ..printing.array_text import summary as array_summary

    return array_summary(value) if is_array(value) else type_name(typeof(value))


@define("summary", t.IO, t.Any)
def summary_to(stream, value):
    stream.write_text(summary(value))


@define("showarg", t.IO, t.Any, t.Any, exported=False)
def showarg(stream, value, toplevel):
    """Writes how an argument is told in a summary: its type."""
    stream.write_text(type_name(typeof(value)))


@define("replace_in_print_matrix", t.Any, t.Any, t.Any, t.AbstractString, exported=False)
def replace_in_print_matrix(array, row, column, text):
    """The text that stands for an element of a structured matrix; a hook for the matrix's type."""
    return text


@define("replace_with_centered_mark", t.AbstractString, keywords=("c",), exported=False)
def replace_with_centered_mark(text, c=None):
    """A text of the same width with a centred dot (or `c`)."""
    mark = "⋅" if c is None else print_text(c, Context())
    before = (len(text) + 1) // 2 - 1
    return " " * before + mark + " " * (len(text) - before - 1)


display.generic_methods |= {
    print_to, print_, show_to, show, show_mime, show_mime_name, showarg, replace_in_print_matrix}


@define("repr", t.Any, keywords=("context",))
def repr_(value, context=None):
    """The text that `show` writes."""
    return show_text(value, context_from(context))


@define("repr", MIME, t.Any, keywords=("context",))
def repr_mime(mime, value, context=None):
    return plain_text(value, context_from(context))


@define("repr", t.AbstractString, t.Any, keywords=("context",))
def repr_mime_name(mime, value, context=None):
    return repr_mime(mime_value(mime), value, context)


@define("string", t.Any, ...)
def string(*values):
    """The values' `print` texts joined."""
    return "".join(print_text(value, Context()) for value in values)


@define("sprint", t.Any, t.Any, ..., keywords=("context", "sizehint"))
def sprint(function, *arguments, context=None, sizehint=0):
    """What `function(io, arguments...)` writes to io."""
    stream = memory_stream(context_from(context))
    call(function, (stream, *arguments))
    return stream.text()


def mime_value(name):
    """`MIME("text/plain")`."""
    return Struct(MIME.body.family.apply(name), [])


@define_constructor(MIME, t.AbstractString)
def make_mime(_, name):
    return mime_value(name)


@define_constructor(MIME)
def instantiate_mime(type_):
    """`MIME"text/plain"()`."""
    if not isinstance(type_, DataType):
        raise fault("MethodError", "no method matching MIME()")
    return Struct(type_, [])
