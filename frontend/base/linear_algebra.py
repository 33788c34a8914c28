"""Linear algebra: sums and multiples of arrays, products through `contract`, norms, solving, decompositions.

A matrix of size (m, k) has the payload (k, m), so the product of A (m, k) and B (k, n) is
out[n, m] = Σ B[n, k] A[k, m]."""

import math

import numpy as np

from .. import staging
from .. import types as t
from ..calling import call
from ..evaluation.broadcasting import broadcast
from ..promotion import promote_type
from ..type_lattice import is_subtype
from ..type_names import type_name
from ..values import Array, to_host, typeof
from .arrays import array_of, as_array, is_numeric, reshaped
from .complex_arrays import is_by_parts, multiplied_by_parts
from .conversion import convert_array, element_of
from .elements import HOST_TYPES, float_type, is_complex_type, number_of, numpy_type
from .errors import dimension_mismatch, fault
from .iteration import iterate
from .mathematics import square_root
from .reductions import reduce_payload
from .registry import define, function, module
from .shapes import WRAPPERS

LINEAR_ALGEBRA = module("LinearAlgebra")


def _define(names, *signature, **options):
    return define(names, *signature, module=LINEAR_ALGEBRA, **options)


# --- arrays as vectors of a space ---------------------------------------------------------------------------


def _same_size(a, b):
    """Two arrays of one size; DimensionMismatch with Julia's wording otherwise."""
    a, b = as_array(a), as_array(b)
    if a.rank != b.rank or any(differ(x, y) for x, y in zip(a.size, b.size, strict=True)):
        places = [d for d, (x, y) in enumerate(zip(a.size, b.size, strict=False), 1) if x != y]
        at = f", mismatch at {places[0]}" if places else ""
        raise dimension_mismatch(
            f"dimensions must match: a has dims ({_axes(a)}), b has dims ({_axes(b)}){at}")
    return a, b


def _axes(array):
    return ", ".join(f"Base.OneTo({dim})" for dim in array.size) + ("," if array.rank == 1 else "")


@define("+", t.AbstractArray, t.AbstractArray)
def add(a, b):
    return broadcast(function("+"), list(_same_size(a, b)))


@define("-", t.AbstractArray, t.AbstractArray)
def subtract(a, b):
    return broadcast(function("-"), list(_same_size(a, b)))


@define("+", t.AbstractArray)
def plus(a):
    return a


@define("-", t.AbstractArray)
def negate(a):
    return broadcast(function("-"), [a])


@define("*", t.Number, t.AbstractArray)
def scale(number, a):
    return broadcast(function("*"), [number, a])


@define("*", t.AbstractArray, t.Number)
def scale_right(a, number):
    return broadcast(function("*"), [a, number])


@define("/", t.AbstractArray, t.Number)
def divide_by(a, number):
    return broadcast(function("/"), [a, number])


@define("\\", t.Number, t.AbstractArray)
def divide_into(number, a):
    return broadcast(function("/"), [a, number])


def _numeric_pair(a, b):
    """Two arrays' payloads in their common element type (sums of Bool products count in Int64)."""
    kind = promote_type(element_of(a), element_of(b))
    kind = t.Int64 if kind is t.Bool else kind
    return [staging.read(convert_array(kind, as_array(x))) for x in (a, b)]


def contract(left, right, spec):
    """`contract`, by numpy for complex numbers."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray) and left.dtype.kind == "c":
        return np.asarray(np.einsum(spec, left, right))
    return staging.apply("contract", left, right, spec=spec)


# --- products -----------------------------------------------------------------------------------------------


def differ(a, b):
    """Whether two dims are known to be different."""
    return isinstance(a - b, int) and a != b


@define("*", t.AbstractMatrix, t.AbstractMatrix)
def multiply_matrices(a, b):
    a, b = as_array(a), as_array(b)
    if differ(a.size[1], b.size[0]):
        raise dimension_mismatch(f"A has dimensions {_pair_text(a)} but B has dimensions {_pair_text(b)}")
    if is_by_parts(a, b):
        return multiplied_by_parts(multiply_matrices, a, b)
    if not (is_numeric(a) and is_numeric(b)):
        return _multiply_objects(a, b)
    left, right = _numeric_pair(a, b)
    return Array(contract(right, left, "nk,km->nm"))


def _pair_text(array):
    return f"({array.size[0]},{array.size[1]})"


@define("*", t.AbstractMatrix, t.AbstractVector)
def multiply_vector(a, x):
    a, x = as_array(a), as_array(x)
    if differ(a.size[1], x.size[0]):
        if a.type.family in WRAPPERS and a.size[0] == 1:
            raise dimension_mismatch(f"dot product arguments have lengths {a.size[1]} and {x.size[0]}")
        raise dimension_mismatch(
            f"second dimension of A, {a.size[1]}, does not match length of x, {x.size[0]}")
    if is_by_parts(a, x):
        row = array_of(a.element, iterate(a)) if is_row(a) else None
        return multiplied_by_parts(multiply_vector, a, x) if row is None else multiplied_by_parts(dot, row, x)
    if not (is_numeric(a) and is_numeric(x)):
        return _multiply_objects(a, x)
    matrix, vector = _numeric_pair(a, x)
    if is_row(a):
        return number_of(contract(reshaped(matrix, vector.shape), vector, "k,k->"))
    return Array(contract(vector, matrix, "k,km->m"))


def is_row(array):
    """Whether an array is the transpose of a vector, whose product with a vector is a number."""
    return array.type.family in WRAPPERS and array.type.parameters[1].parameters[1] == 1


@define("*", t.AbstractVector, t.AbstractMatrix)
def outer_product(x, a):
    x, a = as_array(x), as_array(a)
    if differ(a.size[0], 1):
        raise dimension_mismatch(f"A has dimensions ({x.size[0]},1) but B has dimensions {_pair_text(a)}")
    if is_by_parts(x, a):
        return multiplied_by_parts(outer_product, x, a)
    column, row = _numeric_pair(x, a)
    shape = (row.shape[0], column.shape[0])
    return Array(staging.apply("mul", staging.expand(row, shape), staging.expand(column, shape)))


def _multiply_objects(a, b):
    """The product of matrices whose elements are no numbers of a type: by + and * of the elements."""
    plus, times = function("+"), function("*")
    left, right = staging.read(a), staging.read(b)
    columns = right if right.ndim == 2 else right.reshape(1, -1)
    results = []
    for column in columns:
        for row in left.T:
            total = None
            for x, y in zip(row, column, strict=True):
                term = call(times, (_host(x), _host(y)))
                total = term if total is None else call(plus, (total, term))
            results.append(total)
    size = (a.size[0], *b.size[1:])
    return array_of(typeof(results[0]) if results else t.Any, results, size)


def _host(x):
    return to_host(x) if isinstance(x, np.generic) else x


@define("*", t.AbstractVector, t.AbstractVector)
def refuse_vectors(a, b):
    raise fault("MethodError",
                f"no method matching *(::{type_name(typeof(a))}, ::{type_name(typeof(b))})")


@_define("dot ⋅", t.AbstractArray, t.AbstractArray)
def dot(a, b):
    """Σ conj(aᵢ) bᵢ."""
    a, b = as_array(a), as_array(b)
    if is_by_parts(a, b):
        return multiplied_by_parts(dot, a, b, conjugate=True)
    if not (is_numeric(a) and is_numeric(b)):
        lengths = [math.prod(map(int, x.size)) for x in (a, b)]
        if lengths[0] != lengths[1]:
            raise dimension_mismatch(f"dot product arguments have lengths {lengths[0]} and {lengths[1]}")
        pairs = zip(iterate(a), iterate(b), strict=True)
        return call(function("sum"), (tuple(call(dot_function(), pair) for pair in pairs),))
    x, y = _numeric_pair(a, b)
    flat = [reshaped(p, (_count(p),)) for p in (x, y)]
    if differ(flat[0].shape[0], flat[1].shape[0]):
        raise dimension_mismatch(
            f"dot product arguments have lengths {flat[0].shape[0]} and {flat[1].shape[0]}")
    if isinstance(x, np.ndarray) and x.dtype.kind == "c":
        flat[0] = flat[0].conj()
    return number_of(contract(*flat, "k,k->"))


def dot_function():
    return function("dot", LINEAR_ALGEBRA)


def _count(payload):
    total = 1
    for dim in payload.shape:
        total = total * dim
    return total


@_define("dot ⋅", t.Number, t.Number)
def dot_of_numbers(a, b):
    return call(function("*"), (call(function("conj"), (a,)), b))


@_define("dot", t.AbstractVector, t.AbstractMatrix, t.AbstractVector)
def bilinear_form(x, a, y):
    return dot(x, multiply_vector(a, y))


@_define("cross ×", t.AbstractVector, t.AbstractVector)
def cross(a, b):
    a, b = as_array(a), as_array(b)
    if a.size != (3,) or b.size != (3,):
        raise dimension_mismatch("cross product is only defined for vectors of length 3")
    x, y = _numeric_pair(a, b)

    def turned(payload, order):
        return staging.apply("gather", payload, np.array(order), axis=0)

    first = staging.apply("mul", turned(x, [1, 2, 0]), turned(y, [2, 0, 1]))
    second = staging.apply("mul", turned(x, [2, 0, 1]), turned(y, [1, 2, 0]))
    return Array(staging.apply("sub", first, second))


@define("kron", t.AbstractArray, t.AbstractArray)
def kronecker(a, b):
    """All products of elements of a and b: blocks a[i, j] * b."""
    a, b = as_array(a), as_array(b)
    rank = max(a.rank, b.rank)
    numpy_type(a.element), numpy_type(b.element)
    x, y = _numeric_pair(a, b)
    x, y = (reshaped(p, (1,) * (rank - len(p.shape)) + tuple(p.shape)) for p in (x, y))
    pairs = tuple(dim for pair in zip(x.shape, y.shape, strict=True) for dim in pair)
    left = reshaped(x, tuple(d for dim in x.shape for d in (dim, 1)))
    right = reshaped(y, tuple(d for dim in y.shape for d in (1, dim)))
    product = staging.apply("mul", *[staging.apply("broadcast", p, shape=pairs, axes=tuple(range(2 * rank)))
                                     for p in (left, right)])
    return Array(reshaped(product, tuple(m * n for m, n in zip(x.shape, y.shape, strict=True))))


# --- norms --------------------------------------------------------------------------------------------------


def norm(x, p=2):
    """(Σ |xᵢ|ᵖ)^(1/p) over all elements; a float."""
    if is_subtype(typeof(x), t.Number):
        return call(function("float"), (call(function("abs"), (x,)),))
    if not is_numeric(x):
        parts = [norm(item) for item in iterate(x)]
        return norm(array_of(typeof(parts[0]), parts), p) if parts else 0.0
    array = as_array(x)
    if is_complex_type(array.element):
        array = broadcast(function("abs"), [array])
    payload = staging.read(convert_array(float_type(array.element), array))
    if 0 in payload.shape:
        return HOST_TYPES[float_type(array.element)](0)
    axes = tuple(range(len(payload.shape)))

    def reduce(op, values):
        return number_of(reduce_payload(op, values, axes, keep=False))

    if p == 2:
        return square_root(reduce("reduce_sum", staging.apply("mul", payload, payload)))
    magnitudes = staging.apply("abs", payload)
    if p == 1:
        return reduce("reduce_sum", magnitudes)
    if p == float("inf"):
        return reduce("reduce_max", magnitudes)
    if p == float("-inf"):
        return reduce("reduce_min", magnitudes)
    element = staging.element_of(payload)
    if p == 0:
        return call(function("float"), (call(function("count"), (broadcast(function("!="), [array, 0]),)),))
    powers = call(function("sum"), (broadcast(function("^"), [Array(magnitudes), HOST_TYPES[element](p)]),))
    return call(function("^"), (powers, HOST_TYPES[element](1 / p)))


@_define("norm", t.Any)
def norm_of(x):
    return norm(x)


@_define("norm", t.Any, t.Real)
def norm_with_power(x, p):
    return norm(x, staging.host_number(p, "the power of a norm"))


@_define("normalize", t.AbstractArray)
def normalise(x):
    return divide_by(x, norm(x))


@_define("normalize", t.AbstractArray, t.Real)
def normalise_with_power(x, p):
    return divide_by(x, norm(x, p))


@_define("normalize!", t.AbstractArray)
def normalise_in_place(x):
    from .assignment import overwrite

    overwrite(x, normalise(x))
    return x
