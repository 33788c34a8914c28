"""Structs of the program in signatures: `f(tree::Tree, trees::Vector{Tree})`.

A struct is one input for each field, `x.field`. One with fields of type `Union{Tree, Nothing}`, its own type,
is a *tree*, which is a table of nodes: the inputs have a row for each node, children before parents and the
root last; such a field holds the row of the child, counted from 1, 0 for `nothing`.
"""

from dataclasses import dataclass, replace

import numpy as np

from ...compiler.errors import UnsupportedError, WeberError
from ...compiler.types import symbol
from ...runtime.node_tables import TableError, check_table, table_of
from .. import types as t
from ..type_lattice import DataType, UnionType
from ..type_names import type_name
from ..values import Array, NamedTuple, Struct
from .signatures import ArraySpec, TupleSpec
from .vector_signatures import VectorSpec


@dataclass(frozen=True)
class StructSpec(TupleSpec):
    """An instance of a struct type of the program."""

    type: object = None

    def assemble(self, items):
        return Struct(self.type, list(items))


@dataclass(frozen=True)
class TreeSpec(StructSpec):
    """A tree. `links` are the names of the fields that are children, `nodes` is the dim of the table's rows,
    None while it has no name; `items` are the columns, without that dim while it has no name."""

    links: tuple = ()
    nodes: object = None

    def with_nodes(self, name):
        """The spec with a name for the number of nodes."""
        nodes = symbol(name)
        items = [ArraySpec(item.element, (*(item.size or ()), nodes)) for item in self.items]
        return replace(self, items=tuple(items), nodes=nodes)

    def fixed_dims(self):
        """The sizes of the arrays in a node: the same for all nodes of all trees."""
        return [dim for item in self.items for dim in item.size or () if dim != self.nodes]

    def assemble(self, items):
        return Table(self, list(items))


class Table:
    """The columns of a tree in the order of its fields, before it is a `forests.Node`."""

    def __init__(self, spec, columns):
        self.spec, self.columns = spec, columns
        self.type = spec.type


def struct_spec(type_, node):
    """The spec of a struct type of the program. Raises UnsupportedError for fields that no input can hold."""
    family = type_.family
    fields, links = [], []
    for name, declared in zip(family.field_names, type_.field_types, strict=True):
        if declared == UnionType([type_, t.Nothing]):
            links.append(name)
            fields.append(ArraySpec(t.Int64, None))
        else:
            fields.append(_field_spec(name, declared, type_, node))
    if not links:
        return StructSpec(tuple(fields), tuple(family.field_names), type_)
    for name, item in zip(family.field_names, fields, strict=True):
        if not isinstance(item, ArraySpec):
            raise UnsupportedError(f"the field {name} of the tree {family.name} is no number, no array "
                                   f"of numbers nor Union{{{family.name}, Nothing}}", node.location)
    return TreeSpec(tuple(fields), tuple(family.field_names), type_, tuple(links))


def _field_spec(name, declared, owner, node):
    if declared in t.ELEMENT_TYPES:
        return ArraySpec(declared, None)
    kind = declared if isinstance(declared, DataType) else None
    if kind is not None and kind.family is t.ArrayFamily and \
            kind.parameters[0] in t.ELEMENT_TYPES:
        rank = kind.parameters[1]
        return ArraySpec(kind.parameters[0], (symbol(name),) if rank == 1 else tuple(
            [symbol(f"{name}.{axis}") for axis in range(1, rank + 1)]))
    if kind is not None and kind is not owner and kind.family.field_names and not kind.family.abstract:
        return struct_spec(kind, node)
    raise UnsupportedError(
        f"the field {name}::{type_name(declared)} of {owner.name} cannot be an input: an argument's fields "
        f"are numbers, arrays of numbers, structs of these, or `Union{{{owner.name}, Nothing}}`",
        node.location)


def holds_tree(spec):
    """Whether there is a tree in a spec."""
    return isinstance(spec, TreeSpec) or isinstance(spec, VectorSpec) and holds_tree(spec.item) or \
        any(map(holds_tree, getattr(spec, "items", ())))


def vectors_in(spec):
    """The outermost vectors in a spec."""
    if isinstance(spec, VectorSpec):
        return [spec]
    return [vector for item in getattr(spec, "items", ()) for vector in vectors_in(item)]


def tree_paths(spec, path):
    """{path: names of the child fields} of the trees in a spec."""
    if isinstance(spec, VectorSpec):
        return tree_paths(spec.item, path)
    if isinstance(spec, TreeSpec):
        return {path: list(spec.links)}
    if isinstance(spec, TupleSpec):
        found = {}
        for key, item in spec.children():
            found |= tree_paths(item, f"{path}.{key}")
        return found
    return {}


# --- values of the program as tables ------------------------------------------------------------------------


def holds_struct(spec):
    """Whether there is a struct in a spec."""
    return isinstance(spec, StructSpec) or isinstance(spec, VectorSpec) and holds_struct(spec.item) or \
        any(map(holds_struct, getattr(spec, "items", ())))


def as_tables(spec, value):
    """An argument with the structs in it, as far as they fit the spec, as named tuples, trees as those of
    their columns."""
    if not holds_struct(spec):
        return value
    if isinstance(spec, VectorSpec):
        if value.__class__ is not Array or value.element in t.NUMPY_TYPES or \
                value.data.__class__ is not np.ndarray:
            return value
        rows = np.empty(value.data.shape, object)
        rows[:] = [as_tables(spec.item, item) for item in value.data]
        return Array(rows, t.array_type(t.Any, 1))
    if not isinstance(spec, StructSpec):
        parts = value if value.__class__ is tuple else getattr(value, "values", None)
        if parts is None or len(parts) != len(spec.items):
            return value
        parts = [as_tables(item, part) for item, part in zip(spec.items, parts, strict=True)]
        return NamedTuple(value.names, parts) if value.__class__ is NamedTuple else tuple(parts)
    if not _is_instance(spec, value):
        return value
    if not isinstance(spec, TreeSpec):
        return NamedTuple(spec.names, [as_tables(item, _field(value, name))
                                       for name, item in zip(spec.names, spec.items, strict=True)])
    return _table(spec, value)


def _is_instance(spec, value):
    if value.__class__ is Struct:
        return value.type is spec.type
    return value.__class__ is NamedTuple and set(value.names) == set(spec.names)


def _field(value, name):
    return value.get(name) if value.__class__ is NamedTuple else value.fields[
        value.type.family.field_index[name]]


def _table(spec, value):
    links = [_field(value, name) for name in spec.links]
    try:
        if all(link.__class__ is Array for link in links):
            check_table({name: link.data for name, link in zip(spec.links, links, strict=True)})
            return NamedTuple(spec.names, [_field(value, name) for name in spec.names])
        columns = table_of(value, spec.names, spec.links, _field)
    except TableError as error:
        raise WeberError(f"ArgumentError: {error}", kind="ArgumentError") from None
    arrays = []
    for item, name in zip(spec.items, spec.names, strict=True):
        rows = [row.data if row.__class__ is Array else row for row in columns[name]]
        try:
            rows = np.array(rows, t.NUMPY_TYPES[item.element])
        except (ValueError, TypeError):
            return value
        arrays.append(Array(rows))
    return NamedTuple(spec.names, arrays)
