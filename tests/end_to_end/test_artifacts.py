"""The artifacts of the examples and of the benchmark's models: valid ONNX that optimisers do not change."""

import json

import numpy as np
import onnx
import pytest

SOURCES = ["examples/digits.jl", "examples/digits_conv.jl", "bench/models/mlp.jl", "bench/models/lenet.jl"]
ARTIFACTS = [(source, entry) for source in SOURCES for entry in ("predict", "train_step")]


@pytest.fixture(params=ARTIFACTS, ids=lambda pair: f"{pair[0].split('/')[-1]}-{pair[1]}")
def model(request, compiled):
    return compiled(*request.param)


def shape_of(info):
    """Integers and names; None for a size that the model leaves open."""
    assert info.type.tensor_type.HasField("shape"), f"{info.name} has no shape"
    return tuple(dim.dim_param or (dim.dim_value if dim.HasField("dim_value") else None)
                 for dim in info.type.tensor_type.shape.dim)  # fmt: skip


def graphs(graph):
    """A graph and all subgraphs in it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs(attribute.g)


def test_strict_checks(model):
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)


def test_standard_operators_only(model):
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 21)]
    assert model.ir_version == 10 and not model.functions
    for graph in graphs(model.graph):
        assert {node.domain for node in graph.node} == {""}


def test_every_value_has_a_type_and_shape(model):
    for graph in graphs(model.graph):
        described = {info.name: info for info in (*graph.input, *graph.value_info, *graph.output)}
        for node in graph.node:
            for name in filter(None, node.output):
                assert described[name].type.tensor_type.elem_type, f"{name} has no element type"
                assert None not in shape_of(described[name]), f"{name} has a size without a name"


def test_inferred_shapes_are_those_stated(model):
    """Inference starts over from the inputs; where it finds a number, the model must state that number."""
    stated = {info.name: shape_of(info) for info in (*model.graph.value_info, *model.graph.output)}
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    del bare.graph.value_info[:]
    inferred = onnx.shape_inference.infer_shapes(bare, strict_mode=True, data_prop=True)
    compared = 0
    for info in inferred.graph.value_info:
        shape = shape_of(info)
        assert len(shape) == len(stated[info.name])
        for found, expected in zip(shape, stated[info.name], strict=True):
            if isinstance(found, int) and isinstance(expected, int):
                assert found == expected, f"{info.name} is inferred as {shape}, stated as {stated[info.name]}"
                compared += 1
    assert compared


def state_map(model):
    (text,) = [entry.value for entry in model.metadata_props if entry.key == "weber.state"]
    return json.loads(text)


def test_state_map(model):
    inputs = {info.name: info for info in model.graph.input}
    outputs = {info.name: info for info in model.graph.output}
    initializers = {tensor.name for tensor in model.graph.initializer}
    states = [name for name in inputs if name in initializers]
    assert list(inputs)[-len(states) :] == states
    next_of = state_map(model)
    assert set(next_of) <= set(states)
    for name, output in next_of.items():
        assert output == f"{name}.next"
        assert inputs[name].type == outputs[output].type
    assert list(outputs) == [model.graph.name, *next_of.values()]


@pytest.mark.parametrize("source", SOURCES)
def test_inference_reads_what_training_mutates(source, compiled, defaults):
    predict, train_step = compiled(source, "predict"), compiled(source, "train_step")
    read, trained = defaults(predict), defaults(train_step)
    assert state_map(predict) == {}
    assert set(state_map(train_step)) == set(trained)
    assert set(read) == {name for name in trained if name.startswith("model.")}
    for name in read:
        np.testing.assert_array_equal(read[name], trained[name])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("entry", ["predict", "train_step"])
def test_optimisations_do_not_change_results(source, entry, compiled, session):
    """And one artifact serves every size of batch."""
    model = compiled(source, entry)
    plain, optimised = session(model, optimised=False), session(model)
    rng = np.random.default_rng(0)
    for n in (1, 7, 128):
        shape = shape_of(model.graph.input[0])
        assert shape[0] == "N"
        feeds = {"x": rng.random((n, *shape[1:]), dtype=np.float32)}
        if entry == "train_step":
            feeds["y"] = np.eye(10, dtype=np.float32)[rng.integers(10, size=n)]
        expected, found = plain(**feeds), optimised(**feeds)
        if entry == "predict":
            assert expected["predict"].shape == (n, 10)
        for name in expected:
            assert found[name].dtype == expected[name].dtype
            np.testing.assert_allclose(found[name], expected[name], 1e-5, 1e-5, err_msg=f"{name}, N = {n}")
