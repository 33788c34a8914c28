"""Control flow: blocks, conditions, loops, `let`, `try`, `return`."""

from ..compiler.errors import WeberError
from ..compiler.ir import Value
from . import syntax
from .evaluator import (
    BREAK,
    CONTINUE,
    STATEMENTS,
    TAILS,
    LoopSignal,
    Returned,
    ReturnSignal,
    compiles,
    located,
    truth,
)
from .interrupts import Interrupt, interrupted
from .scopes import assigned_names, target_names
from .staging import state
from .steps import StepLimitError, take_step
from .trees import is_number
from .types import promote_type, type_name
from .values import Array, Traced, typeof


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

    def run(frame):
        for statement in statements:
            completion = statement(frame)
            if completion is not None:
                return completion

    return run


@compiles(syntax.Block, table=TAILS)
def block_tail(compiler, node):
    if not node.statements:
        return lambda frame: None
    before = [compiler.statement(s) for s in node.statements[:-1]]
    last = compiler.tail(node.statements[-1])
    if not before:
        return last

    def run(frame):
        for statement in before:
            completion = statement(frame)
            if completion is not None:
                return completion.value
        return last(frame)

    return run


@compiles(syntax.If)
def if_expression(compiler, node):
    return if_value(compiler, node, compiler.expression)


def if_value(compiler, node, part):
    """A conditional in value or tail position."""
    condition, then = compiler.expression(node.condition), part(node.then)
    otherwise = part(node.otherwise) if node.otherwise is not None else lambda frame: None
    location, user = node.condition.location, compiler.user

    selects = node.otherwise is not None

    def run(frame):
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is False:
            return otherwise(frame)
        if selects and is_staged_condition(value):
            try:
                return select_arms(value, lambda: then(frame), lambda: otherwise(frame))
            except WeberError as error:
                raise located(error, location, user)  # noqa: B904
        return then(frame) if truth(value, location, user) else otherwise(frame)

    return run


def is_staged_condition(value):
    """Whether a condition is only known when the graph runs."""
    return value.__class__ is Traced and value.data.__class__ is Value and value.known is None


def select_arms(condition, then, otherwise):
    """The value of a conditional on a staged condition: both arms are evaluated, the result is selected.

    Raises WeberError when an arm changes what existed before, or when the arms' values cannot be selected
    from."""
    from .base.registry import function
    from .broadcasting import broadcast
    from .calling import call

    journal = state.trace.journal
    before = dict(journal)
    values = []
    for arm in (then, otherwise):
        values.append(arm())
        if journal.keys() != before.keys():
            raise WeberError(
                "a conditional on a staged value that changes variables or arrays is not supported yet",
                kind="UnsupportedError",
            )
    a, b = values
    if a is b:
        return a
    choose = function("ifelse")
    if is_number(a) and is_number(b):
        type_ = promote_type(typeof(a), typeof(b))
        return call(choose, (condition, *[call(function("convert"), (type_, v)) for v in values]))
    if a.__class__ is Array and b.__class__ is Array and a.type is b.type and a.data.shape == b.data.shape:
        return broadcast(choose, [condition, a, b])
    raise WeberError(f"the arms of a conditional on a staged value have the types {type_name(typeof(a))} and "
                     f"{type_name(typeof(b))}: they must be numbers, or arrays of one type and size",
                     kind="UnsupportedError")


@compiles(syntax.If, table=STATEMENTS)
def if_statement(compiler, node):
    condition, then = compiler.expression(node.condition), compiler.statement(node.then)
    otherwise = compiler.statement(node.otherwise) if node.otherwise is not None else lambda frame: None
    location, user = node.condition.location, compiler.user
    return lambda frame: then(frame) if truth(condition(frame), location, user) else otherwise(frame)


@compiles(syntax.If, table=TAILS)
def if_tail(compiler, node):
    return if_value(compiler, node, compiler.tail)


@compiles(syntax.And, table=STATEMENTS)
def and_statement(compiler, node):
    if node.dotted:
        return _as_statement(compiler, node)
    left, right = compiler.expression(node.left), compiler.statement(node.right)
    location, user = node.left.location, compiler.user
    return lambda frame: right(frame) if truth(left(frame), location, user) else None


@compiles(syntax.Or, table=STATEMENTS)
def or_statement(compiler, node):
    if node.dotted:
        return _as_statement(compiler, node)
    left, right = compiler.expression(node.left), compiler.statement(node.right)
    location, user = node.left.location, compiler.user
    return lambda frame: None if truth(left(frame), location, user) else right(frame)


def _as_statement(compiler, node):
    run = compiler.expression(node)

    def statement(frame):
        run(frame)

    return statement


@compiles(syntax.And, table=TAILS)
def and_tail(compiler, node):
    if node.dotted:
        return compiler.expression(node)
    left, right = compiler.expression(node.left), compiler.tail(node.right)
    location, user = node.left.location, compiler.user
    return lambda frame: right(frame) if truth(left(frame), location, user) else False


@compiles(syntax.Or, table=TAILS)
def or_tail(compiler, node):
    if node.dotted:
        return compiler.expression(node)
    left, right = compiler.expression(node.left), compiler.tail(node.right)
    location, user = node.left.location, compiler.user
    return lambda frame: True if truth(left(frame), location, user) else right(frame)


@compiles(syntax.Return)
def return_value(compiler, node):
    """A `return` inside an expression leaves by an exception."""
    value = compiler.expression(node.value) if node.value is not None else lambda frame: None
    compiler.scope.layout.returns_by_exception = True

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

    def run(frame):
        raise LoopSignal(completion)

    return run


@compiles(syntax.Break, syntax.Continue, table=STATEMENTS)
def loop_completion(compiler, node):
    completion = BREAK if isinstance(node, syntax.Break) else CONTINUE
    return lambda frame: completion


@compiles(syntax.While, table=STATEMENTS)
def while_statement(compiler, node):
    condition = compiler.expression(node.condition)
    inner = compiler.inner_scope(node.body, soft=True)
    renew, body = inner.fresh(inner.scope), inner.statement(node.body)
    location, user = node.condition.location, compiler.user

    def run(frame):
        while truth(condition(frame), location, user):
            take_step()
            if renew is not None:
                renew(frame)
            try:
                completion = body(frame)
            except LoopSignal as signal:
                completion = signal.completion
            if completion is not None:
                if completion is BREAK:
                    break
                if completion is not CONTINUE:
                    return completion
        return None

    return run


@compiles(syntax.For, table=STATEMENTS)
def for_statement(compiler, node):
    from .assignments import assign_target
    from .base.iteration import iterate

    loops, inner = [], compiler
    assigned = set(assigned_names(node.body)[0]) if len(node.iterations) > 1 else set()
    for iteration in node.iterations:
        iterable = inner.expression(iteration.iterable)
        inner = inner.inner_scope(names=target_names(iteration.target), soft=True)
        # the body may change an outer variable: each value of the inner iterators finds it as it was
        changed = not assigned.isdisjoint(target_names(iteration.target))
        loops.append((iterable, inner.fresh(inner.scope), assign_target(inner, iteration.target),
                      iteration.location, changed))
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
            return None if completion is CONTINUE else completion
        iterable, fresh, assign, location, changed = loops[depth]
        try:
            items = iterate(iterable(frame))
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904
        for item in items:
            if fresh is not None:
                fresh(frame)
            for assign_outer, value in outer:
                assign_outer(frame, value)
            assign(frame, item)
            completion = level(frame, depth + 1, (*outer, (assign, item)) if changed else outer)
            if completion is not None:
                return completion  # a break leaves all the iterators of one `for`
        return None

    def run(frame):
        completion = level(frame, 0)
        return None if completion is BREAK else completion

    return run


def loop_value(compiler, node):
    """A loop in value position: `nothing`, and a `return` in it leaves the function."""
    statement = STATEMENTS[type(node)](compiler, node)
    compiler.scope.layout.returns_by_exception = True

    def run(frame):
        completion = statement(frame)
        if completion is not None:
            raise ReturnSignal(completion.value)

    return run


def loop_tail(compiler, node):
    statement = STATEMENTS[type(node)](compiler, node)

    def run(frame):
        completion = statement(frame)
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
    from .base.exceptions import exception_value

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
        return otherwise(frame) if otherwise is not None else result

    if final is None:
        return attempt

    def run(frame):
        try:
            return attempt(frame)
        finally:
            final(frame)

    return run


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
