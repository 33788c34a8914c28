"""Arrays whose size changes in any way in the iterations of a staged loop: `pop!`, `deleteat!`, `x[k] = v`
after `push!`, `y = y[2:end]`.

The loop carries a buffer with room for the largest size that the array can have, and its size. In the body
the array is the beginning of the buffer. How large it can be follows from a bound of what an iteration adds;
bounds of dims that the graph defines are kept in the trace.
"""

from ...compiler.ir import Builder, Value, dims_defined_in
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import (
    DimExpression,
    TensorType,
    dim_names,
    fresh_dim,
    size_product,
    substitute,
    symbol_name,
)
from ..dims import define_dim, defined_dim
from ..staging import apply, read
from ..state import state
from ..values import Array
from .extents import least
from .growth import Extra, Resized, replace_operand
from .specs import as_ir, zeros


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


def common_room(arms, sizes, measure):
    """(a dim with room for either of two sizes behind a conditional, whether it is just the one that there
    is): where the arms define sizes of their own, `measure` finds it."""
    if sizes[0] == sizes[1] and not is_local(sizes[0], arms[0].region):
        return sizes[0], True
    bound = larger(*sizes)
    if any(is_local(bound, arm.region) for arm in arms):
        return measure(sizes), True
    return bound, False


def most(added):
    """A bound above of what an iteration adds, without what it takes away."""
    return sum(term for term in terms(added) if term_is_positive(term))


class Room:
    """The room of an array that a loop makes longer and shorter, of the size `before` first, of `dim` at the
    start of an iteration: `whole` is how long it can get. Where nothing bounds that before the loop,
    `is_searched` holds and a search defines `more`, the dim that it is larger than `before` (see `rooms`)."""

    is_searched = False

    def bound(self, size, region):
        """Finds a bound of what an iteration adds, or of the size that it leaves."""
        size, self.added, self.largest = upper(size), None, None
        if self._is_known(size - self.dim, region):
            self.added = most(size - self.dim)
        elif self._is_known(size, region):  # an array of another size, whatever there was before
            self.largest = size

    def _is_known(self, dim, region):
        return self.name not in dim_names(dim) and not is_local(dim, region)

    def capacity(self, trips):
        """Makes room, before the loop, for all that it may add; `trips()` is a bound of its iterations, a
        dim, or None."""
        if self.largest is not None:
            self.whole = larger(self.before, self.largest)
            return
        trips = trips() if self.added not in (0, None) else 0
        self.is_searched = self.added is None or trips is None
        self.more = fresh_dim("C") if self.is_searched else size_product((trips, self.added))
        self.whole = self.before + self.more

    def written(self, buffer, value, axis):
        """The buffer with a value at its beginning; in a search only as far as there is room."""
        if not self.is_searched:
            return apply("dynamic_update_slice", buffer, value, *[as_ir(0)] * len(value.shape))
        whole = apply("concatenate", value, zeros(buffer.type), axis=axis)
        return beginning(whole, axis, self.whole)


class Buffered(Resized, Room):
    """How an array changes that a loop makes longer and shorter."""

    def __init__(self, growth):
        super().__init__(growth.spec, growth.axis, growth.before)

    def analyse(self, array, region):
        """Finds out how long the array can get."""
        self.value = as_ir(read(array))
        self.bound(self.value.shape[self.axis], region)

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
        self.size = state.trace.builder.dim_value(dim=value.shape[self.axis])
        following = self.written(buffer, value, self.axis)

        def room(array):
            return room_for(as_ir(read(array)), self.axis, self.whole)

        def size_before(array):
            return state.trace.builder.dim_value(dim=self.before)

        return [Extra(buffer, room, following), Extra(length, size_before, self.size)], []

    def final(self, array, stacks, carried):
        """The array after the loop, of the buffer and the size that were carried."""
        buffer, length = carried
        return Array(beginning(buffer, self.axis, bounded_dim(length, self.whole)))


def is_local(dim, region):
    """Whether an operation of a region defines a name of a dim."""
    local = dims_defined_in(region.block)
    return bool(dim_names(dim) & local)
