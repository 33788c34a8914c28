"""Regular expressions: `r"…"`, `match`, `eachmatch`. Patterns are PCRE's, run by Python's `re`."""

import re

from ...compiler.errors import UnsupportedError
from .. import types as t
from ..printing.display import FAMILIES, repr_value
from ..staging import host_number
from ..type_lattice import UnionType, union, unwrap
from ..values import Struct, Symbol
from .exceptions import exception, raise_value
from .iteration import array_of, collect_values
from .registry import define, define_constructor

_POSIX = {"alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "space": "\\s", "upper": "A-Z",
          "lower": "a-z", "xdigit": "0-9A-Fa-f", "punct": "!-/:-@\\[-`{-~", "blank": " \\t", "word": "\\w"}
_FLAGS = {"i": re.I, "m": re.M, "s": re.S, "x": re.X, "a": re.A}


class Regex:
    """`r"pattern"flags`: the pattern as written and its compiled form."""

    type = t.Regex
    __slots__ = ("compiled", "flags", "pattern")

    def __init__(self, pattern, flags=""):
        self.pattern, self.flags = pattern, flags
        self.compiled = compile_pattern(pattern, flags)

    def __eq__(self, other):
        return isinstance(other, Regex) and (self.pattern, self.flags) == (other.pattern, other.flags)

    def __hash__(self):
        return hash((self.pattern, self.flags))

    def show(self, _context):
        quoted = self.pattern.replace('"', '\\"')
        return f'r"{quoted}"{self.flags}'


def compile_pattern(pattern, flags):
    """A PCRE pattern compiled by Python's `re`. UnsupportedError for what `re` does not have."""
    translated = re.sub(r"\(\?<([A-Za-z_]\w*)>", r"(?P<\1>", pattern)
    translated = re.sub(r"\\k[<{'](\w+)[>}']", r"(?P=\1)", translated)
    translated = translated.replace(r"\z", r"\Z").replace(r"\h", r"[ \t]").replace(r"\R", r"(?:\r\n|\n|\r)")
    translated = re.sub(r"\[:(\w+):\]", lambda m: _POSIX.get(m[1], m[0]), translated)
    value = 0
    for flag in flags:
        if flag not in _FLAGS:
            raise UnsupportedError(f"regex flag `{flag}` is not supported", kind="UnsupportedError")
        value |= _FLAGS[flag]
    try:
        return re.compile(translated, value)
    except re.error as error:
        message = f'regular expression r"{pattern}": {error}'
        raise UnsupportedError(message, kind="UnsupportedError") from None


@define_constructor(t.Regex, t.AbstractString)
def make_regex(_, pattern):
    return Regex(pattern)


@define_constructor(t.Regex, t.AbstractString, t.AbstractString)
def make_regex_with_flags(_, pattern, flags):
    return Regex(pattern, flags)


PART = unwrap(t.SubString).family.apply(t.String)
"""The type that Julia gives to parts of a string; the parts themselves are plain strings here."""

RegexMatch = t.declare("RegexMatch", fields=("match", "captures", "offset", "offsets", "regex"))


def match_value(regex, found, text):
    """A RegexMatch of a Python match."""
    from .string_indices import byte_index

    captures = list(found.groups())
    starts = [found.start(k) for k in range(1, len(captures) + 1)]
    offsets = [0 if start < 0 else byte_index(text, start) for start in starts]
    element = union(t.Nothing, PART)
    return Struct(RegexMatch, [found[0], array_of(captures, None, element), byte_index(text, found.start()),
                               array_of(offsets, None, t.Int64), regex])


def _group_names(matched):
    names = {number: name for name, number in matched.fields[4].compiled.groupindex.items()}
    return [names.get(k) for k in range(1, len(matched.fields[1].data) + 1)]


def _show_match(value, _context):
    text = f"RegexMatch({repr_value(value.fields[0])}"
    captures = value.fields[1].data
    for number, (name, capture) in enumerate(zip(_group_names(value), captures, strict=True), 1):
        text += f", {name or number}={repr_value(capture)}"
    return text + ")"


FAMILIES[RegexMatch.family] = _show_match


@define("match", t.Regex, t.AbstractString)
def match(regex, text):
    """The first match, or nothing."""
    found = regex.compiled.search(text)
    return None if found is None else match_value(regex, found, text)


@define("match", t.Regex, t.AbstractString, t.Integer)
def match_from(regex, text, index):
    from .string_indices import position_of

    found = regex.compiled.search(text, position_of(text, index))
    return None if found is None else match_value(regex, found, text)


@define("eachmatch", t.Regex, t.AbstractString, keywords=("overlap",))
def eachmatch(regex, text, overlap=False):
    """All matches, from left to right."""
    if overlap:
        raise UnsupportedError("`eachmatch` with overlap = true", kind="UnsupportedError")
    return collect_values((match_value(regex, found, text) for found in regex.compiled.finditer(text)),
                          element=RegexMatch)


@define("getindex", RegexMatch, t.Integer)
def getindex(matched, number):
    """The capture with this number."""
    captures = matched.fields[1].data
    number = int(host_number(number, "a capture"))
    if not 1 <= number <= len(captures):
        raise_value(exception("BoundsError", matched.fields[1], (number,)))
    return captures[number - 1]


@define("getindex", RegexMatch, UnionType((t.Symbol, t.AbstractString)))
def getindex_name(matched, name):
    """The capture with this name."""
    name = name.name if isinstance(name, Symbol) else name
    names = _group_names(matched)
    if name not in names:
        from .errors import fault

        raise fault("ErrorException", f"no capture group named {name} found in regex")
    return matched.fields[1].data[names.index(name)]


@define("keys", RegexMatch)
def keys(matched):
    """The names (or numbers) of the captures."""
    return collect_values(name or number for number, name in enumerate(_group_names(matched), 1))


class Substitution:
    """`s"\\\\1 \\\\g<name>"`: a replacement that refers to captures."""

    type = t.declare("SubstitutionString", t.AbstractString)
    __slots__ = ("template",)

    def __init__(self, template):
        self.template = template

    def expand(self, found):
        """The replacement for a Python match."""

        def replacement(m):
            name = m[1] or m[2]
            return m[3] or found[int(name) if name.isdigit() else name] or ""

        return re.sub(r"\\(?:g<(\w+)>|(\d+)|(.))", replacement, self.template)

    def show(self, _context):
        return f's"{self.template}"'
