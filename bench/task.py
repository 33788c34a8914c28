"""What one comparison measures, and what it tells the processes that measure it."""

from importlib import import_module
from typing import ClassVar

from .system import System


class Task:
    """A computation that several systems can do in turn; its title is its `str`.

    Tasks are sent to worker processes: they are small, and make their data there.
    """

    systems: ClassVar[dict[str, tuple[str, str]]]
    """Module and class of each system. The modules are imported in worker processes only."""

    warm_up: ClassVar[int] = 5
    """Steps at the start of each block that do not count: other systems have run since."""

    cycle: ClassVar[int] = 1
    """After so many steps the same inputs come again. A block goes through whole cycles, and the mean of a
    cycle is one measurement."""

    checked: ClassVar[int] = 5
    """Training steps whose losses must agree between all systems."""

    kind: str  # "train" or "predict"

    def description(self) -> dict:
        """What identifies the task in the results."""
        raise NotImplementedError

    def system(self, name: str) -> type[System]:
        """The class of a system. To be called in its worker process."""
        module, attribute = self.systems[name]
        return getattr(import_module(module), attribute)
