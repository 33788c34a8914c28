"""Building functions whose operations have regions."""

from weber.compiler import ir
from weber.compiler.verify import verify


def region(types, make):
    """A block with arguments of these types; `make(builder, *arguments)` gives its results."""
    return _filled(ir.Block([ir.Value(type) for type in types]), make)


def function_of(types, make):
    """A verified function `f` with arguments of these types by name, and results `f.0`, `f.1`, …"""
    block = _filled(ir.Block([ir.Value(type, name=name) for name, type in types.items()]), make)
    return verify(ir.Function("f", block, list(types), [f"f.{index}" for index in range(len(block.results))]))


def _filled(block, make):
    results = make(ir.Builder(block), *block.arguments)
    block.results = list(results) if isinstance(results, list | tuple) else [results]
    return block
