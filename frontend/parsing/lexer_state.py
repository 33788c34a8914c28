"""The state of the lexer: tokens so far, the stack of frames, and what both tell about the current place."""

from .tokens import Frame, Token

SOFT = frozenset(["ternary", "macro", "header", "return"])
"""Frames without a closing text of their own."""
MAX_FRAMES = 200
_BRACKETS = {"paren": "(", "array": "[", "brace": "{"}


class Fault(Exception):
    """Text that is not Julia: a message and a span; `incomplete` when more text could make it right."""

    def __init__(self, message, start, end, incomplete=False):
        super().__init__(message)
        self.message, self.start, self.end, self.incomplete = message, start, end, incomplete


class LexerState:
    """Base of the lexer's parts."""

    def __init__(self, text):
        self.text = text
        self.position = 0
        self.tokens = []
        self.frames = [Frame("top", "top", 0)]
        self.value = False  # the last token ends a value
        self.space = False  # white space came before the current token
        self.string_opening = 0  # index of the token that opened the last string

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

    def juxtapose(self, start, value=True):
        """`2x`, `(a)b`: the token for a multiplication that is not written."""
        last = self.last()
        if self.space or not self.value:
            return False
        if last == "NUMBER" or value and last in ("CLOSE", "ARRAY_CLOSE", "ADJOINT", "BRACE_CLOSE"):
            self.tokens.append(Token("JUXTAPOSE", "*", start, start))
            return True
        return False

    def marker(self, kind, text, start):
        if not self.juxtapose(start, value=False):
            self.operand(start)
        self.emit(kind, text, start, True)

    def iteration(self):
        """Whether a `for` waits for its `in` here."""
        frame = self.frames[-1]
        return frame.kind == "header" and frame.header

    def mismatch(self, frame, text, start):
        if frame.kind == "top":
            self.fault(f"unexpected `{text}`", start, self.position)
        raise Fault(f"unexpected `{text}`: {self.unclosed(frame)}", start, self.position)

    def unclosed(self, frame):
        """Says what a frame waits for."""
        opener = _BRACKETS.get(frame.kind, frame.name)
        line = self.text.count("\n", 0, frame.start) + 1
        return f"unclosed `{opener}` opened at line {line}"
