"""Rearranging arrays: `reshape vec permutedims transpose adjoint dropdims reverse repeat circshift`, slices,
`stack`.

Julia dim k of an array of rank n is payload axis n - k."""

import weakref

from ...compiler.ir import Value
from ...compiler.types import TensorType, floor_divide
from .. import staging
from .. import types as t
from ..batching.lanes import Lanes, elements_at, is_lanes, uniform_column, vector_of_lanes
from ..batching.staged_map import collected, collected_of
from ..calling import call
from ..control_flow.sharing import linked
from ..dims import as_dim, dim_number
from ..poison import HostValueNeeded
from ..printing.array_text import WRAPPER_TEXTS
from ..promotion import promote_type
from ..state import state
from ..type_lattice import TypeVar, is_subtype, unwrap
from ..type_names import type_name
from ..values import Array, Range, Singleton, colon, typeof
from .arrays import (
    array_of,
    as_array,
    as_dim_product,
    axis_of,
    dim_number_of,
    dims_of,
    fresh,
    julia_size,
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
    outer, inner = [tuple(as_dim(count) for count in _counts(given))
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


def _counts(counts):
    return tuple(iterate(counts)) if counts.__class__ is not int else (counts,)


@define("circshift", t.AbstractArray, t.Any)
def circular_shift(x, shifts):
    """The elements moved by `shifts` places along each dim; those that leave come back at the other end."""
    array = as_array(x)
    payload = staging.read(array)
    shifts = _counts(shifts)
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


# --- slices -------------------------------------------------------------------------------------------------


def slices_along(array, dims):
    """The slices of an array at each place along the given Julia dims, in column-major order, with those
    dims gone."""
    from .views import view_of

    places = [()]
    for dimension in range(array.rank, 0, -1):
        if dimension in dims:
            size = array.size[dimension - 1]
            if not isinstance(size, int):
                raise HostValueNeeded("slices along a dim of unknown size are not supported",
                                      state.location, kind="UnsupportedError")
            choices = range(1, size + 1)
        else:
            choices = (colon,)
        places = [(choice, *rest) for rest in places for choice in choices]
    return [view_of(array, place) for place in places]


SLICES = weakref.WeakKeyDictionary()
"""Arrays of slices of staged arrays: array → `Slices`, what they are slices of."""


class Slices:
    """The slices of a staged array along one Julia dim."""

    def __init__(self, array, dimension):
        self.array, self.axis, self.payload = array, axis_of(dimension, array.rank), staging.read(array)

    def are_current(self):
        """Whether the array has not been written to since."""
        return staging.read(self.array) is self.payload

    def lanes(self):
        """The slices as a vector of staged elements."""
        payload, axis = self.payload, self.axis
        rest = tuple(a for a in range(len(payload.shape)) if a != axis)
        if axis:
            payload = staging.apply("transpose", payload, permutation=(axis, *rest))
        inner = Value(TensorType(payload.element, payload.shape[1:]))
        return vector_of_lanes(Lanes(payload.shape[0], Array(inner), [(inner, payload)], {}))


def _slices(array, dims):
    payload = staging.read(array)
    staged = payload.__class__ is Value and len(dims) == 1
    if staged and not isinstance(array.size[dims[0] - 1], int):
        return Slices(array, dims[0]).lanes()
    sizes = tuple(array.size[d - 1] for d in dims)
    parts = slices_along(array, dims)
    kept = typeof(parts[0]) if parts else t.array_type(array.element, array.rank - len(dims))
    result = array_of(kept, parts, sizes)
    if staged:
        SLICES[result] = Slices(array, dims[0])
    return result


@define("eachcol", t.AbstractArray)
def each_column(x):
    array = as_array(x)
    return _slices(array if array.rank > 1 else reshape_array(array, (array.size[0], 1)), (2,))


@define("eachrow", t.AbstractArray)
def each_row(x):
    array = as_array(x)
    return _slices(array if array.rank > 1 else reshape_array(array, (array.size[0], 1)), (1,))


@define("eachslice", t.AbstractArray, keywords=("dims", "drop"))
def each_slice(x, dims, drop=True):
    array = as_array(x)
    return _slices(array, tuple(sorted(dim_number_of(d, array.rank) for d in _counts(dims))))


@define("selectdim", t.AbstractArray, t.Integer, t.Any)
def select_dim(x, dimension, index):
    from .views import view_of

    rank = 1 if x.__class__ is Range else as_array(x).rank
    dimension = dim_number_of(dimension, rank)
    return view_of(x, tuple(index if d == dimension else colon for d in range(1, rank + 1)))


@define("mapslices", t.Any, t.AbstractArray, keywords=("dims",))
def map_slices(f, x, dims):
    """f applied to each slice over `dims`; its results take the place of the slices."""
    array = as_array(x)
    dims = tuple(map(dim_number_of, _counts(dims)))
    others = tuple(d for d in range(1, array.rank + 1) if d not in dims)
    if len(others) == 1:
        results = collected_of(f, _slices(array, others))
        if results is not None:
            return _mapped_slices(results, array, dims, others[0])
    results = [call(f, (part,)) for part in slices_along(array, others)]
    if not results:
        raise argument_error("mapslices over an array without slices")
    sample = results[0]
    if sample.__class__ is not Array:
        kept = tuple(1 if d in dims else array.size[d - 1] for d in range(1, array.rank + 1))
        return array_of(typeof(sample), results, kept)
    joined = stack_arrays(results)  # the dims of the results first, then the others
    sizes = iter(sample.size)
    kept = [next(sizes, 1) if d in dims else None for d in range(1, array.rank + 1)]
    inner = [d for d in range(1, array.rank + 1) if d in dims]
    whole = reshape_array(joined, (*[kept[d - 1] for d in inner], *[array.size[d - 1] for d in others]))
    order = inner + list(others)
    return fresh(permuted(whole, [order.index(d) + 1 for d in range(1, array.rank + 1)]), plain_type(whole))


def _mapped_slices(results, array, dims, other):
    """The results of one map over the slices of an array of which only the dim `other` is left."""
    if results.element in NUMBERS:
        return reshape_array(results, tuple(results.size[0] if d == other else 1
                                            for d in range(1, array.rank + 1)))
    joined = stack_lanes(results, colon)
    sizes = iter(joined.size[:-1])
    kept = [next(sizes, 1) for _ in dims]
    whole = reshape_array(joined, (*kept, joined.size[-1]))
    order = [*sorted(dims), other]
    return Array(permuted(whole, [order.index(d) + 1 for d in range(1, array.rank + 1)]))


def stack_arrays(arrays, dimension=None):
    """Arrays (or numbers) of one size side by side along a new dim, by default the last."""
    from .conversion import convert_array

    if not arrays:
        raise argument_error("`stack` on an empty collection is not allowed")
    if arrays[0].__class__ is tuple:
        arrays = [array_of_tuple(x) for x in arrays]
    arrays = [as_array(x) for x in arrays]
    first = arrays[0]
    for other in arrays[1:]:
        if tuple(other.size) != tuple(first.size):
            raise dimension_mismatch(f"stack expects uniform slices, got axes(x) == {_axes_text(other)} "
                                     f"while first had {_axes_text(first)}")
    element = first.element
    for other in arrays[1:]:
        element = promote_type(element, other.element)
    dimension = first.rank + 1 if dimension is None else dimension
    axis = axis_of(dimension, first.rank + 1)
    payloads = []
    for array in arrays:
        payload = staging.read(convert_array(element, array))
        payloads.append(staging.apply("reshape", payload,
                                      shape=(*payload.shape[:axis], 1, *payload.shape[axis:])))
    joined = staging.apply("concatenate", *payloads, axis=axis)
    return Array(joined, t.array_type(element, first.rank + 1))


def _axes_text(array):
    return "(" + ", ".join(f"1:{dim}" for dim in array.size) + ("," if array.rank == 1 else "") + ")"


def array_of_tuple(x):
    from .arrays import vector

    return vector(x)


def stack_lanes(values, dims):
    """The staged arrays of one size in a vector, along a new dim."""
    if values.element in NUMBERS:
        return values
    column = uniform_column(values._data)
    if column is None:
        raise argument_error("`stack` of staged arrays whose sizes differ")
    rank = len(column.shape)
    dims = rank if dims is colon or dims.__class__ is Singleton else dim_number_of(dims, rank)
    if dims == rank:
        return Array(column)
    order = [d for d in range(1, rank)]
    order.insert(dims - 1, rank)
    return Array(permuted(Array(column), order))


@define("stack", t.Any, keywords=("dims",))
def stack(items, dims=colon):
    """The arrays side by side along a new dim; numbers become a vector."""
    values = collected(items)
    if values is not None:
        return stack_lanes(values, dims)
    elements = list(iterate(items))
    if elements and is_subtype(typeof(elements[0]), t.Number):
        from .arrays import vector

        return vector(elements)
    joined = stack_arrays(elements, None if dims is colon or dims.__class__ is Singleton else dims)
    outer = julia_size(items) if items.__class__ is Array and len(items.size) > 1 and dims is colon else None
    return joined if outer is None else reshape_array(joined, (*joined.size[:-1], *items.size))


@define("stack", t.Any, t.Any, keywords=("dims",))
def map_and_stack(f, items, dims=colon):
    values = collected_of(f, items)
    if values is not None:
        return stack_lanes(values, dims)
    results = [call(f, (item,)) for item in iterate(items)]
    return stack(tuple(results), dims=dims)
