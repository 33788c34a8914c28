"""Values of literals: numbers, escapes of strings and characters, indentation of triple-quoted strings."""

import re

import numpy as np

_ESCAPE = re.compile(
    r"\\(?:x(?P<byte>[0-9a-fA-F]{1,2})|u(?P<short>[0-9a-fA-F]{1,4})|U(?P<long>[0-9a-fA-F]{1,8})"
    r"|(?P<octal>[0-7]{1,3})|(?P<newline>\n[ \t]*)|(?P<other>.))|\\\Z",
    re.DOTALL,
)
_SIMPLE = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b",
    "\\": "\\", '"': '"', "'": "'", "$": "$", "`": "`",
}
_UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)


def number(text: str):
    """The value of a number: int for Int64, float, numpy.float32 for `1f0`, numpy unsigned for hexadecimal,
    octal and binary, of the least type that holds all digits written. Raises OverflowError when no such type
    does, or when a floating-point number is too large."""
    text = text.replace("_", "")
    digits = text.lstrip("+-").lower()
    if digits[:2] == "0x" and "p" in digits:
        return float.fromhex(text)
    if digits[:2] in ("0x", "0o", "0b"):
        return _unsigned(digits, text[0] == "-")
    if "f" in digits or "." in digits or "e" in digits:
        kind = np.float32 if "f" in digits else float
        with np.errstate(over="ignore"):
            value = kind(text.replace("f", "e"))
        if abs(value) == float("inf"):
            raise OverflowError(f"overflow in numeric constant {text}")
        return value
    if len(digits.lstrip("0")) > 19:
        raise OverflowError(f"the integer {text} does not fit Int64")
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"the integer {text} does not fit Int64")
    return value


def _unsigned(digits, negative):
    base = {"x": 16, "o": 8, "b": 2}[digits[1]]
    value = int(digits[2:], base)
    if base == 8:
        bits = max(value.bit_length(), 8 if digits[2:3] != "0" else (len(digits) - 2) * 3 - 2)
    else:
        bits = (len(digits) - 2) * (4 if base == 16 else 1)
    for kind in _UNSIGNED:
        width = kind(0).itemsize * 8
        if bits <= width:
            return kind((-value if negative else value) % 2**width)
    raise OverflowError(f"the integer {digits} does not fit UInt64")


def unescape(text: str) -> str:
    """Text with its escapes resolved. Raises ValueError for an unknown one; bytes (`\\xff`) beyond ASCII are
    joined to UTF-8 sequences, as in Julia."""
    if "\\" not in text:
        return text
    parts, position, pending = [], 0, bytearray()
    for match in _ESCAPE.finditer(text):
        kind = match.lastgroup
        byte = None
        if kind == "byte":
            byte = int(match["byte"], 16)
        elif kind == "octal":
            byte = int(match["octal"], 8)
            if byte > 255:
                raise ValueError(f"invalid escape `{match.group()}`")
        if pending and (byte is None or match.start() > position):
            parts.append(_decode(pending))
        parts.append(text[position:match.start()])
        position = match.end()
        if byte is not None:
            pending.append(byte)
        else:
            parts.append(_resolve(match, kind))
    if pending:
        parts.append(_decode(pending))
    return "".join([*parts, text[position:]])


def _decode(pending):
    text = pending.decode("utf-8", "surrogateescape")
    pending.clear()
    return text


def _resolve(match, kind):
    if kind == "newline":
        return ""
    if kind in ("short", "long"):
        code = int(match[kind], 16)
        if code > 0x10FFFF:
            raise ValueError(f"invalid escape `{match.group()}`")
        return chr(code)
    simple = _SIMPLE.get(match["other"])
    if simple is None:
        raise ValueError(f"invalid escape `{match.group()}`")
    return simple


def unescape_raw(text: str, quote: str = '"') -> str:
    """A raw string: only backslashes before a quote (or the end) escape."""

    def halve(match):
        count = len(match["slashes"])
        return "\\" * (count // 2) + (quote if count % 2 else match["rest"])

    return re.sub(rf"(?P<slashes>\\+)(?P<rest>{quote}|\Z)", halve, text)


def dedent(texts: list) -> list:
    """The parts of a triple-quoted string without the indentation that its lines share; parts that are not
    texts stay.

    The first line counts only when the text starts with a newline, which is dropped; lines of white space
    only do not count, except the last.
    """
    texts = list(texts)
    leading = bool(texts) and isinstance(texts[0], str) and texts[0].startswith("\n")
    whole = "".join(text if isinstance(text, str) else "\0" for text in texts)
    lines = whole.split("\n")
    counted = [line for i, line in enumerate(lines) if i and (line.strip(" \t") or i == len(lines) - 1)]
    indent = _common(counted)
    result = []
    for i, text in enumerate(texts):
        if isinstance(text, str):
            text = re.sub(rf"\n(?:{re.escape(indent)}|[ \t]*(?=\n))" if indent else r"\n", "\n", text)
            if i == 0 and leading:
                text = text[1:]
        result.append(text)
    return [text for text in result if text != ""]


def _common(lines):
    """The white space with which all lines begin."""
    if not lines:
        return ""
    indents = [re.match(r"[ \t]*", line).group() for line in lines]
    shortest = min(indents, key=len)
    while not all(indent.startswith(shortest) for indent in indents):
        shortest = shortest[:-1]
    return shortest
