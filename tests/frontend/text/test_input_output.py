"""Printing, streams, files, tables and numpy's files."""

import numpy as np
import pytest
from weber.compiler.errors import WeberError
from weber.frontend.interactive.session import Session
from weber.frontend.printing.display import repr_value, show_value
from weber.frontend.staging import Trace


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Session()


@pytest.mark.parametrize(("source", "printed"), [
    ('println("a", 1, :b)', "a1b\n"), ("print(1.5f0)", "1.5"), ('show("a\\n")', '"a\\n"'),
    ("display([1, 2])", "2-element Vector{Int64}:\n 1\n 2\n"),
    ("println.([1, 2])", "1\n2\n"), ("foreach(print, (1, 2))", "12"), ('@show 1 + 1', "1 + 1 = 2\n"),
    ("println()", "\n"), ('print(stderr, "x")', ""),
    ("show(IOContext(stdout, :compact => true), 1/3)", "0.333333"),
    ('show(stdout, "text/plain", [1 2])', "1×2 Matrix{Int64}:\n 1  2"),
    ('printstyled("a"; color = :red)', "a"),
])
def test_printing(session, capsys, source, printed):
    session.evaluate(source)
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(("source", "expected"), [
    ('io = IOBuffer(); print(io, "a", 1); write(io, "b"); String(take!(io))', '"a1b"'),
    ("sprint(show, [1f0])", '"Float32[1.0]"'), ("sprint(print, 1, 2)", '"12"'), ('repr("a")', '"\\"a\\""'),
    ("sprint(show, 1/3; context = :compact => true)", '"0.333333"'),
    ('io = IOBuffer("a\\nb\\n"); readline(io)', '"a"'),
    ('collect(eachline(IOBuffer("a\\nb")))', '["a", "b"]'), ('read(IOBuffer("xyz"), String)', '"xyz"'),
    ('io = IOBuffer("ab"); (eof(io), read(io, String), eof(io))', '(false, "ab", true)'),
    ("get(IOContext(stdout, :limit => true), :limit, false)", "true"), ("displaysize(stdout)", "(24, 80)"),
    ('repr("text/plain", [1])', '"1-element Vector{Int64}:\\n 1"'),
    ("summary([1, 2])", '"2-element Vector{Int64}"'),
])
def test_buffers(source, expected):
    assert repr_value(Session().evaluate(source)) == expected


def test_files(session, tmp_path):
    session.evaluate('open("a.txt", "w") do io; println(io, "one"); println(io, "two"); end')
    assert (tmp_path / "a.txt").read_text() == "one\ntwo\n"
    assert repr_value(session.evaluate('readlines("a.txt")')) == '["one", "two"]'
    assert session.evaluate('read("a.txt", String)') == "one\ntwo\n"
    assert session.evaluate('open(io -> readline(io), "a.txt")') == "one"
    assert session.evaluate('isfile("a.txt") && !isdir("a.txt") && filesize("a.txt") == 8')
    session.evaluate('open("a.txt", "a") do io; print(io, "three"); end')
    session.evaluate('mkpath("d/e"); write("d/e/f.txt", "x")')
    assert repr_value(session.evaluate('collect(eachline("a.txt"))')) == '["one", "two", "three"]'
    assert repr_value(session.evaluate('readdir("d/e"; join = true)')) == '["d/e/f.txt"]'
    assert session.evaluate("pwd()") == str(tmp_path)


@pytest.mark.parametrize(("source", "expected"), [
    ('joinpath("a", "b.c")', '"a/b.c"'), ('basename("/x/y.z")', '"y.z"'), ('dirname("/x/y.z")', '"/x"'),
    ('splitext("a/b.c")', '("a/b", ".c")'), ('splitdir("/a/b")', '("/a", "b")'), ('isabspath("/a")', "true"),
    ('normpath("/a/../b")', '"/b"'),
])
def test_paths(source, expected):
    assert repr_value(Session().evaluate(source)) == expected


def test_a_missing_file_is_named(session):
    with pytest.raises(WeberError, match='SystemError: opening file "no.npz": No such file or directory'):
        session.evaluate('using NPZ; npzread("no.npz")')
    with pytest.raises(WeberError, match='opening file "no.csv"'):
        session.evaluate('using DelimitedFiles; readdlm("no.csv", \',\')')


def test_numpy_files_keep_the_size_of_arrays(session, tmp_path):
    data = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.savez(tmp_path / "d.npz", x=data, y=np.arange(3), s=np.float64(2.5))
    np.save(tmp_path / "m.npy", np.asfortranarray([[1, 2], [3, 4]]))
    session.evaluate('using NPZ; d = npzread("d.npz")')
    assert repr_value(session.evaluate('typeof(d), size(d["x"])')) == "(Dict{String, Any}, (2, 3, 4))"
    assert repr_value(session.evaluate('d["x"][2, 3, 4], d["x"][1, 2, 1]')) == "(23.0f0, 4.0f0)"
    assert repr_value(session.evaluate('d["y"], d["s"]')) == "([0, 1, 2], 2.5)"
    assert repr_value(session.evaluate('npzread("m.npy")')) == "[1 2; 3 4]"
    session.evaluate('npzwrite("o.npy", [1.0 2.0 3.0])')
    session.evaluate('npzwrite("o.npz", Dict("a" => [1, 2], "b" => Float32[1 2]))')
    assert np.array_equal(np.load(tmp_path / "o.npy"), [[1.0, 2.0, 3.0]])
    written = np.load(tmp_path / "o.npz")
    assert written["b"].dtype == np.float32 and written["b"].shape == (1, 2)
    assert written["a"].tolist() == [1, 2]


def test_tables(session, tmp_path):
    (tmp_path / "t.csv").write_text('x,y\n1,2.5\n3,"a"\n')
    session.evaluate("using DelimitedFiles")
    assert show_value(session.evaluate("readdlm(\"t.csv\", ',')")) == (
        '3×2 Matrix{Any}:\n  "x"   "y"\n 1     2.5\n 3      "a"')
    assert repr_value(session.evaluate("readdlm(\"t.csv\", ','; skipstart = 1)[1:1, :]")) == "Any[1 2.5]"
    (tmp_path / "n.txt").write_text("1 2\n3 4\n")
    assert repr_value(session.evaluate('readdlm("n.txt")')) == "[1.0 2.0; 3.0 4.0]"
    assert repr_value(session.evaluate('readdlm("n.txt", Int)')) == "[1 2; 3 4]"
    names = session.evaluate("readdlm(\"t.csv\", ','; header = true)[2]")
    assert repr_value(names) == 'AbstractString["x" "y"]'
    session.evaluate("writedlm(\"o.csv\", [1 2; 3 4], ',')")
    assert (tmp_path / "o.csv").read_text() == "1,2\n3,4\n"
    with pytest.raises(WeberError, match="at row 1, column 2"):
        session.evaluate("readdlm(\"t.csv\", ',', Int; skipstart = 1)")


@pytest.mark.parametrize("source", [
    'println("a")', 'read("a.txt", String)', "time()", 'write("a.txt", "x")', "pwdfile()"])
def test_effects_are_refused_while_a_function_is_compiled(session, tmp_path, source):
    session.evaluate('pwdfile() = isfile("a.txt"); buffer = IOBuffer()')
    with Trace(), pytest.raises(WeberError, match="inside of a compiled function"):
        session.evaluate(source)
    assert not (tmp_path / "a.txt").exists()


def test_text_made_inside_of_a_compiled_function_is_no_effect(session):
    session.evaluate("outer = IOBuffer()")
    with Trace():
        assert session.evaluate("sprint(show, 1)") == "1"
    with Trace(), pytest.raises(WeberError, match="writing to an IOBuffer"):
        session.evaluate("print(outer, 1)")
