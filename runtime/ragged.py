"""Vectors of arrays whose sizes differ: padded into one array, with their sizes in `NAME.lengths`.

`x` of type `Vector{Float32[26, T]}` is the input `x` (N, Tmax, 26) with `x.lengths` (N). With several ragged
dims there is `x.lengths.W` for each. Inputs that share a ragged name share the lengths of the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..compiler.errors import UnsupportedError
from .convert import ConversionError, convert
from .tensors import TensorSpec, shape_text


@dataclass(frozen=True, slots=True)
class RaggedAxis:
    """An axis that is padded, and the index of the input or output that carries its lengths, one for each
    example."""

    axis: int
    lengths: int


def ragged_axes(specs: Sequence[TensorSpec]) -> dict[int, list[RaggedAxis]]:
    """The ragged axes of each spec that has any, by index.

    Raises UnsupportedError for a vector of vectors, whose lengths have rank 2 or more.
    """
    index_of = {spec.name: index for index, spec in enumerate(specs)}
    carriers = {}  # name of a ragged dim → index of its lengths
    own = {}  # index of an owner → index of its only lengths
    for index, spec in enumerate(specs):
        owner, marker, dim = spec.name.rpartition(".lengths")
        if not marker or owner not in index_of:
            continue
        if len(spec.shape) != 1:
            raise UnsupportedError(f"{owner} is a vector of vectors; only vectors of arrays are supported")
        carriers_dim = dim.removeprefix(".") or _only_symbolic(specs[index_of[owner]])
        carriers[carriers_dim] = index
        own[index_of[owner]] = index
    axes = {}
    for index, spec in enumerate(specs):
        found = [RaggedAxis(axis, carriers[size]) for axis, size in enumerate(spec.shape or ())
                 if axis > 0 and isinstance(size, str) and size in carriers]
        if found and index not in own.values():
            axes[index] = found
    return axes


def _only_symbolic(spec):
    symbolic = {size for size in spec.shape[1:] if not isinstance(size, int)}
    if len(symbolic) != 1:
        raise UnsupportedError(f"{spec.name} {spec} has one lengths input but {len(symbolic)} symbolic sizes")
    return symbolic.pop()


def pad(examples, spec: TensorSpec, axes: list[RaggedAxis]) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Examples padded with zeros to their largest sizes, and their lengths by index of the lengths input.

    Raises ConversionError that names the example that does not fit.
    """
    arrays = []
    for position, example in enumerate(examples):
        try:
            array = convert(example, spec.dtype)
        except ConversionError as error:
            raise ConversionError(f"{error} at [{position}]") from None
        if array.ndim != len(spec.shape) - 1:
            raise ConversionError(f"{array.dtype.name} {shape_text(array.shape)} at [{position}]")
        arrays.append(array)
    fixed = set(range(len(spec.shape) - 1)) - {ragged.axis - 1 for ragged in axes}
    for position, array in enumerate(arrays):
        if any(array.shape[axis] != arrays[0].shape[axis] for axis in fixed):
            first, other = shape_text(arrays[0].shape), shape_text(array.shape)
            raise ConversionError(f"{first} at [0] and {other} at [{position}]")
    if arrays:
        largest = tuple(max(sizes) for sizes in zip(*(array.shape for array in arrays)))
    else:
        largest = tuple(size if isinstance(size, int) else 0 for size in spec.shape[1:])
    padded = np.zeros((len(arrays), *largest), spec.dtype)
    for row, array in zip(padded, arrays):
        row[tuple(map(slice, array.shape))] = array
    return padded, {ragged.lengths: np.array([array.shape[ragged.axis - 1] for array in arrays], np.int64)
                    for ragged in axes}


def unpad(padded: np.ndarray, lengths: dict[int, np.ndarray]) -> list[np.ndarray]:
    """The examples of a padded array; `lengths` are those of each ragged axis."""
    examples = []
    for position, example in enumerate(padded):
        window = [slice(None)] * example.ndim
        for axis, sizes in lengths.items():
            window[axis - 1] = slice(int(sizes[position]))
        examples.append(example[tuple(window)])
    return examples
