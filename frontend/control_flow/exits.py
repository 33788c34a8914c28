"""`return`, `break` and `continue` inside of expressions on staged conditions: `y = f(a || return 0)`.

What is around such a conditional cannot wait in the middle of an expression until both ways are known. So the
statement is begun again in each of the two arms, with the conditional decided: `Exit` carries its condition
to the statement, and all that the first beginning changed is undone. The operations that both beginnings
share are merged when the graph is simplified.
"""

from functools import partial

from ...compiler.errors import WeberError
from ..evaluation.completions import LoopSignal, Returned, ReturnSignal, Yielded
from ..state import state
from .conditionals import Arm, Pending, Split, close, stage_if
from .regions import Region


class Exit(Exception):
    """A conditional expression on a staged condition has an arm that leaves by `return`, `break` or
    `continue`."""

    def __init__(self, condition):
        self.condition = condition


class Decisions:
    """The outcomes of those conditionals of a statement, in the order of evaluation."""

    def __init__(self, outcomes=()):
        self.outcomes, self.next = outcomes, 0

    def take(self, condition):
        """The outcome of the next conditional; raises `Exit` where it is not decided yet."""
        if self.next == len(self.outcomes):
            raise Exit(condition)
        self.next += 1
        return self.outcomes[self.next - 1]


class within:
    """While these decisions are those of the statement that is being evaluated; None: there is no statement
    that could be begun again."""

    def __init__(self, decisions):
        self.decisions = decisions

    def __enter__(self):
        self.before, state.decisions = state.decisions, self.decisions

    def __exit__(self, *_):
        state.decisions = self.before


def stage_expression(condition, then, otherwise, frame, live, where):
    """The value of a conditional expression on a staged condition; one whose arm leaves is decided by the
    statement around it."""
    try:
        with within(Decisions()):  # an arm that leaves further in is an arm that leaves
            arms = [Arm(frame, lambda: Yielded(then()), condition, True),
                    Arm(frame, lambda: Yielded(otherwise()), condition, False)]
    except Exit:
        arms = None
    if arms is not None and all(arm.error or arm.completion.__class__ is Yielded for arm in arms):
        return Split(condition, arms, frame, live, where).settle().value
    return then() if decide(condition) else otherwise()


def decide(condition):
    """The outcome of a conditional expression that leaves."""
    if state.decisions is None:
        raise WeberError("`return`, `break` or `continue` in the condition of a loop, on a condition that "
                         "only the graph knows, is not supported: write it as a statement", state.location,
                         kind="UnsupportedError")
    return state.decisions.take(condition)


def leave(completion):
    """Leaves an expression as a completed loop in it says; goes on where that is normal."""
    completion = close(completion)
    while isinstance(completion, Pending):
        code = min(completion.possible)
        if decide(completion.is_one_of((code,))):
            completion = completion.only({code})
        else:
            completion = completion.only(completion.possible - {code})
    if completion is not None:
        raise ReturnSignal(completion.value)


def restartable(run, live, where):
    """A statement, a closure that gives its completion, with conditionals in its expressions that leave."""
    def begin(frame, outcomes=()):
        trace = state.trace
        if trace is None:
            return run(frame)
        region = Region(trace, frame)
        try:
            with within(Decisions(outcomes)), region:
                completion = run(frame)
        except ReturnSignal as signal:
            completion = Returned(signal.value)
        except LoopSignal as signal:
            completion = signal.completion
        except Exit as found:
            trace.builder.block.operations.extend(region.block.operations)  # they compute the condition
            return stage_if(found.condition, partial(begin, frame, (*outcomes, True)),
                            partial(begin, frame, (*outcomes, False)), frame, live, where)
        region.merge()
        return completion

    return begin


def restartable_tail(run, live, where):
    """As `restartable`, for what a function ends with: a closure that gives the function's value."""
    begin = restartable(lambda frame: Returned(run(frame)), live, where)

    def tail(frame):
        return run(frame) if state.trace is None else close(begin(frame)).value

    return tail
