"""Gradients through staged conditionals and loops, against central differences on the host."""

import numpy as np
import pytest
import weber
from weber import WeberError

PROGRAMS = {
    "conditional": "f(x) = sum(x) > 0 ? sum(x .^ 2) : sum(sin.(x))",
    "root only where it is taken": "f(x) = (s = x[1]; s > 0 ? sqrt(s) : 3s)",
    "early return": """
        function f(x)
            s = sum(x)
            if s > 1
                return s * s
            end
            y = exp(s)
            s < 0 && return y
            y * x[1]
        end""",
    "for": """
        function f(x)
            s = 0.0
            for v in x
                s = sin(s) + v * v
            end
            s
        end""",
    "while": """
        function f(x)
            s, n = x[1], 0
            while s < 10 && n < 20
                s = s * 1.5 + abs(x[2])
                n += 1
            end
            s
        end""",
    "break": """
        function f(x)
            s = 1.0
            for i in eachindex(x)
                s *= 1 + x[i]^2
                s > 20 && break
            end
            s
        end""",
    "a return from a loop": """
        function f(x)
            s = 0.5
            for v in x
                s = s + v^2
                if s > 2.9
                    return s^2
                end
            end
            s
        end""",
    "zero trips": "function f(x) s = x[1]; for i in 1:(length(x) - length(x)); s = s * s; end; 3s end",
    "nested loops": """
        function f(x)
            s = 0.0
            for i in eachindex(x)
                for j in 1:i
                    s += sin(x[i] * x[j])
                end
            end
            s
        end""",
    "arrays in place": """
        function f(x)
            h = zeros(3)
            for v in x
                h .= tanh.(h .+ v .* [1, 2, 3])
                h[2] *= 2
            end
            sum(h)
        end""",
    "elements written": """
        function f(x)
            y = copy(x)
            for i in 2:length(x)
                y[i] = y[i] * y[i - 1]
            end
            sum(y)
        end""",
    "growth": """
        function f(x)
            y = Float64[]
            for v in x
                push!(y, v^2)
            end
            sum(y .* x)
        end""",
    "rank grows": """
        function f(x)
            h = 1.0
            for v in x
                h = tanh.(h .+ [v, 2v])
            end
            sum(h)
        end""",
    "growth on a condition": """
        function f(x)
            y = [0.5]
            for v in x
                if v > 0
                    push!(y, v * y[end])
                end
                push!(y, sin(v))
            end
            sum(y .* y)
        end""",
    "growth that is read": """
        function f(x)
            y = [0.5]
            for i in eachindex(x)
                push!(y, x[i] * sum(y) + y[i])
            end
            sum(abs2, y)
        end""",
    "growth on a condition that is read": """
        function f(x)
            y = [0.5]
            for v in x
                v > 0 && push!(y, v * sum(y))
            end
            sum(abs2, y) * length(y)
        end""",
    "a mask": "f(x) = sum(abs2, x[x .> 0]) + sum(2v * x[1] for v in x if v < 0; init = 0.0)",
    "what a condition keeps": """
        function f(x)
            y = [sin(v) * x[2] for v in x if v > 0]
            sum(y .* y) / (1 + length(y))
        end""",
    "the first found": "f(x) = (i = findfirst(>(0.3), x); i === nothing ? x[1]^2 : x[i]^3)",
    "a size that a condition decides": "f(x) = (y = [x[1]^2]; x[2] > 0 && push!(y, x[2]^3); sum(sin, y))",
    "return from an expression": "f(x) = 2 * (x[1] > 0 ? x[1]^2 : return x[2]^2)",
    "nothing at first": """
        function f(x)
            best = nothing
            for v in x
                if best === nothing || v > best
                    best = v^2
                end
            end
            best === nothing ? 0.0 : best
        end""",
    "loop in a conditional in a loop": """
        function f(x)
            s = 0.1
            for v in x
                if v > 0
                    for k in 1:6
                        s = sin(s + v)
                    end
                else
                    s = s * v
                end
            end
            s
        end""",
}

POINTS = [[0.4, -0.3, 0.8, 0.2], [-0.7, -0.2, 0.1, -0.4], [1.2, 0.5, 0.9, 1.5]]


def differences(f, x, step=1e-6):
    def at(k, shift):
        moved = x.copy()
        moved[k] += shift
        return float(f(moved))

    return np.array([(at(k, step) - at(k, -step)) / (2 * step) for k in range(len(x))])


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("size", ["4", "N"])
def test_gradients(staged, name, size):
    source = "using Flux\n" + PROGRAMS[name] + "\ng(x) = gradient(f, x)[1]\n"
    g = staged(source, f"g(x::Float64[{size}])")
    for x in map(np.array, POINTS):
        (found,) = g(x, host=False)
        np.testing.assert_allclose(found, differences(g.module.f, x), rtol=1e-6, atol=1e-7)


def test_a_broadcast_with_an_arm_that_is_undefined_elsewhere(staged):
    g = staged("""
        using Flux
        h(v) = v > 0 ? sqrt(v) : 2v
        g(x) = gradient(x -> sum(h.(x)), x)[1]
        """, "g(x::Float64[N])")
    np.testing.assert_allclose(g(np.array([1.0, -1.0, 4.0, 0.0]), host=False)[0], [0.5, 2, 0.25, 2])


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_recurrent_layers_over_a_symbolic_length(staged, cell):
    """Over a symbolic length a layer is one loop, over four steps it is unrolled, with the same gradients."""
    source = f"""
        using Flux
        Flux.Random.seed!(1)
        m = {cell}(3 => 4)
        g(x) = gradient(m -> sum(abs2, m(x)), m)[1].cell.Wh
        """
    looped = staged(source, "g(x::Float32[3, T, N])")
    unrolled = staged(source, "g(x::Float32[3, 4, N])")
    assert "loop" in looped.operations() and "loop" not in unrolled.operations()
    x = np.sin(np.arange(24)).reshape(2, 4, 3).astype(np.float32)
    np.testing.assert_allclose(looped(x, host=False)[0], unrolled(x, host=False)[0], rtol=1e-4, atol=1e-6)


def test_an_entry_that_gives_nothing(tmp_path):
    """What does not depend on a number has no gradient, and an artifact without results cannot be."""
    path = tmp_path / "program.jl"
    path.write_text("using Flux\n@export f(x::Float64[3]) = gradient(x -> 1.0, x)[1]\n", encoding="utf-8")
    with pytest.raises(WeberError, match="`f` gives nothing and changes no state"):
        weber.load(path).compile("f")


def test_an_integer_that_is_an_index_has_no_gradient(tmp_path):
    """Integers are differentiated by as floats where the function takes floats: `x * k`, not `x[k]`."""
    path = tmp_path / "program.jl"
    path.write_text("""
        using Flux
        f(x, k) = x[k]^2 + (isodd(k) ? 1.0 : x[1])
        @export one(x::Float64[T], k::Int) = gradient(f, x, k)
        @export many(x::Vector{Float64[T]}, k::Int[N]) = map((v, i) -> gradient(f, v, i)[1], x, k)
        @export product(x::Float64, k::Int) = gradient(*, x, k)
        @export powers(x::Float64, n::Int) = gradient((y, m) -> sum(y^i for i in 1:m), x, n)
        """, encoding="utf-8")
    module = weber.load(path)
    x = np.array([3.0, 1.0, 2.0])
    found, nothing = module.one(x, 2)
    np.testing.assert_allclose(found, [1, 2, 0])
    assert nothing is None
    for row, expected in zip(module.many([x, x[:2]], np.array([1, 2])), ([6, 0, 0], [1, 2]), strict=True):
        np.testing.assert_allclose(row, expected)
    assert module.product(2.0, 3) == (3.0, 2.0)
    assert module.powers(2.0, 3) == (17.0, None)


@pytest.mark.parametrize("text, expected", [
    ("gradient(ps -> sum(p.a^2 for p in ps), [(a=1.0,), (a=2.0,)])", "([(a = 2.0,), (a = 4.0,)],)"),
    ("gradient(ps -> ps[1][1] * ps[2][1][2], [(3.0, 1), ([4.0, 5.0], 2)])",
     "(Tuple{Any, Nothing}[(5.0, nothing), ([0.0, 3.0], nothing)],)"),
])
def test_numbers_in_tuples_in_a_vector(text, expected):
    session = weber.Session()
    session.evaluate("using Flux")
    assert session.evaluate(f"repr({text})") == expected


@pytest.mark.parametrize("text, expected", [
    ("w = [3.0, 4.0]; gradient(z -> sum(z .* w), w)", "([3.0, 4.0],)"),
    ("w = [3.0, 4.0]; before = w; gradient(z -> sum(abs2, z .- before), w)", "([0.0, 0.0],)"),
    ("w = [3.0, 4.0]; gradient(t -> sum(t[1] .* w), (w, 1.0))", "(([3.0, 4.0], nothing),)"),
    ("w = [3.0, 4.0]; gradient((a, b) -> sum(a .* b), w, w)", "([3.0, 4.0], [3.0, 4.0])"),
    ("w = [3.0, 4.0]; jacobian(z -> z .- w, w)", "([1.0 0.0; 0.0 1.0],)"),
    ("w = [3.0, 4.0]; pushforward(z -> z .* w, w)([1.0, 1.0])", "[3.0, 4.0]"),
    ("w = [3.0, 4.0]; (gradient(z -> (z .= 2z; sum(z)), w), w)", "(([2.0, 2.0],), [6.0, 8.0])"),
])
def test_an_array_that_the_function_knows_by_another_name(text, expected):
    """Only the argument is what is differentiated by."""
    session = weber.Session()
    session.evaluate("using Flux, Zygote")
    assert session.evaluate(f"repr(begin {text} end)") == expected


def test_a_newton_step_from_the_state_before(tmp_path):
    """Implicit Euler: the equation that a step solves knows the state that the iteration begins with."""
    path = tmp_path / "program.jl"
    path.write_text("""
        using Flux
        function step(y, h)
            before = y
            for _ in 1:6
                residual(z) = z .- before .+ h .* z .^ 3
                y = y - jacobian(residual, y)[1] \\ residual(y)
            end
            y
        end
        @export one(y::Float64[N], h::Float64) = step(y, h)
        """, encoding="utf-8")
    y = weber.load(path).one(np.array([1.0, 2.0, -0.5]), 0.3)
    np.testing.assert_allclose(y + 0.3 * y**3, [1.0, 2.0, -0.5], rtol=1e-9)


@pytest.mark.parametrize("each", ["map(v -> gradient(f, v)[1], x)", "(v -> gradient(f, v)[1]).(x)",
                                  "[gradient(f, v)[1] for v in x]", "only.(gradient.(f, x))"])
def test_a_gradient_for_each_number(tmp_path, each):
    path = tmp_path / "program.jl"
    path.write_text(f"using Flux\nf(v) = v * sin(v)\n@export slopes(x::Vector{{Float64}}) = {each}\n",
                    encoding="utf-8")
    x = np.array([0.5, -1.0, 2.0])
    module = weber.load(path)
    for slopes in (module.slopes, weber.Program(module.compile("slopes").to_bytes())):
        np.testing.assert_allclose(slopes(x), np.sin(x) + x * np.cos(x), rtol=1e-12)
