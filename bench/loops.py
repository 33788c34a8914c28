"""What derivatives of loops cost: `python -m bench.loops`.

Three figures of compiled artifacts: the time of the gradient of a loop over a number against that of the
loop alone, the size of their graphs for several trip counts, and how much memory the gradient of a long loop
takes, with and without checkpoints. The memory is the growth of the peak of a process that runs the artifact
once (on Linux).
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import weber

ROUNDS = 15
SCALAR = """
using Zygote

function f(x)
    for _ in 1:{trips}
        x += 0.001 * sin(x)
    end
    return x
end

@export value(x::Float64) = f(x)
@export slope(x::Float64) = gradient(f, x)[1]
"""

SIZE = 10_000
LONG = """
using Zygote

function f(x)
    for _ in 1:{trips}
        x = x .+ 0.001 .* sin.(x)
    end
    return sum(x)
end

@export all_kept(x::Float64[{size}]) = gradient(f, x)[1]
@export checkpointed(x::Float64[{size}]) = gradient(x -> Zygote.checkpointed(f, x), x)[1]
"""


def load(source: str, **numbers):
    """A module of a source with numbers in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "loop.jl"
        path.write_text(source.format(**numbers))
        return weber.load(path)


def count_nodes(graph) -> int:
    """The nodes of an ONNX graph and of the graphs in it."""
    inner = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")]
    return len(graph.node) + sum(map(count_nodes, inner))


def scalar_loop(trips: int, threads: int) -> dict[str, tuple[float, int]]:
    """The median milliseconds and the nodes of `value` and of `slope`, measured in turns."""
    artifacts = {name: load(SCALAR, trips=trips).compile(name) for name in ("value", "slope")}
    programs = {name: artifact.program(threads=threads) for name, artifact in artifacts.items()}
    times = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            program(0.5)
            start = time.perf_counter()
            for _ in range(10):
                program(0.5)
            times[name].append((time.perf_counter() - start) / 10)
    return {name: (statistics.median(times[name]) * 1e3, count_nodes(artifacts[name].model.graph))
            for name in programs}  # fmt: skip


def memory(entry: str, trips: int) -> float:
    """The megabytes by which the peak of a fresh process grows when it runs an entry of `LONG`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.onnx"
        load(LONG, trips=trips, size=SIZE).compile(entry).save(path)
        command = [sys.executable, "-c", MEASURE, str(path), str(SIZE)]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


MEASURE = r"""
import re, sys
import numpy as np, weber
peak = lambda: int(re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read())[1]) / 1024
program = weber.load(sys.argv[1], threads=1)
x = np.linspace(0, 1, int(sys.argv[2]))
before = peak()
program(x)
print(peak() - before)
"""


def main():
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.loops",
                                     description="What gradients of loops cost.")  # fmt: skip
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="for the times (%(default)s)")
    options = parser.parse_args()
    print("a loop over a number       value            gradient")
    for trips in (100, 1_000, 10_000):
        found = scalar_loop(trips, options.threads)
        (forward, nodes), (backward, more) = found["value"], found["slope"]
        print(f"{trips:6} trips   {forward:9.3f} ms {nodes:3} nodes   {backward:9.3f} ms {more:3} nodes"
              f"   {backward / forward:.2f} times")
    print(f"a loop over {SIZE} numbers, gradient      with checkpoints      without")
    for trips in (100, 400, 1_600, 6_400, 10_000):
        print(f"{trips:6} trips   {memory('checkpointed', trips):36.1f} MB"
              f"   {memory('all_kept', trips):10.1f} MB")


if __name__ == "__main__":
    main()
