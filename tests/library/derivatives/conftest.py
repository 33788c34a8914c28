"""Evaluating Julia, and central differences of functions written in it."""

import numpy as np
import pytest
import weber


def to_numpy(value):
    """A number or array, in Julia's order of dims; tuples, `nothing` and other numbers as they are."""
    if isinstance(value, tuple):
        return tuple(map(to_numpy, value))
    if hasattr(value, "_data"):
        return np.asarray(value.data).T
    return value


@pytest.fixture
def session():
    session = weber.Session()
    session.evaluate("using Zygote, ChainRulesCore, LinearAlgebra")
    return session


@pytest.fixture
def evaluate(session):
    """`evaluate(source)`: the value as numpy."""
    return lambda source: to_numpy(session.evaluate(source))


@pytest.fixture
def shown(session):
    """`shown(source)`: what the REPL prints for the value."""
    return lambda source: session.show(session.evaluate(source))
