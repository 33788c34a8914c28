"""Our artifacts: the training steps of `bench/models`, written for one example."""

import numpy as np
import onnxruntime
import weber

from ..system import System
from .workloads import lengths, padded


class WeberSystem(System):
    """Batches are padded arrays with their lengths."""

    def __init__(self, task, threads):
        self.program = weber.load(task.source).compile("train_step").program(threads=threads)
        self.program.state.update(NAMES[task.name](task.weights))
        self.initial = {name: self.program.state[name] for name in self.program.state}
        self.batches = [INPUTS[task.name](batch) for batch in task.batches]

    @staticmethod
    def versions():
        return {"weber": weber.__version__, "onnxruntime": onnxruntime.__version__}

    def reset(self):
        self.program.state.update(self.initial)

    def step(self, index):
        return self.program(**self.batches[index % len(self.batches)])

    def to_numpy(self, result):
        return np.asarray(result)


def _tagger_state(weights):
    names = {"hidden": "hidden.weight", "output": "output.weight", "embedding": "embedding.weight"}
    for direction in ("forward", "backward"):
        for name, field in (("input", "Wi"), ("recurrent", "Wh"), ("bias", "bias")):
            names[f"{direction}.{name}"] = f"{direction}.cell.{field}"
    return _state(weights, names)


def _tree_state(weights):
    return _state(weights, {"output": "output.weight", "embedding": "embedding.weight"})


def _state(weights, names):
    """Under the state's names. A matrix of Julia has the other order of axes; the embedding has a column for
    each word, so it has this one."""
    return {f"model.{names.get(name, name)}": np.ascontiguousarray(value if name == "embedding" else value.T)
            for name, value in weights.items()}  # fmt: skip


def _sentences(batch):
    words, tags = zip(*batch)
    return {"data": (padded(words) + 1, padded(tags) + 1), "data.1.lengths": lengths(words)}


def _trees(batch):
    """Tables of the nodes, children before parents: a child is its row from 1, or 0."""
    nothing = [np.zeros(len(tree.words), np.int64) for tree in batch]
    columns = {
        "word": [np.append(tree.words + 1, np.ones_like(tree.left)) for tree in batch],
        "class": [tree.classes + 1 for tree in batch],
        "left": [np.append(zeros, tree.left + 1) for zeros, tree in zip(nothing, batch)],
        "right": [np.append(zeros, tree.right + 1) for zeros, tree in zip(nothing, batch)],
    }
    return {"trees": {name: padded(arrays) for name, arrays in columns.items()},
            "trees.lengths": lengths(columns["class"])}  # fmt: skip


NAMES = {"tagger": _tagger_state, "tree_lstm": _tree_state}
INPUTS = {"tagger": _sentences, "tree_lstm": _trees}
