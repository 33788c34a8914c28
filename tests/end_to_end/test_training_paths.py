"""The ways to train are one: a loop with `gradient` and `update!`, `train!`, an exported step in a script,
from Python, or as an artifact.

All start from the same state, see the same batches and end with the same numbers, in double precision.
"""

import numpy as np
import pytest
from weber import Program
from weber.cli import main

MODEL = """
using Random: seed!
seed!(7)
model = f64(Chain(Dense(5 => 12, tanh), BatchNorm(12), Dropout(0.3), Dense(12 => 3)))
opt = Flux.setup({rule}, model)
batches = [(randn(5, 9), Float64.(Flux.onehotbatch(rand(1:3, 9), 1:3))) for _ in 1:10]
loss(m, x, y) = Flux.logitcrossentropy(m(x), y)
"""
STEP = """
@export function train_step(x::Float64[5, N], y::Float64[3, N])
    value, grads = Flux.withgradient(m -> loss(m, x, y), model)
    Flux.update!(opt, model, grads[1])
    return value
end
"""
PATHS = {
    "gradient and update! in a function": """
        function learn(batches)
            for (x, y) in batches
                grads = Flux.gradient(m -> loss(m, x, y), model)
                Flux.update!(opt, model, grads[1])
            end
        end
        learn(batches)
        """,
    "gradient and update! in the file's scope": """
        for (x, y) in batches
            grads = Flux.gradient(m -> loss(m, x, y), model)
            Flux.update!(opt, model, grads[1])
        end
        """,
    "withgradient and a do block": """
        total = 0.0
        for batch in batches
            value, grads = Flux.withgradient(model) do m
                x, y = batch
                loss(m, x, y)
            end
            global total += value
            Flux.update!(opt, model, grads[1])
        end
        """,
    "train!": "Flux.train!(loss, model, batches, opt)",
    "an exported step": """
        for (x, y) in batches
            train_step(x, y)
        end
        """,
    "an exported step, mapped": "losses = [train_step(batch...) for batch in batches]",
}
RULES = ["Adam(0.02)", "Momentum(0.05)"]


def final_state(load, rule, path):
    module = load(MODEL.format(rule=rule) + STEP + PATHS[path])
    return dict(module.state)


def batches_of(module):
    return [(np.asarray(x), np.asarray(y)) for x, y in module.batches]


@pytest.fixture(params=RULES, ids=["Adam", "Momentum"])
def rule(request):
    return request.param


@pytest.fixture
def expected(rule, load):
    """The state after ten steps of the exported artifact."""
    module = load(MODEL.format(rule=rule) + STEP)
    program = Program(module.compile("train_step").model)
    start = dict(program.state)
    for x, y in batches_of(module):
        program(x, y)
    end = dict(program.state)
    assert {name.split(".")[0] for name in end} == {"model", "opt", "random"}
    assert all((end[name] != start[name]).any() for name in end)
    return end


def same_state(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("path", PATHS)
def test_scripts(path, rule, load, expected):
    same_state(final_state(load, rule, path), expected)


def test_calls_from_python(rule, load, expected):
    module = load(MODEL.format(rule=rule) + STEP)
    for x, y in batches_of(module):
        module.train_step(x, y)
    same_state(dict(module.state), expected)


def test_ways_can_change_in_the_middle(rule, load, expected):
    module = load(MODEL.format(rule=rule) + STEP + """
    for (x, y) in batches[1:3]
        train_step(x, y)
    end
    Flux.train!(loss, model, batches[4:6], opt)
    for (x, y) in batches[7:8]
        grads = Flux.gradient(m -> loss(m, x, y), model)
        Flux.update!(opt, model, grads[1])
    end
    """)
    program = module.compile("train_step").program()  # starts from the state that the module has now
    for x, y in batches_of(module)[8:]:
        program(x, y)
    same_state(dict(program.state), expected)


def test_weber_run_does_the_same(rule, expected, tmp_path, capsys):
    """The command, which prints the parameters that the loop leaves."""
    source = tmp_path / "script.jl"
    source.write_text("using Flux\n" + MODEL.format(rule=rule) + PATHS["train!"] + """
    foreach(p -> println(join(vec(p), " ")), Flux.trainables(model))
    """, encoding="utf-8")
    assert main(["run", str(source)]) == 0
    printed = [np.array(line.split(), dtype=float) for line in capsys.readouterr().out.splitlines()]
    trainables = [value for name, value in expected.items()
                  if name.startswith("model.") and name.rpartition(".")[2] not in ("μ", "σ²")]
    assert len(printed) == len(trainables)
    for found, value in zip(printed, trainables, strict=True):
        np.testing.assert_allclose(found, value.reshape(-1), rtol=1e-9, atol=1e-12)
