"""A comparison as a table of training sentences per second."""

from rich.table import Table

from ..harness import QUIET, Comparison, Quartiles
from ..system import OURS
from .workloads import BATCH


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
