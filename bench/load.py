"""What other programs take of the machine while a block runs: timings of a busy machine are worth nothing."""

import os
import time
from pathlib import Path


class OtherLoad:
    """From its making on, the processor time that programs other than the one measured take."""

    def __init__(self):
        self._busy, self._start = _busy_seconds(), time.perf_counter()

    def share(self, own: float) -> float:
        """Their part of all processors' time, 0 to 1, where the one measured took `own` seconds; 0 where the
        system does not tell."""
        busy, elapsed = _busy_seconds() - self._busy, time.perf_counter() - self._start
        return min(1.0, max(0.0, busy - own) / (elapsed * os.cpu_count()))


def _busy_seconds():
    """The seconds that all processors together were busy, those taken by other virtual machines included."""
    try:
        line = Path("/proc/stat").read_text().partition("\n")[0]
    except OSError:
        return 0.0
    user, nice, system, _, _, interrupt, soft, steal, *_ = map(int, line.split()[1:])
    return (user + nice + system + interrupt + soft + steal) / os.sysconf("SC_CLK_TCK")
