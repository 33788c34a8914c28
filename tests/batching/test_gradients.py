"""Gradients over vectors of examples: of sums over them, inside of each, and of each example."""

import numpy as np
import pytest

f32 = np.float32
XS = "f(xs::Vector{Float32[2, T]})"

MODEL = """
W = Float32[1 2; 3 -1]
b = Float32[1, -2]
score(W, b, x) = sum(tanh.(W * x .+ b))
"""


def score(W, b, x):
    return np.tanh(x @ W.T + b).sum()


def central(function, array, step=1e-6):
    """The gradient of a function of one float64 array by central differences."""
    array = np.asarray(array, float)
    result = np.zeros_like(array)
    for place in np.ndindex(*array.shape):
        moved = array.copy()
        moved[place] += step
        above = function(moved)
        moved[place] -= 2 * step
        result[place] = (above - function(moved)) / (2 * step)
    return result


W, B = np.array([[1, 2], [3, -1]], float), np.array([1, -2], float)
LENGTHS = [[3, 1, 2], [2], [0, 1], []]


def total_gradients(xs):
    total = lambda W, b: sum((score(W, b, x.astype(float)) for x in xs), 0.0)
    return central(lambda W: total(W, B), W).T.astype(f32), central(lambda b: total(W, b), B).astype(f32)


@pytest.mark.parametrize("loss", [
    "sum(score(W, b, x) for x in xs)",
    "sum(x -> score(W, b, x), xs)",
    "sum(map(x -> score(W, b, x), xs))",
    "sum(score.(Ref(W), Ref(b), xs))",
    "sum([score(W, b, x) for x in xs])",
])
def test_of_a_sum_over_examples(check, examples, loss):
    for lengths in LENGTHS:
        xs = [x / 4 for x in examples(lengths)]
        check(f"{MODEL}\nf(xs) = gradient((W, b) -> {loss}, W, b)", XS, [xs], total_gradients(xs),
              rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_of_each_example(check, examples, lengths):
    xs = [x / 4 for x in examples(lengths)]
    check(f"{MODEL}\nf(xs) = [gradient(v -> score(W, b, v), x)[1] for x in xs]", XS, [xs],
          [central(lambda v: score(W, B, v), x).astype(f32) for x in xs], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_per_example_gradients_of_parameters(check, examples, lengths):
    """A vector of gradients with respect to shared parameters, one for each example."""
    xs = [x / 4 for x in examples(lengths)]
    check(f"{MODEL}\nf(xs) = map(x -> gradient(W -> score(W, b, x), W)[1], xs)", XS, [xs],
          [central(lambda W, x=x: score(W, B, x), W).T.astype(f32) for x in xs], rtol=1e-3, atol=1e-4)


def test_with_respect_to_the_examples(check, examples):
    xs = [x / 4 for x in examples([3, 1, 2])]
    check(f"{MODEL}\nf(xs) = gradient(xs -> sum(score(W, b, x) for x in xs), xs)[1]",
          XS, [xs],
          [central(lambda v: score(W, B, v), x).astype(f32) for x in xs], rtol=1e-3, atol=1e-4)


def test_of_a_gradient(check, examples):
    """Second order: the gradient of the size of each example's gradient."""
    xs = [x / 4 for x in examples([2, 1])]

    def inner(W, x):
        return ((1 - np.tanh(x @ W.T + B) ** 2) @ W) ** 2

    expected = central(lambda W: sum(inner(W, x.astype(float)).sum() for x in xs), W).T.astype(f32)
    size = "sum(abs2, gradient(v -> score(W, b, v), x)[1])"
    check(f"{MODEL}\nf(xs) = gradient(W -> sum({size} for x in xs), W)[1]", XS, [xs], expected,
          rtol=1e-2, atol=1e-3)


def test_of_a_condition_and_a_loop(check, examples):
    source = """
    function run(w, x)
        s = zero(eltype(x))
        for t in axes(x, 2)
            s = tanh(w * s + x[1, t])
        end
        s > 0 ? s^2 : 3s
    end
    w = 0.5f0
    f(xs) = gradient(w -> sum(run(w, x) for x in xs), w)[1]
    """
    xs = [x / 4 for x in examples([3, 0, 2, 1])]

    def run(w, x):
        s = 0.0
        for v in x[:, 0]:
            s = np.tanh(w * s + v)
        return s**2 if s > 0 else 3 * s

    expected = central(lambda w: sum(run(w[0], x) for x in xs), [0.5])[0]
    check(source, XS, [xs], f32(expected), rtol=1e-3, atol=1e-4)


def test_of_as_many_elements_as_the_example_says(check):
    """A cotangent that is the same for all examples goes only to the elements that an example takes."""
    source = """
    function largest(x, k)
        y, s = copy(x), 0f0
        for _ in 1:k
            i = argmax(y)
            s += x[i]
            y[i] = -Inf32
        end
        s
    end
    f(xs, ks) = map((x, k) -> gradient(v -> largest(v, k), x)[1], xs, ks)
    """
    xs = [np.array(x, f32) for x in ([3, 1, 2, 5], [1], [2, 7, 1, 8, 3], [4, 9])]
    ks = [2, 1, 4, 1]
    check(source, "f(xs::Vector{Float32[T]}, ks::Vector{Int})", [xs, ks],
          [f32(np.argsort(np.argsort(-x)) < k) for x, k in zip(xs, ks, strict=True)])


def test_a_training_step(load, examples):
    """An exported step over examples of different sizes descends as numpy does."""
    module = load("""
    model = Dense(2 => 1)
    model.weight .= [0.5f0 -0.25f0]
    opt = Flux.setup(Descent(0.1), model)
    loss(m, x, y) = sum(abs2, sum(m(x)) - y)
    @export function step(data::Vector{Tuple{Float32[2, T], Float32}})
        value, grads = Flux.withgradient(m -> sum(loss(m, x, y) for (x, y) in data), model)
        Flux.update!(opt, model, grads[1])
        value
    end
    """)
    import weber

    xs = [x / 4 for x in examples([3, 1, 2])]
    data = [(x, f32(k)) for k, x in enumerate(xs)]
    program = weber.Program(module.compile("step").to_bytes())
    w, b, expected = np.array([0.5, -0.25]), 0.0, []
    for _ in range(4):
        errors = [(x @ w + b).sum() - y for x, y in data]
        expected.append(sum(e**2 for e in errors))
        dw = sum(2 * e * x.sum(0) for e, (x, _) in zip(errors, data))
        db = sum(2 * e * len(x) for e, (x, _) in zip(errors, data))
        w, b = w - 0.1 * dw, b - 0.1 * db
    np.testing.assert_allclose([program(data) for _ in range(4)], expected, rtol=1e-4)
    np.testing.assert_allclose([module.step(data) for _ in range(4)], expected, rtol=1e-4)
    np.testing.assert_allclose(program.state["model.weight"].reshape(-1), w, rtol=1e-4)
