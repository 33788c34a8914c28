"""Sizes of results without computing them, and layers that take their sizes from them."""

import pytest
import weber


def test_outputsize(session):
    session("model = Chain(Conv((3, 3), 3 => 8), Flux.flatten, Dense(8 * 30 * 30 => 10))")
    assert session("Flux.outputsize(model, (32, 32, 3, 5))") == "(10, 5)"
    assert session("Flux.outputsize(model, (32, 32, 3); padbatch = true)") == "(10, 1)"
    assert session("Flux.outputsize(Embedding(5 => 3), (4, 2))") == "(3, 4, 2)"
    assert session("Flux.outputsize(LSTM(3 => 4; return_state = true), (3, 6, 2))") == (
        "((4, 6, 2), ((4, 2), (4, 2)))")
    with pytest.raises(weber.WeberError, match=r"Conv\(\(3, 3\), 3 => 8\) expects an input whose third"):
        session("Flux.outputsize(model, (32, 32, 1, 5))")


def test_outputsize_changes_nothing(session):
    session("norm = trainmode!(BatchNorm(3))")
    session("Flux.outputsize(Chain(norm, Dropout(0.5)), (3, 100))")
    assert session("norm.μ, norm.σ²") == "(Float32[0.0, 0.0, 0.0], Float32[1.0, 1.0, 1.0])"


def test_autosize_of_images(session):
    session("""
    model = @autosize (28, 28, 1, 32) Chain(
        Conv((3, 3), _ => 8, relu; stride = 2), BatchNorm(_), Flux.flatten, Dense(_ => _ ÷ 4, tanh),
        SkipConnection(Dense(_ => _; bias = false), +), Dense(_ => 10))
    """)
    assert session("string(model)") == (
        '"Chain(Conv((3, 3), 1 => 8, relu, stride=2), BatchNorm(8), flatten, Dense(1352 => 338, tanh), '
        'SkipConnection(Dense(338 => 338; bias=false), +), Dense(338 => 10))"')
    assert session("size(model(rand(Float32, 28, 28, 1, 3)))") == "(10, 3)"
    assert session("length(Flux.trainables(model))") == "9"


def test_autosize_of_sequences_and_of_several_inputs(session):
    session("model = @autosize (3, 6, 2) Chain(LSTM(_ => 4), LayerNorm(_), Dense(_ => 2))")
    assert session("string(model)") == '"Chain(LSTM(3 => 4), LayerNorm(4), Dense(4 => 2))"'
    session("pair = @autosize ((3, 5), (2, 5)) Parallel(vcat, Dense(_ => 3), Dense(_ => 2))")
    assert session("string(pair)") == '"Parallel(vcat, Dense(3 => 3), Dense(2 => 2))"'


@pytest.mark.parametrize("source, message", [
    ("@autosize (3, 2) Chain(Dense(3 => 4))", "no layer of the model has a `_`"),
    ("@autosize (3, 2) _", "stands for an argument of a layer"),
    ("@autosize Chain(Dense(_ => 4))", "expected the size of an input and a model"),
    ("@autosize (3, 2) Chain(Dense(_ => 4), Dense(5 => 1))", r"Dense\(5 => 1\) expects an input whose first"),
])
def test_autosize_refuses(session, source, message):
    with pytest.raises(weber.WeberError, match=message):
        session(source)


def test_autosize_of_a_layer_that_is_not_called(session):
    session("struct Half; used; unused; end; Flux.@layer Half; (half::Half)(x) = half.used(x)")
    with pytest.raises(weber.WeberError, match=r"the model does not call Dense\(_ => 5\)"):
        session("@autosize (3, 2) Half(Dense(_ => 4), Dense(_ => 5))")


def test_early_stopping(session):
    session("losses = [10.0, 9, 8, 9, 10, 11, 12, 7]; calls = 0")
    session("function loss(); global calls += 1; return losses[calls]; end")
    session("stop = Flux.early_stopping(loss, 3; init_score = Inf)")
    assert session("[stop() for _ in 1:8]") == "8-element Vector{Bool}:\n 0\n 0\n 0\n 0\n 0\n 1\n 1\n 0"
    session("flat = Flux.plateau(() -> 1.0, 3)")
    assert session("string([flat() for _ in 1:5])") == '"Bool[0, 0, 0, 1, 1]"'
    session("always = Flux.patience(() -> true, 3)")
    assert session("string([always() for _ in 1:4])") == '"Bool[0, 0, 1, 1]"'
