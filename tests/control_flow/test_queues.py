"""Arrays of which nothing says before a loop how long they get: queues, stacks, lists that end on a
condition, lists of parts of which each iteration knows the size."""

import re
from collections import deque

import numpy as np
import pytest
import weber

rng = np.random.default_rng(0)


def graph(nodes, density=0.3):
    return (rng.random((nodes, nodes)) < density).astype(np.int64)


GRAPHS = [(graph(6), 2), (graph(1), 1), (np.ones((4, 4), np.int64), 3), (graph(30, 0.06), 7)]


def breadth_first(matrix, start):
    """The matrix as numpy has it: [v, u] tells whether there is an edge from u to v."""
    distances, queue = {start - 1: 0}, deque([start - 1])
    while queue:
        u = queue.popleft()
        for v in np.flatnonzero(matrix[:, u]):
            if v not in distances:
                distances[v] = distances[u] + 1
                queue.append(v)
    return [distances.get(v, -1) for v in range(len(matrix))]


def depth_first(matrix, start):
    order = []

    def visit(u):
        if u not in order:
            order.append(u)
            for v in np.flatnonzero(matrix[:, u - 1]):
                visit(v + 1)

    visit(start)
    return order


def hofstadter(limit):
    x = [1, 1]
    while x[-1] < limit:
        x.append(x[-x[-1]] + x[-x[-2]])
    return x


def collatz(n):
    x = [n]
    while x[-1] != 1:
        x.append(3 * x[-1] + 1 if x[-1] % 2 else x[-1] // 2)
    return x[len(x) // 2], len(x)


def sieve(count):
    primes = [n for n in range(2, 100) if all(n % k for k in range(2, n))]
    return primes[:count]


def shortest(weights, start):
    """By relaxing all edges, as often as there are nodes."""
    distances = np.full(len(weights), np.inf)
    distances[start - 1] = 0
    for _ in weights:
        through = np.where(weights > 0, weights + distances, np.inf)  # [v, u]: to v by u
        distances = np.minimum(distances, through.min(1))
    return distances


def floods(grid):
    """Distances on a grid from its corner, down and to the right."""
    distances = np.full(grid.shape, -1)
    front = {(0, 0)}
    for distance in range(grid.size):
        for place in front:
            distances[place] = distance
        front = {(i + a, j + b) for i, j in front for a, b in ((0, 1), (1, 0))}
        front = {(i, j) for i, j in front if i < len(grid) and j < len(grid[0])
                 and grid[i, j] == 0 and distances[i, j] < 0}
    return distances


def postfix(tokens):
    """Numbers and operators, which are negative numbers, the least the weakest: by recursion."""
    if len(tokens) == 1:
        return [tokens[0]]
    weakest = min(tokens[1::2])
    place = max(k for k in range(1, len(tokens), 2) if tokens[k] == weakest)
    return [*postfix(tokens[:place]), *postfix(tokens[place + 1:]), weakest]


PROGRAMS = {
    "breadth first": ("""
        function f(A, s)
            n = size(A, 1)
            distance = fill(-1, n)
            distance[s] = 0
            q = [s]
            while !isempty(q)
                u = popfirst!(q)
                for v in 1:n
                    if A[u, v] > 0 && distance[v] < 0
                        distance[v] = distance[u] + 1
                        push!(q, v)
                    end
                end
            end
            distance
        end""", "A::Int[N, N], s::Int", GRAPHS, breadth_first),
    "depth first": ("""
        function f(A, s)
            n = size(A, 1)
            seen, order, stack = falses(n), Int[], [s]
            while !isempty(stack)
                u = pop!(stack)
                seen[u] && continue
                seen[u] = true
                push!(order, u)
                for v in n:-1:1
                    A[u, v] > 0 && !seen[v] && push!(stack, v)
                end
            end
            order
        end""", "A::Int[N, N], s::Int", GRAPHS, depth_first),
    "elements further back": ("""
        function f(limit)
            x = [1, 1]
            while x[end] < limit
                n = length(x) + 1
                push!(x, x[n - x[n - 1]] + x[n - x[n - 2]])
            end
            x
        end""", "limit::Int", [(1,), (20,), (3,), (60,)], hofstadter),
    "what was there before": ("""
        function f(count)
            primes, n = Int[], 2
            while length(primes) < count
                if all(p -> n % p != 0, primes)
                    push!(primes, n)
                end
                n += 1
            end
            primes
        end""", "count::Int", [(5,), (0,), (20,)], sieve),
    "Collatz": ("""
        function f(n)
            x = [n]
            while x[end] != 1
                push!(x, iseven(x[end]) ? x[end] ÷ 2 : 3x[end] + 1)
            end
            x[length(x) ÷ 2 + 1], length(x)
        end""", "n::Int", [(27,), (1,), (8,)], collatz),
    "merged by two pointers": ("""
        function f(a, b)
            c, i, j = Float64[], 1, 1
            while i <= length(a) && j <= length(b)
                if a[i] <= b[j]
                    push!(c, a[i])
                    i += 1
                else
                    push!(c, b[j])
                    j += 1
                end
            end
            append!(c, a[i:end])
            append!(c, b[j:end])
            c
        end""", "a::Float64[N], b::Float64[M]",
        [(np.sort(rng.normal(size=n)), np.sort(rng.normal(size=m))) for n, m in
         ((5, 3), (0, 2), (0, 0), (1, 0), (2, 7))], lambda a, b: np.sort(np.concatenate([a, b]))),
    "columns": ("""
        function f(x)
            columns = hcat(x, 2 .* x)
            while sum(columns[:, end]) < 100
                columns = hcat(columns, columns[:, end] .+ columns[:, end ÷ 2])
            end
            columns
        end""", "x::Float64[3]", [([1., 2, 3],), ([50., 50, 50],), ([.1, .1, .2],)], None),
    "two queues": ("""
        function f(x)
            low, high, n = [x], [x], 0
            while n < 40 && !(isempty(low) && isempty(high))
                if !isempty(low)
                    v = popfirst!(low)
                    v > 1 && append!(high, [v ÷ 2, v ÷ 3])
                else
                    v = pop!(high)
                    v > 1 && pushfirst!(low, v - 1)
                end
                n += 1
            end
            low, high, n
        end""", "x::Int", [(9,), (1,), (30,)], None),
    "repeated": ("""
        function f(values, counts)
            y = Float64[]
            for (v, n) in zip(values, counts)
                append!(y, fill(v, n))
            end
            y
        end""", "values::Float64[N], counts::Int[N]",
        [(rng.normal(size=n), rng.integers(0, 5, n)) for n in (4, 1, 9, 0)], np.repeat),
    "inner loops": ("""
        function f(n)
            y = Int[]
            for i in 1:length(n), j in 1:n[i]
                push!(y, 10i + j)
            end
            y
        end""", "n::Int[N]", [([3, 0, 2],), ([0],), ([1, 1, 1, 7],), ([],)],
        lambda n: [10 * i + j for i, m in enumerate(n, 1) for j in range(1, m + 1)]),
    "inner loops that end on a condition": ("""
        function f(n)
            y = Int[]
            for x in n
                while x > 0
                    push!(y, x % 10)
                    x ÷= 10
                end
            end
            y
        end""", "n::Int[N]", [([345, 0, 2],), ([0],), ([100, 1, 1, 98765],), ([],)],
        lambda n: [int(digit) for x in n if x for digit in str(x)[::-1]]),
    "tuples in a queue": ("""
        function f(grid)
            n, m = size(grid)
            distance = fill(-1, n, m)
            distance[1, 1] = 0
            queue = [(1, 1)]
            while !isempty(queue)
                i, j = popfirst!(queue)
                for (a, b) in ((0, 1), (1, 0))
                    k, l = i + a, j + b
                    if k <= n && l <= m && grid[k, l] == 0 && distance[k, l] < 0
                        distance[k, l] = distance[i, j] + 1
                        push!(queue, (k, l))
                    end
                end
            end
            distance
        end""", "grid::Int[N, M]",
        [([[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]],), ([[0]],), (np.zeros((4, 5), np.int64),)],
        lambda grid: floods(np.asarray(grid))),
    "a queue with priorities": ("""
        function f(W, s)
            d = fill(Inf, size(W, 1))
            d[s] = 0
            queue = [(0.0, s)]
            while !isempty(queue)
                sort!(queue)
                c, u = popfirst!(queue)
                c > d[u] && continue
                for v in 1:size(W, 1)
                    if W[u, v] > 0 && c + W[u, v] < d[v]
                        d[v] = c + W[u, v]
                        push!(queue, (d[v], v))
                    end
                end
            end
            d
        end""", "W::Float64[N, N], s::Int",
        [(rng.random((n, n)) * graph(n, 0.4), s) for n, s in ((6, 2), (1, 1), (9, 4))], shortest),
    "a heap of tuples": ("""
        function f(x)
            h = Tuple{Float64, Int}[]
            for (k, v) in enumerate(x)
                push!(h, (v, k))
                i = length(h)
                while i > 1 && h[i ÷ 2] > h[i]
                    h[i], h[i ÷ 2] = h[i ÷ 2], h[i]
                    i ÷= 2
                end
            end
            order = Int[]
            while !isempty(h)
                push!(order, h[1][2])
                last = pop!(h)
                isempty(h) && break
                h[1] = last
                i = 1
                while 2i <= length(h)
                    c = 2i
                    if c < length(h) && h[c + 1] < h[c]
                        c += 1
                    end
                    h[i] <= h[c] && break
                    h[i], h[c] = h[c], h[i]
                    i = c
                end
            end
            order
        end""", "x::Float64[N]", [(rng.normal(size=n),) for n in (7, 1, 12)], lambda x: np.argsort(x) + 1),
    "tuples put in their places": ("""
        function f(x)
            sorted = Tuple{Float64, Int}[]
            for (k, v) in enumerate(x)
                i = 1
                while i <= length(sorted) && sorted[i][1] < v
                    i += 1
                end
                insert!(sorted, i, (v, k))
                length(sorted) > 5 && deleteat!(sorted, length(sorted))
            end
            [k for (v, k) in sorted]
        end""", "x::Float64[N]", [(rng.normal(size=n),) for n in (7, 1, 12)],
        lambda x: np.argsort(x)[:5] + 1),
    "arms that add what only they know": ("""
        function f(tokens)
            out, operators = Int[], Int[]
            for t in tokens
                if t > 0
                    push!(out, t)
                else
                    while !isempty(operators) && operators[end] >= t
                        push!(out, pop!(operators))
                    end
                    push!(operators, t)
                end
            end
            while !isempty(operators)
                push!(out, pop!(operators))
            end
            out
        end""", "tokens::Int[N]", [([3, -2, 2],), ([1],), ([1, -2, 3, -1, 4, -2, 5, -2, 6],)], postfix),
    "a path, or none": ("""
        function f(A, s, t)
            parent = zeros(Int, size(A, 1))
            parent[s] = s
            queue = [s]
            while !isempty(queue)
                u = popfirst!(queue)
                u == t && break
                for v in 1:size(A, 1)
                    if A[u, v] > 0 && parent[v] == 0
                        parent[v] = u
                        push!(queue, v)
                    end
                end
            end
            parent[t] == 0 && return Int[]
            path = [t]
            while path[1] != s
                pushfirst!(path, parent[path[1]])
            end
            path
        end""", "A::Int[N, N], s::Int, t::Int",
        [(np.eye(5, k=-1, dtype=int), 2, 5), (np.eye(3), 1, 3), (graph(8), 2, 7), (graph(1), 1, 1)], None),
    "an adaptive integral": ("""
        function f(x, tolerance)
            stack, total = [(0.0, x)], 0.0
            while !isempty(stack)
                a, b = pop!(stack)
                m = (a + b) / 2
                if b - a < tolerance
                    total += cos(m) * (b - a)
                else
                    push!(stack, (a, m), (m, b))
                end
            end
            round(total; digits = 2)
        end""", "x::Float64, tolerance::Float64", [(3., .1), (2., .05), (.1, .2)],
        lambda x, tolerance: round(np.sin(x), 2)),
}


def signature(arguments, of):
    """Parameters with each type put into `of`."""
    return re.sub(r"::(\w+(\[.*?\])?)", lambda match: "::" + of.format(match[1]), arguments)


def typed(arguments, example):
    types = re.findall(r"::(Int|Float64)", arguments)
    return [np.asarray(value, np.int64 if type_ == "Int" else np.float64)
            for value, type_ in zip(example, types, strict=True)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_one(staged, name):
    source, arguments, examples, formula = PROGRAMS[name]
    f = staged(source, f"f({arguments})")
    for example in examples:
        found = f(*typed(arguments, example))
        if formula is not None:
            expected = formula(*example)
            for one, other in zip(found, expected if isinstance(expected, tuple) else [expected]):
                np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("name", PROGRAMS)
def test_many(tmp_path, name):
    source, arguments, examples, _ = PROGRAMS[name]
    names = ", ".join(re.findall(r"(\w+)::", arguments))
    path = tmp_path / "program.jl"
    path.write_text(f"{source}\n@export many({signature(arguments, 'Vector{{{}}}')}) = map(f, {names})")
    module = weber.load(path)
    assert all(remark.endswith("computed together") for remark in module.compile("many").remarks)
    examples = [typed(arguments, example) for example in examples]
    for batch in (examples, examples[:1]):
        for found, example in zip(module.many(*map(list, zip(*batch))), batch, strict=True):
            expected = module.f(*[value.copy() for value in example])
            for one, other in zip(*(value if isinstance(value, tuple) else (value,)
                                    for value in (found, expected)), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-12)


GRADIENTS = {
    "a list that ends on a condition": ("""
        function f(x)
            y = [1, x]
            while y[end] < 50
                n = length(y)
                push!(y, y[n] * x + sin(y[n ÷ 2 + 1]))
            end
            sum(y .^ 2)
        end""", [1.3, 2.5, 1.1, 70]),
    "a queue": ("""
        function f(x)
            queue, total = [x], 0.0
            while !isempty(queue)
                v = popfirst!(queue)
                if abs(v) < 0.5
                    total += sin(v) * v
                else
                    push!(queue, 0.6v)
                    push!(queue, 0.1v * x)
                end
            end
            total
        end""", [2.3, 1, 0.2, 3]),
    "parts": ("""
        function f(x)
            y = Float64[]
            for i in 1:7
                n = floor(Int, abs(i * x)) % 4
                append!(y, fill(x^i, n))
                for j in 1:n
                    push!(y, y[end] * x)
                end
            end
            sum(y .* (1:length(y)))
        end""", [0.7, -0.43, 1.1, 0.05]),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(tmp_path, name):
    source, points = GRADIENTS[name]
    path = tmp_path / "program.jl"
    path.write_text(f"""using Flux, Zygote
        {source}
        @export value(x::Float64) = f(x)
        @export slope(x::Float64) = gradient(f, x)[1]
        @export forward(x::Float64) = pushforward(f, x)(1.0)
        @export slopes(xs::Vector{{Float64}}) = map(x -> gradient(f, x)[1], xs)
        @export total(xs::Vector{{Float64}}, a::Float64) = gradient(a -> sum(x -> f(a * x), xs), a)[1]""")
    module, step = weber.load(path), 1e-6
    points = np.array(points, np.float64)
    expected = [(module.value(x + step) - module.value(x - step)) / (2 * step) for x in points]
    np.testing.assert_allclose([module.slope(x) for x in points], expected, rtol=1e-6)
    np.testing.assert_allclose([module.forward(x) for x in points], expected, rtol=1e-6)
    np.testing.assert_allclose(module.slopes(points), expected, rtol=1e-6)
    np.testing.assert_allclose(module.total(points, 1.0), np.sum(points * expected), rtol=1e-6)
