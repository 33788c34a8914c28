"""Dotted names as nested values: `x.1` and `x.2` are a tuple `x`, `grad.weight` is a field of a named tuple
`grad`; of what is a vector there is one array for all elements.

A structure is an integer, the index of an array, a mapping from path components to structures, a `Vector`, or
a `Tree`.
"""

import keyword
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .node_tables import TableError, table_of
from .padding import Stack

Structure = "int | dict | Vector | Tree"


@dataclass(frozen=True)
class Vector:
    """A vector of elements of a structure."""

    element: object


@dataclass(frozen=True)
class Tree:
    """A tree as a table of nodes: `columns` are the arrays by field, `links` the fields that are children."""

    columns: dict
    links: tuple


class Nested(list):
    """The arrays, or lists of arrays, of the elements of a vector."""


def parse_names(names: list[str], vectors: dict[str, int] | None = None,
                trees: dict[str, tuple] | None = None) -> dict[str, Structure]:
    """The structures of dotted names by their first component, in order; leaves are indices into `names`.
    `vectors` maps a path to the number of vectors around what is there, `trees` one to the links of a tree.
    """
    roots = {}
    for index, name in enumerate(names):
        *path, last = name.split(".")
        node = roots
        for component in path:
            node = node.setdefault(component, {})
        node[last] = index
    return _with_vectors(roots, "", vectors or {}, trees or {})


def _with_vectors(structures, path, vectors, trees):
    found = {}
    for name, structure in structures.items():
        where = f"{path}{name}"
        if isinstance(structure, dict):
            structure = _with_vectors(structure, f"{where}.", vectors, trees)
        if where in trees:
            structure = Tree(structure, tuple(trees[where]))
        for _ in range(vectors.get(where, 0)):
            structure = Vector(structure)
        found[name] = structure
    return found


def indices(structure: Structure) -> list[int]:
    """The indices of the arrays in a structure."""
    if isinstance(structure, int):
        return [structure]
    if isinstance(structure, Vector):
        return indices(structure.element)
    if isinstance(structure, Tree):
        return list(structure.columns.values())
    return [index for child in structure.values() for index in indices(child)]


def renumbered(structure: Structure, places) -> Structure:
    """The structure with each index i replaced by places[i]."""
    if isinstance(structure, int):
        return places[structure]
    if isinstance(structure, Vector):
        return Vector(renumbered(structure.element, places))
    if isinstance(structure, Tree):
        return Tree(renumbered(structure.columns, places), structure.links)
    return {name: renumbered(child, places) for name, child in structure.items()}


def builder(structure: Structure) -> Callable[[object], object]:
    """A function that makes the value of a structure from all leaves, by their indices; those in vectors are
    `Stack`s.

    Numbered components make a tuple, with None where a number is missing (Julia's `nothing` has no output);
    names make a named tuple, or a dict when one of them is no identifier of Python; a vector is a list.
    """
    if isinstance(structure, int):
        return lambda leaves: _scalar(leaves[structure])
    if isinstance(structure, Vector):
        return _vector_builder(structure.element)
    if is_tuple(structure):
        parts = [builder(structure[str(i)]) if str(i) in structure else _nothing
                 for i in range(1, max(map(int, structure)) + 1)]
        return lambda leaves: tuple([part(leaves) for part in parts])
    fields = {name: builder(child) for name, child in structure.items()}
    parts = list(fields.values())
    if all(name.isidentifier() and not keyword.iskeyword(name) and name[0] != "_" for name in fields):
        make = namedtuple("NamedTuple", fields)
        return lambda leaves: make(*[part(leaves) for part in parts])
    return lambda leaves: {name: part(leaves) for name, part in fields.items()}


def _vector_builder(element):
    build, places = builder(element), indices(element)

    def build_vector(leaves):
        stacks = {index: leaf if isinstance(leaf := leaves[index], Stack) else Stack(leaf, {})
                  for index in places}
        return [build({index: stack.element(position) for index, stack in stacks.items()})
                for position in range(len(stacks[places[0]]))]

    return build_vector


def _scalar(array):
    """An array of rank 0 as a numpy scalar, others as they are."""
    return array if array.ndim else array[()]


def _nothing(leaves):
    return None


def is_tuple(structure: Structure) -> bool:
    """Whether a structure is a tuple: all components are numbers that count from 1."""
    return isinstance(structure, dict) and all(name.isdecimal() and name[0] != "0" for name in structure)


def take_apart(value, structure: Structure, path: str, leaves):
    """Puts the arrays of a nested value at their indices in `leaves`; those of the elements of a list are
    `Nested`. A vector may also come as the arrays of all elements together. Raises ValueError that says what
    was expected."""
    if isinstance(structure, int):
        leaves[structure] = value
        return
    if isinstance(structure, Vector):
        _take_vector_apart(value, structure.element, path, leaves)
        return
    if isinstance(structure, Tree):
        _take_tree_apart(value, structure, path, leaves)
        return
    if is_tuple(structure):
        if not isinstance(value, (tuple, list)) or len(value) != len(structure):
            found = f"{len(value)} values" if isinstance(value, (tuple, list)) else type(value).__name__
            raise ValueError(f"{path}: expected a tuple of {len(structure)} values, found {found}")
        parts = {str(index): item for index, item in enumerate(value, 1)}
    elif isinstance(value, dict):
        parts = value
    elif hasattr(value, "_asdict"):
        parts = value._asdict()
    else:
        expected = f"a dict or named tuple with {_listed(structure)}"
        raise ValueError(f"{path}: expected {expected}, found {type(value).__name__}")
    if parts.keys() != structure.keys():
        found = _listed(parts) or "none"
        raise ValueError(f"{path}: expected the fields {_listed(structure)}, found {found}")
    for name, child in structure.items():
        take_apart(parts[name], child, f"{path}.{name}", leaves)


def _take_tree_apart(value, tree, path, leaves):
    """A tree of nested nodes (dicts, named tuples or objects, with None where there is no child), or a table:
    a dict or named tuple of arrays."""
    def field(node, name):
        if isinstance(node, dict) and name in node:
            return node[name]
        if isinstance(node, dict) or not hasattr(node, name):
            raise ValueError(f"{path}: expected nodes with {_listed(tree.columns)}, found "
                             f"{type(node).__name__} without {name}")
        return getattr(node, name)

    columns = {name: field(value, name) for name in tree.columns}
    if not all(isinstance(columns[name], (list, np.ndarray)) for name in tree.links):
        try:
            columns = table_of(value, list(tree.columns), tree.links, field)
        except TableError as error:
            raise ValueError(f"{path}: {error}") from None
    for name, index in tree.columns.items():
        leaves[index] = columns[name]


def _take_vector_apart(value, element, path, leaves):
    is_plain = isinstance(value, tuple) and not hasattr(value, "_fields")
    if not isinstance(value, list) and not (is_plain and isinstance(element, (int, Tree))):
        take_apart(value, element, path, leaves)  # all elements together
        return
    found = []
    for position, item in enumerate(value):
        found.append({})
        take_apart(item, element, f"{path}[{position}]", found[-1])
    for index in indices(element):
        leaves[index] = Nested(one[index] for one in found)


def _listed(names):
    return ", ".join(map(str, names))
