"""Schedules of hyperparameters against their formulas."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

STEPS = range(1, 13)


def triangle(t, period):
    phase = (t - 1) % period / period
    return 2 * min(phase, 1 - phase)


def sine(t, period):
    return abs(math.sin(math.pi * (t - 1) / period))


FORMULAS = {
    "Constant(0.3)": lambda t: 0.3,
    "Exp(0.5, 0.9)": lambda t: 0.5 * 0.9 ** (t - 1),
    "Exp(start = 0.5, decay = 0.9)": lambda t: 0.5 * 0.9 ** (t - 1),
    "Step(0.5, 0.1, 4)": lambda t: 0.5 * 0.1 ** ((t - 1) // 4),
    "Step(0.5, 0.1, [2, 3])": lambda t: 0.5 * 0.1 ** ((t > 2) + (t > 5)),
    "Poly(0.5, 2, 10)": lambda t: 0.5 * (1 - (t - 1) / 10) ** 2 if t <= 10 else 0,
    "Inv(0.5, 0.3, 2)": lambda t: 0.5 / (1 + 0.3 * (t - 1)) ** 2,
    "Triangle(0.1, 0.5, 4)": lambda t: 0.1 + 0.4 * triangle(t, 4),
    "TriangleDecay2(0.1, 0.5, 4)": lambda t: 0.1 + 0.4 * triangle(t, 4) / 2 ** ((t - 1) // 4),
    "TriangleExp(0.1, 0.5, 4, 0.9)": lambda t: 0.1 + 0.4 * triangle(t, 4) * 0.9 ** (t - 1),
    "Sin(0.1, 0.5, 4)": lambda t: 0.1 + 0.4 * sine(t, 4),
    "SinDecay2(0.1, 0.5, 4)": lambda t: 0.1 + 0.4 * sine(t, 4) / 2 ** ((t - 1) // 4),
    "SinExp(0.1, 0.5, 4, 0.9)": lambda t: 0.1 + 0.4 * sine(t, 4) * 0.9 ** (t - 1),
    "CosAnneal(0.5, 0.1, 5)": lambda t: 0.1 + 0.2 * (1 + math.cos(math.pi * ((t - 1) % 5) / 5)),
    "CosAnneal(0.5, 0.1, 5, false)": lambda t: 0.1 + 0.2 * (1 + math.cos(math.pi * (t - 1) / 5)),
    "Sequence(Exp(1.0, 0.5) => 3, 0.25 => 2, Exp(0.2, 0.9) => 4)":
        lambda t: 0.5 ** (t - 1) if t <= 3 else 0.25 if t <= 5 else 0.2 * 0.9 ** (t - 6),
    "Loop(Exp(1.0, 0.5), 3)": lambda t: 0.5 ** ((t - 1) % 3),
}


@pytest.mark.parametrize("schedule", FORMULAS)
def test_formula(program, schedule):
    module = program(f"using ParameterSchedulers\nvalues() = [({schedule})(t) for t in 1:12]\n"
                     f"iterated() = collect(Iterators.take({schedule}, 12))")
    expected = [FORMULAS[schedule](t) for t in STEPS]
    assert_allclose(module.values(), expected, rtol=1e-12, atol=1e-15)
    assert_allclose(module.iterated(), expected, rtol=1e-12, atol=1e-15)


def test_one_cycle(program):
    module = program("using ParameterSchedulers\nvalues() = [OneCycle(20, 1.0)(t) for t in 1:20]")
    values = np.array(module.values())
    assert_allclose(values[0], 1 / 25)
    assert values.argmax() == 5
    assert (np.diff(values[:6]) > 0).all()
    assert (np.diff(values[5:]) < 0).all()


def test_stateful(session):
    session("using ParameterSchedulers")
    session("s = Stateful(Exp(1.0, 0.5))")
    assert session("[next!(s), next!(s), next!(s)] == [1.0, 0.5, 0.25]") == "true"
    session("ParameterSchedulers.reset!(s)")
    assert session("next!(s)") == "1.0"
