"""Rows that are added to zeros, and what optimisers make of them, kept as rows."""

import numpy as np
import pytest
from weber.compiler import ir
from weber.compiler.interpreter import run
from weber.compiler.passes.row_sparse import keep_rows
from weber.compiler.passes.row_sums import summed_rows
from weber.compiler.pipeline import compile_to_onnx, optimise
from weber.compiler.types import F64, I64, TensorType, symbol
from weber.compiler.verify import verify

N, T = symbol("N"), symbol("T")
WORDS, WIDTH = 300, 16
TABLE = TensorType(F64, (WORDS, WIDTH))
TYPES = {"i": TensorType(I64, (N, T)), "u": TensorType(F64, (N, T, WIDTH)), "x": TABLE, "m": TABLE,
         "v": TABLE, "s": TensorType(F64), "j": TensorType(I64, (N,)), "r": TensorType(F64, (N, WIDTH))}


def build(make, types=TYPES):
    arguments = {name: ir.Value(type, name=name) for name, type in types.items()}
    block = ir.Block(list(arguments.values()))
    results = make(ir.Builder(block), **arguments)
    block.results = results if isinstance(results, list) else [results]
    return verify(ir.Function("f", block, list(arguments), [f"f.{k}" for k in range(len(block.results))]))


def gradient(b, i, u):
    return b.scatter_add(i, u, axis=0, shape=TABLE.shape)


def times(b, x, number):
    return b.mul(x, b.full(number, x))


def descent(b, i, u, x, s, **_):
    """The length of the step is known at run time only."""
    return b.sub(x, b.mul(gradient(b, i, u), b.broadcast(s, shape=x.shape, axes=())))


def momentum(b, i, u, x, m, **_):
    m = b.add(times(b, m, 0.9), times(b, gradient(b, i, u), 0.1))
    return [m, b.sub(x, m)]


def adam(b, i, u, x, m, v, s, **_):
    g = times(b, gradient(b, i, u), 0.1)
    m, v = b.add(times(b, m, 0.9), g), b.add(times(b, v, 0.99), times(b, b.mul(g, g), 0.5))
    step = b.div(b.mul(m, b.broadcast(s, shape=m.shape, axes=())), b.add(b.sqrt(v), b.full(1e-3, v)))
    return [m, v, b.sub(x, step)]


def clipped_by_norm(b, i, u, x, **_):
    g = gradient(b, i, u)
    norm = b.sqrt(b.add(b.reduce_sum(b.mul(g, g), axes=(0, 1)), b.constant(1e-3)))
    return b.add(x, b.neg(b.div(g, b.broadcast(norm, shape=g.shape, axes=()))))


def clamped(b, i, u, m, **_):
    g = gradient(b, i, u)
    return b.add(b.min(b.max(g, b.full(-0.5, g)), b.full(0.5, g)), m)


def tied_weights(b, i, u, x, m, **_):
    """The table is used as a matrix too."""
    return b.sub(x, times(b, b.add(gradient(b, i, u), m), 0.1))


def two_lookups(b, i, u, x, j, r, **_):
    return b.sub(x, times(b, b.add(gradient(b, i, u), gradient(b, j, r)), 0.1))


def shifted(b, i, u, x, **_):
    """What is not zero where the rows are."""
    g = gradient(b, i, u)
    return [b.add(g, b.full(1, g)), b.exp(g), b.mul(g, x), b.sub(g, x), g]


STEPS = {descent: 0, momentum: 2, adam: 7, clipped_by_norm: 0, clamped: 0, tied_weights: 2, two_lookups: 0,
         shifted: 3}  # passes over the whole table


def inputs_of(lengths, longest, seed=0):
    random, count = np.random.default_rng(seed), len(lengths)
    common = random.integers(0, WORDS, 3)  # each comes again and again
    words = np.where(random.random((count, longest)) < 0.5, random.choice(common, (count, longest)),
                     random.integers(0, WORDS, (count, longest)))  # fmt: skip
    u = random.normal(size=(count, longest, WIDTH))
    u[np.arange(longest) >= np.array(lengths, np.int64)[:, None]] = 0
    x, m = random.normal(size=(2, *TABLE.shape))
    return {"i": words, "u": u, "x": x, "m": m, "v": random.random(TABLE.shape), "s": np.array(0.3),
            "j": random.integers(0, WORDS, count), "r": random.normal(size=(count, WIDTH))}  # fmt: skip


SIZES = [([7, 30, 1, 25], 30), ([1], 1), ([16], 16), ([17], 17), ([0, 0], 3), ([], 5), ([0], 0)]


@pytest.mark.parametrize("make", STEPS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("lengths, longest", SIZES)
def test_rows_alone_are_equal_to_the_whole(make, lengths, longest, run_onnx, assert_same):
    function, inputs = build(make), inputs_of(lengths, longest)
    expected = run(function, inputs)
    for found in run(verify(keep_rows(function)), inputs), run_onnx(compile_to_onnx(function), inputs):
        assert_same(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", STEPS, ids=lambda make: make.__name__)
def test_passes_over_the_table(make):
    operations = [operation for operation in optimise(build(make)).body.operations
                  if operation.results[0].shape == TABLE.shape]  # fmt: skip
    names = [operation.name for operation in operations if operation.name not in ("broadcast", "add_rows")]
    assert len([name for name in names if name != "set_rows"]) == STEPS[make], names
    assert "scatter_add" not in names and names.count("set_rows") == (make is shifted)


@pytest.mark.parametrize("count, kinds", [(100, 3), (100, 100), (16, 1), (40, 1), (33, 2), (1, 1), (0, 1)])
def test_sums_of_rows_with_equal_indices(count, kinds, run_onnx):
    types = {"i": TensorType(I64, (N,)), "u": TensorType(F64, (N, 2, 3))}
    function = build(lambda b, i, u: list(summed_rows(b, i, u)), types)
    random = np.random.default_rng(count)
    inputs = {"i": random.integers(0, kinds, count) * 7, "u": random.normal(size=(count, 2, 3))}
    indices = np.unique(inputs["i"])
    sums = np.array([inputs["u"][inputs["i"] == index].sum(axis=0) for index in indices]).reshape(-1, 2, 3)
    for found in run(function, inputs), run_onnx(compile_to_onnx(function), inputs):
        assert np.array_equal(found[0], indices)
        np.testing.assert_allclose(found[1], sums, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan, 1e300])
def test_rows_that_are_not_finite_change_no_others(number, run_onnx):
    types = {"i": TensorType(I64, (N,)), "u": TensorType(F64, (N, 3))}
    function = build(lambda b, i, u: list(summed_rows(b, i, u)), types)
    inputs = {"i": np.arange(40) % 5, "u": np.ones((40, 3))}
    inputs["u"][7] = inputs["u"][12] = number
    expected = np.full((5, 3), 8.0)
    expected[2] += 2 * (number - 1)
    for found in run(function, inputs), run_onnx(compile_to_onnx(function), inputs):
        np.testing.assert_allclose(found[1], expected)


@pytest.mark.parametrize("shape, axis", [((200, WIDTH), 0), ((WIDTH, 300), 1), ((300, 2), 0)])
def test_small_tables_narrow_rows_and_columns_stay(shape, axis):
    updates = (*shape[:axis], N, *shape[axis + 1:])
    function = build(lambda b, i, u: b.scatter_add(i, u, axis=axis, shape=shape),
                     {"i": TensorType(I64, (N,)), "u": TensorType(F64, updates)})  # fmt: skip
    assert keep_rows(function) is function
