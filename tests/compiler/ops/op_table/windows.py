"""Convolution and pooling."""

import math

import numpy as np
from op_table.table import N, row

# --- convolution --------------------------------------------------------------------------------------------

def _draw_windows(d, pooling=False):
    """Spatial sizes, window sizes and parameters of a convolution or a pooling over one to three axes."""
    rank = d.choose(1, 2, 2, 3)
    sizes = [d.choose(1, 2, 3) for _ in range(rank)]
    attributes = {}
    if d.choose(True, False):
        attributes["strides"] = tuple(d.choose(1, 2, 3) for _ in range(rank))
    if d.choose(True, False):
        attributes["pads"] = tuple(d.random.integers(0, size) if pooling else d.choose(0, 1, 2)
                                   for size in sizes * 2) if pooling else tuple(d.choose(0, 1, 2)
                                                                                for _ in range(2 * rank))
        attributes["pads"] = tuple(map(int, attributes["pads"]))
    if not pooling and d.choose(True, False):
        attributes["dilations"] = tuple(d.choose(1, 2) for _ in range(rank))
    spatial = tuple(d.choose(5, 6, N + 5) for _ in range(rank))
    return spatial, tuple(sizes), attributes


def _draw_convolution(d):
    spatial, kernel, attributes = _draw_windows(d)
    groups = d.choose(1, 1, 1, 2)
    if groups > 1 or d.choose(True, False):
        attributes["groups"] = groups
    channels = (32, 33) if not d.smooth and groups == 1 and d.choose(True, False, False) else (d.choose(1, 2),
                                                                                               d.choose(1, 2))
    x = (d.choose(N, 2), channels[0] * groups, *spatial)
    w = (channels[1] * groups, channels[0], *kernel)
    return x, w, attributes


def _output(spatial, kernel, strides=None, pads=None, dilations=None, groups=1):
    rank = len(kernel)
    strides, dilations, pads = strides or (1,) * rank, dilations or (1,) * rank, pads or (0,) * 2 * rank
    return tuple((size + pads[i] + pads[i + rank] - dilations[i] * (kernel[i] - 1) - 1) // strides[i] + 1
                 for i, size in enumerate(spatial))


def _conv_terms(x_shape, w_shape, y_shape, strides=None, pads=None, dilations=None, groups=1):
    """All (x place, w place, y place) whose product the convolution sums."""
    rank = len(w_shape) - 2
    strides, dilations, pads = strides or (1,) * rank, dilations or (1,) * rank, pads or (0,) * 2 * rank
    makes = w_shape[0] // groups
    for n, m in np.ndindex(y_shape[0], w_shape[0]):
        for window in np.ndindex(*y_shape[2:]):
            for offset in np.ndindex(*w_shape[2:]):
                at = tuple(window[i] * strides[i] + offset[i] * dilations[i] - pads[i] for i in range(rank))
                if all(0 <= index < size for index, size in zip(at, x_shape[2:])):
                    for c in range(w_shape[1]):
                        yield (n, m // makes * w_shape[1] + c, *at), (m, c, *offset), (n, m, *window)


def _summed(target, terms):
    total, first, second = target
    for place, one, other in terms:
        total[place] += float(first[one]) * float(second[other])
    return total


def _conv_meaning(x, w, **parameters):
    y = np.zeros((x.shape[0], w.shape[0], *_output(x.shape[2:], w.shape[2:], **parameters)))
    return _summed((y, x, w), ((c, a, b) for a, b, c in _conv_terms(x.shape, w.shape, y.shape, **parameters)))


def _input_gradient_meaning(dy, w, input_shape, **parameters):
    dx = np.zeros((dy.shape[0], w.shape[1] * parameters.get("groups", 1), *input_shape))
    return _summed((dx, dy, w),
                   ((a, c, b) for a, b, c in _conv_terms(dx.shape, w.shape, dy.shape, **parameters)))


def _weight_gradient_meaning(x, dy, kernel_shape, **parameters):
    dw = np.zeros((dy.shape[1], x.shape[1] // parameters.get("groups", 1), *kernel_shape))
    return _summed((dw, x, dy),
                   ((b, a, c) for a, b, c in _conv_terms(x.shape, dw.shape, dy.shape, **parameters)))


def _draw_conv(d):
    x, w, attributes = _draw_convolution(d)
    return d.sample([x, w], **attributes)


def _draw_input_gradient(d):
    x, w, attributes = _draw_convolution(d)
    dy = (x[0], w[0], *_output(x[2:], w[2:], **attributes))
    return d.sample([dy, w], input_shape=x[2:], **attributes)


def _draw_weight_gradient(d):
    x, w, attributes = _draw_convolution(d)
    dy = (x[0], w[0], *_output(x[2:], w[2:], **attributes))
    return d.sample([x, dy], kernel_shape=w[2:], **attributes)


_CONVOLVED = ("f32", "f64", "f16")
row("conv", _draw_conv, _conv_meaning, _CONVOLVED, tolerance=60)


def _draw_conv_bias(d):
    x, w, attributes = _draw_convolution(d)
    return d.sample([x, w, (w[0],)], **attributes)


row("conv_bias", _draw_conv_bias, lambda x, w, bias, **parameters: _conv_meaning(x, w, **parameters)
    + bias.astype(float).reshape(-1, *[1] * (x.ndim - 2)), ("f32", "f16"), tolerance=60)
row("conv_input_gradient", _draw_input_gradient, _input_gradient_meaning, _CONVOLVED, tolerance=60)
row("conv_weight_gradient", _draw_weight_gradient, _weight_gradient_meaning, _CONVOLVED, tolerance=60)


# --- pooling ------------------------------------------------------------------------------------------------

def _draw_pooling(d):
    spatial, window, attributes = _draw_windows(d, pooling=True)
    return (d.choose(N, 2), d.choose(1, 2), *spatial), {"window": window, **attributes}


def _pooled_shape(x, window, strides=None, pads=None):
    return (*x[:2], *_output(x[2:], window, strides or window, pads))


def _window_places(x_shape, window, strides=None, pads=None):
    """For each window its place and the places of its elements in x, in row-major order."""
    rank = len(window)
    strides, pads = strides or window, pads or (0,) * 2 * rank
    for place in np.ndindex(*_pooled_shape(x_shape, window, strides, pads)):
        elements = []
        for offset in np.ndindex(*window):
            at = tuple(place[2 + i] * strides[i] + offset[i] - pads[i] for i in range(rank))
            if all(0 <= index < size for index, size in zip(at, x_shape[2:])):
                elements.append((*place[:2], *at))
        yield place, elements


def _draw_max_pool(d):
    x, attributes = _draw_pooling(d)
    array = d.array(x)
    if not d.smooth:
        array = np.round(array).astype(array.dtype)  # with ties
    return d.sample([x], [array], **attributes)


def _max_pool(x, **parameters):
    y = np.empty(_pooled_shape(x.shape, **parameters))
    for place, elements in _window_places(x.shape, **parameters):
        y[place] = max(x[at] for at in elements)
    return y


def _draw_max_derivative(gives_input):
    def draw(d):
        sample = _draw_max_pool(d)
        (x,), parameters = sample.types, sample.attributes
        y = _pooled_shape(x.shape, **parameters)
        change = y if gives_input else x.shape
        result = _max_pool(sample.arrays[0], **parameters).astype(d.element.numpy)
        return d.sample([x.shape, y, change], [*sample.arrays, result, d.array(change)], **parameters)

    return draw


def _max_gradient(x, y, dy, **parameters):
    dx = np.zeros(x.shape)
    for place, elements in _window_places(x.shape, **parameters):
        dx[max(elements, key=x.__getitem__)] += dy[place]  # max gives the first of equals
    return dx


def _max_tangent(x, y, tangent, **parameters):
    result = np.zeros(y.shape)
    for place, elements in _window_places(x.shape, **parameters):
        result[place] = tangent[max(elements, key=x.__getitem__)]
    return result


def _draw_mean_pool(d):
    x, attributes = _draw_pooling(d)
    return d.sample([x], **attributes)


def _draw_mean_gradient(d):
    x, attributes = _draw_pooling(d)
    return d.sample([_pooled_shape(x, **attributes)], input_shape=x[2:], **attributes)


def _mean_pool(x, window, **parameters):
    y = np.zeros(_pooled_shape(x.shape, window, **parameters))
    for place, elements in _window_places(x.shape, window, **parameters):
        y[place] = sum(float(x[at]) for at in elements) / math.prod(window)
    return y


def _mean_gradient(dy, window, input_shape, **parameters):
    dx = np.zeros((*dy.shape[:2], *input_shape))
    for place, elements in _window_places(dx.shape, window, **parameters):
        for at in elements:
            dx[at] += float(dy[place]) / math.prod(window)
    return dx


row("max_pool", _draw_max_pool, _max_pool, _CONVOLVED)
row("max_pool_gradient", _draw_max_derivative(True), _max_gradient, _CONVOLVED, tolerance=5)
row("max_pool_tangent", _draw_max_derivative(False), _max_tangent, _CONVOLVED)
row("mean_pool", _draw_mean_pool, _mean_pool, _CONVOLVED, tolerance=5)
row("mean_pool_gradient", _draw_mean_gradient, _mean_gradient, _CONVOLVED, tolerance=5)
