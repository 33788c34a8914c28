"""How statements complete: None when control goes on, else BREAK, CONTINUE, a `Returned`, or, on a staged
condition, what `conditionals` has pending."""


class Returned:
    """The completion of a statement that returned."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Yielded(Returned):
    """The completion of an arm of a conditional expression: its value."""

    __slots__ = ()


class LoopExit(Returned):
    """`break` or `continue`."""

    __slots__ = ()


class ReturnSignal(Exception):
    """A `return` inside an expression; caught where the function was entered."""

    def __init__(self, value):
        self.value = value


class LoopSignal(Exception):
    """A `break` or `continue` inside an expression."""

    def __init__(self, completion):
        self.completion = completion


BREAK, CONTINUE = LoopExit(None), LoopExit(None)
