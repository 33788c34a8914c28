"""Derivatives of maps, batched: values, and that the cotangents of weights are products over all lanes at
once, outside of every loop."""

import numpy as np
import pytest
from regions import function_of, region
from weber.compiler.interpreter import run
from weber.compiler.ops.batching import conditionals
from weber.compiler.passes.reverse import value_and_gradient
from weber.compiler.pipeline import compile_to_onnx, optimise
from weber.compiler.types import F64, I64, TensorType, symbol
from weber.compiler.verify import verify

N, T, TM, K = map(symbol, ("N", "T", "T.max", "K"))
INDEX = TensorType(I64)
D, H = 3, 2
LANE, BATCH, LENGTHS = TensorType(F64, (T, D)), TensorType(F64, (N, TM, D)), TensorType(I64, (N,))
STATE, INPUT = TensorType(F64, (H,)), TensorType(F64, (D,))
WEIGHTS = {"wx": TensorType(F64, (H, D)), "wh": TensorType(F64, (H, H)), "b": TensorType(F64, (H,))}


def zeros(b):
    return b.constant(np.zeros(H))


def cell(b, h, x, wx, wh, bias):
    return b.tanh(b.add(b.add(b.contract(x, wx, spec="d,hd->h"), b.contract(h, wh, spec="h,gh->g")), bias))


def square(b, h):
    return b.reduce_sum(b.mul(h, h), axes=(0,))


def recurrent(b, x, weights):
    step = region([INDEX, STATE, INPUT], lambda b, index, h, row: [cell(b, h, row, *weights)])
    return square(b, b.loop(zeros(b), x, regions=[step], carried=1, trips=T))


def recurrent_backwards_with_history(b, x, weights):
    step = region([INDEX, STATE, INPUT], lambda b, index, h, row: [cell(b, h, row, *weights)] * 2)
    last, history = b.loop(zeros(b), x, regions=[step], carried=1, trips=T, reverse=True)
    return b.add(square(b, last), b.reduce_sum(history, axes=(0, 1)))


def until_large(b, x, weights):
    """A step on the mean row for as long as the state is small, up to four times."""
    wx, wh, bias = weights
    size = b.max(b.dim_value(dim=T), b.constant(np.int64(1)))
    mean = b.reduce_sum(x, axes=(0,))
    mean = b.div(mean, b.broadcast(b.convert(size, element=F64), shape=(D,), axes=()))

    def step(b, index, h):
        h = cell(b, h, mean, wx, wh, bias)
        going = b.emit("and", (b.lt(square(b, h), b.constant(np.float64(0.6))),
                               b.lt(index, b.constant(np.int64(3)))))
        return [going, h]

    last = b.loop(b.constant(np.bool_(True)), zeros(b), regions=[region([INDEX, STATE], step)], carried=1,
                  trips=K, conditional=True)
    return square(b, last)


def one_of_two(b, x, weights):
    """Long examples go through the network, short ones through a part of it."""
    wx, wh, bias = weights
    long = b.gt(b.dim_value(dim=T), b.constant(np.int64(2)))
    return b.emit("if", [long], {}, [
        region([], lambda b: recurrent(b, x, weights)),
        region([], lambda b: square(b, b.contract(b.reduce_sum(x, axes=(0,)), wx, spec="d,hd->h")))])


def attention(b, x, weights):
    wx, wh, bias = weights
    keys = b.contract(x, wx, spec="td,hd->th")
    scores = b.contract(b.contract(keys, wh, spec="th,gh->tg"), keys, spec="tg,sg->ts")
    mixed = b.contract(b.softmax(scores, axis=1), keys, spec="ts,sh->th")
    return b.reduce_sum(b.mul(mixed, b.broadcast(bias, shape=(T, H), axes=(1,))), axes=(0, 1))


MODELS = [recurrent, recurrent_backwards_with_history, until_large, one_of_two, attention]


def loss_of(model):
    def make(b, n, x, *weights):
        losses = b.map(n, x, regions=[region([LANE], lambda b, x: model(b, x, weights))], ragged=("T",),
                       bounds=(TM,))
        return b.reduce_sum(losses, axes=(0,))

    return function_of({"n": LENGTHS, "x": BATCH, **WEIGHTS}, make)


def inputs_of(tools, lengths):
    rng = np.random.default_rng(1)
    lanes = [rng.normal(size=(length, D)) for length in lengths]
    weights = {name: rng.normal(size=type.shape) for name, type in WEIGHTS.items()}
    return {"n": np.array(lengths, np.int64), "x": tools.padded(lanes, (max(lengths, default=0) + 1, D), F64),
            **weights}


@pytest.mark.parametrize("lengths", [[3, 5, 0, 2], [4], [0], []])
@pytest.mark.parametrize("model", MODELS)
def test_gradient_of_a_batch(model, lengths, tools, run_onnx):
    """Batched and not, optimised, on the runtime; the sum of what single examples give."""
    function = value_and_gradient(loss_of(model), ["wx", "wh", "b"])
    inputs = inputs_of(tools, lengths)
    expected = run(function, inputs)
    results = [run(tools.batched(function), inputs), run(verify(optimise(function)), inputs)]
    compiled = compile_to_onnx(function)
    results += [run_onnx(compiled, inputs, optimised) for optimised in (False, True)]
    single = [run(function, {**inputs, "n": inputs["n"][[k]], "x": inputs["x"][[k]]})
              for k in range(len(lengths))]
    if single:
        results.append([sum(column) for column in zip(*single)])
    for result in results:
        for one, other in zip(result, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("lengths", [[3, 5, 0, 2], [5], [1, 2], [0], []])
def test_expensive_arms_run_for_the_lanes_that_take_them(lengths, tools, monkeypatch, all_ways):
    """Forward and backward, with lanes that take one arm, the other, or both."""
    monkeypatch.setattr(conditionals, "LARGE_FACTOR", 1)
    function = value_and_gradient(loss_of(one_of_two), ["wx", "wh", "b"])
    assert tools.count_ops(tools.batched(function).body, "true_indices") == 4
    expected, *others = all_ways(function, inputs_of(tools, lengths))
    for result in others:
        for one, other in zip(result, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_lanes_of_inner_maps_are_not_moved_together(tools, monkeypatch, all_ways):
    """How many take an arm would differ from lane to lane of the outer map, whose own lanes are moved."""
    monkeypatch.setattr(conditionals, "LARGE_FACTOR", 1)

    def make(b, n, x, w):
        def inner(b, row):
            flag = b.gt(b.reduce_sum(row, axes=(0,)), b.constant(np.float64(0)))
            return b.emit("if", [flag], {}, [region([], lambda b: b.contract(row, w, spec="d,hd->h")),
                                             region([], lambda b: zeros(b))])

        return b.map(n, x, ragged=("T",), bounds=(TM,), regions=[
            region([LANE], lambda b, x: b.map(x, regions=[region([INPUT], inner)]))])

    function = function_of({"n": LENGTHS, "x": BATCH, "w": WEIGHTS["wx"]}, make)
    assert tools.count_ops(tools.batched(function).body, "true_indices") == 1
    inputs = inputs_of(tools, [3, 0, 1])
    x, w = inputs["x"], inputs["wx"]
    for (result,) in all_ways(function, {"n": inputs["n"], "x": x, "w": w}):
        for row, lane, size in zip(result, x, inputs["n"]):
            products = lane[:size] @ w.T * (lane[:size].sum(1, keepdims=True) > 0)
            np.testing.assert_allclose(row[:size], products, rtol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_gradient_against_differences(model, tools):
    function = optimise(value_and_gradient(loss_of(model), ["wx", "wh", "b"]))
    inputs, rng = inputs_of(tools, [3, 5, 0, 2]), np.random.default_rng(2)
    directions = {name: rng.normal(size=type.shape) for name, type in WEIGHTS.items()}

    def at(step):
        moved = {name: inputs[name] + step * direction for name, direction in directions.items()}
        return run(function, {**inputs, **moved})[0]

    _, *gradients = run(function, inputs)
    slope = sum(np.sum(gradient * d) for gradient, d in zip(gradients, directions.values()))
    assert slope == pytest.approx((at(1e-5) - at(-1e-5)) / 2e-5, rel=1e-7)


def contractions(block, depth=0):
    """(result shape, how many loops are around) of the contractions of a block and its regions."""
    for operation in block.operations:
        if operation.name in ("contract", "gemm"):
            yield operation.result.shape, operation.operands, depth
        for inner in operation.regions:
            yield from contractions(inner, depth + (operation.name == "loop"))


@pytest.mark.parametrize("model", [recurrent, recurrent_backwards_with_history])
def test_weight_cotangents_are_one_product_outside_of_all_loops(model):
    """Of the shape of the weights nothing is made for each lane, nor for each step; the product is over the
    steps of all lanes."""
    function = optimise(value_and_gradient(loss_of(model), ["wx", "wh", "b"]))
    (steps,), = (operation.result.shape for operation in function.body.operations
                 if operation.name == "true_indices")
    for shape in ((H, D), (H, H)):
        found = [(operands, depth) for one, operands, depth in contractions(function.body)
                 if one in (shape, shape[::-1])]
        ((operands, depth),) = found
        assert depth == 0
        assert all(steps in value.shape for value in operands)


def values(block):
    for operation in block.operations:
        yield from operation.results
        for inner in operation.regions:
            yield from values(inner)


@pytest.mark.parametrize("model", MODELS)
def test_no_lane_has_weight_cotangents_of_its_own(model):
    function = optimise(value_and_gradient(loss_of(model), ["wx", "wh", "b"]))
    assert not [value for value in values(function.body) if value.rank == 3 and N in value.shape
                and set(value.shape) <= {N, H, D}]


@pytest.mark.parametrize("lengths", [[3, 5, 1, 2], [1], []])
def test_sums_of_what_each_lane_picks(lengths, tools, all_ways):
    """The last row of each example, and a vector put behind as many zeros as it has rows: linear, but not the
    same for all lanes."""

    def make(b, n, x, w):
        def body(b, x):
            last = b.slice(x, starts=(T - 1, 0), stops=(T, D), steps=(1, 1))
            first = b.slice(x, starts=(0, 0), stops=(1, D), steps=(1, 1))
            moved = b.pad(b.mul(w, b.reshape(first, shape=(D,))), low=(T,), high=(9 - T,), value=0)
            return [b.neg(last), b.add(moved, moved), first]

        return [b.reduce_sum(result, axes=(0,)) for result in b.map(
            n, x, regions=[region([LANE], body)], ragged=("T",), bounds=(TM,))]

    function = function_of({"n": LENGTHS, "x": BATCH, "w": INPUT}, make)
    inputs, w = inputs_of(tools, lengths), np.arange(1.0, D + 1)
    lanes = [lane[:size] for lane, size in zip(inputs["x"], lengths)]
    last, moved, first = np.zeros((1, D)), np.zeros(9 + D), np.zeros((1, D))
    for lane in lanes:
        last -= lane[-1:]
        moved[len(lane):len(lane) + D] += 2 * w * lane[0]
        first += lane[:1]
    for result in all_ways(function, {"n": inputs["n"], "x": inputs["x"], "w": w}):
        for one, other in zip(result, (last, moved, first), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def test_gradient_in_a_lane(tools, all_ways):
    """Per-example gradients: a map of a gradient; their sum is the gradient of the sum."""
    weights = list(WEIGHTS.values())
    whole = value_and_gradient(function_of({"x": LANE, **WEIGHTS},
                                           lambda b, x, *weights: recurrent(b, x, weights)), ["wx"])

    def make(b, n, x, *weights):
        from weber.compiler.ir import inline

        def body(b, x):
            return inline(b, whole.body, [x, *weights])

        return b.map(n, x, regions=[region([LANE], body)], ragged=("T",), bounds=(TM,))

    assert len(weights) == 3
    function, inputs = function_of({"n": LENGTHS, "x": BATCH, **WEIGHTS}, make), inputs_of(tools, [3, 0, 2])
    expected = run(value_and_gradient(loss_of(recurrent), ["wx"]), inputs)
    for losses, gradients in all_ways(function, inputs):
        np.testing.assert_allclose(losses.sum(), expected[0], rtol=1e-10)
        np.testing.assert_allclose(gradients.sum(0), expected[1], rtol=1e-10)
