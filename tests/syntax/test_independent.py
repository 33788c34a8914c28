"""An independent grammar of Julia (tree-sitter's) takes the files of the repository too, and finds as many
loops, definitions and so on in them."""

from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_julia
import weber
from weber.frontend.parsing import syntax
from weber.frontend.parsing.parser import parse, read_source

ROOT = Path(weber.__file__).parent
FOLDERS = ("frontend/library", "examples", "bench", "docs")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.jl"))
PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_julia.language()))

COUNTED = {
    "for_statement": syntax.For,
    "while_statement": syntax.While,
    "let_statement": syntax.Let,
    "try_statement": syntax.Try,
    "struct_definition": syntax.Struct,
    "abstract_definition": syntax.AbstractType,
    "module_definition": syntax.ModuleDefinition,
    "comprehension_expression": syntax.Comprehension,
    "return_statement": syntax.Return,
}
"""Kinds of node that both trees have one for one."""


def kinds(node):
    stack = [node]
    while stack:
        node = stack.pop()
        yield node.type
        stack.extend(node.children)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_both_grammars_take_the_file_and_count_alike(path):
    text = read_source(path)
    tree = PARSER.parse(text.encode()).root_node
    assert not tree.has_error
    theirs = list(kinds(tree))
    ours = [type(node) for node in syntax.walk(parse(text, str(path)))]
    for name, kind in COUNTED.items():
        assert theirs.count(name) == ours.count(kind), name


def test_the_repository_has_files():
    assert len(FILES) > 30
