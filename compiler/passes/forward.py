"""Forward-mode derivatives: from tangents of inputs to tangents of all that depends on them."""

from collections.abc import Sequence

from ..errors import WeberError
from ..ir import Builder, Operation, Value
from ..ops.dependence import differentiable_operands
from ..ops.record import Elementwise, Linear, Multilinear, Regional, Rule, Zero


def pushforward(builder: Builder, operations: Sequence[Operation],
                tangents: dict[Value, Value]) -> dict[Value, Value]:
    """Appends the operations that compute tangents; gives the tangent of every value that has one.

    `operations` have been emitted already, in order; `tangents` maps inputs to their tangents. A value
    without a tangent in the result does not depend on the inputs. Raises WeberError for an operation that has
    no derivative.
    """
    tangents = {value: tangent for value, tangent in tangents.items() if value.element.is_float}
    location = builder.location
    for operation in operations:
        if not any(value in tangents for value in differentiable_operands(operation)):
            continue
        if not any(result.element.is_float for result in operation.results):
            continue
        builder.location = operation.location
        if isinstance(operation.op.derivative, Regional):
            found = operation.op.derivative.jvp(builder, operation, tangents, pushforward)
        else:
            found = _result_tangents(builder, operation, list(map(tangents.get, operation.operands)))
        for result, tangent in zip(operation.results, found):
            if tangent is not None and result.element.is_float:
                tangents[result] = tangent
    builder.location = location
    return tangents


def _result_tangents(builder, operation, tangents):
    def apply(operands):
        results = builder.emit(operation.name, operands, operation.attributes, operation.regions)
        return results if isinstance(results, list) else [results]

    match operation.op.derivative:
        case Elementwise(partials):
            terms = [builder.mul(tangent, partial(builder, *operation.operands, operation.result))
                     for partial, tangent in zip(partials, tangents) if partial is not None
                     and tangent is not None]
            return [_sum(builder, terms)]
        case Linear(of=of):
            linear = range(len(tangents)) if of is None else of
            return apply([_or_zero(builder, tangent, operand) if index in linear else operand
                          for index, (operand, tangent) in enumerate(zip(operation.operands, tangents))])
        case Multilinear(of=of):
            linear = range(len(tangents)) if of is None else of
            terms = [apply([*operation.operands[:index], tangent, *operation.operands[index + 1:]])[0]
                     for index, tangent in enumerate(tangents) if tangent is not None and index in linear]
            return [_sum(builder, terms)]
        case Rule(jvp=jvp) if jvp is not None:
            return jvp(builder, operation, tangents)
        case Zero():
            return [None] * len(operation.results)
    raise WeberError(f"the op {operation.name} has no derivative in forward mode", operation.location)


def _or_zero(builder, tangent, operand):
    return builder.full(0, operand) if tangent is None else tangent


def _sum(builder, terms):
    total = terms[0]
    for term in terms[1:]:
        total = builder.add(total, term)
    return total
