"""Programs over vectors of examples, run by the interpreter and on onnxruntime, with padding that must not
matter."""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import weber
from weber.compiler.interpreter import run
from weber.compiler.verify import verify
from weber.frontend.compiling.entries import stage_entry

sys.path.insert(0, str(Path(__file__).parent))  # for `tree_samples`
f32 = np.float32


@pytest.fixture
def load(tmp_path):
    """`load(source)`: the module of a program that starts with `using Flux`."""

    def load_source(source):
        path = tmp_path / "program.jl"
        path.write_text("using Flux\n" + source, encoding="utf-8")
        return weber.load(path)

    return load_source


@pytest.fixture
def check(load):
    """`check(source, signature, arguments, expected)`: the results of an entry, as the interpreter and
    onnxruntime compute them with NaN in padding that is larger than it needs to be, as `Program` computes
    them from lists, and as the evaluator does example by example."""

    @cache
    def compiled(source, signature):
        module = load(source)
        name = module.add_entry(signature).name
        graph = verify(stage_entry(module.add_entry(signature)))
        return getattr(module, name), graph, weber.Program(module.compile(name).to_bytes())

    def check_entry(source, signature, arguments, expected, **tolerance):
        function, graph, program = compiled(source, signature)
        inputs = poisoned(program, program._arguments.bind(tuple(arguments), {}))
        onnx = program._session.run(None, inputs)
        for outputs in (run(graph, inputs), onnx):
            assert_same(program._build_result(list(outputs)), expected, **tolerance)
        assert_same(program(*arguments), expected, **tolerance)
        if not any(map(has_empty_list, arguments)):
            try:
                assert_same(function(*arguments), expected, **tolerance)
            except weber.WeberError as error:  # of no elements, whose type only staging knows
                assert "empty collection" in str(error) or "without slices" in str(error)
        return program

    return check_entry


def has_empty_list(value):
    """Whether an empty list or array, of whose elements the evaluator cannot know the type, is in a value."""
    if isinstance(value, list):
        return not value or any(map(has_empty_list, value))
    return isinstance(value, np.ndarray) and value.ndim > 0 and len(value) == 0


def poisoned(program, arrays):
    """The inputs by name with padding that is two larger and holds NaN, or an odd number."""
    names = [spec.name for spec in program.inputs]
    inputs = dict(zip(names, arrays, strict=True))
    lengths = json.loads(program.metadata.get("weber.ragged", "{}")).get("lengths", {})
    result = {}
    for name, array in inputs.items():
        axes = {int(axis): inputs[source] for axis, source in lengths.get(name, {}).items()}
        owners = {axis for other, described in lengths.items() for axis, source in described.items()
                  if source == name and array.ndim > 1}
        if owners:  # lengths of inner vectors are padded as their vectors are
            axes = {1: next(inputs[described["1"]] for other, described in lengths.items()
                            if name in described.values())}
        poison = np.nan if array.dtype.kind == "f" else 77
        shape = [size + 2 * (axis in axes) for axis, size in enumerate(array.shape)]
        wide = np.full(shape, poison, array.dtype)
        inside = np.ones(wide.shape, bool)
        for axis, sizes in axes.items():
            places = np.arange(wide.shape[axis]).reshape([-1 if k == axis else 1 for k in range(wide.ndim)])
            inside &= places < _wide(sizes, wide.shape)
        cut = tuple(map(slice, array.shape))
        wide[cut] = np.where(inside[cut], array, np.array(poison, array.dtype))
        result[name] = wide
    return result


def _wide(sizes, shape):
    """Lengths with zeros behind them, so that they broadcast to a padded array of a shape."""
    full = np.zeros(shape[:sizes.ndim], sizes.dtype)
    full[tuple(map(slice, sizes.shape))] = sizes
    return full.reshape(full.shape + (1,) * (len(shape) - sizes.ndim))


def assert_same(found, expected, **tolerance):
    """Whether two trees of lists, tuples and arrays are the same."""
    if isinstance(expected, list | tuple):
        assert isinstance(found, type(expected)) and len(found) == len(expected), (found, expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other, **tolerance)
        return
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype and found.shape == expected.shape, (found, expected)
    np.testing.assert_allclose(found, expected, **{"rtol": 1e-5, "atol": 1e-6, **tolerance})


@pytest.fixture
def examples():
    """`examples(lengths, width)`: float32 arrays (length, width) of small integers, by numpy's order of
    axes."""

    def make(lengths, width=2, seed=0):
        rng = np.random.default_rng(seed)
        return [rng.integers(-4, 5, (length, width)).astype(f32) for length in lengths]

    return make
