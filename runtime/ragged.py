"""Vectors among inputs and outputs: what the metadata says of them, and lists of arrays as padded arrays.

`x` of type `Vector{Float32[26, T]}` is the input `x` (N, T.max, 26) with the lengths `x.lengths` (N). With
several ragged dims there is `x.lengths.W` for each. Inputs that share a ragged name share the lengths of the
first.
"""

from dataclasses import dataclass, field

import numpy as np

from .convert import ConversionError, convert
from .padding import pad, sizes_along
from .tensors import TensorSpec, shape_text


@dataclass(frozen=True)
class Ragged:
    """`vectors` maps a path to the number of vectors around what is there; `lengths` the name of an array to
    {axis: name of the array with the sizes along it}; `trees` the path of a tree to its links, the fields
    that are children."""

    vectors: dict[str, int] = field(default_factory=dict)
    lengths: dict[str, dict[int, str]] = field(default_factory=dict)
    trees: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def depth(self, name: str) -> int:
        """The number of vectors that an array is in."""
        parts = name.split(".")
        return sum(self.vectors.get(".".join(parts[:count]), 0) for count in range(1, len(parts) + 1))

    def axes(self, specs) -> dict[int, dict[int, int]]:
        """{index of an array: {ragged axis: index of its lengths}} of those among the specs that have any."""
        index_of = {spec.name: index for index, spec in enumerate(specs)}
        return {index_of[name]: {axis: index_of[source] for axis, source in axes.items()}
                for name, axes in self.lengths.items() if name in index_of}

    def sources(self) -> set[str]:
        """The names of all lengths."""
        return {source for axes in self.lengths.values() for source in axes.values()}


def pad_examples(nested, spec: TensorSpec, depth: int, axes: dict[int, int], ranks: dict[int, int]):
    """Examples in lists of `depth` levels padded with zeros to their largest sizes, and their lengths by
    index of the lengths input; `ranks` are those of the lengths.

    Raises ConversionError that names the example that does not fit.
    """
    if not axes:
        return convert(nested, spec.dtype), {}
    shape, first = spec.shape[depth:], []

    def converted(example, place):
        where = "".join(f"[{position}]" for position in place)
        try:
            array = convert(example, spec.dtype)
        except ConversionError as error:
            raise ConversionError(f"{error} at {where}") from None
        if array.ndim != len(shape):
            raise ConversionError(f"{array.dtype.name} {shape_text(array.shape)} at {where}")
        first.append((array.shape, where))
        if any(array.shape[axis] != first[0][0][axis] for axis in fixed):
            (shape_first, where_first), other = first[0], shape_text(array.shape)
            raise ConversionError(f"{shape_text(shape_first)} at {where_first} and {other} at {where}")
        return array

    def visit(item, place):
        if len(place) == depth:
            return converted(item, place)
        if not isinstance(item, (list, tuple)):
            where = "".join(f"[{position}]" for position in place)
            raise ConversionError(f"{type(item).__name__} at {where}")
        return [visit(part, (*place, position)) for position, part in enumerate(item)]

    fixed = [axis for axis in range(len(shape)) if axis + depth not in axes]
    arrays = visit(nested, ())
    padded = pad(arrays, depth, shape, spec.dtype)
    return padded, {place: sizes_along(arrays, depth, axis, ranks[place], padded.shape)
                    for axis, place in axes.items()}


def full_lengths(array: np.ndarray, axes: dict[int, int], ranks: dict[int, int]):
    """The lengths of an array that is all there, by index of the lengths input."""
    return {place: np.full(array.shape[:ranks[place]], array.shape[axis], np.int64)
            for axis, place in axes.items()}
