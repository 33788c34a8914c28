"""The marked leaves of what a function is differentiated by.

Each float among the arguments, in arrays, numbers and the parts of complex numbers, gets a fresh IR value –
its mark – while the function runs; afterwards the marks are taken away again, except where the function
wrote. Gradients have the shape of the argument: named tuples for structs, `nothing` where there is none, as
Flux ≥ 0.15 returns them.
"""

import numpy as np

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from .. import types as t
from ..base.complex_numbers import complex_number, is_complex, parts
from ..base.elements import float_type
from ..batching.lanes import Lanes, is_lanes, vector_of_lanes
from ..staged_numbers import Traced
from ..staging import VIEWS, as_value, get_location, payload_of, read, read_field, set_location, write
from ..state import state
from ..trees import children, is_number, map_leaves, with_children
from ..type_lattice import is_subtype
from ..values import Array, Dictionary, Function, NamedTuple, Struct, typeof


class Marks:
    """The marked leaves of the arguments of one differentiation; `in_place`: arrays that are arguments are
    marked themselves."""

    def __init__(self, trace, in_place=False):
        self.trace, self.in_place = trace, in_place
        trace.note_change(0)
        self.arrays: dict[int, tuple[Array, Value, object]] = {}
        self.items: dict[int, list] = {}  # id(array of objects) → its items as they are marked
        self.fields: list = []  # (struct, index, marked child, old child) of replaced fields
        self.values: list[Value] = []
        self.numbers: dict[int, tuple[Traced, object]] = {}  # id(mark) → (mark, the number marked)
        self.shadowed: list = []  # (array, shadow)
        self.visited: set[int] = set()
        self.children: dict[int, list] = {}  # id(struct) → its fields before the function ran
        self.dictionaries: dict[int, dict] = {}  # id(dictionary) → its entries before the function ran
        self.visited_dictionaries: dict[int, dict] = {}
        self.structs: set[int] = set()  # a struct that occurs twice is marked, and has a gradient, once

    def mark(self, value, top=False):
        """Marks the arrays in a tree in place and returns the tree with marked numbers."""
        if value.__class__ is Array:
            return self.mark_array(value, top)
        if is_complex(value):
            kind = float_type(typeof(value))
            return Struct(kind, [self.mark_number(part, kind.parameters[0]) for part in parts(value)])
        if is_number(value):
            type_ = typeof(value)
            if is_subtype(type_, t.AbstractFloat) or (top and is_subtype(type_, t.Integer)
                                                      and type_ is not t.Bool):
                return self.mark_number(value, type_)
            return value
        if value.__class__ is Struct:
            self.mark_struct(value)
            return value
        if value.__class__ is Function:
            self.mark_closure(value)
            return value
        if value.__class__ is tuple:
            return tuple([self.mark(item, top) for item in value])
        if value.__class__ is NamedTuple:
            return NamedTuple(value.names, [self.mark(item, top) for item in value.values])
        if value.__class__ is Dictionary:
            self.mark_dictionary(value)
            return value
        items = children(value)
        for _, child in items or ():
            self.mark(child)
        return value

    def mark_struct(self, value):
        if id(value) in self.structs:
            return
        self.structs.add(id(value))
        self.visited.add(id(value))
        self.children[id(value)] = list(value.fields)
        for index, child in enumerate(list(value.fields)):
            if value.type.family.mutable:
                child = read_field(value, index)
            if is_number(child):
                if is_subtype(typeof(child), t.AbstractFloat):
                    marked = self.mark_number(child, typeof(child))
                    self.fields.append((value, index, marked, value.fields[index]))
                    value.fields[index] = marked
            else:
                marked = self.mark(child)
                if marked is not child:
                    self.fields.append((value, index, marked, value.fields[index]))
                    value.fields[index] = marked

    def mark_closure(self, function):
        """Marks what a closure captures."""
        if id(function) in self.structs or not isinstance(function.captured, list):
            return
        self.structs.add(id(function))
        self.visited.add(id(function))
        self.children[id(function)] = [cell.value for cell in function.captured]
        for cell, child in zip(function.captured, self.children[id(function)], strict=True):
            if is_number(child) and not is_subtype(typeof(child), t.AbstractFloat):
                continue
            marked = self.mark(child)
            if marked is not child:
                self.fields.append((cell, "value", marked, child))
                cell.value = marked

    def mark_dictionary(self, dictionary):
        if not self.trace.immediate:
            raise WeberError("gradients with respect to a dictionary cannot be compiled: use a named tuple "
                             "or a struct", state.location, kind="UnsupportedError")
        if id(dictionary) in self.dictionaries:
            return
        before = self.dictionaries[id(dictionary)] = dict(dictionary.items)
        for place, (key, child) in before.items():
            marked = self.mark(child)
            if marked is not child:
                entry = dictionary.items[place] = key, marked
                self.fields.append((dictionary, place, entry, (key, child)))

    def mark_array(self, array, top):
        """Marks an array. What an argument is, is a shadow with a mark of its own: the function may know the
        array by another name, by which it is a constant. So is the second occurrence of an array, for tied
        arrays have a gradient for each path, and a view."""
        if is_lanes(array):
            return self.mark_lanes(array)
        if array.element not in t.NUMPY_TYPES:
            if isinstance(array.data, np.ndarray):
                self.mark_items(array)
            return array
        element = array.element
        if top and is_subtype(element, t.Complex):
            raise WeberError("gradients with respect to arrays of complex numbers are not supported: "
                             "differentiate by the real and the imaginary part", state.location,
                             kind="ErrorException")
        if not is_subtype(element, t.AbstractFloat):
            if not top or not is_subtype(element, t.Integer) or element is t.Bool:
                return array
            element = t.Float64
        builder = self.trace.builder
        first = self.arrays.get(id(array))
        payload = read(array)
        value = payload if payload.__class__ is Value else builder.constant(np.array(payload))
        if element is not array.element:
            value = builder.convert(value, element=t.ELEMENT_TYPES[element])
        mark = builder.identity(first[1].operation.operands[0] if first is not None else value)
        self.values.append(mark)
        if top and not self.in_place or first is not None or array in VIEWS or array.link is not None:
            shadow = Array(mark)
            self.arrays[id(shadow)] = (shadow, mark, None)
            self.shadowed.append((array, shadow))
            return shadow
        self.arrays[id(array)] = (array, mark, (array._data, array.type))
        array._data = mark
        if element is not array.element:
            array.type = t.array_type(element, array.rank)
        return array

    def mark_items(self, array):
        """Marks what is in an array of objects: numbers in tuples are others then."""
        if id(array) in self.items:
            return
        data = read(array)
        items = list(data.reshape(-1))
        marked = self.items[id(array)] = [self.mark(item) for item in items]
        if any(one is not item for one, item in zip(marked, items, strict=True)):
            new = np.empty(len(items), dtype=object)
            new[:] = marked
            new = new.reshape(data.shape)
            self.arrays[id(array)] = (array, new, (array._data, array.type))
            array._data = new

    def mark_lanes(self, array):
        """Marks the numbers of all elements of a vector of staged elements."""
        lanes, columns = array._data, []
        for inner, outer in lanes.columns:
            if outer.element.is_float:
                outer = self.trace.builder.identity(outer)
                self.values.append(outer)
            columns.append((inner, outer))
        marked = Lanes(lanes.count, lanes.item, columns, lanes.lengths, lanes.serial)
        self.arrays[id(array)] = (array, marked, (lanes, array.type))
        array._data = marked
        return array

    def mark_number(self, value, type_):
        if type_ not in t.NUMPY_TYPES or not is_subtype(type_, t.AbstractFloat):
            type_ = t.Float64
        known = value.known if value.__class__ is Traced else value
        mark = self.trace.builder.identity(as_value(payload_of(value, type_)))
        self.values.append(mark)
        marked = Traced(mark, known=known)
        self.numbers[id(marked)] = marked, value
        return marked

    def remove(self):
        """Puts back what the marks replaced, except where the function wrote."""
        self.trace.note_change(0)
        journal = self.trace.scope.journal
        for array, shadow in self.shadowed:
            if shadow._data is not self.arrays[id(shadow)][1]:  # written to: the array itself is meant
                write(array, shadow._data)
        for array, mark, old in self.arrays.values():
            if old is None:
                continue
            data, type_ = old
            if array._data is mark:
                array._data, array.type = data, type_
            entry = journal.get((id(array), "data"))
            if entry is not None and entry[2] is mark:
                journal[(id(array), "data")] = (array, "data", data)
        for owner, key, marked, old in self.fields:
            if get_location(owner, key) is marked:
                set_location(owner, key, old)
            entry = journal.get((id(owner), key))
            if entry is not None and entry[2] is marked:
                journal[(id(owner), key)] = (owner, key, old)
        if self.numbers:
            for owner, key, _ in journal.values():
                left = get_location(owner, key)
                if left.__class__ is not Value and left.__class__ is not np.ndarray:
                    set_location(owner, key, map_leaves(left, self.unmarked))

    def unmarked(self, leaf, path=""):
        """The number that a leaf is the mark of; any other leaf itself."""
        return self.numbers.get(id(leaf), (None, leaf))[1]

    def seen(self, value, marked):
        """What the function saw of an argument, as a tree whose leaves have the marks."""
        if value.__class__ is Array and value.element in t.NUMPY_TYPES:
            entry = self.arrays.get(id(marked))
            return value if entry is None else Array(entry[1])
        if value.__class__ is Struct:
            by_field = {(id(owner), key): mark for owner, key, mark, _ in self.fields}
            fields = [self.seen(child, by_field.get((id(value), index), child))
                      for index, child in enumerate(self.children.get(id(value), value.fields))]
            return NamedTuple(value.type.family.field_names, fields)
        if value.__class__ in (tuple, NamedTuple):
            items = [child for _, child in children(value)]
            return with_children(value, [self.seen(child, mark) for child, (_, mark) in
                                         zip(items, children(marked), strict=True)])
        return marked

    def restart(self):
        """Makes the gradients of all structs available (again)."""
        self.structs |= self.visited
        self.dictionaries |= self.visited_dictionaries

    def gradient(self, value, marked, cotangents):
        """The gradient tree of one argument: `value` as it was given, `marked` as the function saw it."""
        if is_complex(value):
            found = [cotangents.get(part.data) for part in marked.fields]
            if found == [None, None]:
                return None
            return complex_number(*[0.0 if c is None else Traced(c) for c in found])
        if value.__class__ is Dictionary:
            return self.gradient_entries(value, cotangents)
        if is_lanes(value):
            marks = self.arrays[id(marked)][1]
            found = {inner: cotangents.get(outer) for inner, outer in marks.columns if outer.element.is_float}
            return gradient_of_lanes(value._data, found)
        if value.__class__ is Array:
            if value.element not in t.NUMPY_TYPES:
                return self.gradient_items(value, cotangents)
            entry = self.arrays.get(id(marked))
            cotangent = cotangents.get(entry[1]) if entry is not None else None
            return None if cotangent is None else Array(cotangent)
        if marked.__class__ is Traced:
            cotangent = cotangents.get(marked.data)
            return None if cotangent is None else Traced(cotangent)
        if value.__class__ is Struct:
            if id(value) not in self.structs:
                return None
            self.structs.discard(id(value))
            by_field = {(id(s), i): m for s, i, m, _ in self.fields}
            items = [self.gradient(child, by_field.get((id(value), index), child), cotangents)
                     for index, child in enumerate(self.children[id(value)])]
            return named(value.type.family.field_names, items)
        if value.__class__ is Function:
            return self.gradient_closure(value, cotangents)
        if value.__class__ is tuple:
            items = [self.gradient(a, b, cotangents) for a, b in zip(value, marked, strict=True)]
            return None if all(item is None for item in items) else tuple(items)
        if value.__class__ is NamedTuple:
            items = [
                self.gradient(a, b, cotangents) for a, b in zip(value.values, marked.values, strict=True)
            ]
            return named(value.names, items)
        return None

    def gradient_closure(self, function, cotangents):
        """The gradients of what a closure captures, by name."""
        if id(function) not in self.structs or not function.captured:
            return None
        self.structs.discard(id(function))
        replaced = {id(owner): marked for owner, _, marked, _ in self.fields}
        items = [self.gradient(child, replaced.get(id(cell), child), cotangents)
                 for cell, child in zip(function.captured, self.children[id(function)], strict=True)]
        code = function.methods.methods[0].definition
        return named([own.name for _, own in code.layout.imports], items)

    def gradient_entries(self, dictionary, cotangents):
        entries = self.dictionaries.pop(id(dictionary), None)
        if entries is None:
            return None
        replaced = {(id(owner), place): marked for owner, place, marked, _ in self.fields}
        found = {}
        for place, (key, child) in entries.items():
            _, marked = replaced.get((id(dictionary), place), (key, child))
            gradient = self.gradient(child, marked, cotangents)
            if gradient is not None:
                found[place] = key, gradient
        self.visited_dictionaries[id(dictionary)] = entries
        return Dictionary(t.Dict.body.body.family.apply(t.Any, t.Any), found) if found else None

    def gradient_items(self, array, cotangents):
        items = array.data.reshape(-1)
        marked = self.items.get(id(array), items)
        items = [self.gradient(item, mark, cotangents) for item, mark in zip(items, marked, strict=True)]
        if all(item is None for item in items):
            return None
        from ..base.iteration import collect_values

        return collect_values(iter(items), array.size)


def gradient_of_lanes(lanes, cotangents):
    """The vector of the gradients of staged elements; `cotangents` are those of the columns, or None."""
    known = {inner: cotangent for inner, cotangent in cotangents.items() if cotangent is not None}
    item = _gradient_template(lanes.item, known)
    if item is None:
        return None
    columns = [(inner, known.get(inner, outer)) for inner, outer in lanes.columns]
    return vector_of_lanes(Lanes(lanes.count, item, columns, lanes.lengths))


def _gradient_template(item, known):
    """The template with `nothing` for what has no gradient."""
    if is_lanes(item):
        lanes = item._data
        return gradient_of_lanes(lanes, {inner: outer for inner, outer in lanes.columns if outer in known})
    data = item.data if item.__class__ is Traced else item._data if item.__class__ is Array else None
    if data is not None:
        return item if data.__class__ is Value and data in known else None
    items = children(item)
    if not items:
        return None
    parts = [_gradient_template(child, known) for _, child in items]
    if all(part is None for part in parts):
        return None
    return tuple(parts) if item.__class__ is tuple else NamedTuple([key for key, _ in items], parts)


def named(names, items):
    return None if all(item is None for item in items) else NamedTuple(names, items)
