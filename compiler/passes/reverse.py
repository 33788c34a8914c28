"""Reverse-mode derivatives of straight-line code: from cotangents of results to cotangents of inputs."""

from collections.abc import Iterable, Sequence

from ..errors import WeberError
from ..ir import Block, Builder, Function, Operation, Value, captured_values, inline
from ..ops.record import Elementwise, Linear, Multilinear, Rule, Zero


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
        cotangents[value] = cotangent if known is None else builder.add(known, cotangent)

    for value, cotangent in outputs.items() if isinstance(outputs, dict) else outputs:
        if value in active and cotangent is not None:
            accumulate(value, cotangent)
    location = builder.location
    for operation in reversed(operations):
        given = [cotangents.get(result) if result in active else None for result in operation.results]
        if all(cotangent is None for cotangent in given):
            continue
        builder.location = operation.location
        wanted = [operand in active for operand in operation.operands]
        for operand, cotangent in zip(operation.operands,
                                      _operand_cotangents(builder, operation, given, wanted)):
            if cotangent is not None and operand in active:
                accumulate(operand, cotangent)
    builder.location = location
    return [cotangents.get(value) for value in inputs]


def depending_values(operations: Sequence[Operation], inputs: Iterable[Value]) -> set[Value]:
    """The float inputs and the float values that depend on them in a differentiable way."""
    active = {value for value in inputs if value.element.is_float}
    for operation in operations:
        used = differentiable_operands(operation)
        if any(value in active for value in used):
            active.update(result for result in operation.results if result.element.is_float)
    return active


def differentiable_operands(operation: Operation) -> list[Value]:
    """The values an operation may be differentiated by, those that its regions capture included."""
    match operation.op.derivative:
        case Zero():
            return []
        case Elementwise(partials):
            return [operand for operand, partial in zip(operation.operands, partials) if partial is not None]
        case Linear(of=tuple(of)) | Multilinear(of=tuple(of)):
            return [operation.operands[index] for index in of]
    captured = [value for region in operation.regions for value in captured_values(region)]
    return operation.operands + captured


def _operand_cotangents(builder, operation, cotangents, wanted):
    """A cotangent or None for each operand; partial derivatives are built for the wanted ones only."""
    match operation.op.derivative:
        case Elementwise(partials):
            return [builder.mul(cotangents[0], partial(builder, *operation.operands, operation.result))
                    if want and partial is not None else None for partial, want in zip(partials, wanted)]
        case Linear(transpose):
            return transpose(builder, operation, cotangents)
        case Multilinear(transpose):
            return transpose(builder, operation, cotangents[0])
        case Rule(vjp):
            return vjp(builder, operation, cotangents)
    raise WeberError(f"the op {operation.name} has no derivative in reverse mode", operation.location)


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
