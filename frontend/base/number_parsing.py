"""`parse`, `tryparse`, and numbers as text in other bases."""

import re

import numpy as np

from .. import types as t
from ..printing.string_text import escape
from ..staging import host_integer, host_number, read_host
from ..type_lattice import TypeOfTypeFamily, TypeVar, is_subtype
from ..type_names import type_name
from ..values import Array
from .conversion import convert_number
from .elements import HOST_TYPES
from .errors import argument_error, fault
from .registry import define
from .strings import text_of

_FLOAT = re.compile(r"[+-]?(\d+\.?\d*([ef][+-]?\d+)?|\.\d+([ef][+-]?\d+)?|inf(inity)?|nan)", re.I)
_PREFIXES = {"0x": 16, "0o": 8, "0b": 2}

_T = TypeVar("T", t.Number)


def parse_number(type_, text, base=None):
    """The number a text says; raises Julia's ArgumentError or OverflowError where it says none."""
    stripped = text.strip()
    quoted = f'"{escape(text)}"'
    if is_subtype(type_, t.AbstractFloat):
        match = _FLOAT.fullmatch(stripped)
        if match is None:
            raise argument_error(f"cannot parse {quoted} as {type_name(type_)}")
        text = stripped if stripped.lower().lstrip("+-").startswith("inf") else re.sub("[fF]", "e", stripped)
        return HOST_TYPES[type_](float(text))
    if not stripped:
        raise argument_error("input string is empty or only contains whitespace")
    if type_ is t.Bool:
        if stripped in ("true", "false", "1", "0"):
            return stripped in ("true", "1")
        raise argument_error(f"invalid Bool representation: {quoted}")
    if is_subtype(type_, t.Complex):
        return _parse_complex(type_, stripped, quoted)
    return _parse_integer(type_, stripped, quoted, base)


def _parse_integer(type_, text, quoted, base):
    if type_ not in HOST_TYPES:
        type_ = t.Int64
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    prefix = digits[:2].lower()
    if base is None and prefix in _PREFIXES and len(digits) > 2:
        base, digits = _PREFIXES[prefix], digits[2:]
    base = 10 if base is None else base
    value = 0
    for digit in digits:
        place = int(digit, 36) if digit.isascii() and digit.isalnum() else base
        if place >= base:
            raise argument_error(f"invalid base {base} digit '{escape(digit, chr(39))}' in {quoted}")
        value = value * base + place
    if not digits:
        raise argument_error(f"premature end of integer: {quoted}")
    value = -value if sign == "-" else value
    limits = np.iinfo(t.NUMPY_TYPES[type_])
    if not limits.min <= value <= limits.max:
        raise fault("OverflowError", f"overflow parsing {quoted}")
    return HOST_TYPES[type_](value)


def _parse_complex(type_, text, quoted):
    try:
        number = complex(re.sub(r"\s+|(?<=[\d.])\*?(?=im$)", "", text).replace("im", "j"))
    except ValueError:
        raise argument_error(f"cannot parse {quoted} as {type_name(type_)}") from None
    return convert_number(type_, number)


@define("parse", TypeOfTypeFamily.apply(_T), t.AbstractString, where=(_T,), keywords=("base",))
def parse(type_, text, base=None):
    """The number that a text says."""
    return parse_number(type_, text, base)


@define("parse", TypeOfTypeFamily.apply(_T), t.Char, where=(_T,), keywords=("base",))
def parse_char(type_, c, base=None):
    return parse_number(type_, text_of(c), base)


@define("tryparse", TypeOfTypeFamily.apply(_T), t.AbstractString, where=(_T,), keywords=("base",))
def tryparse(type_, text, base=None):
    """The number that a text says, nothing where it says none."""
    from ...compiler.errors import WeberError

    try:
        return parse_number(type_, text, base)
    except WeberError:
        return None


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def digits_text(number, base=10, pad=1):
    """An integer in a base, with at least `pad` digits."""
    number = int(number)
    rest, text = abs(number), ""
    while rest:
        rest, digit = divmod(rest, base)
        text = _DIGITS[digit] + text
    return ("-" if number < 0 else "") + text.rjust(pad, "0")


@define("string", t.Integer, keywords=("base", "pad"))
def string_in_base(number, base=10, pad=1):
    """An integer's text in a base, with at least `pad` digits."""
    from ..printing.display import print_value

    number, pad = host_number(number, "printing"), host_integer(pad, "the number of digits")
    if not 2 <= base <= 36:
        raise argument_error(f"base must be in 2:36, got {base}")
    return print_value(number) if isinstance(number, bool) else digits_text(number, base, pad)


@define("bitstring", t.Real)
def bitstring(number):
    """The bits of a number."""
    data = np.asarray(number)
    return f"{int.from_bytes(data.tobytes(), 'little'):0{data.dtype.itemsize * 8}b}"


def bytes_of_text(text):
    """`b"text"`: the bytes, escapes resolved."""
    data = text.encode("utf-8").decode("unicode_escape").encode("latin-1")
    return Array(np.frombuffer(data, np.uint8).copy())


@define("bytes2hex", t.AbstractArray)
def bytes2hex(array):
    return read_host(array, "bytes2hex").tobytes().hex()
