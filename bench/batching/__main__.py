"""The command `python -m bench.batching [--help]`: training sentences per second."""

import sys

from ..command import Options, run
from ..harness import Settings
from .report import table
from .workloads import BATCH, CORPUS, TASKS, BatchingTask, shortened


def main() -> int:
    parser = Options("python -m bench.batching", "Training sentences per second.", prefix="batching-")
    parser.several("--workload", tuple(TASKS))
    parser.several("--system", tuple(BatchingTask.systems))
    parser.number("--threads", 2, "of every system, but for DyNet, which has one")
    parser.number("--rounds", 5, "in each of which every system trains on each batch")
    parser.number("--batches", BatchingTask.measured, f"of {BATCH} sentences, a divisor of {CORPUS}")
    parser.number("--attempts", 2, "at a block that other programs disturb")
    options = parser.parse_args()
    settings = Settings(options.threads, options.rounds, block=0, attempts=options.attempts)
    tasks = [shortened(TASKS[name], options.batches) for name in options.workload]
    return run(tasks, options.system, settings, table, options.json)


if __name__ == "__main__":
    sys.exit(main())
