"""Recurrent cells and layers against loops over time in numpy; arrays are (batch, time, features)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit as sigmoid

RANDOM = np.random.default_rng(0)
BATCH, TIME, IN, OUT = 4, 5, 3, 2


def rnn(x, h, Wi, Wh, b):
    h = np.tanh(x @ Wi.T + h @ Wh.T + b)
    return h, h


def lstm(x, state, Wi, Wh, b):
    h, c = state
    i, f, g, o = np.split(x @ Wi.T + h @ Wh.T + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, (h, c)


def gru(x, h, Wi, Wh, b):
    xr, xz, xh = np.split(x @ Wi.T + b, 3, axis=-1)
    hr, hz, hh = np.split(h @ Wh.T, 3, axis=-1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    h = (1 - z) * np.tanh(xh + r * hh) + z * h
    return h, h


def gru_v3(x, h, Wi, Wh, b, Whh):
    xr, xz, xh = np.split(x @ Wi.T + b, 3, axis=-1)
    hr, hz = np.split(h @ Wh.T, 2, axis=-1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    h = (1 - z) * np.tanh(xh + (r * h) @ Whh.T) + z * h
    return h, h


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


def unroll(step, x, parameters, pair):
    h = np.zeros((*x.shape[:-2], OUT))
    state = (h, h) if pair else h
    outputs = []
    for t in range(x.shape[-2]):
        output, state = step(x[..., t, :], state, *parameters)
        outputs.append(output)
    return np.stack(outputs, -2), state


@pytest.mark.parametrize("name", CELLS)
def test_cell_and_layer(program, everywhere, numerical_gradient, name):
    fields, step, gates_in, gates_hidden, pair = CELLS[name]
    parameters = weights(gates_in, gates_hidden, name == "GRUv3")
    arguments = "x, Wi, Wh, b" + (", Whh" if name == "GRUv3" else "")
    module = program(f"""
    layer({arguments}) = Recurrence({name}Cell({fields}); return_state = true)(x)
    cell({arguments}) = {name}Cell({fields})(x)
    slope({arguments}, r) = gradient((x, Wi, Wh) -> sum(Recurrence({name}Cell({fields}))(x) .* r), x, Wi, Wh)
    """)
    julia = [np.ascontiguousarray(p.T) for p in parameters]  # a Julia matrix (out, in) is the array (in, out)
    for shape in ((BATCH, TIME, IN), (TIME, IN)):
        x = RANDOM.normal(size=shape)
        outputs, state = unroll(step, x, parameters, pair)
        results, last = everywhere(module, "layer", x, *julia, symbolic=len(shape) == 3)
        assert_allclose(results, outputs, rtol=1e-9)
        assert_allclose(last, state, rtol=1e-9)
    x = RANDOM.normal(size=(BATCH, IN))
    first = unroll(step, x[:, None], parameters, pair)[0][:, 0]
    assert_allclose(everywhere(module, "cell", x, *julia)[0], first)

    x, r = RANDOM.normal(size=(BATCH, TIME, IN)), RANDOM.normal(size=(BATCH, TIME, OUT))
    of_x, of_Wi, of_Wh = everywhere(module, "slope", x, *julia, r)

    def loss(x, Wi, Wh):
        return (unroll(step, x, [Wi, Wh, *parameters[2:]], pair)[0] * r).sum()

    Wi, Wh = parameters[:2]
    close = {"rtol": 1e-6, "atol": 1e-8}
    assert_allclose(of_x, numerical_gradient(lambda x: loss(x, Wi, Wh), x), **close)
    assert_allclose(of_Wi.T, numerical_gradient(lambda w: loss(x, w, Wh), Wi), **close)
    assert_allclose(of_Wh.T, numerical_gradient(lambda w: loss(x, Wi, w), Wh), **close)


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
