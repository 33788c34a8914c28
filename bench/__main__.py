"""The benchmarks' command: `python -m bench [--help]`."""

import sys

from .command import Options, run
from .harness import Settings
from .report import table
from .workloads import WORKLOADS, ImageTask, tasks


def main() -> int:
    default = Settings()
    parser = Options("python -m bench", "Artifacts against other systems.")
    parser.several("--workload", tuple(WORKLOADS))
    parser.several("--kind", ("train", "predict"))
    parser.several("--system", tuple(ImageTask.systems))
    parser.number("--threads", default.threads, "of every system")
    parser.number("--rounds", default.rounds, "in each of which every system runs a block of steps")
    parser.number("--block", default.block, "seconds of a block")
    parser.number("--pause", default.pause, "seconds between blocks")
    options = parser.parse_args()
    settings = Settings(options.threads, options.rounds, options.block, options.pause)
    chosen = [task for name in options.workload for task in tasks(WORKLOADS[name])
              if task.kind in options.kind]
    return run(chosen, options.system, settings, table, options.json)


if __name__ == "__main__":
    sys.exit(main())
