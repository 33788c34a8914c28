"""Loops and choices whose sizes only the graph knows, inside of maps over examples of different lengths."""

import numpy as np
import pytest

f32 = np.float32
XS = "xs::Vector{Float32[T]}"


def grown(x, step):
    y = [1.0]
    for v in x:
        step(y, v)
    return y


FORMS = {
    "push! on a condition": ("""
        function g(x)
            y = Float32[]
            for v in x
                v > 0 && push!(y, v)
            end
            sum(y) + length(y)
        end""", lambda x: x[x > 0].sum() + (x > 0).sum()),
    "the last element": ("""
        function g(x)
            y = [1f0]
            for v in x
                v > 0 && push!(y, v / 2 + y[end])
            end
            sum(y)
        end""", lambda x: sum(grown(x, lambda y, v: v > 0 and y.append(v / 2 + y[-1])))),
    "all elements": ("""
        function g(x)
            y = [1f0]
            for v in x
                push!(y, (v + sum(y)) / 4)
            end
            sum(y)
        end""", lambda x: sum(grown(x, lambda y, v: y.append((v + sum(y)) / 4)))),
    "a mask": ("g(x) = sum(abs2, x[x .> 0])", lambda x: (x[x > 0] ** 2).sum()),
    "filter": ("g(x) = sum([2v for v in x if v > 0]; init = 0f0)", lambda x: 2 * x[x > 0].sum()),
    "findfirst": ("g(x) = (i = findfirst(>(1), x); i === nothing ? -1f0 : x[i])",
                  lambda x: next((v for v in x if v > 1), -1)),
    "a return in an expression": ("""
        function g(x)
            s = 0f0
            for v in x
                s += v > 3 ? (return -s) : v
            end
            s
        end""", lambda x: next((-x[:k].sum() for k, v in enumerate(x) if v > 3), x.sum())),
    "nothing at first": ("""
        function g(x)
            best = nothing
            for v in x
                if best === nothing || v > best
                    best = v
                end
            end
            best === nothing ? -9f0 : best
        end""", lambda x: max(x, default=-9)),
    "a generator with a condition": (
        "function g(x) s = 0f0; for v in (w for w in x if w > s); s = s / 2 + v; end; s end", None),
}


def staged_sum(x):
    s = 0.0
    for v in x:
        if v > s:
            s = s / 2 + v
    return s


@pytest.mark.parametrize("form", FORMS)
def test_forms(check, examples, form):
    source, meaning = FORMS[form]
    for lengths in ([3, 1, 2], [5], [0, 2]):
        xs = [x[:, 0] for x in examples(lengths, 1)]
        expected = np.array([(meaning or staged_sum)(x) for x in xs], f32)
        check(source + "\nf(xs) = map(g, xs)", f"f({XS})", [xs], expected)


CHOSEN = {
    "a mask": ("g(x) = x[x .> 0]", lambda x: x[x > 0]),
    "a comprehension": ("g(x) = [2v for v in x if v > 1]", lambda x: 2 * x[x > 1]),
    "push!": ("function g(x) y = Float32[]; for v in x; v > 0 && push!(y, v); end; y end",
              lambda x: x[x > 0]),
    "one of two in each iteration": (
        "function g(x) y = Float32[]; for v in x; if v > 0; push!(y, v); else; push!(y, 0); end; end; y end",
        lambda x: np.maximum(x, 0)),
    "rows of a matrix": ("g(x) = [x x .+ 1][x .> 0, :]", lambda x: np.stack([x, x + 1])[:, x > 0]),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_results_of_as_many_as_a_condition_chooses(check, examples, name):
    source, meaning = CHOSEN[name]
    for lengths in ([3, 1, 4], [5], [0, 2]):
        xs = [x[:, 0] for x in examples(lengths, 1)]
        check(source + "\nf(xs) = map(g, xs)", f"f({XS})", [xs], [f32(meaning(x)) for x in xs])


STACKS = {
    "a stack": ("""
        function g(x)
            stack = Float32[]
            for v in x
                if v > 0 || length(stack) < 2
                    push!(stack, v)
                else
                    b = pop!(stack); a = pop!(stack)
                    push!(stack, a * b)
                end
            end
            sum(stack)
        end""", lambda stack, v: stack.append(v if v > 0 or len(stack) < 2 else stack.pop() * stack.pop())),
    "a stack that is asked before it is read": ("""
        function g(x)
            stack = Float32[]
            for v in x
                if isempty(stack) || stack[end] < v
                    push!(stack, v)
                else
                    pop!(stack)
                end
            end
            sum(stack)
        end""", lambda stack, v: stack.append(v) if not stack or stack[-1] < v else stack.pop()),
    "an array and the place of its top": ("""
        function g(x)
            stack, top = zeros(Float32, length(x)), 0
            for v in x
                if top == 0 || stack[top] < v
                    top += 1
                    stack[top] = v
                else
                    stack[top] = 0
                    top -= 1
                end
            end
            sum(stack)
        end""", lambda stack, v: stack.append(v) if not stack or stack[-1] < v else stack.pop()),
}


@pytest.mark.parametrize("name", STACKS)
def test_stacks(check, examples, name):
    """What fails in the arm that the first iteration does not take is no error; gradients agree with those of
    single examples."""
    source, step = STACKS[name]

    def expected(x):
        stack = []
        for v in x:
            step(stack, v)
        return sum(stack)

    for lengths in ([3, 1, 6], [5], [0, 2], [0]):
        xs = [x[:, 0] / 2 for x in examples(lengths, 1)]
        check(source + "\nf(xs) = map(g, xs)", f"f({XS})", [xs], f32([expected(x) for x in xs]))
    xs = [x[:, 0] / 2 + f32(0.1) * np.arange(len(x), dtype=f32) for x in examples([3, 1, 6], 1)]
    gradients = [[(expected(x + d) - expected(x - d)) / 2e-3 for d in f32(1e-3) * np.eye(len(x), dtype=f32)]
                 for x in [x.astype(np.float64) for x in xs]]
    check(source + "\nf(xs) = map(x -> gradient(g, x)[1], xs)", f"f({XS})", [xs], [*map(f32, gradients)],
          rtol=1e-3, atol=1e-3)


SUMS = {
    "sum(sum(x[1:n]) for (x, n) in zip(xs, ns))": lambda x, n: x[:n].sum(),
    "sum(2sum(2 .* x[1:n]) + n for (x, n) in zip(xs, ns))": lambda x, n: 4 * x[:n].sum() + n,
    "sum(sum(x[x .> n]) for (x, n) in zip(xs, ns))": lambda x, n: x[x > n].sum(),
    "sum(n > 2 ? sum(x[1:n]) : sum(x[n:end]) for (x, n) in zip(xs, ns))":
        lambda x, n: x[:n].sum() if n > 2 else x[n - 1:].sum(),
    "sum(sum(sum(x[1:k]) for k in 1:n) for (x, n) in zip(xs, ns))":
        lambda x, n: sum(x[:k].sum() for k in range(1, n + 1)),
}


@pytest.mark.parametrize("source", SUMS)
def test_sums_over_examples_of_parts(check, examples, source):
    """A part whose size only the example knows is summed for each example, not for all together."""
    xs, ns = [x[:, 0] for x in examples([4, 3, 6], 1)], [2, 1, 5]
    expected = sum(SUMS[source](x, n) for x, n in zip(xs, ns, strict=True))
    check(f"f(xs, ns) = {source}", f"f({XS}, ns::Vector{{Int}})", [xs, ns], f32(expected))


PARTS = {
    "g(x) = sum(x[2:end])": lambda x: x[1:].sum(),
    "g(x) = sum(abs2, x[2:end] .- x[1:end-1])": lambda x: (np.diff(x) ** 2).sum(),
    "g(x) = sum(x[3:end]) + sum(x[1:end-2])": lambda x: x[2:].sum() + x[:-2].sum(),
    "g(x) = isempty(x[2:end]) ? 0f0 : x[2]": lambda x: x[1] if len(x) > 1 else 0,
    "g(x) = sum(a * b for (a, b) in zip(x, x[2:end]); init = 0f0)": lambda x: (x[1:] * x[:-1]).sum(),
    "g(x) = sum((x[i+1] - x[i])^2 for i in 1:length(x)-1; init = 0f0)": lambda x: (np.diff(x) ** 2).sum(),
    "g(x) = (s = 0f0; for i in 2:length(x); s += x[i] * x[i-1]; end; s)": lambda x: (x[1:] * x[:-1]).sum(),
}


@pytest.mark.parametrize("source", PARTS)
def test_parts_of_empty_examples(check, examples, source):
    """A part that ends before it begins is empty; so are gradients with respect to an empty example."""
    for lengths in ([3, 1, 2, 0], [0, 0], [0]):
        xs = [x[:, 0] for x in examples(lengths, 1)]
        check(source + "\nf(xs) = map(g, xs)", f"f({XS})", [xs], f32([PARTS[source](x) for x in xs]))
        gradients = [f32([(PARTS[source](x + d) - PARTS[source](x - d)) / 2 for d in np.eye(len(x))])
                     for x in xs]
        check(source + "\nf(xs) = map(x -> gradient(g, x)[1], xs)", f"f({XS})", [xs], gradients)


RESULTS = {
    "g(x) = x[2:end]": lambda x: x[1:],
    "g(x) = diff(x)": np.diff,
    "g(x) = [x[i] + x[i+1] for i in 1:length(x)-1]": lambda x: x[1:] + x[:-1],
}


@pytest.mark.parametrize("source", RESULTS)
def test_parts_of_empty_examples_as_results(check, examples, source):
    for lengths in ([3, 1, 2, 0], [0, 0]):
        xs = [x[:, 0] for x in examples(lengths, 1)]
        check(source + "\nf(xs) = map(g, xs)", f"f({XS})", [xs], [RESULTS[source](x) for x in xs])


def test_a_size_that_may_fall_where_an_example_grows(check):
    """The second half, whose size is no sum of rising terms."""
    xs = [np.arange(n, dtype=np.float64) for n in (5, 1, 0, 4)]
    check("f(xs) = map(x -> x[end÷2+1:end], xs)", "f(xs::Vector{Float64[n]})", [xs],
          [x[len(x) // 2:] for x in xs])


def test_numbers_spread_into_a_concatenation(check):
    xs = [np.arange(n, dtype=np.float64) for n in (3, 1)]
    check("f(xs) = map(x -> (vcat(x...), hcat(x...)), xs)", "f(xs::Vector{Float64[n]})", [xs],
          [(x, x[:, None]) for x in xs])
