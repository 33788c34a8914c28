"""if and loop: type rules, meaning, text, and the same on onnxruntime."""

import numpy as np
import pytest
from regions import function_of, region
from weber.compiler.ops.record import TypeRuleError
from weber.compiler.types import BOOL, F32, I64, TensorType, symbol

N, K = symbol("N"), symbol("K")
ROWS = TensorType(F32, (N, 3))
ROW = TensorType(F32, (3,))
SCALAR = TensorType(F32)
INDEX = TensorType(I64)
FLAG = TensorType(BOOL)


def rows(count):
    return np.arange(3 * count, dtype=np.float32).reshape(count, 3)


# --- if -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("condition", [True, False])
def test_if_captures_and_yields(check, condition):
    def make(b, x, c):
        twice = b.add(x, x)
        return b.emit("if", [c], {}, [region([], lambda b: [b.neg(twice), x]),
                                      region([], lambda b: [twice, b.neg(x)])])

    x = rows(2)
    expected = [-2 * x, x] if condition else [2 * x, -x]
    check(function_of({"x": ROWS, "c": FLAG}, make), {"x": x, "c": np.array(condition)}, expected)


def test_nested_ifs(check):
    def make(b, x, c, d):
        inner = lambda b: b.emit("if", [d], {}, [region([], lambda b: b.neg(x)),
                                                 region([], lambda b: b.abs(x))])  # noqa: E731
        return b.emit("if", [c], {}, [region([], inner), region([], lambda b: b.add(x, x))])

    function = function_of({"x": ROW, "c": FLAG, "d": FLAG}, make)
    x = np.float32([1, -2, 3])
    for c, d, expected in ((1, 1, -x), (1, 0, abs(x)), (0, 1, x + x)):
        check(function, {"x": x, "c": np.array(bool(c)), "d": np.array(bool(d))}, [expected])


# --- loop ---------------------------------------------------------------------------------------------------

def scan(reverse):
    """Running sums of the rows of x, and the index of each."""

    def make(b, x):
        body = region([INDEX, ROW, ROW], lambda b, index, total,
                      row: [b.add(total, row), b.add(total, row), index])
        return b.loop(b.constant(np.zeros(3, np.float32)), x, regions=[body], carried=1, trips=N,
                      reverse=reverse)

    return function_of({"x": ROWS}, make)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("sizes", [(2, 0, 3), (1,), ()])
def test_loop_over_pieces(check, sizes, reverse):
    """Of the rows of x, so many at a time: their sums added up, each row with the sums before its piece, and
    these sums."""
    trips, size = symbol("D"), symbol("P")

    def make(b, x, sizes):
        def step(b, index, total, size_, piece):
            start = b.broadcast(total, shape=(size, 3), axes=(1,))
            return [b.add(total, b.reduce_sum(piece, axes=(0,))), b.add(piece, start), total,
                    b.broadcast(size_, shape=(size,), axes=())]

        body = region([INDEX, ROW, INDEX, TensorType(F32, (size, 3))], step)
        return b.loop(b.constant(np.zeros(3, np.float32)), sizes, x, regions=[body], carried=1, trips=trips,
                      reverse=reverse, ragged=("P",), totals=(N,))

    x, ends = rows(sum(sizes)), np.cumsum(sizes, dtype=np.int64)
    total, sums, added = np.zeros(3, np.float32), [], np.empty_like(x)
    for stop, size_ in list(zip(ends, sizes))[::-1 if reverse else 1]:
        added[stop - size_:stop] = x[stop - size_:stop] + total
        sums.append(total)
        total = total + x[stop - size_:stop].sum(0)
    sums = np.array(sums[::-1] if reverse else sums, np.float32).reshape(-1, 3)
    function = function_of({"x": ROWS, "sizes": TensorType(I64, (trips,))}, make)
    check(function, {"x": x, "sizes": np.array(sizes, np.int64)},
          [total, added, sums, np.repeat(np.array(sizes, np.int64), sizes)])


@pytest.mark.parametrize("count", [0, 1, 4])
def test_scan(check, count):
    x = rows(count)
    check(scan(False), {"x": x}, [x.sum(0), np.cumsum(x, 0), np.arange(count)])


@pytest.mark.parametrize("count", [0, 1, 4])
def test_reverse_scan(check, count):
    x = rows(count)
    check(scan(True), {"x": x}, [x.sum(0), np.cumsum(x[::-1], 0)[::-1], np.arange(count)])


@pytest.mark.parametrize("count", [-1, 0, 1, 3])
def test_trip_count(check, count):
    """The stack has the extent of the trips that ran; its other dims are right also when none did."""

    def make(b, x, k):
        body = region([INDEX, ROWS], lambda b, index, x: [b.add(x, x), x])
        return b.loop(k, x, regions=[body], carried=1, trips=K, counted=True)

    x, trips = rows(2), max(count, 0)
    check(function_of({"x": ROWS, "k": INDEX}, make), {"x": x, "k": np.array(count)},
          [x * 2**trips, np.array([x * 2**trip for trip in range(trips)], np.float32).reshape(trips, 2, 3)])


@pytest.mark.parametrize("limit, start", [(10, 1), (1, 1), (0, 1), (100, 3)])
def test_while(check, limit, start):
    """x doubles while x < limit."""

    def make(b, x, limit):
        def body(b, index, x):
            twice = b.add(x, x)
            return [b.lt(twice, limit), twice, x]

        return b.loop(b.lt(x, limit), x, regions=[region([INDEX, SCALAR], body)], carried=1, trips=K,
                      conditional=True)

    steps, value = [], float(start)
    while value < limit:
        steps.append(value)
        value *= 2
    check(function_of({"x": SCALAR, "limit": SCALAR}, make),
          {"x": np.float32(start), "limit": np.float32(limit)},
          [np.float32(value), np.float32(steps)])


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_for_with_break(check, count):
    """Sums rows until the sum of the first column passes 5, a trip count, or the end of the rows."""

    def make(b, x, k):
        def body(b, index, total, row):
            total = b.add(total, row)
            first = b.reshape(b.slice(total, starts=(0,), stops=(1,), steps=(1,)), shape=())
            return [b.le(first, b.constant(np.float32(5))), total]

        return b.loop(k, b.constant(np.bool_(True)), b.constant(np.zeros(3, np.float32)), x, carried=1,
                      trips=K,
                      regions=[region([INDEX, ROW, ROW], body)], counted=True, conditional=True)

    x, total = rows(4), np.zeros(3, np.float32)
    for row in x[:count]:
        total = total + row
        if total[0] > 5:
            break
    check(function_of({"x": ROWS, "k": INDEX}, make), {"x": x, "k": np.array(count)}, [total])


def test_fixed_number_of_trips(check):
    def make(b, x):
        outer = region([INDEX, SCALAR], lambda b, index, total: b.loop(
            total, carried=1, trips=3,
            regions=[region([INDEX, SCALAR], lambda b, inner, total: b.add(
                total, b.convert(b.mul(index, inner), element=F32)))]))
        return b.loop(x, regions=[outer], carried=1, trips=4)

    check(function_of({"x": SCALAR}, make), {"x": np.float32(1)}, [np.float32(1 + 6 * 3)])


def test_values_that_only_pass_through(check):
    def make(b, x, y):
        body = region([INDEX, ROW, ROW], lambda b, index, first, second: [second, first, y, first, first])
        return b.loop(x, y, regions=[body], carried=2, trips=3)

    x, y = np.float32([1, 2, 3]), np.float32([4, 5, 6])
    check(function_of({"x": ROW, "y": ROW}, make), {"x": x, "y": y}, [y, x, [y] * 3, [x, y, x], [x, y, x]])


# --- type rules ---------------------------------------------------------------------------------------------

def loop_of(**changes):
    def make(b, x):
        attributes = {"carried": 1, "trips": N, **changes.get("attributes", {})}
        body = changes.get("body") or region([INDEX, ROW, ROW], lambda b, index, total, row: [total])
        return b.emit("loop", changes.get("operands", lambda b,
                                          x: [b.constant(np.zeros(3, np.float32)), x])(b, x),
                      attributes, [body] * changes.get("regions", 1))

    return make


def if_of(then, otherwise, condition=np.True_):
    return lambda b, x: b.emit("if", [b.constant(condition)], {}, [then(x), otherwise(x)])


def same(x):
    return region([], lambda b: [x])


@pytest.mark.parametrize("make, message", [
    (if_of(same, same, np.float32(1)), "if takes one operand, a scalar of type i1"),
    (if_of(same, lambda x: region([], lambda b: [])),
     "the else region's result: 0 values where 1 are expected"),
    (if_of(same, lambda x: region([], lambda b: b.constant(np.float32(1)))),
     "else region's result 0 has type tensor<f32>"),
    (if_of(same, lambda x: region([ROW], lambda b, row: [x])), "the regions of if have no arguments"),
    (lambda b, x: b.emit("if", [b.constant(np.True_)], {}, [same(x)]), "if has two regions"),
    (loop_of(regions=2), "loop has one region"),
    (loop_of(attributes={"carried": 3}), "loop takes at least 3 operands, got 2"),
    (loop_of(attributes={"trips": 4}), "a loop of 4 iterations scans an input of extent N"),
    (loop_of(attributes={"trips": N * 2, "counted": True}, operands=lambda b, x: [
        b.constant(np.int64(1)), b.constant(np.zeros(3, np.float32)), x]), "defines the named dim `trips`"),
    (loop_of(attributes={"counted": True}), "the trip count of a loop is a scalar of type i64"),
    (loop_of(attributes={"conditional": True}), "the condition of a loop is a scalar of type i1"),
    (loop_of(attributes={"counted": True, "reverse": True}, operands=lambda b, x: [
        b.constant(np.int64(1)), b.constant(np.zeros(3, np.float32)), x]), "a reverse loop has neither"),
    (loop_of(operands=lambda b, x: [x, b.constant(np.float32(1))]),
     "a scanned input of a loop has a leading axis"),
    (loop_of(body=region([INDEX, ROW], lambda b, index, total: [total])), "2 values where 3 are expected"),
    (loop_of(body=region([INDEX, ROW, SCALAR], lambda b, index, total, row: [total])),
     "the loop region's argument 2 has type tensor<f32>, expected tensor<3xf32>"),
    (loop_of(body=region([INDEX, ROW, ROW], lambda b, index, total, row: [])), "yields at least 1 values"),
    (loop_of(body=region([INDEX, ROW, ROW], lambda b, index, total, row: [index])),
     "the loop's carried value 0 has type tensor<i64>, expected tensor<3xf32>"),
])
def test_type_rules(make, message):
    with pytest.raises(TypeRuleError) as error:
        function_of({"x": ROWS}, make)
    assert message in str(error.value)
