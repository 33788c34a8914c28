"""The evaluator: a syntax tree is compiled once to Python closures over frames, then run.

`Compiler.expression(node)` gives `run(frame) -> value`. `Compiler.statement(node)` gives `run(frame) ->
completion`: None when control goes on, else BREAK, CONTINUE or a `Returned`. `Compiler.tail(node)` gives the
value of a function body. How each kind of node compiles stands in a function registered with `@compiles`; see
`expressions`, `statements`, `functions`, `structs`, `assignments`, `macros` and others.
"""

import math
import re

from ...compiler.errors import Location, Note, UnsupportedError, WeberError
from ..base.registry import BASE
from ..compiling.paths import name_layer
from ..parsing import syntax
from ..parsing.signature_builder import is_operator
from ..poison import UNDEFINED, Undefined
from ..staged_numbers import Traced
from ..staging import host_number
from ..state import state
from ..type_names import type_name
from ..values import Function, Module, typeof
from .completions import LoopSignal, ReturnSignal
from .scopes import Cell, FrameLayout, Scope, closure_mentions, undefined, unreadable

COMPILERS = {}
STATEMENTS = {}
TAILS = {}


def compiles(*classes, table=COMPILERS):
    """Registers how nodes of these classes compile: `rule(compiler, node) -> run`."""

    def register(rule):
        for cls in classes:
            table[cls] = rule
        return rule

    return register


MAX_NOTES = 12


def located(error: WeberError, location: Location, user: bool) -> WeberError:
    """Gives an error its place as it passes a call: the innermost line of user code first, then `called
    from`."""
    if user:
        if error.location is None:
            error.location = location
        elif len(error.notes) < MAX_NOTES:
            last = next(
                (n.location for n in reversed(error.notes) if n.text == "called from"), error.location
            )
            if (last.file, last.line) != (location.file, location.line):
                error.notes.append(Note("called from", location))
    return error


class Compiler:
    """Compiles the nodes of one module's source. `user` is false for the library: its lines are not shown
    first."""

    def __init__(self, module: Module, scope: Scope, user=True, interactive=False):
        self.module, self.scope, self.user, self.interactive = module, scope, user, interactive
        self.index_stack = []  # (collection slot, position, count) for `end`
        self.views = False  # whether indexing makes views (`@views`)
        self.constructing = None  # the type slot that `new` refers to

    def expression(self, node):
        """Compiles a node to a closure that gives its value."""
        rule = COMPILERS.get(node.__class__)
        if rule is None:
            construct = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(node).__name__).lower()
            raise UnsupportedError(f"a {construct} is not supported", node.location, kind="UnsupportedError")
        return rule(self, node)

    def statement(self, node):
        """Compiles a node to a closure that gives its completion."""
        rule = STATEMENTS.get(node.__class__)
        return self._compiled(node, rule or expression_statement, "restartable")

    def tail(self, node):
        """Compiles the last statement of a function: the closure gives the function's value."""
        return self._compiled(node, TAILS.get(node.__class__) or Compiler.expression, "restartable_tail")

    def _compiled(self, node, rule, restartable):
        """What a rule makes of a statement, which may be begun again where an expression in it leaves it."""
        layout = self.scope.layout
        live, around, layout.exits = range(layout.size), layout.exits, 0
        run = rule(self, node)
        if layout.exits:
            from ..control_flow import exits

            run = getattr(exits, restartable)(run, live, node.location)
        layout.exits = around
        return run

    def expressions(self, nodes):
        return [self.expression(node) for node in nodes]

    def nested(self, scope):
        """The same compiler in an inner scope."""
        inner = Compiler(self.module, scope, self.user, self.interactive)
        inner.index_stack, inner.constructing, inner.views = self.index_stack, self.constructing, self.views
        return inner

    def inner_scope(self, *bodies, soft=False, names=()):
        """A new scope below this one with `names` declared and what the bodies assign."""
        scope = Scope(self.scope.layout, self.scope, soft=soft)
        for name in names:
            scope.declare(name)
        scope.declare_assigned(list(bodies), self.module if self.interactive else None)
        return self.nested(scope)

    def load(self, name, location):
        """A closure that reads the variable `name`."""
        variable = self.scope.find(name)
        if variable is None:
            return self.load_global(name, location)
        slot, own = variable.slot, self.module.bindings
        if variable.captured:

            def load_cell(frame):
                cell = frame[slot]
                if cell.__class__ is Undefined:
                    raise unreadable(name, cell, location)
                value = cell.value
                if value.__class__ is Undefined:
                    raise unreadable(name, value, location)
                return value

            return load_cell

        def load_local(frame):
            value = frame[slot]
            if value.__class__ is Undefined:
                error = unreadable(name, value, location)
                if name in own and value is UNDEFINED:
                    error.notes.append(
                        Note(
                            f"  this `{name}` is local: write `global {name}` where it is assigned to "
                            f"mean the global one"
                        )
                    )
                raise error
            return value

        return load_local

    def load_global(self, name, location):
        module, own = self.module, self.module.bindings
        home = None

        def load(_frame):
            nonlocal home
            value = own.get(name, UNDEFINED)
            if value is UNDEFINED:
                if home is None:
                    home = find_binding(module, name)
                    if home is None:
                        raise located(undefined(name, None, visible_names(module)), location, True)
                return home[name]
            if value.__class__ is Undefined:
                raise unreadable(name, value, location)
            if state.trace is not None and value.__class__ is not Function:
                state.trace.guard(module, name, value)
            return value

        return load

    def store(self, name, location=None):
        """A closure `store(frame, value)` that assigns the variable `name`."""
        variable = self.scope.find(name)
        if variable is None:
            module = self.module

            def store_global(_frame, value):
                if state.trace is not None:
                    state.trace.record(module, name, module.bindings.get(name, UNDEFINED))
                if name in module.constants and module.bindings.get(name, value) is not value:
                    raise WeberError(f"invalid redefinition of constant {module.name}.{name}", location)
                module.bindings[name] = value

            return store_global
        slot = variable.slot
        if variable.captured:

            def store_cell(frame, value):
                cell = frame[slot]
                if cell is UNDEFINED:
                    frame[slot] = Cell(value)
                else:
                    cell.assign(value)

            return store_cell

        def store_local(frame, value):
            frame[slot] = value

        return store_local

    def fresh(self, scope):
        """A closure that gives the captured variables of a scope new cells, or None when it has none."""
        slots = [v.slot for v in scope.variables.values() if v.captured]
        plain = [v.slot for v in scope.variables.values() if not v.captured]
        if not slots and not plain:
            return None

        def renew(frame):
            for slot in slots:
                frame[slot] = Cell()
            for slot in plain:
                frame[slot] = UNDEFINED

        return renew


def expression_statement(compiler, node):
    """A statement that is an expression: its value is dropped."""
    run = compiler.expression(node)

    def statement(frame):
        run(frame)

    return statement


def check_names(parts, *accepted):
    """Raises WeberError when a part of a definition is not of the accepted kinds of node: the grammar takes
    `$name`, `@macro(name)` and `f(x)(y)` in place of names, for the sake of quoted code."""
    for part in parts:
        if part is not None and not isinstance(part, accepted):
            found = "`$` outside of a quoted expression" if is_operator(part, "$") else "expected a name here"
            raise WeberError(f"syntax error: {found}", part.location, kind="ParseError")


def field_name(node):
    """The name in `object.name` or `object.:name`; None where it is computed."""
    name = node.name
    if isinstance(name, syntax.Quote) and isinstance(name.expression, syntax.Identifier):
        return name.expression.name
    return name if isinstance(name, str) else None


# --- modules ------------------------------------------------------------------------------------------------


def find_binding(module: Module, name):
    """The bindings (a dict) of the module where `name` is defined for code in `module`; None when it is
    nowhere."""
    if name in module.bindings:
        return module.bindings
    for used in module.usings:
        if name in used.exports:
            found = find_binding(used, name)
            if found is not None:
                return found
    if module is not BASE and name in BASE.bindings:
        return BASE.bindings
    return None


def visible_names(module):
    """All names that code in the module can use; for suggestions."""
    names = set(module.bindings) | BASE.exports
    for used in module.usings:
        names |= used.exports
    return names


def lookup(module, name, location=None):
    """The value of a global name as code in `module` sees it. Raises UndefVarError."""
    home = find_binding(module, name)
    if home is None:
        raise undefined(name, location, visible_names(module))
    return home[name]


# --- running ------------------------------------------------------------------------------------------------


def evaluate_top_level(module: Module, node, *, user=True, interactive=False):
    """Evaluates one top-level statement in a module and returns its value."""
    layout = FrameLayout(frozenset(closure_mentions(node)))
    compiler = Compiler(module, Scope(layout), user, interactive)
    run = compiler.expression(node)
    if user:
        state.location = node.location
    try:
        return run([UNDEFINED] * layout.size)
    except ReturnSignal as signal:
        return signal.value
    except LoopSignal:
        raise WeberError("break or continue outside a loop", node.location, kind="ErrorException") from None
    except RecursionError:
        raise WeberError("StackOverflowError", node.location, kind="StackOverflowError") from None
    except WeberError as error:
        raise name_layer(error, module)


def evaluate_block(module: Module, block: syntax.Block, **options):
    """Evaluates the statements of a file one after another; the value is that of the last."""
    value = None
    for statement in block.statements:
        value = evaluate_top_level(module, statement, **options)
    return value


def truth(value, location, user=True):
    """A condition as a Python bool. Raises TypeError for a non-boolean, HostValueNeeded for a staged one."""
    if value is True or value is False:
        return value
    if value.__class__ is Traced:
        try:
            value = host_number(value, "this condition")
        except WeberError as error:
            raise located(error, location, user) from None
        if isinstance(value, bool):
            return value
    raise WeberError(f"TypeError: non-boolean ({type_name(typeof(value))}) used in boolean context",
                     location if user else None, kind="TypeError")


INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def wrap_int(value):
    """An integer wrapped to Int64."""
    return value if INT_MIN <= value <= INT_MAX else (value + 2**63) % 2**64 - 2**63


def divide(a, b):
    """`a / b` on Float64, by IEEE rules."""
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0 or a != a:
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)
