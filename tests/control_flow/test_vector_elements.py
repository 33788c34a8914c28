"""Elements of vectors that only the graph knows: read, replaced, and written into; who shares them.

Julia's meaning in plain Python: the lists and arrays of the expected values share memory as in Julia."""

import numpy as np
import pytest
import weber
from weber import WeberError

X = (np.array([3.0, 1.25, 2.0, 0.5, -1.5]), np.array([1.1, -2.0]))


def swapped(x):
    pairs = [(v, i + 1) for i, v in enumerate(x)]
    for i in range(len(pairs) - 1):
        if pairs[i][0] > pairs[i + 1][0]:
            pairs[i], pairs[i + 1] = pairs[i + 1], pairs[i]
    return sum(v * number * (i + 1) for i, (v, number) in enumerate(pairs))


def history(x):
    state, states = np.array([0.5, 0.25]), []
    for v in x:
        state = np.tanh(state + v)
        states.append(state)
    return sum(s[0] * (t + 1) + s[1] for t, s in enumerate(states)) + state.sum()


def products(x):
    rows = [np.array([x[0], 1.0])]
    for v in x[1:]:
        rows.append(rows[-1] * v)
    return np.sum(rows)


def forward(x):
    table = np.zeros((len(x), 3))
    table[0] = x[0]
    for t in range(1, len(x)):
        for j in range(3):
            table[t, j] = table[t - 1, j] * x[t] + (table[t, j - 1] if j else 0.0)
    return table[-1, 2] + table[0].sum()


def counts(x):
    sums, numbers = np.zeros(3), np.zeros(3)
    for v in x:
        place = 0 if v > 1 else 1 if v > 0 else 2
        sums[place] += v
        numbers[place] += 1
    return sums[0] / max(numbers[0], 1) + sums[1] * numbers[2]


def running(x):
    rows = np.stack([x, 2 * x], 1)
    rows *= 2
    rows[:, 0] += np.arange(1, len(x) + 1)
    return rows.sum()


def scaled_columns(x):
    return 2 * x.sum() + 6 * x[0]


PROGRAMS = {
    "two elements swapped": ("""
        function f(x)
            pairs = [(x[i], i) for i in 1:length(x)]
            for i in 1:length(pairs)-1
                if pairs[i][1] > pairs[i+1][1]
                    pairs[i], pairs[i+1] = pairs[i+1], pairs[i]
                end
            end
            sum(v * number * i for (i, (v, number)) in enumerate(pairs))
        end""", swapped),
    "a history": ("""
        function f(x)
            states = [zeros(2) for t in 1:length(x)]
            s = [0.5, 0.25]
            for t in 1:length(x)
                s = tanh.(s .+ x[t])
                states[t] = s
            end
            sum(states[t][1] * t + states[t][2] for t in 1:length(x)) + sum(s)
        end""", history),
    "a vector without contents": ("""
        function f(x)
            rows = Vector{Vector{Float64}}(undef, length(x))
            rows[1] = [x[1], 1.0]
            for t in 2:length(x)
                rows[t] = rows[t-1] .* x[t]
            end
            sum(sum, rows)
        end""", products),
    "places of an element": ("""
        function f(x)
            table = [zeros(3) for t in 1:length(x)]
            table[1] .= x[1]
            for t in 2:length(x), j in 1:3
                table[t][j] = table[t-1][j] * x[t] + (j > 1 ? table[t][j-1] : 0.0)
            end
            table[end][3] + sum(table[1])
        end""", forward),
    "an element that has a name": ("""
        function f(x)
            table = [zeros(3) for t in 1:length(x)]
            table[1] .= x[1]
            for t in 2:length(x)
                before, now = table[t-1], table[t]
                for j in 1:3
                    now[j] = before[j] * x[t] + (j > 1 ? now[j-1] : 0.0)
                end
            end
            table[end][3] + sum(table[1])
        end""", forward),
    "objects of the host at a staged index": ("""
        function f(x)
            buckets = [zeros(2), zeros(2), zeros(2)]
            for v in x
                place = v > 1 ? 1 : v > 0 ? 2 : 3
                buckets[place][1] += v
                buckets[place][2] += 1
            end
            buckets[1][1] / max(buckets[1][2], 1) + buckets[2][1] * buckets[3][2]
        end""", counts),
    "replaced in one arm": ("""
        struct Bucket; sum; number; end
        function f(x)
            buckets = [Bucket(0.0, 0) for _ in 1:3]
            for v in x
                place = v > 1 ? 1 : v > 0 ? 2 : 3
                old = buckets[place]
                if v != 0
                    buckets[place] = Bucket(old.sum + v, old.number + 1)
                end
            end
            buckets[1].sum / max(buckets[1].number, 1) + buckets[2].sum * buckets[3].number
        end""", counts),
    "what a loop runs over": ("""
        function f(x)
            rows = [[v, 2v] for v in x]
            for row in rows
                row .*= 2
            end
            for (i, row) in enumerate(rows)
                row[1] += i
            end
            sum(sum, rows)
        end""", running),
    "columns of a matrix": ("""
        function f(x)
            A = reshape(copy(x), 1, :)
            for c in eachcol(A)
                c .*= 2
            end
            A[1, 1] * 3 + sum(A)
        end""", scaled_columns),
    "added and then changed": ("""
        function f(x)
            rows = [zeros(2)]
            for v in x
                row = rows[end] .+ v
                push!(rows, row)
                row .*= 2
            end
            sum(rows[end])
        end""", lambda x: 2 * sum(v * 2 ** (len(x) - i) for i, v in enumerate(x))),
    "replaced while it has a name": ("""
        function f(x)
            rows = [[v, 1.0] for v in x]
            first = rows[1]
            rows[1] = [5.0, 6.0]
            first .*= 3
            first[1] + sum(sum, rows)
        end""", lambda x: 3 * x[0] + 11 + x[1:].sum() + len(x) - 1),
    "put there and then changed": ("""
        function f(x)
            rows = [[v, 1.0] for v in x]
            mine = [x[2], 6.0]
            rows[1] = mine
            mine .*= 3
            mine[1] + sum(sum, rows)
        end""", lambda x: 6 * x[1] + 18 + x[1:].sum() + len(x) - 1),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(staged, name):
    source, expected = PROGRAMS[name]
    one = staged(source, "f(x::Float64[N])")
    slope = staged(f"using Flux\n{source}\ng(x) = gradient(f, x)[1]", "g(x::Float64[N])")
    for x in X:
        np.testing.assert_allclose(one(x)[0], expected(x), rtol=1e-12)
        steps = 1e-6 * np.eye(len(x))
        central = [(expected(x + step) - expected(x - step)) / 2e-6 for step in steps]
        np.testing.assert_allclose(slope(x, host=False)[0], central, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", PROGRAMS)
def test_batches(tmp_path, name):
    source, expected = PROGRAMS[name]
    path = tmp_path / "batch.jl"
    path.write_text(f"{source}\n@export many(x::Vector{{Float64[N]}}) = map(f, x)", encoding="utf-8")
    module = weber.load(path)
    module.compile("many")
    np.testing.assert_allclose(module.many(list(X)), [expected(x) for x in X], rtol=1e-12)


ERRORS = {
    "an array that was among the elements": ("""
        function f(x)
            a = [x[1], 1.0]
            rows = [a, [x[2], 2.0]]
            rows[x[1] > 0 ? 1 : 2] .*= 3
            a[1]
        end""", "changed by way of the vector"),
    "one of two elements": ("""
        function f(x)
            rows = [[v, 1.0] for v in x]
            row = x[1] > 2 ? rows[1] : rows[2]
            row .= 0
            sum(sum, rows)
        end""", "cannot be read after one of them was changed"),
    "an element that leaves a loop": ("""
        function f(x)
            rows = [[v, 1.0] for v in x]
            row = rows[1]
            for i in 2:length(x)
                if x[i] > 0
                    row = rows[i]
                end
            end
            row .= 0
            sum(sum, rows)
        end""", "cannot be read after one of them was changed"),
    "an element carried to the next iteration": ("""
        function f(x)
            rows = [[v, 1.0] for v in x]
            row = zeros(2)
            for i in 1:length(x)
                row .+= 1
                row = rows[i]
            end
            sum(sum, rows)
        end""", "cannot be read after one of them was changed"),
    "one array added again and again": ("""
        function f(x)
            rows = []
            row = zeros(2)
            for v in x
                row .+= v
                push!(rows, row)
            end
            sum(sum, rows)
        end""", "add a copy"),
    "one array put everywhere": ("""
        function f(x)
            rows = [zeros(2) for _ in x]
            row = zeros(2)
            for i in 1:length(x)
                row .+= x[i]
                rows[i] = row
            end
            sum(sum, rows)
        end""", "a copy of it"),
    "vectors with elements in common": ("""
        function f(x)
            rows = [[v, 2v] for v in x]
            others = reverse(rows)
            rows[1] .+= 1
            sum(sum, others)
        end""", "changed by way of the vector"),
    "elements of different sizes": ("""
        function f(x)
            rows = [x[1:i] for i in 1:length(x)]
            rows[1] .+= 1
            sum(sum, rows)
        end""", "may hold an array that was changed"),
    "unlike the others": ("""
        function f(x)
            rows = [[v, 2v] for v in x]
            rows[1] = [x[1]]
            sum(sum, rows)
        end""", "of one type, and arrays of one size"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(staged, name):
    source, text = ERRORS[name]
    with pytest.raises(WeberError) as caught:
        staged(source, "f(x::Float64[N])")
    assert text in caught.value.message and caught.value.location is not None
