"""The numpy meaning of every op against an independent formula."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from weber.compiler import interpreter
from weber.compiler.ops import OPS

WITH_TESTS_OF_THEIR_OWN = {"if", "loop", "map", "call_with_rule", "recurrence", "true_indices"}


def test_every_op_has_a_row(rows):
    assert rows.keys() == OPS.keys() - WITH_TESTS_OF_THEIR_OWN


def test_interpreter_gives_the_meaning(row, tools):
    @settings(max_examples=15, deadline=None, database=None, derandomize=True)
    @given(seed=st.integers(0, 2**32), element=st.sampled_from(row.elements))
    def check(seed, element):
        sample = row.draw(tools.Draw(seed, element))
        function = tools.build(row.op, sample)
        (actual,) = interpreter.run(function, sample.inputs)
        attributes = {key: tools.integers(value, sample.bindings) for key, value in sample.attributes.items()}
        with np.errstate(all="ignore"):
            expected = row.meaning(*sample.arrays, **attributes)
        assert actual.shape == np.shape(expected)
        result = function.body.results[0].element
        tools.assert_close(actual, np.asarray(expected).astype(actual.dtype), row, result.name)

    check()
