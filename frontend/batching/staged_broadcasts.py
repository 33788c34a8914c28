"""Broadcasts over vectors of staged elements, and those that decide on each of many staged numbers, as one
map."""

from ..control_flow.conditionals import called
from ..control_flow.loop_items import NumberItems, TupleItems
from ..staging import expand, read
from ..type_names import type_name
from ..values import Array, typeof
from .generators import side_by_side, source_of
from .lanes import is_lanes
from .staged_map import map_source, unsupported


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
