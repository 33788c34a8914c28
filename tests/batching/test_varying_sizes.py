"""Loops and choices whose sizes only the graph knows, inside of maps over examples of different lengths."""

import numpy as np
import pytest

f32 = np.float32
XS = "xs::Vector{Float32[T]}"


def grown(x, step):
    y = [1.0]
    for v in x:
        step(y, v)
    return y


FORMS = {
    "push! on a condition": ("""
        function g(x)
            y = Float32[]
            for v in x
                v > 0 && push!(y, v)
            end
            sum(y) + length(y)
        end""", lambda x: x[x > 0].sum() + (x > 0).sum()),
    "the last element": ("""
        function g(x)
            y = [1f0]
            for v in x
                v > 0 && push!(y, v / 2 + y[end])
            end
            sum(y)
        end""", lambda x: sum(grown(x, lambda y, v: v > 0 and y.append(v / 2 + y[-1])))),
    "all elements": ("""
        function g(x)
            y = [1f0]
            for v in x
                push!(y, (v + sum(y)) / 4)
            end
            sum(y)
        end""", lambda x: sum(grown(x, lambda y, v: y.append((v + sum(y)) / 4)))),
    "a mask": ("g(x) = sum(abs2, x[x .> 0])", lambda x: (x[x > 0] ** 2).sum()),
    "filter": ("g(x) = sum([2v for v in x if v > 0]; init = 0f0)", lambda x: 2 * x[x > 0].sum()),
    "findfirst": ("g(x) = (i = findfirst(>(1), x); i === nothing ? -1f0 : x[i])",
                  lambda x: next((v for v in x if v > 1), -1)),
    "a return in an expression": ("""
        function g(x)
            s = 0f0
            for v in x
                s += v > 3 ? (return -s) : v
            end
            s
        end""", lambda x: next((-x[:k].sum() for k, v in enumerate(x) if v > 3), x.sum())),
    "nothing at first": ("""
        function g(x)
            best = nothing
            for v in x
                if best === nothing || v > best
                    best = v
                end
            end
            best === nothing ? -9f0 : best
        end""", lambda x: max(x, default=-9)),
    "a generator with a condition": (
        "function g(x) s = 0f0; for v in (w for w in x if w > s); s = s / 2 + v; end; s end", None),
}


def staged_sum(x):
    s = 0.0
    for v in x:
        if v > s:
            s = s / 2 + v
    return s


@pytest.mark.parametrize("form", FORMS)
def test_forms(check, examples, form):
    source, meaning = FORMS[form]
    for lengths in ([3, 1, 2], [5], [0, 2]):
        xs = [x[:, 0] for x in examples(lengths, 1)]
        expected = np.array([(meaning or staged_sum)(x) for x in xs], f32)
        check(source + "\nf(xs) = map(g, xs)", f"f({XS})", [xs], expected)
