"""Dictionaries, sets, tuples, named tuples and iterators, against Julia's documentation."""

import pytest
from weber.compiler.errors import WeberError
from weber.frontend.interactive.session import Session
from weber.frontend.printing.display import repr_value

DICTIONARIES = [
    ("Dict(:a => 1)[:a]", "1"), ("d = Dict(); d[1] = 2; d[1.0]", "2"),
    ("length(Dict(1 => 2, 1.0 => 3))", "1"),
    ('Dict([("A", 1), ("B", 2)])', 'Dict("B" => 2, "A" => 1)'),
    ("Dict(i => i^2 for i in 1:2)", "Dict(2 => 4, 1 => 1)"), ("Dict{Symbol, Float64}(:a => 1)[:a]", "1.0"),
    ("typeof(Dict(:a => 1, :b => 2.0))", "Dict{Symbol, Real}"),
    ("typeof(Dict(zip([:a], [1])))", "Dict{Symbol, Int64}"),
    ("haskey(Dict(:a => 1), :b)", "false"), ("get(Dict(:a => 1), :b, 3)", "3"),
    ("get(() -> 4, Dict(:a => 1), :b)", "4"), ("d = Dict(:a => 1); (get!(d, :b, 2), d[:b])", "(2, 2)"),
    ("d = Dict(:a => [1]); push!(get!(() -> [], d, :a), 2); d[:a]", "[1, 2]"),
    ("d = Dict(:a => 1, :b => 2); delete!(d, :a); collect(keys(d))", "[:b]"),
    ("d = Dict(:a => 1); (pop!(d, :a), isempty(d))", "(1, true)"), ("pop!(Dict(:a => 1), :z, 9)", "9"),
    ("collect(values(Dict(:a => 1, :b => 2)))", "[1, 2]"), (":a in keys(Dict(:a => 1))", "true"),
    ("(:a => 1) in Dict(:a => 1)", "true"), ("Dict(:a => 1) == Dict(:a => 1.0)", "true"),
    ('merge(Dict("foo" => 0.0), Dict("bar" => 42))', 'Dict("bar" => 42.0, "foo" => 0.0)'),
    ('mergewith(+, Dict("a" => 1), Dict("a" => 2, "b" => 3))', 'Dict("b" => 3, "a" => 3)'),
    ("filter(p -> p.second > 1, Dict(:a => 1, :b => 2))", "Dict(:b => 2)"),
    ("[k => v for (k, v) in Dict(:a => 1)]", "[:a => 1]"), ("sum(values(Dict(:a => 1, :b => 2)))", "3"),
    ("d = Dict(:a => 1); e = copy(d); e[:b] = 2; length(d)", "1"),
    ("findfirst(==(2), Dict(:a => 1, :b => 2))", ":b"),
    ("keytype(Dict(:a => 1)), valtype(Dict(:a => 1))", "(Symbol, Int64)"), ("Dict([1] => 2)[[1]]", "2"),
    ("Dict((1, :a) => 2)[1, :a]", "2"), ("d = Dict(NaN => 1); d[NaN]", "1"),
    ("haskey(Dict(0.0 => 1), -0.0)", "false"),
    ("x = [1]; d = IdDict(x => 1); (haskey(d, x), haskey(d, [1]))", "(true, false)"),
]
SETS = [
    ("Set([1, 2, 1])", "Set([2, 1])"), ("2 in Set([1, 2])", "true"), ("push!(Set([1]), 2)", "Set([2, 1])"),
    ("union([1, 2], [2, 3])", "[1, 2, 3]"), ("[1, 2] ∪ [3]", "[1, 2, 3]"),
    ("intersect([1, 2, 3], [3, 4, 1])", "[1, 3]"),
    ("setdiff([1, 2, 3], [2])", "[1, 3]"), ("symdiff([1, 2], [2, 3])", "[1, 3]"),
    ("issubset([1, 2], [1, 2, 3])", "true"),
    ("Set([1, 2]) == Set([2, 1])", "true"), ("unique([1, 2, 2, 1])", "[1, 2]"),
    ("allunique([1, 1])", "false"),
    ("issetequal([1, 2], [2, 1, 1])", "true"), ("Set('a':'c') == Set(\"abc\")", "true"),
    ("s = Set([1, 2]); delete!(s, 1); s", "Set([2])"), ("unique(x -> x % 2, 1:4)", "[1, 2]"),
]
TUPLES = [
    ("(1, 2, 3)[2]", "2"), ("(1, 2, 3)[2:3]", "(2, 3)"), ("(1, 2, 3)[end]", "3"), ("length((1, 2))", "2"),
    ("first((1, 2)), last((1, 2))", "(1, 2)"), ("Base.tail((1, 2, 3))", "(2, 3)"),
    ("Base.front((1, 2, 3))", "(1, 2)"),
    ("map(x -> 2x, (1, 2.0))", "(2, 4.0)"), ("map(+, (1, 2), (10, 20))", "(11, 22)"),
    ("reverse((1, 2))", "(2, 1)"),
    ("ntuple(i -> i^2, 3)", "(1, 4, 9)"), ("Tuple([1, 2])", "(1, 2)"), ("filter(isodd, (1, 2, 3))", "(1, 3)"),
    ("2 in (1, 2)", "true"), ("sum((1, 2, 3)), prod((2, 3))", "(6, 6)"), ("maximum((1, 3, 2))", "3"),
    ("(a = 1, b = 2).b", "2"), ("(a = 1, b = 2)[:b]", "2"), ("(a = 1, b = 2)[1]", "1"),
    ("keys((a = 1, b = 2))", "(:a, :b)"),
    ("values((a = 1, b = 2))", "(1, 2)"), ("merge((a = 1, b = 2), (b = 3, c = 4))", "(a = 1, b = 3, c = 4)"),
    ("(; a = 1, (b = 2,)...)", "(a = 1, b = 2)"), ("map(x -> x + 1, (a = 1, b = 2))", "(a = 2, b = 3)"),
    ("NamedTuple{(:x, :y)}((1, 2))", "(x = 1, y = 2)"), ("haskey((a = 1,), :a)", "true"),
    ("get((a = 1,), :b, 0)", "0"),
    ("Base.structdiff((a = 1, b = 2), (b = 0,))", "(a = 1,)"), ("(a = 1, b = 2)[(:b,)]", "(b = 2,)"),
    ("[k => v for (k, v) in pairs((a = 1,))]", "[:a => 1]"), ("collect(pairs([5, 6]))", "[1 => 5, 2 => 6]"),
    ("p = 1 => \"a\"; (p.first, p[2], first(p))", '(1, "a", 1)'), ("NamedTuple([:a => 1])", "(a = 1,)"),
    ("something(nothing, 2), something(Some(nothing), 1)", "(2, nothing)"), ("coalesce(missing, 1)", "1"),
    ("r = Ref(1); r[] += 1; r[]", "2"), ("isnothing(nothing), ismissing(missing)", "(true, true)"),
]
ITERATION = [
    ("collect(zip(1:2, \"ab\"))", "[(1, 'a'), (2, 'b')]"), ("collect(enumerate([5, 6]))", "[(1, 5), (2, 6)]"),
    ("collect(Iterators.take(1:10, 3))", "[1, 2, 3]"), ("collect(Iterators.drop(1:4, 2))", "[3, 4]"),
    ("collect(Iterators.partition([1, 2, 3, 4, 5], 2))", "[[1, 2], [3, 4], [5]]"),
    ("collect(Iterators.partition(1:5, 2))", "UnitRange{Int64}[1:2, 3:4, 5:5]"),
    ("collect(Iterators.product(1:2, 3:5))", "[(1, 3) (1, 4) (1, 5); (2, 3) (2, 4) (2, 5)]"),
    ("collect(Iterators.flatten((1:2, 8:9)))", "[1, 2, 8, 9]"),
    ("collect(Iterators.reverse([1, 2]))", "[2, 1]"),
    ("collect(Iterators.filter(isodd, [1, 2, 3]))", "[1, 3]"), ("collect(Iterators.map(abs, [-1]))", "[1]"),
    ("collect(Iterators.take(Iterators.cycle([1, 2]), 3))", "[1, 2, 1]"),
    ("collect(Iterators.take(Iterators.countfrom(5, 2), 2))", "[5, 7]"),
    ("collect(Iterators.repeated(1, 2))", "[1, 1]"),
    ("collect(Iterators.takewhile(<(3), [1, 5, 2]))", "[1]"),
    ("collect(Iterators.accumulate(+, [1, 2, 3]))", "[1, 3, 6]"),
    ("first(Iterators.peel([1, 2]))", "1"), ("only([4])", "4"), ("length(zip(1:3, 1:2))", "2"),
    ("[i + j for i in 1:2, j in 1:2]", "[2 3; 3 4]"), ("[i for i in 1:4 if isodd(i)]", "[1, 3]"),
    ("[(i, j) for i in 1:2 for j in 1:i]", "[(1, 1), (2, 1), (2, 2)]"),
    ("collect(x^2 for x in 1:3)", "[1, 4, 9]"),
    ("typeof([x for x in (1, 2.0)])", "Vector{Real}"),
    ("typeof([x for x in (1, nothing)])", "Vector{Union{Nothing, Int64}}"),
    ("typeof([x for x in ((1, 2), (1.0, 2))])", "Vector{Tuple{Real, Int64}}"),
    ("sum(x for x in 1:3), prod(x for x in 1:3)", "(6, 6)"), ("sum(abs, (-1, 2))", "3"),
    ("sum((); init = 0)", "0"),
    ("maximum(x^2 for x in -3:2)", "9"), ("any(x > 2 for x in 1:3), all(iseven, (2, 4))", "(true, true)"),
    ("count(isodd, (1, 2, 3))", "2"), ("reduce(*, (2, 3); init = 10)", "60"),
    ("foldl(-, (1, 2, 3)), foldr(-, (1, 2, 3))", "(-4, 2)"),
    ("mapreduce(abs, +, (-1, -2))", "3"), ("argmax((1, 3, 2)), findmax((1, 3, 2))", "(2, (3, 2))"),
    ("extrema((3, 1, 2))", "(1, 3)"), ("argmax(abs, [-3, 2])", "-3"), ("isempty(x for x in ())", "true"),
    ("[x for x in 5]", "fill(5)"), ("map((x, y) -> x + y, [1, 2], (10, 20))", "[11, 22]"),
    ("accumulate(+, (1, 2, 3))", "(1, 3, 6)"), ("collect(Float32, (1, 2))", "Float32[1.0, 2.0]"),
    ("iterate([7, 8])", "(7, 2)"), ("iterate([7, 8], 3)", "nothing"),
    ("collect((k, v) for (k, v) in Dict(:a => 1))", "[(:a, 1)]"),
]
PROTOCOL = """
struct Countdown; from::Int; end
Base.iterate(c::Countdown, state = c.from) = state < 1 ? nothing : (state, state - 1)
Base.length(c::Countdown) = c.from
"""


@pytest.mark.parametrize(("source", "expected"), DICTIONARIES + SETS + TUPLES + ITERATION)
def test_values(source, expected):
    assert repr_value(Session().evaluate(source)) == expected


@pytest.mark.parametrize(("source", "expected"), [
    ("collect(Countdown(3))", "Any[3, 2, 1]"),
    ("Base.eltype(::Type{Countdown}) = Int; collect(Countdown(2))", "[2, 1]"),
    ("[2x for x in Countdown(2)]", "[4, 2]"), ("sum(Countdown(4))", "10"),
    ("(Countdown(2)...,)", "(2, 1)"), ("s = 0; for x in Countdown(3); global s += x; end; s", "6"),
    ("2 in Countdown(3)", "true"),
    ("collect(zip(Countdown(2), \"ab\"))", "Tuple{Any, Char}[(2, 'a'), (1, 'b')]"),
    ("a, b = Countdown(2); (b, a)", "(1, 2)"), ("map(string, Countdown(2))", '["2", "1"]'),
])
def test_types_with_an_iterate_method(source, expected):
    assert repr_value(Session().evaluate(PROTOCOL + source)) == expected


def test_a_user_type_with_its_own_hash_is_a_key():
    session = Session()
    session.evaluate("""
        struct Key; a; b; end
        Base.:(==)(x::Key, y::Key) = x.a == y.a
        Base.isequal(x::Key, y::Key) = x.a == y.a
        Base.hash(x::Key, h::UInt) = hash(x.a, h)
        d = Dict(Key(1, 2) => :one)""")
    assert repr_value(session.evaluate("d[Key(1, 99)], haskey(d, Key(2, 2))")) == "(:one, false)"


@pytest.mark.parametrize(("source", "message"), [
    ("Dict(:a => 1)[:b]", "KeyError: key :b not found"),
    ("Dict([1, 2])", "kv needs to be an iterator of 2-tuples or pairs"),
    ("(1, 2)[3]", "BoundsError: attempt to access Tuple{Int64, Int64} at index [3]"),
    ("(a = 1,)[:b]", "has no field b"), ("first(())", "tuple must be non-empty"),
    ("maximum(())", "empty collection"),
    ("sum(())", "empty collection"), ("only([1, 2])", "must contain exactly 1 element"),
    ("for x in sin; end", "MethodError: no method matching iterate(::typeof(sin))"),
    ("pop!(Set{Int}(), 1)", "KeyError: key 1"),
    ("map(x -> x, Dict(:a => 1))", "map is not defined on dictionaries"),
    ("something(nothing)", "No value arguments present"),
    ("all((1, 2))", "non-boolean (Int64) used in boolean context"),
    ("collect(Iterators.partition([1], 0))", "partitions"),
])
def test_errors(source, message):
    with pytest.raises(WeberError) as caught:
        Session().evaluate(source)
    assert message in caught.value.message
