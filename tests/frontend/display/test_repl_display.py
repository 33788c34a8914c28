"""What the REPL prints for a value, against what Julia 1.10 prints."""

import pytest
from weber.frontend.interactive.session import Session


def shown(source):
    session = Session()
    return session.show(session.evaluate(source))


SCALARS = [
    ("1", "1"), ("-3", "-3"), ("true", "true"), ("0x0f", "0x0f"), ("Int8(-5)", "-5"), ("nothing", ""),
    ("missing", "missing"),
    ("1.0", "1.0"), ("0.1", "0.1"), ("1e-5", "1.0e-5"), ("100000.0", "100000.0"), ("1e6", "1.0e6"),
    ("123456.789", "123456.789"), ("1234567.0", "1.234567e6"), ("-0.0", "-0.0"), ("0.0001", "0.0001"),
    ("0.00001", "1.0e-5"), ("NaN", "NaN"), ("-Inf", "-Inf"), ("1e100", "1.0e100"), ("5e-324", "5.0e-324"),
    ("1/3", "0.3333333333333333"),
    ("1f0", "1.0f0"), ("0.1f0", "0.1f0"), ("1f-5", "1.0f-5"), ("1f7", "1.0f7"), ("Inf32", "Inf32"),
    ("NaN32", "NaN32"), ("Float16(1.5)", "Float16(1.5)"), ("Float16(1000)", "Float16(1.0e3)"),
    ("1.0 + 2.0im", "1.0 + 2.0im"), ("1.0 - 2.0im", "1.0 - 2.0im"),
    ("pi", "π = 3.1415926535897..."),
    ("'a'", "'a': ASCII/Unicode U+0061 (category Ll: Letter, lowercase)"),
    ("'\\n'", "'\\n': ASCII/Unicode U+000A (category Cc: Other, control)"),
    ("'é'", "'é': Unicode U+00E9 (category Ll: Letter, lowercase)"),
    ('"a\\nb\\"c\\$"', '"a\\nb\\"c\\$"'),
    (":a", ":a"), ('Symbol("a b")', 'Symbol("a b")'), (":+", ":+"), ("Symbol(\"1a\")", "Symbol(\"1a\")"),
]


@pytest.mark.parametrize(("source", "expected"), SCALARS)
def test_scalars(source, expected):
    assert shown(source) == expected


COLLECTIONS = [
    ("()", "()"), ("(1,)", "(1,)"), ('(1, 2.0, "a")', '(1, 2.0, "a")'),
    ("(a = 1,)", "(a = 1,)"), ("(a = 1, b = 2f0)", "(a = 1, b = 2.0f0)"), ("(;)", "NamedTuple()"),
    ("1 => 2", "1 => 2"), ("1 => 2 => 3", "1 => (2 => 3)"), ('"a" => 1.0f0', '"a" => 1.0f0'),
    ("1:3", "1:3"), ("1:2:9", "1:2:9"), ("0.0:0.1:1.0", "0.0:0.1:1.0"), ("'a':'e'", "'a':1:'e'"),
    ("Dict(:a => 1)", "Dict{Symbol, Int64} with 1 entry:\n  :a => 1"),
    ('Dict("a" => 1, "bc" => 2)', 'Dict{String, Int64} with 2 entries:\n  "a"  => 1\n  "bc" => 2'),
    ("Dict()", "Dict{Any, Any}()"), ("Dict{String, Int}()", "Dict{String, Int64}()"),
    ("Dict(:a => Dict(:b => 1))", "Dict{Symbol, Dict{Symbol, Int64}} with 1 entry:\n  :a => Dict(:b=>1)"),
    ("Set([1, 2])", "Set{Int64} with 2 elements:\n  2\n  1"), ("Set{Int}()", "Set{Int64}()"),
    ("(Set([1, 2]),)", "(Set([2, 1]),)"),
    ("keys(Dict(:a => 1))", "KeySet for a Dict{Symbol, Int64} with 1 entry. Keys:\n  :a"),
    ("values(Dict(:a => 1))", "ValueIterator for a Dict{Symbol, Int64} with 1 entry. Values:\n  1"),
    ("pairs((a = 1,))", "pairs(::NamedTuple) with 1 entry:\n  :a => 1"),
    ("zip([1], [2])", "zip([1], [2])"), ("enumerate([1])", "enumerate([1])"),
    ("Ref(1)", "Base.RefValue{Int64}(1)"), ("Some(1)", "Some(1)"),
]


@pytest.mark.parametrize(("source", "expected"), COLLECTIONS)
def test_collections(source, expected):
    assert shown(source) == expected


TYPES_AND_FUNCTIONS = [
    ("Int", "Int64"), ("Vector{Int}", "Vector{Int64} (alias for Array{Int64, 1})"),
    ("Matrix", "Matrix (alias for Array{T, 2} where T)"), ("Union{Int, Nothing}", "Union{Nothing, Int64}"),
    ('typeof((1, 2.0, "a"))', "Tuple{Int64, Float64, String}"),
    ('typeof((a = 1, b = "x"))', "@NamedTuple{a::Int64, b::String}"),
    ("f(x) = x; f(x::Int) = 1; f", "f (generic function with 2 methods)"),
    ("function g end; g", "g (generic function with 0 methods)"),
    ("sqrt ∘ abs", "sqrt ∘ abs"), ("[Int, Float64]", "2-element Vector{DataType}:\n Int64\n Float64"),
    ('r"a.b"i', 'r"a.b"i'),
    ('match(r"(?<y>\\d+)-(\\d+)", "on 2020-12")', 'RegexMatch("2020-12", y="2020", 2="12")'),
    ("struct P; x; y; end; P(1, [1.0, 2.0])", "P(1, [1.0, 2.0])"),
    ("struct P; x; y; end; P(1f0, \"a\")", 'P(1.0f0, "a")'),
    ("struct Q{T}; x::T; end; Q(1)", "Q{Int64}(1)"),
    ("struct E end; E()", "E()"), ("mutable struct U; x; U() = new(); end; U()", "U(#undef)"),
    ('try error("boom") catch e; e end', 'ErrorException("boom")'),
    ("try Dict(:a => 1)[:b] catch e; e end", "KeyError(:b)"),
]


@pytest.mark.parametrize(("source", "expected"), TYPES_AND_FUNCTIONS)
def test_types_and_functions(source, expected):
    assert shown(source) == expected


def test_a_long_dictionary_loses_its_end():
    lines = shown("Dict(i => 2i for i in 1:30)").split("\n")
    assert lines[0] == "Dict{Int64, Int64} with 30 entries:"
    assert lines[1] == "  5  => 10"
    assert lines[-1] == "  ⋮  => ⋮"
    assert len(lines) == 21


def test_a_long_string_loses_its_middle():
    text = shown('"ab" ^ 1000')
    assert text.startswith('"abab') and text.endswith('abab"')
    assert " bytes ⋯ " in text and len(text) <= 7 * 80


def test_a_value_that_contains_itself():
    assert shown("x = Any[]; push!(x, x); x") == "1-element Vector{Any}:\n Any[#= circular reference @-1 =#]"


@pytest.mark.parametrize(("definition", "source", "expected"), [
    ('Base.show(io::IO, p::P) = print(io, "P<", p.x, ">")', "P(1)", "P<1>"),
    ('Base.show(io::IO, p::P) = print(io, "P<", p.x, ">")', "[P(1), P(2)]",
     "2-element Vector{P}:\n P<1>\n P<2>"),
    ('Base.show(io::IO, p::P) = print(io, "P<", p.x, ">")', "(P(1), :a)", "(P<1>, :a)"),
    ('Base.show(io::IO, p::P) = print(io, "P<", p.x, ">")', 'string(P(1), "!")', '"P<1>!"'),
    ('Base.show(io::IO, p::P) = print(io, "P<", p.x, ">")', "Dict(:k => P(1))",
     "Dict{Symbol, P} with 1 entry:\n  :k => P<1>"),
    ('Base.show(io::IO, ::MIME"text/plain", p::P) = print(io, "a P of ", p.x)', "P(1)", "a P of 1"),
    ('Base.show(io::IO, ::MIME"text/plain", p::P) = print(io, "a P of ", p.x)', "(P(1),)", "(P(1),)"),
    ('Base.show(io::IO, p::P) = print(io, get(io, :compact, false))', "[P(1) P(2)]",
     "1×2 Matrix{P}:\n true  true"),
    ('Base.print(io::IO, p::P) = print(io, "p")', '"$(P(1))"', '"p"'),
])
def test_methods_of_show_are_honoured(definition, source, expected):
    assert shown(f"struct P; x; end\n{definition}\n{source}") == expected


@pytest.mark.parametrize(("type_", "name"), [
    ("Array", "Array"), ("Array{Float64}", "Array{Float64}"), ("Array{<:Any, 3}", "Array{<:Any, 3}"),
    ("Matrix{T} where T<:Real", "Matrix{T} where T<:Real"), ("Pair{T, T} where T", "Pair{T, T} where T"),
    ("NTuple{3, Int}", "Tuple{Int64, Int64, Int64}"), ("NTuple{4, Int}", "NTuple{4, Int64}"),
    ("Tuple{Int, Vararg{String}}", "Tuple{Int64, Vararg{String}}"), ("Union{Int, String, Nothing}",
                                                                   "Union{Nothing, Int64, String}"),
    ("Dict{Symbol}", "Dict{Symbol}"), ("Type{Int}", "Type{Int64}"), ("ComplexF32", "ComplexF32"),
    ("Union{}", "Union{}"), ("Val{:a}", "Val{:a}"),
])
def test_type_names(type_, name):
    assert Session().evaluate(f"string({type_})") == name


def test_aliases_are_told_in_the_repl_only():
    assert shown("Vector{<:Real}") == "Vector{<:Real} (alias for Array{<:Real, 1})"
    assert shown("(Vector{Int},)") == "(Vector{Int64},)"
