"""From text to tokens. A stack of frames tells what encloses a place, and with it what a newline, a comma, a
colon, white space or `end` means there; so the grammar needs no context.
"""

import re
import unicodedata

from .keyword_lexer import KeywordLexer
from .lexer_state import Fault
from .operator_lexer import OperatorLexer
from .operators import WORDS
from .tokens import (
    BLANK,
    BLANK_LINES,
    CHARACTER_AT,
    KEYWORDS,
    NAME_AT,
    OPERATOR_AT,
    SCAN,
    STRING_CONTENT,
    Token,
)

_EXPONENT = re.compile("[eEf]").search
_DOCUMENTED_BLOCKS = frozenset(["top", "begin", "quote", "module", "baremodule", "struct"])


class Lexer(KeywordLexer, OperatorLexer):
    """Cuts a text into `tokens`. A fault ends them with an `INVALID` token, whose text is the `Fault`: an
    error that the grammar finds before it is the one to report."""

    def run(self):
        text, length = self.text, len(self.text)
        try:
            while self.position < length:
                if self.frames[-1].kind == "string":
                    self.string_content(self.frames[-1])
                    continue
                match = SCAN(text, self.position)
                if match is None and text[self.position] == "@":
                    self.fault("expected the name of a macro after `@`", self.position, self.position + 1)
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

    # --- white space ----------------------------------------------------------------------------------------

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
        if self.last() != "STRING_CLOSE" or frame is not self.frames[-1]:
            return False
        if frame.name not in _DOCUMENTED_BLOCKS:
            return False
        index = self.string_opening
        before = self.tokens[index - 1].kind if index else "SEPARATOR"
        if self.tokens[index].text not in ('"', '"""') or before not in ("SEPARATOR", "BEGIN", "QUOTE"):
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

    # --- atoms ----------------------------------------------------------------------------------------------

    def lex_number(self, text, start):
        self.operand(start)
        match = OPERATOR_AT(self.text, self.position - text.endswith("."))
        operator = match.group() if match else ""
        text = text.removesuffix(".") if operator[:1] == "." else text
        whole = not ("." in text or text[:2] != "0x" and text[-1:].isdigit() and _EXPONENT(text))
        if operator[:1] == "." and operator not in ("..", "...") and whole:
            self.fault(f"ambiguous `{text}{operator}`: put a space after the number", start, match.end())
        self.emit("NUMBER", text, start, True)

    def lex_name(self, text, start):
        text = unicodedata.normalize("NFC", text)
        last = self.last()
        quoted = text == "var" and self.text.startswith('"', self.position)
        if last == "FIELD" and not self.space and not quoted:
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
                if last == "CATCH":
                    self.separator(self.position, self.position)

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
        quotes = frame.name[-3:] if frame.name[-2:] in ('""', "``") else frame.name[-1]
        raw = frame.name[0] not in '"`'
        content = STRING_CONTENT[quotes, raw](text, start)
        position = content.end() if content else start
        if content:
            self.position = position
            self.emit("STRING_TEXT", content.group(), start, False)
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

    # --- brackets and marks ---------------------------------------------------------------------------------

    def lex_mark(self, text, start):
        getattr(self, _MARKS[text])(text, start)

    def open_paren(self, text, start):
        last = self.last()
        tight = not self.space
        prefix = None
        of_macro = last in ("MACRO", "FIELD_MACRO")
        if tight and (of_macro or self.value and not self.juxtapose(start, value=False)):
            token = self.emit("CALL_OPEN", text, start, False)
        else:
            if tight and last == "UNARY":
                prefix = self.tokens[-1]
            elif self.last() != "JUXTAPOSE":
                self.operand(start)
            token = self.emit("GROUP_OPEN", text, start, False)
        frame = self.push("paren", "(", start)
        frame.opening, frame.prefix = token, prefix

    def close_paren(self, text, start):
        frame = self.leave_soft()
        if frame.kind != "paren":
            self.mismatch(frame, text, start)
        self.frames.pop()
        if frame.name == "interpolation":
            self.emit("INTERPOLATION_CLOSE", text, start, False)
            return
        before = self.tokens[-1]
        self.emit("CLOSE", text, start, True)
        if frame.opening.kind == "GROUP_OPEN":
            self.resolve_group(frame, before)
        block = self.frames[-1]
        if block.kind == "block" and block.header and not self.signature_goes_on():
            self.separator(self.position, self.position)

    def signature_goes_on(self):
        """Whether a function's signature goes on after the parenthesis that was just closed."""
        if self.text[self.position:self.position + 1] in ("(", "{", "."):
            return True
        following = BLANK(self.text, self.position).end()
        word = NAME_AT(self.text, following)
        return self.text.startswith("::", following) or bool(word) and word.group() == "where"

    def resolve_group(self, frame, before):
        """A closed parenthesis may turn out as the arguments of an operator's call or the parameters of a
        function."""
        opening = frame.opening
        listed = frame.commas or before is opening or before.kind == "SPLAT"
        if listed and frame.prefix is not None:
            frame.prefix.kind, opening.kind = "NAME", "CALL_OPEN"
            return
        following = BLANK(self.text, self.position).end()
        block = self.frames[-1]
        anonymous = block.kind == "block" and block.header and not self.text.startswith("(", self.position)
        anonymous = anonymous and self.token_before(opening).kind == "FUNCTION"
        if anonymous or self.text.startswith("->", following):
            opening.kind = "PARAMETERS_OPEN"

    def token_before(self, token):
        index = len(self.tokens) - 1
        while self.tokens[index] is not token:
            index -= 1
        return self.tokens[index - 1]

    def open_array(self, text, start):
        if self.value and not self.space:
            self.emit("INDEX_OPEN", text, start, False)
            self.push("array", text, start).index = True
        else:
            self.operand(start)
            self.emit("ARRAY_OPEN", text, start, False)
            self.push("array", text, start)

    def close_array(self, text, start):
        frame = self.leave_soft()
        if frame.kind != "array":
            self.mismatch(frame, text, start)
        self.frames.pop()
        self.emit("ARRAY_CLOSE", text, start, True)

    def open_brace(self, text, start):
        if self.value and not self.space:
            self.emit("CURLY_OPEN", text, start, False)
        else:
            self.operand(start)
            self.emit("BOUNDS_OPEN" if self.last() == "WHERE" else "BRACE_OPEN", text, start, False)
        self.push("brace", text, start)

    def close_brace(self, text, start):
        frame = self.leave_soft()
        if frame.kind != "brace":
            self.mismatch(frame, text, start)
        self.frames.pop()
        self.emit("BRACE_CLOSE", text, start, True)

    def comma(self, text, start):
        frame = self.hard()
        if frame.kind in ("block", "top"):
            soft = self.frames[-1]
            if any(frame.kind == "header" for frame in self.frames[self.frames.index(frame):]):
                while self.frames[-1].kind != "header":
                    self.frames.pop()
                soft = self.frames[-1]
            if soft.kind == "header":
                soft.header = soft.name == "for"
                self.emit("HEADER_COMMA", text, start, False)
                return
            following = BLANK(self.text, self.position).end()
            operator = OPERATOR_AT(self.text, following)
            assigned = operator is not None and operator.group() == "="
            self.emit("TRAILING_COMMA" if assigned else "TUPLE_COMMA", text, start, assigned)
            return
        while self.frames[-1].kind in ("macro", "ternary"):
            self.frames.pop()
        if self.frames[-1].kind == "return":
            self.emit("TUPLE_COMMA", text, start, False)
        elif self.frames[-1].kind == "header":
            self.frames[-1].header = True
            self.emit("HEADER_COMMA", text, start, False)
        else:
            frame.commas = True
            self.emit("COMMA", text, start, False)

    def semicolon(self, text, start):
        frame = self.leave_soft()
        if frame.kind == "paren":
            frame.commas = True
            self.emit("SEMICOLON", text, start, False)
        elif frame.kind == "array":
            while self.text.startswith(";", self.position):
                self.position += 1
            self.emit("ROW", self.position - start, start, False)
        elif frame.kind == "brace":
            self.fault("unexpected `;` in braces", start, self.position)
        else:
            self.separator(start, self.position)

    def dot(self, text, start):
        if self.last() == "GROUP_OPEN" and self.text.startswith(")", self.position):
            self.emit("NAME", text, start, True)
            return
        if not self.value or self.space:
            self.fault("unexpected `.`", start, self.position)
        if self.text.startswith("(", self.position):
            self.position += 1
            token = self.emit("DOT_CALL_OPEN", text, start, False)
            self.push("paren", "(", self.position - 1).opening = token
        else:
            self.emit("FIELD", text, start, False)

    def apostrophe(self, text, start):
        if self.value and not self.space:
            self.emit("ADJOINT", text, start, True)
            return
        match = CHARACTER_AT(self.text, start)
        if match is None:
            self.fault("invalid character literal", start, self.position)
        self.operand(start)
        self.position = match.end()
        self.emit("CHARACTER", match.group(), start, True)


_MARKS = {
    "(": "open_paren", ")": "close_paren", "[": "open_array", "]": "close_array", "{": "open_brace",
    "}": "close_brace", ",": "comma", ";": "semicolon", ".": "dot", "'": "apostrophe",
}
