"""What rules ask of values."""

import numpy as np

from ..ir import Value


def made_by(value: Value, name: str):
    """The operation that makes a value, if it is a `name`; else None."""
    operation = value.operation
    return operation if operation is not None and operation.op.name == name else None


def constant_of(value: Value) -> np.ndarray | None:
    """The array of a constant."""
    operation = made_by(value, "constant")
    return None if operation is None else operation.attributes["value"]


def splat_of(value: Value):
    """The number, as a numpy scalar, that every element of a constant or of its broadcast is; None for
    others."""
    operation = made_by(value, "broadcast")
    array = constant_of(operation.operands[0] if operation else value)
    if array is None or array.size != 1:
        return None
    return array.reshape(-1)[0]


def is_splat(value: Value, number) -> bool:
    """Whether every element is this number; the sign of a zero counts."""
    splat = splat_of(value)
    return splat is not None and splat == number and bool(np.signbit(splat)) == bool(np.signbit(number))
