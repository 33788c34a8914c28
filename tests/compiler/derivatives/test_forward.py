"""Forward mode on straight-line code, alone and inside of reverse mode."""

import numpy as np
import pytest
from weber.compiler import interpreter, ir
from weber.compiler.errors import Location, WeberError
from weber.compiler.ops import OPS
from weber.compiler.ops.record import Op, Rule
from weber.compiler.passes.forward import pushforward
from weber.compiler.passes.reverse import pullback
from weber.compiler.types import F64, I64, TensorType


def value(*shape, element=F64, name=""):
    return ir.Value(TensorType(element, shape), name=name)


def test_only_what_depends_on_the_inputs_has_a_tangent():
    b = ir.Builder()
    x, y, direction = value(3, name="x"), value(3, name="y"), value(3, name="t")
    along, beside = b.exp(x), b.exp(y)
    flat = b.floor(along)
    index = b.convert(along, element=I64)
    total = b.add(along, beside)
    tangents = pushforward(b, list(b.block.operations), {x: direction})
    assert tangents[x] is direction
    assert along in tangents and total in tangents
    assert not {beside, flat, index} & tangents.keys()
    b.block.arguments, b.block.results = [x, y, direction], [tangents[total]]
    f = ir.Function("f", b.block, ["x", "y", "t"], ["tangent"])
    np.testing.assert_array_equal(interpreter.run(f, [np.zeros(3), np.ones(3), np.arange(3.0)])[0],
                                  np.arange(3.0))


def test_a_multilinear_op_has_a_term_for_each_operand():
    b = ir.Builder()
    x, y = value(2, 3, name="x"), value(4, 3, name="y")
    tx, ty = value(2, 3, name="tx"), value(4, 3, name="ty")
    product = b.contract(x, y, spec="nk,hk->nh")
    tangents = pushforward(b, list(b.block.operations), {x: tx, y: ty})
    b.block.arguments, b.block.results = [x, y, tx, ty], [tangents[product]]
    random = np.random.default_rng(0)
    X, Y, TX, TY = (random.normal(size=value.shape) for value in b.block.arguments)
    (found,) = interpreter.run(ir.Function("f", b.block, ["x", "y", "tx", "ty"], ["t"]), [X, Y, TX, TY])
    np.testing.assert_allclose(found, TX @ Y.T + X @ TY.T)


def test_a_linear_op_fills_missing_tangents_with_zeros():
    b = ir.Builder()
    x, y, t = value(2, name="x"), value(3, name="y"), value(2, name="t")
    joined = b.concatenate(x, y, axis=0)
    tangents = pushforward(b, list(b.block.operations), {x: t})
    b.block.arguments, b.block.results = [x, y, t], [tangents[joined]]
    f = ir.Function("f", b.block, ["x", "y", "t"], ["t"])
    np.testing.assert_array_equal(interpreter.run(f, [np.ones(2), np.ones(3), np.array([5.0, 6])])[0],
                                  [5, 6, 0, 0, 0])


@pytest.mark.parametrize("derivative", [None, Rule(lambda b, operation, cotangents: cotangents)])
def test_a_missing_rule_is_an_error(monkeypatch, derivative):
    op = OPS["tanh"]
    monkeypatch.setitem(OPS, "tanh", Op(op.name, op.infer, op.evaluate, derivative, op.lower))
    b = ir.Builder(location=Location("model.jl", 4, 2))
    x = value(3, name="x")
    b.tanh(x)
    with pytest.raises(WeberError,
                       match=r"model.jl:4:2: error: the op tanh has no derivative in forward mode"):
        pushforward(b, list(b.block.operations), {x: x})


def test_a_hessian_vector_product_is_forward_over_reverse():
    """Of f(x) = Σ tanh(A x)², against differences of its gradient and against reverse over reverse."""
    random = np.random.default_rng(1)
    matrix, point, direction = random.normal(size=(4, 3)), random.normal(size=3), random.normal(size=3)
    x, t = value(3, name="x"), value(3, name="t")

    def gradient(b):
        h = b.tanh(b.contract(b.constant(matrix), x, spec="hk,k->h"))
        loss = b.reduce_sum(b.mul(h, h), axes=(0,))
        (found,) = pullback(b, list(b.block.operations), [(loss, b.full(1, loss))], [x])
        return found

    def run(b, result, *arrays):
        b.block.arguments, b.block.results = [x, t][:len(arrays)], [result]
        return interpreter.run(ir.Function("f", b.block, ["x", "t"][:len(arrays)], ["y"]), arrays)[0]

    b = ir.Builder()
    found = gradient(b)
    forward = run(b, pushforward(b, list(b.block.operations), {x: t})[found], point, direction)
    b = ir.Builder()
    found = gradient(b)
    inner = b.reduce_sum(b.mul(found, t), axes=(0,))
    (twice,) = pullback(b, list(b.block.operations), [(inner, b.full(1, inner))], [x])
    reverse = run(b, twice, point, direction)
    step = 1e-6
    difference = []
    for sign in (1, -1):
        b = ir.Builder()
        difference.append(run(b, gradient(b), point + sign * step * direction))
    np.testing.assert_allclose(forward, reverse, rtol=1e-12)
    np.testing.assert_allclose(forward, (difference[0] - difference[1]) / (2 * step), rtol=1e-6, atol=1e-8)
