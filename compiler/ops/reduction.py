"""Reductions over axes, extrema with their places, cumulative sums and products."""

import numpy as np

from ..types import BOOL, F64, I64, U8, TensorType, element_type_of, size_product
from .batching.reductions import (
    batch_along,
    batch_argument,
    batch_reduction,
    highest,
    lowest,
    sum_reduction,
)
from .kernels import compute, decomposed, where
from .record import Linear, Rule, Zero, expect, register
from .rules import expect_axes, expect_axis, expect_kind, expect_operands, replace, without_axes
from .shape import broadcast_along

ONES_LIMIT = 4096
"""Longer vectors of ones are made at run time and not kept as constants."""


def _infer_reduction(name, kind):
    def infer(operands, attributes, regions):
        expect_operands(name, operands, 1)
        expect_kind(name, operands[0], kind)
        axes = expect_axes(name, attributes["axes"], operands[0].rank)
        return [TensorType(operands[0].element, without_axes(operands[0].shape, axes))]

    return infer


def in_single(x):
    """float16 and bfloat16 arrays as float32, in which their sums are formed; others as they are."""
    return x.astype(np.float32) if x.dtype.kind in "fV" and x.dtype.itemsize == 2 else x


def _evaluate_reduction(function):
    def evaluate(arrays, attributes, context):
        (x,) = arrays
        return [np.asarray(function(in_single(x), tuple(attributes["axes"]))).astype(x.dtype)]

    return evaluate


def _lower_reduction(op_type):
    def lower(lowering, operation, names):
        axes = list(operation.attributes["axes"])
        if not axes:
            return [lowering.node("Identity", names)]
        return [compute(lowering, op_type, [*names, lowering.integers(axes)], operation.result.type,
                        data=(0,),
                        keepdims=0)]

    return lower


# --- sum ----------------------------------------------------------------------------------------------------

def _lower_sum(lowering, operation, names):
    (x,), axes = operation.operands, tuple(sorted(operation.attributes["axes"]))
    leads = axes == tuple(range(len(axes))) and 0 < len(axes) < x.rank
    if not leads or x.element.name not in ("f32", "f64"):
        return _lower_reduction("ReduceSum")(lowering, operation, names)
    # The sum over leading axes as a product with ones is many times faster than ReduceSum.
    summed, kept = x.shape[:len(axes)], x.shape[len(axes):]
    rows, columns = size_product(summed), size_product(kept)
    matrix = names[0] if x.rank == 2 else lowering.reshape(names[0], (rows, columns))
    ones = _ones(lowering, rows, x.element)
    if x.element is F64:  # for what `linear._Contraction.with_vector` says
        total = lowering.node("Gemm", [lowering.reshape(ones, (1, rows)), matrix],
                              type=TensorType(x.element, (1, columns)))
        return [lowering.reshape(total, kept)]
    total = lowering.node("MatMul", [ones, matrix], type=TensorType(x.element, (columns,)))
    return [total if len(kept) == 1 else lowering.reshape(total, kept)]


def _ones(lowering, size, element):
    if isinstance(size, int) and size <= ONES_LIMIT:
        return lowering.constant(np.ones(size, element.numpy))
    return lowering.node("ConstantOfShape", [lowering.shape((size,))], type=TensorType(element, (size,)),
                         value=np.ones(1, element.numpy))


register("reduce_sum", _infer_reduction("reduce_sum", "number"),
         _evaluate_reduction(lambda x, axes: np.sum(x, axes, dtype=x.dtype)),
         Linear(lambda b, operation, cotangents: [
             broadcast_along(b, cotangents[0], operation.operands[0], operation.attributes["axes"])]),
         _lower_sum, "the sum over `axes`; 0 of nothing", batch=batch_reduction(0), batch_sum=sum_reduction)


# --- product ------------------------------------------------------------------------------------------------

def _as_rows(b, value, axes):
    """The value with `axes` moved to the end and merged into one, in row-major order, and the way back."""
    axes = tuple(sorted(axes))
    kept = tuple(axis for axis in range(value.rank) if axis not in axes)
    moved = b.transpose(value, permutation=kept + axes)
    rows = b.reshape(moved, shape=(*moved.shape[:len(kept)],
                                   size_product(value.shape[axis] for axis in axes)))

    def back(rows):
        inverse = tuple(np.argsort(kept + axes).tolist())
        return b.transpose(b.reshape(rows, shape=moved.shape), permutation=inverse)

    return rows, back


def _other_factors(b, operation):
    """For each element the product of the others (without dividing: elements may be 0)."""
    rows, back = _as_rows(b, operation.operands[0], operation.attributes["axes"])
    before = b.cumprod(rows, axis=rows.rank - 1, exclusive=True)
    behind = b.cumprod(rows, axis=rows.rank - 1, exclusive=True, reverse=True)
    return back(b.mul(before, behind))


def _product_vjp(b, operation, cotangents):
    spread = broadcast_along(b, cotangents[0], operation.operands[0], operation.attributes["axes"])
    return [b.mul(spread, _other_factors(b, operation))]


def _product_jvp(b, operation, tangents):
    return [b.reduce_sum(b.mul(tangents[0], _other_factors(b, operation)), axes=operation.attributes["axes"])]


register("reduce_prod", _infer_reduction("reduce_prod", "number"),
         _evaluate_reduction(lambda x, axes: np.prod(x, axes, dtype=x.dtype)),
         Rule(_product_vjp, _product_jvp),
         _lower_reduction("ReduceProd"), "the product over `axes`; 1 of nothing", batch=batch_reduction(1))


# --- extrema ------------------------------------------------------------------------------------------------

def _first_extremum(argument):
    """An i1 value: true at the first place, in row-major order over `axes`, where the extremum stands."""

    def mask(b, operation):
        rows, back = _as_rows(b, operation.operands[0], operation.attributes["axes"])
        last = rows.rank - 1
        place = broadcast_along(b, b.emit(argument, (rows,), {"axis": last}), rows, (last,))
        return back(b.eq(b.iota(shape=rows.shape, axis=last, element=I64), place))

    return mask


def _extremum_rule(argument):
    mask = _first_extremum(argument)

    def is_empty(operation):
        return any(operation.operands[0].shape[axis] == 0 for axis in operation.attributes["axes"])

    def vjp(b, operation, cotangents):
        (x,) = operation.operands
        if is_empty(operation):
            return [None]
        spread = broadcast_along(b, cotangents[0], x, operation.attributes["axes"])
        return [b.select(mask(b, operation), spread, b.full(0, x))]

    def jvp(b, operation, tangents):
        if is_empty(operation):
            return [None]
        chosen = b.select(mask(b, operation), tangents[0], b.full(0, tangents[0]))
        return [b.reduce_sum(chosen, axes=operation.attributes["axes"])]

    return Rule(vjp, jvp)


def _lower_extremum(op_type):
    reduce, total = _lower_reduction(op_type), _lower_reduction("ReduceSum")

    def lower(lowering, operation, names):
        (extremum,) = reduce(lowering, operation, names)
        element = operation.result.element
        if not element.is_float or not operation.attributes["axes"]:
            return [extremum]
        # The runtime's reductions pass over NaN, its elementwise Max does not; a sum without -Inf is NaN only
        # by NaN.
        (trace,) = total(lowering, operation,
                         [compute(lowering, "Max", [*names, lowering.scalar(0, element)])])
        nan = compute(lowering, "IsNaN", [trace])
        return [where(lowering, nan, lowering.scalar(np.nan, element), extremum)]

    return lower


register("reduce_max", _infer_reduction("reduce_max", "number"),
         _evaluate_reduction(lambda x, axes: np.max(x, axes, initial=lowest(element_type_of(x.dtype)))),
         _extremum_rule("arg_max"),
         _lower_extremum("ReduceMax"), "the largest over `axes`, NaN if one is; the lowest value of nothing",
         batch=batch_reduction(lowest))
register("reduce_min", _infer_reduction("reduce_min", "number"),
         _evaluate_reduction(lambda x, axes: np.min(x, axes, initial=highest(element_type_of(x.dtype)))),
         _extremum_rule("arg_min"),
         _lower_extremum("ReduceMin"),
         "the smallest over `axes`, NaN if one is; the highest value of nothing",
         batch=batch_reduction(highest))


def _lower_logical_reduction(op_type):
    def lower(lowering, operation, names):
        # the bool kernels are wrong for nothing; those of bytes give the lowest and the highest value
        number = lowering.cast(names[0], U8)
        axes = list(operation.attributes["axes"])
        if axes:
            number = lowering.node(op_type, [number, lowering.integers(axes)], keepdims=0)
        return [lowering.cast(number, BOOL)]

    return lower


register("reduce_and", _infer_reduction("reduce_and", "bool"),
         _evaluate_reduction(lambda x, axes: np.all(x, axes)),
         Zero(), _lower_logical_reduction("ReduceMin"), "whether all are true", batch=batch_reduction(True))
register("reduce_or", _infer_reduction("reduce_or", "bool"),
         _evaluate_reduction(lambda x, axes: np.any(x, axes)),
         Zero(), _lower_logical_reduction("ReduceMax"), "whether one is true", batch=batch_reduction(False))


def _infer_argument(name):
    def infer(operands, attributes, regions):
        expect_operands(name, operands, 1)
        expect_kind(name, operands[0], "number")
        expect_axis(name, attributes["axis"], operands[0].rank)
        expect(operands[0].shape[attributes["axis"]] != 0, f"{name} over an axis of size 0")
        return [TensorType(I64, without_axes(operands[0].shape, (attributes["axis"],)))]

    return infer


def _argument(name, function, op_type, fill, doc):
    register(name, _infer_argument(name),
             lambda arrays, attributes, context: [np.asarray(function(arrays[0], attributes["axis"]),
                                                             np.int64)],
             Zero(),
             lambda lowering, operation, names: [
                 compute(lowering, op_type, names, operation.result.type, axis=operation.attributes["axis"],
                         keepdims=0)],
             doc, batch=batch_argument(fill))


_argument("arg_max", np.argmax, "ArgMax", lowest,
          "the first index, from 0, of the largest along `axis`; undefined with NaN")
_argument("arg_min", np.argmin, "ArgMin", highest,
          "the first index, from 0, of the smallest along `axis`; undefined with NaN")


# --- cumulative ---------------------------------------------------------------------------------------------

def _infer_cumulative(name):
    def infer(operands, attributes, regions):
        expect_operands(name, operands, 1)
        expect_kind(name, operands[0], "number")
        expect_axis(name, attributes["axis"], operands[0].rank)
        return [operands[0].type]

    return infer


def _evaluate_cumulative(function, neutral):
    def evaluate(arrays, attributes, context):
        (x,), axis = arrays, attributes["axis"]
        values = np.flip(in_single(x), axis) if attributes.get("reverse") else in_single(x)
        total = function(values, axis, dtype=values.dtype)
        if attributes.get("exclusive"):
            first = np.full_like(np.take(total, [], axis), neutral,
                                 shape=(*x.shape[:axis], 1, *x.shape[axis + 1:]))
            total = np.concatenate([first, total], axis)[(slice(None),) * axis + (slice(x.shape[axis]),)]
        return [(np.flip(total, axis) if attributes.get("reverse") else total).astype(x.dtype)]

    return evaluate


def _cumulative_flags(attributes):
    return {key: bool(attributes.get(key)) for key in ("exclusive", "reverse")}


def _cumsum_transpose(b, operation, cotangents):
    flags = _cumulative_flags(operation.attributes)
    flags["reverse"] = not flags["reverse"]
    return [b.cumsum(cotangents[0], axis=operation.attributes["axis"], **flags)]


register("cumsum", _infer_cumulative("cumsum"), _evaluate_cumulative(np.cumsum, 0), Linear(_cumsum_transpose),
         lambda lowering, operation, names: [
             compute(lowering, "CumSum", [*names, lowering.scalar(operation.attributes["axis"], I64)],
                     operation.result.type, data=(0,),
                     **{key: int(flag) for key, flag in _cumulative_flags(operation.attributes).items()})],
         "sums of the elements up to each one along `axis`; `exclusive` of it, `reverse` from the end",
         batch=batch_along(0, reverse_only=True))


def _products_before(b, operation, x):
    """The cumulated axis moved last and repeated: row i holds the factors of the i-th product, else 1."""
    axis = operation.attributes["axis"]
    flags = _cumulative_flags(operation.attributes)
    size, last = x.shape[axis], x.rank
    forward = (*(a for a in range(x.rank) if a != axis), axis)
    moved = b.transpose(x, permutation=forward)
    shape = (*moved.shape, size)
    repeated = b.broadcast(moved, shape=shape, axes=(*range(last - 1), last))
    product, factor = (b.iota(shape=shape, axis=a, element=I64) for a in (last - 1, last))
    first, second = (product, factor) if flags["reverse"] else (factor, product)
    inside = b.lt(first, second) if flags["exclusive"] else b.le(first, second)
    return b.select(inside, repeated, b.full(1, repeated)), inside, forward


def _spread(b, moved, shape, axis):
    return b.broadcast(moved, shape=shape, axes=tuple(a for a in range(len(shape)) if a != axis))


def _factors_rule(b, operation):
    factors, inside, forward = _products_before(b, operation, operation.operands[0])
    last = factors.rank - 1
    others = b.mul(b.cumprod(factors, axis=last, exclusive=True),
                   b.cumprod(factors, axis=last, exclusive=True, reverse=True))
    backward = tuple(np.argsort(forward).tolist())
    return b.select(inside, others, b.full(0, others)), forward, backward


def _cumprod_vjp(b, operation, cotangents):
    partials, forward, backward = _factors_rule(b, operation)
    moved = b.transpose(cotangents[0], permutation=forward)
    spread = _spread(b, moved, partials.shape, partials.rank - 1)
    return [b.transpose(b.reduce_sum(b.mul(partials, spread), axes=(partials.rank - 2,)),
                        permutation=backward)]


def _cumprod_jvp(b, operation, tangents):
    partials, forward, backward = _factors_rule(b, operation)
    moved = b.transpose(tangents[0], permutation=forward)
    spread = _spread(b, moved, partials.shape, partials.rank - 2)
    return [b.transpose(b.reduce_sum(b.mul(partials, spread), axes=(partials.rank - 1,)),
                        permutation=backward)]


def _cumprod_by_doubling(b, operation, x):
    """Products of 1, 2, 4, … neighbours: each round multiplies by the tensor shifted twice as far."""
    axis, flags = operation.attributes["axis"], _cumulative_flags(operation.attributes)

    def shifted(value, distance):
        ahead, behind = replace((0,) * x.rank, axis, distance), replace((0,) * x.rank, axis, -distance)
        low, high = (behind, ahead) if flags["reverse"] else (ahead, behind)
        return b.pad(value, low=low, high=high, value=1)

    product, distance = x, 1
    if flags["exclusive"] and x.shape[axis]:
        product = shifted(x, 1)
    while distance < x.shape[axis]:
        product = b.mul(product, shifted(product, distance))
        distance *= 2
    return b.identity(product) if product is x else product


def _cumprod_by_rows(b, operation, x):
    """For an axis whose size is not known: the products of rows x₀…xᵢ, 1…1."""
    factors, _, forward = _products_before(b, operation, x)
    product = b.reduce_prod(factors, axes=(factors.rank - 1,))
    return b.transpose(product, permutation=tuple(np.argsort(forward).tolist()))


def _lower_cumprod(lowering, operation, names):
    is_static = isinstance(operation.result.shape[operation.attributes["axis"]], int)
    return decomposed(_cumprod_by_doubling if is_static else _cumprod_by_rows)(lowering, operation, names)


register("cumprod", _infer_cumulative("cumprod"), _evaluate_cumulative(np.cumprod, 1),
         Rule(_cumprod_vjp, _cumprod_jvp), _lower_cumprod,
         "products of the elements up to each one along `axis`; `exclusive` of it, `reverse` from the end",
         batch=batch_along(1, reverse_only=True))
