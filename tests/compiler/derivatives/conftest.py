"""Functions of the IR with regions, and how their derivatives are checked."""

from types import SimpleNamespace

import numpy as np
import pytest
from differentiated import check, cotangent_function, tangent_function
from weber.compiler import interpreter, ir
from weber.compiler.onnx_export import export
from weber.compiler.passes.simplify import simplify
from weber.compiler.pipeline import compile_to_onnx
from weber.compiler.verify import verify


def region(types, make):
    """A block with arguments of these types and the results of `make(b, *arguments)`."""
    block = ir.Block([ir.Value(type) for type in types])
    results = make(ir.Builder(block), *block.arguments)
    block.results = list(results) if isinstance(results, list | tuple) else [results]
    return block


def function_of(types, make):
    """A function with named arguments of these types and the results of `make(b, *arguments)`."""
    block = region(types.values(), lambda b, *arguments: make(b, *arguments))
    for value, name in zip(block.arguments, types):
        value.name = name
    return verify(ir.Function("f", block, list(types), [f"f.{i}" for i in range(len(block.results))]))


@pytest.fixture(scope="session")
def derivatives(run_onnx):
    """Tools: `region`, `function_of`, `check`, `cotangent_function`, `tangent_function`; `check_all`, which
    checks second derivatives, simplified forms and artifacts too."""
    def same(actual, expected):
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)

    def check_all(function, arrays, second=True, onnx=True):
        for derivative, inputs in check(function, arrays):
            expected = interpreter.run(derivative, inputs)
            same(interpreter.run(verify(simplify(derivative)), inputs), expected)
            if second:
                check(derivative, inputs, tolerance=1e-5)
            for model in (export(derivative), compile_to_onnx(derivative)) if onnx else ():
                named = dict(zip(derivative.argument_names, inputs))
                for optimised in (False, True):
                    same(run_onnx(model, named, optimised), expected)

    return SimpleNamespace(region=region, function_of=function_of, check=check, check_all=check_all,
                           cotangent_function=cotangent_function, tangent_function=tangent_function)
