"""Arrays that a loop makes longer side by side and uses together: keys and values, times and measurements."""

import numpy as np
import pytest
import weber

SOURCE = """
using Flux

function attend(x)
    keys, values, total = zeros(3, 0), zeros(3, 0), 0.0
    for t in 1:size(x, 2)
        keys, values = hcat(keys, x[:, t]), hcat(values, 2 .* x[:, t])
        total += sum(values * softmax(keys' * x[:, t]))
    end
    return total
end

function attend_with_cache(x)
    cache, total = (keys = Vector{Float64}[], values = Vector{Float64}[]), 0.0
    for v in eachcol(x)
        push!(cache.keys, v)
        push!(cache.values, 2v)
        keys, values = reduce(hcat, cache.keys), reduce(hcat, cache.values)
        total += sum(values * softmax(keys' * v))
    end
    return total + sum(reduce(hcat, cache.keys) .* reduce(hcat, cache.values))
end

function uneven_cache(x)
    keys, values, total = [x[:, 1]], [x[:, 1]], 0.0
    for v in eachcol(x)
        push!(keys, v)
        v[1] > 0 && push!(values, v)
        total += sum(reduce(hcat, keys) .* reduce(hcat, values))
    end
    return total
end

function weighted(x)
    times, measured, total = Float64[], Float64[], 0.0
    for (t, v) in enumerate(x)
        push!(times, 0.1t)
        push!(measured, v^2)
        total += sum(times .* measured)
        t >= 6 && break
    end
    return total
end

function uneven(x)
    a, b, total = Float64[], Float64[], 0.0
    for v in x
        push!(a, v)
        v > 0 && push!(b, v)
        total += sum(a .* b)
    end
    return total
end

@export attention(xs::Vector{Float64[3, T]}) = map(attend, xs)
@export slopes(xs::Vector{Float64[3, T]}) = map(x -> gradient(attend, x)[1], xs)
@export attention_with_cache(xs::Vector{Float64[3, T]}) = map(attend_with_cache, xs)
@export slopes_with_cache(xs::Vector{Float64[3, T]}) = map(x -> gradient(attend_with_cache, x)[1], xs)
@export different_caches(x::Float64[3, T]) = uneven_cache(x)
@export sums(xs::Vector{Float64[T]}) = map(weighted, xs)
@export different(x::Float64[T]) = uneven(x)
"""


def attend(x):
    total = 0.0
    for t in range(len(x)):
        weights = np.exp(x[:t + 1] @ x[t])
        total += (2 * x[:t + 1] * (weights / weights.sum())[:, None]).sum()
    return total


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("together") / "program.jl"
    path.write_text(SOURCE, encoding="utf-8")
    return weber.load(path)


def test_columns(program):
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(size, 3)) for size in (4, 0, 7, 1)]
    np.testing.assert_allclose(program.attention(xs), [attend(x) for x in xs], rtol=1e-12)
    for x, slope in zip(xs, program.slopes(xs), strict=True):
        for place in np.ndindex(x.shape):
            step = np.zeros_like(x)
            step[place] = 1e-6
            np.testing.assert_allclose(slope[place], (attend(x + step) - attend(x - step)) / 2e-6, atol=1e-6)


def test_vectors_of_arrays(program):
    rng = np.random.default_rng(2)
    xs = [rng.normal(size=(size, 3)) for size in (4, 7, 1)]
    expected = [attend(x) + (2 * x * x).sum() for x in xs]
    np.testing.assert_allclose(program.attention_with_cache(xs), expected, rtol=1e-12)
    for x, slope, other in zip(xs, program.slopes_with_cache(xs), program.slopes(xs), strict=True):
        np.testing.assert_allclose(slope, other + 4 * x, rtol=1e-10)


def test_numbers(program):
    rng = np.random.default_rng(1)
    xs = [rng.normal(size=size) for size in (3, 9, 0)]
    expected = [sum((0.1 * np.arange(1, t + 1) * x[:t]**2).sum() for t in range(1, min(6, len(x)) + 1))
                for x in xs]
    np.testing.assert_allclose(program.sums(xs), expected, rtol=1e-12)


def test_arrays_that_do_not_grow_alike(program):
    with pytest.raises(weber.WeberError, match="sizes|size|longer"):
        program.different(np.ones(3))
    with pytest.raises(weber.WeberError, match="sizes|size|longer"):
        program.different_caches(np.ones((4, 3)))
