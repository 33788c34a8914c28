"""Which values depend on which in a differentiable way."""

from collections.abc import Iterable, Sequence

from ..ir import Operation, Value, captured_values
from .record import Elementwise, Linear, Multilinear, Regional, Zero


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


def depending_values(operations: Sequence[Operation], inputs: Iterable[Value]) -> set[Value]:
    """The float inputs and the float values that depend on them in a differentiable way."""
    active = {value for value in inputs if value.element.is_float}
    for operation in operations:
        if not any(value in active for value in differentiable_operands(operation)):
            continue
        derivative = operation.op.derivative
        if isinstance(derivative, Regional):
            depends = derivative.depends(operation, active)
        else:
            depends = [True] * len(operation.results)
        active.update(result for result, does in zip(operation.results, depends)
                      if does and result.element.is_float)
    return active


def influencing_values(operations: Sequence[Operation], outputs: Iterable[Value]) -> set[Value]:
    """The outputs and the values that they may depend on in a differentiable way; an operation with regions
    is taken to depend on all it uses."""
    found = set(outputs)
    for operation in reversed(operations):
        if any(result in found for result in operation.results):
            found.update(differentiable_operands(operation))
    return found
