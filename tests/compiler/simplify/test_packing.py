"""Sums over padded rows as sums over the rows that are there."""

import numpy as np
import pytest
from weber.compiler import ir
from weber.compiler.interpreter import run
from weber.compiler.passes.packing import pack_sums
from weber.compiler.pipeline import compile_to_onnx, optimise
from weber.compiler.types import BOOL, F64, I64, TensorType, symbol
from weber.compiler.verify import verify

N, T = symbol("N"), symbol("T")
TYPES = {"m": TensorType(BOOL, (N, T)), "x": TensorType(F64, (N, T, 3)), "y": TensorType(F64, (T, N, 2)),
         "w": TensorType(F64, (3, 2)), "v": TensorType(F64, (3,)), "i": TensorType(I64, (N, T)),
         "k": TensorType(BOOL, (N,)), "e": TensorType(F64, (5, 3))}


def build(make):
    arguments = {name: ir.Value(type, name=name) for name, type in TYPES.items()}
    block = ir.Block(list(arguments.values()))
    block.results = [make(ir.Builder(block), **arguments)]
    return verify(ir.Function("f", block, list(arguments), ["f"]))


def kept(b, mask, x, axes=(0, 1)):
    return b.select(b.broadcast(mask, shape=x.shape, axes=axes), x, b.full(0, x))


def turned(b, mask):
    return b.transpose(mask, permutation=(1, 0))


def of_one_order(b, m, x, **_):
    return b.contract(kept(b, m, b.exp(x)), kept(b, m, x), spec="ntk,ntl->kl")


def of_two_orders(b, m, x, y, **_):
    return b.contract(kept(b, m, x), kept(b, turned(b, m), y), spec="ntk,tnl->kl")


def of_the_other_order(b, m, y, **_):
    return b.contract(kept(b, turned(b, m), y), kept(b, turned(b, m), y), spec="tnk,tnl->lk")


def of_whole_rows(b, k, x, **_):
    """The mask is of one axis; a row has two."""
    return b.contract(kept(b, k, x, (0,)), kept(b, k, x, (0,)), spec="ntk,nsk->ts")


def sum_of_rows(b, m, x, **_):
    return b.reduce_sum(kept(b, m, x), axes=(0, 1))


def sum_of_all(b, m, x, **_):
    return b.reduce_sum(kept(b, m, x), axes=(0, 1, 2))


def added_at_indices(b, m, x, i, **_):
    return b.scatter_add(i, kept(b, m, x), axis=0, shape=(5, 3))


def computed_of_rows(b, m, x, y, w, v, i, e, **_):
    """A product, a sum, a repeated vector and rows of a table, all for this sum alone."""
    product = b.contract(y, w, spec="tnk,lk->ntl")
    row = b.add(b.mul(product, b.broadcast(v, shape=x.shape, axes=(2,))), b.gather(e, i, axis=0))
    return b.scatter_add(i, kept(b, m, row), axis=0, shape=(5, 3))


PACKED = {of_one_order: 1, of_two_orders: 2, of_the_other_order: 1, of_whole_rows: 1, sum_of_rows: 1,
          sum_of_all: 1, added_at_indices: 2, computed_of_rows: 3}  # how many arrays are gathered


def inputs_of(lengths, longest, fill=np.nan):
    random, count = np.random.default_rng(len(lengths)), len(lengths)
    mask = np.arange(longest) < np.array(lengths, np.int64)[:, None]
    x, y = random.normal(size=(count, longest, 3)), random.normal(size=(longest, count, 2))
    x[~mask], y[~mask.T] = fill, fill
    return {"m": mask, "x": x, "y": y, "w": random.normal(size=(3, 2)), "v": random.normal(size=3),
            "i": random.integers(0, 5, (count, longest)), "k": np.arange(count) % 2 == 0,
            "e": random.normal(size=(5, 3))}


@pytest.mark.parametrize("make", PACKED, ids=lambda make: make.__name__)
@pytest.mark.parametrize("lengths, longest", [([3, 0, 2], 3), ([1], 4), ([0, 0], 2), ([], 3), ([0], 0)])
def test_packed_sums_are_equal(make, lengths, longest, run_onnx, assert_same):
    """Whatever the padding holds, also where no row counts."""
    function = build(make)
    packed = verify(pack_sums(function))
    inputs = inputs_of(lengths, longest, 0.5 if make is of_whole_rows else np.nan)
    expected = run(function, inputs)
    assert_same(run(packed, inputs), expected, rtol=1e-12)
    for found in run_onnx(compile_to_onnx(function), inputs), run(optimise(function), inputs):
        assert_same(found, expected, rtol=1e-12)


@pytest.mark.parametrize("make", PACKED, ids=lambda make: make.__name__)
def test_rows_are_gathered_and_nothing_is_masked(make):
    names = [operation.name for operation in optimise(build(make)).body.operations]
    assert "select" not in names and names.count("gather") == PACKED[make] and "true_indices" in names


def test_nothing_is_computed_twice():
    """What is wanted in full too is computed in full, and its rows are gathered."""
    def make(b, m, x, v, **_):
        rows = kept(b, m, b.contract(x, v, spec="ntk,l->ntkl"))
        return b.add(b.reduce_sum(rows, axes=(0, 1, 2)), b.reduce_max(rows, axes=(0, 1, 2)))

    names = [operation.name for operation in optimise(build(make)).body.operations]
    assert names.count("contract") == names.count("gather") == 1


@pytest.mark.parametrize("make", [
    lambda b, m, x, y, **_: b.contract(kept(b, m, x), y, spec="ntk,tnl->kl"),  # y may hold NaN
    lambda b, m, x, k, **_: b.contract(kept(b, m, x), kept(b, k, x, (0,)), spec="ntk,ntl->kl"),
    lambda b, m, x, **_: b.contract(kept(b, m, x), kept(b, m, x), spec="ntk,ntl->nkl"),
    lambda b, m, x, **_: b.reduce_sum(kept(b, m, x), axes=(1, 2)),
    lambda b, m, x, **_: b.reduce_sum(b.select(b.broadcast(m, shape=x.shape, axes=(0, 1)), x, b.full(1, x)),
                                      axes=(0, 1)),
])
def test_what_stays_as_it_is(make):
    function = build(make)
    assert pack_sums(function) is function
