"""Operators: part of `lexer.py`.

Whether an operator is infix follows from the token before it (does it end a value?) and, between the elements
of an array or the arguments of a macro, from the white space around it.
"""

import unicodedata

from .lexer_state import LexerState
from .operators import BOTH, UNARY, terminal
from .tokens import BLANK, NAME_AT, NUMBER_AT, OPERATOR_AT


class OperatorLexer(LexerState):
    """Operators in infix and prefix position, as values, and the meanings of the colon."""

    def lex_operator(self, text, start):
        base = text[1:] if text[0] == "." and text not in ("..", "...") else text
        kind = terminal(base)
        if self.value and self.iteration() and text in ("=", "∈"):
            self.frames[-1].header = False
            self.emit("IN", text, start, False)
        elif text == ":":
            self.colon(text, start)
        elif self.last() == "GROUP_OPEN" and self.text.startswith(")", self.position):
            self.emit("NAME", text, start, True)  # `(=)`, `(->)`: any operator is a value in parentheses
        elif text == "...":
            self.emit(kind, text, start, True)
        elif text == "$":
            self.operand(start)
            self.emit(kind, text, start, False)
        elif self.infix(base):
            self.infix_operator(kind, text, start)
        else:
            self.prefix_operator(kind, text, base, start)

    def infix(self, base):
        """Whether the operator at hand stands between two operands."""
        if not self.value or base in ("!", "¬", "√", "∛", "∜"):
            return False
        separates = base in BOTH and self.space and self.sensitive()
        return not (separates and not self.text[self.position:self.position + 1].isspace())

    def infix_operator(self, kind, text, start):
        if kind == "QUESTION":
            self.emit(kind, text, start, False)
            self.push("ternary", text, start)
        else:
            self.emit(kind, text, start, False)

    def prefix_operator(self, kind, text, base, start):
        juxtaposed = base in ("√", "∛", "∜") and self.juxtapose(start)
        declared = self.last() in ("FUNCTION", "MACRO_DEFINITION")
        if not juxtaposed:
            self.operand(start)
        following = BLANK(self.text, self.position).end()
        alone = declared or self.text[following:following + 1] in ("", "\n", ",", ")", "]", "}", ";", "=")
        number = NUMBER_AT(self.text, self.position) if text in ("+", "-") else None
        if kind == "DECLARE":
            self.emit("DECLARE_PREFIX", text, start, False)
        elif number and not alone and self.text[number.end():number.end() + 1] not in tuple("[{"):
            power = self.text[BLANK(self.text, number.end()).end():][:2]
            if power[:1] == "^" or power == ".^":
                self.emit("UNARY", text, start, False)
            else:
                self.position = number.end()
                self.emit("NUMBER", text + number.group(), start, True)
        elif base in ("<:", ">:") and not alone and not self.text.startswith("(", self.position):
            self.emit("SUBTYPE_PREFIX", text, start, False)
        elif base in UNARY and not alone:
            self.emit("UNARY", text, start, False)
        elif kind in ("ASSIGN", "QUESTION", "LAMBDA", "AND", "OR"):
            self.emit(kind, text, start, False)
        else:
            self.emit("NAME", text, start, True)

    def colon(self, text, start):
        """Ternary, range, symbol, quoted expression, or the colon itself as a value."""
        after = self.text[self.position:self.position + 1]
        if self.value and self.frames[-1].kind == "ternary":
            self.frames.pop()
            self.emit("CHOICE", text, start, False)
        elif self.infix(":"):
            self.emit("COLON", text, start, False)
        else:
            if self.last() != "FIELD":
                self.operand(start)
            name = NAME_AT(self.text, self.position) or OPERATOR_AT(self.text, self.position)
            if name and name.group() != ":":
                self.position = name.end()
                self.emit("SYMBOL", unicodedata.normalize("NFC", name.group()), start, True)
            elif after == ".":
                self.position += 1
                self.emit("SYMBOL", after, start, True)
            elif after in tuple('([0123456789"'):
                self.emit("QUOTE_COLON", text, start, False)
            else:
                self.emit("NAME", text, start, True)
