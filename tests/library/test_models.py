"""Models as trees: parameters, state, copies in other precisions, flat vectors."""

import numpy as np
import pytest
import weber
from numpy.testing import assert_allclose


def test_trainables(session):
    session("model = Chain(Dense(2 => 3), BatchNorm(3), Dense(3 => 1; bias = false))")
    assert session("length(Flux.trainables(model))") == "5"
    assert session("map(size, Flux.trainables(model)) == [(3, 2), (3,), (3,), (3,), (1, 3)]") == "true"


def test_layer_macro_restricts_parameters(session):
    session("struct Mine; w; fixed; end")
    session("Flux.@layer Mine trainable=(w,)")
    session("model = Mine([1.0], [2.0])")
    assert session("Flux.trainables(model) == [[1.0]]") == "true"
    assert session("opt = Flux.setup(Descent(0.5), model)") == "(w = Leaf(Descent(0.5), nothing), fixed = ())"
    session("Flux.update!(opt, model, (w = [1.0], fixed = [1.0]))")
    assert session("(model.w, model.fixed)") == "([0.5], [2.0])"


def test_state_and_loadmodel(session):
    session("source = Chain(Dense(1 => 2, tanh; init = ones), Dense(2 => 1; init = ones))")
    session("target = Chain(Dense(1 => 2, tanh), Dense(2 => 1; bias = false))")
    session("Flux.loadmodel!(target, Flux.state(source))")
    assert session("target[1].weight == source[1].weight && target[2].weight == source[2].weight") == "true"
    assert session("Flux.state(BatchNorm(1))") == (
        "(λ = (), β = Float32[0.0], γ = Float32[1.0], μ = Float32[0.0], σ² = Float32[1.0], ϵ = 1.0f-5, "
        "momentum = 0.1f0, affine = true, track_stats = true, active = nothing, chs = 1)")
    with pytest.raises(weber.WeberError, match="expected an array of size"):
        session("Flux.loadmodel!(Dense(2 => 2), Flux.state(Dense(3 => 2)))")


def test_precision(session):
    session("model = f64(Chain(Dense(2 => 3), BatchNorm(3)))")
    assert session("eltype(model[1].weight), eltype(model[2].μ), eltype(f16(model)[1].bias)") == (
        "(Float64, Float64, Float16)")


def test_destructure(program):
    module = program("""
    model = Chain(Dense(2 => 3, tanh), Dense(3 => 1))
    flat, rebuild = Flux.destructure(model)
    f(x) = (model(x), rebuild(flat)(x), rebuild(2 .* flat)[1].weight, model[1].weight)
    g(v, x) = gradient(v -> sum(rebuild(v)(x)), v)[1]
    count() = length(flat)
    """)
    x = np.ones((4, 2), dtype=np.float32)
    original, rebuilt, doubled, weight = module.f(x)
    assert_allclose(original, rebuilt)
    assert_allclose(doubled, 2 * weight)
    assert module.count() == 13
    gradient = module.g(np.zeros(13, dtype=np.float32), x)
    assert_allclose(gradient[-1], 4)


def test_fmap_keeps_ties(session):
    session("shared = [1, 2]")
    session("copied = fmap(x -> 2 .* x, (a = shared, b = shared))")
    assert session("copied.a === copied.b, copied.a") == "(true, [2, 4])"


def test_key_paths(session):
    session("using Functors")
    session("model = Chain(Dense(1 => 2), Dense(2 => 1))")
    assert session("getkeypath(model, KeyPath(:layers, 1, :bias)) === model[1].bias") == "true"
    assert session("haskeypath(model, KeyPath(:layers, 3))") == "false"
    assert session("KeyPath(:layers, 1, :bias)") == "KeyPath(:layers, 1, :bias)"


def test_devices_are_chosen_where_a_graph_runs(session):
    session("model = Dense(2 => 1)")
    assert session("(model |> gpu |> cpu) === model") == "true"


def test_implicit_parameters_are_refused(session):
    with pytest.raises(weber.WeberError, match=r"write `grads = gradient\(m -> loss\(m, x, y\), model\)`"):
        session("Flux.params(Dense(2 => 1))")


def test_updates_of_copies(session):
    session("using Optimisers")
    session("model = (w = [1.0, 2.0],); tree = Optimisers.setup(Momentum(0.5), model)")
    session("later, stepped = Optimisers.update(tree, model, (w = [1.0, 1.0],))")
    assert session("model.w, stepped.w, tree.w.state, later.w.state") == (
        "([1.0, 2.0], [0.5, 1.5], [0.0, 0.0], [0.5, 0.5])")
