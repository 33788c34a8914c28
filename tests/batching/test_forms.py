"""Every way to say `map` over a vector of examples, against a loop over the examples in numpy."""

import numpy as np
import pytest

f32 = np.float32
LENGTHS = [[3, 1, 4], [2], [0, 2], [5, 5], []]
"""Sizes of the examples: different ones, one example, an empty one, equal ones, no example."""

XS = "xs::Vector{Float32[2, T]}"


def each(function):
    return lambda xs: [function(x) for x in xs]


def numbers(function):
    return lambda xs: np.array([function(x) for x in xs], f32)


def total(function):
    return lambda xs: f32(sum((function(x) for x in xs), 0))


# each: a definition of f(xs), and what it is of a list of arrays (T, 2)
FORMS = {
    "map": ("f(xs) = map(x -> sum(x), xs)", numbers(np.sum)),
    "broadcast": ("f(xs) = sum.(xs)", numbers(np.sum)),
    "comprehension": ("f(xs) = [sum(abs2, x) for x in xs]", numbers(lambda x: (x * x).sum())),
    "arrays of the example's size": ("f(xs) = map(x -> 2 .* x .+ 1, xs)", each(lambda x: 2 * x + 1)),
    "arrays of one size": ("f(xs) = [vec(sum(x, dims = 2)) for x in xs]", each(lambda x: x.sum(0))),
    "longer arrays": ("f(xs) = [hcat(x, x[:, 1:0], ones(Float32, 2)) for x in xs]",
                      each(lambda x: np.concatenate([x, np.ones((1, 2), f32)]))),
    "tuples": ("f(xs) = [(sum(x), x) for x in xs]", each(lambda x: (x.sum(), x))),
    "sizes": ("f(xs) = [size(x, 2) for x in xs]", lambda xs: np.array([len(x) for x in xs], np.int64)),
    "length.": ("f(xs) = length.(xs)", lambda xs: np.array([x.size for x in xs], np.int64)),
    "sum of a generator": ("f(xs) = sum(sum(x) for x in xs)", total(np.sum)),
    "sum of a function": ("f(xs) = sum(x -> sum(x .^ 2), xs)", total(lambda x: (x * x).sum())),
    "count": ("f(xs) = count(x -> sum(x) > 0, xs)", lambda xs: np.int64(sum(x.sum() > 0 for x in xs))),
    "any": ("f(xs) = any(x -> sum(x) > 0, xs)", lambda xs: np.bool_(any(x.sum() > 0 for x in xs))),
    "all": ("f(xs) = all(sum(x) > 0 for x in xs)", lambda xs: np.bool_(all(x.sum() > 0 for x in xs))),
    "zip": ("f(xs) = [sum(x .* y) for (x, y) in zip(xs, reverse.(xs, dims = 2))]",
            numbers(lambda x: (x * x[::-1]).sum())),
    "enumerate": ("f(xs) = sum(i * sum(x) for (i, x) in enumerate(xs))",
                  lambda xs: f32(sum(i * x.sum() for i, x in enumerate(xs, 1)))),
    "two vectors": ("f(xs) = map((x, y) -> sum(x .- 2 .* y), xs, xs)", numbers(lambda x: -x.sum())),
    "broadcast with a number": ("g(x, a) = a * sum(x)\nf(xs) = g.(xs, 2)", numbers(lambda x: 2 * x.sum())),
    "sum with a condition": ("f(xs) = sum(sum(x) for x in xs if sum(x) > 0)",
                             total(lambda x: max(x.sum(), 0))),
    "count with a condition": ("f(xs) = count(true for x in xs if size(x, 2) > 1)",
                               lambda xs: np.int64(sum(len(x) > 1 for x in xs))),
    "a loop in the function": ("""
        function g(x)
            s = zero(eltype(x))
            for t in axes(x, 2)
                s = 2s + x[1, t]
            end
            s
        end
        f(xs) = g.(xs)""", numbers(lambda x: sum(v * 2.0 ** (len(x) + ~t) for t, v in enumerate(x[:, 0])))),
    "a condition in the function": ("f(xs) = map(x -> sum(x) > 0 ? maximum(x) : 0f0, xs)",
                                    numbers(lambda x: x.max() if x.sum() > 0 else 0)),
    "locals that are mutated": ("""
        function g(x)
            y = copy(x)
            y .*= 2
            y[1, :] .= 1
            y
        end
        f(xs) = g.(xs)""", each(lambda x: np.stack([np.ones(len(x), f32), 2 * x[:, 1]], 1))),
    "nothing to return": ("f(xs) = (foreach(x -> sum(x), xs); length(xs))", lambda xs: np.int64(len(xs))),
    "maps of maps": ("f(xs) = map(y -> sum(y), map(x -> x .+ 1, xs))", numbers(lambda x: (x + 1).sum())),
    "all pairs": ("f(xs) = [sum(sum(x) * sum(y) for y in xs) for x in xs]", None),
    "columns of an example": ("f(xs) = [sum(maximum(c) for c in eachcol(x)) for x in xs]",
                              numbers(lambda x: sum(row.max() for row in x))),
    "a range of each size": ("f(xs) = [sum(i * x[2, i] for i in 1:size(x, 2)) for x in xs]",
                             numbers(lambda x: sum(i * v for i, v in enumerate(x[:, 1], 1)))),
    "a matrix product": ("const W = Float32[1 2; 3 4]\nf(xs) = [W * x for x in xs]",
                         each(lambda x: x @ np.array([[1, 3], [2, 4]], f32))),
    "softmax": ("f(xs) = [softmax(x, dims = 2) for x in xs]",
                each(lambda x: np.exp(x) / np.exp(x).sum(0) if len(x) else x)),
    "mean": ("using Statistics\nf(xs) = map(x -> mean(x, dims = 1), xs)",
             each(lambda x: x.mean(1, keepdims=True))),
}


def all_pairs(xs):
    return np.array([sum(x.sum() * y.sum() for y in xs) for x in xs], f32)


@pytest.mark.parametrize("form", FORMS)
def test_forms(check, examples, form):
    source, meaning = FORMS[form]
    for lengths in LENGTHS:
        xs = examples(lengths)
        check(source, f"f({XS})", [xs], (meaning or all_pairs)(xs))


@pytest.mark.parametrize("source, meaning", [
    ("maximum(x -> sum(x), xs)", lambda xs: f32(max(x.sum() for x in xs))),
    ("minimum(sum(x) for x in xs)", lambda xs: f32(min(x.sum() for x in xs))),
    ("prod(sum(x) for x in xs)", lambda xs: np.prod([x.sum() for x in xs], dtype=f32)),
    ("mean(sum, xs)", lambda xs: np.mean([x.sum() for x in xs], dtype=f32)),
    ("mean(sum(x) for x in xs)", lambda xs: np.mean([x.sum() for x in xs], dtype=f32)),
    ("mean(sum(x) for x in xs if size(x, 2) > 1)",
     lambda xs: np.mean([x.sum() for x in xs if len(x) > 1], dtype=f32)),
    ("reduce(+, map(sum, xs))", lambda xs: f32(sum(x.sum() for x in xs))),
    ("reduce(max, [sum(x) for x in xs])", lambda xs: f32(max(x.sum() for x in xs))),
    ("mapreduce(sum, +, xs)", lambda xs: f32(sum(x.sum() for x in xs))),
    ("sum([sum(x, dims = 2) for x in xs])", lambda xs: sum(x.sum(0, keepdims=True) for x in xs)),
    ("stack([vec(sum(x, dims = 2)) for x in xs])", lambda xs: np.stack([x.sum(0) for x in xs])),
    ("stack(x -> vec(sum(x, dims = 2)), xs, dims = 1)", lambda xs: np.stack([x.sum(0) for x in xs]).T),
    ("reduce(hcat, [vec(sum(x, dims = 2)) for x in xs])", lambda xs: np.stack([x.sum(0) for x in xs])),
    ("reduce(vcat, [vec(sum(x, dims = 2)) for x in xs])", lambda xs: np.concatenate([x.sum(0) for x in xs])),
    ("first(xs)", lambda xs: xs[0]),
    ("xs[end]", lambda xs: xs[-1]),
    ("xs[2] .+ 1", lambda xs: xs[1] + 1),
], ids=lambda value: value if isinstance(value, str) else "")
def test_reductions(check, examples, source, meaning):
    xs = examples([3, 1, 4])
    check(f"using Statistics\nf(xs) = {source}", f"f({XS})", [xs], meaning(xs))


def test_mates_do_not_matter(check, examples):
    """The results of an example are the same to the bit in any company."""
    source = "f(xs) = [(sum(abs2, x), tanh.(x)) for x in xs]"
    xs = examples([3, 0, 5, 2])
    expected = [((x * x).sum(), np.tanh(x)) for x in xs]
    program = check(source, f"f({XS})", [xs], expected)
    whole = program(xs)
    for k, one in enumerate(whole):
        (alone,) = program([xs[k]])
        np.testing.assert_array_equal(alone[0], one[0])
        np.testing.assert_array_equal(alone[1], one[1])
    order = [2, 0, 3, 1]
    for k, one in zip(order, program([xs[k] for k in order])):
        np.testing.assert_array_equal(one[1], whole[k][1])


# --- other element types ------------------------------------------------------------------------------------

def test_examples_and_labels(check, examples):
    xs, ys = examples([3, 1, 2], 3), [np.arange(n) for n in (3, 1, 2)]
    check("f(d) = sum(sum(x) * sum(y) for (x, y) in d)", "f(d::Vector{Tuple{Float32[3, T], Int[T]}})",
          [list(zip(xs, ys))], f32(sum(x.sum() * y.sum() for x, y in zip(xs, ys))))


def test_named_tuples(check, examples):
    xs = examples([3, 0, 2], 3)
    data = [{"x": x, "y": k} for k, x in enumerate(xs)]
    check("f(d) = [e.x .+ e.y for e in d]", "f(d::Vector{(x = Float32[3, T], y = Int)})", [data],
          [x + f32(k) for k, x in enumerate(xs)])


def test_numbers(check):
    xs = np.array([1, -2, 3], f32)
    check("f(xs) = [x > 0 ? x : 2x for x in xs]", "f(xs::Vector{Float32})", [xs],
          np.where(xs > 0, xs, 2 * xs))


def test_shared_lengths(check, examples):
    """Two vectors with one ragged name have one lengths input, the first's."""
    xs, ys = examples([3, 1], 2), [np.arange(3), np.arange(1)]
    program = check("f(xs, ys) = [sum(x) + sum(y) for (x, y) in zip(xs, ys)]",
                    "f(xs::Vector{Float32[2, T]}, ys::Vector{Int[T]})", [xs, ys],
                    np.array([x.sum() + y.sum() for x, y in zip(xs, ys)], f32))
    assert [spec.name for spec in program.inputs] == ["xs", "xs.lengths", "ys"]


def test_examples_of_one_size(check, examples):
    xs = examples([3, 3], 4)
    program = check("f(xs) = [sum(x) for x in xs]", "f(xs::Vector{Float32[4, 3]})", [xs],
                    np.array([x.sum() for x in xs], f32))
    assert [(spec.name, spec.shape) for spec in program.inputs] == [("xs", ("N", 3, 4))]


def test_a_size_that_stands_outside_too_is_the_same_for_all(check, examples):
    xs, w = examples([3, 1], 2), np.array([2, 3], f32)
    program = check("f(xs, w) = [w' * x for x in xs]", "f(xs::Vector{Float32[D, T]}, w::Float32[D])", [xs, w],
                    [(x @ w)[:, None] for x in xs])
    assert [spec.shape for spec in program.inputs] == [("N", "T.max", "D"), ("N",), ("D",)]


WORDS = [[[2, 1], [3], []], [[4]], [[0, 0], [0]], [[], []], []]


@pytest.mark.parametrize("source, meaning", [
    ("[[sum(w) for w in x] for x in xs]", lambda xs: [np.array([w.sum() for w in x], np.int64) for x in xs]),
    ("sum(sum(length(w) for w in x) for x in xs)", lambda xs: np.int64(sum(len(w) for x in xs for w in x))),
    ("map(x -> map(w -> w .+ 1, x), xs)", lambda xs: [[w + 1 for w in x] for x in xs]),
    ("[length(x) for x in xs]", lambda xs: np.array([len(x) for x in xs], np.int64)),
    ("[sum(2c + 1 for w in x for c in w) for x in xs]",
     lambda xs: np.array([sum(2 * c + 1 for w in x for c in w) for x in xs], np.int64)),
    ("[[c for w in x if length(w) > 1 for c in w if c > 0] for x in xs]",
     lambda xs: [np.array([c for w in x if len(w) > 1 for c in w if c > 0], np.int64) for x in xs]),
    ("[reduce(vcat, x) for x in xs]", lambda xs: [np.array([c for w in x for c in w], np.int64) for x in xs]),
    ("[sum(vcat(x...) .+ 1) for x in xs]", lambda xs: np.array([sum(len(w) + w.sum() for w in x) for x in xs],
                                                               np.int64)),
    ("[[sum(w) for w in reverse(x)] for x in xs]",
     lambda xs: [np.array([w.sum() for w in x[::-1]], np.int64) for x in xs]),
    ("[sum(length, x[2:end]; init = 0) for x in xs]",
     lambda xs: np.array([sum(map(len, x[1:])) for x in xs], np.int64)),
])
def test_vectors_of_vectors(check, source, meaning):
    for sizes in WORDS:
        xs = [[np.arange(n) for n in words] for words in sizes]
        check(f"f(xs) = {source}", "f(xs::Vector{Vector{Int[C], W}, N})", [xs], meaning(xs))


def test_names_of_inputs_and_outputs(check):
    xs = [[np.arange(2), np.arange(1)], [np.arange(3)]]
    program = check("f(xs) = [[w for w in x] for x in xs]", "f(xs::Vector{Vector{Int[C], W}, N})", [xs], xs)
    assert {spec.name: spec.shape for spec in program.inputs} == {
        "xs": ("N", "W.max", "C.max"), "xs.lengths.C": ("N", "W.max"), "xs.lengths.W": ("N",)}
    assert {spec.name for spec in program.outputs} == {"f", "f.lengths.C", "f.lengths.W"}


# --- broadcasts over numbers and slices of arrays -----------------------------------------------------------

NEWTON = """
function newton(a)
    x = a
    while abs(x * x - a) > 1f-3
        x = (x + a / x) / 2
    end
    x
end
"""


@pytest.mark.parametrize("shape", [(3, 2), (1, 2), (0, 2)])
def test_broadcast_of_a_function_that_loops(check, shape):
    x = np.abs(np.random.default_rng(0).normal(size=shape)).astype(f32) + 1
    check(NEWTON + "f(x) = newton.(x)", "f(x::Float32[2, N])", [x], np.sqrt(x), rtol=1e-2)


@pytest.mark.parametrize("source, meaning", [
    ("map(c -> sum(c), eachcol(x))", lambda x: x.sum(1)),
    ("[sum(abs2, x[:, i]) for i in 1:size(x, 2)]", lambda x: (x * x).sum(1)),
    ("map(i -> i * x[1, i], 1:size(x, 2))", lambda x: x[:, 0] * np.arange(1, len(x) + 1)),
    ("mapslices(c -> c ./ 2, x, dims = 1)", lambda x: x / 2),
    ("mapslices(sum, x, dims = 1)", lambda x: x.sum(1, keepdims=True)),
    ("stack(c -> 2 .* c, eachcol(x))", lambda x: 2 * x),
    ("sum(maximum(c) for c in eachcol(x))", lambda x: f32(sum(row.max() for row in x))),
    ("sum(x[1, i] for i in axes(x, 2) if x[2, i] > 0)", lambda x: f32(sum(r[0] for r in x if r[1] > 0))),
], ids=lambda value: value if isinstance(value, str) else "")
def test_slices(check, source, meaning):
    for count in (3, 1, 0):
        x = np.random.default_rng(0).integers(-3, 4, (count, 2)).astype(f32)
        check(f"f(x) = {source}", "f(x::Float32[2, N])", [x], meaning(x).astype(f32))


@pytest.mark.parametrize("n", [3, 1, 0])
def test_a_number_of_times_that_is_staged(check, n):
    check("f(x, n) = sum(x[i] * i for i in 1:n)", "f(x::Float32[N], n::Int)",
          [np.arange(5, dtype=f32), np.int64(n)], f32(sum(i * (i - 1) for i in range(1, n + 1))))


@pytest.mark.parametrize("source, meaning", [
    ("[sum(x) - 2sum(y) for x in xs, y in xs]", lambda s: (s[None, :] - 2 * s[:, None]).astype(f32)),
    ("[k * sum(y) for k in 1:2, y in xs]", lambda s: (np.array([1, 2], f32)[None, :] * s[:, None])),
    ("[k * sum(y) for k in 1:6, y in xs]", lambda s: (np.arange(1, 7, dtype=f32)[None, :] * s[:, None])),
    ("sum([j * k^i * sum(x) for i in 1:2, j in 1:3, k in 1:2, x in xs])",
     lambda s: f32(sum(j * k**i * x for x in s for k in (1, 2) for j in (1, 2, 3) for i in (1, 2)))),
    ("[k * sum(y) for y in xs, k in 1:2]", lambda s: (np.array([1, 2], f32)[:, None] * s[None, :])),
    ("sum(sum(x) * sum(y) for x in xs, y in xs)", lambda s: f32(np.outer(s, s).sum())),
    ("[sum(x) - 2sum(y) for x in xs, y in xs if sum(x) > sum(y)]",
     lambda s: f32([x - 2 * y for y in s for x in s if x > y])),
    ("sum(k * sum(x) for (k, x) in enumerate(xs) for y in xs if sum(y) > k)",
     lambda s: f32(sum(k * x for k, x in enumerate(s, 1) for y in s if y > k))),
    ("sum(sum(xs[i]) * sum(xs[j]) for i in 1:length(xs) for j in 1:i-1)",
     lambda s: f32(sum(s[i] * s[j] for i in range(len(s)) for j in range(i)))),
])
def test_several_loops(check, examples, source, meaning):
    xs = examples([3, 1, 2])
    check(f"f(xs) = {source}", f"f({XS})", [xs], meaning(np.array([x.sum() for x in xs], f32)))


@pytest.mark.parametrize("source, meaning", [
    ("foldl((a, x) -> a / 2 + sum(x), xs; init = 0f0)", lambda s: s[0] / 4 + s[1] / 2 + s[2]),
    ("mapfoldl(sum, (a, b) -> a / 2 + b, xs)", lambda s: s[0] / 4 + s[1] / 2 + s[2]),
    ("reduce((a, b) -> 2a - b, [sum(x) for x in xs])", lambda s: 2 * (2 * s[0] - s[1]) - s[2]),
    ("foldl(-, sum.(xs))", lambda s: s[0] - s[1] - s[2]),
    ("foldr((x, a) -> a / 2 + sum(x), xs; init = 0f0)", lambda s: s[2] / 4 + s[1] / 2 + s[0]),
    ("foldr(-, sum.(xs))", lambda s: s[0] - (s[1] - s[2])),
    ("mapfoldr(sum, (a, b) -> a + b / 2, xs)", lambda s: s[0] + (s[1] + s[2] / 2) / 2),
    ("sum(accumulate((a, x) -> a / 2 + sum(x), xs; init = 0f0))",
     lambda s: 1.75 * s[0] + 1.5 * s[1] + s[2]),
    ("accumulate((a, b) -> a / 2 + b, sum.(xs))[end]", lambda s: s[0] / 4 + s[1] / 2 + s[2]),
    ("sum(xs[argmax(k -> sum(xs[k]), 1:length(xs))])", lambda s: s.max()),
    ("findmin(x -> sum(x), xs)[1] + extrema(sum(x) for x in xs)[2]", lambda s: s.min() + s.max()),
    ("Float32(findmax(sum, xs)[2])", lambda s: s.argmax() + 1),
])
def test_folds(check, examples, source, meaning):
    xs = examples([3, 1, 2])
    check(f"f(xs) = {source}", f"f({XS})", [xs], f32(meaning(np.array([x.sum() for x in xs]))))


def test_return_from_a_loop_in_a_broadcast(check):
    """A function of numbers that leaves a loop where its number decides: each number goes its own way."""
    source = """
        function f(x)
            n = 0
            while true
                (x < 1 || n >= 5) && return x, n
                x /= 2
                n += 1
            end
        end
        g(xs) = map(f, xs)"""
    expected = [(1 / 2, 0), (3 / 4, 2), (100 / 32, 5)]
    check(source, "g(xs::Vector{Float64})", [np.array([0.5, 3, 100])],
          [(x, np.int64(n)) for x, n in expected])


def test_loops_are_not_unrolled_for_what_a_broadcast_could_not_do(load):
    """Whether a loop must be unrolled is found out anew for each entry."""
    module = load("""
        function f(x)
            for i in 1:50
                abs(x) < 1 && break
                x /= 2
            end
            x
        end
        @export many(xs::Vector{Float64}) = map(f, xs)
        @export slope(x::Float64) = gradient(f, x)[1]""")
    assert module.compile("many").model.ByteSize() < 10_000
    assert module.compile("slope").model.ByteSize() < 10_000
