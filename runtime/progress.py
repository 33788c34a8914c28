"""How far a long loop is, on stderr: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time
from collections.abc import Iterable, Iterator

_SECONDS_BETWEEN_LINES = 2.0


class Progress:
    """A context in which `advance` counts to `total`; without a total only the count is shown.

    `note` is text shown beside the bar, the current loss for example.
    """

    def __init__(self, total: int | None, description: str = "Progress", file=None):
        self.total = total
        self.description = description
        self.done = 0
        self.note = ""
        self._file = file or sys.stderr
        self._bar = None

    def __enter__(self):
        self._start = self._shown = time.monotonic()
        if self._file.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bars

            description, note = TextColumn("{task.description}"), TextColumn("{task.fields[note]}")
            columns = (description, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), note)
            self._bar = Bars(*columns, console=Console(file=self._file))
            self._task = self._bar.add_task(self.description, total=self.total, note="")
            self._bar.start()
        return self

    def advance(self, steps: int = 1, note: str | None = None):
        """Counts `steps` more, and replaces the note if one is given."""
        self.done += steps
        if note is not None:
            self.note = note
        if self._bar is not None:
            self._bar.update(self._task, advance=steps, note=self.note)
        elif time.monotonic() - self._shown >= _SECONDS_BETWEEN_LINES:
            self._line()

    def __exit__(self, *exception):
        if self._bar is not None:
            self._bar.stop()
        else:
            self._line()

    def _line(self):
        self._shown = time.monotonic()
        count = f"{self.done}" if self.total is None else f"{self.done}/{self.total}"
        percent = f" ({100 * self.done // self.total} %)" if self.total else ""
        note = f", {self.note}" if self.note else ""
        seconds = f"{self._shown - self._start:.1f} s"
        print(f"{self.description}: {count}{percent}, {seconds}{note}", file=self._file, flush=True)


def progress(items: Iterable | int, description: str = "Progress", total: int | None = None) -> Iterator:
    """The items one by one (the numbers below it for an integer), shown as they go."""
    if isinstance(items, int):
        items = range(items)
    if total is None and hasattr(items, "__len__"):
        total = len(items)
    with Progress(total, description) as shown:
        for item in items:
            yield item
            shown.advance()
