"""Computing at compile time what is known then."""

import numpy as np

from ..errors import WeberError
from ..rewrite import Rules
from .patterns import constant_of, made_by

RULES = Rules()

FOLDED_ELEMENTS = 65536
"""A result of more elements is not made a constant, unless it is no larger than the constants it comes from.
"""


class _Unknown(Exception):
    pass


class _NothingKnown:
    """The context of an evaluation without inputs: no dim has a value."""

    def __init__(self, operation):
        self.shapes = [value.shape for value in operation.results]

    def dim(self, dim):
        if isinstance(dim, int):
            return dim
        raise _Unknown

    size = dim


@RULES("*")
def fold_constants(b, operation):
    """Evaluates an operation whose operands are constants (or their broadcasts) and whose result is not too
    large."""
    if operation.name in ("constant", "broadcast") or operation.regions:
        return None
    if not operation.operands and operation.name != "dim_value":
        return None
    arrays = [_known_array(value) for value in operation.operands]
    if any(array is None for array in arrays):
        return None
    limit = max(FOLDED_ELEMENTS, sum(array.size for array in {id(array): array for array in arrays}.values()))
    for value in operation.results:
        if not value.type.is_static or np.prod(value.shape, dtype=np.int64) > limit:
            return None
    try:
        with np.errstate(all="ignore"):
            results = operation.op.evaluate(arrays, operation.attributes, _NothingKnown(operation))
    except (_Unknown, WeberError):  # an error of a division by zero comes when the program runs, if it comes
        return None
    return [b.constant(np.asarray(array, order="C")) for array in results]


def _known_array(value):
    """The array of a constant or of a small broadcast of one."""
    repeated = made_by(value, "broadcast")
    if repeated is None:
        return constant_of(value)
    array = constant_of(repeated.operands[0])
    if array is None or not value.type.is_static or np.prod(value.shape, dtype=np.int64) > FOLDED_ELEMENTS:
        return None
    axes = repeated.attributes["axes"]
    sizes = dict(zip(axes, array.shape))
    return np.broadcast_to(array.reshape([sizes.get(axis, 1) for axis in range(value.rank)]), value.shape)


@RULES("constant")
def constant_as_broadcast(b, operation):
    """A constant with one number everywhere is a scalar, broadcast: exporting it costs nothing."""
    array = operation.attributes["value"]
    if array.ndim == 0 or array.size < 2:
        return None
    elements = np.ascontiguousarray(array).reshape(-1)
    first = elements[:1]
    if elements[1:2].tobytes() != first.tobytes() or elements.tobytes() != first.tobytes() * array.size:
        return None
    return b.broadcast(b.constant(first.reshape(())), shape=array.shape, axes=())
