"""The table of ops: a row for each, how to draw operands and what the op means by another formula."""

import importlib
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from weber.compiler import interpreter, ir
from weber.compiler.onnx_export import export
from weber.compiler.ops import OPS, Zero
from weber.compiler.types import BOOL, TensorType, element_type_of, evaluate_dim, symbol, symbol_name

sys.path.insert(0, str(Path(__file__).parent))
for _part in ("elementwise", "movement", "reductions", "products", "indexing", "windows", "others"):
    importlib.import_module(f"op_table.{_part}")
from op_table.table import ROWS, Draw, K, N  # noqa: E402

MADE_BY_FUSION = {"gemm", "relu", "hard_sigmoid",
                  "conv_bias"}  # after differentiation: they have no derivative
TOLERANCES = {"f64": 1e-12, "f32": 2e-6, "f16": 4e-3, "bf16": 4e-2}


def build(op, sample, name="f"):
    """A function that applies the op to its inputs x0, x1, …; the further input `sizes` is there for its
    dims.

    A size of an input that is neither a number nor a name gets a name of its own, and a reshape says what it
    is.
    """
    arguments, builder = [], ir.Builder()
    for index, type in enumerate(sample.types):
        named = [dim if isinstance(dim, int) or symbol_name(dim) else symbol(f"D{index}_{axis}")
                 for axis, dim in enumerate(type.shape)]
        arguments.append(ir.Value(TensorType(type.element, tuple(named)), name=f"x{index}"))
    operands = [value if value.type == type else builder.reshape(value, shape=type.shape)
                for value, type in zip(arguments, sample.types)]
    builder.block.arguments = [*arguments, ir.Value(TensorType(BOOL, (N, K)), name="sizes")]
    builder.block.results = [builder.emit(op, operands, sample.attributes)]
    return ir.Function(name, builder.block, [argument.name for argument in builder.block.arguments], ["y"])


def integers(value, bindings):
    """An attribute with dims as integers."""
    if isinstance(value, tuple):
        return tuple(integers(item, bindings) for item in value)
    return evaluate_dim(value, bindings) if not isinstance(value, bool) and hasattr(value, "terms") else value


def assert_close(actual, expected, row, element):
    scale = 0 if row.exact else row.tolerance * TOLERANCES.get(element, 0)
    np.testing.assert_allclose(np.asarray(actual, np.float64) if element in TOLERANCES else actual,
                               np.asarray(expected, np.float64) if element in TOLERANCES else expected,
                               rtol=scale, atol=scale)


def pytest_generate_tests(metafunc):
    """`row` is each row, `smooth_row` those of ops with a derivative, `flat_row` those where it is zero."""
    flat = {name for name in ROWS if isinstance(OPS[name].derivative, Zero)}
    for fixture, names in (("row", ROWS), ("flat_row", flat),
                           ("smooth_row", ROWS.keys() - flat - MADE_BY_FUSION)):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, [ROWS[name] for name in sorted(names)], ids=sorted(names))


@pytest.fixture(scope="session")
def rows():
    return ROWS


@pytest.fixture(scope="session")
def tools():
    """The table's helpers for the tests: conftest modules cannot be imported."""
    return types.SimpleNamespace(Draw=Draw, build=build, integers=integers, assert_close=assert_close)


@pytest.fixture(scope="session")
def apply_op(run_onnx):
    """`apply_op(op, *arrays, **attributes)`: the interpreter's result and those of the runtime, optimised and
    not.

    An operand given as `constant(array)` is a constant of the function and not an input.
    """
    def apply(op, *operands, **attributes):
        builder, inputs = ir.Builder(), {}
        for index, operand in enumerate(operands):
            if not isinstance(operand, Constant):
                inputs[f"x{index}"] = array = np.asarray(operand)
                value = ir.Value(TensorType(element_type_of(array.dtype), array.shape), name=f"x{index}")
                builder.block.arguments.append(value)
        arguments = iter(builder.block.arguments)
        values = [builder.constant(operand.array) if isinstance(operand, Constant) else next(arguments)
                  for operand in operands]
        builder.block.results = [builder.emit(op, values, attributes)]
        function = ir.Function("f", builder.block, list(inputs), ["y"])
        (expected,) = interpreter.run(function, inputs)
        model = export(function)
        return expected, [run_onnx(model, inputs, optimised)[0] for optimised in (False, True)]

    return apply


@dataclass
class Constant:
    array: np.ndarray


@pytest.fixture(scope="session")
def constant():
    return Constant
