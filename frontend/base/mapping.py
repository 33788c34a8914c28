"""`map`, `reduce` and their kin over arrays: numbers go through lanes and reduction ops, see
`broadcasting`."""

from ...compiler.ir import Value
from ...compiler.types import dim_names, symbol
from .. import staging
from .. import types as t
from ..batching.lanes import current, is_lanes, only_in_graph, uniform_column
from ..calling import call
from ..dims import true_places
from ..evaluation.broadcasting import broadcast
from ..values import Array, Range, colon, typeof
from . import folds
from .arrays import as_array, as_dim_product, is_numeric, reshaped, without_bits
from .concatenation import horizontal, vertical
from .errors import argument_error, dimension_mismatch, size_text
from .iteration import iterate
from .iterators import NOTHING_GIVEN
from .reductions import EMPTY, maximum, minimum, product, total
from .registry import define, function

REDUCTIONS = {function("+"): total, function("*"): product, function("max"): maximum,
              function("min"): minimum}
"""Reductions that have an op."""

BIT_OPERATIONS = tuple(map(function, "! ~ & | ⊻ xor".split()))
"""Functions that `map` over a BitArray gives a BitArray of."""

JOINS = {function("vcat"): vertical, function("hcat"): horizontal}
"""Folds of arrays that are one concatenation."""


@define("map", t.Any, t.AbstractArray)
def map_array(f, x):
    return _mapped(f, [as_array(x)])


def _mapped(f, arrays):
    """A broadcast, but what a function of the program makes of arrays is an `Array`, also of Bools."""
    result = broadcast(f, arrays)
    return result if f in BIT_OPERATIONS and arrays[0].type.family is t.BitFamily else without_bits(result)


@define("map", t.Any, t.AbstractArray, t.AbstractArray, t.AbstractArray, ...)
def map_arrays(f, *arrays):
    """f of corresponding elements; of vectors as many as the shortest has."""
    arrays = [as_array(x) for x in arrays]
    sizes = {tuple(x.size) for x in arrays}
    if len(sizes) == 1:
        return _mapped(f, arrays)
    if any(x.rank != 1 for x in arrays):
        raise dimension_mismatch(f"map over arrays of the sizes {' and '.join(map(size_text, sizes))}")
    from .indexing import element_at
    from .ranges import unit_range

    counts = [x.size[0] for x in arrays]
    if not all(isinstance(count, int) for count in counts):
        raise dimension_mismatch(f"map over vectors of {' and '.join(map(str, counts))} elements; counts of "
                                 "one name are equal")
    count = min(counts)
    return _mapped(f, [element_at(x, (unit_range(1, count),)) for x in arrays])


@define("map!", t.Any, t.AbstractArray, t.AbstractArray, t.AbstractArray, ...)
def map_into(f, destination, *arrays):
    from ..evaluation.broadcasting import assign_broadcast

    assign_broadcast(destination, map_arrays(f, *arrays) if len(arrays) > 1 else map_array(f, arrays[0]))
    return destination


@define("reduce", t.Any, t.AbstractArray, keywords=("dims", "init"))
def reduce(operation, x, dims=colon, init=NOTHING_GIVEN):
    """The elements combined in any grouping."""
    if is_numeric(x) and operation in REDUCTIONS:
        return REDUCTIONS[operation](x, dims=dims, init=init)
    if is_lanes(x) and operation in REDUCTIONS:
        return REDUCTIONS[operation](x, dims=dims, init=init)
    if is_lanes(x) and operation in JOINS:
        whole = joined_lanes(x, operation is function("hcat"))
        return whole if init is NOTHING_GIVEN else call(operation, (init, whole))
    if dims is not colon:
        return _reduce_slices(operation, as_array(x), dims, init)
    if operation in JOINS and init is NOTHING_GIVEN and is_numeric(x) and is_staged(x):
        numbers = (as_dim_product(x.data.shape),)  # which stand below or beside each other
        return Array(reshaped(x.data, numbers if operation is function("vcat") else (*numbers, 1)))
    if operation in JOINS and init is NOTHING_GIVEN and x.__class__ is Array and x.data.size:
        return JOINS[operation](list(iterate(x)))
    return folds.foldl(operation, x, init)


def is_staged(x):
    return isinstance(staging.read(as_array(x)), Value)


def joined_lanes(vector, horizontally):
    """The staged arrays in a vector, one beside the other along the last or the first dim, along which their
    sizes may differ."""
    from .shapes import permuted

    lanes = current(vector)
    column = uniform_column(lanes)
    if column is None:
        return joined_ragged(lanes, horizontally)
    count, *shape = column.shape
    if len(shape) == 1:
        return Array(column if horizontally else reshaped(column, (count * shape[0],)))
    if horizontally:
        return Array(reshaped(column, (count * shape[0], *shape[1:])))
    rank = len(shape)  # the first Julia dim is the last axis: lanes go before it
    moved = permuted(Array(column), [1, rank + 1, *range(2, rank + 1)])
    return Array(reshaped(moved, (*shape[:-1], count * shape[-1])))


def joined_ragged(lanes, horizontally):
    """The same of arrays whose sizes differ: their elements without the padding, one after the other."""
    item = lanes.item
    if item.__class__ is not Array or item.element not in t.ELEMENT_TYPES or item.rank == 0:
        raise only_in_graph()
    (_, column), = lanes.columns
    shape = item._data.shape
    axis = len(shape) - 1 if not horizontally or len(shape) == 1 else 0
    ragged = [k for k, dim in enumerate(shape) if dim_names(dim) & lanes.lengths.keys()]
    sizes, offset = _sizes_of(lanes, shape[axis])
    if ragged != [axis] or sizes is None or horizontally and len(shape) == 1:
        raise only_in_graph()
    count, extent = column.shape[0], column.shape[axis + 1]
    order = (0, axis + 1, *(k for k in range(1, len(shape) + 1) if k != axis + 1))
    rows = staging.apply("transpose", column, permutation=order) if axis else column
    places = staging.apply("iota", shape=(count, extent), axis=1, element=t.ELEMENT_TYPES[t.Int64])
    sizes = staging.apply("add", sizes, staging.expand(staging.payload_of(offset, t.Int64), (count,)))
    own = staging.apply("lt", places, staging.apply("broadcast", sizes, shape=(count, extent), axes=(0,)))
    whole = reshaped(rows, (as_dim_product((count, extent)), *rows.shape[2:]))
    whole = staging.apply("gather", whole,
                          true_places(reshaped(own, (as_dim_product((count, extent)),))), axis=0)
    if axis:
        whole = staging.apply("transpose", whole, permutation=(*range(1, len(shape)), 0))
    return Array(whole)


def _sizes_of(lanes, dim):
    """(the sizes of the lanes, a number to add) for a dim that is the sum; (None, 0) for another."""
    rest = [dim - symbol(name) for name in dim_names(dim) & lanes.lengths.keys()]
    if len(rest) == 1 and isinstance(rest[0], int):
        (name,) = dim_names(dim)
        return lanes.lengths[name][0], rest[0]
    return None, 0


def spread_fold(operation, x):
    """`operation(x...)` of a vector whose length only the graph knows: a fold. None for other functions."""
    if operation in JOINS or operation in REDUCTIONS:
        return reduce(operation, x)
    return None


def _reduce_slices(operation, array, dims, init):
    from .arrays import array_of
    from .slices import slices_along

    dims = (dims,) if dims.__class__ is int else tuple(dims)
    others = tuple(d for d in range(1, array.rank + 1) if d not in dims)
    results = [folds.fold(operation, iterate(part), init) for part in slices_along(array, others)]
    size = tuple(1 if d in dims else array.size[d - 1] for d in range(1, array.rank + 1))
    return array_of(typeof(results[0]), results, size)


@define("foldl", t.Any, t.AbstractArray, keywords=("init",))
def fold_from_left(operation, x, init=NOTHING_GIVEN):
    if x.__class__ is not Range and operation in REDUCTIONS and isinstance(staging.read(x), Value):
        return REDUCTIONS[operation](x, init=init)
    return folds.foldl(operation, x, init)


@define("mapreduce", t.Any, t.Any, t.AbstractArray, keywords=("dims", "init"))
def map_reduce(f, operation, x, dims=colon, init=NOTHING_GIVEN):
    if is_numeric(x) and 0 in as_array(x).size and init is NOTHING_GIVEN and operation not in REDUCTIONS:
        raise argument_error(EMPTY)
    return reduce(operation, map_array(f, x), dims=dims, init=init)


@define("mapreduce", t.Any, t.Any, t.AbstractArray, t.AbstractArray, ..., keywords=("dims", "init"))
def map_reduce_several(f, operation, *arrays, dims=colon, init=NOTHING_GIVEN):
    return reduce(operation, map_arrays(f, *arrays), dims=dims, init=init)
