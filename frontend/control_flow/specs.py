"""Specs: what a value is made of apart from the numbers in it.

Where two ways of a program meet (the arms of a conditional, one iteration of a loop and the next) the same
variable may hold different values. `spec_of` describes a value, `join` gives the spec that holds both,
`flatten` the IR values of a value as its spec has them, `rebuild` the value again from other IR values.
Numbers promote. What cannot be joined is *poison*: an `Undefined` with a reason, an error only when read.
"""

from dataclasses import dataclass

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import TensorType
from .. import types as t
from ..batching.lanes import is_lanes
from ..evaluation.scopes import Cell
from ..poison import UNDEFINED, Either, Undefined
from ..promotion import promote_type
from ..staged_numbers import DimNumber, Traced
from ..staging import convert_payload, expand, payload_of, read
from ..state import state
from ..trees import by_parts, children, is_number, with_children
from ..type_names import type_name
from ..values import Array, Function, Node, Range, Struct, typeof


@dataclass(frozen=True)
class Fixed:
    """One and the same value."""

    value: object

    def __eq__(self, other):
        return other.__class__ is Fixed and same_value(self.value, other.value)

    __hash__ = None


@dataclass(frozen=True)
class Number:
    """A number of a Julia type; `shape` is that of the lanes, () outside of a broadcast."""

    type: object
    shape: tuple = ()

    @property
    def tensor(self):
        return TensorType(t.ELEMENT_TYPES[self.type], self.shape)


@dataclass(frozen=True)
class Numbers:
    """An array of numbers: its Julia element type and row-major shape."""

    element: object
    shape: tuple

    @property
    def tensor(self):
        return TensorType(t.ELEMENT_TYPES[self.element], self.shape)


@dataclass(frozen=True)
class Container:
    """A tuple, named tuple, struct, array of objects, closure, cell or node of a tree: `like` is one of the
    kind, `parts` are the specs of what is in it."""

    like: object
    parts: tuple

    def __eq__(self, other):
        return (other.__class__ is Container and same_kind(self.like, other.like)
                and self.parts == other.parts)

    __hash__ = None


@dataclass(frozen=True)
class Unknown:
    """Nothing that can be read: not assigned yet (no reason), or poison."""

    reason: str | None = None


def same_value(a, b):
    """Whether two host values cannot be told apart."""
    if a is b:
        return True
    if a.__class__ is not b.__class__ or a.__class__ in (Array, Struct, Function, Traced, Undefined, Cell):
        return False
    if a.__class__ is Range:
        return a.type is b.type and all(same_value(*pair) for pair in (
            (a.start, b.start), (a.step, b.step), (a.length, b.length)))
    if isinstance(a, float | np.floating):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes()
    try:
        return bool(a == b)
    except (TypeError, ValueError):
        return False


def is_mutable(value):
    return value.__class__ is Struct and value.type.family.mutable


def holds_mutable(value):
    """Whether a value is, or holds, an object whose fields can be assigned."""
    return is_mutable(value) or any(holds_mutable(child) for _, child in children(value) or ())


def parts_of(value):
    """The values inside of a container as a list, None for what is none."""
    if is_mutable(value):
        return list(value.fields)
    if value.__class__ is Cell:
        return [value.value]
    if value.__class__ is Either:
        return [value.condition, value.first, value.second]
    if value.__class__ is Node:
        return [Traced(value.index)]
    if value.__class__ is Function:
        return None if _code(value) is None else list(value.captured)
    if is_lanes(value) and not value._data.lengths:
        from .item_buffers import columns_of

        return [Array(column) for column in columns_of(value)[1]] or None
    items = children(by_parts(value))
    return None if items is None else [child for _, child in items]


def _code(function):
    methods = function.methods.methods
    if len(methods) != 1 or not isinstance(function.captured, list):
        return None
    return methods[0].definition


def same_kind(a, b):
    """Whether two containers differ in nothing but their parts."""
    if a.__class__ is not b.__class__:
        return False
    if a.__class__ is tuple:
        return len(a) == len(b)
    if a.__class__ is Struct:
        return a.type is b.type
    if a.__class__ is Array:
        if is_lanes(a) or is_lanes(b):
            from .item_buffers import are_alike

            return are_alike(a, b)
        return a.type is b.type and a._data.shape == b._data.shape
    if a.__class__ is Function:
        return _code(a) is not None and _code(a) is _code(b)
    if a.__class__ in (Cell, Either):
        return True
    if a.__class__ is Node:
        return a.forest is b.forest
    return a.names == b.names


def with_parts(like, parts):
    """A container of the kind of `like` with other parts."""
    if is_mutable(like):
        return Struct(like.type, list(parts))
    if like.__class__ is Cell:
        return Cell(parts[0])
    if like.__class__ is Either:
        return Either(*parts, like.reason)
    if like.__class__ is Node:
        return Node(like.forest, parts[0].data)
    if like.__class__ is Function:
        from ..evaluation.functions import with_captured

        return with_captured(like, list(parts))
    if is_lanes(like):
        from .columns import lanes_of
        from .item_buffers import columns_of

        return lanes_of(columns_of(like)[0], [read(part) for part in parts])
    return with_children(like, list(parts))


def spec_of(value):
    """The spec of a value as it is."""
    if value.__class__ is Undefined:
        return Unknown(value.reason)
    if value.__class__ is Either:
        return Container(value, tuple([spec_of(part) for part in parts_of(value)]))
    if value.__class__ is Traced:
        return Number(value.type, tuple(value.data.shape))
    return Fixed(value)


def opened(value):
    """The spec of a value with its array or its parts told apart; None where there is nothing to open."""
    if value.__class__ is Array and value.element in t.ELEMENT_TYPES:
        return Numbers(value.element, tuple(value._data.shape))
    value = by_parts(value)
    if is_number(value) or value.__class__ is DimNumber:
        return Number(typeof(value)) if typeof(value) in t.ELEMENT_TYPES else None
    parts = parts_of(value)
    return None if parts is None else Container(value, tuple([spec_of(part) for part in parts]))


def full_spec(value, serial):
    """The spec of a value with all that is younger than a serial told apart: what each iteration of a loop
    makes anew."""
    if value.__class__ in (Traced, Undefined):
        return spec_of(value)
    if value.__class__ is Either:
        return Container(value, tuple([full_spec(part, serial) for part in parts_of(value)]))
    if getattr(value, "serial", serial) < serial:
        return Fixed(value)
    if value.__class__ is Array and value.element in t.ELEMENT_TYPES:
        return opened(value)
    parts = parts_of(value)
    if parts is None or is_number(value):
        return Fixed(value)
    specs = tuple([full_spec(part, serial) for part in parts])
    fixed = not hasattr(value, "serial") or (value.__class__ is Struct and not is_mutable(value))
    fixed = fixed and all(spec.__class__ is Fixed for spec in specs)
    return Fixed(value) if fixed else Container(value, specs)


class Conflict(Exception):
    """Two specs that have no join."""


def join(a, b, where="", lenient=False):
    """The spec that holds the values of both; `Unknown` with a reason where there is none.

    `where` says where the two meet. With `lenient` a value that is not assigned yet joins with any other."""
    if a.__class__ is Unknown or b.__class__ is Unknown:
        if a == b:
            return a
        if lenient and Unknown() in (a, b):
            return b if a == Unknown() else a
        unknown, other = (a, b) if a.__class__ is Unknown else (b, a)
        return unknown if unknown.reason is not None else Unknown(f"is not always defined{where}")
    try:
        return _join(a, b)
    except Conflict:
        return Unknown(f"is {describe(a)} or {describe(b)}{where}: it must have one type and size")


def _join(a, b):
    if a == b:
        return a
    if a.__class__ is b.__class__ is Fixed and is_mutable(a.value) and is_mutable(b.value):
        raise Conflict  # two objects: what is written to the one that is meant must be seen there
    if is_either(a) != is_either(b):
        return _join_side(*((a, b) if is_either(a) else (b, a)))
    if a.__class__ is Fixed:
        a = opened(a.value)
    if b.__class__ is Fixed:
        b = opened(b.value)
    if a is None or b is None or a.__class__ is not b.__class__:
        raise Conflict
    if a.__class__ is Container:
        if not same_kind(a.like, b.like):
            raise Conflict
        parts = []
        for one, other in zip(a.parts, b.parts, strict=True):
            if one.__class__ is Unknown or other.__class__ is Unknown:
                if one != other:
                    raise Conflict
                parts.append(one)
            else:
                parts.append(_join(one, other))
        return Container(a.like, tuple(parts))
    if a.__class__ is Number:
        type_, shape = promote_type(a.type, b.type), max(a.shape, b.shape, key=len)
    else:
        type_, shape = promote_type(a.element, b.element), a.shape
        if a.shape != b.shape:
            raise Conflict
    if type_ not in t.ELEMENT_TYPES:
        raise Conflict
    return a.__class__(type_, shape)


def is_either(spec):
    return spec.__class__ is Container and spec.like.__class__ is Either


def _join_side(either, other):
    """The join of two possible values and one that is like one of them."""
    condition, first, second = either.parts
    try:
        return Container(either.like, (condition, _join(first, other), second))
    except Conflict:
        return Container(either.like, (condition, first, _join(second, other)))


def either_of(first, second, where):
    """The spec of two values (given by specs) that have no join."""
    reason = f"is {describe(first)} or {describe(second)}{where}: it must have one type and size"
    return Container(Either(None, None, None, reason), (Number(t.Bool), first, second))


def describe(spec):
    """A spec in words."""
    if spec.__class__ is Unknown:
        return "undefined"
    if spec.__class__ is Number:
        return f"a {type_name(spec.type)}"
    if spec.__class__ is Numbers:
        from ..base.errors import dims_text

        kind = type_name(t.array_type(spec.element, len(spec.shape)))
        return f"a {dims_text(spec.shape[::-1])} {kind}"
    value = spec.value if spec.__class__ is Fixed else spec.like
    if value is None:
        return "nothing"
    if value.__class__ is Array and value.element in t.ELEMENT_TYPES:
        return describe(opened(value))
    return f"a {type_name(typeof(value))}"


def leaf_types(spec):
    """The tensor types of a spec's leaves in order."""
    if spec.__class__ in (Number, Numbers):
        return [spec.tensor]
    if spec.__class__ is Container:
        return [type_ for part in spec.parts for type_ in leaf_types(part)]
    return []


def flatten(spec, value):
    """The IR values of a value's leaves, converted to the types that the spec has; zeros for a value that is
    not assigned."""
    if spec.__class__ in (Fixed, Unknown):
        return []
    if value.__class__ is Undefined:
        return [zeros(type_) for type_ in leaf_types(spec)]
    if spec.__class__ is Number:
        return [as_ir(expand(payload_of(value, spec.type), spec.shape))]
    if spec.__class__ is Numbers:
        return [as_ir(convert_payload(read(value), spec.element))]
    items = sides(spec, value) if is_either(spec) and value.__class__ is not Either else parts_of(value)
    return [leaf for part, item in zip(spec.parts, items, strict=True)
            for leaf in flatten(part, item)]


def sides(spec, value):
    """A value as the one of two that it is."""
    _, first, second = spec.parts
    try:
        if _join(first, spec_of(value)) == first:
            return [True, value, UNDEFINED]
    except Conflict:
        pass
    assert _join(second, spec_of(value)) == second
    return [False, UNDEFINED, value]


def as_ir(payload) -> Value:
    """A payload as an IR value of the current block."""
    return payload if payload.__class__ is Value else state.trace.builder.constant(np.array(payload))


def zeros(type_):
    """Zeros of a tensor type in the current block."""
    builder = state.trace.builder
    scalar = builder.constant(np.zeros((), type_.element.numpy))
    return builder.broadcast(scalar, shape=type_.shape, axes=()) if type_.shape else scalar


def rebuild(spec, leaves):
    """The value of a spec with the IR values that the iterator `leaves` gives."""
    if spec.__class__ is Fixed:
        return spec.value
    if spec.__class__ is Number:
        return Traced(next(leaves))
    if spec.__class__ is Numbers:
        return Array(next(leaves))
    if spec.__class__ is Unknown:
        return UNDEFINED if spec.reason is None else Undefined(spec.reason)
    return with_parts(spec.like, [rebuild(part, leaves) for part in spec.parts])
