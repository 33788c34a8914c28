"""Strings: making, comparing, case, padding."""


from ...compiler.errors import WeberError
from .. import types as t
from ..calling import call
from ..printing.display import Context, print_text
from ..printing.string_text import escape
from ..staging import host_number, read_host
from ..type_lattice import UnionType, is_subtype
from ..type_names import type_name
from ..values import Array, Char, Range, SetValue, Symbol, typeof
from .characters import width
from .conversion import element_of
from .errors import argument_error, fault
from .iteration import iterate
from .printing import string
from .registry import define, define_constructor

Text = UnionType((t.AbstractString, t.Char))


def text_of(value):
    """A string or character as a Python string."""
    return chr(value.code) if value.__class__ is Char else value


# --- making -------------------------------------------------------------------------------------------------


@define_constructor(t.String, t.AbstractString)
def string_of_string(_, text):
    return text


@define_constructor(t.String, t.Symbol)
def string_of_symbol(_, symbol):
    return symbol.name


@define_constructor(t.String, t.AbstractArray)
def string_of_array(_, array):
    """`String(bytes)`, `String(chars)`."""
    if array.__class__ is Array and array.element is t.UInt8:
        return read_host(array, "a string").tobytes().decode("utf-8", "surrogateescape")
    if not is_subtype(element_of(array), t.AbstractChar):
        raise fault("MethodError", f"no method matching String(::{type_name(typeof(array))})")
    return "".join(map(text_of, iterate(array)))


@define_constructor(t.Symbol, t.Any, ...)
def symbol(_, *parts):
    """`Symbol("a", 1)`."""
    return Symbol(string(*parts))


@define("*", Text)
@define("*", Text, Text)
@define("*", Text, Text, Text, Text, ...)
def concatenate(*texts):
    """The strings joined."""
    return "".join(map(text_of, texts))


@define("repeat", Text, t.Integer)
@define("^", Text, t.Integer)
def repeat(text, count):
    """The string `count` times."""
    count = int(host_number(count, "a count"))
    if count < 0:
        raise argument_error(f"can't repeat a string {count} times")
    return text_of(text) * count


@define("join", t.Any)
def join(items):
    """The items' texts joined."""
    return "".join(map(_print, iterate(items)))


@define("join", t.Any, t.Any)
def join_with(items, delimiter):
    """The items' texts with a delimiter between."""
    return _print(delimiter).join(map(_print, iterate(items)))


@define("join", t.Any, t.Any, t.Any)
def join_with_last(items, delimiter, last):
    """The items' texts with a delimiter between, another before the last."""
    texts = list(map(_print, iterate(items)))
    if len(texts) < 2:
        return "".join(texts)
    return _print(delimiter).join(texts[:-1]) + _print(last) + texts[-1]


def _define_join_to():
    @define("join", t.IO, t.Any, t.Any, ...)
    def join_to(stream, items, *delimiters):
        stream.write_text((join, join_with, join_with_last)[len(delimiters)](items, *delimiters))

    @define("join", t.IO, t.Any)
    def join_plain_to(stream, items):
        stream.write_text(join(items))


_define_join_to()


def _print(value):
    return print_text(value, Context())


@define("reverse", t.AbstractString)
def reverse(text):
    return text[::-1]


@define("map", t.Any, t.AbstractString)
def map_(function, text):
    """The string of the characters that the function gives."""
    return "".join(text_of(call(function, (Char(ord(c)),))) for c in text)


@define("filter", t.Any, t.AbstractString)
def filter_(predicate, text):
    """The characters that satisfy the predicate."""
    from .iterators import holds

    return "".join(c for c in text if holds(predicate, Char(ord(c))))


# --- comparing ----------------------------------------------------------------------------------------------


@define("== isequal", t.AbstractString, t.AbstractString)
def equal(a, b):
    return a == b


@define("isless <", t.AbstractString, t.AbstractString)
def isless(a, b):
    return a < b


@define("cmp", t.AbstractString, t.AbstractString)
def cmp(a, b):
    return (a > b) - (a < b)


@define("in ∈", t.Char, t.AbstractString)
def contains_char(c, text):
    return chr(c.code) in text


@define("in ∈", t.AbstractString, t.AbstractString)
def no_containment(_a, _b):
    raise WeberError("use occursin(needle, haystack) for string containment")


@define("isascii", t.AbstractString)
def isascii(text):
    return text.isascii()


# --- case and padding ---------------------------------------------------------------------------------------


@define("uppercase", t.AbstractString)
def uppercase(text):
    return text.upper()


@define("lowercase", t.AbstractString)
def lowercase(text):
    return text.lower()


@define("titlecase", t.AbstractString, keywords=("strict",))
def titlecase(text, strict=True):
    """The string with the first letter of each word in upper case, the others in lower case if `strict`."""
    parts, starts = [], True
    for character in text:
        if character.isalpha() or character in "'’":
            parts.append(character.upper() if starts else character.lower() if strict else character)
            starts = False
        else:
            parts.append(character)
            starts = True
    return "".join(parts)


@define("uppercasefirst", t.AbstractString)
def uppercasefirst(text):
    return text[:1].upper() + text[1:]


@define("lowercasefirst", t.AbstractString)
def lowercasefirst(text):
    return text[:1].lower() + text[1:]


@define("textwidth", t.AbstractString)
def textwidth(text):
    """How many columns the string takes on a terminal."""
    return sum(map(width, text))


def _padding(text, columns, padding):
    missing = int(host_number(columns, "a width")) - textwidth(text)
    if missing <= 0:
        return ""
    times, rest = divmod(missing, textwidth(padding))
    return padding * times + padding[:rest]


@define("lpad", t.Any, t.Integer)
def lpad(value, columns):
    """The text padded on the left with blanks."""
    return lpad_with(value, columns, " ")


@define("lpad", t.Any, t.Integer, Text)
def lpad_with(value, columns, padding):
    """The text padded on the left."""
    text = _print(value)
    return _padding(text, columns, text_of(padding)) + text


@define("rpad", t.Any, t.Integer)
def rpad(value, columns):
    """The text padded on the right with blanks."""
    return rpad_with(value, columns, " ")


@define("rpad", t.Any, t.Integer, Text)
def rpad_with(value, columns, padding):
    """The text padded on the right."""
    text = _print(value)
    return text + _padding(text, columns, text_of(padding))


@define("chomp", t.AbstractString)
def chomp(text):
    """The string without a newline at its end."""
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


@define("chop", t.AbstractString, keywords=("head", "tail"))
def chop(text, head=0, tail=1):
    """The string without its first `head` and last `tail` characters."""
    return text[head:max(head, len(text) - tail)]


@define("chopprefix", t.AbstractString, t.AbstractString)
def chopprefix(text, prefix):
    return text.removeprefix(prefix)


@define("chopsuffix", t.AbstractString, t.AbstractString)
def chopsuffix(text, suffix):
    return text.removesuffix(suffix)


def char_test(chars):
    """A Python predicate on single characters from a Char, a collection of Chars or a function."""
    if chars.__class__ is Char:
        return lambda c: ord(c) == chars.code
    if chars.__class__ in (str, tuple, Array, SetValue, Range):
        codes = {item.code for item in iterate(chars)}
        return lambda c: ord(c) in codes
    from .iterators import holds

    return lambda c: holds(chars, Char(ord(c)))


def _strip(text, test, left, right):
    first, last = 0, len(text)
    while left and first < last and test(text[first]):
        first += 1
    while right and last > first and test(text[last - 1]):
        last -= 1
    return text[first:last]


def _define_strip(name, left, right):
    @define(name, t.AbstractString)
    def strip(text):
        return _strip(text, _space, left, right)

    @define(name, t.AbstractString, t.Any)
    def strip_chars(text, chars):
        return _strip(text, char_test(chars), left, right)

    @define(name, t.Any, t.AbstractString)
    def strip_where(predicate, text):
        return _strip(text, char_test(predicate), left, right)


def _space(c):
    from .characters import is_space

    return is_space(Char(ord(c))) or c == "\0"


_define_strip("strip", True, True)
_define_strip("lstrip", True, False)
_define_strip("rstrip", False, True)


@define("escape_string", t.AbstractString)
def escape_string(text):
    """The string with what does not print escaped."""
    return escape(text, "")


@define("escape_string", t.AbstractString, t.Any)
def escape_string_also(text, also):
    return escape(text, "".join(map(text_of, iterate(also))))


@define("unescape_string", t.AbstractString)
def unescape_string(text):
    """The string with backslash escapes resolved."""
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
