"""Maps over lanes of equal and of different sizes, and how their batched forms are checked."""

import importlib
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from weber.compiler.interpreter import run
from weber.compiler.ops.mapping import poison
from weber.compiler.passes.batch import Report, batch
from weber.compiler.passes.fuse import fuse
from weber.compiler.passes.simplify import simplify
from weber.compiler.pipeline import compile_to_onnx
from weber.compiler.verify import verify

for _folder in ("ops", "control"):
    sys.path.insert(0, str(Path(__file__).parent.parent / _folder))
for _part in ("elementwise", "movement", "reductions", "products", "indexing", "windows", "others"):
    importlib.import_module(f"op_table.{_part}")
from op_table.table import ROWS, Draw  # noqa: E402


class LaneDraw(Draw):
    """Draws one lane: what an op is applied to is told by `structure`, the numbers by `data`."""

    def __init__(self, structure, data, element, bindings):
        super().__init__(structure, element)
        self.bindings, self.data = bindings, np.random.default_rng(data)

    def _with_data(self, draw, *arguments, **more):
        structure, self.random = self.random, self.data
        try:
            return draw(*arguments, **more)
        finally:
            self.random = structure

    def array(self, *arguments, **more):
        return self._with_data(super().array, *arguments, **more)

    def indices(self, *arguments):
        return self._with_data(super().indices, *arguments)


def padded(lanes, shape, element, filling=None):
    """Arrays of different sizes in one of (N, *shape), with poison, or a filling, behind them."""
    batch = np.full((len(lanes), *shape), poison(element) if filling is None else filling, element.numpy)
    for row, lane in enumerate(lanes):
        batch[(row, *map(slice, lane.shape))] = lane
    return batch


def batched(function, everything=True):
    """The function batched, verified, and without a map if `everything` can be."""
    report = Report()
    result = verify(batch(function, report))
    if everything:
        assert all(decision.is_batched for decision in report.decisions), list(map(str, report.decisions))
        assert not count_ops(result.body, "map")
    return result


def count_ops(block, *names):
    """How often ops occur in a block and its regions."""
    return sum((operation.name in names) + sum(count_ops(region, *names) for region in operation.regions)
               for operation in block.operations)


@pytest.fixture(scope="session")
def rows():
    return ROWS


@pytest.fixture(scope="session")
def tools():
    return types.SimpleNamespace(LaneDraw=LaneDraw, padded=padded, batched=batched, count_ops=count_ops)


@pytest.fixture
def all_ways(run_onnx):
    """`all_ways(function, inputs)`: the results of a function by the interpreter as it is, batched, and
    batched and simplified, then on onnxruntime with its optimisations off and on."""

    def run_each(function, inputs, everything=True):
        yield run(function, inputs)
        result = batched(function, everything)
        yield run(result, inputs)
        yield run(verify(fuse(simplify(batch(simplify(function))))), inputs)
        model = compile_to_onnx(function)
        for optimised in (False, True):
            yield run_onnx(model, inputs, optimised)

    return run_each
