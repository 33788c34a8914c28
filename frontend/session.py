"""A session: statements evaluated one after another, and their values as the REPL shows them."""

from ..compiler.errors import WeberError
from .evaluator import evaluate_block
from .loading import new_main


class Session:
    """Julia's REPL without the terminal: soft scope, `ans`, errors that leave the session intact."""

    def __init__(self):
        self.module = new_main()
        self._count = 0

    def evaluate(self, source: str):
        """Evaluates source text and returns the value of its last statement. Raises WeberError."""
        from .parser import parse

        self._count += 1
        block = parse(source, f"REPL[{self._count}]")
        try:
            value = evaluate_block(self.module, block, interactive=True)
        except RecursionError:
            raise WeberError("StackOverflowError", kind="StackOverflowError") from None
        self.module.bindings["ans"] = value
        return value

    def show(self, value) -> str:
        """What Julia's REPL prints for a value; empty for `nothing`."""
        from .display import show_value

        return show_value(value)
