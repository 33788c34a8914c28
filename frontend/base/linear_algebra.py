"""Linear algebra: sums and multiples of arrays, products through `contract`, norms, solving, decompositions.

A matrix of size (m, k) has the payload (k, m), so the product of A (m, k) and B (k, n) is out[n, m] = Σ B[n, k] A[k, m]."""

import numpy as np

from .. import staging
from .. import types as t
from ..broadcasting import broadcast
from ..calling import call
from ..display import FAMILIES, PLAIN_FAMILIES, show_text
from ..values import Array, Struct, Traced, to_host, typeof
from .arithmetic import divide, multiply
from .arrays import array_of, as_array, is_numeric, reshaped
from .conversion import convert_array, element_of
from .elements import HOST_TYPES, NUMBERS, float_type, is_complex_type, number_of
from .errors import dimension_mismatch, domain_error, fault, size_text
from .iteration import iterate
from .mathematics import square_root
from .reductions import reduce_payload
from .registry import define, function, module
from .shapes import WRAPPERS

LINEAR_ALGEBRA = module("LinearAlgebra")


def _define(names, *signature, **options):
    return define(names, *signature, module=LINEAR_ALGEBRA, **options)


# --- arrays as vectors of a space -------------------------------------------------------------------------------------


def _same_size(a, b):
    """Two arrays of one size; DimensionMismatch with Julia's wording otherwise."""
    a, b = as_array(a), as_array(b)
    if a.rank != b.rank or any(isinstance(x - y, int) and x != y for x, y in zip(a.size, b.size, strict=True)):
        places = [d for d, (x, y) in enumerate(zip(a.size, b.size, strict=False), 1) if x != y]
        at = f", mismatch at {places[0]}" if places else ""
        raise dimension_mismatch(f"dimensions must match: a has dims ({_axes(a)}), b has dims ({_axes(b)}){at}")
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
    kind = t.promote_type(element_of(a), element_of(b))
    kind = t.Int64 if kind is t.Bool else kind
    return [staging.read(convert_array(kind, as_array(x))) for x in (a, b)]


def contract(left, right, spec):
    """`contract`, by numpy for complex numbers."""
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray) and left.dtype.kind == "c":
        return np.asarray(np.einsum(spec, left, right))
    return staging.apply("contract", left, right, spec=spec)


# --- products ---------------------------------------------------------------------------------------------------------


def _differ(a, b):
    return isinstance(a - b, int) and a != b


@define("*", t.AbstractMatrix, t.AbstractMatrix)
def multiply_matrices(a, b):
    a, b = as_array(a), as_array(b)
    if _differ(a.size[1], b.size[0]):
        raise dimension_mismatch(f"A has dimensions {_pair_text(a)} but B has dimensions {_pair_text(b)}")
    if not (is_numeric(a) and is_numeric(b)):
        return _multiply_objects(a, b)
    left, right = _numeric_pair(a, b)
    return Array(contract(right, left, "nk,km->nm"))


def _pair_text(array):
    return f"({array.size[0]},{array.size[1]})"


@define("*", t.AbstractMatrix, t.AbstractVector)
def multiply_vector(a, x):
    a, x = as_array(a), as_array(x)
    if _differ(a.size[1], x.size[0]):
        if a.type.family in WRAPPERS and a.size[0] == 1:
            raise dimension_mismatch(f"dot product arguments have lengths {a.size[1]} and {x.size[0]}")
        raise dimension_mismatch(f"second dimension of A, {a.size[1]}, does not match length of x, {x.size[0]}")
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
    if _differ(a.size[0], 1):
        raise dimension_mismatch(f"A has dimensions ({x.size[0]},1) but B has dimensions {_pair_text(a)}")
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
    raise fault("MethodError", f"no method matching *(::{t.type_name(typeof(a))}, ::{t.type_name(typeof(b))})")


@_define("dot ⋅", t.AbstractArray, t.AbstractArray)
def dot(a, b):
    """Σ conj(aᵢ) bᵢ."""
    a, b = as_array(a), as_array(b)
    if not (is_numeric(a) and is_numeric(b)):
        pairs = zip(iterate(a), iterate(b), strict=True)
        return call(function("sum"), (tuple(call(dot_function(), pair) for pair in pairs),))
    x, y = _numeric_pair(a, b)
    flat = [reshaped(p, (_count(p),)) for p in (x, y)]
    if _differ(flat[0].shape[0], flat[1].shape[0]):
        raise dimension_mismatch(f"dot product arguments have lengths {flat[0].shape[0]} and {flat[1].shape[0]}")
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
    return multiply(call(function("conj"), (a,)), b)


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
    x, y = _numeric_pair(a, b)
    x, y = (reshaped(p, (1,) * (rank - len(p.shape)) + tuple(p.shape)) for p in (x, y))
    pairs = tuple(dim for pair in zip(x.shape, y.shape, strict=True) for dim in pair)
    left = reshaped(x, tuple(d for dim in x.shape for d in (dim, 1)))
    right = reshaped(y, tuple(d for dim in y.shape for d in (1, dim)))
    product = staging.apply("mul", *[staging.apply("broadcast", p, shape=pairs, axes=tuple(range(2 * rank)))
                                     for p in (left, right)])
    return Array(reshaped(product, tuple(m * n for m, n in zip(x.shape, y.shape, strict=True))))


@define("^", t.AbstractMatrix, t.Integer)
def matrix_power(a, power):
    array = as_array(a)
    _require_square(array)
    if power < 0:
        return matrix_power(inverse(array), -power)
    result, base = None, array
    while power:
        if power & 1:
            result = base if result is None else multiply_matrices(result, base)
        base = multiply_matrices(base, base) if power > 1 else base
        power >>= 1
    return identity_matrix(array.size[0], array.element) if result is None else result


# --- norms ------------------------------------------------------------------------------------------------------------


def norm(x, p=2):
    """(Σ |xᵢ|ᵖ)^(1/p) over all elements; a float."""
    if t.is_subtype(typeof(x), t.Number):
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


# --- square matrices --------------------------------------------------------------------------------------------------


def _require_square(array):
    if array.rank != 2 or _differ(array.size[0], array.size[1]):
        raise dimension_mismatch(f"matrix is not square: dimensions are {size_text(array.size)}")


@_define("tr", t.AbstractMatrix)
def trace(a):
    array = as_array(a)
    _require_square(array)
    return call(function("sum"), (diagonal(array),))


@_define("diag", t.AbstractMatrix)
def diagonal_of(a):
    return diagonal(as_array(a))


@_define("diag", t.AbstractMatrix, t.Integer)
def shifted_diagonal(a, shift):
    return diagonal(as_array(a), shift)


def diagonal(array, shift=0):
    """The elements a[i, i + shift]."""
    rows, columns = array.size
    first_row, first_column = max(-shift, 0), max(shift, 0)
    count = max(min(rows - first_row, columns - first_column), 0)
    payload = staging.read(array)
    places = (first_column + np.arange(count)) * rows + first_row + np.arange(count)
    return Array(staging.apply("gather", reshaped(payload, (rows * columns,)), places, axis=0),
                 t.array_type(array.element, 1))


@_define("diagm", t.AbstractVector)
def diagonal_matrix(x):
    array = as_array(x)
    payload = staging.read(array)
    count = payload.shape[0]
    square = staging.apply("broadcast", payload, shape=(count, count), axes=(1,))
    zero = np.zeros((count, count), t.NUMPY_TYPES[array.element])
    return Array(staging.apply("select", np.eye(count, dtype=bool), square, zero))


Diagonal = t.declare("Diagonal", t.AbstractArrayFamily.apply(_D := t.TypeVar("T"), 2), parameters=(_D,))
LINEAR_ALGEBRA.bindings["Diagonal"] = Diagonal


def identity_matrix(count, element):
    return Array(np.eye(count, dtype=t.NUMPY_TYPES[element]))


def host_matrix(a, what):
    """A matrix as a float numpy matrix in mathematical order; it must be known on the host."""
    array = as_array(a)
    data = staging.read_host(array, what)
    kind = float_type(array.element)
    return np.asarray(data.T, dtype=np.float32 if kind is t.Float32 else np.complex128 if is_complex_type(kind) else
                      np.float64), kind


def from_host(matrix, kind=None):
    """An array from a numpy matrix (or vector) in mathematical order."""
    kind = kind or t.JULIA_TYPES[matrix.dtype]
    return Array(np.array(matrix.T, dtype=t.NUMPY_TYPES[kind], order="C"))


def _solving(function_, *arguments):
    try:
        return function_(*arguments)
    except np.linalg.LinAlgError:
        raise fault("SingularException", "the matrix is singular") from None


@_define("det", t.AbstractMatrix)
def determinant(a):
    array = as_array(a)
    _require_square(array)
    matrix, kind = host_matrix(array, "det")
    return HOST_TYPES[kind](_determinant(matrix.copy()))


def _determinant(matrix):
    """The product of the pivots of Gaussian elimination with row exchanges."""
    total = matrix.dtype.type(1)
    for k in range(len(matrix)):
        pivot = k + int(np.argmax(np.abs(matrix[k:, k])))
        if matrix[pivot, k] == 0:
            return matrix.dtype.type(0)
        if pivot != k:
            matrix[[k, pivot]] = matrix[[pivot, k]]
            total = -total
        total = total * matrix[k, k]
        matrix[k + 1:] -= np.outer(matrix[k + 1:, k] / matrix[k, k], matrix[k])
    return total


@_define("logdet", t.AbstractMatrix)
def log_determinant(a):
    matrix, kind = host_matrix(a, "logdet")
    sign, logarithm = np.linalg.slogdet(matrix)
    if sign < 0:
        raise domain_error(float(sign), "determinant is negative")
    return HOST_TYPES[kind](logarithm)


@define("inv", t.AbstractMatrix)
def inverse(a):
    array = as_array(a)
    _require_square(array)
    matrix, kind = host_matrix(array, "inv")
    return from_host(_solving(np.linalg.inv, matrix), kind)


@define("\\", t.AbstractMatrix, t.AbstractArray)
def solve(a, b):
    """The x with a x = b; for a matrix that is not square, of least squares."""
    a, b = as_array(a), as_array(b)
    if _differ(a.size[0], b.size[0]):
        raise dimension_mismatch(f"arguments must have the same number of rows: {a.size[0]} and {b.size[0]}")
    matrix, kind = host_matrix(a, "\\")
    right, right_kind = host_matrix(b, "\\")
    kind = t.promote_type(kind, right_kind)
    if a.size[0] == a.size[1]:
        return from_host(_solving(np.linalg.solve, matrix, right), kind)
    return from_host(np.linalg.lstsq(matrix, right, rcond=None)[0], kind)


@define("/", t.AbstractArray, t.AbstractMatrix)
def solve_right(b, a):
    from .shapes import permute_matrix

    return permute_matrix(solve(permute_matrix(a), permute_matrix(as_array(b))))


@_define("pinv", t.AbstractMatrix)
def pseudo_inverse(a):
    matrix, kind = host_matrix(a, "pinv")
    return from_host(np.linalg.pinv(matrix), kind)


@_define("rank", t.AbstractMatrix)
def rank(a):
    return int(np.linalg.matrix_rank(host_matrix(a, "rank")[0]))


@_define("opnorm", t.AbstractMatrix)
def operator_norm(a):
    matrix, kind = host_matrix(a, "opnorm")
    return HOST_TYPES[kind](np.linalg.norm(matrix, 2))


@_define("eigvals", t.AbstractMatrix)
def eigenvalues(a):
    matrix, kind = host_matrix(a, "eigvals")
    symmetric = np.allclose(matrix, matrix.conj().T)
    values = np.linalg.eigvalsh(matrix) if symmetric else np.sort(np.linalg.eigvals(matrix))
    return Array(np.array(values, dtype=t.NUMPY_TYPES[kind] if values.dtype.kind == "f" else None))


@_define("issymmetric", t.AbstractMatrix)
def is_symmetric(a):
    data = staging.read_host(as_array(a), "issymmetric")
    return data.shape[0] == data.shape[1] and bool(np.array_equal(data, data.T))


def _triangle(name, keep):
    def triangle(a, shift=0):
        array = as_array(a)
        payload = staging.read(array)
        rows, columns = array.size
        mask = keep(np.ones((rows, columns), dtype=bool), shift).T
        zero = np.zeros(payload.shape, t.NUMPY_TYPES[array.element])
        return Array(staging.apply("select", mask, payload, zero))

    _define(name, t.AbstractMatrix)(lambda a: triangle(a))
    _define(name, t.AbstractMatrix, t.Integer)(lambda a, shift: triangle(a, shift))


_triangle("triu", np.triu)
_triangle("tril", np.tril)


# --- the uniform scaling I --------------------------------------------------------------------------------------------

_L = t.TypeVar("T")
UniformScaling = t.declare("UniformScaling", parameters=(_L,), fields=("λ",))
SCALING_FAMILY = t.unwrap(UniformScaling).family
LINEAR_ALGEBRA.bindings["UniformScaling"] = UniformScaling
LINEAR_ALGEBRA.bindings["I"] = Struct(SCALING_FAMILY.apply(t.Bool), [True])
LINEAR_ALGEBRA.exports.update(("I", "UniformScaling", "Diagonal"))


FAMILIES[SCALING_FAMILY] = lambda value, context: f"{show_text(value.fields[0], context)}*I"
PLAIN_FAMILIES[SCALING_FAMILY] = lambda value, context: (
    f"{t.type_name(value.type)}\n{show_text(value.fields[0], context)}*I")


def scaling(number):
    return Struct(SCALING_FAMILY.apply(typeof(number)), [number])


def scaled_identity(number, rows, columns, element=None):
    """The matrix with a number on the diagonal."""
    from .conversion import convert

    element = element or typeof(number)
    zero = HOST_TYPES[element](0) if element in NUMBERS else 0
    number = convert(element, number)
    if number.__class__ is Traced:
        filled = staging.expand(number.data, (columns, rows))
        return Array(staging.apply("select", np.eye(columns, rows, dtype=bool), filled,
                                   np.full((columns, rows), zero, t.NUMPY_TYPES[element])))
    return Array(np.eye(columns, rows, dtype=t.NUMPY_TYPES[element]) * np.asarray(number, t.NUMPY_TYPES[element]))


def _as_matrix(i, array):
    _require_square(array)
    return scaled_identity(i.fields[0], array.size[0], array.size[1])


for _name in ("+", "-"):
    define(_name, t.AbstractMatrix, UniformScaling)(
        lambda a, i, name=_name: call(function(name), (as_array(a), _as_matrix(i, as_array(a)))))
    define(_name, UniformScaling, t.AbstractMatrix)(
        lambda i, a, name=_name: call(function(name), (_as_matrix(i, as_array(a)), as_array(a))))


@define("*", UniformScaling, t.AbstractArray)
def scale_by_identity(i, a):
    return scale(i.fields[0], a)


@define("*", t.AbstractArray, UniformScaling)
def scale_by_identity_right(a, i):
    return scale_right(a, i.fields[0])


@define("*", t.Number, UniformScaling)
def multiple_of_identity(number, i):
    return scaling(multiply(number, i.fields[0]))


@define("*", UniformScaling, t.Number)
def multiple_of_identity_right(i, number):
    return scaling(multiply(i.fields[0], number))


@define("/", UniformScaling, t.Number)
def fraction_of_identity(i, number):
    return scaling(divide(i.fields[0], number))


@define("-", UniformScaling)
def negative_identity(i):
    return scaling(call(function("-"), (i.fields[0],)))


@define("==", t.AbstractMatrix, UniformScaling)
def equals_identity(a, i):
    array = as_array(a)
    return array.size[0] == array.size[1] and call(function("=="), (array, _as_matrix(i, array)))


def _register_constructors():
    from .conversion import constructs

    @constructs(t.AbstractArray, UniformScaling, t.Integer, t.Integer)
    def construct(type_, i, rows, columns):
        element = t.unwrap(type_).parameters[0]
        return scaled_identity(i.fields[0], rows, columns, None if isinstance(element, t.TypeVar) else element)

    from ..calling import callables
    from ..dispatch import Method

    def called(arguments, keywords, bindings):
        i, count = arguments
        return scaled_identity(i.fields[0], staging.as_dim(count), staging.as_dim(count))

    callables.add(Method(t.tuple_type(UniformScaling, t.Integer), (), called, ("I", "n")))

    @constructs(Diagonal, t.AbstractVector)
    def construct_diagonal(type_, x):
        return diagonal_matrix(x)


_register_constructors()
