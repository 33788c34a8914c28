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
    STRING_CONTENT,
    Frame,
    Token,
)

SOFT = frozenset(["ternary", "macro", "header"])
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

    # --- keywords ---------------------------------------------------------------------------------------------------

    def keyword(self, text, start):
        handler = getattr(self, "keyword_" + text, None)
        if handler:
            handler(text, start)
        elif text in ("true", "false"):
            self.operand(start)
            self.emit("LITERAL", text, start, True)
        elif text in ("break", "continue"):
            self.operand(start)
            self.emit(text.upper(), text, start, True)
        elif text in ("const", "global", "local", "return"):
            self.operand(start)
            self.emit("RETURN" if text == "return" else "DECLARATION", text, start, False)
        else:
            self.open_block(text, start)

    def open_block(self, text, start, kind=None):
        self.operand(start)
        self.emit(kind or text.upper(), text, start, False)
        self.push("block", text, start)

    def open_header(self, text, start):
        """A block whose first line is a list separated by commas."""
        self.open_block(text, start)
        self.push("header", text, start).header = text == "for"

    keyword_let = open_header

    def keyword_do(self, text, start):
        self.emit("DO", text, start, False)
        self.push("block", text, start)
        self.push("header", text, start)

    def keyword_for(self, text, start):
        if self.value and self.hard().kind in ("paren", "array"):
            self.leave_soft()
            self.emit("GENERATOR_FOR", text, start, False)
            self.push("header", "for", start).header = True
        else:
            self.open_header(text, start)

    def keyword_if(self, text, start):
        if self.value and self.frames[-1].kind == "header" and self.hard().kind in ("paren", "array"):
            self.emit("GENERATOR_IF", text, start, False)
        else:
            self.open_block(text, start)

    def keyword_function(self, text, start):
        self.open_block(text, start)
        self.frames[-1].header = True

    def keyword_macro(self, text, start):
        self.open_block(text, start, "MACRO_DEFINITION")
        self.frames[-1].header = True

    def keyword_begin(self, text, start):
        if self.in_index():
            self.marker("BEGIN_MARKER", text, start)
        else:
            self.open_block(text, start)

    def keyword_end(self, text, start):
        if self.in_index():
            self.marker("END_MARKER", text, start)
            return
        frame = self.leave_soft()
        if frame.kind != "block":
            self.mismatch(frame, "end", start)
        self.frames.pop()
        self.emit("END", text, start, True)

    def marker(self, kind, text, start):
        if not self.juxtapose(start, value=False):
            self.operand(start)
        self.emit(kind, text, start, True)

    def branch(self, text, start):
        """`else`, `catch`, …: goes on in the frame of the block."""
        frame = self.leave_soft()
        if frame.kind != "block":
            self.mismatch(frame, text, start)
        self.emit(text.upper(), text, start, False)

    keyword_else = keyword_elseif = keyword_catch = keyword_finally = branch

    def mismatch(self, frame, text, start):
        if frame.kind == "top":
            self.fault(f"unexpected `{text}`", start, self.position)
        raise Fault(f"unexpected `{text}`: {self.unclosed(frame)}", start, self.position)

    def unclosed(self, frame):
        """Says what a frame waits for."""
        opener = _BRACKETS.get(frame.kind, frame.name)
        line = self.text.count("\n", 0, frame.start) + 1
        return f"unclosed `{opener}` opened at line {line}"

    def contextual(self, text, start):
        """Words that are keywords in their place only: `mutable struct`, `abstract type`, `public`."""
        if text == "public" and self.last() == "SEPARATOR" and self.frames[-1].kind in ("top", "block"):
            following = BLANK(self.text, self.position).end()
            if following > self.position and NAME_AT(self.text, following):
                self.names("EXPORT", text, start)
                return True
        return False

    def two_words(self, text, start):
        second = {"mutable": "struct"}.get(text, "type")
        word = NAME_AT(self.text, BLANK(self.text, self.position).end())
        if word is None or word.group() != second:
            self.operand(start)
            self.emit("NAME", text, start, True)
            return
        self.position = word.end()
        self.open_block(second if text == "mutable" else text, start,
                        "MUTABLE_STRUCT" if text == "mutable" else text.upper())

    keyword_mutable = keyword_abstract = keyword_primitive = two_words

    # --- import and export ------------------------------------------------------------------------------------------

    def keyword_import(self, text, start):
        self.names("IMPORT", text, start)

    keyword_using = keyword_import

    def keyword_export(self, text, start):
        self.names("EXPORT", text, start)

    def names(self, kind, text, start):
        """Dotted paths separated by commas; the list goes on after a newline that follows a comma or the colon."""
        self.operand(start)
        self.emit(kind, text, start, False)
        while True:
            self.position = BLANK_LINES(self.text, self.position).end()
            path = IMPORT_PATH(self.text, self.position)
            if path is None:
                return
            self.position = path.end()
            self.emit("PATH", unicodedata.normalize("NFC", path.group()), path.start(), True)
            position = BLANK(self.text, self.position).end()
            word = NAME_AT(self.text, position)
            if word and word.group() == "as":
                self.position = word.end()
                self.emit("AS", "as", word.start(), False)
                name = NAME_AT(self.text, BLANK(self.text, self.position).end())
                if name is None:
                    return
                self.position = name.end()
                self.emit("NAME", unicodedata.normalize("NFC", name.group()), name.start(), True)
                position = BLANK(self.text, self.position).end()
            mark = self.text[position:position + 1]
            if mark not in (",", ":") or self.text.startswith("::", position):
                return
            self.position = position + 1
            self.emit("HEADER_COMMA" if mark == "," else "IMPORT_COLON", mark, position, False)

    # --- brackets and marks -----------------------------------------------------------------------------------------

    def lex_mark(self, text, start):
        getattr(self, _MARKS[text])(text, start)

    def open_paren(self, text, start):
        last = self.last()
        tight = not self.space
        prefix = None
        if tight and (last in ("MACRO", "FIELD_MACRO") or self.value and not self.juxtapose(start, value=False)):
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
        if block.kind == "block" and block.header:
            following = BLANK(self.text, self.position).end()
            word = NAME_AT(self.text, following)
            if not (self.text[self.position:self.position + 1] in tuple("({.") or self.text.startswith("::", following)
                    or word and word.group() == "where"):
                self.separator(self.position, self.position)

    def resolve_group(self, frame, before):
        """A closed parenthesis may turn out as the arguments of an operator's call or the parameters of a function."""
        opening = frame.opening
        if frame.prefix is not None and (frame.commas or before in (opening, frame.prefix) or before.kind == "SPLAT"):
            frame.prefix.kind, opening.kind = "NAME", "CALL_OPEN"
            return
        following = BLANK(self.text, self.position).end()
        anonymous = self.frames[-1].header and self.frames[-1].kind == "block" and not self.text.startswith(
            "(", self.position) and self.token_before(opening).kind == "FUNCTION"
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
            self.emit("BRACE_OPEN", text, start, False)
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
            assigned = self.text[following:following + 1] == "=" and self.text[following + 1:following + 2] not in "=>"
            self.emit("TRAILING_COMMA" if assigned else "TUPLE_COMMA", text, start, assigned)
            return
        while self.frames[-1].kind in ("macro", "ternary"):
            self.frames.pop()
        if self.frames[-1].kind == "header":
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

    # --- operators --------------------------------------------------------------------------------------------------

    def iteration(self):
        """Whether a `for` waits for its `in` here."""
        frame = self.frames[-1]
        return frame.kind == "header" and frame.header

    def lex_operator(self, text, start):
        base = text[1:] if text[0] == "." and text not in ("..", "...") else text
        kind = TERMINALS[base]
        if self.value and self.iteration() and text in ("=", "∈"):
            self.frames[-1].header = False
            self.emit("IN", text, start, False)
        elif text == ":":
            self.colon(text, start)
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
            if name and name.group() not in (":", "..."):
                self.position = name.end()
                self.emit("SYMBOL", unicodedata.normalize("NFC", name.group()), start, True)
            elif after in tuple('([0123456789"'):
                self.emit("QUOTE_COLON", text, start, False)
            else:
                self.emit("NAME", text, start, True)


_MARKS = {
    "(": "open_paren", ")": "close_paren", "[": "open_array", "]": "close_array", "{": "open_brace",
    "}": "close_brace", ",": "comma", ";": "semicolon", ".": "dot", "'": "apostrophe",
}
