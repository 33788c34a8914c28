"""Order: `sort sortperm partialsort`, searching sorted vectors.

On the host by Python and numpy; a staged vector of numbers by counting for each element those that come
before it."""

import functools

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import BOOL, I64
from .. import staging
from .. import types as t
from ..batching.generators import collected_of
from ..batching.lanes import elements_at, is_lanes
from ..calling import call
from ..control_flow.item_buffers import as_lanes, columns_of
from ..dims import dim_number
from ..evaluation.broadcasting import broadcast
from ..poison import HostValueNeeded
from ..staged_numbers import Traced
from ..state import state
from ..trees import is_number
from ..values import Array
from .arrays import as_array, as_dim_product, axis_of, plain_type, reshaped
from .comparison import numbers_is_less
from .elements import NUMBERS
from .errors import argument_error, shown
from .indexing import element_at
from .iteration import collect_values, iterate
from .ranges import unit_range
from .registry import builtin_function, define, function

ORDER_KEYWORDS = ("rev", "by", "lt", "alg", "order", "dims", "scratch")


def comparison_key(lt, by):
    """A Python sort key for Julia's `lt` and `by`."""
    less = lt or function("isless")

    def compare(a, b):
        if staging.host_number(call(less, (a, b)), "the order of elements"):
            return -1
        return 1 if staging.host_number(call(less, (b, a)), "the order of elements") else 0

    ordered = functools.cmp_to_key(compare)
    return ordered if by is None else lambda x: ordered(call(by, (x,)))


def sorting_permutation(items, rev=False, by=None, lt=None):
    """The places (from 0) of a sequence's items in sorted order; equal ones stay in order."""
    if isinstance(items, np.ndarray) and items.dtype != object:
        if by is None and lt is None:
            return _numeric_permutation(items, rev)
        items = list(iterate(Array(items)))
    key = comparison_key(lt, by)
    keys = [key(item) for item in items]
    places = range(len(keys))
    if not rev:
        return sorted(places, key=keys.__getitem__)
    return sorted(places, key=keys.__getitem__, reverse=True)


def _numeric_permutation(data, rev):
    """Stable, NaN last (first in reverse)."""
    if not rev:
        return np.argsort(data, kind="stable")
    return (len(data) - 1 - np.argsort(data[::-1], kind="stable"))[::-1]


def staged_permutation(keys, rev):
    """The places (from 0) of elements in sorted order, a payload, by a list of staged vectors of numbers:
    those behind the first decide between equals."""
    *first, last = keys
    places = _numbers_permutation(last, rev)
    for key in reversed(first):
        key = staging.apply("gather", key, places, axis=0)
        places = staging.apply("gather", places, _numbers_permutation(key, rev), axis=0)
    return places


def _numbers_permutation(keys, rev):
    """The places of a staged vector's elements in sorted order: stable, NaN last."""
    count = keys.shape[0]
    square = (count, count)
    own = Traced(staging.apply("broadcast", keys, shape=square, axes=(0,)))
    other = Traced(staging.apply("broadcast", keys, shape=square, axes=(1,)))
    first, second = (own, other) if rev else (other, own)
    earlier, later = numbers_is_less(first, second).data, numbers_is_less(second, first).data
    place, other_place = (staging.apply("iota", shape=square, axis=axis, element=I64) for axis in (0, 1))
    tie = staging.apply("and", staging.apply("not", later), staging.apply("lt", other_place, place))
    before = staging.apply("convert", staging.apply("or", earlier, tie), element=I64)
    rank = staging.apply("reduce_sum", before, axes=(1,))
    numbers = staging.apply("iota", shape=(count,), axis=0, element=I64)
    return staging.apply("scatter_add", rank, numbers, axis=0, shape=(count,))


def permutation_of(array, rev=False, by=None, lt=None):
    """The places (from 0) of a vector's elements in sorted order: a numpy array or a staged payload."""
    keys = staged_keys(array, by) if lt is None else None
    if keys is not None:
        return staged_permutation(keys, rev)
    data = staging.read_host(array, "sort")
    return np.asarray(sorting_permutation(data, rev, by, lt), dtype=np.int64)


def staged_keys(array, by):
    """The vectors of numbers by which a vector is sorted where only the graph knows them, else None: several
    for a vector of tuples."""
    if state.trace is None or array.rank != 1:
        return None
    if by is not None:
        keys = collected_of(by, array)
        if keys is None and not is_lanes(array):
            keys = call(function("map"), (by, array))
    else:
        keys = array
    if keys is None:
        return None
    if is_lanes(keys) and keys._data.item.__class__ is tuple:
        columns = columns_of(keys)[1]
    elif keys.element in NUMBERS and isinstance(staging.read(keys), Value):
        columns = [staging.read(keys)]
    else:
        return None
    if any(column.rank != 1 for column in columns):
        return None
    return [staging.convert_payload(column, t.Int64) if column.element is BOOL else column
            for column in columns]


def sorted_array(x, rev=False, by=None, lt=None, dims=None, alg=None, order=None, scratch=None):
    array = as_array(x)
    if array.rank != 1 and dims is None:
        raise argument_error("sort of a matrix needs the keyword `dims`")
    if array.rank == 1:
        places = permutation_of(array, rev, by, lt)
        if is_lanes(array):
            return elements_at(array, staging.as_value(places))
        if array.element not in NUMBERS and isinstance(places, Value):
            vector = as_lanes(list(array.data))
            if vector is not None and is_lanes(vector):
                return elements_at(vector, places)
            raise HostValueNeeded("the order of objects must be known on the host",
                                  state.location, kind="UnsupportedError")
        return Array(staging.apply("gather", staging.read(array), places, axis=0), plain_type(array))
    if not isinstance(dims, int) or not 1 <= dims <= array.rank:
        raise argument_error(f"`dims` is a number from 1 to {array.rank}, got {shown(dims)}")
    axis = axis_of(dims, array.rank)
    if isinstance(staging.read(array), Value):
        return _sorted_slices(array, axis, lambda slice_: sorted_array(slice_, rev, by, lt))
    data = staging.read_host(array, "sort along a dim")
    moved = np.moveaxis(data, axis, -1)
    result = np.empty_like(moved)
    for place in np.ndindex(*moved.shape[:-1]):
        result[place] = moved[place][sorting_permutation(moved[place], rev, by, lt)]
    return Array(np.ascontiguousarray(np.moveaxis(result, -1, axis)), plain_type(array))


def _sorted_slices(array, axis, sorting):
    """A staged array with its slices along a payload axis sorted, all at once."""
    payload = staging.read(array)
    order = [k for k in range(array.rank) if k != axis] + [axis]
    payload = staging.apply("transpose", payload, permutation=tuple(order))
    rows = Array(reshaped(payload, (as_dim_product(payload.shape[:-1]), payload.shape[-1])))
    rows = call(function("mapslices"), (builtin_function("sort", sorting), rows), {"dims": 1})
    payload = reshaped(staging.read(rows), payload.shape)
    back = tuple(order.index(k) for k in range(array.rank))
    return Array(staging.apply("transpose", payload, permutation=back), plain_type(array))


@define("sort", t.AbstractArray, keywords=ORDER_KEYWORDS)
def sort(x, **options):
    return sorted_array(x, **options)


@define("sort", t.Any, keywords=ORDER_KEYWORDS)
def sort_iterable(items, **options):
    if items.__class__ is tuple:
        return tuple(items[k] for k in sorting_permutation(list(items), **options))
    return sorted_array(collect_values(iterate(items)), **options)


@define("sort!", t.AbstractArray, keywords=ORDER_KEYWORDS)
def sort_in_place(x, **options):
    from .assignment import overwrite

    overwrite(x, sorted_array(x, **options))
    return x


@define("sortperm", t.AbstractVector, keywords=ORDER_KEYWORDS)
def sort_permutation(x, rev=False, by=None, lt=None, alg=None, order=None, dims=None, scratch=None):
    places = permutation_of(as_array(x), rev, by, lt)
    return Array(staging.apply("add", places, staging.expand(np.asarray(1), places.shape)))


@define("invperm", t.AbstractVector)
def inverse_permutation(x):
    places = staging.read_host(as_array(x), "invperm")
    if places.dtype.kind not in "iu" or sorted(places) != list(range(1, len(places) + 1)):
        raise argument_error("argument is not a permutation")
    return Array(np.argsort(places) + 1)


def neighbours(array):
    """The ranges of all elements but the last, and of all but the first."""
    size = dim_number(array.size[0])
    return unit_range(1, size - 1), unit_range(2, size)


@define("issorted", t.Any, keywords=ORDER_KEYWORDS)
def is_sorted(items, rev=False, by=None, lt=None, **options):
    if items.__class__ is Array and not isinstance(items.size[0], int) and by is None and lt is None:
        before, behind = (element_at(items, (range_,)) for range_ in neighbours(items))
        in_order = broadcast(function(">=" if rev else "<="), [before, behind])
        return call(function("all"), (in_order,))
    key = comparison_key(lt, by)
    keys = [key(item) for item in iterate(items)]
    pairs = zip(keys, keys[1:], strict=False)
    return all(not a < b for a, b in pairs) if rev else all(not b < a for a, b in pairs)


@define("partialsort", t.AbstractVector, t.Any, keywords=ORDER_KEYWORDS)
def partial_sort(x, places, **options):
    """The elements that stand at a place (or range of places) after sorting."""
    return call(function("getindex"), (sorted_array(x, **options), places))


@define("partialsort!", t.AbstractVector, t.Any, keywords=ORDER_KEYWORDS)
def partial_sort_in_place(x, places, **options):
    return call(function("getindex"), (sort_in_place(x, **options), places))


@define("partialsortperm", t.AbstractVector, t.Any, keywords=ORDER_KEYWORDS)
def partial_sort_permutation(x, places, **options):
    return call(function("getindex"), (sort_permutation(x, **options), places))


def _search(name, side):
    def search(items, x, rev=False, by=None, lt=None, order=None):
        array = as_array(items)
        if array.element in NUMBERS and is_number(x) and not rev and by is None and lt is None and (
                isinstance(staging.read(array), Value) or x.__class__ is Traced):
            smaller = broadcast(function("<" if side == "left" else "<="), [array, x])
            return call(function("+"), (call(function("count"), (smaller,)), int(side == "left")))
        data = staging.read_host(array, name)
        if array.element in NUMBERS and is_number(x) and not rev and by is None and lt is None:
            return int(np.searchsorted(data, staging.host_number(x, name), side)) + (side == "left")
        key = comparison_key(lt, by)
        keys, wanted = [key(item) for item in iterate(array)], key(x)
        if rev:
            before = sum(1 for k in keys if wanted < k or (side == "right" and not k < wanted))
        else:
            before = sum(1 for k in keys if k < wanted or (side == "right" and not wanted < k))
        return before + (side == "left")

    define(name, t.AbstractVector, t.Any, keywords=("rev", "by", "lt", "order"))(search)
    return search


first_not_less = _search("searchsortedfirst", "left")
last_not_greater = _search("searchsortedlast", "right")


@define("searchsorted", t.AbstractVector, t.Any, keywords=("rev", "by", "lt", "order"))
def search_sorted(items, x, **options):
    from .ranges import unit_range

    return unit_range(first_not_less(items, x, **options), last_not_greater(items, x, **options))
