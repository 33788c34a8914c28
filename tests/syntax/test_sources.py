"""Reading sources and keeping their trees."""

import os
import pickle

import pytest
from weber.compiler.errors import WeberError, sources
from weber.frontend import cache
from weber.frontend.parsing import parser
from weber.frontend.parsing.syntax_dump import dump

TEXT = "\"doc\"\nf(x::T; y = 1) where {T <: Real} = [x' 1f0; 0x01 'c'] .+ \"a $y\"\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "model.jl"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_read_source_takes_byte_order_mark_and_carriage_returns(tmp_path):
    path = tmp_path / "model.jl"
    path.write_bytes(b"\xef\xbb\xbfx = 1\r\ny = '\xce\xb1'\r\n")
    assert parser.read_source(path) == "x = 1\ny = 'α'\n"


def test_read_source_refuses_what_is_not_utf8(tmp_path):
    path = tmp_path / "model.jl"
    path.write_bytes("α = 1\nβ = '".encode() + b"\xff'\n")
    with pytest.raises(WeberError) as caught:
        parser.read_source(path)
    assert (caught.value.location.line, caught.value.location.column) == (2, 6)


def test_read_source_names_a_missing_file(tmp_path):
    with pytest.raises(WeberError, match="No such file"):
        parser.read_source(tmp_path / "missing.jl")


def count_parses(monkeypatch):
    calls, parse = [], parser.parse
    monkeypatch.setattr(parser, "parse", lambda text, file: calls.append(file) or parse(text, file))
    return calls


def test_a_kept_tree_is_the_tree(home, source, monkeypatch):
    calls = count_parses(monkeypatch)
    first = parser.parse_cached(source)
    sources.pop(str(source))
    second = parser.parse_cached(source)
    assert calls == [str(source)]
    assert dump(first) == dump(second)
    assert first.statements[0].location == second.statements[0].location
    assert sources[str(source)] == TEXT


def test_another_text_or_version_is_parsed_anew(home, source, monkeypatch):
    calls = count_parses(monkeypatch)
    parser.parse_cached(source)
    source.write_text(TEXT + "x\n", encoding="utf-8")
    assert len(parser.parse_cached(source).statements) == 2
    monkeypatch.setattr(parser, "_version", lambda: "another")
    parser.parse_cached(source)
    assert len(calls) == 3


@pytest.mark.parametrize("damage", [
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(file.read_bytes()[:-3]),
    lambda file: file.write_bytes(pickle.dumps("something else")),
    lambda file: (file.unlink(), file.mkdir()),
])
def test_a_damaged_file_is_as_if_absent(home, source, damage):
    expected = dump(parser.parse_cached(source))
    (file,) = (home / "weber").glob("tree-*")
    damage(file)
    assert dump(parser.parse_cached(source)) == expected


def test_a_cache_that_cannot_be_written_is_done_without(source, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert dump(parser.parse_cached(source)) == dump(parser.parse(TEXT))


def test_a_failed_write_leaves_nothing_behind(home, source, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    parser.parse_cached(source)
    assert list((home / "weber").glob("tree-*")) == []


def test_an_error_in_the_source_is_not_kept(home, source):
    source.write_text("f(x", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(WeberError, match="unclosed"):
            parser.parse_cached(source)


def test_a_relative_cache_home_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.directory().is_absolute()


def test_a_tree_too_deep_to_pickle_is_parsed_each_time(home, source):
    source.write_text("1" + "+1" * 900, encoding="utf-8")
    assert dump(parser.parse_cached(source)) == dump(parser.parse_cached(source))
