"""`while` and `for`. Outside of a trace they simply run. While staging, a loop that computes nothing of the
graph runs on the host too; one of a few iterations, or whose iterations differ in kind, is unrolled; all
others become a `loop` of the graph."""

import math
from functools import partial

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from ..control_flow.conditionals import (
    BROKEN,
    CONTINUED,
    Pending,
    absorbed,
    close,
    is_staged_condition,
    stage_if,
    then,
)
from ..control_flow.loop_items import items_of
from ..control_flow.loops import Loop
from ..control_flow.regions import Region
from ..parsing import syntax
from ..poison import PoisonError
from ..staged_numbers import DimNumber, Traced
from ..staging import apply, as_value, payload_of
from ..state import state
from ..values import GeneratorValue, Struct
from .completions import BREAK, CONTINUE, LoopSignal
from .evaluator import STATEMENTS, compiles, located, truth
from .scopes import assigned_names, target_names
from .steps import take_step

UNROLLED = 4
"""A loop of at most so many iterations is unrolled."""
HOST_ITERATIONS = 8
"""A `while` loop on a host condition becomes a loop of the graph after so many iterations that compute."""


@compiles(syntax.While, table=STATEMENTS)
def while_statement(compiler, node):
    live = range(compiler.scope.layout.size)
    condition = compiler.expression(node.condition)
    inner = compiler.inner_scope(node.body, soft=True)
    renew, body = inner.fresh(inner.scope), inner.statement(node.body)
    location, user = node.condition.location, compiler.user

    def step(frame):
        take_step()
        if renew is not None:
            renew(frame)
        try:
            return body(frame)
        except LoopSignal as signal:
            return signal.completion

    def run(frame):
        if state.trace is not None:
            return StagedWhile(frame, live, partial(step, frame), partial(condition, frame), location,
                               user).run()
        while truth(condition(frame), location, user):
            completion = step(frame)
            if completion is not None and completion is not CONTINUE:
                return None if completion is BREAK else completion
        return None

    return run


class StagedWhile:
    """A `while` loop in a trace."""

    def __init__(self, frame, live, step, condition, where, user):
        self.frame, self.live, self.step, self.condition = frame, live, step, condition
        self.where, self.user = where, user

    def run(self):
        """Runs the loop as long as its condition is known on the host; stages it from where it is not."""
        computing = 0
        while True:
            going = self.condition()
            if is_staged_condition(going):
                return self.stage(going)
            if not truth(going, self.where, self.user):
                return None
            region = Region(state.trace, self.frame)
            with region:
                completion = absorbed(self.step(), CONTINUED)
            computing += bool(region.block.operations)
            if isinstance(completion, Pending):
                return self.stage(True)
            if computing > HOST_ITERATIONS:
                try:
                    return attempt(self.frame, partial(self.stage, True))
                except WeberError:
                    computing = -10**9  # it must be unrolled
            region.merge()
            if completion is not None:
                return None if completion is BREAK else completion

    def stage(self, going, peeled=False):
        """The loop of the graph from here on, with this condition for the first iteration."""
        loop = Loop(self.where, self.frame, self.live, lambda item: self.step(), condition=self.condition)
        try:
            return loop.stage(going, peeled)
        except PoisonError:
            if peeled:
                raise
            if not is_staged_condition(going):
                return self.peel()
            return close(stage_if(going, self.peel, lambda: None, self.frame, self.live, self.where, True))

    def peel(self):
        """The first iteration, then the rest of the loop."""
        return finished(then(absorbed(self.step(), CONTINUED), self.stage_rest))

    def stage_rest(self):
        going = self.condition()
        if not is_staged_condition(going) and not truth(going, self.where, self.user):
            return None
        return self.stage(going, peeled=True)


def attempt(frame, part):
    """What `part()` gives; its effects are undone where it raises an error."""
    region = Region(state.trace, frame)
    with region:
        completion = part()
    region.merge()
    return completion


def finished(completion, keeps_break=False):
    """The completion of a loop: a `break` ends there."""
    return completion if keeps_break else absorbed(completion, BROKEN)


@compiles(syntax.For, table=STATEMENTS)
def for_statement(compiler, node):
    from ..base.iteration import iterate
    from .assignments import assign_target

    loops, inner = [], compiler
    assigned = set(assigned_names(node.body)[0]) if len(node.iterations) > 1 else set()
    for iteration in node.iterations:
        live = range(inner.scope.layout.size)
        iterable = inner.expression(iteration.iterable)
        own = outer_names(compiler, iteration) if iteration.outer else target_names(iteration.target)
        inner = inner.inner_scope(names=own, soft=True)
        # the body may change an outer variable: each value of the inner iterators finds it as it was
        changed = not assigned.isdisjoint(target_names(iteration.target))
        loops.append((iterable, inner.fresh(inner.scope), assign_target(inner, iteration.target),
                      iteration.location, changed, live))
    inner = inner.inner_scope(node.body, soft=True)
    renew, body = inner.fresh(inner.scope), inner.statement(node.body)
    user = compiler.user

    def level(frame, depth, outer=()):
        if depth == len(loops):
            take_step()
            if renew is not None:
                renew(frame)
            try:
                completion = body(frame)
            except LoopSignal as signal:
                completion = signal.completion
            return absorbed(completion, CONTINUED) if completion is not None else None
        iterable, fresh, assign, location, changed, live = loops[depth]

        def step(item):
            if fresh is not None:
                fresh(frame)
            for assign_outer, value in outer:
                assign_outer(frame, value)
            assign(frame, item)
            return level(frame, depth + 1, (*outer, (assign, item)) if changed else outer)

        try:
            value = iterable(frame)
            if state.trace is not None:
                state.location = location if user else state.location
                return StagedFor(value, frame, live, step, location, depth > 0).run()
            items = iterate(value)
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904
        for item in items:
            completion = step(item)
            if completion is not None:
                return completion  # a break leaves all the iterators of one `for`
        return None

    def run(frame):
        completion = level(frame, 0)
        return None if completion is BREAK else completion

    return run


class StagedFor:
    """A `for` loop over one iterable in a trace. `inner`: it is not the first of several iterables, so that a
    `break` leaves others too."""

    def __init__(self, value, frame, live, step, where, inner):
        self.value, self.frame, self.live, self.step = value, frame, live, step
        self.where, self.inner = where, inner
        self.choice = None
        self.items = self.found_items()

    def found_items(self):
        """The items that the loop runs over: where each iteration finds out whether its item counts, all."""
        if self.value.__class__ not in (GeneratorValue, Struct):
            return items_of(self.value)
        from ..control_flow.choices import items_and_choice

        items, self.choice = items_and_choice(self.value)
        if self.choice is not None:
            if self.inner and self.choice.ends:  # the end of this iterator would be that of all
                self.choice = None
                return None
            self.body, self.step = self.step, self.choose
        return items

    def values(self):
        """The items on the host."""
        from ..base.iteration import iterate

        return iterate(self.value if self.choice is None else self.choice.iterable)

    def choose(self, item):
        """The iteration for an item for which a condition decides whether it counts."""
        self.choice.enter(item)
        going = self.choice.condition()
        otherwise = BREAK if self.choice.ends else None

        def body():
            return self.body(self.choice.value())

        if is_staged_condition(going):
            return stage_if(going, body, lambda: otherwise, self.frame, self.live, self.where)
        return body() if truth(going, self.where) else otherwise

    def run(self):
        if self.items is not None and not (self.items.count is None or isinstance(self.items.count, int)):
            return self.stage(0)
        if self.items is None or self.where in state.trace.unrolled or self.remaining(0) <= UNROLLED:
            return finished(self.unroll(self.values()), self.inner)
        if any(payload.__class__ is Value for payload in self.items.payloads):
            try:
                return attempt(self.frame, partial(self.stage, 0))
            except WeberError:
                state.trace.unrolled.add(self.where)
                return finished(self.unroll(self.values()), self.inner)
        return self.try_out(self.values())

    def remaining(self, start):
        """How many iterations there are from one on."""
        return math.inf if self.items.count is None else self.items.count - start

    def unroll(self, values):
        """The iterations one after the other."""
        for item in values:
            completion = self.step(item)
            if completion is not None:
                return then(completion, partial(self.unroll, values))
        return None

    def try_out(self, values):
        """Runs iterations on the host until one computes something of the graph; stages the rest."""
        for k, item in enumerate(values):
            region = Region(state.trace, self.frame)
            with region:
                completion = self.step(item)
            if region.block.operations or isinstance(completion, Pending):
                return self.stage_or_unroll(k, item, values)
            region.merge()
            if completion is not None:
                return finished(completion, self.inner)
        return None

    def stage_or_unroll(self, k, item, values):
        if self.remaining(k) > UNROLLED:
            try:
                return attempt(self.frame, partial(self.stage, k))
            except WeberError:
                state.trace.unrolled.add(self.where)
        completion = self.step(item)
        return finished(then(completion, partial(self.unroll, values)), self.inner)

    def stage(self, start, peeled=False):
        """The loop of the graph from an iteration on."""
        loop = Loop(self.where, self.frame, self.live, self.step, self.items, start, None, self.inner)
        try:
            return loop.stage(True, peeled)
        except PoisonError:
            if peeled:
                raise
        if self.items.count is None or isinstance(self.items.count, int):
            return self.peel(start)
        count = self.items.count
        count = count if count.__class__ is Value else as_value(payload_of(DimNumber.of(count)))
        some = apply("gt", count, as_value(payload_of(start)))
        return close(stage_if(Traced(some), partial(self.peel, start), lambda: None, self.frame, self.live,
                              self.where, True))

    def peel(self, start):
        """One iteration, then the rest of the loop."""
        completion = self.step(self.first_item(start))
        return finished(then(completion, partial(self.stage, start + 1, True)), self.inner)

    def first_item(self, start):
        slices = []
        for payload in self.items.payloads:
            rest = payload.shape[1:]
            one = apply("slice", payload, starts=(start, *[0] * len(rest)), stops=(start + 1, *rest),
                        steps=(1,) * len(payload.shape))
            slices.append(apply("reshape", one, shape=rest))
        return self.items.item(start, slices)


def outer_names(compiler, iteration):
    """The names of a loop's own that a `for outer` has: none, for all are variables around the loop."""
    for name in target_names(iteration.target):
        if not compiler.scope.is_local(name):
            raise WeberError(f"syntax error: no outer local variable `{name}` for `for outer`",
                             iteration.target.location, kind="ParseError")
    return []
