"""What a staged `for` or `map` runs over: how many elements, and how each iteration or lane gets its own.

`items_of(value)` gives an object with `count` (a dim, an IR value, or None: without end), `payloads` (scanned
by the loop: a leading axis of that extent), and `item(index, slices)`: the Julia value of the iteration
`index`, from 0: an int (the iteration is unrolled) or an IR value; `at(index)` gives it without slices.
`write_through()` makes items that are written to those of the vector, if that can be done.
`bind(operands)` makes operands of a map (`staged_map.Operands`) and gives a function that makes a lane's
element; `is_ragged` is whether elements differ in size. None for what cannot be staged.
"""

from ...compiler.errors import UnsupportedError
from ...compiler.ir import Value, rename_dims
from ...compiler.types import symbol
from .. import types as t
from ..batching.lanes import current, element, is_lanes, substituted
from ..staged_numbers import DimNumber, Traced
from ..staging import apply, as_value, payload_of, read
from ..state import state
from ..trees import children
from ..values import Array, Range, Struct, to_host
from .columns import arrays_of
from .vector_elements import element_of, is_example, replace_column


class RangeItems:
    """The elements of a range of Int64, computed from the index."""

    payloads, is_ragged = (), False
    write_through = staticmethod(lambda: False)

    def __init__(self, range_):
        self.range = range_
        self.count = count_of(range_.length)

    def item(self, index, slices):
        if index.__class__ is not Value and self.range.start.__class__ is not Traced:
            return self.range[index]
        index = as_value(payload_of(index, t.Int64)) if index.__class__ is not Value else index
        start, step = self.range.start, self.range.step
        if step != 1:
            index = apply("mul", index, as_value(payload_of(step, t.Int64)))
        if start.__class__ is not int or start != 0:
            index = apply("add", index, as_value(payload_of(start, t.Int64)))
        return Traced(index)

    def at(self, index):
        return self.item(index, ())

    def bind(self, operands):
        place = operands.place()
        return lambda: self.item(place, ())


def count_of(length):
    """A length as a dim, or as an IR value where only the graph knows it."""
    if length.__class__ is Traced:
        return length.data
    return length.dim if length.__class__ is DimNumber else length


class NumberItems:
    """The elements of an array of numbers in column-major order."""

    is_ragged = False
    write_through = staticmethod(lambda: False)

    def __init__(self, array):
        from ..base.arrays import as_dim_product, reshaped

        payload = read(array)
        self.payload = reshaped(payload, (as_dim_product(payload.shape),))
        self.payloads, self.count = (self.payload,), self.payload.shape[0]

    def item(self, index, slices):
        if index.__class__ is Value:
            return Traced(slices[0])
        if self.payload.__class__ is not Value:
            return to_host(self.payload[index])
        element = apply("slice", self.payload, starts=(index,), stops=(index + 1,), steps=(1,))
        return Traced(apply("reshape", element, shape=()))

    def at(self, index):
        if index.__class__ is not Value:
            return self.item(index, ())
        return Traced(apply("gather", as_value(self.payload), index, axis=0))

    def bind(self, operands):
        argument = operands.bind(as_value(self.payload))
        return lambda: Traced(argument)


class LaneItems:
    """The elements of a vector of staged elements: examples, or the slices of an array (`is_made`: the vector
    was made of what the program runs over)."""

    def __init__(self, array, is_made=False):
        self.array, self.lanes, self.is_made = array, current(array), is_made
        self.count, self.is_ragged = self.lanes.count, bool(self.lanes.lengths)
        self.is_written = False

    @property
    def payloads(self):
        if self.lanes.lengths or self.is_written:  # those of different sizes are taken by their index, too
            return ()
        return tuple([outer for _, outer in self.lanes.columns])

    def write_through(self):
        self.is_written = not self.lanes.lengths and not self.is_made
        return self.is_written

    def item(self, index, slices):
        if self.is_written:
            return element_of(self.array, index)
        if self.lanes.lengths:
            return element(self.array, index)
        values = {inner: slice_ for (inner, _), slice_ in zip(self.lanes.columns, slices, strict=True)}
        return substituted(self.lanes.item, values, {}, self.lanes.serial)

    def at(self, index):
        return element(self.array, index)

    def bind(self, operands):
        lanes, dims = self.lanes, {}
        for name, (sizes, bound) in lanes.lengths.items():
            inner = operands.bind_dim(name, sizes, bound)
            if inner != name:
                dims[name] = symbol(inner)
        values = {inner: operands.bind(outer, rename_dims(inner.type, dims))
                  for inner, outer in lanes.columns}

        def lane():
            item = substituted(lanes.item, values, dims, lanes.serial)
            places = {id(array): place for place, array in enumerate(arrays_of(item))}
            operands.given += [Given(self, places.get(id(array)), array) for array, _ in contents(item)
                               if array.serial > lanes.serial]
            return item

        return lane


class Given:
    """An array in a lane's element, and what it held at first; `position` is its number among those of
    numbers."""

    def __init__(self, items, position, array):
        self.items, self.position, self.array, self.data = items, position, array, array._data

    def is_changed(self):
        return self.array._data is not self.data

    def contents(self):
        """What it holds at the end of the function. Raises UnsupportedError where that cannot be put back."""
        if self.position is None or is_example(self.items.array):
            raise UnsupportedError("the function changes the elements that it is mapped over", state.location,
                                   kind="UnsupportedError")
        data = read(self.array)
        if tuple(data.shape) != tuple(self.data.shape):
            raise UnsupportedError("the function changes the size of the elements that it is mapped over",
                                   state.location, kind="UnsupportedError")
        return data

    def write(self, column):
        """Makes a column what these arrays of all elements hold."""
        replace_column(self.items.array, self.position, column)


class TupleItems:
    """Tuples of the items of several iterables side by side: `zip` and `enumerate`; Pairs for `pairs`."""

    def __init__(self, parts, make=tuple):
        self.parts, self.count, self.make = parts, parts[0].count, make
        self.is_ragged = any(part.is_ragged for part in parts)

    @property
    def payloads(self):
        return tuple([payload for part in self.parts for payload in part.payloads])

    def write_through(self):
        return any([part.write_through() for part in self.parts])

    def item(self, index, slices):
        slices, items = iter(slices), []
        for part in self.parts:
            items.append(part.item(index, [next(slices) for _ in part.payloads] if slices else ()))
        return self.make(items)

    def at(self, index):
        return self.make([part.at(index) for part in self.parts])

    def bind(self, operands):
        lanes = [part.bind(operands) for part in self.parts]
        return lambda: self.make([lane() for lane in lanes])


def items_of(value):
    """The items of an iterable; None where a loop over it cannot be staged."""
    if value.__class__ is Range:
        return _range_items(value)
    if value.__class__ is Array:
        return _array_items(value)
    if value.__class__ is Struct:
        from .iterator_items import iterator_items

        return iterator_items(value)
    return None


def _array_items(array):
    from ..base.slices import SLICES
    from .item_buffers import as_lanes

    if is_lanes(array):
        return LaneItems(array)
    if array.element in t.ELEMENT_TYPES:
        return NumberItems(array)
    if array.element in t.NUMPY_TYPES:  # complex numbers
        return LaneItems(as_lanes(list(array.data.reshape(-1))), True) if array.data.size else None
    slices = SLICES.get(array)
    if slices is not None:
        lanes = slices.lanes() if slices.are_current() else None
    else:
        lanes = None if state.trace.examples is None else state.trace.examples.lift(array, state.trace)
    if lanes is None:
        return None
    return LaneItems(lanes, True) if is_lanes(lanes) else NumberItems(lanes)


def _range_items(range_):
    whole = range_.start.__class__ in (int, DimNumber, Traced) and range_.step.__class__ in (int, Traced)
    if whole:
        return RangeItems(range_)
    if not isinstance(range_.length, int):
        return None
    from ..base.arrays import as_array

    array = as_array(range_)
    return NumberItems(array) if array.element in t.ELEMENT_TYPES else None


def contents(value):
    """The staged arrays in an item with their contents, to see whether they are changed."""
    if value.__class__ is Array and (is_lanes(value) or value.element in t.ELEMENT_TYPES):
        return [(value, value._data)] if value.link is None else []  # one with a link is the element itself
    return [pair for _, child in children(value) or () for pair in contents(child)]


def counting(count):
    """The range 1:count."""
    from ..base.ranges import UNIT, unit_range

    if count.__class__ is Value:
        return Range(1, 1, Traced(count), UNIT)
    return unit_range(1, DimNumber.of(count))
