"""Systems of linear equations: those of all lanes are one batch. The padding of a matrix is that of the
identity, so that it takes no part."""

from dataclasses import replace

from ...types import I64
from .batched import Batched
from .lanes import Lanes


def _stacked(lanes, x: Batched):
    """The matrices of all lanes in one batch."""
    (lane, batch, *rest) = lanes.front(x).value.shape
    return lanes.builder.reshape(lanes.front(x).value, shape=(lane * batch, *rest))


def _with_identity(lanes, a: Batched) -> Batched:
    """The matrices with ones on the diagonal and zeros beside it in the padding."""
    if not lanes.is_ragged(a.shape[1]):
        return a
    a, b = lanes.front(a), lanes.builder
    rows, columns = (b.iota(shape=a.value.shape, axis=axis, element=I64) for axis in (2, 3))
    identity = b.convert(b.eq(rows, columns), element=a.element)
    return replace(a, value=b.select(lanes.own(a, (1, 2)), a.value, identity), padding=None)


def batch_solve(lanes: Lanes, operation):
    a, right = (lanes[value] for value in operation.operands)
    shape, b = operation.result.shape, lanes.builder
    if a.axis is None and not lanes.is_ragged(a.shape[1]) and not lanes.is_ragged(a.shape[0]):
        # the same matrices for all: only the right sides are more
        value = lanes.at(right, 1).value
        batch, lane, rows, size = value.shape
        value = b.solve(a.value, b.reshape(value, shape=(batch, lane * rows, size)))
        return [Batched(b.reshape(value, shape=(batch, lane, rows, size)), 1, shape)]
    a, right = _with_identity(lanes, lanes.batched(a)), lanes.filled(right, 0, (2,))
    value = b.solve(_stacked(lanes, a), _stacked(lanes, right))
    return [Batched(b.reshape(value, shape=lanes.batch_shape(shape)), 0, shape)]


def batch_determinant(lanes: Lanes, operation):
    a = _with_identity(lanes, lanes.batched(lanes[operation.operands[0]]))
    value = lanes.emit(operation.name, [_stacked(lanes, a)])
    shape = operation.result.shape
    return [Batched(lanes.builder.reshape(value, shape=lanes.batch_shape(shape)), 0, shape)]
