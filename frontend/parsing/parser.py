"""Text to syntax tree: `parse`, and what reads and keeps sources.

A loop over lark's LALR table, with the tokens of `lexer.py` and the methods of `tree_builder.py`.
"""

import functools
import hashlib
import sys
from pathlib import Path

from ...compiler.errors import Location, WeberError, sources
from .. import cache
from . import syntax
from .lexer import Lexer
from .lexer_state import Fault
from .parse_table import grammar_digest, table
from .syntax_errors import unexpected
from .tree_builder import TreeBuilder

_PARTS = (
    "lexer", "lexer_state", "keyword_lexer", "operator_lexer", "tokens", "operators", "literals", "parser",
    "tree_builder", "statement_builder", "signature_builder", "syntax",
)
MAX_DEPTH = 1000
"""How deeply a tree may be nested: what walks trees recursively must not run out of stack."""


def parse(text: str, file: str = "none") -> syntax.Block:
    """The tree of a source; `sources[file]` becomes the text. Raises WeberError (`ParseError`) at what is not
    Julia."""
    sources[file] = text
    lexer = Lexer(text)
    tokens = lexer.run()
    builder = TreeBuilder(text, file)
    try:
        block = _reduce(tokens, lexer, builder)
    except Fault as fault:
        location = builder.location(fault.start, max(fault.end, fault.start + 1))
        raise WeberError(f"syntax error: {fault.message}", location, kind="ParseError") from None
    block.location = builder.location(0, len(text))
    return block


def is_incomplete(text: str) -> bool:
    """Whether a text is the beginning of a valid one: something unclosed, or an operator without its
    operand."""
    lexer = Lexer(text)
    tokens = lexer.run()
    try:
        _reduce(tokens, lexer, TreeBuilder(text, "none"))
    except Fault as fault:
        return fault.incomplete
    except WeberError:
        return False
    return False


def _reduce(tokens, lexer, builder):
    """The LALR loop. Raises Fault, and WeberError from the builder."""
    states, rules, start, accept = table()
    methods = [getattr(builder, rule.build) if rule.build else None for rule in rules]
    state_stack, values, starts, ends, depths = [start], [], [], [], []
    state, last_end = start, 0
    for index, token in enumerate(tokens):
        kind = token.kind
        while True:
            action = states[state].get(kind)
            if action is None:
                if kind == "INVALID":
                    raise token.text
                raise unexpected(tokens, index, states[state], lexer)
            if action >= 0:
                break
            origin, size, _, splices, inline = rules[-1 - action]
            method = methods[-1 - action]
            if size == 1 and method is None and not inline:
                state = states[state_stack[-2]][origin]
                state_stack[-1] = state
                if state == accept:
                    return values[0]
                continue
            if size:
                children = values[-size:]
                span_start, span_end = starts[-size], ends[-1]
                depth = max(depths[-size:])
                del values[-size:], starts[-size:], ends[-size:], depths[-size:], state_stack[-size:]
            else:
                children, span_start, span_end, depth = [], last_end, last_end, 0
            if inline and splices and splices[0] == 0:  # a list grows in place, not by a copy for each item
                grown, children = children[0], children[1:]
                for i in reversed(splices[1:]):
                    children[i - 1:i] = children[i - 1]
                grown.extend(children)
                children = grown
            elif splices:
                for i in reversed(splices):
                    children[i:i + 1] = children[i]
            if inline:
                value = children
            else:
                depth += 1
                if depth > MAX_DEPTH:
                    raise Fault(f"nested deeper than {MAX_DEPTH} levels", span_start, span_end)
                value = method(children, span_start, span_end)
            values.append(value)
            starts.append(span_start)
            ends.append(span_end)
            depths.append(depth)
            state = states[state_stack[-1]][origin]
            state_stack.append(state)
        state = action
        state_stack.append(state)
        values.append(token)
        starts.append(token.start)
        last_end = token.end
        ends.append(last_end)
        depths.append(0)


# --- sources and their trees --------------------------------------------------------------------------------


def read_source(path) -> str:
    """The text of a file: UTF-8, without a byte order mark, lines ended by a newline alone. Raises
    WeberError."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise WeberError(f"cannot read {path}: {error.strerror}", kind="SystemError") from None
    except ValueError:  # a null byte
        raise WeberError(f"cannot read {path!r}: no such file", kind="SystemError") from None
    return source_text(content, str(path))


def source_text(content: bytes, name: str) -> str:
    """The bytes of a source as text, see `read_source`. Raises WeberError where they are not UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[:error.start].decode("utf-8-sig").split("\n")
        location = Location(name, len(before), len(before[-1]) + 1)
        raise WeberError("the file is not UTF-8", location, kind="ParseError") from None
    return text.replace("\r\n", "\n")


def parse_cached(path) -> syntax.Block:
    """As `parse(read_source(path), path)`, keeping the tree for the next process."""
    path = str(path)
    text = read_source(path)
    digest = hashlib.sha256(f"{_version()}\0{path}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    name = f"tree-{digest[:32]}.pickle"
    block = cache.load(name)
    if isinstance(block, syntax.Block):
        sources[path] = text
        return block
    block = parse(text, path)
    cache.store(name, block)
    return block


@functools.cache
def _version():
    """Tells trees of one version of the parser from those of another."""
    digest = hashlib.sha256(f"{grammar_digest()} {sys.version}".encode())
    for name in _PARTS:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()
