"""Arrays as the REPL prints them, and as `repr` and `print` do, against what Julia 1.10 prints."""

import numpy as np
import pytest
from weber.frontend.interactive.session import Session
from weber.frontend.printing.display import repr_value, show_value
from weber.frontend.values import Array


def shown(source):
    session = Session()
    return session.show(session.evaluate(source))


PLAIN = [
    ("[1, 2, 3]", "3-element Vector{Int64}:\n 1\n 2\n 3"),
    ("[1.0, 2.5, 100]", "3-element Vector{Float64}:\n   1.0\n   2.5\n 100.0"),
    ("Float32[1, 2.5, 1e-8]", "3-element Vector{Float32}:\n 1.0\n 2.5\n 1.0f-8"),
    ("[1.5, NaN, Inf, -Inf]", "4-element Vector{Float64}:\n   1.5\n NaN\n  Inf\n -Inf"),
    ("Int8[-1, 100]", "2-element Vector{Int8}:\n  -1\n 100"),
    ("UInt8[1, 255]", "2-element Vector{UInt8}:\n 0x01\n 0xff"),
    ("[true, false]", "2-element Vector{Bool}:\n 1\n 0"),
    ('["a", "bc"]', '2-element Vector{String}:\n "a"\n "bc"'),
    ("[:a, :b]", "2-element Vector{Symbol}:\n :a\n :b"),
    ("['a']", "1-element Vector{Char}:\n 'a': ASCII/Unicode U+0061 (category Ll: Letter, lowercase)"),
    ("[nothing, 1]", "2-element Vector{Union{Nothing, Int64}}:\n  nothing\n 1"),
    ("[1, missing]", "2-element Vector{Union{Missing, Int64}}:\n 1\n  missing"),
    ('Any[1, "a", :b, 2.5]', '4-element Vector{Any}:\n 1\n  "a"\n  :b\n 2.5'),
    ("[[1, 2], [3]]", "2-element Vector{Vector{Int64}}:\n [1, 2]\n [3]"),
    ("[(1, 2.0), (3, 4.0)]", "2-element Vector{Tuple{Int64, Float64}}:\n (1, 2.0)\n (3, 4.0)"),
    ('[1 => "a", 22 => "b"]', '2-element Vector{Pair{Int64, String}}:\n  1 => "a"\n 22 => "b"'),
    ("[1.0 + 2im, 3.5 - 1im]", "2-element Vector{ComplexF64}:\n 1.0 + 2.0im\n 3.5 - 1.0im"),
    ("[1 2; 3 4]", "2×2 Matrix{Int64}:\n 1  2\n 3  4"),
    ("[1.5 2; 3 40]", "2×2 Matrix{Float64}:\n 1.5   2.0\n 3.0  40.0"),
    ("[1/3 2/3]", "1×2 Matrix{Float64}:\n 0.333333  0.666667"),
    ("[1e-5 1.0; 123456.7 2]", "2×2 Matrix{Float64}:\n 1.0e-5     1.0\n 1.23457e5  2.0"),
    ("Float32[1e-5 1]", "1×2 Matrix{Float32}:\n 1.0f-5  1.0"),
    ("[true false; false true]", "2×2 Matrix{Bool}:\n 1  0\n 0  1"),
    ('["a" "bcd"]', '1×2 Matrix{String}:\n "a"  "bcd"'),
    ("reshape([1.0], 1, 1)", "1×1 Matrix{Float64}:\n 1.0"),
    ("fill(2.0)", "0-dimensional Array{Float64, 0}:\n2.0"),
    ("[]", "Any[]"), ("Float64[]", "Float64[]"), ("zeros(0, 3)", "0×3 Matrix{Float64}"),
    ("zeros(2, 1, 2)", "2×1×2 Array{Float64, 3}:\n[:, :, 1] =\n 0.0\n 0.0\n\n[:, :, 2] =\n 0.0\n 0.0"),
    ("zeros(Int, 1, 1, 1, 2)", "1×1×1×2 Array{Int64, 4}:\n[:, :, 1, 1] =\n 0\n\n[:, :, 1, 2] =\n 0"),
    ('split("a b")', '2-element Vector{SubString{String}}:\n "a"\n "b"'),
    ("[i for i in (1, 2.0)]", "2-element Vector{Real}:\n 1\n 2.0"),
]


@pytest.mark.parametrize(("source", "expected"), PLAIN)
def test_text_plain(source, expected):
    assert shown(source) == expected


ON_ONE_LINE = [
    ("[1, 2]", "[1, 2]"), ("[1.0, 2.5]", "[1.0, 2.5]"), ('["a"]', '["a"]'), ("[:a]", "[:a]"),
    ("['a']", "['a']"),
    ("Float32[1, 2]", "Float32[1.0, 2.0]"), ("Int8[1]", "Int8[1]"), ("[true]", "Bool[1]"),
    ("Any[1]", "Any[1]"),
    ("Int[]", "Int64[]"), ("[]", "Any[]"), ("[1 2; 3 4]", "[1 2; 3 4]"),
    ("reshape([1.0, 1.0], 2, 1)", "[1.0; 1.0;;]"),
    ("Float32[1 2]", "Float32[1.0 2.0]"), ("reshape([1, 2, 3, 4], 2, 1, 2)", "[1; 2;;; 3; 4]"),
    ("zeros(0, 3)", "Matrix{Float64}(undef, 0, 3)"), ("[[1], [2]]", "[[1], [2]]"),
    ("[[1f0], [2f0]]", "Vector{Float32}[[1.0], [2.0]]"), ("[(1, 2f0)]", "Tuple{Int64, Float32}[(1, 2.0)]"),
    ("[(1, 2)]", "[(1, 2)]"), ("[1:2]", "UnitRange{Int64}[1:2]"), ("[1 => 2]", "[1 => 2]"),
    ("[1.0 + 2im]", "ComplexF64[1.0 + 2.0im]"), ("[nothing]", "[nothing]"), ("fill(1)", "fill(1)"),
    ("(θ = [1.0, 5.0], b = Float32[1])", "(θ = [1.0, 5.0], b = Float32[1.0])"),
    ("Dict(:a => [1, 2])", "Dict(:a => [1, 2])"), ("Dict(:a => 1f0)", "Dict{Symbol, Float32}(:a => 1.0)"),
    ("Dict{Symbol, Any}(:a => 1f0)", "Dict{Symbol, Any}(:a => 1.0f0)"),
]


@pytest.mark.parametrize(("source", "expected"), ON_ONE_LINE)
def test_repr(source, expected):
    assert repr_value(Session().evaluate(source)) == expected


@pytest.mark.parametrize(("source", "expected"), [
    ("string(1f0)", "1.0"), ("string(1f-5)", "1.0e-5"), ("string(0x05)", "5"),
    ('string("a", :b, \'c\')', "abc"),
    ("string([1f0])", "Float32[1.0]"), ("string((1f0, \"a\"))", '(1.0f0, "a")'),
    ("string(nothing)", "nothing"),
    ("string(Float16(2))", "2.0"), ("string(1 => 2)", "1 => 2"), ("string(Int)", "Int64"),
    ("string(sin)", "sin"),
    ('"$(1f0) $([0.5]) $(:x)"', "1.0 [0.5] x"),
])
def test_print(source, expected):
    assert Session().evaluate(source) == expected


def test_the_repl_elides_long_arrays_inside_of_tuples():
    assert shown("(collect(1:30), [0 1 2 3 4 5])") == (
        "([1, 2, 3, 4, 5, 6, 7, 8, 9, 10  …  21, 22, 23, 24, 25, 26, 27, 28, 29, 30], [0 1 … 4 5])")
    assert shown("(ones(5, 5),)") == (
        "([1.0 1.0 … 1.0 1.0; 1.0 1.0 … 1.0 1.0; … ; 1.0 1.0 … 1.0 1.0; 1.0 1.0 … 1.0 1.0],)")
    assert repr_value(Array(np.arange(25))) == "[" + ", ".join(map(str, range(25))) + "]"


def test_a_long_vector_keeps_its_ends():
    lines = show_value(Array(np.arange(1, 31))).split("\n")
    assert lines[0] == "30-element Vector{Int64}:"
    assert lines[1:] == [f" {n:>2}" for n in range(1, 11)] + ["  ⋮"] + [f" {n:>2}" for n in range(22, 31)]


def test_twenty_rows_are_shown_in_full():
    assert "⋮" not in show_value(Array(np.arange(20)))


def test_a_wide_matrix_keeps_its_sides():
    head, *rows = show_value(Array(np.ones((30, 3)))).split("\n")
    assert head == "3×30 Matrix{Float64}:"
    assert rows[0] == " " + "  ".join(["1.0"] * 8) + "  …  " + "  ".join(["1.0"] * 7)
    assert rows[1] == " " + "  ".join(["1.0"] * 8) + "     " + "  ".join(["1.0"] * 7)
    assert len(rows) == 3 and max(map(len, rows)) <= 80


def test_a_large_matrix_keeps_its_corners():
    head, *rows = show_value(Array(np.zeros((100, 100)))).split("\n")
    assert head == "100×100 Matrix{Float64}:"
    assert len(rows) == 20
    assert rows[10].split() == ["⋮", "⋮", "⋱", "⋮"]
    assert rows[10].index("⋱") == rows[0].index("…")
    assert max(map(len, rows)) <= 80


def test_long_outer_dims_are_elided():
    text = show_value(Array(np.zeros((12, 1, 1))))
    assert ";;; … \n\n[:, :, 10] =" in text
    assert "[:, :, 4] =" not in text
