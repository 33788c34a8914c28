"""DyNet, written for one example: a batch is the sum of its losses, and autobatch finds what can be computed
together. DyNet has one thread."""

from importlib.metadata import version

import dynet_config
import numpy as np

from ..system import System
from .workloads import SIZE

MEMORY = 2_048  # megabytes


class DynetSystem(System):
    autobatch = False

    def __init__(self, task, threads):
        dynet_config.set(mem=MEMORY, autobatch=self.autobatch, random_seed=1)
        global dy
        import dynet as dy

        self.weights, self.batches = task.weights, task.batches
        self.parameters = dy.ParameterCollection()
        self.network = NETWORKS[task.name](self.parameters, task)
        self.trainer = dy.AdamTrainer(self.parameters)
        self.trainer.set_clip_threshold(-1)
        self.trainer.set_sparse_updates(True)
        self.reset()

    @staticmethod
    def versions():
        return {"dynet38": version("dynet38")}

    def reset(self):
        self.network.set(self.weights)
        self.trainer.restart()

    def step(self, index):
        dy.renew_cg()
        loss = dy.esum([self.network.loss(example) for example in self.batches[index % len(self.batches)]])
        value = loss.value()
        loss.backward()
        self.trainer.update()
        return value

    def to_numpy(self, result):
        return np.array(result, np.float32)


class AutobatchSystem(DynetSystem):
    autobatch = True


class Tagger:
    def __init__(self, parameters, task):
        self.embedding = parameters.add_lookup_parameters((task.words, SIZE))
        self.hidden = parameters.add_parameters((SIZE, 2 * SIZE))
        self.output = parameters.add_parameters((task.classes, SIZE))
        self.forward, self.backward = (dy.VanillaLSTMBuilder(1, SIZE, SIZE, parameters) for _ in range(2))

    def set(self, weights):
        self.embedding.init_from_array(weights["embedding"])
        self.hidden.set_value(weights["hidden"])
        self.output.set_value(weights["output"])
        for direction, lstm in (("forward", self.forward), ("backward", self.backward)):
            gates = [_lstm_order(weights[f"{direction}.{name}"]) for name in ("input", "recurrent", "bias")]
            gates[2][SIZE : 2 * SIZE] -= 1  # DyNet adds 1 to the forget gate
            for parameter, value in zip(lstm.get_parameters()[0], gates, strict=True):
                parameter.set_value(value)

    def loss(self, sentence):
        x = [dy.lookup(self.embedding, word) for word in sentence.words.tolist()]
        ahead = self.forward.initial_state().transduce(x)
        back = self.backward.initial_state().transduce(x[::-1])[::-1]
        states = [dy.concatenate([a, b]) for a, b in zip(ahead, back)]
        return dy.esum([dy.pickneglogsoftmax(self.output * dy.tanh(self.hidden * h), tag)
                        for h, tag in zip(states, sentence.tags.tolist())])


def _lstm_order(gates):
    """i, f, g, o as i, f, o, g."""
    i, f, g, o = np.split(gates, 4)
    return np.concatenate([i, f, o, g])


class TreeLSTM:
    def __init__(self, parameters, task):
        matrix = lambda rows, columns: parameters.add_parameters((rows, columns))
        self.embedding = parameters.add_lookup_parameters((task.words, SIZE))
        self.leaf = [matrix(SIZE, SIZE) for _ in "iou"]
        self.node = [matrix(SIZE, 2 * SIZE) for _ in "iou"]
        self.bias = [parameters.add_parameters(SIZE) for _ in "iou"]
        self.forget_left, self.forget_right = matrix(SIZE, SIZE), matrix(SIZE, SIZE)
        self.forget_bias = parameters.add_parameters(SIZE)
        self.output = matrix(task.classes, SIZE)

    def set(self, weights):
        self.embedding.init_from_array(weights["embedding"])
        for name in ("leaf", "node", "bias"):
            for parameter, value in zip(getattr(self, name), np.split(weights[name], 3)):
                parameter.set_value(value)
        for name in ("forget_left", "forget_right", "forget_bias", "output"):
            getattr(self, name).set_value(weights[name])

    def loss(self, tree):
        states = [self._leaf(dy.lookup(self.embedding, word)) for word in tree.words.tolist()]
        for left, right in zip(tree.left.tolist(), tree.right.tolist()):
            states.append(self._node(*states[left], *states[right]))
        return dy.esum([dy.pickneglogsoftmax(self.output * h, label)
                        for (h, _), label in zip(states, tree.classes.tolist())])

    def _leaf(self, x):
        i, o, u = (dy.affine_transform([bias, gate, x]) for bias, gate in zip(self.bias, self.leaf))
        c = dy.cmult(dy.logistic(i), dy.tanh(u))
        return dy.cmult(dy.logistic(o), dy.tanh(c)), c

    def _node(self, h1, c1, h2, c2):
        h = dy.concatenate([h1, h2])
        i, o, u = (dy.affine_transform([bias, gate, h]) for bias, gate in zip(self.bias, self.node))
        f1 = dy.logistic(dy.affine_transform([self.forget_bias, self.forget_left, h1]))
        f2 = dy.logistic(dy.affine_transform([self.forget_bias, self.forget_right, h2]))
        c = dy.cmult(dy.logistic(i), dy.tanh(u)) + dy.cmult(f1, c1) + dy.cmult(f2, c2)
        return dy.cmult(dy.logistic(o), dy.tanh(c)), c


NETWORKS = {"tagger": Tagger, "tree_lstm": TreeLSTM}
