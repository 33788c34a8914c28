"""How models print: as Flux prints them."""

import pytest

LINES = {
    "Dense(1 => 1)": "Dense(1 => 1)       # 2 parameters",
    "Dense(5 => 2, tanh; bias = false)": "Dense(5 => 2, tanh; bias=false)  # 10 parameters",
    "Conv((2, 2), 3 => 7, pad = SamePad())": "Conv((2, 2), 3 => 7, pad=(1, 0, 1, 0))  # 91 parameters",
    "Conv((5, 5), 3 => 7; stride = 2, pad = SamePad())":
        "Conv((5, 5), 3 => 7, pad=2, stride=2)  # 532 parameters",
    "Conv((5, 5), 3 => 7, relu; bias = false)": "Conv((5, 5), 3 => 7, relu, bias=false)  # 525 parameters",
    "Conv(rand(Float32, 3, 4, 5), zeros(Float32, 5), sigmoid)": "Conv((3,), 4 => 5, σ)  # 65 parameters",
    "MaxPool((2, 2))": "MaxPool((2, 2))",
    "MaxPool((3, 3); pad = 1, stride = 2)": "MaxPool((3, 3), pad=1, stride=2)",
    "BatchNorm(64, relu)": "BatchNorm(64, relu)  # 128 parameters, plus 128 non-trainable",
    "Dropout(0.3)": "Dropout(0.3)",
    "testmode!(Dropout(0.3))": "Dropout(0.3, active=false)",
    "LayerNorm(10)": "LayerNorm(10)       # 20 parameters",
    "Embedding(26 => 4)": "Embedding(26 => 4)  # 104 parameters",
}


@pytest.mark.parametrize("source", LINES)
def test_one_line(session, source):
    assert session(source) == LINES[source]


def test_tree_of_layers(session):
    assert session("model = Chain(Dense(1 => 20, σ), Dense(20 => 1), only)") == """\
Chain(
  Dense(1 => 20, σ),                    # 40 parameters
  Dense(20 => 1),                       # 21 parameters
  only,
)                   # Total: 4 arrays, 61 parameters, 452 bytes."""
    assert session("string(model)") == '"Chain(Dense(1 => 20, σ), Dense(20 => 1), only)"'


def test_tree_with_state_that_is_not_trained(session):
    session("inner = Chain(Dense(28^2, 64), BatchNorm(64, relu))")
    assert session("Chain(inner, Dense(64, 10))") == """\
Chain(
  Chain(
    Dense(784 => 64),                   # 50_240 parameters
    BatchNorm(64, relu),                # 128 parameters, plus 128
  ),
  Dense(64 => 10),                      # 650 parameters
)         # Total: 6 trainable arrays, 51_018 parameters,
          # plus 2 non-trainable, 128 parameters, summarysize 200.211 KiB."""


def test_named_layers_and_own_structs(session):
    assert session("Parallel(+; α = Dense(10 => 2, tanh), β = Dense(5 => 2))") == """\
Parallel(
  +,
  α = Dense(10 => 2, tanh),             # 22 parameters
  β = Dense(5 => 2),                    # 12 parameters
)                   # Total: 4 arrays, 34 parameters, 344 bytes."""
    session("struct Mine; inner; scale; end")
    session("Flux.@layer Mine")
    assert session("Mine(Dense(2 => 3), ones(3))") == """\
Mine(
  Dense(2 => 3),                        # 9 parameters
  3-element Vector{Float64},            # 3 parameters
)                   # Total: 3 arrays, 12 parameters, 220 bytes."""


def test_optimiser_state(session):
    session("opt = Flux.setup(Momentum(0.1), Dense(2 => 1; init = ones))")
    assert session("opt") == ("(weight = Leaf(Momentum(0.1, 0.9), [0.0 0.0]), "
                              "bias = Leaf(Momentum(0.1, 0.9), [0.0]), σ = ())")
    assert session("Descent()") == "Descent(0.1f0)"
    assert session("OptimiserChain(ClipGrad(1), Adam())") == (
        "OptimiserChain(ClipGrad(1.0), Adam(0.001, (0.9, 0.999), 1.0e-8))")
