"""The record of a primitive: everything known of an op stands in one `Op`.

An op's module builds its records and registers them; rules take and return IR values, so that the output of a
rule is made of ops that have rules themselves and derivatives compose to any order.
"""

from collections.abc import Callable
from dataclasses import dataclass


class TypeRuleError(Exception):
    """Operands or attributes that an op does not accept. The caller adds the location."""


@dataclass(frozen=True, slots=True)
class Elementwise:
    """∂result/∂operand for each operand, as `partial(b, *operands, result) -> Value`; None where it is zero
    everywhere.

    cotangent of operand i = cotangent * partial_i; tangent of the result = Σ partial_i * tangent_i.
    """

    partials: tuple[Callable | None, ...]


@dataclass(frozen=True, slots=True)
class Linear:
    """The op is jointly linear in the operands `of` (all, when None). `transpose(b, operation, cotangents) ->
    list` gives a cotangent (or None) for each operand; the tangent rule is the op itself applied to the
    tangents (absent tangents are filled with zeros)."""

    transpose: Callable
    of: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Multilinear:
    """The op is linear in each of the operands `of` separately (all, when None): contraction, convolution.

    `transpose(b, operation, cotangent) -> list` gives each operand's cotangent; the tangent is the sum over
    operands of the op with that operand replaced by its tangent."""

    transpose: Callable
    of: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Zero:
    """The derivative is zero wherever it exists (comparisons, rounding, integer results)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of its own: `vjp(b, operation, cotangents) -> list` (a cotangent or None for each operand) and
    `jvp(b, operation, tangents) -> list` (a tangent or None for each result). Cotangents and tangents may be
    None: zero.
    """

    vjp: Callable
    jvp: Callable | None = None


@dataclass(frozen=True, slots=True)
class Regional:
    """The rules of an op with regions, which may depend on values that the regions capture.

    `depends(operation, active) -> list[bool]`: which results depend, in a differentiable way, on the `active`
    values, a set.
    `vjp(b, operation, cotangents, wanted, pullback) -> list[tuple]`: pairs of a value, an operand or a
    captured one, and its cotangent or None, for the values in `wanted` at least; a value may come repeatedly.
    `jvp(b, operation, tangents, pushforward) -> list`: a tangent or None for each result; `tangents` maps
    operands and captured values that have one to their tangents.
    Rules may append results to the operation (values that its derivative needs).
    """

    depends: Callable
    vjp: Callable
    jvp: Callable


Derivative = Elementwise | Linear | Multilinear | Zero | Rule | Regional


@dataclass(frozen=True, slots=True, eq=False)
class Op:
    """One primitive.

    infer(operands, attributes, regions) -> list[TensorType]; raises `TypeRuleError`.
    evaluate(arrays, attributes, context) -> list[ndarray]: the numpy meaning. `context.dim(d)` is the integer
    of a dim, `context.size(d)` the size of an axis of that dim (zero where it is less),
        `context.regions` are the operation's regions, `context.run(region, arrays)` runs one,
        `context.shapes` are the dims of the results.
    derivative: one of the forms above; None means a missing rule (an error that names the op).
    lower(lowering, operation, names) -> list[str]: ONNX nodes through `lowering`; `names` are the operands'
        tensor names, the result is the results' tensor names.
    pure: false for ops that may not be removed or merged.
    batch(lanes, operation) -> list[Batched]: the results for all lanes of a map at once, see
        `batching/lanes.py`. Raises `CannotBatch` for a form that has none.
    batch_sum(lanes, operation) -> Value: the sum over the lanes of the only result, where there is a
        better way than to add up what `batch` gives.
    defines(attributes) -> names of the dims that an operation brings into being, as an open loop its `trips`.
    """

    name: str
    infer: Callable
    evaluate: Callable
    derivative: Derivative | None = None
    lower: Callable | None = None
    doc: str = ""
    pure: bool = True
    defines: Callable | None = None
    batch: Callable | None = None
    batch_sum: Callable | None = None


OPS: dict[str, Op] = {}
"""All ops by name. Importing `compiler.ops` fills it."""


def register(name, infer, evaluate, derivative=None, lower=None, doc="", pure=True, **more) -> Op:
    """Makes the record of an op and adds it to the registry."""
    assert name not in OPS, name
    OPS[name] = op = Op(name, infer, evaluate, derivative, lower, doc, pure, **more)
    return op


def expect(condition, message):
    """Raises `TypeRuleError(message)` unless the condition holds."""
    if not condition:
        raise TypeRuleError(message)
