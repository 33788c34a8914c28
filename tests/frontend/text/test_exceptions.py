"""Exceptions: what is thrown, caught and shown."""

import pytest
from weber.compiler.errors import WeberError
from weber.frontend.base.exceptions import error_text, exception, exception_value
from weber.frontend.interactive.session import Session
from weber.frontend.printing.display import repr_value
from weber.frontend.values import Symbol


@pytest.mark.parametrize(("source", "expected"), [
    ('try error("boom ", 1) catch e; e end', 'ErrorException("boom 1")'),
    ('try error("boom") catch e; e.msg end', '"boom"'),
    ('try throw(ArgumentError("bad")) catch e; e isa ArgumentError end', "true"),
    ('try throw(:signal) catch e; e end', ":signal"),
    ("try [1, 2][5] catch e; e isa BoundsError end", "true"),
    ("try [1, 2][5] catch e; sprint(showerror, e) end",
     '"BoundsError: attempt to access 2-element Vector{Int64} at index [5]"'),
    ("try nosuchname catch e; sprint(showerror, e) end", '"UndefVarError: `nosuchname` not defined"'),
    ("try sqrt(-1.0) catch e; e isa DomainError end", "true"),
    ("try Int(1.5) catch e; sprint(showerror, e) end", '"InexactError: Int64(1.5)"'),
    ("try [1, 2] + [1, 2, 3] catch e; e isa DimensionMismatch end", "true"),
    ("try sin(\"a\") catch e; e isa MethodError end", "true"),
    ("try Dict()[1] catch e; (e isa KeyError, e.key) end", "(true, 1)"),
    ("try\n@assert 1 > 2 \"too small\"\ncatch e; e end", 'AssertionError("too small")'),
    ("try try error(\"inner\") catch; rethrow() end catch e; e.msg end", '"inner"'),
    ("f() = try return 1 finally global done = true end; (f(), done)", "(1, true)"),
    ("try 1 catch; 2 else 3 end", "3"),
    ("struct Mine <: Exception; n; end; try throw(Mine(3)) catch e; e.n end", "3"),
])
def test_catching(source, expected):
    assert repr_value(Session().evaluate(source)) == expected


@pytest.mark.parametrize(("value", "text"), [
    (exception("ErrorException", "a"), "a"), (exception("ArgumentError", "a"), "ArgumentError: a"),
    (exception("DimensionMismatch", "a"), "DimensionMismatch: a"),
    (exception("KeyError", Symbol("k")), "KeyError: key :k not found"),
    (exception("DivideError"), "DivideError: integer division error"),
    (exception("StackOverflowError"), "StackOverflowError:"),
    (exception("UndefVarError", Symbol("x")), "UndefVarError: `x` not defined"),
    (exception("DomainError", -1.0, "no"), "DomainError with -1.0:\nno"),
    (exception("OverflowError", "o"), "OverflowError: o"),
    (exception("SystemError", "opening", 2, None), "SystemError: opening"),
])
def test_showerror(value, text):
    assert error_text(value) == text


def test_an_uncaught_exception_carries_its_kind_and_text():
    session = Session()
    with pytest.raises(WeberError) as caught:
        session.evaluate("""
            struct Odd <: Exception; n; end
            Base.showerror(io::IO, e::Odd) = print(io, "odd: ", e.n)
            throw(Odd(3))""")
    assert caught.value.kind == "Odd"
    assert caught.value.message == "odd: 3"


def test_an_error_raised_in_python_becomes_a_value_once():
    error = WeberError("BoundsError: attempt to access x", kind="BoundsError")
    value = exception_value(error)
    assert exception_value(error) is value
    assert error_text(value) == "BoundsError: attempt to access x"
