"""Slices of an array along dims, and arrays made of slices: `eachcol eachrow eachslice mapslices stack`."""

import weakref

from ...compiler.ir import Value
from ...compiler.types import TensorType
from .. import staging
from .. import types as t
from ..batching.generators import collected, collected_of
from ..batching.lanes import Lanes, current, uniform_column
from ..calling import call
from ..control_flow.sharing import linked
from ..poison import HostValueNeeded
from ..promotion import promote_type
from ..state import state
from ..type_lattice import is_subtype
from ..values import Array, Range, Singleton, colon, typeof
from .arrays import array_of, as_array, axis_of, dim_number_of, fresh, julia_size, plain_type, vector
from .conversion import convert_array
from .elements import NUMBERS
from .errors import argument_error, dimension_mismatch
from .iteration import iterate
from .registry import define
from .shapes import as_tuple, permuted, reshape_array
from .views import view_of


def slices_along(array, dims):
    """The slices of an array at each place along the given Julia dims, in column-major order, with those
    dims gone."""
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
        """The slices as a vector of staged elements that shares the memory of the array."""
        kept = t.array_type(self.array.element, self.array.rank - 1)
        lanes = Array(self._of(self.payload), t.array_type(kept, 1))
        return linked(lanes, self.array, self._of, self._joined)

    def _of(self, payload):
        rest = tuple(axis for axis in range(len(payload.shape)) if axis != self.axis)
        if self.axis:
            payload = staging.apply("transpose", payload, permutation=(self.axis, *rest))
        inner = Value(TensorType(payload.element, payload.shape[1:]))
        return Lanes(payload.shape[0], Array(inner), [(inner, payload)], {})

    def _joined(self, lanes):
        ((_, column),) = lanes.columns
        places = (*range(1, self.axis + 1), 0, *range(self.axis + 1, len(column.shape)))
        return staging.apply("transpose", column, permutation=places) if self.axis else column


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
    return _slices(array, tuple(sorted(dim_number_of(d, array.rank) for d in as_tuple(dims))))


@define("selectdim", t.AbstractArray, t.Integer, t.Any)
def select_dim(x, dimension, index):
    rank = 1 if x.__class__ is Range else as_array(x).rank
    dimension = dim_number_of(dimension, rank)
    return view_of(x, tuple(index if d == dimension else colon for d in range(1, rank + 1)))


@define("mapslices", t.Any, t.AbstractArray, keywords=("dims",))
def map_slices(f, x, dims):
    """f applied to each slice over `dims`; its results take the place of the slices."""
    array = as_array(x)
    dims = tuple(map(dim_number_of, as_tuple(dims)))
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
    if not arrays:
        raise argument_error("`stack` on an empty collection is not allowed")
    if arrays[0].__class__ is tuple:
        arrays = [vector(x) for x in arrays]
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


def stack_lanes(values, dims):
    """The staged arrays of one size in a vector, along a new dim."""
    if values.element in NUMBERS:
        return values
    column = uniform_column(current(values))
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
