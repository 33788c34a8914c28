"""The batching rule of every op: a map of the op, batched, against the interpreter's loop over the lanes.

Lanes have equal or different sizes, some operands are the same for all of them, and the padding holds NaN,
the lowest integer or true, or large numbers.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_table.table import ROWS, K, N
from weber.compiler import ir
from weber.compiler.interpreter import run
from weber.compiler.ops import OPS
from weber.compiler.pipeline import compile_to_onnx
from weber.compiler.types import (
    BOOL,
    I64,
    TensorType,
    dim_names,
    evaluate_dim,
    substitute,
    symbol,
    symbol_name,
)

TOGETHER = {"max_pool_gradient", "max_pool_tangent"}
"""Ops whose operands belong together."""

L = symbol("L")


NEVER_IN_MAPS = {"recurrence"}
"""Ops that the compiler puts outside of maps only."""


def test_every_op_has_a_rule():
    assert {name for name, op in OPS.items() if op.batch is None} == NEVER_IN_MAPS


class MapOfOp:
    """A map whose region applies an op, with inputs for a number of lanes."""

    def __init__(self, row, tools, seed):
        choose = np.random.default_rng(seed)
        self.row, self.tools = row, tools
        element = "f64" if "f64" in row.elements else row.elements[0]
        count = int(choose.choice([0, 1, 3, 4]))
        self.ragged = [name for name in "NK" if choose.random() < 0.7]
        self.common = common = {name: int(choose.integers(0, 4)) for name in "NK"}
        self.lanes = [{name: int(choose.integers(0, 4)) if name in self.ragged else common[name]
                       for name in "NK"} for _ in range(count)]
        least = {name: min((lane[name] for lane in self.lanes), default=common[name]) for name in "NK"}
        self.bounds = {name: max((lane[name] for lane in self.lanes), default=least[name])
                       + int(choose.integers(0, 2))
                       for name in self.ragged}
        self.samples = [self.draw(seed, data, element, lane) for data, lane in enumerate(self.lanes)]
        self.same = self.draw(seed, 99, element, least)
        self.filling = None if choose.random() < 0.7 else 100
        self.is_captured = [row.op not in TOGETHER and choose.random() < 0.3
                            and not any(self.is_ragged(dim) for dim in type.shape)
                            for type in self.same.types]
        self.build(static=count > 0 and choose.random() < 0.3)

    def draw(self, seed, data, element, lane):
        sample = self.row.draw(self.tools.LaneDraw(seed, data, element, dict(lane)))
        if self.row.op.startswith("random"):
            sample.arrays = [np.asarray(number) for number in
                             np.random.default_rng(data).integers(-2**63, 2**63, 2)]
        return sample

    def is_ragged(self, dim):
        return not isinstance(dim, int) and not dim_names(dim).isdisjoint(self.ragged)

    def outer(self, shape):
        return tuple(substitute(dim, {name: symbol(f"{name}.max") for name in self.ragged})
                     if not isinstance(dim, int) else dim for dim in shape)

    def build(self, static):
        count = len(self.lanes) if static else L
        builder, region, self.inputs = ir.Builder(), ir.Block(), {}
        self.bindings = {"L": len(self.lanes), **{f"{name}.max": size for name, size in self.bounds.items()},
                         **{name: self.common[name] for name in "NK" if name not in self.ragged}}

        def argument(name, type, array):
            """An input whose sizes are names, and the value of the type that it stands for."""
            named = tuple(dim if isinstance(dim, int) or symbol_name(dim) else symbol(f"{name}.{axis}")
                          for axis, dim in enumerate(type.shape))
            value = ir.Value(TensorType(type.element, named), name=name)
            builder.block.arguments.append(value)
            self.inputs[name] = array
            return value if value.type == type else builder.reshape(value, shape=type.shape)

        def sizes(shape):
            return tuple(evaluate_dim(dim, self.bindings) for dim in shape)

        lengths = [argument(f"lengths.{name}", TensorType(I64, (count,)),
                            np.array([lane[name] for lane in self.lanes], np.int64)) for name in self.ragged]
        data, operands = [], []
        for index, type in enumerate(self.same.types):
            if self.is_captured[index]:
                operands.append(argument(f"x{index}", type, self.same.arrays[index]))
                continue
            shape = self.outer(type.shape)
            array = self.tools.padded([sample.arrays[index] for sample in self.samples], sizes(shape),
                                      type.element, self.filling)
            data.append(argument(f"x{index}", TensorType(type.element, (count, *shape)), array))
            region.arguments.append(ir.Value(type))
            operands.append(region.arguments[-1])
        shape = self.outer((N, K))
        argument("sizes", TensorType(BOOL, shape), np.zeros(sizes(shape), bool))
        lane_index = argument("lane", TensorType(I64, (count,)), np.arange(len(self.lanes)))
        region.arguments.append(ir.Value(TensorType(I64)))
        inner = ir.Builder(region)
        self.result = inner.emit(self.row.op, operands, self.same.attributes)
        region.results = [self.result]
        builder.block.results = [builder.map(
            *lengths, *data, lane_index, regions=[region], ragged=tuple(self.ragged),
            bounds=tuple(symbol(f"{name}.max") for name in self.ragged))]
        self.function = ir.Function("f", builder.block, list(self.inputs), ["y"])

    def own(self, result):
        """Each lane's own part of the result."""
        return [row[tuple(slice(evaluate_dim(dim, lane)) for dim in self.result.shape)]
                for row, lane in zip(result, self.lanes, strict=True)]


def compare(case, actual, expected, tolerance):
    for one, other in zip(case.own(actual), case.own(expected), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(np.asarray(one, np.float64), np.asarray(other, np.float64),
                                   rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", sorted(ROWS))
def test_batched_is_the_loop_over_lanes(name, tools, run_onnx):
    @settings(max_examples=12, deadline=None, database=None, derandomize=True)
    @given(seed=st.integers(0, 2**32))
    def check(seed):
        case = MapOfOp(ROWS[name], tools, seed)
        (expected,) = run(case.function, case.inputs)
        (actual,) = run(tools.batched(case.function), case.inputs)
        is_single = "f64" not in ROWS[name].elements
        compare(case, actual, expected, 2e-6 * ROWS[name].tolerance if is_single else 1e-12)
        if seed % 4 == 0:
            model = compile_to_onnx(case.function)
            for optimised in (False, True):
                (actual,) = run_onnx(model, case.inputs, optimised)
                compare(case, actual, expected, 2e-6 * ROWS[name].tolerance if is_single else 1e-10)

    check()
