"""What a row of the table is, and how its operands are drawn."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from weber.compiler.types import BOOL, ELEMENT_TYPES, TensorType, evaluate_dim, symbol

N, K = symbol("N"), symbol("K")
FLOATS, INTEGERS = ("f32", "f64", "f16", "bf16"), ("i32", "i64", "i8", "i16", "ui8", "ui16", "ui32", "ui64")
NUMBERS = FLOATS + INTEGERS


@dataclass
class Sample:
    """An application of an op: types of its operands, attributes, operand arrays, and sizes of named dims."""

    types: list[TensorType]
    attributes: dict = field(default_factory=dict)
    arrays: list[np.ndarray] = field(default_factory=list)
    bindings: dict[str, int] = field(default_factory=dict)

    @property
    def inputs(self):
        """The inputs of the function that `build` makes."""
        return [*self.arrays, np.zeros((self.bindings["N"], self.bindings["K"]), np.bool_)]


class Draw:
    """Draws shapes and numbers. `smooth` asks for sizes that are not 0 and numbers apart from each other."""

    def __init__(self, seed, element, smooth=False):
        self.random, self.element, self.smooth = np.random.default_rng(seed), ELEMENT_TYPES[element], smooth
        least = 1 if smooth else 0
        self.bindings = {name: int(self.random.integers(least, 5)) for name in "NK"}

    def choose(self, *options):
        return options[self.random.integers(len(options))]

    def shape(self, least=0, most=3):
        options = [N, K, 1, 2, 3] if self.smooth else [N, K, 1, 2, 3, 0]
        return tuple(self.choose(*options) for _ in range(self.random.integers(least, most + 1)))

    def sizes(self, shape):
        return tuple(evaluate_dim(dim, self.bindings) for dim in shape)

    def array(self, shape, low=-3.0, high=3.0, element=None):
        """Random numbers; where smooth, all different by a margin and none within it of 0."""
        element, sizes = element or self.element, self.sizes(shape)
        if element is BOOL:
            return self.random.random(sizes) < 0.5
        if element.is_integer:
            low, high = (0 if element.kind == "unsigned" else max(-9, math.floor(low))), 10
            return self.random.integers(max(low, math.ceil(low)), high, sizes).astype(element.numpy)
        count = math.prod(sizes)
        if not self.smooth:
            return self.random.uniform(low, high, sizes).astype(element.numpy)
        steps = self.random.permutation(count) + self.random.uniform(0.25, 0.75, count)
        return (low + (high - low) * steps / max(count, 1)).reshape(sizes).astype(element.numpy)

    def indices(self, shape, size):
        return self.random.integers(0, size, self.sizes(shape))

    def sample(self, shapes, arrays=None, elements=None, **attributes):
        elements = elements or [self.element] * len(shapes)
        arrays = arrays or [self.array(shape, element=element) for shape, element in zip(shapes, elements)]
        return Sample([TensorType(element, tuple(shape)) for shape, element in zip(shapes, elements)],
                      attributes,
                      [np.asarray(array) for array in arrays], self.bindings)


@dataclass
class Row:
    op: str
    draw: Callable[[Draw], Sample]
    meaning: Callable  # of the arrays and, by keyword, the attributes with dims as integers
    elements: tuple[str, ...] = FLOATS
    tolerance: float = 1.0  # factor on the element type's own
    exact: bool = False


ROWS: dict[str, Row] = {}


def row(op, draw, meaning, elements=FLOATS, **more):
    ROWS[op] = Row(op, draw, meaning, elements, **more)


def equal_shapes(count, *ranges):
    """Operands of one random shape; `ranges` are (low, high) for each operand."""
    def draw(d):
        shape = d.shape()
        spans = ranges or [(-3.0, 3.0)] * count
        return d.sample([shape] * count, [d.array(shape, *span) for span in spans])

    return draw


def draw_axes(d):
    shape = d.shape()
    return d.sample([shape], axes=tuple(axis for axis in range(len(shape)) if d.random.random() < 0.6))
