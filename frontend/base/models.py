"""What the library needs to know of structs: rebuilding, what `@layer` declares, their size in memory."""

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import TensorType
from .. import types as t
from ..calling import call
from ..dims import as_dim
from ..staged_numbers import Traced
from ..staging import Trace, read
from ..type_lattice import UnionType, is_concrete, match
from ..values import Array, Dictionary, NamedTuple, Range, Struct, Symbol, typeof
from .registry import define, module

PRIMITIVES = module("Primitives")


@define("rebuild", t.Any, t.Any, ..., module=PRIMITIVES)
def rebuild(instance, *fields):
    """rebuild(x, fields...): a struct like `x` with other fields, without a constructor's call. Parameters of
    its type that fields determine follow them."""
    from ..evaluation.structs import new_instance

    family = instance.type.family
    bindings = dict.fromkeys(family.parameters)
    for value, declared in zip(fields, family.field_types, strict=True):
        match(typeof(value), declared, bindings)
    parameters = [old if bindings[variable] is None else bindings[variable]
                  for variable, old in zip(family.parameters, instance.type.parameters, strict=True)]
    return new_instance(family.apply(*parameters) if parameters else instance.type, fields)


def _declaration(value):
    from ..evaluation.struct_macros import layers

    return layers.get(getattr(typeof(value), "family", None))


@define("is_declared_leaf", t.Any, module=PRIMITIVES)
def is_declared_leaf(value):
    """Whether `@leaf` declares the type of a value."""
    declaration = _declaration(value)
    return declaration is not None and declaration.leaf


@define("is_layer", t.Any, module=PRIMITIVES)
def is_layer(value):
    """Whether `@layer` declares the type of a value."""
    declaration = _declaration(value)
    return declaration is not None and declaration.is_layer


@define("is_expanded", t.Any, module=PRIMITIVES)
def is_expanded(value):
    """Whether a value prints as a tree: all but those that `@layer :noexpand` declares."""
    declaration = _declaration(value)
    return declaration is None or declaration.expand


@define("declared_trainable", t.Any, module=PRIMITIVES)
def declared_trainable(value):
    """The names of the trainable fields that `@layer T trainable=(…)` declares; `nothing` for all."""
    declaration = _declaration(value)
    if declaration is None or declaration.trainable is None:
        return None
    return tuple(Symbol(name) for name in declaration.trainable)


@define("declared_children", t.Any, module=PRIMITIVES)
def declared_children(value):
    """The names of the fields that `@functor T (…)` declares to be the children; `nothing` for all."""
    declaration = _declaration(value)
    if declaration is None or declaration.children is None:
        return None
    return tuple(Symbol(name) for name in declaration.children)


@define("isstaged", t.Any, module=PRIMITIVES)
def isstaged(value):
    """Whether a number or array is only known when the graph runs."""
    if value.__class__ is Array:
        return read(value).__class__ is Value
    return value.__class__ is Traced and value.data.__class__ is Value


@define("abstractly", t.Any, t.Tuple, t.TypeOfType, module=PRIMITIVES)
def abstractly(function, sizes, element):
    """abstractly(f, sizes, T): `f(x…)` for arrays of which only the sizes are known.

    Nothing is computed, and all that `f` changes is undone. The result must not be an array."""
    with Trace() as trace:
        kind = t.ELEMENT_TYPES[element]
        inputs = [Array(trace.argument(TensorType(kind, tuple(map(as_dim, n[::-1]))))) for n in sizes]
        try:
            return call(function, inputs)
        finally:
            trace.rollback()


# --- memory -------------------------------------------------------------------------------------------------


@define("summarysize", t.Any, exported=False)
def summarysize(value):
    """Base.summarysize(x): the bytes of a value with all that it refers to, each object once, on 64 bits."""
    own = 0 if _is_object(value) else _stored(value, typeof(value))[0]
    return own + _referred(value, set())


@define("format_bytes", t.Integer, exported=False)
def format_bytes(count):
    """Base.format_bytes(n): `452 bytes`, `200.211 KiB`."""
    if count < 1024:
        return f"{count} byte{'' if count == 1 else 's'}"
    power = min((count.bit_length() - 1) // 10, 4)
    return f"{count / 1024**power:.3f} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"


def _is_object(value):
    """Whether a value is stored by reference."""
    if value.__class__ is Struct:
        return value.type.family.mutable
    return value.__class__ in (Array, Dictionary, str)


def _item_size(type_):
    return np.dtype(t.NUMPY_TYPES[type_]).itemsize


def _parts(value):
    if value.__class__ is tuple:
        return value
    if value.__class__ is NamedTuple:
        return value.values
    return value.fields if value.__class__ is Struct else ()


def _stored(value, declared):
    """(bytes, alignment) of a value where it is stored."""
    if _is_object(value) or value.__class__ is Symbol or _is_boxed(value, declared):
        return 8, 8
    if isinstance(declared, UnionType):  # the larger member, and a byte that tells which it is
        size = max((_item_size(member) for member in declared.members if member in t.NUMPY_TYPES), default=0)
        return size + 1, max(size, 1)
    if value.__class__ is Range:
        return 16, 8
    type_ = typeof(value)
    if type_ in t.NUMPY_TYPES:
        return _item_size(type_), _item_size(type_)
    return _packed(value)


def _is_boxed(value, declared):
    """Whether a field of this declared type refers to the value instead of holding it."""
    return not isinstance(declared, UnionType) and not is_concrete(declared)


def _declared(value):
    """The declared types of the parts of a value."""
    return value.type.field_types if value.__class__ is Struct else map(typeof, _parts(value))


def _packed(value):
    """(bytes, alignment) of the fields of a struct or tuple, each at a multiple of its alignment."""
    offset, alignment = 0, 1
    for part, declared in zip(_parts(value), _declared(value), strict=True):
        size, align = _stored(part, declared)
        offset = -(-offset // align) * align + size
        alignment = max(alignment, align)
    return -(-offset // alignment) * alignment, alignment


def _referred(value, seen):
    """The bytes of the objects that a value is or refers to."""
    if not _is_object(value):
        return _referred_by_parts(value, seen)
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if value.__class__ is str:
        return 8 + len(value.encode())
    if value.__class__ is Array:
        header = 32 + 8 * max(value.rank, 1)
        if value.element in t.NUMPY_TYPES:
            return header + _item_size(value.element) * int(np.prod(value.size, dtype=np.int64))
        items = value.data.reshape(-1)
        return header + sum(_stored(item, value.element)[0] + _referred(item, seen) for item in items)
    if value.__class__ is Dictionary:
        items = [item for pair in value.items.values() for item in pair]
        return 64 + sum(_stored(item, typeof(item))[0] + _referred(item, seen) for item in items)
    return _packed(value)[0] + _referred_by_parts(value, seen)


def _referred_by_parts(value, seen):
    """The bytes of the objects that the fields of a value refer to, boxes of immutable values included."""
    total = 0
    for part, declared in zip(_parts(value), _declared(value), strict=True):
        if _is_boxed(part, declared) and not _is_object(part) and part.__class__ is not Symbol:
            total += _stored(part, typeof(part))[0]
        total += _referred(part, seen)
    return total
