"""Hash keys: Python keys that are equal where Julia's `isequal` holds."""

import math
from hashlib import blake2b

import numpy as np

from .. import types as t
from ..calling import call
from ..staged_numbers import Traced
from ..staging import host_number, read_host
from ..values import Array, Dictionary, NamedTuple, Range, SetValue, Struct
from .complex_numbers import is_complex, parts
from .registry import define, function


class UserKey:
    """The key of an object whose type has its own `==` and `hash`."""

    __slots__ = ("value", "code")

    def __init__(self, value, code):
        self.value, self.code = value, code

    def __hash__(self):
        return self.code

    def __eq__(self, other):
        return isinstance(other, UserKey) and call(function("isequal"), (self.value, other.value)) is True


def hash_key(value):
    """A hashable Python object for a Julia value: equal for values that are `isequal`."""
    cls = value.__class__
    if cls is int or cls is str or cls is bool:
        return value
    if isinstance(value, float | np.floating):
        number = float(value)
        if math.isnan(number):
            return "NaN", float
        return ("-0.0", float) if number == 0 and math.copysign(1.0, number) < 0 else number
    if is_complex(value):
        real, imaginary = map(hash_key, parts(value))
        return real if imaginary == 0 else (complex, real, imaginary)
    if isinstance(value, np.generic):
        return value.item()
    if cls is tuple:
        return tuple, *map(hash_key, value)
    if cls is Traced:
        return hash_key(host_number(value, "a key"))
    if cls is Array:
        data = read_host(value, "a key")
        return Array, data.shape, *map(hash_key, data.reshape(-1).tolist())
    if cls is Range:
        return Array, (len(value),), *map(hash_key, value)
    if cls is NamedTuple:
        return NamedTuple, value.names, *map(hash_key, value.values)
    if cls is Dictionary:
        return Dictionary, frozenset((key, hash_key(item)) for key, (_, item) in value.items.items())
    if cls is SetValue:
        return SetValue, frozenset(value.items)
    if cls is Struct:
        return _struct_key(value)
    return value


def _struct_key(value):
    found = function("hash").methods.find((value, np.uint64(0)))
    if found is not None and found[0].python is None:  # the type has a hash of its own
        return UserKey(value, int(found[0].call((value, np.uint64(0)), {}, found[1])))
    if value.type.family.mutable:
        return value
    return Struct, value.type, *map(hash_key, value.fields)


@define("hash", t.Any)
def hash_(value):
    """A hash code: equal for values that are `isequal`."""
    return call(function("hash"), (value, np.uint64(0)))


@define("hash", t.Any, t.UInt64)
def hash_with(value, seed):
    """A hash code mixed with another: the same in every run of a program."""
    text = repr((int(seed), _described(hash_key(value))))
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _described(key):
    """A hash key as Python values whose `repr` is equal for equal keys."""
    if isinstance(key, bool | int):
        return int(key)
    if isinstance(key, float):
        return int(key) if key.is_integer() else key
    if isinstance(key, tuple):
        return tuple(map(_described, key))
    if isinstance(key, frozenset):
        return sorted(map(repr, map(_described, key)))
    if isinstance(key, UserKey):
        return key.code
    return key if isinstance(key, str | complex | type(None)) else repr(key)


@define("objectid", t.Any)
def objectid(value):
    """A hash code by identity."""
    return np.uint64(hash(value if value.__class__ is Struct else hash_key(value)) & (2**64 - 1))
