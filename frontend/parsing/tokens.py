"""Tokens, the frames of the lexer's stack, and the regular expressions that cut text into tokens."""

import re

from .operators import OPERATOR

KEYWORDS = frozenset(
    "begin quote if elseif else for while function macro struct mutable abstract primitive module baremodule "
    "let do try catch finally end return break continue const global local using import export true "
    "false".split()
)

_SYMBOLS = (
    "¢-¥©®°₠-⃀℀-⅏∂∅∆∇∎∏∐∑∞∟∠∡∢∫-∳∿⊤⊥⊾⊿⋀-⋃⌀-⌇⌌-⌨⌫-⌾⍀-⎿␀-⓿─-▶▸-◀◂-⛿✀-❧➔-➿⟀⟁⟘⟙⠀-⣿⦛-⦴⨀-⨆⨉-⨖⨛⨜⬀-⬯⭅⭆⭍-⯿"
    "⁺-⁾₊-₎℘゛゜\U0001F000-\U0001FAFF"
)
"""Symbols that names may hold and begin with, by Unicode blocks without the operators in them."""
_NAME_START = rf"(?:[^\W\d]|[{_SYMBOLS}])"
_NAME_REST = rf"(?:[\w{_SYMBOLS}′-‷⁗\u0300-\u036F\u20D0-\u20FF\uFE00-\uFE0F]|!(?!=))*"
NAME = _NAME_START + _NAME_REST
NUMBER = (
    r"0x[0-9a-fA-F](?:_?[0-9a-fA-F])*(?:\.[0-9a-fA-F]*)?p[-+]?[0-9]+"
    r"|0x[0-9a-fA-F](?:_?[0-9a-fA-F])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*"
    r"|(?:[0-9](?:_?[0-9])*(?:\.(?![.\w(])(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)"
    r"(?:[eEf][-+]?[0-9]+)?"
)

SCAN = re.compile(
    rf"""(?P<space>[^\S\n\x1c-\x1f]+|\ufeff|\#(?!=)[^\n]*)
    |(?P<comment>\#=)
    |(?P<newline>\n)
    |(?P<number>{NUMBER})
    |(?P<name>{NAME})
    |(?P<macro>@(?:{NAME}(?:\.{NAME})*|{OPERATOR}|\.))
    |(?P<operator>{OPERATOR})
    |(?P<string>\"{{3}}|\"|`{{3}}|`)
    |(?P<mark>[()\[\]{{}},;.'])""",
    re.VERBOSE,
).match
NAME_AT = re.compile(NAME).match
NUMBER_AT = re.compile(NUMBER).match
OPERATOR_AT = re.compile(OPERATOR).match
BLANK = re.compile(r"(?:[ \t\r]|#(?!=)[^\n]*)*").match
BLANK_LINES = re.compile(r"(?:\s|#(?!=)[^\n]*)*").match
CHARACTER_AT = re.compile(r"'(?:\\[^\n][^'\n]*|[^\\])'").match
_PATH_PART = rf"(?:[@$]?{NAME}|@?:?\(?(?:{OPERATOR})\)?)"
IMPORT_PATH = re.compile(rf"\.*\s*{_PATH_PART}(?:\.{_PATH_PART})*").match


def _content(quotes, raw):
    """What a string holds up to an interpolation or its end."""
    special = "" if raw else "$"
    inner = rf"|{quotes[0]}(?!{quotes[1:]})" if len(quotes) == 3 else ""
    return re.compile(rf"(?:[^\\{special}{quotes[0]}]+|\\.?{inner})+", re.DOTALL).match


STRING_CONTENT = {
    (quotes, raw): _content(quotes, raw) for quotes in ('"', '"""', "`", "```") for raw in (False, True)
}
"""By quotes and whether the string is raw."""


class Token:
    """A piece of the text: `kind` is a terminal of the grammar, `text` what the tree needs of it."""

    __slots__ = ("end", "kind", "start", "text")

    def __init__(self, kind, text, start, end):
        self.kind, self.text, self.start, self.end = kind, text, start, end

    def __repr__(self):
        return f"{self.kind} {self.text!r}"


class Frame:
    """What encloses the current position.

    Hard frames are closed by text of their own: `top`, `block`, `paren`, `array`, `brace`, `string`. Soft
    frames end where what they stand in ends or goes on: `ternary` (between `?` and `:`), `macro` (arguments
    without parentheses), `header` (of `for`, `let` and `do`), `return` (in a block in parentheses).
    """

    __slots__ = ("commas", "header", "index", "kind", "name", "opening", "prefix", "start")

    def __init__(self, kind, name, start):
        self.kind, self.name, self.start = kind, name, start
        self.opening = None  # the token of an opening bracket
        self.prefix = None  # the operator directly before a parenthesis
        self.commas = False  # the parenthesis holds a comma, a semicolon or nothing at all
        self.index = False  # `end` is a value
        self.header = False  # a signature (of a function) or a target (of a loop) is still to come
