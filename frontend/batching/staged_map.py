"""`map` over staged elements: one region op for all that maps, broadcasts over vectors of examples
(`staged_broadcasts`), comprehensions and generators (`generators`) say.

What is mapped over are the items that a staged loop runs over (`loop_items`), and generators of them: they
bind their arrays as operands of the map and give the element of a lane inside of the region.
"""

import numpy as np

from ...compiler.errors import UnsupportedError
from ...compiler.ir import Value, defined_dims, dims_defined_in
from ...compiler.ops.map_parts import never_falls
from ...compiler.types import I64, TensorType, dim_names, fresh_dim, symbol, symbol_name
from .. import types as t
from ..control_flow.columns import arrays_of
from ..control_flow.regions import Region
from ..control_flow.sharing import entangle
from ..poison import Either
from ..staged_numbers import DimNumber, Traced
from ..staging import apply, as_value, expand, payload_of
from ..state import state
from ..trees import children
from ..values import Array, Struct, typeof
from .forests import NodeItems
from .lanes import Lanes, Outline, defined_dim, is_lanes, substituted, vector_of_lanes


class Operands:
    """The operands of a map in the making, and the arguments of its region that they become."""

    def __init__(self, trace, count):
        self.around, self.count = trace.ragged_dims, count
        self.trace, self.block = trace, trace.builder.block
        self.ragged, self.lengths, self.bounds = [], [], []
        self.data, self.arguments = [], []
        self.given = []  # the arrays of elements, `loop_items.Given`
        self.places = None

    def bind_dim(self, name, sizes, bound):
        """The name that a dim with these sizes has in the region."""
        for inner, known in zip(self.ragged, self.lengths):
            if known is sizes:
                return inner
        inner = name if name not in self.around and name not in self.ragged else symbol_name(fresh_dim(name))
        self.ragged.append(inner)
        self.lengths.append(sizes)
        self.bounds.append(bound)
        return inner

    def bind(self, value, type=None):
        """The region argument for a lane of a value."""
        argument = Value(type or TensorType(value.element, value.shape[1:]), name=value.name)
        self.data.append(value)
        self.arguments.append(argument)
        self.trace.lane_sources[argument] = self, value
        return argument

    def place(self):
        """The region argument for the place of a lane, from 0."""
        if self.places is None:
            self.places = self.bind(state.trace.builder.iota(shape=(self.count,), axis=0, element=I64))
        return self.places


# --- the op -------------------------------------------------------------------------------------------------


def map_source(function, source):
    """The vector of `function(element)` for each element of a source, by one map. Raises UnsupportedError
    where the function changes what is older than the map."""
    trace = state.trace
    count = source.count
    if count.__class__ is Value:
        count = defined_dim(trace.builder, "K", count)
    operands = Operands(trace, count)
    element = source.bind(operands)
    if not operands.arguments and not operands.lengths:  # elements without numbers: a count all the same
        operands.place()
    try:
        region, item, outline, changed = _run(trace, operands, function, element)
        draws = _random_states(region)
    except OuterEffect:
        draws = None
    if draws is None or len(draws) < len(region.written):
        from .staged_folds import looped

        return looped(function, source)
    if draws:
        keys_of = source.keys if source.__class__ is NodeItems else lane_keys
        keys = [keys_of(array, count) for array in draws]
        operands = Operands(trace, count)
        element = source.bind(operands)
        keys = [(array, operands.bind(key)) for array, key in zip(draws, keys)]
        region, item, outline, changed = _run(trace, operands, function, element, keys)
    if _is_plain(item):
        return _filled(item, count)
    lanes = _emit(trace, operands, region, item, outline, count)
    if changed:
        item = _write_back(lanes, changed)
        if _is_plain(item):
            return _filled(item, count)
        lanes = Lanes(count, item, lanes.columns, lanes.lengths, lanes.serial)
    vector, inside = vector_of_lanes(lanes), arrays_of(item)
    for source in {id(given.items): given.items.array for given in operands.given
                   if given.array in inside}.values():
        entangle(vector, source)  # they have elements in common
    return vector


def _write_back(lanes, changed):
    """Puts what the arrays of all elements hold in the end, which a map gives behind the values of its
    function, where they come from; gives the template of these values."""
    item, *contents = lanes.item
    for value, given in zip(contents, changed, strict=True):
        data = as_value(value._data)
        column = dict(lanes.columns).get(data)
        given.write(as_value(expand(data, (lanes.count, *data.shape))) if column is None else column)
    return item


def _run(trace, operands, function, element, keys=()):
    region = Region(trace, arguments=operands.arguments)
    outer, state.lanes, where = state.lanes, 0, state.location
    trace.ragged_dims = trace.ragged_dims | set(operands.ragged)
    try:
        with region:
            for array, key in keys:
                region.replace(array, "data", _lane_state(key))
            result = function(element())
            region.block.arguments = list(operands.arguments)  # those bound on the way, too
            changed = [given for given in operands.given if given.is_changed()]
            if changed:
                result = (result, *[Array(given.contents()) for given in changed])
            inner = {*operands.ragged, *dims_defined_in(region.block)}
            outline = Outline(region, inner)
            item = outline.of(result)
            state.location = where
    finally:
        state.lanes = outer
        trace.ragged_dims = operands.around
    return region, item, outline, changed


def _emit(trace, operands, region, item, outline, count):
    """The map op of a region, and the lanes of what it gives."""
    values = list(outline.values)
    values, item = _with_own_sizes(trace, operands, region, values, item)
    ragged = dict(zip(operands.ragged, zip(operands.lengths, operands.bounds)))
    names = set().union(*(dim_names(dim) for value in values for dim in value.type.shape))
    names |= set().union(*_nested_names(item))
    defined = [name for operation in region.block.operations for name in defined_dims(operation)
               if name in names]
    if not values:
        return Lanes(count, item, [], {}, region.serial)
    with region:
        sizes = [trace.builder.dim_value(dim=symbol(name)) for name in defined]
    region.block.results = [*values, *sizes]
    attributes = {"ragged": tuple(operands.ragged), "bounds": tuple(operands.bounds),
                  "defines": tuple((name, f"{name}.max") for name in defined)}
    trace.builder.location = state.location
    made = trace.builder.emit("map", [*operands.lengths, *operands.data],
                              {key: value for key, value in attributes.items() if value}, [region.block])
    made = made if isinstance(made, list) else [made]
    lengths = {name: ragged[name] for name in operands.ragged if name in names}
    for name, size in zip(defined, made[len(values):]):
        lengths[name] = size, symbol(f"{name}.max")
    return Lanes(count, item, list(zip(values, made)), lengths, region.serial)


def _with_own_sizes(trace, operands, region, values, item):
    """The values and the template with dims of their own in place of sizes that may fall where an example
    grows, `n - n ÷ 2`: the outside could not tell how large they are at most."""
    own, changed = {}, {}
    with region:
        builder = trace.builder
        for value in values:
            falling = {dim for dim in value.shape if not never_falls(dim, operands.ragged)}
            if not falling:
                continue
            for dim in falling - own.keys():
                own[dim] = defined_dim(builder, "K", builder.extent(dim))
            starts = [builder.constant(np.int64(0))] * value.rank
            sizes = tuple(own.get(dim, dim) for dim in value.shape)
            changed[value] = builder.dynamic_slice(value, *starts, sizes=sizes)
    if not changed:
        return values, item
    return [changed.get(value, value) for value in values], substituted(item, changed, {})


def _nested_names(item):
    """The names of dims in the sizes of vectors in a template."""
    yield set()
    if is_lanes(item):
        yield dim_names(item._data.count)
        for _, bound in item._data.lengths.values():
            yield dim_names(bound)
        yield from _nested_names(item._data.item)
    else:
        for _, child in children(item) or ():
            yield from _nested_names(child)


def _is_plain(item):
    """Whether an element is a number that is the same for all lanes and known outside."""
    return item.__class__ in (bool, int, float) or item.__class__ is DimNumber or (
        item.__class__ not in (Traced, Struct, Either) and typeof(item) in t.NUMPY_TYPES)


def _filled(number, count):
    """A vector of one number."""
    return Array(as_value(expand(payload_of(number), (count,))))


# --- effects ------------------------------------------------------------------------------------------------


def unsupported(message):
    return UnsupportedError(message, state.location, kind="UnsupportedError")


class OuterEffect(UnsupportedError):
    """A function over staged elements changes what is defined outside of it."""


def outer_effect():
    return OuterEffect("a function over staged elements changes what is outside of it", state.location,
                       kind="UnsupportedError")


def _random_states(region):
    """The states of random numbers among what a region has written."""
    from ..base.random_numbers import RANDOM_STATES

    return [owner for owner, key, _ in region.written.values()
            if key == "data" and owner.__class__ is Array and owner in RANDOM_STATES]


def lane_keys(array, count):
    """A random key for each lane, from the state of a generator, which moves on by the number of lanes."""
    from ..base.random_numbers import draw

    return as_value(draw(array, "random_bits", (count,)))


def _lane_state(key):
    """The state of a generator with a key, at its first number."""
    return apply("concatenate", apply("reshape", key, shape=(1,)), np.zeros(1, np.int64), axis=0)
