"""Immediate evaluation: a trace whose operations are computed as soon as they are appended.

Derivatives are normally staged and compiled. A function that prints, or that needs a number of the graph on
the host – a loop until an iteration converges, a selection of elements – is differentiated in an
`ImmediateTrace` instead: it runs once, as Julia would run it, and leaves the operations on what is being
differentiated, whose values are known. Only floats that depend on marked values are values of the IR;
everything else stays concrete.
"""

import numpy as np

from ...compiler.interpreter import Context, run_operation
from ...compiler.ir import Block, Builder, Value
from ..calling import call
from ..evaluation.scopes import Cell
from ..staged_numbers import Traced
from ..staging import Trace, get_location, set_location
from ..state import state
from ..trees import with_children
from ..values import Array, Dictionary, Function, NamedTuple, Struct, to_host


class ImmediateBuilder(Builder):
    """A builder that runs each operation with numpy."""

    def __init__(self, block):
        super().__init__(block)
        self.context = Context()

    def append(self, op, operands, attributes=None, regions=()):
        results = super().append(op, operands, attributes, regions)
        with np.errstate(all="ignore"):
            run_operation(self.block.operations[-1], self.context)
        return results


class ImmediateTrace(Trace):
    """A trace whose values are known."""

    immediate = True

    def __init__(self):
        super().__init__()
        self.builder = ImmediateBuilder(Block())
        self.block = self.builder.block

    def content(self, value) -> np.ndarray:
        """The array that a value of the trace has."""
        return self.builder.context.values[value]

    def concrete(self, value):
        """A value of the IR as a payload: itself when it is a float, so that it can be differentiated."""
        return value if value.element.is_float else self.content(value)


def run_immediately(function, arguments):
    """`function(arguments...)` in an immediate trace. Nothing staged is left in what it returns or writes."""
    if state.trace is not None:
        return call(function, arguments)
    with ImmediateTrace() as trace:
        try:
            return _settled(call(function, arguments), trace, {})
        finally:
            seen = {}
            for owner, key, _ in trace.journal.values():
                set_location(owner, key, _settled(get_location(owner, key), trace, seen))


def _settled(value, trace, seen):
    """A tree with its staged leaves replaced by what they are. Arrays, mutable structs, dictionaries and
    captured variables are changed in place."""
    kind = value.__class__
    if kind is Value:
        return trace.content(value)
    if kind is Traced:
        return to_host(trace.content(value.data)[()]) if value.data.__class__ is Value else \
            to_host(value.data[()])
    if kind is tuple:
        return tuple([_settled(item, trace, seen) for item in value])
    if kind is np.ndarray and value.dtype == object:
        for index, item in np.ndenumerate(value):
            value[index] = _settled(item, trace, seen)
        return value
    if kind is NamedTuple:
        return NamedTuple(value.names, [_settled(item, trace, seen) for item in value.values])
    if kind not in (Array, Struct, Dictionary, Function):
        return value
    if id(value) in seen:
        return seen[id(value)]
    seen[id(value)] = value
    if kind is Array:
        data = value._data
        if data.__class__ is Value:
            value._data = np.array(trace.content(data))
        elif data.__class__ is np.ndarray:
            _settled(data, trace, seen)
    elif kind is Struct:
        if not value.type.family.mutable:
            items = [_settled(item, trace, seen) for item in value.fields]
            seen[id(value)] = with_children(value, items)
            return seen[id(value)]
        value.fields[:] = [_settled(item, trace, seen) for item in value.fields]
    elif kind is Dictionary:
        value.items.update({key: _settled(entry, trace, seen) for key, entry in value.items.items()})
    elif isinstance(value.captured, list):
        for cell in value.captured:
            if cell.__class__ is Cell:
                cell.value = _settled(cell.value, trace, seen)
    return value
