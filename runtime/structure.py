"""Dotted names as nested values: `x.1` and `x.2` are a tuple `x`, `grad.weight` is a field of a named tuple
`grad`.

A structure is an integer, the index of an array, or a mapping from path components to structures.
"""

import keyword
from collections import namedtuple
from collections.abc import Callable

Structure = int | dict


def parse_names(names: list[str]) -> dict[str, Structure]:
    """The structures of dotted names by their first component, in order; leaves are indices into `names`."""
    roots = {}
    for index, name in enumerate(names):
        *path, last = name.split(".")
        node = roots
        for component in path:
            node = node.setdefault(component, {})
        node[last] = index
    return roots


def builder(structure: Structure) -> Callable[[list], object]:
    """A function that makes the value of a structure from the list of all leaves.

    Numbered components make a tuple, with None where a number is missing (Julia's `nothing` has no output);
    names make a named tuple, or a dict when one of them is no identifier of Python.
    """
    if isinstance(structure, int):
        return lambda leaves: leaves[structure]
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


def _nothing(leaves):
    return None


def is_tuple(structure: Structure) -> bool:
    """Whether a structure is a tuple: all components are numbers that count from 1."""
    return isinstance(structure, dict) and all(name.isdecimal() and name[0] != "0" for name in structure)


def take_apart(value, structure: Structure, path: str, leaves: list):
    """Puts the arrays of a nested value at their indices in `leaves`. Raises ValueError that says what was
    expected."""
    if isinstance(structure, int):
        leaves[structure] = value
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


def _listed(names):
    return ", ".join(map(str, names))
