"""A program means the same before and after simplification and fusion."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from weber.compiler.interpreter import run
from weber.compiler.passes.fuse import fuse
from weber.compiler.passes.simplify import simplify
from weber.compiler.types import F32, F64
from weber.compiler.verify import verify

quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(data=st.data(), seed=st.integers(0, 1000), rows=st.sampled_from([1, 2, 5]))
def test_simplified_is_equal_to_the_bit(programs, inputs_of, assert_same, data, seed, rows):
    function = data.draw(programs(F32, exact=True))
    simplified = verify(simplify(verify(function)))
    inputs = inputs_of(function, rows, seed, special=True)
    assert_same(run(simplified, inputs), run(function, inputs))


@quick
@given(data=st.data(), seed=st.integers(0, 1000), rows=st.sampled_from([1, 2, 5]))
def test_simplified_with_sums(programs, inputs_of, assert_same, data, seed, rows):
    function = data.draw(programs(F64))
    simplified = verify(simplify(function))
    inputs = inputs_of(function, rows, seed)
    assert_same(run(simplified, inputs), run(function, inputs), rtol=1e-9, atol=1e-9)


@quick
@given(data=st.data(), seed=st.integers(0, 1000), rows=st.sampled_from([1, 2, 5]))
def test_fused(programs, inputs_of, stays_finite, assert_same, data, seed, rows):
    function = data.draw(programs(F64))
    fused = verify(fuse(simplify(function)))
    inputs = inputs_of(function, rows, seed)
    assume(stays_finite(function, inputs))
    assert_same(run(fused, inputs), run(function, inputs), rtol=1e-9, atol=1e-9)


@quick
@given(data=st.data())
def test_simplification_reaches_a_fixed_point(programs, data):
    from weber.compiler.passes.simplify import RULES
    from weber.compiler.rewrite import rewrite

    simplified = simplify(data.draw(programs()))
    assert rewrite(simplified, RULES)[1] == 0
