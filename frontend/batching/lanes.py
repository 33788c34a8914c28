"""Vectors whose elements are staged: arrays of examples, or structures of them, that only the graph knows.

`Vector{Matrix{Float32}}` of N staged matrices is an `Array` whose payload is a `Lanes`: one element as a
template, and for each IR value in it the value that holds that of all elements, stacked along a leading axis.
Sizes that differ between elements are named dims of the template, padded outside, with a vector of lengths.
"""

import numpy as np

from ...compiler.errors import UnsupportedError
from ...compiler.ir import Value, rename_dims
from ...compiler.types import I64, dim_names, fresh_dim, substitute
from .. import types as t
from ..dims import define_dim
from ..staged_numbers import DimNumber, Traced
from ..staging import as_value, emit, expand, payload_of, read
from ..state import state
from ..trees import children, with_children
from ..type_names import type_name
from ..values import Array, Function, NamedTuple, Node, Range, Struct, typeof


class Lanes:
    """The payload of a vector of staged elements.

    `count` is the number of elements, a dim; `item` the template, a Julia value; `columns` pairs of a value
    in the template and the one of all elements, (count, …); `lengths` maps the name of each dim that differs
    to (its sizes, an i64 value (count,); the dim it is padded to). Arrays in the template that are older than
    `serial` are one and the same in all elements.
    """

    dtype, ndim = np.dtype(object), 1

    def __init__(self, count, item, columns, lengths, serial=0):
        self.count, self.item, self.columns, self.lengths = count, item, columns, lengths
        self.serial = serial

    @property
    def shape(self):
        return (self.count,)

    def fetch(self):
        """What an array's contents are; see `Array.data`."""
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise only_in_graph()

    def __array__(self, *_, **__):
        raise only_in_graph()

    def __len__(self):
        raise only_in_graph()

    __iter__ = __getitem__ = __len__


def only_in_graph():
    """The error of a builtin that looks at the elements themselves."""
    return UnsupportedError(
        "this needs the elements of a vector that are only known when the graph runs: use `map`, a "
        "broadcast, a comprehension or a loop over it", state.location, kind="UnsupportedError")


def is_lanes(value):
    """Whether a value is a vector of staged elements."""
    return value.__class__ is Array and value._data.__class__ is Lanes


def current(vector):
    """The lanes of a vector, as they are where it shares the memory of an array."""
    return read(vector)


def vector_of_lanes(lanes: Lanes) -> Array:
    """The Julia vector of lanes; of numbers a plain array of numbers."""
    item = lanes.item
    if item.__class__ is Traced:
        by_inner = dict(lanes.columns)
        return Array(by_inner[item.data])
    return Array(lanes, t.array_type(typeof(item), 1))


# --- templates ----------------------------------------------------------------------------------------------


def substituted(value, values, dims, serial=0):
    """A copy of a template with IR values and the names of dims replaced; arrays of the host that are older
    than `serial` stay the same."""
    kind = value.__class__
    if kind is Traced:
        new = values.get(value.data) if value.data.__class__ is Value else None
        return value if new is None else Traced(new)
    if kind is DimNumber:
        return DimNumber.of(substitute(value.dim, dims))
    if kind is Node:
        new = values.get(value.index)
        return value if new is None else Node(value.forest, new, value.known)
    if kind is Array:
        data = value._data
        if data.__class__ is Value:
            return Array(values[data]) if data in values else value
        if data.__class__ is Lanes:
            return Array(_substituted_lanes(data, values, dims), value.type)
        if data.dtype != object:
            return value if value.serial < serial else Array(data.copy(), value.type)
    items = children(value)
    if not items:
        return value
    return with_children(value, [substituted(child, values, dims, serial) for _, child in items])


def _substituted_lanes(lanes, values, dims):
    inner = {old: Value(rename_dims(old.type, dims)) for old, _ in lanes.columns}
    columns = [(inner[old], values.get(outer, outer)) for old, outer in lanes.columns]
    lengths = {name: (values.get(sizes, sizes), substitute(bound, dims))
               for name, (sizes, bound) in lanes.lengths.items()}
    item = substituted(lanes.item, inner, dims, lanes.serial)
    return Lanes(substitute(lanes.count, dims), item, columns, lengths, lanes.serial)


class Outline:
    """The template of what a region's function returned, and the values it consists of.

    `values` are those defined in the region, in order; what comes from outside stays as it is. Call it in the
    region: sizes become values there. `names` are the dims that only the region knows.
    """

    def __init__(self, region, names):
        self.region, self.names, self.values = region, names, {}
        block = region.block
        self.defined = {*block.arguments, *(r for operation in block.operations for r in operation.results)}

    def of(self, value):
        kind = value.__class__
        if kind is Traced:
            return self.keep(value, value.data)
        if kind is DimNumber:
            return self.number(value) if dim_names(value.dim) & self.names else value
        if kind is Node:
            return self.keep(value, value.index)
        if kind is Range and not isinstance(value.length, int):
            from ..base.arrays import as_array

            return self.of(as_array(value))
        if kind is Array:
            return self.array(value)
        if kind in (tuple, NamedTuple) or kind is Struct and not value.type.family.mutable:
            return with_children(value, [self.of(child) for _, child in children(value)])
        if kind in (Struct, Function) and value.serial > self.region.serial:
            raise UnsupportedError(
                f"a function over staged elements cannot return a value of type {type_name(typeof(value))}",
                state.location, kind="UnsupportedError")
        return value

    def number(self, value):
        """A size of the region as a number."""
        made = state.trace.builder.dim_value(dim=value.dim)
        self.defined.add(made)
        self.values[made] = None
        return Traced(made)

    def keep(self, value, data):
        if data.__class__ is Value and data in self.defined:
            self.values[data] = None
        return value

    def array(self, value):
        data = value._data
        if data.__class__ is Lanes:
            for _, outer in data.columns:
                self.keep(value, outer)
            for sizes, _ in data.lengths.values():
                self.keep(value, sizes)
            return value
        if data.__class__ is not Value and value.serial < self.region.serial:
            return value
        data = read(value)
        if data.__class__ is Value or data.dtype != object:
            if data.__class__ is Value and data not in self.defined and data.operation is not None \
                    and data.operation in self.region.block.operations:
                self.defined.add(data)  # the contents of a view, read just now
            return self.keep(value if data is value._data else Array(data), data)
        return with_children(value, [self.of(child) for _, child in children(value)])


# --- elements -----------------------------------------------------------------------------------------------


def uniform_column(lanes: Lanes):
    """The value of all elements where they are arrays of one size; None where sizes differ or they are no
    arrays."""
    item = lanes.item
    if item.__class__ is not Array or item.element not in t.ELEMENT_TYPES or lanes.lengths:
        return None
    value = as_value(read(item))
    column = dict(lanes.columns).get(value)
    return as_value(expand(value, (lanes.count, *value.shape))) if column is None else column


def element(array: Array, index):
    """The element at an index from 0, a number or an IR value. Sizes that differ become new dims."""
    lanes, builder = current(array), state.trace.builder
    place = index if index.__class__ is Value else as_value(
        payload_of(index if isinstance(index, int) else DimNumber.of(index), t.Int64))

    def picked(stack):
        return emit("gather", [stack, place], {"axis": 0})

    dims = {name: defined_dim(builder, name, picked(sizes)) for name, (sizes, _) in lanes.lengths.items()}
    values = {}
    for inner, outer in lanes.columns:
        value = picked(outer)
        for axis, dim in enumerate(inner.shape):
            if dim_names(dim) & dims.keys():
                places = builder.iota(shape=(substitute(dim, dims),), axis=0, element=I64)
                value = emit("gather", [value, places], {"axis": axis})
        values[inner] = value
    return substituted(lanes.item, values, dims, lanes.serial)


def elements_at(array: Array, places):
    """The vector of the elements at places, an i64 vector of the graph that counts from 0."""
    lanes = current(array)

    def picked(stack):
        return emit("gather", [stack, places], {"axis": 0})

    inner = {old: Value(old.type) for old, _ in lanes.columns}
    columns = [(inner[old], picked(outer)) for old, outer in lanes.columns]
    lengths = {name: (picked(sizes), bound) for name, (sizes, bound) in lanes.lengths.items()}
    item = substituted(lanes.item, inner, {}, lanes.serial)
    return sharing_with(array, Lanes(places.shape[0], item, columns, lengths, lanes.serial))


def sharing_with(vector, lanes):
    """The vector of these lanes, whose elements are some of another's."""
    from ..control_flow.sharing import entangle

    other = Array(lanes, vector.type)
    entangle(vector, other)
    return other


def defined_dim(builder, name, size):
    """A new dim of this size, an i64 scalar: the trips of a loop that counts them."""
    dim = fresh_dim(name)
    define_dim(builder, dim, size)
    return dim
