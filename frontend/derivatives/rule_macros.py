"""Macros of differentiation rules: `@adjoint`, `@scalar_rule`, `@non_differentiable`, `@opt_out`, `@thunk`,
`@ignore_derivatives`, `@showgrad`. Each becomes a definition of a method of `rrule`, `frule` or
`adjoint_rule`, or a call."""

from dataclasses import dataclass

from .. import types as t
from ..base.registry import define, module
from ..evaluation.evaluator import compiles
from ..evaluation.macros import macro, misused, only_argument, source_text
from ..parsing import syntax
from ..values import dispatch_type

DERIVATIVES = module("Derivatives")


@dataclass(eq=False, slots=True)
class Constant(syntax.Node):
    """A value in a tree that a macro makes."""

    value: object


@compiles(Constant)
def constant(compiler, node):
    value = node.value
    return lambda frame: value


@dataclass(eq=False, slots=True)
class Member(syntax.Node):
    """`package.name` of the library, whatever the program calls its modules."""

    package: str
    name: str


@compiles(Member)
def member(compiler, node):
    from ..evaluation.packages import load_package

    return lambda frame: load_package(node.package).bindings[node.name]


@define("Typeof", t.Any, module=module("Core"))
def exact_type(value):
    """Typeof(x): the type that a value is dispatched on: `Type{T}` for a type T, else `typeof(x)`."""
    return dispatch_type(value)


class Maker:
    """Makes the trees of definitions, all with the location of the macro call."""

    def __init__(self, node):
        self.location = node.location

    def name(self, text):
        return syntax.Identifier(text, location=self.location)

    def call(self, function, *arguments, keywords=()):
        return syntax.Call(function, list(arguments), list(keywords), location=self.location)

    def library(self, name):
        return Member("ChainRulesCore", name, location=self.location)

    def parameter(self, argument):
        """An argument as it is written in a call, as a parameter."""
        variadic = isinstance(argument, syntax.Splat)
        argument = argument.expression if variadic else argument
        target, type_ = (argument.expression, argument.type) if isinstance(argument, syntax.TypeAssertion) \
            else (argument, None)
        return syntax.Parameter(target, type_, variadic=variadic, location=self.location)

    def function_parameter(self, function):
        """The parameter for the function that a rule is about: `::Typeof(f)`."""
        core = syntax.Field(Constant(module("Core"), location=self.location), "Typeof",
                            location=self.location)
        return syntax.Parameter(None, self.call(core, function), location=self.location)

    def method(self, rule, parameters, body, signature=None):
        """`rule(parameters...) = body`, with the keywords and type variables of another signature."""
        rest = (signature.keywords, signature.where) if signature else ()
        signature = syntax.Signature(parameters, *rest, location=self.location)
        owner = syntax.Field(Constant(DERIVATIVES, location=self.location), rule, location=self.location)
        return syntax.FunctionDefinition(owner, signature, body, location=self.location)

    def lambda_(self, parameters, body):
        signature = syntax.Signature([syntax.Parameter(self.name(p), location=self.location)
                                      for p in parameters], location=self.location)
        return syntax.Lambda(signature, body, location=self.location)


def _nothing(compiler, *definitions):
    """The definitions, one after the other; the value is nothing."""
    steps = [compiler.expression(definition) for definition in definitions]

    def run(frame):
        for step in steps:
            step(frame)

    return run


@macro("adjoint")
def adjoint(compiler, node):
    """`@adjoint f(x, …) = y, ȳ -> (x̄, …)`: Zygote's form of a rule."""
    definition = only_argument(node, "adjoint")
    if not isinstance(definition, syntax.FunctionDefinition) or definition.signature is None:
        raise misused(node, definition, "expected the definition of a function")
    make, signature = Maker(node), definition.signature
    receiver = definition.name if isinstance(definition.name, syntax.Parameter) else \
        make.function_parameter(definition.name)
    return _nothing(compiler, make.method("adjoint_rule", [receiver, *signature.parameters], definition.body,
                                          signature))


def _call_of(node, argument):
    if not isinstance(argument, syntax.Call):
        raise misused(node, argument, "expected a call such as `f(x, y)`")
    return argument


@macro("non_differentiable", "nograd")
def non_differentiable(compiler, node):
    """`@non_differentiable f(::Any...)`: derivatives do not go through f."""
    argument = only_argument(node, node.name.split(".")[-1])
    make = Maker(node)
    if not isinstance(argument, syntax.Call):
        if isinstance(argument, syntax.Tuple):
            return _nothing(compiler, *[_without_derivative(make, name, [_any_arguments(make)])
                                        for name in argument.elements])
        return _nothing(compiler, _without_derivative(make, argument, [_any_arguments(make)]))
    return _nothing(compiler, _without_derivative(make, argument.function,
                                                  [make.parameter(a) for a in argument.arguments]))


def _any_arguments(make):
    return syntax.Parameter(make.name("arguments"), None, variadic=True, location=make.location)


def _without_derivative(make, function, parameters):
    """`rrule(::Typeof(f), arguments...; keywords...) = without_derivative(f, arguments...; keywords...)`."""
    named = [p if isinstance(p.target, syntax.Identifier) else syntax.Parameter(
        make.name(f"#argument{k}"), p.type, p.default, p.variadic, location=make.location)
        for k, p in enumerate(parameters)]
    arguments = [syntax.Splat(p.target, location=make.location) if p.variadic else p.target for p in named]
    keywords = make.name("#keywords")
    rest = syntax.Parameter(keywords, None, variadic=True, location=make.location)
    signature = syntax.Signature([], [rest], location=make.location)
    body = make.call(make.library("without_derivative"), function, *arguments,
                     keywords=[syntax.Splat(keywords, location=make.location)])
    return make.method("rrule", [make.function_parameter(function), *named], body, signature)


@macro("scalar_rule")
def scalar_rule(compiler, node):
    """`@scalar_rule f(x, y) [@setup(…)] (∂x, ∂y)`: the rules of a function of numbers from its partial
    derivatives, in which Ω stands for `f(x, y)`. A function with several results has a tuple for each."""
    if len(node.arguments) < 2:
        raise misused(node, node, "expected a call and its partial derivatives")
    call, *rest = node.arguments
    call = _call_of(node, call)
    make = Maker(node)
    setup = [statement for part in rest if isinstance(part, syntax.MacroCall) and part.name == "setup"
             for statement in part.arguments]
    partials = [part for part in rest if not isinstance(part, syntax.MacroCall)]
    parameters = [make.parameter(argument) for argument in call.arguments]
    for parameter in parameters:
        if parameter.type is None and not parameter.variadic:
            parameter.type = Constant(t.Number, location=node.location)
    count = len(parameters)
    rows = [part if isinstance(part, syntax.Tuple) else syntax.Tuple([part], location=node.location)
            for part in partials]
    for row, part in zip(rows, partials, strict=True):
        if len(row.elements) != count:
            raise misused(node, part, f"expected {count} partial derivatives, found {len(row.elements)}")
    arguments = [parameter.target for parameter in parameters]
    value = syntax.Assignment(make.name("Ω"), make.call(call.function, *arguments), location=node.location)
    table = syntax.Tuple(rows if len(rows) > 1 else rows[0].elements, location=node.location)
    tools = ("scalar_pullback", "scalar_pushforward") if len(rows) == 1 else ("scalars_pullback",
                                                                            "scalars_pushforward")
    pullback = syntax.Block([value, *setup, syntax.Tuple(
        [make.name("Ω"), make.call(make.library(tools[0]), table)], location=node.location)],
        location=node.location)
    tangents = make.name("#tangents")
    pushforward = syntax.Block([value, *setup, syntax.Tuple(
        [make.name("Ω"), make.call(make.library(tools[1]), make.name("Ω"), table, tangents)],
        location=node.location)], location=node.location)
    function = make.function_parameter(call.function)
    return _nothing(
        compiler, make.method("rrule", [function, *parameters], pullback),
        make.method("frule", [syntax.Parameter(tangents, location=node.location), function, *parameters],
                    pushforward))


@macro("opt_out")
def opt_out(compiler, node):
    """`@opt_out rrule(::typeof(f), ::T)`: for these arguments a more general rule does not hold."""
    call = _call_of(node, only_argument(node, "opt_out"))
    rule = call.function.name if isinstance(call.function, syntax.Identifier | syntax.Field) else None
    if rule not in ("rrule", "frule"):
        raise misused(node, call, "expected a call of `rrule` or `frule`")
    make = Maker(node)
    return _nothing(compiler, make.method(rule, [make.parameter(a) for a in call.arguments],
                                          make.name("nothing")))


def _deferred(name, package, function):
    def handler(compiler, node):
        make = Maker(node)
        body = make.lambda_([], only_argument(node, name))
        return compiler.expression(make.call(Member(package, function, location=node.location), body))

    macro(name)(handler)


_deferred("thunk", "ChainRulesCore", "Thunk")
_deferred("ignore_derivatives", "Derivatives", "ignore_derivatives")
_deferred("ignore", "Derivatives", "ignore_derivatives")


@macro("not_implemented")
def not_implemented(compiler, node):
    make = Maker(node)
    return compiler.expression(make.call(make.library("NotImplemented"), *node.arguments))


@macro("showgrad")
def show_gradient(compiler, node):
    """`@showgrad(x)`: x; its cotangent is printed."""
    argument = only_argument(node, "showgrad")
    make = Maker(node)
    show = make.call(Member("Zygote", "shown_gradient", location=node.location),
                     Constant(source_text(argument), location=node.location))
    return compiler.expression(make.call(Member("Zygote", "hook", location=node.location), show, argument))
