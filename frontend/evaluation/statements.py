"""Control flow: blocks, conditions, `let`, `try`, `return`, and loops as values; see `loop_statements`."""

from functools import partial

from ...compiler.errors import WeberError
from ..base.registry import function
from ..control_flow.conditionals import (
    Pending,
    Split,
    close,
    is_staged_condition,
    known_truth,
    stage_if,
    then,
)
from ..control_flow.exits import leave, stage_expression
from ..parsing import syntax
from . import loop_statements  # noqa: F401  (registers loops)
from .broadcasting import broadcast
from .completions import BREAK, CONTINUE, LoopSignal, Returned, ReturnSignal
from .evaluator import COMPILERS, STATEMENTS, TAILS, compiles, located, truth
from .interrupts import Interrupt, interrupted
from .scopes import target_names
from .steps import StepLimitError


@compiles(syntax.Block)
def block_value(compiler, node):
    if not node.statements:
        return lambda frame: None
    if len(node.statements) == 1:
        return compiler.expression(node.statements[0])
    *before, last = compiler.expressions(node.statements)

    def run(frame):
        for statement in before:
            statement(frame)
        return last(frame)

    return run


@compiles(syntax.Block, table=STATEMENTS)
def block_statement(compiler, node):
    statements = [compiler.statement(s) for s in node.statements]
    if len(statements) == 1:
        return statements[0]
    return lambda frame: run_statements(statements, 0, frame)


def run_statements(statements, start, frame):
    """Runs statements in order from one on; gives the completion of the first that does not go on."""
    for index in range(start, len(statements)):
        completion = statements[index](frame)
        if completion is not None:
            if isinstance(completion, Pending):
                return completion.then(partial(run_statements, statements, index + 1, frame))
            return completion
    return None


@compiles(syntax.Block, table=TAILS)
def block_tail(compiler, node):
    if not node.statements:
        return lambda frame: None
    before = [compiler.statement(s) for s in node.statements[:-1]]
    last = compiler.tail(node.statements[-1])
    if not before:
        return last

    def run(frame):
        completion = run_statements(before, 0, frame)
        if completion is None:
            return last(frame)
        if isinstance(completion, Pending):
            completion = close(completion.then(lambda: Returned(last(frame))))
        return completion.value

    return run


# --- conditions ---------------------------------------------------------------------------------------------


class Condition:
    """A condition in the source and what it decides: how it is run on a staged value."""

    def __init__(self, compiler, node):
        self.run, self.location, self.user = compiler.expression(node), node.location, compiler.user
        self.live = range(compiler.scope.layout.size)  # what the parts add are slots of their own

    def decide(self, value, frame, then, otherwise, stage):
        """What one of two functions of the frame gives; `stage` is what decides between both on a staged
        condition."""
        if is_staged_condition(value) and known_truth(value) is not None:
            return then(frame) if known_truth(value) else otherwise(frame)
        if is_staged_condition(value):
            try:
                return stage(value, lambda: then(frame), lambda: otherwise(frame), frame, self.live,
                             self.location)
            except WeberError as error:
                raise located(error, self.location, self.user)  # noqa: B904
        return then(frame) if truth(value, self.location, self.user) else otherwise(frame)


def stage_tail(condition, then, otherwise, *place):
    """As `stage_expression` for what a function ends with: a `return` in it gives the value too."""
    completion = stage_if(condition, lambda: Returned(then()), lambda: Returned(otherwise()), *place)
    return close(completion).value


def nothing(frame):
    return None


def conditional(compiler, condition, then, otherwise, part, stage):
    """Compiles a conditional; `then` and `otherwise` are nodes, compiled by `part`, or functions of the
    frame."""
    condition = Condition(compiler, condition)
    run_then, run_otherwise = (one if callable(one) else part(one) for one in (then, otherwise))
    test, decide = condition.run, condition.decide

    def run(frame):
        value = test(frame)
        if value is True:
            return run_then(frame)
        if value is False:
            return run_otherwise(frame)
        return decide(value, frame, run_then, run_otherwise, stage)

    return run


FORMS = (("expression", COMPILERS, stage_expression), ("statement", STATEMENTS, stage_if),
         ("tail", TAILS, stage_tail))
"""What a conditional compiles its parts to, the table it stands in, and how it is staged."""


def _register_conditionals():
    for part, table, stage in FORMS:
        def if_(compiler, node, part=part, stage=stage):
            otherwise = node.otherwise if node.otherwise is not None else nothing
            return conditional(compiler, node.condition, node.then, otherwise, getattr(compiler, part), stage)

        def and_(compiler, node, part=part, stage=stage):
            if node.dotted:
                return dotted_logic(compiler, node, "&", part)
            otherwise = nothing if part == "statement" else lambda frame: False
            return conditional(compiler, node.left, node.right, otherwise, getattr(compiler, part), stage)

        def or_(compiler, node, part=part, stage=stage):
            if node.dotted:
                return dotted_logic(compiler, node, "|", part)
            then = nothing if part == "statement" else lambda frame: True
            return conditional(compiler, node.left, then, node.right, getattr(compiler, part), stage)

        compiles(syntax.If, table=table)(if_)
        compiles(syntax.And, table=table)(and_)
        compiles(syntax.Or, table=table)(or_)


_register_conditionals()


def dotted_logic(compiler, node, name, part):
    """`a .&& b` and `a .|| b`: broadcasts."""
    left, right = compiler.expression(node.left), compiler.expression(node.right)

    def run(frame):
        value = broadcast(function(name), [left(frame), right(frame)])
        return None if part == "statement" else value

    return run


@compiles(syntax.Return)
def return_value(compiler, node):
    """A `return` inside an expression leaves by an exception."""
    value = compiler.expression(node.value) if node.value is not None else lambda frame: None
    compiler.scope.layout.returns_by_exception = True
    compiler.scope.layout.exits += 1

    def run(frame):
        raise ReturnSignal(value(frame))

    return run


@compiles(syntax.Return, table=STATEMENTS)
def return_statement(compiler, node):
    value = compiler.expression(node.value) if node.value is not None else lambda frame: None
    return lambda frame: Returned(value(frame))


@compiles(syntax.Return, table=TAILS)
def return_tail(compiler, node):
    return compiler.tail(node.value) if node.value is not None else lambda frame: None


@compiles(syntax.Break, syntax.Continue)
def loop_signal(compiler, node):
    completion = BREAK if isinstance(node, syntax.Break) else CONTINUE
    compiler.scope.layout.exits += 1

    def run(frame):
        raise LoopSignal(completion)

    return run


@compiles(syntax.Break, syntax.Continue, table=STATEMENTS)
def loop_completion(compiler, node):
    completion = BREAK if isinstance(node, syntax.Break) else CONTINUE
    return lambda frame: completion


def loop_value(compiler, node):
    """A loop in value position: `nothing`, and a `return` in it leaves the function."""
    statement = STATEMENTS[type(node)](compiler, node)
    compiler.scope.layout.returns_by_exception = True
    compiler.scope.layout.exits += 1
    return lambda frame: leave(statement(frame))


def loop_tail(compiler, node):
    statement = STATEMENTS[type(node)](compiler, node)

    def run(frame):
        completion = statement(frame)
        if isinstance(completion, Pending):
            completion = close(completion.then(lambda: Returned(None)))
        return None if completion is None else completion.value

    return run


compiles(syntax.For, syntax.While)(loop_value)
compiles(syntax.For, syntax.While, table=TAILS)(loop_tail)


@compiles(syntax.Let)
def let_value(compiler, node, part="expression"):
    from .assignments import assign_target

    steps, inner = [], compiler
    for binding in node.bindings:
        if isinstance(binding, syntax.Assignment):
            value = inner.expression(binding.value)
            inner = inner.inner_scope(names=target_names(binding.target))
            steps.append((value, inner.fresh(inner.scope), assign_target(inner, binding.target)))
        else:
            inner = inner.inner_scope(names=target_names(binding) or target_names(binding.name))
            renew = inner.fresh(inner.scope)
            if isinstance(binding, syntax.Identifier):
                steps.append((None, renew, None))
            else:
                steps.append((inner.expression(binding), renew, None))
    inner = inner.inner_scope(node.body)
    renew_body, body = inner.fresh(inner.scope), getattr(inner, part)(node.body)

    def run(frame):
        for value, renew, assign in steps:
            content = value(frame) if value is not None and assign is not None else None
            if renew is not None:
                renew(frame)
            if assign is not None:
                assign(frame, content)
            elif value is not None:
                value(frame)
        if renew_body is not None:
            renew_body(frame)
        return body(frame)

    return run


compiles(syntax.Let, table=STATEMENTS)(lambda compiler, node: let_value(compiler, node, "statement"))
compiles(syntax.Let, table=TAILS)(lambda compiler, node: let_value(compiler, node, "tail"))


def try_node(compiler, node, part):
    """`try/catch/else/finally`; the parts compile as expressions, statements or tails."""
    from ..base.exceptions import exception_value

    def compile_part(block, names=()):
        inner = compiler.inner_scope(block, soft=True, names=names)
        return inner, inner.fresh(inner.scope), getattr(inner, part)(block)

    _, renew_body, body = compile_part(node.body)
    handler = None
    if node.handler is not None:
        names = [node.variable.name] if node.variable is not None else []
        inner, renew_handler, handler = compile_part(node.handler, names)
        store = inner.store(names[0]) if names else None
    otherwise = compile_part(node.otherwise)[2] if node.otherwise is not None else None
    final = None
    if node.final is not None:
        inner = compiler.inner_scope(node.final, soft=True)
        final = inner.statement(node.final)

    def attempt(frame):
        if renew_body is not None:
            renew_body(frame)
        if handler is None:
            return body(frame)
        try:
            result = body(frame)
        except StepLimitError:
            raise
        except (WeberError, RecursionError, Interrupt) as error:
            if isinstance(error, RecursionError):
                error = WeberError("StackOverflowError", kind="StackOverflowError")
            elif isinstance(error, Interrupt):
                error = interrupted()
            if renew_handler is not None:
                renew_handler(frame)
            if store is not None:
                store(frame, exception_value(error))
            return handler(frame)
        if otherwise is None:
            return result
        return then(result, partial(otherwise, frame)) if part == "statement" else otherwise(frame)

    if final is None:
        return attempt

    def run(frame):
        try:
            completion = attempt(frame)
        except BaseException:
            final(frame)
            raise
        if part == "statement":
            return ensured(completion, partial(final, frame))
        final(frame)
        return completion

    return run


def ensured(completion, final):
    """The completion of a statement and of `final()`, which follows however the statement completes."""
    if completion.__class__ is Split:
        for arm in completion.arms:
            if arm.error is None:
                arm.run(partial(ensured, arm.completion, final))
        return completion.settle()
    return then(final(), lambda: completion)


compiles(syntax.Try)(lambda compiler, node: try_node(compiler, node, "expression"))
compiles(syntax.Try, table=STATEMENTS)(lambda compiler, node: try_node(compiler, node, "statement"))
compiles(syntax.Try, table=TAILS)(lambda compiler, node: try_node(compiler, node, "tail"))


@compiles(syntax.Declaration)
def declaration(compiler, node):
    """`global`, `local`, `const`: scopes are already known; what remains are the assignments."""
    module = compiler.module
    constants = []
    for statement in node.statements:
        target = statement.target if isinstance(statement, syntax.Assignment) else statement
        if node.kind == "const" and compiler.scope.parent is None:
            constants.extend(target_names(target))
    runs = [compiler.expression(s) for s in node.statements
            if isinstance(s, syntax.Assignment | syntax.FunctionDefinition)]

    def run(frame):
        value = None
        for step in runs:
            value = step(frame)
        module.constants.update(constants)
        return value

    return run
