"""What a comprehension, a generator, a map or a reduction runs over, as the source of one map over staged
elements, or None where it is to be iterated over.
"""

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from .. import types as t
from ..control_flow.conditionals import called, is_staged_condition
from ..control_flow.loop_items import TupleItems, items_of
from ..control_flow.regions import Region
from ..poison import HostValueNeeded
from ..staged_numbers import DimNumber, Traced
from ..staging import as_value, payload_of, read
from ..state import state
from ..values import Array, GeneratorParts, GeneratorValue, Range, Struct, colon
from .lanes import is_lanes
from .staged_map import map_source, outer_effect, unsupported

UNROLLED = 4
"""So many elements of known number are evaluated one after the other."""


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
