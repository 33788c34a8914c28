"""Square matrices: traces, diagonals, determinants, inverses, solving, and the uniform scaling `I`.

Matrices that only the graph knows are solved with, and have inverses and determinants, by ops; what else
needs a factorisation needs the matrix on the host."""

import numpy as np

from ...compiler.errors import UnsupportedError
from ...compiler.ir import Value
from ...compiler.types import I64
from .. import staging
from .. import types as t
from ..calling import call, callables
from ..dims import as_dim, dim_number
from ..dispatch import Method
from ..printing.display import FAMILIES, PLAIN_FAMILIES, show_text
from ..promotion import promote_type
from ..staged_numbers import Traced
from ..state import state
from ..type_lattice import TypeVar, unwrap
from ..type_names import type_name
from ..values import Array, Struct, typeof
from .arithmetic import divide, multiply
from .arrays import as_array, reshaped
from .conversion import constructs, convert
from .elements import HOST_TYPES, float_type, is_complex_type, numpy_type
from .errors import argument_error, dimension_mismatch, domain_error, fault, size_text
from .linear_algebra import LINEAR_ALGEBRA, differ, multiply_matrices, scale, scale_right
from .registry import define, function
from .shapes import permute_matrix


def _define(names, *signature, **options):
    return define(names, *signature, module=LINEAR_ALGEBRA, **options)


def _unsupported(message):
    return UnsupportedError(message, state.location, kind="UnsupportedError")


def _require_square(array):
    if array.rank != 2 or differ(array.size[0], array.size[1]):
        raise dimension_mismatch(f"matrix is not square: dimensions are {size_text(array.size)}")


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


def diagonal_places(array, shift=0):
    """The linear places (from 0) of the elements a[i, i + shift]."""
    rows, columns = array.size
    first_row, first_column = max(-shift, 0), max(shift, 0)
    if isinstance(rows, int) and isinstance(columns, int):
        count = max(min(rows - first_row, columns - first_column), 0)
        return (first_column + np.arange(count)) * rows + first_row + np.arange(count)
    if rows != columns:
        raise _unsupported(f"a diagonal of a matrix of size {size_text(array.size)}, which is not known to "
                           "be square")
    steps = staging.apply("iota", shape=(rows - first_row - first_column,), axis=0, element=I64)
    between, first = (staging.expand(staging.payload_of(dim_number(number)), steps.shape)
                      for number in (rows + 1, first_column * rows + first_row))
    return staging.apply("add", staging.apply("mul", steps, between), first)


@_define("diagind", t.AbstractMatrix)
def diagonal_indices(a):
    return shifted_diagonal_indices(a, 0)


@_define("diagind", t.AbstractMatrix, t.Integer)
def shifted_diagonal_indices(a, shift):
    places = diagonal_places(as_array(a), shift)
    return Array(staging.apply("add", places, staging.expand(np.int64(1), places.shape)))


def diagonal(array, shift=0):
    """The elements a[i, i + shift]."""
    rows, columns = array.size
    payload, places = staging.read(array), diagonal_places(array, shift)
    return Array(staging.apply("gather", reshaped(payload, (rows * columns,)), places, axis=0),
                 t.array_type(array.element, 1))


def column_offsets(rows, columns):
    """column - row of each element of a matrix, as a payload."""
    if isinstance(rows, int) and isinstance(columns, int):
        return np.arange(columns)[:, None] - np.arange(rows)
    places = [staging.apply("iota", shape=(columns, rows), axis=axis, element=I64) for axis in (0, 1)]
    return staging.apply("sub", *places)


def is_at_offset(comparison, rows, columns, shift=0):
    """For which elements of a matrix column - row compares so with a number: "eq", "ge" or "le"."""
    offsets = column_offsets(rows, columns)
    return staging.apply(comparison, offsets, staging.expand(np.asarray(shift, np.int64), offsets.shape))


def _chosen(mask, payload, element):
    """The payload with zeros where the mask is false."""
    zero = staging.expand(np.asarray(0, numpy_type(element)), mask.shape)
    return staging.apply("select", mask, payload, zero)


@_define("diagm", t.AbstractVector)
def diagonal_matrix(x):
    array = as_array(x)
    payload = staging.read(array)
    count = payload.shape[0]
    square = staging.apply("broadcast", payload, shape=(count, count), axes=(1,))
    return Array(_chosen(is_at_offset("eq", count, count), square, array.element))


Diagonal = t.declare("Diagonal", t.AbstractArrayFamily.apply(_D := TypeVar("T"), 2), parameters=(_D,))
LINEAR_ALGEBRA.bindings["Diagonal"] = Diagonal


def identity_matrix(count, element):
    return scaled_identity(HOST_TYPES[element](1), count, count, element)


def host_matrix(a, what):
    """A matrix as a float numpy matrix in mathematical order; it must be known on the host."""
    array = as_array(a)
    if array.element not in t.NUMPY_TYPES:
        element = type_name(array.element)
        raise fault("MethodError", f"{what} needs an array of numbers, got one of {element}")
    data = staging.read_host(array, what)
    kind = float_type(array.element)
    return np.asarray(data.T,
                      dtype=np.float32 if kind is t.Float32 else np.complex128 if is_complex_type(kind) else
                      np.float64), kind


def from_host(matrix, kind=None):
    """An array from a numpy matrix (or vector) in mathematical order."""
    kind = kind or t.JULIA_TYPES[matrix.dtype]
    return Array(np.array(matrix.T, dtype=t.NUMPY_TYPES[kind], order="C"))


def is_staged(*arrays):
    return any(staging.read(array).__class__ is Value for array in arrays)


def _as_equations(array, kind, what):
    """The payload of a matrix, or of a vector as one column, as a batch of one in a float type."""
    if is_complex_type(array.element) or array.element not in t.NUMPY_TYPES:
        raise _unsupported(f"{what} of complex matrices of which only the graph knows the elements")
    payload = staging.convert_payload(staging.read(array), kind)
    shape = payload.shape if array.rank == 2 else (1, *payload.shape)
    return reshaped(payload, (1, *shape))


def staged_solution(a, right, what="\\"):
    """The x with a x = b, by the graph; what is solved with has to be square."""
    if a.size[0] != a.size[1]:
        raise _unsupported(f"{what} with a matrix of size {size_text(a.size)} of which only the graph knows "
                           "the elements: it has to be square; least squares are `(A' * A) \\ (A' * b)`")
    kind = promote_type(float_type(a.element), float_type(right.element))
    equations = _as_equations(a, kind, what), _as_equations(right, kind, what)
    return Array(reshaped(staging.apply("solve", *equations), staging.read(right).shape))


def staged_determinant(array, op):
    kind = float_type(array.element)
    return Traced(reshaped(staging.apply(op, _as_equations(array, kind, "det")), ()))


def _solving(function_, *arguments):
    try:
        return function_(*arguments)
    except np.linalg.LinAlgError:
        raise fault("SingularException", "the matrix is singular") from None


@_define("det", t.AbstractMatrix)
def determinant(a):
    array = as_array(a)
    _require_square(array)
    if is_staged(array):
        return staged_determinant(array, "determinant")
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
    array = as_array(a)
    _require_square(array)
    if is_staged(array):
        return staged_determinant(array, "log_determinant")
    matrix, kind = host_matrix(array, "logdet")
    sign, logarithm = np.linalg.slogdet(matrix)
    if sign < 0:
        raise domain_error(float(sign), "determinant is negative")
    return HOST_TYPES[kind](logarithm)


@define("inv", t.AbstractMatrix)
def inverse(a):
    array = as_array(a)
    _require_square(array)
    if is_staged(array):
        return staged_solution(array, identity_matrix(array.size[0], float_type(array.element)), "inv")
    matrix, kind = host_matrix(array, "inv")
    return from_host(_solving(np.linalg.inv, matrix), kind)


@define("\\", t.AbstractMatrix, t.AbstractArray)
def solve(a, b):
    """The x with a x = b; for a matrix that is not square, of least squares."""
    a, b = as_array(a), as_array(b)
    if differ(a.size[0], b.size[0]):
        raise dimension_mismatch(f"arguments must have the same number of rows: {a.size[0]} and {b.size[0]}")
    if is_staged(a, b):
        return staged_solution(a, b)
    matrix, kind = host_matrix(a, "\\")
    right, right_kind = host_matrix(b, "\\")
    kind = promote_type(kind, right_kind)
    if a.size[0] == a.size[1]:
        return from_host(_solving(np.linalg.solve, matrix, right), kind)
    return from_host(np.linalg.lstsq(matrix, right, rcond=None)[0], kind)


@define("/", t.AbstractArray, t.AbstractMatrix)
def solve_right(b, a):
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


def _triangle(name, comparison):
    def triangle(a, shift=0):
        array = as_array(a)
        mask = is_at_offset(comparison, *array.size, shift)
        return Array(_chosen(mask, staging.read(array), array.element))

    _define(name, t.AbstractMatrix)(lambda a: triangle(a))
    _define(name, t.AbstractMatrix, t.Integer)(lambda a, shift: triangle(a, shift))


_triangle("triu", "ge")
_triangle("tril", "le")


# --- the uniform scaling I ----------------------------------------------------------------------------------

_L = TypeVar("T")
UniformScaling = t.declare("UniformScaling", parameters=(_L,), fields=("λ",))
SCALING_FAMILY = unwrap(UniformScaling).family
LINEAR_ALGEBRA.bindings["UniformScaling"] = UniformScaling
LINEAR_ALGEBRA.bindings["I"] = Struct(SCALING_FAMILY.apply(t.Bool), [True])
LINEAR_ALGEBRA.exports.update(("I", "UniformScaling", "Diagonal"))


FAMILIES[SCALING_FAMILY] = lambda value, context: f"{show_text(value.fields[0], context)}*I"
PLAIN_FAMILIES[SCALING_FAMILY] = lambda value, context: (
    f"{type_name(value.type)}\n{show_text(value.fields[0], context)}*I")


def scaling(number):
    return Struct(SCALING_FAMILY.apply(typeof(number)), [number])


def scaled_identity(number, rows, columns, element=None):
    """The matrix with a number on the diagonal."""
    element = element or typeof(number)
    number = convert(element, number)
    if any(isinstance(size, int) and size < 0 for size in (rows, columns)):
        raise argument_error(f"sizes cannot be negative, got {rows} and {columns}")
    if number.__class__ is Traced or not (isinstance(rows, int) and isinstance(columns, int)):
        filled = staging.expand(staging.payload_of(number, element), (columns, rows))
        return Array(_chosen(is_at_offset("eq", rows, columns), filled, element))
    return Array(np.eye(columns, rows, dtype=numpy_type(element)) * np.asarray(number, numpy_type(element)))


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


@constructs(t.AbstractArray, UniformScaling, t.Integer, t.Integer)
def construct_from_identity(type_, i, rows, columns):
    """`Matrix(I, m, n)`."""
    element = unwrap(type_).parameters[0]
    same = rows is columns
    rows = as_dim(rows)
    columns = rows if same else as_dim(columns)
    return scaled_identity(i.fields[0], rows, columns, None if isinstance(element, TypeVar) else element)


@constructs(Diagonal, t.AbstractVector)
def construct_diagonal(type_, x):
    return diagonal_matrix(x)


def _call_identity(arguments, keywords, bindings):
    """`I(n)`: the unit matrix of size n."""
    i, count = arguments
    count = as_dim(count)
    return scaled_identity(i.fields[0], count, count)


callables.add(Method(t.tuple_type(UniformScaling, t.Integer), (), _call_identity, ("I", "n")))
