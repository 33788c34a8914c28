"""`recurrence` against the equations of ONNX's documentation, step by step, and against onnxruntime."""

import numpy as np
import pytest
from scipy.special import expit
from weber.compiler import interpreter, ir
from weber.compiler.onnx_export import export
from weber.compiler.types import F32, TensorType

RANDOM = np.random.default_rng(0)
STEPS, BATCH, INPUTS, SIZE = 4, 3, 2, 5


def lstm(x, W, R, Wb, Rb, H, C):
    i, o, f, c = (x @ w.T + H @ r.T + a + b for w, r, a, b in zip(*(np.split(m, 4) for m in (W, R, Wb, Rb))))
    C = expit(f) * C + expit(i) * np.tanh(c)
    return expit(o) * np.tanh(C), C


def gru(linear_before_reset):
    def step(x, W, R, Wb, Rb, H):
        (wz, wr, wh), (rz, rr, rh), (az, ar, ah), (bz, br, bh) = (np.split(m, 3) for m in (W, R, Wb, Rb))
        z, r = expit(x @ wz.T + H @ rz.T + az + bz), expit(x @ wr.T + H @ rr.T + ar + br)
        inner = r * (H @ rh.T + bh) if linear_before_reset else (r * H) @ rh.T + bh
        return ((1 - z) * np.tanh(x @ wh.T + inner + ah) + z * H,)

    return step


def rnn(activation):
    return lambda x, W, R, Wb, Rb, H: (activation(x @ W.T + H @ R.T + Wb + Rb),)


KINDS = {
    "LSTM": ("LSTM", 4, lstm, {}),
    "GRU": ("GRU", 3, gru(False), {}),
    "GRU, reset after": ("GRU", 3, gru(True), {"linear_before_reset": True}),
    "RNN": ("RNN", 1, rnn(np.tanh), {}),
    "RNN of Relu": ("RNN", 1, rnn(lambda x: np.maximum(x, 0)), {"activation": "Relu"}),
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_recurrence(run_onnx, name, reverse):
    kind, gates, step, attributes = KINDS[name]
    rows, states = gates * SIZE, 2 if kind == "LSTM" else 1
    shapes = [(STEPS, BATCH, INPUTS), (1, rows, INPUTS), (1, rows, SIZE), (1, 2 * rows),
              *[(1, BATCH, SIZE)] * states]
    arrays = [RANDOM.normal(size=shape).astype(np.float32) for shape in shapes]
    builder = ir.Builder()
    names = [f"x{index}" for index in range(len(shapes))]
    builder.block.arguments = [ir.Value(TensorType(F32, s), name=n) for s, n in zip(shapes, names)]
    builder.block.results = builder.recurrence(
        *builder.block.arguments, kind=kind, reverse=reverse,
        **({"linear_before_reset": False, "activation": "Tanh"} | attributes))
    function = ir.Function("f", builder.block, names, [f"y{index}" for index in range(1 + states)])

    x, W, R, B, *now = (a.astype(float) for a in arrays)
    expected, now = np.zeros((STEPS, 1, BATCH, SIZE)), [state[0] for state in now]
    for t in range(STEPS)[::-1] if reverse else range(STEPS):
        now = step(x[t], W[0], R[0], *np.split(B[0], 2), *now)
        expected[t, 0] = now[0]
    expected = [expected, *(state[None] for state in now)]
    model, feeds = export(function), dict(zip(names, arrays))
    found = [interpreter.run(function, feeds),
             *(run_onnx(model, feeds, optimised) for optimised in (False, True))]
    for results in found:
        for result, formula in zip(results, expected, strict=True):
            np.testing.assert_allclose(result, formula, rtol=2e-5, atol=2e-5)
