"""The type that two numbers meet in: Julia's `promote_type`."""

from functools import cache

from . import types as t
from .type_lattice import Bottom, DataType, is_subtype, typejoin, union

_FLOAT_ORDER = {t.Float16: 0, t.Float32: 1, t.Float64: 2}
_SIGNED_BITS = {t.Int8: 8, t.Int16: 16, t.Int32: 32, t.Int64: 64}
_UNSIGNED_BITS = {t.UInt8: 8, t.UInt16: 16, t.UInt32: 32, t.UInt64: 64}


@cache
def promote_type(a, b):
    """Julia's `promote_type` for built-in types; other pairs join."""
    if a is b:
        return a
    if a is Bottom or b is Bottom:
        return b if a is Bottom else a
    for x, y in ((a, b), (b, a)):
        if isinstance(x, DataType) and x.family is t.Irrational.body.family:
            if isinstance(y, DataType) and y.family is t.Irrational.body.family:
                return t.Float64
            return y if y in _FLOAT_ORDER or y is t.BFloat16 else promote_type(t.Float64, y)
        if isinstance(x, DataType) and x.family is t.Complex.body.family and is_subtype(y, t.Number):
            other = y.parameters[0] if y.family is t.Complex.body.family else y
            return t.Complex.body.family.apply(promote_type(x.parameters[0], other))
        if x in _FLOAT_ORDER:
            if y in _FLOAT_ORDER:
                return x if _FLOAT_ORDER[x] >= _FLOAT_ORDER[y] else y
            if y is t.BFloat16:
                return t.Float32 if x is t.Float16 else x
            if is_subtype(y, t.Integer):
                return x
        if x is t.BFloat16 and is_subtype(y, t.Integer):
            return x
        if x is t.Bool and is_subtype(y, t.Number):
            return y
        if x in _SIGNED_BITS and y in _SIGNED_BITS:
            return x if _SIGNED_BITS[x] >= _SIGNED_BITS[y] else y
        if x in _UNSIGNED_BITS and y in _UNSIGNED_BITS:
            return x if _UNSIGNED_BITS[x] >= _UNSIGNED_BITS[y] else y
        if x in _SIGNED_BITS and y in _UNSIGNED_BITS:  # same size: unsigned; otherwise the larger
            return x if _SIGNED_BITS[x] > _UNSIGNED_BITS[y] else y
    for x, y in ((a, b), (b, a)):
        if x is t.Nothing or x is t.Missing:
            return union(x, y)
    return typejoin(a, b)
