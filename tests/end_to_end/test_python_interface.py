"""Programs from Python: a loaded file and its artifacts, their state, checkpoints that others continue."""

import subprocess
import sys

import numpy as np
import pytest
import weber

SOURCE = """
using Random: seed!
seed!(11)
model = Chain(Dense(6 => 10, relu), BatchNorm(10), Dropout(0.3), Dense(10 => 4))
opt = Flux.setup(Adam(0.01), model)
@export predict(x::Float32[6, N]) = softmax(model(x))
@export function train_step(x::Float32[6, N], y::Float32[4, N])
    loss, grads = Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    return loss
end
first_weight() = model[1].weight
"""
RNG = np.random.default_rng(2)
X = RNG.normal(size=(16, 6)).astype(np.float32)
Y = np.eye(4, dtype=np.float32)[RNG.integers(4, size=16)]


def bits(state):
    return {name: (value.dtype, value.shape, value.tobytes()) for name, value in state.items()}


@pytest.fixture
def module(load, monkeypatch):
    monkeypatch.setenv("WEBER_THREADS", "1")
    return load(SOURCE, "model.jl")


# --- a loaded file ------------------------------------------------------------------------------------------


def test_arrays_in_and_out(module):
    for n in (16, 1, 7):
        probabilities = module.predict(X[:n])
        assert type(probabilities) is np.ndarray
        assert (probabilities.dtype, probabilities.shape) == (np.float32, (n, 4))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    loss = module.train_step(X, Y)
    assert np.ndim(loss) == 0 and isinstance(loss, np.float32) and 0 < loss < 10
    strided = np.asfortranarray(X)[::2]
    np.testing.assert_array_equal(module.predict(strided), module.predict(strided.copy()))


def test_calls_keep_the_state_up_to_date(module):
    """Call by call the same as the artifact, whose state is its own."""
    program = module.compile("train_step").program()
    predict = module.compile("predict").program(state=program.state)
    assert bits(module.state) == bits(program.state)
    for _ in range(3):
        np.testing.assert_allclose(module.train_step(X, Y), program(X, Y), rtol=1e-6)
        assert set(module.state) == set(program.state)
        for name, value in program.state.items():
            np.testing.assert_allclose(module.state[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
        np.testing.assert_array_equal(module.first_weight(), module.state["model.layers.1.weight"])
        np.testing.assert_allclose(module.predict(X), predict(X), rtol=1e-5, atol=1e-6)


def test_artifacts_start_from_the_present_state(module):
    for _ in range(3):
        module.train_step(X, Y)
    assert bits(module.compile("train_step").program().state) == bits(module.state)


def test_state_can_be_assigned(module):
    start = dict(module.state)
    first = module.train_step(X, Y)
    second = module.train_step(X, Y)
    assert first != second
    for name, value in start.items():
        module.state[name] = value
    assert bits(module.state) == bits(start)
    assert module.train_step(X, Y) == first
    module.state["model.layers.4.weight"] = np.zeros((10, 4), np.float32)
    module.state["model.layers.4.bias"] = [0, 0, 0, 100]
    np.testing.assert_allclose(module.predict(X), np.tile([0, 0, 0, 1], (16, 1)), atol=1e-6)
    module.state["opt.layers.1.weight.state.3.1"] = 0.5
    assert module.state["opt.layers.1.weight.state.3.1"] == np.float32(0.5)


def test_state_is_copied(module):
    name = "model.layers.1.weight"
    before = module.predict(X)
    read, given = module.state[name], module.state[name]
    read[:] = 0
    module.state[name] = given
    given[:] = 0
    np.testing.assert_array_equal(module.predict(X), before)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("model.layers.1.weights", np.zeros((6, 10), np.float32), "no state `model.layers.1.weights`"),
        ("model.layers.1.weight", np.zeros((10, 6), np.float32), r"\(6, 10\), found float32 \(10, 6\)"),
        ("model.layers.1.weight", np.zeros((6, 10)), r"float32 \(6, 10\), found float64"),
    ],
)
def test_wrong_assignments(module, name, value, message):
    before = bits(module.state)
    with pytest.raises(weber.WeberError, match=message):
        module.state[name] = value
    assert bits(module.state) == before
    assert module.state.get("model.layers.1.weights") is None


# --- checkpoints --------------------------------------------------------------------------------------------

# Continues training from a checkpoint in a process that has only the artifact, and saves where it ends.
CONTINUE = """
import sys
import numpy as np
import weber
folder, steps = sys.argv[1], int(sys.argv[2])
train = weber.load(f"{folder}/train_step.onnx", threads=1)
train.load_state(f"{folder}/middle.safetensors")
data = np.load(f"{folder}/data.npz")
print(*[float(train(data["x"], data["y"])).hex()
        for _ in range(steps)])
train.save_state(f"{folder}/end.safetensors")
assert not any(name.startswith(("weber.frontend", "lark")) for name in sys.modules)
"""


def test_another_process_continues_bit_by_bit(module, tmp_path):
    artifact = module.compile("train_step")
    artifact.save(tmp_path / "train_step.onnx")
    np.savez(tmp_path / "data.npz", x=X, y=Y)
    train = weber.load(tmp_path / "train_step.onnx", threads=1)
    for _ in range(7):
        train(X, Y)
    train.save_state(tmp_path / "middle.safetensors")
    losses = [float(train(X, Y)).hex() for _ in range(5)]
    command = [sys.executable, "-c", CONTINUE, tmp_path, "5"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == losses
    final = bits(train.state)
    train.load_state(tmp_path / "end.safetensors")
    assert bits(train.state) == final


def test_predict_takes_a_checkpoint_of_training(module, tmp_path):
    """It knows more names than `predict` reads."""
    train = module.compile("train_step").program(threads=1)
    predict = module.compile("predict").program(threads=1)
    for _ in range(5):
        train(X, Y)
    shared = module.compile("predict").program(state=train.state, threads=1)
    train.save_state(tmp_path / "trained.safetensors")
    untrained = predict(X)
    predict.load_state(tmp_path / "trained.safetensors", partial=True)
    np.testing.assert_array_equal(predict(X), shared(X))
    assert np.abs(predict(X) - untrained).max() > 1e-3
