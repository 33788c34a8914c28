"""Signatures of entries: `predict(x::Float32[64, N])`. What each argument is, in Julia's order of sizes.

Vectors of examples, `Vector{Float32[26, T]}`, are in `vector_signatures`.
"""

from dataclasses import dataclass, replace

from ...compiler.errors import Note, UnsupportedError, WeberError
from ...compiler.ir import Value
from ...compiler.types import TensorType, symbol
from .. import types as t
from ..batching.forests import planted_tree
from ..parsing import syntax
from ..staged_numbers import Traced
from ..type_lattice import DataType
from ..type_names import type_name
from ..values import Array, NamedTuple, typeof
from .vector_signatures import (
    VectorSpec,
    name_lengths,
    vector_argument,
    vector_arrays,
    vector_fits,
)

NUMBER_TYPES = {type_name(type_): type_ for type_ in t.ELEMENT_TYPES} | {"Int": t.Int64}


@dataclass(frozen=True)
class ArraySpec:
    """An array argument: element type and Julia size; dims are integers or symbolic. No dims: a scalar."""

    element: DataType
    size: tuple | None

    @property
    def tensor(self):
        return TensorType(t.ELEMENT_TYPES[self.element], tuple(reversed(self.size or ())))


@dataclass(frozen=True)
class TupleSpec:
    """A tuple or, with names, a named tuple of specs."""

    items: tuple
    names: tuple | None = None

    def children(self):
        """The (key, spec) pairs, keys as paths have them."""
        return list(zip(self.names or map(str, range(1, len(self.items) + 1)), self.items, strict=True))

    def with_items(self, items):
        return replace(self, items=tuple(items))

    def assemble(self, items):
        """The value of the items'."""
        return NamedTuple(self.names, items) if self.names else tuple(items)


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
    return [ParameterSpec(parameter.name, spec) for parameter, spec in zip(specs, name_lengths(
        [(parameter.name, parameter.spec) for parameter in specs], parameters), strict=True)]


def parse_spec(node, module):
    """The spec that a type annotation of an entry denotes."""
    if isinstance(node, syntax.Identifier):
        declared = module.bindings.get(node.name)
        if isinstance(declared, DataType) and declared.family.field_names and not declared.family.abstract:
            from .struct_signatures import struct_spec

            return struct_spec(declared, node)
        return ArraySpec(element_type(node), None)
    if isinstance(node, syntax.Index):
        return ArraySpec(element_type(node.collection), tuple(size(n, module) for n in node.arguments))
    if isinstance(node, syntax.Curly) and isinstance(node.type, syntax.Identifier):
        if node.type.name == "Tuple":
            return TupleSpec(tuple(parse_spec(p, module) for p in node.parameters))
        if node.type.name == "Vector":
            if not 1 <= len(node.parameters) <= 2:
                raise WeberError("a vector has the form `Vector{Float32[26, T]}` or "
                                 "`Vector{Float32[26, T], N}`", node.location)
            count = size(node.parameters[1], module) if len(node.parameters) == 2 else None
            return vector_spec(parse_spec(node.parameters[0], module), count, node)
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
    raise WeberError("not a type of an entry's argument: expected `Float32`, `Float32[64, N]`, `Tuple{…}`, "
                     "`(name = …,)` or `Vector{…}`", node.location)


def vector_spec(item, count, node):
    """A vector of elements. Raises UnsupportedError for vectors of vectors of trees."""
    from .struct_signatures import holds_tree, vectors_in

    if any(map(holds_tree, vectors_in(item))):
        raise UnsupportedError("vectors of vectors of trees are not supported", node.location)
    return VectorSpec(item, count)


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


class ArgumentList:
    """Makes arguments, as a trace does, without one."""

    def argument(self, type_, name=""):
        return Value(type_, name=name)


def argument_of(spec, path, trace, values):
    """The staged argument of a spec; its leaves are added to `values` as (path, IR value)."""
    if isinstance(spec, TupleSpec):
        value = spec.assemble([argument_of(item, f"{path}.{key}", trace, values)
                               for key, item in spec.children()])
        return planted_tree(value) if hasattr(spec, "links") else value
    if isinstance(spec, VectorSpec):
        return vector_argument(spec, path, trace, values)
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
    if isinstance(spec, VectorSpec):
        return vector_fits(spec, value, bindings, fits)
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


def spec_leaves(spec, path, value):
    """The leaves of an argument that fits its spec by the names of their inputs."""
    if isinstance(spec, TupleSpec):
        leaves = {}
        for (key, item), child in zip(spec.children(), value if value.__class__ is tuple else value.values):
            leaves |= spec_leaves(item, f"{path}.{key}", child)
        return leaves
    if isinstance(spec, VectorSpec):
        return {name: Array(array) for name, array in vector_arrays(spec, path, value).items()}
    return {path: value}
