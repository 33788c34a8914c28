"""Reverse mode on straight-line code: what is walked, what is accumulated, what is refused."""

import numpy as np
import pytest
from weber.compiler import interpreter, ir
from weber.compiler.errors import Location, WeberError
from weber.compiler.ops import OPS
from weber.compiler.ops.record import Op
from weber.compiler.passes.reverse import pullback, value_and_gradient
from weber.compiler.types import F32, F64, I64, TensorType, symbol

N = symbol("N")


def value(*shape, element=F64, name=""):
    return ir.Value(TensorType(element, shape), name=name)


def function(build, **types):
    """A function of the named arguments whose result is what `build(b, *arguments)` gives."""
    arguments = [ir.Value(type, name=name) for name, type in types.items()]
    builder = ir.Builder(ir.Block(arguments))
    builder.block.results = [build(builder, *arguments)]
    return ir.Function("f", builder.block, list(types), ["loss"])


def vector(*shape, element=F64):
    return TensorType(element, shape)


def total(b, x):
    return b.reduce_sum(x, axes=tuple(range(x.rank)))


def test_a_value_used_twice_gets_the_sum():
    f = value_and_gradient(function(lambda b, x: total(b, b.mul(b.add(x, x), x)), x=vector(3)))
    x = np.array([1.0, -2.0, 0.5])
    loss, gradient = interpreter.run(f, {"x": x})
    assert loss == np.sum(2 * x * x)
    np.testing.assert_allclose(gradient, 4 * x)
    assert f.result_names == ["loss", "gradient.x"]


def test_integers_and_bools_carry_no_cotangent():
    def build(b, x, k):
        picked = b.gather(x, k, axis=0)
        return total(b, b.select(b.gt(picked, b.full(0, picked)), b.convert(k, element=F64), picked))

    f = value_and_gradient(function(build, x=vector(4), k=TensorType(I64, (3,))))
    _, gradient = interpreter.run(f, {"x": np.array([1.0, -1.0, -2.0, 3.0]), "k": np.array([1, 1, 3])})
    np.testing.assert_array_equal(gradient, [0, 2, 0, 0])
    assert f.result_names == ["loss", "gradient.x"]


def test_what_does_not_matter_is_not_walked():
    b = ir.Builder()
    x, y = value(3, name="x"), value(3, name="y")
    used, unused = b.exp(x), b.tanh(x)
    other = b.sin(y)
    result = b.add(used, b.stop_gradient(other))
    b.mul(unused, unused)
    operations = list(b.block.operations)
    seed = b.full(1, result)
    start = len(b.block.operations)
    for_x, for_y = pullback(b, operations, [(result, seed)], [x, y])
    assert for_y is None and for_x is not None
    assert [operation.name for operation in b.block.operations[start:]] == ["mul"]


def test_cotangents_may_be_given_for_any_values_several_times():
    b = ir.Builder()
    x = value(3, name="x")
    y, z = b.neg(x), b.exp(x)
    operations = list(b.block.operations)
    one, none = value(3, name="one"), None
    (cotangent,) = pullback(b, operations, [(y, one), (z, none), (y, one), (x, one)], [x])
    b.block.arguments, b.block.results = [x, one], [cotangent]
    f = ir.Function("f", b.block, ["x", "one"], ["c"])
    np.testing.assert_array_equal(interpreter.run(f, [np.ones(3), np.ones(3)])[0], -np.ones(3))


def test_an_intermediate_value_can_be_differentiated_by():
    b = ir.Builder()
    x = value(3, name="x")
    y = b.exp(x)
    z = b.mul(y, y)
    operations = list(b.block.operations)
    for_y, for_x = pullback(b, operations, {z: b.full(1, z)}, [y, x])
    b.block.arguments, b.block.results = [x], [for_y, for_x]
    found = interpreter.run(ir.Function("f", b.block, ["x"], ["y", "x"]), [np.zeros(3)])
    np.testing.assert_array_equal(found, [[2] * 3, [2] * 3])


def test_derivatives_have_the_location_of_what_they_derive():
    b = ir.Builder()
    x = value(3, name="x")
    b.location = Location("model.jl", 4, 2)
    y = b.tanh(x)
    b.location = Location("model.jl", 9, 1)
    seed, operations = b.full(1, y), list(b.block.operations)[:1]
    start = len(b.block.operations)
    pullback(b, operations, [(y, seed)], [x])
    assert {operation.location for operation in b.block.operations[start:]} == {Location("model.jl", 4, 2)}
    assert b.location == Location("model.jl", 9, 1)


def without_derivative(monkeypatch, name):
    op = OPS[name]
    monkeypatch.setitem(OPS, name, Op(op.name, op.infer, op.evaluate, None, op.lower))


def test_a_missing_rule_is_an_error_that_names_op_transform_and_place(monkeypatch):
    without_derivative(monkeypatch, "tanh")
    b = ir.Builder(location=Location("model.jl", 4, 2))
    x = value(3, name="x")
    y = b.tanh(x)
    operations = list(b.block.operations)
    with pytest.raises(WeberError,
                       match=r"model.jl:4:2: error: the op tanh has no derivative in reverse mode"):
        pullback(b, operations, [(y, b.full(1, y))], [x])
    assert pullback(b, operations, [(y, b.full(1, y))], [value(3)]) == [None]


def test_a_gradient_is_of_a_float_scalar():
    with pytest.raises(WeberError, match="float scalar, not of tensor<3xf64>"):
        value_and_gradient(function(lambda b, x: b.exp(x), x=vector(3)))


def test_arguments_without_influence_have_zero_gradients():
    f = value_and_gradient(function(lambda b, x, y: total(b, x), x=vector(3), y=vector(2)), ["y"])
    assert f.result_names == ["loss", "gradient.y"]
    np.testing.assert_array_equal(interpreter.run(f, {"x": np.ones(3), "y": np.ones(2)})[1], np.zeros(2))


def test_conversions_bring_cotangents_back_to_their_element_type():
    f = value_and_gradient(function(lambda b, x: total(b, b.exp(b.convert(x, element=F64))),
                                    x=vector(3, element=F32)))
    _, gradient = interpreter.run(f, {"x": np.zeros(3, np.float32)})
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, np.ones(3))


@pytest.mark.parametrize("op, expected", [("max", ([0, 1, 0], [1, 0, 1])), ("min", ([1, 0, 1], [0, 1, 0]))])
def test_equal_operands_of_extrema(op, expected):
    f = value_and_gradient(function(lambda b, x, y: total(b, b.emit(op, (x, y))), x=vector(3), y=vector(3)))
    _, for_x, for_y = interpreter.run(f, {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([1.0, 1.0, 4.0])})
    np.testing.assert_array_equal([for_x, for_y], expected)


def test_the_extremum_of_a_reduction_is_its_first_place():
    f = value_and_gradient(function(lambda b, x: total(b, b.reduce_max(x, axes=(0, 2))), x=vector(2, 2, 2)))
    x = np.array([[[1.0, 3.0], [2.0, 2.0]], [[3.0, 3.0], [2.0, 1.0]]])
    _, gradient = interpreter.run(f, {"x": x})
    np.testing.assert_array_equal(gradient, [[[0, 1], [1, 0]], [[0, 0], [0, 0]]])


def test_powers_at_zero():
    f = value_and_gradient(function(lambda b, x, p: total(b, b.pow(x, p)), x=vector(4), p=vector(4)))
    _, for_x, for_p = interpreter.run(f, {"x": np.zeros(4), "p": np.array([0.0, 1.0, 2.0, 0.5])})
    np.testing.assert_array_equal(for_x, [0, 1, 0, np.inf])
    np.testing.assert_array_equal(for_p[1:], [0, 0, 0])


def test_products_with_zeros():
    f = value_and_gradient(function(lambda b, x: b.reduce_prod(x, axes=(0,)), x=vector(4)))
    for x, expected in (([2.0, 0, 3, 4], [0, 24, 0, 0]), ([0.0, 0, 3, 4], [0, 0, 0, 0]),
                        ([2.0, 1, 3, 4], [12, 24, 8, 6])):
        np.testing.assert_array_equal(interpreter.run(f, {"x": np.array(x)})[1], expected)


def two_layers(b, x, y, w, c, v):
    hidden = b.contract(x, w, spec="nk,hk->nh")
    hidden = b.tanh(b.add(hidden, b.broadcast(c, shape=hidden.shape, axes=(1,))))
    logits = b.log_softmax(b.contract(hidden, v, spec="nh,oh->no"), axis=1)
    return b.neg(total(b, b.mul(logits, y)))


TWO_LAYERS = dict(x=vector(N, 5), y=vector(N, 3), w=vector(4, 5), c=vector(4), v=vector(3, 4))


def draw(types, n, seed=0):
    random = np.random.default_rng(seed)
    return {name: random.normal(size=[n if dim is N else dim for dim in type.shape])
            for name, type in types.items()}


@pytest.mark.parametrize("n", [1, 7, 0])
def test_the_gradient_of_a_network_against_central_differences(n):
    plain = function(two_layers, **TWO_LAYERS)
    f = value_and_gradient(plain, ["w", "c", "v"])
    inputs = draw(TWO_LAYERS, n)
    loss, *gradients = interpreter.run(f, inputs)
    assert loss == interpreter.run(plain, inputs)[0]
    for name, gradient in zip(("w", "c", "v"), gradients):
        for place in np.ndindex(gradient.shape):
            values = []
            for step in (1e-6, -1e-6):
                moved = {**inputs, name: inputs[name].copy()}
                moved[name][place] += step
                values.append(interpreter.run(plain, moved)[0])
            assert gradient[place] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-7)


def test_gradients_of_gradients():
    """The gradient of the squared norm of a gradient, against central differences."""
    first = value_and_gradient(function(two_layers, **TWO_LAYERS), ["w"])

    def norm(b, *arguments):
        _, gradient = ir.inline(b, first.body, arguments)
        return total(b, b.mul(gradient, gradient))

    plain = function(norm, **TWO_LAYERS)
    second = value_and_gradient(plain, ["c"])
    inputs = draw(TWO_LAYERS, 3)
    _, gradient = interpreter.run(second, inputs)
    for place in range(4):
        values = []
        for step in (1e-5, -1e-5):
            moved = {**inputs, "c": inputs["c"].copy()}
            moved["c"][place] += step
            values.append(interpreter.run(plain, moved)[0])
        assert gradient[place] == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6, abs=1e-7)


def test_the_gradient_runs_in_onnxruntime(run_onnx):
    from weber.compiler.onnx_export import export

    types = {name: TensorType(F32, type.shape) for name, type in TWO_LAYERS.items()}
    f = value_and_gradient(function(two_layers, **types))
    for n in (1, 7):
        inputs = {name: array.astype(np.float32) for name, array in draw(types, n).items()}
        for optimised in (False, True):
            for actual, expected in zip(run_onnx(export(f), inputs, optimised), interpreter.run(f, inputs)):
                np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
