"""`recurrence`: a recurrent layer over all its steps, as ONNX's RNN, GRU and LSTM have it. Only the pass
`recurrence` makes it, after differentiation: it has no derivative."""

import numpy as np

from ..types import F32, TensorType
from .record import expect, register

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _infer_recurrence(operands, attributes, regions):
    kind = attributes["kind"]
    expect(kind in GATES, f"recurrence of the kind {kind!r}")
    expect(len(operands) == (6 if kind == "LSTM" else 5), f"{kind} has {len(operands)} operands")
    x, weights, recurrent, bias, *states = operands
    expect(x.rank == 3 and states[0].rank == 3, f"{kind} of {x.type} from {states[0].type}")
    (steps, batch, inputs), size = x.shape, states[0].shape[2]
    rows = GATES[kind] * size
    wanted = [(1, rows, inputs), (1, rows, size), (1, 2 * rows), *[(1, batch, size)] * len(states)]
    for value, shape in zip(operands[1:], wanted):
        expect(value.type == TensorType(F32, shape), f"{kind} got {value.type} for {shape}")
    return [TensorType(F32, (steps, 1, batch, size)), *(state.type for state in states)]


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _rnn_step(attributes, x, recurrent, bias, h):
    total = x + h @ recurrent.T + bias
    return [np.maximum(total, 0) if attributes["activation"] == "Relu" else np.tanh(total)]


def _gru_step(attributes, x, recurrent, bias, h):
    """Gates in the order update, reset, candidate."""
    size = h.shape[1]
    (xz, xr, xn), (bz, br, bn) = np.split(x, 3, 1), np.split(bias, 3)
    Rz, Rr, Rn = np.split(recurrent, 3)
    z, r = _sigmoid(xz + h @ Rz.T + bz), _sigmoid(xr + h @ Rr.T + br)
    assert Rn.shape == (size, size)
    inner = r * (h @ Rn.T + bn) if attributes["linear_before_reset"] else (r * h) @ Rn.T + bn
    return [(1 - z) * np.tanh(xn + inner) + z * h]


def _lstm_step(attributes, x, recurrent, bias, h, c):
    """Gates in the order input, output, forget, candidate."""
    i, o, f, g = np.split(x + h @ recurrent.T + bias, 4, 1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return [_sigmoid(o) * np.tanh(c), c]


STEPS = {"RNN": _rnn_step, "GRU": _gru_step, "LSTM": _lstm_step}


def _evaluate_recurrence(arrays, attributes, context):
    x, weights, recurrent, bias, *states = arrays
    step, states = STEPS[attributes["kind"]], [state[0] for state in states]
    of_input, of_state = np.split(bias[0], 2)
    outputs = np.zeros((*x.shape[:2], states[0].shape[1]), np.float32)
    times = range(len(x))
    for t in reversed(times) if attributes["reverse"] else times:
        states = step(attributes, x[t] @ weights[0].T + of_input, recurrent[0], of_state, *states)
        outputs[t] = states[0]
    return [outputs[:, None], *(np.asarray(state, np.float32)[None] for state in states)]


def _lower_recurrence(lowering, operation, names):
    attributes, kind = operation.attributes, operation.attributes["kind"]
    types = [value.type for value in operation.results]
    x, weights, recurrent, bias, *states = names
    own = {"linear_before_reset": int(attributes["linear_before_reset"])} if kind == "GRU" else {}
    if attributes["activation"] != "Tanh":
        own["activations"] = [attributes["activation"]]
    return lowering.node(kind, [x, weights, recurrent, bias, None, *states], len(types), types,
                         hidden_size=int(operation.operands[4].shape[2]),
                         direction="reverse" if attributes["reverse"] else "forward", **own)


register("recurrence", _infer_recurrence, _evaluate_recurrence, None, _lower_recurrence,
         "ONNX's RNN, GRU or LSTM (`kind`) in one direction; the runtime does not bear extents of 0")
