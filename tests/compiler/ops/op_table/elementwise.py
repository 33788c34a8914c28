"""Elementwise ops."""

import math

import numpy as np
import scipy.special
from op_table.table import INTEGERS, NUMBERS, equal_shapes, row
from weber.compiler.types import BOOL, ELEMENT_TYPES

for _name, _meaning, _range in [
    ("exp", np.exp, (-3, 3)), ("expm1", np.expm1, (-2, 2)), ("log", np.log, (0.1, 5)),
    ("log1p", np.log1p, (-0.9, 4)),
    ("log2", np.log2, (0.1, 5)), ("log10", np.log10, (0.1, 5)), ("sqrt", np.sqrt, (0.1, 5)),
    ("rsqrt", lambda x: x ** -0.5, (0.1, 5)), ("reciprocal", lambda x: 1 / x, (0.3, 4)),
    ("sin", np.sin, (-6, 6)),
    ("cos", np.cos, (-6, 6)), ("tan", lambda x: np.sin(x) / np.cos(x), (-1.4, 1.4)),
    ("asin", np.arcsin, (-0.95, 0.95)),
    ("acos", np.arccos, (-0.95, 0.95)), ("atan", np.arctan, (-20, 20)), ("sinh", np.sinh, (-4, 4)),
    ("cosh", np.cosh, (-4, 4)), ("tanh", np.tanh, (-4, 4)), ("asinh", np.arcsinh, (-9, 9)),
    ("acosh", np.arccosh, (1.1, 9)), ("atanh", np.arctanh, (-0.95, 0.95)),
    ("sigmoid", scipy.special.expit, (-6, 6)),
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
    return d.sample([shape] * 2,
                    [d.array(shape), d.random.integers(0, 70, d.sizes(shape)).astype(d.element.numpy)])


def _shifted(move):
    def meaning(x, count):
        bits = 8 * x.dtype.itemsize
        mask = (1 << bits) - 1
        shift = np.vectorize(lambda a, c: move(int(a) & mask, int(c) & mask) & mask if int(c) & mask < bits
                             else 0,
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


row("convert", _draw_convert, lambda x, element: x.astype(element.numpy),
    ("f32", "f64", "i1", "i64", "ui8", "i32"))
