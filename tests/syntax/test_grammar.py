"""The grammar as such: its conflicts, its table, its speed."""

import io
import logging
import re
import subprocess
import sys
import time
from collections import Counter

import pytest
from weber.frontend.parsing import parse_table
from weber.frontend.parsing.parser import parse
from weber.frontend.parsing.tree_builder import TreeBuilder

CONFLICTS = {
    "_bound: _bound COMPARE juxtaposition": 1,
    "_bound: juxtaposition COMPARE juxtaposition": 1,
    "_macro_arguments:": 2,
    "_range: _range COLON sum": 1,
    "_range: sum COLON sum": 1,
    "arrow: disjunction": 1,
    "assignment: tuple": 2,
    "atom: EXPORT _exports": 1,
    "atom: IMPORT _imports": 1,
    "atom: IMPORT import_item IMPORT_COLON _imports": 1,
    "atom: MACRO _macro_arguments": 1,
    "atom: RETURN": 39,
    "bound: _bound": 1,
    "bound: juxtaposition": 2,
    "bounded: juxtaposition": 1,
    "choice: arrow": 1,
    "comparison: _comparisons": 1,
    "comparison: pipe": 1,
    "conjunction: comparison": 1,
    "declaration: DECLARE_PREFIX type": 1,
    "declaration: declaration DECLARE type": 1,
    "declaration: postfix": 8,
    "disjunction: conjunction": 1,
    "pair: choice": 1,
    "pipe: application": 2,
    "postfix: postfix FIELD_MACRO _macro_arguments": 1,
    "power: declaration": 3,
    "power: declaration POWER juxtaposition": 1,
    "product: product TIMES rational": 1,
    "product: rational": 1,
    "qualified: SUBTYPE_PREFIX bounded": 1,
    "qualified: bounded": 1,
    "range: _range": 2,
    "range: sum": 3,
    "rational: rational RATIONAL shift": 1,
    "rational: shift": 1,
    "single: pair": 1,
    "sum: product": 1,
    "sum: sum PLUS product": 1,
    "tuple: _elements": 2,
    "tuple: pair": 2,
    "type: postfix": 8,
}
"""Shift/reduce conflicts by the rule that is not reduced: after an open-ended prefix (`return`, `->`, a
macro) an operator belongs to what the prefix governs. A new entry needs a look at both readings."""


@pytest.fixture(scope="module")
def conflicts():
    """Shift/reduce conflicts by the rule that could have been reduced, as lark logs them."""
    from lark import Lark, logger
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        def __init__(self, configuration):
            pass

        def lex(self, state):
            return iter(())

    log = io.StringIO()
    handler = logging.StreamHandler(log)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        Lark(parse_table.GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer=NoLexer, debug=True)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    pairs = re.findall(r"Shift/Reduce conflict for terminal (\S+):.*\n \* <(\S+) : (.*)>", log.getvalue())
    return Counter(f"{origin}: {symbols}".strip() for _, origin, symbols in pairs)


def test_conflicts_are_the_known_ones(conflicts):
    assert conflicts == CONFLICTS
    assert sum(conflicts.values()) == 105


def test_the_table_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    parse_table.table.cache_clear()
    built = parse_table.table()
    (file,) = (tmp_path / "weber").iterdir()
    assert file.name.startswith("grammar-")
    monkeypatch.setattr(parse_table, "build_table", lambda: pytest.fail("built again"))
    parse_table.table.cache_clear()
    started = time.process_time()
    assert parse_table.table() == built
    assert time.process_time() - started < 0.03
    file.write_bytes(file.read_bytes()[:-1])
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    parse_table.table.cache_clear()
    assert len(parse_table.table().states) == len(built.states)


def test_a_warm_start_does_not_load_lark(tmp_path):
    code = ("import sys; from weber.frontend.parsing.parser import parse; parse('x'); "
            "print('lark' in sys.modules)")
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": ""}

    def run():
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.strip()

    assert [run(), run()] == [b"True", b"False"]


def test_every_rule_has_its_method_and_every_passing_rule_one_child():
    for rule in parse_table.table().rules:
        assert hasattr(TreeBuilder, rule.build) if rule.build else rule.inline or rule.size == 1, rule


def test_a_thousand_lines_take_less_than_a_second():
    body = "return g(x)[end] .+ 2y' ? \"a $(x)\" : h(y -> y^2)"
    text = f"function f(x::T, y = 2; z...) where {{T <: Real}}\n    {body}\nend\n" * 334
    parse("x")
    started = time.process_time()
    parse(text)
    assert time.process_time() - started < 1
