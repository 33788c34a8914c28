"""Arrays whose size only the graph knows: what conditions add in loops, what they choose, what loops read of
an array that grows."""

import numpy as np
import pytest
from weber import WeberError

f32 = np.float32
VECTORS = [np.array(v, f32) for v in ([3, 1, -2, 4, -1], [-1, -2], [5], [])]


def kept(x):
    return x[x > 0]


def running(x, step):
    """The list that a loop over x makes: `step(y, v)` changes y."""
    y = []
    for v in x:
        step(y, float(v))
    return np.array(y, f32)


def after(start, step):
    return lambda x: running([*start, *x], lambda y, v: y.append(v) if len(y) < len(start) else step(y, v))


GROWTH = {
    "push! on a condition": ("y = Float32[]; for v in x; if v > 0; push!(y, v) end; end; y", kept),
    "push! behind continue": ("y = Float32[]; for v in x; v < 0 && continue; push!(y, v); end; y", kept),
    "push! behind break": ("y = Float32[]; for v in x; v < 0 && break; push!(y, v); end; y",
                           lambda x: x[:np.argmax([*(x < 0), True])]),
    "brackets on a condition": ("y = Float32[]; for v in x; y = v > 0 ? [y; v] : y; end; y", kept),
    "append! on a condition": ("y = Float32[]; for v in x; v > 0 && append!(y, [v, 1]); end; y",
                               lambda x: np.stack([kept(x), np.ones_like(kept(x))], 1).reshape(-1)),
    "pushfirst! on a condition": ("y = Float32[]; for v in x; v > 0 && pushfirst!(y, v); end; y",
                                  lambda x: kept(x)[::-1]),
    "several in an iteration": (
        "y = Float32[]; for v in x; if v > 0; push!(y, v); push!(y, 2v) else push!(y, v) end; end; y",
        lambda x: np.array([w for v in x for w in ([v, 2 * v] if v > 0 else [v])], f32)),
    "one of two vectors": (
        "a = Float32[]; b = Float32[]; for v in x; v > 0 ? push!(a, v) : push!(b, v); end; [b; a]",
        lambda x: np.concatenate([x[x <= 0], kept(x)])),
    "loops in loops": (
        "y = Float32[]; for v in x; for w in x; if v > w; push!(y, v * w) end; end; end; y",
        lambda x: np.array([v * w for v in x for w in x if v > w], f32)),
    "indices kept, then used": (
        "a = Int[]; for (i, v) in enumerate(x); v > 0 && push!(a, i); end; "
        "x[a]", kept),
    "what was not seen before": (
        "y = Float32[]; for v in x; if !(abs(v) in y); push!(y, abs(v)) end; end; y",
        lambda x: np.array(list(dict.fromkeys(map(abs, x.tolist()))), f32)),
    "vectors of objects": ("""
        ys = []
        for (i, v) in enumerate(x)
            v > 0 && push!(ys, (v, i))
            push!(ys, (2v, 0))
        end
        s = 0f0
        for (a, b) in ys
            s = s / 2 + a + b
        end
        [s]""", None),
    "a field of a struct": (
        "b = Log(Float32[]); for v in x; v > 0 && push!(b.values, v); end; b.values", kept),
    "outside of loops": ("y = Float32[1]; if sum(x) > 0; push!(y, 2) else push!(y, 3); push!(y, 4) end; y",
                         lambda x: np.array([1, 2] if x.sum() > 0 else [1, 3, 4], f32)),
}

READS = {
    "length": ("y = Float32[1]; for v in x; push!(y, v + length(y)); end; y",
               after([1], lambda y, v: y.append(v + len(y)))),
    "isempty": ("y = Float32[]; for v in x; push!(y, isempty(y) ? 9v : v + y[end]); end; y",
                lambda x: running(x, lambda y, v: y.append(v + y[-1] if y else 9 * v))),
    "the last but one": ("y = Float32[1, 2]; for v in x; push!(y, v * y[end - 1] + last(y)); end; y",
                         after([1, 2], lambda y, v: y.append(v * y[-2] + y[-1]))),
    "an element by its index": ("y = Float32[1]; for i in 1:length(x); push!(y, x[i] + y[i]); end; y",
                                after([1], lambda y, v: y.append(v + y[-1]))),
    "all": ("y = Float32[1]; for v in x; push!(y, v + sum(y)); end; y",
            after([1], lambda y, v: y.append(v + sum(y)))),
    "the first, of what grows at the front": (
        "y = Float32[1]; for v in x; pushfirst!(y, v + y[1]); end; y",
        lambda x: np.concatenate([[1], 1 + np.cumsum(x)]).astype(f32)[::-1]),
    "columns": (
        "y = ones(Float32, 2, 1); for v in x; y = hcat(y, y[:, end] .+ sum(y) .* v); end; "
        "y[1, :]", None),
    "length, on a condition": (
        "y = Float32[]; for v in x; if v > 0; push!(y, v * length(y)) end; end; y",
        lambda x: kept(x) * np.arange(len(kept(x)))),
    "the last, on a condition": (
        "y = Float32[1]; for v in x; if v > 0; push!(y, v + y[end]) end; end; y",
        lambda x: np.concatenate([[1], 1 + np.cumsum(kept(x))])),
    "all, on a condition": ("""
        y = Float32[1]
        s = 0f0
        for v in x
            if v > 0
                push!(y, v)
                push!(y, 2v)
            end
            s += sum(y) + y[end] * length(y)
        end
        [s]""", None),
}

CHOICES = {
    "a comprehension": ("[2v for v in x if v > 0]", lambda x: 2 * kept(x)),
    "a typed comprehension over indices": ("Float32[x[i] for i in eachindex(x) if x[i] > 0 && isodd(i)]",
                                           lambda x: x[::2][x[::2] > 0]),
    "a comprehension of two loops": ("[a * b for a in x, b in x if a > b]",
                                     lambda x: np.array([a * b for b in x for a in x if a > b])),
    "a comprehension in a comprehension": (
        "[a * i for (i, a) in enumerate(x) if a > 0 for j in 1:i if isodd(j)]",
        lambda x: np.array([a * i for i, a in enumerate(x, 1) if a > 0 for j in range(1, i + 1, 2)])),
    "chosen again and again": ("""
        y = copy(x)
        while length(y) > 1
            z = y[y .> sum(y) / length(y)]
            isempty(z) && break
            y = z
        end
        y""", lambda x: x if len(x) < 2 else np.array([x.max()])),
    "filter": ("filter(>(0), x)", kept),
    "filter!": ("(y = copy(x); filter!(>(0), y); y)", kept),
    "a mask": ("x[x .> 0]", kept),
    "a mask twice": ("(m = x .> 0; x[m] .+ (2 .* x)[x .> 0])", lambda x: 3 * kept(x)),
    "findall": ("findall(>(0), x)", lambda x: np.flatnonzero(x > 0) + 1),
    "unique": ("unique(abs.(x) .% 3)", lambda x: np.array(list(dict.fromkeys((abs(x) % 3).tolist())), f32)),
    "findfirst": ("(i = findfirst(>(2), x); [i === nothing ? 0 : i])",
                  lambda x: np.array([next((k + 1 for k, v in enumerate(x) if v > 2), 0)])),
    "findlast": ("[something(findlast(x .> 0), 0)]",
                 lambda x: np.array([max([k + 1 for k, v in enumerate(x) if v > 0], default=0)])),
    "findnext": ("(i = findnext(>(0), x, 2); [isnothing(i) ? 0 : i])",
                 lambda x: np.array([next((k + 1 for k, v in enumerate(x) if v > 0 and k > 0), 0)])),
    "written through a mask": ("(y = copy(x); y[y .> 0] .*= 2; y)", lambda x: np.where(x > 0, 2 * x, x)),
    "whether any is left": ("[isempty(x[x .> 4]) ? 1 : 2]", lambda x: np.array([2 if (x > 4).any() else 1])),
    "sorted": ("sort(x[x .> 0])", lambda x: np.sort(kept(x))),
}


def check(staged, body, formula):
    f = staged(f"struct Log values end; function f(x) {body} end", "f(x::Float32[N])")
    for x in VECTORS:
        (found,) = f(x)
        if formula is not None:
            np.testing.assert_allclose(found, formula(x), rtol=1e-6)


@pytest.mark.parametrize("name", GROWTH)
def test_growth(staged, name):
    check(staged, *GROWTH[name])


@pytest.mark.parametrize("name", READS)
def test_reads_of_what_grows(staged, name):
    check(staged, *READS[name])


@pytest.mark.parametrize("name", CHOICES)
def test_choices(staged, name):
    check(staged, *CHOICES[name])


INTEGERS = {
    "while": (
        "y = Int[]; while x != 1; iseven(x) && push!(y, x); x = iseven(x) ? x ÷ 2 : 3x + 1; end; "
        "y", None),
    "decoding": ("y = [1]; while y[end] < 100 && length(y) < 10; push!(y, 3y[end] + x); end; y", None),
    "Fibonacci": ("y = [1, 1]; for i in 3:x; push!(y, y[i - 1] + y[i - 2]); end; y", None),
    "a sieve": ("y = Int[]; for n in 2:4x; all(p -> n % p != 0, y) && push!(y, n); end; y",
                lambda x: [n for n in range(2, 4 * x + 1) if all(n % k for k in range(2, n))]),
}


@pytest.mark.parametrize("name", INTEGERS)
def test_integers(staged, name):
    body, formula = INTEGERS[name]
    f = staged(f"function f(x) {body} end", "f(x::Int)")
    for x in (3, 7, 10):
        (found,) = f(np.int64(x))
        assert formula is None or found.tolist() == formula(x)


def test_cartesian_indices(staged):
    f = staged("""
        function f(x)
            i = findfirst(>(2), x)
            y = zero(x)
            for I in CartesianIndices(x)
                y[I] = x[I] * I[1]
            end
            y, [x[j] * j[2] for j in findall(x .> 0)], i === nothing ? 0 : 10i[1] + i[2]
        end""", "f(x::Float32[2, N])")
    x = np.array([[1, -2], [0.5, 3], [4, -1]], f32)
    written, found, first = f(x)
    np.testing.assert_allclose(written, x * [1, 2])
    np.testing.assert_allclose(found, [1, 1, 6, 12])
    assert first == 22
    f(np.zeros((0, 2), f32))


ERRORS = {
    "a size of two kinds": ("sum(x) > 0 ? x : reshape(x, 1, :)", "it must have one type and size"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(staged, name):
    source, text = ERRORS[name]
    with pytest.raises(WeberError) as caught:
        staged(f"f(x) = {source}", "f(x::Float32[N])")
    assert text in caught.value.message and caught.value.location is not None


OBJECTS = {
    "their length": ("ys = []; for v in x; v > 0 && push!(ys, (v, 1)); end; [length(ys)]",
                     lambda x: [len(kept(x))]),
    "one that an iteration makes": ("""
        s = 0
        for v in x
            ys = []
            v > 0 && push!(ys, (v, 1))
            s += length(ys) + isempty(ys)
        end
        [s]""", lambda x: [len(x)]),
    "outside of loops": ("ys = [(1f0, 2)]; sum(x) > 3 && push!(ys, (x[1], 3)); [length(ys), sum(last, ys)]",
                         lambda x: [2, 5] if x.sum() > 3 else [1, 2]),
    "chosen": ("ys = sum(x) > 3 ? [(x[1], 1)] : [(2f0, 2), (3f0, 4)]; [last(y) for y in ys]",
               lambda x: [1] if x.sum() > 3 else [2, 4]),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_vectors_of_objects(staged, name):
    check(staged, *OBJECTS[name])
