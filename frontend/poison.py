"""Places without a value, and those whose value staged conditions and loops left untold: reading them is an
error."""

from ..compiler.errors import WeberError
from .state import state


class Undefined:
    """What a variable holds that has no value: nothing was assigned yet (`UNDEFINED`), or, with a reason,
    poison: what staged conditions and loops left there cannot be told. It is an error when it is read."""

    __slots__ = ("reason",)

    def __init__(self, reason=None):
        self.reason = reason

    @property
    def type(self):
        if self.reason is None:
            raise WeberError("UndefRefError: access to undefined reference", state.location,
                             kind="UndefRefError")
        raise poisoned("a value", self.reason, state.location)

    def __repr__(self):
        return "#undef"


UNDEFINED = Undefined()


class HostValueNeeded(WeberError):
    """The program needs a number on the host (a size, an index, a condition) that is only known when the
    graph runs."""


class PrintingNeeded(HostValueNeeded):
    """The program prints a number that is only known when the graph runs."""


class PoisonError(HostValueNeeded):
    """What staged conditions and loops left in a variable cannot be told."""


def poisoned(what, reason, location):
    """The error of reading poison."""
    return PoisonError(f"{what} {reason}", location, kind="UnsupportedError")


class Either:
    """One of two values that no other kind of value can stand for, as a condition of the graph decides: a
    number or nothing, one of two functions. What is called with it is called with each; see
    `conditionals.lifted`."""

    __slots__ = ("condition", "first", "second", "reason")

    def __init__(self, condition, first, second, reason):
        self.condition, self.first, self.second, self.reason = condition, first, second, reason

    @property
    def type(self):
        raise poisoned("a value", self.reason, state.location)


class PoisonedContents:
    """The contents of an array that cannot be read."""

    shape, ndim = (), 0

    def __init__(self, reason):
        self.reason = reason

    def fetch(self):
        raise poisoned("an array", self.reason, state.location)
