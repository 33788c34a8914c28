"""Arrays of complex numbers some of which only the graph knows, vectors of staged elements or arrays of
objects, by the arrays of their real and imaginary parts."""

import numpy as np

from ...compiler.ir import Value
from ...compiler.types import TensorType
from .. import staging
from .. import types as t
from ..batching.lanes import Lanes, is_lanes, vector_of_lanes
from ..calling import call
from ..control_flow.item_buffers import columns_of
from ..staged_numbers import Traced
from ..values import Array, typeof
from .arrays import array_of, is_composed
from .elements import is_complex_type
from .iteration import iterate
from .registry import function


def is_by_parts(a, b):
    """Whether complex numbers are multiplied of which only the graph knows some."""
    arrays = [x for x in (a, b) if x.__class__ is Array]
    return any(is_complex_type(x.element) for x in arrays) and any(
        is_composed(x) or isinstance(staging.read(x), Value) for x in arrays)


def multiplied_by_parts(multiply, a, b, conjugate=False):
    """`multiply(a, b)` of arrays of complex numbers by products of their parts; `conjugate`: of the complex
    conjugate of a."""
    (p, q), (r, s) = complex_parts(a), complex_parts(b)
    if conjugate and q is not None:
        q = call(function("-"), (q,))
    real = multiply(p, r)
    if q is not None and s is not None:
        real = call(function("-"), (real, multiply(q, s)))
    crossed = [multiply(*pair) for pair in ((p, s), (q, r)) if all(x is not None for x in pair)]
    return complex_of_parts(real, crossed[0] if len(crossed) == 1 else call(function("+"), tuple(crossed)))


def complex_parts(array):
    """The arrays of the real and the imaginary parts; None in place of the latter where there are none."""
    if not is_complex_type(array.element):
        return array, None
    if is_lanes(array):
        return tuple(map(Array, columns_of(array)[1]))
    from .complex_numbers import parts  # late: errors list the methods of arrays before those defined there

    data = array.data
    if data.dtype != object:
        return Array(np.ascontiguousarray(data.real)), Array(np.ascontiguousarray(data.imag))
    kind = array.element.parameters[0]
    pairs = [parts(x) for x in data.reshape(-1)]
    return tuple(array_of(kind, [pair[k] for pair in pairs], array.size) for k in (0, 1))


def complex_of_parts(real, imaginary):
    """The complex number or array of these parts."""
    from .complex_numbers import complex_number

    if real.__class__ is not Array:
        return complex_number(real, imaginary)
    if real.rank == 1 and isinstance(staging.read(real), Value):
        return vector_of_pairs(*map(staging.read, (real, imaginary)))
    numbers = [complex_number(x, y) for x, y in zip(iterate(real), iterate(imaginary), strict=True)]
    return array_of(typeof(numbers[0]) if numbers else t.Any, numbers, real.size)


def vector_of_pairs(real, imaginary):
    """The vector of the complex numbers whose parts are in two IR vectors."""
    from .complex_numbers import complex_number

    inner = [Value(TensorType(column.element)) for column in (real, imaginary)]
    item = complex_number(*map(Traced, inner))
    columns = list(zip(inner, (real, staging.as_value(imaginary)), strict=True))
    return vector_of_lanes(Lanes(real.shape[0], item, columns, {}))
