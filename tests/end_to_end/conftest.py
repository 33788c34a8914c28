"""What these tests share: compiled models, plain onnxruntime to run them, and layers as numpy formulas.

numpy's axes are Julia's dimensions reversed: images are (batch, channels, height, width), weights of a dense
layer (inputs, outputs).
"""

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import weber
from onnx import numpy_helper
from scipy.signal import convolve

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root():
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def compiled():
    """`compiled("examples/digits.jl", "predict")`: the ONNX model of an entry."""
    load = cache(lambda source: weber.load(ROOT / source))
    return cache(lambda source, entry: load(source).compile(entry).model)


@pytest.fixture
def load(tmp_path):
    """`load(source)`: the module of a program that starts with `using Flux`."""

    def load_source(source, name="program.jl"):
        path = tmp_path / name
        path.write_text("using Flux\n" + source, encoding="utf-8")
        return weber.load(path)

    return load_source


class Session:
    """A model in onnxruntime on one thread, without any code of ours.

    A call feeds inputs and states by name and gives all outputs by name."""

    def __init__(self, model, optimised=True):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        if not optimised:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        data = model.SerializeToString()
        self.session = onnxruntime.InferenceSession(data, options, ["CPUExecutionProvider"])
        self.outputs = [output.name for output in self.session.get_outputs()]

    def __call__(self, **feeds):
        return dict(zip(self.outputs, self.session.run(None, feeds), strict=True))


@pytest.fixture(scope="session")
def session():
    """`session(model, optimised=True)`: a function from named arrays to named arrays."""
    return Session


@pytest.fixture(scope="session")
def defaults():
    """`defaults(model)`: the states of a model and their first values."""

    def states(model):
        inputs = {value.name for value in model.graph.input}
        return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
                if tensor.name in inputs}

    return states


@pytest.fixture(scope="session")
def digits():
    """The examples' data: pixels (1797, 64) and images (1797, 1, 8, 8) from 0 to 1, one_hot (1797, 10)."""
    data = np.load(ROOT / "examples" / "data" / "digits.npz")
    images = data["images"].astype(np.float32)[:, None] / 16
    one_hot = np.eye(10, dtype=np.float32)[data["labels"]]
    return SimpleNamespace(pixels=images.reshape(-1, 64), images=images, one_hot=one_hot)


# --- layers as formulas, in float64 -------------------------------------------------------------------------


def conv(x, weight):
    """A convolution that keeps the size: the kernel (outputs, inputs, height, width) is flipped, as in
    mathematics."""
    images, kernels = x.astype(float), weight.astype(float)
    return np.stack([
        sum(convolve(images[:, channel], kernel[None, channel], mode="same", method="direct")
            for channel in range(len(kernel)))
        for kernel in kernels
    ], axis=1)  # fmt: skip


def by_channel(values):
    return np.asarray(values, dtype=float)[:, None, None]


def batch_norm(x, mean, variance, γ, β):
    scaled = (x - by_channel(mean)) / np.sqrt(by_channel(variance) + 1e-5)
    return by_channel(γ) * scaled + by_channel(β)


def max_pool(x):
    n, channels, height, width = x.shape
    return x.reshape(n, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(logits, y):
    """The mean over the batch, as `Flux.logitcrossentropy`."""
    return -(y * np.log(softmax(logits))).sum(axis=1).mean()


@pytest.fixture(scope="session")
def formulas():
    """Layers as functions of numpy arrays."""
    return SimpleNamespace(conv=conv, batch_norm=batch_norm, max_pool=max_pool, relu=relu, softmax=softmax,
                           cross_entropy=cross_entropy)
