"""A session: statements evaluated one after another, and their values as the REPL shows them.

What the REPL in a terminal (`repl`) does with a text stands here; the terminal adds keys and colours."""

from ...compiler.errors import WeberError
from ..evaluation.evaluator import evaluate_block
from ..evaluation.stack import with_deep_stack
from ..evaluation.steps import limited_steps
from ..loading import new_main, reported


class Session:
    """Julia's REPL without the terminal: soft scope, `ans`, `err`, errors that leave the session intact.

    `max_steps` bounds the loop iterations and calls of each evaluation, for sources that are not trusted.
    Raises WeberError for other than a positive integer."""

    def __init__(self, max_steps: int | None = None):
        with limited_steps(max_steps):  # checks the number
            self.module = new_main()
        self.max_steps = max_steps
        self._count = 0
        self._remembered = {}

    @with_deep_stack
    def evaluate(self, source: str):
        """Evaluates source text and returns the value of its last statement, which `ans` keeps. Raises
        WeberError; `err` keeps the exception."""
        from ..parsing.parser import parse

        self._count += 1
        try:
            with limited_steps(self.max_steps), reported():
                block = parse(source, f"REPL[{self._count}]")
                value = evaluate_block(self.module, block, interactive=True)
        except WeberError as error:
            from ..base.exceptions import exception_value

            self._remember("err", exception_value(error))
            raise
        self._remember("ans", value)
        return value

    def _remember(self, name, value):
        """Sets `ans` or `err`, unless the program uses the name for something of its own."""
        bindings, absent = self.module.bindings, object()
        if bindings.get(name, absent) is self._remembered.get(name, absent) or name not in bindings:
            bindings[name] = self._remembered[name] = value

    @with_deep_stack
    def show(self, value, size=None) -> str:
        """What Julia's REPL prints for a value; empty for `nothing`. `size` is the display's (rows,
        columns)."""
        from ..printing.display import REPL, show_value

        context = REPL if size is None else REPL.sized(*size)
        with limited_steps(self.max_steps), reported():
            return show_value(value, context)

    def interact(self, source: str, size=None) -> str:
        """Evaluates source text and gives what the REPL prints for its value: nothing after a `;` at the
        end. Raises WeberError."""
        value = self.evaluate(source)
        return "" if is_silent(source) else self.show(value, size)

    def complete(self, text: str) -> tuple[int, list[str]]:
        """Completions at the end of a text: (where what they replace begins, the replacements)."""
        from .completion import complete

        return complete(self.module, text)

    def help(self, query: str) -> str:
        """The documentation of a name, as the REPL's help mode shows it."""
        from .documentation import help_text

        return help_text(self.module, query)

    def packages(self, command: str) -> str:
        """Carries out a command of the REPL's package mode, such as `add lib/Shapes`. Raises WeberError."""
        from .package_mode import package_command

        return package_command(command)


def is_silent(source: str) -> bool:
    """Whether a text ends with a semicolon, so that its value is not shown."""
    from ..parsing.lexer import Lexer

    tokens = [token for token in Lexer(source).run() if token.kind != "$END"]
    return bool(tokens) and tokens[-1].kind == "SEPARATOR" and source[tokens[-1].start] == ";"
