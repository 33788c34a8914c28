"""`predict` of the examples against formulas on numpy arrays, with states drawn at random."""

import numpy as np
import pytest
import weber


def random_states(states, seed=1):
    """States of the same shapes: variances positive, weights too small to saturate the softmax."""
    rng = np.random.default_rng(seed)
    return {name: (rng.uniform(0.5, 2, value.shape) if name.endswith("σ²")
                   else rng.normal(0, 0.1 if value.ndim > 1 else 0.5, value.shape)).astype(np.float32)
            for name, value in states.items()}  # fmt: skip


def multilayer_perceptron(state, x, formulas):
    """Dense layers 1, 2, …, all but the last with relu."""
    layers = sorted({int(name.split(".")[2]) for name in state})
    for layer in layers:
        x = x @ state[f"model.layers.{layer}.weight"].astype(float) + state[f"model.layers.{layer}.bias"]
        x = formulas.relu(x) if layer != layers[-1] else x
    return formulas.softmax(x)


def convolutional_network(state, x, formulas):
    """(Conv, BatchNorm with relu) twice, MaxPool, flatten, Dense with relu, Dropout, Dense."""

    def part(layer, name):
        return state[f"model.layers.{layer}.{name}"]

    for layer in (1, 3):
        statistics = [part(layer + 1, name) for name in ("μ", "σ²", "γ", "β")]
        x = formulas.relu(formulas.batch_norm(formulas.conv(x, part(layer, "weight")), *statistics))
    x = formulas.max_pool(x).reshape(len(x), -1)
    x = formulas.relu(x @ part(7, "weight") + part(7, "bias"))
    return formulas.softmax(x @ part(9, "weight") + part(9, "bias"))


EXAMPLES = {"examples/digits.jl": ("pixels", multilayer_perceptron),
            "examples/digits_conv.jl": ("images", convolutional_network)}


@pytest.mark.parametrize("source", EXAMPLES)
def test_exported_predict(source, compiled, session, defaults, digits, formulas):
    data, formula = EXAMPLES[source]
    model = compiled(source, "predict")
    predict, initial = session(model), defaults(model)
    for state in (initial, random_states(initial)):
        for n in (1, 7, 128):
            x = getattr(digits, data)[:n]
            expected = formula(state, x, formulas)
            assert 0.01 < expected.max() < 0.999  # neither uniform nor saturated
            np.testing.assert_allclose(predict(x=x, **state)["predict"], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("source", EXAMPLES)
def test_predict_of_a_loaded_file(source, root, digits, formulas):
    """Arrays in and out, with a state that Python assigns."""
    data, formula = EXAMPLES[source]
    module = weber.load(root / source)
    state = random_states({name: value for name, value in module.state.items() if name.startswith("model.")})
    for name, value in state.items():
        module.state[name] = value
    x = getattr(digits, data)[:7]
    result = module.predict(x)
    assert type(result) is np.ndarray and result.dtype == np.float32
    np.testing.assert_allclose(result, formula(state, x, formulas), rtol=1e-5, atol=1e-5)


def test_double_precision_is_kept(load):
    """ONNX's Gemm and onnxruntime's fused product have scales in single precision."""
    module = load("""
    model = (W = randn(20, 30),)
    @export products(x::Float64[30, N], v::Float64[30]) =
        (0.1 .* (model.W * x), model.W * v .* 0.1, 0.1 .* vec(sum(x; dims = 2)))
    """)
    weight = module.model.W
    rng = np.random.default_rng(0)
    x, v = rng.normal(size=(7, 30)), rng.normal(size=30)
    expected = 0.1 * x @ weight, 0.1 * v @ weight, 0.1 * x.sum(axis=0)
    for results in (module.products(x, v), module.compile("products").program()(x, v)):
        for result, formula in zip(results, expected, strict=True):
            np.testing.assert_allclose(result, formula, rtol=1e-12, atol=1e-14)
