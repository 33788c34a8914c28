"""`@autosize sizes model`: layers whose `_` stands for a size that follows from the size of the input."""

from ..parsing import syntax
from .evaluator import compiles, lookup
from .macros import macro, misused, rewrite, source_text

SIZE = "#size"  # no name that a program can write


@macro("autosize")
def autosize(compiler, node):
    """The model with each `Layer(… _ …)` a `LazyLayer`, which `Flux.autosize` gives its size."""
    if len(node.arguments) != 2:
        raise misused(node, node, "expected the size of an input and a model")
    sizes, model = node.arguments
    location = node.location
    if not _blanks(model):
        raise misused(node, model, "no layer of the model has a `_`")
    if _is_blank(model):
        raise misused(node, model, "a `_` stands for an argument of a layer")
    call = syntax.Call(_library("autosize", location), [_lazy(model), sizes], location=location)
    return compiler.expression(call)


class _LibraryName(syntax.Node):
    """A name of the library's module Flux, whatever the program means by it."""

    __slots__ = ("name",)

    def __init__(self, name, location):
        super().__init__(location=location)
        self.name = name


@compiles(_LibraryName)
def library_name(compiler, node):
    from .packages import load_package

    def run(frame):
        return lookup(load_package("Flux"), node.name)

    return run


def _library(name, location):
    return _LibraryName(name, location)


def _is_blank(node):
    return isinstance(node, syntax.Identifier) and node.name == "_"


def _is_layer(node):
    """Whether a node is a call by name: operators belong to the arguments of a layer."""
    return isinstance(node, syntax.Call) and not node.infix and not node.dotted


def _blanks(node):
    """Whether there is a `_` in a tree."""
    found = []
    rewrite(node, lambda item: found.append(item) or item if _is_blank(item) else None)
    return bool(found)


def _own_blanks(node):
    """Whether a `_` belongs to this call itself, not to one in its arguments."""
    def inner(item):
        if _is_layer(item) or isinstance(item, syntax.Lambda):
            return item
        if _is_blank(item):
            found.append(item)
        return None

    found = []
    rewrite([*node.arguments, *node.keywords], inner)
    return bool(found)


def _lazy(tree):
    def rule(node):
        if isinstance(node, syntax.Lambda):
            return node
        if not _is_layer(node) or not _own_blanks(node):
            return None
        location = node.location
        size = syntax.Identifier(SIZE, location=location)
        body = rewrite(node, lambda item: size if _is_blank(item) else None)
        signature = syntax.Signature([syntax.Parameter(size, location=location)], location=location)
        make = syntax.Lambda(signature, body, location=location)
        text = syntax.String([source_text(node)], location=location)
        return syntax.Call(_library("LazyLayer", location), [text, node.function, make], location=location)

    return rewrite(tree, rule)
