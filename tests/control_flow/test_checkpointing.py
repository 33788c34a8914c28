"""`Zygote.checkpointed`: the same derivatives, from fewer states that are kept."""

import subprocess
import sys

import numpy as np
import pytest
import weber

SOURCE = """
using Flux, Zygote
function walk(x, a, n)
    for i in 1:n
        x = tanh.(a .* x .+ i / n)
    end
    return sum(x)
end
@export plain(x::Float64[K], a::Float64, n::Int) = gradient((x, a) -> walk(x, a, n), x, a)
@export kept(x::Float64[K], a::Float64, n::Int) = gradient((x, a) -> Zygote.checkpointed(walk, x, a, n), x, a)
@export fixed(x::Float64[K], a::Float64) = gradient((x, a) -> Zygote.checkpointed(walk, x, a, 1600), x, a)
"""
PEAK = """
import resource, sys
import numpy as np
import weber

module = weber.load(sys.argv[1])
f, counts = getattr(module, sys.argv[2]), [np.int64(2), np.int64(1600)]
x, a = np.linspace(-1, 1, 10_000), np.float64(0.9)
f(x, a, counts[0])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
f(x, a, counts[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpointing") / "walk.jl"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.mark.parametrize("n", [0, 1, 7, 64, 100, 1600])
def test_same_derivatives(program, n):
    module = weber.load(program)
    x, a = np.array([0.3, -0.7, 1.1]), np.float64(0.9)
    for found, expected in zip(module.kept(x, a, np.int64(n)), module.plain(x, a, np.int64(n)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    if n == 1600:
        for found, expected in zip(module.fixed(x, a), module.plain(x, a, np.int64(n)), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_memory(program):
    """1,600 states of 10,000 numbers are 128 MB; in segments a tenth of that is enough."""

    def peak(entry):
        command = [sys.executable, "-c", PEAK, program, entry]
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)

    assert peak("kept") < peak("plain") / 4
