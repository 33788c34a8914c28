"""Arrays of different sizes in nested lists, and the padded array that holds them all."""

import numpy as np


def each(nested, depth, function):
    """The function's values for the items of lists of `depth` levels, in such lists."""
    return function(nested) if depth == 0 else [each(item, depth - 1, function) for item in nested]


def pad(nested, depth: int, shape, dtype) -> np.ndarray:
    """Arrays in lists of `depth` levels as one array, with zeros where sizes differ. `shape` is theirs; only
    the integers in it matter, for lists without arrays."""
    sizes = [0] * depth + [size if isinstance(size, int) else 0 for size in shape]

    def measure(item, level):
        if level == depth:
            sizes[depth:] = map(max, sizes[depth:], item.shape)
        else:
            sizes[level] = max(sizes[level], len(item))
            for part in item:
                measure(part, level + 1)

    def fill(target, item, level):
        if level == depth:
            target[tuple(map(slice, item.shape))] = item
        else:
            for position, part in enumerate(item):
                fill(target[position, ...], part, level + 1)

    measure(nested, 0)
    padded = np.zeros(sizes, dtype)
    fill(padded, nested, 0)
    return padded


def sizes_along(nested, depth: int, axis: int, rank: int, shape) -> np.ndarray:
    """The sizes along an axis of the padded array, of this shape, of arrays in lists: an array of `rank`
    axes, one size for each item at that level of the lists."""
    sizes = np.zeros(shape[:rank], np.int64)
    last = min(axis, depth)

    def visit(item, level, place):
        if level == last:
            size = len(item) if axis < depth else item.shape[axis - depth]
            sizes[place[:rank]] = max(sizes[place[:rank]], size)
        else:
            for position, part in enumerate(item):
                visit(part, level + 1, (*place, position))

    visit(nested, 0, ())
    return sizes


class Stack:
    """A padded array of all elements of a vector, with the sizes along its ragged axes."""

    def __init__(self, array, sizes):
        self.array, self.sizes = array, sizes

    def __len__(self):
        return len(self.array)

    def element(self, position):
        """The element at a position: a stack while it is one of a vector of vectors, else an array."""
        array, rest = self.array[position], {}
        for axis, sizes in self.sizes.items():
            size = sizes[position]
            if size.ndim:
                rest[axis - 1] = size
            else:
                array = array[(slice(None),) * (axis - 1) + (slice(int(size)),)]
        return Stack(array, rest) if rest else array
