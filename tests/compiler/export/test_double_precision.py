"""What scales a product of float64 stays float64 in stock onnxruntime, whose optimisations join a MatMul and
a number beside it, and round the number to float32."""

import numpy as np
import onnxruntime
import pytest
from weber.compiler.interpreter import run
from weber.compiler.ir import Block, Builder, Function, Value
from weber.compiler.onnx_export import export
from weber.compiler.types import F64, TensorType, symbol

N = symbol("N")
PRODUCTS = {  # spec, shapes of the operands
    "of matrices": ("ab,bc->ac", (3, 4), (4, 5)),
    "with a flag": ("ab,cb->ac", (3, 4), (5, 4)),
    "of a matrix and a vector": ("ab,b->a", (3, 4), (4,)),
    "of a vector and a matrix": ("a,ab->b", (4,), (4, 3)),
    "of vectors": ("a,a->", (4,), (4,)),
    "in a batch": ("nab,nbc->nac", (2, 3, 4), (2, 4, 5)),
    "of many rows": ("nab,bc->nac", (N, 3, 4), (4, 5)),
    "over a named size": ("na,nb->ab", (N, 3), (N, 4)),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_number_scales_operands_and_result(name):
    spec, *shapes = PRODUCTS[name]
    arguments = [Value(TensorType(F64, shape), name=f"x{k}") for k, shape in enumerate(shapes)]
    builder = Builder(Block(arguments))
    left, right = (builder.mul(x, builder.full(number, x))
                   for x, number in zip(arguments, (0.1, 1 / 3), strict=True))
    product = builder.contract(left, right, spec=spec)
    builder.block.results = [builder.div(product, builder.full(0.7, product))]
    function = Function("f", builder.block, [x.name for x in arguments], ["y"])
    rng = np.random.default_rng(0)
    feeds = {x.name: rng.normal(size=[6 if dim == N else dim for dim in x.shape]) for x in arguments}
    session = onnxruntime.InferenceSession(export(function).SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, feeds)[0], run(function, feeds)[0], rtol=1e-13, atol=1e-15)


def test_a_number_scales_a_sum():
    x = Value(TensorType(F64, (N, 3)), name="x")
    builder = Builder(Block([x]))
    total = builder.reduce_sum(builder.mul(x, builder.full(0.1, x)), axes=(0,))
    builder.block.results = [builder.mul(total, builder.full(1 / 3, total))]
    function = Function("f", builder.block, ["x"], ["y"])
    given = np.random.default_rng(1).normal(size=(5, 3))
    session = onnxruntime.InferenceSession(export(function).SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"x": given})[0], (0.1 * given).sum(0) / 3, rtol=1e-14)
