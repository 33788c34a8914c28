"""A training loop in a script is traced and compiled in its first iterations and then only run."""

from types import SimpleNamespace

import onnxruntime
import pytest
from weber.frontend.staging import Trace

MODEL = """
model = Chain(Dense(4 => 6, tanh), BatchNorm(6), Dropout(0.2), Dense(6 => 2))
opt = Flux.setup(Adam(0.01), model)
loss(m, x, y) = Flux.mse(m(x), y)
batch() = (randn(Float32, 4, 5), randn(Float32, 2, 5))
@export function train_step(x::Float32[4, N], y::Float32[2, N])
    value, grads = Flux.withgradient(m -> loss(m, x, y), model)
    Flux.update!(opt, model, grads[1])
    return value
end
"""
LOOPS = {
    "exported step": """
        function learn(iterations)
            for i in 1:iterations
                train_step(batch()...)
            end
        end
        learn(ITERATIONS)
        """,
    "exported step and predictions": """
        @export predict(x::Float32[4, N]) = model(x)
        for i in 1:ITERATIONS
            x, y = batch()
            train_step(x, y)
            predict(x) == y && error("this cannot be")
        end
        """,
    "gradient and update!": """
        function learn(iterations)
            for i in 1:iterations
                x, y = batch()
                grads = Flux.gradient(m -> loss(m, x, y), model)
                Flux.update!(opt, model, grads[1])
            end
        end
        learn(ITERATIONS)
        """,
    "gradient and update! in the file's scope": """
        for i in 1:ITERATIONS
            x, y = batch()
            grads = Flux.gradient(m -> loss(m, x, y), model)
            Flux.update!(opt, model, grads[1])
        end
        """,
    "a do block and a running total": """
        total = 0.0
        for i in 1:ITERATIONS
            x, y = batch()
            value, grads = Flux.withgradient(model) do m
                loss(m, x, y)
            end
            Flux.update!(opt, model, grads[1])
            global total += value
        end
        """,
    "train!": "Flux.train!(loss, model, [batch() for i in 1:ITERATIONS], opt)",
    "train! in every epoch": """
        data = [batch() for i in 1:2]
        for epoch in 1:ITERATIONS
            Flux.train!(loss, model, data, opt)
        end
        """,
    "a loader with a smaller last batch": """
        loader = Flux.DataLoader((randn(Float32, 4, 8), randn(Float32, 2, 8)); batchsize = 5, shuffle = true)
        for epoch in 1:ITERATIONS, (x, y) in loader
            grads = Flux.gradient(m -> loss(m, x, y), model)
            Flux.update!(opt, model, grads[1])
        end
        """,
    "a captured number that changes": """
        for i in 1:ITERATIONS
            x, y = batch()
            weight = 1 / i
            grads = Flux.gradient(m -> weight * loss(m, x, y), model)
            Flux.update!(opt, model, grads[1])
        end
        """,
    "a rate that changes, with update!": """
        for i in 1:ITERATIONS
            x, y = batch()
            grads = Flux.gradient(m -> loss(m, x, y), model)
            Flux.adjust!(opt, 0.01 / i)
            Flux.update!(opt, model, grads[1])
        end
        """,
    "a rate that changes, with an exported step": """
        for i in 1:ITERATIONS
            Flux.adjust!(opt, 0.01 / i)
            train_step(batch()...)
        end
        """,
}


@pytest.fixture
def counts(monkeypatch):
    """How many traces were begun and how many onnxruntime sessions made."""
    counts = SimpleNamespace(traces=0, sessions=0)

    def count(owner, name, field):
        original = getattr(owner, name)

        def counting(*arguments, **keywords):
            setattr(counts, field, getattr(counts, field) + 1)
            return original(*arguments, **keywords)

        monkeypatch.setattr(owner, name, counting)

    count(Trace, "__init__", "traces")
    count(onnxruntime, "InferenceSession", "sessions")
    return counts


@pytest.mark.parametrize("loop", LOOPS)
def test_fifty_iterations_compile_no_more_than_three(loop, load, counts):
    found = []
    for iterations in (3, 50):
        before = counts.traces, counts.sessions
        load(MODEL + LOOPS[loop].replace("ITERATIONS", str(iterations)))
        found.append((counts.traces - before[0], counts.sessions - before[1]))
    short, long = found
    assert min(short) >= 1
    assert long == short
