"""What derivatives of loops cost: the size of the graph, what is in the loops, memory."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from weber.compiler import ir
from weber.compiler.interpreter import Context, run, run_block
from weber.compiler.passes.loops.restructure import restructure_loops
from weber.compiler.passes.reverse import value_and_gradient
from weber.compiler.passes.simplify import simplify
from weber.compiler.pipeline import compile_to_onnx, optimise
from weber.compiler.types import F32, F64, I64, TensorType, symbol
from weber.compiler.verify import verify

N, T = symbol("N"), symbol("T")
INDEX = TensorType(I64)
H, D = 4, 3


def sum_of(b, x):
    return b.reduce_sum(x, axes=tuple(range(x.rank)))


def lstm(derivatives):
    state = TensorType(F64, (N, H))
    types = {"x": TensorType(F64, (T, N, D)), "h": state, "w": TensorType(F64, (4 * H, D)),
             "u": TensorType(F64, (4 * H, H)), "c": TensorType(F64, (4 * H,))}

    def make(b, x, h, w, u, c):
        def step(b, index, h, s, row):
            z = b.add(b.contract(row, w, spec="ni,hi->nh"), b.contract(h, u, spec="nk,hk->nh"))
            z = b.add(z, b.broadcast(c, shape=z.shape, axes=(1,)))
            i, f, g, o = (b.slice(z, starts=(0, k * H), stops=(N, (k + 1) * H), steps=(1, 1))
                          for k in range(4))
            s = b.add(b.mul(b.sigmoid(f), s), b.mul(b.sigmoid(i), b.tanh(g)))
            h = b.mul(b.sigmoid(o), b.tanh(s))
            return [h, s, h]

        _, _, states = b.loop(h, h, x, carried=2, trips=T, regions=[derivatives.region(
            [INDEX, state, state, TensorType(F64, (N, D))], step)])
        return sum_of(b, b.mul(states, states))

    return derivatives.function_of(types, make)


def loops_in(block):
    return [operation for operation in block.operations if operation.name == "loop"]


def test_the_gradient_of_an_lstm_has_one_product_in_each_loop(derivatives, run_onnx):
    """Cotangents of weights are contractions over all steps, outside; inputs are projected outside."""
    gradient = value_and_gradient(lstm(derivatives), ["w", "u", "c"])
    optimised = verify(optimise(gradient))
    forward, backward = loops_in(optimised.body)
    for loop in (forward, backward):
        inside = [operation.name for operation in loop.regions[0].operations]
        assert sum(name in ("gemm", "contract") for name in inside) == 1
        assert "pad" not in inside and loop.attributes["carried"] == 2
    specs = [operation.attributes["spec"] for operation in optimised.body.operations
             if operation.name == "contract"]
    assert specs == ["ani,hi->anh", "ani,anh->hi", "ank,anh->hk"]
    random = np.random.default_rng(0)
    inputs = {name: random.normal(size=[{"T": 5, "N": 2}.get(str(dim), dim) for dim in value.shape])
              for name, value in zip(gradient.argument_names, gradient.body.arguments)}
    results = run_onnx(compile_to_onnx(gradient), inputs)
    for found, expected in zip(results, run(gradient, inputs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def sines(derivatives, trips, size=1, **attributes):
    row = TensorType(F64, (size,))

    def make(b, x):
        step = lambda b, index, h: [b.sin(b.add(b.mul(h, b.full(0.9, h)), x))]  # noqa: E731
        return sum_of(b, b.loop(x, carried=1, trips=trips, regions=[derivatives.region([INDEX, row], step)],
                                **attributes))

    return derivatives.function_of({"x": row}, make)


def operations_in(block):
    return sum(1 + sum(map(operations_in, operation.regions)) for operation in block.operations)


def test_of_a_memory_the_rows_that_are_read_are_kept(derivatives, run_onnx):
    """A loop that reads and writes rows of what it carries does not stack it."""
    memory = TensorType(F64, (7, D))
    types = {"m": memory, "w": TensorType(F64, (D, D)), "i": TensorType(I64, (T,))}

    def make(b, m, w, i):
        def step(b, index, m, place):
            row = b.tanh(b.contract(w, b.gather(m, place, axis=0), spec="hk,k->h"))
            zero, own = b.constant(np.int64(0)), b.mod(index, b.constant(np.int64(7)))
            return [b.dynamic_update_slice(m, b.reshape(row, shape=(1, D)), own, zero)]

        return sum_of(b, b.loop(m, i, carried=1, trips=T, regions=[derivatives.region(
            [INDEX, memory, INDEX], step)]))

    gradient = value_and_gradient(derivatives.function_of(types, make), ["m", "w"])
    optimised = verify(optimise(gradient))
    for loop in loops_in(optimised.body):
        assert all(value.rank < 3 for value in (*loop.operands, *loop.results))
    random = np.random.default_rng(0)
    inputs = {"m": random.normal(size=(7, D)), "w": random.normal(size=(D, D)),
              "i": random.integers(0, 7, 10)}
    for expected, actual in zip(run(gradient, inputs), run_onnx(compile_to_onnx(gradient), inputs)):
        np.testing.assert_allclose(actual, expected, rtol=1e-10)


def test_the_graph_does_not_grow_with_the_trips(derivatives):
    sizes = {operations_in(optimise(value_and_gradient(sines(derivatives, trips))).body)
             for trips in (3, 50, 1000)}
    assert len(sizes) == 1 and sizes.pop() < 25


@pytest.mark.parametrize("how", ["if", "checkpoint", "loop"])
def test_long_regions(derivatives, how):
    """Some hundred operations, one after the other, in a region, and as many uses of a value."""
    def chain(b, x, y):
        for _ in range(400):
            y = b.sin(b.mul(y, x))
        return y

    def make(b, x):
        s = sum_of(b, x)
        if how == "if":
            arms = [derivatives.region([], lambda b: [chain(b, x, x)]), derivatives.region([], lambda b: [x])]
            return b.emit("if", [b.gt(s, b.full(0, s))], {}, arms)
        step = derivatives.region([INDEX, x.type], lambda b, index, h: [chain(b, x, h)])
        return b.loop(x, carried=1, trips=2, regions=[step], checkpoint=how == "checkpoint")

    function = derivatives.function_of({"x": TensorType(F64, (2,))}, make)
    derivatives.check(function, [np.array([0.8, 1.2])])
    verify(optimise(derivatives.cotangent_function(function)))


def test_second_derivatives_stay_small(derivatives):
    """Simplified between the two, the gradient of a gradient has a few times the operations."""
    first = optimise(value_and_gradient(sines(derivatives, 10)))
    again = simplify(value_and_gradient(sines(derivatives, 10)))
    block = ir.Block([ir.Value(value.type, name=value.name) for value in again.body.arguments])
    b = ir.Builder(block)
    _, gradient = ir.inline(b, again.body, block.arguments)
    block.results = [sum_of(b, b.mul(gradient, gradient))]
    second = optimise(value_and_gradient(ir.Function("g", block, ["x"], ["y"])))
    assert operations_in(second.body) < 5 * operations_in(first.body)


def largest_array(function, x):
    context = Context()
    run_block(function.body, [x], context)
    return max(array.size for array in context.values.values())


def test_checkpoints_keep_the_square_root(derivatives):
    x, expected = np.linspace(0, 1, 10), []
    for trips in (100, 400, 1600):
        plain = value_and_gradient(sines(derivatives, trips, 10))
        checkpointed = optimise(value_and_gradient(sines(derivatives, trips, 10, checkpoint=True)))
        assert largest_array(checkpointed, x) == 10 * trips**0.5
        assert largest_array(plain, x) == 10 * trips
        expected.append(run(plain, [x]))
        np.testing.assert_allclose(run(checkpointed, [x])[1], expected[-1][1], rtol=1e-12)


# --- random programs ----------------------------------------------------------------------------------------

def sum_of_all(function):
    """The sum of all float results of a function, as a function."""
    block = ir.Block([ir.Value(value.type, name=value.name) for value in function.body.arguments])
    b = ir.Builder(block)
    results = [value for value in ir.inline(b, function.body, block.arguments) if value.element is F64]
    total = b.constant(np.float64(0))
    for value in results:
        total = b.add(total, sum_of(b, value))
    block.results = [total]
    return ir.Function("f", block, list(function.argument_names), ["total"])


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), seed=st.integers(0, 1000), rows=st.sampled_from([1, 2, 5]))
def test_gradients_of_random_programs(programs, inputs_of, stays_finite, derivatives, run_onnx, data, seed,
                                      rows):
    """Reverse against forward mode, however the gradient is rewritten, and on onnxruntime."""
    function = data.draw(programs(F64))
    inputs = inputs_of(function, rows, seed)
    assume(stays_finite(function, inputs))
    total = verify(sum_of_all(function))
    gradient = verify(value_and_gradient(total))
    assume(stays_finite(gradient, inputs))
    value, *found = run(gradient, inputs)
    random = np.random.default_rng(seed)
    floats = [inputs[value] for value in total.argument_names if inputs[value].dtype == np.float64]
    directions = [random.normal(size=array.shape) for array in floats]
    (tangent,) = run(derivatives.tangent_function(total), [*inputs.values(), *directions])
    scale = 1 + sum(float(np.abs(one).sum()) for one in found)
    inner = sum(float(np.sum(one * other)) for one, other in zip(found, directions))
    assert abs(inner - tangent) <= 1e-9 * scale
    for changed in (simplify(gradient), restructure_loops(gradient)):
        for one, other in zip(run(verify(changed), inputs), [value, *found]):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8 * scale)
    for one, other in zip(run_onnx(compile_to_onnx(gradient), inputs), [value, *found]):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8 * scale)


@pytest.mark.parametrize("trips", [0, 1, 7])
def test_float32_loops_run(derivatives, run_onnx, trips):
    row = TensorType(F32, (3,))

    def make(b, x):
        step = lambda b, index, h: [b.tanh(b.mul(h, x)), h]  # noqa: E731
        _, stack = b.loop(x, carried=1, trips=trips, regions=[derivatives.region([INDEX, row], step)])
        return sum_of(b, stack)

    gradient = value_and_gradient(derivatives.function_of({"x": row}, make))
    inputs = {"x": np.float32([0.5, -1, 2])}
    for one, other in zip(run_onnx(compile_to_onnx(gradient), inputs), run(gradient, inputs)):
        np.testing.assert_allclose(one, other, rtol=1e-5)
