"""Strings, characters and names as Julia displays them, with what does not print escaped."""

import unicodedata

_ESCAPES = {"\0": "\\0", "\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f",
            "\r": "\\r", "\x1b": "\\e", "\\": "\\\\"}


def is_printable(character):
    """Whether a character prints as itself: Julia's `isprint`."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def escape(text, quote='"') -> str:
    """`escape_string(text, quote)`: escapes for what does not print, and for the characters in `quote`."""
    parts = []
    for index, character in enumerate(text):
        if character in quote:
            parts.append("\\" + character)
        elif character in _ESCAPES:
            shortened = character != "\0" or not text[index + 1:index + 2].isdigit()
            parts.append(_ESCAPES[character] if shortened else "\\x00")
        elif is_printable(character):
            parts.append(character)
        else:
            parts.append(_hexadecimal(ord(character)))
    return "".join(parts)


def _hexadecimal(code):
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python keeps it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:x}" if code < 0x10000 else f"\\U{code:x}"


def quoted(text):
    """A string as it is written in source."""
    return f'"{escape(text, chr(34) + "$")}"'


def show_string(value, _context):
    return quoted(value)


def plain_string(value, context):
    """Long strings lose their middle where room is limited: in a collection to a line, else to seven."""
    limit = max(20, context.columns) * (1 if context.shown else 7)
    length = len(value.encode("utf-8", "surrogateescape"))
    if not context.limit or length <= limit - 2:
        return quoted(value)
    frame = len(" ⋯  bytes ⋯ ") + 4
    room = max(limit, frame + 1) - frame
    digits = len(str(length - room))
    room -= digits
    room = max(0, room + digits - len(str(length - room)))
    head, tail = (room + 1) // 2, len(value) - room // 2
    skipped = len(value[head:tail].encode("utf-8", "surrogateescape"))
    least = frame + len(str(length - room)) - 1
    if 4 * least > skipped and not least <= tail - head:
        return quoted(value)
    return f"{quoted(value[:head])} ⋯ {skipped} bytes ⋯ {quoted(value[tail:])}"


def show_char(value, _context):
    return "'" + escape(chr(value.code), "'") + "'"


_CATEGORIES = {
    "Cn": "Other, not assigned", "Lu": "Letter, uppercase", "Ll": "Letter, lowercase",
    "Lt": "Letter, titlecase", "Lm": "Letter, modifier", "Lo": "Letter, other", "Mn": "Mark, nonspacing",
    "Mc": "Mark, spacing combining", "Me": "Mark, enclosing", "Nd": "Number, decimal digit",
    "Nl": "Number, letter", "No": "Number, other", "Pc": "Punctuation, connector", "Pd": "Punctuation, dash",
    "Ps": "Punctuation, open", "Pe": "Punctuation, close", "Pi": "Punctuation, initial quote",
    "Pf": "Punctuation, final quote", "Po": "Punctuation, other", "Sm": "Symbol, math",
    "Sc": "Symbol, currency", "Sk": "Symbol, modifier", "So": "Symbol, other", "Zs": "Separator, space",
    "Zl": "Separator, line", "Zp": "Separator, paragraph", "Cc": "Other, control", "Cf": "Other, format",
    "Cs": "Other, surrogate", "Co": "Other, private use",
}


def plain_char(value, context):
    """A character with its code point and category."""
    text = show_char(value, context)
    if context.compact:
        return text
    category = unicodedata.category(chr(value.code))
    charset = "ASCII/Unicode" if value.code < 0x80 else "Unicode"
    return f"{text}: {charset} U+{value.code:04X} (category {category}: {_CATEGORIES[category]})"


# --- names --------------------------------------------------------------------------------------------------

_KEYWORDS = frozenset((
    "baremodule", "begin", "break", "catch", "const", "continue", "do", "else", "elseif", "end", "export",
    "false", "finally", "for", "function", "global", "if", "import", "let", "local", "macro", "module",
    "quote", "return", "struct", "true", "try", "using", "while"))
_OPERATORS = frozenset("+-*/\\^%<>=!&|~:'÷×⋅∘⊗⊕⊖⊙√∛≈≠≤≥∈∉∋⊆⊂∪∩∧∨→←↔⊻⊼⊽⟂∥")
_MATHEMATICAL_LETTERS = frozenset("∂∅∆∇∎∏∐∑∞∟∠∡∢∫∬∭∮∯∰∱∲∳⊤⊥")
_START = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Sc", "So")
_INSIDE = (*_START, "Mn", "Mc", "Nd", "Pc", "Sk", "Me", "No")


def _starts_name(character):
    return character == "_" or unicodedata.category(character) in _START or character in _MATHEMATICAL_LETTERS


def is_identifier(name):
    """Whether a name can be written as it is."""
    return bool(name) and name not in ("true", "false") and _starts_name(name[0]) and all(
        c in "!′″‴⁗" or unicodedata.category(c) in _INSIDE or c in _MATHEMATICAL_LETTERS for c in name[1:])


def is_operator(name):
    """Whether a name is that of an operator."""
    return bool(name) and all(c in _OPERATORS for c in name)


def show_symbol(value, _context):
    """`:name`, `Symbol("no name")`."""
    name = value.name
    if is_identifier(name) or (is_operator(name) and name != "::") or name in (".", "..."):
        return f":{name}"
    return f"Symbol({quoted(name)})"


def field_name(name):
    """A field's name where one is written: `a`, `var"a b"` for what is no identifier."""
    if (is_identifier(name) and name not in _KEYWORDS) or is_operator(name):
        return name
    return f'var"{escape(name)}"'
