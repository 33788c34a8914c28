"""Derivatives of every op: reverse against central differences and against forward, first and second order,
in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weber.compiler import interpreter, ir
from weber.compiler.passes.forward import pushforward
from weber.compiler.passes.reverse import pullback

STEP = 1e-5


def is_float(value):
    return value.element.is_float


def copied(function):
    """A builder with a copy of the function's body, the copy's arguments and results."""
    block = ir.Block([ir.Value(value.type, name=value.name) for value in function.body.arguments])
    builder = ir.Builder(block)
    return builder, block.arguments, ir.inline(builder, function.body, block.arguments)


def finished(builder, arguments, results):
    builder.block.arguments, builder.block.results = list(arguments), list(results)
    return ir.Function("derivative", builder.block, [f"a{i}" for i in range(len(arguments))],
                       [f"r{i}" for i in range(len(results))])


def with_changes(values, prefix):
    return [ir.Value(value.type, name=f"{prefix}{index}") for index, value in enumerate(values)]


def zero_filled(builder, found, values):
    return [builder.full(0, value) if one is None else one for one, value in zip(found, values)]


def cotangent_function(function):
    """(arguments, cotangents of the float results) → cotangents of the float arguments."""
    builder, arguments, results = copied(function)
    inputs, results = list(filter(is_float, arguments)), list(filter(is_float, results))
    cotangents = with_changes(results, "c")
    found = pullback(builder, list(builder.block.operations), zip(results, cotangents), inputs)
    return finished(builder, [*arguments, *cotangents], zero_filled(builder, found, inputs))


def tangent_function(function):
    """(arguments, tangents of the float arguments) → tangents of the float results."""
    builder, arguments, results = copied(function)
    inputs, results = list(filter(is_float, arguments)), list(filter(is_float, results))
    tangents = with_changes(inputs, "t")
    found = pushforward(builder, list(builder.block.operations), dict(zip(inputs, tangents)))
    return finished(builder, [*arguments, *tangents],
                    zero_filled(builder, [found.get(r) for r in results], results))


def directional(function, arrays, directions):
    """The derivative of the function's results in a direction, by central differences."""
    def at(step):
        moved = iter(directions)
        return interpreter.run(function, [array + step * next(moved) if array.dtype == np.float64 else array
                                          for array in arrays])

    return [(ahead - behind) / (2 * STEP) for ahead, behind in zip(at(STEP), at(-STEP))]


def random_like(random, arrays):
    return [random.normal(size=array.shape) for array in arrays if array.dtype == np.float64]


def inner_product(left, right):
    return sum(float(np.sum(a * b)) for a, b in zip(left, right, strict=True))


def check(function, arrays, random):
    """Checks reverse and forward mode of a function at a point, in a random direction."""
    directions = random_like(random, arrays)
    differences = directional(function, arrays, directions)
    weights = random_like(random, differences)
    pulled = interpreter.run(cotangent_function(function), [*arrays, *weights])
    pushed = interpreter.run(tangent_function(function), [*arrays, *directions])
    expected = inner_product(weights, differences)
    scale = max(1.0, *(np.abs(array).max(initial=0) for array in (*pulled, *pushed)))
    size = sum(array.size for array in (*pulled, *pushed))
    assert inner_product(pulled, directions) == pytest.approx(expected, rel=1e-5,
                                                              abs=1e-8 * scale * max(size, 1))
    assert inner_product(weights, pushed) == pytest.approx(inner_product(pulled, directions), rel=1e-9,
                                                           abs=1e-11 * scale * max(size, 1))


def for_samples(row, tools, examples, element="f64"):
    """Runs a test on functions, inputs and a generator of random numbers drawn from a row."""
    def decorate(test):
        @settings(max_examples=examples, deadline=None, database=None, derandomize=True)
        @given(seed=st.integers(0, 2**32))
        def run(seed):
            sample = row.draw(tools.Draw(seed, element, smooth=True))
            test(tools.build(row.op, sample), sample.inputs, np.random.default_rng(seed))

        run()

    return decorate


def test_first_derivatives(smooth_row, tools):
    @for_samples(smooth_row, tools, 12)
    def _(function, arrays, random):
        check(function, arrays, random)


def test_second_derivatives(smooth_row, tools):
    @for_samples(smooth_row, tools, 6)
    def _(function, arrays, random):
        cotangents = [random.normal(size=array.shape) for array in interpreter.run(function, arrays)]
        check(cotangent_function(function), [*arrays, *cotangents], random)
        check(tangent_function(function), [*arrays, *random_like(random, arrays)], random)


def test_zero_derivatives(flat_row, tools):
    element = "f64" if "f64" in flat_row.elements else flat_row.elements[0]

    @for_samples(flat_row, tools, 3, element)
    def _(function, arrays, random):
        builder, arguments, results = copied(function)
        inputs = list(filter(is_float, arguments))
        seeds = [(result, builder.full(1, result)) for result in filter(is_float, results)]
        operations = list(builder.block.operations)
        assert pullback(builder, operations, seeds, inputs) == [None] * len(inputs)
        tangents = pushforward(builder, operations, {value: value for value in inputs})
        assert not any(result in tangents for result in results)
