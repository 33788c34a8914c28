"""A process that runs one system: thread pools and allocators of several would disturb each other."""

import multiprocessing
import os
import time
import traceback
from dataclasses import dataclass

import numpy as np

from .machine import limit_processors
from .task import Task


class WorkerFailed(Exception):
    """What went wrong in a worker, as its traceback."""


@dataclass(frozen=True)
class Ready:
    """What a worker says first. `first_step` are the seconds from a model's source to its first result."""

    versions: dict[str, str]
    imports: float
    first_step: float
    result: np.ndarray  # predictions, or the losses of the first steps


class Worker:
    """The parent's side. It answers when a system is ready, and runs blocks of steps."""

    def __init__(self, system: str, task: Task, threads: int):
        context = multiprocessing.get_context("spawn")
        self.system = system
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, system, task, threads), daemon=True)
        self._process.start()
        other.close()
        self.ready: Ready = self._receive()

    def block(self, seconds: float) -> tuple[np.ndarray, float]:
        """The seconds per step of each cycle of a block that lasts about so long, and the processor time that
        the whole block took. Training starts anew with each block."""
        self._connection.send(seconds)
        return self._receive()

    def close(self):
        self._connection.close()
        self._process.join(10)
        self._process.terminate()

    def _receive(self):
        try:
            answer = self._connection.recv()
        except EOFError:
            answer = WorkerFailed(f"the process ended with status {self._process.exitcode}")
        if isinstance(answer, WorkerFailed):
            raise WorkerFailed(f"{self.system}: {answer}")
        return answer


def _serve(connection, name, task, threads):
    try:
        limit_processors(threads)
        os.environ.update(OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
        system, ready = _prepare(name, task, threads)
        connection.send(ready)
        while True:
            try:
                seconds = connection.recv()
            except EOFError:
                return
            start = time.process_time()
            connection.send((_block(system, task, seconds), time.process_time() - start))
    except KeyboardInterrupt:
        return
    except Exception:
        connection.send(WorkerFailed(traceback.format_exc()))


def _prepare(name, task, threads):
    start = time.perf_counter()
    make = task.system(name)
    imported = time.perf_counter()
    system = make(task, threads)
    system.to_numpy(system.step(0))
    first_step = time.perf_counter() - imported
    system.reset()
    if task.kind == "train":
        result = np.array([float(system.to_numpy(system.step(index))) for index in range(task.checked)])
    else:
        result = np.array(system.to_numpy(system.step(0)))
    return system, Ready(make.versions(), imported - start, first_step, result)


def _block(system, task, seconds):
    system.reset()
    for index in range(task.warm_up):
        system.step(index)
    times, index, clock = [], task.warm_up, time.perf_counter
    end = clock() + seconds
    while True:
        start = clock()
        system.step(index)
        now = clock()
        times.append(now - start)
        index += 1
        if now > end and len(times) % task.cycle == 0:
            return np.reshape(times, (-1, task.cycle)).mean(axis=1)
