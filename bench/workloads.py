"""What is measured: models with their data, initial weights and optimiser, the same for every system."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .task import Task

MODELS = Path(__file__).parent / "models"
BATCHES = 16
"""Training goes round so many batches: with fewer the loss comes to zero, and denormal gradients are slow."""


@dataclass(frozen=True)
class Workload:
    """A model that classifies images.

    `layers` has for each layer with parameters its place in the `Chain` (from 1) and its weight's shape as
    PyTorch and ONNX have it: (out, in) or (out, in, height, width). `image` is the shape of an example,
    `batch` the size of a training batch. The source is `models/NAME.jl` with the entries `predict` and
    `train_step`; the peers look their models up by `name`.
    """

    name: str
    title: str
    layers: tuple[tuple[int, tuple[int, ...]], ...]
    image: tuple[int, ...]
    batch: int
    optimiser: str
    classes: int = 10

    @property
    def source(self) -> Path:
        return MODELS / f"{self.name}.jl"

    @cached_property
    def parameters(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """(weight, bias) of each layer: Glorot's uniform distribution, and small biases."""
        random = np.random.default_rng(1)
        return [(random.uniform(-1, 1, shape).astype(np.float32) * np.float32(_glorot(shape)),
                 random.uniform(-0.1, 0.1, shape[0]).astype(np.float32)) for _, shape in self.layers]

    def images(self, count: int, seed: int = 2) -> np.ndarray:
        return np.random.default_rng(seed).random((count, *self.image), np.float32)

    @cached_property
    def training_data(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Batches of (images, labels); the labels are drawn at random."""
        labels = np.random.default_rng(3).integers(0, self.classes, (BATCHES, self.batch))
        return [(self.images(self.batch, 10 + index), labels[index]) for index in range(BATCHES)]


def _glorot(shape):
    window = int(np.prod(shape[2:]))
    return np.sqrt(6 / (window * (shape[0] + shape[1])))


@dataclass(frozen=True)
class ImageTask(Task):
    """A workload's training step, or its inference."""

    workload: Workload
    kind: str
    batch: int

    systems = {
        "weber": ("bench.weber_system", "WeberSystem"),
        "torch": ("bench.torch_system", "EagerSystem"),
        "torch.compile": ("bench.torch_system", "CompiledSystem"),
        "jax": ("bench.jax_system", "JaxSystem"),
    }

    def description(self):
        return {"workload": self.workload.name, "kind": self.kind, "batch": self.batch, "title": str(self)}

    def __str__(self):
        what = f"training step, {self.workload.optimiser}" if self.kind == "train" else "inference"
        return f"{self.workload.title}, {what}, batch {self.batch}"


WORKLOADS = {workload.name: workload for workload in (
    Workload("mlp", "MLP 784-512-256-10", ((1, (512, 784)), (2, (256, 512)), (3, (10, 256))), (784,), 128,
             "Adam(1e-3)"),
    Workload("lenet", "LeNet 28×28", ((1, (6, 1, 5, 5)), (3, (16, 6, 5, 5)), (6, (120, 400)), (7, (84, 120)),
                                      (8, (10, 84))), (1, 28, 28), 64, "Momentum(0.01, 0.9)"),
)}


def tasks(workload: Workload) -> list[ImageTask]:
    """The training step, and inference of one example and of a batch."""
    train = ImageTask(workload, "train", workload.batch)
    return [train, *(ImageTask(workload, "predict", count) for count in (1, 64))]
