"""What a syntax error says: what was found, what was expected, and what is still open."""

from .lexer_state import SOFT, Fault

_WORDS = {
    "CHOICE": "`:`", "IN": "`in`", "PATH": "a name", "AS": "`as`", "COMMA": "`,`", "HEADER_COMMA": "`,`",
    "LAMBDA": "`->`", "SEPARATOR": "the end of the line", "ASSIGN": "`=`", "IMPORT_COLON": "`:`",
}
_CLOSERS = {
    "CLOSE": "`)`", "ARRAY_CLOSE": "`]`", "BRACE_CLOSE": "`}`", "INTERPOLATION_CLOSE": "`)`", "END": "`end`",
    "STRING_CLOSE": "the end of the string",
}
_OPENERS = {
    "GROUP_OPEN": "CLOSE", "CALL_OPEN": "CLOSE", "DOT_CALL_OPEN": "CLOSE", "PARAMETERS_OPEN": "CLOSE",
    "INDEX_OPEN": "ARRAY_CLOSE", "ARRAY_OPEN": "ARRAY_CLOSE", "CURLY_OPEN": "BRACE_CLOSE",
    "BOUNDS_OPEN": "BRACE_CLOSE", "BRACE_OPEN": "BRACE_CLOSE", "INTERPOLATION_OPEN": "INTERPOLATION_CLOSE",
    "STRING_OPEN": "STRING_CLOSE",
} | dict.fromkeys(
    ("BEGIN QUOTE IF FOR WHILE LET TRY DO FUNCTION MACRO_DEFINITION STRUCT MUTABLE_STRUCT ABSTRACT PRIMITIVE "
     "MODULE BAREMODULE").split(),
    "END",
)
_CLOSING_TEXT = {"block": "`end`", "paren": "`)`", "array": "`]`", "brace": "`}`"}
_FOREIGN = {
    "and": "`&&`", "or": "`||`", "not": "`!`", "elif": "`elseif`", "def": "`function`", "class": "`struct`",
}
"""Words of other languages that stand where no name can."""
_MOST = 4
"""Longer lists of what was expected say nothing."""


def unexpected(tokens, index, actions, lexer):
    """The fault of a token that a state with these actions does not take."""
    token = tokens[index]
    at_end = token.kind == "$END"
    frame = next((frame for frame in reversed(lexer.frames) if frame.kind not in SOFT), None)
    if at_end and frame is not None and frame.kind != "top":
        message = f"{lexer.unclosed(frame)}, expected {_CLOSING_TEXT[frame.kind]}"
        return Fault(message, frame.start, frame.start + max(1, len(frame.name)), True)
    opener = _enclosing(tokens[:index])
    message = f"unexpected {_found(token, lexer.text)}"
    expected = _expected(actions, _OPENERS[opener.kind] if opener else "$END")
    if token.kind == "ASSIGN" and token.text == "=":
        message += " (`==` compares)"
    elif expected:
        message += f", expected {expected}"
    previous = tokens[index - 1].text if index else None
    for word in (token.text, previous):
        if token.kind == "NAME" and word in _FOREIGN:
            message += f" ({word!r} is {_FOREIGN[word]} in Julia)".replace("'", "`")
            break
    if opener and lexer.text.count("\n", opener.start, token.start):
        line = lexer.text.count("\n", 0, opener.start) + 1
        message += f" (in the `{lexer.text[opener.start:opener.end]}` opened at line {line})"
    start, end = token.start, token.end
    if at_end and index:
        start, end = tokens[index - 1].end, tokens[index - 1].end + 1
    return Fault(message, start, end, at_end)


def _enclosing(tokens):
    """The opening token that the tokens leave open last, or None."""
    closing = set(_OPENERS.values())
    stack = []
    for token in tokens:
        if token.kind in _OPENERS:
            stack.append(token)
        elif token.kind in closing and stack:
            stack.pop()
    return stack[-1] if stack else None


def _found(token, text):
    """The token as it stands in the text, or what white space it stands for."""
    piece = text[token.start:token.end]
    if token.kind == "$END":
        return "end of the input"
    if token.kind in ("SEPARATOR", "ROW", "DOCUMENTS") and not piece.strip():
        return "end of the line"
    if token.kind in ("ARGUMENT", "COLUMN"):
        return "white space"
    if token.kind == "JUXTAPOSE":
        return "operand directly after another"
    if token.kind in ("STRING_OPEN", "STRING_TEXT"):
        return "string"
    return f"`{piece}`"


def _expected(actions, closer):
    """The expected terminals in words. An operand stands for all that begins one; of the closing terminals
    only that of what is open counts, as states of the table are shared by all brackets."""
    if "NUMBER" in actions and "NAME" in actions:
        return "an expression"
    words = sorted({_WORDS[kind] for kind in actions if kind in _WORDS})
    if "NAME" in actions:
        words.append("a name")
    if closer in actions and closer in _CLOSERS:
        words.insert(0, _CLOSERS[closer])
    if not words or len(words) > _MOST:
        return ""
    return " or ".join(words) if len(words) < 3 else ", ".join(words[:-1]) + " or " + words[-1]
