"""Cartesian indices: `CartesianIndex(i, j, …)`, one index for several dims, and arrays of them."""

import numpy as np

from .. import staging
from .. import types as t
from ..calling import call
from ..dims import as_dim
from ..printing.display import FAMILIES
from ..type_lattice import TypeVar, unwrap
from ..values import Range, Struct
from .arrays import array_of, as_array
from .conversion import constructs
from .errors import bounds_error
from .registry import define, define_constructor, function

CartesianIndexType = t.declare("CartesianIndex", parameters=(TypeVar("N"),), fields=("I",))
CARTESIAN_FAMILY = unwrap(CartesianIndexType).family


FAMILIES[CARTESIAN_FAMILY] = lambda value, context: f"CartesianIndex({', '.join(map(str, value.fields[0]))})"


def cartesian_index(*indices):
    """`CartesianIndex(i, j, …)`."""
    return Struct(CARTESIAN_FAMILY.apply(len(indices)), [tuple(indices)])


@constructs(CartesianIndexType, t.Integer, ...)
def construct_cartesian_index(_, *indices):
    return cartesian_index(*(staging.host_number(i, "a cartesian index") for i in indices))


@constructs(CartesianIndexType, t.Tuple)
def cartesian_index_of_tuple(_, indices):
    return cartesian_index(*indices)


CartesianIndicesType = t.declare("CartesianIndices")


@constructs(CartesianIndicesType, t.Any)
def cartesian_indices(_, x):
    """All cartesian indices of an array or of a size, as an array of them."""
    dims = x if x.__class__ is tuple else as_array(x).size
    dims = [d.length if d.__class__ is Range else d for d in dims]
    if not all(isinstance(d, int | np.integer) for d in dims):
        from .iteration import GRIDS
        from .selection import indices_of_size

        dims = tuple(d if hasattr(d, "terms") else as_dim(d) for d in dims)
        indices = indices_of_size(dims)
        GRIDS[indices] = dims
        return indices
    places = [cartesian_index(*(i + 1 for i in reversed(place))) for place in np.ndindex(*dims[::-1])]
    return array_of(CARTESIAN_FAMILY.apply(len(dims)), places, dims)


def is_cartesian(index):
    return index.__class__ is Struct and index.type.family is CARTESIAN_FAMILY


@define("getindex", CartesianIndexType, t.Integer)
def cartesian_at(index, place):
    if not 1 <= place <= len(index.fields[0]):
        raise bounds_error(index, (place,))
    return index.fields[0][place - 1]


@define("length", CartesianIndexType)
def cartesian_length(index):
    return len(index.fields[0])


@define_constructor(t.Tuple, CartesianIndexType)
def tuple_of_cartesian(_, index):
    return index.fields[0]


def _cartesian_arithmetic(name):
    def method(a, b):
        return cartesian_index(*(call(function(name), pair)
                                 for pair in zip(a.fields[0], b.fields[0], strict=True)))

    define(name, CartesianIndexType, CartesianIndexType)(method)


_cartesian_arithmetic("+")
_cartesian_arithmetic("-")
