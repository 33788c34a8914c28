"""A bound on the work that an untrusted source can ask for: `--max-steps N`.

A step is one iteration of a loop, comprehension or endless iterator, or one call of a function that has
source. The library's own loops and calls count too."""

from contextlib import contextmanager

from ...compiler.errors import WeberError
from ..state import state


class StepLimitError(WeberError):
    """The steps that were allowed are used up. A program cannot catch it."""


def take_step():
    """Counts a step. Raises StepLimitError when there is none left."""
    state.steps_left -= 1
    if state.steps_left < 0:
        raise StepLimitError(
            f"stopped after {state.max_steps} steps (the limit that was given)",
            state.location, kind="StepLimitError",
        )  # fmt: skip


@contextmanager
def limited_steps(count):
    """Allows `count` steps within; None sets no limit of its own. Raises WeberError for other than a positive
    integer."""
    if count is None:
        yield
        return
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise WeberError(f"the number of steps must be a positive integer, got {count!r}")
    before = state.steps_left, state.max_steps
    state.steps_left = state.max_steps = count
    try:
        yield
    finally:
        state.steps_left, state.max_steps = before
