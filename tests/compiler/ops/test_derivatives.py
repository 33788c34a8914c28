"""Derivatives of every op: reverse against central differences and against forward, first and second order,
in float64."""

from differentiated import check, copied, is_float
from hypothesis import given, settings
from hypothesis import strategies as st
from weber.compiler.passes.forward import pushforward
from weber.compiler.passes.reverse import pullback


def for_samples(row, tools, examples, element="f64"):
    """Runs a test on functions, inputs and a seed drawn from a row."""
    def decorate(test):
        @settings(max_examples=examples, deadline=None, database=None, derandomize=True)
        @given(seed=st.integers(0, 2**32))
        def run(seed):
            sample = row.draw(tools.Draw(seed, element, smooth=True))
            test(tools.build(row.op, sample), sample.inputs, seed)

        run()

    return decorate


def test_first_derivatives(smooth_row, tools):
    @for_samples(smooth_row, tools, 12)
    def _(function, arrays, seed):
        check(function, arrays, seed)


def test_second_derivatives(smooth_row, tools):
    @for_samples(smooth_row, tools, 6)
    def _(function, arrays, seed):
        for derivative, inputs in check(function, arrays, seed):
            check(derivative, inputs, seed, tolerance=1e-5)


def test_zero_derivatives(flat_row, tools):
    element = "f64" if "f64" in flat_row.elements else flat_row.elements[0]

    @for_samples(flat_row, tools, 3, element)
    def _(function, arrays, seed):
        builder, arguments, results = copied(function)
        inputs = list(filter(is_float, arguments))
        seeds = [(result, builder.full(1, result)) for result in filter(is_float, results)]
        operations = list(builder.block.operations)
        assert pullback(builder, operations, seeds, inputs) == [None] * len(inputs)
        tangents = pushforward(builder, operations, {value: value for value in inputs})
        assert not any(result in tangents for result in results)
