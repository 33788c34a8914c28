"""Carried arrays have the shape in which the body works on them: a reshape at the end of a body is a copy."""

from ...ir import Value
from ...ops.shape import reshape_to
from ...rewrite import Rules
from ...types import TensorType
from ..patterns import made_by
from .editing import Loop, replace_values

RULES = Rules()


@RULES("loop")
def carry_as_made(b, operation):
    """An array that the body reshapes before each use, and back at its end, is carried as it is made."""
    loop, positions = Loop(operation), []
    uses = loop.uses()
    for position, (argument, following) in enumerate(zip(loop.carries, loop.following)):
        made = made_by(following, "reshape")
        if made is None or following not in loop.inside or not loop.can_leave(made.operands[0]):
            continue
        readers = [inner for inner in loop.region.operations if argument in inner.operands]
        if len(readers) == uses.get(argument, 0) and all(inner.name == "reshape" for inner in readers):
            positions.append(position)
    if not positions:
        return None
    shapes = {position: loop.carries[position].shape for position in positions}
    for position in positions:
        _reshape(b, loop, position)
    results = loop.rebuilt(b)
    return [reshape_to(b, result, shapes.get(place, result.shape)) for place, result in enumerate(results)]


def _reshape(b, loop, position):
    argument, following = loop.carries[position], loop.following[position].operation.operands[0]
    loop.starts[position] = reshape_to(b, loop.starts[position], following.shape)
    loop.carries[position] = Value(TensorType(argument.element, following.shape), name=argument.name)
    loop.following[position] = following
    replace_values(loop.region, {argument: loop.carries[position]})
