"""Sizes such as `T - 1` of examples that have no elements: an extent that would be negative is 0."""

import numpy as np
import pytest

LENGTHS = [[4, 1, 0, 2], [0, 0], [1], []]

FORMS = {
    "the rest": ("f(x) = x[2:end]", lambda x: x[1:]),
    "differences": ("f(x) = x[2:end] .- x[1:end-1]", np.diff),
    "every second": ("f(x) = x[2:2:end]", lambda x: x[1::2]),
    "a comprehension": ("f(x) = [x[i] * x[i-1] for i in 2:length(x)]", lambda x: x[1:] * x[:-1]),
    "a growing array": ("""
        function f(x)
            y = Float64[]
            for i in 3:length(x)
                push!(y, x[i] - x[i-2])
            end
            y
        end""", lambda x: x[2:] - x[:-2] if len(x) > 2 else x[:0]),
    "a backward loop": ("""
        function f(x)
            y = copy(x)
            for t in length(x)-1:-1:1
                y[t] += y[t+1]
            end
            y
        end""", lambda x: np.cumsum(x[::-1])[::-1]),
    "rows inside": ("""
        function f(x)
            y = copy(x)
            for i in 2:length(x)-1
                y[i] = x[i-1] + x[i+1]
            end
            y
        end""", lambda x: np.r_[x[:1], x[:-2] + x[2:], x[-1:]] if len(x) > 2 else x),
}


@pytest.mark.parametrize("form", FORMS)
def test_short_examples(check, form):
    source, meaning = FORMS[form]
    source += """
        many(xs) = map(f, xs)
        squares(xs) = gradient(xs -> sum(sum(abs2, f(x)) for x in xs), xs)[1]"""
    rng = np.random.default_rng(0)
    for lengths in LENGTHS:
        xs = [rng.integers(-4, 5, n).astype(float) for n in lengths]
        check(source, "many(xs::Vector{Float64[T]})", [xs], [meaning(x) for x in xs])
        if max(lengths, default=0) > 2:
            check(source, "squares(xs::Vector{Float64[T]})", [xs], [slope(meaning, x) for x in xs])


def slope(meaning, x):
    """The gradient of the sum of squares of a linear or quadratic function, by central differences."""
    found = np.zeros_like(x)
    for k in range(len(x)):
        step = np.eye(len(x))[k] / 2
        ends = [np.sum(meaning(x + sign * step)**2) for sign in (1, -1)]
        fourth = [np.sum(meaning(x + 2 * sign * step)**2) for sign in (1, -1)]
        found[k] = (8 * (ends[0] - ends[1]) - (fourth[0] - fourth[1])) / 6
    return found


def test_numbers_of_iterations(check):
    """A counter counts the iterations that ran."""
    source = """
        function f(x)
            n, s = 0, 0.0
            for i in 2:length(x)
                n += 1
                s += 1.0
            end
            return n, s
        end
        many(xs) = map(f, xs)"""
    xs = [np.ones(n) for n in (3, 0, 1)]
    check(source, "many(xs::Vector{Float64[T]})", [xs], [(np.int64(n), float(n)) for n in (2, 0, 0)])
