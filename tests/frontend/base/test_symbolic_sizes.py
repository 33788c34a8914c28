"""Functions of arrays whose size has a name: one recording serves every size."""

import numpy as np
import pytest
from weber.compiler import ir
from weber.compiler.interpreter import run
from weber.compiler.ir import Value
from weber.compiler.types import TensorType, element_type_of, symbol
from weber.frontend import staging
from weber.frontend import types as t
from weber.frontend.base.registry import module
from weber.frontend.values import Array, Range, colon

N = symbol("N")
W = np.arange(6.0).reshape(2, 3)


def columns(j, x):
    return j.size(x, 2)


FUNCTIONS = {
    "product": lambda j, x: j("*", W, x), "gram": lambda j, x: j("*", j.adjoint(x), x), "sum": lambda j,
    x: j.sum(x, dims=2),
    "mean": lambda j, x: j.mean(x), "mean dims": lambda j, x: j.mean(x, dims=2), "var": lambda j,
    x: j.var(x, dims=2),
    "std": lambda j, x: j.std(x), "last column": lambda j, x: j.getindex(x, colon, j.lastindex(x, 2)),
    "without last": lambda j, x: j.getindex(x, colon, j(":", 1, j("-", columns(j, x), 1))),
    "flat": lambda j, x: j.reshape(x, colon), "vec": lambda j, x: j.vec(x), "split": lambda j,
    x: j.reshape(x, 1, 3, colon),
    "sized": lambda j, x: j.reshape(x, 3, 1, columns(j, x)), "back": lambda j,
    x: j.reshape(j.vec(x), j.size(x)),
    "zeros": lambda j, x: j.hcat(x, j.zeros(3, columns(j, x))), "count": lambda j,
    x: j("*", x, columns(j, x)),
    "per column": lambda j, x: j("/", x, columns(j, x)), "hcat": lambda j, x: j.hcat(x, x), "vcat": lambda j,
    x: j.vcat(x, x),
    "reverse": lambda j, x: j.reverse(x, dims=2), "maximum": lambda j, x: j.maximum(x, dims=1),
    "softmax": lambda j, x: j.softmax(x, 1),
    "permutedims": lambda j, x: j.permutedims(x), "norm": lambda j, x: j.norm(x), "repeat": lambda j,
    x: j.repeat(x, 1, 2),
    "cumsum": lambda j, x: j.cumsum(x, dims=2), "circshift": lambda j, x: j.circshift(x, (0, 1)),
    "row": lambda j, x: j.getindex(x, 2, colon),
    "fill": lambda j, x: j.fill(2.5, j.size(x)), "diff": lambda j, x: j.diff(x, dims=2), "ones": lambda j,
    x: j("+", x, j.ones(j.size(x))),
    "assigned": lambda j, x: (lambda y: (j("broadcast_setindex!", y, 0, 2, colon), y)[1])(j.copy(x)),
    "pad": lambda j,
    x: j.hcat(x, j.getindex(x, colon, Range(1, 1, 1, t.UnitRange.body.family.apply(t.Int64)))),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_recording_for_all_sizes(julia, name):
    f = FUNCTIONS[name]
    with staging.Trace() as trace:
        value = trace.argument(TensorType(element_type_of(np.float64), (N, 3)))
        result = f(julia, Array(value))
        block = trace.builder.block
        block.results = [staging.as_value(staging.payload_of(result))]
    function = ir.Function("f", block, ["x"], ["y"])
    for size in (1, 2, 5) if name != "std" else (2, 5):
        x = np.random.default_rng(size).normal(size=(3, size))
        (found,) = run(function, [np.array(x.T, order="C")])
        expected = np.asarray(julia.numpy(f(julia, julia.value(x))))
        np.testing.assert_allclose(found.T, expected, atol=1e-12)
        assert found.dtype == expected.dtype


def test_sizes_compare_where_it_can_be_told(julia):
    with staging.Trace() as trace:
        x = Array(trace.argument(TensorType(element_type_of(np.float64), (N, 3))))
        count = julia.size(x, 2)
        assert julia("==", count, count) is True
        assert julia("<", count, julia("+", count, 1)) is True
        assert julia("-", count, count) == 0
        assert julia("÷", julia.length(x), 3) == count
        unknown = julia("==", count, 4)
        assert isinstance(staging.payload_of(unknown), Value)


def test_module_names():
    assert "mean" in module("Statistics").exports and "norm" in module("LinearAlgebra").exports
