"""Input and output: streams and their display contexts, reading and writing.

Outside of memory buffers these are effects, which a function that is being compiled cannot have:
`forbid_effect`.
"""

import io as python_io
import os
import sys
from dataclasses import replace

import numpy as np

from ...compiler.errors import UnsupportedError, WeberError
from .. import types as t
from ..printing.display import Context
from ..staging import read_host
from ..state import LaneEffect, serials, state
from ..type_lattice import TypeOfTypeFamily, TypeVar, is_subtype
from ..type_names import type_name
from ..values import Array, Char, Symbol, to_host, typeof
from .errors import argument_error, shown
from .iterators import iterator
from .pairs import Pair
from .registry import BASE, define, define_constructor

IOBuffer = t.declare("IOBuffer", t.IO, mutable=True)
IOStream = t.declare("IOStream", t.IO, mutable=True)
TTY = t.declare("TTY", t.IO, mutable=True)
DevNull = t.declare("DevNull", t.IO)
IOContext = t.declare("IOContext", t.IO)


class Stream:
    """An IO object: a Python binary file, with the display context that an `IOContext` adds."""

    __slots__ = ("type", "file", "name", "context", "serial", "lanes", "__weakref__")

    def __init__(self, type, file, name="", context=None):
        self.type, self.file, self.name, self.context = type, file, name, context
        self.serial, self.lanes = next(serials), state.lanes

    @property
    def is_memory(self):
        return isinstance(self.file, python_io.BytesIO)

    def require_writable(self):
        """Writing is an effect, unless it is to a buffer made inside of the same trace or broadcast."""
        if not self.is_memory:
            forbid_effect(f"writing to `{self.name}`")
        elif state.lanes > self.lanes or (state.trace is not None and self.serial < state.trace.serial):
            forbid_effect("writing to an IOBuffer")

    def write(self, data: bytes):
        """Writes bytes."""
        self.require_writable()
        try:
            self.file.write(data)
        except BrokenPipeError:
            raise  # the reader of our output has gone
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "stream is closed or unusable"
            raise WeberError(f"IOError: {reason}", kind="IOError") from None

    def write_text(self, text: str):
        self.write(text.encode("utf-8", "surrogatepass"))

    def text(self):
        """What a memory stream holds."""
        return self.file.getvalue().decode("utf-8", "surrogateescape")

    def show(self, context):
        """How Julia shows the stream."""
        if self.is_memory:
            return (f"IOBuffer(data=UInt8[...], readable=true, writable=true, seekable=true, append=false, "
                    f"size={len(self.file.getvalue())}, maxsize=Inf, ptr={self.file.tell() + 1}, mark=-1)")
        return f"{type_name(self.type)}({self.name})"


class _StandardFile:
    """Writes bytes to whatever `sys.stdout` or `sys.stderr` is at the moment."""

    def __init__(self, name):
        self.name = name

    def write(self, data):
        getattr(sys, self.name).write(data.decode("utf-8", "replace"))

    def flush(self):
        getattr(sys, self.name).flush()

    def readline(self):
        return sys.stdin.readline().encode()

    def read(self):
        return sys.stdin.read().encode()

    def close(self):
        pass


stdout = Stream(TTY, _StandardFile("stdout"), "stdout")
stderr = Stream(TTY, _StandardFile("stderr"), "stderr")
stdin = Stream(TTY, _StandardFile("stdin"), "stdin")
devnull = Stream(DevNull, open(os.devnull, "r+b", buffering=0), "devnull")  # noqa: SIM115
for _stream in (stdout, stderr, stdin, devnull):
    BASE.bindings[_stream.name] = _stream
    BASE.exports.add(_stream.name)


def forbid_effect(what):
    """Refuses an effect inside a function that is being compiled; makes a broadcast over lanes start over."""
    if state.lanes:
        raise LaneEffect
    if state.trace is not None and not state.trace.immediate:
        raise UnsupportedError(f"{what} inside of a compiled function, which has no effect but on arrays and "
                               "numbers", kind="UnsupportedError")


def write_output(text):
    """Writes text to stdout."""
    stdout.write_text(text)


def memory_stream(context=None, data=b""):
    """A new IOBuffer."""
    return Stream(IOBuffer, python_io.BytesIO(data), context=context)


def context_of(stream):
    """The display context of a stream."""
    return stream.context if stream.context is not None else Context()


# --- contexts -----------------------------------------------------------------------------------------------

_PROPERTIES = ("compact", "limit", "typeinfo")


def context_from(given, base=None):
    """A Context from what the `context` keyword takes: a stream, a pair, or a tuple of pairs."""
    context = base or Context()
    if given is None:
        return context
    if isinstance(given, Stream):
        return context_of(given)
    for item in given if isinstance(given, tuple) else (given,):
        if not is_subtype(typeof(item), Pair) or item.fields[0].__class__ is not Symbol:
            raise argument_error(f"a property of an IOContext is a pair `:name => value`, got {shown(item)}")
        key, value = item.fields
        context = with_property(context, key.name, value)
    return context


def with_property(context, name, value):
    """A context with an IOContext property set."""
    if name in _PROPERTIES:
        return replace(context, **{name: value})
    if name == "displaysize":
        if value.__class__ is not tuple or len(value) != 2 or not all(isinstance(n, int) for n in value):
            raise argument_error(f"the displaysize of an IOContext is (rows, columns), got {shown(value)}")
        return replace(context, rows=value[0], columns=value[1])
    return replace(context, properties={**context.properties, name: value})


@define_constructor(IOContext, t.IO, t.Any, ...)
def io_context(_, stream, *pairs):
    """`IOContext(io, :compact => true)`: writes to the same place, with display properties set."""
    if len(pairs) == 1 and isinstance(pairs[0], Stream):
        context = context_of(pairs[0])
    else:
        context = context_from(tuple(pairs), context_of(stream))
    wrapper = Stream(IOContext, stream.file, stream.name, context)
    wrapper.serial, wrapper.lanes = stream.serial, stream.lanes
    return wrapper


@define("get", t.IO, t.Symbol, t.Any)
def get_property(stream, key, default):
    """A display property of a stream."""
    context = context_of(stream)
    if key.name == "compact":
        return default if context.compact is None else context.compact
    if key.name == "typeinfo" and not context.shown:
        return default
    if key.name in _PROPERTIES:
        return getattr(context, key.name)
    return context.properties.get(key.name, default)


@define("haskey", t.IO, t.Symbol)
def has_property(stream, key):
    context = context_of(stream)
    if key.name in _PROPERTIES:
        return getattr(context, key.name) not in (None, False, t.Any)
    return key.name in context.properties


@define("displaysize", t.IO)
def displaysize(stream):
    """Rows and columns of the display."""
    context = context_of(stream)
    return (context.rows, context.columns)


@define("displaysize")
def displaysize_stdout():
    return displaysize(stdout)


# --- writing ------------------------------------------------------------------------------------------------


def bytes_of(value):
    """The bytes that `write` writes for a value; numbers and arrays little-endian."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, Char):
        return chr(value.code).encode("utf-8", "surrogatepass")
    if isinstance(value, Symbol):
        return value.name.encode()
    if isinstance(value, Array):
        return read_host(value, "writing").tobytes()
    if isinstance(value, bool | int | float | complex | np.generic):
        return np.asarray(value).tobytes()
    raise WeberError(f"`write` does not know how to write a {type_name(typeof(value))}", kind="MethodError")


@define("write", t.IO, t.Any, ...)
def write(stream, *values):
    """Writes the values' bytes; returns how many."""
    data = b"".join(map(bytes_of, values))
    stream.write(data)
    return len(data)


@define("write", t.AbstractString, t.Any, ...)
def write_file(path, *values):
    """Writes a file; returns the number of bytes."""
    from .files import opened

    data = b"".join(map(bytes_of, values))

    def write_all():
        with opened(path, "wb") as file:
            file.write(data)

    writing_to(path, write_all)
    return len(data)


def writing_to(name, action):
    """Carries out what writes to a file. Raises an IOError where the system cannot."""
    try:
        action()
    except BrokenPipeError:
        raise  # the reader of our output has gone
    except OSError as error:
        raise WeberError(f"IOError: writing {name}: {error.strerror}", kind="IOError") from None


@define("flush", t.IO)
def flush(stream):
    if not stream.is_memory:
        writing_to(stream.name, stream.file.flush)


@define("close", t.IO)
def close(stream):
    writing_to(stream.name, stream.file.close)


@define("isopen", t.IO)
def isopen(stream):
    return not getattr(stream.file, "closed", False)


@define_constructor(IOBuffer)
def new_buffer(_):
    """An empty buffer in memory."""
    return memory_stream()


@define_constructor(IOBuffer, t.AbstractString)
def string_buffer(_, text):
    """A buffer to read the text from."""
    return memory_stream(data=text.encode("utf-8", "surrogatepass"))


@define_constructor(IOBuffer, t.AbstractArray)
def bytes_buffer(_, array):
    if array.__class__ is not Array or array.element is not t.UInt8:
        raise argument_error(f"an IOBuffer holds a Vector{{UInt8}}, not a {type_name(typeof(array))}")
    return memory_stream(data=read_host(array, "an IOBuffer").tobytes())


@define("take!", t.IO)
def take(stream):
    """The bytes written to a buffer, which is empty afterwards."""
    data = stream.file.getvalue()
    stream.file.seek(0)
    stream.file.truncate()
    return Array(np.frombuffer(data, np.uint8).copy())


# --- reading ------------------------------------------------------------------------------------------------


def _reading(stream):
    if not stream.is_memory:
        forbid_effect(f"reading from `{stream.name}`")
    return stream.file


def decode(data: bytes):
    """Bytes as a string; bytes that are no UTF-8 are kept, as Julia keeps them."""
    return data.decode("utf-8", "surrogateescape")


@define("read", t.IO, TypeOfTypeFamily.apply(t.String))
def read_string(stream, _):
    """The rest of the stream as a string."""
    return decode(_reading(stream).read())


@define("read", t.IO)
def read_bytes(stream):
    return Array(np.frombuffer(_reading(stream).read(), np.uint8).copy())


_T = TypeVar("T", t.Number)


@define("read", t.IO, TypeOfTypeFamily.apply(_T), where=(_T,))
def read_number(stream, type_):
    """One number of the type, little-endian."""
    dtype = np.dtype(t.NUMPY_TYPES[type_])
    data = _reading(stream).read(dtype.itemsize)
    if len(data) < dtype.itemsize:
        raise WeberError("read end of file", kind="EOFError")
    return to_host(np.frombuffer(data, dtype)[0])


@define("read", t.AbstractString, TypeOfTypeFamily.apply(t.String))
def read_file_string(path, _):
    """The contents of a file as a string."""
    from .files import opened

    with opened(path, "rb") as file:
        return decode(file.read())


@define("read", t.AbstractString)
def read_file(path):
    from .files import opened

    with opened(path, "rb") as file:
        return Array(np.frombuffer(file.read(), np.uint8).copy())


def _line(data: bytes, keep):
    if keep:
        return decode(data)
    return decode(data[:-1].removesuffix(b"\r") if data.endswith(b"\n") else data)


@define("readline", t.IO, keywords=("keep",))
def readline(stream, keep=False):
    """The next line, without its newline unless `keep`."""
    return _line(_reading(stream).readline(), keep)


@define("readline", keywords=("keep",))
def readline_stdin(keep=False):
    return readline(stdin, keep)


@define("readline", t.AbstractString, keywords=("keep",))
def readline_file(path, keep=False):
    from .files import opened

    with opened(path, "rb") as file:
        return _line(file.readline(), keep)


def lines_of(source, keep=False):
    """A Python iterator over the lines of a stream or of the file at a path."""
    if isinstance(source, str):
        from .files import opened

        with opened(source, "rb") as file:
            yield from (_line(line, keep) for line in file)
    else:
        file = _reading(source)
        while line := file.readline():
            yield _line(line, keep)


@define("readlines", t.IO, keywords=("keep",))
def readlines(source, keep=False):
    """The lines of a stream as a vector of strings."""
    from .iteration import vector_of

    return vector_of(list(lines_of(source, keep)), t.String)


@define("readlines", t.AbstractString, keywords=("keep",))
def readlines_file(path, keep=False):
    return readlines(path, keep)


@iterator("EachLine", "stream", "keep", element=lambda source, keep: t.String)
def make_eachline(source, keep):
    return lines_of(source, keep)


@define("eachline", t.IO, keywords=("keep",))
def eachline(source, keep=False):
    """Iterates over the lines of a stream."""
    return make_eachline(source, keep)


@define("eachline", t.AbstractString, keywords=("keep",))
def eachline_file(path, keep=False):
    from .files import opened

    opened(path, "rb").close()  # a missing file is an error here, not at the first line
    return eachline(path, keep)


@define("eof", t.IO)
def eof(stream):
    """Whether the stream has no more to read."""
    file = _reading(stream)
    position = file.tell()
    ended = not file.read(1)
    file.seek(position)
    return ended


@define("position", t.IO)
def position(stream):
    return stream.file.tell()


@define("seek", t.IO, t.Integer)
def seek(stream, offset):
    stream.file.seek(int(offset))
    return stream


@define("seekstart", t.IO)
def seekstart(stream):
    return seek(stream, 0)


@define("seekend", t.IO)
def seekend(stream):
    stream.file.seek(0, 2)
    return stream
