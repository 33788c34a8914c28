"""Views: arrays that show part of another, `view(x, i, j)`. Reading and writing go to the parent, also while
staging."""

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..calling import call
from ..printing.array_text import WRAPPER_TEXTS
from ..staging import VIEWS
from ..type_lattice import TypeVar, unwrap
from ..type_names import type_name
from ..values import Array, Range, colon, typeof
from .arrays import as_array, plain_type
from .assignment import assign
from .elements import NUMBERS
from .errors import shown
from .indexing import element_at, number_or_object
from .registry import define, function

VIEW_FAMILY = unwrap(t.SubArray).family
_INTEGER_RANGE = unwrap(t.AbstractUnitRange).family.apply(t.Int64)
SLICE = unwrap(t.declare("Base.Slice", _INTEGER_RANGE, parameters=(TypeVar("T"),))).family.apply(
    unwrap(t.OneTo).family.apply(t.Int64))


class View:
    """Where a view's contents are: the parent and the indices; `source` is the parent's payload they were
    taken from."""

    def __init__(self, parent, indices):
        self.parent, self.indices = parent, indices
        self.source = staging.read(parent)

    def contents(self, parent):
        """The payload that the indices show of the parent (or of an array in its place)."""
        part = element_at(parent, self.indices, copy=False)
        if part.__class__ is Array:
            return staging.read(part)
        if parent.element in NUMBERS:
            return staging.payload_of(part, parent.element)
        box = np.empty((), dtype=object)
        box[()] = part
        return box

    def read(self, array):
        """The payload of the view `array`."""
        current = staging.read(self.parent)
        if current is self.source and (isinstance(current, Value)
                                       or np.may_share_memory(array.data, current)):
            return array.data
        return self.contents(self.parent)

    def read_host(self, purpose):
        return self.contents(Array(staging.read_host(self.parent, purpose), plain_type(self.parent)))

    def write(self, data):
        """Replaces what the view shows."""
        whole = Array(data, t.array_type(self.parent.element, len(data.shape)))
        assign(self.parent, whole if len(data.shape) else number_or_object(whole), self.indices)


def view_of(x, indices):
    """`view(x, indices...)`; ranges of a range are ranges."""
    if x.__class__ is Range and len(indices) == 1 and indices[0].__class__ is Range:
        return call(function("getindex"), (x, indices[0]))
    parent = as_array(x)
    indices = tuple(index if index.__class__ is not Array else element_at(index, (colon,) * index.rank)
                    for index in indices)  # the indices stay what they are now
    view = View(parent, indices)
    payload = view.contents(parent)
    result = Array(payload, VIEW_FAMILY.apply(parent.element, len(payload.shape), parent.type,
                                              t.tuple_type(*map(_index_type, indices)), _is_linear(indices)))
    if x.__class__ is Array:
        VIEWS[result] = view
    return result


def _index_type(index):
    """The type of an index of a view: that of a whole dimension for a colon."""
    return SLICE if index is colon else typeof(index)


def _is_linear(indices):
    """Whether equal steps through memory visit the view: whole dimensions, then at most one range, then
    numbers."""
    kinds = ["colon" if i is colon else "range" if i.__class__ is Range else "array" if i.__class__ is Array
             else "number" for i in indices]
    while kinds and kinds[0] == "colon":
        kinds.pop(0)
    return all(kind == "number" for kind in kinds[1:]) and kinds[:1] != ["array"]


@define("view", t.AbstractArray, t.Any, ...)
def view(x, *indices):
    return view_of(x, indices)


@define("maybeview", t.Any, t.Any, ..., exported=False)
def view_or_element(x, *indices):
    """What `x[indices...]` means under `@views`: a view of an array; of other collections the element."""
    single = all(index.__class__ is not Range and index.__class__ is not Array and index is not colon
                 for index in indices)
    if x.__class__ is Array and not single:
        return view_of(x, indices)
    return call(function("getindex"), (x, *indices))


@define("parent", t.AbstractArray)
def parent(x):
    """The array that a view shows part of; other arrays are their own parents."""
    return VIEWS[x].parent if x in VIEWS else x


@define("parentindices", t.SubArray)
def parent_indices(x):
    return VIEWS[x].indices


def _index_text(index):
    if index.__class__ is Range and index.step == 1:
        return f"{index.start}:{index.stop}"
    return ":" if index is colon else shown(index)


def _text(x):
    """`view(::Matrix{Int64}, :, [1, 3]) with eltype Int64`."""
    indices = "".join(f", {_index_text(index)}" for index in VIEWS[x].indices) if x in VIEWS else ""
    return f"view(::{type_name(x.type.parameters[2])}{indices}) with eltype {type_name(x.element)}"


WRAPPER_TEXTS[VIEW_FAMILY] = _text
