"""Vectors of examples in compiled calls: arrays of different sizes that one graph takes as one padded input.

A vector of more than a few arrays, or of tuples of them, that a call is given becomes one staged vector, so
that the graph does not grow with the number of examples and serves examples of other sizes too. A size is
fixed in the graph while it is the same in all examples met so far; sizes that differ are ragged, and those
that agree in each example share their lengths.
"""

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import symbol, symbol_name
from .. import types as t
from ..compiling.signatures import ArraySpec, TupleSpec, fits
from ..compiling.vector_signatures import VectorSpec, vector_argument, vector_arrays, vector_fits
from ..staging import VIEWS
from ..trees import children, is_number, leaves
from ..values import Array, NamedTuple, typeof

FEWEST = 5
"""Vectors of fewer examples are taken apart."""


def structure_of(array):
    """What the elements of a vector have in common, without sizes; None where it is no vector of examples."""
    if len(array.data.shape) != 1 or len(array.data) < FEWEST:
        return None
    first = _item_structure(array.data[0])
    if first is None or _is_plain(first) or any(_item_structure(item) != first for item in array.data[1:]):
        return None
    return first


def _is_plain(structure):
    return structure[0] == "number"


def _item_structure(item):
    kind = item.__class__
    if kind is Array:
        if item.element not in t.ELEMENT_TYPES or item in VIEWS:
            return None
        return ("array", item.element, len(item._data.shape))
    if kind is tuple or kind is NamedTuple:
        parts = item if kind is tuple else item.values
        structures = tuple([_item_structure(part) for part in parts])
        return None if None in structures else (kind is NamedTuple and item.names, *structures)
    return ("number", typeof(item)) if is_number(item) and typeof(item) in t.ELEMENT_TYPES else None


class Examples:
    """The vectors of examples of a call: those among its leaves, and those of the program that it maps over.

    `vectors` are (key, array) pairs; the key is the position of a leaf, or the array itself; `earlier` the
    specs by key that earlier specialisations of the call have."""

    def __init__(self, vectors, earlier):
        self.names, self.earlier = _Names(), earlier
        self.leaves, self.vectors, self.specs = list(vectors), list(vectors), {}
        self.values, self.lifted = [], {}

    def enter(self, trace):
        """Begins a trace: staged vectors, made of new arguments, take the place of the contents of leaves."""
        self.values, self.lifted, trace.examples = [], {}, self
        for key, array in self.leaves:
            lanes = self.staged(key, array, trace)
            array._data, array.type = lanes._data, lanes.type

    def staged(self, key, array, trace):
        """The staged vector of an array."""
        if key not in self.specs:
            self.specs[key] = self.names.spec(array, [specs[key] for specs in self.earlier if key in specs])
        return vector_argument(self.specs[key], self.path(key), trace, self.values)

    def path(self, key):
        return f"examples.{list(self.specs).index(key)}"

    def lift(self, array, trace):
        """The staged vector of an array of the program; None where it is no vector of examples, or
        changed."""
        if id(array) in self.lifted:
            return self.lifted[id(array)]
        changed = array.serial >= trace.serial or trace.is_written((id(array), "data"))
        if changed or not isinstance(array._data, np.ndarray) or structure_of(array) is None or any(
                leaf.__class__ is Array and (leaf._data.__class__ is Value or leaf.serial >= trace.serial)
                for _, leaf in leaves(array)):
            return None
        if array not in self.specs:
            self.vectors.append((array, array))
        self.lifted[id(array)] = lanes = self.staged(array, array, trace)
        return lanes

    def holds(self, vector):
        """Whether a staged vector stands for examples of the call."""
        return any(array is vector for _, array in self.leaves) or any(
            array is vector for array in self.lifted.values())

    def contents(self):
        """What the leaves hold, for `restore`."""
        return [(array, array._data, array.type) for _, array in self.leaves]

    def are_in(self, tree):
        """Whether a vector that stood for a leaf is in a result."""
        ids = {id(array) for _, array in self.leaves}
        return id(tree) in ids or any(map(self.are_in, (child for _, child in children(tree) or ())))

    def are_fitting(self, leaves):
        """Whether the vectors of another call can be the graph's."""
        bindings = {}
        return all(vector_fits(spec, _vector(key, leaves), bindings, fits)
                   for key, spec in self.specs.items())

    def arrays(self, leaves):
        """The inputs that the vectors of a call are, by name."""
        arrays = {}
        for key, spec in self.specs.items():
            arrays |= vector_arrays(spec, self.path(key), _vector(key, leaves))
        return arrays


def _vector(key, leaves):
    return key if key.__class__ is Array else leaves[key]


def restore(contents):
    """Puts back what arrays held."""
    for array, data, type_ in contents:
        array._data, array.type = data, type_


class _Names:
    """Names for ragged sizes: those that agree in each example share one."""

    def __init__(self):
        self.sizes = {}

    def spec(self, array, earlier):
        items, names = list(array.data), {}
        item = self.item(items, [spec.item for spec in earlier], names)
        return VectorSpec(item, len(items), tuple((name, f"lengths.{name}") for name in names))

    def item(self, items, earlier, names):
        first = items[0]
        if first.__class__ is tuple or first.__class__ is NamedTuple:
            columns = zip(*(item if item.__class__ is tuple else item.values for item in items), strict=True)
            parts = [self.item(column, [spec.items[k] for spec in earlier], names)
                     for k, column in enumerate(columns)]
            return TupleSpec(tuple(parts), first.names if first.__class__ is NamedTuple else None)
        if first.__class__ is not Array:
            return ArraySpec(typeof(first), None)
        axes = np.array([item._data.shape[::-1] for item in items]).reshape(len(items), -1).T.tolist()
        size = [self.size(tuple(sizes), [spec.size[k] for spec in earlier]) for k, sizes in enumerate(axes)]
        names.update((symbol_name(dim), None) for dim in size if not isinstance(dim, int))
        return ArraySpec(first.element, tuple(size))

    def size(self, sizes, earlier):
        """The dim of one size in all examples: a number where it has always been the same."""
        if len(set(sizes)) == 1 and all(dim == sizes[0] for dim in earlier):
            return sizes[0]
        return self.sizes.setdefault(sizes, symbol(f"T{len(self.sizes) + 1}"))
