"""The tree of every construct: `trees.txt` holds snippets, each followed by `--> ` and its dump."""

from pathlib import Path

import pytest
from weber.frontend.parsing.parser import parse
from weber.frontend.parsing.syntax import Node, walk
from weber.frontend.parsing.syntax_dump import dump


def read_snippets():
    snippet = []
    for line in Path(__file__).with_name("trees.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("--> "):
            yield "\n".join(snippet), line[4:]
            snippet = []
        else:
            snippet.append(line)


SNIPPETS = list(read_snippets())


def dumped(text):
    return " ".join(map(dump, parse(text).statements))


@pytest.mark.parametrize(("text", "expected"), SNIPPETS, ids=[text for text, _ in SNIPPETS])
def test_tree(text, expected):
    assert dumped(text) == expected


def test_every_kind_of_node_is_among_the_snippets():
    seen = {type(node) for text, _ in SNIPPETS for node in walk(parse(text))}
    kinds = {kind for kind in Node.__subclasses__() if kind.__module__ == Node.__module__}
    assert {kind.__name__ for kind in kinds} == {kind.__name__ for kind in seen}


@pytest.mark.parametrize(("text", "expected"), SNIPPETS, ids=[text for text, _ in SNIPPETS])
def test_spans_nest_and_lie_in_the_text(text, expected):
    lines = text.split("\n")

    def check(node, start, end):
        place = node.location
        here, there = (place.line, place.column), (place.end_line, place.end_column)
        assert start <= here <= there <= end, (node, place)
        assert place.column <= len(lines[place.line - 1]) + 1
        for child in children(node):
            check(child, here, there)

    check(parse(text), (1, 1), (len(lines), len(lines[-1]) + 1))


def children(node):
    """The nodes directly below, also in lists."""
    for name in node.__dataclass_fields__:
        items = [getattr(node, name)]
        while items:
            item = items.pop()
            if isinstance(item, Node):
                yield item
            elif isinstance(item, (list, tuple)):
                items.extend(item)


@pytest.mark.parametrize(("left", "right"), [
    ("-2x^2", "(-2) * (x^2)"), ("2^3x", "2^(3*x)"), ("-2^2", "-(2^2)"), ("a && b || c", "(a && b) || c"),
    ("a || b && c", "a || (b && c)"), ("a => b => c", "a => (b => c)"), ("a - b - c", "(a - b) - c"),
    ("a^b^c", "a^(b^c)"), ("!a == b", "(!a) == b"), ("a + b:c", "(a + b):c"), ("a:b |> f", "(a:b) |> f"),
    ("a // b * c", "(a // b) * c"), ("a << b + c", "(a << b) + c"), ("a in b && c", "(a in b) && c"),
    ("x -> y => z", "x -> (y => z)"), ("a ? b : c ? d : e", "a ? b : (c ? d : e)"), ("√x + y", "(√x) + y"),
    ("a * b'", "a * (b')"), ("a.b'", "(a.b)'"), ("-a'", "-(a')"), ("a == b | c", "a == (b | c)"),
    ("x = y = z", "x = (y = z)"), ("f ∘ g(x)", "f ∘ (g(x))"), ("a => b ? c : d", "a => (b ? c : d)"),
    ("a + b...", "(a + b)..."),
    ("a .+ b .* c", "a .+ (b .* c)"), ("x |> y -> z |> w", "x |> (y -> (z |> w))"),
])
def test_precedence(left, right):
    """What binds tighter, said with parentheses (which leave no trace in the tree)."""
    assert dumped(f"f({left})") == dumped(f"f({right})")


@pytest.mark.parametrize("variant", [
    "f(\n  x,\n  y\n)", "f(x, #= comment =# y)", "f(x,y)", "f(x, y,)", "f(\tx , y )", "f(x, # comment\n y)",
])
def test_white_space_in_parentheses_means_nothing(variant):
    assert dumped(variant) == dumped("f(x, y)")


@pytest.mark.parametrize(("name", "expected"), [("e\u0301", "é"), ("\u212b", "Å")])
def test_names_are_normalised(name, expected):
    assert dumped(f"{name} = 1") == f"(assignment {expected} 1)"


def test_locations_count_code_points():
    call = parse("α = 'β'\nf(∇x, y)").statements[1]
    place = call.arguments[1].location
    assert (place.line, place.column, place.end_line, place.end_column) == (2, 7, 2, 8)
