"""Compiled calls see the program as it is now: what grows, toggles, is rebound or is a view between calls."""

import numpy as np
import pytest
from weber.compiler.errors import WeberError


@pytest.fixture
def run(load, capsys):
    """`run(source)`: the lines that a program prints."""

    def run_source(source):
        load(source)
        return capsys.readouterr().out.splitlines()

    return run_source


def test_vectors_that_grow_between_calls(run):
    assert run("""
    weights = Float32[2]
    total(x) = sum(weights .* x)
    counted(x) = x * length(weights)
    both = (part = weights, name = "w")
    nested(x) = x * length(both.part)
    for k in 1:3
        println([Flux.gradient(f, 1f0)[1] for f in (total, counted, nested)])
        push!(weights, 3f0)
    end
    """) == ["Float32[2.0, 1.0, 1.0]", "Float32[5.0, 2.0, 2.0]", "Float32[8.0, 3.0, 3.0]"]


def test_truth_values_that_the_function_toggles(run):
    assert run("""
    flag, pair = Ref(false), Ref((true, 1f0))
    toggled(x) = (flag[] = !flag[]; flag[] ? x : -x)
    counted(x) = (pair[] = (!pair[][1], pair[][2] + 1); pair[][1] ? x * pair[][2] : -x)
    println([Flux.gradient(toggled, 1f0)[1] for _ in 1:4])
    println([Flux.gradient(counted, 1f0)[1] for _ in 1:4], pair[])
    """) == ["Float32[1.0, -1.0, 1.0, -1.0]", "Float32[-1.0, 3.0, -1.0, 5.0](true, 5.0f0)"]


def test_exported_functions_toggle_and_see_vectors_grow(load):
    module = load("""
    flag = Ref(false)
    weights = Float32[2]
    @export toggled(x::Float32[N]) = (flag[] = !flag[]; flag[] ? x : -x)
    @export total(x::Float32[N]) = x .* sum(weights) .* length(weights)
    before = total(Float32[1])[1]
    push!(weights, 1f0)
    after = total(Float32[1])[1]
    """)
    x = np.ones(1, np.float32)
    assert [float(module.toggled(x)[0]) for _ in range(4)] == [1, -1, 1, -1]
    assert (float(module.before), float(module.after)) == (2, 6)


def test_captured_variables_keep_their_values(run):
    """A captured float that is an argument of the recording, next to an integer that is not."""
    assert run("""
    function calls()
        z, n = 1f0, 1
        f = x -> x * z * n
        for k in 1:4
            println(Flux.gradient(f, 1f0)[1], " ", f(1f0), " ", z)
            z += 1; n *= 2
        end
    end
    calls()
    """) == ["1.0 1.0 1.0", "4.0 4.0 2.0", "12.0 12.0 3.0", "32.0 32.0 4.0"]


def test_gradients_with_respect_to_views(run):
    assert run("""
    a, b = Float32[1, 2, 3], Float32[4, 5, 6]
    square(x) = sum(x .^ 2)
    for v in (view(a, 1:2), view(b, 2:3), view(a, 2:3))
        println(Flux.gradient(square, v)[1], Flux.gradient(p -> square(p.v), (v = v,))[1].v)
    end
    v = view(a, 1:2)
    println(Flux.gradient(x -> (x .*= 2; sum(x)), v)[1], a, v)
    for k in 1:3
        x = view(b, k:k)
        println(Flux.gradient(w -> sum(w .* x), Float32[1])[1])
    end
    """) == [
        "Float32[2.0, 4.0]Float32[2.0, 4.0]",
        "Float32[10.0, 12.0]Float32[10.0, 12.0]",
        "Float32[4.0, 6.0]Float32[4.0, 6.0]",
        "Float32[2.0, 2.0]Float32[2.0, 4.0, 3.0]Float32[2.0, 4.0]",
        "Float32[4.0]",
        "Float32[5.0]",
        "Float32[6.0]",
    ]


def test_gradients_of_fields_that_the_function_replaces(run):
    """d/dw of sum(2w)·2n is 4n, d/dn is 2·sum(2w)."""
    assert run("""
    mutable struct Scaled; w; n; end
    s = Scaled(Float32[1, 2], 3f0)
    f(s) = (s.w = s.w .* 2; s.n *= 2; sum(s.w) * s.n)
    println(Flux.gradient(f, s)[1], s.w, s.n)
    println(Flux.gradient(f, s)[1], s.w, s.n)
    """) == [
        "(w = Float32[12.0, 12.0], n = 12.0f0)Float32[2.0, 4.0]6.0",
        "(w = Float32[24.0, 24.0], n = 24.0f0)Float32[4.0, 8.0]12.0",
    ]


def test_gradients_with_respect_to_dictionaries_are_refused_in_artifacts(load):
    module = load("""
    const d = Dict("w" => Float32[1])
    @export f(x::Float32[1]) = Flux.gradient(d -> sum(d["w"] .* x), d)[1]["w"]
    """)
    with pytest.raises(WeberError, match="dictionary"):
        module.compile("f")


def test_truth_values_that_an_artifact_cannot_hold(load):
    """Setting one that is not read is fine."""
    module = load("""
    flag, done = Ref(false), Ref(false)
    @export toggled(x::Float32[N]) = (flag[] = !flag[]; flag[] ? x : -x)
    @export finish(x::Float32[N]) = (done[] = sum(x) > 2; x)
    """)
    with pytest.raises(WeberError, match="truth value `flag"):
        module.compile("toggled")
    assert "done.x.next" in [output.name for output in module.compile("finish").model.graph.output]


def test_vectors_of_arrays_with_other_items(run, load):
    source = """
    items = [Float32[1], Float32[2]]
    total(x) = sum(items[2] .* x) * length(items)
    scaled(x) = (items[2] = items[2] .* x; items[1] .+= 1; sum(items[2]))
    println(Flux.gradient(total, 1f0)[1])
    items[2] = Float32[5]
    println(Flux.gradient(total, 1f0)[1])
    push!(items, Float32[1])
    println(Flux.gradient(total, 1f0)[1])
    for x in (2f0, 3f0)
        println(Flux.gradient(scaled, x)[1], items)
    end
    """
    assert run(source) == ["4.0", "10.0", "15.0", "5.0Vector{Float32}[[2.0], [10.0], [1.0]]",
                           "10.0Vector{Float32}[[3.0], [30.0], [1.0]]"]


def test_updates_of_arrays_in_tuples_and_dictionaries(run):
    assert run("""
    pair, named = (Float32[1], Float32[2]), Dict("a" => Float32[1])
    f(x) = (pair[1] .+= x; named["a"] .*= 2; sum(pair[1]) * x)
    println(f(1f0), pair, named["a"])
    println(Flux.gradient(f, 1f0)[1], pair, named["a"])
    """) == ["2.0(Float32[2.0], Float32[2.0])Float32[2.0]", "4.0(Float32[3.0], Float32[2.0])Float32[4.0]"]


def test_arguments_of_which_only_the_size_is_used(load):
    module = load("""
    @export double(x::Float32[N]) = 2 * length(x)
    @export scaled(x::Float32[N], y::Float32[N], z::Float32[M]) = sum(y) / length(x) + length(z) ÷ 2
    """)
    assert module.double(np.zeros(3, np.float32)) == 6
    assert module.scaled(np.zeros(2, np.float32), np.ones(2, np.float32), np.zeros(5, np.float32)) == 3


def test_results_that_are_nothing_or_a_value(load):
    module = load("""
    @export place(x::Float64[T]) = findfirst(>(2.0), x)
    @export pair(x::Float64) = x > 0 ? (x, 1) : nothing
    """)
    assert module.place(np.array([1.0, 3.0])) == 2 and module.place(np.ones(2)) is None
    assert module.pair(1.5) == (1.5, 1) and module.pair(-1.5) is None


def test_complex_numbers_of_two_arrays(load, capsys):
    module = load("""
    println(abs.(complex.([3.0, 1.0], [4.0, 0.0])))
    @export sizes(x::Float64[8], y::Float64[8]) = abs.(complex.(x, y))
    """)
    assert capsys.readouterr().out == "[5.0, 1.0]\n"
    x, y = np.arange(8.0), np.linspace(-1, 1, 8)
    np.testing.assert_allclose(module.sizes(x, y), np.hypot(x, y), rtol=1e-15)
