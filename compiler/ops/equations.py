"""Systems of linear equations: solving them, and determinants, for a batch of square matrices."""

import numpy as np

from ..ir import Block, Builder, Value
from ..types import BF16, F16, F32, I64, TensorType
from .batching.equations import batch_determinant, batch_solve
from .kernels import decomposed
from .loop_parts import INDEX
from .record import Rule, expect, register
from .reduction import in_single
from .rules import expect_kind, expect_operands, expect_same_element


def _expect_square(name, value):
    expect_kind(name, value, "float")
    expect(value.rank == 3 and value.shape[1] == value.shape[2],
           f"{name} takes square matrices (batch, n, n), got {value.type}")


# --- elimination --------------------------------------------------------------------------------------------

def _step(b, rows, index, divisor_of):
    """One step of Gauss–Jordan elimination on matrices (batch, n, width): the row with the largest element in
    the column `index`, at or below the diagonal, changes places with that on the diagonal, is divided by
    `divisor_of(pivot)`, and taken from the others. Gives the matrices, the pivots (batch,), and whether rows
    changed places."""
    batch, count, width = rows.shape
    column = b.gather(rows, index, axis=2)
    places = b.iota(shape=(batch, count), axis=1, element=I64)
    is_left = b.ge(places, b.broadcast(index, shape=places.shape, axes=()))
    chosen = b.arg_max(b.select(is_left, b.abs(column), b.full(-1, column)), axis=1)
    starts = b.mul(b.iota(shape=(batch,), axis=0, element=I64),
                   b.broadcast(b.extent(count), shape=(batch,), axes=()))
    row = b.gather(b.reshape(rows, shape=(batch * count, width)), b.add(starts, chosen), axis=0)
    pivot = b.gather(row, index, axis=1)
    scaled = b.div(row, b.broadcast(divisor_of(pivot), shape=row.shape, axes=(0,)))
    scaled = b.broadcast(scaled, shape=rows.shape, axes=(0, 2))
    on_diagonal = b.broadcast(b.gather(rows, index, axis=1), shape=rows.shape, axes=(0, 2))
    exchanged = b.select(_is_in_row(b, rows, chosen), on_diagonal, rows)
    factors = b.broadcast(b.gather(exchanged, index, axis=2), shape=rows.shape, axes=(0, 1))
    following = b.select(_is_in_row(b, rows, index), scaled, b.sub(exchanged, b.mul(factors, scaled)))
    return following, pivot, b.ne(chosen, b.broadcast(index, shape=chosen.shape, axes=()))


def _is_in_row(b, rows, number):
    """Whether each element is in the row of this number, or of one for each matrix."""
    places = b.iota(shape=rows.shape, axis=1, element=I64)
    return b.eq(places, b.broadcast(number, shape=rows.shape, axes=tuple(range(number.rank))))


def _eliminated(b, starts, step):
    """What the carried values (the rows, and others) are after all steps; `step(builder, index, *carried)`
    gives the next ones."""
    if starts[0].shape[1] == 0:
        return starts
    index, carried = Value(INDEX), [Value(start.type) for start in starts]
    region = Block([index, *carried])
    region.results = list(step(Builder(region, b.location), index, *carried))
    made = b.loop(*starts, regions=[region], carried=len(starts), trips=starts[0].shape[1])
    return made if isinstance(made, list) else [made]


def _in_single(b, value):
    return b.convert(value, element=F32) if value.element in (F16, BF16) else value


def _transposed(b, value):
    return b.transpose(value, permutation=(0, 2, 1))


# --- solve --------------------------------------------------------------------------------------------------

def _infer_solve(operands, attributes, regions):
    expect_operands("solve", operands, 2)
    a, right = operands
    _expect_square("solve", a)
    expect_same_element("solve", operands)
    expect(right.rank == 3 and right.shape[0] == a.shape[0] and right.shape[2] == a.shape[1],
           f"solve: right sides (batch, m, n) for {a.type}, got {right.type}")
    return [right.type]


def _evaluate_solve(arrays, attributes, context):
    a, right = map(in_single, arrays)
    return [_each(_solved_by_numpy, a, right, shape=right.shape).astype(arrays[1].dtype)]


def _each(function, *stacks, shape):
    results = [function(*matrices) for matrices in zip(*stacks)]
    return np.stack(results) if results else np.zeros(shape, stacks[0].dtype)


def _solved_by_numpy(a, right):
    try:
        return np.linalg.solve(a.T, right.T).T
    except np.linalg.LinAlgError:
        return np.full_like(right, np.nan)


def _solution(b, operation, a, right):
    a, right = _in_single(b, a), _in_single(b, right)
    rows = b.concatenate(_transposed(b, a), _transposed(b, right), axis=2)

    def step(b, index, rows):
        return _step(b, rows, index, lambda pivot: pivot)[:1]

    (rows,) = _eliminated(b, [rows], step)
    batch, count, width = rows.shape
    solution = b.slice(rows, starts=(0, 0, count), stops=(batch, count, width), steps=(1, 1, 1))
    return b.convert(_transposed(b, solution), element=operation.result.element)


def _solve_vjp(b, operation, cotangents):
    (a, _), x = operation.operands, operation.result
    of_right = b.solve(_transposed(b, a), cotangents[0])
    return [b.neg(b.contract(x, of_right, spec="bmi,bmj->bij")), of_right]


def _solve_jvp(b, operation, tangents):
    (a, right), (of_a, of_right) = operation.operands, tangents
    change = b.full(0, right) if of_right is None else of_right
    if of_a is not None:
        change = b.sub(change, b.contract(operation.result, of_a, spec="bmi,bij->bmj"))
    return [b.solve(a, change)]


register("solve", _infer_solve, _evaluate_solve, Rule(_solve_vjp, _solve_jvp), decomposed(_solution),
         "the x with x a = b, for a (batch, n, n) and b (batch, m, n); undefined where a is singular",
         batch=batch_solve)


# --- determinants -------------------------------------------------------------------------------------------

def _infer_determinant(name):
    def infer(operands, attributes, regions):
        expect_operands(name, operands, 1)
        _expect_square(name, operands[0])
        return [TensorType(operands[0].element, operands[0].shape[:1])]

    return infer


def _evaluate_determinant(function):
    def evaluate(arrays, attributes, context):
        with np.errstate(all="ignore"):
            return [np.asarray(function(in_single(arrays[0]))).astype(arrays[0].dtype)]

    return evaluate


def _collected(neutral, collect):
    """A lowering that collects something of pivots: `collect(builder, collected, pivot, is_exchanged)`."""
    def build(b, operation, a):
        a = _in_single(b, a)
        one = b.constant(np.asarray(1, a.element.numpy))

        def step(b, index, rows, collected):
            def divisor(pivot):  # where it is zero the determinant is, whatever follows
                zero = b.eq(pivot, b.full(0, pivot))
                return b.select(zero, b.broadcast(one, shape=pivot.shape, axes=()), pivot)

            rows, pivot, exchanged = _step(b, rows, index, divisor)
            return rows, collect(b, collected, pivot, exchanged)

        start = b.broadcast(b.constant(np.asarray(neutral, a.element.numpy)), shape=a.shape[:1], axes=())
        _, result = _eliminated(b, [a, start], step)
        return b.convert(result, element=operation.result.element)

    return decomposed(build)


def _inverse_transposed(b, a):
    """(a⁻¹)ᵀ: the derivative of log |det a|."""
    rows, columns = (b.iota(shape=a.shape, axis=axis, element=I64) for axis in (1, 2))
    return b.solve(_transposed(b, a), b.convert(b.eq(rows, columns), element=a.element))


def _determinant_rule(is_logarithm):
    """d log |det a| = tr(a⁻¹ da), and d det a is det a times that (Jacobi's formula)."""
    def of(b, operation, change):
        return change if is_logarithm else b.mul(change, operation.result)

    def vjp(b, operation, cotangents):
        (a,) = operation.operands
        factor = b.broadcast(of(b, operation, cotangents[0]), shape=a.shape, axes=(0,))
        return [b.mul(factor, _inverse_transposed(b, a))]

    def jvp(b, operation, tangents):
        (a,) = operation.operands
        return [of(b, operation, b.contract(tangents[0], _inverse_transposed(b, a), spec="bij,bij->b"))]

    return Rule(vjp, jvp)


register("determinant", _infer_determinant("determinant"), _evaluate_determinant(np.linalg.det),
         _determinant_rule(False),
         _collected(1, lambda b, product, pivot, exchanged: b.mul(
             product, b.select(exchanged, b.neg(pivot), pivot))),
         "det a of matrices (batch, n, n); the derivative is undefined where it is zero",
         batch=batch_determinant)
register("log_determinant", _infer_determinant("log_determinant"),
         _evaluate_determinant(lambda a: np.linalg.slogdet(a)[1]), _determinant_rule(True),
         _collected(0, lambda b, total, pivot, exchanged: b.add(total, b.log(b.abs(pivot)))),
         "log |det a| of matrices (batch, n, n)", batch=batch_determinant)
