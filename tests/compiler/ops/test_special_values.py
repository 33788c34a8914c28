"""Values at the edges: NaN, infinities, signed zeros, wrapping integers, ties, duplicates, constants."""

import numpy as np
import pytest
from weber.compiler.errors import WeberError

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1, -1, 1e-8, -1e-8, 1e-4, 0.5, 5, -5, 30, -30, 80, -80,
           0.9999, 1e10, -1e10, 1e30]
UNARY = """exp expm1 log log1p log2 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh
    asinh acosh atanh softplus erf sign abs floor ceil round trunc is_nan is_inf is_finite""".split()
RELATIVE = {np.float32: 3e-6, np.float64: 1e-13}


def assert_agree(results, relative=0.0, absolute=0.0):
    expected, actual = results
    for array in actual:
        assert array.dtype == expected.dtype
        np.testing.assert_allclose(array, expected, rtol=relative, atol=absolute)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", UNARY)
def test_unary(apply_op, op, dtype):
    assert_agree(apply_op(op, np.array(SPECIAL, dtype)), RELATIVE[dtype])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_accurate_to_the_precision_of_one(apply_op, dtype):
    assert_agree(apply_op("sigmoid", np.array(SPECIAL, dtype)), absolute=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", ["max", "min", "pow", "atan2", "rem", "mod", "div", "eq", "ne", "lt", "le",
                                "gt", "ge"])
def test_binary(apply_op, op, dtype):
    x, y = (grid.ravel() for grid in np.meshgrid(*[np.array(SPECIAL, dtype)] * 2))
    assert_agree(apply_op(op, x, y), RELATIVE[dtype])


def test_atan2_knows_signed_zeros(apply_op):
    zero = np.array([0.0, -0.0, 0.0, -0.0], np.float32)
    assert_agree(apply_op("atan2", zero, np.array([0.0, 0.0, -0.0, -0.0], np.float32)), 1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("op", ["reduce_max", "reduce_min"])
def test_extrema_are_nan_where_there_is_one(apply_op, op, dtype):
    x = np.arange(35, dtype=dtype).reshape(7, 5)
    x[3, 2], x[0, 0], x[0, 1] = np.nan, np.inf, -np.inf
    for axes in ((0,), (1,), (0, 1)):
        assert_agree(apply_op(op, x, axes=axes))


@pytest.mark.parametrize("op", ["reduce_max", "reduce_min", "arg_max", "arg_min", "max", "lt"])
def test_large_unsigned_numbers_are_in_order(apply_op, op):
    x = np.array([[3, 2**63 + 5, 2**63 - 1], [2**64 - 1, 0, 2**63]], np.uint64)
    if op.startswith("reduce"):
        assert_agree(apply_op(op, x, axes=(1,)))
    elif op.startswith("arg"):
        assert_agree(apply_op(op, x, axis=1))
    else:
        assert_agree(apply_op(op, x, x[::-1].copy()))


@pytest.mark.parametrize("exponent", [0, 1, 2, 5, 39, 62])
def test_integer_powers_wrap_and_are_exact(apply_op, constant, exponent):
    base = np.array([0, 1, -1, 2, 3, -7, 10**9 + 7], np.int64)
    exponents = np.full(base.shape, exponent)
    expected = [pow(int(x), exponent, 2**64) for x in base]
    for operand in (exponents, constant(exponents[:1].repeat(len(base)))):
        results = apply_op("pow", base, operand)
        assert_agree(results)
        np.testing.assert_array_equal(results[0].astype(np.uint64), np.array(expected, np.uint64))
    scalar = apply_op("pow", base[-1], constant(np.asarray(exponent)))
    assert_agree(scalar)
    assert int(scalar[0]) % 2**64 == expected[-1]


@pytest.mark.parametrize("op", ["shift_left", "shift_right_logical"])
@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("count", [0, 1, 7, 63, 64, 100])
def test_shifts_by_a_constant(apply_op, constant, op, dtype, count):
    for number in (1, 100, 255 - 256 * (np.iinfo(dtype).min < 0), np.iinfo(dtype).max):
        bits = np.iinfo(dtype).bits
        moved = int(number) % 2**bits
        moved = (moved << count if op == "shift_left" else moved >> count) % 2**bits if count < bits else 0
        results = apply_op(op, np.asarray(number, dtype), constant(np.asarray(count, dtype)))
        assert_agree(results)
        assert int(results[0]) % 2**bits == moved


@pytest.mark.parametrize("depth", [8, 1000])
def test_many_duplicates_are_all_added(apply_op, depth):
    random = np.random.default_rng(0)
    indices, updates = random.integers(0, depth,
                                       20_000), random.integers(0, 9, (20_000, 3)).astype(np.float32)
    expected, actual = apply_op("scatter_add", indices, updates, axis=0, shape=(depth, 3))
    assert expected.sum() == updates.sum()
    assert_agree((expected, actual))


def test_cotangents_of_ties_go_to_the_first_place(apply_op):
    x = np.zeros((1, 1, 6, 6), np.float32)
    for window, strides in (((2, 2), (2, 2)), ((3, 2), (3, 3)), ((3, 3), (1, 1))):
        y, _ = apply_op("max_pool", x, window=window, strides=strides)
        results = apply_op("max_pool_gradient", x, y, np.ones_like(y), window=window, strides=strides)
        assert_agree(results)
        corners = results[0][0, 0, ::strides[0], ::strides[1]][:y.shape[2], :y.shape[3]]
        assert (corners == 1).all() and results[0].sum() == y.size


class TestRandom:
    def test_draws_continue_where_the_counter_stands(self, apply_op):
        key = np.asarray(7)
        whole, _ = apply_op("random_bits", key, np.asarray(100), shape=(50,))
        rest, _ = apply_op("random_bits", key, np.asarray(120), shape=(3, 10))
        np.testing.assert_array_equal(whole[20:], rest.ravel())

    def test_uniform_numbers_look_uniform(self, apply_op):
        draws = []
        for key in (0, 1, 2**62 + 1):
            numbers, _ = apply_op("random_uniform", np.asarray(key), np.asarray(0), shape=(20_000,),
                                  element=_element("f64"))
            counts, _ = np.histogram(numbers, 20, (0, 1))
            assert 0 <= numbers.min() and numbers.max() < 1
            assert np.sum((counts - 1000) ** 2 / 1000) < 45  # χ² with 19 degrees of freedom: 0.07 %
            draws.append(numbers)
        assert np.abs(np.corrcoef(draws)[np.triu_indices(3, 1)]).max() < 0.03


def _element(name):
    from weber.compiler.types import ELEMENT_TYPES

    return ELEMENT_TYPES[name]


@pytest.mark.parametrize("op, arrays, attributes, message", [
    ("idiv", (np.array([1]), np.array([0])), {}, "division by zero"),
    ("rem", (np.array([1]), np.array([0])), {}, "division by zero"),
    ("mod", (np.array([1]), np.array([0])), {}, "division by zero"),
    ("pow", (np.array([2]), np.array([-1])), {}, "not negative"),
    ("gather", (np.zeros(3), np.array([3])), {"axis": 0}, "index 3"),
    ("gather", (np.zeros(3), np.array([-1])), {"axis": 0}, "index -1"),
    ("take_along", (np.zeros(3), np.array([5])), {"axis": 0}, "index 5"),
    ("dynamic_slice", (np.zeros(3), np.asarray(2)), {"sizes": (2,)}, "window 2:4"),
    ("one_hot", (np.array([4]),), {"depth": 4, "element": _element("f32")}, "index 4"),
])
def test_the_interpreter_refuses_what_has_no_meaning(apply_op, op, arrays, attributes, message):
    with pytest.raises(WeberError, match=message):
        apply_op(op, *arrays, **attributes)


@pytest.mark.parametrize("op, base", [("log2", 2.0), ("log10", 10.0)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_logarithms_of_whole_powers_are_whole(apply_op, op, base, dtype):
    powers = np.arange(-9, 10) if base == 2 else np.arange(10)
    _, found = apply_op(op, (base ** powers.astype(float)).astype(dtype))
    for array in found:
        np.testing.assert_array_equal(array, powers.astype(dtype))
