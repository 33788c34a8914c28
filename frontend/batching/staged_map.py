"""`map` over staged elements: one region op for all that maps, broadcasts over vectors of examples,
comprehensions and generators say.

What is mapped over are the items that a staged loop runs over (`loop_items`), and generators of them: they
bind their arrays as operands of the map and give the element of a lane inside of the region.
"""

import numpy as np

from ...compiler.errors import UnsupportedError, WeberError
from ...compiler.ir import Value, defined_dims
from ...compiler.ops.map_parts import never_falls
from ...compiler.types import I64, TensorType, dim_names, fresh_dim, symbol, symbol_name
from .. import types as t
from ..control_flow.conditionals import called, is_staged_condition
from ..control_flow.growth import arrays_of
from ..control_flow.loop_items import NumberItems, TupleItems, items_of
from ..control_flow.regions import Region
from ..control_flow.sharing import entangle
from ..poison import Either, HostValueNeeded
from ..staged_numbers import DimNumber, Traced
from ..staging import apply, as_value, expand, payload_of, read
from ..state import state
from ..trees import children
from ..type_names import type_name
from ..values import Array, GeneratorParts, GeneratorValue, Range, Struct, colon, typeof
from .forests import NodeItems
from .lanes import Lanes, Outline, defined_dim, is_lanes, substituted, vector_of_lanes

UNROLLED = 4
"""So many elements of known number are evaluated one after the other."""


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


class GeneratorItems:
    """The values of a generator `body for x in items if condition`. Where the condition does not hold the
    value is `neutral` of the type of the others."""

    def __init__(self, parts, items):
        self.parts, self.items, self.neutral = parts, items, None
        self.count, self.payloads, self.is_ragged = items.count, items.payloads, items.is_ragged

    def bind(self, operands):
        element = self.items.bind(operands)

        def value():
            before = self.parts.outer_variables()
            result = self.value(element())
            if any(a is not b for a, b in zip(before, self.parts.outer_variables(), strict=True)):
                raise outer_effect()
            return result

        return value

    def item(self, index, slices):
        return self.value(self.items.item(index, slices))

    def at(self, index):
        return self.value(self.items.at(index))

    def value(self, item):
        parts = self.parts
        with parts.own_variables():  # an element means nothing outside of its lane
            parts.assign(item)
            if parts.condition is None:
                return parts.body()
            return conditional(parts.condition(), parts.body, self.neutral)


def source_of(value):
    """What an iterable's elements are for a map; None where they must be iterated over."""
    if value.__class__ is not GeneratorValue:
        return items_of(value)
    items = None if value.parts is None else source_of(value.parts.iterable)
    return None if items is None else GeneratorItems(value.parts, items)


def frame_of(source):
    """(frame, slots around) of the generator that a source is."""
    if source.__class__ is GeneratorItems:
        return source.parts.frame, range(source.parts.slots.start)
    if source.__class__ is TupleItems and len(source.parts) == 1:
        return frame_of(source.parts[0])
    return None, range(0)


def side_by_side(sources):
    """The tuples of the elements of several sources. Raises DimensionMismatch where their numbers differ."""
    counts = {source.count for source in sources}
    if len(counts) == 1:
        return TupleItems(sources)
    if all(isinstance(count, int) for count in counts):
        raise HostValueNeeded("lanes of different numbers of elements", state.location)
    shown = " and ".join(sorted(map(str, counts)))
    raise WeberError(f"DimensionMismatch: vectors of {shown} elements side by side; counts of one name are "
                     "equal", state.location, kind="DimensionMismatch")


# --- when to map, and what of -------------------------------------------------------------------------------


def collected(iterable):
    """The vector of an iterable's values by one map; None where they are to be iterated over."""
    from ..base.iteration import size_of

    source = wanted_source(iterable)
    if source is None:
        return None
    if has_condition(source):
        if isinstance(source.count, int) and not decides_on_staged(source):
            return None
        source = kept(source)
        return stacked_loops(mapped(lambda item: item, source), source)
    return shaped(stacked_loops(mapped(lambda item: item, source), source), size_of(iterable))


def shaped(values, size):
    """The vector of an iterable's values in the iterable's size, where that has several dims."""
    if values is None or size is None or len(size) < 2 or values.rank != 1:
        return values
    if is_lanes(values):
        raise unsupported("an array of several dims of staged elements that are no numbers")
    from ..base.arrays import reshaped

    dims = [dim.dim if dim.__class__ is DimNumber else dim for dim in size]
    return Array(reshaped(read(values), tuple(reversed(dims))))


def kept(source):
    """The source of the values of a generator with a condition: the elements for which it holds are picked
    before anything is computed of them."""
    parts = source.parts

    def condition(item):
        parts.assign(item)
        return parts.condition()

    flags = mapped(condition, source.items)
    items = mapped(lambda item: item, source.items)
    if flags is None or items is None or flags.element is not t.Bool:
        raise unsupported("a collection of elements for which a condition holds, which cannot be "
                          "treated alike")
    from ..base.selection import chosen

    unconditional = GeneratorParts(parts.iterable, parts.assign, parts.body, None, parts.frame, parts.slots)
    return GeneratorItems(unconditional, items_of(chosen(items, as_value(read(flags)))))


def generator(parts, size=None, nested=False):
    """The generator with these parts; of a `nested` one the values are what its vectors hold."""
    from ..base.iteration import iterate
    from ..evaluation.evaluator import truth

    def values():
        for item in iterate(parts.iterable):
            parts.assign(item)
            if parts.condition is None or truth(parts.condition(), state.location):
                value = parts.body()
                yield from iterate(value) if nested else (value,)

    return GeneratorValue(values, size, None if nested else parts, (lambda: parts) if nested else None)


def presence(iterable):
    """A generator of true for each value of an iterable."""
    parts = iterable.parts if iterable.__class__ is GeneratorValue else None
    if parts is None:
        own = GeneratorParts(iterable, lambda item: None, lambda: True, None, [], slice(0, 0))
        return generator(own)
    return generator(GeneratorParts(parts.iterable, parts.assign, lambda: True, parts.condition, parts.frame,
                                    parts.slots))


def collected_of(function, *iterables):
    """The vector of a function's values for the elements of iterables side by side, as `collected` has
    them."""

    sources = [wanted_source(iterable) for iterable in iterables]
    if all(source is None for source in sources):
        return None
    sources = [source or source_of(iterable) for source, iterable in zip(sources, iterables)]
    if None in sources or any(map(has_condition, sources)):
        return None
    return mapped(lambda elements: called(function, elements), side_by_side(sources))


def mapped(function, source):
    """The vector of a function's values by one map; None where a source of known length is to be iterated
    over because its elements cannot be treated alike, or have sizes that are known one by one."""
    if not isinstance(source.count, int):
        return map_source(function, source)
    region = Region(state.trace, frame_of(source)[0])  # what a failure has done is undone
    try:
        with region:
            vector = map_source(function, source)
    except WeberError:
        return None
    if not _is_staged(source) and is_lanes(vector) and vector._data.lengths:
        return None
    region.merge()
    return vector


def stacked_loops(values, source):
    """The array of the values of a generator of several loops, the first of which goes along the first
    dim."""
    from ..base.slices import stack_lanes

    one = values is None or source.__class__ is not GeneratorItems or source.parts.loops == 1
    return values if one else stack_lanes(values, colon)


def reducible(iterable, neutral):
    """The vector of an iterable's values for a reduction with this neutral element; None where they are to be
    iterated over."""
    source = wanted_source(iterable)
    if source is None:
        return None
    if has_condition(source):
        source.neutral = neutral
    return stacked_loops(mapped(lambda item: item, source), source)


def decides_on_staged(source):
    """Whether only the graph knows for which elements the condition of a source holds."""
    parts, region = source.parts, Region(state.trace, source.parts.frame)
    try:
        with region:
            parts.assign(source.items.at(0))
            return is_staged_condition(parts.condition())
    except WeberError:
        return False


def has_condition(source):
    return source.__class__ is GeneratorItems and source.parts.condition is not None


def wanted_source(iterable):
    """The source of an iterable whose elements should be treated by one map: those that only the graph knows,
    and a known number of more than a few."""
    from ..base.iteration import size_of

    if state.trace is None or iterable.__class__ not in (Array, Range, GeneratorValue, Struct):
        return None
    if iterable.__class__ is GeneratorValue and iterable.nested is not None:
        vector = flattened(iterable.nested())
        return None if vector is None else items_of(vector)
    source = source_of(iterable)
    if source.__class__ is GeneratorItems and source.parts.loops > 1:
        size = size_of(source.parts.iterable) if iterable.size is None else iterable.size
        return None if all(isinstance(dim, int) for dim in size) else source
    if source is None or not isinstance(source.count, int) or source.is_ragged:
        return source
    if source.count <= UNROLLED:
        return source if source.count and has_condition(source) and decides_on_staged(source) else None
    return source if _is_staged(source) or _emits(iterable) else None


def flattened(parts):
    """The vector of what the vectors hold that a generator with these parts gives; None where they are to be
    iterated over."""
    from ..base.mapping import joined_lanes

    source = wanted_source(generator(parts))
    if source is None:
        return None
    vectors = mapped(lambda item: item, kept(source) if has_condition(source) else source)
    return joined_lanes(vectors, False) if vectors is not None and is_lanes(vectors) else None


def _is_staged(source):
    """Whether the elements of a source are known to the graph only."""
    return any(payload.__class__ is Value for payload in source.payloads)


def _emits(iterable):
    """Whether the first of an iterable's values is computed by the graph."""
    from ..base.iteration import iterate

    region = Region(state.trace)
    try:
        with region:
            next(iter(iterate(iterable)), None)
    except WeberError:
        return False
    return bool(region.block.operations)


def conditional(condition, body, neutral):
    """`condition ? body() : neutral`, a number."""
    from ..staging import host_number

    if condition.__class__ is not Traced or condition.known is not None:
        value = payload_of(body())
        if not host_number(condition, "a condition"):
            value = neutral(as_value(value).element)
        return Traced(as_value(value))
    trace = state.trace
    then, otherwise = Region(trace), Region(trace)
    with then:
        value = payload_of(body())
        value = as_value(value)
    if then.written:
        raise outer_effect()
    if value.rank:
        raise unsupported("a reduction over those elements for which a condition holds must be of numbers")
    with otherwise:
        zero = trace.builder.constant(neutral(value.element))
    then.block.results, otherwise.block.results = [value], [zero]
    holds = as_value(payload_of(condition))
    return Traced(trace.builder.emit("if", [holds], {}, [then.block, otherwise.block]))


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
            inner = {*operands.ragged, *(name for operation in region.block.operations
                                         for name in defined_dims(operation))}
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


# --- broadcasts ---------------------------------------------------------------------------------------------


def broadcast_vectors(function, arguments, keywords):
    """A broadcast some of whose arguments are vectors of staged elements: one map."""
    sources = {}
    one = all(tuple(a._data.shape) == (1,) for a in arguments if a.__class__ is Array)
    for position, argument in enumerate(arguments):
        if argument.__class__ is Array and (one or tuple(argument._data.shape) != (1,)):
            source = source_of(argument) if argument.rank == 1 else None
            if source is None:
                raise unsupported(f"a broadcast over a vector of staged elements and a value of type "
                                  f"{type_name(typeof(argument))}")
            sources[position] = source
        elif argument.__class__ is tuple and len(argument) != 1:
            raise unsupported("a broadcast over a vector of staged elements and a tuple")
    apply = _caller(function, arguments, keywords, list(sources))
    return map_source(apply, side_by_side(list(sources.values())))


def _caller(function, arguments, keywords, positions):
    """A function of the tuple of a lane's elements that puts them among the other arguments of a call."""
    from ..base.iteration import iterate
    from ..evaluation.broadcasting import unwrap_reference

    whole = [next(iter(iterate(a))) if k not in positions and a.__class__ in (Array, tuple)
             else unwrap_reference(a) for k, a in enumerate(arguments)]

    def apply(elements):
        row = list(whole)
        for position, argument in zip(positions, elements, strict=True):
            row[position] = argument
        return called(function, row, keywords)

    return apply


def broadcast_numbers(function, arguments, keywords, shape):
    """A broadcast over staged numbers whose function decides on each of them or loops: one map."""
    from ..base.arrays import reshaped

    positions = [k for k, argument in enumerate(arguments) if argument.__class__ is Array]
    sources = [NumberItems(Array(expand(read(arguments[k]), shape))) for k in positions]
    result = map_source(_caller(function, arguments, keywords, positions), TupleItems(sources))
    if len(shape) == 1:
        return result
    if is_lanes(result):
        raise unsupported("a broadcast over an array of more than one dim that does not give numbers")
    return Array(reshaped(read(result), shape))


__all__ = ["UNROLLED", "broadcast_numbers", "broadcast_vectors", "collected", "collected_of", "map_source",
           "mapped", "reducible", "source_of", "wanted_source"]
