"""Every op in onnxruntime, with optimisations disabled and enabled, against the interpreter."""

import numpy as np
import onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from weber.compiler import interpreter, ir
from weber.compiler.onnx_export import export
from weber.compiler.types import BF16, F32, TensorType


def through_single(function):
    """The function with its bfloat16 inputs and results as float32, for numpy has no bfloat16 of its own."""
    block = ir.Block([ir.Value(TensorType(F32, value.shape) if value.element is BF16 else value.type,
                               name=value.name)
                      for value in function.body.arguments])
    builder = ir.Builder(block)
    inner = [builder.convert(value, element=BF16) if old.element is BF16 else value
             for value, old in zip(block.arguments, function.body.arguments)]
    results = ir.inline(builder, function.body, inner)
    block.results = [builder.convert(value, element=F32) if value.element is BF16 else value
                     for value in results]
    return ir.Function(function.name, block, function.argument_names, function.result_names)


def test_runtime_agrees_with_interpreter(row, tools, run_onnx):
    @settings(max_examples=15, deadline=None, database=None, derandomize=True)
    @given(seed=st.integers(0, 2**32), element=st.sampled_from(row.elements))
    def check(seed, element):
        sample = row.draw(tools.Draw(seed, element))
        function, arrays = tools.build(row.op, sample), sample.inputs
        if element == "bf16":
            function = through_single(function)
            arrays = [array.astype(np.float32) if array.dtype.kind == "V" else array for array in arrays]
        (expected,) = interpreter.run(function, arrays)
        model = export(function)
        onnx.checker.check_model(model, full_check=True)
        kind = element if function.body.results[0].element.is_float else "exact"
        for optimised in (False, True):
            (actual,) = run_onnx(model, dict(zip(function.argument_names, arrays)), optimised)
            assert actual.shape == expected.shape
            assert actual.dtype == expected.dtype
            tools.assert_close(actual, expected, row, kind)

    check()
