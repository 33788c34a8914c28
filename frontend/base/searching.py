"""Finding in arrays: `findall findfirst findnext in`, `unique`, masks to indices."""

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..calling import call
from ..evaluation.broadcasting import broadcast
from ..staged_numbers import Traced
from ..type_lattice import union
from ..values import Array, Range
from .arrays import array_of, as_array, as_dim_product, reshaped
from .cartesian_indices import CARTESIAN_FAMILY, cartesian_index
from .elements import NUMBERS, number_of
from .iteration import iterate
from .registry import define, function
from .selection import all_indices, chosen, first_index, staged_mask, within


def condition_mask(predicate, x):
    """The host mask of the elements that satisfy a predicate, in the payload's shape."""
    array = as_array(x)
    if array.element in NUMBERS and array.data.shape != ():
        mask = broadcast(predicate, [array])
        if mask.element is t.Bool:
            return staging.read_host(mask, "finding elements")
    flags = [staging.host_number(call(predicate, (item,)), "finding elements") for item in iterate(array)]
    return np.array(flags, dtype=bool).reshape(array.data.shape)


def indices_of(mask):
    """The indices of the true elements: numbers for a vector, else cartesian indices."""
    if mask.ndim == 1:
        return Array(np.flatnonzero(mask) + 1)
    places = [cartesian_index(*(int(i) + 1 for i in reversed(place))) for place in np.argwhere(mask)]
    return array_of(CARTESIAN_FAMILY.apply(mask.ndim), places)


def _index(place, shape):
    """A flat place (from 0) as a Julia index of an array with this payload shape."""
    if len(shape) == 1:
        return int(place) + 1
    return cartesian_index(*(int(i) + 1 for i in reversed(np.unravel_index(place, shape))))


def _mask(x):
    return staging.read_host(as_array(x), "finding elements")


@define("findall", t.AbstractArray)
def find_all_true(x):
    mask = staged_mask(None, x)
    if mask is not None:
        return all_indices(mask)
    return indices_of(_mask(x))


@define("findall", t.Any, t.AbstractArray)
def find_all(predicate, x):
    mask = staged_mask(predicate, x)
    if mask is not None:
        return all_indices(mask)
    return indices_of(condition_mask(predicate, x))


def _nth(mask, last):
    places = np.flatnonzero(mask)
    return None if len(places) == 0 else _index(places[-1 if last else 0], mask.shape)


def _first(predicate, x):
    """Stops at the first element that satisfies the predicate."""
    array = as_array(x)
    for place, item in enumerate(iterate(array)):
        if staging.host_number(call(predicate, (item,)), "finding an element"):
            return _index(place, array.data.shape)
    return None


@define("findfirst", t.AbstractArray)
def find_first_true(x):
    mask = staged_mask(None, x)
    if mask is not None:
        return first_index(mask)
    return _nth(_mask(x), False)


@define("findfirst", t.Any, t.AbstractArray)
def find_first(predicate, x):
    mask = staged_mask(predicate, x)
    if mask is not None:
        return first_index(mask)
    return _first(predicate, x)


@define("findlast", t.AbstractArray)
def find_last_true(x):
    mask = staged_mask(None, x)
    if mask is not None:
        return first_index(mask, last=True)
    return _nth(_mask(x), True)


@define("findlast", t.Any, t.AbstractArray)
def find_last(predicate, x):
    mask = staged_mask(predicate, x)
    if mask is not None:
        return first_index(mask, last=True)
    return _nth(condition_mask(predicate, x), True)


@define("findnext", t.Any, t.AbstractVector, t.Integer)
def find_next(predicate, x, start):
    mask = staged_mask(predicate, x)
    if mask is not None:
        return first_index(within(mask, start=start))
    places = np.flatnonzero(condition_mask(predicate, x)[start - 1:])
    return None if len(places) == 0 else int(places[0]) + start


@define("findprev", t.Any, t.AbstractVector, t.Integer)
def find_previous(predicate, x, start):
    mask = staged_mask(predicate, x)
    if mask is not None:
        return first_index(within(mask, stop=start), last=True)
    places = np.flatnonzero(condition_mask(predicate, x)[:start])
    return None if len(places) == 0 else int(places[-1]) + 1


@define("findnext", t.AbstractVector, t.Integer)
def find_next_true(x, start):
    return find_next(function("identity"), x, start)


@define("findprev", t.AbstractVector, t.Integer)
def find_previous_true(x, start):
    return find_previous(function("identity"), x, start)


@define("in ∈", t.Number, t.AbstractArray)
def is_in(x, items):
    """Whether a number equals an element."""
    if items.__class__ is Range and x.__class__ is not Traced:
        return any(x == item for item in items)
    array = as_array(items)
    if array.element not in NUMBERS:
        from .folds import contains

        return contains(x, array)
    same = broadcast(function("=="), [array, x])
    payload = staging.read(same)
    flat = reshaped(payload, (as_dim_product(payload.shape),))
    found = staging.apply("reduce_or", flat, axes=(0,))
    return number_of(np.asarray(found) if not isinstance(found, Value) else found)


@define("indexin", t.AbstractArray, t.AbstractArray)
def index_in(a, b):
    """For each element of a its first place in b, or nothing."""
    from .hashing import hash_key

    places = {}
    for place, item in enumerate(iterate(b), 1):
        places.setdefault(hash_key(item), place)
    found = [places.get(hash_key(item)) for item in iterate(a)]
    kinds = union(t.Int64, t.Nothing)
    return array_of(kinds, found, as_array(a).size)


@define("unique!", t.AbstractVector)
def unique_in_place(x):
    if x.__class__ is Range:
        return x
    staging.write(x, staging.read(call(function("unique"), (x,))))
    return x


@define("filter", t.Any, t.AbstractArray)
def filter_array(predicate, x):
    """A vector of the elements that satisfy the predicate."""
    array = as_array(x)
    mask = staged_mask(predicate, array)
    if mask is not None:
        return chosen(array, mask)
    kept = condition_mask(predicate, array).reshape(-1)
    payload = staging.read(array)
    flat = reshaped(payload, (as_dim_product(payload.shape),))
    return Array(staging.apply("gather", flat, np.flatnonzero(kept), axis=0), t.array_type(array.element, 1))


@define("filter!", t.Any, t.AbstractVector)
def filter_in_place(predicate, x):
    staging.write(x, staging.read(filter_array(predicate, x)))
    return x
