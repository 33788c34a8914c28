"""Rules of differentiation that a program gives. Each is deliberately not the derivative of its function, so
that a result tells whether the rule was used."""

import numpy as np
import onnxruntime
import pytest
import weber

RULES = """
f(x) = x^3
ChainRulesCore.rrule(::typeof(f), x) = f(x), ȳ -> (NoTangent(), 7x^2 * ȳ)

g(x, y) = x * y^2
@scalar_rule g(x, y) (3y^2, 4x * y)

two(x) = (sin(x), cos(x))
@scalar_rule two(x) @setup((s, c) = Ω) (5c,) (-6s,)

constant(x) = 2x
@non_differentiable constant(::Any)

struct Layer; w; end
(l::Layer)(x) = l.w .* x
function ChainRulesCore.rrule(l::Layer, x)
    back(ȳ) = (Tangent{Layer}(w = 10 * sum(x .* ȳ)), @thunk(100 * l.w .* ȳ))
    return l(x), back
end

struct Point; x; y; end
Zygote.@adjoint Point(a, b) = Point(a, b), p̄ -> (2p̄.x, 3p̄.y)

forward(x) = x^2
ChainRulesCore.frule((_, ẋ), ::typeof(forward), x) = forward(x), 5x * ẋ

pair(x) = (x, x^2)
ChainRulesCore.rrule(::typeof(pair), x) = pair(x), ȳ -> (NoTangent(), ȳ[1] + 10x * ȳ[2])

keyword(x; n = 2) = x^n
ChainRulesCore.rrule(::typeof(keyword), x; n = 2) = keyword(x; n), ȳ -> (NoTangent(), 100n * ȳ)

squares(x) = sum(abs2, x)
ChainRulesCore.rrule(::typeof(squares), x::AbstractArray) = squares(x), ȳ -> (NoTangent(), @thunk(3ȳ .* x))
@opt_out ChainRulesCore.rrule(::typeof(squares), ::Vector{Float32})

straight(x) = round(x)
Zygote.@adjoint straight(x) = straight(x), ȳ -> (ȳ,)

scaled(x, n) = x * n
Zygote.@adjoint function scaled(x::T, n) where T<:AbstractFloat
    return scaled(x, n), ȳ -> (T(1000), nothing)
end
"""

CASES = [
    ("gradient(f, 2.0)", (28.0,)),
    ("gradient(x -> f(x) * x, 2.0)", (7 * 4 * 2 + 8,)),
    ("gradient(x -> sum(f.(x)), [1.0, 2.0])", ([7, 28],)),
    ("gradient(x -> sum(map(f, x)), [1.0, 2.0])", ([7, 28],)),
    ("pushforward(f, 2.0)(1.0)", 28.0),
    ("gradient(x -> gradient(f, x)[1], 2.0)", (28.0,)),  # the derivative of the rule: 14x
    ("hessian(x -> sum(f.(x)), [1.0, 2.0])", [[14, 0], [0, 28]]),
    ("hessian_reverse(x -> sum(f.(x)), [1.0, 2.0])", [[14, 0], [0, 28]]),
    ("jacobian(x -> f.(x), [1.0, 2.0])[1]", [[7, 0], [0, 28]]),
    ("gradient(x -> (s = 0.0; for i in 1:3; s += f(x) * i; end; s), 2.0)", (28 * 6,)),
    ("gradient(g, 2.0, 3.0)", (27.0, 24.0)),
    ("pushforward(g, 2.0, 3.0)(1.0, 10.0)", 27.0 + 240.0),
    ("gradient(x -> two(x)[1] + two(x)[2], 0.3)", (5 * np.cos(0.3) - 6 * np.sin(0.3),)),
    ("gradient(x -> constant(x) * x, 3.0)", (6.0,)),
    ("gradient(l -> sum(l([1.0, 2.0])), Layer(2.0))[1].w", 30.0),
    ("gradient(x -> sum(Layer(2.0)(x)), [1.0, 2.0])", ([200, 200],)),
    ("gradient((a, b) -> (p = Point(a, b); p.x * p.y), 2.0, 5.0)", (10.0, 6.0)),
    ("gradient(forward, 3.0)", (15.0,)),
    ("pushforward(forward, 3.0)(1.0)", 15.0),
    ("gradient(x -> pair(x)[2], 3.0)", (30.0,)),
    ("gradient(x -> sum(pair(x)), 3.0)", (31.0,)),
    ("gradient(x -> keyword(x; n = 3), 2.0)", (300.0,)),
    ("gradient(squares, [1.0, 2.0])", ([3, 6],)),
    ("gradient(squares, [1f0, 2f0])", ([2, 4],)),
    ("gradient(x -> sum(straight.(x) .* [1.0, 2.0]), [0.3, 1.7])", ([1, 2],)),
    ("gradient(x -> scaled(x, 3), 2.0)", (1000.0,)),
    ("gradient(x -> (println(); f(x)), 2.0)", (28.0,)),  # evaluated while it runs
    ("gradient(x -> (println(); forward(x)), 3.0)", (15.0,)),
    ("pushforward(x -> (println(); f(x)), 2.0)(1.0)", 28.0),
    ("pushforward(x -> (println(); forward(x)), 3.0)(1.0)", 15.0),
    ("hessian(x -> (println(); f(x)), 2.0)", 28.0),
    ("gradient(x -> f(ignore_derivatives(x)) + x, 2.0)", (1.0,)),
    ("gradient(x -> (@ignore_derivatives f(x)) * x, 2.0)", (8.0,)),
    ("gradient(x -> Zygote.hook(-, x)^2, 3.0)", (-6.0,)),
]


@pytest.mark.parametrize("source, expected", CASES)
def test_rules_are_used(source, expected, session, evaluate):
    session.evaluate(RULES)
    found = evaluate(source)
    for a, b in zip(found, expected, strict=True) if isinstance(expected, tuple) else [(found, expected)]:
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_rules_hold_in_artifacts(tmp_path):
    file = tmp_path / "rules.jl"
    file.write_text("using Zygote, ChainRulesCore\n" + RULES + """
    @export slope(x::Float64[N]) = gradient(x -> sum(f.(x)), x)[1]
    @export layer(x::Float64[N], w::Float64) = gradient(l -> sum(l(x)), Layer(w))[1].w
    """, encoding="utf-8")
    module = weber.load(file)
    x = np.array([1.0, 2.0, 3.0])
    for entry, inputs, expected in (("slope", {"x": x}, 7 * x**2),
                                    ("layer", {"x": x, "w": np.array(2.0)}, 60.0)):
        model = module.compile(entry).model
        run = onnxruntime.InferenceSession(model.SerializeToString())
        np.testing.assert_allclose(run.run(None, inputs)[0], expected)


@pytest.mark.parametrize("source, printed", [
    ("rrule(sin, 1.0)[2](1) == (NoTangent(), cos(1.0))", "true"),
    ("frule((NoTangent(), 1), sin, 1.0) == (sin(1.0), cos(1.0))", "true"),
    ("rrule(x -> x, 1.0) === nothing", "true"),
    ("Tangent{Tuple{Float64, Float64}}(1.0, 2.0)", "Tangent{Tuple{Float64, Float64}}(1.0, 2.0)"),
    ("struct Q; a; b; end; Tangent{Q}(a = 1.0) + Tangent{Q}(a = 2.0, b = 3.0)",
     "Tangent{Q}(a = 3.0, b = 3.0)"),
    ("struct Q; a; b; end; Q(1.0, 2.0) + Tangent{Q}(b = 3.0)", "Q(1.0, 5.0)"),
    ("ZeroTangent() + 3, NoTangent() * 4, -ZeroTangent()", "(3, NoTangent(), ZeroTangent())"),
    ("unthunk(@thunk(1 + 2)), unthunk(3)", "(3, 3)"),
    ("(@thunk 1 + 2) + 4", "7"),
    ("ProjectTo(1.5f0)(3 + 4im)", "3.0f0"),
    ("ProjectTo(1.5f0)", "ProjectTo{Float32}()"),
    ("ProjectTo([1 2; 3 4])(reshape(1:4, 4))", "2×2 Matrix{Float64}:\n 1.0  3.0\n 2.0  4.0"),
    ("ProjectTo(true)(2.0), ProjectTo(\"text\")(2.0)", "(NoTangent(), 2.0)"),
    ("ProjectTo(1.0)(ZeroTangent())", "ZeroTangent()"),
])
def test_types_of_rules(source, printed, shown):
    assert shown(source) == printed


@pytest.mark.parametrize("source, message", [
    ("@adjoint 3", "expected the definition of a function"),
    ("@scalar_rule f", "expected a call"),
    ("f(x) = x; @scalar_rule f(x) (1, 2)", "expected 1 partial derivatives, found 2"),
    ("f(x) = x; ChainRulesCore.rrule(::typeof(f), x) = 3; gradient(f, 1.0)", "must return a tuple"),
    ("f(x) = x; ChainRulesCore.rrule(::typeof(f), x) = x, ȳ -> 3; gradient(f, 1.0)", "must return a tuple"),
    ("f(x) = sum(x); Zygote.@adjoint f(x) = f(x), ȳ -> ([1.0],); gradient(f, [1.0, 2.0])",
     "the cotangent has size"),
    ("f(x) = x; ChainRulesCore.rrule(::typeof(f), x) = x, ȳ -> (NoTangent(), @not_implemented(\"no\")); "
     "gradient(f, 1.0)", "not implemented: no"),
])
def test_mistakes_in_rules(source, message, session):
    with pytest.raises(weber.WeberError, match=message) as caught:
        session.evaluate(source)
    assert "internal error" not in str(caught.value)
