"""Functions of integers that only the graph knows, against Python's own."""

import math

import numpy as np
import pytest
import weber

PAIRS = [(12, 18), (7, 0), (0, 0), (-4, 6), (1, 100), (2**40, 6**12)]
BITS = [1, 8, 9, 0, -4, -1, 2**62 + 5, -2**63, 2**63 - 1]


def unsigned(n, bits=64):
    return format(n % 2**bits, f"0{bits}b")


def binomial(n, k):
    if k < 0:
        return 0
    return math.comb(n, k) if n >= 0 else (-1)**k * math.comb(k - n - 1, k)


def digits(n, base):
    found, rest = [], abs(n)
    while rest:
        found.append(rest % base if n > 0 else -(rest % base))
        rest //= base
    return found + [0] * (4 - len(found))


FUNCTIONS = {
    "gcd(a, b), lcm(a, b), gcd(a, b, 9)": (
        "a::Int, b::Int", PAIRS, lambda a, b: [math.gcd(a, b), math.lcm(a, b), math.gcd(a, b, 9)]),
    "factorial(n)": ("n::Int", [(0,), (5,), (20,)], lambda n: [math.factorial(n)]),
    "binomial(n, k)": ("n::Int, k::Int",
                       [(0, 0), (5, 2), (62, 31), (66, 33), (5, 7), (5, -1), (-3, 2), (-3, 3)],
                       lambda n, k: [binomial(n, k)]),
    "powermod(x, p, m)": ("x::Int, p::Int, m::Int",
                          [(3, 200, 13), (2, 0, 7), (5, -1, 7), (-3, 3, 10), (5, 3, 1)],
                          lambda x, p, m: [pow(x, p, m)]),
    "invmod(x, m)": ("x::Int, m::Int", [(3, 7), (10, 13), (-3, 7)], lambda x, m: [pow(x, -1, m)]),
    "nextpow(2, x), prevpow(3, x)": (
        "x::Int", [(1,), (8,), (9,), (1000,)],
        lambda x: [2**next(k for k in range(99) if 2**k >= x),
                   3**next(k for k in range(99) if 3**(k + 1) > x)]),
    "ldexp(x, n)": ("x::Float64, n::Int", [(1.5, 3), (-2., -4), (3., 0), (1., 1000), (1e-300, 1030)],
                    lambda x, n: [math.ldexp(x, n)]),
    "exponent(x), significand(x), ispow2(x)": (
        "x::Float64", [(1.,), (-3.7,), (1e-5,), (1023.999,), (2.0**-30,), (1e300,)],
        lambda x: [math.frexp(x)[1] - 1, 2 * math.frexp(x)[0], math.frexp(x)[0] == 0.5]),
    "isqrt(n)": ("n::Int", [(n,) for n in (0, 1, 8, 9, 10**18, 10**18 - 1, 2**63 - 1, 3037000499**2 - 1)],
                 lambda n: [math.isqrt(n)]),
    "isprime(n)": ("n::Int", [(n,) for n in (-3, 0, 1, 2, 3, 4, 9, 25, 97, 7919)],
                   lambda n: [n > 1 and all(n % k for k in range(2, n))]),
    "ispow2(n)": ("n::Int", [(n,) for n in BITS], lambda n: [n > 0 and unsigned(n).count("1") == 1]),
    "count_ones(n), count_zeros(n), leading_zeros(n), trailing_zeros(n)": (
        "n::Int", [(n,) for n in BITS],
        lambda n: [unsigned(n).count("1"), unsigned(n).count("0"), 64 - len(unsigned(n).lstrip("0")),
                   64 - len(unsigned(n).rstrip("0"))]),
    "count_ones(n), leading_zeros(n), trailing_zeros(n)": (
        "n::Int16", [(n,) for n in (1, 12, 0, -4, 2**15 - 1)],
        lambda n: [unsigned(n, 16).count("1"), 16 - len(unsigned(n, 16).lstrip("0")),
                   16 - len(unsigned(n, 16).rstrip("0"))]),
    "digits(n; base = 3, pad = 4), ndigits(n)": (
        "n::Int", [(0,), (123,), (-45,), (100,)],
        lambda n: [digits(n, 3), len(str(abs(n)))]),
    "real(cispi(x)), imag(cispi(x))": ("x::Float64", [(0.25,), (-1.3,), (0.5,)],
                                       lambda x: [np.cos(np.pi * x), np.sin(np.pi * x)]),
    "gcd.(x, 12), count_ones.(x)": (
        "x::Int[N]", [([1, 2, 3, 4, 6, 12, 100],), ([8],)],
        lambda x: [np.gcd(x, 12), [n.bit_count() for n in x]]),
    "gcd(length(x), 6), nextpow(2, length(x)), isqrt(length(x))": (
        "x::Int[N]", [([1] * 9,), ([1] * 4,)], lambda x: [math.gcd(len(x), 6), len(x) // 9 * 12 + 4,
                                                          math.isqrt(len(x))]),
}
TYPES = {"Int": np.int64, "Float64": np.float64, "Int16": np.int16}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(staged, name):
    arguments, examples, formula = FUNCTIONS[name]
    names = ", ".join(part.partition("::")[0] for part in arguments.split(", "))
    types = [TYPES[part.partition("::")[2].removesuffix("[N]")] for part in arguments.split(", ")]
    f = staged(f"f({names}) = {name}", f"f({arguments})")
    for example in examples:
        found = f(*[np.asarray(value, type_) for value, type_ in zip(example, types, strict=True)])
        for one, other in zip(found, formula(*example), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-14, atol=1e-15)


def test_for_each_example(tmp_path):
    path = tmp_path / "program.jl"
    path.write_text("""
        using Flux
        reduced(a, b) = (d = gcd(a, b); (a ÷ d, b ÷ d, binomial(a, 2), powermod(a, b, 11)))
        @export many(a::Vector{Int}, b::Vector{Int}) = map(reduced, a, b)
        @export slopes(x::Vector{Float64}, n::Vector{Int}) =
            map((x, n) -> gradient(x -> ldexp(x, n)^2 * factorial(n), x)[1], x, n)""")
    module = weber.load(path)
    a, b = [12, 7, 100, 2], [18, 3, 75, 9]
    assert [list(map(int, row)) for row in module.many(np.array(a), np.array(b))] == [
        [x // math.gcd(x, y), y // math.gcd(x, y), math.comb(x, 2), pow(x, y, 11)] for x, y in zip(a, b)]
    x, n = np.array([0.5, 2, -1]), np.array([3, 0, 5])
    expected = 2 * x * 4.0**n * [math.factorial(k) for k in n]
    np.testing.assert_allclose(module.slopes(x, n), expected, rtol=1e-12)
