"""The intermediate representation: SSA values, operations, blocks, functions.

An `Operation` applies an `Op` record (see `ops/`) to operands and owns the `Value`s it defines. A `Block` has
arguments, operations in order, and `results`, the values it yields. Structured ops (if, loop, map) hold
blocks as `regions`; a region may use values of the blocks around it. There is no mutation: passes build new
blocks (`Builder`, `inline`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import Location
from .types import DimExpression, TensorType, dim_names, fresh_dim, may_be_negative, substitute, symbol_name


class Value:
    """An SSA value: a block argument (`operation` is None) or a result of an operation."""

    __slots__ = ("type", "operation", "index", "name")

    def __init__(
        self, type: TensorType, operation: "Operation | None" = None, index: int = 0, name: str = ""
    ):
        self.type, self.operation, self.index, self.name = type, operation, index, name

    @property
    def shape(self):
        return self.type.shape

    @property
    def element(self):
        return self.type.element

    @property
    def rank(self):
        return len(self.type.shape)

    def __repr__(self):
        return f"<Value {self.name or '?'} : {self.type}>"


class Operation:
    """One application of an op. `attributes` holds numbers, strings, dims, tuples of them, element types and
    arrays."""

    __slots__ = ("op", "operands", "attributes", "regions", "results", "location")

    def __init__(self, op, operands, attributes, regions, result_types, location=None):
        self.op = op
        self.operands: list[Value] = operands
        self.attributes: dict = attributes
        self.regions: list[Block] = regions
        self.results = [Value(type, self, index) for index, type in enumerate(result_types)]
        self.location: Location | None = location

    @property
    def name(self):
        return self.op.name

    @property
    def result(self) -> Value:
        (value,) = self.results
        return value

    def __repr__(self):
        return f"<Operation {self.op.name} at {self.location}>"


@dataclass(eq=False)
class Block:
    """A straight sequence of operations with arguments and yielded results."""

    arguments: list[Value] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)


@dataclass(eq=False)
class Function:
    """A graph: a block whose arguments and results have names.

    `defaults[name]` is the numpy value of an input that has a default (a state or a captured parameter);
    `state` maps a state input's name to the name of the result that holds its next value; `metadata` goes to
    the artifact's metadata.
    """

    name: str
    body: Block
    argument_names: list[str]
    result_names: list[str]
    defaults: dict = field(default_factory=dict)
    state: dict[str, str] = field(default_factory=dict)
    location: Location | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Module:
    """Functions by name; the unit of text."""

    functions: dict[str, Function] = field(default_factory=dict)


class Builder:
    """Appends operations to a block: `b.add(x, y)`, `b.reduce_sum(x, axes=(0,))`, one method for each op of
    the registry.

    Each call infers the result types from the op's type rule (a rule raises `TypeRuleError`) and returns the
    result, or the list of results where the op has not exactly one. `location` is given to every operation
    built.
    """

    def __init__(self, block: Block | None = None, location: Location | None = None):
        self.block = block if block is not None else Block()
        self.location = location

    def emit(self, name, operands: Iterable[Value], attributes=None, regions=()) -> "Value | list[Value]":
        from .ops import OPS

        results = self.append(OPS[name], operands, attributes, regions)
        return results[0] if len(results) == 1 else results

    def append(self, op, operands: Iterable[Value], attributes=None, regions=()) -> list[Value]:
        """Appends an operation of an op; gives all of its results."""
        operands, attributes, regions = list(operands), dict(attributes or {}), list(regions)
        types = op.infer(operands, attributes, regions)
        operation = Operation(op, operands, attributes, regions, types, self.location)
        self.block.operations.append(operation)
        return list(operation.results)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *operands, regions=(), **attributes: self.emit(name, operands, attributes, regions)

    def constant(self, array) -> Value:
        """A constant from a numpy array or scalar (its dtype is the element type)."""
        import numpy as np

        return self.emit("constant", (), {"value": np.asarray(array)})

    def full(self, value, like: Value) -> Value:
        """`value` in the element type and shape of `like`."""
        import numpy as np

        scalar = self.constant(np.asarray(value, dtype=like.element.numpy))
        return self.emit("broadcast", (scalar,), {"shape": like.shape, "axes": ()}) if like.rank else scalar

    def extent(self, dim) -> Value:
        """The extent that a dim stands for as an i64 scalar: 0 where the dim is negative."""
        import numpy as np

        zero = np.int64(0)
        if isinstance(dim, int):
            return self.constant(max(zero, np.int64(dim)))
        value = self.emit("dim_value", (), {"dim": dim})
        return self.emit("max", (value, self.constant(zero))) if may_be_negative(dim) else value


def inline(builder: Builder, block: Block, arguments: Iterable[Value], mapping=None) -> list[Value]:
    """Copies a block's operations into a builder with its arguments replaced; returns what its results
    became.

    `mapping` (old value → new value, and name of a dim → dim) is filled as it goes; values not in it
    (captured from outside) stay themselves. A dim that an operation of the block defines gets a fresh name in
    the copy. Types are inferred again, so a body may be inlined at other sizes than it was built with.
    """
    mapping = {} if mapping is None else mapping
    mapping.update(zip(block.arguments, arguments, strict=True))
    for operation in block.operations:
        copy_operation(builder, operation, mapping)
    return [mapping.get(value, value) for value in block.results]


def copy_operation(builder: Builder, operation: Operation, mapping) -> list[Value]:
    """Copies one operation (and its regions) with operands and dims replaced by `mapping`, to which the
    results and the dims that it defines are added."""
    regions = [copy_block(region, mapping) for region in operation.regions]
    for name in defined_dims(operation):
        mapping[name] = fresh_dim(name)
    previous, builder.location = builder.location, operation.location
    results = builder.emit(operation.op.name, [mapping.get(v, v) for v in operation.operands],
                           rename_dims(operation.attributes, mapping), regions)
    builder.location = previous
    results = results if isinstance(results, list) else [results]
    for old, new in zip(operation.results, results, strict=True):
        new.name = old.name
        mapping[old] = new
    return results


def copy_block(block: Block, mapping) -> Block:
    """A copy of a region's block with captured values and dims replaced by `mapping`. The names that dims
    defined inside have in the copy are added to it."""
    copy = Block([Value(rename_dims(argument.type, mapping), name=argument.name)
                  for argument in block.arguments])
    inner = dict(mapping)
    copy.results = inline(Builder(copy), block, copy.arguments, inner)
    mapping.update((key, dim) for key, dim in inner.items() if isinstance(key, str))
    return copy


def defined_dims(operation: Operation) -> tuple[str, ...]:
    """The names of the dims that an operation brings into being for those behind it."""
    return operation.op.defines(operation.attributes) if operation.op.defines else ()


def dims_defined_in(block: Block) -> set[str]:
    """The names of the dims that the operations of a block bring into being, those in their regions not."""
    return {name for operation in block.operations for name in defined_dims(operation)}


def dim_names_in(block: Block) -> set[str]:
    """The names of dims that a block speaks of."""
    found = set().union(*(names_of_dims(value.type) for value in block.arguments))
    return found.union(*map(dim_names_of, block.operations))


def dim_names_of(operation: Operation) -> set[str]:
    """The names of dims that an operation, its results and its regions speak of."""
    found = names_of_dims(operation.attributes)
    found = found.union(*(names_of_dims(value.type) for value in operation.results))
    return found.union(*map(dim_names_in, operation.regions))


def names_of_dims(item) -> set[str]:
    """The names of dims in a dim, a type, attributes or a tuple."""
    match item:
        case DimExpression():
            return dim_names(item)
        case TensorType(shape=shape):
            return set().union(*map(dim_names, shape))
        case tuple() | list():
            return set().union(*map(names_of_dims, item))
        case dict():
            return set().union(*map(names_of_dims, item.values()))
    return set()


_NAMES_OF_DIMS = ("ragged", "defines")
"""Attributes whose strings name dims."""


def rename_dims(item, bindings):
    """A dim, a type, attributes or a tuple with the names of dims replaced by the dims that `bindings` gives
    them."""
    match item:
        case DimExpression():
            return substitute(item, bindings)
        case TensorType(element, shape):
            return TensorType(element, tuple(rename_dims(dim, bindings) for dim in shape))
        case tuple() | list():
            return tuple(rename_dims(part, bindings) for part in item)
        case dict():
            return {key: (_rename_names if key in _NAMES_OF_DIMS else rename_dims)(part, bindings)
                    for key, part in item.items()}
    return item


def _rename_names(item, bindings):
    if isinstance(item, str):
        return symbol_name(bindings[item]) if item in bindings else item
    return tuple(_rename_names(part, bindings) for part in item)


def captured_values(block: Block) -> list[Value]:
    """The values a block uses that are defined outside of it, in order of first use."""
    defined, captured = set(block.arguments), {}

    def use(value):
        if value not in defined:
            captured[value] = None

    for operation in block.operations:
        for operand in operation.operands:
            use(operand)
        for region in operation.regions:
            for value in captured_values(region):
                use(value)
        defined.update(operation.results)
    for value in block.results:
        use(value)
    return list(captured)
