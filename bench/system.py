"""What a system that is measured must be able to do."""

from abc import ABC, abstractmethod

import numpy as np

OURS = "weber"


class System(ABC):
    """One system with one task. Making it prepares everything except what the first step does.

    Batches are in the system's own form beforehand: no step converts its inputs.
    """

    @abstractmethod
    def __init__(self, task, threads: int):
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
