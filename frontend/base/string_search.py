"""Searching, splitting and replacing in strings. Patterns are strings, characters, regexes, or sets and
functions of characters."""

import re

from ...compiler.errors import UnsupportedError
from .. import types as t
from ..calling import call
from ..printing.display import Context, print_text
from ..staging import host_number
from ..type_lattice import UnionType, is_type, unwrap
from ..values import Array, Char, Function, Range, SetValue, Struct
from .errors import argument_error
from .iteration import collect_values, iterate
from .pairs import PairFamily
from .regex import PART, Regex, Substitution
from .registry import define, function
from .string_indices import byte_index, position_of, range_of
from .strings import char_test, text_of

Pattern = UnionType((t.AbstractString, t.Char, t.Regex))


def compiled(pattern):
    """A Python regular expression for a pattern that is a string, a Char, a Regex or a collection of
    Chars."""
    if pattern.__class__ is Regex:
        return pattern.compiled
    if pattern.__class__ in (str, Char):
        return re.compile(re.escape(text_of(pattern)))
    if pattern.__class__ in (tuple, Array, SetValue, Range):
        return re.compile("|".join(re.escape(text_of(item)) for item in iterate(pattern)) or "(?!)")
    return None


def searcher(pattern, text):
    """A function from a position to the first occurrence from there on: (start, stop, Python match or None);
    None when there is none."""
    expression = compiled(pattern)
    if expression is None:
        test = char_test(pattern)
        places = [(k, k + 1, None) for k, c in enumerate(text) if test(c)]
        return lambda position: next((place for place in places if place[0] >= position), None)

    def search(position):
        found = expression.search(text, position) if position <= len(text) else None
        return found and (found.start(), found.end(), found)

    return search


def occurrences(pattern, text):
    """The occurrences of a pattern from left to right, as `searcher` gives them, not overlapping."""
    search, position = searcher(pattern, text), 0
    while (found := search(position)) is not None:
        yield found
        position = found[1] + (found[0] == found[1])


# --- questions ----------------------------------------------------------------------------------------------


@define("occursin", Pattern, t.AbstractString)
def occursin(needle, haystack):
    """Whether the needle occurs in the string."""
    if needle.__class__ is Regex:
        return needle.compiled.search(haystack) is not None
    return text_of(needle) in haystack


@define("contains", t.AbstractString, Pattern)
def contains(haystack, needle):
    return occursin(needle, haystack)


@define("startswith", t.AbstractString, t.Any)
def startswith(text, prefix):
    """Whether the string starts with a string, a character of a collection, or a match of a regex."""
    if prefix.__class__ is Regex:
        return prefix.compiled.match(text) is not None
    if prefix.__class__ in (str, Char):
        return text.startswith(text_of(prefix))
    return bool(text) and char_test(prefix)(text[0])


@define("endswith", t.AbstractString, t.Any)
def endswith(text, suffix):
    """Whether the string ends with a string, a character of a collection, or a match of a regex."""
    if suffix.__class__ is Regex:
        return re.search(f"(?:{suffix.compiled.pattern})\\Z", text, suffix.compiled.flags) is not None
    if suffix.__class__ in (str, Char):
        return text.endswith(text_of(suffix))
    return bool(text) and char_test(suffix)(text[-1])


@define("count", Pattern, t.AbstractString)
def count(pattern, text):
    """How often the pattern occurs, without overlap."""
    return sum(1 for _ in occurrences(pattern, text))


# --- search -------------------------------------------------------------------------------------------------


def _place(text, pattern, found):
    """What a search gives: the range of the occurrence, or the index of a character."""
    if found is None:
        return None
    start, stop, _ = found
    if pattern.__class__ in (str, Regex):
        return range_of(text, start, stop)
    return byte_index(text, start)


@define("findfirst", t.Any, t.AbstractString)
def findfirst(pattern, text):
    """Where the pattern occurs first: a range, for a character its index; nothing when it does not occur."""
    return _place(text, pattern, searcher(pattern, text)(0))


@define("findnext", t.Any, t.AbstractString, t.Integer)
def findnext(pattern, text, index):
    """Where the pattern occurs first from an index on."""
    start = position_of(text, index) if index <= len(text.encode()) else len(text)
    return _place(text, pattern, searcher(pattern, text)(start))


@define("findlast", t.Any, t.AbstractString)
def findlast(pattern, text):
    """Where the pattern occurs last."""
    if pattern.__class__ is str:
        start = text.rfind(pattern)
        return None if start < 0 else range_of(text, start, start + len(pattern))
    return _place(text, pattern, (list(occurrences(pattern, text)) or [None])[-1])


@define("findprev", t.Any, t.AbstractString, t.Integer)
def findprev(pattern, text, index):
    """Where the pattern occurs last up to an index."""
    return findlast(pattern, text[:position_of(text, index) + 1]) if index > 0 else None


@define("findall", t.Any, t.AbstractString)
def findall(pattern, text):
    """Where the pattern occurs."""
    element = unwrap(t.UnitRange).family.apply(t.Int64) if pattern.__class__ in (str, Regex) else t.Int64
    places = (_place(text, pattern, found) for found in occurrences(pattern, text))
    return collect_values(places, element=element)


# --- splitting ----------------------------------------------------------------------------------------------


def pieces(text, delimiter, limit=0, keepempty=True, from_right=False):
    """The parts of a string between delimiters, at most `limit` of them when it is positive."""
    if delimiter.__class__ is str and not delimiter:
        places = [(k, k) for k in range(1, len(text))]
    else:
        places = [(start, stop) for start, stop, _ in occurrences(delimiter, text) if stop > start]
    parts, start, stop = [], 0, len(text)
    if from_right:
        for first, last in reversed(places):
            if limit and len(parts) == limit - 1:
                break
            if keepempty or text[last:stop]:
                parts.append(text[last:stop])
            stop = first
        if keepempty or text[:stop]:
            parts.append(text[:stop])
        return parts[::-1]
    for first, last in places:
        if limit and len(parts) == limit - 1:
            break
        if keepempty or text[start:first]:
            parts.append(text[start:first])
        start = last
    if keepempty or text[start:]:
        parts.append(text[start:])
    return parts


def _whitespace():
    return function("isspace")


def _define_split(name, from_right):
    @define(name, t.AbstractString, t.Any, keywords=("limit", "keepempty"))
    def split(text, delimiter, limit=0, keepempty=True):
        return collect_values(pieces(text, delimiter, limit, keepempty, from_right), element=PART)

    @define(name, t.AbstractString, keywords=("limit", "keepempty"))
    def split_words(text, limit=0, keepempty=False):
        return collect_values(pieces(text, _whitespace(), limit, keepempty, from_right), element=PART)


_define_split("split", False)
_define_split("eachsplit", False)
_define_split("rsplit", True)


# --- replacing ----------------------------------------------------------------------------------------------


@define("replace", t.AbstractString, PairFamily.wrapper, ..., keywords=("count",))
def replace(text, *pairs, count=None):
    """The string with occurrences of the patterns replaced, from left to right, the first pattern that
    fits first."""
    limit = len(text) + 1 if count is None else int(host_number(count, "a count"))
    if limit < 0:
        raise argument_error("`count` must be non-negative.")
    searches = [searcher(pair.fields[0], text) for pair in pairs]
    found = [search(0) for search in searches]
    parts, position = [], 0
    while limit and any(found):
        chosen = min((k for k, match in enumerate(found) if match), key=lambda k: (found[k][0], k))
        start, stop, matched = found[chosen]
        parts += [text[position:start], _replacement(pairs[chosen].fields[1], text[start:stop], matched)]
        limit, position = limit - 1, stop
        following = stop + (start == stop)
        found = [search(following) if match and match[0] < following else match
                 for match, search in zip(found, searches, strict=True)]
    return "".join(parts) + text[position:]


def _replacement(replacement, occurrence, matched):
    if replacement.__class__ is Substitution:
        return replacement.expand(matched)
    if replacement.__class__ in (str, Char):
        return text_of(replacement)
    if replacement.__class__ in (Function, Struct) or is_type(replacement):
        argument = occurrence if matched is not None else Char(ord(occurrence))
        return print_text(call(replacement, (argument,)), Context())
    raise UnsupportedError("a replacement in `replace` must be a string, a character or a function",
                           kind="UnsupportedError")
