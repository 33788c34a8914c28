"""Sizes and indices that only the graph knows."""

import numpy as np
import pytest
from weber import WeberError

PROGRAMS = {
    "zeros": ("function f(n, x) y = zeros(Float32, n); y .+= 2; sum(y) end", lambda n, x: 2 * n),
    "an array of a staged size as a result": ("f(n, x) = fill(x[1], n)", lambda n, x: np.full(n, x[0])),
    "a part": ("f(n, x) = sum(x[1:n])", lambda n, x: x[:n].sum()),
    "a part from the end": ("f(n, x) = x[end-n+1:end]", lambda n, x: x[len(x) - n:]),
    "a window": ("f(n, x) = sum([x; 0][n:n+1] .* [1, 2])",
                 lambda n, x: x[n - 1] + 2 * (x[n] if n < len(x) else 0)),
    "a window set": ("function f(n, x) y = [x; x]; y[n:n+1] = [7, 8]; y[n+2:n+3] .= 9; y end",
                     lambda n, x: np.concatenate([x, x])[:n - 1].tolist() + [7, 8, 9, 9]
                     + np.concatenate([x, x])[n + 3:].tolist()),
    "windows in a loop": ("""
        function f(n, x)
            s = 0f0
            for i in 1:length(x)-2
                s += sum(x[i:i+2] .* [1, 2, 3])
            end
            s
        end""", lambda n, x: sum(x[i] + 2 * x[i + 1] + 3 * x[i + 2] for i in range(len(x) - 2))),
    "a reversed part": ("f(n, x) = x[n:-1:1]", lambda n, x: x[:n][::-1]),
    "a range as an array": ("f(n, x) = sum((1:n) .* 2)", lambda n, x: n * (n + 1)),
    "a part by its places": ("f(n, x) = sum(x[1:n] .* (1:n))",
                             lambda n, x: (x[:n] * np.arange(1, n + 1)).sum()),
    "an array by its places": ("f(n, x) = sum(x .* (1:length(x)))",
                               lambda n, x: (x * np.arange(1, len(x) + 1)).sum()),
    "an array by places of another type": ("f(n, x) = sum(x .* (0.5f0 .* (1:length(x))))",
                                           lambda n, x: (x * np.arange(1, len(x) + 1)).sum() / 2),
    "two arrays of one staged size": ("f(n, x) = sum(zeros(n) .+ fill(2.0, n))", lambda n, x: 2 * n),
    "two parts of one size": ("f(n, x) = x[1:n] .- x[2:n+1]", lambda n, x: x[:n] - x[1:n + 1]),
    "numbers evenly spaced": ("f(n, x) = range(0f0, 1f0; length = length(x)) .* x",
                              lambda n, x: np.linspace(0, 1, len(x)) * x),
    "a staged number of them": ("f(n, x) = sum(range(1, n; length = n + 1))",
                                lambda n, x: np.linspace(1, n, n + 1).sum()),
    "extremes of ranges": ("f(n, x) = [maximum(1:n), minimum(length(x):-1:n), sum(1:n), isempty(n:1)]",
                           lambda n, x: np.array([n, n, n * (n + 1) // 2, n > 1])),
    "functions of a size": ("f(n, x) = [isodd(length(x)) ? 1.0 : 2.0, sqrt(length(x)), length(x)^2]",
                            lambda n, x: np.array([2 - len(x) % 2, len(x) ** 0.5, len(x) ** 2])),
    "an index": ("f(n, x) = x[n]", lambda n, x: x[n - 1]),
    "an index of several": ("f(n, x) = x[[n, 1, n]]", lambda n, x: x[[n - 1, 0, n - 1]]),
    "an element set": ("function f(n, x) y = copy(x); y[n] = 5; y[n] += 1; y end",
                       lambda n, x: np.where(np.arange(len(x)) == n - 1, 6, x)),
    "an index from the end": ("f(n, x) = x[end - n + 1]", lambda n, x: x[len(x) - n]),
    "a column": ("function f(n, x) A = reshape(x[1:4], 2, 2); c = (n > 1 ? 2 : 1); A[:, c] end",
                 lambda n, x: x[2:4] if n > 1 else x[:2]),
    "a column set": ("function f(n, x) A = zeros(Float32, 2, 4); A[:, n] .= x[1]; A[1, n] = 3; A end",
                     lambda n, x: np.where(np.arange(4)[:, None] == n - 1, [[3, x[0]]], 0)),
    "elements added to": ("function f(n, x) A = ones(Float32, 2, 4); A[2, n] += x[1]; A end",
                          lambda n, x: 1 + (np.arange(4)[:, None] == n - 1) * np.array([[0, x[0]]])),
    "a size that decides": ("f(n, x) = length(x) > 5 ? sum(x) : prod(x)",
                            lambda n, x: x.sum() if len(x) > 5 else x.prod()),
    "a size that is known to be positive enough": ("f(n, x) = length(x) + 1 == length(x) ? 0 : 1",
                                                   lambda n, x: 1),
    "a vector of as many as a loop finds": ("""
        function f(n, x)
            y = Float32[]
            i = 1
            while i <= n
                push!(y, x[i])
                i += 1
            end
            y
        end""", lambda n, x: x[:n]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(staged, name):
    source, formula = PROGRAMS[name]
    f = staged(source, "f(n::Int, x::Float32[N])")
    for n, size in ((1, 4), (3, 5), (4, 7)):
        x = np.arange(2, size + 2).astype(np.float32)
        (found,) = f(np.int64(n), x)
        np.testing.assert_allclose(found, formula(n, x), rtol=1e-6)


def test_recursion_on_a_staged_condition(staged):
    with pytest.raises(WeberError, match="recursion"):
        staged("f(n) = n < 2 ? n : f(n - 1) + f(n - 2)", "f(n::Int)")


QUOTIENTS = {  # Julia's functions in Python, where `//` goes down and `%` has the sign of the divisor
    "div": lambda a, b: int(a / b),
    "rem": lambda a, b: a - b * int(a / b),
    "fld": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "cld": lambda a, b: -(-a // b),
    "mod1": lambda a, b: (a - 1) % b + 1,
}


@pytest.mark.parametrize("name", QUOTIENTS)
def test_quotients_of_sizes(staged, name):
    """Of both signs, by divisors of both signs; the size is that of an argument of which nothing else is
    used."""
    cases = [(s, c, b) for s in (1, -1, 2) for c in (0, 1, -1) for b in (-3, 2, 3)]
    f = staged(f"f(x) = [{name}(s * length(x) + c, b) for (s, c, b) in {cases}]", "f(x::Float32[N])")
    for size in (0, 1, 2, 5, 6):
        expected = [QUOTIENTS[name](s * size + c, b) for s, c, b in cases]
        np.testing.assert_array_equal(f(np.zeros(size, np.float32))[0], expected)


def test_a_function_without_a_form_for_sizes(staged):
    with pytest.raises(WeberError, match="no method matching nextfloat"):
        staged("f(x) = nextfloat(length(x) / 2)", "f(x::Float32[N])")


def test_a_size_divided_by_zero(staged):
    with pytest.raises(WeberError, match="DivideError"):
        staged("f(x) = mod(length(x), 0)", "f(x::Float32[N])")


FUNCTIONS_OF_SIZES = {
    "isodd(n)": lambda n: n % 2 == 1,
    "iseven(n + 1)": lambda n: n % 2 == 1,
    "isone(n) + 2 * iszero(n - 2)": lambda n: (n == 1) + 2 * (n == 2),
    "n === 3": lambda n: n == 3,
    "3 !== n": lambda n: n != 3,
    "cmp(n, 3)": lambda n: np.sign(n - 3),
    "n ≈ 3": lambda n: n == 3,
    "n in 2:4": lambda n: 2 <= n <= 4,
    "n in (1, 3)": lambda n: n in (1, 3),
    "3 in 1:n": lambda n: n >= 3,
    "clamp(n, 2, 4)": lambda n: min(max(n, 2), 4),
    "float(n) / 2": lambda n: n / 2,
    "isinteger(n)": lambda n: True,
    "checkbounds(Bool, [7, 8, 9], n)": lambda n: n <= 3,
    "isempty(1:n-1)": lambda n: n == 1,
    "sum(n:-1:1)": lambda n: n * (n + 1) // 2,
    "maximum(n:-1:1) + minimum(n:n+2)": lambda n: 2 * n,
    "sum(n)": lambda n: n,
    "1:n == 1:3": lambda n: n == 3,
    "UInt8(n) + 0": lambda n: n,
}


@pytest.mark.parametrize("text", FUNCTIONS_OF_SIZES)
def test_functions_of_sizes(staged, text):
    f = staged(f"f(x) = (n = length(x); {text})", "f(x::Float32[N])")
    for n in (1, 2, 3, 5):
        np.testing.assert_array_equal(f(np.zeros(n, np.float32))[0], FUNCTIONS_OF_SIZES[text](n))
