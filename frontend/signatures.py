"""Signatures of entries: `predict(x::Float32[64, N])`. What each argument is, in Julia's order of sizes."""

from dataclasses import dataclass

from ..compiler.errors import Note, UnsupportedError, WeberError
from ..compiler.types import TensorType, symbol
from . import syntax
from . import types as t
from .values import Array, NamedTuple, Traced, typeof

NUMBER_TYPES = {t.type_name(type_): type_ for type_ in t.ELEMENT_TYPES} | {"Int": t.Int64}


@dataclass(frozen=True)
class ArraySpec:
    """An array argument: element type and Julia size; dims are integers or symbolic. No dims: a scalar."""

    element: t.DataType
    size: tuple | None

    @property
    def tensor(self):
        return TensorType(t.ELEMENT_TYPES[self.element], tuple(reversed(self.size or ())))


@dataclass(frozen=True)
class TupleSpec:
    """A tuple or, with names, a named tuple of specs."""

    items: tuple
    names: tuple | None = None


@dataclass(frozen=True)
class ParameterSpec:
    name: str
    spec: object


def parse_signature(parameters, module) -> list[ParameterSpec] | None:
    """The specs of a definition's parameters; None when one has no type (it then needs `--entry`).

    Raises WeberError for an unknown element type or a size that is no integer and no name."""
    specs = []
    for parameter in parameters:
        if parameter.variadic or not isinstance(parameter.target, syntax.Identifier):
            raise UnsupportedError("an entry's parameters must be plain names", parameter.location)
        if parameter.type is None:
            return None
        specs.append(ParameterSpec(parameter.target.name, parse_spec(parameter.type, module)))
    return specs


def parse_spec(node, module):
    """The spec that a type annotation of an entry denotes."""
    if isinstance(node, syntax.Identifier):
        return ArraySpec(element_type(node), None)
    if isinstance(node, syntax.Index):
        return ArraySpec(element_type(node.collection), tuple(size(n, module) for n in node.arguments))
    if isinstance(node, syntax.Curly) and isinstance(node.type, syntax.Identifier):
        if node.type.name == "Tuple":
            return TupleSpec(tuple(parse_spec(p, module) for p in node.parameters))
        if node.type.name == "Vector":
            raise UnsupportedError(
                "vectors of examples (`Vector{…}`) as inputs are not supported yet",
                node.location,
                kind="UnsupportedError",
            )
    if isinstance(node, syntax.NamedTuple | syntax.Tuple):
        elements = node.elements
        names, specs = [], []
        for element in elements:
            if isinstance(element, syntax.Assignment):
                name, value = element.target.name, element.value
            elif isinstance(element, syntax.Keyword):
                name, value = element.name, element.value
            else:
                raise WeberError(
                    "a named tuple of an entry has the form `(W = Float32[3, 4], b = Float32[3])`",
                    node.location,
                )
            names.append(name)
            specs.append(parse_spec(value, module))
        return TupleSpec(tuple(specs), tuple(names))
    raise WeberError("not a type of an entry's argument: expected `Float32`, `Float32[64, N]`, `Tuple{…}` or "
                     "`(name = …,)`", node.location)


def element_type(node):
    if isinstance(node, syntax.Identifier) and node.name in NUMBER_TYPES:
        return NUMBER_TYPES[node.name]
    import difflib

    name = node.name if isinstance(node, syntax.Identifier) else "this"
    error = WeberError(f"unknown element type `{name}`", node.location, kind="ArgumentError")
    close = difflib.get_close_matches(name, NUMBER_TYPES, 1, 0.6)
    error.notes.append(Note(f"  did you mean `{close[0]}`?" if close else
                            "  expected one of " + ", ".join(NUMBER_TYPES)))
    return _raise(error)


def _raise(error):
    raise error


def size(node, module):
    """A size: an integer, a constant of the module, or the name of a symbolic dim."""
    if isinstance(node, syntax.Literal) and type(node.value) is int:
        if node.value < 0:
            raise WeberError(f"a size cannot be negative: {node.value}", node.location)
        return node.value
    if isinstance(node, syntax.Identifier):
        value = module.bindings.get(node.name)
        if type(value) is int and node.name in module.constants:
            return value
        return symbol(node.name)
    raise WeberError("a size of an entry must be an integer or a name", node.location)


def argument_of(spec, path, trace, values):
    """The staged argument of a spec; its leaves are added to `values` as (path, IR value)."""
    if isinstance(spec, TupleSpec):
        keys = spec.names or [str(k) for k in range(1, len(spec.items) + 1)]
        items = [argument_of(item, f"{path}.{key}", trace, values)
                 for key, item in zip(keys, spec.items, strict=True)]
        return NamedTuple(spec.names, items) if spec.names else tuple(items)
    value = trace.argument(spec.tensor, path)
    values.append((path, value))
    return Traced(value) if spec.size is None else Array(value)


def fits(spec, value, bindings):
    """Whether a value can be the argument of a spec; `bindings` collects the sizes of symbolic dims."""
    if isinstance(spec, TupleSpec):
        if spec.names is not None:
            return (value.__class__ is NamedTuple and value.names == spec.names
                    and all(fits(s, v, bindings) for s, v in zip(spec.items, value.values, strict=True)))
        return (value.__class__ is tuple and len(value) == len(spec.items)
                and all(fits(s, v, bindings) for s, v in zip(spec.items, value, strict=True)))
    if spec.size is None:
        return value.__class__ is not Array and typeof(value) is spec.element
    if (
        value.__class__ is not Array
        or value.element is not spec.element
        or len(value._data.shape) != len(spec.size)
    ):
        return False
    for dim, actual in zip(spec.size, reversed(value._data.shape), strict=True):
        if isinstance(dim, int):
            if dim != actual:
                return False
        elif bindings.setdefault(dim, actual) != actual:
            return False
    return True


def spec_leaves(value):
    """The payload leaves of an argument that fits its spec, in the order of `argument_of`."""
    if value.__class__ is tuple:
        return [leaf for item in value for leaf in spec_leaves(item)]
    if value.__class__ is NamedTuple:
        return [leaf for item in value.values for leaf in spec_leaves(item)]
    return [value]
