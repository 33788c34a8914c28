"""One comparison: systems take turns at the same task, and are compared round by round.

Each system has a process of its own. In every round each runs one block of steps, in changing order, while
the others are blocked; the pause between blocks lets threads that still spin fall asleep. The ratio of two
systems is taken in each round and the median of these is reported: what slows the machine for a while slows
both. A block during which other programs took much of the machine is repeated.
"""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from .load import OtherLoad
from .system import OURS
from .task import Task
from .worker import Ready, Worker

DIGITS = 1e-4
"""How far results may lie apart, relative to the larger: four digits."""

QUIET = 0.05
"""The part of the machine's time that others may take during a block."""


class Disagreement(Exception):
    """Systems that do not compute the same."""


@dataclass(frozen=True)
class Settings:
    threads: int = 2
    rounds: int = 15
    block: float = 0.3  # seconds
    pause: float = 0.2
    attempts: int = 8
    """A block that is disturbed so often counts as it is, with the least disturbed attempt."""


@dataclass(frozen=True)
class Quartiles:
    """The median and the quartiles around it."""

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Quartiles":
        return cls(*np.percentile(list(values), (25, 50, 75)).tolist())


@dataclass(frozen=True)
class Measurement:
    """A system's part of a comparison: for each round the median of its block in seconds per step, and the
    part of the machine's time that other programs took meanwhile."""

    ready: Ready
    rounds: list[float]
    disturbance: list[float]

    @property
    def step(self) -> Quartiles:
        return Quartiles.of(self.rounds)


@dataclass(frozen=True)
class Comparison:
    task: Task
    systems: dict[str, Measurement]

    def ratio(self, peer: str) -> Quartiles:
        """Our time over a peer's, round by round: below 1 we are faster."""
        return Quartiles.of(ours / theirs for ours, theirs in
                            zip(self.systems[OURS].rounds, self.systems[peer].rounds, strict=True))


def compare(
    task: Task, systems: list[str], settings: Settings, progress: Callable[[str], None]
) -> Comparison:
    """Measures a task with all systems. Raises `Disagreement`, and `WorkerFailed` when a system fails.

    `progress` is told what happens.
    """
    workers: list[Worker] = []
    try:
        for name in systems:  # one after the other: first steps are timed too
            progress(f"{name}: first step")
            workers.append(Worker(name, task, settings.threads))
        check_agreement({worker.system: worker.ready.result for worker in workers})
        blocks: dict[str, list[tuple[float, float]]] = {name: [] for name in systems}
        order, shuffle = list(workers), random.Random(0).shuffle
        for number in range(1, settings.rounds + 1):
            shuffle(order)
            for worker in order:
                progress(f"round {number} of {settings.rounds}: {worker.system}")
                blocks[worker.system].append(_block(worker, settings))
        return Comparison(task, {
            worker.system: Measurement(worker.ready, *map(list, zip(*blocks[worker.system])))
            for worker in workers
        })  # fmt: skip
    finally:
        for worker in workers:
            worker.close()


def _block(worker, settings):
    """(seconds per step, part of the machine's time that others took) of a block that nobody disturbed."""
    blocks = []
    for _ in range(settings.attempts):
        time.sleep(settings.pause)
        load = OtherLoad()
        times, own = worker.block(settings.block)
        blocks.append((float(np.median(times)), load.share(own)))
        if blocks[-1][1] <= QUIET:
            break
    return min(blocks, key=lambda block: block[1])


def check_agreement(results: dict[str, np.ndarray]):
    """Raises `Disagreement` unless all results are equal to four digits of the largest element."""
    (first, expected), *others = results.items()
    for name, result in others:
        scale = max(np.abs(expected).max(), np.abs(result).max())
        if result.shape != expected.shape or not np.all(np.abs(result - expected) <= DIGITS * scale):
            raise Disagreement(f"{first} computes {_short(expected)}, {name} computes {_short(result)}")


def _short(array):
    return np.array2string(array.reshape(-1)[:5], precision=6)
