"""Rules for ops that only move or repeat elements, and for reductions over what was moved or repeated."""

import numpy as np

from ..families import ELEMENTWISE
from ..rewrite import Rules
from ..types import size_product
from .patterns import made_by

RULES = Rules()


# --- broadcast ----------------------------------------------------------------------------------------------

@RULES("broadcast")
def broadcast_to_same(b, operation):
    (x,) = operation.operands
    return x if x.shape == operation.result.shape else None


@RULES("broadcast")
def broadcast_twice(b, operation):
    inner = made_by(operation.operands[0], "broadcast")
    if inner is None:
        return None
    axes = tuple(operation.attributes["axes"][axis] for axis in inner.attributes["axes"])
    return b.broadcast(inner.operands[0], shape=operation.result.shape, axes=axes)


@RULES("broadcast")
def broadcast_of_added_axes(b, operation):
    """A reshape that only puts in axes of extent 1 is part of the broadcast."""
    inner = made_by(operation.operands[0], "reshape")
    if inner is None:
        return None
    source, shape = inner.operands[0], inner.result.shape
    kept = [axis for axis, dim in enumerate(shape) if dim != 1]
    if any(dim == 1 for dim in source.shape) or tuple(shape[axis] for axis in kept) != source.shape:
        return None
    axes = tuple(operation.attributes["axes"][axis] for axis in kept)
    return b.broadcast(source, shape=operation.result.shape, axes=axes)


@RULES(*sorted(ELEMENTWISE - {"constant"}))
def compute_before_broadcast(b, operation):
    """An elementwise op on broadcasts is computed on the axes that some operand really has, then broadcast.
    """
    sources = [made_by(value, "broadcast") for value in operation.operands]
    if not all(sources):
        return None
    shape = operation.result.shape
    present = set()
    for source in sources:
        for axis, dim in zip(source.attributes["axes"], source.operands[0].shape):
            if dim != 1 or shape[axis] == 1:
                present.add(axis)
    present = sorted(present)
    if len(present) == len(shape):
        return None
    small = tuple(shape[axis] for axis in present)
    operands = []
    for source in sources:
        value, axes = source.operands[0], source.attributes["axes"]
        kept = [axis for axis in axes if axis in present]
        if len(kept) < len(axes):  # axes of extent 1 that are repeated
            value = b.reshape(value, shape=_dims_along(value, axes, present))
        operands.append(b.broadcast(value, shape=small, axes=tuple(present.index(axis) for axis in kept)))
    result = b.emit(operation.name, operands, operation.attributes)
    return b.broadcast(result, shape=shape, axes=tuple(present))


def _dims_along(value, axes, kept):
    """The dims of a value, whose axes are these of another shape, along those that are kept."""
    return tuple(dim for dim, axis in zip(value.shape, axes) if axis in kept)


# --- reshape and transpose ----------------------------------------------------------------------------------

@RULES("reshape")
def reshape_to_same(b, operation):
    (x,) = operation.operands
    return x if x.shape == operation.result.shape else None


@RULES("reshape")
def reshape_twice(b, operation):
    inner = made_by(operation.operands[0], "reshape")
    return b.reshape(inner.operands[0], shape=operation.result.shape) if inner else None


@RULES("reshape")
def reshape_of_repeated_scalar(b, operation):
    inner = made_by(operation.operands[0], "broadcast")
    if inner is None or inner.operands[0].rank:
        return None
    return b.broadcast(inner.operands[0], shape=operation.result.shape, axes=())


@RULES("transpose")
def transpose_of_nothing(b, operation):
    permutation = tuple(operation.attributes["permutation"])
    return operation.operands[0] if permutation == tuple(range(len(permutation))) else None


@RULES("transpose")
def transpose_twice(b, operation):
    inner = made_by(operation.operands[0], "transpose")
    if inner is None:
        return None
    first, second = inner.attributes["permutation"], operation.attributes["permutation"]
    return b.transpose(inner.operands[0], permutation=tuple(first[axis] for axis in second))


@RULES("transpose")
def transpose_of_broadcast(b, operation):
    """A broadcast to the other order of axes, of a transposed operand where the order of its own axes
    changes."""
    inner = made_by(operation.operands[0], "broadcast")
    if inner is None:
        return None
    permutation = list(operation.attributes["permutation"])
    moved = [permutation.index(axis) for axis in inner.attributes["axes"]]
    order = sorted(range(len(moved)), key=moved.__getitem__)
    source = b.transpose(inner.operands[0], permutation=tuple(order))
    return b.broadcast(source, shape=operation.result.shape, axes=tuple(sorted(moved)))


@RULES("transpose")
def transpose_of_unit_axes(b, operation):
    """A transpose that leaves the order of all axes but those of extent 1 is a reshape."""
    (x,), permutation = operation.operands, operation.attributes["permutation"]
    moved = [axis for axis in permutation if x.shape[axis] != 1]
    return b.reshape(x, shape=operation.result.shape) if moved == sorted(moved) else None


# --- slice, pad, concatenate, reverse -----------------------------------------------------------------------

@RULES("slice")
def slice_of_everything(b, operation):
    (x,), attributes = operation.operands, operation.attributes
    whole = all(start == 0 and stop == size and step == 1 for start, stop, step, size in
                zip(attributes["starts"], attributes["stops"], attributes["steps"], x.shape))
    return x if whole else None


@RULES("slice")
def slice_of_part(b, operation):
    """A slice that lies in one part of a concatenation is a slice of that part."""
    joined, attributes = made_by(operation.operands[0], "concatenate"), operation.attributes
    if joined is None:
        return None
    axis, offset = joined.attributes["axis"], 0
    start, stop = attributes["starts"][axis], attributes["stops"][axis]
    for part in joined.operands:
        end = offset + part.shape[axis]
        if _is_within(start, stop, offset, end):
            starts, stops = list(attributes["starts"]), list(attributes["stops"])
            starts[axis], stops[axis] = start - offset, stop - offset
            return b.slice(part, starts=tuple(starts), stops=tuple(stops), steps=attributes["steps"])
        offset = end
    return None


def _is_within(start, stop, low, high):
    before, after = start - low, high - stop
    return isinstance(before, int) and isinstance(after, int) and before >= 0 and after >= 0


@RULES("pad")
def pad_with_nothing(b, operation):
    attributes = operation.attributes
    edges = (*attributes["low"], *attributes["high"])
    return operation.operands[0] if all(edge == 0 for edge in edges) else None


@RULES("concatenate")
def concatenate_one(b, operation):
    return operation.operands[0] if len(operation.operands) == 1 else None


@RULES("concatenate")
def concatenate_flat(b, operation):
    """A concatenation of concatenations along the same axis."""
    axis, parts = operation.attributes["axis"], []
    for value in operation.operands:
        inner = made_by(value, "concatenate")
        parts += inner.operands if inner and inner.attributes["axis"] == axis else [value]
    return b.concatenate(*parts, axis=axis) if len(parts) > len(operation.operands) else None


@RULES("reverse")
def reverse_nothing(b, operation):
    (x,), axes = operation.operands, operation.attributes["axes"]
    inner = made_by(x, "reverse")
    if inner and set(inner.attributes["axes"]) == set(axes):
        return inner.operands[0]
    return x if all(x.shape[axis] == 1 for axis in axes) else None


# --- reductions ---------------------------------------------------------------------------------------------

_REDUCTIONS = ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_and", "reduce_or")


@RULES(*_REDUCTIONS)
def reduce_nothing(b, operation):
    return operation.operands[0] if not operation.attributes["axes"] else None


@RULES(*_REDUCTIONS)
def reduce_unit_axes(b, operation):
    """Over axes of extent 1 a reduction is a reshape."""
    (x,), axes = operation.operands, operation.attributes["axes"]
    return b.reshape(x, shape=operation.result.shape) if all(x.shape[axis] == 1 for axis in axes) else None


@RULES(*_REDUCTIONS)
def reduce_twice(b, operation):
    inner = made_by(operation.operands[0], operation.name)
    if inner is None or not b.is_used_once(inner.result):
        return None
    first = set(inner.attributes["axes"])
    kept = [axis for axis in range(inner.operands[0].rank) if axis not in first]
    axes = first | {kept[axis] for axis in operation.attributes["axes"]}
    return b.emit(operation.name, inner.operands, {"axes": tuple(sorted(axes))})


@RULES(*_REDUCTIONS)
def reduce_transposed(b, operation):
    """Where the axes that stay keep their order, the transpose is not needed."""
    inner = made_by(operation.operands[0], "transpose")
    if inner is None:
        return None
    permutation, axes = inner.attributes["permutation"], operation.attributes["axes"]
    kept = [permutation[axis] for axis in range(len(permutation)) if axis not in axes]
    if kept != sorted(kept):
        return None
    return b.emit(operation.name, inner.operands, {"axes": tuple(sorted(permutation[axis] for axis in axes))})


@RULES("reduce_sum")
def sum_of_nothing(b, operation):
    (x,), axes = operation.operands, operation.attributes["axes"]
    return b.full(0, operation.result) if any(x.shape[axis] == 0 for axis in axes) else None


@RULES("reduce_sum")
def sum_of_negated(b, operation):
    """The sum of -x is minus the sum of x."""
    inner = made_by(operation.operands[0], "neg")
    return b.neg(b.reduce_sum(*inner.operands, axes=operation.attributes["axes"])) if inner else None


@RULES(*_REDUCTIONS)
def reduce_of_added_axes(b, operation):
    """A reduction over all axes of a tensor that was only given axes of extent 1."""
    inner = made_by(operation.operands[0], "reshape")
    if inner is None or operation.result.rank:
        return None
    (source,), shape = inner.operands, inner.result.shape
    if tuple(dim for dim in shape if dim != 1) != tuple(dim for dim in source.shape if dim != 1):
        return None
    return b.emit(operation.name, (source,), {"axes": tuple(range(source.rank))})


@RULES("reduce_sum")
def sum_of_repeated(b, operation):
    """A sum over axes along which an operand was only repeated is a product with their extent."""
    source, repeated = _repeated_axes(operation)
    if not repeated:
        return None
    extent = size_product(operation.operands[0].shape[axis] for axis in repeated)
    rest = _without_repeated(b, operation, source, repeated)
    if isinstance(extent, int):
        count = b.constant(np.asarray(extent).astype(rest.element.numpy))
    else:
        count = b.convert(b.extent(extent), element=rest.element)
    return b.mul(rest, b.broadcast(count, shape=rest.shape, axes=()))


@RULES("reduce_max", "reduce_min", "reduce_and", "reduce_or")
def extremum_of_repeated(b, operation):
    """Along axes of which something is known to be there, repetition does not change an extremum."""
    source, repeated = _repeated_axes(operation)
    known = [operation.operands[0].shape[axis] for axis in repeated]
    if not repeated or not all(isinstance(dim, int) and dim > 0 for dim in known):
        return None
    return _without_repeated(b, operation, source, repeated)


def _repeated_axes(operation):
    """The broadcast that a reduction reduces, and those of the reduced axes that it only repeats along."""
    source = made_by(operation.operands[0], "broadcast")
    if source is None:
        return None, []
    own = {axis for axis, dim in zip(source.attributes["axes"], source.operands[0].shape)
           if dim != 1 or source.result.shape[axis] == 1}
    return source, [axis for axis in operation.attributes["axes"] if axis not in own]


def _without_repeated(b, operation, source, repeated):
    """The reduction of the same broadcast made without the axes `repeated`."""
    kept = [axis for axis in range(source.result.rank) if axis not in repeated]
    axes = tuple(kept.index(axis) for axis in sorted(operation.attributes["axes"]) if axis in kept)
    return b.emit(operation.name, (broadcast_along(b, source, kept),), {"axes": axes})


def broadcast_along(b, repeated, kept):
    """The broadcast of the same operand to the axes `kept` alone; along others it was only repeated."""
    (x,), shape = repeated.operands, repeated.result.shape
    own = [axis for axis in repeated.attributes["axes"] if axis in kept]
    x = b.reshape(x, shape=_dims_along(x, repeated.attributes["axes"], kept))
    return b.broadcast(x, shape=tuple(shape[axis] for axis in kept),
                       axes=tuple(kept.index(axis) for axis in own))
