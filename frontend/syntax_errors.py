"""What a syntax error says: what was found, what was expected, and what is still open."""

from .lexer_state import SOFT, Fault

_WORDS = {
    "CLOSE": "`)`", "ARRAY_CLOSE": "`]`", "BRACE_CLOSE": "`}`", "INTERPOLATION_CLOSE": "`)`", "END": "`end`", "CHOICE": "`:`",
    "IN": "`in`", "PATH": "a name", "AS": "`as`", "COMMA": "`,`", "HEADER_COMMA": "`,`", "LAMBDA": "`->`",
    "CALL_OPEN": "`(`", "SEPARATOR": "the end of the line", "$END": "the end of the input", "ASSIGN": "`=`",
    "BRACE_OPEN": "`{`", "IMPORT_COLON": "`:`", "DECLARE": "`::`",
}
_OPERANDS = ("NUMBER", "NAME")


def unexpected(tokens, index, actions, lexer):
    """The fault of a token that a state with these actions does not take."""
    token = tokens[index]
    at_end = token.kind == "$END"
    frame = next((frame for frame in reversed(lexer.frames) if frame.kind not in SOFT), None)
    if at_end and frame is not None and frame.kind != "top":
        return Fault(lexer.unclosed(frame), frame.start, frame.start + max(1, len(frame.name)), True)
    message = f"unexpected {_found(token, lexer.text)}"
    expected = _expected(actions)
    if expected:
        message += f", expected {expected}"
    start, end = token.start, token.end
    if at_end and index:
        start, end = tokens[index - 1].end, tokens[index - 1].end + 1
    return Fault(message, start, end, at_end)


def _found(token, text):
    if token.kind == "$END":
        return "end of the input"
    if token.kind == "SEPARATOR" and text[token.start:token.end].strip() == "":
        return "end of the line"
    if token.kind in ("ARGUMENT", "COLUMN"):
        return "white space"
    if token.kind == "JUXTAPOSE":
        return "name directly after a value"
    if token.kind in ("STRING_OPEN", "STRING_TEXT"):
        return "string"
    if token.kind == "ROW" and text[token.start:token.end].strip() == "":
        return "newline"
    return f"`{text[token.start:token.end]}`"


def _expected(actions):
    """The expected terminals in words: an operand stands for all that begins one."""
    kinds = {kind for kind in actions if kind.isupper() or kind == "$END"}
    if all(kind in kinds for kind in _OPERANDS):
        return "an expression"
    words = sorted({_WORDS[kind] for kind in kinds if kind in _WORDS})
    if "NAME" in kinds:
        words.append("a name")
    if not words or len(words) > 5:
        return ""
    return " or ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " or " + words[-1]
