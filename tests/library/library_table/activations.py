"""Activations, and softmax and its kin, by their formulas. `rrelu` is random: see `layers`."""

import math

import numpy as np
from library_table.table import ACTIVATIONS, Row, activation, normal
from scipy import special

sigmoid = special.expit


def softplus(x):
    return np.logaddexp(x, 0)


def elu(x, alpha=1.0):
    return np.where(x >= 0, x, alpha * np.expm1(np.minimum(x, 0)))


activation("σ", sigmoid)
activation("hardσ", lambda x: np.clip((x + 3) / 6, 0, 1))
activation("hardtanh", lambda x: np.clip(x, -1, 1))
activation("relu", lambda x: np.maximum(x, 0))
activation("leakyrelu", lambda x: np.where(x > 0, x, 0.01 * x))
activation("relu6", lambda x: np.clip(x, 0, 6))
activation("elu", elu)
activation("gelu_tanh", lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))
activation("gelu_sigmoid", lambda x: x * sigmoid(1.702 * x))
activation("gelu_erf", lambda x: x * special.ndtr(x))
activation("swish", lambda x: x * sigmoid(x))
activation("hardswish", lambda x: x * np.clip((x + 3) / 6, 0, 1))
activation("selu", lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772))
activation("celu", lambda x: np.where(x >= 0, x, np.expm1(np.minimum(x, 0))))
activation("softplus", softplus)
activation("softsign", lambda x: x / (1 + np.abs(x)))
activation("logσ", special.log_expit)
activation("logcosh", lambda x: np.abs(x) + np.log1p(np.exp(-2 * np.abs(x))) - math.log(2))
activation("mish", lambda x: x * np.tanh(softplus(x)))
activation("tanhshrink", lambda x: x - np.tanh(x))
activation("softshrink", lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0))
activation("trelu", lambda x: np.where(x > 1, x, 0))
activation("lisht", lambda x: x * np.tanh(x))
activation("tanh_fast", np.tanh)
activation("sigmoid_fast", sigmoid)
# Equal bounds leave nothing to chance; chance itself is tested in `test_activations`.
ACTIVATIONS.append(Row("rrelu", "x -> rrelu.(x, 0.25, 0.25)", [normal(5, 3)],
                       lambda parameters, x: np.where(x > 0, x, 0.25 * x)))


def family(name, call, formula):
    ACTIVATIONS.append(Row(name, f"x -> {call}", [normal(3, 4) * 5], lambda parameters, x: formula(x)))


family("softmax", "softmax(x)", lambda x: special.softmax(x, 1))
family("softmax", "softmax(x; dims = 2)", lambda x: special.softmax(x, 0))
family("softmax", "softmax(x; dims = (1, 2))", special.softmax)
family("logsoftmax", "logsoftmax(x)", lambda x: special.log_softmax(x, 1))
family("logsoftmax", "logsoftmax(x; dims = 2)", lambda x: special.log_softmax(x, 0))
family("logsumexp", "logsumexp(x)", special.logsumexp)
family("logsumexp", "logsumexp(x; dims = 1)", lambda x: special.logsumexp(x, axis=1, keepdims=True))
family("glu", "glu(x, 1)", lambda x: x[:, :2] * sigmoid(x[:, 2:]))
