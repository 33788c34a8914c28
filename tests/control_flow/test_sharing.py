"""Arrays that share memory in Julia share it in a graph too."""

import numpy as np
import pytest
from weber import WeberError

PROGRAMS = {
    "reshape": ("function f(x) y = 2x; z = reshape(y, 3, 2); z .*= 3; y end", lambda x: 6 * x),
    "reshape the other way": ("function f(x) y = 2x; z = reshape(y, 3, 2); y .+= 1; z end",
                              lambda x: (2 * x + 1).reshape(2, 3)),
    "an element": ("function f(x) y = 2x; z = vec(reshape(y, 2, 3)); z[2] = 0; y end",
                   lambda x: 2 * x * [1, 0, 1, 1, 1, 1]),
    "adjoint": ("function f(x) y = reshape(copy(x), 2, 3); z = y'; z[1, 2] = 9; y end",
                lambda x: np.array([x[0], 9, *x[2:]]).reshape(3, 2)),
    "adjoint twice": ("function f(x) y = copy(x); z = y'; w = z'; w .= 1; sum(z) + sum(y) end", lambda x: 12),
    "transpose of a vector": ("function f(x) y = copy(x); z = transpose(y); y .*= 2; z * x end",
                              lambda x: (2 * x * x).sum()),
    "in an arm": ("""
        function f(x)
            y = copy(x); z = reshape(y, 2, 3)
            if sum(x) > 0
                z .= 0
            end
            y .+ 1
        end""", lambda x: np.ones(6) if x.sum() > 0 else x + 1),
    "in a loop": ("""
        function f(x)
            y = copy(x); z = reshape(y, 2, 3)
            for i in 1:6
                z .+= i
                y[i] = 0
            end
            y + vec(z)
        end""", None),
    "a view of a reshaped array": (
        "function f(x) y = copy(x); v = view(reshape(y, 2, 3), :, 2); v .= 0; y end",
        lambda x: x * [1, 1, 0, 0, 1, 1]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_sharing(staged, name):
    source, formula = PROGRAMS[name]
    f = staged(source, "f(x::Float32[6])")
    for x in (np.arange(1, 7), -np.arange(1, 7)):
        x = x.astype(np.float32)
        (found,) = f(x)
        if formula is not None:
            np.testing.assert_allclose(found, formula(x))


UNKNOWN = {
    "the same or a copy": "function f(x) y = 2x; z = sum(x) > 0 ? y : 3x; z[1] = 0; sum(y) + sum(z) end",
    "the other way": "function f(x) y = 2x; z = sum(x) > 0 ? y : 3x; y[1] = 0; sum(z) end",
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_told_is_an_error(staged, name):
    with pytest.raises(WeberError, match="cannot be read"):
        staged(UNKNOWN[name], "f(x::Float32[6])")


def test_a_first_iteration_that_differs_is_unrolled(staged):
    f = staged("""
        function f(x)
            y = 2x; h = y
            for i in 1:6
                h[i] = 0
                h = h .+ 1
            end
            sum(h) + sum(y)
        end""", "f(x::Float32[6])")
    f(np.arange(6).astype(np.float32))


def test_two_names_of_one_array(staged):
    f = staged("""
        function f(x)
            h = copy(x); c = zero(x)
            for i in 1:6
                c[1] += i
                h = h .+ 1
                c = h
            end
            h + c
        end""", "f(x::Float32[6])")
    f(np.arange(6).astype(np.float32))


def test_two_buffers(staged):
    f = staged("""
        function f(x)
            a = copy(x); b = zero(x)
            for i in 1:7
                b .= a .+ i
                a, b = b, a
            end
            a - b
        end""", "f(x::Float32[6])")
    assert "loop" in f.operations()
    f(np.arange(6).astype(np.float32))
