"""Training from an artifact, killed and continued in a new process, equals training without a break."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import weber
from weber.runtime.checkpoint import load_arrays

MODEL = """
using Flux, Random
Random.seed!(7)

struct Classifier{L, A, N, D}
    lstm::L
    attention::A
    norm::N
    head::D
end
Flux.@layer Classifier
function (model::Classifier)(x)
    h = model.lstm(x)
    y, _ = model.attention(h)
    pooled = dropdims(sum(y; dims = 2); dims = 2)
    return model.head(model.norm(pooled))
end

model = Classifier(LSTM(3 => 8), MultiHeadAttention(8; nheads = 2, dropout_prob = 0.1), BatchNorm(8, relu),
                   Chain(Dropout(0.3), Dense(8 => 4)))
opt = Flux.setup(OptimiserChain(ClipNorm(1.0), Adam(0.01)), model)

@export function train_step(x::Float32[3, 6, N], y::Float32[4, N])
    loss, grads = Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    return loss
end
@export predict(x::Float32[3, 6, N]) = softmax(model(x))
"""

# Trains from step `first` to `last`, prints each loss with all its bits, saves the state, is killed.
WORKER = """
import os, signal, sys
import numpy as np, weber
folder, first, last, resumed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
program = weber.load(f"{folder}/train_step.onnx", threads=1)
if resumed != "-":
    program.load_state(resumed)
for step in range(first, last):
    random = np.random.default_rng(step)
    x = random.normal(size=(16, 6, 3)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[(x.sum((1, 2)) > 0) + 2 * (x[:, 0, 0] > 0)]
    print(float(program(x, y)).hex(), flush=True)
program.save_state(f"{folder}/{first}-{last}.safetensors")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resuming")
    (folder / "model.jl").write_text(MODEL, encoding="utf-8")
    module = weber.load(folder / "model.jl")
    module.compile("train_step").save(folder / "train_step.onnx")
    module.compile("predict").save(folder / "predict.onnx")
    return folder


def train(folder, first, last, resumed="-"):
    """The losses of the steps in a process of its own."""
    command = [sys.executable, "-c", WORKER, str(folder), str(first), str(last), str(resumed)]
    ran = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    return [float.fromhex(line) for line in ran.stdout.split()]


def test_continued_training_is_bit_equal(folder):
    whole = train(folder, 0, 100)
    first = train(folder, 0, 50)
    rest = train(folder, 50, 100, folder / "0-50.safetensors")
    assert first + rest == whole
    assert np.mean(whole[-10:]) < np.mean(whole[:10])
    states = [load_arrays(folder / name) for name in ("0-100.safetensors", "50-100.safetensors")]
    assert states[0].keys() == states[1].keys()
    assert {"random.key", "model.norm.μ", "model.lstm.cell.Wh"} <= states[0].keys()
    for name, array in states[0].items():
        assert array.tobytes() == states[1][name].tobytes(), name


def test_predictions_of_the_trained_state(folder):
    train(folder, 0, 3)
    predict = weber.load(folder / "predict.onnx", threads=1)
    x = np.random.default_rng(0).normal(size=(5, 6, 3)).astype(np.float32)
    untrained = predict(x)
    predict.load_state(folder / "0-3.safetensors", partial=True)
    trained = predict(x)
    assert np.allclose(trained.sum(1), 1, atol=1e-6)
    assert np.abs(trained - untrained).max() > 1e-3
    assert (predict(x) == trained).all()  # no dropout, no statistics of the batch
