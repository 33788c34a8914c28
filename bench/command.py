"""What the commands of the benchmarks share: their options, and going through the tasks."""

import argparse
import datetime
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .harness import Comparison, Disagreement, Settings, compare
from .report import write_json
from .task import Task
from .worker import WorkerFailed

RESULTS = Path(__file__).parent.parent / "build" / "bench"


class Options(argparse.ArgumentParser):
    """A command's options. `prefix` is what the names of the files with its results begin with."""

    def __init__(self, prog: str, description: str, prefix: str = ""):
        super().__init__(prog=prog, description=description)
        self.add_argument("--json", type=Path, metavar="FILE",
                          default=RESULTS / f"{prefix}{datetime.datetime.now():%Y-%m-%dT%H%M%S}.json",
                          help=f"the results (build/bench/{prefix}DATE.json)")

    def several(self, option: str, choices: tuple[str, ...]):
        """An option that takes some of these names; all of them, unless it is given."""
        self.add_argument(option, nargs="+", choices=choices, default=list(choices), metavar="NAME",
                          help=f"only these: {', '.join(choices)}")

    def number(self, option: str, value: float, what: str):
        """An option that takes a number of the type of its default."""
        self.add_argument(option, type=type(value), default=value, metavar="N",
                          help=f"{what} (%(default)s)")


def run(
    tasks: Iterable[Task], systems: list[str], settings: Settings, table: Callable[[Comparison], Table],
    path: Path,
) -> int:
    """Compares the systems at each task, shows each comparison as a table and keeps all in a file; the exit
    status."""
    console, comparisons = Console(), []
    for task in tasks:
        try:
            with console.status(str(task)) as status:
                comparison = compare(task, systems, settings,
                                     lambda event, task=task: status.update(f"{task}: {event}"))
        except (Disagreement, WorkerFailed) as error:
            print(f"{task}: {error}", file=sys.stderr)
            return 1
        comparisons.append(comparison)
        console.print(table(comparison))
        write_json(path, settings, comparisons)
    console.print(f"{settings.threads} threads; all in {path}")
    return 0
