"""A session: statements evaluated one after another, and their values as the REPL shows them."""

from .evaluator import evaluate_block
from .loading import new_main, reported


class Session:
    """Julia's REPL without the terminal: soft scope, `ans`, errors that leave the session intact."""

    def __init__(self):
        self.module = new_main()
        self._count = 0

    def evaluate(self, source: str):
        """Evaluates source text and returns the value of its last statement. Raises WeberError."""
        from .parser import parse

        self._count += 1
        with reported():
            block = parse(source, f"REPL[{self._count}]")
            value = evaluate_block(self.module, block, interactive=True)
        self.module.bindings["ans"] = value
        return value

    def show(self, value) -> str:
        """What Julia's REPL prints for a value; empty for `nothing`."""
        from .display import show_value

        with reported():
            return show_value(value)
