"""Functions with regions: building them, and running them by the interpreter and on onnxruntime."""

import sys
from pathlib import Path

import numpy as np
import pytest
from weber.compiler.interpreter import run
from weber.compiler.onnx_export import export
from weber.compiler.pipeline import compile_to_onnx
from weber.compiler.text import print_function
from weber.compiler.text_parser import parse_module

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def run_all_ways(run_onnx, check_model):
    """`run_all_ways(function, inputs)`: the results by the interpreter, of the text read back, and on
    onnxruntime as it is and optimised."""

    def run_each(function, inputs):
        yield run(function, inputs)
        yield run(parse_module(print_function(function)).functions["f"], inputs)
        for model in (export(function), compile_to_onnx(function)):
            check_model(model)
            for optimised in (False, True):
                yield run_onnx(model, inputs, optimised)

    return run_each


@pytest.fixture
def check(run_all_ways, assert_same):
    """`check(function, inputs, expected)`: whether the results are these in each way to run a function."""

    def check(function, inputs, expected):
        expected = [np.asarray(array) for array in expected]
        for results in run_all_ways(function, inputs):
            assert_same(results, expected, rtol=1e-6)

    return check
