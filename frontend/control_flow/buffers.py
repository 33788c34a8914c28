"""Arrays whose size changes in any way in the iterations of a staged loop: `pop!`, `deleteat!`, `x[k] = v`
after `push!`, `y = y[2:end]`.

The loop carries a buffer with room for the largest size that the array can have, and its size. In the body
the array is the beginning of the buffer. How large it can be follows from a bound of what an iteration adds;
bounds of dims that the graph defines are kept in the trace.
"""

from ...compiler.ir import Builder, Value, defined_dims
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import (
    DimExpression,
    TensorType,
    dim_names,
    size_product,
    substitute,
    symbol_name,
)
from ..dims import define_dim, defined_dim
from ..poison import HostValueNeeded
from ..staging import apply, read
from ..state import state
from ..values import Array
from .extents import least
from .growth import Extra, Resized, replace_operand
from .specs import as_ir, zeros


def size_error(reason):
    return HostValueNeeded("the size of an array that a loop of the graph changes must have a bound before "
                           f"the loop: {reason}", state.location, kind="UnsupportedError")


def upper(dim):
    """A bound of a dim above without the names of dims that have a bound of their own."""
    bounds = state.trace.dim_bounds
    while not isinstance(dim, int):
        bounded = {name: bounds[name] for name in dim_names(dim) if name in bounds}
        if not bounded:
            return dim
        dim = sum(substitute(term, bounded) for term in terms(dim)
                  if term_is_positive(term) or not dim_names(term) & bounded.keys())
    return dim


def terms(dim):
    """The terms of which a dim is the sum."""
    if isinstance(dim, int):
        return [dim]
    return [DimExpression((term,)) if term[0] else term[1] for term in dim.terms]


def term_is_positive(term):
    return (term if isinstance(term, int) else term.terms[0][1]) > 0


def larger(one, other):
    """A bound above of two dims: one of them, where that is certain, else their sum."""
    one, other = upper(one), upper(other)
    for a, b in ((one, other), (other, one)):
        rest = least(a - b)
        if rest is not None and rest >= 0:
            return a
    return one + other


def beginning(buffer, axis, size):
    """The elements of an array up to a size along an axis."""
    return apply("slice", buffer, starts=(0,) * len(buffer.shape), steps=(1,) * len(buffer.shape),
                 stops=(*buffer.shape[:axis], size, *buffer.shape[axis + 1:]))


def room_for(value, axis, size):
    """An array with zeros behind it up to a size along an axis."""
    if value.shape[axis] == size:
        return value
    whole = zeros(TensorType(value.element, (*value.shape[:axis], size, *value.shape[axis + 1:])))
    origin = as_ir(0)
    return apply("dynamic_update_slice", whole, value, *[origin] * len(value.shape))


def bounded_dim(size, bound):
    """The dim of a size that the graph computes, at most `bound`."""
    dim = defined_dim(size)
    state.trace.dim_bounds[symbol_name(dim)] = bound
    return dim


def amount_error():
    return size_error("it is changed by amounts that only the iteration knows")


def most(added):
    """A bound above of what an iteration adds, without what it takes away."""
    return sum(term for term in terms(added) if term_is_positive(term))


def room_after(trips, added):
    """What iterations add at most that add so much each; `trips()` is a bound of their number, or None."""
    if added == 0:
        return 0
    trips = trips()
    if trips is None:
        raise size_error("it is not known how long it will be at most, for the loop ends by a condition")
    return size_product((trips, added))


class Buffered(Resized):
    """How an array changes that a loop makes longer and shorter."""

    def __init__(self, growth):
        super().__init__(growth.spec, growth.axis, growth.before)

    def analyse(self, array, region):
        """Finds a bound of what an iteration adds. Raises HostValueNeeded where there is none."""
        self.value = as_ir(read(array))
        added = upper(self.value.shape[self.axis]) - self.dim
        if self.name in dim_names(added) or is_local(added, region):
            added = upper(self.value.shape[self.axis])  # an array of another size, whatever there was before
            if self.name in dim_names(added) or is_local(added, region):
                raise amount_error()
            self.largest, self.added = added, None
            return
        self.added = most(added)

    def capacity(self, trips):
        """Makes room, before the loop, for all that it may add."""
        if self.added is None:
            self.whole = larger(self.before, self.largest)
        else:
            self.whole = self.before + room_after(trips, self.added)

    def additions(self, region, index):
        """The buffer and the size that the loop carries; nothing is stacked."""
        shape = (*self.spec.shape[:self.axis], self.whole, *self.spec.shape[self.axis + 1:])
        buffer = Value(TensorType(self.leaf.element, shape), name="buffer")
        length = Value(INDEX, name="length")
        builder = Builder(location=state.location)
        define_dim(builder, self.dim, length)
        here = builder.slice(buffer, starts=(0,) * len(shape), steps=(1,) * len(shape),
                             stops=(*shape[:self.axis], self.dim, *shape[self.axis + 1:]))
        replace_operand(region.block, self.leaf, here)
        value = here if self.value is self.leaf else self.value
        region.block.operations[:0] = builder.block.operations
        size = state.trace.builder.dim_value(dim=value.shape[self.axis])
        origin = as_ir(0)
        following = apply("dynamic_update_slice", buffer, value, *[origin] * len(shape))

        def room(array):
            return room_for(as_ir(read(array)), self.axis, self.whole)

        def size_before(array):
            return state.trace.builder.dim_value(dim=self.before)

        return [Extra(buffer, room, following), Extra(length, size_before, size)], []

    def final(self, array, stacks, carried):
        """The array after the loop, of the buffer and the size that were carried."""
        buffer, length = carried
        return Array(beginning(buffer, self.axis, bounded_dim(length, self.whole)))


def is_local(dim, region):
    """Whether an operation of a region defines a name of a dim."""
    local = {name for operation in region.block.operations for name in defined_dims(operation)}
    return bool(dim_names(dim) & local)
