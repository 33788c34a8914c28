"""Functions over examples that draw random numbers or change what is outside, and what is refused."""

import numpy as np
import pytest
import weber

f32 = np.float32
XS = "xs::Vector{Float32[2, T]}"


def program_of(load, source, signature):
    module = load(source)
    return weber.Program(module.compile(module.add_entry(signature).name if "@export" not in source else "f")
                         .to_bytes())


def test_each_example_draws_its_own_numbers(load, examples):
    """Two calls differ, two examples differ, and the same key gives the same numbers whoever the mates
    are."""
    source = f"using Random\nRandom.seed!(1)\n@export f({XS}) = [x .+ rand(Float32, size(x)...) for x in xs]"
    program = program_of(load, source, None)
    xs = examples([3, 3, 2])
    key = np.array(program.state["random.key"])
    first, second = program(xs), program(xs)
    noise = [y - x for x, y in zip(xs, first)]
    assert all(((0 <= n) & (n < 1)).all() for n in noise)
    assert not np.allclose(noise[0], noise[1]) and not np.allclose(first[0], second[0])
    assert not np.array_equal(program.state["random.key"], key)
    program.state["random.key"] = key
    again = program([xs[0], np.zeros((5, 2), f32)])
    np.testing.assert_array_equal(again[0], first[0])


def test_dropout_in_a_lane(load, examples):
    source = f"d = Dropout(0.5)\ntrainmode!(d)\n@export f({XS}) = [d(x) for x in xs]"
    program = program_of(load, source, None)
    xs = [np.ones((50, 2), f32), np.ones((40, 2), f32)]
    kept = [set(np.unique(y)) for y in program(xs)]
    assert kept == [{f32(0), f32(2)}] * 2


def test_broadcasts_of_random_functions(load):
    source = "@export f(x::Float32[N]) = (v -> v + rand(Float32)).(x)"
    program = program_of(load, source, None)
    noise = program(np.zeros(20, f32))
    assert len(np.unique(noise)) == 20 and ((0 <= noise) & (noise < 1)).all()


EFFECTS = {
    "a running sum": ("""
        function f(xs)
            s = 0f0
            y = map(xs) do x
                s += sum(x)
                s
            end
            (y, s)
        end""", lambda sums: (np.cumsum(sums, dtype=f32), f32(sum(sums)))),
    "a variable of a comprehension": ("""
        function f(xs)
            s = 1f0
            y = [(s = s / 2 + sum(x); s) for x in xs]
            (y, s)
        end""", lambda sums: (halved(sums), halved(sums)[-1] if len(sums) else f32(1))),
    "an array outside": ("""
        function f(xs)
            total = zeros(Float32, 2)
            foreach(xs) do x
                total .+= vec(sum(x, dims = 2))
            end
            sum(total)
        end""", lambda sums: f32(sum(sums))),
    "a loop over the vector": ("""
        function f(xs)
            s = 0f0
            for x in xs
                s = max(s, sum(x))
            end
            s
        end""", lambda sums: f32(max([0, *sums]))),
    "a loop over pairs": ("""
        function f(xs)
            s = 0f0
            for (i, x) in enumerate(xs)
                s += i * sum(x)
            end
            s
        end""", lambda sums: f32(sum(i * s for i, s in enumerate(sums, 1)))),
}


def halved(sums):
    values, s = [], 1.0
    for number in sums:
        s = s / 2 + number
        values.append(s)
    return np.array(values, f32)


@pytest.mark.parametrize("form", EFFECTS)
def test_effects_go_from_one_example_to_the_next(check, examples, form):
    source, meaning = EFFECTS[form]
    for lengths in ([3, 1, 2], [2], [0, 2], [1] * 6, []):
        xs = examples(lengths)
        check(source, f"f({XS})", [xs], meaning([x.sum() for x in xs]))


@pytest.mark.parametrize("source, meaning", [
    ("(s = map(x -> (x .*= 2; sum(x)), xs); map((x, y) -> sum(x) + y, xs, s))", lambda x: 4 * x.sum()),
    ("(foreach(x -> x[1, :] .= 0, xs); sum.(xs))", lambda x: x[:, 1].sum()),
    ("(ys = map(x -> (x .+= 1; 2x), xs); map((x, y) -> sum(y) - sum(x), xs, ys))", lambda x: (x + 1).sum()),
])
def test_a_function_that_changes_its_example(load, examples, source, meaning):
    """What it leaves in the examples is seen afterwards; they are computed together."""
    module = load(f"f(xs) = {source}")
    artifact = module.compile(module.add_entry(f"f({XS})").name)
    assert artifact.remarks and all(remark.endswith("computed together") for remark in artifact.remarks)
    program = weber.Program(artifact.to_bytes())
    for lengths in ([3, 1, 2], [2], [0, 2], []):
        xs = examples(lengths)
        expected = np.array([meaning(x) for x in xs], f32)
        np.testing.assert_allclose(program([x.copy() for x in xs]), expected)
        if lengths:
            np.testing.assert_allclose(module.f([x.copy() for x in xs]), expected)


@pytest.mark.parametrize("source", ["[2x for x in xs if sum(x) > 0]", "2 .* filter(x -> sum(x) > 0, xs)"])
def test_examples_for_which_a_condition_holds(check, examples, source):
    for lengths in ([3, 1, 2], [2], [0, 2], [1] * 6):
        xs = examples(lengths)
        check(f"f(xs) = {source}", f"f({XS})", [xs], [2 * x for x in xs if x.sum() > 0])


@pytest.mark.parametrize("source, message", [
    ("f(xs) = [push!(x, 1f0) for x in map(x -> x[1, :], xs)]", "changes the size of the elements"),
    ("f(xs) = stack(xs)", "`stack` of staged arrays whose sizes differ"),
    ("f(xs) = sort(xs)", "needs the elements of a vector"),
    ("f(xs) = xs .+ [1, 2]", "vectors of 2 and N elements"),
    ("f(xs) = xs[1] == xs[2]", "of two arrays are equal is only known when the graph runs"),
])
def test_what_is_refused(load, source, message):
    module = load(source)
    with pytest.raises(weber.WeberError) as error:
        module.compile(module.add_entry(f"f({XS})").name)
    assert message in str(error.value) and "program.jl:2:" in str(error.value)


def test_a_vector_that_no_tensor_holds(load):
    module = load("f(xs) = [\"a\" for x in xs]")
    with pytest.raises(weber.WeberError, match="a vector of values of type String, which no tensor can hold"):
        module.compile(module.add_entry(f"f({XS})").name)


@pytest.mark.parametrize("signature, message", [
    ("f(x::Vector{Float32[T]}, y::Vector{Float32[T], M})",
     "T is that of elements of vectors of N and M elements"),
    ("f(x::Vector{})", "a vector has the form"),
    ("f(x::Vector{Float32, 2, 3})", "a vector has the form"),
    ("f(x::Vector{Foo})", "unknown element type `Foo`"),
])
def test_signatures_that_are_refused(load, signature, message):
    module = load("f(x, y) = 1\nf(x) = 1")
    with pytest.raises(weber.WeberError) as error:
        module.add_entry(signature)
    assert message in str(error.value)
