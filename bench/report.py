"""Results as a table on the terminal and as JSON."""

import datetime
import json
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from .harness import QUIET, Comparison, Quartiles, Settings
from .machine import describe
from .system import OURS


def table(comparison: Comparison) -> Table:
    """A row for each system: time per step, our ratio to it, and what its first step took."""
    result = Table(title=str(comparison.task), title_justify="left", title_style="bold")
    result.add_column("system", no_wrap=True)
    for heading in ("step", "quartiles", f"{OURS} / it", "quartiles", "first step"):
        result.add_column(heading, justify="right", no_wrap=True)
    for name, measurement in comparison.systems.items():
        ratio = ("", "")
        if name != OURS and OURS in comparison.systems:
            quartiles = comparison.ratio(name)
            ratio = f"{quartiles.median:.2f}", f"{quartiles.lower:.2f}–{quartiles.upper:.2f}"
        result.add_row(name, *_times(measurement.step), *ratio, f"{measurement.ready.first_step:.2f} s")
    disturbed = sum(share > QUIET for one in comparison.systems.values() for share in one.disturbance)
    if disturbed:
        result.caption = f"{disturbed} blocks ran while other programs were busy"
    return result


def _times(step: Quartiles):
    """The median with its unit, and the quartiles in the same unit."""
    unit, scale = ("ms", 1e3) if step.median >= 1e-3 else ("µs", 1e6)
    lower, median, upper = (f"{value * scale:.3g}" for value in (step.lower, step.median, step.upper))
    return f"{median} {unit}", f"{lower}–{upper}"


def write_json(path: Path, settings: Settings, comparisons: list[Comparison]):
    """All there is to know of a run: date, machine, settings, versions, every round of every comparison."""
    versions = {}
    for comparison in comparisons:
        for measurement in comparison.systems.values():
            versions |= measurement.ready.versions
    document = {
        "date": datetime.datetime.now().isoformat(timespec="seconds"),
        "machine": describe(),
        "settings": asdict(settings),
        "versions": versions,
        "comparisons": [_comparison(comparison) for comparison in comparisons],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _comparison(comparison):
    return {
        **comparison.task.description(),
        "systems": {name: _measurement(measurement) for name, measurement in comparison.systems.items()},
        "ratios": {name: _rounded(comparison.ratio(name)) for name in comparison.systems
                   if name != OURS and OURS in comparison.systems},
    }  # fmt: skip


def _measurement(measurement):
    return {
        "seconds": _rounded(measurement.step),
        "rounds": [float(f"{seconds:.4g}") for seconds in measurement.rounds],
        "disturbance": [round(share, 3) for share in measurement.disturbance],
        "first step": round(measurement.ready.first_step, 3),
        "imports": round(measurement.ready.imports, 3),
    }


def _rounded(quartiles: Quartiles):
    return {name: float(f"{value:.4g}") for name, value in asdict(quartiles).items()}
