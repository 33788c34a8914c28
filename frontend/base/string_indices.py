"""Indexing strings: indices count bytes of UTF-8, as in Julia."""

import numpy as np

from .. import types as t
from ..staging import host_integer, host_number
from ..type_lattice import unwrap
from ..values import Array, Char, Range
from .errors import bounds_error, require_count
from .exceptions import exception, raise_value
from .iteration import collect_values, iterate
from .registry import define


def byte_length(text):
    """The number of bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def byte_index(text, position):
    """The 1-based byte index of the character at a 0-based position."""
    return position + 1 if text.isascii() else byte_length(text[:position]) + 1


def position_of(text, index):
    """The 0-based position of the character that starts at a byte index. BoundsError outside of the string,
    StringIndexError inside of a character."""
    index = host_integer(index, "an index into a string")
    if not 1 <= index <= byte_length(text):
        raise bounds_error(text, (index,))
    if text.isascii():
        return index - 1
    position, start = _containing(text, index)
    if start != index:
        raise_value(exception("StringIndexError", text, index))
    return position


def _containing(text, index):
    """(position, byte index) of the character that the byte index falls into."""
    start = 1
    for position, character in enumerate(text):
        following = start + len(character.encode("utf-8", "surrogateescape"))
        if index < following:
            return position, start
        start = following
    return len(text), start


def range_of(text, first, last):
    """The byte range of the characters at the positions first, …, last - 1."""
    start = byte_index(text, first)
    stop = byte_index(text, last - 1) if last > first else start - 1
    return unit_range(start, stop)


def unit_range(start, stop):
    """`start:stop`."""
    return Range(start, 1, max(0, stop - start + 1), unwrap(t.UnitRange).family.apply(t.Int64))


@define("getindex", t.AbstractString, t.Integer)
def getindex(text, index):
    """The character that starts at a byte index."""
    return Char(ord(text[position_of(text, index)]))


@define("getindex", t.AbstractString, t.AbstractUnitRange)
def getindex_range(text, indices):
    """The part from the character that starts at the first index to the one that starts at the last."""
    if len(indices) == 0:
        return ""
    first, last = position_of(text, indices[0]), position_of(text, indices[len(indices) - 1])
    return text[first:last + 1]


@define("getindex", t.AbstractString, t.AbstractArray)
def getindex_several(text, indices):
    return "".join(text[position_of(text, index)] for index in iterate(indices))


@define("getindex", t.AbstractString, t.Colon)
def getindex_all(text, _):
    return text


@define("SubString", t.AbstractString, t.Integer, exported=True)
def substring_from(text, first):
    return text[position_of(text, first):]


@define("SubString", t.AbstractString, t.Integer, t.Integer)
def substring_between(text, first, last):
    return text[position_of(text, first):position_of(text, last) + 1] if last >= first else ""


@define("firstindex", t.AbstractString)
def firstindex(_text):
    return 1


@define("lastindex", t.AbstractString)
def lastindex(text):
    """The byte index of the last character."""
    return byte_index(text, len(text) - 1) if text else 0


@define("length", t.AbstractString)
def length(text):
    """The number of characters."""
    return len(text)


@define("ncodeunits sizeof", t.AbstractString)
def ncodeunits(text):
    """The number of bytes."""
    return byte_length(text)


@define("isempty", t.AbstractString)
def isempty(text):
    return not text


@define("eachindex keys", t.AbstractString)
def eachindex(text):
    """The byte indices of the characters."""
    if text.isascii():
        return unit_range(1, len(text))
    return collect_values((byte_index(text, k) for k in range(len(text))), element=t.Int64)


@define("isvalid", t.AbstractString, t.Integer)
def isvalid(text, index):
    """Whether a character starts at the byte index."""
    return 1 <= index <= byte_length(text) and _containing(text, index)[1] == index


@define("nextind", t.AbstractString, t.Integer)
def nextind(text, index):
    """The byte index of the next character."""
    if index == 0:
        return 1
    position, _ = _containing(text, index)
    return byte_index(text, position + 1)


@define("nextind", t.AbstractString, t.Integer, t.Integer)
def nextind_by(text, index, count):
    for _ in range(count):
        index = nextind(text, index)
    return index


@define("prevind", t.AbstractString, t.Integer)
def prevind(text, index):
    """The byte index of the previous character."""
    position, start = _containing(text, index)
    return byte_index(text, position - 1) if start == index and position else start if start < index else 0


@define("prevind", t.AbstractString, t.Integer, t.Integer)
def prevind_by(text, index, count):
    for _ in range(count):
        index = prevind(text, index)
    return index


@define("thisind", t.AbstractString, t.Integer)
def thisind(text, index):
    """The byte index of the character that a byte belongs to."""
    return _containing(text, index)[1]


@define("codeunits", t.AbstractString)
def codeunits(text):
    """The bytes."""
    return Array(np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8).copy())


@define("codeunit", t.AbstractString, t.Integer)
def codeunit(text, index):
    data = text.encode("utf-8", "surrogateescape")
    if not 1 <= index <= len(data):
        raise bounds_error(text, (index,))
    return np.uint8(data[index - 1])


@define("first", t.AbstractString, t.Integer)
def first_characters(text, count):
    return text[:require_count(int(host_number(count, "a count")))]


@define("last", t.AbstractString, t.Integer)
def last_characters(text, count):
    return text[max(0, len(text) - require_count(int(host_number(count, "a count")))):]
