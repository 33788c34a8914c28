"""Characters: arithmetic, order, classes, case."""

import unicodedata

import numpy as np

from ...compiler.errors import WeberError
from .. import types as t
from ..staging import host_number
from ..values import Char, Range
from .errors import argument_error, fault
from .registry import define, define_constructor


def char(code):
    """The character of a code point; CodePointError when there is none."""
    if not 0 <= code <= 0x10FFFF:
        raise WeberError(f"Base.CodePointError{{Int64}}({code})", kind="CodePointError")
    return Char(code)


@define("codepoint", t.Char)
def codepoint(c):
    """The code point as a UInt32."""
    return np.uint32(c.code)


@define("+", t.Char, t.Integer)
def plus(c, count):
    """The character `count` places on."""
    return char(c.code + int(host_number(count, "a character")))


@define("+", t.Integer, t.Char)
def plus_reversed(count, c):
    return plus(c, count)


@define("-", t.Char, t.Integer)
def minus(c, count):
    return char(c.code - int(host_number(count, "a character")))


@define("-", t.Char, t.Char)
def distance(a, b):
    """How many places a comes after b."""
    return a.code - b.code


@define("isless <", t.Char, t.Char)
def isless(a, b):
    return a.code < b.code


@define("<= ≤", t.Char, t.Char)
def at_most(a, b):
    return a.code <= b.code


@define("== isequal", t.Char, t.Char)
def equal(a, b):
    return a.code == b.code


@define(":", t.Char, t.Char)
def char_range(first, last):
    """`'a':'z'`."""
    return char_range_by(first, 1, last)


@define(":", t.Char, t.Integer, t.Char)
def char_range_by(first, step, last):
    if step == 0:
        raise argument_error("step cannot be zero")
    length = max(0, (last.code - first.code) // step + 1)
    return Range(first, step, length, t.StepRange.body.body.family.apply(t.Char, t.Int64))


@define("length", t.Char)
def length(_c):
    return 1


@define("size", t.Char)
def size(_c):
    return ()


# --- classes ------------------------------------------------------------------------------------------------


def category(c):
    """The Unicode general category: "Lu", "Nd", …"""
    return unicodedata.category(chr(c.code))


_CLASSES = {
    "isdigit": lambda c: 48 <= c.code <= 57,
    "isxdigit": lambda c: chr(c.code) in "0123456789abcdefABCDEF",
    "isletter": lambda c: category(c)[0] == "L",
    "isnumeric": lambda c: category(c)[0] == "N",
    "isuppercase": lambda c: chr(c.code).isupper(),
    "islowercase": lambda c: chr(c.code).islower(),
    "isspace": lambda c: chr(c.code) in " \t\n\v\f\r\x85\xa0" or category(c) in ("Zs", "Zl", "Zp"),
    "ispunct": lambda c: category(c)[0] == "P",
    "iscntrl": lambda c: category(c) == "Cc",
    "isprint": lambda c: category(c)[0] in "LMNPS" or category(c) == "Zs",
    "isascii": lambda c: c.code < 128,
}


def is_space(c):
    """Julia's `isspace`."""
    return _CLASSES["isspace"](c)


def _define_class(name, test):
    @define(name, t.Char)
    def is_of_class(c):
        return test(c)


for _name, _test in _CLASSES.items():
    _define_class(_name, _test)


@define("uppercase titlecase", t.Char)
def uppercase(c):
    return _same_length(c, chr(c.code).upper())


@define("lowercase", t.Char)
def lowercase(c):
    return _same_length(c, chr(c.code).lower())


def _same_length(c, text):
    """The mapped character; itself where the mapping has several."""
    return Char(ord(text)) if len(text) == 1 else c


@define("textwidth", t.Char)
def textwidth(c):
    """How many columns the character takes on a terminal."""
    return width(chr(c.code))


def width(character):
    """The columns of a Python character on a terminal."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@define_constructor(t.Char, t.AbstractString)
def char_of_string(_, text):
    raise fault("MethodError", "no method matching Char(::String): use `only(s)` or `s[1]`")
