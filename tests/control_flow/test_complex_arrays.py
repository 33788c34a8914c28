"""Arrays of complex numbers that only the graph knows: transforms, products, places written to. Values
against numpy, gradients against central differences."""

import numpy as np
import pytest
import weber

WEIGHTS = "(y -> sum(abs2.(y) .* (1:length(y))))"


def weighted(spectrum):
    return np.sum(np.abs(spectrum) ** 2 * np.arange(1, len(spectrum) + 1))


def circuit(angles):
    state, hadamard = np.array([1, 0], complex), np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    for angle in angles:
        state = np.exp(np.array([-1j, 1j]) * angle / 2) * (hadamard @ state)
    return (state.conj() @ (hadamard @ state)).real


def overlap(x):
    spectrum = np.fft.fft(x)
    return (spectrum.conj() @ np.fft.fft(spectrum)).real + np.linalg.norm(spectrum)


PROGRAMS = {
    "fast transform by recursion": (f"""
        function transform(x)
            n = length(x)
            n == 1 && return x
            even, odd = transform(x[1:2:end]), transform(x[2:2:end])
            t = [cis(-2π * k / n) for k in 0:n÷2-1] .* odd
            return [even .+ t; even .- t]
        end
        f(x) = {WEIGHTS}(transform(complex.(x)))
        """, lambda x: weighted(np.fft.fft(x))),
    "fast transform in place": (f"""
        function transform!(X)
            n, j = length(X), 0
            for i in 1:n-1
                bit = n >> 1
                while j & bit != 0
                    j ⊻= bit
                    bit >>= 1
                end
                j ⊻= bit
                if i < j
                    X[i+1], X[j+1] = X[j+1], X[i+1]
                end
            end
            len = 2
            while len <= n
                for i in 1:len:n, k in 0:len÷2-1
                    u, v = X[i+k], X[i+k+len÷2] * cis(-2π * k / len)
                    X[i+k], X[i+k+len÷2] = u + v, u - v
                end
                len <<= 1
            end
            X
        end
        f(x) = {WEIGHTS}(transform!(complex.(x)))
        """, lambda x: weighted(np.fft.fft(x))),
    "transform by a matrix": ("""
        using LinearAlgebra
        function f(x)
            n = length(x)
            F = [cis(-2π * j * k / n) for j in 0:n-1, k in 0:n-1]
            y = F * x
            real(dot(y, F * y)) + norm(y)
        end
        """, overlap),
    "a circuit of gates": ("""
        function f(angles)
            H = [1 1; 1 -1] / sqrt(2)
            state = [1.0 + 0im, 0.0im]
            for angle in angles
                state = [exp(-im * angle / 2), exp(im * angle / 2)] .* (H * state)
            end
            real(state' * (H * state))
        end
        """, circuit),
    "roots of a cubic": ("""
        function f(p)
            z = [cis(2π * k / 3 + 0.4) for k in 0:2]
            for _ in 1:60, i in 1:3
                q, d = evalpoly(z[i], (p[3], p[2], p[1], 1.0)), 1.0 + 0im
                for j in 1:3
                    if j != i
                        d *= z[i] - z[j]
                    end
                end
                z[i] -= q / d
            end
            sum(abs2, z) + p[4]
        end
        """, lambda p: np.sum(np.abs(np.roots([1, *p[:3]])) ** 2) + p[3]),
}
X = np.array([1.0, -0.5, 2.0, 0.3])


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(tmp_path, name):
    source, expected = PROGRAMS[name]
    path = tmp_path / "program.jl"
    path.write_text(f"""
        using Flux
        {source}
        @export one(x::Float64[4]) = f(x)
        @export slope(x::Float64[4]) = gradient(f, x)[1]
        @export many(x::Vector{{Float64[4]}}) = map(f, x)
        """, encoding="utf-8")
    module = weber.load(path)
    for entry in ("one", "slope", "many"):
        module.compile(entry)
    np.testing.assert_allclose(module.one(X), expected(X), rtol=1e-9)
    steps = 1e-6 * np.eye(4)
    central = [(expected(X + step) - expected(X - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(module.slope(X), central, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(module.many([X, X[::-1]]), [expected(X), expected(X[::-1])], rtol=1e-9)
