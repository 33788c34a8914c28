"""`weber repl`: a `Session` in a terminal, with Julia's prompts, keys and modes.

Only this file uses prompt_toolkit. Without a terminal the input is run as a script, as Julia does."""

import os
import shutil
import sys
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.keys import Keys
from prompt_toolkit.lexers import Lexer as HighlightLexer
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style

from ...compiler.errors import WeberError
from ..evaluation.interrupts import interruptible
from ..parsing.lexer import Lexer
from ..parsing.operators import WORDS
from ..parsing.parser import is_incomplete
from ..parsing.tokens import KEYWORDS
from .package_mode import COMMANDS, current_project
from .session import Session

PROMPT = "julia> "
NO_SHELL = "Weber runs no shell: there is no `;` mode here"
_STYLE = Style.from_dict({
    "prompt.julia": "ansigreen bold", "prompt.help": "ansiyellow bold", "prompt.pkg": "ansiblue bold",
    "keyword": "ansimagenta", "string": "ansigreen", "number": "ansicyan", "comment": "ansibrightblack",
    "macro": "ansiblue", "symbol": "ansicyan", "invalid": "ansired",
})  # fmt: skip


def history_file() -> Path:
    """`$XDG_STATE_HOME/weber/history`, or `~/.local/state/weber/history`."""
    root = os.environ.get("XDG_STATE_HOME")
    base = Path(root) if root and os.path.isabs(root) else Path(os.path.expanduser("~")) / ".local" / "state"
    return base / "weber" / "history"


class _History(FileHistory):
    """A history file that may be unreadable or unwritable: then the history is that of this session."""

    def load_history_strings(self):
        try:
            return list(super().load_history_strings())
        except OSError:
            return []

    def store_string(self, string):
        try:
            Path(self.filename).parent.mkdir(parents=True, exist_ok=True)
            super().store_string(string)
        except OSError:
            pass


# --- colours ------------------------------------------------------------------------------------------------

_STYLES = {
    "NUMBER": "class:number", "LITERAL": "class:number", "CHARACTER": "class:string", "MACRO": "class:macro",
    "FIELD_MACRO": "class:macro", "STRING_OPEN": "class:string", "STRING_TEXT": "class:string",
    "STRING_CLOSE": "class:string", "INVALID": "class:invalid", "SYMBOL": "class:symbol",
}  # fmt: skip
_WORDS = KEYWORDS | set(WORDS) - {"true", "false"}


def coloured(text: str) -> list[tuple[str, str]]:
    """The text as (style, piece) fragments, by our own lexer; what it cannot read stays plain."""
    fragments, position = [], 0

    def plain(end):
        nonlocal position
        gap = text[position:end]
        if gap:
            fragments.append(("class:comment" if gap.lstrip().startswith("#") else "", gap))
        position = max(position, end)

    for token in Lexer(text).run():
        start, end = max(token.start, position), token.end
        if token.kind == "$END" or end <= start or not text[start:end].strip():
            continue
        plain(start)
        piece = text[start:end]
        style = _STYLES.get(token.kind, "class:keyword" if piece in _WORDS else "")
        fragments.append((style, piece))
        position = end
    plain(len(text))
    return fragments


class _Highlighter(HighlightLexer):
    def lex_document(self, document):
        lines = [[]]
        for style, piece in coloured(document.text):
            first, *rest = piece.split("\n")
            lines[-1].append((style, first))
            lines.extend([(style, line)] for line in rest)
        return lambda number: lines[number] if number < len(lines) else []


# --- completion ---------------------------------------------------------------------------------------------


class _Completer(Completer):
    def __init__(self, repl):
        self.repl = repl

    def get_completions(self, document, event):
        text = document.text_before_cursor
        if self.repl.mode == "pkg":
            start, names = _package_completions(text)
        else:
            start, names = self.repl.session.complete(text)
        for name in names:
            yield Completion(name, start - len(text))


def _package_completions(text):
    command, space, rest = text.lstrip().partition(" ")
    if not space:
        return len(text) - len(command), [name for name in COMMANDS if name.startswith(command)]
    word = rest.rpartition(" ")[2]
    if command in ("rm", "remove"):
        names = [name for name in current_project().packages() if name.startswith(word)]
        return len(text) - len(word), sorted(names)
    from .completion import paths

    start, names = paths(word, 0)
    return len(text) - len(word) + start, names


# --- the loop -----------------------------------------------------------------------------------------------


class Repl:
    """The loop of reading, evaluating and printing. `mode` is "julia", "help" or "pkg"."""

    def __init__(self, session: Session):
        self.session, self.mode = session, "julia"
        self.prompt = PromptSession(
            self._prompt_text, style=_STYLE, lexer=_Highlighter(), completer=_Completer(self),
            complete_while_typing=False, complete_style=CompleteStyle.READLINE_LIKE, multiline=True,
            prompt_continuation=lambda width, line, wrapped: " " * width, history=_History(history_file()),
            key_bindings=self._keys(), include_default_pygments_style=False, enable_open_in_editor=False,
        )  # fmt: skip

    def _prompt_text(self):
        if self.mode == "pkg":
            name = current_project_name()
            return [("class:prompt.pkg", f"({name}) pkg> " if name else "pkg> ")]
        return [(f"class:prompt.{self.mode}", PROMPT if self.mode == "julia" else "help?> ")]

    def run(self) -> int:
        """Reads and evaluates until Ctrl-D or `exit()`; gives the exit status."""
        print(f"Weber {_version()}. `?` is the help mode, `]` the package mode; Ctrl-D leaves.")
        while True:
            try:
                text = self.prompt.prompt()
            except KeyboardInterrupt:
                print("^C")
                self.mode = "julia"
                continue
            except EOFError:
                return 0
            mode, self.mode = self.mode, "julia" if self.mode == "help" else self.mode
            if text.strip():
                try:
                    self._answer(mode, text)
                except SystemExit as request:
                    return request.code or 0

    def _answer(self, mode, text):
        columns, rows = shutil.get_terminal_size()
        try:
            with interruptible():
                if mode == "help":
                    shown = self.session.help(text)
                elif mode == "pkg":
                    shown = self.session.packages(text)
                else:
                    shown = self.session.interact(text, (rows, columns))
        except WeberError as error:
            shown = "\n" * (error.kind == "InterruptException") + str(error)  # the terminal wrote `^C`
        sys.stderr.flush()
        if shown:
            encoding = sys.stdout.encoding or "utf-8"
            print(shown.encode(encoding, "replace").decode(encoding))
        print(flush=True)

    # --- keys -----------------------------------------------------------------------------------------------

    def _keys(self):
        keys = KeyBindings()
        at_start = Condition(lambda: self.mode == "julia" and not self.prompt.default_buffer.text)
        other_mode = Condition(lambda: self.mode != "julia" and not self.prompt.default_buffer.text)
        blank_line = Condition(
            lambda: not self.prompt.default_buffer.document.current_line_before_cursor.strip()
        )

        def switch(mode):
            def handler(event):
                self.mode = mode

            return handler

        keys.add("?", filter=at_start)(switch("help"))
        keys.add("]", filter=at_start)(switch("pkg"))
        for key in ("backspace", "c-h"):
            keys.add(key, filter=other_mode)(switch("julia"))

        @keys.add(";", filter=at_start)
        def refuse_shell(event):
            from prompt_toolkit.application import run_in_terminal

            run_in_terminal(lambda: print(NO_SHELL))

        @keys.add("tab", filter=blank_line)
        def indent(event):
            event.current_buffer.insert_text("    ")

        @keys.add("enter")
        def enter(event):
            buffer = event.current_buffer
            if self.mode == "julia" and is_incomplete(buffer.text):
                buffer.newline(copy_margin=True)
            else:
                buffer.cursor_position = len(buffer.text)
                buffer.validate_and_handle()

        @keys.add("escape", "enter")
        def new_line(event):
            event.current_buffer.newline(copy_margin=True)

        @keys.add(Keys.BracketedPaste)
        def paste(event):
            event.current_buffer.insert_text(pasted(event.data))

        return keys


def pasted(text: str) -> str:
    """Pasted text with plain newlines; of what was copied out of a REPL only what was typed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.lstrip().startswith(PROMPT):
        return text
    kept, typed = [], False
    for line in text.lstrip().split("\n"):
        if line.startswith(PROMPT):
            kept.append(line.removeprefix(PROMPT))
            typed = True
        elif typed and line.startswith(" " * len(PROMPT)):
            kept.append(line[len(PROMPT):])
        else:
            typed = False
    return "\n".join(kept)


def current_project_name():
    """What the package prompt calls the project: its name, or that of its folder; None without a project."""
    project = current_project()
    if not project.file.is_file():
        return None
    try:
        return project.name or project.folder.name
    except WeberError:
        return project.folder.name


def _version():
    from importlib.metadata import version

    return version("weber")


def run_repl(max_steps=None) -> int:
    """Runs the REPL in this terminal; gives the exit status."""
    return Repl(Session(max_steps)).run()
