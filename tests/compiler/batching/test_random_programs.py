"""Random programs, with `if`, `loop` and `map` in any nesting, as the body of a ragged map."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from weber.compiler import ir
from weber.compiler.interpreter import run
from weber.compiler.ops.batching import conditionals
from weber.compiler.pipeline import compile_to_onnx, optimise
from weber.compiler.types import BOOL, F64, I64, TensorType, evaluate_dim, substitute, symbol

L, BOUND = symbol("L"), symbol("N.max")


def over_lanes(function, captured, summed):
    """A map whose region is the body of a function of the generator; N is each lane's own, and the inputs
    named `captured` are the same for all lanes. Of results that have the same sizes in all lanes the sum over
    the lanes is taken if `summed`."""
    builder, region = ir.Builder(), ir.Block()
    lengths = ir.Value(TensorType(I64, (L,)), name="lengths")
    builder.block.arguments.append(lengths)
    mapping, data = {}, []
    for value, name in zip(function.body.arguments, function.argument_names):
        shape = tuple(substitute(dim, {"N": BOUND}) if not isinstance(dim, int) else dim
                      for dim in value.shape)
        type = TensorType(value.element, shape if name in captured else (L, *shape))
        outer = ir.Value(type, name=name)
        builder.block.arguments.append(outer)
        if name in captured:
            mapping[value] = outer
        else:
            mapping[value] = ir.Value(value.type, name=name)
            region.arguments.append(mapping[value])
            data.append(outer)
    arguments = [mapping[value] for value in function.body.arguments]
    region.results = ir.inline(ir.Builder(region), function.body, arguments)
    results = builder.map(lengths, *data, regions=[region], ragged=("N",), bounds=(BOUND,))
    results = results if isinstance(results, list) else [results]
    if summed:
        results = [result if not has_sum(value) else builder.reduce_sum(result, axes=(0,))
                   for result, value in zip(results, function.body.results)]
    builder.block.results = results
    return ir.Function("f", builder.block, ["lengths", *function.argument_names], function.result_names)


def has_sum(value):
    """Whether results may be added up: numbers of the same sizes in all lanes."""
    return value.element is not BOOL and all(isinstance(dim, int) for dim in value.shape)


def lane_inputs(function, captured, inputs_of, tools, lengths, seed, filling):
    lanes = [inputs_of(function, rows, seed + index) for index, rows in enumerate(lengths)]
    most = max(lengths, default=1) + seed % 2
    inputs = {"lengths": np.array(lengths, np.int64)}
    for value, name in zip(function.body.arguments, function.argument_names):
        if name in captured:
            inputs[name] = inputs_of(function, 1, seed + 99)[name]
        else:
            shape = [dim if isinstance(dim, int) else most for dim in value.shape]
            inputs[name] = tools.padded([lane[name] for lane in lanes], shape, value.element, filling)
    return inputs


def own(result, type, lengths):
    """Each lane's own part of a result."""
    return [row[tuple(slice(evaluate_dim(dim, {"N": length})) for dim in type.shape)]
            for row, length in zip(result, lengths, strict=True)]


def test_random_programs(programs, inputs_of, tools, run_onnx):
    @settings(max_examples=50, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))
    @given(function=programs(F64, open_loops=True), seed=st.integers(0, 1000),
           lengths=st.lists(st.integers(0, 4), max_size=4),
           captured=st.sets(st.sampled_from("vws")), filling=st.sampled_from([None, 50]),
           summed=st.booleans())
    def check(function, lengths, seed, captured, filling, summed):
        summed = summed and bool(lengths)  # a sum of nothing, times a shared infinity, is NaN and not 0
        mapped = over_lanes(function, captured, summed)
        inputs = lane_inputs(function, captured, inputs_of, tools, lengths, seed, filling)
        expected = run(mapped, inputs)
        assume(not any(np.isinf(array).any() for array in expected))
        with pytest.MonkeyPatch.context() as patch:
            if seed % 3 == 0:  # as if all arms with products were expensive
                patch.setattr(conditionals, "LARGE_FACTOR", 1)
            results = [run(tools.batched(mapped), inputs)]
        if seed % 4 == 0:
            results.append(run(optimise(mapped), inputs))
            model = compile_to_onnx(mapped)
            results += [run_onnx(model, inputs, optimised) for optimised in (False, True)]
        for actual in results:
            for one, other, value in zip(actual, expected, function.body.results, strict=True):
                if summed and has_sum(value):
                    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
                    continue
                for lane, right in zip(own(one, value.type, lengths), own(other, value.type, lengths)):
                    np.testing.assert_allclose(lane, right, rtol=1e-9, atol=1e-9)

    check()
