"""Ops that read and write at indices."""

import numpy as np
from op_table.table import NUMBERS, N, row
from weber.compiler.types import I64


def _draw_gather(d):
    shape = d.shape(1)
    axis = int(d.random.integers(len(shape)))
    shape = (*shape[:axis], d.choose(N + 1, 2, 4), *shape[axis + 1:])
    places = d.shape(0, 2)
    indices = d.indices(places, d.sizes(shape)[axis])
    return d.sample([shape, places], [d.array(shape), indices], [d.element, I64], axis=axis)


def _gathered(x, indices, axis):
    rows = [np.moveaxis(x, axis, 0)[index] for index in indices.flat]
    rest = tuple(np.delete(x.shape, axis))
    stacked = np.array(rows, x.dtype).reshape((*indices.shape, *rest))
    order = list(range(indices.ndim, indices.ndim + axis)) + list(range(indices.ndim)) + list(
        range(indices.ndim + axis, stacked.ndim))
    return stacked.transpose(order)


row("gather", _draw_gather, _gathered, (*NUMBERS, "i1"))


def _draw_scatter_add(d):
    sample = _draw_gather(d)
    (x, places), axis = sample.types, sample.attributes["axis"]
    shape = x.shape if d.choose(True, True, False) else (*x.shape[:axis], 300, *x.shape[axis + 1:])
    updates = (*shape[:axis], *places.shape, *shape[axis + 1:])
    return d.sample([places.shape, updates], [sample.arrays[1], d.array(updates)], [I64, d.element],
                    axis=axis, shape=shape)


def _scattered(indices, updates, axis, shape):
    total = np.zeros(shape, updates.dtype if updates.dtype.kind in "iu" else np.float64)
    for place in np.ndindex(*updates.shape):
        inner = place[axis:axis + indices.ndim]
        total[(*place[:axis], indices[inner],
               *place[axis + indices.ndim:])] += updates[place].astype(total.dtype)
    return total


row("scatter_add", _draw_scatter_add, _scattered, ("f32", "f64", "f16", "i32", "i64"), tolerance=5)


def _draw_rows(d):
    whole, count = d.choose((N + 2, N), (N + 2, 1), (N + 2, N + 2), (5, 2))
    rest = d.shape(1)[1:]
    indices = d.random.permutation(d.sizes((whole,))[0])[:d.sizes((count,))[0]].astype(np.int64)
    x, rows = (whole, *rest), (count, *rest)
    return d.sample([x, (count,), rows], [d.array(x), indices, d.array(rows)], [d.element, I64, d.element])


def _with_rows_set(x, indices, rows):
    places = list(indices)
    return np.stack([rows[places.index(at)] if at in places else x[at] for at in range(len(x))])


def _with_rows_added(x, indices, rows):
    places = list(indices)
    return np.stack([x[at] + rows[places.index(at)] if at in places else x[at] for at in range(len(x))])


row("set_rows", _draw_rows, _with_rows_set, (*NUMBERS, "i1"))
row("add_rows", _draw_rows, _with_rows_added, ("f32", "f64", "i32", "i64"), tolerance=1)


def _draw_take_along(d):
    sample = _draw_gather(d)
    shape, axis = sample.types[0].shape, sample.attributes["axis"]
    places = (*shape[:axis], d.choose(N, 1, 3), *shape[axis + 1:])
    indices = d.indices(places, d.sizes(shape)[axis])
    return d.sample([shape, places], [d.array(shape), indices], [d.element, I64], axis=axis)


def _taken(x, indices, axis):
    result = np.empty(indices.shape, x.dtype)
    for place in np.ndindex(*indices.shape):
        result[place] = x[(*place[:axis], indices[place], *place[axis + 1:])]
    return result


row("take_along", _draw_take_along, _taken, (*NUMBERS, "i1"))


def _draw_scatter_along(d):
    sample = _draw_take_along(d)
    (x, places), axis = sample.types, sample.attributes["axis"]
    return d.sample([places.shape] * 2, [sample.arrays[1], d.array(places.shape)], [I64, d.element],
                    axis=axis,
                    shape=x.shape)


def _scattered_along(indices, updates, axis, shape):
    total = np.zeros(shape, updates.dtype if updates.dtype.kind in "iu" else np.float64)
    for place in np.ndindex(*indices.shape):
        total[(*place[:axis], indices[place], *place[axis + 1:])] += updates[place].astype(total.dtype)
    return total


row("scatter_along", _draw_scatter_along, _scattered_along, ("f32", "f64", "i32", "i64"), tolerance=5)


def _draw_window(d):
    shape = tuple(dim + 2 for dim in d.shape(1))
    sizes = tuple(d.choose(dim, dim - 1, 1, 2) for dim in shape)
    room = [whole - size for whole, size in zip(d.sizes(shape), d.sizes(sizes))]
    return shape, sizes, [np.asarray(d.random.integers(0, most + 1)) for most in room]


def _draw_dynamic_slice(d):
    shape, sizes, starts = _draw_window(d)
    return d.sample([shape, *[()] * len(shape)], [d.array(shape), *starts], [d.element, *[I64] * len(shape)],
                    sizes=sizes)


def _draw_dynamic_update(d):
    shape, sizes, starts = _draw_window(d)
    return d.sample([shape, sizes, *[()] * len(shape)], [d.array(shape), d.array(sizes), *starts],
                    [d.element, d.element, *[I64] * len(shape)])


def _window(x, *starts, sizes):
    return x[np.ix_(*(np.arange(start, start + size) for start, size in zip(starts, sizes)))]


def _updated(x, update, *starts):
    result = x.copy()
    for place in np.ndindex(*update.shape):
        result[tuple(index + start for index, start in zip(place, starts))] = update[place]
    return result


row("dynamic_slice", _draw_dynamic_slice, _window, (*NUMBERS, "i1"))
row("dynamic_update_slice", _draw_dynamic_update, _updated, (*NUMBERS, "i1"))


def _draw_one_hot(d):
    shape, depth = d.shape(), d.choose(3, N + 1, 300)
    indices = d.indices(shape, d.sizes((depth,))[0])
    return d.sample([shape], [indices], [I64], depth=depth, element=d.element)


def _one_hot(indices, depth, element):
    result = np.zeros((*indices.shape, depth), element.numpy)
    for place in np.ndindex(*indices.shape):
        result[(*place, indices[place])] = 1
    return result


row("one_hot", _draw_one_hot, _one_hot, (*NUMBERS, "i1"))
