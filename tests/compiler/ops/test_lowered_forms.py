"""The ONNX operators that ops become: the forms that were measured to be fast."""

import numpy as np
import onnxruntime
import pytest
from weber.compiler import ir
from weber.compiler.onnx_export import export
from weber.compiler.types import F32, F64, I64, TensorType, symbol

N = symbol("N")


def operators(op, *types, **attributes):
    """The operators of an op's lowering, those that compute sizes left out."""
    arguments = [ir.Value(type, name=f"x{index}") for index, type in enumerate(types)]
    builder = ir.Builder(ir.Block(arguments))
    builder.block.results = [builder.emit(op, arguments, attributes)]
    function = ir.Function("f", builder.block, [value.name for value in arguments], ["y"])
    sizes = {"Shape", "Squeeze", "Concat", "Gather", "Mul", "Add"}
    nodes = export(function).graph.node
    integers = {info for node in nodes if node.op_type == "Shape" for info in node.output}
    kept = []
    for node in nodes:
        if node.op_type in sizes and (node.op_type == "Shape" or set(node.input) & integers):
            integers.update(node.output)
        else:
            kept.append(node.op_type)
    return kept


@pytest.mark.parametrize("spec, shapes, expected", [
    ("nk,hk->nh", [(N, 5), (4, 5)], ["Gemm"]),
    ("nk,kh->nh", [(N, 5), (5, 4)], ["MatMul"]),
    ("nk,nh->kh", [(N, 5), (N, 4)], ["Gemm"]),
    ("nk,nh->hk", [(N, 5), (N, 4)], ["Gemm"]),
    ("kn,hk->nh", [(5, 3), (4, 5)], ["Gemm"]),
    ("tnk,kh->tnh", [(6, N, 5), (5, 4)], ["MatMul"]),
    ("tnk,tnh->hk", [(6, N, 5), (6, N, 4)], ["Reshape", "Reshape", "Gemm"]),
    ("bij,bjk->bik", [(N, 3, 5), (N, 5, 4)], ["MatMul"]),
    ("bij,bkj->bik", [(N, 3, 5), (N, 4, 5)], ["Transpose", "MatMul"]),
    ("nk,k->n", [(N, 5), (5,)], ["MatMul"]),
    ("k,kn->n", [(5,), (5, N)], ["MatMul"]),
    ("n,n->", [(5,), (5,)], ["MatMul"]),
    ("nk,nk->n", [(N, 5), (N, 5)], ["Mul", "ReduceSum"]),
    ("nk,nk->nk", [(N, 5), (N, 5)], ["Mul"]),
    ("n,h->nh", [(N,), (4,)], ["Unsqueeze", "Unsqueeze", "Mul"]),
])
def test_contraction(spec, shapes, expected):
    assert operators("contract", *(TensorType(F32, shape) for shape in shapes), spec=spec) == expected


def test_contraction_needs_no_transpose_of_matrices():
    for spec in ("ik,kj->ij", "ki,kj->ij", "ik,jk->ij", "ki,jk->ij", "ik,kj->ji", "ki,kj->ji", "ik,jk->ji",
                 "ki,jk->ji"):
        left, right = spec.partition("->")[0].split(",")
        sizes = dict(i=3, j=4, k=5)
        names = operators("contract", *(TensorType(F32, tuple(map(sizes.get, one))) for one in (left, right)),
                          spec=spec)
        assert len(names) == 1 and names[0] in ("Gemm", "MatMul")


def test_sum_over_leading_axes_is_a_product_with_ones():
    assert operators("reduce_sum", TensorType(F32, (128, 10)), axes=(0,)) == ["MatMul"]
    assert "ReduceSum" not in operators("reduce_sum", TensorType(F32, (N, 10)), axes=(0,))
    assert operators("reduce_sum", TensorType(F32, (N, 10)), axes=(1,)) == ["ReduceSum"]


def test_pooling_derivatives_repeat_by_resize():
    x, y = TensorType(F32, (N, 3, 8, 8)), TensorType(F32, (N, 3, 4, 4))
    assert operators("mean_pool_gradient", y, window=(2, 2), input_shape=(8, 8)) == ["Mul", "Resize"]
    names = operators("max_pool_gradient", x, y, y, window=(2, 2))
    assert names.count("Resize") == 3 and "ScatterElements" not in names


def test_convolution_derivatives():
    x, w, y = TensorType(F32, (N, 3, 8, 8)), TensorType(F32, (6, 3, 3, 3)), TensorType(F32, (N, 6, 6, 6))
    assert operators("conv", x, w) == ["Conv"]
    assert operators("conv_input_gradient", y, w, input_shape=(8, 8))[-1] == "Col2Im"
    names = operators("conv_weight_gradient", x, y, kernel_shape=(3, 3))
    assert names.count("Conv") == 1 and "Slice" not in names and "Concat" not in names
    many = TensorType(F32, (6, 32, 3, 3))
    assert operators("conv_input_gradient", y, many, input_shape=(8, 8)) == ["Transpose", "Slice", "Conv"]
    doubles = [TensorType(F64, type.shape) for type in (x, w)]
    assert "Conv" not in operators("conv", *doubles)


def test_small_depths_are_one_hot_by_gathering():
    assert operators("one_hot", TensorType(I64, (N,)), depth=10, element=F32) == ["Gather"]


def test_broadcast_operands_are_not_expanded():
    x, bias = ir.Value(TensorType(F32, (N, 4)), name="x"), ir.Value(TensorType(F32, (4,)), name="b")
    builder = ir.Builder(ir.Block([x, bias]))
    builder.block.results = [builder.add(x, builder.broadcast(bias, shape=(N, 4), axes=(1,)))]
    model = export(ir.Function("f", builder.block, ["x", "b"], ["y"]))
    assert [node.op_type for node in model.graph.node] == ["Add"]


@pytest.mark.parametrize("spec, shape", [("kni,knj->nij", (2, 3)), ("kin,kjn->nij", (4, 3))])
def test_batched_products_of_no_rows(spec, shape):
    """Fused with a transpose of its batch, the runtime's product of nothing ends the process."""
    arguments = [ir.Value(TensorType(F64, (symbol("K"), *shape)), name=name) for name in "ab"]
    builder = ir.Builder(ir.Block(arguments))
    builder.block.results = [builder.contract(*arguments, spec=spec)]
    model = export(ir.Function("f", builder.block, ["a", "b"], ["y"]))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for count in (0, 2):
        a, b = np.random.default_rng(0).normal(size=(2, count, *shape))
        (found,) = session.run(None, {"a": a, "b": b})
        np.testing.assert_allclose(found, np.einsum(spec, a, b))
