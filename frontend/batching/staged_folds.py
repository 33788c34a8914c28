"""Staged elements one after the other: folds, and maps whose function changes what is outside of it."""

from types import FunctionType

import numpy as np

from ...compiler.errors import WeberError
from ...compiler.ir import Value, dims_defined_in
from ...compiler.types import dim_names
from .. import types as t
from ..calling import call
from ..control_flow.iterator_items import reversed_items
from ..control_flow.loops import Loop
from ..control_flow.regions import Region
from ..evaluation.loop_statements import attempt
from ..evaluation.scopes import Cell
from ..staging import as_value, emit, payload_of, read, write
from ..state import state
from ..trees import is_number
from ..type_names import type_name
from ..values import Array, typeof
from .generators import frame_of, has_condition, side_by_side, wanted_source
from .lanes import Lanes, vector_of_lanes
from .staged_map import unsupported


def folded(operation, iterables, init, function=None, from_right=False):
    """The left fold of a function's values for the elements of iterables side by side as one loop, `init`
    being `NOTHING_GIVEN` where the first value begins; None where they are to be iterated over. `from_right`:
    the operation, a value of the program or a Python function, takes the total as its second argument."""
    from ..base.iterators import NOTHING_GIVEN

    sources = [wanted_source(iterable) for iterable in iterables]
    if None in sources or any(map(has_condition, sources)):
        return None
    source = side_by_side(sources)
    frame, live = frame_of(source)
    if from_right:
        source = reversed_items(source)
    combine = operation if operation.__class__ is FunctionType else lambda *pair: call(operation, pair)

    def value(elements):
        return elements[0] if function is None else call(function, elements)

    total = Cell(value(_first_item(source)) if init is NOTHING_GIVEN else init)

    def step(item):
        pair = (total.value, value(item))
        total.assign(combine(*pair[::-1] if from_right else pair))

    loop = Loop(state.location, frame, live, step, source, int(init is NOTHING_GIVEN))
    if not isinstance(source.count, int):
        loop.stage()
        return total.value
    try:
        attempt(frame, loop.stage)
    except WeberError:
        return None
    return total.value


def accumulated(operation, iterable, init):
    """The vector of the partial results of a left fold as one loop, `init` being `NOTHING_GIVEN` where the
    first element is the first result; None where the iterable is to be iterated over."""
    from ..base.iterators import NOTHING_GIVEN

    source = wanted_source(iterable)
    if source is None or has_condition(source):
        return None
    first = init is NOTHING_GIVEN
    total = Cell(_first_item(source) if first else init)

    def result(item):
        total.assign(call(operation, (total.value, item)))
        return total.value

    return looped(result, source, [total.value] if first else [])


def looped(function, source, before=()):
    """The vector of a function's values, one element after the other: what the function changes is carried
    from one to the next. Instead of the first elements' values there are those of `before`."""
    frame, live = frame_of(source)
    trial = Region(state.trace, frame)
    with trial:
        sample = function(_first_item(source))
        payload = None if sample is None else _storable(sample, trial)
    if payload is None:
        Loop(state.location, frame, live, lambda item: function(item) and None, source).stage()
        return Array(Lanes(source.count, None, [], {}), t.array_type(t.Nothing, 1))
    rows = Array(np.zeros((0, *payload.shape), payload.element.numpy))

    def append(value):
        value = as_value(payload_of(value, rows.element))
        write(rows, emit("concatenate", [read(rows), emit("reshape", [value], {"shape": (1, *value.shape)})],
                         {"axis": 0}))

    for value in before:
        append(value)
    Loop(state.location, frame, live, lambda item: append(function(item)), source, len(before)).stage()
    stack = as_value(read(rows))
    if not payload.rank:
        return Array(stack)
    inner = Value(payload.type)
    return vector_of_lanes(Lanes(stack.shape[0], Array(inner), [(inner, stack)], {}))


def _storable(sample, region):
    """The IR value of a number or array of numbers whose size does not depend on the element."""
    if not is_number(sample) and (sample.__class__ is not Array or sample.element not in t.ELEMENT_TYPES):
        raise unsupported(f"a function that changes what is outside and gives a value of type "
                          f"{type_name(typeof(sample))}")
    value = as_value(payload_of(sample))
    local = dims_defined_in(region.block)
    if any(dim_names(dim) & local for dim in value.shape):
        raise unsupported("a function that changes what is outside and gives arrays of different sizes")
    return value


def _first_item(source):
    """An item for a trial."""
    place = as_value(payload_of(0, t.Int64))
    return source.item(place, [emit("gather", [payload, place], {"axis": 0}) for payload in source.payloads])
