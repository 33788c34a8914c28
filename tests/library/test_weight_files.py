"""Weights from files: Flux's state, the state of an artifact, and PyTorch modules by the formulas of its
documentation, in which `Linear` is `x Wᵀ + b` and convolutions do not reverse their windows."""

import numpy as np
import pytest
import weber
from library_table.formulas import (
    attention,
    cross_correlation,
    flipped,
    gru,
    lstm,
    rnn,
    standardise,
    transposed_convolution,
    unroll,
    with_bias,
)
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import load_file, save_file

RANDOM = np.random.default_rng(3)


def f32(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def close(result, formula):
    assert_allclose(result, formula, rtol=2e-5, atol=2e-5)


@pytest.fixture
def torch_model(program, tmp_path):
    """`torch_model(layers, weights, names)`: a program with the loaded model as `f`."""

    def load(model, weights, names=None, options=""):
        path = tmp_path / "weights.safetensors"
        save_file({name: np.ascontiguousarray(array) for name, array in weights.items()}, path)
        given = "" if names is None else f"names = {names}, "
        return program(f"""
        using SafeTensors
        model = {model}
        Flux.loadmodel!(model, load_safetensors("{path}"); layout = :torch, {given}{options})
        f(x) = model(x)
        """)

    return load


def test_sequential(torch_model):
    """Conv2d, BatchNorm2d, ReLU, ConvTranspose2d, Flatten, Linear."""
    w = {"0.weight": f32(4, 3, 3, 2), "0.bias": f32(4), "1.weight": f32(4), "1.bias": f32(4),
         "1.running_mean": f32(4), "1.running_var": np.abs(f32(4)) + 0.5,
         "1.num_batches_tracked": np.array(7),
         "3.weight": f32(4, 2, 2, 2), "3.bias": f32(2), "5.weight": f32(5, 2 * 5 * 6)}
    module = torch_model("Chain(Conv((2, 3), 3 => 4), BatchNorm(4, relu), ConvTranspose((2, 2), 4 => 2), "
                         "Flux.flatten, Dense(60 => 5; bias = false))", w)
    x = f32(2, 3, 6, 6)
    y = with_bias(cross_correlation(x, w["0.weight"]), w["0.bias"])

    def channels(name):
        return w[f"1.{name}"].reshape(-1, 1, 1)

    y = (y - channels("running_mean")) / np.sqrt(channels("running_var") + 1e-5)
    y = np.maximum(y * channels("weight") + channels("bias"), 0)
    y = transposed_convolution(y, flipped(w["3.weight"]), stride=(1, 1), low=(0, 0), high=(0, 0),
                               dilation=(1, 1), extra=(0, 0), groups=1)
    y = with_bias(y, w["3.bias"])
    close(module.f(x), y.reshape(2, -1) @ w["5.weight"].T)


def test_named_modules(torch_model):
    """Embedding, LayerNorm, GroupNorm and Bilinear."""
    w = {"net.table.weight": f32(7, 6), "net.norm.weight": f32(6), "net.norm.bias": f32(6),
         "net.pairs.weight": f32(4, 6, 6), "net.pairs.bias": f32(4)}
    module = torch_model("Chain(Embedding(7 => 6), LayerNorm(6), Flux.Bilinear(6 => 4))", w,
                         '["layers.1" => "table", "layers.2" => "norm", "layers.3" => "pairs"]',
                         'prefix = "net"')
    indices = np.array([3, 1, 7])
    y = standardise(w["net.table.weight"][indices - 1], 1) * w["net.norm.weight"] + w["net.norm.bias"]
    close(module.f(indices), np.einsum("ni,oij,nj->no", y, w["net.pairs.weight"], y) + w["net.pairs.bias"])


@pytest.mark.parametrize("name, step, gates", [("RNN", rnn, 1), ("LSTM", lstm, 4), ("GRU", gru, 3)])
def test_recurrence_of_two_layers(torch_model, name, step, gates):
    w = {}
    for layer, inputs in ((0, 3), (1, 2)):
        w |= {f"r.weight_ih_l{layer}": f32(gates * 2, inputs), f"r.weight_hh_l{layer}": f32(gates * 2, 2),
              f"r.bias_ih_l{layer}": f32(gates * 2), f"r.bias_hh_l{layer}": f32(gates * 2)}
        if name == "GRU":
            w[f"r.bias_hh_l{layer}"][4:] = 0
    module = torch_model(f"Chain({name}(3 => 2), {name}(2 => 2))", w,
                         '["layers.1" => "r.l0", "layers.2" => "r.l1"]')
    x = y = f32(4, 5, 3)
    for layer in (0, 1):
        parameters = [w[f"r.weight_ih_l{layer}"], w[f"r.weight_hh_l{layer}"],
                      w[f"r.bias_ih_l{layer}"] + w[f"r.bias_hh_l{layer}"]]
        y, _ = unroll(step, y, parameters, name == "LSTM")
    close(module.f(x), y)


def test_cells_and_a_bias_that_has_no_place(torch_model):
    w = {"weight_ih": f32(6, 3), "weight_hh": f32(6, 2), "bias_ih": f32(6),
         "bias_hh": np.zeros(6, np.float32)}
    module = torch_model("GRUCell(3 => 2)", w, '["" => ""]')
    x = f32(4, 3)
    close(module.f(x)[0], gru(x, np.zeros((4, 2)), w["weight_ih"], w["weight_hh"], w["bias_ih"])[0])
    w["bias_hh"] += 1
    with pytest.raises(weber.WeberError, match="for which Flux's GRU has no place"):
        torch_model("GRUCell(3 => 2)", w, '["" => ""]')


@pytest.mark.parametrize("together", [True, False])
def test_multi_head_attention(torch_model, together):
    projections = f32(18, 6)
    q, k, v = np.split(projections, 3)
    w = {"out_proj.weight": f32(6, 6), "out_proj.bias": f32(6), "in_proj_bias": f32(18)}
    w |= {"in_proj_weight": projections} if together else {
        "q_proj_weight": q, "k_proj_weight": k, "v_proj_weight": v}
    module = torch_model("MultiHeadAttention(6; nheads = 2, bias = true)", w, '["" => ""]')
    x = f32(2, 4, 6)
    bq, bk, bv = np.split(w["in_proj_bias"], 3)
    y, weights = attention(x @ q.T + bq, x @ k.T + bk, x @ v.T + bv, 2)
    results = module.f(x)
    close(results[0], y @ w["out_proj.weight"].T + w["out_proj.bias"])
    close(results[1], weights)


def test_half_precision_and_one_dimension(torch_model):
    w = {"0.weight": f32(4, 1, 3).astype(np.float16), "0.bias": f32(4).astype(np.float16)}
    module = torch_model("Conv((3,), 4 => 4; groups = 4, pad = 1)", w, '["" => "0"]')
    x = f32(2, 4, 6)
    y = cross_correlation(x, w["0.weight"].astype(np.float32), low=(1,), high=(1,), groups=4)
    close(module.f(x), with_bias(y, w["0.bias"].astype(np.float32)))


LINEAR = {"fc.weight": f32(2, 3), "fc.bias": f32(2)}


@pytest.mark.parametrize("model, weights, names, message", [
    ("Dense(3 => 2)", LINEAR, None, "`names` must say which layers these are: fc"),
    ("Dense(3 => 2)", LINEAR, '["" => "head"]', "needs the array head.weight; there are fc.bias and fc"),
    ("Dense(4 => 2)", LINEAR, '["" => "fc"]', r"expected an array of size \(2, 4\).*, got size \(2, 3\)"),
    ("Dense(3 => 2; bias = false)", LINEAR, '["" => "fc"]', "nonzero bias"),
    ("Dense(3 => 2)", LINEAR | {"other": f32(1)}, '["" => "fc"]', "the model has no place for other"),
    ("Flux.Scale(3)", LINEAR, '["" => "fc"]', "a layer that PyTorch does not have"),
    ("Chain(Dense(3 => 2), Dense(2 => 1))", {"0.weight": f32(2, 3)}, None, "the file has 1 layers"),
])
def test_what_does_not_fit(torch_model, model, weights, names, message):
    with pytest.raises(weber.WeberError, match=message):
        torch_model(model, weights, names)


def test_state_in_a_file(program, tmp_path):
    path = tmp_path / "state.safetensors"
    module = program(f"""
    using SafeTensors
    make() = Chain(Dense(3 => 2, tanh), BatchNorm(2), Dense(2 => 1; bias = false))
    first, second = make(), make()
    first[2].μ .= [1, 2]
    save_safetensors("{path}", Flux.state(first))
    Flux.loadmodel!(second, load_safetensors("{path}"))
    f(x) = (first(x), second(x))
    weight() = first[1].weight
    """)
    a, b = module.f(f32(4, 3))
    assert_array_equal(a, b)
    saved = load_file(path)
    assert_array_equal(saved["layers.1.weight"], module.weight().T)  # (out, in), as in Julia
    assert {"layers.1.bias", "layers.2.γ", "layers.2.σ²", "layers.3.weight"} <= saved.keys()


def test_state_of_an_artifact(program, tmp_path):
    source = """
    model = Chain(Dense(3 => 2, tanh), BatchNorm(2), Dense(2 => 1))
    opt = Flux.setup(Adam(0.1), model)
    @export function step(x::Float32[3, N])
        loss, grads = Flux.withgradient(m -> sum(abs2, m(x)), model)
        Flux.update!(opt, model, grads[1])
        return loss
    end
    @export predict(x::Float32[3, N]) = model(x)
    """
    module = program(source)
    step = module.compile("step").program()
    x = f32(4, 3)
    for _ in range(3):
        step(x)
    path = tmp_path / "trained.safetensors"
    step.save_state(path)
    predict = weber.load(save(module, tmp_path), state=step.state)
    other = program(source + f"""
    using SafeTensors
    Flux.loadmodel!(model, load_safetensors("{path}"); layout = :onnx, prefix = "model")
    """)
    close(other.predict(x), predict(x))


def save(module, folder):
    module.compile("predict").save(folder / "predict.onnx")
    return folder / "predict.onnx"
