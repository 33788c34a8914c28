"""What is not Julia is refused: with the place, what was found, what was expected, and what is still open."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weber import frontend
from weber.compiler.errors import WeberError, sources
from weber.frontend.parsing.parser import is_incomplete, parse
from weber.frontend.parsing.syntax_dump import dump

LIBRARY = Path(frontend.__file__).parent / "library"

ERRORS = [
    ("a b", 1, 3, "unexpected `b`, expected the end of the line"),
    ("x = )", 1, 5, "unexpected `)`"),
    ("f(x y)", 1, 5, "unexpected `y`, expected `)` or `,`"),
    ("f(x,\n  y z)", 2, 5, "unexpected `z`, expected `)` or `,` (in the `(` opened at line 1)"),
    ("A{b c}", 1, 5, "unexpected `c`, expected `}` or `,`"),
    ("[1, 2; 3]", 1, 6, "unexpected `;`, expected `]` or `,`"),
    ("x +", 1, 4, "unexpected end of the input, expected an expression"),
    ("f(x", 1, 2, "unclosed `(` opened at line 1, expected `)`"),
    ("y = 1\nx = [1, 2", 2, 5, "unclosed `[` opened at line 2"),
    ("\nfunction f(x)\n x", 2, 1, "unclosed `function` opened at line 2, expected `end`"),
    ("if a\n b\nelse\n", 1, 1, "unclosed `if` opened at line 1"),
    ("f(x) do y", 1, 6, "unclosed `do` opened at line 1"),
    ("begin\n f(x]\nend", 2, 5, "unexpected `]`: unclosed `(` opened at line 2"),
    ("begin x = (1\nend", 2, 1, "unexpected `end`: unclosed `(` opened at line 1"),
    ("function f(x) y) end", 1, 16, "unexpected `)`: unclosed `function` opened at line 1"),
    ("f(x))", 1, 5, "unexpected `)`"),
    ("end", 1, 1, "unexpected `end`"),
    ("else", 1, 1, "unexpected `else`"),
    ("if x else else end", 1, 11, "unexpected `else`"),
    ("if x then y end", 1, 11, "unexpected `y`, expected `end` or the end of the line"),
    ("for i 1:3\nend", 1, 7, "unexpected `1`, expected `in`"),
    ("x ? y", 1, 6, "unexpected end of the input, expected `:`"),
    ("x ? y z", 1, 7, "unexpected `z`, expected `:`"),
    ("module 1 end", 1, 8, "unexpected `1`, expected a name"),
    ("import A: 3", 1, 11, "unexpected `3`, expected a name"),
    ("struct 1 end", 1, 8, "expected the name of a type"),
    ("f(1) = 2", 1, 3, "expected a parameter"),
    ("(1, x) -> x", 1, 2, "expected a parameter"),
    ("function 'f'() end", 1, 10, "expected the name of a function"),
    ("1 = x", 1, 1, "this cannot be assigned to"),
    ("a && b = x", 1, 1, "this cannot be assigned to"),
    ("f(x) += 1", 1, 1, "this cannot be assigned to"),
    ("a := 1", 1, 3, "`:=` is not an assignment"),
    ("(a, b; c)", 1, 1, "`,` and `;` together"),
    ("(a = 1, b)", 1, 9, "expected `name = value` in a named tuple"),
    ("try x end", 1, 1, "`try` without `catch` or `finally`"),
    ("try\n x\nfinally\n y\ncatch\n z\nend", 5, 1, "unexpected `catch` in `try`"),
    ("x do y end", 1, 3, "`do` follows a call"),
    ("A where 1", 1, 9, "expected a type parameter"),
    ('x = "abc', 1, 5, "unclosed string"),
    ('x = """a"b', 1, 5, "unclosed string"),
    ('"\\q"', 1, 1, "invalid escape `\\q`"),
    ('"$"', 1, 2, "expected a name or `(` after `$`"),
    ('"$(a b)"', 1, 6, "unexpected `b`, expected `)`"),
    ("x = 'ab'", 1, 5, "invalid character literal"),
    ("#= a #= b =#", 1, 1, "unclosed comment"),
    ("99999999999999999999", 1, 1, "does not fit Int64"),
    ("0x1" + "0" * 16, 1, 1, "does not fit UInt64"),
    ("1.+x", 1, 1, "ambiguous `1.+`"),
    ("@ x", 1, 1, "expected the name of a macro"),
    ("x = ☃\x00", 1, 6, "invalid character"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_error(text, line, column, message):
    with pytest.raises(WeberError) as caught:
        parse(text, "model.jl")
    error = caught.value
    assert error.kind == "ParseError"
    assert message in error.message
    assert (error.location.file, error.location.line, error.location.column) == ("model.jl", line, column)


def test_an_error_shows_its_line():
    with pytest.raises(WeberError) as caught:
        parse("x = 1\ny = (2 3)\n", "model.jl")
    assert str(caught.value).splitlines()[1:] == [" 2 | y = (2 3)", "   |        ^"]
    assert sources["model.jl"] == "x = 1\ny = (2 3)\n"


def test_of_two_errors_the_first_is_reported():
    with pytest.raises(WeberError) as caught:
        parse("f(x y)\n'ab'")
    assert caught.value.location.line == 1


INCOMPLETE = [
    "f(", "function f(x)", "begin\n x", "x +", "x =", "[1,", '"abc', '"$(', "#= a", "a ?", "a ? b :",
    "if x", "f(x) do y", "let x = 1", "struct A", "x ->", "@foo begin", "a::", "using", 'f("a"', "`ls",
]
COMPLETE = [
    "", "x", "f(x)", "f(x))", "end", "a b", "function f end", "x = )", "1 = 2", "# comment", "begin x end",
    "f(x]", "'ab'", "@foo", "return",
]


@pytest.mark.parametrize("text", INCOMPLETE)
def test_incomplete(text):
    assert is_incomplete(text)


@pytest.mark.parametrize("text", COMPLETE)
def test_complete(text):
    assert not is_incomplete(text)


@pytest.mark.parametrize("name", ["chains.jl", "losses.jl", "model_text.jl", "dense_layers.jl"])
def test_a_valid_file_is_incomplete_wherever_it_is_cut(name):
    lines = (LIBRARY / name).read_text(encoding="utf-8").splitlines(keepends=True)
    for count in range(len(lines)):
        text = "".join(lines[:count])
        if not is_incomplete(text):
            parse(text)


@pytest.mark.parametrize("text", [
    "(" * 100_000, "[" * 100_000 + "]" * 100_000, "-" * 50_000 + "x", "!" * 50_000 + "x", "1" + "+1" * 50_000,
    "x" + ".a" * 50_000, "x->" * 50_000,
    "a ? b : " * 50_000, "f(" * 50_000 + ")" * 50_000, "x = " * 50_000,
    "if a\n" + "elseif b\n" * 50_000, "begin " * 50_000, '"$(' * 50_000, ":" * 50_001, "@a " * 50_000,
    "a{" * 50_000, "x'" + "'" * 50_000, "2^" * 50_000 + "2", "a => " * 50_000 + "b",
    "return " * 50_000, "#=" * 50_000,
], ids=lambda text: text[:8])
def test_deep_nesting_is_refused(text):
    with pytest.raises(WeberError):
        parse(text)


@pytest.mark.parametrize("text", [
    "(" * 190 + "x" + ")" * 190, "1" + "+1" * 900, "!" * 900 + "x", "[" + "1," * 100_000 + "]",
    "x\n" * 50_000,
    "f(" + "x, " * 50_000 + ")", "a" + " < a" * 50_000, "a" + ", a" * 50_000, '"' + "$a " * 10_000 + '"',
], ids=lambda text: text[:8])
def test_long_is_not_deep(text):
    dump(parse(text))


def refused_or_parsed(text):
    try:
        parse(text)
    except WeberError as error:
        assert error.location is not None
        str(error)
    is_incomplete(text)


PIECES = [
    "x", "f", "1", "2.0", "'a'", '"s"', '"$x"', "(", ")", "[", "]", "{", "}", ",", ";", "\n", " ", " ", ".",
    ":", "::", "=", "+", "-", "'", "->", "?", "...", "$", "@m", "&&", "in", "for", "if", "end", "begin",
    "function", "do", "let", "where", "struct", "return", "else", "try", "catch", "using", "<:", "\\", "#",
    "const", "module", "quote", ".+", "!",
]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_random_pieces_never_crash_the_parser(text):
    refused_or_parsed(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=20))
def test_random_text_never_crashes_the_parser(text):
    refused_or_parsed(text)


def test_a_file_with_a_character_deleted_never_crashes_the_parser():
    generator = random.Random(1)
    text = (LIBRARY / "chains.jl").read_text(encoding="utf-8")
    for _ in range(150):
        place = generator.randrange(len(text))
        refused_or_parsed(text[:place] + text[place + 1:])
