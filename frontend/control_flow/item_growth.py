"""Vectors of objects that the iterations of a staged loop make longer: what is added becomes columns of a
vector of staged elements.
"""

import numpy as np

from ...compiler.errors import UnsupportedError
from ...compiler.ir import Builder
from ...compiler.types import fresh_dim, symbol_name
from ..batching.lanes import Lanes
from ..dims import true_places
from ..staging import apply
from ..state import state
from ..values import Array, holds
from .columns import arrays_of, column_of, joined, lanes_of
from .extents import replace_sizes, takes_size, uses_of
from .growth import Growth, flattened, reading_error
from .specs import (
    Numbers,
    Unknown,
    as_ir,
    flatten,
    join,
    leaf_types,
    spec_of,
)


class Added:
    """The payload of a vector of objects in the body of a loop that makes it longer: the items added so far,
    to the `dim` items that there are at the start of an iteration, each with a flag, a staged Bool, where a
    condition decides whether it is added (else None). `prepends`: each is put before all others."""

    dtype, ndim = np.dtype(object), 1

    def __init__(self, items, dim, flags=None, prepends=False):
        self.items, self.dim, self.prepends = tuple(items), dim, prepends
        flags = (None,) * len(self.items) if flags is None else tuple(flags)
        self.flags = (*flags, *(None,) * (len(self.items) - len(flags)))

    @property
    def shape(self):
        if any(flag is not None for flag in self.flags):
            raise self.is_read()
        return (self.dim + len(self.items),)

    def with_more(self, items, prepends=False):
        """The payload with items added, one after the other."""
        if self.items and self.prepends != prepends:
            raise self.is_read()
        return Added([*self.items, *items], self.dim, self.flags, prepends)

    def pairs(self):
        return list(zip(self.items, self.flags, strict=True))

    def fetch(self):
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise self.is_read()

    def is_read(self, *_):
        """The error that the items are read: it knows of which vector."""
        return reading_error(grown=self.dim)

    def __getitem__(self, index):
        raise self.is_read()

    __len__ = __iter__ = __array__ = lambda self, *_, **__: self[0]


def with_items(parts):
    """`[y; [item]]` for a vector that grows: None where no part is one."""
    first, *rest = parts
    if any(part.__class__ is Array and part._data.__class__ is Lanes for part in parts):
        return with_lanes(parts)
    if not any(part.__class__ is Array and part._data.__class__ is Added for part in parts):
        return None
    *before, last = parts
    if first.__class__ is Array and first._data.__class__ is Added:
        return Array(first._data.with_more(_listed(rest)), first.type)
    if last.__class__ is Array and last._data.__class__ is Added:
        return Array(last._data.with_more(_listed(before)[::-1], True), last.type)
    raise reading_error()


def _listed(parts):
    """The items of vectors of objects, and items, in a concatenation."""
    items = []
    for part in parts:
        if part.__class__ is Array and not holds(part._data, "O"):
            raise reading_error()
        items.extend(part._data.reshape(-1) if part.__class__ is Array else [part])
    return items


def with_lanes(parts):
    """`[y; [item]]` for vectors of staged elements: None where there are arrays that are no vectors of
    objects beside them."""
    from .item_buffers import together
    from .vector_elements import share_elements

    lists = []
    for part in parts:
        data = part._data if part.__class__ is Array else None
        if holds(data, "Oc") and data.ndim == 1:
            lists.append(list(data))
        elif data is None or data.__class__ is Lanes:
            lists.append([part] if data is None else part)
        else:
            return None
    whole = together(lists)
    share_elements(whole, lists)
    return whole


class ItemGrowth:
    """How a vector of objects grows: by items. It becomes a vector of staged elements."""

    spec, is_searched = Unknown(), False

    def __init__(self, vector, sample):
        self.type, self.item, self.sample = vector.type, None, sample
        self.before, self.dim = len(vector._data), fresh_dim("G")
        self.name = symbol_name(self.dim)

    def placeholder(self, leaves):
        return Array(Added((), self.dim), self.type)

    def continues(self, spec, value):
        return value.__class__ is Array and value._data.__class__ is Added and value._data.items != ()

    def analyse(self, array, region):
        from .varying import item_spec

        self.items, self.flags = array._data.items, array._data.flags
        self.prepends = array._data.prepends
        if self.prepends:
            self.items, self.flags = self.items[::-1], self.flags[::-1]
        self.is_conditional = any(flag is not None for flag in self.flags)
        if any(region.has_changed(array) for item in self.items for array in arrays_of(item)):
            raise UnsupportedError("what a staged loop adds to a vector is an array that it changes: add a "
                                   "copy of it", state.location, kind="UnsupportedError")
        self.item, *others = [item_spec(item, region) for item in self.items]
        for other in others:
            self.item = join(self.item, other)
        if not leaf_types(self.item):
            raise reading_error()

    def capacity(self, trips):
        pass

    def additions(self, region, index):
        if takes_size(region.block, self.name):
            builder = Builder(location=state.location)
            count = builder.constant(np.int64(len(self.items)))
            before = builder.constant(np.int64(self.before))
            replace_sizes(region.block, self.name, builder.add(before, builder.mul(index, count)))
            region.block.operations[:0] = builder.block.operations
        if uses_of(region.block, self.name):
            raise reading_error()
        rows = [flatten(self.item, item) for item in self.items]
        stacked = [column_of([row[k] for row in rows]) for k in range(len(rows[0]))]
        if self.is_conditional:
            flags = [as_ir(np.array(True)) if flag is None else flag.data for flag in self.flags]
            stacked.append(column_of(flags))
        return [], stacked

    def final(self, array, stacks, carried):
        before = list(array.data)
        if any(join(self.item, spec_of(item)) != self.item for item in before):
            raise reading_error("what is added is not like what there was before")
        if self.prepends:
            stacks = [apply("reverse", stack, axes=(0,)) for stack in stacks]
        columns = [flattened(stack, 0) for stack in stacks]
        if self.is_conditional:
            places = true_places(columns.pop())
            columns = [apply("gather", column, places, axis=0) for column in columns]
        rows = [flatten(self.item, item) for item in before]
        if rows:
            known = [column_of([row[k] for row in rows]) for k in range(len(columns))]
            columns = [joined(pair[::-1] if self.prepends else pair)
                       for pair in zip(known, columns, strict=True)]
        return lanes_of(self.item, columns)


def growth_of(before, after):
    """The growth from one value to another: of an array of numbers (given by specs) along one axis, of a
    vector of objects by its items; None where there is none."""
    if before.__class__ is Array and after.__class__ is Array:
        return _growth_of_items(before, after)
    if before.__class__ is not Numbers or after.__class__ is not Numbers:
        return None
    if before.element is not after.element or len(before.shape) != len(after.shape):
        return None
    axes = [k for k, (a, b) in enumerate(zip(before.shape, after.shape, strict=True)) if a != b]
    return Growth(before, axes[0]) if len(axes) == 1 else None


def _growth_of_items(before, after):
    """The growth of a vector of objects, or of staged elements."""
    from .item_buffers import BufferedItems, item_spec, spec_of_items

    data = after._data
    if before._data.__class__ is Lanes:
        is_alike = data.__class__ is Lanes and item_spec(before) == item_spec(after)
        return BufferedItems(before._data.count, item_spec(before)) if is_alike else None
    if not is_list(before):
        return None
    if data.__class__ is Added:
        return ItemGrowth(before, spec_of_items(data.items))
    if data.__class__ is Lanes or is_list(after) and len(before._data) < len(data):
        return ItemGrowth(before, item_spec(after))
    return None


def is_list(array):
    """Whether an array is a vector of objects that the host knows."""
    return holds(array._data, "O") and array._data.ndim == 1
