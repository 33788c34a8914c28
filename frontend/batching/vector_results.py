"""Vectors of staged elements as results: outputs of an artifact, and vectors of the program after a compiled
call."""

import numpy as np

from ...compiler.errors import UnsupportedError
from ...compiler.ir import Value
from ...compiler.types import (
    I64,
    DimExpression,
    dim_names,
    evaluate_dim,
    may_be_negative,
    substitute,
    symbol,
)
from ..staged_numbers import Traced
from ..staging import tensor_type
from ..state import state
from ..trees import children, is_leaf, with_children
from ..type_names import type_name
from ..values import Array, to_host, typeof
from .lanes import Lanes, is_lanes

# --- outputs ------------------------------------------------------------------------------------------------


class VectorOutputs:
    """The outputs that vectors of staged elements are: padded arrays, zero in the padding, and lengths.

    `vectors` maps a path to the number of vectors around what is there, `lengths` the name of an output to
    {axis: name of the output of its sizes}.
    """

    def __init__(self, builder):
        self.builder = builder
        self.vectors, self.lengths = {}, {}
        self.named = {}  # (size of an axis, its names' lengths) → name of the output of its lengths

    def of(self, array, path):
        """The (name, value) pairs of a vector."""
        self.outputs = []
        self._vector(array._data, path, (), {}, lambda value: value)
        return self.outputs

    def _vector(self, lanes, path, counts, names, resolve):
        """`counts` are those of the vectors around; `names` maps a ragged dim to its sizes, for all elements
        of all vectors around it; `resolve` gives the value of all of them for one in the template."""
        self.vectors[path] = self.vectors.get(path, 0) + 1
        columns = {inner: resolve(outer) for inner, outer in lanes.columns}
        names = names | {name: resolve(sizes) for name, (sizes, _) in lanes.lengths.items()}
        self._item(lanes.item, path, (*counts, lanes.count), names, columns)

    def _item(self, item, path, counts, names, columns):
        if is_lanes(item):
            self._vector(item._data, path, counts, names, lambda value: columns.get(value, value))
        elif is_leaf(item):
            self._leaf(item, path, counts, names, columns)
        elif item is not None and children(item) is None:
            name = type_name(typeof(item))
            raise UnsupportedError(f"a result is a vector of values of type {name}, which no tensor can hold",
                                   state.location, kind="UnsupportedError")
        else:
            for key, child in children(item) or ():
                self._item(child, f"{path}.{key}", counts, names, columns)

    def _leaf(self, item, path, counts, names, columns):
        data = item.data if item.__class__ in (Array, Traced) else np.asarray(item)
        dims = (*counts, *tensor_type(data).shape)
        value = columns.get(data) if data.__class__ is Value else None
        if value is None:  # the same for all
            value = self._repeated(data, counts, names)
        ragged = {axis: dim for axis, dim in enumerate(dims) if dim_names(dim) & names.keys()}
        made, sizes = [], {}
        for axis, dim in ragged.items():
            sizes[axis] = self._sizes(dim, names)
            key = (dim, tuple(names[name] for name in sorted(dim_names(dim) & names.keys())))
            name = self.named.get(key)
            if name is None:
                text = str(dim).replace(" ", "")
                name = self.named[key] = f"{path}.lengths" + (f".{text}" if len(ragged) > 1 else "")
                made.append((name, axis, dim))
            self.lengths.setdefault(path, {})[axis] = name
        self.outputs.append((path, self._masked(value, sizes)))
        for name, axis, _ in made:
            inner = {a: s for a, s in sizes.items() if a < sizes[axis].rank}
            self.outputs.append((name, self._masked(sizes[axis], inner)))
            if inner:
                self.lengths[name] = {a: self.lengths[path][a] for a in inner}

    def _repeated(self, data, counts, names):
        b = self.builder
        value = data if data.__class__ is Value else b.constant(data)
        bounds = {name: symbol(f"{name}.max") for name in names}
        shape = tuple(substitute(count, bounds) for count in counts)
        axes = tuple(range(len(shape), len(shape) + value.rank))
        return b.broadcast(value, shape=(*shape, *value.shape), axes=axes)

    def _sizes(self, dim, names):
        """The sizes that a dim has, for each element of the vectors that its names belong to."""
        used = [names[name] for name in dim_names(dim) if name in names]
        shape = max((value.shape for value in used), key=len)
        sizes = self._polynomial(dim, names, shape)
        return self.builder.max(sizes, self.builder.full(0, sizes)) if may_be_negative(dim) else sizes

    def _polynomial(self, dim, names, shape):
        b, total = self.builder, None
        terms = dim.terms if isinstance(dim, DimExpression) else (((), dim),)
        for monomial, coefficient in terms:
            number = b.constant(np.int64(coefficient))
            product = None if coefficient == 1 and monomial else self._full(number, shape)
            for atom in monomial:
                factor = self._atom(atom, names, shape)
                product = factor if product is None else b.mul(product, factor)
            total = product if total is None else b.add(total, product)
        return total

    def _atom(self, atom, names, shape):
        if not isinstance(atom, str):
            b = self.builder
            numerator = self._polynomial(atom.numerator, names, shape)
            denominator = self._polynomial(atom.denominator, names, shape)
            return b.idiv(b.sub(numerator, b.mod(numerator, denominator)), denominator)  # which rounds down
        return self._full(names[atom] if atom in names else self.builder.dim_value(dim=symbol(atom)), shape)

    def _full(self, value, shape):
        """A value that belongs to the first axes of a shape, in that shape."""
        if value.shape == tuple(shape):
            return value
        return self.builder.broadcast(value, shape=tuple(shape), axes=tuple(range(value.rank)))

    def _masked(self, value, sizes):
        """The value with zeros where an axis is behind its size."""
        b, inside = self.builder, None
        for axis, size in sizes.items():
            places = b.iota(shape=value.shape, axis=axis, element=I64)
            one = b.lt(places, self._full(size, value.shape))
            inside = one if inside is None else getattr(b, "and")(inside, one)
        return value if inside is None else b.select(inside, value, b.full(0, value))


# --- after a compiled call ----------------------------------------------------------------------------------


def staged_values(leaf):
    """The IR values that a leaf of a tree is made of."""
    if is_lanes(leaf):
        yield from (outer for _, outer in leaf._data.columns)
        yield from (sizes for sizes, _ in leaf._data.lengths.values())
        return
    data = leaf.data if leaf.__class__ is Traced else leaf._data if leaf.__class__ is Array else None
    if data.__class__ is Value:
        yield data


def host_vector(lanes, fetch):
    """The vector of the program that lanes are; `fetch(value)` is the numpy array of a value."""
    from ..base.iteration import array_of

    columns = [(inner, fetch(outer)) for inner, outer in lanes.columns]
    lengths = {name: fetch(sizes) for name, (sizes, _) in lanes.lengths.items()}
    stacks = [*(array for _, array in columns), *lengths.values()]
    if not stacks and not isinstance(lanes.count, int):
        raise UnsupportedError(f"a vector of {lanes.count} elements that are all the same", state.location,
                               kind="UnsupportedError")
    count = len(stacks[0]) if stacks else lanes.count
    items = [_host_item(lanes.item, columns, {name: int(sizes[k]) for name, sizes in lengths.items()}, k)
             for k in range(count)]
    return array_of(items, None, typeof(items[0] if items else lanes.item))


def _host_item(template, columns, dims, position):
    """The element at a position; `dims` are its ragged sizes."""
    values = {}
    for inner, stack in columns:
        cut = tuple(slice(max(0, evaluate_dim(dim, dims))) if dim_names(dim) & dims.keys() else slice(None)
                    for dim in inner.shape)
        values[inner] = np.array(stack[position][cut])
    return _hosted(template, values, dims)


def _hosted(item, values, dims):
    """A template with numpy arrays for its values."""
    if is_lanes(item):
        lanes = item._data
        counted = Lanes(substitute(lanes.count, dims), lanes.item, lanes.columns, lanes.lengths)
        return host_vector(counted, values.__getitem__)
    data = item.data if item.__class__ is Traced else item._data if item.__class__ is Array else None
    if data.__class__ is Value:
        if data not in values:
            raise AssertionError(f"{data} has no array")
        return to_host(values[data][()]) if item.__class__ is Traced else Array(values[data])
    if item.__class__ is Array and data.dtype != object:
        return Array(data.copy(), item.type)
    items = children(item)
    return item if not items else with_children(item, [_hosted(child, values, dims) for _, child in items])
