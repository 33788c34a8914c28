"""The part of what was recorded that outputs need, as a graph."""

from ...compiler.ir import (
    Block,
    Builder,
    Function,
    Value,
    captured_values,
    defined_dims,
    dim_names_of,
    inline,
)
from ...compiler.types import dim_names, symbol_name


def used_values(body, outputs):
    """The values that the outputs depend on, and the operations of the body that make them; those too that
    define dims which are spoken of."""
    used, kept = set(outputs), []
    dims = set().union(*(dim_names(dim) for value in used for dim in value.type.shape))
    defining = any(defined_dims(operation) for operation in body.operations)
    for operation in reversed(body.operations):
        if any(result in used for result in operation.results) or (
                defining and dims.intersection(defined_dims(operation))):
            kept.append(operation)
            used.update(operation.operands)
            dims |= dim_names_of(operation) if defining else set()
            for region in operation.regions:
                used.update(captured_values(region))
    return used, kept[::-1]


def used_arguments(body, outputs):
    """The arguments of the body that the outputs depend on, be it by a size alone."""
    used, kept = used_values(body, outputs)
    if all(argument in used for argument in body.arguments):
        return body.arguments
    spoken = set().union(*(dim_names(dim) for value in outputs for dim in value.type.shape),
                         *map(dim_names_of, kept))
    arguments, known = [], set()
    for argument in sorted(body.arguments, key=lambda argument: argument not in used):
        names = {symbol_name(dim) for dim in argument.shape}
        if argument in used or names & spoken - known:
            arguments.append(argument)
            known |= names
    return arguments


def graph_of(body, arguments, outputs):
    """A graph with just these arguments and outputs."""
    _, kept = used_values(body, outputs)
    block = Block([Value(a.type, name=a.name) for a in arguments])
    mapping = dict(zip(arguments, block.arguments, strict=True))
    trimmed = Block(arguments, kept, outputs)
    block.results = inline(Builder(block), trimmed, block.arguments, mapping)
    return Function("call", block, [f"input.{k}" for k in range(len(arguments))],
                 [f"output.{k}" for k in range(len(outputs))])
