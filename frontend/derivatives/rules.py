"""Rules of differentiation that a program gives: `rrule`, `frule`, `@adjoint`.

While a function is differentiated, a call that a rule is defined for is evaluated by the rule. It becomes one
operation, `call_with_rule`, that carries the rule's pullback as a region: it is honoured in reverse and
forward mode, inside of loops, in artifacts, and in derivatives of any order. A rule itself is ordinary code:
what it calls is differentiated once less deeply.
"""

from ...compiler.errors import WeberError
from ...compiler.ir import Block, Value
from ...compiler.ops.record import Op, Rule
from ...compiler.passes.reverse import pullback as reverse
from .. import types as t
from ..base.registry import define, module
from ..calling import call
from ..staged_numbers import Traced
from ..staging import read
from ..state import state
from ..trees import children, map_leaves
from ..values import Array, Function, NamedTuple, Struct, typeof

DERIVATIVES = module("Derivatives")


@define("adjoint_rule", t.Any, ..., module=DERIVATIVES, exported=False)
def no_adjoint(*_):
    """adjoint_rule(f, args...): `(y, back)` of an `@adjoint`, nothing where there is none."""


@define("rrule", t.Any, ..., module=DERIVATIVES, keywords=None)
def rrule(function, *arguments, **keywords):
    """rrule(f, args...): `(y, pullback)`, where `pullback(ȳ)` is the tuple of cotangents of f and of each
    argument; nothing where f has no rule. Builtins have the rules that their derivatives give."""
    return _by_derivative("rrule_via_ad", function, (None, function, *arguments), keywords)


@define("frule", t.Any, t.Any, t.Any, ..., module=DERIVATIVES, keywords=None)
def frule(tangents, function, *arguments, **keywords):
    """frule((ḟ, ẋ...), f, x...): `(y, ẏ)`, the value of `f(x...)` and its tangent; nothing where f has no
    rule."""
    return _by_derivative("frule_via_ad", function, (None, tangents, function, *arguments), keywords)


def _by_derivative(name, function, arguments, keywords):
    from ..evaluation.packages import load_package

    if function.__class__ is not Function or any(m.definition for m in function.methods.methods):
        return None
    return call(load_package("ChainRulesCore").bindings[name], arguments, keywords)


_ADJOINT, _RRULE, _FRULE = (DERIVATIVES.bindings[name] for name in ("adjoint_rule", "rrule", "frule"))


def find(function, arguments):
    """The rule for a call: one of the generic functions above; None when there is none."""
    for rule in (_ADJOINT, _RRULE):
        if len(rule.methods.methods) > 1 and _has_method(rule, (function, *arguments)):
            return rule
    if len(_FRULE.methods.methods) > 1:
        if _has_method(_FRULE, ((None, *arguments), function, *arguments)):
            return _FRULE
    return None




def _has_method(rule, arguments):
    found = rule.methods.find(arguments)
    return found is not None and found[0].python is None


def call_by_rule(rule, function, arguments, keywords, plain):
    """The value of a call that has a rule. `plain()` is the call without it."""
    operands = list(dict.fromkeys(_staged_floats((function, *arguments))))
    state.differentiating -= 1
    try:
        if not operands:
            return plain()
        if rule is _FRULE:
            return _call_by_frule(function, arguments, keywords, operands, plain())
        return _call_by_rrule(rule, function, arguments, keywords, operands, plain)
    finally:
        state.differentiating += 1


def _call_by_rrule(rule, function, arguments, keywords, operands, plain):
    made = call(rule, (function, *arguments), keywords)
    if made is None:  # opted out
        return plain()
    if made.__class__ is not tuple or len(made) != 2:
        raise WeberError("a rule must return a tuple of the value and its pullback", state.location,
                         kind="ArgumentError")
    value, back = made
    results = list(dict.fromkeys(_staged_floats(value)))
    if not results:
        return value
    tree = tuple(arguments) if rule is _ADJOINT else (function, *arguments)

    def pullback(cotangents):
        """The cotangent of each operand for those of the results."""
        given = cotangent_tree(value, dict(zip(results, cotangents, strict=True)))
        if rule is not _ADJOINT:
            given = _as_tangent(value, given)
        found = call(back, (given,))
        if found is not None and found.__class__ is not tuple:
            raise WeberError("the pullback of a rule must return a tuple with a cotangent for each argument",
                             state.location, kind="ArgumentError")
        from .gradients import cotangent_pairs

        total = {}
        for target, cotangent in cotangent_pairs(tree, found):
            total[target] = cotangent if target not in total else state.trace.builder.add(total[target],
                                                                                          cotangent)
        return [total.get(operand) for operand in operands]

    return _replaced(value, results, _emit(operands, results, pullback=pullback))


def _call_by_frule(function, arguments, keywords, operands, value):
    results = list(dict.fromkeys(_staged_floats(value)))

    def pushforward(tangents):
        known = dict(zip(operands, tangents, strict=True))
        given = tuple([_as_tangent(item, cotangent_tree(item, known)) for item in (function, *arguments)])
        _, found = call(_FRULE, (given, function, *arguments), keywords)
        from .gradients import cotangent_pairs

        total = dict(cotangent_pairs(value, found))
        return [total.get(result) for result in results]

    return _replaced(value, results, _emit(operands, results, pushforward=pushforward))


def _emit(operands, results, **rules):
    """The operation that gives `results`, with rules for derivatives by the operands."""
    trace = state.trace
    if trace.immediate:
        return _emit_immediate(operands, results, **rules)
    (name, rule), = rules.items()
    given, likes = (results, operands) if name == "pullback" else (operands, results)
    types = [*operands, *results, *given]
    region = _region(types, lambda arguments: _filled(rule(arguments[-len(given):]), likes))
    primal = Block([Value(operand.type) for operand in operands])
    primal.results = list(results)
    made = trace.builder.emit("call_with_rule", operands, {"results": len(results), "rules": (name,)},
                              [primal, region])
    return made if isinstance(made, list) else [made]


def _region(likes, body):
    from ..control_flow.regions import Region

    region = Region(state.trace, arguments=[Value(like.type) for like in likes])
    with region:
        region.block.results = body(region.block.arguments)
    return region.block


def _filled(values, likes):
    return [state.trace.builder.full(0, like) if value is None else value
            for value, like in zip(values, likes, strict=True)]


def _emit_immediate(operands, results, pullback=None, pushforward=None):
    """As `_emit`, in an immediate trace: the rules run when they are needed, as they may print."""

    def vjp(builder, operation, cotangents):
        given = _filled(cotangents, results)
        found = pullback(given) if pullback else _transposed(pushforward, operands, given)
        return [*found, *[None] * len(results)]

    def jvp(builder, operation, tangents):
        given = _filled(tangents[:len(operands)], operands)
        return pushforward(given) if pushforward else _transposed(pullback, results, given)

    count = len(results)
    op = Op("call_with_rule", lambda operands, attributes, regions: [v.type for v in operands[-count:]],
            lambda arrays, attributes, context: list(arrays[-count:]), Rule(vjp, jvp))
    return state.trace.builder.append(op, [*operands, *results])


def _transposed(rule, likes, given):
    """A rule is a linear map; its transpose, applied to `given`."""
    builder = state.trace.builder
    start = len(builder.block.operations)
    changes = [builder.identity(builder.full(0, like)) for like in likes]
    made = rule(changes)
    pairs = [(value, cotangent) for value, cotangent in zip(made, given, strict=True) if value is not None]
    return reverse(builder, builder.block.operations[start:], pairs, changes)


# --- trees --------------------------------------------------------------------------------------------------


def _staged_floats(tree):
    """The float IR values at the leaves of a tree."""
    if tree.__class__ is Traced or tree.__class__ is Array:
        value = _payload(tree)
        if value.__class__ is Value:
            if value.element.is_float:
                yield value
            return
    if tree.__class__ is Struct and tree.type.family.mutable:
        for item in tree.fields:
            yield from _staged_floats(item)
        return
    for _, item in children(tree) or ():
        yield from _staged_floats(item)


def _payload(leaf):
    if leaf.__class__ is Traced:
        return leaf.data
    return read(leaf) if leaf.element in t.NUMPY_TYPES else None


def cotangent_tree(value, known):
    """The cotangent of a value as a tree like it, from those of its IR values; nothing where there is none.

    Structs have named tuples, as in gradients."""
    if value.__class__ is Traced or (value.__class__ is Array and value.element in t.NUMPY_TYPES):
        cotangent = known.get(_payload(value))
        if cotangent is None:
            return None
        return Traced(cotangent) if value.__class__ is Traced else Array(cotangent)
    items = children(value)
    if not items:
        return None
    parts = [cotangent_tree(item, known) for _, item in items]
    if all(part is None for part in parts):
        return None
    if value.__class__ is tuple:
        return tuple(parts)
    if value.__class__ is Array:
        from ..base.iteration import collect_values

        return collect_values(iter(parts), value.size)
    return NamedTuple([str(key) for key, _ in items], parts)


def _as_tangent(value, cotangent):
    """A cotangent as rules of ChainRulesCore get it: `ZeroTangent()` for nothing, `Tangent` for the parts of
    tuples and structs."""
    from ..evaluation.packages import load_package

    names = load_package("ChainRulesCore").bindings
    if cotangent is None:
        return call(names["NoTangent"], ())
    if cotangent.__class__ not in (tuple, NamedTuple):
        return cotangent
    items = [_as_tangent(item, part) for (_, item), (_, part) in
             zip(children(value), children(cotangent), strict=True)]
    backing = tuple(items) if cotangent.__class__ is tuple else NamedTuple(cotangent.names, items)
    return call(names["tangent_of"], (typeof(value), backing))


def _replaced(value, old, new):
    """A tree with IR values replaced; arrays get new contents in arrays of their own."""
    known = dict(zip(old, new, strict=True))

    def rule(leaf, path):
        found = known.get(_payload(leaf)) if leaf.__class__ in (Traced, Array) else None
        if found is None:
            return leaf
        return Traced(found, known=leaf.known) if leaf.__class__ is Traced else Array(found)

    return map_leaves(value, rule)
