"""One operation for all iterations at once: on operands with a further leading axis."""

from string import ascii_letters

from ...families import ELEMENTWISE
from ...ir import rename_dims
from ...ops.specs import parse_spec

PARTIAL = frozenset(["idiv", "rem", "mod"])


def can_stack(loop, operation, is_stacked) -> bool:
    """Whether `stacked` has a form of an operation of a loop with these of its operands stacked."""
    name, attributes = operation.name, operation.attributes
    stacks = [value for value, one in zip(operation.operands, is_stacked) if one]
    if any(loop.piece_dim(value.type) for value in stacks):
        return _is_by_row(loop, operation, stacks)
    if name in ELEMENTWISE:
        return name not in PARTIAL or operation.results[0].element.is_float
    if name == "contract":
        left, right, result = parse_spec(attributes["spec"])
        return any(letter not in result for letter in left)
    if name == "gather":
        return attributes["axis"] == 0 and not is_stacked[0]
    return name in ("reshape", "transpose", "reduce_sum")


def _is_by_row(loop, operation, pieces):
    """Whether an operation does the same with each row of pieces, so that it can do it with all rows."""
    name, attributes, operands = operation.name, operation.attributes, operation.operands
    ragged = loop.piece_dim(operation.results[0].type)
    dim = operation.results[0].shape[0] if ragged else None
    if not ragged or not all(value.rank and value.shape[0] == dim for value in pieces):
        return False
    if name in ELEMENTWISE:
        return name not in PARTIAL or operation.results[0].element.is_float
    match name:
        case "contract":
            left, right, result = parse_spec(attributes["spec"])
            return all(spec[:1] == result[0] if value in pieces else result[0] not in spec
                       for spec, value in zip((left, right), operands))
        case "gather":
            return attributes["axis"] == 0 and operands[0] not in pieces
        case "transpose":
            return attributes["permutation"][0] == 0
        case "broadcast":
            return attributes["axes"][0] == 0
        case "slice":
            return attributes["starts"][0] == 0 and attributes["stops"][0] == dim
        case "reduce_sum":
            return 0 not in attributes["axes"]
        case "concatenate":
            return attributes["axis"] != 0 and len(pieces) == len(operands)
        case "softmax" | "log_softmax":
            return attributes["axis"] != 0
    return name in ("reshape", "one_hot")


def stacked(b, loop, operation, operands, is_stacked):
    """The results of an operation for all iterations, stacked; `operands` are stacks where `is_stacked`."""
    name, attributes, extent = operation.name, operation.attributes, loop.trips
    if loop.piece_dim(operation.results[0].type):
        return b.emit(name, operands, all_rows(loop, attributes))
    if name in ELEMENTWISE:
        return b.emit(name, [value if one else repeated(b, value, extent)
                             for value, one in zip(operands, is_stacked)], attributes)
    if name == "contract":
        return b.contract(*operands, spec=stacked_spec(attributes["spec"], is_stacked, True))
    if name == "gather":
        return b.gather(*operands, axis=0)
    if name == "reshape":
        return b.reshape(*operands, shape=(extent, *attributes["shape"]))
    if name == "transpose":
        return b.transpose(*operands, permutation=(0, *(axis + 1 for axis in attributes["permutation"])))
    return b.reduce_sum(*operands, axes=tuple(axis + 1 for axis in attributes["axes"]))


def all_rows(loop, attributes):
    """The attributes of an operation on pieces for all rows."""
    return rename_dims(attributes, dict(zip(loop.ragged, loop.totals)))


def repeated(b, value, extent):
    """A stack of the same value."""
    return b.broadcast(value, shape=(extent, *value.shape), axes=tuple(range(1, value.rank + 1)))


def stacked_spec(spec, is_stacked, in_result) -> str:
    """The spec of a contraction of stacks, which keeps the iterations apart or sums over them."""
    left, right, result = parse_spec(spec)
    letter = next(letter for letter in ascii_letters if letter not in spec)
    left, right = ((letter if one else "") + part for part, one in zip((left, right), is_stacked))
    return f"{left},{right}->{letter if in_result else ''}{result}"
