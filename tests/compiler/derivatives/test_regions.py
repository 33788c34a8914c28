"""Derivatives of `if`, `loop` and `map`: a table of programs, each against central differences in float64,
forward against reverse, to second order, simplified and not, and on onnxruntime."""

import numpy as np
import pytest
from weber.compiler.types import BOOL, F64, I64, TensorType, symbol

N, K, J = symbol("N"), symbol("K"), symbol("J")
INDEX, SCALAR, ROW, FLAG = TensorType(I64), TensorType(F64), TensorType(F64, (3,)), TensorType(BOOL)
ROWS, SQUARE, LENGTHS = TensorType(F64, (N, 3)), TensorType(F64, (3, 3)), TensorType(I64, (N,))

PROGRAMS = []


def program(*cases, **types):
    """Enters a program into the table: `make(b, region, *arguments)` and the arguments of each case."""
    def enter(make):
        for number, case in enumerate(cases):
            PROGRAMS.append(pytest.param(types, make, case, id=f"{make.__name__}-{number}"))
        return make

    return enter


def rows(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 3))


def square(seed=1):
    return np.random.default_rng(seed).normal(size=(3, 3)) / 2


X, Y, A = rows(1)[0], rows(1, 5)[0], square()


def first(b, x):
    return b.reshape(b.slice(x, starts=(0,), stops=(1,), steps=(1,)), shape=())


def scaled(b, x, s):
    return b.mul(x, b.broadcast(s, shape=x.shape, axes=()))


def times(b, matrix, x):
    return b.contract(matrix, x, spec="hk,k->h")


# --- if -----------------------------------------------------------------------------------------------------

@program((X, Y, True), (X, Y, False), x=ROW, y=ROW, c=FLAG)
def arms_that_capture(b, region, x, y, c):
    twice = b.sin(x)
    return b.emit("if", [c], {}, [region([], lambda b: [b.mul(b.exp(twice), y), x]),
                                  region([], lambda b: [twice, b.mul(x, x)])])


@program((X, True, False), (X, True, True), (X, False, True), x=ROW, c=FLAG, d=FLAG)
def ifs_in_ifs(b, region, x, c, d):
    def inner(b):
        y = b.tanh(x)
        return b.emit("if", [d], {}, [region([], lambda b: b.mul(y, x)), region([], lambda b: b.exp(y))])

    return b.emit("if", [c], {}, [region([], inner), region([], lambda b: b.full(1, x))])


@program((X,), (-X,), x=ROW)
def condition_of_the_input(b, region, x):
    s = first(b, x)
    return b.emit("if", [b.gt(s, b.full(0, s))], {}, [
        region([], lambda b: [b.mul(x, x), b.convert(b.floor(s), element=I64)]),
        region([], lambda b: [b.sin(x), b.constant(np.int64(3))])])


# --- loops of a known number of iterations ------------------------------------------------------------------

@program((X, A), x=ROW, w=SQUARE)
def repeated_layer(b, region, x, w):
    return b.loop(x, carried=1, trips=4, regions=[region(
        [INDEX, ROW], lambda b, index, h: [b.tanh(times(b, w, h))])])


@program((rows(4), Y, A, A.T), (rows(1), Y, A, A.T), (rows(0), Y, A, A.T), x=ROWS, h=ROW, w=SQUARE, u=SQUARE)
def recurrent_layer(b, region, x, h, w, u):
    def step(b, index, h, row):
        h = b.tanh(b.add(times(b, w, row), times(b, u, h)))
        return [h, b.mul(h, row)]

    return b.loop(h, x, carried=1, trips=N, regions=[region([INDEX, ROW, ROW], step)])


@program((rows(3), Y), (rows(0), Y), x=ROWS, h=ROW)
def backwards_scan(b, region, x, h):
    def step(b, index, h, row):
        h = b.mul(b.sin(h), row)
        return [h, scaled(b, h, b.convert(index, element=F64))]

    return b.loop(h, x, carried=1, trips=N, reverse=True, regions=[region([INDEX, ROW, ROW], step)])


@program((X, Y), x=ROW, y=ROW)
def values_that_trade_places(b, region, x, y):
    return b.loop(x, y, carried=2, trips=3, regions=[region(
        [INDEX, ROW, ROW], lambda b, index, first, second: [second, b.mul(first, first), first, y])])


@program((X, Y), x=ROW, y=ROW)
def carries_of_which_some_are_flat(b, region, x, y):
    def step(b, index, count, h, unused, flat):
        return [b.add(count, index), scaled(b, h, b.convert(b.add(count, index), element=F64)),
                b.exp(unused), b.floor(b.add(flat, h)), flat, count]

    return b.loop(b.constant(np.int64(2)), x, y, y, carried=4, trips=3,
                  regions=[region([INDEX, INDEX, ROW, ROW, ROW], step)])


@program((X, A), x=ROW, w=SQUARE)
def loop_in_loop(b, region, x, w):
    def outer(b, index, h):
        inner = lambda b, index, h: [b.sin(times(b, w, h)), b.exp(b.neg(b.mul(h, h)))]  # noqa: E731
        h, stack = b.loop(h, carried=1, trips=2, regions=[region([INDEX, ROW], inner)])
        return [b.add(h, b.reduce_sum(stack, axes=(0,))), h]

    return b.loop(x, carried=1, trips=3, regions=[region([INDEX, ROW], outer)])


@program((rows(4), A, True), (rows(4), A, False), x=ROWS, w=SQUARE, c=FLAG)
def ifs_in_loop(b, region, x, w, c):
    def step(b, index, h, row):
        s = first(b, row)
        own = b.emit("if", [b.gt(s, b.full(0, s))], {}, [
            region([], lambda b: b.tanh(times(b, w, h))), region([], lambda b: b.mul(h, row))])
        arms = [region([], lambda b: b.sin(own)), region([], lambda b: b.add(own, row))]
        return [b.emit("if", [c], {}, arms)]

    start = b.full(0.5, first_row(b, x))
    return b.loop(start, x, carried=1, trips=N, regions=[region([INDEX, ROW, ROW], step)])


def first_row(b, x):
    return b.reduce_sum(x, axes=(0,))


# --- loops of a number of iterations that run time knows ----------------------------------------------------

@program((X, A, 0), (X, A, 1), (X, A, 3), x=ROW, w=SQUARE, k=INDEX)
def counted(b, region, x, w, k):
    h, stack = b.loop(k, x, carried=1, trips=K, counted=True, regions=[region(
        [INDEX, ROW], lambda b, index, h: [b.tanh(times(b, w, h)), b.sin(h)])])
    return [h, b.reduce_sum(stack, axes=(0,))]


@program((X,), (X * 5,), x=ROW)
def doubled_until_large(b, region, x):
    def is_small(b, h):
        total = b.reduce_sum(b.abs(h), axes=(0,))
        return b.lt(total, b.full(10, total))

    def step(b, index, h):
        h = b.add(b.mul(h, b.full(1.5, h)), b.sin(b.mul(h, x)))
        return [is_small(b, h), h]

    body = region([INDEX, ROW], step)
    return b.loop(is_small(b, x), x, carried=1, trips=K, conditional=True, regions=[body])


@program((rows(5), 3), (rows(2), 3), (rows(4), 0), x=ROWS, k=INDEX)
def stops_before_the_end(b, region, x, k):
    def step(b, index, going, h, row):
        total = b.reduce_sum(b.abs(h), axes=(0,))
        return [b.lt(total, b.full(4, total)), going, b.add(h, b.mul(row, row)), b.mul(h, row)]

    _, h, stack = b.loop(k, b.constant(np.True_), b.constant(np.float64(1)), b.full(0.5, first_row(b, x)), x,
                         carried=2, trips=K, counted=True, conditional=True,
                         regions=[region([INDEX, SCALAR, ROW, ROW], step)])
    return [h, b.reduce_sum(b.mul(stack, stack), axes=(0,))]


@program((X, 3), (X, 0), x=ROW, k=INDEX)
def open_loop_in_a_loop(b, region, x, k):
    """The inner one runs as often as the outer one has, at most k times."""
    def outer(b, index, h):
        inner = lambda b, index, h: [b.mul(b.sin(h), x), b.mul(h, h)]  # noqa: E731
        h, stack = b.loop(b.min(index, k), h, carried=1, trips=J, counted=True,
                          regions=[region([INDEX, ROW], inner)])
        return [b.add(h, b.reduce_sum(stack, axes=(0,)))]

    return b.loop(x, carried=1, trips=4, regions=[region([INDEX, ROW], outer)])


@program((X, True), (X, False), x=ROW, c=FLAG)
def loops_in_ifs(b, region, x, c):
    def looped(b):
        return b.loop(b.exp(x), carried=1, trips=2, regions=[region(
            [INDEX, ROW], lambda b, index, h: [b.mul(b.sin(h), x)])])

    return b.emit("if", [c], {}, [region([], looped), region([], lambda b: b.neg(x))])


@program((rows(4), A), x=ROWS, w=SQUARE)
def stacks_used_again(b, region, x, w):
    states, = b.loop(x, carried=0, trips=N, regions=[region(
        [INDEX, ROW], lambda b, index, row: [b.tanh(times(b, w, row))])]),
    return b.loop(b.full(1, first_row(b, x)), states, states, carried=1, trips=N, regions=[region(
        [INDEX, ROW, ROW, ROW], lambda b, index, h, row, same: [b.add(b.mul(h, row), same)])])


# --- iterations that differ in size -------------------------------------------------------------------------

D, P = symbol("D"), symbol("P")
SIZES, PIECE = TensorType(I64, (D,)), TensorType(F64, (P, 3))


def pieces(*sizes):
    return rows(sum(sizes)), np.array(sizes, np.int64), rows(len(sizes), 9), A, Y


@program(pieces(2, 1, 3), pieces(0, 2), pieces(3), x=ROWS, sizes=SIZES, y=TensorType(F64, (D, 3)), w=SQUARE,
         h=ROW)
def a_loop_over_pieces(b, region, x, sizes, y, w, h):
    """Takes pieces and slices, hands out both, and carries a row."""
    def step(b, index, h, size, piece, row):
        new = b.tanh(b.contract(piece, w, spec="pk,hk->ph"))
        new = b.mul(new, b.broadcast(h, shape=(P, 3), axes=(1,)))
        return [b.sin(b.add(h, b.mul(b.reduce_sum(new, axes=(0,)), row))), new, b.mul(h, row), piece]

    return b.loop(h, sizes, x, y, carried=1, trips=D, ragged=("P",), totals=(N,),
                  regions=[region([INDEX, ROW, INDEX, PIECE, ROW], step)])


@program(pieces(2, 1, 3), x=ROWS, sizes=SIZES, y=TensorType(F64, (D, 3)), w=SQUARE, h=ROW)
def pieces_from_the_end(b, region, x, sizes, y, w, h):
    """What is in a window from the iteration before is read by rows."""
    def step(b, index, window, size, piece):
        place = b.broadcast(b.constant(np.int64(1)), shape=(P,), axes=())
        new = b.add(b.sin(b.gather(window, place, axis=0)), b.mul(piece, piece))
        return [b.pad(new, low=(0, 0), high=(4 - P, 0), value=0), new, b.reduce_sum(new, axes=(0,))]

    start = b.broadcast(h, shape=(4, 3), axes=(1,))
    return b.loop(start, sizes, x, carried=1, trips=D, reverse=True, ragged=("P",), totals=(N,),
                  regions=[region([INDEX, TensorType(F64, (4, 3)), INDEX, PIECE], step)])


# --- indexing -----------------------------------------------------------------------------------------------

def at(b, index, number):
    return b.add(index, b.constant(np.int64(number)))


@program((rows(4), Y, A), x=ROWS, h=ROW, w=SQUARE)
def rows_read_by_index(b, region, x, h, w):
    def step(b, index, h):
        row = b.gather(x, index, axis=0)
        return [b.tanh(b.add(times(b, w, row), h))]

    return b.loop(h, carried=1, trips=N, regions=[region([INDEX, ROW], step)])


@program((A, X), w=SQUARE, h=ROW)
def columns_written_by_index(b, region, w, h):
    def step(b, index, h, whole):
        zero, place = b.constant(np.int64(0)), at(b, index, 1)
        old = b.reshape(b.dynamic_slice(whole, zero, place, sizes=(3, 1)), shape=(3,))
        h = b.sin(b.mul(b.add(h, old), old))
        return [h, b.dynamic_update_slice(whole, b.reshape(h, shape=(3, 1)), zero, place)]

    return b.loop(h, w, carried=2, trips=2, regions=[region([INDEX, ROW, SQUARE], step)])


@program((rows(5), Y), x=TensorType(F64, (5, 3)), h=ROW)
def rows_from_those_before(b, region, x, h):
    def step(b, index, whole):
        row = b.add(b.sin(b.gather(whole, index, axis=0)), b.mul(b.gather(whole, at(b, index, 1), axis=0), h))
        return [b.dynamic_update_slice(whole, b.reshape(row, shape=(1, 3)), at(b, index, 1),
                                       b.constant(np.int64(0)))]

    return b.loop(x, carried=1, trips=4, regions=[region([INDEX, TensorType(F64, (5, 3))], step)])


@program((rows(5), Y, np.array([1, 4, 1]), 3), x=TensorType(F64, (5, 3)), h=ROW, i=LENGTHS, k=INDEX)
def rows_of_a_table(b, region, x, h, i, k):
    """As embeddings: the gradient of the table is one scatter."""
    def step(b, index, h):
        return [b.sin(b.add(h, b.gather(x, b.gather(i, index, axis=0), axis=0)))]

    return b.loop(k, h, carried=1, trips=K, counted=True, regions=[region([INDEX, ROW], step)])


# --- checkpoints --------------------------------------------------------------------------------------------

@program((rows(9), Y, A, A.T), (rows(65), Y, A, A.T), (rows(0), Y, A, A.T), x=ROWS, h=ROW, w=SQUARE, u=SQUARE)
def checkpointed_layer(b, region, x, h, w, u):
    def step(b, index, h, row):
        h = b.tanh(b.add(times(b, w, row), times(b, u, h)))
        return [h, scaled(b, h, b.sin(b.convert(index, element=F64)))]

    return b.loop(h, x, carried=1, trips=N, checkpoint=True, regions=[region([INDEX, ROW, ROW], step)])


@program((rows(11), Y), x=TensorType(F64, (11, 3)), h=ROW)
def checkpointed_backwards(b, region, x, h):
    def step(b, index, h, row):
        h = b.sin(b.mul(h, b.add(row, scaled(b, row, b.cos(b.convert(index, element=F64))))))
        return [h, b.add(h, row)]

    return b.loop(h, x, carried=1, trips=11, reverse=True, checkpoint=True,
                  regions=[region([INDEX, ROW, ROW], step)])


@program((X, A, 0), (X, A, 3), (X, A, 130), x=ROW, w=SQUARE, k=INDEX)
def checkpointed_count(b, region, x, w, k):
    h, stack = b.loop(k, x, carried=1, trips=K, counted=True, checkpoint=True, regions=[region(
        [INDEX, ROW], lambda b, index, h: [b.tanh(times(b, w, h)), b.sin(h)])])
    return [h, b.reduce_sum(stack, axes=(0,))]


# --- maps ---------------------------------------------------------------------------------------------------

@program((rows(4), A, Y), (rows(0), A, Y), x=ROWS, w=SQUARE, y=ROW)
def layer_of_each(b, region, x, w, y):
    return b.map(x, regions=[region([ROW], lambda b, row: [
        b.tanh(times(b, w, b.mul(row, y))), b.reduce_sum(b.exp(row), axes=(0,)), y])])


@program((rows(3), A), x=ROWS, w=SQUARE)
def loops_in_maps_in_loops(b, region, x, w):
    def lane(b, row):
        return b.loop(row, carried=1, trips=2, regions=[region(
            [INDEX, ROW], lambda b, index, h: [b.tanh(times(b, w, h))])])

    return b.loop(x, carried=1, trips=2, regions=[region(
        [INDEX, ROWS], lambda b, index, h: [b.map(h, regions=[region([ROW], lane)])])])


def masked(b, stack, lengths):
    """The stack with zeros past the length of each row."""
    place = b.iota(shape=stack.shape, axis=1, element=I64)
    inside = b.lt(place, b.broadcast(lengths, shape=stack.shape, axes=(0,)))
    return b.select(inside, stack, b.full(0, stack))


def ragged(lengths, bound, seed=3):
    x = np.random.default_rng(seed).normal(size=(len(lengths), bound, 3))
    return x, np.array(lengths, np.int64)


T, BOUND = symbol("T"), symbol("T.max")
SEQUENCES, SEQUENCE = TensorType(F64, (N, BOUND, 3)), TensorType(F64, (T, 3))


@program((*ragged([2, 4, 0, 1], 4), A, Y), (*ragged([], 2), A, Y), x=SEQUENCES, n=LENGTHS, w=SQUARE, h=ROW)
def recurrence_over_sequences(b, region, x, n, w, h):
    def lane(b, x):
        step = region([INDEX, ROW, ROW], lambda b, index, h, row: [b.tanh(b.add(times(b, w, h), row)), h])
        last, states = b.loop(h, x, carried=1, trips=T, regions=[step])
        return [last, b.mul(states, x)]

    last, states = b.map(n, x, regions=[region([SEQUENCE], lane)], ragged=("T",), bounds=(BOUND,))
    return [last, masked(b, states, n)]


@program((*ragged([2, 3, 0, 1], 3), A), x=SEQUENCES, n=LENGTHS, w=SQUARE)
def map_after_map(b, region, x, n, w):
    """The first leaves padding that the second must not see, nor the derivatives."""
    one = b.map(n, x, regions=[region([SEQUENCE], lambda b, x: b.tanh(b.contract(x, w, spec="tk,hk->th")))],
                ragged=("T",), bounds=(BOUND,))
    two = b.map(n, one, b.exp(x), ragged=("T",), bounds=(BOUND,), regions=[region(
        [SEQUENCE, SEQUENCE], lambda b, x, y: b.reduce_sum(b.mul(b.mul(x, y), x), axes=(0,)))])
    return two


@program((rows(4), [0, 3, 1, 2]), (rows(2), [0, 0]), x=ROWS, k=LENGTHS)
def counted_loops_in_lanes(b, region, x, k):
    """Each lane stacks as many rows as it likes; what it makes of them has a size of its own too."""
    def lane(b, row, count):
        h, stack = b.loop(count, row, carried=1, trips=K, counted=True, regions=[region(
            [INDEX, ROW], lambda b, index, h: [b.mul(b.sin(h), row), b.exp(h)])])
        return [h, b.reduce_sum(b.mul(stack, b.sin(stack)), axes=(0,))]

    return b.map(x, k, regions=[region([ROW, INDEX], lane)])


@program((rows(4), [0, 3, 1, 2]), x=ROWS, k=LENGTHS)
def stacks_of_lanes(b, region, x, k):
    """The stacks leave the map, padded."""
    def lane(b, row, count):
        _, stack = b.loop(count, row, carried=1, trips=K, counted=True, regions=[region(
            [INDEX, ROW], lambda b, index, h: [b.mul(b.sin(h), row), b.exp(h)])])
        return [b.tanh(stack)]

    stacks = b.map(x, k, regions=[region([ROW, INDEX], lane)], defines=(("K", "K.max"),))
    return b.reduce_sum(masked(b, stacks, k), axes=(1,))


@program((rows(4),), x=ROWS)
def while_in_if_in_map(b, region, x):
    def lane(b, row):
        def looped(b):
            def is_small(b, h):
                total = b.reduce_sum(b.abs(h), axes=(0,))
                return b.lt(total, b.full(9, total))

            def step(b, index, h):
                h = b.add(b.mul(h, b.full(1.5, h)), b.sin(b.mul(h, row)))
                return [is_small(b, h), h]

            return b.loop(is_small(b, row), row, carried=1, trips=K, conditional=True,
                          regions=[region([INDEX, ROW], step)])

        s = first(b, row)
        arms = [region([], looped), region([], lambda b: b.exp(row))]
        return b.emit("if", [b.gt(s, b.full(0, s))], {}, arms)

    return b.map(x, regions=[region([ROW], lane)])


@pytest.mark.parametrize("types, make, inputs", PROGRAMS)
def test_programs(derivatives, types, make, inputs):
    function = derivatives.function_of(types, lambda b, *arguments: make(b, derivatives.region, *arguments))
    derivatives.check_all(function, inputs)
