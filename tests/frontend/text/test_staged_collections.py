"""Collections and iterators of staged numbers: derivatives through them, against derivatives by hand."""

import pytest
from weber.frontend.interactive.session import Session
from weber.frontend.printing.display import repr_value


@pytest.fixture(scope="module")
def session():
    session = Session()
    session.evaluate("using Flux")
    return session


@pytest.mark.parametrize(("function", "argument", "expected"), [
    ("x -> (d = Dict(:a => x); d[:a] * 2)", "3.0", "(2.0,)"),
    ("x -> (d = Dict{Symbol, Any}(); d[:a] = x; d[:b] = d[:a]^2; sum(values(d)))", "3.0", "(7.0,)"),
    ("x -> sum(v^2 for v in x)", "[1.0, 2.0]", "([2.0, 4.0],)"),
    ("x -> sum(a * b for (a, b) in zip(x, [3.0, 4.0]))", "[1.0, 2.0]", "([3.0, 4.0],)"),
    ("x -> sum(i * v for (i, v) in enumerate(x))", "[1.0, 2.0]", "([1.0, 2.0],)"),
    ("x -> sum([2v for v in x])", "[1.0, 2.0]", "([2.0, 2.0],)"),
    ("x -> sum(sum(row) for row in Iterators.partition((x, 2x, 3x), 2))", "1.0", "(6.0,)"),
    ("x -> (nt = (a = x, b = x^2); nt.a * nt[:b])", "2.0", "(12.0,)"),
    ("x -> sum(map(t -> t^2, (a = x, b = 2x)))", "1.0", "(10.0,)"),
    ("x -> reduce(*, (x, x, x))", "2.0", "(12.0,)"), ("x -> prod(x for _ in 1:3)", "2.0", "(12.0,)"),
    ("x -> maximum(v for v in x)", "[2.0, 3.0]", "([0.0, 1.0],)"),
    ("x -> first(x) * last(x)", "[2.0, 3.0]", "([3.0, 2.0],)"),
    ("x -> (sin ∘ (y -> 2y))(x)", "0.0", "(2.0,)"), ("x -> (r = Ref(x); r[] *= 3; r[])", "1.0", "(3.0,)"),
    ("x -> (c = deepcopy(x); c[1] = 0; sum(c .* x))", "[1.0, 2.0]", "([0.0, 4.0],)"),
    ("x -> something(nothing, x)^2", "3.0", "(6.0,)"),
    ("x -> (p = x => 2; p.first * p.second)", "3.0", "(2.0,)"),
])
def test_gradients(session, function, argument, expected):
    assert repr_value(session.evaluate(f"gradient({function}, {argument})")) == expected


def test_printing_inside_of_a_gradient(session, capsys):
    assert repr_value(session.evaluate("gradient(x -> (println(x); 2x), 1.5)")) == "(2.0,)"
    assert capsys.readouterr().out == "1.5\n"
