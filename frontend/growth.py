"""Arrays that each iteration of a staged loop makes longer: `push!(y, v)`, `y = [y; v]`, `hcat(y, column)`.

Nothing is carried then: what an iteration adds is a stacked output of the loop, put behind what there was
before when the loop is over. In the body a placeholder of a size of its own stands for the array so far; it
may be added to, not looked at, but for its length, which follows from the iteration's number, and its last
element, which is carried.
"""

import numpy as np

from ..compiler.ir import Builder, Value
from ..compiler.ops import OPS
from ..compiler.types import dim_names, fresh_dim, size_product, symbol, symbol_name
from .lanes import Lanes, vector_of_lanes
from .specs import (
    Fixed,
    Numbers,
    Unknown,
    as_ir,
    flatten,
    full_spec,
    join,
    leaf_types,
    opened,
    rebuild,
    spec_of,
)
from .staging import HostValueNeeded, apply, read, state
from .values import Array


def reading_error():
    return HostValueNeeded("an array that a loop of the graph makes longer can only be added to inside of "
                           "the loop: it was read there, or has grown by different amounts", state.location,
                           kind="UnsupportedError")


class Growth:
    """How an array grows: along the payload axis `axis`, which has the extent `dim` in the body."""

    def __init__(self, spec, axis):
        self.axis, self.dim, self.before = axis, fresh_dim("G"), spec.shape[axis]
        shape = (*spec.shape[:axis], self.dim, *spec.shape[axis + 1:])
        self.spec, self.leaf, self.prepends = Numbers(spec.element, shape), None, False
        self.last = None  # the loop's argument for the last element, if the body reads it

    def placeholder(self, leaves):
        """What stands for the array at the start of an iteration."""
        (self.leaf,) = leaves
        return Array(self.leaf)

    def continues(self, spec, value):
        """Whether an array of the spec is the placeholder with something added."""
        if spec.__class__ is not Numbers or spec.element is not self.spec.element:
            return False
        others = [(a, b) for k, (a, b) in enumerate(zip(spec.shape, self.spec.shape, strict=True))
                  if k != self.axis] if len(spec.shape) == len(self.spec.shape) else [(0, 1)]
        return all(a == b for a, b in others)

    def additions(self, array, region, index):
        """What the iteration of the number `index` adds, as IR values; adding it to the placeholder is taken
        out of the region. Raises HostValueNeeded where the body does something else with the array."""
        value, block = as_ir(read(array)), region.block
        front, back, chain = [], [], []
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
            chain.append(operation)
            (value,) = grown
        if bool(front) == bool(back):
            raise reading_error()
        self.prepends = bool(front)
        block.operations[:] = [operation for operation in block.operations if operation not in chain]
        if back:
            self._replace_last(block, {operation.result: operation.operands[-1] for operation in chain})
        parts = front or back
        added = sum((part.shape[self.axis] for part in parts), 0)
        replace_sizes(block, self.dim, self.before, added, index)
        if is_used(block, self.dim):
            raise reading_error()
        return [parts[0] if len(parts) == 1 else apply("concatenate", *parts, axis=self.axis)]

    def _replace_last(self, block, grown):
        """Replaces, in place, what reads the last element: of the placeholder by the argument for it, of what
        has `grown` already (value → what was added to it) by the last element added."""
        for operation in block.operations:
            for region in operation.regions:
                self._replace_last(region, grown)
            source = operation.operands[0] if operation.operands else None
            if operation.name != "slice" or not (source is self.leaf or source in grown):
                continue
            starts, stops, steps = (operation.attributes[name] for name in ("starts", "stops", "steps"))
            size = source.shape[self.axis]
            if (starts[self.axis], stops[self.axis]) != (size - 1, size):
                continue
            if source is self.leaf:
                self.last = self.last or Value(operation.result.type, name="last")
                operation.op, operation.operands, operation.attributes = OPS["identity"], [self.last], {}
                continue
            added = grown[source]
            extent = added.shape[self.axis]
            places = {"starts": replaced(starts, self.axis, extent - 1),
                      "stops": replaced(stops, self.axis, extent), "steps": steps}
            operation.operands, operation.attributes = [added], places

    def last_of(self, value):
        """The last element of an array that is not empty, as the body reads it."""
        extent = value.shape[self.axis]
        if extent == 0:
            raise reading_error()
        zero = (0,) * len(value.shape)
        return apply("slice", value, starts=replaced(zero, self.axis, extent - 1), stops=value.shape,
                     steps=(1,) * len(value.shape))

    def has_grown(self, value):
        return symbol_name(self.dim) in dim_names(value.shape[self.axis])

    def final(self, array, stacks):
        """The array after the loop, of what there was before and the stacked additions."""
        before, (stack,) = as_ir(read(array)), stacks
        count, piece = stack.shape[0], stack.shape[1:]
        if self.prepends:
            stack = apply("reverse", stack, axes=(0,))
        if self.axis:
            order = (*range(1, self.axis + 1), 0, *range(self.axis + 1, len(stack.shape)))
            stack = apply("transpose", stack, permutation=order)
        extent = size_product((count, piece[self.axis]))
        joined = apply("reshape", stack, shape=(*piece[:self.axis], extent, *piece[self.axis + 1:]))
        if before.shape[self.axis] == 0:
            return Array(joined)
        parts = (joined, before) if self.prepends else (before, joined)
        return Array(apply("concatenate", *parts, axis=self.axis))


def replace_sizes(block, dim, before, added, index):
    """Replaces, in place, what takes the number of a size in which `dim` occurs, an extent that is `before`
    at first and grows by `added` in each iteration, by arithmetic on the number `index` of the iteration."""
    name = symbol_name(dim)
    found = [operation for operation in operations_in(block)
             if operation.name == "dim_value" and name in dim_names(operation.attributes["dim"])]
    if not found:
        return
    builder = Builder(location=found[0].location)
    grown = builder.mul(index, builder.dim_value(dim=added)) if added != 1 else index
    sizes = {name: builder.add(builder.dim_value(dim=before), grown)}
    for operation in found:
        number = number_of(builder, operation.attributes["dim"], sizes)
        operation.op, operation.operands, operation.attributes = OPS["identity"], [number], {}
    block.operations[:0] = builder.block.operations


def is_used(block, dim):
    """Whether operations of a block have a value or an attribute of an extent in which `dim` occurs."""
    name = symbol_name(dim)
    return any(
        any(name in dim_names(extent) for value in (*operation.operands, *operation.results)
            for extent in value.shape)
        or mentions(tuple(operation.attributes.values()), name)
        for operation in operations_in(block))


def operations_in(block):
    """All operations of a block and of the regions in it."""
    for operation in block.operations:
        yield operation
        for region in operation.regions:
            yield from operations_in(region)


def number_of(builder, dim, sizes):
    """The number that a dim is, `sizes` being the values of some of its names."""
    if not dim_names(dim) & sizes.keys():
        return builder.dim_value(dim=dim)
    total = None
    for monomial, coefficient in dim.terms:
        product = builder.constant(np.int64(coefficient)) if coefficient != 1 or not monomial else None
        for atom in monomial:
            if not isinstance(atom, str):
                factor = builder.idiv(number_of(builder, atom.numerator, sizes),
                                      number_of(builder, atom.denominator, sizes))
            else:
                factor = sizes[atom] if atom in sizes else builder.dim_value(dim=symbol(atom))
            product = factor if product is None else builder.mul(product, factor)
        total = product if total is None else builder.add(total, product)
    return total


class Added:
    """The payload of a vector of objects in the body of a loop that makes it longer: the items added so far,
    to the `dim` items that there are at the start of an iteration."""

    dtype, ndim = np.dtype(object), 1

    def __init__(self, items, dim):
        self.items, self.dim = tuple(items), dim
        self.shape = (dim + len(self.items),)

    def fetch(self):
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise reading_error()


def with_items(parts):
    """`[y; [item]]` for a vector that grows: None where no part is one."""
    first, *rest = parts
    if not any(part.__class__ is Array and part._data.__class__ is Added for part in parts):
        return None
    if first.__class__ is not Array or first._data.__class__ is not Added:
        raise reading_error()
    items = list(first._data.items)
    for part in rest:
        if part.__class__ is Array and (part._data.__class__ is not np.ndarray or part._data.dtype != object):
            raise reading_error()
        items.extend(part._data.reshape(-1) if part.__class__ is Array else [part])
    return Array(Added(items, first._data.dim), first.type)


class ItemGrowth:
    """How a vector of objects grows: by one item in each iteration. It becomes a vector of staged elements.
    """

    spec, last = Unknown(), None

    def __init__(self, vector):
        self.type, self.item = vector.type, None
        self.before, self.dim = len(vector._data), fresh_dim("G")

    def placeholder(self, leaves):
        return Array(Added((), self.dim), self.type)

    def continues(self, spec, value):
        return value.__class__ is Array and value._data.__class__ is Added and len(value._data.items) == 1

    def additions(self, array, region, index):
        (item,) = array._data.items
        replace_sizes(region.block, self.dim, self.before, 1, index)
        if is_used(region.block, self.dim):
            raise reading_error()
        self.item = full_spec(item, region.serial)
        if self.item.__class__ is Fixed and opened(item) is not None:
            self.item = opened(item)
        if not leaf_types(self.item):
            raise reading_error()
        return flatten(self.item, item)

    def final(self, array, stacks):
        before = list(array.data)
        if any(join(self.item, spec_of(item)) != self.item for item in before):
            raise reading_error()
        rows = [flatten(self.item, item) for item in before]
        stacks = [self._behind([row[k] for row in rows], stack) for k, stack in enumerate(stacks)]
        inner = [Value(type_) for type_ in leaf_types(self.item)]
        template = rebuild(self.item, iter(inner))
        return vector_of_lanes(Lanes(stacks[0].shape[0], template, list(zip(inner, stacks, strict=True)), {}))

    def _behind(self, values, stack):
        rows = [apply("reshape", value, shape=(1, *value.shape)) for value in values]
        return apply("concatenate", *rows, stack, axis=0) if rows else stack


def growth_of(before, after):
    """The growth from one value to another: of an array of numbers (given by specs) along one axis, of a
    vector of objects by its items; None where there is none."""
    if before.__class__ is Array and after.__class__ is Array:
        contents = [before._data, after._data]
        of_objects = all(c.__class__ is np.ndarray and c.dtype == object and c.ndim == 1 for c in contents)
        return ItemGrowth(before) if of_objects and len(contents[0]) < len(contents[1]) else None
    if before.__class__ is not Numbers or after.__class__ is not Numbers:
        return None
    if before.element is not after.element or len(before.shape) != len(after.shape):
        return None
    axes = [k for k, (a, b) in enumerate(zip(before.shape, after.shape, strict=True)) if a != b]
    return Growth(before, axes[0]) if len(axes) == 1 else None


def replaced(items, index, item):
    """A tuple with another item at an index."""
    return (*items[:index], item, *items[index + 1:])


def mentions(attribute, name):
    """Whether an attribute of an operation has a dim that a name occurs in."""
    if isinstance(attribute, tuple):
        return any(mentions(item, name) for item in attribute)
    return hasattr(attribute, "terms") and name in dim_names(attribute)


