"""What the tests know of one example program."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Program:
    """One file of `examples/control_flow`: its entries, data, and formulas in numpy.

    `one`, `many`: the entries for one example and for a vector of examples.
    `examples(rng)`: a batch, a list of tuples of arrays, numbers, tuples or dicts, in numpy's order of axes.
    `reference(p, *example)`: the tuple of results of one example; `p` maps names of states
        (`model.cell.Wi`) to arrays.
    `shared`: arguments before the examples', the same for all.
    `least`, `largest`: an example as small as the program allows, and one far longer than the others.
    `smooth`: whether the program is smooth at `least`, so that differences there are a derivative.
    `gradient`, `gradients`: the entries with the gradient of one example and of each of a vector, the
        derivatives of `objective(p, *arguments)` with respect to the arguments numbered in `of`.
    `loss`: the text of a Julia function of a model and one example. Its gradient with respect to `model`,
        summed over the arguments of the entry `loss_entry`, is compared with central differences of
        `model_objective(p, *example)`; `loss_batch(rng)` gives such arguments (else `batch`).
    `train`, `batch(rng)`: the entry of a training step and its arguments; in `steps` of them the loss falls
        to `falls` times what it was at first.
    `tolerance`: relative, of results in the precision of the file.
    """

    file: str
    one: str
    many: str
    examples: Callable
    reference: Callable
    shared: tuple = ()
    least: Callable | None = None
    largest: Callable | None = None
    smooth: bool = True
    gradient: str | None = None
    gradients: str | None = None
    objective: Callable | None = None
    of: tuple = (0,)
    loss: str | None = None
    model: str = "model"
    model_objective: Callable | None = None
    loss_entry: str = "train_step"
    loss_batch: Callable | None = None
    train: str | None = None
    batch: Callable | None = None
    steps: int = 60
    falls: float = 0.7
    tolerance: float = 1e-5

    @property
    def name(self):
        return self.file.removesuffix(".jl")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def log_softmax(x, axis=-1):
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def softmax(x, axis=-1):
    return np.exp(log_softmax(x, axis))


def dense(p, name, x):
    """`W x + b` on rows; `p` has the weight as (inputs, outputs)."""
    y = x @ p[f"{name}.weight"]
    return y + p[f"{name}.bias"] if f"{name}.bias" in p else y


def rnn(p, name, x, h):
    return np.tanh(x @ p[f"{name}.Wi"] + h @ p[f"{name}.Wh"] + p[f"{name}.bias"])


def lstm(p, name, x, h, c):
    """(h, c) after one step of a long short-term memory with gates i, f, g, o."""
    i, f, g, o = np.split(x @ p[f"{name}.Wi"] + h @ p[f"{name}.Wh"] + p[f"{name}.bias"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def lstm_layer(p, name, x):
    """The outputs (T, hidden) of an LSTM layer for inputs (T, features)."""
    hidden = p[f"{name}.cell.Wh"].shape[0]
    h, c, outputs = np.zeros(hidden), np.zeros(hidden), []
    for row in x:
        h, c = lstm(p, f"{name}.cell", row, h, c)
        outputs.append(h)
    return np.array(outputs).reshape(-1, hidden)


def gru(p, name, x, h):
    """The gated recurrent unit of Cho et al. (2014), gates r, z, h̃, with the reset gate after the product."""
    (xr, xz, xh), (hr, hz, hh) = np.split(x @ p[f"{name}.Wi"] + p[f"{name}.b"],
                                          3), np.split(h @ p[f"{name}.Wh"], 3)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xh + r * hh) + z * h
