"""From text to tokens. A stack of frames tells what encloses a place, and with it what a newline, a comma, a colon, white
space or `end` means there; so the grammar needs no context.

Whether an operator is infix follows from the token before it (does it end a value?) and, between the elements of an array
or the arguments of a macro, from the white space around it.
"""

import unicodedata

from .operators import BOTH, TERMINALS, UNARY, WORDS
from .tokens import (
    BLANK,
    BLANK_LINES,
    CHARACTER_AT,
    IMPORT_PATH,
    KEYWORDS,
    NAME_AT,
    NUMBER_AT,
    OPERATOR_AT,
    SCAN,
    Frame,
    Token,
)

SOFT = frozenset(["ternary", "macro", "header", "import"])
MAX_FRAMES = 200
_BRACKETS = {"paren": "(", "array": "[", "brace": "{"}
_DOCUMENTED_BLOCKS = frozenset(["top", "begin", "quote", "module", "baremodule", "struct"])


class Fault(Exception):
    """Text that is not Julia: a message and a span; `incomplete` when more text could make it right."""

    def __init__(self, message, start, end, incomplete=False):
        super().__init__(message)
        self.message, self.start, self.end, self.incomplete = message, start, end, incomplete


class Lexer:
    """Cuts a text into `tokens`. A fault ends them with an `INVALID` token, whose text is the `Fault`: an error that the
    grammar finds before it is the one to report."""

    def __init__(self, text):
        self.text = text
        self.position = 0
        self.tokens = []
        self.frames = [Frame("top", "top", 0)]
        self.value = False  # the last token ends a value
        self.space = False  # white space came before the current token
        self.string_opening = 0  # index of the token that opened the last string

    def run(self):
        text, length = self.text, len(self.text)
        try:
            while self.position < length:
                if self.frames[-1].kind == "string":
                    self.string_content(self.frames[-1])
                    continue
                match = SCAN(text, self.position)
                if match is None:
                    self.fault(f"invalid character {text[self.position]!r}", self.position, self.position + 1)
                start, self.position = match.span()
                kind = match.lastgroup
                if kind == "space":
                    self.space = True
                    continue
                getattr(self, "lex_" + kind)(match.group(), start)
                if kind not in ("newline", "comment"):
                    self.space = False
            if self.frames[-1].kind == "string":
                frame = self.frames[-1]
                raise Fault(f"unclosed string {frame.name}", frame.start, frame.start + len(frame.name), True)
        except Fault as fault:
            self.tokens.append(Token("INVALID", fault, fault.start, fault.end))
        self.tokens.append(Token("$END", "", length, length))
        return self.tokens

    # --- helpers --------------------------------------------------------------------------------------------------

    def fault(self, message, start, end):
        raise Fault(message, start, end)

    def emit(self, kind, text, start, value):
        token = Token(kind, text, start, self.position)
        self.tokens.append(token)
        self.value = value
        return token

    def last(self):
        return self.tokens[-1].kind if self.tokens else "SEPARATOR"

    def push(self, kind, name, start):
        if len(self.frames) >= MAX_FRAMES:
            self.fault(f"nested deeper than {MAX_FRAMES} levels", start, self.position)
        frame = Frame(kind, name, start)
        self.frames.append(frame)
        return frame

    def leave_soft(self):
        """Ends the soft frames and returns the hard one around them."""
        while self.frames[-1].kind in SOFT:
            self.frames.pop()
        return self.frames[-1]

    def hard(self):
        return next(frame for frame in reversed(self.frames) if frame.kind not in SOFT)

    def sensitive(self):
        """The frame in which white space separates: an array's or a macro's, or None."""
        frame = next(frame for frame in reversed(self.frames) if frame.kind != "ternary")
        return frame if frame.kind in ("array", "macro") else None

    def in_index(self):
        for frame in reversed(self.frames):
            if frame.kind in ("block", "top", "string"):
                return False
            if frame.index:
                return True

    def operand(self, start):
        """Before a token that begins an operand: the separator that white space stands for, if it does."""
        frame = self.sensitive()
        if frame is None:
            return
        if frame.kind == "macro" and (self.last() in ("MACRO", "FIELD_MACRO") or (self.value and self.space)):
            self.tokens.append(Token("ARGUMENT", "", start, start))
            frame.commas = True
        elif frame.kind == "array" and self.value and self.space:
            self.tokens.append(Token("COLUMN", "", start, start))

    def separator(self, start, end):
        """The end of a statement; several make one."""
        frame = self.leave_soft()
        frame.header = False
        if self.last() not in ("SEPARATOR", "DOCUMENTS"):
            self.tokens.append(Token("SEPARATOR", "", start, end))
        self.value = False

    # --- white space ------------------------------------------------------------------------------------------------

    def lex_comment(self, text, start):
        depth, position = 1, self.position
        while depth:
            opening, closing = self.text.find("#=", position), self.text.find("=#", position)
            if closing < 0:
                raise Fault("unclosed comment", start, start + 2, True)
            if 0 <= opening < closing:
                depth, position = depth + 1, opening + 2
            else:
                depth, position = depth - 1, closing + 2
        self.position, self.space = position, True

    def lex_newline(self, text, start):
        self.space = True
        ends = self.value or self.last() in ("RETURN", "LET", "CATCH", "DO", "MACRO", "FIELD_MACRO")
        if not ends or self.frames[-1].kind == "ternary":
            return
        frame = self.hard()
        if frame.kind == "array":
            following = BLANK_LINES(self.text, start).end()
            word = NAME_AT(self.text, following)
            word = word.group() if word else self.text[following:following + 1]
            if word in (",", "]", ";", "for", "") or (word == "if" and self.frames[-1].kind == "header"):
                return
            if self.frames[-1].kind != "header":
                self.leave_soft()
                self.emit("ROW", 0, start, False)
        elif frame.kind in ("block", "top"):
            top = self.frames[-1]
            if top.kind == "macro" and top.name == "doc" and self.last() == "STRING_CLOSE":
                return  # `@doc "text"` takes the next line too
            if not self.documents(frame, start):
                self.separator(start, start + 1)

    def documents(self, frame, start):
        """Whether the string before this newline is a docstring; then the token that says so is emitted."""
        if frame is not self.frames[-1] or frame.name not in _DOCUMENTED_BLOCKS or self.last() != "STRING_CLOSE":
            return False
        index = self.string_opening
        if self.tokens[index].text not in ('"', '"""') or index and self.tokens[index - 1].kind != "SEPARATOR":
            return False
        following = start + 1
        while self.text[following:following + 1] in (" ", "\t", "\r") and following < len(self.text):
            following += 1
        name = NAME_AT(self.text, following)
        if self.text[following:following + 1] in ("", "\n", "#") or (name and name.group() == "end"):
            return False
        self.tokens.append(Token("DOCUMENTS", "", start, start + 1))
        self.value = False
        return True

    # --- atoms ------------------------------------------------------------------------------------------------------

    def lex_number(self, text, start):
        self.operand(start)
        following = self.text[self.position:self.position + 1]
        if following == "." and OPERATOR_AT(self.text, self.position).end() > self.position + 1:
            if not self.text.startswith("..", self.position) and "." not in text:
                self.fault(f"ambiguous `{text}{self.text[self.position:self.position + 2]}`: put a space after "
                           "the number", start, self.position + 2)
        self.emit("NUMBER", text, start, True)

    def lex_name(self, text, start):
        text = unicodedata.normalize("NFC", text)
        last = self.last()
        if last == "FIELD" and not self.space:
            self.emit("NAME", text, start, True)
        elif text in WORDS and self.value:
            if text == "in" and self.iteration():
                self.emit("IN", text, start, False)
            else:
                self.emit(WORDS[text], text, start, False)
        elif text in KEYWORDS:
            self.keyword(text, start)
        elif self.contextual(text, start):
            pass
        else:
            juxtaposed = self.juxtapose(start)
            if self.text[self.position:self.position + 1] in ('"', "`") and self.position < len(self.text):
                if not juxtaposed:
                    self.operand(start)
                quotes = SCAN(self.text, self.position).group()
                self.position += len(quotes)
                self.open_string(text + quotes, start)
            else:
                if not juxtaposed:
                    self.operand(start)
                self.emit("NAME", text, start, True)

    def juxtapose(self, start, value=True):
        """`2x`, `(a)b`: the token for a multiplication that is not written."""
        last = self.last()
        if self.space or not self.value:
            return False
        if last == "NUMBER" or value and last in ("CLOSE", "ARRAY_CLOSE", "ADJOINT", "BRACE_CLOSE"):
            self.tokens.append(Token("JUXTAPOSE", "*", start, start))
            return True
        return False

    def lex_macro(self, text, start):
        if self.last() == "FIELD" and not self.space:
            self.tokens.pop()
            kind = "FIELD_MACRO"
        else:
            self.operand(start)
            kind = "MACRO"
        name = unicodedata.normalize("NFC", text[1:])
        self.emit(kind, name, start, False)
        if self.text[self.position:self.position + 1] != "(":
            self.push("macro", name.split(".")[-1], start)

    def open_string(self, text, start):
        frame = self.push("string", text, start)
        frame.opening = len(self.tokens)
        self.emit("STRING_OPEN", text, start, False)

    def lex_string(self, text, start):
        self.operand(start)
        self.open_string(text, start)

    def string_content(self, frame):
        """One part of a string: text, an interpolation, or the end."""
        text, start = self.text, self.position
        quotes = frame.name.lstrip("".join(set(frame.name) - set('"`')))
        raw = frame.name[0] not in '"`'
        position = start
        while position < len(text) and not text.startswith(quotes, position):
            character = text[position]
            if character == "$" and not raw:
                break
            position += 2 if character == "\\" else 1
        position = min(position, len(text))
        if position > start:
            self.position = position
            self.emit("STRING_TEXT", text[start:position], start, False)
            return
        if text.startswith(quotes, position):
            self.position = position + len(quotes)
            flags = NAME_AT(text, self.position) if raw else None
            if flags:
                self.position = flags.end()
            self.frames.pop()
            self.emit("STRING_CLOSE", flags.group() if flags else "", start, True)
            self.string_opening = frame.opening
            return
        self.position += 1
        name = NAME_AT(text, self.position)
        if name:
            self.position = name.end()
            self.emit("NAME", unicodedata.normalize("NFC", name.group()), start + 1, False)
        elif text.startswith("(", self.position):
            self.position += 1
            self.push("paren", "interpolation", start + 1)
            self.emit("INTERPOLATION_OPEN", "", start, False)
        else:
            self.fault("expected a name or `(` after `$` in a string (write `\\$` for the sign itself)",
                       start, start + 1)
