"""`return`, `break` and `continue` inside of expressions, `finally`, iterators of staged loops and what they
carry, against the host."""

import numpy as np
import pytest
from weber import WeberError

f32 = np.float32

SCALARS = {
    "return from a conditional": "y = x > 0 ? (return 1) : 2; y + 5",
    "return from an argument": "y = abs(x > 0 ? x : return 7f0); 2y",
    "or return": "y = (x > 0 || return 7); y ? 1 : 0",
    "nested": "y = x > 0 ? (x > 1 ? (return 10) : 5) : 2; y + 1",
    "two in one statement": "y = +((x > 0 || return 1; x), (x > 2 && return 3; 2x)); y",
    "in the condition of an if": "if (x > 0 || return 7) && x < 3; return 1 end; 2",
    "in an index": "y = zeros(Float32, 2); y[x > 0 ? 1 : (return y)] = x; y",
    "in the last expression": "abs(x > 0 ? x : return -1f0)",
    "effects before it happen once": "n = Ref(0); y = (n[] += 1; x > 0 || return n[]); 10n[]",
    "nothing, or return": "z = x > 0 ? x : nothing; y = z === nothing ? (return -2f0) : 2z; y + 1",
    "a loop that returns": "r = begin for k in 1:9; k * k > x && return 10k; end; 1 end; r + 1",
    "finally": "s = Ref(0); try; x > 0 && return s; s[] = 1; finally; s[] += 5; end; s[] += 1; s",
    "finally and catch": "s = 0; try; s = x > 0 ? 1 : 2; catch; s = 9; finally; s += 10; end; s",
    "else of a try": "s = 0; try; x > 0 && return 3; catch; s = 9; else; s += 10; end; s",
}


@pytest.mark.parametrize("name", SCALARS)
def test_scalars(staged, name):
    body = SCALARS[name]
    result = ".x" if "return s;" in body else ""
    f = staged(f"function g(x) {body} end; f(x) = g(x){result}", "f(x::Float32)")
    for x in (-1, 0.5, 2.5, 20):
        f(f32(x))


LOOPS = {
    "break and continue": (
        "s = 0f0; for v in x; s += v > 2 ? (break) : v < -1 ? (continue) : v; s *= 2; end; "
        "s"),
    "break from a block": "s = 0f0; for v in x; t = begin v > 3 && break; v end; s = s / 2 + t; end; s",
    "while": "s = 1f0; while true; s += (s > 9 ? break : s); end; s + sum(x)",
    "finally after continue": (
        "s = 0f0; for v in x; try; s += v; v < 0 && continue; s += 1; finally; s *= 2; end; end; s"),
    "finally after break": (
        "s = 0f0; for v in x; try; v < 0 && break; s += v; finally; s += 100; end; end; s"),
    "a generator": "s = 0f0; for v in (2w for w in (u + 1 for u in x)); s = s / 2 + v; end; s",
    "a generator with a condition": "s = 0f0; for v in (w for w in x if w > s); s = s / 2 + v; end; s",
    "it ends early": "s = 0f0; for v in (w for w in x if w > 0); s = s / 2 + v; s > 3 && break; end; s",
    "Iterators.filter": "s = 0f0; for v in Iterators.filter(>(0), x); s = s / 2 + v; end; s",
    "takewhile": "s = 0f0; for v in Iterators.takewhile(>(0), x); s = s / 2 + v; end; s",
    "zip, unequal": "s = 0f0; for (a, b) in zip(x, [x; x]); s = s / 2 + a * b; end; s",
    "zip with a count": "s = 0f0; for (i, v) in zip(Iterators.countfrom(2, 3), x); s = s / 2 + i * v; end; s",
    "zip with a cycle": (
        "s = 0f0; for (a, b) in zip(x, Iterators.cycle([1f0, 2f0])); s = s / 2 + a * b; end; "
        "s"),
    "take": "s = 0f0; for v in Iterators.take(x, 3); s = s / 2 + v; end; s",
    "drop": "s = 0f0; for v in Iterators.drop(x, 2); s = s / 2 + v; end; s",
    "flatten": "s = 0f0; for v in Iterators.flatten((x, 2x)); s = s / 2 + v; end; s",
    "product": "s = 0f0; for (i, j) in Iterators.product(1:length(x), 1:3); s = s / 2 + x[i] * j; end; s",
    "reverse of enumerate": (
        "s = 0f0; for (i, v) in Iterators.reverse(enumerate(x)); s = s / 2 + i * v; end; "
        "s"),
    "without end": "s = 0f0; for i in Iterators.countfrom(1); s += i; s > sum(x) && break; end; s",
    "without end but by return": "for i in Iterators.countfrom(2, 3); i > sum(x) && return i; end",
    "nothing at first": (
        "b = nothing; for v in x; if b === nothing || v > b; b = v end; end; "
        "b === nothing ? -9f0 : b"),
    "nothing now and then": """
        p = nothing; s = 0f0
        for v in x
            if p !== nothing
                s += p * v
            end
            p = v > 0 ? v : nothing
        end
        s""",
    "a function that changes": "g = sin; s = 0f0; for v in x; s = g(s + v); g = v > 0 ? cos : sin; end; s",
    "arrays that swap": "a = [1f0, 2f0]; b = [3f0, 4f0]; for v in x; a, b = b, a .+ v .* b; end; a",
    "a dictionary": (
        "d = Dict(:a => 0f0, :b => 1f0); for v in x; d[:a] += v; d[:b] *= d[:a]; end; "
        "d[:a] + d[:b]"),
    "closures": "s = 0f0; n = 0; add(v) = (s += v; n += 1); for v in x; add(v); end; s * n",
    "do blocks": "s = 0f0; for v in x; s += sum([1f0, 2f0]) do w; w * v; end; end; s",
    "let": "s = 0f0; for v in x; let w = 2v; s = s / 2 + w; end; end; s",
    "Int8 wraps": "n = Int8(120); for v in x; n += Int8(3); end; n",
    "named tuples of arrays": """
        s = (h = zeros(Float32, 2), c = (ones(Float32, 2), 1))
        for v in x
            s = (h = tanh.(s.h .+ v .* s.c[1]), c = (s.c[1] .+ 1, s.c[2] + 1))
        end
        sum(s.h) + s.c[2]""",
}


@pytest.mark.parametrize("size", ["5", "N"])
@pytest.mark.parametrize("name", LOOPS)
def test_loops(staged, name, size):
    f = staged(f"function f(x) {LOOPS[name]} end", f"f(x::Float32[{size}])")
    for n in (5,) if size == "5" else (0, 1, 5):
        for x in (np.arange(1, n + 1), np.array([3, 1, -2, 4, -1])[:n]):
            f(x.astype(f32))


ERRORS = {
    "return in the condition of a loop": (
        "while x > 0 && (x < 5 || return 1f0); x /= 2; end; "
        "x", "write it as"),
    "a method that nothing has": ("b = undefined_function; b(x > 0 ? x : nothing)", "undefined_function"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(staged, name):
    body, text = ERRORS[name]
    with pytest.raises(WeberError) as caught:
        staged(f"function f(x) {body} end", "f(x::Float32)")
    assert text in caught.value.message and caught.value.location is not None


def test_what_nothing_cannot_be_used_for_is_not_taken(staged):
    f = staged("f(x) = x[findfirst(>(2), x)]", "f(x::Float32[N])")
    assert f(np.array([1, 3, 4], f32)) == [3]
