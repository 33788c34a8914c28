"""Vectors of examples in signatures: `Vector{Float32[26, T]}`, `Vector{Vector{Int[C], W}, N}`.

A size in a vector whose name stands nowhere outside of vectors is *ragged*: each example has its own. It
belongs to the outermost vector in whose elements it stands. Outside, arrays are padded to `NAME.max`, and an
input of lengths says how much of it each example has. Inputs that share a ragged name share its lengths.
"""

from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from ...compiler.types import I64, TensorType, substitute, symbol, symbol_name
from ...runtime.padding import each, pad, sizes_along
from .. import types as t
from ..batching.forests import planted
from ..batching.lanes import Lanes, vector_of_lanes
from ..staged_numbers import Traced
from ..values import Array


@dataclass(frozen=True)
class VectorSpec:
    """A vector of `count` elements of the spec `item`. `lengths` maps each dim that differs between its
    elements to the name of the input that has its sizes."""

    item: object
    count: object = None
    lengths: tuple = ()


def bound_of(name):
    """The dim that a ragged dim is padded to."""
    return symbol(f"{name}.max")


# --- which sizes are ragged, and what their lengths are called ----------------------------------------------


def name_lengths(named_specs, parameters):
    """The specs with their counts and the names of their lengths filled in.

    Raises WeberError where vectors of different counts share a ragged name."""
    specs = [spec for _, spec in named_specs]
    named = [(symbol_name(dim), around) for spec in specs for dim, around in _dims(spec, ())
             if dim is not None]
    used = {name for name, _ in named} - {None}
    of_elements = {name for name, around in named if around}
    outer = _fresh("N", used) if "N" in of_elements else "N"
    specs = [_with_counts(spec, used, outer, 0) for spec in specs]
    fixed = {symbol_name(dim) for spec in specs for dim in _fixed(spec)}
    depths = {}  # name of a dim → the number of vectors around where it stands first
    for spec in specs:
        for dim, around in _dims(spec, ()):
            name = symbol_name(dim)
            if name is not None:
                depths[name] = 0 if name in fixed else min(depths.get(name, len(around)), len(around))
    owners, inputs = {}, {}
    for (path, _), spec, parameter in zip(named_specs, specs, parameters, strict=True):
        for leaf, dims in _leaves(spec, path, ()):
            ragged = dict.fromkeys(name for dim, _ in dims if (name := symbol_name(dim)) and depths[name])
            for dim, around in dims:
                name = symbol_name(dim)
                if name not in ragged:
                    continue
                counts = around[:depths[name]]
                if owners.setdefault(name, counts) != counts:
                    shown = " and ".join(", ".join(map(str, c)) for c in (owners[name], counts))
                    raise WeberError(f"the size {name} is that of elements of vectors of {shown} elements",
                                     parameter.location)
                inputs.setdefault(name, f"{leaf}.lengths" if len(ragged) == 1 else f"{leaf}.lengths.{name}")
    return [_with_lengths(spec, depths, inputs, 0) for spec in specs]


def _with_counts(spec, used, outer, depth):
    """The spec with names for the counts that have none: `outer` outside, M, M2, … inside."""
    if isinstance(spec, VectorSpec):
        extent = spec.count
        if extent is None:
            extent = symbol(_fresh("M", used) if depth else outer)
            used.add(symbol_name(extent))
        return replace(spec, count=extent, item=_with_counts(spec.item, used, outer, depth + 1))
    if hasattr(spec, "links"):
        return spec.with_nodes(_fresh("K", used))
    if hasattr(spec, "items"):
        return spec.with_items([_with_counts(item, used, outer, depth) for item in spec.items])
    return spec


def _fresh(name, used):
    """A name like this one that is not used yet; now it is."""
    names = (name if number == 1 else f"{name}{number}" for number in count(1))
    found = next(candidate for candidate in names if candidate not in used)
    used.add(found)
    return found


def _fixed(spec):
    """The sizes that all trees of a spec have in common."""
    if hasattr(spec, "links"):
        return spec.fixed_dims()
    items = [spec.item] if isinstance(spec, VectorSpec) else getattr(spec, "items", ())
    return [dim for item in items for dim in _fixed(item)]


def _dims(spec, around):
    """(dim, counts of the vectors around) of each size in a spec."""
    if isinstance(spec, VectorSpec):
        yield spec.count, around
        yield from _dims(spec.item, (*around, spec.count))
    elif hasattr(spec, "items"):
        for item in spec.items:
            yield from _dims(item, around)
    else:
        for dim in spec.size or ():
            yield dim, around


def _leaves(spec, path, outer):
    """(path, [(dim, counts of the vectors around)]) of each array in a spec: its own sizes and the counts of
    the vectors that it is in."""
    if isinstance(spec, VectorSpec):
        around = tuple(count for count, _ in outer)
        yield from _leaves(spec.item, path, (*outer, (spec.count, around)))
    elif hasattr(spec, "items"):
        if hasattr(spec, "links"):  # the lengths of a tree are named after the tree
            yield path, [*outer, (spec.nodes, tuple([extent for extent, _ in outer]))]
        for key, item in spec.children():
            yield from _leaves(item, f"{path}.{key}", outer)
    else:
        around = tuple(count for count, _ in outer)
        yield path, [*outer, *((dim, around) for dim in reversed(spec.size or ()))]


def _with_lengths(spec, depths, inputs, depth):
    if isinstance(spec, VectorSpec):
        names = dict.fromkeys(symbol_name(dim) for dim, _ in _dims(spec.item, ()))
        own = tuple((name, inputs[name]) for name in names if name in inputs and depths[name] == depth + 1)
        return replace(spec, lengths=own, item=_with_lengths(spec.item, depths, inputs, depth + 1))
    if hasattr(spec, "items"):
        return spec.with_items([_with_lengths(item, depths, inputs, depth) for item in spec.items])
    return spec


def describe_vectors(named_specs):
    """What of the inputs are vectors: {path: the number of vectors around what is there}, and for each array
    in them {name: {axis: input with the sizes}}."""
    vectors, lengths = {}, {}

    def visit(spec, path, dims, sources):
        if isinstance(spec, VectorSpec):
            vectors[path] = vectors.get(path, 0) + 1
            visit(spec.item, path, (*dims, spec.count), sources | dict(spec.lengths))
        elif hasattr(spec, "items"):
            for key, item in spec.children():
                visit(item, f"{path}.{key}", dims, sources)
        elif dims:
            axes = enumerate((*dims, *reversed(spec.size or ())))
            found = {axis: sources[name] for axis, dim in axes if (name := symbol_name(dim)) in sources}
            if found:
                lengths[path] = found

    for path, spec in named_specs:
        visit(spec, path, (), {})
    return vectors, lengths


# --- staged arguments ---------------------------------------------------------------------------------------


def vector_argument(spec, path, trace, values):
    """The staged vector of a spec; its inputs are added to `values`, unless they are there."""
    return vector_of_lanes(planted(_Stager(trace, values).lanes(spec, path, None)))


class _Stager:
    """Makes the values of a vector from the inside out: those of an element, then those of all elements, up
    to the arguments of the graph."""

    def __init__(self, trace, values):
        self.trace, self.values = trace, values
        self.inputs = dict(values)
        self.inner = {}  # (lengths input, depth) → its value in the elements at that depth

    def lanes(self, spec, path, depth):
        """The lanes of a spec. `depth` is None for those whose values are arguments."""
        here = 0 if depth is None else depth
        bounds = {name: bound_of(name) for name, _ in spec.lengths}
        pairs = []  # (value in an element, its path or the lengths input that it is)
        item = self.element(spec.item, path, here + 1, pairs)
        columns = {}
        lengths = {}
        for inner, name in pairs:
            type = TensorType(inner.element, (spec.count, *(substitute(dim, bounds) for dim in inner.shape)))
            columns[inner] = self.value(name, type, depth)
        for name, source in spec.lengths:
            lengths[name] = self.value(source, TensorType(I64, (spec.count,)), depth), bounds[name]
        return Lanes(spec.count, item, list(columns.items()), lengths)

    def value(self, name, type, depth):
        """A value of all elements: an argument, or one in the elements of the vector around."""
        table, key = (self.inputs, name) if depth is None else (self.inner, (name, depth))
        if key not in table:
            table[key] = self.trace.argument(type, name) if depth is None else Value(type, name=name)
            if depth is None:
                self.values.append((name, table[key]))
        return table[key]

    def element(self, spec, path, depth, pairs):
        """An element of a vector, with the values in it."""
        if isinstance(spec, VectorSpec):
            lanes = self.lanes(spec, path, depth)
            names = {id(value): key[0] for key, value in self.inner.items()}
            pairs += [(outer, names[id(outer)]) for _, outer in lanes.columns]
            pairs += [(sizes, names[id(sizes)]) for sizes, _ in lanes.lengths.values()]
            return vector_of_lanes(lanes)
        if hasattr(spec, "items"):
            return spec.assemble([self.element(item, f"{path}.{key}", depth, pairs)
                                  for key, item in spec.children()])
        value = Value(spec.tensor, name=path)
        pairs.append((value, path))
        return Traced(value) if spec.size is None else Array(value)


# --- vectors of the program as arguments --------------------------------------------------------------------


def vector_fits(spec, value, bindings, fits):
    """Whether a vector of the program can be the argument of a spec."""
    if value.__class__ is not Array or len(value._data.shape) != 1:
        return False
    if not _bind(spec.count, len(value.data), bindings):
        return False
    if value.element in t.NUMPY_TYPES:
        return getattr(spec.item, "size", ()) is None and value.element is spec.item.element
    found = {name: [] for name, _ in spec.lengths}
    for item in value.data:
        sizes = _Sizes(bindings, [symbol(name) for name in found])
        if not fits(spec.item, item, sizes):
            return False
        for name, column in found.items():
            column.append(sizes.own.get(symbol(name)))
    return all(bindings.setdefault(source, tuple(found[name])) == tuple(found[name])
               for name, source in spec.lengths)


class _Sizes:
    """Sizes met in one element: the ragged ones are its own, the others those of all."""

    def __init__(self, outer, ragged):
        self.outer, self.own, self.ragged = outer, {}, ragged

    def setdefault(self, dim, size):
        return (self.own if dim in self.ragged else self.outer).setdefault(dim, size)


def _bind(dim, size, bindings):
    return dim == size if isinstance(dim, int) else bindings.setdefault(dim, size) == size


def vector_arrays(spec, path, value):
    """The arrays of a vector that fits a spec by the names of its inputs: padded with zeros, and the
    lengths."""
    arrays = {}
    _take_apart(spec, path, value, 0, (), {}, arrays)
    return arrays


def _take_apart(spec, path, nested, depth, dims, owners, arrays):
    """`nested` are the values of a spec in lists of `depth` levels, whose counts are `dims`; `owners` maps
    each ragged name to (lengths input, depth of the vector)."""
    if isinstance(spec, VectorSpec):
        owners = owners | {name: (source, depth + 1) for name, source in spec.lengths}
        items = each(nested, depth, lambda vector: list(vector.data))
        _take_apart(spec.item, path, items, depth + 1, (*dims, spec.count), owners, arrays)
    elif hasattr(spec, "items"):
        for index, (key, item) in enumerate(spec.children()):
            parts = each(nested, depth, lambda value, index=index: _parts(value)[index])
            _take_apart(item, f"{path}.{key}", parts, depth, dims, owners, arrays)
    else:
        payloads = each(nested, depth, lambda x: x.data if x.__class__ is Array else np.asarray(x))
        dims = (*dims, *reversed(spec.size or ()))
        arrays[path] = pad(payloads, depth, spec.tensor.shape, spec.tensor.element.numpy)
        for axis, dim in enumerate(dims):
            source, owner = owners.get(symbol_name(dim), (None, 0))
            if source is not None and source not in arrays:
                arrays[source] = sizes_along(payloads, depth, axis, owner, arrays[path].shape)


def _parts(value):
    return value if value.__class__ is tuple else value.values
