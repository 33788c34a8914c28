"""The last rewrites before export: groups of operations become what standard ONNX operators do best.

Unlike simplification these may change a result's last digits (scalar factors are multiplied first), and the
result has no derivatives any more.
"""

import numpy as np

from ..families import ELEMENTWISE
from ..ir import Function
from ..ops.indexing import fits_add_rows
from ..ops.shape import reshape_to
from ..ops.specs import parse_spec
from ..rewrite import Rules
from .loops.shaping import RULES as SHAPING
from .movement import broadcast_along
from .patterns import is_splat, made_by, splat_of
from .simplify import RULES as SIMPLIFICATIONS
from .simplify import simplify

RULES = Rules()

FUSED_ELEMENTS = ("f32", "f64")
"""Element types for which the runtime has kernels of the fused operators."""


def fuse(function: Function) -> Function:
    """An equivalent function for export, simplified once more."""
    return simplify(function, RULES | SIMPLIFICATIONS | SHAPING)


@RULES("stop_gradient")
def drop_stop_gradient(b, operation):
    """Derivatives have been taken."""
    return operation.operands[0]


# --- one-hot arrays -----------------------------------------------------------------------------------------


@RULES("convert")
def convert_one_hot(b, operation):
    """A one-hot array is made in the element type that it is used in."""
    inner = made_by(operation.operands[0], "one_hot")
    if inner is None:
        return None
    attributes = {**inner.attributes, "element": operation.attributes["element"]}
    return b.one_hot(*inner.operands, **attributes)


@RULES("reshape")
def reshape_one_hot(b, operation):
    """The classes stay the last axis: the indices are reshaped."""
    inner, shape = made_by(operation.operands[0], "one_hot"), operation.attributes["shape"]
    if inner is None or not shape or shape[-1] != inner.attributes["depth"]:
        return None
    return b.one_hot(b.reshape(*inner.operands, shape=shape[:-1]), **inner.attributes)


@RULES("contract")
def select_by_one_hot(b, operation):
    """A product with a one-hot array is a selection: of columns of weights, say."""
    *letters, result = parse_spec(operation.attributes["spec"])
    for hot, other in ((0, 1), (1, 0)):
        inner = made_by(operation.operands[hot], "one_hot")
        if inner is None:
            continue
        places, depth = letters[hot][:-1], letters[hot][-1]
        if depth in result or depth not in letters[other] or not set(places).isdisjoint(letters[other]):
            continue
        axis = letters[other].index(depth)
        found = letters[other][:axis] + places + letters[other][axis + 1:]
        if set(found) != set(result):
            continue  # other letters are summed
        chosen = b.gather(operation.operands[other], inner.operands[0], axis=axis)
        return b.transpose(chosen, permutation=tuple(found.index(letter) for letter in result))
    return None


# --- Gemm ---------------------------------------------------------------------------------------------------



@RULES("add")
def add_in_gemm(b, operation):
    """a b + c, for a matrix c or one that is broadcast."""
    for product, addend in (operation.operands, operation.operands[::-1]):
        made = _add_to_gemm(b, product, addend, 1.0, 1.0)
        if made is not None:
            return made
    return None


@RULES("sub")
def subtract_in_gemm(b, operation):
    """a b - c or c - a b."""
    x, y = operation.operands
    made = _add_to_gemm(b, x, y, 1.0, -1.0)
    return made if made is not None else _add_to_gemm(b, y, x, -1.0, 1.0)


@RULES("mul")
def scale_in_gemm(b, operation):
    """alpha a b, for a constant alpha."""
    x, y = operation.operands
    scale = splat_of(y)
    if scale is None:
        return None
    gemm = _as_gemm(b, x)
    if gemm is None or len(gemm[0]) == 3:
        return None
    operands, attributes = gemm
    alpha = attributes["alpha"] * float(scale)
    if x.element.name == "f64" and float(np.float32(alpha)) != alpha:
        return None  # Gemm's alpha is a single-precision number
    return b.gemm(*operands, **{**attributes, "alpha": alpha})


@RULES("add")
def add_to_rows(b, operation):
    """Rows that are put into zeros and added to an array are added to its rows."""
    for whole, summand in (operation.operands, operation.operands[::-1]):
        shaped = made_by(summand, "reshape")
        made = (shaped.operands[0] if shaped else summand).operation
        if made is None:
            continue
        is_sum = made.name == "add_rows" and is_splat(made.operands[0], 0)
        if is_sum or made.name == "scatter_add" and fits_add_rows(made):
            flat = reshape_to(b, whole, made.result.shape)
            return reshape_to(b, b.add_rows(flat, *made.operands[-2:]), summand.shape)
    return None


@RULES("add_rows")
def add_once_to_rows(b, operation):
    """What is added to the same rows one after the other is added at once."""
    x, indices, rows = operation.operands
    others = []
    while (inner := made_by(x, "add_rows")) and inner.operands[1] is not indices and b.is_used_once(x):
        others.append(inner.operands[1:])
        x = inner.operands[0]
    if inner is None or inner.operands[1] is not indices or not b.is_used_once(x):
        return None
    total = b.add_rows(inner.operands[0], indices, b.add(inner.operands[2], rows))
    for other in reversed(others):
        total = b.add_rows(total, *other)
    return total


def _add_to_gemm(b, product, addend, sign, beta):
    gemm = _as_gemm(b, product)
    if gemm is None or len(gemm[0]) == 3:
        return None
    operands, attributes = gemm
    attributes = {**attributes, "alpha": sign * attributes["alpha"], "beta": beta}
    return b.gemm(*operands, _unidirectional(b, addend), **attributes)


def _as_gemm(b, value):
    """(operands, attributes) of a gemm that makes a value, which nothing else uses; None where there is none.
    """
    if not b.is_used_once(value) or value.element.name not in FUSED_ELEMENTS:
        return None
    if gemm := made_by(value, "gemm"):
        return gemm.operands, gemm.attributes
    contraction = made_by(value, "contract")
    if contraction is None or value.rank != 2:
        return None
    left, right, result = parse_spec(contraction.attributes["spec"])
    if not len(left) == len(right) == 2 or left == right or set(left) == set(right):
        return None
    a, c = contraction.operands
    if result[0] in right:
        (a, left), (c, right) = (c, right), (a, left)
    if result[0] not in left or result[1] not in right:
        return None
    flags = {"transpose_a": left[0] != result[0], "transpose_b": right[1] != result[1]}
    return [a, c], {**flags, "alpha": 1.0, "beta": 1.0}


def _unidirectional(b, addend):
    """The addend without the broadcast that Gemm does itself."""
    repeated = made_by(addend, "broadcast")
    if repeated is None:
        return addend
    (source,), axes = repeated.operands, repeated.attributes["axes"]
    if axes == (0,):
        return b.reshape(source, shape=(source.shape[0], 1))
    return source


# --- Conv -------------------------------------------------------------------------------------------------


@RULES("add")
def add_in_conv(b, operation):
    """conv(x, w) plus a bias for each channel."""
    for product, addend in (operation.operands, operation.operands[::-1]):
        conv, repeated = made_by(product, "conv"), made_by(addend, "broadcast")
        if conv is None or repeated is None or not b.is_used_once(product) or product.element.name != "f32":
            continue
        bias = repeated.operands[0]
        if repeated.attributes["axes"] == (1,) and bias.shape == product.shape[1:2]:
            return b.conv_bias(*conv.operands, bias, **conv.attributes)
    return None


# --- activations --------------------------------------------------------------------------------------------

@RULES("max")
def maximum_with_zero(b, operation):
    x, y = operation.operands
    return b.relu(x) if x.element.name in FUSED_ELEMENTS and splat_of(y) == 0 else None


@RULES("select")
def zero_below_zero(b, operation):
    """select(x < 0, 0, x) is relu(x)."""
    condition, x, y = operation.operands
    comparison = made_by(condition, "lt")
    if comparison is None or y.element.name not in FUSED_ELEMENTS:
        return None
    is_relu = comparison.operands[0] is y and splat_of(comparison.operands[1]) == 0 and is_splat(x, 0)
    return b.relu(y) if is_relu else None


@RULES("max_pool")
def pool_before_relu(b, operation):
    """max_pool(relu(x)) = relu(max_pool(x)), on fewer elements."""
    activation = made_by(operation.operands[0], "relu")
    return b.relu(b.max_pool(*activation.operands, **operation.attributes)) if activation else None


@RULES("select")
def relu_cotangent_before_pool(b, operation):
    """The step of relu on a cotangent that max_pool spread over its operand, done before it is spread.

    Where a window's maximum is not positive no element of the window gets a cotangent; elsewhere the maximum
    of x stands where that of relu(x) does.
    """
    condition, d, zero = operation.operands
    comparison, gradient = made_by(condition, "gt"), made_by(d, "max_pool_gradient")
    if not comparison or not gradient or splat_of(comparison.operands[1]) != 0 or not is_splat(zero, 0):
        return None
    inner, outer = (made_by(value, "relu") for value in gradient.operands[:2])
    x, dy = comparison.operands[0], gradient.operands[2]
    pool = outer and made_by(outer.operands[0], "max_pool")
    if not inner or not pool or inner.operands[0] is not x or pool.operands[0] is not x:
        return None
    y = pool.result
    kept = b.select(b.gt(y, b.full(0, y)), dy, b.full(0, dy))
    return b.max_pool_gradient(x, y, kept, **gradient.attributes)


STEEP = 3.4e38
"""A slope that takes every positive normal number to 1."""


@RULES("convert")
def step_as_number(b, operation):
    """x > 0 as a number, in one operator; it differs where x is NaN or below the normal numbers."""
    return _step(b, operation.operands[0]) if operation.attributes["element"].name == "f32" else None


@RULES("select")
def relu_cotangent(b, operation):
    """select(x > 0, d, 0) is d · step(x) beside relu(x), where d and x have nothing in common element by
    element.

    Otherwise d may be infinite or NaN just where x is not positive, as in select(x > 0, log(x), 0), or the
    maximum of no elements.
    """
    condition, d, zero = operation.operands
    if d.element.name != "f32" or not is_splat(zero, 0):
        return None
    step = _step(b, condition)
    if step is None:
        return None
    x = condition.operation.operands[0]
    if step.operation.operands[0] is x:  # there is no relu
        return None
    return b.mul(d, step) if _elementwise_sources(d).isdisjoint(_elementwise_sources(x)) else None


def _step(b, condition):
    """A steep hard_sigmoid for the condition x > 0, of relu(x) where that is there: then x itself is not
    needed."""
    comparison = made_by(condition, "gt")
    if comparison is None or splat_of(comparison.operands[1]) != 0:
        return None
    x = comparison.operands[0]
    if x.element.name != "f32":
        return None
    known = b.known(("relu", (id(x),), ()))
    return b.hard_sigmoid(known[0] if known else x, alpha=STEEP, beta=0.0)


def _elementwise_sources(value):
    """The value and all values that it depends on element by element, constants excepted."""
    found, pending = set(), [value]
    while pending:
        value = pending.pop()
        if value in found or splat_of(value) is not None:
            continue
        found.add(value)
        if value.operation is not None and value.operation.name in ELEMENTWISE | {"reshape"}:
            pending += value.operation.operands
    return found


# --- sums of pieces -------------------------------------------------------------------------------------

@RULES("add")
def pieces_side_by_side(b, operation):
    """The sum of two arrays with zeros around, one of which ends where the other begins, is both joined."""
    first, second = (made_by(value, "pad") for value in operation.operands)
    if not first or not second or first.attributes["value"] or second.attributes["value"]:
        return None
    if not all(map(b.is_used_once, operation.operands)):
        return None
    for left, right in ((first, second), (second, first)):
        axis = _joined_axis(left, right)
        if axis is not None:
            low, high = list(left.attributes["low"]), list(left.attributes["high"])
            high[axis] = right.attributes["high"][axis]
            joined = b.concatenate(left.operands[0], right.operands[0], axis=axis)
            return b.pad(joined, low=tuple(low), high=tuple(high), value=0)
    return None


def _joined_axis(left, right):
    """The one axis along which two padded arrays lie elsewhere, if the right one begins where the left one
    ends."""
    before, after = ([one.attributes[key] for one in (left, right)] for key in ("low", "high"))
    moved = [axis for axis in range(left.result.rank)
             if any(edges[0][axis] != edges[1][axis] for edges in (before, after))]
    if len(moved) != 1:
        return None
    axis, = moved
    return axis if before[0][axis] + left.operands[0].shape[axis] == before[1][axis] else None


# --- small factors first ----------------------------------------------------------------------------------


@RULES("mul", "div")
def small_factors_first(b, operation):
    """(x · s) · t = x · (s · t) and so with divisions, for s and t that are broadcast along a common axis:
    one pass over x less."""
    x, t = operation.operands
    for name in ("mul", "div"):
        inner = made_by(x, name)
        if inner is None or not b.is_used_once(x) or not x.element.is_float:
            continue
        s = inner.operands[1]
        if not _are_small(s, t) or _are_small(inner.operands[0]):
            return None
        by_first, by_second = name == "mul", operation.name == "mul"
        if by_first == by_second:
            factor = b.mul(s, t)
        else:
            factor = b.div(s, t) if by_first else b.div(t, s)
        return b.emit("mul" if by_first or by_second else "div", (inner.operands[0], factor))
    return None


@RULES("mul", "div")
def small_factor_into_numerator(b, operation):
    """(x · s / y) · t = x · (s · t) / y, also where s and t divide."""
    quotient, t = operation.operands
    divided = made_by(quotient, "div")
    if divided is None or not b.is_used_once(quotient):
        return None
    numerator, y = divided.operands
    scaled = made_by(numerator, "mul") or made_by(numerator, "div")
    if scaled is None or not _are_small(scaled.operands[1], t) or not b.is_used_once(numerator):
        return None
    return b.div(b.emit(operation.name, (numerator, t)), y)


@RULES("reduce_sum")
def factor_out_of_sum(b, operation):
    """Σ x · s = s · Σ x and Σ x · s · y = s · Σ x · y, for s that is broadcast along the axes summed over."""
    (x,), axes = operation.operands, operation.attributes["axes"]
    product = made_by(x, "mul")
    if product is None or not x.element.is_float:
        return None
    first, second = product.operands
    kept = [axis for axis in range(x.rank) if axis not in axes]
    if _is_broadcast_along(second, axes):
        return b.mul(b.reduce_sum(first, axes=axes), broadcast_along(b, second.operation, kept))
    for scaled, y in ((first, second), (second, first)):
        inner = made_by(scaled, "mul")
        if inner and _is_broadcast_along(inner.operands[1], axes):
            total = b.reduce_sum(b.mul(inner.operands[0], y), axes=axes)
            return b.mul(total, broadcast_along(b, inner.operands[1].operation, kept))
    return None


def _is_broadcast_along(value, axes):
    repeated = made_by(value, "broadcast")
    return repeated is not None and _own_axes(repeated).isdisjoint(axes)


@RULES("add")
def twice_scaled(b, operation):
    """x · s + x · s = x · 2 s."""
    x, y = operation.operands
    scaled = made_by(x, "mul")
    if x is not y or scaled is None or not x.element.is_float or not _are_small(scaled.operands[1]):
        return None
    return b.mul(scaled.operands[0], b.mul(scaled.operands[1], b.full(2, x)))


@RULES("mul")
def small_factor_to_the_right(b, operation):
    x, y = operation.operands
    if splat_of(y) is not None:  # which has its place there, a constant that is no broadcast too
        return None
    return b.mul(y, x) if _are_small(x) and not _are_small(y) else None


def _are_small(*values):
    """Whether values are broadcasts along a common axis, so that what is computed of them is smaller."""
    repeated = [made_by(value, "broadcast") for value in values]
    return all(repeated) and len(set().union(*map(_own_axes, repeated))) < values[0].rank


def _own_axes(repeated):
    """The axes of a broadcast's result along which its operand is not repeated."""
    own = zip(repeated.attributes["axes"], repeated.operands[0].shape)
    return {axis for axis, dim in own if dim == repeated.result.shape[axis]}
