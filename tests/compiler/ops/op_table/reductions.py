"""Reductions and cumulative ops."""

import numpy as np
from op_table.table import NUMBERS, N, draw_axes, row


def _folded(combine, initial):
    """Folds over the axes one element after the other."""
    def meaning(x, axes):
        kept = [axis for axis in range(x.ndim) if axis not in axes]
        wide = np.float64 if x.dtype.kind not in "iub" else x.dtype
        start = initial(x.dtype) if callable(initial) else initial
        result = np.full([x.shape[axis] for axis in kept], start, wide)
        for place in np.ndindex(*x.shape):
            key = tuple(place[axis] for axis in kept)
            result[key] = combine(result[key], x[place].astype(wide))
        return result

    return meaning


def _least(dtype):
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def _greatest(dtype):
    return np.iinfo(dtype).max if dtype.kind in "iu" else np.inf


row("reduce_sum", draw_axes, _folded(lambda a, b: a + b, 0), NUMBERS, tolerance=5)
row("reduce_prod", draw_axes, _folded(lambda a, b: a * b, 1), NUMBERS, tolerance=5)
row("reduce_max", draw_axes, _folded(max, _least), NUMBERS)
row("reduce_min", draw_axes, _folded(min, _greatest), NUMBERS)
row("reduce_and", draw_axes, _folded(lambda a, b: a and b, True), ("i1",))
row("reduce_or", draw_axes, _folded(lambda a, b: a or b, False), ("i1",))


def _draw_argument(d):
    shape = d.shape(1)
    axis = int(d.random.integers(len(shape)))
    shape = (*shape[:axis], d.choose(N + 1, 2, 4), *shape[axis + 1:])
    return d.sample([shape], [np.round(d.array(shape)).astype(d.element.numpy)],
                    axis=axis)  # rounded: with ties


def _first_place(better):
    def meaning(x, axis):
        best = np.zeros(np.delete(x.shape, axis), np.int64)
        for place in np.ndindex(*best.shape):
            line = np.moveaxis(x, axis, -1)[place]
            for index in range(len(line)):
                if better(line[index], line[best[place]]):
                    best[place] = index
        return best

    return meaning


row("arg_max", _draw_argument, _first_place(lambda a, b: a > b), NUMBERS)
row("arg_min", _draw_argument, _first_place(lambda a, b: a < b), NUMBERS)


def _order(x, axis):
    result = np.empty(x.shape, np.int64)
    for place in np.ndindex(*np.delete(x.shape, axis)):
        line = np.moveaxis(x, axis, -1)[place]
        np.moveaxis(result, axis, -1)[place] = sorted(range(len(line)), key=line.__getitem__)
    return result


row("arg_sort", _draw_argument, _order, ("i64", "f32", "f64"))


def _draw_cumulative(d):
    shape = d.shape(1)
    return d.sample([shape], axis=int(d.random.integers(len(shape))), exclusive=d.choose(True, False),
                    reverse=d.choose(True, False))


def _cumulated(combine, initial):
    def meaning(x, axis, exclusive, reverse):
        lines = np.moveaxis(x, axis, -1)
        result = np.empty(lines.shape, x.dtype if x.dtype.kind in "iu" else np.float64)
        for place in np.ndindex(*lines.shape[:-1]):
            total, order = initial, range(lines.shape[-1])
            for index in reversed(order) if reverse else order:
                following = combine(total, lines[(*place, index)].astype(result.dtype))
                result[(*place, index)] = total if exclusive else following
                total = following
        return np.moveaxis(result, -1, axis)

    return meaning


row("cumsum", _draw_cumulative, _cumulated(lambda a, b: a + b, 0), NUMBERS, tolerance=5)
row("cumprod", _draw_cumulative, _cumulated(lambda a, b: a * b, 1), NUMBERS, tolerance=5)
