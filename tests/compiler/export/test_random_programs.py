"""Exported programs compute on onnxruntime what the interpreter computes."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from weber.compiler.interpreter import run
from weber.compiler.onnx_export import export
from weber.compiler.pipeline import compile_to_onnx
from weber.compiler.types import F32, F64

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
to_onnx = pytest.mark.parametrize("convert", [export, compile_to_onnx])


@to_onnx
@quick
@given(data=st.data(), seed=st.integers(0, 1000), element=st.sampled_from([F32, F64]))
def test_exported(programs, inputs_of, stays_finite, run_onnx, check_model, assert_same, convert, data, seed,
                  element):
    function = data.draw(programs(element))
    model = convert(function)
    check_model(model)
    for rows in (1, 7, 128):
        inputs = inputs_of(function, rows, seed)
        assume(convert is export or stays_finite(function, inputs))
        expected = run(function, inputs)
        for optimised in (False, True):
            assert_same(run_onnx(model, inputs, optimised), expected, rtol=1e-4, atol=1e-4)
