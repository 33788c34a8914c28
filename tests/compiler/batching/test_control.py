"""Control flow in lanes: loops that end apart, conditions that differ, in any nesting, and what lanes that do
not count must not do."""

import numpy as np
import pytest
from regions import function_of, region
from weber.compiler.passes.fuse import fuse
from weber.compiler.passes.simplify import simplify
from weber.compiler.types import BOOL, F64, I64, TensorType, symbol

N, T, TM, W, WM, C, CM, K = map(symbol, ("N", "T", "T.max", "W", "W.max", "C", "C.max", "K"))
SCALAR, INDEX, FLAG = TensorType(F64), TensorType(I64), TensorType(BOOL)
LANE, BATCH, LENGTHS = TensorType(F64, (T, 2)), TensorType(F64, (N, TM, 2)), TensorType(I64, (N,))
ROW, PAIR = TensorType(F64, (T,)), TensorType(F64, (2,))
EXAMPLES = [[3, 1, 4], [2], [0, 2], [5, 5], [], [0, 0]]
NUMBERS = [[12, 7, 1, 30], [1], [0, 5], []]


@pytest.fixture
def check(all_ways):
    """Compares each result, cut to the sizes of the expected lanes, in each way to run a function."""

    def check(function, inputs, *expected):
        for results in all_ways(function, inputs):
            for batch, lanes in zip(results, expected, strict=True):
                assert len(batch) == len(lanes)
                for row, lane in zip(batch, lanes):
                    np.testing.assert_allclose(row[tuple(map(slice, np.shape(lane)))], lane, rtol=1e-12)

    return check


def over_numbers(body, type=INDEX, **attributes):
    """A map over numbers."""
    return function_of({"x": TensorType(type.element, (N,))},
                       lambda b, x: b.map(x, regions=[region([type], body)], **attributes))


def over_examples(body, type=LANE, **attributes):
    """A map over examples of T rows."""
    return function_of({"n": LENGTHS, "x": TensorType(type.element, (N, TM, *type.shape[1:]))},
                       lambda b, n, x: b.map(n, x, regions=[region([type], body)], ragged=("T",),
                                             bounds=(TM,), **attributes))


def examples(tools, lengths, width=(2,)):
    rng = np.random.default_rng(0)
    lanes = [rng.integers(-4, 5, (length, *width)).astype(float) for length in lengths]
    longest = max(lengths, default=0) + 1
    return lanes, {"n": np.array(lengths, np.int64), "x": tools.padded(lanes, (longest, *width), F64)}


def number(b, value):
    return b.constant(np.float64(value))


def whole(b, value):
    return b.constant(np.int64(value))


def both(b, x, y):
    return b.emit("and", (x, y))


# --- memories -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("lengths", [[3, 1, 4], [2], [0, 2], [0, 0], []])
def test_rows_written_at_the_lanes_own_places(check, tools, lengths):
    """Each lane goes through its rows from the end and adds what it read to a row: only rows are written, and
    lanes that have finished are not selected from."""

    def body(b, x):
        last = b.sub(b.dim_value(dim=T), whole(b, 1))

        def step(b, index, memory):
            place, zero = b.sub(last, index), whole(b, 0)
            read = b.gather(memory, b.mod(b.mul(index, whole(b, 3)), b.dim_value(dim=T)), axis=0)
            new = b.add(read, b.gather(memory, place, axis=0))
            memory = b.dynamic_update_slice(memory, b.reshape(new, shape=(1, 2)), place, zero)
            return [b.add(memory, b.scatter_add(place, new, axis=0, shape=(T, 2)))]

        return [b.loop(x, regions=[region([INDEX, LANE], step)], carried=1, trips=T)]

    lanes, inputs = examples(tools, lengths)
    expected = []
    for lane in lanes:
        memory = lane.copy()
        for index in range(len(lane)):
            place = len(lane) - 1 - index
            memory[place] = 2 * (memory[3 * index % len(lane)] + memory[place])
        expected.append(memory)
    function = over_examples(body)
    check(function, inputs, expected)
    fused = fuse(simplify(tools.batched(function)))
    (loop,) = [operation for operation in fused.body.operations if operation.name == "loop"]
    names = [operation.name for operation in loop.regions[0].operations]
    assert names.count("set_rows") == names.count("add_rows") == 1
    assert all(TM not in operation.result.shape for operation in loop.regions[0].operations)


# --- while --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("starts", [[1, 5, 20, 3], [50], [60, 90], []])
def test_while_that_defines_its_lengths(check, starts):
    """Each lane doubles its number up to 20 and keeps what it passed."""

    def body(b, x):
        limit = number(b, 20)
        inner = region([INDEX, SCALAR], lambda b, index, x: [b.lt(b.add(x, x), limit), b.add(x, x), x])
        last, passed = b.loop(b.lt(x, limit), x, regions=[inner], carried=1, trips=K, conditional=True)
        return [passed, last, b.dim_value(dim=K), b.reduce_sum(passed, axes=(0,))]

    expected = []
    for value in map(float, starts):
        passed = []
        while value < 20:
            passed.append(value)
            value *= 2
        expected.append((passed, value, len(passed), sum(passed)))
    columns = list(zip(*expected)) or [[]] * 4
    check(over_numbers(body, SCALAR, defines=(("K", "K.max"),)), {"x": np.float64(starts)}, *columns)


@pytest.mark.parametrize("numbers", NUMBERS)
def test_greatest_common_divisor(check, numbers):
    """Lanes that have finished hold a 0 by which others would divide."""

    def body(b, x):
        inner = region([INDEX, INDEX, INDEX], lambda b, index, x, y: [
            b.ne(b.mod(y, x), whole(b, 0)), b.mod(y, x), x])
        first, second = b.loop(b.ne(x, whole(b, 0)), x, whole(b, 18), regions=[inner], carried=2,
                               trips=K, conditional=True)
        return second

    check(over_numbers(body), {"x": np.int64(numbers)}, [np.gcd(x, 18) for x in numbers])


@pytest.mark.parametrize("numbers", NUMBERS)
def test_while_in_if_in_while(check, numbers):
    """n > 0: as long as 3 divides n it is divided, counting ones; else it goes down by one, counting tens."""

    def divide(b, n, total):
        def is_divisible(b, n):
            return both(b, b.gt(n, whole(b, 0)), b.eq(b.mod(n, whole(b, 3)), whole(b, 0)))

        def step(b, index, n, total):
            third = b.idiv(n, whole(b, 3))
            return [is_divisible(b, third), third, b.add(total, whole(b, 1))]

        return b.loop(is_divisible(b, n), n, total, regions=[region([INDEX] * 3, step)], carried=2,
                      trips=symbol("K2"), conditional=True)

    def body(b, n):
        def step(b, index, n, total):
            divisible = b.eq(b.mod(n, whole(b, 3)), whole(b, 0))
            n, total = b.emit("if", [divisible], {}, [
                region([], lambda b: divide(b, n, total)),
                region([], lambda b: [b.sub(n, whole(b, 1)), b.add(total, whole(b, 10))])])
            return [b.gt(n, whole(b, 0)), n, total]

        return b.loop(b.gt(n, whole(b, 0)), n, whole(b, 0), regions=[region([INDEX] * 3, step)], carried=2,
                      trips=K, conditional=True)[1]

    def plain(n):
        total = 0
        while n > 0:
            if n % 3 == 0:
                while n > 0 and n % 3 == 0:
                    n, total = n // 3, total + 1
            else:
                n, total = n - 1, total + 10
        return total

    check(over_numbers(body), {"x": np.int64(numbers)}, [plain(n) for n in numbers])


# --- for ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", EXAMPLES)
def test_loops_over_ragged_dims(check, tools, lengths, reverse):
    """A running value that depends on the order, its history, a counter, and the index."""

    def body(b, x):
        def step(b, index, total, count, row):
            total = b.add(b.mul(total, b.full(0.5, total)), row)
            return [total, b.add(count, whole(b, 2)), total, b.mul(index, count)]

        start = b.constant(np.ones(2))
        return b.loop(start, whole(b, 1), x, carried=2, trips=T, reverse=reverse,
                      regions=[region([INDEX, PAIR, INDEX, PAIR], step)])

    lanes, inputs = examples(tools, lengths)
    expected = []
    for lane in lanes:
        total, history = np.ones(2), np.zeros((len(lane), 2))
        order = range(len(lane))[::-1] if reverse else range(len(lane))
        products = np.zeros(len(lane), int)
        for trip, index in enumerate(order):
            total = history[index] = total * 0.5 + lane[index]
            products[index] = index * (1 + 2 * trip)
        expected.append((total, 1 + 2 * len(lane), history, products))
    check(over_examples(body), inputs, *(list(zip(*expected)) or [[]] * 4))


@pytest.mark.parametrize("lengths", EXAMPLES)
def test_trip_counts_and_breaks(check, tools, lengths):
    """At most half of the rows (a count of each lane's own), until the sum passes 2 (a break)."""

    def body(b, x):
        def step(b, index, total, row):
            total = b.add(total, row)
            return [b.le(total, number(b, 2)), total, total]

        half = b.idiv(b.dim_value(dim=T), whole(b, 2))
        total, stack = b.loop(half, b.constant(np.bool_(True)), number(b, 0), x, carried=1, trips=K,
                              counted=True, conditional=True, regions=[region([INDEX, SCALAR, SCALAR], step)])
        return [total, stack, b.dim_value(dim=K)]

    lanes, inputs = examples(tools, lengths, width=())
    expected = []
    for lane in lanes:
        total, stack = 0.0, []
        for value in lane[:len(lane) // 2]:
            total += value
            stack.append(total)
            if total > 2:
                break
        expected.append((total, stack, len(stack)))
    check(over_examples(body, ROW, defines=(("K", "K.max"),)), inputs,
          *(list(zip(*expected)) or [[]] * 3))


@pytest.mark.parametrize("lengths", EXAMPLES)
def test_indices_of_the_lanes_own(check, tools, lengths):
    """A walk through the rows, from each to the one it names, until it leaves them."""

    def body(b, x):
        def inside(b, place):
            return both(b, b.ge(place, whole(b, 0)), b.lt(place, b.dim_value(dim=T)))

        def step(b, index, place, total):
            row = b.gather(x, place, axis=0)
            place = b.add(place, b.add(whole(b, 1), b.convert(b.abs(row), element=I64)))
            return [inside(b, place), place, b.add(total, row)]

        return b.loop(inside(b, whole(b, 0)), whole(b, 0), number(b, 0), carried=2, trips=K, conditional=True,
                      regions=[region([INDEX, INDEX, SCALAR], step)])[1]

    def plain(lane):
        place, total = 0, 0.0
        while place < len(lane):
            total += lane[place]
            place += 1 + int(abs(lane[place]))
        return total

    lanes, inputs = examples(tools, lengths, width=())
    check(over_examples(body, ROW), inputs, [plain(lane) for lane in lanes])


# --- if -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("lengths", EXAMPLES)
def test_loops_in_arms(check, tools, lengths):
    """Lanes with a positive sum add up squares, the others count negative rows, going backwards."""

    def body(b, x):
        total = b.reduce_sum(x, axes=(0,))

        def squares(b):
            step = region([INDEX, SCALAR, SCALAR], lambda b, index, s, row: [b.add(s, b.mul(row, row))])
            return b.loop(number(b, 0), x, regions=[step], carried=1, trips=T)

        def negatives(b):
            def step(b, index, s, row):
                return [b.emit("if", [b.lt(row, number(b, 0))], {}, [
                    region([], lambda b: b.add(s, number(b, 1))),
                    region([], lambda b: b.mul(s, number(b, 2)))])]

            return b.loop(number(b, 0), x, regions=[region([INDEX, SCALAR, SCALAR], step)], carried=1,
                          trips=T, reverse=True)

        return b.emit("if", [b.gt(total, number(b, 0))], {}, [region([], squares), region([], negatives)])

    def plain(lane):
        if lane.sum() > 0:
            return (lane * lane).sum()
        s = 0.0
        for value in lane[::-1]:
            s = s + 1 if value < 0 else s * 2
        return s

    lanes, inputs = examples(tools, lengths, width=())
    check(over_examples(body, ROW), inputs, [plain(lane) for lane in lanes])


@pytest.mark.parametrize("lengths", EXAMPLES)
def test_arms_that_would_fail_elsewhere(check, tools, lengths):
    """Only lanes with a third row may read it, and only those with rows may divide by their number."""

    def body(b, x):
        size = b.dim_value(dim=T)
        third = b.emit("if", [b.gt(size, whole(b, 2))], {}, [
            region([], lambda b: b.gather(x, whole(b, 2), axis=0)), region([], lambda b: number(b, -1))])
        share = b.emit("if", [b.gt(size, whole(b, 0))], {}, [
            region([], lambda b: b.idiv(whole(b, 60), size)), region([], lambda b: whole(b, 7))])
        mean = b.emit("if", [b.gt(size, whole(b, 0))], {}, [
            region([], lambda b: b.div(b.reduce_sum(x, axes=(0,)), b.convert(size, element=F64))),
            region([], lambda b: number(b, 5))])
        return [third, share, mean]

    lanes, inputs = examples(tools, lengths, width=())
    check(over_examples(body, ROW), inputs, [lane[2] if len(lane) > 2 else -1 for lane in lanes],
          [60 // len(lane) if len(lane) else 7 for lane in lanes],
          [lane.mean() if len(lane) else 5 for lane in lanes])


@pytest.mark.parametrize("lengths", EXAMPLES)
def test_a_condition_that_all_lanes_share_stays_an_if(all_ways, tools, lengths):
    def make(b, n, x, flag):
        def body(b, x):
            return b.emit("if", [flag], {}, [region([], lambda b: b.exp(b.reduce_sum(x, axes=(0,)))),
                                             region([], lambda b: number(b, 3))])

        return b.map(n, x, regions=[region([ROW], body)], ragged=("T",), bounds=(TM,))

    function = function_of({"n": LENGTHS, "x": TensorType(F64, (N, TM)), "flag": FLAG}, make)
    lanes, inputs = examples(tools, lengths, width=())
    for flag in (True, False):
        for (result,) in all_ways(function, {**inputs, "flag": np.bool_(flag)}):
            np.testing.assert_allclose(result, [np.exp(lane.sum()) if flag else 3 for lane in lanes])
    result = tools.batched(function)
    assert tools.count_ops(result.body, "if") == 1 and tools.count_ops(result.body, "select") == 1


def test_cheap_arms_become_a_select(tools):
    def body(b, x):
        return b.emit("if", [b.gt(x, number(b, 0))], {}, [region([], lambda b: b.neg(x)),
                                                        region([], lambda b: b.add(x, x))])

    result = tools.batched(over_numbers(body, SCALAR))
    assert not tools.count_ops(result.body, "if") and tools.count_ops(result.body, "select") == 1


# --- nested maps --------------------------------------------------------------------------------------------

SENTENCES = [[[2, 1], [3], []], [[4]], [[0, 0], [0]], [[], []], []]


@pytest.mark.parametrize("sentences", SENTENCES)
def test_two_ragged_levels(check, tools, sentences):
    """Words of characters: a loop over the characters of each word, then one over the words."""

    def decay(b, rows, trips, type):
        step = region([INDEX, SCALAR, SCALAR], lambda b, index, s, row: [
            b.add(b.mul(s, number(b, 0.5)), row)])
        return b.loop(number(b, 1), rows, regions=[step], carried=1, trips=trips)

    def make(b, words, characters, x):
        def sentence(b, characters, x):
            values = b.map(characters, x, ragged=("C",), bounds=(CM,), regions=[
                region([TensorType(F64, (C,))], lambda b, x: decay(b, x, C, F64))])
            return [values, decay(b, values, W, F64), b.reduce_max(values, axes=(0,))]

        types = [TensorType(I64, (W,)), TensorType(F64, (W, CM))]
        return b.map(words, characters, x, ragged=("W",), bounds=(WM,), regions=[region(types, sentence)])

    def plain(values):
        s = 1.0
        for value in values:
            s = s * 0.5 + value
        return s

    function = function_of({"w": LENGTHS, "c": TensorType(I64, (N, WM)), "x": TensorType(F64, (N, WM, CM))},
                           make)
    data = [[np.arange(size) + 1.0 for size in sentence] for sentence in sentences]
    most = max(map(len, data), default=0)
    longest = max((len(word) for sentence in data for word in sentence), default=0)
    x = tools.padded([tools.padded(sentence, (longest,), F64) for sentence in data], (most, longest), F64)
    c = tools.padded([np.array([len(word) for word in sentence]) for sentence in data], (most,), I64)
    words = [np.array([plain(word) for word in sentence]) for sentence in data]
    check(function, {"w": np.array([len(sentence) for sentence in data], np.int64), "c": c, "x": x},
          words, [plain(row) for row in words], [max(row, default=-np.inf) for row in words])


# --- the mates ----------------------------------------------------------------------------------------------

def test_mates_do_not_matter(all_ways, tools):
    """Permuted and replaced mates, and other padding, leave a lane's result as it is, random numbers too."""

    def body(b, x, key):
        noise = b.random_uniform(key, whole(b, 3), shape=(T, 2), element=F64)
        step = region([INDEX, PAIR, PAIR], lambda b, index, s, row: [b.tanh(b.add(s, row))])
        return b.loop(b.constant(np.zeros(2)), b.add(x, noise), regions=[step], carried=1, trips=T)

    function = function_of({"n": LENGTHS, "x": BATCH, "key": LENGTHS}, lambda b, n, x, key: b.map(
        n, x, key, regions=[region([LANE, INDEX], body)], ragged=("T",), bounds=(TM,)))
    lanes, inputs = examples(tools, [3, 0, 5, 2])
    keys, order = np.array([5, 6, 7, 8]), [2, 0, 3]
    others = [np.full((9, 2), 1e300), *(lanes[index] for index in order)]
    mates = {"n": np.array([len(lane) for lane in others], np.int64), "key": np.array([1, *keys[order]]),
             "x": tools.padded(others, (11, 2), F64, 1e308)}
    for one, other in zip(all_ways(function, {**inputs, "key": keys}), all_ways(function, mates)):
        np.testing.assert_allclose(one[0][order], other[0][1:], rtol=1e-14)


def test_what_has_no_form_stays_a_loop(tools):
    """A map over an op without a rule, or of one around a map that stays, is left as it is and reported."""
    from weber.compiler.ops import OPS
    from weber.compiler.passes.batch import Report, batch

    function = over_examples(lambda b, x: b.reduce_sum(b.erf(x), axes=(0, 1)))
    rule = OPS["erf"].batch
    try:
        object.__setattr__(OPS["erf"], "batch", None)
        report = Report()
        result = batch(function, report)
    finally:
        object.__setattr__(OPS["erf"], "batch", rule)
    (decision,) = report.decisions
    assert not decision.is_batched and (decision.construct, decision.reason) == (
        "erf", "the op has no batching rule")
    assert tools.count_ops(result.body, "map") == 1
