"""Random functions with control flow: the evaluator, the interpreter of the IR and onnxruntime agree, a batch
is the loop over its examples, and derivatives in both modes are the same."""

import os
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import numpy as np
import pytest
import weber
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from program_table.random_programs import programs
from program_table.running import Session, padded
from weber.compiler.interpreter import run
from weber.frontend.compiling.entries import entry_table, stage_entry

ENTRIES = """
using Flux
using Zygote: pushforward

@export one(x::Float64, v::Float64[T], n::Int) = f(x, v, n)
@export many(x::Vector{Float64}, v::Vector{Float64[T]}, n::Vector{Int}) = map(f, x, v, n)
@export backward(x::Float64, v::Float64[T], n::Int) = gradient((y, w) -> f(y, w, n), x, v)
@export forward(x::Float64, v::Float64[T], n::Int, dx::Float64, dv::Float64[T]) =
    pushforward((y, w) -> f(y, w, n), x, v)(dx, dv)
@export slopes(x::Vector{Float64}, v::Vector{Float64[T]}, n::Vector{Int}) =
    map((y, w, k) -> gradient((p, q) -> f(p, q, k), y, w), x, v, n)
"""
FOUND = sorted((Path(__file__).parent / "found").glob("*.jl"))
NOTHING = SimpleNamespace(outputs=[], inputs={})
PROGRAMS, PARTS = 25, 12
"""Programs in a part of the run, and parts of the suite."""
LENGTHS = (3, 0, 1, 5)
TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}


def check(source, seed, folder):
    """Everything that must agree for one program."""
    path = folder / f"program{os.getpid()}.jl"
    path.write_text(source + ENTRIES, encoding="utf-8")
    module = weber.load(path)
    rng = np.random.default_rng(seed)
    examples = [(float(rng.normal()), rng.normal(size=size), int(n))
                for size, n in zip(LENGTHS, (2, 1, 3, 0), strict=True)]
    session = weber.Session()
    session.evaluate(source)
    expected = []
    for x, v, n in examples:
        text = f"f({x!r}, Float64[{', '.join(map(repr, v.tolist()))}], {n})"
        expected.append(float(session.evaluate(text)))

    def sessions(entry):
        try:
            model = module.compile(entry).model
        except weber.WeberError as error:
            if "there is nothing to compute" not in str(error):
                raise
            return NOTHING, NOTHING  # nothing depends on the arguments
        return Session(model), Session(model, optimised=False)

    graph = stage_entry(entry_table(module._module).entries["one"])
    fast, plain = sessions("one")
    for (x, v, n), value in zip(examples, expected, strict=True):
        feeds = {"x": np.float64(x), "v": v, "n": np.int64(n)}
        np.testing.assert_allclose(run(graph, feeds)[0], value, **TOLERANCE)
        for one in (fast, plain):
            np.testing.assert_allclose(one(**feeds)["one"], value, **TOLERANCE)
    columns = list(zip(*examples, strict=True))
    for many in sessions("many"):
        np.testing.assert_allclose(
            many(**padded(many, (), columns, fill=np.nan))["many"], expected, **TOLERANCE)
    check_derivatives(sessions, examples, columns, rng)


def check_derivatives(sessions, examples, columns, rng):
    """Reverse against forward for each example, and the batch of gradients against each."""
    backward, forward, slopes = sessions("backward")[0], sessions("forward")[0], sessions("slopes")[0]
    batch = slopes(**padded(slopes, (), columns, fill=np.nan)) if slopes.outputs else {}
    for row, (x, v, n) in enumerate(examples):
        feeds = {"x": np.float64(x), "v": v, "n": np.int64(n)}
        found = backward(**feeds) if backward.outputs else {}
        gx, gv = found.get("backward.1", 0.0), found.get("backward.2", np.zeros_like(v))
        dx, dv = float(rng.normal()), rng.normal(size=v.shape)
        given = {**feeds, "dx": np.float64(dx), "dv": dv}
        tangent = forward(**{name: value for name, value in given.items() if name in forward.inputs})[
            "forward"] if forward.outputs else 0.0
        np.testing.assert_allclose(tangent, gx * dx + gv @ dv, **TOLERANCE)
        if "slopes.1" in batch:
            np.testing.assert_allclose(batch["slopes.1"][row], gx, **TOLERANCE)
        if "slopes.2" in batch:
            np.testing.assert_allclose(batch["slopes.2"][row][:len(v)], gv, **TOLERANCE)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_found(path, tmp_path):
    """Programs that once failed."""
    check(path.read_text(encoding="utf-8"), 1, tmp_path)


def check_part(part, folder):
    """Programs of a part of the run, the same each time: its number seeds them."""

    @hypothesis.seed(part)
    @settings(max_examples=PROGRAMS,
              phases=[Phase.generate],  # making a failing program small takes minutes
              deadline=None,
              database=None,
              suppress_health_check=list(HealthCheck))
    @given(source=programs(), seed=st.integers(0, 1000))
    def run_part(source, seed):
        check(source, seed, folder)

    run_part()


@pytest.mark.parametrize("part", range(PARTS))
def test_random_programs(tmp_path, part):
    check_part(part, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS, 20_000 // PROGRAMS))
def test_many_random_programs(tmp_path, part):
    check_part(part, tmp_path)
