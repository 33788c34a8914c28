"""Derivatives of functions of the IR, in reverse and forward mode, against central differences."""

import numpy as np
from weber.compiler import interpreter, ir
from weber.compiler.passes.forward import pushforward
from weber.compiler.passes.reverse import pullback
from weber.compiler.verify import verify

STEP = 1e-5


def is_float(value):
    return value.element.is_float


def copied(function):
    """A builder with a copy of the function's body, the copy's arguments and results."""
    block = ir.Block([ir.Value(value.type, name=value.name) for value in function.body.arguments])
    builder = ir.Builder(block)
    return builder, block.arguments, ir.inline(builder, function.body, block.arguments)


def _finished(builder, arguments, results):
    builder.block.arguments, builder.block.results = list(arguments), list(results)
    return verify(ir.Function("derivative", builder.block, [f"a{i}" for i in range(len(arguments))],
                              [f"r{i}" for i in range(len(results))]))


def _changes(values, prefix):
    return [ir.Value(value.type, name=f"{prefix}{index}") for index, value in enumerate(values)]


def _zero_filled(builder, found, values):
    return [builder.full(0, value) if one is None else one for one, value in zip(found, values)]


def cotangent_function(function):
    """(arguments, cotangents of the float results) → cotangents of the float arguments."""
    builder, arguments, results = copied(function)
    inputs, results = list(filter(is_float, arguments)), list(filter(is_float, results))
    cotangents = _changes(results, "c")
    found = pullback(builder, list(builder.block.operations), zip(results, cotangents), inputs)
    return _finished(builder, [*arguments, *cotangents], _zero_filled(builder, found, inputs))


def tangent_function(function):
    """(arguments, tangents of the float arguments) → tangents of the float results."""
    builder, arguments, results = copied(function)
    inputs, results = list(filter(is_float, arguments)), list(filter(is_float, results))
    tangents = _changes(inputs, "t")
    found = pushforward(builder, list(builder.block.operations), dict(zip(inputs, tangents)))
    return _finished(builder, [*arguments, *tangents],
                     _zero_filled(builder, [found.get(value) for value in results], results))


def directional(function, arrays, directions):
    """The derivative of the function's float results in a direction, by central differences."""
    def at(step):
        moved = iter(directions)
        return interpreter.run(function, [array + step * next(moved) if array.dtype == np.float64 else array
                                          for array in arrays])

    return [(ahead - behind) / (2 * STEP) for ahead, behind in zip(at(STEP), at(-STEP))
            if ahead.dtype == np.float64]


def random_like(random, arrays):
    return [random.normal(size=array.shape) for array in arrays if array.dtype == np.float64]


def inner_product(left, right):
    return sum(float(np.sum(a * b)) for a, b in zip(left, right, strict=True))


def check(function, arrays, seed=0, tolerance=1e-6):
    """Checks reverse and forward mode of a function at a point in a random direction, against central
    differences and against each other; gives the functions of the derivatives with their arguments."""
    random = np.random.default_rng(seed)
    arrays = list(map(np.asarray, arrays))
    directions = random_like(random, arrays)
    differences = directional(function, arrays, directions)
    scale = 1 + max((float(np.max(np.abs(one), initial=0)) for one in differences), default=0)
    forward, reverse = tangent_function(function), cotangent_function(function)
    tangents = interpreter.run(forward, [*arrays, *directions])
    for tangent, difference in zip(tangents, differences, strict=True):
        np.testing.assert_allclose(tangent, difference, rtol=tolerance, atol=tolerance * scale)
    cotangents = random_like(random, differences)
    found = interpreter.run(reverse, [*arrays, *cotangents])
    expected = inner_product(cotangents, tangents)
    assert abs(inner_product(found, directions) - expected) <= 1e-9 * scale * (1 + abs(expected))
    return (forward, [*arrays, *directions]), (reverse, [*arrays, *cotangents])
