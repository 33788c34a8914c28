"""How fast the language itself is: `python -m bench.language`.

Three figures, each the median of several runs: parsing 1,000 lines, the whole process of an empty script, and
simple host operations per second of the evaluator (arithmetic, comparisons, calls, indexing, in loops). All
are processor time, so other programs of the machine disturb them little.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import weber
from weber.frontend.parsing.parser import parse

ROUNDS = 5
LIBRARY = Path(weber.__file__).parent / "frontend" / "library"

OPERATIONS = {
    "loop": (
        "function f(n)\n    s = 0\n    for i in 1:n\n        s += i * 2\n    end\n    s\nend",
        "f(100_000)", 2 * 100_000,
    ),
    "while": (
        "function f(n)\n    i, s = 0, 0.0\n    while i < n\n        s += 1.5; i += 1\n    end\n    s\nend",
        "f(100_000)", 3 * 100_000,
    ),
    "calls": ("fib(n) = n < 2 ? n : fib(n - 1) + fib(n - 2)", "fib(18)", 5 * 8361),
    "elements": (
        "function f(v)\n    for i in eachindex(v)\n        v[i] = v[i] + i\n    end\n    v\nend",
        "f(zeros(50_000))", 3 * 50_000,
    ),
    "objects": (
        "mutable struct P\n    x::Int\nend\n"
        "function f(p, n)\n    for i in 1:n\n        p.x = p.x + i\n    end\n    p\nend",
        "f(P(0), 50_000)", 3 * 50_000,
    ),
}  # fmt: skip
"""What is run: definitions, a call, and how many simple operations it does."""


def median_time(action, clock=time.process_time):
    """Seconds that an action takes, the median; of this process alone unless another clock is given."""
    times = []
    for _ in range(ROUNDS):
        start = clock()
        action()
        times.append(clock() - start)
    return statistics.median(times)


def time_of_children():
    """Seconds of processor time that the ended child processes took."""
    times = os.times()
    return times.children_user + times.children_system


def parsing() -> float:
    """Seconds for 1,000 lines, over all files of the library."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(LIBRARY.glob("*.jl"))]
    lines = sum(text.count("\n") for text in texts)
    parse("1")  # the table is built once
    return median_time(lambda: [parse(text) for text in texts]) * 1000 / lines


def empty_script() -> float:
    """Seconds that the process takes that runs an empty file, with bytecode kept from a run before."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.jl"
        script.write_text("")
        command = [sys.executable, "-c", "import weber.cli; weber.cli.main()", "run", str(script)]
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        run = lambda: subprocess.run(command, check=True, env=environment)
        run()
        return median_time(run, time_of_children)


def operations() -> dict[str, float]:
    """Operations per second, by kind."""
    rates = {}
    for name, (definitions, call, count) in OPERATIONS.items():
        session = weber.Session()
        session.evaluate(definitions)
        session.evaluate(call)
        rates[name] = count / median_time(lambda: session.evaluate(call))  # noqa: B023
    return rates


def main():
    """Prints the figures."""
    print(f"parsing 1,000 lines       {parsing():.2f} s")
    print(f"an empty script           {empty_script():.2f} s")
    for name, rate in operations().items():
        print(f"operations: {name:<14}{rate / 1000:,.0f} thousand per second")


if __name__ == "__main__":
    main()
