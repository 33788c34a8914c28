"""What stands in an exported model."""

import json

import numpy as np
import pytest
from weber.compiler import ir
from weber.compiler.errors import Location, UnsupportedError, WeberError
from weber.compiler.interpreter import run
from weber.compiler.onnx_export import IR_VERSIONS, export
from weber.compiler.ops import OPS
from weber.compiler.pipeline import compile_to_onnx
from weber.compiler.types import F32, I64, TensorType, symbol

N, T = symbol("N"), symbol("T")


def function_of(types, make, **fields):
    arguments = [ir.Value(type, name=name) for name, type in types.items()]
    block = ir.Block(arguments)
    results = make(ir.Builder(block, Location("m.jl", 3, 5)), *arguments)
    block.results = results if isinstance(results, list) else [results]
    names = fields.pop("result_names", None) or [f"f.{index}" for index in range(1, len(block.results) + 1)]
    return ir.Function("f", block, list(types), names, **fields)


X = {"x": TensorType(F32, (N, 4))}
ROW = np.arange(4, dtype=np.float32)


def op_types(model):
    return [node.op_type for node in model.graph.node]


def dims_of(info):
    return [dim.dim_param or dim.dim_value for dim in info.type.tensor_type.shape.dim]


def test_signature_and_source(check_model):
    def make(b, x, unused):
        value = b.tanh(x)
        value.name = "hidden"
        return b.exp(value)

    model = export(function_of({**X, "unused": TensorType(F32)}, make, result_names=["predict"]))
    check_model(model)
    assert [(info.name, dims_of(info)) for info in model.graph.input] == [("x", ["N", 4]), ("unused", [])]
    assert [(info.name, dims_of(info)) for info in model.graph.output] == [("predict", ["N", 4])]
    assert [(node.op_type, list(node.output), node.doc_string) for node in model.graph.node] == [
        ("Tanh", ["hidden"], "m.jl:3:5"), ("Exp", ["predict"], "m.jl:3:5")]
    assert model.graph.name == "f" and model.producer_name == "weber" and model.producer_version


def test_state(check_model, run_onnx):
    types = {"x": TensorType(F32, (4,)), "model.β₁": TensorType(F32, (4,))}
    function = function_of(types, lambda b, x, state: [x, b.add(state, x)],
                           result_names=["f", "model.β₁.next"],
                           defaults={"model.β₁": ROW}, state={"model.β₁": "model.β₁.next"})
    model = export(function, metadata={"weber.source": "m.jl"})
    check_model(model)
    assert [tensor.name for tensor in model.graph.initializer] == ["model.β₁"]
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(metadata["weber.state"]) == {"model.β₁": "model.β₁.next"}
    assert metadata["weber.source"] == "m.jl"
    assert run_onnx(model, {"x": ROW})[1].tolist() == [0, 2, 4, 6]
    assert run_onnx(model, {"x": ROW, "model.β₁": ROW * 2})[1].tolist() == [0, 3, 6, 9]


def test_outputs_that_no_node_makes(check_model, run_onnx):
    def make(b, x):
        row = b.constant(ROW)
        twice = b.add(x, x)
        return [x, x, row, row, twice, twice, b.broadcast(row, shape=(N, 4), axes=(1,))]

    model = export(function_of(X, make))
    check_model(model)
    x = np.ones((2, 4), np.float32)
    for optimised in (False, True):
        results = run_onnx(model, {"x": x}, optimised)
        for result, expected in zip(results, [x, x, ROW, ROW, 2 * x, 2 * x, np.stack([ROW, ROW])],
                                    strict=True):
            np.testing.assert_array_equal(result, expected)


def test_names_that_repeat(check_model):
    def make(b, x):
        values = [b.exp(x), b.tanh(x), b.neg(x)]
        for value, name in zip(values, ["x", "h", "h"]):
            value.name = name
        return b.add(b.add(values[0], values[1]), values[2])

    model = export(function_of(X, make))
    check_model(model)
    assert [node.output[0] for node in model.graph.node] == ["x_1", "h", "h_1", "add", "f.1"]


@pytest.mark.parametrize("types, results, message", [
    (X, ["x"], "two inputs or outputs of an exported graph have the name 'x'"),
    ({"x": TensorType(F32, (N * 2,))}, None, "must be a name or a number, not 2*N"),
])
def test_signatures_that_cannot_be_exported(types, results, message):
    with pytest.raises(WeberError) as error:
        export(function_of(types, lambda b, x: b.neg(x), result_names=results,
                           location=Location("m.jl", 1, 1)))
    assert message in str(error.value)


def test_a_size_that_no_input_has():
    function = function_of(X, lambda b, x: b.dim_value(dim=T * 2))
    with pytest.raises(WeberError, match="size T cannot be told") as error:
        export(function)
    assert error.value.location == Location("m.jl", 3, 5)


def test_an_op_without_onnx_form(monkeypatch):
    record = OPS["tanh"]
    monkeypatch.setitem(OPS, "tanh", type(record)("tanh", record.infer, record.evaluate))
    with pytest.raises(UnsupportedError, match="the op tanh has no ONNX form") as error:
        export(function_of(X, lambda b, x: b.tanh(x)))
    assert error.value.location == Location("m.jl", 3, 5)


@pytest.mark.parametrize("opset", IR_VERSIONS)
def test_opsets(opset, check_model, run_onnx):
    model = export(function_of(X, lambda b, x: [b.softmax(b.reshape(x, shape=(N * 2, 2)), axis=1),
                                                b.reduce_max(x, axes=(1,))]), opset)
    check_model(model)
    assert model.opset_import[0].version == opset and model.ir_version == IR_VERSIONS[opset]
    assert run_onnx(model, {"x": np.zeros((1, 4), np.float32)})[0].tolist() == [[0.5, 0.5]] * 2


@pytest.mark.parametrize("opset", [20, 27])
def test_opsets_that_are_not_supported(opset):
    with pytest.raises(WeberError, match="only 21 to 26"):
        export(function_of(X, lambda b, x: x), opset)


# --- broadcasts ---------------------------------------------------------------------------------------------

def expanding(make, types=X):
    return op_types(export(function_of(types, make)))


def test_broadcasts_need_no_node():
    assert expanding(lambda b, x: b.add(x, b.full(2, x))) == ["Add"]
    assert expanding(lambda b, x: b.add(x, b.broadcast(b.constant(ROW), shape=x.shape, axes=(1,)))) == ["Add"]
    cube = {"x": TensorType(F32, (N, 3, 8)), "v": TensorType(F32, (3,))}
    assert expanding(lambda b, x, v: b.add(b.broadcast(v, shape=x.shape, axes=(1,)), x),
                     cube) == ["Unsqueeze", "Add"]
    columns = {"x": TensorType(F32, (N,)), "y": TensorType(F32, (T,))}
    assert expanding(lambda b, x, y: b.mul(b.broadcast(x, shape=(N, T), axes=(0,)),
                                           b.broadcast(y, shape=(N, T), axes=(1,))),
                     columns) == ["Unsqueeze", "Mul"]


def test_a_constant_is_aligned_when_compiled():
    cube = {"x": TensorType(F32, (N, 4, 8))}
    model = export(function_of(cube, lambda b,
                               x: b.add(x, b.broadcast(b.constant(ROW), shape=x.shape, axes=(1,)))))
    assert op_types(model) == ["Add"]
    assert list(model.graph.initializer[0].dims) == [4, 1]


def test_someone_brings_the_shape():
    assert "Expand" in expanding(lambda b, x: b.add(b.full(2, x), b.full(3, x)))
    assert "Expand" in expanding(lambda b, x: b.neg(b.full(2, x)))


def test_a_use_that_needs_the_whole_is_given_it(run_onnx, check_model):
    def make(b, x):
        row = b.broadcast(b.constant(ROW), shape=x.shape, axes=(1,))
        return [b.add(x, row), b.reduce_sum(row, axes=(1,))]

    model = export(function_of(X, make))
    check_model(model)
    assert op_types(model).count("Expand") == 1
    assert run_onnx(model, {"x": np.zeros((3, 4), np.float32)})[1].tolist() == [6, 6, 6]


# --- dims ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("make, expected", [
    (lambda n, t: n, 7), (lambda n, t: n * t + 2 * n - 1, 7 * 5 + 13), (lambda n, t: n // 2, 3),
    (lambda n, t: (n - 10) // 4, -1), (lambda n, t: (n * t) // (t + 1), 5), (lambda n, t: 3 // n, 0),
    (lambda n, t: -1 * n, -7),
])
def test_dims_at_run_time(make, expected, run_onnx, check_model):
    types = {"x": TensorType(F32, (N, 4)), "y": TensorType(F32, (2, T))}
    model = export(function_of(types, lambda b, x, y: b.dim_value(dim=make(N, T))))
    check_model(model)
    inputs = {"x": np.zeros((7, 4), np.float32), "y": np.zeros((2, 5), np.float32)}
    for optimised in (False, True):
        assert run_onnx(model, inputs, optimised)[0] == expected


def test_dims_are_computed_once():
    def make(b, x):
        wide = [b.broadcast(b.constant(np.float32(2)), shape=(N * 2, 3), axes=()) for _ in range(2)]
        return [b.reduce_sum(value, axes=(1,)) for value in wide] + [b.dim_value(dim=N * 2)]

    types = op_types(export(function_of(X, make)))
    assert types.count("Shape") == 1 and types.count("Mul") == 1


def test_the_shape_of_an_input_is_one_node():
    types = op_types(export(function_of(X, lambda b,
                                        x: b.broadcast(b.constant(np.float32(2)), shape=x.shape, axes=()))))
    assert types == ["Shape", "Expand"]


def test_one_unknown_dim_of_a_reshape_is_left_to_the_runtime():
    assert expanding(lambda b, x: b.reshape(x, shape=(N * 2, 2))) == ["Reshape"]


@pytest.mark.parametrize("rows", [0, 3])
def test_reshapes_of_nothing(rows, run_onnx):
    types = {"x": TensorType(F32, (N, T, 4)), "y": TensorType(F32, (N, 0))}
    model = export(function_of(types, lambda b, x,
                               y: [b.reshape(x, shape=(T, N, 2, 2)), b.reshape(y, shape=(0, N))]))
    inputs = {"x": np.zeros((rows, 5, 4), np.float32), "y": np.zeros((rows, 0), np.float32)}
    assert [result.shape for result in run_onnx(model, inputs)] == [(5, rows, 2, 2), (0, rows)]


# --- subgraphs ----------------------------------------------------------------------------------------------

def test_small_constants_of_a_body_are_local_and_large_ones_are_not(check_model):
    large = np.arange(4000, dtype=np.float32)
    index, total = ir.Value(TensorType(I64)), ir.Value(TensorType(F32, (4000,)), name="total")
    body = ir.Block([index, total])
    b = ir.Builder(body)
    body.results = [b.add(b.mul(total, b.full(2, total)), b.constant(large))]

    def make(b, x):
        return b.loop(b.constant(large), regions=[body], carried=1, trips=3)

    model = export(function_of(X, make))
    check_model(model)
    (loop,) = [node for node in model.graph.node if node.op_type == "Scan"]
    (graph,) = [attribute.g for attribute in loop.attribute if attribute.HasField("g")]
    assert [list(tensor.dims) for tensor in graph.initializer] == [[]]
    assert [4000] in [list(tensor.dims) for tensor in model.graph.initializer]


def test_sizes_in_a_body_are_computed_outside(check_model, run_onnx):
    index, total = ir.Value(TensorType(I64)), ir.Value(TensorType(F32, (N, 4)))
    body = ir.Block([index, total])
    b = ir.Builder(body)
    count = b.convert(b.dim_value(dim=N * 4), element=F32)
    body.results = [b.add(total, b.broadcast(count, shape=(N, 4), axes=()))]
    model = export(function_of(X, lambda b, x: b.loop(x, regions=[body], carried=1, trips=3)))
    check_model(model)
    assert {"Shape", "Mul"} <= set(op_types(model))
    assert run_onnx(model, {"x": np.zeros((2, 4), np.float32)})[0][0, 0] == 24


# --- the pipeline -------------------------------------------------------------------------------------------

def test_a_dense_layer_is_gemm_and_relu(run_onnx, check_model, assert_same):
    types = {**X, "w": TensorType(F32, (3, 4)), "b": TensorType(F32, (3,))}

    def make(b, x, w, bias):
        product = b.contract(x, w, spec="ni,oi->no")
        total = b.add(product, b.broadcast(bias, shape=product.shape, axes=(1,)))
        return b.max(total, b.full(0, total))

    function = function_of(types, make)
    model = compile_to_onnx(function)
    check_model(model)
    assert op_types(model) == ["Gemm", "Relu"]
    rng = np.random.default_rng(0)
    for rows in (1, 7, 128):
        inputs = {"x": rng.standard_normal((rows, 4)).astype(np.float32),
                  "w": rng.standard_normal((3, 4)).astype(np.float32),
                  "b": rng.standard_normal(3).astype(np.float32)}
        for optimised in (False, True):
            assert_same(run_onnx(model, inputs, optimised), run(function, inputs), rtol=1e-5, atol=1e-6)


def test_debugging_prints_each_pass(monkeypatch, capsys):
    monkeypatch.setenv("WEBER_DEBUG", "2")
    compile_to_onnx(function_of(X, lambda b, x: b.neg(b.neg(x))))
    printed = capsys.readouterr().err
    assert [line for line in printed.splitlines() if line.startswith("//")] == [
        "// f: staged", "// f: inline_calls", "// f: simplify",
        "// f: raise_recurrences", "// f: restructure_loops", "// f: fuse"]
    assert printed.count('"weber.neg"') == 4  # staged, and with calls inlined


def test_debugging_verifies(monkeypatch):
    from weber.compiler.verify import InvalidIRError

    function = function_of(X, lambda b, x: b.neg(x))
    function.body.operations[0].results[0].type = TensorType(F32, (N, 5))
    monkeypatch.setenv("WEBER_DEBUG", "1")
    with pytest.raises(InvalidIRError):
        compile_to_onnx(function)


def test_a_convolution_takes_its_bias(run_onnx, check_model, assert_same):
    types = {"x": TensorType(F32, (N, 3, 6, 6)), "w": TensorType(F32, (4, 3, 3, 3)),
             "b": TensorType(F32, (4,))}

    def make(b, x, w, bias):
        result = b.conv(x, w, strides=(1, 1), pads=(1, 1, 1, 1))
        column = b.reshape(bias, shape=(1, 4, 1, 1))
        return b.add(result, b.broadcast(column, shape=result.shape, axes=(0, 1, 2, 3)))

    function = function_of(types, make)
    model = compile_to_onnx(function)
    check_model(model)
    assert op_types(model) == ["Conv"]
    rng = np.random.default_rng(0)
    for rows in (1, 7):
        shapes = {name: [rows if dim is N else dim for dim in type.shape] for name, type in types.items()}
        inputs = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
        for optimised in (False, True):
            assert_same(run_onnx(model, inputs, optimised), run(function, inputs), rtol=1e-4, atol=1e-5)
