"""The machine: what it is, and which of its processors a worker may use."""

import os
import platform
from pathlib import Path


def describe() -> dict:
    return {"processor": _processor(), "logical processors": os.cpu_count(), "system": platform.system(),
            "python": platform.python_version()}


def _processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def limit_processors(count: int):
    """Confines this process to `count` processors, of different cores as far as there are such.

    Thread pools that take their size from the processors available (JAX has no other setting) then have that
    size. Does nothing where the system has no way to do it.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    chosen, spare, cores = [], [], set()
    for processor in sorted(os.sched_getaffinity(0)):
        core = _core(processor)
        (spare if core in cores else chosen).append(processor)
        cores.add(core)
    os.sched_setaffinity(0, (chosen + spare)[:count])


def _core(processor):
    """What identifies the core of a logical processor."""
    try:
        return Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list").read_text()
    except OSError:
        return processor
