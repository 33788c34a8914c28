"""Vectors of examples in scripts: one compiled graph for a batch of examples, whatever their sizes."""

import numpy as np
import pytest
import weber
from weber.frontend.compiling import compiled, recording

SCRIPT = """
model = Chain(Dense(2 => 3, tanh), Dense(3 => 1))
loss(m, x, y) = sum(abs2, sum(m(x)) - y)
weight(gradients) = gradients[1].layers[1].weight
batch(sizes) = [(Float32.(reshape(1:2n, 2, n)) ./ 10, Float32(n)) for n in sizes]
one_by_one(d) = sum(weight(gradient(m -> loss(m, x, y), model)) for (x, y) in d)
"""

FORMS = {
    "tuples": "f(d) = weight(gradient(m -> sum(loss(m, x, y) for (x, y) in d), model))",
    "zip": "f(d) = (xs = first.(d); ys = last.(d); "
           "weight(gradient(m -> sum(loss(m, x, y) for (x, y) in zip(xs, ys)), model)))",
    "map": "f(d) = (xs = first.(d); ys = last.(d); "
           "weight(gradient(m -> sum(map((x, y) -> loss(m, x, y), xs, ys)), model)))",
    "mean": "using Statistics\n"
            "f(d) = length(d) * weight(gradient(m -> mean(loss(m, x, y) for (x, y) in d), model))",
    "indices": "f(d) = weight(gradient(m -> sum(loss(m, d[i]...) for i in eachindex(d)), model))",
    "a loop": """
        function f(d)
            weight(gradient(model) do m
                s = 0f0
                for (x, y) in d
                    s += loss(m, x, y)
                end
                s
            end)
        end""",
}


@pytest.fixture
def traces(monkeypatch):
    """How many specialisations have been made."""
    made = []
    original = recording._run
    monkeypatch.setattr(recording, "_run", lambda *arguments: made.append(1) or original(*arguments))
    return made


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sizes", [[1, 2, 3, 4, 5, 2], [3] * 5, [2, 1]], ids=str)
def test_gradients(load, form, sizes):
    module = load(SCRIPT + FORMS[form])
    data = module.batch(sizes)
    np.testing.assert_allclose(module.f(data), module.one_by_one(data), rtol=1e-4, atol=1e-5)


def graphs():
    return [entry for entries in compiled._cache.values() for entry in entries if entry is not None]


def test_one_graph_serves_all_batches(load, traces):
    """Batches of other sizes use the graph that is there, which has one operation for all examples."""
    module = load(SCRIPT + FORMS["tuples"])
    compiled._cache.clear()
    for sizes in ([1, 2, 3, 4, 5, 2], [7, 1, 1, 9, 3, 3], [2, 2, 2, 2, 2, 2]):
        module.f(module.batch(sizes))
    (graph,) = graphs()
    assert len(traces) == 1
    few = len(graph.graph.body.operations)
    module.f(module.batch([1, 2] * 20))
    assert len(graphs()) == 2 and len(graphs()[0].graph.body.operations) == few


def test_a_global_vector(load, traces):
    """The vector is a variable of the script; its examples may be replaced by others."""
    module = load(SCRIPT + """
        data = batch([1, 2, 3, 4, 5, 2])
        first_gradient = weight(gradient(m -> sum(loss(m, x, y) for (x, y) in data), model))
        step() = weight(gradient(m -> sum(loss(m, x, y) for (x, y) in data), model))
        step()
        data .= batch([6, 1, 1, 2, 2, 3])
        second_gradient = step()
        expected = one_by_one(data)""")
    np.testing.assert_allclose(module.second_gradient, module.expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(module.first_gradient, module.one_by_one(module.batch([1, 2, 3, 4, 5, 2])),
                               rtol=1e-4, atol=1e-5)


def test_sizes_that_are_the_same_at_first(load, traces):
    """A size is a number in the graph until it is seen to change."""
    module = load(SCRIPT + FORMS["tuples"])
    for sizes in ([3] * 5, [4] * 5, [5] * 5, [1, 2, 3, 4, 5]):
        data = module.batch(sizes)
        np.testing.assert_allclose(module.f(data), module.one_by_one(data), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("source", [
    "f(d) = (gradient(m -> sum(first(d)[1]) + sum(m(d[3][1])), model); d[1][1])",  # they are returned
    "f(d) = weight(gradient(m -> sum(m(d[2][1])), model))",
])
def test_other_uses_take_the_vector_apart(load, source):
    module = load(SCRIPT + source)
    data = module.batch([1, 2, 3, 4, 5])
    assert np.isfinite(module.f(data)).all()


def test_exported_functions_take_lists(load):
    module = load("@export f(xs::Vector{Float32[2, T]}) = [x .+ size(x, 2) for x in xs]")
    xs = [np.ones((n, 2), np.float32) for n in (2, 0, 1)]
    for one, x in zip(module.f(xs), xs, strict=True):
        np.testing.assert_array_equal(one, x + len(x))
    assert module.f([]) == []
    message = r"expected xs as float32 \(N, T.max, 2\), found float32 \(2, 2, 3\)"
    with pytest.raises(weber.WeberError, match=message):
        weber.Program(module.compile("f").to_bytes())([np.ones((2, 3), np.float32)] * 2)
