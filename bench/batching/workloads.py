"""The networks with their initial weights, and the batches: the same for every system."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..task import Task

MODELS = Path(__file__).parent.parent / "models"
SIZE = 256
"""Of the embedding, of every hidden state and of the tagger's hidden layer."""

BATCH = 64
CORPUS = 32
"""So many batches are drawn and sorted by length; every fourth of them is measured."""


class Sentence(NamedTuple):
    """Word numbers and tags, from 0."""

    words: np.ndarray
    tags: np.ndarray


class Tree(NamedTuple):
    """A binary tree: its n words are the nodes 0 to n - 1, the inner nodes follow, children before parents.

    `left` and `right` are the children of each inner node, `classes` has a class for each node.
    """

    words: np.ndarray
    left: np.ndarray
    right: np.ndarray
    classes: np.ndarray


@dataclass(frozen=True)
class BatchingTask(Task):
    """Training of a network. `words` and `classes` are how many there are."""

    name: str
    title: str
    words: int
    classes: int
    kind: str = "train"
    measured: int = 8
    """How many batches."""

    warm_up = 1
    checked = 1  # DyNet and PyTorch update only the rows that occur, so that later losses differ
    systems = {
        "weber": ("bench.batching.weber_system", "WeberSystem"),
        "dynet autobatch": ("bench.batching.dynet_system", "AutobatchSystem"),
        "dynet": ("bench.batching.dynet_system", "DynetSystem"),
        "torch by hand": ("bench.batching.torch_system", "BatchedSystem"),
        "torch loop": ("bench.batching.torch_system", "LoopSystem"),
        "jax": ("bench.batching.jax_system", "JaxSystem"),
    }

    @property
    def cycle(self) -> int:
        return self.measured

    @property
    def source(self) -> Path:
        return MODELS / f"{self.name}.jl"

    @property
    def batch(self) -> int:
        return BATCH

    def description(self):
        return {"workload": self.name, "kind": self.kind, "batch": BATCH, "title": str(self)}

    def __str__(self):
        return f"{self.title}, training, Adam(1e-3), batch {BATCH}"

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """By name: Glorot's uniform distribution, and small biases.

        Matrices are (out, in), those of several gates one below the other: i, f, g, o of an LSTM, i, o, u of
        the tree-LSTM.
        """
        random = np.random.default_rng(1)
        return {name: _glorot(random, shape) if len(shape) == 2 else _small(random, shape)
                for name, shape in SHAPES[self.name](self.words, self.classes).items()}  # fmt: skip

    @cached_property
    def batches(self) -> list[list]:
        """Lists of sentences, or of trees, of about the same length each, from short to long."""
        random = np.random.default_rng(2)
        examples = sorted((EXAMPLES[self.name](random, self) for _ in range(BATCH * CORPUS)),
                          key=lambda example: len(example.words))  # fmt: skip
        step = CORPUS // self.measured
        return [examples[BATCH * place : BATCH * (place + 1)] for place in range(step // 2, CORPUS, step)]


def _glorot(random, shape):
    return (random.uniform(-1, 1, shape) * np.sqrt(6 / sum(shape))).astype(np.float32)


def _small(random, shape):
    return random.uniform(-0.1, 0.1, shape).astype(np.float32)


def _tagger_shapes(words, classes):
    lstm = {"input": (4 * SIZE, SIZE), "recurrent": (4 * SIZE, SIZE), "bias": (4 * SIZE,)}
    return {
        "embedding": (words, SIZE),
        **{f"{direction}.{name}": shape for direction in ("forward", "backward")
           for name, shape in lstm.items()},
        "hidden": (SIZE, 2 * SIZE), "output": (classes, SIZE),
    }  # fmt: skip


def _tree_shapes(words, classes):
    return {
        "embedding": (words, SIZE), "leaf": (3 * SIZE, SIZE), "node": (3 * SIZE, 2 * SIZE),
        "bias": (3 * SIZE,), "forget_left": (SIZE, SIZE), "forget_right": (SIZE, SIZE),
        "forget_bias": (SIZE,), "output": (classes, SIZE),
    }  # fmt: skip


def _words(random, length, count):
    """Word numbers: the k-th most frequent word is drawn 1/k as often as the first (Zipf's law)."""
    return (count ** random.random(length)).astype(np.int64) - 1


def _sentence(random, task):
    """Lengths as in WikiNER: 23 words in the mean, 144 at most."""
    length = int(np.clip(round(random.lognormal(np.log(23) - 0.125, 0.5)), 1, 144))
    return Sentence(_words(random, length, task.words), random.integers(0, task.classes, length))


def _tree(random, task):
    """Lengths as in the Stanford Sentiment Treebank: 19 words in the mean, 2 to 52; a random parse."""
    leaves = int(np.clip(round(random.gamma(4.2, 19 / 4.2)), 2, 52))
    left, right = [], []

    def grow(first, last):  # the words from first up to last: the node's number
        if last - first == 1:
            return first
        split = random.integers(first + 1, last)
        children = grow(first, split), grow(split, last)
        left.append(children[0])
        right.append(children[1])
        return leaves + len(left) - 1

    grow(0, leaves)
    return Tree(_words(random, leaves, task.words), np.array(left), np.array(right),
                random.integers(0, task.classes, 2 * leaves - 1))  # fmt: skip


SHAPES = {"tagger": _tagger_shapes, "tree_lstm": _tree_shapes}
EXAMPLES = {"tagger": _sentence, "tree_lstm": _tree}
TASKS = {task.name: task for task in (BatchingTask("tagger", "BiLSTM tagger", 6_000, 9),
                                      BatchingTask("tree_lstm", "tree-LSTM", 16_000, 5))}  # fmt: skip


def shortened(task: BatchingTask, measured: int) -> BatchingTask:
    """The same with fewer batches."""
    return replace(task, measured=measured)


def padded(arrays: list[np.ndarray], fill: int = 0) -> np.ndarray:
    """Arrays of different lengths as the rows of one."""
    result = np.full((len(arrays), max(map(len, arrays))), fill, np.int64)
    for row, array in zip(result, arrays):
        row[: len(array)] = array
    return result


def lengths(arrays: list[np.ndarray]) -> np.ndarray:
    return np.array([len(array) for array in arrays])
