"""Functions and methods: their code, closures, definitions, the functions they add methods to."""

from ...compiler.errors import UnsupportedError, WeberError
from .. import types as t
from ..calling import callables
from ..dispatch import Method, MethodTable
from ..parsing import syntax
from ..poison import UNDEFINED
from ..state import state
from ..type_lattice import (
    DataType,
    TypeFamily,
    TypeOfTypeFamily,
    TypeVar,
    VarargType,
    is_subtype,
    is_type,
    match,
    unwrap,
)
from ..type_names import type_name
from ..values import Function, NamedTuple, Symbol, typeof
from .completions import ReturnSignal
from .evaluator import Compiler, check_names, compiles, field_name
from .properties import convert_to, get_property
from .scopes import Cell, FrameLayout, Scope, Variable, closure_mentions, target_names
from .stack import MAX_DEPTH
from .steps import take_step
from .type_expressions import type_variables


class FunctionCode:
    """The code of one method: compiled when first called, shared by all closures made from it.

    `slots` of its frame: the parameters first, then static parameters, then what the body needs.
    """

    def __init__(self, compiler: Compiler, name, signature, body, location, receiver=None):
        self.name, self.signature, self.body, self.location = name, signature, body, location
        self.module, self.user = compiler.module, compiler.user
        self.compiler = compiler
        parameters = ([receiver] if receiver is not None else []) + list(signature.parameters)
        check_names([p.target for p in parameters], syntax.Identifier, syntax.Tuple, syntax.NamedTuple)
        check_names([p.target for p in signature.keywords], syntax.Identifier)
        check_names(signature.where, syntax.TypeBound)
        self.parameters = parameters
        self.variadic = bool(parameters) and parameters[-1].variadic
        self.required = sum(p.default is None and not p.variadic for p in parameters)
        singleton = f"typeof({name})" if name[0] != "#" else f'var"{name}#{int(name[1:]) + 1}"'
        self.type = TypeFamily(singleton, supertype=t.Function, module=compiler.module).apply()
        mentioned = closure_mentions([p.default for p in (*parameters, *signature.keywords)] + [body])
        self.layout = FrameLayout(frozenset(mentioned))
        self.scope = Scope(self.layout, compiler.scope, function_start=True)
        self.parameter_slots = [self._declare(p) for p in parameters]
        self.static = [self.scope.declare(b.name) for b in signature.where]
        self.keyword_names = tuple(p.target.name for p in signature.keywords if not p.variadic)
        self.open_keywords = any(p.variadic for p in signature.keywords)
        self.run = None
        # names used from enclosing functions must be known when the closure is made: compile now if there are
        # any
        scope = compiler.scope
        while scope is not None and not scope.variables:
            scope = scope.parent
        if scope is not None:
            self.prepare()

    def _declare(self, parameter):
        if isinstance(parameter.target, syntax.Identifier):
            return self.scope.declare(parameter.target.name)

        return Variable("", self.layout.new_slot(), False)

    def prepare(self):
        """Compiles defaults, destructuring and body."""
        from .assignments import assign_target

        outer = self.compiler
        compiler = Compiler(self.module, self.scope, self.user, False)
        compiler.constructing = outer.constructing
        self.defaults = [
            None if p.default is None else compiler.expression(p.default) for p in self.parameters
        ]
        self.destructures = []
        for parameter, variable in zip(self.parameters, self.parameter_slots, strict=True):
            if isinstance(parameter.target, syntax.Tuple | syntax.NamedTuple):
                for name in target_names(parameter.target):
                    self.scope.declare(name)
                self.destructures.append((variable.slot, assign_target(compiler, parameter.target)))
        self.keywords = []
        for parameter in self.signature.keywords:
            default = compiler.expression(parameter.default) if parameter.default is not None else None
            type_ = compiler.expression(parameter.type) if parameter.type is not None else None
            variable = self.scope.declare(parameter.target.name)
            self.keywords.append((parameter.target.name, variable, default, type_, parameter.variadic))
        self.result_type = (
            compiler.expression(self.signature.result) if self.signature.result is not None else None
        )
        self.scope.declare_assigned(self.body)
        self.body_run = compiler.tail(self.body)
        self.run = self._invoke

    def capture(self, frame):
        """The cells of the enclosing frame that the code uses."""
        cells = []
        for outer, _ in self.layout.imports:
            cell = frame[outer.slot]
            if cell.__class__ is not Cell:  # assigned later than the closure is made
                cell = frame[outer.slot] = Cell(cell)
            cells.append(cell)
        return cells

    def invoke(self, captured, arguments, keywords, bindings, static, types=()):
        """Runs the code. `static` are the method's type variables in order of the `where`."""
        if self.run is None:
            self.prepare()
        return self._invoke(captured, arguments, keywords, bindings, static, types)

    def _invoke(self, captured, arguments, keywords, bindings, static, types):
        count = len(self.parameters)
        frame = (
            [*arguments, *[UNDEFINED] * (self.layout.size - len(arguments))] if not self.variadic else None
        )
        if frame is None:
            fixed = arguments[:count - 1]
            frame = [*fixed, *[UNDEFINED] * (self.layout.size - len(fixed))]
            if len(arguments) >= count - 1:
                frame[count - 1] = tuple(arguments[count - 1:])
        for (_, own), cell in zip(self.layout.imports, captured, strict=True):
            frame[own.slot] = cell
        for variable, type_variable in zip(self.static, static, strict=True):
            bound = bindings.get(type_variable)
            if bound is not None:
                if bound.__class__ is str:
                    bound = Symbol(bound)
                frame[variable.slot] = Cell(bound) if variable.captured else bound
        for index, variable in enumerate(self.parameter_slots):
            if frame[index] is UNDEFINED:
                default = self.defaults[index]
                frame[index] = default(frame) if default is not None else () if self.variadic else UNDEFINED
                if default is not None and self.static:
                    self._bind_default(frame, types[index], frame[index], bindings, static)
            if variable.captured:
                frame[index] = Cell(frame[index])
        for slot, assign in self.destructures:
            assign(frame, frame[slot])
        if self.keywords or keywords:
            self._bind_keywords(frame, keywords or {})
        take_step()
        state.depth += 1
        try:
            if state.depth > MAX_DEPTH:
                raise WeberError("StackOverflowError", self.location, kind="StackOverflowError")
            result = self.body_run(frame)
        except ReturnSignal as signal:
            if not self.layout.returns_by_exception:
                raise
            result = signal.value
        finally:
            state.depth -= 1
        if self.result_type is not None:
            result = convert_to(self.result_type(frame), result)
        return result

    def _bind_default(self, frame, type_, value, bindings, static):
        """Binds the static parameters that only a default's type determines."""
        found = {variable: bindings.get(variable) for variable in static}
        if not match(typeof(value), type_, found):
            raise WeberError(f"MethodError: the default of a parameter of `{self.name}` is a "
                             f"{type_name(typeof(value))}, not a {type_name(type_)}", kind="MethodError")
        for variable, type_variable in zip(self.static, static, strict=True):
            if bindings.get(type_variable) is None and found[type_variable] is not None:
                bound = found[type_variable]
                frame[variable.slot] = Cell(bound) if variable.captured else bound

    def _bind_keywords(self, frame, given):
        from ..base.index_pairs import pairs_named

        rest = dict(given)
        for name, variable, default, type_, variadic in self.keywords:
            if variadic:
                value = pairs_named(NamedTuple(rest, rest.values()))
                rest = {}
            elif name in rest:
                value = rest.pop(name)
                if type_ is not None and not is_subtype(typeof(value), type_(frame)):
                    raise WeberError(
                        f"TypeError: in keyword argument {name}, expected {type_name(type_(frame))}, "
                        f"got a value of type {type_name(typeof(value))}",
                        kind="TypeError",
                    )
            elif default is None:
                raise WeberError(f"UndefKeywordError: keyword argument `{name}` not assigned",
                                 kind="UndefKeywordError")
            else:
                value = default(frame)
            frame[variable.slot] = Cell(value) if variable.captured else value
        if rest:
            wrong = ", ".join(f'"{name}"' for name in rest)
            accepted = f"it takes {', '.join(self.keyword_names)}" if self.keyword_names else "it takes none"
            raise WeberError(
                f"MethodError: got unsupported keyword argument {wrong} in `{self.name}`; {accepted}",
                kind="MethodError",
            )


def method_call(code, captured, static, types):
    """The `call` of a method made from source. (A plain closure: calls through it do not use the C stack.)

    `types` are the declared types of all parameters, for those that take their default."""

    def call_method(arguments, keywords, bindings):
        return code.invoke(captured, arguments, keywords, bindings, static, types)

    return call_method


def make_methods(code: FunctionCode, frame, signature_run, captured):
    """The methods a definition adds: one for each number of optional arguments given."""
    types, variables = signature_run(frame)
    parameters = code.parameters
    names = tuple(p.target.name if isinstance(p.target, syntax.Identifier) else "_" for p in parameters)
    keywords = code.keyword_names
    counts = range(code.required, len(parameters) + 1) if not code.variadic else \
        [*range(code.required, len(parameters) - 1), len(parameters)]
    methods = []
    for count in counts:
        used = t.tuple_type(*types[:count])
        static = [v for v in variables]
        methods.append(
            Method(
                used,
                [v for v in static],
                method_call(code, captured, static, types),
                names[:count],
                keywords,
                code.location,
                definition=code,
            )
        )
    return methods


def signature_types(compiler, parameters, where):
    """A closure that evaluates a signature: (types of the parameters, type variables)."""
    inner = compiler.inner_scope(names=[b.name for b in where])
    bind = type_variables(inner, where)
    types = [inner.expression(p.type) if p.type is not None else None for p in parameters]
    variadic = [p.variadic for p in parameters]
    locations = [p.location for p in parameters]

    def run(frame):
        variables = bind(frame)
        values = []
        for type_, rest, location in zip(types, variadic, locations, strict=True):
            value = t.Any if type_ is None else type_(frame)
            if not is_type(value) and value.__class__ is not VarargType:
                raise WeberError(
                    f"ArgumentError: invalid type for argument: {value!r} is not a type", location
                )
            values.append(VarargType(value) if rest else value)
        return values, variables

    return run


@compiles(syntax.Lambda)
def lambda_expression(compiler, node):
    compiler.module.anonymous += 2  # Julia numbers a function and then its type
    name = f"#{compiler.module.anonymous - 1}"
    code = FunctionCode(compiler, name, node.signature, node.body, node.location)
    signature = signature_types(compiler, node.signature.parameters, node.signature.where)

    def run(frame):
        return closure(code, frame, signature)

    return run


def closure(code, frame, signature):
    """A new function value of the code, over the cells of a frame."""
    captured = code.capture(frame)
    value = Function(code.name, MethodTable(code.name), None, captured)
    value.type = code.type
    for method in make_methods(code, frame, signature, captured):
        value.methods.methods.append(method)
    return value


def with_captured(function, cells):
    """A closure of the same code over other cells."""
    (method,) = function.methods.methods
    value = Function(function.name, MethodTable(function.name), function.module, cells)
    value.type = function.type
    call_method = method_call(method.definition, cells, list(method.variables), method.signature.parameters)
    value.methods.methods.append(Method(method.signature, method.variables, call_method, method.names,
                                        method.keywords, method.location, definition=method.definition))
    return value


@compiles(syntax.FunctionDefinition)
def function_definition(compiler, node):
    name, signature = node.name, node.signature
    check_names([name], syntax.Identifier, syntax.Field, syntax.Curly, syntax.Parameter)
    if signature is None:
        return declare_function(compiler, node)
    if isinstance(name, syntax.Parameter):  # a callable struct
        code = FunctionCode(compiler, "callable", signature, node.body, node.location, receiver=name)
        types = signature_types(compiler, code.parameters, signature.where)

        def define_callable(frame):
            for method in make_methods(code, frame, types, code.capture(frame)):
                callables.add(method)

        return define_callable
    text = name.name if isinstance(name, syntax.Identifier) else "constructor"
    if isinstance(name, syntax.Field):
        text = field_name(name)
        if text is None:
            raise WeberError("syntax error: expected a name here", name.name.location, kind="ParseError")
    if isinstance(name, syntax.Identifier) and compiler.scope.find(name.name) is not None:
        return define_local(compiler, node)
    receiver = None
    owner = None
    if isinstance(name, syntax.Curly):
        receiver = syntax.Parameter(None, syntax.Curly(
            syntax.Identifier("Type", location=node.location), [name], location=node.location),
            location=node.location)
    elif isinstance(name, syntax.Field):
        owner = compiler.expression(name.object)
    code = FunctionCode(compiler, text, signature, node.body, node.location, receiver=receiver)
    types = signature_types(compiler, code.parameters, signature.where)
    location = node.location
    constructor_code = []

    def define_global(frame):
        if receiver is not None:
            add_constructors(make_methods(code, frame, types, code.capture(frame)))
            return None
        target = function_to_extend(
            compiler.module, text, owner(frame) if owner is not None else None, location
        )
        if is_type(target):
            if not constructor_code:
                type_node = syntax.Parameter(None, None, location=location)
                layout = FrameLayout()
                outer = Compiler(
                    compiler.module, Scope(layout), compiler.user
                )  # the frame at hand has no room
                own = FunctionCode(outer, text, signature, node.body, location, receiver=type_node)
                constructor_code.append(
                    (own, signature_types(outer, own.parameters, signature.where), layout)
                )
            own, own_types, layout = constructor_code[0]

            def typed(_frame):
                values, variables = own_types([UNDEFINED] * layout.size)
                values[0] = TypeOfTypeFamily.apply(target)
                return values, variables

            add_constructors(make_methods(own, frame, typed, own.capture(frame)))
            return target
        for method in make_methods(code, frame, types, code.capture(frame)):
            target.methods.add(method)
        return target

    return define_global


def add_constructors(methods):
    """Adds constructor methods, whose first parameter is the type, to the type's family."""
    for method in methods:
        first = method.signature.parameters[0]
        constructed = unwrap(first.parameters[0]) if isinstance(first, DataType) else None
        if isinstance(constructed, TypeVar):
            constructed = unwrap(constructed.upper)
        family = getattr(constructed, "family", None)
        if family is None:
            raise UnsupportedError("a constructor for this type is not supported", method.location)
        if family.constructors is None:
            family.constructors = MethodTable(family.name, has_receiver=True)
        family.constructors.add(method)


def function_to_extend(module, name, owner, location):
    """The generic function (or type) that `name(…) = …` adds a method to."""
    if owner is not None:
        target = get_property(owner, name)
        if target.__class__ is Function or is_type(target):
            return target
        raise WeberError(f"cannot add a method to {name}: it is not a function", location)
    target = module.bindings.get(name)
    if target is None or target is UNDEFINED:
        target = module.bindings[name] = Function(name, MethodTable(name), module)
        return target
    if target.__class__ is Function or is_type(target):
        return target
    raise WeberError(f"cannot define function {name}; it already has a value", location)


def declare_function(compiler, node):
    name, module = node.name.name, compiler.module
    return lambda frame: function_to_extend(module, name, None, node.location)


def define_local(compiler, node):
    """A function inside a function: a closure in a variable; further definitions of the name add methods."""
    name = node.name.name
    code = FunctionCode(compiler, name, node.signature, node.body, node.location)
    signature = signature_types(compiler, node.signature.parameters, node.signature.where)
    variable, store = compiler.scope.find(name), compiler.store(name)

    def run(frame):
        existing = frame[variable.slot]
        if existing.__class__ is Cell:
            existing = existing.value
        if existing.__class__ is Function and existing.frame is frame:
            for method in make_methods(code, frame, signature, code.capture(frame)):
                existing.methods.add(method)
            return existing
        if variable.captured and frame[variable.slot].__class__ is not Cell:
            frame[variable.slot] = Cell()
        value = closure(code, frame, signature)
        value.frame = frame
        store(frame, value)
        return value

    return run
