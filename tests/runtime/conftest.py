"""Small artifacts made by hand, as the compiler writes them: states are inputs with initializers, named in
the metadata."""

import json

import numpy as np
import pytest
from onnx import TensorProto, checker, helper, numpy_helper

_NUMBERS = {"f16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16, "f32": TensorProto.FLOAT,
            "f64": TensorProto.DOUBLE, "i64": TensorProto.INT64, "i1": TensorProto.BOOL}


def make(nodes, inputs, outputs, state=(), next_outputs=(), constants=(), ragged=None):
    """A model. `nodes` are `(op, inputs, outputs, attributes?)`, `inputs` and `outputs` `(name, element,
    shape)`, `state` a dict of initial values, `next_outputs` the names of states that the model mutates,
    `ragged` the metadata entry of vectors."""

    def info(name, element, shape):
        return helper.make_tensor_value_info(name, _NUMBERS[element], shape)

    def tensor_info(name, value):
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)

    state = dict(state)
    graph = helper.make_graph(
        [helper.make_node(op, ins, outs, **(attributes[0] if attributes else {}))
         for op, ins, outs, *attributes in nodes],
        "graph",
        [info(*spec) for spec in inputs] + [tensor_info(name, value) for name, value in state.items()],
        [info(*spec) for spec in outputs]
        + [tensor_info(f"{name}.next", state[name]) for name in next_outputs],
        [numpy_helper.from_array(value, name) for name, value in (state | dict(constants)).items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 21)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="weber")
    next_of = {name: f"{name}.next" if name in next_outputs else None for name in state}
    described = {"weber.ragged": json.dumps(ragged)} if ragged else {}
    helper.set_model_props(model, {"weber.state": json.dumps(next_of), **described})
    checker.check_model(model, full_check=True)
    return model


@pytest.fixture(scope="session")
def make_model():
    return make


@pytest.fixture
def counter():
    """`count(x)` adds x to the state `total`, counts calls in `calls`, and returns the old total."""
    return make(
        [("Add", ["total", "x"], ["total.next"]), ("Add", ["calls", "one"], ["calls.next"]),
         ("Identity", ["total"], ["count"])],
        [("x", "f32", [2])], [("count", "f32", [2])],
        {"total": np.zeros(2, np.float32), "calls": np.array(0, np.int64)}, ["total", "calls"],
        {"one": np.array(1, np.int64)})  # fmt: skip


@pytest.fixture
def reader():
    """`show(x)` returns x times the state `total`, which it does not mutate."""
    return make([("Mul", ["x", "total"], ["show"])], [("x", "f32", [2])], [("show", "f32", [2])],
                {"total": np.ones(2, np.float32)})  # fmt: skip


@pytest.fixture
def regression():
    """One step of gradient descent, rate 0.1, on the mean square of `x W + b - y`: `fit(x (N, 3), y (N, 1))`
    → loss."""
    return make(
        [
            ("Gemm", ["x", "model.weight", "model.bias"], ["p"]),
            ("Sub", ["p", "y"], ["d"]),
            ("Mul", ["d", "d"], ["square"]),
            ("ReduceMean", ["square"], ["fit"], {"keepdims": 0}),
            ("Shape", ["x"], ["n_integer"], {"start": 0, "end": 1}),
            ("Cast", ["n_integer"], ["n"], {"to": TensorProto.FLOAT}),
            ("Div", ["scale", "n"], ["rate"]),
            ("Mul", ["d", "rate"], ["scaled"]),
            ("Gemm", ["x", "scaled"], ["dW"], {"transA": 1}),
            ("ReduceSum", ["scaled", "axis"], ["db"], {"keepdims": 0}),
            ("Sub", ["model.weight", "dW"], ["model.weight.next"]),
            ("Sub", ["model.bias", "db"], ["model.bias.next"]),
        ],
        [("x", "f32", ["N", 3]), ("y", "f32", ["N", 1])], [("fit", "f32", [])],
        {"model.weight": np.zeros((3, 1), np.float32), "model.bias": np.zeros(1, np.float32)},
        ["model.weight", "model.bias"],
        {"scale": np.array(0.2, np.float32), "axis": np.array([0], np.int64)})  # fmt: skip
