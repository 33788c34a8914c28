"""Dims and numbers: sizes that a program computes as dims of shapes, those too that only the graph knows."""

import numpy as np

from ..compiler.errors import WeberError
from ..compiler.ir import Block, Value
from ..compiler.ops.loop_parts import INDEX
from ..compiler.types import I64, fresh_dim, symbol_name
from . import types as t
from .staged_numbers import DimNumber, Traced
from .staging import convert_payload, emit, host_number
from .state import state
from .type_lattice import is_subtype


def dim_number(dim):
    """A dim of a shape as a Julia number: an int, or a `DimNumber` where it is symbolic."""
    return DimNumber.of(dim)


def as_dim(value):
    """A Julia number as a dim of a shape; one that only the graph knows becomes a dim with a name of its
    own."""
    if value.__class__ is DimNumber:
        return value.dim
    if value.__class__ is Traced and value.known is None and value.data.__class__ is Value \
            and not value.data.shape and is_subtype(value.type, t.Integer):
        return defined_dim(value.data)
    value = host_number(value, "a size")
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise WeberError(f"a size must be an integer, got {value!r}", kind="ArgumentError")
    return int(value)


def defined_dim(size):
    """The dim of this size, a scalar of the graph: the trips of a loop that counts them, the same for sizes
    that are certainly equal."""
    size = convert_payload(size, t.FROM_ELEMENT[I64])
    wanted, offset = counted_terms(size)
    for scope in state.trace.scopes():
        for operation in scope.block.operations:
            if operation.name == "loop" and operation.attributes == counts(operation.attributes["trips"]):
                known, constant = counted_terms(operation.operands[0])
                if offset == constant and (known is wanted or computes_same(known, wanted)):
                    return operation.attributes["trips"]
    dim, builder = fresh_dim("K"), state.trace.builder
    builder.location = state.location
    define_dim(builder, dim, size)
    return dim


def define_dim(builder, dim, size):
    """Appends what gives a dim this size, an i64 scalar: a loop that counts its trips."""
    index = Value(INDEX)
    builder.emit("loop", [size], counts(dim), [Block([index], [], [index])])


def counts(dim):
    """The attributes of a loop that does nothing but count."""
    return {"carried": 0, "trips": dim, "counted": True}


def counted_terms(size):
    """The terms of a size; one that is less than zero counts as zero."""
    operation = size.operation
    if operation is not None and operation.name == "max" and constant_of(operation.operands[1]) == 0:
        (size, _) = operation.operands
    return terms_of(size)


def terms_of(value):
    """An integer of the graph as (IR value, int) whose sum it is."""
    constant = 0
    while value.operation is not None and value.operation.name in ("add", "sub", "identity"):
        operation = value.operation
        if operation.name == "identity":
            (value,) = operation.operands
            continue
        left, right = (constant_of(operand) for operand in operation.operands)
        if right is not None:
            constant += right if operation.name == "add" else -right
            value = operation.operands[0]
        elif left is not None and operation.name == "add":
            constant += left
            value = operation.operands[1]
        else:
            break
    return value, constant


def constant_of(value):
    """The integer that an IR value is, None where it is no constant."""
    operation = value.operation
    is_constant = operation is not None and operation.name == "constant" and not value.shape
    return int(operation.attributes["value"]) if is_constant else None


def true_places(flags):
    """The places, from 0, at which a vector of the graph is true; their number is a new dim, but the same for
    the same flags."""
    for scope in state.trace.scopes():
        for operation in scope.block.operations:
            if operation.name == "true_indices" and computes_same(operation.operands[0], flags):
                return operation.result
    dim = fresh_dim("K")
    state.trace.dim_bounds[symbol_name(dim)] = flags.shape[0]
    return emit("true_indices", [flags], {"dim": dim})


SEARCHED = 16
"""So far back two values are compared by how they are computed."""


def computes_same(a, b, depth=SEARCHED):
    """Whether two values of the graph are certainly equal: computed by the same operations of the same."""
    if a is b:
        return True
    one, other = a.operation, b.operation
    if one is None or other is None or one.name != other.name or a.index != b.index or a.type != b.type:
        return False
    if depth == 0 or one.regions or not one.op.pure or one.name == "true_indices":
        return False
    if one.name == "constant":
        values = [np.asarray(operation.attributes["value"]) for operation in (one, other)]
        return values[0].tobytes() == values[1].tobytes()
    return one.attributes == other.attributes and all(
        computes_same(*pair, depth - 1) for pair in zip(one.operands, other.operands, strict=True))
