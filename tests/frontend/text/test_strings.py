"""Strings and characters; expected values are those of Julia's manual and doc strings."""

import pytest
from weber.compiler.errors import WeberError
from weber.frontend.interactive.session import Session
from weber.frontend.printing.display import repr_value

CASES = [
    # making
    ('"a" * "b" * \'c\'', '"abc"'), ('"ab" ^ 3', '"ababab"'), ('repeat("ha", 3)', '"hahaha"'),
    ('string(1, "a", :b, 2.0)', '"1ab2.0"'), ('string(255, base = 16, pad = 4)', '"00ff"'),
    ('join(["apples", "bananas", "pineapples"], ", ", " and ")', '"apples, bananas and pineapples"'),
    ('join([1, 2, 3, 4, 5])', '"12345"'), ('String([0x61, 0x62])', '"ab"'), ("String(['a', 'b'])", '"ab"'),
    ('Symbol("a", 1)', ":a1"), ("String(:abc)", '"abc"'), ('collect("abc")', "['a', 'b', 'c']"),
    # indices count bytes
    ('"abc"[1]', "'a'"), ('"abc"[end]', "'c'"), ('"abcd"[2:3]', '"bc"'), ('"αβγ"[3]', "'β'"),
    ('lastindex("αβγ")', "5"), ('"αβγ"[1:3]', '"αβ"'), ('length("αβγ")', "3"), ('ncodeunits("αβγ")', "6"),
    ('collect(eachindex("aβc"))', "[1, 2, 4]"), ('nextind("α", 1)', "3"), ('prevind("αβ", 3)', "1"),
    ('codeunits("ab")', "UInt8[0x61, 0x62]"), ('first("abc", 2)', '"ab"'), ('last("abc", 2)', '"bc"'),
    # comparing
    ('"abc" < "abd"', "true"), ('cmp("b", "a")', "1"), ("'a' < 'b'", "true"), ("'a' in \"abc\"", "true"),
    # case, padding, stripping
    ('uppercase("Julia")', '"JULIA"'),
    ('titlecase("the JULIA programming language")', '"The Julia Programming Language"'),
    ('uppercasefirst("python")', '"Python"'), ('lpad("March", 10)', '"     March"'),
    ('rpad("March", 8, \'.\')', '"March..."'), ("lpad(5, 3, '0')", '"005"'), ('strip(" a b\\n")', '"a b"'),
    ("strip(\"{3, 5}\\n\", ['{', '}', '\\n'])", '"3, 5"'), ('lstrip("  a ")', '"a "'),
    ('chomp("Hello\\n")', '"Hello"'),
    ('chop("March")', '"Marc"'), ('chop("March", head = 1, tail = 2)', '"ar"'),
    ('reverse("JuliaLang")', '"gnaLailuJ"'),
    ('chopprefix("Hamburger", "Ham")', '"burger"'),
    # searching
    ('occursin("Julia", "JuliaLang is pretty cool!")', "true"), ('occursin(r"a.a", "abba")', "false"),
    ('startswith("JuliaLang", "Julia")', "true"), ('endswith("Sunday", "day")', "true"),
    ('contains("JuliaLang", "Lang")', "true"), ('findfirst("julia", "JuliaLang")', "nothing"),
    ('findfirst("Julia", "JuliaLang")', "1:5"), ("findfirst('L', \"JuliaLang\")", "6"),
    ('findlast("o", "Hello to the world")', "15:15"), ('findnext("Lang", "JuliaLang", 2)', "6:9"),
    ('findall("l", "hello")', "UnitRange{Int64}[3:3, 4:4]"), ("count(\"l\", \"hello\")", "2"),
    # splitting and replacing
    ('split("Ma.rch", ".")', 'SubString{String}["Ma", "rch"]'),
    ('split("  a b  c ")', 'SubString{String}["a", "b", "c"]'),
    ('split("a,b,,c", ",")', 'SubString{String}["a", "b", "", "c"]'),
    ('split("a,b,,c", \',\', keepempty = false)', 'SubString{String}["a", "b", "c"]'),
    ('split("a.b.c", "."; limit = 2)', 'SubString{String}["a", "b.c"]'),
    ('rsplit("M.a.r.c.h", "."; limit = 2)', 'SubString{String}["M.a.r.c", "h"]'),
    ('replace("Python is a programming language.", "Python" => "Julia")',
     '"Julia is a programming language."'),
    ('replace("The quick foxes run quickly.", "quick" => "slow", count = 1)',
     '"The slow foxes run quickly."'),
    ('replace("abcabc", "a" => "b", "b" => "c", r".+" => "a")', '"bca"'),
    ('replace("The quick foxes", r"fox(es)?" => s"bus\\1")', '"The quick buses"'),
    ('replace("abc", \'b\' => uppercase)', '"aBc"'),
    ('replace("first second", r"(\\w+) (\\w+)" => s"\\2 \\1")', '"second first"'),
    # regular expressions
    ('match(r"a(.)a", "aba").captures', 'Union{Nothing, SubString{String}}["b"]'),
    ('match(r"x", "aba")', "nothing"),
    ('match(r"(?<hour>\\d+):(\\d+)", "11:30")["hour"]', '"11"'), ('match(r"b", "abb").offset', "2"),
    ('[m.match for m in eachmatch(r"\\d", "a1b2")]', '["1", "2"]'),
    # numbers
    ('parse(Int, "1234")', "1234"), ('parse(Int, "afc", base = 16)', "2812"), ('parse(Int, "0xff")', "255"),
    ('parse(Float64, "1.2e-3")', "0.0012"), ('parse(Float32, "2")', "2.0f0"),
    ('tryparse(Int, "x")', "nothing"),
    ('parse(Bool, "true")', "true"),
    # characters
    ("'a' + 1", "'b'"), ("'c' - 'a'", "2"), ("Int('a')", "97"), ("Char(97)", "'a'"),
    ("uppercase('a')", "'A'"),
    ("isdigit('5'), isletter('5'), isspace('\\t')", "(true, false, true)"),
    ("isuppercase('A'), ispunct('!')", "(true, true)"),
    ("collect('a':'c')", "['a', 'b', 'c']"), ("join('a':2:'e')", '"ace"'), ("codepoint('a')", "0x00000061"),
    # functions of collections
    ('map(uppercase, "abc")', '"ABC"'), ("filter(isdigit, \"a1b2\")", '"12"'), ('any(isdigit, "a1")', "true"),
    ('isempty("")', "true"), ("b\"a\\x01\"", "UInt8[0x61, 0x01]"),
]


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_values(source, expected):
    assert repr_value(Session().evaluate(source)) == expected


@pytest.mark.parametrize(("source", "message"), [
    ('"abc"[4]', "BoundsError: attempt to access"),
    ('"αβ"[2]', "StringIndexError: invalid index [2], valid nearby indices [1]=>'α', [3]=>'β'"),
    ('parse(Int, "12x")', "ArgumentError: invalid base 10 digit 'x' in \"12x\""),
    ('parse(Int, "")', "ArgumentError: input string is empty or only contains whitespace"),
    ('parse(Int, "99999999999999999999")', "OverflowError: overflow parsing \"99999999999999999999\""),
    ('parse(Float64, "abc")', "ArgumentError: cannot parse \"abc\" as Float64"),
    ('"a" in "abc"', "use occursin(needle, haystack) for string containment"),
    ('"a" ^ -1', "ArgumentError: can't repeat a string -1 times"),
    ('Regex("(")', "regular expression r\"(\": missing ), unterminated subpattern at position 0"),
])
def test_errors(source, message):
    with pytest.raises(WeberError) as caught:
        Session().evaluate(source)
    assert message in caught.value.message
