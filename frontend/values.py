"""The values programs compute with, as Python objects.

| Julia | here |
|---|---|
| Int64, Bool, Float64 | int, bool, float |
| other numbers | numpy scalars (float32, int8, uint64, bfloat16 …), complex for ComplexF64 |
| a number that only the graph knows, or one per lane of a broadcast | `staged_numbers.Traced` |
| Array{T,N} | `Array` (reference semantics) |
| Tuple, nothing, String | tuple, None, str |
| everything declared by `struct` | `Struct` |
"""

import math
from contextlib import contextmanager
from fractions import Fraction

import numpy as np

from ..compiler.ir import Value
from . import types as t
from .staged_numbers import DimNumber, Traced
from .state import LaneEffect, serials, state
from .type_lattice import TYPE_CLASSES, DataType, TypeFamily, TypeOfTypeFamily, UnionAll, UnionType
from .type_names import type_name


class Node:
    """A node of a tree that only the graph knows: the row `index`, an IR value, of a `Forest`. `known`
    maps fields that are children to whether they are nothing, where that is known. It is so many `steps`
    below the node whose row is `origin`."""

    __slots__ = ("forest", "index", "known", "origin", "steps")

    def __init__(self, forest, index, known=None, origin=None, steps=0):
        self.forest, self.index, self.known = forest, index, known or {}
        self.origin, self.steps = index if origin is None else origin, steps
        state.trace.note_node(index)

    @property
    def type(self):
        return self.forest.spec.type


def holds(data, kinds):
    """Whether contents are an array of the host of one of numpy's kinds: "O" objects, "c" complex numbers."""
    return data.__class__ is np.ndarray and data.dtype.kind in kinds


class Array:
    """A Julia array. `data` is row-major with the dims reversed: a numpy array, or an IR value while staging.

    Assigning `data` is mutation; it goes through `staging.write` so that traces see it. Element types that
    numpy does not have are numpy object arrays with `type` set accordingly."""

    __slots__ = ("_data", "type", "serial", "link", "__weakref__")

    def __init__(self, data, type=None):
        if state.lanes:  # an array for each lane is not an array of lanes
            raise LaneEffect
        self._data = data
        if type is None:
            element = t.FROM_ELEMENT[data.element] if isinstance(data, Value) else t.JULIA_TYPES[data.dtype]
            type = t.array_type(element, len(data.shape))
        self.type = type
        self.serial = next(serials)
        self.link = None  # a `sharing.Link`, where this is made of another array in a trace

    @property
    def data(self):
        """The payload. Contents that a compiled call left on the device are fetched when first looked at."""
        data = self._data
        if data.__class__ is not np.ndarray and data.__class__ is not Value:  # a `specialisation.Resident`
            data = self._data = data.fetch()
        return data

    @data.setter
    def data(self, data):
        self._data = data

    @property
    def size(self):
        """Julia's size: the dims in column-major order."""
        return self.data.shape[::-1]

    @property
    def rank(self):
        return len(self.data.shape)

    @property
    def element(self):
        """The Julia element type."""
        element = self.type.parameters[0]
        return element if element.__class__ is not int else t.Bool  # `BitArray{N}` tells its rank only

    @property
    def is_staged(self):
        return isinstance(self.data, Value)

    def __repr__(self):
        return f"<Array {type_name(self.type)} {self.size}>"


class Char:
    """A character; compares and hashes by code point."""

    __slots__ = ("code",)

    def __init__(self, code):
        self.code = code

    def __eq__(self, other):
        return isinstance(other, Char) and self.code == other.code

    def __lt__(self, other):
        return self.code < other.code

    def __add__(self, count):
        return Char(self.code + count)

    def __sub__(self, count):
        return Char(self.code - count)

    def __hash__(self):
        return hash((Char, self.code))

    def __str__(self):
        return chr(self.code)

    def __repr__(self):
        return f"Char({chr(self.code)!r})"


class Symbol:
    """An interned name: `Symbol("a") is Symbol("a")`."""

    __slots__ = ("name",)
    _interned = {}

    def __new__(cls, name):
        symbol = cls._interned.get(name)
        if symbol is None:
            symbol = cls._interned[name] = super().__new__(cls)
            symbol.name = name
        return symbol

    def __lt__(self, other):
        return self.name < other.name

    def __reduce__(self):
        return Symbol, (self.name,)

    def __repr__(self):
        return f":{self.name}"


class NamedTuple:
    """An ordered mapping of names (str) to values."""

    __slots__ = ("names", "values")

    def __init__(self, names, values):
        self.names, self.values = tuple(names), tuple(values)

    def get(self, name, default=None):
        return self.values[self.names.index(name)] if name in self.names else default

    def __eq__(self, other):
        return isinstance(other, NamedTuple) and self.names == other.names and self.values == other.values

    def __hash__(self):
        return hash((self.names, self.values))

    def __repr__(self):
        return f"<NamedTuple {dict(zip(self.names, self.values, strict=True))}>"


class Struct:
    """An instance of a declared type: `fields` in order of `type.family.field_names`."""

    __slots__ = ("type", "fields", "serial", "__weakref__")

    def __init__(self, type, fields):
        self.type, self.fields, self.serial = type, fields, next(serials)

    def __repr__(self):
        return f"<Struct {type_name(self.type)}>"


class Range:
    """`start:step:stop`: `type` is UnitRange, OneTo or StepRange of ints, or StepRangeLen of floats.

    A float range is exact in the simplest fractions that its start and step are, as Julia's are: element i is
    (a + b i) / d rounded once."""

    __slots__ = ("start", "step", "length", "type", "_fractions")

    def __init__(self, start, step, length, type):
        self.start, self.step, self.length, self.type = start, step, length, type
        self._fractions = None

    @property
    def is_staged(self):
        """Whether only the graph knows where it starts or how long it is."""
        return any(number.__class__ in (Traced, DimNumber) for number in (self.start, self.length))

    @property
    def stop(self):
        return self[self.length - 1] if self.is_staged or self.length else self.start - self.step

    @property
    def fractions(self):
        """(a, b, d) of a float range."""
        if self._fractions is None:
            start, step = simplest_fraction(self.start), simplest_fraction(self.step)
            common = math.lcm(start.denominator, step.denominator)
            self._fractions = int(start * common), int(step * common), common
        return self._fractions

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        """The element at the 0-based index."""
        if isinstance(self.start, float | np.floating):
            a, b, d = self.fractions
            return self.start.__class__((a + b * index) / d)
        return self.start + index * self.step

    def __iter__(self):
        if self.start.__class__ is int and isinstance(self.length, int):
            return iter(range(self.start, self.start + self.step * self.length, self.step))
        return map(self.__getitem__, range(self.length))


def simplest_fraction(number) -> Fraction:
    """The fraction with the smallest denominator (to 10⁶) that rounds to this float; its exact value if there
    is none."""
    single = number.__class__ is not float
    simple = Fraction(str(number) if single else number).limit_denominator(10**6)
    return simple if number.__class__(float(simple)) == number else Fraction(float(number))


class Function:
    """A generic function: a name and a method table (see `dispatch`). Closures are Functions of their own.

    `type` is its singleton type `typeof(f)`; `captured` are the cells of a closure."""

    __slots__ = (
        "name",
        "methods",
        "type",
        "module",
        "serial",
        "captured",
        "frame",
        "documentation",
        "__weakref__",
    )

    def __init__(self, name, methods, module=None, captured=()):
        self.name, self.methods, self.module, self.captured = name, methods, module, captured
        self.frame = None  # of a local function: the activation that defined it
        self.type = TypeFamily(f"typeof({name})", supertype=t.Function, module=module).apply()
        self.serial = next(serials)
        self.documentation = None

    def __repr__(self):
        return f"<Function {self.name}>"


class Module:
    """A namespace. `bindings` maps names to values; `constants` are the names declared `const`; `exports`
    those that
    `using` brings."""

    __slots__ = (
        "name",
        "bindings",
        "exports",
        "constants",
        "parent",
        "usings",
        "loader",
        "file",
        "documentation",
        "documented",
        "serial",
        "anonymous",
    )

    def __init__(self, name, parent=None, loader=None):
        self.name, self.parent, self.loader = name, parent, loader
        self.anonymous = 0  # how many names anonymous functions have been given
        self.bindings, self.exports, self.constants, self.usings = {}, set(), set(), []
        self.file = None
        self.documentation, self.documented = None, {}  # see `docstrings`
        self.serial = next(serials)

    def get_location(self, name):
        return self.bindings.get(name)

    def set_location(self, name, value):
        self.bindings[name] = value

    def __repr__(self):
        return f"<Module {self.name}>"


class _Hashed:
    """A collection that keeps its entries by `hash_key`, in insertion order."""

    __slots__ = ("type", "items", "serial", "__weakref__")

    def __init__(self, type, items=None):
        self.type, self.items, self.serial = type, {} if items is None else items, next(serials)

    def get_location(self, key):
        """The entry at a hash key; `ABSENT` where there is none."""
        return self.items.get(key, ABSENT)

    def set_location(self, key, entry):
        """Puts an entry at a hash key; `ABSENT` removes it."""
        if entry is ABSENT:
            self.items.pop(key, None)
        else:
            self.items[key] = entry


ABSENT = object()
"""Stands for the entry of a key that a collection does not have."""


class Dictionary(_Hashed):
    """`Dict{K,V}`: `items` maps `hash_key(key)` to (key, value), in insertion order."""

    __slots__ = ()


class SetValue(_Hashed):
    """`Set{T}`: `items` maps `hash_key(element)` to the element."""

    __slots__ = ()


class GeneratorValue:
    """`(body for x in iterable if condition)`: `iterate()` gives a fresh Python iterator over its values;
    `size` is the Julia size where it is known (products of iterables with sizes, no condition), else None.
    `parts` has the parts of a generator of one `for`; `nested()` gives those of the slowest loop of others,
    whose values are vectors of the values of the loops inside."""

    __slots__ = ("iterate", "size", "parts", "nested")

    def __init__(self, iterate, size=None, parts=None, nested=None):
        self.iterate, self.size, self.parts, self.nested = iterate, size, parts, nested


class GeneratorParts:
    """The iterable of a generator of one loop; `assign(item)` gives the loop's variables an element, then
    `body()` is its value and `condition()` whether it counts (None: always). Its own variables are `slots` of
    `frame`. Of several `loops`, `a in x, b in y`, it is the last, and its values are those of all others."""

    __slots__ = ("iterable", "assign", "body", "condition", "frame", "slots", "loops")

    def __init__(self, iterable, assign, body, condition, frame, slots, loops=1):
        self.iterable, self.assign, self.body, self.condition = iterable, assign, body, condition
        self.frame, self.slots, self.loops = frame, slots, loops

    def outer_variables(self):
        """The values of the variables around the generator."""
        return [*self.frame[:self.slots.start], *self.frame[self.slots.stop:]]

    @contextmanager
    def own_variables(self):
        """Gives the generator's variables back in the end what they were."""
        before = self.frame[self.slots]
        try:
            yield
        finally:
            self.frame[self.slots] = before


class Singleton:
    """A value that is alone of its type: `missing`, `:` as an index."""

    __slots__ = ("name", "type")

    def __init__(self, name, type):
        self.name, self.type = name, type

    def __repr__(self):
        return self.name


missing = Singleton("missing", t.Missing)
colon = Singleton(":", t.Colon)


class Irrational:
    """`π`, `ℯ`: exact until they meet another number."""

    __slots__ = ("name", "value", "type")

    def __init__(self, name, value):
        self.name, self.value = name, value
        self.type = t.Irrational.body.family.apply(name)

    def __float__(self):
        return self.value


_PYTHON_TYPES = {
    bool: t.Bool,
    int: t.Int64,
    float: t.Float64,
    str: t.String,
    type(None): t.Nothing,
    Char: t.Char,
    Symbol: t.Symbol,
    Module: t.Module,
    complex: t.BUILTIN_TYPES["ComplexF64"],
    np.complex64: t.BUILTIN_TYPES["ComplexF32"],
    DataType: t.DataTypeType,
    UnionAll: t.UnionAllType,
    UnionType: t.UnionTypeType,
    np.bool_: t.Bool,
    np.float64: t.Float64,
    np.int64: t.Int64,
}
_PYTHON_TYPES.update({numpy: julia for julia, numpy in t.NUMPY_TYPES.items()
                      if numpy not in (np.bool_, np.float64, np.int64, np.complex128)})
_WITH_TYPE = frozenset(
    (DimNumber, Array, Traced, Struct, Range, Function, Dictionary, SetValue, Singleton, Irrational)
)


def typeof(value) -> DataType:
    """Julia's `typeof`."""
    cls = value.__class__
    found = _PYTHON_TYPES.get(cls)
    if found is not None:
        return found
    if cls in _WITH_TYPE:
        return value.type
    if cls is tuple:
        return t.tuple_type(*map(typeof, value))
    if cls is NamedTuple:
        return t.named_tuple_type(value.names, map(typeof, value.values))
    if cls is GeneratorValue:
        return t.Generator.body.body.family.apply(t.Any, t.Any)
    return value.type


def dispatch_type(value):
    """The type an argument has for dispatch: `typeof`, but `Type{T}` for a type T."""
    if isinstance(value, TYPE_CLASSES):
        return TypeOfTypeFamily.apply(value)
    return typeof(value)


def to_host(number):
    """A numpy scalar as the Python object that stands for it here (int, bool, float for the 64-bit types)."""
    if isinstance(number, np.float64):
        return float(number)
    if isinstance(number, np.bool_):
        return bool(number)
    if isinstance(number, np.int64):
        return int(number)
    if isinstance(number, np.complex128):
        return complex(number)
    return number
