"""The outputs of a call as one Python value."""

from collections.abc import Callable, Sequence

import numpy as np

from .padding import Stack
from .ragged import Ragged
from .structure import builder, parse_names, renumbered
from .tensors import TensorSpec


def result_builder(outputs: Sequence[TensorSpec], structured: bool,
                   ragged: Ragged) -> Callable[[list[np.ndarray]], object]:
    """A function from all output arrays, in order, to the value of a call.

    One output is itself, several are a tuple, none is None; rank 0 is a numpy scalar. With `structured` names
    dotted ones are tuples and named tuples, and one with lengths is a list of arrays.
    """
    if not outputs:
        return lambda arrays: None
    if not structured:
        return lambda arrays: tuple(_scalars(arrays)) if len(arrays) > 1 else _scalars(arrays)[0]
    sources = ragged.sources()
    shown = [index for index, spec in enumerate(outputs) if spec.name not in sources]
    roots = list(parse_names([outputs[index].name for index in shown], ragged.vectors).values())
    root = roots[0] if len(roots) == 1 else {str(i): root for i, root in enumerate(roots, 1)}
    build = builder(renumbered(root, shown))
    axes = ragged.axes(outputs)
    if not axes:
        return build

    def build_ragged(arrays):
        values = list(arrays)
        for index, places in axes.items():
            values[index] = Stack(arrays[index], {axis: arrays[place] for axis, place in places.items()})
        return build(values)

    return build_ragged


def _scalars(arrays):
    """Arrays of rank 0 as numpy scalars, the others as they are."""
    return [array if array.ndim else array[()] for array in arrays]
