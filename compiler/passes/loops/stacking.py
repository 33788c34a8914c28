"""One operation for all iterations at once: on operands with a further leading axis."""

from string import ascii_letters

from ...families import ELEMENTWISE
from ...ops.linear import parse_spec

PARTIAL = frozenset(["idiv", "rem", "mod"])


def can_stack(operation, is_stacked) -> bool:
    """Whether `stacked` has a form of an operation with these of its operands stacked."""
    name, attributes = operation.name, operation.attributes
    if name in ELEMENTWISE:
        return name not in PARTIAL or operation.results[0].element.is_float
    if name == "contract":
        left, right, result = parse_spec(attributes["spec"])
        return any(letter not in result for letter in left)
    if name == "gather":
        return attributes["axis"] == 0 and not is_stacked[0]
    return name in ("reshape", "transpose", "reduce_sum")


def stacked(b, operation, operands, is_stacked, extent):
    """The results of an operation for all iterations, stacked; `operands` are stacks where `is_stacked`."""
    name, attributes = operation.name, operation.attributes
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


def repeated(b, value, extent):
    """A stack of the same value."""
    return b.broadcast(value, shape=(extent, *value.shape), axes=tuple(range(1, value.rank + 1)))


def stacked_spec(spec, is_stacked, in_result) -> str:
    """The spec of a contraction of stacks, which keeps the iterations apart or sums over them."""
    left, right, result = parse_spec(spec)
    letter = next(letter for letter in ascii_letters if letter not in spec)
    left, right = ((letter if one else "") + part for part, one in zip((left, right), is_stacked))
    return f"{left},{right}->{letter if in_result else ''}{result}"
