"""Arrays that a loop makes longer or shorter, against plain formulas."""

import numpy as np
import pytest


def patience(x):
    """The last cards of the piles of patience sorting."""
    piles = []
    for v in x:
        k = int(np.searchsorted(piles, v))
        piles[k:k + 1] = [v]
    return np.array(piles)


GROWTH = {
    "push!": ("function f(x) y = Float32[]; for v in x; push!(y, 2v); end; y end", lambda x: 2 * x),
    "replaced or added": ("""
        function f(x)
            y = Float32[]
            for v in x
                k = searchsortedfirst(y, v)
                k > length(y) ? push!(y, v) : (y[k] = v)
            end
            y
        end""", lambda x: patience(x)),
    "push! behind what is there": (
        "function f(x) y = [1f0, 2f0]; for v in x; push!(y, v); push!(y, -v); end; y end",
        lambda x: np.concatenate([[1, 2], np.stack([x, -x], 1).reshape(-1)])),
    "pushfirst!": ("function f(x) y = Float32[7]; for v in x; pushfirst!(y, v); end; y end",
                   lambda x: np.concatenate([x[::-1], [7]])),
    "append!": ("function f(x) y = Float32[]; for v in x; append!(y, [v, 1]); end; y end",
                lambda x: np.stack([x, np.ones_like(x)], 1).reshape(-1)),
    "brackets": ("function f(x) y = [x[1]]; for v in x; y = [y; v]; end; y end",
                 lambda x: np.concatenate([x[:1], x])),
    "an untyped vector in brackets": ("function f(x) y = []; for v in x; y = [y; [2v]]; end; y end",
                                      lambda x: 2 * x),
    "hcat": ("function f(x) y = zeros(Float32, 2, 0); for v in x; y = hcat(y, [v, 2v]); end; y end",
             lambda x: np.stack([x, 2 * x], 1)),
    "hcat of the first": ("function f(x) y = [x[1], 0]; for v in x; y = hcat(y, [v, 2v]); end; y end",
                          lambda x: np.concatenate([[[x[0], 0]], np.stack([x, 2 * x], 1)])),
    "vcat of rows": ("function f(x) y = zeros(Float32, 0, 2); for v in x; y = vcat(y, [v 2v]); end; y end",
                     lambda x: np.stack([x, 2 * x], 0)),
    "its length": ("function f(x) y = [1f0]; for v in x; push!(y, length(y) * v, length(y)); end; y end",
                   lambda x: np.concatenate([[1], np.stack([x, np.ones_like(x)], 1).reshape(-1)
                                             * np.repeat(2 * np.arange(len(x)) + 1, 2)])),
    "columns counted": ("""
        function f(x)
            y = zeros(Float32, 2, 0)
            for v in x
                y = hcat(y, [v, size(y, 2)])
            end
            y
        end""", lambda x: np.stack([x, np.arange(len(x))], 1)),
    "arrays counted": ("""
        function f(x)
            ys = []
            for v in x
                push!(ys, [v, length(ys)])
            end
            stack(ys)
        end""", lambda x: np.stack([x, np.arange(len(x))], 1)),
    "until it is long enough": ("""
        function f(x)
            y = Float32[]
            while length(y) < length(x) / 2 + x[1]
                push!(y, 2 * length(y))
            end
            y
        end""", lambda x: 2 * np.arange(np.ceil(len(x) / 2 + x[0]))),
    "the last element": ("function f(x) y = [1f0]; for v in x; push!(y, v + y[end]); end; y end",
                         lambda x: np.concatenate([[1], 1 + np.cumsum(x)])),
    "the last elements": (
        "function f(x) y = [1f0]; for v in x; push!(y, v + last(y)); push!(y, 2y[end]); end; y end", None),
    "the last column": ("""
        function f(x)
            y = ones(Float32, 2, 1)
            for v in x
                y = hcat(y, tanh.(y[:, end] .+ v))
            end
            y
        end""", None),
    "a state beside it": ("""
        function f(x)
            y = Float32[]; s = 0f0
            for v in x
                s = tanh(s + v)
                push!(y, s)
            end
            y
        end""", None),
}


GROWTH |= {
    "a vector of arrays": ("""
        function f(x)
            ys = []
            h = zeros(Float32, 2)
            for v in x
                h = tanh.(h .+ v)
                push!(ys, h)
            end
            stack(ys)
        end""", None),
    "a vector of arrays reduced": ("""
        function f(x)
            ys = Vector{Float32}[]
            for v in x
                push!(ys, [v, 2v])
            end
            reduce(hcat, ys)
        end""", lambda x: np.stack([x, 2 * x], 1)),
    "a vector of arrays in brackets": ("""
        function f(x)
            ys = []
            h = zeros(Float32, 2)
            for v in x
                h = tanh.(h .+ v)
                ys = [ys; [h]]
            end
            stack(ys; dims = 2)
        end""", None),
    "numbers in a vector without type": ("function f(x) ys = []; for v in x; push!(ys, 2v); end; sum(ys) end",
                                         lambda x: 2 * x.sum()),
    "tuples": ("""
        function f(x)
            ys = []
            for v in x
                push!(ys, (v, [v, 1]))
            end
            sum(a * b[1] for (a, b) in ys)
        end""", lambda x: (x * x).sum()),
    "arrays behind a first one": ("""
        function f(x)
            ys = [[1f0, 2f0]]
            for v in x
                push!(ys, [v, v])
            end
            sum(sum, ys)
        end""", lambda x: 3 + 2 * x.sum()),
}


GROWTH |= {
    "arrays that are read": ("""
        function f(x)
            hs = [zeros(Float32, 2)]
            for (t, v) in enumerate(x)
                push!(hs, tanh.(hs[end] .+ v .- hs[max(1, t - 2)]))
            end
            sum(sum, hs) + sum(hs[end] .* hs[2])
        end""", None),
    "all arrays so far": ("""
        function f(x)
            memory, h = Vector{Float32}[], zeros(Float32, 2)
            for v in x
                c = isempty(memory) ? zeros(Float32, 2) : sum(memory) ./ length(memory)
                h = tanh.(h .- c .+ [v, 2v])
                push!(memory, h)
            end
            reduce(hcat, memory)
        end""", None),
    "a stack of arrays": ("""
        function f(x)
            stack = Vector{Float32}[]
            for v in x
                push!(stack, [v, 1])
                if length(stack) > 1 && sin(v) > 0
                    b = pop!(stack); a = pop!(stack)
                    push!(stack, a .* b .+ a)
                end
            end
            sum(sum, stack) + 10 * length(stack)
        end""", None),
    "tuples sorted, the best of them kept": ("""
        function f(x)
            beam = [(0f0, 0)]
            for (t, v) in enumerate(x)
                candidates = Tuple{Float32,Int}[]
                for (score, last) in beam, k in 1:3
                    push!(candidates, (score + sin(k * v) - (k == last), k))
                end
                sort!(candidates; by = first, rev = true)
                beam = candidates[1:2]
            end
            beam[1][1] + beam[2][2]
        end""", None),
    "one of two elements": (
        "function f(x) y = Float32[]; for v in x; if v > 2; push!(y, v); else; push!(y, -v); end; end; y end",
        lambda x: np.where(x > 2, x, -x)),
    "runs and their lengths": ("""
        function f(x)
            y = Float32[]; counts = Int[]
            for v in x .÷ 2
                if !isempty(y) && y[end] == v
                    counts[end] += 1
                else
                    push!(y, v); push!(counts, 1)
                end
            end
            [y; counts]
        end""", lambda x: np.concatenate(np.unique(x // 2, return_counts=True))),
    "a stack": ("""
        function f(x)
            stack = Float32[]
            for v in x
                push!(stack, v)
                if length(stack) == 3
                    b = pop!(stack); a = pop!(stack)
                    push!(stack, a * b)
                end
            end
            stack
        end""", lambda x: {1: [1], 3: [1, 6], 6: [1, 720]}[len(x)]),
    "a queue": ("""
        function f(x)
            queue = [0f0]
            for v in x
                queue = [queue[2:end]; v; queue[1] + v]
            end
            queue
        end""", None),
    "a window": ("""
        function f(x)
            window, s = Float32[], 0f0
            for v in x
                push!(window, v)
                length(window) > 2 && popfirst!(window)
                s += sum(window) / length(window)
            end
            s
        end""", lambda x: sum(x[max(0, k - 1):k + 1].mean() for k in range(len(x)))),
    "elements sorted in": ("""
        function f(x)
            y = Float32[]
            for v in x
                w = sin(3v)
                k = 1
                while k <= length(y) && y[k] < w
                    k += 1
                end
                insert!(y, k, w)
            end
            y
        end""", lambda x: np.sort(np.sin(3 * x))),
    "the largest taken out": ("""
        function f(x)
            rest, y = sin.(3 .* x), Float32[]
            for _ in x
                k = argmax(rest)
                push!(y, rest[k])
                deleteat!(rest, k)
            end
            y
        end""", lambda x: np.sort(np.sin(3 * x))[::-1]),
    "elements written over": ("""
        function f(x)
            y = Float32[]
            for (k, v) in enumerate(x)
                push!(y, v)
                y[1] += v
                y[k] *= 2
            end
            y
        end""", None),
    "emptied": ("""
        function f(x)
            part, y = Float32[], Float32[]
            for v in x
                push!(part, v)
                if sum(part) > 4
                    push!(y, sum(part))
                    empty!(part)
                end
            end
            sum(y) + 100 * length(part)
        end""", lambda x: {1: 100, 3: 6, 6: 21}[len(x)]),
}


@pytest.mark.parametrize("size", ["6", "N"])
@pytest.mark.parametrize("name", GROWTH)
def test_growth(staged, name, size):
    source, formula = GROWTH[name]
    f = staged(source, f"f(x::Float32[{size}])")
    for n in (6,) if size == "6" else (1, 3):
        x = np.arange(1, n + 1).astype(np.float32)
        (found,) = f(x)
        if formula is not None:
            np.testing.assert_allclose(found, formula(x), rtol=1e-6)
    assert "loop" in f.operations()
