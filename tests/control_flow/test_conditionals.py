"""Conditionals on staged values, against the host and against plain formulas."""

import numpy as np
import pytest
from weber import WeberError

X = [np.array(v, np.float32) for v in (-3.0, -0.5, 0.0, 0.5, 4.0)]

SCALARS = {
    "value": ("f(x) = x > 0 ? x : 2x", lambda x: x if x > 0 else 2 * x),
    "assignments in both arms": ("""
        function f(x)
            if x > 0
                a = x; b = 1
            else
                a = -x; b = 2.0
            end
            a + b
        end""", lambda x: abs(x) + (1 if x > 0 else 2)),
    "nested": ("""
        function f(x)
            y = 1
            if x > 0
                if x > 1
                    y = 3x
                else
                    y += x
                end
            elseif x == 0
                y = 10
            else
                y = x
            end
            y
        end""", lambda x: 3 * x if x > 1 else 1 + x if x > 0 else 10 if x == 0 else x),
    "early return": ("""
        function f(x)
            if x > 1
                return 2x
            end
            y = x * x
            if x < 0
                return y
            end
            y + 5
        end""", lambda x: 2 * x if x > 1 else x * x if x < 0 else x * x + 5),
    "return in nested arms": ("""
        function f(x)
            y = x
            if x > 0
                if x > 1
                    return 100
                end
                y = 2x
            end
            y += 1
            y
        end""", lambda x: 100 if x > 1 else 2 * x + 1 if x > 0 else x + 1),
    "returns on both sides": ("""
        function f(x)
            if x > 0
                x > 1 && return 7
                x += 1
            else
                x < -1 && return 8
                x -= 1
            end
            10x
        end""", lambda x: 7 if x > 1 else 10 * (x + 1) if x > 0 else 8 if x < -1 else 10 * (x - 1)),
    "and": ("f(x) = (x > 0 && x < 1) ? 1 : 0", lambda x: float(0 < x < 1)),
    "or": ("f(x) = (x < 0 || x > 1) ? x : 3", lambda x: x if x < 0 or x > 1 else 3),
    "chained comparison": ("f(x) = -1 < x <= 0.5 ? 1 : 0", lambda x: float(-1 < x <= 0.5)),
    "and as a statement": ("function f(x) y = 1; x > 0 && (y = 2); x < 0 || (y += 10); y end",
                           lambda x: (2 if x > 0 else 1) + (10 if x >= 0 else 0)),
    "an arm that throws is not taken": ("""
        function f(x)
            if x < -100
                throw(ArgumentError("too small"))
            end
            x > 100 && error("too large")
            @assert x > -50 "small"
            x + 1
        end""", lambda x: x + 1),
    "integers promote": ("f(x) = (x > 0 ? 1 : 2.5) * 2", lambda x: 2.0 if x > 0 else 5.0),
    "root only where it is taken": ("f(x) = x > 0 ? sqrt(x) : zero(x)", lambda x: np.sqrt(max(x, 0))),
    "a captured variable": ("""
        function f(x)
            y = x
            add() = (y += 1)
            if x > 0
                add()
                add()
            end
            y
        end""", lambda x: x + 2 if x > 0 else x),
    "a tuple": ("function f(x) a, b = x > 0 ? (x, 1) : (2x, 3); a + b end",
                lambda x: x + 1 if x > 0 else 2 * x + 3),
    "a named tuple": ("function f(x) t = x > 0 ? (a = x, b = 1) : (a = 2x, b = 3); t.a + t.b end",
                      lambda x: x + 1 if x > 0 else 2 * x + 3),
    "a struct": ("""
        struct P a; b end
        function f(x)
            p = P(x, 1)
            if x > 0
                p = P(2x, 3)
            end
            p.a * p.b
        end""", lambda x: 6 * x if x > 0 else x),
    "fields of a struct": ("""
        mutable struct M a; n::Int end
        function f(x)
            m = M(x, 0)
            if x > 0
                m.a = 2x
                m.n += 1
            else
                m.n = 5
            end
            m.a + m.n
        end""", lambda x: 2 * x + 1 if x > 0 else x + 5),
    "one of two functions": ("f(x) = (g = x > 0 ? sin : cos; g(x))",
                             lambda x: np.sin(x) if x > 0 else np.cos(x)),
    "one of two closures": (
        "function f(x) g = x > 0 ? (let a = x; y -> a * y end) : (y -> x + y); g(3f0) end",
        lambda x: 3 * x if x > 0 else 3 + x),
    "one of two types": ("""
        struct A v end
        struct B v end
        h(a::A) = a.v
        h(b::B) = 2b.v + 1
        f(x) = (s = x > 0 ? A(x) : B(x); h(s) + s.v)""", lambda x: 2 * x if x > 0 else 3 * x + 1),
    "a number or nothing": ("""
        positive(x) = x > 0 ? x : nothing
        function f(x)
            y = positive(x)
            z = y === nothing ? 5 : 2y
            y !== nothing && z > 5 ? z : z - something(y, 1)
        end""", lambda x: (2 * x if 2 * x > 5 else x) if x > 0 else 4),
    "arrays of two sizes": ("function f(x) y = [1f0]; if x > 0; y = [1f0, x] end; sum(y) + length(y) end",
                            lambda x: 3 + x if x > 0 else 2),
}


@pytest.mark.parametrize("name", SCALARS)
def test_scalars(staged, name):
    source, formula = SCALARS[name]
    f = staged(source, "f(x::Float32)")
    for x in X:
        (found,) = f(x)
        np.testing.assert_allclose(found, formula(x), rtol=1e-6)


ARRAYS = {
    "one of two objects changed": ("""
        mutable struct Sum
            total::Float32
        end
        function add!(s, v)
            s.total += v
            s
        end
        function f(x)
            low, high = Sum(0), Sum(1)
            for v in x
                s = v > 0.5 ? high : low
                s.total += v
                add!(v > 1 ? high : low, 2v)
            end
            [low.total, high.total]
        end""", lambda x: np.array([x[x <= 0.5].sum() + 2 * x[x <= 1].sum(),
                                    1 + x[x > 0.5].sum() + 2 * x[x > 1].sum()])),
    "arrays": ("f(x) = sum(x) > 0 ? x .* 2 : x .- 1", lambda x: x * 2 if x.sum() > 0 else x - 1),
    "writes to an array": ("""
        function f(x)
            y = zero(x)
            if sum(x) > 0
                y .= x
                y[1] = 10
            else
                y .+= 1
            end
            y
        end""", lambda x: np.concatenate([[10], x[1:]]) if x.sum() > 0 else np.ones_like(x)),
    "shared arrays stay shared": ("""
        function f(x)
            if sum(x) > 0
                y = 2x; z = y
            else
                y = 3x; z = y
            end
            y .+= 1
            z
        end""", lambda x: 2 * x + 1 if x.sum() > 0 else 3 * x + 1),
    "early return of an array": ("""
        function f(x)
            y = copy(x)
            if sum(x) > 0
                y[2] = 0
                return y
            end
            y[1] = 0
            y .* 2
        end""", lambda x: x * [1, 0, 1] if x.sum() > 0 else x * [0, 2, 2]),
    "an element": ("f(x) = (i = argmax(x); i > 1 ? x[i - 1] : x[end])",
                   lambda x: x[x.argmax() - 1] if x.argmax() > 0 else x[-1]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(staged, name):
    source, formula = ARRAYS[name]
    f = staged(source, "f(x::Float32[3])")
    for x in ([1, 2, 3], [-1, -2, -3], [5, -1, -2]):
        x = np.array(x, np.float32)
        (found,) = f(x)
        np.testing.assert_allclose(found, formula(x), rtol=1e-6)


ERRORS = {
    "undefined in one arm": ("function f(x) if x > 0; y = 1 end; x + y end", "y"),
    "types that do not join": ("function f(x) y = x > 0 ? 1 : \"a\"; y end", "String"),
    "sizes that do not join": ("function f(x) y = [1f0]; if x > 0; y = [x 1f0; 1f0 x] end; y end", "Matrix"),
    "an undefined function in an arm": ("f(x) = x > 0 ? undefined_function(x) : x", "undefined_function"),
    "both arms throw": ("function f(x) if x > 0; error(\"no\") else error(\"neither\") end end", "no"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(staged, name):
    source, text = ERRORS[name]
    with pytest.raises(WeberError) as caught:
        staged(source, "f(x::Float32)")
    assert text in caught.value.message and caught.value.location is not None


def test_poison_that_nobody_reads_is_no_error(staged):
    f = staged("function f(x) if x > 0; y = 1 else y = [1, 2] end; x end", "f(x::Float32)")
    assert f(X[1])[0] == X[1]
