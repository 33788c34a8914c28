"""`gradient`, `jacobian`, `hessian` and their like, against closed forms and central differences."""

import numpy as np
import pytest
import weber

STEP = 1e-5

SCALAR_FUNCTIONS = {  # of a vector of three numbers
    "products": "x -> x[1] * x[2] + exp(x[3]) * x[1]",
    "elementary": "x -> sum(sin.(x) .* cosh.(x)) / (1 + sum(abs2, x))",
    "matrices": "x -> sum(abs2, (x * x') * x .+ tanh.(x))",
    "loop": "x -> (s = x[1]; for i in 2:3; s = s * x[i] + sin(s); end; s)",
    "decides": "x -> x[1] > x[2] ? x[1]^2 * x[3] : x[2]^3",
    "selects": "x -> sum(x[x .> 0.5] .^ 3)",
    "converges": "x -> (y = x; while sum(abs2, y) > 0.1; y = y ./ 2 .* cos.(y); end; sum(y))",
    "softmax": "x -> sum(log.(exp.(x) ./ sum(exp.(x))) .* [1.0, 2.0, 3.0])",
}
POINT = [0.7, -0.3, 1.1]


def along_axes(evaluate, function, point):
    """Central differences of a function of a vector along each axis."""
    steps = np.eye(len(point)) * STEP

    def value(x):
        return np.asarray(evaluate(f"({function})({list(map(float, x))})"))

    return np.stack([(value(point + h) - value(point - h)) / (2 * STEP) for h in steps], -1)


@pytest.mark.parametrize("name", SCALAR_FUNCTIONS)
def test_gradients_and_hessians_against_differences(name, evaluate):
    function, point = SCALAR_FUNCTIONS[name], np.array(POINT)
    gradient, = evaluate(f"gradient({function}, {POINT})")
    np.testing.assert_allclose(gradient, along_axes(evaluate, function, point), rtol=1e-7, atol=1e-8)
    direction = [0.5, -1.0, 2.0]
    np.testing.assert_allclose(evaluate(f"pushforward({function}, {POINT})({direction})"),
                               gradient @ direction, rtol=1e-9)
    expected = along_axes(evaluate, f"x -> gradient({function}, x)[1]", point)
    hessian = evaluate(f"hessian({function}, {POINT})")
    np.testing.assert_allclose(hessian, expected, rtol=1e-6, atol=1e-7)
    again = evaluate(f"hessian_reverse({function}, {POINT})")
    np.testing.assert_allclose(again, hessian, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(evaluate(f"diaghessian({function}, {POINT})")[0], np.diag(hessian), rtol=1e-9)


@pytest.mark.parametrize("function", ["x -> [x[1] * x[2], sin(x[3]), x[1]]", "x -> x .^ 2", "x -> sum(x)",
                                      "x -> reshape(x * x', 9)"])
def test_jacobians_against_differences(function, evaluate):
    found, = evaluate(f"jacobian({function}, {POINT})")
    expected = along_axes(evaluate, function, np.array(POINT))
    np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-7, atol=1e-9)


COMPLEX_FUNCTIONS = ["z -> abs2(z)", "z -> real(log(z))", "z -> imag(exp(z) * z)", "z -> abs(z^3 + 1)",
                     "z -> real(sqrt(z) / (z + 2))", "z -> angle(z)", "z -> real(sin(z) * cosh(z))",
                     "z -> real(z^(0.5 + im))", "z -> real(conj(z) * z') + imag(tanh(z))"]


@pytest.mark.parametrize("function", COMPLEX_FUNCTIONS)
def test_gradients_of_complex_numbers(function, evaluate):
    """The gradient of a real function is ∂/∂x + i ∂/∂y."""
    point = 0.8 + 0.6j
    found, = evaluate(f"gradient({function}, {point.real} + {point.imag}im)")

    def value(z):
        return evaluate(f"({function})(complex({z.real!r}, {z.imag!r}))")

    expected = sum((value(point + STEP * d) - value(point - STEP * d)) / (2 * STEP) * d for d in (1, 1j))
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)


PRINTED = [
    ("gradient(*, 2.0, 3.0, 5.0)", "(15.0, 10.0, 6.0)"),
    ("gradient(c -> abs2(c), 1 + 2im)", "(2.0 + 4.0im,)"),
    ("withgradient(x -> x, 5)", "(val = 5, grad = (1.0,))"),
    ("withgradient(x -> (sum(abs2, x), 2x), [1.0, 2.0])", "(val = (5.0, [2.0, 4.0]), grad = ([2.0, 4.0],))"),
    ("y, back = pullback(x -> [x, x], 1.0); back([2.0, nothing])", "(2.0,)"),
    ("(x -> 5x + 3)'(10)", "5.0"),
    ("jacobian((a, s) -> a .^ length(s), [1, 2, 3], \"str\")", "([3 0 0; 0 12 0; 0 0 27], nothing)"),
    ("jacobian((a, x) -> a .^ 2 .* x, [1, 2], 1)", "([2 0; 0 4], [1, 4])"),
    ("jacobian(x -> x ./ 2, [1, 2])", "([0.5 0.0; 0.0 0.5],)"),
    ("withjacobian(cumsum, [1, 2])", "(val = [1, 3], grad = ([1 0; 1 1],))"),
    ("hessian(x -> sum(x .^ 3), [1, 2])", "2×2 Matrix{Int64}:\n 6   0\n 0  12"),
    ("diaghessian(atan, 1, 2)", "(-0.16, 0.16)"),
    ("hessian(x -> sum(x), [1.0, 2.0])", "2×2 Matrix{Float64}:\n 0.0  0.0\n 0.0  0.0"),
    ("gradient(θ -> sum(2 .* θ[:a]) + θ[:b]^2, Dict(:a => [1.0], :b => 3.0))[1]",
     "Dict{Any, Any} with 2 entries:\n  :a => [2.0]\n  :b => 6.0"),
    ("d = Dict(); gradient(x -> (d[:x] = x; d[:x] * x), 5); d[:x]", "5"),
    ("x = [1.0]; gs = gradient(() -> sum(x .^ 2), Params([x])); gs[x], haskey(gs, [1.0]), length(gs)",
     "([2.0], false, 1)"),
    ("x = [1.0]; gradient(() -> sum(x), Params([x]))", "Grads(...)"),
    ("w = [1.0, 2.0]; jacobian(() -> 2 .* w, Params([w]))[w]", "2×2 Matrix{Float64}:\n 2.0  0.0\n 0.0  2.0"),
    ("w = [3.0]; withgradient(() -> sum(abs2, w), Params([w])).grad[w]", "1-element Vector{Float64}:\n 6.0"),
    ("b = Zygote.Buffer([1, 2], 2, 2); b[:, 1] = [1, 2]; b[:, 2] .= 5; copy(b)",
     "2×2 Matrix{Int64}:\n 1  5\n 2  5"),
    ("gradient(x -> (b = Zygote.Buffer(x, 2); b[1] = x[2]^2; b[2] = x[1]; sum(copy(b))), [1.0, 3.0])",
     "([1.0, 6.0],)"),
    ("gradient((a, b) -> Zygote.forwarddiff(a -> a * b, a), 2, 3)", "(3.0, nothing)"),
    ("gradient(x -> Zygote.checkpointed(sin, x), 0.0)", "(1.0,)"),
    ("Zygote._pullback(sin, 0.0)[2](1)", "(nothing, 1.0)"),
    ("gradient(x -> x * Zygote.nestlevel(), 2.0), Zygote.nestlevel()", "((1.0,), 0)"),
    ("gradient(x -> Zygote.isderiving() ? 2x : x, 1.0)", "(2.0,)"),
    ("gradient(x -> 1, 2.0)", "(nothing,)"),
    ("Zygote.refresh() === nothing, Zygote.isderiving()", "(true, false)"),
    ("f = let a = 3.0; x -> x * a; end; gradient((f, x) -> f(x), f, 2.0)", "((a = 2.0,), 3.0)"),
    ("f = let w = [3.0], b = 1; x -> sum(w .* x) + b; end; gradient((f, x) -> f(x), f, 2.0)",
     "((w = [2.0], b = nothing), 3.0)"),
    ("f = let; g(n, x) = n == 0 ? x : g(n - 1, 2x); g; end; gradient((f, x) -> f(3, x), f, 1.0)",
     "(nothing, 8.0)"),
]


@pytest.mark.parametrize("source, printed", PRINTED)
def test_what_is_returned(source, printed, shown):
    assert shown(source) == printed


@pytest.mark.parametrize("source, output, printed", [
    ("gradient(x -> (println(x); x^2), 3.0)", "3.0\n", "(6.0,)"),
    ("gradient((a, b) -> (@showgrad(a)) * b, 2, 3)", "∂(a) = 3.0\n", "(3.0, 2.0)"),
    ("gradient(x -> (@show sum(x); sum(x .^ 2)), [1.0, 2.0])", "sum(x) = 3.0\n", "([2.0, 4.0],)"),
    ("gradient((a, b) -> Zygote.hook(ā -> @show(ā), a) * b, 2.0, 3.0)", "ā = 3.0\n", "(3.0, 2.0)"),
])
def test_functions_that_print(source, output, printed, shown, capsys):
    assert shown(source) == printed
    assert capsys.readouterr().out == output


def test_what_a_function_that_prints_leaves_behind(session, shown):
    session.evaluate("""
    log = []; kept = Ref(0.0); w = [1.0, 2.0]
    gradient(x -> (println(); push!(log, x .* 2); kept[] = sum(x); w .+= x; sum(w)), [3.0, 4.0])
    """)
    assert shown("log") == "1-element Vector{Any}:\n [6.0, 8.0]"
    assert shown("kept[]") == "7.0" and shown("w") == "2-element Vector{Float64}:\n 4.0\n 6.0"


@pytest.mark.parametrize("source, message", [
    ("gradient(x -> im * x, 1.0)", "Output is complex"),
    ("gradient(x -> 2x, [1.0])", "Output should be scalar"),
    ("gradient(x -> nothing, 1.0)", "returned nothing"),
    ("gradient(x -> sum(abs2, x), [1.0im])", "complex numbers are not supported"),
    ("params([1.0])", "implicit parameters"),
    ("jacobian(x -> \"text\", [1.0])", "jacobian expects a function that returns an array or a number"),
])
def test_errors(source, message, session):
    with pytest.raises(weber.WeberError, match=message):
        session.evaluate(source)
