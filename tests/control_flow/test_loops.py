"""Loops on staged conditions and counts, against the host and against plain formulas."""

import numpy as np
import pytest
from weber import WeberError


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


SCALARS = {
    "while": ("function f(x::Int) n = 0; while x > 1; x = x ÷ 2; n += 1; end; n end",
              lambda x: max(int(x).bit_length() - 1, 0)),
    "while inside if": ("""
        function f(x)
            s = 0
            if x > 3
                while s < x
                    s += 2
                end
            else
                s = -x
            end
            s
        end""", lambda x: -(-x // 2) * 2 if x > 3 else -x),
    "if inside while": ("""
        function f(n)
            steps = 0
            while n != 1
                if iseven(n)
                    n = n ÷ 2
                else
                    n = 3n + 1
                end
                steps += 1
            end
            steps
        end""", collatz),
    "zero trips": ("function f(x) y = 5; while x < 0; y = 7; x += 1; end; y end", lambda x: 5),
    "break": ("""
        function f(x)
            i = 0
            while true
                i += 1
                i * i > x && break
            end
            i
        end""", lambda x: next(i for i in range(1, 100) if i * i > x)),
    "continue": ("""
        function f(x)
            s = 0; i = 0
            while i < x
                i += 1
                i % 3 == 0 && continue
                s += i
            end
            s
        end""", lambda x: sum(i for i in range(1, x + 1) if i % 3)),
    "return from a loop": ("""
        function f(x)
            i = 0
            while i < 100
                i += 1
                if i * i > x
                    return 10i
                end
            end
            -1
        end""", lambda x: 10 * next(i for i in range(1, 100) if i * i > x)),
    "return from nested loops": ("""
        function f(x)
            for i in 1:10
                for j in 1:10
                    if i * j == x
                        return 100i + j
                    end
                end
            end
            0
        end""", lambda x: next((100 * i + j for i in range(1, 11) for j in range(1, 11) if i * j == x), 0)),
    "break and continue in nested loops": ("""
        function f(x)
            s = 0
            for i in 1:6
                i == x && continue
                for j in 1:6
                    j == 4 && continue
                    i + j > x && break
                    s += 10i + j
                end
                s > 200 && break
            end
            s
        end""", None),
    "break leaves all iterators of one for": ("""
        function f(x)
            s = 0
            for i in 1:6, j in 1:6
                i * j > x && break
                s += j
            end
            s
        end""", None),
    "return from a for of two iterators": ("""
        function f(x)
            for i in 1:6, j in 1:6
                i * j > x && return 10i + j
            end
            0
        end""", None),
    "variables first assigned inside": ("""
        function f(x)
            local last
            for i in 1:x
                last = i * i
            end
            last
        end""", lambda x: x * x),
    "a variable of the iteration": ("""
        function f(x)
            s = 0
            for i in 1:x
                t = 2i
                s += t
            end
            s
        end""", lambda x: x * (x + 1)),
    "a staged range downwards": ("function f(x) s = 0; for i in x:-1:1; s = 2s + i; end; s end", None),
    "steps": ("function f(x) s = 0; for i in 1:2:x; s += i; end; s end",
              lambda x: sum(range(1, x + 1, 2))),
    "a loop variable stored twice": ("""
        function f(x)
            a = 0; b = 0; i = 0
            while i < x
                i += 1
                a = i
                b += a
                a = b
            end
            a * 1000 + b
        end""", lambda x: x * (x + 1) // 2 * 1001),
    "swapping": ("function f(x) a, b = 0, 1; for _ in 1:x; a, b = b, a + b; end; a end", None),
    "integers become floats": ("function f(x) s = 0; for i in 1:x; s += i / 2; end; s end",
                               lambda x: x * (x + 1) / 4),
    "fields of a struct": ("""
        mutable struct Counter n; total end
        function f(x)
            c = Counter(0, 0)
            while c.n < x
                c.n += 1
                c.total += c.n
            end
            c.total
        end""", lambda x: x * (x + 1) // 2),
    "an immutable struct": ("""
        struct P a; b end
        function f(x)
            p = P(0, 1)
            for i in 1:x
                p = P(p.b, p.a + p.b)
            end
            p.a
        end""", None),
    "a tuple": ("""
        function f(x)
            state = (0, (n = 1, s = 0))
            for i in 1:x
                state = (state[1] + i, (n = state[2].n * 2, s = state[2].s - i))
            end
            state[1] + state[2].n + state[2].s
        end""", lambda x: 2 ** x),
    "a closure over a loop variable": ("""
        function f(x)
            s = 0
            for i in 1:x
                g = y -> y + i
                s = g(s)
            end
            s
        end""", lambda x: x * (x + 1) // 2),
    "a captured variable": ("""
        function f(x)
            s = 0
            add(i) = (s += i)
            for i in 1:x
                add(i)
            end
            s
        end""", lambda x: x * (x + 1) // 2),
    "the last expression": ("function f(x) s = Ref(0); for i in 1:x; s[] += i; end; return s[] end",
                            lambda x: x * (x + 1) // 2),
    "nothing until something is found": ("""
        function f(x)
            found = nothing
            for i in 1:10
                if i * i > x && found === nothing
                    found = i
                end
            end
            found === nothing ? 0 : found
        end""", lambda x: next(i for i in range(1, 11) if i * i > x)),
    "the index or nothing": ("""
        function search(x)
            for i in 1:20
                i * i == x && return i
            end
            nothing
        end
        f(x) = (i = search(x); isnothing(i) ? -1 : i)""",
                             lambda x: next((i for i in range(1, 20) if i * i == x), -1)),
    "a while that never ends but by return": ("""
        function f(x)
            i = 0
            while true
                i += 1
                if i * i > x
                    return i
                end
            end
        end""", lambda x: next(i for i in range(1, 100) if i * i > x)),
}


@pytest.mark.parametrize("name", SCALARS)
def test_scalars(staged, name):
    source, formula = SCALARS[name]
    f = staged(source, "f(x::Int)" if name != "if inside while" else "f(n::Int)")
    for x in (1, 2, 5, 9):
        (found,) = f(np.int64(x))
        if formula is not None:
            assert found == formula(x)


ARRAYS = {
    "elements": ("function f(x) s = zero(eltype(x)); for v in x; s += v * v; end; s end",
                 lambda x: (x * x).sum()),
    "index": ("function f(x) s = 0f0; for i in eachindex(x); s += i * x[i]; end; s end",
              lambda x: (x * np.arange(1, len(x) + 1)).sum()),
    "symbolic count": ("function f(x) s = 0f0; for i in 1:length(x); s += x[i]; end; s end",
                       lambda x: x.sum()),
    "reversed": ("function f(x) s = 0f0; for i in length(x):-1:1; s = s / 2 + x[i]; end; s end", None),
    "steps": ("function f(x) s = 0f0; for i in 1:2:length(x); s += x[i]; end; s end",
              lambda x: x[::2].sum()),
    "zip": ("function f(x) s = 0f0; for (a, b) in zip(x, 2x); s += a * b; end; s end",
            lambda x: (2 * x * x).sum()),
    "pairs": ("function f(x) s = 0f0; for (i, a) in pairs(x); s += i * a; end; s end",
              lambda x: (x * np.arange(1, len(x) + 1)).sum()),
    "Iterators.reverse": ("function f(x) s = 0f0; for v in Iterators.reverse(x); s = s / 2 + v; end; s end",
                          None),
    "enumerate": ("function f(x) s = 0f0; for (i, a) in enumerate(x); s += i * a; end; s end",
                  lambda x: (x * np.arange(1, len(x) + 1)).sum()),
    "writes": ("""
        function f(x)
            y = zero(x)
            for i in 1:length(x)
                y[i] = x[i] * i
            end
            y
        end""", lambda x: x * np.arange(1, len(x) + 1)),
    "cumulative sum": ("""
        function f(x)
            y = copy(x)
            for i in 2:length(y)
                y[i] += y[i - 1]
            end
            y
        end""", np.cumsum),
    "break": ("""
        function f(x)
            s = 0f0
            for v in x
                v < 0 && break
                s += v
            end
            s
        end""", None),
    "return": ("function f(x) for (i, v) in enumerate(x); v < 0 && return i; end; 0 end",
               lambda x: next((i + 1 for i, v in enumerate(x) if v < 0), 0)),
    "an array carried": ("""
        function f(x)
            h = zeros(Float32, 3)
            for v in x
                h = tanh.(h .+ v)
            end
            h
        end""", None),
    "an array in place": ("""
        function f(x)
            h = zeros(Float32, 3)
            for v in x
                h .= tanh.(h .+ v)
                h[2] *= 2
            end
            h
        end""", None),
    "a loop in a loop": ("""
        function f(x)
            s = 0f0
            for i in 1:length(x), j in 1:i
                s += x[i] * x[j]
            end
            s
        end""", None),
    "rank grows in the first iteration": ("""
        function f(x)
            h = 1f0
            for v in x
                h = h .+ [v, 2v]
            end
            sum(h)
        end""", None),
    "maximum by hand": ("""
        function f(x)
            best = x[1]
            for v in x
                if v > best
                    best = v
                end
            end
            best
        end""", np.max),
}


@pytest.mark.parametrize("size", ["5", "N"])
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(staged, name, size):
    source, formula = ARRAYS[name]
    f = staged(source, f"f(x::Float32[{size}])")
    for n in (5,) if size == "5" else (1, 2, 5):
        for x in (np.arange(1, n + 1), np.array([3, 1, -2, 4, -1])[:n]):
            x = x.astype(np.float32)
            (found,) = f(x)
            if formula is not None:
                np.testing.assert_allclose(found, formula(x), rtol=1e-5)
    assert size == "5" or "loop" in f.operations()


MATRICES = {
    "columns": ("function f(x) s = zeros(Float32, 2); for c in eachcol(x); s = tanh.(s .+ c); end; s end",
                None),
    "rows": ("function f(x) s = 0f0; for r in eachrow(x'); s += r[1] * s + r[2]; end; s end", None),
    "slices": ("function f(x) s = 0f0; for c in eachslice(x; dims = 2); s = s / 2 + sum(c); end; s end",
               None),
    "columns with their numbers": (
        "function f(x) s = zero(x[:, 1]); for (i, c) in enumerate(eachcol(x)); s += i * c; end; s end",
        lambda x: (x * np.arange(1, len(x) + 1)[:, None]).sum(0)),
    "zipped columns": ("""
        function f(x)
            s = 0f0
            for (a, b) in zip(eachcol(x), eachcol(2x))
                s += sum(a .* b)
            end
            s
        end""", lambda x: (2 * x * x).sum()),
    "columns by index": (
        "function f(x) s = zeros(Float32, 2); for t in 1:size(x, 2); s = tanh.(s .+ x[:, t]); end; s end",
        None),
    "columns written": ("""
        function f(x)
            y = zero(x)
            for t in axes(x, 2)
                y[:, t] .= x[:, t] .* t
                y[1, t] += 1
            end
            y
        end""", lambda x: x * np.arange(1, len(x) + 1)[:, None] + [1, 0]),
    "columns collected": ("""
        function f(x)
            h = zeros(Float32, 2)
            y = zeros(Float32, 2, 0)
            for c in eachcol(x)
                h = tanh.(h .+ c)
                y = hcat(y, h)
            end
            y
        end""", None),
    "columns changed in place": ("""
        function f(x)
            y = copy(x)
            for c in eachcol(y)
                c .*= 2
            end
            y
        end""", lambda x: 2 * x),
}


@pytest.mark.parametrize("name, size", [(name, size) for name in MATRICES for size in ("6", "T")
                                        if name != "columns changed in place" or size == "6"])
def test_matrices(staged, name, size):
    source, formula = MATRICES[name]
    f = staged(source, f"f(x::Float32[2, {size}])")
    for count in (6,) if size == "6" else (1, 3):
        x = np.sin(np.arange(2 * count)).reshape(count, 2).astype(np.float32)
        (found,) = f(x)
        if formula is not None:
            np.testing.assert_allclose(found, formula(x), rtol=1e-5)
    assert "loop" in f.operations() or name == "columns changed in place"


def test_graphs_do_not_grow_with_trip_counts(staged):
    source = "function f(x) s = x; for i in 1:{}; s = sin(s) + i; end; s end"
    short, long = (staged(source.format(n), "f(x::Float32)") for n in (10, 1000))
    assert short.operations() == long.operations()
    short(np.float32(0.5))
    long(np.float32(0.5))


def test_short_loops_are_unrolled(staged):
    f = staged("function f(x) s = x; for i in 1:4; s = sin(s) + i; end; s end", "f(x::Float32)")
    assert "loop" not in f.operations()
    f(np.float32(1))


def test_loops_over_different_things_are_unrolled(staged):
    f = staged("""
        const fs = (sin, cos, tanh, x -> 2x, x -> x * x, x -> x + 1)
        function f(x)
            for i in 1:6
                x = fs[i](x)
            end
            for g in fs
                x = g(x)
            end
            x
        end""", "f(x::Float32)")
    assert "loop" not in f.operations()
    f(np.float32(0.3))


ERRORS = {
    "a type that changes in each iteration": (
        "function f(x) y = (x,); for i in 1:length(x); y = (y, 1); end; y[1] end", "y"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(staged, name):
    source, text = ERRORS[name]
    with pytest.raises(WeberError) as caught:
        staged(source, "f(x::Float32[N])")
    assert text in caught.value.message and caught.value.location is not None


@pytest.mark.parametrize("x", [0.5, 1.5, 3.0])
def test_an_array_made_anew_behind_an_early_return(staged, x):
    """The array is made in the arm that goes on, and carried from there to the next iteration."""
    f = staged("""
        function f(x)
            u = [x, 0.25]
            w = 0
            while w < 7 && u[1] > 0.125
                w += 1
                if x > 2
                    return Float64(w)
                end
                u = u .* tanh(u[1])
            end
            sum(u)
        end""", "f(x::Float64)")
    u, w = np.array([x, 0.25]), 0
    while w < 7 and u[0] > 0.125:
        u, w = u * np.tanh(u[0]), w + 1
    np.testing.assert_allclose(f(np.float64(x))[0], 1.0 if x > 2 else u.sum(), rtol=1e-12)
