"""Arrays that the iterations of a staged loop make longer: `push!(y, v)`, `y = [y; v]`, `hcat(y, column)`.

What an iteration adds is a stacked output of the loop, with a flag for each row where a condition decides
whether it is added, and is put behind what there was before when the loop is over. In the body a placeholder
of a size of its own stands for the array so far. Its length follows from the iteration's number, or is
counted where conditions decide; the elements at its end are carried, a few of them. Where the body reads
others, a buffer with room for all that the loop may add is carried.
"""

import numpy as np

from ...compiler.errors import UnsupportedError
from ...compiler.ir import Builder, Value, defined_dims
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import I64, TensorType, dim_names, fresh_dim, size_product, symbol_name
from .. import types as t
from ..batching.lanes import Lanes, vector_of_lanes
from ..dims import define_dim, true_places
from ..poison import HostValueNeeded
from ..staging import apply, expand, read
from ..state import state
from ..trees import children
from ..values import Array
from .extents import drop_unused, least, operations_in, replace_sizes, substitute_dim, takes_size, uses_of
from .specs import (
    Numbers,
    Unknown,
    as_ir,
    flatten,
    join,
    leaf_types,
    rebuild,
    spec_of,
    zeros,
)


def reading_error(reason="it was read there, or has grown by amounts that only the iteration knows",
                  grown=None):
    """The error for what a loop does with an array that it makes longer; `grown` is the array's dim in it."""
    error = HostValueNeeded("an array that a loop of the graph makes longer can only be added to inside of "
                            f"the loop: {reason}", state.location, kind="UnsupportedError")
    error.grown = grown
    return error


class Extra:
    """A value of its own that a growth carries: the region's argument for it, what it is at first, as
    `initial(array)` of the array before the loop, and its value at the end of an iteration."""

    def __init__(self, argument, initial, following):
        self.argument, self.initial, self.following = argument, initial, following


class Resized:
    """An array whose size along the payload axis `axis` is `before` before a loop, `dim` in its body."""

    is_searched = False  # whether a search finds the room for it

    def __init__(self, spec, axis, before):
        self.axis, self.before, self.leaf = axis, before, None
        self._have(spec, fresh_dim("G"))

    def _have(self, spec, dim):
        self.dim, self.name = dim, symbol_name(dim)
        self.spec = Numbers(spec.element, (*spec.shape[:self.axis], dim, *spec.shape[self.axis + 1:]))

    def placeholder(self, leaves):
        """What stands for the array at the start of an iteration."""
        (self.leaf,) = leaves
        state.trace.growing.add(self.name)
        return Array(self.leaf)

    def continues(self, spec, value):
        """Whether an array of the spec differs from the placeholder in its size along the axis alone."""
        if spec.__class__ is not Numbers or spec.element is not self.spec.element:
            return False
        return len(spec.shape) == len(self.spec.shape) and all(
            k == self.axis or a == b for k, (a, b) in enumerate(zip(spec.shape, self.spec.shape)))


class Growth(Resized):
    """How an array grows. Arrays that the body needs to be of one size share the dim of the `first` of them,
    and are carried in buffers."""

    first = None

    def __init__(self, spec, axis):
        super().__init__(spec, axis, spec.shape[axis])

    def share(self, first):
        """Takes the dim of another growth."""
        self.first, first.first = first, first
        self._have(self.spec, first.dim)

    # --- what an iteration adds -----------------------------------------------------------------------------

    def analyse(self, array, region):
        """Finds out what the body does with the array. Raises HostValueNeeded where it is not only added to.
        """
        value, self.chain, front, back = as_ir(read(array)), [], [], []
        while value is not self.leaf:
            operation = value.operation
            if operation is None or operation.name != "concatenate" or \
                    operation.attributes["axis"] != self.axis:
                raise reading_error()
            grown = [operand for operand in operation.operands if self.has_grown(operand)]
            if len(grown) != 1:
                raise reading_error()
            place = operation.operands.index(grown[0])
            front = [*front, *operation.operands[:place]]
            back = [*operation.operands[place + 1:], *back]
            self.chain.append(operation)
            (value,) = grown
        if front and back or not self.chain:
            raise reading_error()
        self.prepends, self.parts = bool(front), front or back
        drop_unused(region.block, self.name, [operation.result for operation in self.chain])
        self._find_rows(region)
        self._find_reads(region)
        first = self.first
        if first is not None and (self.is_conditional or self.prepends
                                  or (self.before, self.added) != (first.before, first.added)):
            raise reading_error("two arrays that it makes longer differ in size")

    def _find_rows(self, region):
        from .varying import flagged

        self.rows = [flagged(part, self.axis) for part in self.parts]
        self.is_conditional = any(flags is not None for _, flags in self.rows)
        local = {name for operation in region.block.operations for name in defined_dims(operation)}
        if any(dim_names(dim) & local for rows, _ in self.rows for dim in rows.shape):
            raise reading_error()
        self.added = sum((rows.shape[self.axis] for rows, _ in self.rows), 0)

    def _find_reads(self, region):
        """What the body reads: sizes, `near` elements at the end that it adds to, or any others."""
        self.sizes, self.near = takes_size(region.block, self.name), 0
        self.is_buffered = self.first is not None
        if self.is_buffered:
            return
        grown = {self.leaf, *(operation.result for operation in self.chain)}
        for operation in uses_of(region.block, self.name):
            if operation in self.chain or operation.name == "dim_value":
                continue
            distance = self._distance(operation) if operation.operands[:1] and \
                operation.operands[0] in grown else None
            if distance is None:
                self.is_buffered = True
                break
            self.near = max(self.near, distance)

    def _distance(self, operation):
        """How many of the elements at the end there were, the placeholder's, a slice may reach; None for what
        is no slice of elements at the end."""
        if operation.name != "slice" or any(self.name in dim_names(dim) for dim in operation.result.shape):
            return None
        if self.prepends:
            stop = operation.attributes["stops"][self.axis]
            return stop if isinstance(stop, int) else None
        start = least(operation.attributes["starts"][self.axis] - self.dim)
        return None if start is None else max(0, -start)

    def has_grown(self, value):
        return self.name in dim_names(value.shape[self.axis])

    # --- what the loop carries for it -----------------------------------------------------------------------

    def capacity(self, trips):
        """Makes room, before the loop, for what it may add; `trips()` is a bound of its iterations, a dim, or
        None."""
        if not self.is_buffered:
            return
        trips = trips()
        if trips is None or self.prepends:
            raise reading_error("its elements were read there, other than those next to what is added, and "
                                "it is not known before the loop how long it will be at most")
        self.room = size_product((trips, self.added)) if self.added != 1 else trips

    def additions(self, region, index):
        """(extras, stacked values) of the iteration with the number `index`."""
        block, extras = region.block, []
        counted = self.is_conditional and (self.sizes or self.is_buffered)
        length = Value(INDEX, name="length") if counted else None
        if counted:
            extras.append(Extra(length, lambda _: state.trace.builder.dim_value(dim=self.before),
                                apply("add", length, self._number_added())))
        if self.is_buffered:
            extras.append(self._buffer(block, index, length))
        else:
            builder = Builder(location=state.location)
            if self.sizes:
                number = length if counted else self._length(builder, index)
                replace_sizes(block, self.name, number)
                block.operations[:0] = builder.block.operations
            if self.near:
                extras.append(self._end(block))
            else:
                block.operations[:] = [one for one in block.operations if one not in self.chain]
        return extras, self._stacked()

    def _length(self, builder, index):
        grown = builder.mul(index, builder.dim_value(dim=self.added)) if self.added != 1 else index
        return builder.add(builder.dim_value(dim=self.before), grown)

    def _number_added(self):
        total = None
        for rows, flags in self.rows:
            number = state.trace.builder.dim_value(dim=rows.shape[self.axis]) if flags is None else \
                apply("reduce_sum", apply("convert", flags, element=I64), axes=(0,))
            total = number if total is None else apply("add", total, number)
        return total

    def _stacked(self):
        rows = joined([rows for rows, _ in self.rows], self.axis)
        if not self.is_conditional:
            return [rows]
        flags = [self._flags(rows, flags) for rows, flags in self.rows]
        return [rows, joined(flags, 0)]

    def _flags(self, rows, flags):
        if flags is not None:
            return flags
        return expand(as_ir(np.array(True)), (rows.shape[self.axis],))

    def _window(self, value, start, size):
        """The elements of a value from a start on along the axis."""
        zero = (0,) * len(value.shape)
        return apply("slice", value, starts=self._at(zero, start),
                     stops=self._at(value.shape, start + size), steps=(1,) * len(value.shape))

    def _at(self, items, item):
        return (*items[:self.axis], item, *items[self.axis + 1:])

    def _end(self, block):
        """The carried elements at the end: in the body the placeholder holds nothing else."""
        near = self.near
        substitute_dim(block, self.name, near)
        end = Value(TensorType(self.leaf.element, self._at(self.leaf.shape, near)), name="end")
        replace_operand(block, self.leaf, end)

        def initial(array):
            before = as_ir(read(array))
            room = zeros(end.type)  # nothing that is read, where there are fewer
            return self._nearest([room, before] if not self.prepends else [before, room])

        return Extra(end, initial, self._nearest([*self.parts, end] if self.prepends else [end, *self.parts]))

    def _nearest(self, parts):
        whole = joined(parts, self.axis)
        return self._window(whole, 0 if self.prepends else whole.shape[self.axis] - self.near, self.near)

    def _buffer(self, block, index, length):
        """The carried buffer, of which the placeholder is the beginning."""
        shape = self._at(self.leaf.shape, self.before + self.room)
        buffer = Value(TensorType(self.leaf.element, shape), name="buffer")
        builder = Builder(location=state.location)
        length = self._length(builder, index) if length is None else length
        if self.first in (None, self):
            define_dim(builder, self.dim, length)
            (self.counting,), place = builder.block.operations[-1:], 0
        else:  # behind what defines the dim
            place = block.operations.index(self.first.counting) + 1
        zero = (0,) * len(shape)
        array_now = builder.slice(buffer, starts=zero, stops=self._at(shape, self.dim),
                                  steps=(1,) * len(shape))
        replace_operand(block, self.leaf, array_now)
        block.operations[place:place] = builder.block.operations
        following, place = buffer, length
        for rows, flags in self.rows:
            following, place = self._written(following, place, rows, flags)

        def initial(array):
            before = as_ir(read(array))
            room = zeros(TensorType(before.element, self._at(before.shape, self.room)))
            return joined([before, room], self.axis)

        return Extra(buffer, initial, following)

    def _written(self, buffer, place, rows, flags):
        """(the buffer with rows written from a place on, the place behind them): one that does not count is
        written over by the next."""
        origin, count = as_ir(np.array(0)), rows.shape[self.axis]
        if flags is None:
            starts = self._at((origin,) * len(rows.shape), place)
            buffer = apply("dynamic_update_slice", buffer, rows, *starts)
            return buffer, apply("add", place, state.trace.builder.dim_value(dim=count))
        if not isinstance(count, int):
            raise reading_error()
        for k in range(count):
            starts = self._at((origin,) * len(rows.shape), place)
            buffer = apply("dynamic_update_slice", buffer, self._window(rows, k, 1), *starts)
            flag = apply("reshape", apply("slice", flags, starts=(k,), stops=(k + 1,), steps=(1,)), shape=())
            place = apply("add", place, apply("convert", flag, element=I64))
        return buffer, place

    def final(self, array, stacks, carried):
        """The array after the loop, of what there was before and the stacked additions."""
        before, stack = as_ir(read(array)), stacks[0]
        if self.prepends:
            stack = apply("reverse", stack, axes=(0,))
        added = flattened(stack, self.axis)
        if self.is_conditional:
            from .varying import picked

            flags = apply("reverse", stacks[1], axes=(0,)) if self.prepends else stacks[1]
            added = picked(added, flattened(flags, 0), self.axis)
        if before.shape[self.axis] == 0:
            return Array(added)
        parts = (added, before) if self.prepends else (before, added)
        return Array(apply("concatenate", *parts, axis=self.axis))


def replace_operand(block, old, new):
    """Replaces a value in place by another in what a block's operations take and yield."""
    for operation in operations_in(block):
        operation.operands = [new if operand is old else operand for operand in operation.operands]
        for region in operation.regions:
            region.results = [new if result is old else result for result in region.results]


def flattened(stack, axis):
    """A stack of pieces as one array along an axis of theirs."""
    count, piece = stack.shape[0], stack.shape[1:]
    if axis:
        order = (*range(1, axis + 1), 0, *range(axis + 1, len(stack.shape)))
        stack = apply("transpose", stack, permutation=order)
    extent = size_product((count, piece[axis]))
    return apply("reshape", stack, shape=(*piece[:axis], extent, *piece[axis + 1:]))


class Added:
    """The payload of a vector of objects in the body of a loop that makes it longer: the items added so far,
    to the `dim` items that there are at the start of an iteration, each with a flag, a staged Bool, where a
    condition decides whether it is added (else None). `prepends`: each is put before all others."""

    dtype, ndim = np.dtype(object), 1

    def __init__(self, items, dim, flags=None, prepends=False):
        self.items, self.dim, self.prepends = tuple(items), dim, prepends
        flags = (None,) * len(self.items) if flags is None else tuple(flags)
        self.flags = (*flags, *(None,) * (len(self.items) - len(flags)))

    @property
    def shape(self):
        if any(flag is not None for flag in self.flags):
            raise self.is_read()
        return (self.dim + len(self.items),)

    def with_more(self, items, prepends=False):
        """The payload with items added, one after the other."""
        if self.items and self.prepends != prepends:
            raise self.is_read()
        return Added([*self.items, *items], self.dim, self.flags, prepends)

    def pairs(self):
        return list(zip(self.items, self.flags, strict=True))

    def fetch(self):
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise self.is_read()

    def is_read(self, *_):
        """The error that the items are read: it knows of which vector."""
        return reading_error(grown=self.dim)

    def __getitem__(self, index):
        raise self.is_read()

    __len__ = __iter__ = __array__ = lambda self, *_, **__: self[0]


def with_items(parts):
    """`[y; [item]]` for a vector that grows: None where no part is one."""
    first, *rest = parts
    if any(part.__class__ is Array and part._data.__class__ is Lanes for part in parts):
        return with_lanes(parts)
    if not any(part.__class__ is Array and part._data.__class__ is Added for part in parts):
        return None
    *before, last = parts
    if first.__class__ is Array and first._data.__class__ is Added:
        return Array(first._data.with_more(_listed(rest)), first.type)
    if last.__class__ is Array and last._data.__class__ is Added:
        return Array(last._data.with_more(_listed(before)[::-1], True), last.type)
    raise reading_error()


def _listed(parts):
    """The items of vectors of objects, and items, in a concatenation."""
    items = []
    for part in parts:
        if part.__class__ is Array and (part._data.__class__ is not np.ndarray or part._data.dtype != object):
            raise reading_error()
        items.extend(part._data.reshape(-1) if part.__class__ is Array else [part])
    return items


def with_lanes(parts):
    """`[y; [item]]` for vectors of staged elements: None where there are arrays that are no vectors of
    objects beside them."""
    from .item_buffers import together

    lists = []
    for part in parts:
        data = part._data if part.__class__ is Array else None
        if data.__class__ is np.ndarray and data.dtype.kind in "Oc" and data.ndim == 1:
            lists.append(list(data))
        elif data is None or data.__class__ is Lanes:
            lists.append([part] if data is None else part)
        else:
            return None
    from .vector_elements import share_elements

    whole = together(lists)
    share_elements(whole, lists)
    return whole


class ItemGrowth:
    """How a vector of objects grows: by items. It becomes a vector of staged elements."""

    spec, is_searched = Unknown(), False

    def __init__(self, vector, sample):
        self.type, self.item, self.sample = vector.type, None, sample
        self.before, self.dim = len(vector._data), fresh_dim("G")
        self.name = symbol_name(self.dim)

    def placeholder(self, leaves):
        return Array(Added((), self.dim), self.type)

    def continues(self, spec, value):
        return value.__class__ is Array and value._data.__class__ is Added and value._data.items != ()

    def analyse(self, array, region):
        from .varying import item_spec

        self.items, self.flags = array._data.items, array._data.flags
        self.prepends = array._data.prepends
        if self.prepends:
            self.items, self.flags = self.items[::-1], self.flags[::-1]
        self.is_conditional = any(flag is not None for flag in self.flags)
        for item in self.items:
            for inside in arrays_of(item):
                if inside.serial < region.serial and (id(inside), "data") in region.written:
                    raise UnsupportedError("what a staged loop adds to a vector is an array that it changes: "
                                           "add a copy of it", state.location, kind="UnsupportedError")
        self.item, *others = [item_spec(item, region) for item in self.items]
        for other in others:
            self.item = join(self.item, other)
        if not leaf_types(self.item):
            raise reading_error()

    def capacity(self, trips):
        pass

    def additions(self, region, index):
        if takes_size(region.block, self.name):
            builder = Builder(location=state.location)
            count = builder.constant(np.int64(len(self.items)))
            before = builder.constant(np.int64(self.before))
            replace_sizes(region.block, self.name, builder.add(before, builder.mul(index, count)))
            region.block.operations[:0] = builder.block.operations
        if uses_of(region.block, self.name):
            raise reading_error()
        rows = [flatten(self.item, item) for item in self.items]
        stacked = [column_of([row[k] for row in rows]) for k in range(len(rows[0]))]
        if self.is_conditional:
            flags = [as_ir(np.array(True)) if flag is None else flag.data for flag in self.flags]
            stacked.append(column_of(flags))
        return [], stacked

    def final(self, array, stacks, carried):
        before = list(array.data)
        if any(join(self.item, spec_of(item)) != self.item for item in before):
            raise reading_error("what is added is not like what there was before")
        if self.prepends:
            stacks = [apply("reverse", stack, axes=(0,)) for stack in stacks]
        columns = [flattened(stack, 0) for stack in stacks]
        if self.is_conditional:
            places = true_places(columns.pop())
            columns = [apply("gather", column, places, axis=0) for column in columns]
        rows = [flatten(self.item, item) for item in before]
        if rows:
            known = [column_of([row[k] for row in rows]) for k in range(len(columns))]
            columns = [joined(pair[::-1] if self.prepends else pair)
                       for pair in zip(known, columns, strict=True)]
        return lanes_of(self.item, columns)


def arrays_of(item):
    """The arrays of numbers in an item."""
    if item.__class__ is Array and item.element in t.ELEMENT_TYPES:
        return [item]
    return [array for _, child in children(item) or () for array in arrays_of(child)]


def column_of(values):
    """The values of one leaf of all items, along a new first axis."""
    return joined([apply("reshape", value, shape=(1, *value.shape)) for value in values])


def joined(parts, axis=0):
    """Arrays, one behind the other along an axis."""
    return parts[0] if len(parts) == 1 else apply("concatenate", *parts, axis=axis)


def lanes_of(spec, columns):
    """The vector of items of a spec, whose values are in these columns."""
    inner = [Value(type_) for type_ in leaf_types(spec)]
    return vector_of_lanes(Lanes(columns[0].shape[0], rebuild(spec, iter(inner)),
                                 list(zip(inner, columns, strict=True)), {}))


def growth_of(before, after):
    """The growth from one value to another: of an array of numbers (given by specs) along one axis, of a
    vector of objects by its items; None where there is none."""
    if before.__class__ is Array and after.__class__ is Array:
        return _growth_of_items(before, after)
    if before.__class__ is not Numbers or after.__class__ is not Numbers:
        return None
    if before.element is not after.element or len(before.shape) != len(after.shape):
        return None
    axes = [k for k, (a, b) in enumerate(zip(before.shape, after.shape, strict=True)) if a != b]
    return Growth(before, axes[0]) if len(axes) == 1 else None


def _growth_of_items(before, after):
    """The growth of a vector of objects, or of staged elements."""
    from .item_buffers import BufferedItems, item_spec, spec_of_items

    data = after._data
    if before._data.__class__ is Lanes:
        is_alike = data.__class__ is Lanes and item_spec(before) == item_spec(after)
        return BufferedItems(before._data.count, item_spec(before)) if is_alike else None
    if not is_list(before):
        return None
    if data.__class__ is Added:
        return ItemGrowth(before, spec_of_items(data.items))
    if data.__class__ is Lanes or is_list(after) and len(before._data) < len(data):
        return ItemGrowth(before, item_spec(after))
    return None


def is_list(array):
    """Whether an array is a vector of objects that the host knows."""
    data = array._data
    return data.__class__ is np.ndarray and data.dtype == object and data.ndim == 1
