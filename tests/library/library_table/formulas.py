"""Layers as formulas in numpy, where axes are Julia's dims reversed: batch, channels, height, width."""

import itertools

import numpy as np
from scipy.special import expit as sigmoid
from scipy.special import softmax

# --- convolution --------------------------------------------------------------------------------------------


def cross_correlation(x, w, stride=1, low=(0, 0), high=(0, 0), dilation=1, groups=1):
    """x (batch, channels, space…), w (outputs, channels / groups, window…) by the definition, with loops."""
    n = x.ndim - 2
    stride, dilation = np.broadcast_to(stride, n), np.broadcast_to(dilation, n)
    x = np.pad(x, [(0, 0), (0, 0), *zip(low, high, strict=True)])
    window = w.shape[2:]
    out = [(x.shape[2 + i] - dilation[i] * (window[i] - 1) - 1) // stride[i] + 1 for i in range(n)]
    y = np.zeros((x.shape[0], w.shape[0], *out))
    per_group = w.shape[0] // groups
    for o, position in itertools.product(range(w.shape[0]), itertools.product(*map(range, out))):
        channels = slice(o // per_group * w.shape[1], (o // per_group + 1) * w.shape[1])
        patch = x[(slice(None), channels, *(slice(p * s, p * s + d * (k - 1) + 1, d) for p, s, d, k in
                                            zip(position, stride, dilation, window, strict=True)))]
        y[(slice(None), o, *position)] = (patch * w[o]).sum(axis=tuple(range(1, n + 2)))
    return y


def flipped(w):
    return np.flip(w, axis=tuple(range(2, w.ndim)))


def transposed_convolution(x, w, stride, low, high, dilation, extra, groups):
    """The transpose of a convolution by its definition: every input adds a multiple of the flipped window."""
    channels, per_group = x.shape[1], w.shape[1]
    window = w.shape[2:]
    axes = zip(x.shape[2:], stride, dilation, window, strict=True)
    full = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in axes]
    y = np.zeros((x.shape[0], per_group * groups, *full))
    for c, position in itertools.product(range(channels), itertools.product(*map(range, x.shape[2:]))):
        group = c // (channels // groups)
        for tap in itertools.product(*map(range, window)):
            place = tuple(p * s + d * (k - 1 - t) for p, s, d, k, t in
                          zip(position, stride, dilation, window, tap, strict=True))
            part = x[(slice(None), c, *position)][:, None] * w[(c, slice(None), *tap)]
            y[(slice(None), slice(group * per_group, (group + 1) * per_group), *place)] += part
    sizes = [f + e - a - b for f, e, a, b in zip(full, extra, low, high, strict=True)]
    y = np.pad(y, [(0, 0), (0, 0), *((0, max(0, e)) for e in extra)])
    return y[(slice(None), slice(None), *(slice(a, a + n) for a, n in zip(low, sizes, strict=True)))]


def with_bias(y, b):
    """A bias for each channel."""
    return y + b.reshape(-1, *[1] * (y.ndim - 2))


def windows(x, window, stride, low=(0, 0), high=(0, 0), fill=0.0):
    """All windows of (batch, channels, height, width): (batch, channels, rows, columns, window…)."""
    x = np.pad(x, [(0, 0), (0, 0), *zip(low, high, strict=True)], constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(x, window, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1]]


# --- normalisation ------------------------------------------------------------------------------------------


def standardise(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


# --- recurrence ---------------------------------------------------------------------------------------------
# A step takes the input (…, in), the state, and weights (rows, in) and (rows, out).


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


def unroll(step, x, parameters, pair):
    """The outputs (…, time, out) of a step over x (…, time, in) from a state of zeros, and the last state."""
    h = np.zeros((*x.shape[:-2], parameters[1].shape[1]))
    state = (h, h) if pair else h
    outputs = []
    for t in range(x.shape[-2]):
        output, state = step(x[..., t, :], state, *parameters)
        outputs.append(output)
    return np.stack(outputs, -2), state


# --- attention ----------------------------------------------------------------------------------------------


def attention(q, k, v, heads, bias=0, mask=True):
    """(batch, length, features) → results and weights (batch, heads, q length, k length)."""
    def split(x):
        return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)

    q, k, v = map(split, (q, k, v))
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]) + bias
    weights = softmax(np.where(mask, scores, -np.inf), axis=-1)
    y = (weights @ v).swapaxes(1, 2)
    return y.reshape(*y.shape[:2], -1), weights


# --- resampling ---------------------------------------------------------------------------------------------


def interpolate(x, axis, size, align_corners):
    """Linear interpolation along an axis to another size."""
    n = x.shape[axis]
    centres = np.clip((np.arange(size) + 0.5) * n / size - 0.5, 0, n - 1)
    places = np.linspace(0, n - 1, size) if align_corners else centres
    return np.apply_along_axis(lambda line: np.interp(places, np.arange(n), line), axis, x)
