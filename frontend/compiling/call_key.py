"""What a compiled call is specialised for: a key made of its arguments, and the leaves that become inputs."""

import numpy as np

from .. import types as t
from ..batching.examples import structure_of
from ..staging import VIEWS
from ..values import Array, Char, Dictionary, Function, NamedTuple, Range, Struct, Symbol


class CallKey:
    """Takes the arguments of a call apart: a hashable key, and the leaves that become inputs."""

    def __init__(self, static_numbers, examples=False):
        self.static_numbers, self.takes_examples = static_numbers, examples
        self.examples = []  # (position, vector) of the vectors that are staged as a whole
        self.leaves = []  # Array or number, in order
        self.cells = []  # captured cells that hold a float
        self.positions = {}  # id(array) → position: the alias pattern
        self.functions = []  # ids of the functions met so far

    def of(self, value):
        kind = value.__class__
        if kind is Array:
            if value.element not in t.NUMPY_TYPES:
                structure = structure_of(value) if self.takes_examples else None
                if structure is not None and id(value) not in self.positions:
                    position = self.positions[id(value)] = len(self.leaves)
                    self.leaves.append(value)
                    self.examples.append((position, value))
                    return ("examples", structure)
                if id(value) in self.positions:
                    return self.positions[id(value)]
                return ("objects", value.type, value.data.shape, *self.frozen(value.data.reshape(-1)))
            position = self.positions.get(id(value))
            if position is not None:
                return position
            self.positions[id(value)] = len(self.leaves)
            self.leaves.append(value)
            if value in VIEWS:  # what it shows is read from its parent
                return ("view", id(value), value._data.shape)
            return ("array", value.element, value._data.shape)
        if kind is tuple:
            return ("tuple", *[self.of(item) for item in value])
        if kind is NamedTuple:
            return ("named", value.names, *[self.of(item) for item in value.values])
        if kind is float or isinstance(value, np.floating):
            if self.static_numbers:
                return (kind, value)
            self.leaves.append(value)
            return kind
        if kind is Function:
            return self.function(value)
        if kind is Struct:
            if value.type.family.mutable:
                return ("mutable", id(value))
            return (value.type, *[self.of(item) for item in value.fields])
        if kind is Range:
            return ("range", value.type, value.start, value.step, value.length)
        if kind is Dictionary:
            return ("dict", *value.items, *self.frozen(item[1] for item in value.items.values()))
        if isinstance(value, int | str | bool | Char | Symbol | np.number | complex) or value is None:
            return (kind, value)
        return ("object", id(value))

    def frozen(self, values):
        """The keys of values in a container that is not rebuilt: numbers in it stay host values."""
        static, self.static_numbers = self.static_numbers, True
        keys = [self.of(value) for value in values]
        self.static_numbers = static
        return keys

    def function(self, value):
        if id(value) in self.functions:  # a closure that captures itself
            return ("function", self.functions.index(id(value)))
        self.functions.append(id(value))
        methods = value.methods.methods
        code = methods[0].definition if methods else None
        if code is None or not isinstance(value.captured, list) or len(methods) > 1:
            return ("function", id(value))
        parts = [id(code)]
        for cell in value.captured:
            content = cell.value
            if isinstance(content, float | np.floating) and not self.static_numbers:
                self.cells.append(cell)
                self.leaves.append(content)
                parts.append(content.__class__)
            else:
                parts.append(self.of(content))
        return tuple(parts)
