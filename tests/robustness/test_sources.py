"""Sources of any kind: bytes that are no text, deep nesting, huge literals, files that cannot be read."""

import os

import pytest
import weber
from weber.cli import main


def run(path, capsys):
    """(exit status, stdout, stderr) of `weber run`."""
    status = main(["run", str(path)])
    return status, *capsys.readouterr()


@pytest.mark.parametrize(
    "content, output",
    [
        (b"", ""), (b"\xef\xbb\xbf", ""), (b"# only a comment", ""), (b"\n\n  \n", ""),
        (b"\xef\xbb\xbfprintln(1)\n", "1\n"), (b"x = 1\r\nprintln(x)\r\n", "1\n"),
        (b'x = "a\0b"\nprintln(length(x))', "3\n"),
        (b'"""\r\ndoc\r\n"""\r\nf() = 2\r\nprintln(f())', "2\n"),
        (b"x = [" + b",".join([b"1"] * 5000) + b"]\nprintln(sum(x))", "5000\n"),
        (b'println(length("' + b"a" * 200_000 + b'"))', "200000\n"),
    ],
)  # fmt: skip
def test_unusual_files(tmp_path, capsys, content, output):
    (tmp_path / "a.jl").write_bytes(content)
    assert run(tmp_path / "a.jl", capsys) == (0, output, "")


@pytest.mark.parametrize(
    "content, message",
    [
        (b'x = "\xe9"\n', "a.jl:1:6: error: the file is not UTF-8"),
        ("x = 1".encode("utf-16"), "the file is not UTF-8"),
        (bytes(range(256)) * 4, "a.jl:"),
        (b"x = 1\0\n", "a.jl:1:6: error: syntax error"),
        (b"x = " + b"9" * 20_000, "a.jl:1:5: error: syntax error"),
        (b"x = 0x" + b"f" * 20_000, "a.jl:1:5: error: syntax error"),
        (b"#= never closed", "unclosed comment"),
        (b'include("a.jl")', "files include each other"),
        (b"include(1)", "include takes the path of a file"),
        (b'include("missing.jl")', "No such file"),
        (b'include("a\\0b.jl")', "a.jl:1:1: error: SystemError"),
        (b'read("a\\0b", String)', "a.jl:1:1: error: SystemError"),
        (b'cd("\\0")', "a.jl:1:1: error: IOError"),
        (b'write("/dev/full", "x")', "No space left on device"),
        (b"println(binomial(10^9, 5 * 10^8))", "OverflowError"),
        (b"println(string(10, base = 1))", "base must be in 2:36"),
        (b"collect(1:10^15)", "OutOfMemoryError"),
    ],
)
def test_faulty_files(tmp_path, capsys, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jl").write_bytes(content)
    status, _, errors = run("a.jl", capsys)
    assert status == 1 and message in errors
    assert "internal error" not in errors and "Traceback" not in errors
    with pytest.raises(weber.WeberError):
        weber.load("a.jl")


def test_folders_and_missing_files(tmp_path, capsys):
    (tmp_path / "folder.jl").mkdir()
    assert "is a folder" in run(tmp_path / "folder.jl", capsys)[2]
    assert "no such file" in run(tmp_path / "missing.jl", capsys)[2]
    with pytest.raises(weber.WeberError, match="is a folder"):
        weber.load(tmp_path / "folder.jl")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everyone may read everything here")
def test_unreadable_files(tmp_path, capsys):
    (tmp_path / "a.jl").write_text("1")
    (tmp_path / "a.jl").chmod(0)
    assert "Permission denied" in run(tmp_path / "a.jl", capsys)[2]


NESTED = [
    ("(", ")"), ("[", "]"), ("f(", ")"), ("x[", "]"), ("T{", "}"), ("begin\n", "\nend"), ("let\n", "\nend"),
    ("if true\n", "\nend"), ("while false\n", "\nend"), ("for i in 1:1\n", "\nend"),
    ("function f()\n", "\nend"),
    ("try\n", "\ncatch\nend"), ("x -> ", ""), ("-", ""), ("!", ""), ("true ? 1 : ", ""), ("true ? ", " : 1"),
    ("2^", ""), ("a = ", ""), ("true && ", ""), ('"$(', ')"'), ("module A\n", "\nend"), ("@show ", ""),
    ("", "'"), ("", ".a"), ("", "[1]"), ("", "()"), ("1 => ", ""), ("x::", ""), ("[", " for i in 1:1]"),
    ("f() do x\n", "\nend"), ("struct A\n", "\nend"), ("#=", "=#"), ("return ", ""), (":(", ")"),
    ("if false\n1\nelse", "\nend"), ("[1 2; ", "]"), ("sum(", " for i in 1:1)"), ("quote\n", "\nend"),
]  # fmt: skip


@pytest.mark.parametrize("opening, closing", NESTED)
@pytest.mark.parametrize("count", [150, 3000])
def test_deep_nesting(opening, closing, count):
    for source in (opening * count + "1" + closing * count, opening * count):
        try:
            weber.Session(max_steps=10_000).evaluate(source)
        except weber.WeberError as error:
            assert error.kind != "InternalError"


@pytest.mark.parametrize(
    "source",
    [f'"a".{name}' for name in ("__class__", "format", "encode")]
    + [f"(1).{name}" for name in ("__class__", "real", "__add__")]
    + [f"sin.{name}" for name in ("methods", "python", "__globals__", "module")]
    + ["Main.__builtins__", "Base.__class__", "[1].data", "Dict().items", "IOBuffer().file", "stdout.file"]
    + ['getfield(1, :real)', 'getproperty(sin, Symbol("__class__"))', "setproperty!(sin, :name, 1)"]
    + ["run(`ls`)", "`ls`", "open(`ls`)", "ccall(:getpid, Int, ())", "unsafe_load(1)", "using PyCall"]
    + ["eval(:(1 + 1))", 'include_string(Main, "1")', "@eval 1", "Core.eval(Main, 1)", 'ENV["HOME"] = "x"'],
)
def test_programs_reach_neither_python_nor_a_shell(source):
    with pytest.raises(weber.WeberError) as caught:
        weber.Session().evaluate(source)
    assert caught.value.kind != "InternalError"


def test_text_is_never_a_format():
    session = weber.Session()
    assert session.evaluate('using Printf; @sprintf("%s|%d", "{0.__class__} %s", 3)') == "{0.__class__} %s|3"
    assert session.evaluate('string("{0.__class__}", "%s", 1)') == "{0.__class__}%s1"
