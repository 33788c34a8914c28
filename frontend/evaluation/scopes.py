"""Scopes: which variable a name means, decided before evaluation.

Julia's rules: functions, `let`, loops, `try`, comprehensions and structs open scopes; an assignment makes a
variable of the innermost scope unless an enclosing local scope has one of that name; `local` forces a new
one, `global` the module's. A variable that an inner function mentions lives in a `Cell`, so that both see its
assignments.
"""

from ...compiler.errors import WeberError
from ..parsing import syntax
from ..poison import UNDEFINED, poisoned
from ..state import serials, state
from ..values import Symbol


class Cell:
    """A captured variable: shared by a function and its closures."""

    __slots__ = ("value", "serial", "__weakref__")

    def __init__(self, value=UNDEFINED):
        self.value, self.serial = value, next(serials)

    def get_location(self, _key):
        return self.value

    def set_location(self, _key, value):
        self.value = value

    def assign(self, value):
        """An assignment by the program."""
        if state.trace is not None:
            state.trace.record(self, "value", self.value)
        self.value = value


class Variable:
    """A local variable: its slot in the frame, and whether the slot holds a `Cell`."""

    __slots__ = ("name", "slot", "captured", "type")

    def __init__(self, name, slot, captured):
        self.name, self.slot, self.captured, self.type = name, slot, captured, None


class FrameLayout:
    """The frame of one function: slots are handed out as scopes ask for them.

    `mentioned` are the names that occur in inner functions: variables of these names are captured.
    `imports` are the variables of enclosing functions used here: name → (outer Variable, own Variable).
    """

    def __init__(self, mentioned=frozenset()):
        self.size = 0
        self.mentioned = mentioned
        self.imports: list[tuple[Variable, Variable]] = []
        self.returns_by_exception = False
        self.exits = 0  # of the statement that is being compiled: what leaves it from inside of an expression

    def new_slot(self):
        self.size += 1
        return self.size - 1


class Scope:
    """One scope of names inside a function (`layout`), or, without parent, the global scope of a module."""

    def __init__(self, layout, parent=None, *, function_start=False, soft=False):
        self.layout, self.parent = layout, parent
        self.function_start = (
            function_start  # the outermost scope of a function: names beyond it are captured
        )
        self.soft = soft
        self.variables: dict[str, Variable] = {}
        self.globals: set[str] = set()

    def declare(self, name) -> Variable:
        """A new variable of this scope."""
        variable = Variable(name, self.layout.new_slot(), name in self.layout.mentioned)
        self.variables[name] = variable
        return variable

    def temporary(self) -> int:
        """A slot without a name."""
        return self.layout.new_slot()

    def find(self, name) -> Variable | None:
        """The local variable that a name means here; None when it is global. Captures from enclosing
        functions."""
        if name in self.globals:
            return None
        variable = self.variables.get(name)
        if variable is not None or self.parent is None:
            return variable
        outer = self.parent.find(name)
        if outer is None or not self.function_start:
            return outer
        assert outer.captured, name
        own = Variable(name, self.layout.new_slot(), True)
        self.layout.imports.append((outer, own))
        self.variables[name] = own
        return own

    def is_local(self, name) -> bool:
        """Whether an enclosing local scope has this name (without capturing it)."""
        scope = self
        while scope is not None:
            if name in scope.globals:
                return False
            if name in scope.variables:
                return True
            scope = scope.parent
        return False

    def declare_assigned(self, body, module=None):
        """Declares what the body assigns at this scope's level and no enclosing scope has."""
        names, forced, global_names = assigned_names(body)
        self.globals |= global_names
        for name in names:
            if name in self.globals or name in self.variables:
                continue
            if name in forced:
                self.declare(name)
            elif not self.is_local(name):
                if self.soft and module is not None and name in module.bindings and self._at_top_level():
                    self.globals.add(name)
                else:
                    self.declare(name)

    def _at_top_level(self):
        scope = self
        while scope is not None:
            if scope.function_start:
                return False
            scope = scope.parent
        return True


_NEW_SCOPE = (
    syntax.Lambda,
    syntax.Let,
    syntax.For,
    syntax.While,
    syntax.Try,
    syntax.Generator,
    syntax.Struct,
    syntax.ModuleDefinition,
    syntax.Quote,
)


def target_names(target):
    """The names that assigning to a target defines."""
    if isinstance(target, syntax.Identifier):
        return [target.name]
    if isinstance(target, syntax.TypeAssertion):
        return target_names(target.expression)
    if isinstance(target, syntax.Tuple):
        return [name for element in target.elements for name in target_names(element)]
    if isinstance(target, syntax.NamedTuple):
        return [element.name for element in target.elements if isinstance(element, syntax.Keyword)]
    if isinstance(target, syntax.Splat):
        return target_names(target.expression)
    if isinstance(target, syntax.Parameter) and target.target is not None:
        return target_names(target.target)
    return []


def assigned_names(body):
    """(names assigned at this level, names declared `local`, names declared `global`) of statements or
    expressions."""
    names, forced, global_names = {}, set(), set()

    def visit(node):
        if isinstance(node, list | tuple):
            for item in node:
                visit(item)
            return
        if not isinstance(node, syntax.Node):
            return
        if isinstance(node, syntax.Assignment):
            if not node.dotted:
                for name in target_names(node.target):
                    names[name] = None
            visit(node.value)
            if not isinstance(node.target, syntax.Identifier):
                visit(node.target)
            return
        if isinstance(node, syntax.Declaration):
            for statement in node.statements:
                declared = statement.target if isinstance(statement, syntax.Assignment) else statement
                found = target_names(declared)
                if isinstance(statement, syntax.FunctionDefinition):
                    found = target_names(statement.name)
                if node.kind == "global":
                    global_names.update(found)
                else:
                    names.update(dict.fromkeys(found))
                    if node.kind == "local":
                        forced.update(found)
                if isinstance(statement, syntax.Assignment):
                    visit(statement.value)
            return
        if isinstance(node, syntax.FunctionDefinition):
            if isinstance(node.name, syntax.Identifier):
                names[node.name.name] = None
            return
        if isinstance(node, syntax.Let):
            for binding in node.bindings:
                if isinstance(binding, syntax.Assignment):
                    visit(binding.value)
            return
        if isinstance(node, syntax.For):
            for iteration in node.iterations[:1]:
                visit(iteration.iterable)
            return
        if isinstance(node, _NEW_SCOPE):
            return
        for field in node.__dataclass_fields__:
            if field != "location":
                visit(getattr(node, field))

    visit(body)
    return names, forced, global_names


DEFERRING_MACROS = frozenset(("thunk", "ignore_derivatives", "ignore"))
"""Macros that make a function of their argument."""


def is_deferred(node):
    """Whether a node is a call of a macro that makes a function of its argument."""
    return isinstance(node, syntax.MacroCall) and node.name.rpartition(".")[2] in DEFERRING_MACROS


def closure_mentions(node, inside=False) -> set[str]:
    """The names that occur inside inner functions and generators of a body."""
    names = set()
    stack = [(node, inside)]
    while stack:
        item, inner = stack.pop()
        if isinstance(item, list | tuple):
            stack.extend((child, inner) for child in item)
        elif isinstance(item, syntax.Node):
            if inner:
                if isinstance(item, syntax.Identifier):
                    names.add(item.name)
                elif isinstance(item, syntax.Keyword) and item.value is None:
                    names.add(item.name)
            deeper = inner or isinstance(item, syntax.Lambda | syntax.FunctionDefinition | syntax.Generator
                                         | syntax.Struct) or is_deferred(item)
            stack.extend(
                (getattr(item, name), deeper) for name in item.__dataclass_fields__ if name != "location"
            )
    return names


def unreadable(name, content, location):
    """The error of reading a local variable that holds an `Undefined`."""
    if content.reason is None:
        return undefined(name, location)
    return poisoned(f"the variable `{name}`", content.reason, location)


def undefined(name, location, candidates=()):
    """The UndefVarError for a name, with a suggestion."""
    from ...compiler.errors import Note
    from .hints import suggestion

    error = WeberError(f"UndefVarError: `{name}` not defined", location, kind="UndefVarError",
                       fields=(Symbol(name),))
    hint = suggestion(name, candidates) if candidates else None
    if hint is not None:
        error.notes.append(Note("  " + hint))
    return error
