"""Ops that make tensors and move their elements."""

import math

import numpy as np
from op_table.table import NUMBERS, K, N, draw_axes, row

# --- creation -----------------------------------------------------------------------------------------------

row("constant", lambda d: d.sample([], value=d.array((2, 3))), lambda value: value, (*NUMBERS, "i1"))


def _draw_iota(d):
    shape = d.choose(d.shape(1), (40, 50), (N, 30))
    return d.sample([], shape=shape, axis=int(d.random.integers(len(shape))), element=d.element)


row("iota", _draw_iota, lambda shape, axis, element: np.indices(shape)[axis].astype(element.numpy), NUMBERS)
row("dim_value", lambda d: d.sample([], dim=d.choose(N, 2 * N + 1, (N + 3) // 2, N * N)),
    lambda dim: np.asarray(dim, np.int64), ("f32",))


# --- shape --------------------------------------------------------------------------------------------------

def _draw_reshape(d):
    shape = d.shape(0, 3)
    merged = math.prod(shape[1:], start=1)
    return d.sample([shape], shape=d.choose(*[
        (*shape, 1), shape[::-1], *([(shape[0], merged), (merged * shape[0],)] if shape else [()])]))


row("reshape", _draw_reshape, lambda x, shape: np.array(list(x.flat), x.dtype).reshape(shape),
    (*NUMBERS, "i1"))


def _draw_transpose(d):
    shape = d.shape()
    return d.sample([shape], permutation=tuple(int(axis) for axis in d.random.permutation(len(shape))))


def _transposed(x, permutation):
    result = np.empty([x.shape[axis] for axis in permutation], x.dtype)
    for place in np.ndindex(*x.shape):
        result[tuple(place[axis] for axis in permutation)] = x[place]
    return result


row("transpose", _draw_transpose, _transposed, (*NUMBERS, "i1"))


def _draw_broadcast(d):
    shape = d.shape(0, 4)
    axes = tuple(axis for axis in range(len(shape)) if d.random.random() < 0.6)
    return d.sample([tuple(d.choose(shape[axis], shape[axis], 1) for axis in axes)], shape=shape, axes=axes)


def _broadcast(x, shape, axes):
    result = np.empty(shape, x.dtype)
    for place in np.ndindex(*shape):
        result[place] = x[tuple(place[axis] if size != 1 else 0 for axis, size in zip(axes, x.shape))]
    return result


row("broadcast", _draw_broadcast, _broadcast, (*NUMBERS, "i1"))


def _draw_concatenate(d):
    shape = d.shape(1)
    axis = int(d.random.integers(len(shape)))
    shapes = [(*shape[:axis], d.choose(N, 1, 2), *shape[axis + 1:]) for _ in range(d.random.integers(1, 4))]
    return d.sample(shapes, axis=axis)


def _concatenated(*arrays, axis):
    shape = list(arrays[0].shape)
    shape[axis] = sum(x.shape[axis] for x in arrays)
    result, start = np.empty(shape, arrays[0].dtype), 0
    for x in arrays:
        np.moveaxis(result, axis, 0)[start:start + x.shape[axis]] = np.moveaxis(x, axis, 0)
        start += x.shape[axis]
    return result


row("concatenate", _draw_concatenate, _concatenated, (*NUMBERS, "i1"))


def _draw_slice(d):
    shape, ranges = tuple(dim + 3 for dim in d.shape()), []
    for dim in shape:
        start = d.choose(0, 1, 2)
        ranges.append((start, d.choose(dim, dim - 1, 3, start), d.choose(1, 1, 2, 3)))
    starts, stops, steps = zip(*ranges) if ranges else ((), (), ())
    return d.sample([shape], starts=starts, stops=stops, steps=steps)


row("slice", _draw_slice, lambda x, starts, stops, steps: x[np.ix_(*(np.arange(*one)
                                                                     for one in zip(starts, stops, steps)))]
    if starts else x, (*NUMBERS, "i1"))


def _draw_pad(d):
    shape = tuple(dim + 2 for dim in d.shape())
    low, high = (tuple(d.choose(0, 1, 2, -1, K) for _ in shape) for _ in range(2))
    return d.sample([shape], low=low, high=high, value=d.choose(0, 1))


def _padded(x, low, high, value):
    result = np.full([size + before + after for size, before, after in zip(x.shape, low, high)], value,
                     x.dtype)
    for place in np.ndindex(*x.shape):
        moved = tuple(index + before for index, before in zip(place, low))
        if all(0 <= index < size for index, size in zip(moved, result.shape)):
            result[moved] = x[place]
    return result


row("pad", _draw_pad, _padded, (*NUMBERS, "i1"))


def _reversed(x, axes):
    for axis in axes:
        x = np.take(x, range(x.shape[axis] - 1, -1, -1), axis)
    return x


row("reverse", draw_axes, _reversed, (*NUMBERS, "i1"))
