"""Vectors of arrays that are written to where only the graph knows how long they are: `a[t][k] = v`,
`a[t] = v`, `a[t] .= v`, against the host and plain formulas in numpy."""

import numpy as np
import pytest
from weber import WeberError

f32 = np.float32
X = [np.array(x, f32) for x in ([3, 1, 4, 1, 5], [2], [7, -1])]


def rows(function):
    """The matrix whose row t is function(x, t)."""
    return lambda x: np.stack([np.asarray(function(x, t), f32) for t in range(len(x))])


def fibonacci(x):
    found = [np.array([1, x[0]], f32)]
    for value in x[1:]:
        found.append(np.array([found[-1][1], found[-1][0] + value], f32))
    return np.stack(found)


def reversed_by_swaps(x):
    return np.stack([[v, -v] for v in x[::-1]])


# each: what becomes of `a` in Julia, and the rows of the result for x in numpy
WRITES = {
    "an element of an array": (
        "a = [zeros(Float32, 2) for _ in x]; for t in eachindex(x), k in 1:2; a[t][k] = k * x[t]; end",
        rows(lambda x, t: [x[t], 2 * x[t]])),
    "a known array": ("a = [zeros(Float32, 2) for _ in x]; a[1][2] = 5",
                      rows(lambda x, t: [0, 5 * (t == 0)])),
    "the last array": ("a = [[v, v] for v in x]; a[end][1] = 9; a[length(x)][2] += 1",
                       rows(lambda x, t: [9, x[t] + 1] if t == len(x) - 1 else [x[t], x[t]])),
    "all of an array": ("a = [zeros(Float32, 2) for _ in x]; for t in eachindex(x); a[t] .= x[t]; end",
                        rows(lambda x, t: [x[t], x[t]])),
    "an update of all of an array": ("a = [[v, 1f0] for v in x]; for t in eachindex(a); a[t] .*= t; end",
                                     rows(lambda x, t: [x[t] * (t + 1), t + 1])),
    "a variable for the array": (
        "a = [zeros(Float32, 2) for _ in x]; for t in eachindex(x); v = a[t]; v .= x[t]; v[2] += 1; end",
        rows(lambda x, t: [x[t], x[t] + 1])),
    "a view of the array": (
        "a = [zeros(Float32, 2) for _ in x]; for t in eachindex(x); v = view(a[t], 2:2); v .= x[t]; end",
        rows(lambda x, t: [0, x[t]])),
    "a loop over the arrays": ("a = [[v, v] for v in x]; for v in a; v[1] = 2v[2]; end",
                               rows(lambda x, t: [2 * x[t], x[t]])),
    "a loop over arrays and numbers": (
        "a = [zeros(Float32, 2) for _ in x]; for (t, (v, y)) in enumerate(zip(a, x)); v .= (t, y); end",
        rows(lambda x, t: [t + 1, x[t]])),
    "map": ("""
        b = [[v, v] for v in x]
        sums = map(v -> (v[2] = 1; sum(v)), b)
        a = [[v[2], y] for (v, y) in zip(b, sums)]""", rows(lambda x, t: [1, x[t] + 1])),
    "a map that gives the arrays": ("b = [[v, v] for v in x]; a = map(v -> (v[2] = 1; v), b)",
                                    rows(lambda x, t: [x[t], 1])),
    "a map of columns": ("A = x' .+ [0, 9]; map(c -> (c ./= c[2]; 0), eachcol(A)); a = collect(eachcol(A))",
                         rows(lambda x, t: [x[t] / (x[t] + 9), 1])),
    "a map of rows": (
        "A = x .+ [0 2]; foreach(r -> r[1] = r[2], eachrow(A)); a = [A[t, :] for t in eachindex(x)]",
        rows(lambda x, t: [x[t] + 2, x[t] + 2])),
    "foreach": ("a = [[v, v] for v in x]; foreach(v -> v[2] = 0, a)", rows(lambda x, t: [x[t], 0])),
    "another array": ("a = [zeros(Float32, 2) for _ in x]; for t in eachindex(x); a[t] = [x[t], t]; end",
                      rows(lambda x, t: [x[t], t + 1])),
    "not assigned at first": (
        "a = Vector{Vector{Float32}}(undef, length(x)); for t in eachindex(x); a[t] = [x[t], t]; end",
        rows(lambda x, t: [x[t], t + 1])),
    "from the array before": ("""
        a = Vector{Vector{Float32}}(undef, length(x))
        a[1] = [1, x[1]]
        for t in 2:length(x)
            a[t] = [a[t - 1][2], a[t - 1][1] + x[t]]
        end""", fibonacci),
    "the first in the loop": ("""
        a = Vector{Vector{Float32}}(undef, length(x))
        for t in 1:length(x)
            a[t] = t == 1 ? [1, x[1]] : [a[t - 1][2], a[t - 1][1] + x[t]]
        end""", fibonacci),
    "similar": ("b = [[v, v] for v in x]; a = similar(b); for t in eachindex(b); a[t] = 2b[t]; end",
                rows(lambda x, t: [2 * x[t], 2 * x[t]])),
    "fill": ("a = fill(zeros(Float32, 2), length(x)); a[1][2] = 5", rows(lambda x, t: [0, 5])),
    "fill, then others": ("a = fill([1f0, 2f0], length(x)); a[1] = [3, 4]",
                          rows(lambda x, t: [3, 4] if t == 0 else [1, 2])),
    "an array from outside": ("w = [1f0, 2f0]; a = [w for _ in x]; w[1] = 8", rows(lambda x, t: [8, 2])),
    "an array from outside, by an element": ("w = [1f0, 2f0]; a = [w for _ in x]; a[1][1] = 8",
                                             rows(lambda x, t: [8, 2])),
    "two that change places": ("""
        a = [[v, -v] for v in x]
        for t in 1:length(x) ÷ 2
            a[t], a[end - t + 1] = a[end - t + 1], a[t]
        end""", reversed_by_swaps),
    "two that change places by a third": ("""
        a = [[v, -v] for v in x]
        for t in 1:length(x) ÷ 2
            kept = a[t]
            a[t] = a[end - t + 1]
            a[end - t + 1] = kept
        end""", reversed_by_swaps),
    "what was there before": ("a = [[v, 0] for v in x]; old = a[1]; a[1] = [9, 9]; a[1][2] = old[1]",
                              rows(lambda x, t: [9, x[0]] if t == 0 else [x[t], 0])),
    "if": ("a = [[v, v] for v in x]; for t in eachindex(a); if a[t][1] > 2; a[t][2] = -1; end; end",
           rows(lambda x, t: [x[t], -1 if x[t] > 2 else x[t]])),
    "if or else": ("a = [[v, v] for v in x]; if x[1] > 2; a[1] = [0, 0]; else; a[1] .= 7; end",
                   rows(lambda x, t: ([0, 0] if x[0] > 2 else [7, 7]) if t == 0 else [x[t], x[t]])),
    "while": ("a = [[v, 0] for v in x]; t = 1; while t <= length(x) && x[t] > 0; a[t][2] = 1; t += 1; end",
              lambda x: np.stack([x, np.cumprod(x > 0)], 1)),
    "columns": ("A = x' .+ [0, 1]; for c in eachcol(A); c .*= c[1]; end; a = [A[:, t] for t in eachindex(x)]",
                rows(lambda x, t: [x[t] ** 2, x[t] * (x[t] + 1)])),
    "a column": ("A = x' .+ [0, 1]; c = eachcol(A); c[1][2] = 3; a = [A[:, t] for t in eachindex(x)]",
                 rows(lambda x, t: [x[t], 3 if t == 0 else x[t] + 1])),
    "rows": ("A = x .+ [0 1]; for r in eachrow(A); r[2] = 2r[1]; end; a = [A[t, :] for t in eachindex(x)]",
             rows(lambda x, t: [x[t], 2 * x[t]])),
    "columns that have changed since": (
        "A = x' .+ [0, 1]; c = eachcol(A); A[1, :] .= 0; a = [copy(v) for v in c]",
        rows(lambda x, t: [0, x[t] + 1])),
    "arrays in tuples": (
        "b = [(zeros(Float32, 2), v) for v in x]; for (v, y) in b; v .= y; end; a = [p[1] for p in b]",
        rows(lambda x, t: [x[t], x[t]])),
    "other tuples": ("b = [(0, [0f0]) for _ in x]; for t in eachindex(x); b[t] = (t, [x[t]]); end; "
                     "a = [[n, v[1]] for (n, v) in b]", rows(lambda x, t: [t + 1, x[t]])),
    "vectors in vectors": ("""
        b = [[zeros(Float32, 2) for _ in x] for _ in x]
        for i in eachindex(x), j in eachindex(x)
            b[i][j][1] += x[i] * x[j]
        end
        a = b[1]""", rows(lambda x, t: [x[0] * x[t], 0])),
    "arrays of different sizes, in a map": ("""
        b = [x[1:t] for t in eachindex(x)]
        foreach(b) do v
            v[1] = 0
            v .*= 2
        end
        a = [[v[1], sum(v)] for v in b]""", rows(lambda x, t: [0, 2 * x[1:t + 1].sum()])),
    "copies": ("b = [[v, v] for v in x]; a = deepcopy(b); b[1] .= 0; a[end][1] = 1",
               rows(lambda x, t: [1 if t == len(x) - 1 else x[t], x[t]])),
    "copies of each": ("b = [[v, v] for v in x]; a = copy.(b); b[1] .= 0", rows(lambda x, t: [x[t], x[t]])),
    "the longer vector": ("a = [[v, v] for v in x]; push!(a, [0, 0]); a[1][1] = 1; a = a[1:end - 1]",
                          rows(lambda x, t: [1 if t == 0 else x[t], x[t]])),
    "put before the others": ("a = Vector{Float32}[]; for v in x; pushfirst!(a, [v, 0]); end",
                              rows(lambda x, t: [x[len(x) - 1 - t], 0])),
    "two put before the others": (
        "a = [[9f0, 9f0]]; for v in x; pushfirst!(a, [v, 0], [v, 1]); end; a = a[1:2:2length(x)]",
        rows(lambda x, t: [x[len(x) - 1 - t], 0])),
    "joined before the others": ("a = [[9f0, 9f0]]; for v in x; a = [[[v, 0]]; a]; end; a = a[1:end-1]",
                                 rows(lambda x, t: [x[len(x) - 1 - t], 0])),
    "put before the others, on a condition, and read": ("""
        b = [[0f0, 1f0]]
        for v in x
            v > 2 && pushfirst!(b, [v, b[1][2] + 1])
        end
        a = [[b[1][2], length(b)] for _ in x]""", rows(lambda x, t: [sum(x > 2) + 1, sum(x > 2) + 1])),
    "what was taken out": ("a = [[v, v] for v in x]; v = popfirst!(a); v[1] = 1; push!(a, v)",
                           lambda x: np.stack([np.append(x[1:], 1), np.append(x[1:], x[0])], 1)),
}


@pytest.mark.parametrize("name", WRITES)
def test_writes(staged, name):
    body, meaning = WRITES[name]
    f = staged(f"function f(x)\n{body}\nreduce(hcat, a)\nend", "f(x::Float32[N])")
    for x in X:
        (found, *_) = f(x)
        np.testing.assert_allclose(found, meaning(x).astype(f32), rtol=1e-6)


REFUSED = {
    "another size": ("a = [zeros(Float32, 2) for _ in x]; a[1] = [1, 2, 3]; a", "arrays of one size"),
    "a longer array": ("a = [zeros(Float32, 2) for _ in x]; push!(a[1], 1); a", "keep its size"),
    "a longer array, in a map": ("a = [[v] for v in x]; foreach(v -> push!(v, 1), a); a", "the size"),
    "an array in two places": ("a = [[v, v] for v in x]; a[1] = a[end]; a[1][1] = 0; a[2]", "changed"),
    "all but one from fill": ("a = fill([0f0], length(x)); a[1] = [1]; a[2][1] = 2; a[3]", "changed"),
    "not assigned": ("a = Vector{Vector{Float32}}(undef, length(x)); a[1]", "undefined reference"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(staged, name):
    """What columns of numbers cannot stand for is an error, not another result."""
    body, text = REFUSED[name]
    with pytest.raises(WeberError) as caught:
        staged(f"function f(x)\n{body}\nend", "f(x::Float32[N])")
    assert text in caught.value.message and caught.value.location is not None


GRADIENTS = {
    "alpha[t][k] = v": """
        alpha = [zeros(2) for _ in x]
        for t in eachindex(x), k in 1:2
            alpha[t][k] = sin(x[t]) * (t > 1 ? alpha[t - 1][3 - k] : 1.0)
        end
        sum(abs2, alpha[end])""",
    "alpha[t] = v": """
        alpha = Vector{Vector{Float64}}(undef, length(x))
        alpha[1] = [x[1], 1.0]
        for t in 2:length(x)
            alpha[t] = tanh.(alpha[t - 1] .* x[t]) .+ 0.5
        end
        sum(sum(a) * t for (t, a) in enumerate(alpha))""",
    "in place": "a = [[v, v^2] for v in x]; for v in a; v .*= v[1]; end; sum(prod, a)",
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(staged, name):
    f = staged(f"using Flux\nf(x) = begin\n{GRADIENTS[name]}\nend\ng(x) = gradient(f, x)[1]",
               "g(x::Float64[N])")
    for x in (np.array([0.3, -1.2, 0.7, 2.0]), np.array([0.4])):
        (found, *_) = f(x)
        for k in range(len(x)):
            step = 1e-6 * np.eye(len(x))[k]
            expected = (f.module.f(x + step) - f.module.f(x - step)) / 2e-6
            np.testing.assert_allclose(found[k], expected, rtol=1e-6, atol=1e-8)
