"""What tests of the library share: programs from source text, and numerical derivatives."""

import numpy as np
import pytest

import weber


@pytest.fixture
def program(tmp_path):
    """`program(source)`: a loaded module that starts with `using Flux`."""

    def load(source):
        path = tmp_path / "program.jl"
        path.write_text("using Flux\n" + source, encoding="utf-8")
        return weber.load(path)

    return load


@pytest.fixture
def session():
    """`session(source)`: what the REPL shows for the last value, after `using Flux`."""
    current = weber.Session()
    current.evaluate("using Flux")
    return lambda source: current.show(current.evaluate(source))


def central_differences(function, x, step=1e-6):
    """The gradient of a number-valued numpy function at x, in float64."""
    x = np.array(x, dtype=np.float64)
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / (2 * step)
    return gradient


@pytest.fixture
def numerical_gradient():
    return central_differences
