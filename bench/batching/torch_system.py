"""PyTorch: a loop over examples, and batches arranged by hand. The embedding is updated sparsely."""

import numpy as np
import torch
from torch.nn import functional
from torch.nn.utils import rnn

from ..system import System
from .workloads import SIZE


class TorchSystem(System):
    def __init__(self, task, threads):
        torch.set_num_threads(threads)
        self.network = NETWORKS[task.name](task)
        self.weights = {name: torch.from_numpy(value) for name, value in task.weights.items()}
        self.batches = [self.arrange(batch) for batch in task.batches]
        self.reset()

    def arrange(self, batch):
        """A batch in the form that `losses` of the network takes: a list of what is computed together."""
        raise NotImplementedError

    @staticmethod
    def versions():
        return {"torch": torch.__version__}

    def reset(self):
        with torch.no_grad():
            self.network.set(self.weights)
        sparse = self.network.embedding.weight
        dense = [each for each in self.network.parameters() if each.requires_grad and each is not sparse]
        self.optimisers = (torch.optim.SparseAdam([sparse], lr=1e-3),
                           torch.optim.Adam(dense, lr=1e-3, fused=True))  # fmt: skip

    def step(self, index):
        self.network.zero_grad()
        loss = sum(self.network.loss(*part) for part in self.batches[index % len(self.batches)])
        loss.backward()
        for optimiser in self.optimisers:
            optimiser.step()
        return loss

    def to_numpy(self, result):
        return result.detach().numpy()


class LoopSystem(TorchSystem):
    """One example after the other, and one backward pass for the batch."""

    def arrange(self, batch):
        return [self.network.arrange_one(example) for example in batch]


class BatchedSystem(TorchSystem):
    """Sentences as packed sequences; trees level by level."""

    def arrange(self, batch):
        return [self.network.arrange(batch)]


class Tagger(torch.nn.Module):
    def __init__(self, task):
        super().__init__()
        self.embedding = torch.nn.Embedding(task.words, SIZE, sparse=True)
        self.lstm = torch.nn.LSTM(SIZE, SIZE, bidirectional=True)
        self.hidden = torch.nn.Linear(2 * SIZE, SIZE, bias=False)
        self.output = torch.nn.Linear(SIZE, task.classes, bias=False)
        self.lstm.bias_hh_l0.requires_grad = self.lstm.bias_hh_l0_reverse.requires_grad = False

    def set(self, weights):
        for name in ("embedding", "hidden", "output"):
            getattr(self, name).weight.copy_(weights[name])
        for direction, suffix in (("forward", "l0"), ("backward", "l0_reverse")):
            for name, theirs in (("input", "weight_ih"), ("recurrent", "weight_hh"), ("bias", "bias_ih")):
                getattr(self.lstm, f"{theirs}_{suffix}").copy_(weights[f"{direction}.{name}"])
            getattr(self.lstm, f"bias_hh_{suffix}").zero_()  # one bias is all that the others have

    def arrange_one(self, sentence):
        return torch.from_numpy(sentence.words), torch.from_numpy(sentence.tags)

    def arrange(self, batch):
        words, tags = (rnn.pack_sequence([torch.from_numpy(each) for each in part], enforce_sorted=False)
                       for part in zip(*batch))  # fmt: skip
        return words, tags.data

    def loss(self, words, tags):
        if isinstance(words, torch.Tensor):
            states = self.lstm(self.embedding(words))[0]
        else:
            states = self.lstm(words._replace(data=self.embedding(words.data)))[0].data
        scores = self.output(torch.tanh(self.hidden(states)))
        return functional.cross_entropy(scores, tags, reduction="sum")


class TreeLSTM(torch.nn.Module):
    def __init__(self, task):
        super().__init__()
        self.embedding = torch.nn.Embedding(task.words, SIZE, sparse=True)
        for name, value in task.weights.items():
            if name != "embedding":
                self.register_parameter(name, torch.nn.Parameter(torch.empty(value.shape)))

    def set(self, weights):
        self.embedding.weight.copy_(weights["embedding"])
        for name, value in weights.items():
            if name != "embedding":
                getattr(self, name).copy_(value)

    def arrange_one(self, tree):
        """A level for each inner node: the simplest loop."""
        words, left, right, classes = map(torch.from_numpy, tree)
        return words, list(zip(left.split(1), right.split(1))), classes

    def arrange(self, batch):
        """The nodes of all trees, by level: first all words."""
        levels, words, classes = [], [], []
        for number, tree in enumerate(batch):
            depth = [0] * len(tree.words)
            for left, right in zip(tree.left, tree.right):
                depth.append(1 + max(depth[left], depth[right]))
            levels += [(level, number, node) for node, level in enumerate(depth)]
        levels.sort()
        place = {(number, node): row for row, (_, number, node) in enumerate(levels)}
        children = [([], []) for _ in range(1 + levels[-1][0])]
        for level, number, node in levels:
            tree = batch[number]
            classes.append(tree.classes[node])
            inner = node - len(tree.words)
            if inner < 0:
                words.append(tree.words[node])
            else:
                for rows, side in zip(children[level], (tree.left, tree.right)):
                    rows.append(place[number, side[inner]])
        pairs = [tuple(map(torch.tensor, pair)) for pair in children[1:]]
        return torch.tensor(np.array(words)), pairs, torch.tensor(np.array(classes))

    def loss(self, words, levels, classes):
        states = self._state(functional.linear(self.embedding(words), self.leaf, self.bias))
        for left, right in levels:
            (h1, c1), (h2, c2) = states[left].chunk(2, 1), states[right].chunk(2, 1)
            kept = torch.sigmoid(functional.linear(h1, self.forget_left, self.forget_bias)) * c1
            kept = kept + torch.sigmoid(functional.linear(h2, self.forget_right, self.forget_bias)) * c2
            gates = functional.linear(torch.cat([h1, h2], 1), self.node, self.bias)
            states = torch.cat([states, self._state(gates, kept)])
        scores = functional.linear(states[:, :SIZE], self.output)
        return functional.cross_entropy(scores, classes, reduction="sum")

    def _state(self, gates, kept=0):
        i, o, u = gates.chunk(3, 1)
        c = torch.sigmoid(i) * torch.tanh(u) + kept
        return torch.cat([torch.sigmoid(o) * torch.tanh(c), c], 1)


NETWORKS = {"tagger": Tagger, "tree_lstm": TreeLSTM}
