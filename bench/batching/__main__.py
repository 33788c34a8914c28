"""The command `python -m bench.batching [--help]`: training sentences per second."""

import argparse
import datetime
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..__main__ import RESULTS
from ..harness import QUIET, Comparison, Disagreement, Quartiles, Settings, compare
from ..report import write_json
from ..system import OURS
from ..worker import WorkerFailed
from .workloads import BATCH, CORPUS, TASKS, BatchingTask, shortened


def main() -> int:
    options = _parser().parse_args()
    settings = Settings(options.threads, options.rounds, block=0, attempts=options.attempts)
    path = options.json or RESULTS / f"batching-{datetime.datetime.now():%Y-%m-%dT%H%M%S}.json"
    console, comparisons = Console(), []
    for name in options.workload:
        task = shortened(TASKS[name], options.batches)
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


def table(comparison: Comparison) -> Table:
    """A row for each system: sentences per second, and how many times as many we do."""
    result = Table(title=str(comparison.task), title_justify="left", title_style="bold")
    result.add_column("system", no_wrap=True)
    for heading in ("sentences/s", "quartiles", f"{OURS} / it", "quartiles"):
        result.add_column(heading, justify="right", no_wrap=True)
    for name, measurement in comparison.systems.items():
        rate = Quartiles.of(BATCH / seconds for seconds in measurement.rounds)
        ratio = ("", "")
        if name != OURS and OURS in comparison.systems:
            faster = Quartiles.of(
                theirs / ours
                for ours, theirs in zip(comparison.systems[OURS].rounds, measurement.rounds, strict=True)
            )
            ratio = f"{faster.median:.2f}", f"{faster.lower:.2f}–{faster.upper:.2f}"
        result.add_row(name, f"{rate.median:.0f}", f"{rate.lower:.0f}–{rate.upper:.0f}", *ratio)
    shares = [share for measurement in comparison.systems.values() for share in measurement.disturbance]
    if disturbed := sum(share > QUIET for share in shares):
        result.caption = f"{disturbed} of {len(shares)} blocks ran while other programs were busy"
    return result


def _parser():
    parser = argparse.ArgumentParser(prog="python -m bench.batching",
                                     description="Training sentences per second.")  # fmt: skip

    def several(option, choices):
        parser.add_argument(option, nargs="+", choices=choices, default=list(choices), metavar="NAME",
                            help=f"only these: {', '.join(choices)}")  # fmt: skip

    def number(option, value, what):
        parser.add_argument(option, type=int, default=value, metavar="N", help=f"{what} (%(default)s)")

    several("--workload", tuple(TASKS))
    several("--system", tuple(BatchingTask.systems))
    number("--threads", 2, "of every system, but for DyNet, which has one")
    number("--rounds", 5, "in each of which every system trains on each batch")
    number("--batches", BatchingTask.measured, f"of {BATCH} sentences, a divisor of {CORPUS}")
    number("--attempts", 2, "at a block that other programs disturb")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="the results (build/bench/batching-DATE.json)")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
