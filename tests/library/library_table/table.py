"""What a row of the table of the library is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LAYERS, LOSSES, ACTIVATIONS, OPTIMISERS = [], [], [], []
RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.normal(size=shape)


@dataclass
class Row:
    """A layer, or a function as one: `source` makes it, `inputs` are arrays whose first axis is the batch.

    `formula(parameters, *inputs)` gives its result, or several in a list, in float64: the parameters are
    those of `Flux.trainables`, in order, with Julia's dims reversed. `training` is the formula while a
    gradient is taken, where it differs. `prepare` is Julia that changes `layer` before it is used. `varies`
    lists the inputs that have a batch axis, `smooth` those to differentiate by (None: all, and all of
    floats).
    """

    name: str
    source: str
    inputs: list[np.ndarray]
    formula: Callable
    training: Callable | None = None
    prepare: str = ""
    varies: list[int] | None = None
    smooth: list[int] | None = None

    @property
    def id(self):
        return f"{self.name}: {self.source}"

    @property
    def batched(self):
        """The indices of the inputs that have a batch axis."""
        return range(len(self.inputs)) if self.varies is None else self.varies

    @property
    def differentiated(self):
        """The indices of the inputs to differentiate by."""
        if self.smooth is not None:
            return self.smooth
        return [index for index, array in enumerate(self.inputs) if array.dtype == np.float64]


@dataclass
class Rule:
    """An optimisation rule: `formula()` is a generator that is sent `(x, gradient)` and yields the step."""

    name: str
    source: str
    formula: Callable

    @property
    def id(self):
        return self.source


def layer(name, source, inputs, formula, **options):
    LAYERS.append(Row(name, source, inputs, formula, **options))


def activation(name, formula):
    """An activation function of an array, elementwise. The points are away from the corners."""
    points = [-7.3, -3.9, -2.2, -1.4, -0.7, -0.2, 0.1, 0.4, 0.9, 1.6, 2.7, 3.8, 5.2, 8.1]
    inputs = [np.array(points).reshape(7, 2)]
    ACTIVATIONS.append(Row(name, f"x -> {name}.(x)", inputs, lambda parameters, x: formula(x)))


def loss(name, call, prediction, target, formula, **options):
    """A loss of predictions p and targets y."""
    LOSSES.append(Row(name, f"(p, y) -> Flux.{call}", [prediction, target],
                      lambda parameters, p, y: formula(p, y), smooth=[0], **options))


def rule(name, source, formula):
    OPTIMISERS.append(Rule(name, source, formula))
