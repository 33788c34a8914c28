"""Recurrent layers as ONNX's RNN, GRU and LSTM in inference, and as loops elsewhere; any number of steps and
any batch, none included."""

import numpy as np
import onnx
import pytest
from library_table.formulas import gru, gru_v3, lstm, rnn, unroll
from numpy.testing import assert_allclose

RANDOM = np.random.default_rng(0)
LAYERS = {"RNN": ("RNN", rnn), "LSTM": ("LSTM", lstm), "GRU": ("GRU", gru), "GRUv3": ("GRU", gru_v3)}

SOURCE = """
layer = {precision}({name}(3 => 4; return_state = true{options}))
for (k, p) in enumerate(Flux.trainables(layer)); p .= reshape(sin.(1.3 .* (1:length(p)) .+ k), size(p)); end
@export whole(x::{element}[3, T, N]) = layer(x)
@export fixed(x::{element}[3, 6, 2]) = layer(x)[1]
@export resumed(x::{element}[3, T, N]) = layer(x, layer(x)[2])[1]
@export slope(x::{element}[3, T, N]) = gradient(x -> sum(abs2, layer(x)[1]), x)[1]
parameters() = (Flux.trainables(layer)...,)
"""


def loaded(program, name, precision="f32", options=""):
    element = {"f32": "Float32", "f64": "Float64"}[precision]
    return program(SOURCE.format(name=name, precision=precision, element=element, options=options))


def nodes(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from nodes(attribute.g)


def operators(made):
    return {node.op_type for node in nodes(onnx.load_from_string(made.to_bytes()).graph)}


def expected(module, step, x, bias=True):
    parameters = [p.astype(float).T if p.ndim == 2 else p.astype(float) for p in module.parameters()]
    if not bias:
        parameters.insert(2, 0)
    outputs, state = unroll(step, x.astype(float), parameters, step is lstm)
    return [outputs, *(state if step is lstm else (state,))]


def flat(value):
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, tuple) else [value]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_inference_uses_the_operator(program, name, bias):
    operator, step = LAYERS[name]
    module = loaded(program, name, options="" if bias else ", bias = false")
    for entry in ("whole", "fixed", "resumed"):
        found = operators(module.compile(entry))
        assert operator in found
        assert "Loop" not in found
    assert "If" not in operators(module.compile("fixed"))
    run = module.compile("whole").program()
    for batch, steps in ((3, 7), (1, 1), (2, 30)):
        x = RANDOM.normal(size=(batch, steps, 3)).astype(np.float32)
        for result, formula in zip(flat(run(x)), expected(module, step, x, bias), strict=True):
            assert_allclose(result, formula, rtol=1e-5, atol=1e-5)
    x = RANDOM.normal(size=(2, 6, 3)).astype(np.float32)
    once = expected(module, step, x, bias)[0]
    assert_allclose(module.compile("fixed").program()(x), once, rtol=1e-5, atol=1e-5)
    twice = expected(module, step, np.concatenate([x, x], 1), bias)[0]
    assert_allclose(module.compile("resumed").program()(x), twice[:, 6:], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_no_steps_and_no_examples(program, name):
    module = loaded(program, name)
    run = module.compile("whole").program()
    for batch, steps in ((2, 0), (0, 3), (0, 0)):
        outputs, *states = flat(run(np.zeros((batch, steps, 3), np.float32)))
        assert outputs.shape == (batch, steps, 4)
        for state in states:
            assert state.shape == (batch, 4)
            assert not state.any()


@pytest.mark.parametrize("name", LAYERS)
def test_what_has_no_kernel_is_a_loop(program, name):
    _, step = LAYERS[name]
    module = loaded(program, name, "f64")
    made = module.compile("whole")
    assert operators(made) & {"Loop", "Scan"} and not operators(made) & {"RNN", "LSTM", "GRU"}
    x = RANDOM.normal(size=(3, 7, 3))
    for result, formula in zip(flat(made.program()(x)), expected(module, step, x), strict=True):
        assert_allclose(result, formula, rtol=1e-9)


@pytest.mark.parametrize("name", LAYERS)
def test_graphs_of_gradients_do_not_grow(program, name, numerical_gradient):
    module = loaded(program, name, "f64")
    _, step = LAYERS[name]
    made = module.compile("slope")
    assert len(list(nodes(onnx.load_from_string(made.to_bytes()).graph))) < 200
    x = RANDOM.normal(size=(2, 8, 3))
    formula = numerical_gradient(lambda x: (expected(module, step, x)[0] ** 2).sum(), x)
    assert_allclose(made.program()(x), formula, rtol=1e-6, atol=1e-7)


CELLS = {
    "a cell of one's own": ("h = tanh.(W * x[:, t, :] .+ V * h)", True),
    "a cell with another term": ("h = tanh.(W * x[:, t, :] .+ V * h .+ 0.1f0 .* h)", False),
    "a cell that looks at the step": ("h = tanh.(W * x[:, t, :] .+ V * h .+ 0.1f0 * t)", False),
    "steps backwards": ("h = tanh.(W * x[:, size(x, 2) + 1 - t, :] .+ V * h)", False),
}


@pytest.mark.parametrize("name", CELLS)
def test_only_what_is_a_layer_becomes_one(program, name):
    body, raised = CELLS[name]
    module = program(f"""
    W, V = Float32.(reshape(sin.(1:12), 4, 3)), Float32.(reshape(cos.(1:16), 4, 4))
    @export function run(x::Float32[3, T, 2])
        h = zeros(Float32, 4, 2)
        for t in axes(x, 2)
            {body}
        end
        return h
    end
    """)
    made = module.compile("run")
    assert ("RNN" in operators(made)) == raised
    x = RANDOM.normal(size=(2, 6, 3)).astype(np.float32)
    W, V, h = np.sin(np.arange(1, 13)).reshape(3, 4), np.cos(np.arange(1, 17)).reshape(4, 4), np.zeros((2, 4))
    for t in range(6):
        own = x[:, 5 - t if "backwards" in name else t] @ W + h @ V
        h = np.tanh(own + (0.1 * h if "term" in name else 0.1 * (t + 1) if "looks" in name else 0))
    assert_allclose(made.program()(x), h, rtol=1e-4, atol=1e-5)
