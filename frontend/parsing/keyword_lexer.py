"""Keywords and the names after `import` and `export`: part of `lexer.py`."""

import unicodedata

from .lexer_state import LexerState
from .operators import WORDS
from .tokens import BLANK, BLANK_LINES, IMPORT_PATH, NAME_AT


class KeywordLexer(LexerState):
    """A method `keyword_…` for each keyword that is more than a token."""

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
            statement = self.frames[-1].kind == "paren" and self.last() in ("GROUP_OPEN", "SEMICOLON")
            self.emit("RETURN" if text == "return" else "DECLARATION", text, start, False)
            if statement:  # `(a; return b, c)`: the comma makes a tuple
                self.push("return", text, start)
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

    def branch(self, text, start):
        """`else`, `catch`, …: goes on in the frame of the block."""
        frame = self.leave_soft()
        if frame.kind != "block":
            self.mismatch(frame, text, start)
        self.emit(text.upper(), text, start, False)

    keyword_else = keyword_elseif = keyword_catch = keyword_finally = branch

    def contextual(self, text, start):
        """Words that are keywords in their place only: `public`, `for outer`."""
        if text == "outer" and self.iteration() and self.last() in ("FOR", "HEADER_COMMA"):
            word = NAME_AT(self.text, BLANK(self.text, self.position).end())
            if word and word.group() not in WORDS:
                self.emit("OUTER", text, start, False)
                return True
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

    # --- import and export ----------------------------------------------------------------------------------

    def keyword_import(self, text, start):
        self.names("IMPORT", text, start)

    keyword_using = keyword_import

    def keyword_export(self, text, start):
        self.names("EXPORT", text, start)

    def names(self, kind, text, start):
        """Dotted paths separated by commas; the list goes on after a newline that follows a comma or the
        colon."""
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
