"""Functions of a vector whose size only the graph knows, of one and of many examples."""

import numpy as np
import pytest

FORMS = {
    "a range in a broadcast": ("x .* (1:length(x)) .+ (length(x):-1:1)",
                               lambda x: x * np.arange(1, len(x) + 1) + np.arange(len(x), 0, -1)),
    "a range of floats": ("x .* (0.1 .* (1:length(x))) .+ 1 ./ (1:length(x))",
                          lambda x: x * 0.1 * np.arange(1, len(x) + 1) + 1 / np.arange(1, len(x) + 1)),
    "a scaled range": ("cos.(2π .* (0:length(x)-1) ./ length(x))",
                       lambda x: np.cos(2 * np.pi * np.arange(len(x)) / max(len(x), 1))),
    "a function over a range": ("sum(i -> i * x[i], 1:length(x))", lambda x: np.arange(1, len(x) + 1) @ x),
    "a count over a range": ("count(i -> x[i] > 0, 1:length(x))", lambda x: np.int64((x > 0).sum())),
    "a step of the graph": ("(k = length(x) > 3 ? 3 : 2; sum(x[1:k:end]))",
                            lambda x: x[::3 if len(x) > 3 else 2].sum()),
    "foldr": ("foldr((a, s) -> a + 0.5s, x; init = 0.0)", lambda x: x @ 0.5 ** np.arange(len(x))),
    "mapfoldr": ("mapfoldr(a -> 2a, (a, s) -> a - s, [x; 1.0])",
                 lambda x: 2 * np.r_[x, 1] @ (-1.0) ** np.arange(len(x) + 1)),
    "evalpoly": ("evalpoly(0.5, [x; 1.0])", lambda x: np.polyval(np.r_[x, 1][::-1], 0.5)),
    "accumulate": ("accumulate((a, b) -> 0.5a + b, [1.0; x])[2:end]",
                   lambda x: np.array([0.5 ** (k + 1) + sum(0.5 ** (k - i) * x[i] for i in range(k + 1))
                                       for k in range(len(x))])),
    "accumulate from a value": ("accumulate(max, x; init = 0.5)", lambda x: np.maximum.accumulate(
        np.r_[0.5, x])[1:]),
    "issorted": ("issorted(x), issorted(sort(x))", lambda x: (np.bool_(np.all(np.diff(x) >= 0)), np.True_)),
    "the first": ("first(x, 2)", lambda x: x[:2]),
    "the last": ("last(x, 3)", lambda x: x[-3:]),
    "searchsorted": ("(s = sort(x); (searchsortedfirst(s, 0.5), searchsortedlast(s, 0.5)))",
                     lambda x: (np.int64((x < 0.5).sum() + 1), np.int64((x <= 0.5).sum()))),
    "parity of a size": ("iseven(length(x)) ? 1 : 2", lambda x: np.int64(1 + len(x) % 2)),
    "median": ("[median(x[max(1, i - 1):min(end, i + 1)]) for i in eachindex(x)]",
               lambda x: np.array([np.median(x[max(0, i - 1):i + 2]) for i in range(len(x))])),
    "quantiles": ("(quantile([x; 1.0], 0.3), quantile([x; 1.0], (0.0, 0.9))[2])",
                  lambda x: tuple(np.quantile(np.r_[x, 1], [0.3, 0.9]))),
    "sums of complex numbers": ("abs2(sum(x[m] * exp(-2π * im * m / 3) for m in 1:length(x)))",
                                lambda x: abs(np.sum(x * np.exp(-2j * np.pi * np.arange(
                                    1, len(x) + 1) / 3)))**2),
    "assignment at indices": ("(y = copy(x); y[[length(x), 1]] = y[[1, length(x)]]; y)",
                              lambda x: np.r_[x[-1], x[1:-1], x[0]] if len(x) > 1 else x),
    "assignment of every second": ("(y = copy(x); y[1:2:end] .= 0; y[2:2:end] .*= 2; y)",
                                   lambda x: np.where(np.arange(len(x)) % 2, 2 * x, 0)),
    "backward assignment": ("(y = zero(x); y[end:-1:1] = x; y)", lambda x: x[::-1]),
    "filter": ("filter(>(0), x)", lambda x: x[x > 0]),
    "a mask": ("(y = x[x .< 0]; isempty(y) ? 1.0 : y[end] / length(y))",
               lambda x: x[x < 0][-1] / (x < 0).sum() if (x < 0).any() else 1.0),
    "a comprehension with a condition": ("[2v for v in x if v > 0.1]", lambda x: 2 * x[x > 0.1]),
    "what is kept in a loop": ("""begin
            kept, dead = Int[], falses(length(x))
            for i in sortperm(x; rev = true)
                dead[i] && continue
                push!(kept, i)
                dead .|= abs.(x .- x[i]) .< 0.5
            end
            kept
        end""", lambda x: suppressed(x)),
    "a buffer of a staged size": ("(y = zeros(round(Int, abs(x[1])) + 2); y[2] = x[1]; y)",
                                  lambda x: np.r_[0, x[0], np.zeros(int(np.round(abs(x[0]))))]),
}


def suppressed(x):
    """The places of the largest elements, no two within 0.5."""
    kept = []
    for i in np.argsort(-x, kind="stable"):
        if all(abs(x[i] - x[k]) >= 0.5 for k in kept):
            kept.append(i)
    return np.array(kept, np.int64) + 1


NOT_EMPTY = {"searchsorted", "assignment at indices", "a buffer of a staged size"}


@pytest.mark.parametrize("form", FORMS)
def test_of_one_and_of_many(check, form):
    text, meaning = FORMS[form]
    source = f"using Statistics\none(x) = {text}\nmany(xs) = map(one, xs)\n"
    rng = np.random.default_rng(0)
    xs = [np.round(rng.normal(size=n), 2) for n in ((4, 1, 5, 2) if form in NOT_EMPTY else (4, 1, 0, 5, 2))]
    check(source, "one(x::Float64[T])", [xs[0]], meaning(xs[0]), rtol=1e-9)
    expected = [meaning(x) for x in xs]
    if not isinstance(expected[0], tuple) and np.ndim(expected[0]) == 0:
        expected = np.array(expected)
    check(source, "many(xs::Vector{Float64[T]})", [xs], expected, rtol=1e-9)


def test_filters_are_computed_together(load):
    for text in ("filter(>(0), x)", "sum(x[x .> 0])", "gradient(x -> sum(abs2, x[x .> 0]), x)[1]"):
        module = load(f"f(xs) = map(x -> {text}, xs)\n@export f(xs::Vector{{Float64[T]}})")
        assert all(remark.endswith("computed together") for remark in module.compile("f").remarks)
