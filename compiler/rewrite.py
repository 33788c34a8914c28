"""Rewriting: a builder that applies rules to each operation as it is built.

A rule is a function of a builder and an operation that is not yet in a block: `rule(b, operation) -> Value |
None`. It gives a value to stand for the operation's (only) result, built with `b`, or None where it does not
apply.
"""

from collections.abc import Callable, Iterable

import numpy as np

from .dead_code import drop_unused
from .ir import Block, Builder, Function, Operation, Value
from .ops import OPS

COMPARED_ELEMENTS = 65536
"""Larger arrays are taken to be equal only when they are the same object."""


class Rules:
    """A table of rules by op name; `@rules("add", "sub")` enters one, `@rules("*")` one that is tried on
    every op, last."""

    def __init__(self):
        self.by_op: dict[str, list[Callable]] = {}

    def __call__(self, *names):
        def enter(rule):
            for name in names:
                self.by_op.setdefault(name, []).append(rule)
            return rule

        return enter

    def __or__(self, other):
        """Both tables, these rules first."""
        union = Rules()
        for table in (self, other):
            for name, rules in table.by_op.items():
                union.by_op.setdefault(name, []).extend(rules)
        return union


class Rewriter(Builder):
    """A builder that merges equal operations and replaces those to which a rule applies.

    Replacements go through `emit` again, so that the result is in normal form with respect to the rules.
    `changes` counts the operations replaced or merged.
    """

    def __init__(self, rules: Rules, block: Block | None = None, parent: "Rewriter | None" = None, holder=""):
        super().__init__(block, parent.location if parent else None)
        self.rules, self.parent, self.changes = rules, parent, 0
        self.holder = holder  # the name of the op whose region is rewritten
        self.results: dict[tuple, list[Value]] = {}
        self.uses: dict[Value, int] = parent.uses if parent else {}

    def emit(self, name, operands: Iterable[Value], attributes=None, regions=(), types=None):
        """`types`: those of the results, where they are known."""
        op, operands, regions = OPS[name], list(operands), list(regions)
        attributes = dict(attributes or {})
        key = None
        if op.pure and not regions:
            key = (name, tuple(map(id, operands)), attributes_key(attributes))
            known = self.known(key)
            if known is not None:
                self.changes += 1
                return known[0] if len(known) == 1 else known
        types = types or op.infer(operands, attributes, regions)
        operation = Operation(op, operands, attributes, regions, types, self.location)
        results = self.replace(operation) if op.pure else None
        if results is None:
            self.block.operations.append(operation)
            results = operation.results
        if key is not None:
            self.results[key] = results
        return results[0] if len(results) == 1 else list(results)

    def known(self, key):
        """The results of an equal operation, here or around."""
        rewriter = self
        while rewriter is not None:
            if key in rewriter.results:
                return rewriter.results[key]
            rewriter = rewriter.parent
        return None

    def replace(self, operation) -> list[Value] | None:
        """What the first rule that applies makes of an operation."""
        for rule in (*self.rules.by_op.get(operation.name, ()), *self.rules.by_op.get("*", ())):
            made = rule(self, operation)
            if made is not None:
                made = made if isinstance(made, list) else [made]
                for old, new in zip(operation.results, made, strict=True):
                    assert old.type == new.type, f"{rule.__name__} changes the type {old.type} to {new.type}"
                self.changes += 1
                return made
        return None

    def is_inside(self, name) -> bool:
        """Whether a region of an op of this name is rewritten."""
        return self.holder == name or (self.parent is not None and self.parent.is_inside(name))

    def is_used_once(self, value: Value) -> bool:
        """Whether a value has but one use, as far as the function rewritten tells."""
        return self.uses.get(value, 1) <= 1


def rewrite(function: Function, rules: Rules) -> tuple[Function, int]:
    """The function rebuilt with rules applied and operations without use dropped, and the number of changes.
    """
    mapping: dict[Value, Value] = {}
    rewriter = Rewriter(rules)
    body = _rewrite_block(rewriter, function.body, mapping, use_counts(function.body))
    dropped = drop_unused(body)
    return with_body(function, body), rewriter.changes + dropped


def with_body(function: Function, body: Block) -> Function:
    """The function with another body."""
    return Function(function.name, body, function.argument_names, function.result_names, function.defaults,
                    function.state, function.location, function.metadata)


def _rewrite_block(rewriter, block, mapping, counts):
    rewriter.block.arguments = [Value(argument.type, name=argument.name) for argument in block.arguments]
    mapping.update(zip(block.arguments, rewriter.block.arguments))
    for old in block.arguments:
        rewriter.uses[mapping[old]] = counts.get(old, 0)
    for operation in block.operations:
        _rewrite_operation(rewriter, operation, mapping, counts)
    rewriter.block.results = [mapping.get(value, value) for value in block.results]
    return rewriter.block


def _rewrite_operation(rewriter, operation, mapping, counts):
    rewriter.location = operation.location
    regions = []
    for region in operation.regions:
        inner = Rewriter(rewriter.rules, parent=rewriter, holder=operation.name)
        regions.append(_rewrite_block(inner, region, dict(mapping), counts))
        rewriter.changes += inner.changes
    operands = [mapping[value] for value in operation.operands]
    types = [result.type for result in operation.results]  # a rule never changes a type
    results = rewriter.emit(operation.name, operands, operation.attributes, regions, types)
    results = results if isinstance(results, list) else [results]
    for old, new in zip(operation.results, results, strict=True):
        mapping[old] = new
        rewriter.uses[new] = rewriter.uses.get(new, 0) + counts.get(old, 0)
        if old.name and not new.name:
            new.name = old.name


def use_counts(block: Block, counts=None) -> dict[Value, int]:
    """How often each value is used, as an operand or as a result of a block."""
    counts = {} if counts is None else counts
    for operation in block.operations:
        for value in operation.operands:
            counts[value] = counts.get(value, 0) + 1
        for region in operation.regions:
            use_counts(region, counts)
    for value in block.results:
        counts[value] = counts.get(value, 0) + 1
    return counts


def attributes_key(attributes) -> tuple:
    """A hashable form of attributes; equal for attributes that are equal to the bit."""
    return tuple((name, _key(attributes[name])) for name in sorted(attributes))


def _key(value):
    if isinstance(value, np.ndarray):
        return (value.dtype, value.shape, value.tobytes() if value.size <= COMPARED_ELEMENTS else id(value))
    if isinstance(value, list | tuple):
        return tuple(map(_key, value))
    if isinstance(value, float):
        return (float, value.hex())
    if isinstance(value, bool):
        return (bool, value)
    return value
