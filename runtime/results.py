"""The outputs of a call as one Python value."""

from collections.abc import Callable, Sequence

import numpy as np

from .ragged import ragged_axes, unpad
from .structure import builder, parse_names
from .tensors import TensorSpec


def result_builder(outputs: Sequence[TensorSpec], structured: bool) -> Callable[[list[np.ndarray]], object]:
    """A function from all output arrays, in order, to the value of a call.

    One output is itself, several are a tuple, none is None; rank 0 is a numpy scalar. With `structured` names
    dotted ones are tuples and named tuples, and one with lengths is a list of arrays.
    """
    if not outputs:
        return lambda arrays: None
    if not structured:
        return lambda arrays: tuple(_scalars(arrays)) if len(arrays) > 1 else _scalars(arrays)[0]
    ragged = ragged_axes(outputs)
    lengths = {axis.lengths for axes in ragged.values() for axis in axes}
    shown = [index for index in range(len(outputs)) if index not in lengths]
    roots = list(parse_names([outputs[index].name for index in shown]).values())
    build = builder(roots[0] if len(roots) == 1 else {str(i): root for i, root in enumerate(roots, 1)})
    if not ragged:
        return lambda arrays: build(_scalars(arrays))

    def build_ragged(arrays):
        values = _scalars(arrays)
        for index, axes in ragged.items():
            values[index] = unpad(arrays[index], {axis.axis: arrays[axis.lengths] for axis in axes})
        return build([values[index] for index in shown])

    return build_ragged


def _scalars(arrays):
    """Arrays of rank 0 as numpy scalars, the others as they are."""
    return [array if array.ndim else array[()] for array in arrays]
