"""Recurrent layers without a batch, from given states, and their constructors; arrays are (batch, time,
features)."""

import numpy as np
import pytest
from library_table.formulas import gru, gru_v3, lstm, rnn, unroll
from numpy.testing import assert_allclose

RANDOM = np.random.default_rng(0)
BATCH, TIME, IN, OUT = 4, 5, 3, 2


# cell, step, gates in Wi, gates in Wh, whether the state is a pair
CELLS = {
    "RNN": ("tanh, Wi, Wh, b", rnn, 1, 1, False),
    "LSTM": ("Wi, Wh, b", lstm, 4, 4, True),
    "GRU": ("Wi, Wh, b", gru, 3, 3, False),
    "GRUv3": ("Wi, Wh, b, Whh", gru_v3, 3, 2, False),
}


def weights(gates_in, gates_hidden, extra):
    sizes = [(gates_in * OUT, IN), (gates_hidden * OUT, OUT), (gates_in * OUT,)] + [(OUT, OUT)] * extra
    return [RANDOM.normal(size=size) for size in sizes]


@pytest.mark.parametrize("name", CELLS)
def test_without_a_batch(program, everywhere, name):
    """A matrix is (features, time), and the weights may be arguments of the graph."""
    fields, step, gates_in, gates_hidden, pair = CELLS[name]
    parameters = weights(gates_in, gates_hidden, name == "GRUv3")
    arguments = "x, Wi, Wh, b" + (", Whh" if name == "GRUv3" else "")
    module = program(f"layer({arguments}) = Recurrence({name}Cell({fields}); return_state = true)(x)")
    julia = [np.ascontiguousarray(p.T) for p in parameters]  # a Julia matrix (out, in) is the array (in, out)
    x = RANDOM.normal(size=(TIME, IN))
    outputs, state = unroll(step, x, parameters, pair)
    results, last = everywhere(module, "layer", x, *julia, symbolic=False)
    assert_allclose(results, outputs, rtol=1e-9)
    assert_allclose(last, state, rtol=1e-9)


@pytest.mark.parametrize("name", CELLS)
def test_constructors(session, name):
    gates, recurrent = CELLS[name][2:4]
    count = gates * OUT * (IN + 1) + recurrent * OUT * OUT + (OUT * OUT if name == "GRUv3" else 0)
    session(f"layer = {name}({IN} => {OUT})")
    assert session("sum(length, Flux.trainables(layer))") == str(count)
    assert session("size(layer(rand(Float32, 3, 5, 4)))") == "(2, 5, 4)"
    without_bias = "3" if name == "GRUv3" else "2"
    assert session(f"length(Flux.trainables({name}({IN} => {OUT}; bias = false)))") == without_bias
    assert session("layer").startswith(f"{name}(3 => 2")


def test_given_states(program, everywhere):
    module = program("""
    rnn, lstm = f64(RNN(3 => 2)), f64(LSTM(3 => 2; return_state = true))
    split(x) = (rnn(x)[:, 3:5, :], rnn(x[:, 3:5, :], rnn(x)[:, 2, :]))
    resume(x) = (lstm(x), lstm(x[:, 3:5, :], lstm(x[:, 1:2, :])[2]))
    """)
    x = RANDOM.normal(size=(BATCH, TIME, IN))
    whole, resumed = everywhere(module, "split", x)
    assert_allclose(whole, resumed)
    (outputs, (h, c)), (rest, (h2, c2)) = everywhere(module, "resume", x)
    for a, b in ((outputs[:, 2:], rest), (h, h2), (c, c2)):
        assert_allclose(a, b)
