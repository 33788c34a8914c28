"""Gradients of the examples' models, in double precision, against central differences in every parameter.

The gradient is taken of the loss as in training: BatchNorm normalises with the statistics of the batch, and
Dropout drops what the random key says, which is an input and therefore the same in every evaluation.
"""

import numpy as np
import pytest
from weber.compiler.interpreter import run
from weber.frontend.compiling.entries import stage_entry

# The model of the file, converted; `descend` mutates the parameters, which makes them inputs of `gradients`.
DOUBLE = """
double = f64(model)
rule = Flux.setup(Descent(0.1), double)
@export gradients(x::Float64[{size}], y::Float64[10, N]) =
    Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), double)
@export function descend(x::Float64[{size}], y::Float64[10, N])
    Flux.update!(rule, double, Flux.gradient(m -> Flux.logitcrossentropy(m(x), y), double)[1])
    nothing
end
"""
SIZES = {"digits": "64, N", "digits_conv": "8, 8, 1, N"}
BATCH = 5
STEP = 1e-6


@pytest.fixture
def double(root, load):
    """`double(example)`: its module with a model in double precision and the entry `gradients`."""

    def module(example):
        source = (root / "examples" / f"{example}.jl").read_text(encoding="utf-8")
        return load(source + DOUBLE.format(size=SIZES[example]))

    return module


@pytest.fixture
def data(digits):
    """`data(example)`: a batch in double precision."""

    def batch(example):
        images = digits.pixels if example == "digits" else digits.images
        return {"x": images[:BATCH].astype(float), "y": digits.one_hot[:BATCH].astype(float)}

    return batch


def with_onnxruntime(module, session):
    return session(module.compile("gradients").model)


def with_interpreter(module, session):
    """The graph as it was staged and differentiated, before any pass."""
    graph = stage_entry(module._entry("gradients"))
    return lambda **feeds: dict(zip(graph.result_names, run(graph, feeds), strict=True))


@pytest.mark.parametrize("evaluate", [with_onnxruntime, with_interpreter])
@pytest.mark.parametrize("example", SIZES)
def test_gradient_with_respect_to_all_parameters(example, evaluate, double, data, session):
    module, inputs = double(example), data(example)
    function = evaluate(module, session)
    trained = module.state
    parameters = {name: trained[name] for name in trained
                  if name.startswith("double.") and name.rpartition(".")[2] not in ("μ", "σ²")}
    rng = np.random.default_rng(0)
    for name, value in parameters.items():  # biases and scales away from zero and one
        parameters[name] = value + 0.1 * rng.normal(size=value.shape)
    results = function(**inputs, **parameters)
    assert np.isfinite(results["gradients.val"]) and results["gradients.val"].dtype == np.float64

    def loss(name, value):
        return function(**inputs, **(parameters | {name: value}))["gradients.val"]

    for name, value in parameters.items():
        gradient = results["gradients.grad.1." + name.removeprefix("double.")]
        assert gradient.dtype == np.float64 and gradient.shape == value.shape and gradient.any()
        one = np.zeros(value.size)
        one[rng.integers(value.size)] = 1
        for direction in (*rng.normal(size=(2, *value.shape)), one.reshape(value.shape)):
            direction /= np.linalg.norm(direction)
            above, below = loss(name, value + STEP * direction), loss(name, value - STEP * direction)
            along, expected = (gradient * direction).sum(), (above - below) / (2 * STEP)
            np.testing.assert_allclose(along, expected, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("example", SIZES)
def test_both_evaluations_agree(example, double, data, session):
    module, inputs = double(example), data(example)
    exported = with_onnxruntime(module, session)(**inputs)
    interpreted = with_interpreter(module, session)(**inputs)
    assert list(exported) == list(interpreted)
    for name, value in interpreted.items():
        np.testing.assert_allclose(exported[name], value, rtol=1e-9, atol=1e-12, err_msg=name)
