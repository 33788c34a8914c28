"""map: lanes of the same and of different sizes, padding that must not matter, and its type rule."""

import numpy as np
import pytest
from regions import function_of, region
from weber.compiler.errors import WeberError
from weber.compiler.interpreter import run
from weber.compiler.ops.record import TypeRuleError
from weber.compiler.text import print_function
from weber.compiler.text_parser import parse_module
from weber.compiler.types import BOOL, F32, I64, TensorType, symbol
from weber.compiler.verify import InvalidIRError, verify

N, T, TM, W, WM, C, CM, K = map(symbol, ("N", "T", "T.max", "W", "W.max", "C", "C.max", "K"))
SCALAR, INDEX, ROW = TensorType(F32), TensorType(I64), TensorType(F32, (3,))
RAGGED = {"ragged": ("T",), "bounds": (TM,)}
LANE, BATCH = TensorType(F32, (T, 2)), TensorType(F32, (N, TM, 2))
LENGTHS = TensorType(I64, (N,))
EXAMPLES = [[3, 1, 4], [2], [0, 2], [5, 5], [], [0, 0]]
"""Lengths of the examples of batches, among them none, one and empty ones."""


def padded(lanes, shape):
    """Arrays of different sizes in one of (N, *shape), with NaN behind them."""
    batch = np.full((len(lanes), *shape), np.nan, np.float32)
    for row, lane in zip(batch, lanes):
        row[tuple(map(slice, lane.shape))] = lane
    return batch


def examples(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, (length, 2)).astype(np.float32) for length in lengths]


def inputs_of(lanes, slack=0):
    longest = max(map(len, lanes), default=0) + slack
    return {"n": np.array([len(lane) for lane in lanes], np.int64), "x": padded(lanes, (longest, 2))}


@pytest.fixture
def check_lanes(run_all_ways):
    """Compares each result, cut to the sizes of the expected lanes, in each way to run a function."""

    def check(function, inputs, *expected):
        for results in run_all_ways(function, inputs):
            for batch, lanes in zip(results, expected, strict=True):
                assert len(batch) == len(lanes)
                for row, lane in zip(batch, lanes):
                    np.testing.assert_allclose(row[tuple(map(slice, lane.shape))], lane, rtol=1e-6)

    return check


@pytest.mark.parametrize("count", [0, 1, 4])
def test_lanes_of_one_size(check, count):
    def make(b, x, y):
        def body(b, row, number):
            scaled = b.mul(row, b.broadcast(number, shape=(3,), axes=()))
            return [b.reduce_sum(scaled, axes=(0,)), b.broadcast(row, shape=(N, 3), axes=(1,))]

        return b.map(x, y, regions=[region([ROW, SCALAR], body)])

    x, y = np.arange(3 * count, dtype=np.float32).reshape(count, 3), np.arange(count, dtype=np.float32)
    check(function_of({"x": TensorType(F32, (N, 3)), "y": TensorType(F32, (N,))}, make), {"x": x, "y": y},
          [x.sum(1) * y, np.broadcast_to(x[:, None], (count, count, 3))])


def ragged_function(body, results_of=None, **attributes):
    return function_of({"n": LENGTHS, "x": BATCH}, lambda b, n, x: b.map(
        n, x, regions=[region([LANE], body)], **RAGGED, **attributes))


@pytest.mark.parametrize("lengths", EXAMPLES)
@pytest.mark.parametrize("slack", [0, 2])
def test_ragged_lanes(check_lanes, lengths, slack):
    """Sums, sizes, results with the lane's extent and with one more."""

    def body(b, x):
        largest = b.pad(b.neg(x), low=(1, 0), high=(0, 0), value=7)
        return [b.reduce_sum(x, axes=(0,)), b.dim_value(dim=T), b.mul(x, x), largest]

    lanes = examples(lengths)
    check_lanes(ragged_function(body), inputs_of(lanes, slack), [x.sum(0) for x in lanes],
                [np.array(len(x)) for x in lanes], [x * x for x in lanes],
                [np.concatenate([np.full((1, 2), 7, np.float32), -x]) for x in lanes])


def test_what_mates_hold_does_not_matter(run_all_ways):
    def body(b, x):
        return b.reduce_sum(b.mul(x, x), axes=(0, 1))

    function, lanes = ragged_function(body), examples([3, 0, 2, 5])
    order = [2, 3, 0, 1]
    for straight, permuted in zip(run_all_ways(function, inputs_of(lanes)),
                                  run_all_ways(function, inputs_of([lanes[k] for k in order], 4))):
        np.testing.assert_array_equal(straight[0][order], permuted[0])


def test_padding_of_results_is_poisoned():
    def body(b, x):
        ones = b.broadcast(b.constant(np.int64(1)), shape=(T,), axes=())
        flags = b.broadcast(b.constant(np.bool_(False)), shape=(T,), axes=())
        return [x, ones, flags]

    values, integers, flags = run(ragged_function(body), inputs_of(examples([2, 1])))
    assert np.isnan(values[1, 1]).all() and flags[1, 1] and integers[1, 1] == np.iinfo(np.int64).min


@pytest.mark.parametrize("length", [-1, 5])
def test_a_length_outside_of_its_bound(length):
    function = ragged_function(lambda b, x: b.reduce_sum(x, axes=(0, 1)))
    inputs = {**inputs_of(examples([2, 1])), "n": np.array([1, length])}
    with pytest.raises(WeberError, match=f"the length T of example 1 is {length}, expected 0 to 2"):
        run(function, inputs)


@pytest.mark.parametrize("lengths", EXAMPLES)
def test_captured_values_are_the_same_for_all_lanes(check_lanes, lengths):
    def make(b, n, x, w):
        def body(b, x):
            return b.mul(x, b.broadcast(w, shape=(T, 2), axes=(1,)))

        return b.map(n, x, regions=[region([LANE], body)], **RAGGED)

    function = function_of({"n": LENGTHS, "x": BATCH, "w": TensorType(F32, (2,))}, make)
    lanes, w = examples(lengths), np.float32([2, 3])
    check_lanes(function, {**inputs_of(lanes), "w": w}, [x * w for x in lanes])


@pytest.mark.parametrize("lengths", EXAMPLES)
def test_loops_over_the_lane(check_lanes, lengths):
    """Running sums by a loop of T trips, backwards too."""

    def body(b, x):
        pair = TensorType(F32, (2,))
        start = b.constant(np.zeros(2, np.float32))
        inner = region([INDEX, pair, pair], lambda b, index, total, row: [b.add(total, row)] * 2)
        total, sums = b.loop(start, x, regions=[inner], carried=1, trips=T)
        return [total, sums]

    lanes = examples(lengths)
    check_lanes(ragged_function(body), inputs_of(lanes), [x.sum(0) for x in lanes],
                [np.cumsum(x, 0) for x in lanes])


@pytest.mark.parametrize("starts", [[1, 5, 20, 3], [50], [60, 90], []])
def test_dims_that_lanes_define(check_lanes, starts):
    """Each lane doubles its number up to 20 and keeps what it passed: K differs and is found in the lane."""

    def make(b, x):
        def body(b, x):
            limit = b.constant(np.float32(20))
            inner = region([INDEX, SCALAR], lambda b, index, x: [b.lt(b.add(x, x), limit), b.add(x, x), x])
            last, passed = b.loop(b.lt(x, limit), x, regions=[inner], carried=1, trips=K, conditional=True)
            return [passed, last, b.dim_value(dim=K),
                    b.broadcast(passed, shape=(2, K), axes=(1,))]

        return b.map(x, regions=[region([SCALAR], body)], defines=(("K", "K.max"),))

    expected = []
    for value in starts:
        passed = []
        while value < 20:
            passed.append(value)
            value *= 2
        expected.append((np.float32(passed), np.float32(value), np.array(len(passed)),
                         np.float32([passed, passed])))
    columns = list(zip(*expected)) or [[]] * 4
    check_lanes(function_of({"x": TensorType(F32, (N,))}, make), {"x": np.float32(starts)}, *columns)


WORDS = [[[2, 1], [3], []], [[4]], [[0, 0], [0]], [[], []], []]
"""Sizes of words of sentences."""


@pytest.mark.parametrize("sentences", WORDS)
def test_vectors_of_vectors(check_lanes, sentences):
    """Examples are sentences of words of characters: sums per word, and over each sentence."""
    inner_type = TensorType(F32, (C,))

    def make(b, words, characters, x):
        def sentence(b, characters, x):
            (sums, sizes) = b.map(characters, x, ragged=("C",), bounds=(CM,), regions=[region(
                [inner_type], lambda b, x: [b.reduce_sum(x, axes=(0,)), b.dim_value(dim=C)])])
            return [sums, b.reduce_sum(sums, axes=(0,)), b.reduce_sum(sizes, axes=(0,))]

        types = [TensorType(I64, (W,)), TensorType(F32, (W, CM))]
        return b.map(words, characters, x, ragged=("W",), bounds=(WM,), regions=[region(types, sentence)])

    function = function_of({"w": LENGTHS, "c": TensorType(I64, (N, WM)), "x": TensorType(F32, (N, WM, CM))},
                           make)
    data = [[np.arange(size, dtype=np.float32) + 1 for size in sentence] for sentence in sentences]
    most = max(map(len, data), default=0)
    longest = max((len(word) for sentence in data for word in sentence), default=0)
    x = padded([padded(sentence, (longest,)) for sentence in data], (most, longest))
    c = np.full((len(data), most), -7, np.int64)
    for row, sentence in zip(c, data):
        row[:len(sentence)] = [len(word) for word in sentence]
    inputs = {"w": np.array([len(sentence) for sentence in data], np.int64), "c": c, "x": x}
    sums = [np.array([word.sum() for word in sentence], np.float32) for sentence in data]
    check_lanes(function, inputs, sums, [np.float32(row.sum()) for row in sums],
                [np.array(sum(map(len, sentence))) for sentence in data])


def test_a_lane_may_hold_a_map_of_other_lanes(check_lanes):
    """All pairs: for each example, its length times the lengths of all."""

    def make(b, n, x):
        def outer(b, x):
            inner_type = TensorType(F32, (symbol("T2"), 2))

            def inner(b, other):
                return b.mul(b.reduce_sum(other, axes=(0, 1)), b.reduce_sum(x, axes=(0, 1)))

            return b.map(n, whole, regions=[region([inner_type], inner)], ragged=("T2",), bounds=(TM,))

        whole = x
        return b.map(n, x, regions=[region([LANE], outer)], **RAGGED)

    lanes = examples([2, 0, 3])
    sums = np.array([x.sum() for x in lanes], np.float32)
    check_lanes(function_of({"n": LENGTHS, "x": BATCH}, make), inputs_of(lanes), list(np.outer(sums, sums)))


def test_text():
    def body(b, x):
        flag = b.constant(np.bool_(True))
        inner = region([INDEX, ROW], lambda b, index, row: [flag, row, row])
        return b.loop(flag, b.constant(np.zeros(3, np.float32)), regions=[inner], carried=1, trips=K,
                      conditional=True)[1]

    text = print_function(ragged_function(body, defines=(("K", "K.max"),)))
    assert '{bounds = [#weber.dim<"T.max">], defines = [["K", "K.max"]], ragged = ["T"]}' in text
    again = parse_module(text).functions["f"]
    assert print_function(verify(again)) == text


# --- what is refused ----------------------------------------------------------------------------------------

def same(b, *rows):
    return list(rows)


def falling(b, row):
    return b.broadcast(b.constant(np.float32(0)), shape=(9 - T,), axes=())


ROWS, T_ROW = TensorType(F32, (N, 3)), TensorType(F32, (T,))


@pytest.mark.parametrize("make, message", [
    (lambda b, x, n: b.emit("map", [], {}, [region([], same)]), "map takes at least one operand"),
    (lambda b, x, n: b.map(x, regions=[region([ROWS], same)]), "the map region's argument 0 has type"),
    (lambda b, x, n: b.map(x, regions=[region([], same)]), "map of 1 arrays has 0 region arguments"),
    (lambda b, x, n: b.map(x, b.constant(np.zeros(2)), regions=[region([ROW, SCALAR], same)]),
     "map over operands of extents N and 2"),
    (lambda b, x, n: b.map(b.constant(np.float32(1)), regions=[region([ROW], same)]),
     "an operand of map has a leading axis"),
    (lambda b, x, n: b.map(x, ragged=("T",), regions=[region([ROW], same)]), "1 ragged dims and 0 bounds"),
    (lambda b, x, n: b.map(n, n, x, ragged=("T", "T"), bounds=(TM, TM), regions=[region([ROW], same)]),
     "named twice"),
    (lambda b, x, n: b.map(x, ragged=("T",), bounds=(3,), regions=[region([], same)]),
     "the lengths of T have type tensor<?x3xf32"),
    (lambda b, x, n: b.map(n, x, ragged=("T",), bounds=(T,), regions=[region([ROW], same)]),
     "same name in the region of a map and outside"),
    (lambda b, x, n: b.map(n, x, ragged=("T",), bounds=(4,), regions=[region([T_ROW], same)]),
     "the map region's argument 0 has type tensor<?xf32"),
    (lambda b, x, n: b.map(n, x, ragged=("T",), bounds=(3,), regions=[region([T_ROW], falling)]),
     "a result of map has the size -T + 9, which falls as T grows"),
])
def test_type_rule(make, message):
    with pytest.raises(TypeRuleError) as error:
        function_of({"x": ROWS, "n": LENGTHS}, make)
    assert message in str(error.value)


def test_a_ragged_dim_has_one_meaning():
    """A map in a map over the same examples names their dim anew; else the inner T would hide the outer."""

    def make(b, n, x):
        return b.map(n, x, regions=[region([LANE], lambda b, y: b.map(
            n, x, regions=[region([LANE], lambda b, z: b.reduce_sum(z, axes=(0, 1)))], **RAGGED))], **RAGGED)

    with pytest.raises(InvalidIRError, match="the ragged dim T of map has a meaning around it"):
        function_of({"n": LENGTHS, "x": BATCH}, make)


def test_flags_and_integers(check_lanes):
    def body(b, x):
        row = b.reshape(b.slice(x, starts=(0, 0), stops=(T, 1), steps=(1, 1)), shape=(T,))
        return [b.gt(row, b.broadcast(b.constant(np.float32(0)), shape=(T,), axes=())),
                b.convert(row, element=I64)]

    lanes = examples([3, 0, 2])
    function = ragged_function(body)
    assert function.body.results[0].type == TensorType(BOOL, (N, TM))
    check_lanes(function, inputs_of(lanes), [x[:, 0] > 0 for x in lanes],
                [x[:, 0].astype(np.int64) for x in lanes])
