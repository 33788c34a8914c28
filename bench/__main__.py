"""The benchmarks' command: `python -m bench [--help]`."""

import argparse
import datetime
import sys
from pathlib import Path

from rich.console import Console

from .harness import Disagreement, Settings, compare
from .report import table, write_json
from .worker import WorkerFailed
from .workloads import WORKLOADS, ImageTask, tasks

RESULTS = Path(__file__).parent.parent / "build" / "bench"


def main() -> int:
    options = _parser().parse_args()
    settings = Settings(options.threads, options.rounds, options.block, options.pause)
    path = options.json or RESULTS / f"{datetime.datetime.now():%Y-%m-%dT%H%M%S}.json"
    console, comparisons = Console(), []
    for task in (task for name in options.workload for task in tasks(WORKLOADS[name])):
        if task.kind not in options.kind:
            continue
        try:
            with console.status(str(task)) as status:
                comparison = compare(task, options.system, settings,
                                     lambda event, task=task: status.update(f"{task}: {event}"))
        except (Disagreement, WorkerFailed) as error:
            print(f"{task}: {error}", file=sys.stderr)
            return 1
        comparisons.append(comparison)
        console.print(table(comparison))
        write_json(path, settings, comparisons)
    console.print(f"{settings.threads} threads; all in {path}")
    return 0


def _parser():
    default = Settings()
    parser = argparse.ArgumentParser(prog="python -m bench", description="Artifacts against other systems.")

    def several(option, choices):
        parser.add_argument(option, nargs="+", choices=choices, default=list(choices), metavar="NAME",
                            help=f"only these: {', '.join(choices)}")  # fmt: skip

    def number(option, value, what):
        parser.add_argument(option, type=type(value), default=value, metavar="N",
                            help=f"{what} (%(default)s)")  # fmt: skip

    several("--workload", tuple(WORKLOADS))
    several("--kind", ("train", "predict"))
    several("--system", tuple(ImageTask.systems))
    number("--threads", default.threads, "of every system")
    number("--rounds", default.rounds, "in each of which every system runs a block of steps")
    number("--block", default.block, "seconds of a block")
    number("--pause", default.pause, "seconds between blocks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the results (build/bench/DATE.json)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
