"""Reverse-mode derivatives: from cotangents of results to cotangents of inputs."""

from collections.abc import Iterable, Sequence

from ..errors import WeberError
from ..ir import Block, Builder, Function, Operation, Value, inline
from ..ops.dependence import depending_values, differentiable_operands
from ..ops.record import Elementwise, Linear, Multilinear, Regional, Rule
from ..ops.rules import is_zero


def pullback(builder: Builder, operations: Sequence[Operation],
             outputs: "dict[Value, Value] | Iterable[tuple]",
             inputs: Sequence[Value]) -> list[Value | None]:
    """Appends the operations that take cotangents of `outputs` back to `inputs`; gives each input's
    cotangent.

    `operations` have been emitted already, in order, to the builder's block or one around it; `outputs` are
    values with their cotangents (a mapping or pairs; one value may come several times). None stands for a
    cotangent that is zero everywhere. Each operation that is built has the location of the one it is the
    derivative of. Raises WeberError for an operation on the way from inputs to outputs that has no
    derivative.
    """
    active = depending_values(operations, inputs)
    cotangents: dict[Value, Value] = {}

    def accumulate(value, cotangent):
        known = cotangents.get(value)
        cotangents[value] = cotangent if known is None else _sum(builder, known, cotangent)

    for value, cotangent in outputs.items() if isinstance(outputs, dict) else outputs:
        if value in active and cotangent is not None:
            accumulate(value, cotangent)
    location = builder.location
    for operation in reversed(operations):
        given = [cotangents.get(result) if result in active else None for result in operation.results]
        if all(cotangent is None for cotangent in given):
            continue
        builder.location = operation.location
        for value, cotangent in _cotangents(builder, operation, given, active):
            if cotangent is not None and value in active:
                accumulate(value, cotangent)
    builder.location = location
    return [cotangents.get(value) for value in inputs]


def _sum(builder, known, cotangent):
    """The sum of two cotangents; one of a few rows is added to those of the other."""
    made = cotangent.operation
    if made is not None and made.name == "add_rows" and is_zero(made.operands[0]):
        _, indices, updates = made.operands
        return builder.add_rows(known, indices, updates)
    return builder.add(known, cotangent)


def _cotangents(builder, operation, cotangents, active):
    """Pairs of a value that an operation uses and a cotangent or None; partial derivatives are built for
    active values only."""
    operands, derivative = operation.operands, operation.op.derivative
    if isinstance(derivative, Regional):
        wanted = [value for value in dict.fromkeys(differentiable_operands(operation)) if value in active]
        return derivative.vjp(builder, operation, cotangents, wanted, pullback)
    match derivative:
        case Elementwise(partials):
            found = [builder.mul(cotangents[0], partial(builder, *operands, operation.result))
                     if operand in active and partial is not None else None
                     for operand, partial in zip(operands, partials)]
        case Linear(transpose):
            found = transpose(builder, operation, cotangents)
        case Multilinear(transpose):
            found = transpose(builder, operation, cotangents[0])
        case Rule(vjp):
            found = vjp(builder, operation, cotangents)
        case _:
            raise WeberError(f"the op {operation.name} has no derivative in reverse mode", operation.location)
    return zip(operands, found)


def value_and_gradient(function: Function, arguments: Sequence[str] | None = None) -> Function:
    """A function with the same inputs whose results are the scalar first result of `function` and its
    gradient with respect to the named arguments (all float ones, when None): results `gradient.NAME`, of
    zeros where there is no dependence. Raises WeberError when the first result is no float scalar."""
    if arguments is None:
        arguments = [name for name, value in zip(function.argument_names, function.body.arguments)
                     if value.element.is_float]
    block = Block([Value(argument.type, name=argument.name) for argument in function.body.arguments])
    builder = Builder(block)
    loss, *_ = inline(builder, function.body, block.arguments)
    if loss.rank or not loss.element.is_float:
        raise WeberError(f"a gradient is taken of a float scalar, not of {loss.type}", function.location)
    by_name = dict(zip(function.argument_names, block.arguments))
    inputs = [by_name[name] for name in arguments]
    found = pullback(builder, list(block.operations), [(loss, builder.full(1, loss))], inputs)
    block.results = [loss] + [builder.full(0, value) if cotangent is None else cotangent
                              for value, cotangent in zip(inputs, found)]
    return Function(f"{function.name}.gradient", block, list(function.argument_names),
                    [function.result_names[0], *(f"gradient.{name}" for name in arguments)],
                    dict(function.defaults),
                    location=function.location)
