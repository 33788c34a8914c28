"""`call_with_rule`: a function that comes with derivatives of its own, as a user's `rrule` or `frule`."""

from ..types import TensorType
from .record import Regional, expect, register

RULES = ("pullback", "pushforward")


class CallParts:
    """The regions of a call by role.

    Attributes: `results`, the number of results that the rules are about; `rules`, the rules there are, of
    "pullback" and "pushforward" in this order. Regions: the primal, from the operands to all results (those
    behind the first are saved for the rules); the pullback, from operands, all results and a cotangent of
    each float result that the rules are about, to a cotangent of each float operand; the pushforward, from
    operands, all results and a tangent of each float operand, to a tangent of each float result that the
    rules are about.
    """

    def __init__(self, operands, attributes, regions):
        self.primal = regions[0]
        self.count, self.rules = attributes["results"], tuple(attributes["rules"])
        self.by_rule = dict(zip(self.rules, regions[1:]))
        self.operands = [value for value in operands if value.element.is_float]
        self.results = [value for value in self.primal.results[:self.count] if value.element.is_float]


def _infer_call(operands, attributes, regions):
    rules = tuple(attributes["rules"])
    expect(rules and rules == tuple(rule for rule in RULES if rule in rules),
           f"call_with_rule: {rules} are not rules such as ('pullback', 'pushforward')")
    expect(len(regions) == 1 + len(rules),
           f"call_with_rule has {len(regions)} regions, {1 + len(rules)} are expected")
    call = CallParts(operands, attributes, regions)
    expect(0 < call.count <= len(call.primal.results), f"call_with_rule: there are no {call.count} results")
    taken, results = [value.type for value in operands], [value.type for value in call.primal.results]
    _expect_types("the primal takes", call.primal.arguments, taken)
    outer, inner = ([value.type for value in values] for values in (call.results, call.operands))
    for rule, given, made in (("pullback", outer, inner), ("pushforward", inner, outer)):
        if rule in call.by_rule:
            region = call.by_rule[rule]
            _expect_types(f"the {rule} takes", region.arguments, [*taken, *results, *given])
            _expect_types(f"the {rule} gives", region.results, made)
    return results


def _expect_types(what, values, types: list[TensorType]):
    found = [value.type for value in values]
    expect(found == types, f"call_with_rule: {what} {_show(found)} instead of {_show(types)}")


def _show(types):
    return f"({', '.join(map(str, types))})"


def _depends(operation, active):
    return [any(operand in active for operand in operation.operands)] * len(operation.results)


def _parts(operation):
    return CallParts(operation.operands, operation.attributes, operation.regions)


def _inlined(b, region, arguments):
    """The results of a region put into the builder, and the operations that this appended."""
    from ..ir import inline

    start = len(b.block.operations)
    results = inline(b, region, arguments)
    return results, b.block.operations[start:]


def _filled(b, values, derivatives):
    return [b.full(0, value) if derivative is None else derivative
            for value, derivative in zip(values, derivatives)]


def _vjp(b, operation, cotangents, wanted, pullback):
    call, found = _parts(operation), []
    covered = [(value, cotangent) for value, cotangent in zip(operation.results[:call.count], cotangents)
               if value.element.is_float]
    given = [cotangent for _, cotangent in covered]
    if any(cotangent is not None for cotangent in given):
        given = _filled(b, [value for value, _ in covered], given)
        if "pullback" in call.by_rule:
            made, _ = _inlined(b, call.by_rule["pullback"], [*operation.operands, *operation.results, *given])
        else:
            made = _transposed(b, call.by_rule["pushforward"], operation, call.operands, given, pullback)
        found += zip(call.operands, made)
    saved = list(zip(range(call.count, len(operation.results)), cotangents[call.count:]))
    if any(cotangent is not None for _, cotangent in saved):
        # what is saved has no rule: it is differentiated as it is computed
        results, operations = _inlined(b, call.primal, operation.operands)
        pairs = [(results[index], cotangent) for index, cotangent in saved]
        found += zip(wanted, pullback(b, operations, pairs, wanted))
    return found


def _jvp(b, operation, tangents, pushforward):
    from ..passes.reverse import pullback

    call = _parts(operation)
    given = _filled(b, call.operands, map(tangents.get, call.operands))
    if "pushforward" in call.by_rule:
        made, _ = _inlined(b, call.by_rule["pushforward"], [*operation.operands, *operation.results, *given])
    else:
        made = _transposed(b, call.by_rule["pullback"], operation, call.results, given, pullback)
    made = iter(made)
    found = [next(made) if value.element.is_float else None for value in operation.results[:call.count]]
    if call.count == len(operation.results):
        return found
    results, operations = _inlined(b, call.primal, operation.operands)
    inner = pushforward(b, operations, {v: tangents[v] for v in operation.operands if v in tangents})
    return found + [inner.get(value) for value in results[call.count:]]


def _transposed(b, rule, operation, likes, given, pullback):
    """A rule is linear in its last arguments; the transpose of this linear map, applied to `given`."""
    changes = [b.identity(b.full(0, like)) for like in likes]
    results, operations = _inlined(b, rule, [*operation.operands, *operation.results, *changes])
    found = pullback(b, operations, list(zip(results, given)), changes)
    return _filled(b, changes, found)


def _batch_call(lanes, operation):
    primal = operation.regions[0]
    lanes.values.update((argument, lanes[value])
                        for argument, value in zip(primal.arguments, operation.operands))
    return lanes.run(primal)


register("call_with_rule", _infer_call,
         lambda arrays, attributes, context: context.run(context.regions[0], arrays),
         Regional(_depends, _vjp, _jvp),
         lambda lowering, operation, names: lowering.block(operation.regions[0], names),
         "the results of its first region, whose derivatives are given by the other regions; see CallParts",
         batch=_batch_call)
