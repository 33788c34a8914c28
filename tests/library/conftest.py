"""What tests of the library share: programs from source text, their artifacts, and numerical derivatives."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import weber
from numpy.testing import assert_allclose

sys.path.insert(0, str(Path(__file__).parent))
for _part in ("activations", "losses", "layers", "optimisers"):
    importlib.import_module(f"library_table.{_part}")

ELEMENTS = {"float32": "Float32", "float64": "Float64", "int64": "Int64", "bool": "Bool"}


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


def signature(name, arrays, symbolic):
    """The signature of an entry for these arrays. With `symbolic`, first axes as long as the first are N."""
    parameters = []
    for index, array in enumerate(arrays):
        sizes = [str(n) for n in array.shape[::-1]]
        if symbolic and sizes and array.shape[0] == arrays[0].shape[0]:
            sizes[-1] = "N"
        type_ = ELEMENTS[array.dtype.name] + (f"[{', '.join(sizes)}]" if sizes else "")
        parameters.append(f"x{index}::{type_}")
    return f"{name}({', '.join(parameters)})"


def flat(value):
    """The arrays in nested tuples, in order, without what is None."""
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in flat(item)]
    return [] if value is None else [np.asarray(value)]


@pytest.fixture
def exported():
    """`exported(module, name, arrays…)`: the results of an entry as an artifact, in onnxruntime."""

    def run(module, name, *arrays, symbolic=True):
        arrays = [np.asarray(a) for a in arrays]
        artifact = module.compile(signature(name, arrays, symbolic))
        return artifact.program()(*arrays)

    return run


@pytest.fixture
def everywhere(exported):
    """`everywhere(module, name, arrays…)`: the result of a function, which its artifact must give as well."""

    def run(module, name, *arrays, tolerance=None, symbolic=True):
        result = getattr(module, name)(*arrays)
        values = flat(result)
        double = all(value.dtype != np.float32 and value.dtype != np.float16 for value in values)
        tolerance = tolerance or (1e-9 if double else 2e-5)
        others = flat(exported(module, name, *arrays, symbolic=symbolic))
        for value, other in zip(values, others, strict=True):
            assert value.dtype == other.dtype
            assert_allclose(other, value, rtol=tolerance, atol=tolerance)
        return result

    return run


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
