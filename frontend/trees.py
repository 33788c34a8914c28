"""Values as trees: the numbers and arrays inside tuples, named tuples and structs, and putting them back.

A leaf is a numeric `Array`, a vector of staged elements, or a number. Mutable structs and dictionaries are
not entered: they have an identity, and what changes in them is journalled place by place.
"""

import numpy as np

from . import types as t
from .poison import Either
from .staged_numbers import Traced
from .type_lattice import unwrap
from .values import Array, NamedTuple, Struct, holds, typeof

_COMPLEX = unwrap(t.Complex).family
_NUMERIC = frozenset(t.NUMPY_TYPES)
_NUMBER_CLASSES = (bool, int, float, complex, np.number, np.bool_)


def is_number(value):
    """Whether a value is a number, host or traced."""
    return (
        value.__class__ is Traced
        or isinstance(value, _NUMBER_CLASSES)
        or type(value) is t.NUMPY_TYPES[t.BFloat16]
    )


def by_parts(number):
    """A complex number of the host as the struct that one with staged parts is; other numbers as they are."""
    if number.__class__ not in (complex, np.complex64, np.complex128):
        return number
    kind = np.float32 if number.__class__ is np.complex64 else float
    return Struct(_COMPLEX.apply(typeof(kind(0))), [kind(number.real), kind(number.imag)])


def is_leaf(value):
    """Whether a value is a numeric array, a vector of staged elements, or a number."""
    if value.__class__ is Array:
        return not holds(value._data, "O")
    return is_number(value)


def children(value):
    """The (key, child) pairs of a container that is entered, else None. Keys are names or 1-based
    positions."""
    kind = value.__class__
    if kind is tuple:
        return list(enumerate(value, 1))
    if kind is NamedTuple:
        return list(zip(value.names, value.values, strict=True))
    if kind is Struct and not value.type.family.mutable:
        return list(zip(value.type.family.field_names, value.fields, strict=True))
    if kind is Array and holds(value.data, "O"):
        return list(enumerate(value.data.reshape(-1), 1))
    return None


def with_children(value, items):
    """A container like `value` with other children; itself where they are the same objects."""
    kind = value.__class__
    old = [child for _, child in children(value)]
    if all(a is b for a, b in zip(old, items, strict=True)):
        return value
    if kind is tuple:
        return tuple(items)
    if kind is NamedTuple:
        return NamedTuple(value.names, items)
    if kind is Struct:
        if value.type.family is _COMPLEX:
            from .base.complex_numbers import complex_number

            return complex_number(*items)
        return Struct(value.type, list(items))
    data = np.empty(len(items), dtype=object)
    data[:] = items
    return Array(data.reshape(value.data.shape), value.type)


def map_leaves(value, rule, path=""):
    """The tree with each leaf replaced by `rule(leaf, path)`; paths are Julia's: `layers.1.weight`."""
    if is_leaf(value):
        return rule(value, path)
    items = children(value)
    if items is None:
        return value
    return with_children(value, [map_leaves(child, rule, f"{path}.{key}" if path else str(key))
                                 for key, child in items])


def leaves(value, path=""):
    """The (path, leaf) pairs of a tree in order."""
    found = []

    def visit(leaf, where):
        found.append((where, leaf))
        return leaf

    map_leaves(value, visit, path)
    return found


def same_structure(a, b, types=False):
    """Whether two trees have the same containers, arrays of the same types and sizes in the same places,
    numbers in the same places (with `types`, of the same type), and equal values otherwise: truth values are
    never staged."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if is_leaf(a) or is_leaf(b):
        if a.__class__ is Array or b.__class__ is Array:
            return (a.__class__ is Array and b.__class__ is Array and a.type is b.type
                    and tuple(a._data.shape) == tuple(b._data.shape))
        return is_leaf(a) and is_leaf(b) and (not types or typeof(a) is typeof(b))
    x, y = children(a), children(b)
    if x is None or y is None:
        return x is None and y is None and (a is b or a == b)
    return (a.__class__ is b.__class__ and [k for k, _ in x] == [k for k, _ in y]
            and all(same_structure(p, q, types) for (_, p), (_, q) in zip(x, y, strict=True)))


def accessor(tree, path):
    """A function that takes a tree like this one to its leaf at a path of `leaves`."""
    steps = []
    while path:
        for position, (key, child) in enumerate(children(tree)):
            if path == str(key) or path.startswith(f"{key}."):
                steps.append(position)
                path, tree = path[len(str(key)) + 1:], child
                break
        else:
            raise KeyError(path)

    def get(value):
        for position in steps:
            kind = value.__class__
            if kind is tuple:
                value = value[position]
            elif kind is Struct:
                value = value.fields[position]
            elif kind is NamedTuple:
                value = value.values[position]
            else:
                value = value.data.reshape(-1)[position]
        return value

    return get


def rebuilder(tree, rule):
    """A function `build(context)` that makes the tree anew, and chooses where it is one of two values;
    `rule(leaf)` gives None for a leaf that stays, or a function of the context that makes the leaf."""
    if is_leaf(tree):
        make = rule(tree)
        return make if make is not None else lambda context: tree
    if tree.__class__ is Either:  # which of the two it is, is known by then
        decide, first, second = (rebuilder(part, rule) for part in (tree.condition, tree.first, tree.second))
        return lambda context: (first if decide(context) else second)(context)
    items = children(tree)
    if not items:
        return lambda context: tree
    builders = [rebuilder(child, rule) for _, child in items]
    if tree.__class__ is tuple:
        return lambda context: tuple([build(context) for build in builders])
    return lambda context: with_children(tree, [build(context) for build in builders])
