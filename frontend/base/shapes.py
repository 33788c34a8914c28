"""Rearranging arrays: `reshape vec permutedims transpose adjoint dropdims reverse repeat circshift`.

Julia dim k of an array of rank n is payload axis n - k."""


from ...compiler.types import floor_divide
from .. import staging
from .. import types as t
from ..batching.lanes import elements_at, is_lanes
from ..calling import call
from ..control_flow.sharing import linked
from ..dims import as_dim, dim_number
from ..printing.array_text import WRAPPER_TEXTS
from ..type_lattice import TypeVar, unwrap
from ..type_names import type_name
from ..values import Array, Range, colon, typeof
from .arrays import (
    array_of,
    as_array,
    as_dim_product,
    axis_of,
    dim_number_of,
    dims_of,
    fresh,
    is_composed,
    plain_type,
    range_payload,
    reshaped,
)
from .elements import NUMBERS, is_complex_type
from .errors import argument_error, dimension_mismatch, fault, size_text
from .iteration import iterate
from .registry import define, function

_T, _S = TypeVar("T"), TypeVar("S")
Adjoint = t.declare("Adjoint", t.AbstractArrayFamily.apply(_T, 2), parameters=(_T, _S))
_T, _S = TypeVar("T"), TypeVar("S")
Transpose = t.declare("Transpose", t.AbstractArrayFamily.apply(_T, 2), parameters=(_T, _S))
WRAPPERS = (unwrap(Adjoint).family, unwrap(Transpose).family)
_T, _N, _P = TypeVar("T"), TypeVar("N"), TypeVar("P")
ReshapedArray = t.declare("ReshapedArray", t.AbstractArrayFamily.apply(_T, _N), parameters=(_T, _N, _P))


def _wrapper_text(name):
    return lambda x: (f"{name}(::{type_name(x.type.parameters[1])}) with eltype {type_name(x.element)}")


def _reshaped_text(x):
    return (f"reshape(::{type_name(x.type.parameters[2])}, {', '.join(map(str, x.size))}) with eltype "
            f"{type_name(x.element)}")


WRAPPER_TEXTS.update({WRAPPERS[0]: _wrapper_text("adjoint"), WRAPPERS[1]: _wrapper_text("transpose"),
                      unwrap(ReshapedArray).family: _reshaped_text})


def axes_of(array, dims):
    """The payload axes of one Julia dim or of several; those beyond the rank are left out."""
    dims = iterate(dims) if dims.__class__ is not int else (dims,)
    axes = []
    for dimension in dims:
        dimension = dim_number_of(dimension)
        if dimension <= array.rank:
            axes.append(axis_of(dimension, array.rank))
    return tuple(sorted(axes))


# --- reshape ------------------------------------------------------------------------------------------------


def new_dims(array, arguments):
    """The dims that `reshape` is given, `:` resolved. Raises DimensionMismatch where the count does not
    fit."""
    arguments = arguments[0] if len(arguments) == 1 and arguments[0].__class__ is tuple else arguments
    count = as_dim_product(array.size)
    if colon in arguments:
        given = dims_of([x for x in arguments if x is not colon])
        rest = as_dim_product(given)
        if isinstance(count, int) and isinstance(rest, int) and (rest == 0 or count % rest):
            raise dimension_mismatch(f"array size {count} must be divisible by the product of the new "
                                     f"dimensions {_dims_text(arguments)}")
        missing, given = floor_divide(count, rest), iter(given)
        if sum(x is colon for x in arguments) > 1:
            raise dimension_mismatch(f"new dimensions {_dims_text(arguments)} may only have at most one "
                                     "omitted dimension specified by `Colon()`")
        return tuple(missing if x is colon else next(given) for x in arguments)
    dims = dims_of(arguments)
    total = as_dim_product(dims)
    if isinstance(total - count, int) and total != count:
        raise dimension_mismatch(
            f"new dimensions {size_text(dims)} must be consistent with array length {count}")
    return dims


def _dims_text(arguments):
    return f"({', '.join('Colon()' if x is colon else str(x) for x in arguments)})"


def reshape_array(array, dims):
    shape = staging.read(array).shape
    result = Array(reshaped(staging.read(array), dims[::-1]), plain_type(array, len(dims)))
    return linked(result, array, lambda payload: reshaped(payload, dims[::-1]),
                  lambda payload: reshaped(payload, shape))


@define("reshape", t.AbstractArray, t.Any, ...)
def reshape(x, *dims):
    array = as_array(x)
    result = reshape_array(array, new_dims(array, dims))
    if x.__class__ is Range:
        result.type = unwrap(ReshapedArray).family.apply(array.element, result.rank, x.type)
    return result


@define("vec", t.AbstractArray)
def vec(x):
    array = as_array(x)
    return x if len(array.size) == 1 else reshape_array(array, (as_dim_product(array.size),))


@define("dropdims", t.AbstractArray, keywords=("dims",))
def drop_dims(x, dims):
    array = as_array(x)
    axes = axes_of(array, dims)
    shape = staging.read(array).shape
    for axis in axes:
        if shape[axis] != 1:
            raise argument_error("dropped dims must all be size 1")
    kept = tuple(dim for axis, dim in enumerate(shape) if axis not in axes)
    return reshape_array(array, kept[::-1])


# --- transposes ---------------------------------------------------------------------------------------------


def permuted(array, permutation):
    """The array with Julia dim i being dim permutation[i] of the operand."""
    rank = array.rank
    order = tuple(axis_of(permutation[rank - axis - 1], rank) for axis in range(rank))
    return staging.apply("transpose", staging.read(array), permutation=order)


@define("permutedims", t.AbstractArray, t.Any)
def permute_dims(x, permutation):
    array = as_array(x)
    permutation = [dim_number_of(p) for p in iterate(permutation)]
    if sorted(permutation) != list(range(1, array.rank + 1)):
        raise argument_error("no valid permutation of dimensions")
    return fresh(permuted(array, permutation), plain_type(array))


@define("permutedims", t.AbstractArray)
def permute_matrix(x):
    array = as_array(x)
    if array.rank == 1:
        return fresh(_row(array), plain_type(array, 2))
    return permute_dims(array, (2, 1))


@define("PermutedDimsArray", t.AbstractArray, t.Any)
def permuted_dims_array(x, permutation):
    return permute_dims(x, permutation)


def _row(array):
    return _column(staging.read(array))


def _column(payload):
    return staging.apply("reshape", payload, shape=(payload.shape[0], 1))


def _transposed(payload):
    return staging.apply("transpose", payload, permutation=(1, 0))


def _flipped(x, wrapper, each):
    array = as_array(x)
    if array.type.family is unwrap(wrapper).family:  # the transpose of a transpose is its parent
        parent = array.type.parameters[1]
        payload = staging.read(array)
        if parent.parameters[1] == 1:
            vector = Array(reshaped(payload, (payload.shape[0],)), parent)
            return vector if each == "adjoint" and is_complex_type(array.element) else linked(
                vector, array, lambda row: reshaped(row, vector.data.shape), _column)
        return linked(Array(_transposed(payload), parent), array, _transposed, _transposed)
    if array.rank not in (1, 2):
        raise fault("MethodError", f"no method matching {each}(::{type_name(array.type)})")
    if is_complex_type(array.element) and is_composed(array):
        flipped = [call(function(each), (item,)) for item in iterate(array)]
        whole = array_of(array.element, flipped, array.size)
        payload = _row(whole) if array.rank == 1 else _transposed(whole.data)
        return Array(payload, unwrap(wrapper).family.apply(array.element, plain_type(array)))
    payload = _row(array) if array.rank == 1 else _transposed(staging.read(array))
    if array.element not in NUMBERS:
        flipped = [call(function(each), (item,)) for item in payload.reshape(-1)]
        return array_of(typeof(flipped[0]) if flipped else array.element, flipped, payload.shape[::-1])
    type_ = unwrap(wrapper).family.apply(array.element, plain_type(array))
    if each == "adjoint" and is_complex_type(array.element):
        return Array(payload.conj(), type_)
    if array.rank == 1:
        return linked(Array(payload, type_), array, _column, lambda row: reshaped(row, (row.shape[0],)))
    return linked(Array(payload, type_), array, _transposed, _transposed)


@define("adjoint", t.AbstractArray)
def adjoint(x):
    return _flipped(x, Adjoint, "adjoint")


@define("transpose", t.AbstractArray)
def transpose(x):
    return _flipped(x, Transpose, "transpose")


@define("adjoint", t.Number)
def adjoint_of_number(x):
    return call(function("conj"), (x,))


@define("transpose", t.Number)
def transpose_of_number(x):
    return x


# --- order --------------------------------------------------------------------------------------------------


@define("reverse", t.AbstractArray, keywords=("dims",))
def reverse(x, dims=colon):
    array = as_array(x)
    if is_lanes(array):
        return elements_at(array, staging.as_value(range_payload(backwards(array._data.count))))
    axes = tuple(range(array.rank)) if dims is colon else axes_of(array, dims)
    return fresh(staging.apply("reverse", staging.read(array), axes=axes), plain_type(array))


def backwards(count):
    """The range of the places from 0 of so many elements, a dim, from the last to the first."""
    count = dim_number(count)
    return Range(count - 1, -1, count, None)


@define("reverse", t.AbstractArray, t.Integer, t.Integer)
def reverse_part(x, start, stop):
    from .assignment import assign
    from .indexing import element_at
    from .ranges import unit_range

    array, part = fresh(staging.read(as_array(x))), unit_range(start, stop)
    assign(array, reverse(element_at(array, (part,))), (part,))
    return array


@define("reverse!", t.AbstractArray)
def reverse_in_place(x):
    from .assignment import overwrite

    overwrite(x, reverse(x))
    return x


@define("repeat", t.AbstractArray, t.Integer, ..., keywords=("inner", "outer"))
def repeat(x, *counts, inner=(), outer=()):
    """Whole repetitions along each dim (the counts or `outer`), after repeating each element (`inner`)."""
    array = as_array(x)
    outer, inner = [tuple(as_dim(count) for count in as_tuple(given))
                    for given in (tuple(counts) if counts else outer, inner)]
    if any(isinstance(count, int) and count < 0 for count in (*outer, *inner)):
        raise argument_error("the counts of repeat cannot be negative")
    rank = max(array.rank, len(outer), len(inner))
    sizes = (*array.size, *[1] * (rank - array.rank))
    outer = (*outer, *[1] * (rank - len(outer)))
    inner = (*inner, *[1] * (rank - len(inner)))
    payload, spread = staging.read(array), []
    for size, whole, each in zip(reversed(sizes), reversed(outer), reversed(inner), strict=True):
        spread += [(1, size, 1), (whole, size, each)]
    before = tuple(dim for triple in spread[::2] for dim in triple)
    after = tuple(dim for triple in spread[1::2] for dim in triple)
    repeated = staging.apply("broadcast", reshaped(payload, before), shape=after,
                             axes=tuple(range(len(after))))
    shape = tuple(as_dim_product(triple) for triple in spread[1::2])
    return fresh(reshaped(repeated, shape), t.array_type(array.element, rank))


def as_tuple(counts):
    """A number, or several, as a tuple."""
    return tuple(iterate(counts)) if counts.__class__ is not int else (counts,)


@define("circshift", t.AbstractArray, t.Any)
def circular_shift(x, shifts):
    """The elements moved by `shifts` places along each dim; those that leave come back at the other end."""
    array = as_array(x)
    payload = staging.read(array)
    shifts = as_tuple(shifts)
    if len(shifts) > array.rank:
        raise argument_error(f"{len(shifts)} shifts for an array of {array.rank} dims")
    for dimension, shift in enumerate(shifts, 1):
        axis = axis_of(dimension, array.rank)
        size = payload.shape[axis]
        shift = staging.host_integer(shift, "the number of places to shift by")
        if isinstance(size, int):
            shift = shift % size if size else 0
        if shift != 0:
            cut = size - shift if shift > 0 else -shift
            parts = [sliced(payload, axis, cut, size), sliced(payload, axis, 0, cut)]
            payload = staging.apply("concatenate", *parts, axis=axis)
    return fresh(payload, plain_type(array))


def sliced(payload, axis, start, stop, step=1):
    """The part `start:stop:step` (0-based, half open) of a payload along an axis."""
    rank = len(payload.shape)
    starts, stops, steps = [0] * rank, list(payload.shape), [1] * rank
    starts[axis], stops[axis], steps[axis] = start, stop, step
    return staging.apply("slice", payload, starts=tuple(starts), stops=tuple(stops), steps=tuple(steps))


def _rotation(name, transposed, axis):
    """A rotation of a matrix: transposed or not, then reversed along payload axes."""

    def rotate(x):
        array = as_array(x)
        payload = staging.read(array)
        if transposed:
            payload = staging.apply("transpose", payload, permutation=(1, 0))
        return fresh(staging.apply("reverse", payload, axes=axis), plain_type(array))

    define(name, t.AbstractMatrix)(rotate)


_rotation("rotl90", True, (1,))
_rotation("rotr90", True, (0,))
_rotation("rot180", False, (0, 1))
