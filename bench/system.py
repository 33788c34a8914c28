"""What a system that is measured must be able to do, and the systems there are."""

from abc import ABC, abstractmethod
from importlib import import_module

import numpy as np

from .workloads import Task

OURS = "weber"
SYSTEMS = {
    "weber": (".weber_system", "WeberSystem"),
    "torch": (".torch_system", "EagerSystem"),
    "torch.compile": (".torch_system", "CompiledSystem"),
    "jax": (".jax_system", "JaxSystem"),
}
"""Module and class of each system. The modules are imported in worker processes only."""


class System(ABC):
    """One system with one task. Making it prepares everything except what the first step does.

    Batches are in the system's own form beforehand: no step converts its inputs.
    """

    @abstractmethod
    def __init__(self, task: Task, threads: int):
        ...

    @staticmethod
    @abstractmethod
    def versions() -> dict[str, str]:
        """The packages whose versions matter."""

    @abstractmethod
    def reset(self):
        """Training begins anew: the initial weights, the optimiser's first state."""

    @abstractmethod
    def step(self, index: int):
        """Trains on batch `index`, or predicts. Returns when the result is there; it may be of any type."""

    @abstractmethod
    def to_numpy(self, result) -> np.ndarray:
        """The loss, or the predictions, that `step` gave."""


def system_class(name: str) -> type[System]:
    module, attribute = SYSTEMS[name]
    return getattr(import_module(module, __package__), attribute)
