"""JAX: networks for one padded example, `lax.scan` over its words or nodes, `vmap` over the batch.

The whole step is one jit. It is compiled for each size of batch, which is not counted. Only the embeddings
that occur are updated.
"""

import jax
import jaxlib
import numpy as np
from jax import lax
from jax import numpy as jnp

from ..jax_system import Adam
from ..system import System
from .workloads import SIZE, lengths, padded


class JaxSystem(System):
    def __init__(self, task, threads):
        self.initial, self.adam = task.weights, Adam()
        self.batches = [jax.tree.map(jnp.asarray, ARRANGEMENTS[task.name](batch)) for batch in task.batches]
        self.train = jax.jit(_training_step(LOSSES[task.name], self.adam), donate_argnums=(0, 1))
        for index in range(len(self.batches)):
            self.reset()
            self.step(index)
        self.reset()

    @staticmethod
    def versions():
        return {"jax": jax.__version__, "jaxlib": jaxlib.__version__}

    def reset(self):
        self.weights = jax.tree.map(jnp.array, self.initial)
        self.state = self.adam.init(self.weights)

    def step(self, index):
        batch = self.batches[index % len(self.batches)]
        self.weights, self.state, loss = self.train(self.weights, self.state, batch)
        return loss.block_until_ready()

    def to_numpy(self, result):
        return np.asarray(result)


def _training_step(loss_of, adam):
    """Adam; of the embedding the rows whose words occur, each once."""

    def train(weights, state, batch):
        words, *others = batch
        embedding = weights["embedding"]
        rows, places = jnp.unique(words, return_inverse=True, size=words.size, fill_value=len(embedding))
        chosen = {**weights, "embedding": embedding.at[rows].get(mode="clip")}
        examples = places.reshape(words.shape), *others
        total = lambda weights: jnp.sum(jax.vmap(loss_of, (None, 0))(weights, examples))
        loss, gradient = jax.value_and_grad(total)(chosen)
        first, second, count = state
        moments = [{**moment, "embedding": moment["embedding"].at[rows].get(mode="clip")}
                   for moment in (first, second)]  # fmt: skip
        chosen, (*moments, count) = adam.update(gradient, (*moments, count), chosen)
        weights, first, second = (
            {**new, "embedding": old["embedding"].at[rows].set(new["embedding"], mode="drop")}
            for new, old in zip((chosen, *moments), (weights, first, second)))  # fmt: skip
        return weights, (first, second, count), loss

    return train


def _tagger(weights, sentence):
    """The loss of one sentence. After its end the state stays as it is, also from the last word backwards."""
    words, tags, length = sentence
    x = weights["embedding"][words]
    inside = jnp.arange(len(words)) < length

    def lstm(direction, reverse):
        projected = x @ weights[f"{direction}.input"].T + weights[f"{direction}.bias"]

        def cell(state, item):
            (h, c), (gates, active) = state, item
            i, f, g, o = jnp.split(gates + weights[f"{direction}.recurrent"] @ h, 4)
            memory = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            output = jax.nn.sigmoid(o) * jnp.tanh(memory)
            state = jnp.where(active, output, h), jnp.where(active, memory, c)
            return state, state[0]

        zero = jnp.zeros(SIZE)
        return lax.scan(cell, (zero, zero), (projected, inside), reverse=reverse)[1]

    states = jnp.concatenate([lstm("forward", False), lstm("backward", True)], axis=1)
    scores = jnp.tanh(states @ weights["hidden"].T) @ weights["output"].T
    return jnp.sum(jnp.where(inside, _cross_entropy(scores, tags), 0))


def _tree_lstm(weights, tree):
    """The loss of one tree, whose nodes are a table that the scan fills."""
    words, leaves, left, right, classes, count = tree

    def state(gates, kept):
        i, o, u = jnp.split(gates, 3, axis=-1)
        c = jax.nn.sigmoid(i) * jnp.tanh(u) + kept
        return jax.nn.sigmoid(o) * jnp.tanh(c), c

    def node(table, item):
        place, left, right = item
        (h1, c1), (h2, c2) = (jnp.split(table[child], 2) for child in (left, right))
        kept = jax.nn.sigmoid(weights["forget_left"] @ h1 + weights["forget_bias"]) * c1
        kept += jax.nn.sigmoid(weights["forget_right"] @ h2 + weights["forget_bias"]) * c2
        both = jnp.concatenate([h1, h2])
        new = jnp.concatenate(state(weights["node"] @ both + weights["bias"], kept))
        return table.at[place].set(new, mode="drop"), None

    gates = weights["embedding"][words] @ weights["leaf"].T + weights["bias"]
    table = jnp.zeros((len(classes), 2 * SIZE))
    table = table.at[: len(words)].set(jnp.concatenate(state(gates, 0), axis=1))
    places = leaves + jnp.arange(len(left))  # those of padding lie behind what is read
    table, _ = lax.scan(node, table, (places, left, right))
    scores = table[:, :SIZE] @ weights["output"].T
    return jnp.sum(jnp.where(jnp.arange(len(classes)) < count, _cross_entropy(scores, classes), 0))


def _cross_entropy(scores, classes):
    return -jnp.take_along_axis(jax.nn.log_softmax(scores), classes[:, None], axis=1)[:, 0]


def _sentences(batch):
    words, tags = zip(*batch)
    return padded(words), padded(tags), lengths(words)


def _trees(batch):
    words, left, right, classes = zip(*batch)
    return (padded(words), lengths(words), padded(left), padded(right), padded(classes), lengths(classes))


ARRANGEMENTS = {"tagger": _sentences, "tree_lstm": _trees}
LOSSES = {"tagger": _tagger, "tree_lstm": _tree_lstm}
