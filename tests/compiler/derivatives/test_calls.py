"""`call_with_rule`: the rules given are used, in both modes, whichever of them are given."""

import numpy as np
import pytest
from weber.compiler import interpreter
from weber.compiler.onnx_export import export
from weber.compiler.ops.record import TypeRuleError
from weber.compiler.pipeline import compile_to_onnx
from weber.compiler.text import print_function
from weber.compiler.text_parser import parse_module
from weber.compiler.types import F64, I64, TensorType

ROW = TensorType(F64, (3,))
X, Y = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.25, -0.5])


def product(b, region, x, y, rules, factor=1.0):
    """sin(x) · y, which saves cos(x), with derivatives scaled by a factor to be told from the true ones."""
    def primal(b, x, y):
        return [b.mul(b.sin(x), y), b.cos(x)]

    def pullback(b, x, y, z, saved, dz):
        dz = b.mul(dz, b.full(factor, dz))
        return [b.mul(dz, b.mul(saved, y)), b.mul(dz, b.sin(x))]

    def pushforward(b, x, y, z, saved, dx, dy):
        dz = b.add(b.mul(b.mul(saved, y), dx), b.mul(b.sin(x), dy))
        return [b.mul(dz, b.full(factor, dz))]

    regions = {"pullback": region([ROW] * 5, pullback), "pushforward": region([ROW] * 6, pushforward)}
    z, _ = b.call_with_rule(x, y, regions=[region([ROW] * 2, primal), *(regions[rule] for rule in rules)],
                            results=1, rules=rules)
    return z


every_set_of_rules = pytest.mark.parametrize(
    "rules", [("pullback",), ("pushforward",), ("pullback", "pushforward")], ids="-".join)


@every_set_of_rules
def test_true_rules(derivatives, rules):
    function = derivatives.function_of({"x": ROW, "y": ROW}, lambda b, x, y: product(
        b, derivatives.region, x, b.exp(y), rules))
    assert print_function(parse_module(print_function(function)).functions["f"]) == print_function(function)
    derivatives.check_all(function, [X, Y])


@every_set_of_rules
def test_the_rules_are_what_counts(derivatives, rules):
    function = derivatives.function_of({"x": ROW, "y": ROW}, lambda b, x, y: b.neg(product(
        b, derivatives.region, x, y, rules, factor=10.0)))
    reverse, forward = derivatives.cotangent_function(function), derivatives.tangent_function(function)
    np.testing.assert_allclose(interpreter.run(reverse, [X, Y, np.ones(3)]),
                               [-10 * np.cos(X) * Y, -10 * np.sin(X)])
    np.testing.assert_allclose(interpreter.run(forward, [X, Y, np.ones(3), np.ones(3)])[0],
                               -10 * (np.cos(X) * Y + np.sin(X)))


def test_inside_of_a_loop(derivatives, run_onnx):
    def make(b, x, y):
        def step(b, index, h):
            return [product(b, derivatives.region, h, y, ("pullback",))]

        return b.loop(x, carried=1, trips=3, regions=[derivatives.region([TensorType(I64), ROW], step)])

    function = derivatives.function_of({"x": ROW, "y": ROW}, make)
    derivatives.check_all(function, [X, Y])
    for model in (export(function), compile_to_onnx(function)):
        expected = interpreter.run(function, [X, Y])[0]
        np.testing.assert_allclose(run_onnx(model, {"x": X, "y": Y})[0], expected, rtol=1e-12)


def test_type_rules(derivatives):
    def make(rules, regions):
        return lambda b, x: b.call_with_rule(x, regions=regions, results=1, rules=rules)

    same = derivatives.region([ROW], lambda b, x: [x])
    back = derivatives.region([ROW] * 3, lambda b, x, y, dy: [dy])
    short = derivatives.region([ROW] * 2, lambda b, x, dy: [dy])
    derivatives.function_of({"x": ROW}, make(("pullback",), [same, back]))
    for rules, regions, message in (((), [same], "are not rules"), (("pullback",), [same], "2 are expected"),
                                    (("pushforward", "pullback"), [same, back, back], "are not rules"),
                                    (("pullback",), [same, short], "the pullback takes")):
        with pytest.raises(TypeRuleError, match=message):
            derivatives.function_of({"x": ROW}, make(rules, regions))
