"""`map` over staged elements: one region op for all that maps, broadcasts over vectors of examples,
comprehensions and generators say.

What is mapped over is a *source*: a vector of staged elements, the numbers of a staged array, a range, and
zips, enumerations and generators of them. A source binds its arrays as operands of the map and gives the
element of a lane inside of the region.
"""

from ..compiler.errors import UnsupportedError, WeberError
from ..compiler.ir import Value, defined_dims, rename_dims
from ..compiler.types import I64, TensorType, dim_names, fresh_dim, symbol, symbol_name
from . import types as t
from .lanes import Lanes, Outline, is_lanes, substituted, vector_of_lanes
from .regions import Region
from .staging import HostValueNeeded, as_dim, as_value, emit, expand, payload_of, read, state
from .values import Array, DimNumber, GeneratorParts, GeneratorValue, Range, Struct, Traced, typeof

UNROLLED = 4
"""So many elements of known number are evaluated one after the other."""


class Operands:
    """The operands of a map in the making, and the arguments of its region that they become."""

    def __init__(self, trace):
        self.around = trace.ragged_dims
        self.ragged, self.lengths, self.bounds = [], [], []
        self.data, self.arguments = [], []
        self.random = None

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
        return argument


# --- sources ------------------------------------------------------------------------------------------------


class LanesSource:
    """The elements of a vector of staged elements."""

    staged = True

    def __init__(self, array):
        self.array, self.lanes = array, array._data
        self.count = self.lanes.count
        self.made = []

    def bind(self, operands):
        lanes, dims = self.lanes, {}
        for name, (sizes, bound) in lanes.lengths.items():
            inner = operands.bind_dim(name, sizes, bound)
            if inner != name:
                dims[name] = symbol(inner)
        values = {inner: operands.bind(outer, rename_dims(inner.type, dims))
                  for inner, outer in lanes.columns}

        def element():
            return substituted(lanes.item, values, dims)

        return element


class NumbersSource:
    """The numbers of an array, in column-major order."""

    def __init__(self, array):
        payload = read(array)
        self.staged = payload.__class__ is Value
        self.count = 1
        for dim in payload.shape:
            self.count = self.count * dim
        self.payload = payload

    def bind(self, operands):
        from .base.arrays import reshaped

        flat = as_value(reshaped(self.payload, (self.count,)))
        argument = operands.bind(flat)
        return lambda: Traced(argument)


class RangeSource:
    """The numbers of a range."""

    staged = False

    def __init__(self, range_):
        self.range, self.count = range_, as_dim(range_.length)

    def bind(self, operands):
        places = emit("iota", (), {"shape": (self.count,), "axis": 0, "element": I64})
        argument = operands.bind(places)
        first, step = self.range.start, self.range.step

        def element():
            from .base.registry import function
            from .calling import call

            index = Traced(argument)
            scaled = index if step.__class__ is int and step == 1 else call(function("*"), (index, step))
            return call(function("+"), (scaled, first))

        return element


class TupleSource:
    """Tuples of the elements of several sources: `zip`, `enumerate`, the arguments of `map`."""

    def __init__(self, sources):
        self.sources = sources
        self.staged = any(source.staged for source in sources)
        self.count = common_count(sources)

    def bind(self, operands):
        elements = [source.bind(operands) for source in self.sources]
        return lambda: tuple([element() for element in elements])


class GeneratorSource:
    """The values of a generator `body for x in source if condition`. Where the condition does not hold the
    value is `neutral` of the type of the others."""

    def __init__(self, generator, source):
        self.parts, self.source, self.neutral = generator.parts, source, None
        self.staged, self.count = source.staged, source.count

    def bind(self, operands):
        element, parts = self.source.bind(operands), self.parts

        def value():
            before = parts.outer_variables()
            parts.assign(element())
            if parts.condition is None:
                result = parts.body()
            else:
                result = conditional(parts.condition(), parts.body, self.neutral)
            if any(a is not b for a, b in zip(before, parts.outer_variables(), strict=True)):
                raise effect_error()
            return result

        return value


def common_count(sources):
    """The number of elements of sources side by side. Raises DimensionMismatch where numbers differ."""
    counts = {source.count for source in sources}
    if len(counts) == 1:
        return counts.pop()
    if all(isinstance(count, int) for count in counts):
        raise HostValueNeeded("lanes of different numbers of elements", state.location)
    shown = " and ".join(sorted(map(str, counts)))
    raise WeberError(f"DimensionMismatch: vectors of {shown} elements side by side; counts of one name are "
                     "equal", state.location, kind="DimensionMismatch")


def source_of(value):
    """The source of an iterable's elements; None where they must be iterated over."""
    kind = value.__class__
    if kind is Array:
        return _array_source(value)
    if kind is Range:
        return RangeSource(value) if typeof(value.start) is t.Int64 else None
    if kind is GeneratorValue:
        source = source_of(value.parts.iterable) if value.parts is not None else None
        return None if source is None else GeneratorSource(value, source)
    if kind is Struct:
        return _iterator_source(value)
    return None


def _array_source(array):
    from .base.shapes import SLICES

    if is_lanes(array):
        return LanesSource(array)
    if array.element in t.ELEMENT_TYPES:
        return NumbersSource(array)
    slices = SLICES.get(array)
    return LanesSource(slices.lanes()) if slices is not None and slices.are_current() else None


def _iterator_source(iterator):
    """The source of a `zip` or `enumerate`."""
    from .base.iterators import ENUMERATE_FAMILY, ZIP_FAMILY

    family = iterator.type.family
    if family is ZIP_FAMILY:
        sources = [source_of(part) for part in iterator.fields[0]]
        return None if None in sources or not sources else TupleSource(sources)
    if family is ENUMERATE_FAMILY:
        inner = source_of(iterator.fields[0])
        return None if inner is None else TupleSource([RangeSource(counting(inner.count)), inner])
    return None


def counting(count):
    """The range 1:count of a dim."""
    return Range(1, 1, DimNumber.of(count), t.UnitRange)


# --- when to map, and what of -------------------------------------------------------------------------------


def collected(iterable):
    """The vector of an iterable's values by one map; None where they are to be iterated over."""
    source = wanted_source(iterable)
    if source is None:
        return None
    if _has_condition(source):
        raise unsupported("a collection of those staged elements for which a condition holds has an unknown "
                          "length: reduce it, as `sum` does")
    return mapped(lambda item: item, source)


def presence(iterable):
    """A generator of true for each value of an iterable."""
    parts = iterable.parts if iterable.__class__ is GeneratorValue else None
    if parts is None:
        own = GeneratorParts(iterable, lambda item: None, lambda: True, None, [], slice(0, 0))
        return GeneratorValue(None, None, own)
    return GeneratorValue(None, None, GeneratorParts(parts.iterable, parts.assign, lambda: True,
                                                     parts.condition, parts.frame, parts.slots))


def collected_of(function, *iterables):
    """The vector of a function's values for the elements of iterables side by side, as `collected` has
    them."""
    from .calling import call

    sources = [wanted_source(iterable) for iterable in iterables]
    if all(source is None for source in sources):
        return None
    sources = [source or source_of(iterable) for source, iterable in zip(sources, iterables)]
    if None in sources or any(map(_has_condition, sources)):
        return None
    return mapped(lambda elements: call(function, elements), TupleSource(sources))


def mapped(function, source):
    """The vector of a function's values by one map; None where a source of known length is to be iterated
    over because its elements cannot be treated alike, or have sizes that are known one by one."""
    if not isinstance(source.count, int):
        return map_source(function, source)
    try:
        values = map_source(function, source)
    except WeberError:
        return None
    if not source.staged and is_lanes(values) and values._data.lengths:
        return None
    return values


def reducible(iterable, neutral):
    """The vector of an iterable's values for a reduction with this neutral element; None where they are to be
    iterated over."""
    source = wanted_source(iterable)
    if source is None:
        return None
    if _has_condition(source):
        source.neutral = neutral
    return mapped(lambda item: item, source)


def _has_condition(source):
    return source.__class__ is GeneratorSource and source.parts.condition is not None


def wanted_source(iterable):
    """The source of an iterable whose elements should be treated by one map: those that only the graph knows,
    and a known number of more than a few."""
    if state.trace is None or iterable.__class__ not in (Array, Range, GeneratorValue, Struct):
        return None
    source = source_of(iterable)
    if source is None or not isinstance(source.count, int) or _has_lanes(source):
        return source
    if source.count <= UNROLLED:
        return None
    return source if source.staged or _emits(iterable) else None


def _has_lanes(source):
    """Whether elements that differ in size are among a source's."""
    if source.__class__ is LanesSource:
        return bool(source.lanes.lengths)
    if source.__class__ is GeneratorSource:
        return _has_lanes(source.source)
    return source.__class__ is TupleSource and any(map(_has_lanes, source.sources))


def _emits(iterable):
    """Whether the first of an iterable's values is computed by the graph."""
    from .base.iteration import iterate

    region = Region(state.trace)
    try:
        with region:
            next(iter(iterate(iterable)), None)
    except WeberError:
        return False
    return bool(region.block.operations)


def conditional(condition, body, neutral):
    """`condition ? body() : neutral`, a number."""
    from .staging import host_number

    if condition.__class__ is not Traced or condition.known is not None:
        if host_number(condition, "a condition"):
            return body()
        raise HostValueNeeded("a condition that does not depend on the element", state.location)
    trace = state.trace
    then, otherwise = Region(trace), Region(trace)
    with then:
        value = payload_of(body())
        value = as_value(value)
    if then.written:
        raise effect_error()
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
    operands = Operands(trace)
    element = source.bind(operands)
    if not operands.arguments and not operands.lengths:  # elements without numbers: a count all the same
        operands.bind(emit("iota", (), {"shape": (source.count,), "axis": 0, "element": I64}))
    draws = None
    region, item, outline = _run(trace, operands, function, element)
    if region.written:
        draws = _random_states(region)
        if len(draws) < len(region.written):
            raise effect_error()
        keys = [lane_keys(array, source.count) for array in draws]
        operands = Operands(trace)
        element = source.bind(operands)
        keys = [(array, operands.bind(key)) for array, key in zip(draws, keys)]
        region, item, outline = _run(trace, operands, function, element, keys)
    return vector_of_lanes(_emit(trace, operands, region, item, outline, source.count)) if \
        not _is_plain(item) else _filled(item, source.count)


def _run(trace, operands, function, element, keys=()):
    region = Region(trace, arguments=operands.arguments)
    outer, state.lanes = state.lanes, 0
    trace.ragged_dims = trace.ragged_dims | set(operands.ragged)
    try:
        with region:
            for array, key in keys:
                region.replace(array, "data", _lane_state(key))
            given = element()
            before = list(_payloads(given))
            result = function(given)
            if any(array._data is not data for array, data in before):
                raise unsupported("the function changes the elements that it is mapped over")
            inner = {*operands.ragged, *(name for operation in region.block.operations
                                         for name in defined_dims(operation))}
            outline = Outline(region, inner)
            item = outline.of(result)
    finally:
        state.lanes = outer
        trace.ragged_dims = operands.around
    return region, item, outline


def _payloads(value):
    """The arrays in an element, with their payloads."""
    from .trees import children

    if value.__class__ is Array and value._data.__class__ is Value:
        yield value, value._data
    for _, child in children(value) or ():
        yield from _payloads(child)


def _emit(trace, operands, region, item, outline, count):
    """The map op of a region, and the lanes of what it gives."""
    values = list(outline.values)
    ragged = dict(zip(operands.ragged, zip(operands.lengths, operands.bounds)))
    names = set().union(*(dim_names(dim) for value in values for dim in value.type.shape))
    names |= set().union(*_nested_names(item))
    defined = [name for operation in region.block.operations for name in defined_dims(operation)
               if name in names]
    if not values:
        return Lanes(count, item, [], {})
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
    return Lanes(count, item, list(zip(values, made)), lengths)


def _nested_names(item):
    """The names of dims in the sizes of vectors in a template."""
    from .trees import children

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
        item.__class__ is not Traced and typeof(item) in t.NUMPY_TYPES)


def _filled(number, count):
    """A vector of one number."""
    return Array(as_value(expand(payload_of(number), (count,))))


# --- effects ------------------------------------------------------------------------------------------------


def unsupported(message):
    return UnsupportedError(message, state.location, kind="UnsupportedError")


def effect_error():
    return unsupported("a function over staged elements cannot change what is defined outside of it")


def _random_states(region):
    """The states of random numbers among what a region has written."""
    from .base.random_numbers import RANDOM_STATES

    return [owner for owner, key, _ in region.written.values()
            if key == "data" and owner.__class__ is Array and owner in RANDOM_STATES]


def lane_keys(array, count):
    """A random key for each lane, from the state of a generator, which moves on by the number of lanes."""
    from .base.random_numbers import draw

    return as_value(draw(array, "random_bits", (count,)))


def _lane_state(key):
    """The state of a generator with a key, at its first number."""
    import numpy as np

    from .staging import apply

    return apply("concatenate", apply("reshape", key, shape=(1,)), np.zeros(1, np.int64), axis=0)


# --- broadcasts ---------------------------------------------------------------------------------------------


def broadcast_vectors(function, arguments, keywords):
    """A broadcast some of whose arguments are vectors of staged elements: one map."""
    sources = {}
    for position, argument in enumerate(arguments):
        if argument.__class__ is Array and tuple(argument._data.shape) != (1,):
            source = source_of(argument) if argument.rank == 1 else None
            if source is None:
                raise unsupported(f"a broadcast over a vector of staged elements and a value of type "
                                  f"{t.type_name(typeof(argument))}")
            sources[position] = source
        elif argument.__class__ is tuple and len(argument) != 1:
            raise unsupported("a broadcast over a vector of staged elements and a tuple")
    apply = _caller(function, arguments, keywords, list(sources))
    return map_source(apply, TupleSource(list(sources.values())))


def _caller(function, arguments, keywords, positions):
    """A function of the tuple of a lane's elements that puts them among the other arguments of a call."""
    from .base.iteration import iterate
    from .broadcasting import unwrap_reference
    from .calling import call

    whole = [next(iter(iterate(a))) if k not in positions and a.__class__ in (Array, tuple)
             else unwrap_reference(a) for k, a in enumerate(arguments)]

    def apply(elements):
        row = list(whole)
        for position, element in zip(positions, elements, strict=True):
            row[position] = element
        return call(function, row, keywords)

    return apply


def broadcast_numbers(function, arguments, keywords, shape):
    """A broadcast over staged numbers whose function decides on each of them or loops: one map."""
    from .base.arrays import reshaped

    positions = [k for k, argument in enumerate(arguments) if argument.__class__ is Array]
    sources = [NumbersSource(Array(expand(read(arguments[k]), shape))) for k in positions]
    result = map_source(_caller(function, arguments, keywords, positions), TupleSource(sources))
    if len(shape) == 1:
        return result
    if is_lanes(result):
        raise unsupported("a broadcast over an array of more than one dim that does not give numbers")
    return Array(reshaped(read(result), shape))


__all__ = ["UNROLLED", "broadcast_numbers", "broadcast_vectors", "collected", "collected_of", "map_source",
           "mapped", "reducible", "source_of", "wanted_source"]
