"""What derivatives of loops cost: `python -m bench.loops`.

Three figures of compiled artifacts: the time of a gradient through a loop of scalars against that of the loop
alone, the size of the graph for several trip counts, and the memory that the gradient of a long loop needs with
and without checkpoints. The memory is the growth of a process's peak while the artifact runs once.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SCALAR = """
f(x, n) = begin
    for _ in 1:n
        x = x + 0.001 * sin(x)
    end
    x
end

@export value(x::Float64, n::Int) = f(x, n)
@export slope(x::Float64, n::Int) = gradient(x -> f(x, n), x)[1]
"""

LONG = """
using Flux

W = 0.01 .* reshape(sin.(1:{size}^2), {size}, {size})

step(h) = h .+ 0.01 .* tanh.(W * h)

function plain(h)
    for _ in 1:{trips}
        h = step(h)
    end
    return sum(h)
end

function segmented(h)
    {marker}for _ in 1:{trips}
        h = step(h)
    end
    return sum(h)
end

@export slope(h::Float64[{size}, {batch}]) = gradient(segmented, h)[1]
"""


def main():
    pass


if __name__ == "__main__":
    main()
