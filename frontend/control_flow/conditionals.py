"""Conditions that only the graph knows: both arms run, each in a region of its own, and are joined.

What a statement completes with may then be pending: `Split`, where one arm goes on and the other has left by
`break`, `continue` or `return`, and whatever follows is still put into the arm that goes on; or `Mixed`,
where a number in the graph tells the completion. Whoever runs statements in order passes the rest to `then`.
"""

from functools import partial

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from ..evaluation.completions import BREAK, CONTINUE, LoopSignal, Returned, ReturnSignal, Yielded
from ..poison import UNDEFINED, Either, PoisonError
from ..staged_numbers import Traced
from ..staging import apply, payload_of
from ..state import LaneEffect, state
from ..values import Node
from .joining import Joined
from .locations import changed_locations
from .regions import Region
from .specs import (
    as_ir,
)

MAX_NESTING = 150
"""Regions inside of each other; a program has more of them only by recursion without end."""

NORMAL, BROKEN, CONTINUED, RETURNED = range(4)
"""The completions by number."""


def is_staged_condition(value):
    """Whether a condition is only known when the graph runs."""
    return value.__class__ is Traced and value.data.__class__ is Value and value.known is None


# --- completions --------------------------------------------------------------------------------------------


class Pending:
    """A completion that only the graph knows."""


class Mixed(Pending):
    """A completion by number: `code` is a staged Int64, `possible` the numbers it can be, `value` what is
    returned in the case of RETURNED."""

    def __init__(self, code, possible, value, live, frame, where):
        self.code, self.possible, self.value = code, frozenset(possible), value
        self.live, self.frame, self.where = live, frame, where

    def then(self, rest):
        if NORMAL not in self.possible:
            return self
        left = self.only(self.possible - {NORMAL})
        return stage_if(self.is_one_of((NORMAL,)), rest, lambda: left, self.frame, self.live, self.where)

    def is_one_of(self, codes):
        """The staged condition that the code is one of these."""
        found = None
        for code in sorted(set(codes) & self.possible):
            same = apply("eq", payload_of(self.code), as_ir(payload_of(code)))
            found = same if found is None else apply("or", found, same)
        return Traced(found)

    def only(self, codes):
        """The completion where it is one of these; plain where there is only one."""
        if len(codes) > 1:
            return Mixed(self.code, codes, self.value, self.live, self.frame, self.where)
        (code,) = codes
        return (None, BREAK, CONTINUE)[code] if code != RETURNED else Returned(self.value)

    def absorbed(self, code):
        if code not in self.possible:
            return self
        possible = self.possible - {code} | {NORMAL}
        if len(possible) == 1:
            return None
        stays = self.is_one_of(possible - {NORMAL})
        chosen = apply("select", stays.data, payload_of(self.code), as_ir(payload_of(NORMAL)))
        return Mixed(Traced(chosen), possible, self.value, self.live, self.frame, self.where)


class Arm:
    """One arm of a conditional: its region, how it completed, or the error that it threw. The `condition` has
    the given `truth` in it."""

    def __init__(self, frame, part, condition, truth):
        self.region, self.completion, self.error = Region(state.trace, frame), None, None
        self.region.assumption = positive(condition.data, truth)
        if self.region.depth > MAX_NESTING:
            raise WeberError("recursion that ends on a condition which is only known when the graph runs is "
                             "not supported: write it as a loop", state.location, kind="UnsupportedError")
        self.run(part)

    def run(self, part):
        """Runs `part()` in the region; it gives the completion."""
        try:
            with self.region:
                self.completion = part()
        except ReturnSignal as signal:
            self.completion = Returned(signal.value)
        except LoopSignal as signal:
            self.completion = signal.completion
        except WeberError as error:
            if not getattr(error, "thrown", False) and not put_off(error):
                raise
            self.error = error


OF_VALUES = frozenset({"ArgumentError", "BoundsError", "DimensionMismatch", "DivideError", "DomainError",
                       "InexactError", "KeyError"})
"""What fails because of the values it is given."""


def put_off(error):
    """Whether an error is left to the loop that is being staged: the values may be those of its first
    iteration, in which what fails is not run."""
    if state.trace.failures is None or error.kind not in OF_VALUES:
        return False
    state.trace.failures.append(error)
    return True


class Split(Pending):
    """A conditional whose arms are not joined yet. `live` are the slots of the frame that are seen after
    it."""

    def __init__(self, condition, arms, frame, live, where, assumed=False):
        self.condition, self.arms, self.frame = condition, arms, frame
        self.live, self.where = live, where
        self.assumed = assumed  # the first arm tells the types of what does not join

    def then(self, rest):
        for arm in self.arms:
            if goes_on(arm.completion):
                arm.run(partial(then, arm.completion, rest))
        return self.settle()

    def settle(self):
        """The completion: this conditional itself as long as just one arm goes on."""
        first, second = self.arms
        if first.error is not None and second.error is not None:
            raise first.error
        if first.error is not None or second.error is not None:  # an arm that throws is taken not to be run
            kept = first if second.error is not None else second
            kept.region.merge()
            return kept.completion
        if goes_on(first.completion) != goes_on(second.completion):
            return self
        return self.join()

    def join(self, absorb=None):
        """Joins the arms; the completion is plain or `Mixed`."""
        for arm in self.arms:
            with arm.region:
                arm.completion = absorbed(close(arm.completion), absorb)
        return join_arms(self)

    def absorbed(self, code):
        return self.join(code)


def goes_on(completion):
    """Whether what follows a statement with this completion may be run."""
    if completion.__class__ is Mixed:
        return NORMAL in completion.possible
    return completion is None or completion.__class__ is Split


def then(completion, rest):
    """The completion of a statement and what follows it, `rest()`."""
    if completion is None:
        return rest()
    return completion.then(rest) if isinstance(completion, Pending) else completion


def close(completion):
    """The completion with all conditionals joined: plain or `Mixed`."""
    return completion.join() if completion.__class__ is Split else completion


def may_be(completion, code):
    """Whether a completion may be the one of this number."""
    if completion.__class__ is Split:
        return any(may_be(arm.completion, code) for arm in completion.arms)
    return code in completion.possible if completion.__class__ is Mixed else code_of(completion) == code


def absorbed(completion, code):
    """The completion where one by this number counts as normal: a loop's `continue` or `break`."""
    if code is None or completion is None or not may_be(completion, code):
        return completion
    if isinstance(completion, Pending):
        return completion.absorbed(code)
    return None


def code_of(completion):
    if completion is None or completion.__class__ is Yielded:
        return NORMAL
    return BROKEN if completion is BREAK else CONTINUED if completion is CONTINUE else RETURNED


def stage_if(condition, part, otherwise, frame, live, where, assumed=False):
    """`if condition part() else otherwise() end` for a staged condition; the parts give completions."""
    arms = [Arm(frame, part, condition, True), Arm(frame, otherwise, condition, False)]
    return Split(condition, arms, frame, live, where, assumed).settle()


def stage_value(condition, part, otherwise, frame, live, where):
    """As `stage_if`, for parts that give values; the result is a value, poison where they do not join."""
    completion = stage_if(condition, lambda: Yielded(part()), lambda: Yielded(otherwise()), frame, live,
                          where)
    return completion.value


def positive(condition, truth=True):
    """A condition and its truth without negations."""
    while condition.operation is not None and condition.operation.name == "not":
        (condition,) = condition.operation.operands
        truth = not truth
    return condition, truth


def known_truth(condition, region=None):
    """The truth that a condition has in an arm (and the arms around it), None where it is not known."""
    base, truth = positive(condition.data)
    scopes = [region] if region is not None else []
    for scope in [*scopes, *state.trace.scopes()]:
        if scope.assumption is not None and scope.assumption[0] is base:
            return scope.assumption[1] == truth
    return None


def resolved(value, region=None):
    """A value, or the one of two that it is known to be in an arm."""
    while value.__class__ is Either:
        truth = known_truth(value.condition, region)
        if truth is None:
            return value
        value = value.first if truth else value.second
    return value


WITHOUT_VALUE = frozenset({"MethodError", "ArgumentError", "FieldError", "TypeError"})
"""What a call with `nothing` fails with that was meant for a value: it is taken not to happen, as if the
program had thrown the error itself."""


def lifted(error, function, *arguments):
    """What a Python function gives for arguments that it has failed with because one of them is an `Either`:
    it is applied to both values. Raises the error where there is none."""
    if error.__class__ is not PoisonError:
        raise error
    index = next((k for k, value in enumerate(arguments) if value.__class__ is Either), None)
    if index is None:
        raise error
    either = arguments[index]

    def apply_to(value):
        given = (*arguments[:index], value, *arguments[index + 1:])
        try:
            return function(*given)
        except PoisonError as inner:
            return lifted(inner, function, *given)
        except WeberError as inner:
            inner.thrown = getattr(inner, "thrown", False) or value is None and inner.kind in WITHOUT_VALUE
            raise

    value = resolved(either)
    if value is either and is_child(either) and refuses_nothing(apply_to):
        value = either.second
    if value is not either:
        return apply_to(value)
    return stage_value(either.condition, lambda: apply_to(either.first), lambda: apply_to(either.second),
                       None, (), state.location)


def is_child(either):
    """Whether a value is the child of a tree that only the graph knows: nothing or a node."""
    return either.first is None and either.second.__class__ is Node


def refuses_nothing(function):
    """Whether a function has no meaning for `nothing`: an arm that only throws is taken not to be run."""
    try:
        with Region(state.trace):
            function(None)
    except WeberError as error:
        if error.kind not in ("FieldError", "MethodError"):
            raise
        return True
    return False


# --- joining ------------------------------------------------------------------------------------------------


def join_arms(split):
    """Makes one operation of a conditional whose arms have plain or `Mixed` completions."""
    arms = split.arms
    regions = [arm.region for arm in arms]
    completions = [arm.completion for arm in arms]
    where = f" after the conditional in line {split.where.line}" if split.where is not None else ""
    slots, places = changed_locations(regions, split.frame, split.live)
    joined = Joined(arms, split.assumed)

    def add(set_, values, *more):
        joined.add(set_, [resolved(value, region) for value, region in zip(values, regions, strict=True)],
                   *more)

    returned = [completion.__class__ is Returned for completion in completions]
    for slot in slots:
        # what an arm leaves in the variables of a function that it returned from is never seen
        values = [UNDEFINED if gone else slot.in_region(region)
                  for gone, region in zip(returned, regions, strict=True)]
        add(slot.set, values, where, any(returned))
    for place in places:
        values = [place.in_region(region) for region in regions]
        add(place.set, values, where, False, place.is_contents)
    outcome = []
    codes = [None if c.__class__ is Mixed else code_of(c) for c in completions]
    kinds = {code for code in codes if code is not None}
    for c in completions:
        kinds |= c.possible if c.__class__ is Mixed else set()
    values = [c.value if c.__class__ in (Mixed, Returned, Yielded) else UNDEFINED for c in completions]
    has_value = RETURNED in kinds or Yielded in (c.__class__ for c in completions)
    if has_value:
        add(outcome.append, values, "", True)
    code = []
    if len(kinds) > 1:
        if split.condition.data.shape:  # each lane of a broadcast would go on in a way of its own
            raise LaneEffect
        add(code.append, [c.code if c.__class__ is Mixed else n
                          for c, n in zip(completions, codes, strict=True)], "", False)
    joined.emit(split.condition)
    value = outcome[0] if outcome else UNDEFINED
    if code:
        return Mixed(code[0], kinds, value, split.live, split.frame, split.where)
    if completions[0].__class__ is Yielded:
        return Yielded(value)
    (kind,) = kinds
    return (None, BREAK, CONTINUE)[kind] if kind != RETURNED else Returned(value)
