"""Primitives that the library's `.jl` files build on: the module `Primitives`.

Tuples of strides, windows and pads are in Julia's order of dims; pads are (low₁, high₁, low₂, high₂, …)."""

import math
import statistics

from .. import staging
from .. import types as t
from ..dims import as_dim, dim_number
from ..promotion import promote_type
from ..staged_numbers import Traced
from ..values import Array, typeof
from .arithmetic import add, divide, multiply, negate, subtract
from .arrays import as_array, axis_of, reshaped
from .conversion import convert_array
from .elements import HOST_TYPES, NUMBERS, dual, emit_float, float_type, is_integer_type, select
from .errors import dimension_mismatch, domain_error, size_text
from .index_forms import index_form
from .mathematics import exponential, logarithm, square_root
from .registry import define, module

PRIMITIVES = module("Primitives")


def _define(names, *signature, **options):
    return define(names, *signature, module=PRIMITIVES, **options)


# --- functions of numbers -----------------------------------------------------------------------------------


def _float_function(host, traced):
    return dual(lambda x: HOST_TYPES[float_type(typeof(x))](host(float(x))), traced)


def _host_sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _host_softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _host_inverse_erf(x):
    if abs(x) >= 1:
        if abs(x) > 1:
            raise domain_error(x, "`abs(x)` cannot be greater than 1.")
        return math.copysign(math.inf, x)
    return x if x != x else statistics.NormalDist().inv_cdf((x + 1) / 2) / math.sqrt(2)


CENTRAL = (1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087, -4.39150654e-06,
           -3.5233877e-06,
           3.43273939e-07, 2.81022636e-08)
TAIL = (2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773, -0.00367342844, 0.00134934322,
        0.000100950558, -0.000200214257)


def _traced_inverse_erf(x):
    """M. Giles, "Approximating the erfinv function" (2012), and two steps of Newton's method for Float64."""
    kind = HOST_TYPES[float_type(x.type)]
    w = negate(logarithm(multiply(subtract(kind(1), x), add(kind(1), x))))

    def polynomial(variable, coefficients):
        total = kind(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            total = add(multiply(total, variable), kind(coefficient))
        return total

    from .comparison import less, maximum

    central = polynomial(subtract(w, kind(2.5)), CENTRAL)
    tail = polynomial(subtract(square_root(maximum(w, kind(0))), kind(3)), TAIL)
    y = multiply(select(less(w, kind(5)), central, tail), x)
    for _ in range(2 if x.type is t.Float64 else 0):
        slope = multiply(kind(2 / math.sqrt(math.pi)), exponential(negate(multiply(y, y))))
        y = subtract(y, divide(subtract(erf(y), x), slope))
    return y


sigmoid = _float_function(_host_sigmoid, lambda x: emit_float("sigmoid", x))
softplus = _float_function(_host_softplus, lambda x: emit_float("softplus", x))
erf = _float_function(math.erf, lambda x: emit_float("erf", x))
inverse_erf = _float_function(_host_inverse_erf, _traced_inverse_erf)


def _register(name, function):
    def method(x):
        return function(x)

    _define(name, t.Number)(method)


for _name, _function in (("sigmoid", sigmoid), ("softplus", softplus), ("erf", erf), ("erfinv", inverse_erf)):
    _register(_name, _function)


@_define("stopgradient", t.Any)
def stop_gradient(x):
    """x, with derivative zero."""
    if x.__class__ is Array and x.element in NUMBERS:
        return Array(staging.apply("stop_gradient", staging.read(x)), x.type)
    if x.__class__ is Traced:
        return Traced(staging.apply("stop_gradient", x.data), x.known)
    if x.__class__ is tuple:
        return tuple(map(stop_gradient, x))
    return x


# --- softmax ------------------------------------------------------------------------------------------------


def _softmax(op):
    def function(x, dims):
        array = as_array(x)
        payload = staging.convert_payload(staging.read(array), float_type(array.element))
        return Array(staging.apply(op, payload, axis=axis_of(dims, array.rank)))

    return function


_define("softmax", t.AbstractArray, t.Integer)(_softmax("softmax"))
_define("logsoftmax", t.AbstractArray, t.Integer)(_softmax("log_softmax"))


# --- windows ------------------------------------------------------------------------------------------------


def _window(values):
    """A tuple in Julia's order of dims as one in the order of payload axes."""
    return tuple(staging.host_number(v, "the size of a window") for v in reversed(values))


def _pads(pad):
    """(low₁, high₁, …) as all low edges, then all high edges, in the order of payload axes."""
    return _window(pad[::2]) + _window(pad[1::2])


def _pair(x, w):
    kind = float_type(promote_type(x.element, w.element))
    return [staging.read(convert_array(kind, array)) for array in (x, w)]


def _result(payload, x, w):
    """The array of a convolution: of integers again integers."""
    kind = promote_type(x.element, w.element)
    return Array(staging.convert_payload(payload, kind) if is_integer_type(kind) else payload)


@_define("crosscor", t.AbstractArray, t.AbstractArray, keywords=("stride", "pad", "dilation", "groups"))
def cross_correlation(x, w, stride, pad, dilation, groups=1):
    """x of size (spatial…, channels, batch), w of size (spatial…, channels ÷ groups, outputs)."""
    x, w = as_array(x), as_array(w)
    if x.rank != w.rank:
        raise dimension_mismatch(
            f"conv of an array of size {size_text(x.size)} with weights of size {size_text(w.size)}")
    return _result(staging.apply("conv", *_pair(x, w), strides=_window(stride), pads=_pads(pad),
                                 dilations=_window(dilation), groups=groups), x, w)


@_define("crosscor_transpose", t.AbstractArray, t.AbstractArray,
         keywords=("stride", "pad", "outpad", "dilation", "groups"))
def transposed_cross_correlation(x, w, stride, pad, outpad, dilation, groups=1):
    """The transpose of `crosscor` in its first argument; `outpad` adds to the sizes of the result."""
    x, w = as_array(x), as_array(w)
    payload, kernel = _pair(x, w)
    strides, pads, dilations, extra = _window(stride), _pads(pad), _window(dilation), _window(outpad)
    rank = len(strides)
    shape = tuple(
        (payload.shape[2 + k] - 1) * strides[k] + dilations[k] * (kernel.shape[2 + k] - 1) + 1
        + extra[k] - pads[k] - pads[rank + k] for k in range(rank))
    return _result(staging.apply("conv_input_gradient", payload, kernel, input_shape=shape, strides=strides,
                                 pads=pads,
                                 dilations=dilations, groups=groups), x, w)


def _pool(op):
    def pool(x, window, stride, pad):
        array = as_array(x)
        payload = staging.convert_payload(staging.read(array), float_type(array.element))
        return Array(staging.apply(op, payload, window=_window(window), strides=_window(stride),
                                   pads=_pads(pad)))

    return pool


_define("maxpool", t.AbstractArray, t.Tuple, keywords=("stride", "pad"))(_pool("max_pool"))
_define("meanpool", t.AbstractArray, t.Tuple, keywords=("stride", "pad"))(_pool("mean_pool"))


# --- products, indices --------------------------------------------------------------------------------------


@_define("batched_multiply", t.AbstractArray, t.AbstractArray)
def batched_multiply(a, b):
    """C[:, :, k] = A[:, :, k] * B[:, :, k]; a stack of one matrix serves for all k."""
    a, b = as_array(a), as_array(b)
    kind = promote_type(a.element, b.element)
    left, right = (staging.read(convert_array(kind, x)) for x in (a, b))
    if left.shape[0] == 1 and right.shape[0] != 1:
        left = reshaped(left, left.shape[1:])
        return Array(staging.apply("contract", right, left, spec="bnk,km->bnm"))
    if right.shape[0] == 1 and left.shape[0] != 1:
        right = reshaped(right, right.shape[1:])
        return Array(staging.apply("contract", right, left, spec="nk,bkm->bnm"))
    return Array(staging.apply("contract", right, left, spec="bnk,bkm->bnm"))


@_define("gather", t.AbstractArray, t.Any)
def gather(x, indices):
    """The slices of x along its last dim at an index, or at an array of them, whose dims come last."""
    array = as_array(x)
    payload = staging.read(array)
    form = index_form(indices, payload.shape[0])
    if form is None:
        from .errors import bounds_error

        raise bounds_error(array, (indices,))
    positions = getattr(form, "positions", None)
    if positions is None:
        positions = staging.payload_of(dim_number(form.start), t.Int64)
    return Array(staging.apply("gather", payload, positions, axis=0))


@_define("scatter_add", t.AbstractArray, t.AbstractArray, t.Integer)
def scatter_add(updates, indices, count):
    """The transpose of `gather`: an array with `count` slices to which the updates are added at their
    indices."""
    updates, indices = as_array(updates), as_array(indices)
    payload = staging.read(updates)
    positions = index_form(indices, as_dim(count)).positions
    shape = (as_dim(count), *payload.shape[len(positions.shape):])
    return Array(staging.apply("scatter_add", positions, payload, axis=0, shape=shape))


def _extreme_index(op):
    def index(x, dims):
        """The index along a dim, which is kept as size 1, of the first extremum."""
        from .shapes import axes_of

        array = as_array(x)
        payload = staging.read(array)
        (axis,) = axes_of(array, dims)
        places = staging.apply(op, payload, axis=axis)
        counted = staging.apply("add", places, staging.expand(staging.payload_of(1), places.shape))
        return Array(reshaped(counted, (*payload.shape[:axis], 1, *payload.shape[axis + 1:])))

    return index


_define("argmax", t.AbstractArray, t.Integer)(_extreme_index("arg_max"))
_define("argmin", t.AbstractArray, t.Integer)(_extreme_index("arg_min"))


@_define("onehot", t.AbstractArray, t.Integer, t.TypeOfType)
def one_hot(indices, count, type_):
    """For indices of size (a, b, …) an array of size (count, a, b, …) with 1 at the index."""
    array = as_array(indices)
    positions = index_form(array, as_dim(count)).positions
    return Array(staging.apply("one_hot", positions, depth=as_dim(count),
                               element=t.ELEMENT_TYPES[type_]))
