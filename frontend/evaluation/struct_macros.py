"""Macros that declare records or what holds of them: `@kwdef`, `@NamedTuple`, `@layer` and its like."""

import dataclasses

from ...compiler.errors import UnsupportedError, WeberError
from .. import types as t
from ..base.registry import function
from ..calling import call
from ..dispatch import Method
from ..parsing import syntax
from ..type_lattice import unwrap
from .macros import macro, misused, name_in, only_argument


@macro("kwdef")
def keyword_struct(compiler, node):
    """`@kwdef struct …`: the struct and its constructor with keywords."""
    struct = node.arguments[0]
    if not isinstance(struct, syntax.Struct):
        raise misused(node, struct, "expected a struct definition")
    location = struct.location
    plain = dataclasses.replace(struct, fields=[dataclasses.replace(f, default=None) for f in struct.fields])
    keywords = [
        syntax.Parameter(syntax.Identifier(f.name, location=f.location), None, f.default, location=f.location)
        for f in struct.fields
    ]
    values = [syntax.Identifier(f.name, location=f.location) for f in struct.fields]
    name = syntax.Identifier(struct.name, location=location)
    outer = syntax.FunctionDefinition(name, syntax.Signature([], keywords, location=location),
                                      syntax.Call(name, values, location=location), location=location)
    steps = [compiler.expression(plain), compiler.expression(outer)]
    if struct.parameters:
        parameters = [syntax.Identifier(p.name, location=location) if isinstance(p, syntax.TypeBound) else p
                      for p in struct.parameters]
        typed = syntax.Curly(name, parameters, location=location)
        from .type_expressions import as_bounds

        steps.append(compiler.expression(syntax.FunctionDefinition(
            typed, syntax.Signature([], keywords, as_bounds(struct.parameters), location=location),
            syntax.Call(typed, values, location=location), location=location)))

    def run(frame):
        for step in steps:
            step(frame)

    return run


@macro("layer", "functor", "leaf")
def layer(compiler, node):
    """`@layer Name`, `@layer Name trainable=(a, b)`, `@layer :noexpand Name`: see `library/functors.jl`."""
    types, trainable, children, expand, user = [], None, None, True, compiler.user
    for argument in node.arguments:
        if isinstance(argument, syntax.Quote):
            expand = name_in(node, argument.expression) != "noexpand"
        elif isinstance(argument, syntax.Assignment):
            option = name_in(node, argument.target)
            if option not in ("trainable", "children"):
                raise UnsupportedError(f"`@layer` option `{option}`", argument.location)
            names = _names_in(node, argument.value)
            trainable, children = (names, children) if option == "trainable" else (trainable, names)
        elif isinstance(argument, syntax.Tuple):  # `@functor Name (a, b)`
            children = _names_in(node, argument)
        else:
            types.append(compiler.expression(argument))
    leaf = node.name.endswith("leaf")

    def run(frame):

        for one in types:
            family = getattr(unwrap(one(frame)), "family", None)
            if family is None:
                raise WeberError(
                    f"`@{node.name}` takes the names of structs", node.location, kind="TypeError"
                )
            is_layer = node.name.endswith("layer")
            layers[family] = LayerDeclaration(trainable, children, expand, leaf, is_layer, user)
            if layers[family].is_layer:
                show_as_layer(family)

    return run


def _names_in(node, value):
    """The names in `(a, b)`, or the one name."""
    return tuple(name_in(node, e) for e in (value.elements if isinstance(value, syntax.Tuple) else [value]))


@dataclasses.dataclass(frozen=True)
class LayerDeclaration:
    """What `@layer` says of a type: its trainable fields and those that are its children (None: all), whether
    it prints as a tree."""

    trainable: tuple | None
    children: tuple | None
    expand: bool
    leaf: bool
    is_layer: bool
    user: bool


def show_as_layer(family):
    """Makes the REPL show instances of a type as Flux shows layers: a line for each part, with counts of
    parameters."""
    from ..base.printing import TEXT_PLAIN

    def show(arguments, keywords, bindings):
        from .packages import load_package

        stream, _, layer = arguments
        return call(load_package("Flux").bindings["show_layer"], (stream, layer))

    function("show").methods.add(
        Method(t.tuple_type(t.IO, TEXT_PLAIN.type, family.wrapper), (), show, ("io", "mime", "layer"))
    )


layers: dict[object, LayerDeclaration] = {}
"""The types that `@layer`, `@functor` or `@leaf` declared, by family."""


@macro("NamedTuple")
def named_tuple_type(compiler, node):
    """`@NamedTuple{a::A, b}`, `@NamedTuple begin a::A; b end`: the type of such named tuples; followed by
    arguments, the call of the type."""
    fields = only_argument(node, "NamedTuple")
    if isinstance(fields, syntax.Call):
        made = syntax.MacroCall(node.name, [fields.function], location=node.location)
        return compiler.expression(dataclasses.replace(fields, function=made))
    if isinstance(fields, syntax.Curly) and fields.type is None:
        parts = fields.parameters
    elif isinstance(fields, syntax.Block):
        parts = fields.statements
    else:
        raise misused(node, fields, "expected fields in braces or in a block")
    typed = [part if isinstance(part, syntax.TypeAssertion) else syntax.TypeAssertion(
        part, syntax.Identifier("Any", location=part.location), location=part.location) for part in parts]
    names = [name_in(node, part.expression) for part in typed]
    types = [compiler.expression(part.type) for part in typed]

    def run(frame):
        return t.named_tuple_type(names, [type_(frame) for type_ in types])

    return run
