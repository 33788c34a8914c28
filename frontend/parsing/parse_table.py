"""The LALR(1) table of `grammar.lark`, built by lark, kept in the cache."""

import functools
import hashlib
from pathlib import Path
from typing import NamedTuple

from .. import cache

GRAMMAR = Path(__file__).with_name("grammar.lark")


class Rule(NamedTuple):
    """`origin: size symbols`: `build` names the function that makes its node, "" passes the only child on.

    `splices` are the positions of children that are lists to be put in place; `inline` tells that the rule
    makes such a list itself."""

    origin: str
    size: int
    build: str
    splices: tuple
    inline: bool


class Table(NamedTuple):
    """`states[s][symbol]` is the next state, or, for a terminal that ends a rule, -1 - the rule's number."""

    states: list
    rules: list
    start: int
    accept: int


@functools.cache
def table() -> Table:
    """The table of the grammar."""
    name = f"grammar-{grammar_digest()[:24]}.pickle"
    stored = cache.load(name)
    if stored is None:
        stored = build_table()
        cache.store(name, stored)
    states, rules, start, accept = stored
    return Table(states, [Rule(*rule) for rule in rules], start, accept)


@functools.cache
def grammar_digest() -> str:
    """Tells grammars, and what is made of them here, apart."""
    return hashlib.sha256(GRAMMAR.read_bytes() + Path(__file__).read_bytes()).hexdigest()


def build_table():
    """The table as plain lists, by lark: shift wins a shift/reduce conflict, any other conflict is an error
    of lark's."""
    from lark import Lark
    from lark.lexer import Lexer
    from lark.parsers.lalr_analysis import Shift

    class NoLexer(Lexer):
        def __init__(self, configuration):
            pass

        def lex(self, state):
            return iter(())

    parser = Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer=NoLexer)
    analysed = parser.parser.parser._parse_table
    numbers, rules = {}, []
    for rule in parser.rules:
        numbers[rule] = len(rules)
        symbols = enumerate(rule.expansion)
        splices = tuple(i for i, symbol in symbols if not symbol.is_term and symbol.name[0] == "_")
        inline = rule.origin.name[0] == "_"
        rules.append((str(rule.origin.name), len(rule.expansion), str(rule.alias or ""), splices, inline))
    order = {state: i for i, state in enumerate(analysed.states)}
    states = []
    for actions in analysed.states.values():
        states.append({str(symbol): order[target] if action is Shift else -1 - numbers[target]
                       for symbol, (action, target) in actions.items()})
    return states, rules, order[analysed.start_states["start"]], order[analysed.end_states["start"]]
