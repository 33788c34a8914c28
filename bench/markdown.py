"""The results of a run as the tables of docs/benchmarks.md: `python -m bench.markdown FILE.json`."""

import json
import sys
from pathlib import Path

from .system import OURS


def markdown(document: dict) -> str:
    """A table for each kind of task; a row for each task, a column with time and ratio for each peer."""
    kinds: dict[str, list[dict]] = {}
    for comparison in document["comparisons"]:
        kinds.setdefault(comparison["kind"], []).append(comparison)
    return "\n\n".join(_table(comparisons) for comparisons in kinds.values())


def _table(comparisons):
    systems = list(comparisons[0]["systems"])
    peers = [name for name in systems if name != OURS]
    lines = [f"| | {OURS} | {' | '.join(peers)} |", "|---" * (len(peers) + 2) + "|"]
    for comparison in comparisons:
        cells = [comparison["title"], _time(comparison, OURS)]
        cells += [f"{_time(comparison, name)} · **{_ratio(comparison, name)}**" for name in peers]
        lines.append(f"| {' | '.join(cells)} |")
    lines.append(f"| first step | {' | '.join(_first_step(comparisons, name) for name in [OURS, *peers])} |")
    return "\n".join(lines)


def _time(comparison, name):
    seconds = comparison["systems"][name]["seconds"]["median"]
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"


def _ratio(comparison, name):
    return f"{comparison['ratios'][name]['median']:.2f}"


def _first_step(comparisons, name):
    times = [comparison["systems"][name]["first step"] for comparison in comparisons]
    return f"{min(times):.1f}–{max(times):.1f} s" if max(times) - min(times) > 0.1 else f"{max(times):.1f} s"


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())))
