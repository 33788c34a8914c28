"""What `weber.Session` shares with the REPL: completion, help, silent input, `ans` and `err`."""

import pytest
import weber
from weber.frontend.interactive.latex_symbols import symbols
from weber.frontend.interactive.repl import coloured, pasted


@pytest.fixture(scope="module")
def session():
    session = weber.Session()
    session.evaluate('''
        using Flux
        model = Chain(first = Dense(2 => 3), last = Dense(3 => 1))
        layers = Chain(Dense(2 => 3))
        struct Point; across; up; end
        place = (point = Point(1, 2), numbers = [1, 2])
        "Doubles `x`."
        doubled(x) = 2x
        "Adds one."
        doubled(x::String) = x * x
        "The answer."
        const ANSWER = 42
        "Shapes and their areas."
        module Shapes
            export area
            "The area of a square."
            area(side) = side^2
        end
        undocumented(a, b; c = 1) = a
        "A place in the plane."
        struct Place; x; end
    ''')  # fmt: skip
    return session


@pytest.mark.parametrize(
    "text, expected",
    [
        ("doub", ["doubled"]),
        ("1 + doub", ["doubled"]),
        ("whi", ["while"]),
        ("searchsortedf", ["searchsortedfirst"]),
        ("@sho", ["@show", "@showgrad", "@showprogress"]),
        ("model.lay", ["layers"]),
        ("model.layers.first.we", ["weight"]),
        ("layers[1].", ["bias", "weight", "σ"]),
        ("place.", ["numbers", "point"]),
        ("place.point.", ["across", "up"]),
        ("Shapes.", ["area"]),
        ("Flux.Embedding", ["Embedding", "EmbeddingBag"]),
        ("using Statis", ["Statistics"]),
        ("using Printf, Statis", ["Statistics"]),
        ("using Flux: Den", ["Dense"]),
        ("import Flux: Dense, Embeddin", ["Embedding", "EmbeddingBag"]),
        ("f(x).", []),
        ("sin(1).", []),
        ("doubled # whi", []),
        ('"whi', []),
        ('"$(doub', ["doubled"]),
        ("#= whi", []),
        ("nothing_begins_like_this", []),
    ],
)
def test_completion(session, text, expected):
    start, names = session.complete(text)
    assert names == expected
    assert not names or names[0].startswith(text[start:])


@pytest.mark.parametrize(
    "text, expected",
    [
        (r"\alpha", "α"), (r"x = \beta", "β"), (r"\in", "∈"), (r"\pi", "π"), (r"\lambda", "λ"),
        (r"x\_1", "₁"), (r"x\^2", "²"), (r"x\hat", "\u0302"), (r"\bbR", "ℝ"), (r"\scrL", "ℒ"), (r"\bfx", "𝐱"),
        (r"\le", "≤"), (r"\oplus", "⊕"), (r"\nabla", "∇"), (r"\varepsilon", "ε"), (r"\epsilon", "ϵ"),
        (r"\phi", "ϕ"), (r"\varphi", "φ"), (r"\to", "→"), (r"\xor", "⊻"), (r"\circ", "∘"), (r"\cdot", "⋅"),
        (r"\div", "÷"), (r"\approx", "≈"), (r"\ne", "≠"), (r"\Delta", "Δ"), (r"\partial", "∂"),
        (r"\euler", "ℯ"), (r"\Phi", "Φ"), (r"\ith", "ℎ"), (r"\dot", "\u0307"), (r"\bar", "\u0304"),
    ],
)  # fmt: skip
def test_latex_names(session, text, expected):
    """Expected values are those of the Julia manual's table "Unicode Input"."""
    start, names = session.complete(text)
    assert names == [expected] and text[start] == "\\"


def test_beginnings_of_latex_names(session):
    assert session.complete(r"\alph") == (0, [r"\alpha"])
    assert session.complete("\\") == (0, []) and session.complete("\\no such")[1] == []
    assert all(len(symbol) == 1 for symbol in symbols().values()) and len(symbols()) > 1000


def test_paths(session, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").touch()
    (tmp_path / "data.jl").touch()
    monkeypatch.chdir(tmp_path)
    assert session.complete('include("da') == (9, ["data.jl", "data/"])
    assert session.complete('read("data/tr') == (11, ["train.csv"])
    assert session.complete(f'read("{tmp_path}/data/')[1] == ["train.csv"]
    assert session.complete('read("no such folder/')[1] == []


@pytest.mark.parametrize(
    "query, parts",
    [
        ("doubled", ["doubled(x)", "doubled(x::String)", "Doubles `x`.", "Adds one."]),
        ("doubled(3)", ["Doubles `x`."]),
        ("ANSWER", ["The answer.", "`ANSWER` is of type `Int64`"]),
        ("Shapes", ["Shapes and their areas.", "Exports: area"]),
        ("Shapes.area", ["area(side)", "The area of a square."]),
        ("Place", ["A place in the plane.", "Fields: x"]),
        ("Dense", ["Dense(in => out", "`Dense` is a type"]),
        ("Flux.relu", ["relu(x)"]),
        ("undocumented", ["undocumented(a, b; c)", "No documentation found"]),
        ("doubleed", ["No documentation found", "did you mean `doubled`"]),
        ("Shapes.aria", ["did you mean `area`"]),
        ("@shwo", ["did you mean `@show`"]),
        ("for", ["for x in items"]),
        ("elseif", ["if condition"]),
        ("+", ["+("]),
        ("Base.+", ["+("]),
        ("", ["Type a name"]),
        ("1 +", ["No documentation found"]),
    ],
)
def test_help(session, query, parts):
    text = session.help(query)
    for part in parts:
        assert part in text


def test_a_docstring_given_anew_replaces_the_old_one():
    session = weber.Session()
    session.evaluate('"Old."\nf(x) = 1\n"Other."\nf(x, y) = 1')
    session.evaluate('"New."\nf(x) = 2')
    text = session.help("f")
    assert "Old." not in text and "New." in text and "Other." in text


@pytest.mark.parametrize(
    "source, shown",
    [("1 + 1", "2"), ("1 + 1;", ""), ("1 + 1;  # silent", ""), ("1;\n2", "2"), ("nothing", ""),
     ('";"', '";"'), ("x = 3;\n\n", ""), ("[1, 2]", "2-element Vector{Int64}:\n 1\n 2"), ("", "")],
)  # fmt: skip
def test_what_is_shown(source, shown):
    assert weber.Session().interact(source) == shown


def test_the_size_of_the_display():
    session = weber.Session()
    assert len(session.interact("collect(1:100)", (10, 80)).split("\n")) < 12
    assert len(session.interact("zeros(2, 100)", (24, 40)).split("\n")[1]) <= 40


def test_ans_and_err():
    session = weber.Session()
    session.evaluate("6 * 7")
    assert session.evaluate("ans + 1") == 43
    with pytest.raises(weber.WeberError):
        session.evaluate('error("broken")')
    assert session.evaluate("err.msg") == "broken"
    session.evaluate("err = 5")
    with pytest.raises(weber.WeberError):
        session.evaluate("undefined_name")
    assert session.evaluate("err") == 5  # the program's own name


def test_colours():
    fragments = coloured('for x in [1, 2] # all\n    print("a$(x)b", :s, \'c\', @show x)\nend')
    assert "".join(piece for _, piece in fragments).count("\n") == 2
    styles = {piece.strip(): style for style, piece in fragments}
    assert styles["for"] == styles["end"] == styles["in"] == "class:keyword"
    assert styles["1"] == "class:number" and styles["# all"] == "class:comment"
    assert styles["a"] == styles["b"] == styles["'c'"] == "class:string"
    assert styles["@show"] == "class:macro" and styles["print"] == ""


@pytest.mark.parametrize("text", ["", "(", '"open', "x = )", "#= open", "1 @", "'", "\x00", "é λ \t\n;;"])
def test_colours_of_any_text(text):
    assert "".join(piece for _, piece in coloured(text)) == text


def test_pasted_text():
    assert pasted("a\r\nb\rc") == "a\nb\nc"
    assert pasted("julia> x = 1\n1\n\njulia> f(y) =\n       y\nf (generic function)\n") == "x = 1\nf(y) =\ny"


def test_every_exported_builtin_is_explained(session):
    from weber.frontend.base.registry import BASE, MODULES
    from weber.frontend.interactive.documentation import help_text
    from weber.frontend.values import Function

    homes = [BASE, *(MODULES[name] for name in ("Statistics", "LinearAlgebra", "Random", "Printf"))]
    names = [(home, n) for home in homes for n in home.exports if home.bindings.get(n).__class__ is Function]
    missing = [name for home, name in names if "No documentation found" in help_text(home, name)]
    assert len(names) > 400 and not missing
