"""Vectors of staged elements by their columns: one for each number or array in the items."""

from ...compiler.ir import Value
from ...compiler.types import TensorType
from .. import types as t
from ..batching.lanes import Lanes, vector_of_lanes
from ..staging import apply
from ..trees import children
from ..values import Array
from .specs import leaf_types, rebuild, zeros


def arrays_of(item):
    """The arrays of numbers in an item."""
    if item.__class__ is Array and item.element in t.ELEMENT_TYPES:
        return [item]
    return [array for _, child in children(item) or () for array in arrays_of(child)]


def column_of(values):
    """The values of one leaf of all items, along a new first axis."""
    return joined([apply("reshape", value, shape=(1, *value.shape)) for value in values])


def joined(parts, axis=0):
    """Arrays, one behind the other along an axis."""
    return parts[0] if len(parts) == 1 else apply("concatenate", *parts, axis=axis)


def blank_columns(spec, count):
    """The columns of so many items of a spec, all zeros."""
    return [zeros(TensorType(type_.element, (count, *type_.shape))) for type_ in leaf_types(spec)]


def lanes_of(spec, columns):
    """The vector of items of a spec, whose values are in these columns."""
    inner = [Value(type_) for type_ in leaf_types(spec)]
    return vector_of_lanes(Lanes(columns[0].shape[0], rebuild(spec, iter(inner)),
                                 list(zip(inner, columns, strict=True)), {}))
