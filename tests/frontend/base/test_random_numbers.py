"""Random numbers: distribution, state, and the same numbers staged and on the host."""

import numpy as np
import pytest
from weber.frontend import staging
from weber.frontend import types as t
from weber.frontend.base.random_numbers import GENERATOR
from weber.frontend.values import Array, Module, Range

UNIT = t.UnitRange.body.family.apply(t.Int64)


def test_a_seed_gives_the_same_numbers(julia):
    julia("seed!", 3)
    first = [julia.rand(5).data, julia.randn(t.Float32, 2, 3).data, julia.rand(Range(1, 1, 6, UNIT), 4).data,
             julia.rand()]
    julia("seed!", 3)
    again = [julia.rand(5).data, julia.randn(t.Float32, 2, 3).data, julia.rand(Range(1, 1, 6, UNIT), 4).data,
             julia.rand()]
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(julia.rand(5).data, first[0])


def test_generators_are_independent(julia):
    a, b = julia("MersenneTwister", 1), julia("Xoshiro", 1)
    np.testing.assert_array_equal(julia.rand(a, 4).data, julia.rand(b, 4).data)
    before = GENERATOR.data.copy()
    julia.rand(a, 4)
    np.testing.assert_array_equal(GENERATOR.data, before)


def test_distributions(julia):
    julia("seed!", 1)
    uniform, normal = julia.rand(20000).data, julia.randn(20000).data
    assert abs(uniform.mean() - 0.5) < 0.01 and 0 <= uniform.min() and uniform.max() < 1
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.02 and abs((normal**3).mean()) < 0.08
    dice = julia.rand(Range(1, 1, 6, UNIT), 6000).data
    assert set(dice) == {1, 2, 3, 4, 5, 6} and np.bincount(dice)[1:].min() > 880
    assert abs(julia.rand(t.Bool, 4000).data.mean() - 0.5) < 0.04
    assert abs(julia.randexp(20000).data.mean() - 1) < 0.03


def test_types_and_sizes(julia):
    assert julia.rand(t.Float32, 2, 3).data.dtype == np.float32 and julia.rand(t.Float32, (2, 3)).size == (2,
                                                                                                           3)
    assert type(julia.rand()) is float and type(julia.rand(t.Float32)) is np.float32
    assert type(julia.rand(t.Int64)) is int
    assert julia.rand(t.UInt8, 3).data.dtype == np.uint8 and julia.randn(t.Float16,
                                                                         2).data.dtype == np.float16
    assert julia.rand(julia.vect("a", "b")) in ("a", "b") and julia.rand((1, 2)) in (1, 2)


def test_permutations(julia):
    assert sorted(julia.randperm(10).data) == list(range(1, 11))
    x = Array(np.arange(10))
    julia("shuffle!", x)
    assert sorted(x.data) == list(range(10)) and not np.array_equal(x.data, np.arange(10))


def test_staged_draws_are_those_of_the_host(julia):
    """Inside a trace the generator is state: read from an input, written to an output."""
    from weber.compiler import ir
    from weber.compiler.interpreter import run

    julia("seed!", 7)
    start = GENERATOR.data.copy()
    expected = [julia.rand(t.Float32, 3).data, julia.randn(2).data,
                np.asarray(julia.rand(Range(1, 1, 6, UNIT)))]
    end = GENERATOR.data.copy()
    staging.write(GENERATOR, start)
    with staging.Trace() as trace:
        results = [julia.rand(t.Float32, 3), julia.randn(2), julia.rand(Range(1, 1, 6, UNIT))]
        block = trace.builder.block
        block.results = [r.data for r in results] + [GENERATOR.data]
        trace.rollback()
    np.testing.assert_array_equal(GENERATOR.data, start)
    function = ir.Function("draw", block, ["key"], ["a", "b", "c", "next"])
    *found, state = run(function, [start])
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(state, end)


def test_a_draw_inside_a_broadcast_is_one_for_each_element(julia):
    from weber.frontend.base.registry import function
    from weber.frontend.evaluation.broadcasting import broadcast

    draw = function("+")  # rand() + x, drawn once for each x
    julia("seed!", 1)

    from weber.frontend.base.registry import define

    noise = Module("Noise")

    @define("add_noise", t.Number, module=noise)
    def add_noise(x):
        from weber.frontend.calling import call

        return call(draw, (x, call(function("rand"), ())))

    found = broadcast(noise.bindings["add_noise"], [Array(np.zeros(4))])
    assert len(set(found.data.tolist())) == 4


@pytest.mark.parametrize("n", [0, 1])
def test_small_draws(julia, n):
    assert julia.rand(n).size == (n,)
