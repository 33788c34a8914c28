"""Functions of functions, reflection, copies."""

import pytest
from weber.compiler.errors import WeberError
from weber.frontend.interactive.session import Session
from weber.frontend.printing.display import repr_value


@pytest.mark.parametrize(("source", "expected"), [
    ("(sqrt ∘ abs)(-4.0)", "2.0"), ("f = sqrt ∘ abs; (f.outer(4.0), f.inner(-1))", "(2.0, 1)"),
    ("sqrt ∘ abs isa ComposedFunction", "true"), ("[1, 4] |> sum |> abs", "5"), ("==(2)(2)", "true"),
    (">(2)(1)", "false"),
    ("Base.Fix1(-, 5)(3)", "2"), ("Base.Fix2(-, 5)(8)", "3"),
    ("map(Base.splat(+), [(1, 2), (3, 4)])", "[3, 7]"),
    ("filter(!isodd, [1, 2])", "[2]"), ("Returns(3)(1, 2)", "3"), ("identity(5)", "5"),
    ("in([1, 2])(2)", "true"),
    ("endswith(\"b\")(\"ab\")", "true"), ("foldl(∘, (abs, sqrt))(4.0)", "2.0"), ("(.+)([1, 2], 1)", "[2, 3]"),
    ("applicable(sqrt, 1), applicable(sqrt, \"a\")", "(true, false)"),
    ("hasmethod(sqrt, Tuple{Float64})", "true"),
    ("f(x) = 1; f(x, y) = 2; length(methods(f))", "2"), ("nameof(sqrt)", ":sqrt"),
    ("nameof(Vector{Int})", ":Array"),
    ("struct A; x; y::Int; end; (fieldnames(A), fieldcount(A))", "((:x, :y), 2)"),
    ("struct A; x; y::Int; end; fieldtypes(A)", "(Any, Int64)"),
    ("struct A; x; end; (getfield(A(1), :x), getproperty(A(1), :x), A(2).x)", "(1, 1, 2)"),
    ("mutable struct M; x; end; m = M(1); setfield!(m, :x, 2); setproperty!(m, :x, m.x + 1); m.x", "3"),
    ("hasproperty((a = 1,), :a), propertynames((a = 1, b = 2))", "(true, (:a, :b))"),
    ("nfields((1, 2))", "2"),
    ("mutable struct M; x; end; m = M([1]); n = deepcopy(m); push!(n.x, 2); m.x", "[1]"),
    ("x = [1]; p = deepcopy((x, x)); p[1] === p[2] && p[1] !== x", "true"),
    ("d = Dict(:a => [1]); e = deepcopy(d); push!(e[:a], 2); d", "Dict(:a => [1])"),
    ("ismutable([1]), ismutable((1,)), isbitstype(Int), isbits(1)", "(true, false, true, true)"),
    ("hash(1) == hash(1.0), hash(1) == hash(2)", "(true, false)"),
    ("hash((1, :a)) == hash((true, :a)), hash(\"a\") == hash(:a)", "(true, false)"),
    ("hash(Set([1, 2])) == hash(Set([2, 1])), hash(\"a\")", "(true, 0x7d4303a78ec2fef6)"),
    ("isdefined(Main, :nosuch)", "false"),
    ("time() > 1e9 && time_ns() isa UInt64", "true"), ("haskey(ENV, \"PATH\")", "true"),
])
def test_values(source, expected):
    assert repr_value(Session().evaluate(source)) == expected


@pytest.mark.parametrize(("source", "message"), [
    ("struct A; x; end; A(1).y", "has no field y"),
    ("struct A; x; end; fieldnames(Real)", "definite field names"),
    ("ENV[\"NO_SUCH_VARIABLE_HERE\"]", "KeyError: key \"NO_SUCH_VARIABLE_HERE\" not found"),
    ("ENV[\"A\"] = \"b\"", "ENV"),
    ("ntuple(identity, -1)", "tuple length should be ≥ 0, got -1"), ("x = 1; x(2)", "not callable"),
])
def test_errors(source, message):
    with pytest.raises(WeberError) as caught:
        Session().evaluate(source)
    assert message in caught.value.message
