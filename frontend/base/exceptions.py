"""Julia's exceptions as values: `error`, `throw`, what `catch` receives, `showerror`.

In Python every error is a `WeberError`. One that was thrown as a Julia value keeps it as `error.value`; for
the others `exception_value` makes the Julia exception of the error's kind.
"""

import sys
import weakref

from ...compiler.errors import WeberError
from .. import types as t
from ..calling import call
from ..poison import UNDEFINED
from ..printing.display import Context, print_value, show_text
from ..type_lattice import is_type
from ..type_names import type_name
from ..values import Char, Struct, typeof
from .io import memory_stream
from .printing import string
from .registry import define, define_constructor, function

_MESSAGE_TYPES = ("ErrorException", "ArgumentError", "DimensionMismatch", "AssertionError", "OverflowError",
                  "IOError", "ParseError", "FieldError", "TestFailed")
"""Exceptions whose one field is a message."""

_FIELDS = {
    "BoundsError": ("a", "i"), "DomainError": ("val", "msg"), "InexactError": ("func", "T", "val"),
    "KeyError": ("key",), "MethodError": ("f", "args"), "UndefVarError": ("var",),
    "UndefKeywordError": ("var",), "TypeError": ("func", "context", "expected", "got"),
    "LoadError": ("file", "line", "error"),
    "SystemError": ("prefix", "errnum", "extrainfo"), "StringIndexError": ("string", "index"),
    "DivideError": (), "StackOverflowError": (), "InterruptException": (), "OutOfMemoryError": (),
    "EOFError": (), "UndefRefError": (),
}
EXCEPTIONS = {name: t.declare(name, t.Exception_, fields=fields)
              for name, fields in ({name: ("msg",) for name in _MESSAGE_TYPES} | _FIELDS).items()}

_errors = weakref.WeakKeyDictionary()
"""The error that an exception value was made of, for its text."""


def exception(name, *fields):
    """An exception value: `exception("KeyError", key)`."""
    return Struct(EXCEPTIONS[name], list(fields))


def raise_value(value):
    """`throw(value)`: raises any Julia value as an error. `catch` receives the same value."""
    raise as_error(value)


def as_error(value) -> WeberError:
    """The WeberError that carries a thrown Julia value."""
    type_ = typeof(value)
    original = _errors.get(value) if value.__class__ is Struct else None
    if original is not None:
        return original
    error = WeberError(error_text(value), kind=type_.family.name)
    error.value = value
    return error


def exception_value(error: WeberError):
    """What `catch` receives for an error: the value that was thrown, or the Julia exception of the error's
    kind."""
    value = getattr(error, "value", error)
    if value is not error:
        return value
    type_ = EXCEPTIONS.get(error.kind, EXCEPTIONS["ErrorException"])
    message = error.message.removeprefix(f"{error.kind}: ")
    if type_.family.field_names == ("msg",):
        fields = [message]
    elif error.fields is not None and len(error.fields) == len(type_.family.field_names):
        fields = list(error.fields)
    else:
        fields = [UNDEFINED] * len(type_.family.field_names)
    value = error.value = Struct(type_, fields)
    _errors[value] = error
    return value


# --- text ---------------------------------------------------------------------------------------------------


def error_text(value) -> str:
    """`sprint(showerror, value)`."""
    stream = memory_stream()
    method = function("showerror").methods.find((stream, value))
    method[0].call((stream, value), {}, method[1])
    return stream.text()


def _shown(value):
    return show_text(value, Context(limit=True))


def _bounds_text(array, index):
    from .errors import summary

    where = ", ".join(_shown(i) for i in (index if isinstance(index, tuple) else (index,)))
    return f"BoundsError: attempt to access {summary(array)} at index [{where}]"


def _type_text(function_, context, expected, got):
    place = f"in {function_.name}, " + (f"in {context}, " if context not in ("", None) else "")
    found = f"Type{{{type_name(got)}}}" if is_type(got) else f"a value of type {type_name(typeof(got))}"
    return f"TypeError: {place}expected {type_name(expected)}, got {found}"


def _method_text(called, arguments):
    types = ", ".join("::" + type_name(typeof(a)) for a in arguments)
    return f"MethodError: no method matching {print_value(called)}({types})"


def _load_text(file, line, error):
    return f"LoadError: {error_text(error)}\nin expression starting at {file}:{line}"


def _string_index_text(text, index):
    start, near = 1, []
    for character in text:
        following = start + len(character.encode("utf-8", "surrogateescape"))
        if start < index < following:
            near = [f"[{start}]=>{_shown(Char(ord(character)))}"]
        elif near:
            near.append(f"[{start}]=>{_shown(Char(ord(character)))}")
            break
        start = following
    return f"StringIndexError: invalid index [{index}], valid nearby indices {', '.join(near)}"


_TEXTS = {
    "ErrorException": lambda message: message,
    "BoundsError": _bounds_text,
    "DomainError": lambda value, message: f"DomainError with {_shown(value)}:\n{message}",
    "InexactError": lambda func, type_, value: f"InexactError: {print_value(func)}({_shown(value)})",
    "KeyError": lambda key: f"KeyError: key {_shown(key)} not found",
    "MethodError": _method_text,
    "UndefVarError": lambda name: f"UndefVarError: `{print_value(name)}` not defined",
    "UndefKeywordError": lambda name: (
        f"UndefKeywordError: keyword argument `{print_value(name)}` not assigned"),
    "TypeError": _type_text,
    "LoadError": _load_text,
    "SystemError": lambda prefix, *_: f"SystemError: {prefix}",
    "StringIndexError": _string_index_text,
    "DivideError": lambda: "DivideError: integer division error",
    "EOFError": lambda: "EOFError: read end of file",
}


@define("showerror", t.IO, t.Any)
def showerror(stream, value):
    """Writes an exception as an error report does."""
    original = _errors.get(value) if value.__class__ is Struct else None
    if original is not None:
        text = original.message
    elif value.__class__ is Struct and value.type in _OWN:
        name = value.type.family.name
        if name in _TEXTS:
            text = _TEXTS[name](*value.fields)
        else:
            text = f"{name}: {print_value(value.fields[0])}" if value.fields else f"{name}:"
    else:
        text = _shown(value)
    stream.write_text(text)


_OWN = frozenset(EXCEPTIONS.values())


@define("showerror", t.IO, t.Any, t.Any)
def showerror_with_trace(stream, value, _backtrace):
    call(function("showerror"), (stream, value))


# --- throwing -----------------------------------------------------------------------------------------------


@define("error", t.Any, ...)
def error(*message):
    """Throws an ErrorException with the message."""
    raise_value(exception("ErrorException", string(*message)))


@define("throw", t.Any)
def throw(value):
    """Throws a value, usually an exception."""
    raise_value(value)


@define("rethrow")
def rethrow():
    """Throws the exception being handled again."""
    current = sys.exc_info()[1]
    if not isinstance(current, WeberError):
        raise WeberError("rethrow() not allowed outside a catch block")
    raise current


@define("rethrow", t.Any)
def rethrow_value(value):
    raise_value(value)


@define("catch_backtrace backtrace")
def backtrace():
    """The call stack; locations are part of diagnostics, so it is empty here."""
    return ()


def _message_constructor(type_):
    @define_constructor(type_, t.Any)
    def construct(_, message):
        return Struct(type_, [message])


for _name in _MESSAGE_TYPES:
    _message_constructor(EXCEPTIONS[_name])


def _constructor(name, count, complete=lambda *fields: fields):
    type_ = EXCEPTIONS[name]

    @define_constructor(type_, *[t.Any] * count)
    def construct(_, *fields):
        return Struct(type_, list(complete(*fields)))


for _name, _fields in _FIELDS.items():
    _constructor(_name, len(_fields))
_constructor("DimensionMismatch", 0, lambda: ("",))
_constructor("AssertionError", 0, lambda: ("",))
_constructor("BoundsError", 1, lambda array: (array, UNDEFINED))
_constructor("DomainError", 1, lambda value: (value, ""))
_constructor("SystemError", 1, lambda prefix: (prefix, 0, None))
_constructor("SystemError", 2, lambda prefix, number: (prefix, number, None))


@define_constructor(EXCEPTIONS["BoundsError"], t.Any, t.Any, t.Any, ...)
def construct_bounds_error(_, array, *index):
    return exception("BoundsError", array, index)
