"""Exported steps of optimisers against numpy, with all derivatives written out: a hundred of a small network,
some of a large embedding."""

import numpy as np
import pytest

STEPS = 100
SOURCE = """
using Random: seed!
seed!(5)
model = Chain(Dense(6 => 8, tanh), Dense(8 => 3))
opt = Flux.setup({rule}, model)
@export function train_step(x::Float32[6, N], y::Float32[3, N])
    loss, grads = Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    return loss
end
"""


def batches():
    """Batches of different sizes with labels that can be learnt."""
    rng = np.random.default_rng(4)
    plane = rng.normal(size=(6, 3))
    for step in range(STEPS):
        x = rng.normal(size=(8 + step % 3, 6))
        yield x.astype(np.float32), np.eye(3, dtype=np.float32)[(x @ plane).argmax(axis=1)]


def loss_and_gradients(parameters, x, y):
    """Of the mean cross entropy of `tanh(x W₁ + b₁) W₂ + b₂`."""
    weight1, bias1, weight2, bias2 = parameters.values()
    hidden = np.tanh(x @ weight1 + bias1)
    e = np.exp(hidden @ weight2 + bias2)
    probabilities = e / e.sum(axis=1, keepdims=True)
    loss = -(y * np.log(probabilities)).sum() / len(x)
    d_logits = (probabilities - y) / len(x)
    d_hidden = (d_logits @ weight2.T) * (1 - hidden**2)
    gradients = x.T @ d_hidden, d_hidden.sum(axis=0), hidden.T @ d_logits, d_logits.sum(axis=0)
    return loss, dict(zip(parameters, gradients, strict=True))


class Adam:
    """Kingma and Ba, 2015, algorithm 1. Optimisers.jl keeps m, v and (β₁ᵗ, β₂ᵗ) of the next step t."""

    rule = "Adam(0.01, (0.8, 0.95))"
    rate, decay1, decay2 = 0.01, 0.8, 0.95

    def __init__(self, parameter):
        self.m = self.v = np.zeros(parameter.shape)
        self.t = 0

    def step(self, gradient):
        self.t += 1
        self.m = self.decay1 * self.m + (1 - self.decay1) * gradient
        self.v = self.decay2 * self.v + (1 - self.decay2) * gradient**2
        m, v = self.m / (1 - self.decay1**self.t), self.v / (1 - self.decay2**self.t)
        return self.rate * m / (np.sqrt(v) + 1e-8)

    def states(self):
        powers = {"state.3.1": self.decay1 ** (self.t + 1), "state.3.2": self.decay2 ** (self.t + 1)}
        return {"state.1": self.m, "state.2": self.v} | powers


class DefaultAdam(Adam):
    """With the numbers of the paper, which are Flux's defaults."""

    rule = "Adam()"
    rate, decay1, decay2 = 0.001, 0.9, 0.999


class Momentum:
    """The documentation of Optimisers.jl: v ← ρ v + η g, and the step is v."""

    rule = "Momentum(0.05, 0.9)"

    def __init__(self, parameter):
        self.velocity = np.zeros(parameter.shape)

    def step(self, gradient):
        self.velocity = 0.9 * self.velocity + 0.05 * gradient
        return self.velocity

    def states(self):
        return {"state": self.velocity}


@pytest.mark.parametrize("rule", [Adam, DefaultAdam, Momentum])
def test_a_hundred_steps(rule, load, defaults, session):
    module = load(SOURCE.format(rule=rule.rule))
    model = module.compile("train_step").model
    step, state = session(model), defaults(model)
    parameters = {name: value.astype(float) for name, value in state.items() if name.startswith("model.")}
    assert list(parameters) == ["model.layers.1.weight", "model.layers.1.bias", "model.layers.2.weight",
                                "model.layers.2.bias"]  # fmt: skip
    rules = {name: rule(value) for name, value in parameters.items()}
    losses = []
    for x, y in batches():
        outputs = step(x=x, y=y, **state)
        state = {name: outputs[f"{name}.next"] for name in state}
        expected, gradients = loss_and_gradients(parameters, x.astype(float), y)
        parameters = {name: value - rules[name].step(gradients[name]) for name, value in parameters.items()}
        np.testing.assert_allclose(outputs["train_step"], expected, rtol=1e-4)
        losses.append(expected)
    assert np.mean(losses[-10:]) < 0.9 * losses[0]
    expected = parameters | {
        f"{name.replace('model', 'opt', 1)}.{part}": value
        for name, one in rules.items() for part, value in one.states().items()
    }  # fmt: skip
    assert set(expected) == set(state)
    for name, value in expected.items():
        assert state[name].dtype == np.float32
        tolerance = 1e-4 * np.abs(value).max()
        np.testing.assert_allclose(state[name], value, rtol=1e-4, atol=tolerance, err_msg=name)


class Descent:
    """x ← x - η g"""

    rule = "Descent(0.05)"

    def __init__(self, parameter):
        pass

    def step(self, gradient):
        return 0.05 * gradient

    def states(self):
        return {}


EMBEDDING = """
using Random: seed!
seed!(5)
words = Embedding(400 => 16)
opt = Flux.setup({rule}, words)
@export function train_step(data::Vector{{Int[T]}})
    loss, grads = Flux.withgradient(m -> sum(sum(abs2, m(s)) / 2 for s in data), words)
    Flux.update!(opt, words, grads[1])
    return loss
end
"""


@pytest.mark.parametrize("rule", [Adam, DefaultAdam, Momentum, Descent])
def test_steps_of_an_embedding(rule, load, defaults, session):
    """The gradient of a word's vector is the vector, as often as the word occurs: rows that occur in no
    sentence have none, but what their state asks for is done with them too."""
    model = load(EMBEDDING.format(rule=rule.rule)).compile("train_step").model
    step, state, rng = session(model), defaults(model), np.random.default_rng(2)
    (name,) = (name for name in state if name.startswith("words"))
    table = state[name].astype(float)
    one = rule(table)
    for lengths in ([3, 9, 0, 20], [1], [40, 2], [0, 0]):
        words = rng.integers(1, 401, (len(lengths), max(lengths, default=0)))
        words[:, ::2] = rng.integers(1, 4, words[:, ::2].shape)  # some come often
        inside = np.arange(words.shape[1]) < np.array(lengths)[:, None]
        outputs = step(**{"data": words, "data.lengths": np.array(lengths)}, **state)
        state = {key: outputs[f"{key}.next"] for key in state}
        counts = np.bincount(words[inside] - 1, minlength=400)
        expected = (counts[:, None] * table**2).sum() / 2
        table = table - one.step(counts[:, None] * table)
        np.testing.assert_allclose(outputs["train_step"], expected, rtol=1e-5)
    np.testing.assert_allclose(state[name], table, rtol=1e-4, atol=1e-5)
    for part, value in one.states().items():
        found = next(array for key, array in state.items() if key.endswith(part))
        np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-6, err_msg=part)
