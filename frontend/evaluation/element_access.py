"""Indexing: `collection[…]` with `end` and `begin`."""

from ...compiler.errors import WeberError
from ..base.registry import function
from ..calling import call
from ..control_flow.conditionals import lifted
from ..parsing import syntax
from ..staging import VIEWS
from ..state import state
from ..values import Array, to_host
from .evaluator import (
    compiles,
    located,
)
from .expressions import argument_list


@compiles(syntax.EndMarker)
def end_marker(compiler, node):
    if not compiler.index_stack:
        raise WeberError("`end` outside an index", node.location, kind="ParseError")
    slot, position, count = compiler.index_stack[-1]
    last = function("lastindex")
    if count == 1:
        return lambda frame: call(last, (frame[slot],))
    return lambda frame: call(last, (frame[slot], position))


@compiles(syntax.BeginMarker)
def begin_marker(compiler, node):
    return lambda frame: 1


def index_arguments(compiler, node, slot):
    """The closure for the indices of `collection[…]`, with `end` meaning the collection in `slot`."""
    runs = []
    for position, argument in enumerate(node.arguments, 1):
        compiler.index_stack.append((slot, position, len(node.arguments)))
        runs.append(argument_list(compiler, [argument]))
        compiler.index_stack.pop()
    return lambda frame: [value for run in runs for value in run(frame)]


@compiles(syntax.Index)
def index(compiler, node):
    collection = compiler.expression(node.collection)
    slot = compiler.scope.temporary()
    indices = index_arguments(compiler, node, slot)
    location, user = node.location, compiler.user
    getindex = function("maybeview" if compiler.views else "getindex")

    def run(frame):
        frame[slot] = value = collection(frame)
        where = indices(frame)
        frame[slot] = None  # what is not needed any more is not joined behind a conditional
        if (
            value.__class__ is Array
            and len(where) == 1
            and where[0].__class__ is int
            and state.trace is None
            and value not in VIEWS
        ):
            data = value.data
            if data.ndim == 1 and 0 < where[0] <= data.shape[0]:
                element = data[where[0] - 1]
                return element if data.dtype == object else to_host(element)
        elif value.__class__ is tuple and len(where) == 1 and where[0].__class__ is int \
                and 0 < where[0] <= len(value):
            return value[where[0] - 1]
        if user:
            state.location = location
        try:
            return call(getindex, (value, *where))
        except WeberError as error:
            try:
                return lifted(error, lambda *given: call(getindex, given), value, *where)
            except WeberError as final:
                raise located(final, location, user)  # noqa: B904

    return run
