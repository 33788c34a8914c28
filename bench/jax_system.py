"""JAX: the whole step in one jit, with the parameters' and the optimiser's buffers donated; for inference the
parameters are constants."""

import jax
import jaxlib
import numpy as np
from jax import lax
from jax import numpy as jnp

from .system import System


def dense(x, layer):
    weight, bias = layer
    return x @ weight.T + bias


def conv(x, layer, padding):
    weight, bias = layer
    return lax.conv(x, weight, (1, 1), padding) + bias[:, None, None]


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def mlp(layers, x):
    for layer in layers[:-1]:
        x = jax.nn.relu(dense(x, layer))
    return dense(x, layers[-1])


def lenet(layers, x):
    x = max_pool(jax.nn.relu(conv(x, layers[0], "SAME")))
    x = max_pool(jax.nn.relu(conv(x, layers[1], "VALID")))
    return mlp(layers[2:], x.reshape(x.shape[0], -1))


MODELS = {"mlp": mlp, "lenet": lenet}


class Adam:
    """Adam(1e-3). [Kingma and Ba, 2015](https://arxiv.org/abs/1412.6980)."""

    def init(self, parameters):
        first, second = (jax.tree.map(jnp.zeros_like, parameters) for _ in range(2))
        return first, second, jnp.float32(0)

    def update(self, gradient, state, parameters):
        first, second, count = state
        count = count + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        rate, scale = 1e-3 / (1 - 0.9**count), 1 / (1 - 0.999**count)
        parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v * scale) + 1e-8),
                                  parameters, first, second)
        return parameters, (first, second, count)


class Momentum:
    """Momentum(0.01, 0.9)."""

    def init(self, parameters):
        return jax.tree.map(jnp.zeros_like, parameters)

    def update(self, gradient, velocity, parameters):
        velocity = jax.tree.map(lambda v, g: 0.9 * v + 0.01 * g, velocity, gradient)
        return jax.tree.map(jnp.subtract, parameters, velocity), velocity


OPTIMISERS = {"Adam(1e-3)": Adam(), "Momentum(0.01, 0.9)": Momentum()}


class JaxSystem(System):
    """JAX takes as many threads as the process may use processors; the worker has limited those."""

    def __init__(self, task, threads):
        workload = task.workload
        model, self.initial = MODELS[workload.name], workload.parameters
        if task.kind == "train":
            self.optimiser = OPTIMISERS[workload.optimiser]
            one_hot = np.eye(workload.classes, dtype=np.float32)
            self.batches = [(jnp.asarray(images), jnp.asarray(one_hot[labels]))
                            for images, labels in workload.training_data]
            self.train = jax.jit(_training_step(model, self.optimiser), donate_argnums=(0, 1))
        else:
            self.optimiser = None
            self.images = jnp.asarray(workload.images(task.batch))
            constants = jax.tree.map(jnp.array, self.initial)
            self.predict = jax.jit(lambda images: model(constants, images))
        self.reset()

    @staticmethod
    def versions():
        return {"jax": jax.__version__, "jaxlib": jaxlib.__version__}

    def reset(self):
        if self.optimiser is not None:
            self.parameters = jax.tree.map(jnp.array, self.initial)
            self.state = self.optimiser.init(self.parameters)

    def step(self, index):
        if self.optimiser is None:
            return self.predict(self.images).block_until_ready()
        batch = self.batches[index % len(self.batches)]
        self.parameters, self.state, loss = self.train(self.parameters, self.state, *batch)
        return loss.block_until_ready()

    def to_numpy(self, result):
        return np.asarray(result)


def _training_step(model, optimiser):
    def loss_of(parameters, images, one_hot):
        return -jnp.mean(jnp.sum(one_hot * jax.nn.log_softmax(model(parameters, images)), axis=-1))

    def train(parameters, state, images, one_hot):
        loss, gradient = jax.value_and_grad(loss_of)(parameters, images, one_hot)
        parameters, state = optimiser.update(gradient, state, parameters)
        return parameters, state, loss

    return train
