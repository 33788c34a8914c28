"""One row for each op: how to draw operands and attributes, and what the op means by an independent formula."""

import itertools
import math
import types
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
import scipy.special
from weber.compiler import interpreter, ir
from weber.compiler.onnx_export import export
from weber.compiler.ops import OPS, Zero
from weber.compiler.types import (
    BOOL,
    ELEMENT_TYPES,
    I64,
    TensorType,
    element_type_of,
    evaluate_dim,
    symbol,
    symbol_name,
)

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
        return Sample([TensorType(element, tuple(shape)) for shape, element in zip(shapes, elements)], attributes,
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


# --- elementwise --------------------------------------------------------------------------------------------

for _name, _meaning, _range in [
    ("exp", np.exp, (-3, 3)), ("expm1", np.expm1, (-2, 2)), ("log", np.log, (0.1, 5)), ("log1p", np.log1p, (-0.9, 4)),
    ("log2", np.log2, (0.1, 5)), ("log10", np.log10, (0.1, 5)), ("sqrt", np.sqrt, (0.1, 5)),
    ("rsqrt", lambda x: x ** -0.5, (0.1, 5)), ("reciprocal", lambda x: 1 / x, (0.3, 4)), ("sin", np.sin, (-6, 6)),
    ("cos", np.cos, (-6, 6)), ("tan", lambda x: np.sin(x) / np.cos(x), (-1.4, 1.4)), ("asin", np.arcsin, (-0.95, 0.95)),
    ("acos", np.arccos, (-0.95, 0.95)), ("atan", np.arctan, (-20, 20)), ("sinh", np.sinh, (-4, 4)),
    ("cosh", np.cosh, (-4, 4)), ("tanh", np.tanh, (-4, 4)), ("asinh", np.arcsinh, (-9, 9)),
    ("acosh", np.arccosh, (1.1, 9)), ("atanh", np.arctanh, (-0.95, 0.95)), ("sigmoid", scipy.special.expit, (-6, 6)),
    ("softplus", lambda x: np.logaddexp(x, 0), (-6, 6)), ("erf", scipy.special.erf, (-4, 4)),
]:
    row(_name, equal_shapes(1, _range), _meaning)

row("neg", equal_shapes(1), lambda x: 0 - x, NUMBERS)
row("abs", equal_shapes(1), lambda x: np.where(x < 0, 0 - x, x), NUMBERS)
row("sign", equal_shapes(1), lambda x: (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype), NUMBERS)
row("add", equal_shapes(2), lambda x, y: x + y, NUMBERS)
row("sub", equal_shapes(2), lambda x, y: x - y, NUMBERS)
row("mul", equal_shapes(2), lambda x, y: x * y, NUMBERS)
row("div", equal_shapes(2, (-3, 3), (0.5, 3)), lambda x, y: x / y)


def _nonzero_divisor(d):
    shape = d.shape()
    divisor = d.array(shape)
    if d.element.is_integer:
        divisor = np.where(divisor == 0, 3, divisor).astype(divisor.dtype)
    elif not d.smooth:
        divisor = np.where(np.abs(divisor) < 0.5, 1.5, divisor).astype(divisor.dtype)
    return d.sample([shape] * 2, [d.array(shape, -9, 9), divisor])


def _truncated(x, y):
    return np.vectorize(lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1), otypes=[object])(
        x.astype(object), y.astype(object)).astype(x.dtype)


def _remainder(x, y):
    if x.dtype.kind in "iu":
        return (x - _truncated(x, y) * y).astype(x.dtype)
    return np.vectorize(math.fmod, otypes=[np.float64])(x, y)


def _modulus(x, y):
    return np.vectorize(lambda a, b: math.fmod(math.fmod(a, b) + b, b), otypes=[np.float64])(x, y) \
        if x.dtype.kind not in "iu" else x - (x.astype(object) // y.astype(object) * y).astype(x.dtype)


row("idiv", _nonzero_divisor, _truncated, INTEGERS)
row("rem", _nonzero_divisor, _remainder, ("f32", "f64", *INTEGERS), tolerance=10)
row("mod", _nonzero_divisor, _modulus, ("f32", "f64", *INTEGERS), tolerance=10)


def _draw_power(d):
    shape = d.shape()
    if d.element.is_integer:
        most = 6 if d.element.bits < 32 else 40
        return d.sample([shape] * 2, [d.array(shape), d.random.integers(0, most, d.sizes(shape)).astype(
            d.element.numpy)])
    return d.sample([shape] * 2, [d.array(shape, 0.3, 3), d.array(shape, -2, 2)])


def _power(x, p):
    if x.dtype.kind not in "iu":
        return np.exp(p * np.log(x))
    bits = 8 * x.dtype.itemsize
    wrapped = np.vectorize(lambda a, b: pow(int(a), int(b), 1 << bits), otypes=[object])(x, p)
    return wrapped.astype(f"u{x.dtype.itemsize}").astype(x.dtype)


row("pow", _draw_power, _power, ("f32", "f64", "f16", "i32", "i64", "i16", "ui8"), tolerance=5)
row("max", equal_shapes(2), lambda x, y: np.where(x > y, x, y), NUMBERS)
row("min", equal_shapes(2), lambda x, y: np.where(x < y, x, y), NUMBERS)
row("atan2", equal_shapes(2), lambda y, x: np.angle(x.astype(np.float64) + 1j * y), ("f32", "f64", "f16"))
row("floor", equal_shapes(1), lambda x: np.vectorize(math.floor, otypes=[float])(x))
row("ceil", equal_shapes(1), lambda x: np.vectorize(math.ceil, otypes=[float])(x))
row("trunc", equal_shapes(1), lambda x: np.vectorize(math.trunc, otypes=[float])(x))


def _draw_halves(d):
    shape = d.shape()
    return d.sample([shape], [(d.random.integers(-9, 10, d.sizes(shape)) / 2).astype(d.element.numpy)])


row("round", _draw_halves, lambda x: np.vectorize(round, otypes=[float])(x))


def _draw_comparison(d):
    shape = d.shape()
    x = d.array(shape)
    y = np.where(d.random.random(x.shape) < 0.4, x, d.array(shape))
    if d.element.is_float:
        y = np.where(d.random.random(x.shape) < 0.2, np.nan, y)
    return d.sample([shape] * 2, [x, y.astype(x.dtype)])


_COMPARED = ("f32", "f64", "f16", *INTEGERS)
row("eq", _draw_comparison, lambda x, y: x == y, (*_COMPARED, "i1"))
row("ne", _draw_comparison, lambda x, y: x != y, (*_COMPARED, "i1"))
row("lt", _draw_comparison, lambda x, y: x < y, _COMPARED)
row("le", _draw_comparison, lambda x, y: x <= y, _COMPARED)
row("gt", _draw_comparison, lambda x, y: x > y, _COMPARED)
row("ge", _draw_comparison, lambda x, y: x >= y, _COMPARED)


def _draw_special(d):
    shape = d.shape()
    x = d.array(shape)
    return d.sample([shape], [d.random.choice(np.array([np.nan, np.inf, -np.inf, 1, 0], x.dtype), x.shape)])


row("is_nan", _draw_special, lambda x: x != x)
row("is_inf", _draw_special, lambda x: np.abs(x) == np.inf)
row("is_finite", _draw_special, lambda x: np.abs(x) < np.inf)

_LOGICAL = ("i1", *INTEGERS)
row("and", equal_shapes(2), lambda x, y: x & y, _LOGICAL)
row("or", equal_shapes(2), lambda x, y: x | y, _LOGICAL)
row("xor", equal_shapes(2), lambda x, y: x ^ y, _LOGICAL)
row("not", equal_shapes(1), lambda x: ~x, _LOGICAL)


def _draw_shift(d):
    shape = d.shape()
    if d.choose(True, False):
        return d.sample([shape] * 2)
    return d.sample([shape] * 2, [d.array(shape), d.random.integers(0, 70, d.sizes(shape)).astype(d.element.numpy)])


def _shifted(move):
    def meaning(x, count):
        bits = 8 * x.dtype.itemsize
        mask = (1 << bits) - 1
        shift = np.vectorize(lambda a, c: move(int(a) & mask, int(c) & mask) & mask if int(c) & mask < bits else 0,
                             otypes=[object])
        return shift(x, count).astype(f"u{x.dtype.itemsize}").astype(x.dtype)

    return meaning


row("shift_left", _draw_shift, _shifted(lambda x, c: x << c), INTEGERS)
row("shift_right_logical", _draw_shift, _shifted(lambda x, c: x >> c), INTEGERS)


def _draw_select(d):
    shape = d.shape()
    return d.sample([shape] * 3, elements=[BOOL, d.element, d.element])


row("select", _draw_select, lambda c, x, y: np.where(c, x, y), (*NUMBERS, "i1"))
row("identity", equal_shapes(1), lambda x: x, (*NUMBERS, "i1"))
row("stop_gradient", equal_shapes(1), lambda x: x, (*NUMBERS, "i1"))


def _draw_convert(d):
    shape = d.shape()
    target = "f64" if d.smooth else d.choose("f32", "f64", "i32", "i64", "i1", "f16")
    low = 0 if d.element.kind == "unsigned" else -3
    return d.sample([shape], [d.array(shape, low, 9)], element=ELEMENT_TYPES[target])


row("convert", _draw_convert, lambda x, element: x.astype(element.numpy), ("f32", "f64", "i1", "i64", "ui8", "i32"))


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


row("reshape", _draw_reshape, lambda x, shape: np.array(list(x.flat), x.dtype).reshape(shape), (*NUMBERS, "i1"))


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


row("slice", _draw_slice, lambda x, starts, stops, steps: x[np.ix_(*(np.arange(*one) for one in zip(starts, stops, steps)))]
    if starts else x, (*NUMBERS, "i1"))


def _draw_pad(d):
    shape = tuple(dim + 2 for dim in d.shape())
    low, high = (tuple(d.choose(0, 1, 2, -1, K) for _ in shape) for _ in range(2))
    return d.sample([shape], low=low, high=high, value=d.choose(0, 1))


def _padded(x, low, high, value):
    result = np.full([size + before + after for size, before, after in zip(x.shape, low, high)], value, x.dtype)
    for place in np.ndindex(*x.shape):
        moved = tuple(index + before for index, before in zip(place, low))
        if all(0 <= index < size for index, size in zip(moved, result.shape)):
            result[moved] = x[place]
    return result


row("pad", _draw_pad, _padded, (*NUMBERS, "i1"))


def _draw_axes(d):
    shape = d.shape()
    return d.sample([shape], axes=tuple(axis for axis in range(len(shape)) if d.random.random() < 0.6))


def _reversed(x, axes):
    for axis in axes:
        x = np.take(x, range(x.shape[axis] - 1, -1, -1), axis)
    return x


row("reverse", _draw_axes, _reversed, (*NUMBERS, "i1"))


# --- reduction ----------------------------------------------------------------------------------------------

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


row("reduce_sum", _draw_axes, _folded(lambda a, b: a + b, 0), NUMBERS, tolerance=5)
row("reduce_prod", _draw_axes, _folded(lambda a, b: a * b, 1), NUMBERS, tolerance=5)
row("reduce_max", _draw_axes, _folded(max, _least), NUMBERS)
row("reduce_min", _draw_axes, _folded(min, _greatest), NUMBERS)
row("reduce_and", _draw_axes, _folded(lambda a, b: a and b, True), ("i1",))
row("reduce_or", _draw_axes, _folded(lambda a, b: a or b, False), ("i1",))


def _draw_argument(d):
    shape = d.shape(1)
    axis = int(d.random.integers(len(shape)))
    shape = (*shape[:axis], d.choose(N + 1, 2, 4), *shape[axis + 1:])
    return d.sample([shape], [np.round(d.array(shape)).astype(d.element.numpy)], axis=axis)  # rounded: with ties


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


# --- contraction --------------------------------------------------------------------------------------------

SPECS = ["nk,hk->nh", "nk,kh->nh", "kn,kh->nh", "kn,hk->hn", "nk,hk->hn", "tnk,tnh->hk", "tnk,kh->tnh", "tnk,hk->tnh",
         "tnk,hk->nth", "bik,bkj->bij", "bik,bjk->bij", "bki,bkj->bji", "ibk,kbj->bij", "k,k->", "nk,k->n", "kn,k->n",
         "k,kn->n", "k,nk->n", "n,h->nh", "n,h->hn", "bn,bn->bn", "bn,b->bn", "bk,bk->b", ",->", ",n->n", "nab,hab->nh",
         "nab,hba->nh", "bk,bkj->bj", "bjk,bk->bj", "ab,abij->ij", "abij,abij->", "nkm,kmh->nh", "bhik,bhjk->bhij",
         "gmk,ngko->ngmo", "nah,bh->anb", "ikj,k->ij", "abk,bck->bac", "kab,kcd->cadb"]


def _draw_contraction(d):
    spec = d.choose(*SPECS)
    sizes = {letter: d.choose(*([1, 2, 3, N, K] if d.smooth else [1, 2, 3, N, K, 0])) for letter in "abcdghijkmnoqt"}
    left, right = spec.partition("->")[0].split(",")
    return d.sample([tuple(map(sizes.get, left)), tuple(map(sizes.get, right))], spec=spec)


def _contraction(x, y, spec):
    (left, right), result = spec.partition("->")[0].split(","), spec.partition("->")[2]
    sizes = dict(zip(left + right, x.shape + y.shape))
    letters = sorted(sizes)
    total = np.zeros([sizes[letter] for letter in result], x.dtype if x.dtype.kind in "iu" else np.float64)
    for place in itertools.product(*(range(sizes[letter]) for letter in letters)):
        at = dict(zip(letters, place))
        total[tuple(map(at.get, result))] += (x[tuple(map(at.get, left))].astype(total.dtype)
                                              * y[tuple(map(at.get, right))].astype(total.dtype))
    return total


row("contract", _draw_contraction, _contraction, NUMBERS, tolerance=10)


def _draw_gemm(d):
    rows, _, columns = d.shape(3, 3)
    summed = d.choose(1, 2, 3, K + 1)  # the runtime forgets beta where nothing is summed
    flags = d.choose(True, False), d.choose(True, False)
    left, right = (rows, summed)[::-1 if flags[0] else 1], (summed, columns)[::-1 if flags[1] else 1]
    addend = d.choose([], [()], [(columns,)], [(rows, 1)], [(rows, columns)])
    return d.sample([left, right, *addend], transpose_a=flags[0], transpose_b=flags[1], alpha=d.choose(1.0, -0.5),
                    beta=d.choose(1.0, 2.0))


def _gemm(left, right, *addend, transpose_a, transpose_b, alpha, beta):
    spec = ("ki" if transpose_a else "ik") + "," + ("jk" if transpose_b else "kj") + "->ij"
    return alpha * _contraction(left, right, spec) + sum(beta * array.astype(float) for array in addend)


row("gemm", _draw_gemm, _gemm, ("f32", "f64", "f16"), tolerance=10)
row("relu", equal_shapes(1), lambda x: np.where(x > 0, x, 0), ("f32", "f64", "f16"))


def _draw_hard_sigmoid(d):
    shape = d.shape()
    return d.sample([shape], alpha=d.choose(0.2, 1.0, 1e30), beta=d.choose(0.5, 0.0))


row("hard_sigmoid", _draw_hard_sigmoid, lambda x, alpha, beta: np.median(
    [x * float(alpha) + beta, 0 * x, 0 * x + 1], axis=0), ("f32", "f16"))


# --- indexing -----------------------------------------------------------------------------------------------

def _draw_gather(d):
    shape, axis = d.shape(1), None
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
    return d.sample([places.shape, updates], [sample.arrays[1], d.array(updates)], [I64, d.element], axis=axis, shape=shape)


def _scattered(indices, updates, axis, shape):
    total = np.zeros(shape, updates.dtype if updates.dtype.kind in "iu" else np.float64)
    for place in np.ndindex(*updates.shape):
        inner = place[axis:axis + indices.ndim]
        total[(*place[:axis], indices[inner], *place[axis + indices.ndim:])] += updates[place].astype(total.dtype)
    return total


row("scatter_add", _draw_scatter_add, _scattered, ("f32", "f64", "f16", "i32", "i64"), tolerance=5)


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
    return d.sample([places.shape] * 2, [sample.arrays[1], d.array(places.shape)], [I64, d.element], axis=axis,
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
    return d.sample([shape, *[()] * len(shape)], [d.array(shape), *starts], [d.element, *[I64] * len(shape)], sizes=sizes)


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


# --- convolution --------------------------------------------------------------------------------------------

def _draw_windows(d, pooling=False):
    """Spatial sizes, window sizes and parameters of a convolution or a pooling over one to three axes."""
    rank = d.choose(1, 2, 2, 3)
    sizes = [d.choose(1, 2, 3) for _ in range(rank)]
    attributes = {}
    if d.choose(True, False):
        attributes["strides"] = tuple(d.choose(1, 2, 3) for _ in range(rank))
    if d.choose(True, False):
        attributes["pads"] = tuple(d.random.integers(0, size) if pooling else d.choose(0, 1, 2)
                                   for size in sizes * 2) if pooling else tuple(d.choose(0, 1, 2) for _ in range(2 * rank))
        attributes["pads"] = tuple(map(int, attributes["pads"]))
    if not pooling and d.choose(True, False):
        attributes["dilations"] = tuple(d.choose(1, 2) for _ in range(rank))
    spatial = tuple(d.choose(5, 6, N + 5) for _ in range(rank))
    return spatial, tuple(sizes), attributes


def _draw_convolution(d):
    spatial, kernel, attributes = _draw_windows(d)
    groups = d.choose(1, 1, 1, 2)
    if groups > 1 or d.choose(True, False):
        attributes["groups"] = groups
    channels = (32, 33) if not d.smooth and groups == 1 and d.choose(True, False, False) else (d.choose(1, 2), d.choose(1, 2))
    x = (d.choose(N, 2), channels[0] * groups, *spatial)
    w = (channels[1] * groups, channels[0], *kernel)
    return x, w, attributes


def _output(spatial, kernel, strides=None, pads=None, dilations=None, groups=1):
    rank = len(kernel)
    strides, dilations, pads = strides or (1,) * rank, dilations or (1,) * rank, pads or (0,) * 2 * rank
    return tuple((size + pads[i] + pads[i + rank] - dilations[i] * (kernel[i] - 1) - 1) // strides[i] + 1
                 for i, size in enumerate(spatial))


def _conv_terms(x_shape, w_shape, y_shape, strides=None, pads=None, dilations=None, groups=1):
    """All (x place, w place, y place) whose product the convolution sums."""
    rank = len(w_shape) - 2
    strides, dilations, pads = strides or (1,) * rank, dilations or (1,) * rank, pads or (0,) * 2 * rank
    makes = w_shape[0] // groups
    for n, m in np.ndindex(y_shape[0], w_shape[0]):
        for window in np.ndindex(*y_shape[2:]):
            for offset in np.ndindex(*w_shape[2:]):
                at = tuple(window[i] * strides[i] + offset[i] * dilations[i] - pads[i] for i in range(rank))
                if all(0 <= index < size for index, size in zip(at, x_shape[2:])):
                    for c in range(w_shape[1]):
                        yield (n, m // makes * w_shape[1] + c, *at), (m, c, *offset), (n, m, *window)


def _summed(target, terms):
    total, first, second = target
    for place, one, other in terms:
        total[place] += float(first[one]) * float(second[other])
    return total


def _conv_meaning(x, w, **parameters):
    y = np.zeros((x.shape[0], w.shape[0], *_output(x.shape[2:], w.shape[2:], **parameters)))
    return _summed((y, x, w), ((c, a, b) for a, b, c in _conv_terms(x.shape, w.shape, y.shape, **parameters)))


def _input_gradient_meaning(dy, w, input_shape, **parameters):
    dx = np.zeros((dy.shape[0], w.shape[1] * parameters.get("groups", 1), *input_shape))
    return _summed((dx, dy, w), ((a, c, b) for a, b, c in _conv_terms(dx.shape, w.shape, dy.shape, **parameters)))


def _weight_gradient_meaning(x, dy, kernel_shape, **parameters):
    dw = np.zeros((dy.shape[1], x.shape[1] // parameters.get("groups", 1), *kernel_shape))
    return _summed((dw, x, dy), ((b, a, c) for a, b, c in _conv_terms(x.shape, dw.shape, dy.shape, **parameters)))


def _draw_conv(d):
    x, w, attributes = _draw_convolution(d)
    return d.sample([x, w], **attributes)


def _draw_input_gradient(d):
    x, w, attributes = _draw_convolution(d)
    dy = (x[0], w[0], *_output(x[2:], w[2:], **attributes))
    return d.sample([dy, w], input_shape=x[2:], **attributes)


def _draw_weight_gradient(d):
    x, w, attributes = _draw_convolution(d)
    dy = (x[0], w[0], *_output(x[2:], w[2:], **attributes))
    return d.sample([x, dy], kernel_shape=w[2:], **attributes)


_CONVOLVED = ("f32", "f64", "f16")
row("conv", _draw_conv, _conv_meaning, _CONVOLVED, tolerance=60)


def _draw_conv_bias(d):
    x, w, attributes = _draw_convolution(d)
    return d.sample([x, w, (w[0],)], **attributes)


row("conv_bias", _draw_conv_bias, lambda x, w, bias, **parameters: _conv_meaning(x, w, **parameters)
    + bias.astype(float).reshape(-1, *[1] * (x.ndim - 2)), ("f32", "f16"), tolerance=60)
row("conv_input_gradient", _draw_input_gradient, _input_gradient_meaning, _CONVOLVED, tolerance=60)
row("conv_weight_gradient", _draw_weight_gradient, _weight_gradient_meaning, _CONVOLVED, tolerance=60)


# --- pooling ------------------------------------------------------------------------------------------------

def _draw_pooling(d):
    spatial, window, attributes = _draw_windows(d, pooling=True)
    return (d.choose(N, 2), d.choose(1, 2), *spatial), {"window": window, **attributes}


def _pooled_shape(x, window, strides=None, pads=None):
    return (*x[:2], *_output(x[2:], window, strides or window, pads))


def _window_places(x_shape, window, strides=None, pads=None):
    """For each window its place and the places of its elements in x, in row-major order."""
    rank = len(window)
    strides, pads = strides or window, pads or (0,) * 2 * rank
    for place in np.ndindex(*_pooled_shape(x_shape, window, strides, pads)):
        elements = []
        for offset in np.ndindex(*window):
            at = tuple(place[2 + i] * strides[i] + offset[i] - pads[i] for i in range(rank))
            if all(0 <= index < size for index, size in zip(at, x_shape[2:])):
                elements.append((*place[:2], *at))
        yield place, elements


def _draw_max_pool(d):
    x, attributes = _draw_pooling(d)
    array = d.array(x)
    if not d.smooth:
        array = np.round(array).astype(array.dtype)  # with ties
    return d.sample([x], [array], **attributes)


def _max_pool(x, **parameters):
    y = np.empty(_pooled_shape(x.shape, **parameters))
    for place, elements in _window_places(x.shape, **parameters):
        y[place] = max(x[at] for at in elements)
    return y


def _draw_max_derivative(gives_input):
    def draw(d):
        sample = _draw_max_pool(d)
        (x,), parameters = sample.types, sample.attributes
        y = _pooled_shape(x.shape, **parameters)
        change = y if gives_input else x.shape
        result = _max_pool(sample.arrays[0], **parameters).astype(d.element.numpy)
        return d.sample([x.shape, y, change], [*sample.arrays, result, d.array(change)], **parameters)

    return draw


def _max_gradient(x, y, dy, **parameters):
    dx = np.zeros(x.shape)
    for place, elements in _window_places(x.shape, **parameters):
        dx[max(elements, key=x.__getitem__)] += dy[place]  # max gives the first of equals
    return dx


def _max_tangent(x, y, tangent, **parameters):
    result = np.zeros(y.shape)
    for place, elements in _window_places(x.shape, **parameters):
        result[place] = tangent[max(elements, key=x.__getitem__)]
    return result


def _draw_mean_pool(d):
    x, attributes = _draw_pooling(d)
    return d.sample([x], **attributes)


def _draw_mean_gradient(d):
    x, attributes = _draw_pooling(d)
    return d.sample([_pooled_shape(x, **attributes)], input_shape=x[2:], **attributes)


def _mean_pool(x, window, **parameters):
    y = np.zeros(_pooled_shape(x.shape, window, **parameters))
    for place, elements in _window_places(x.shape, window, **parameters):
        y[place] = sum(float(x[at]) for at in elements) / math.prod(window)
    return y


def _mean_gradient(dy, window, input_shape, **parameters):
    dx = np.zeros((*dy.shape[:2], *input_shape))
    for place, elements in _window_places(dx.shape, window, **parameters):
        for at in elements:
            dx[at] += float(dy[place]) / math.prod(window)
    return dx


row("max_pool", _draw_max_pool, _max_pool, _CONVOLVED)
row("max_pool_gradient", _draw_max_derivative(True), _max_gradient, _CONVOLVED, tolerance=5)
row("max_pool_tangent", _draw_max_derivative(False), _max_tangent, _CONVOLVED)
row("mean_pool", _draw_mean_pool, _mean_pool, _CONVOLVED, tolerance=5)
row("mean_pool_gradient", _draw_mean_gradient, _mean_gradient, _CONVOLVED, tolerance=5)


# --- normalization and random numbers -----------------------------------------------------------------------

def _draw_axis(d):
    shape = d.shape(1)
    return d.sample([shape], axis=int(d.random.integers(len(shape))))


row("softmax", _draw_axis, lambda x, axis: np.exp(x.astype(float)) / np.exp(x.astype(float)).sum(axis, keepdims=True),
    tolerance=5)
row("log_softmax", _draw_axis, lambda x, axis: x - np.log(np.exp(x.astype(float)).sum(axis, keepdims=True)), tolerance=5)


def _draw_random(d):
    numbers = d.random.integers(-2**63, 2**63, 2)
    return d.sample([(), ()], [np.asarray(number) for number in numbers], [I64, I64], shape=d.shape())


def _draw_uniform(d):
    sample = _draw_random(d)
    sample.attributes["element"] = d.element
    return sample


def _split_mix(z):
    mask = 2**64 - 1
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
    return z ^ z >> 31


def _random_words(shape, key, counter):
    start = _split_mix(int(key) % 2**64) + int(counter) * 0x9E3779B97F4A7C15
    return [_split_mix((start + (i + 1) * 0x9E3779B97F4A7C15) % 2**64) for i in range(math.prod(shape))]


def _random_bits(key, counter, shape):
    return np.array(_random_words(shape, key, counter), np.uint64).astype(np.int64).reshape(shape)


def _random_uniform(key, counter, shape, element):
    bits = np.finfo(element.numpy).nmant + 1 if element.name != "bf16" else 8
    return np.array([(word >> 64 - bits) / 2**bits for word in _random_words(shape, key, counter)]).reshape(shape)


row("random_bits", _draw_random, _random_bits, ("i64",), exact=True)
row("random_uniform", _draw_uniform, _random_uniform, FLOATS, exact=True)


# --- what the tests do with a row ---------------------------------------------------------------------------

MADE_BY_FUSION = {"gemm", "relu", "hard_sigmoid", "conv_bias"}  # after differentiation: they have no derivative
TOLERANCES = {"f64": 1e-12, "f32": 2e-6, "f16": 4e-3, "bf16": 4e-2}


def build(op, sample, name="f"):
    """A function that applies the op to its inputs x0, x1, …; the further input `sizes` is there for its dims.

    A size of an input that is neither a number nor a name gets a name of its own, and a reshape says what it is.
    """
    arguments, builder = [], ir.Builder()
    for index, type in enumerate(sample.types):
        named = [dim if isinstance(dim, int) or symbol_name(dim) else symbol(f"D{index}_{axis}")
                 for axis, dim in enumerate(type.shape)]
        arguments.append(ir.Value(TensorType(type.element, tuple(named)), name=f"x{index}"))
    operands = [value if value.type == type else builder.reshape(value, shape=type.shape)
                for value, type in zip(arguments, sample.types)]
    builder.block.arguments = [*arguments, ir.Value(TensorType(BOOL, (N, K)), name="sizes")]
    builder.block.results = [builder.emit(op, operands, sample.attributes)]
    return ir.Function(name, builder.block, [argument.name for argument in builder.block.arguments], ["y"])


def integers(value, bindings):
    """An attribute with dims as integers."""
    if isinstance(value, tuple):
        return tuple(integers(item, bindings) for item in value)
    return evaluate_dim(value, bindings) if not isinstance(value, bool) and hasattr(value, "terms") else value


def assert_close(actual, expected, row, element):
    scale = 0 if row.exact else row.tolerance * TOLERANCES.get(element, 0)
    np.testing.assert_allclose(np.asarray(actual, np.float64) if element in TOLERANCES else actual,
                               np.asarray(expected, np.float64) if element in TOLERANCES else expected,
                               rtol=scale, atol=scale)


def pytest_generate_tests(metafunc):
    """`row` is each row, `smooth_row` those of ops with a derivative, `flat_row` those whose derivative is zero."""
    flat = {name for name in ROWS if isinstance(OPS[name].derivative, Zero)}
    for fixture, names in (("row", ROWS), ("flat_row", flat), ("smooth_row", ROWS.keys() - flat - MADE_BY_FUSION)):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, [ROWS[name] for name in sorted(names)], ids=sorted(names))


@pytest.fixture(scope="session")
def rows():
    return ROWS


@pytest.fixture(scope="session")
def tools():
    """The table's helpers for the tests: conftest modules cannot be imported."""
    return types.SimpleNamespace(Draw=Draw, build=build, integers=integers, assert_close=assert_close)


@pytest.fixture(scope="session")
def apply_op(run_onnx):
    """`apply_op(op, *arrays, **attributes)`: the interpreter's result and those of the runtime, optimised and not.

    An operand given as `constant(array)` is a constant of the function and not an input.
    """
    def apply(op, *operands, **attributes):
        builder, inputs = ir.Builder(), {}
        for index, operand in enumerate(operands):
            if not isinstance(operand, Constant):
                inputs[f"x{index}"] = array = np.asarray(operand)
                value = ir.Value(TensorType(element_type_of(array.dtype), array.shape), name=f"x{index}")
                builder.block.arguments.append(value)
        arguments = iter(builder.block.arguments)
        values = [builder.constant(operand.array) if isinstance(operand, Constant) else next(arguments)
                  for operand in operands]
        builder.block.results = [builder.emit(op, values, attributes)]
        function = ir.Function("f", builder.block, list(inputs), ["y"])
        (expected,) = interpreter.run(function, inputs)
        model = export(function)
        return expected, [run_onnx(model, inputs, optimised)[0] for optimised in (False, True)]

    return apply


@dataclass
class Constant:
    array: np.ndarray


@pytest.fixture(scope="session")
def constant():
    return Constant
