"""`gradient` and its family: the function is staged, then the operations it left are reversed in place.

What the function writes (running statistics, random state) stays. See `marks` for the form of gradients.
A function that cannot be staged is differentiated while it runs, see `immediate`.
"""

import weakref
from functools import partial

from ...compiler.errors import UnsupportedError, WeberError
from ...compiler.ir import Value
from ...compiler.passes.forward import pushforward as forward
from ...compiler.passes.reverse import pullback as reverse
from .. import types as t
from ..base.complex_numbers import is_complex, parts
from ..base.registry import builtin_function, define, module
from ..calling import call
from ..control_flow.regions import Region
from ..control_flow.sharing import unlinked
from ..poison import PrintingNeeded
from ..staged_numbers import Traced
from ..staging import apply, as_value, payload_of, read
from ..state import LaneEffect, state
from ..trees import children, is_number, map_leaves
from ..type_lattice import is_subtype
from ..type_names import type_name
from ..values import Array, Function, NamedTuple, Range, Struct, typeof
from .marks import Marks

DERIVATIVES = module("Derivatives")
"""What `library/Zygote.jl` is made of."""


def stage_pullback(function, arguments, auxiliary=False):
    """Runs `function(arguments...)` marked, in the current trace.

    Returns (result, what is differentiated, back) where `back(cotangent)` appends the reverse operations and
    gives the tuple of gradients; the cotangent is a tree like what is differentiated. Integers are the floats
    that they equal; where the function cannot do with floats (it has them as indices) they have no gradient.
    """
    return _with_integers(arguments, partial(_staged_pullback, function, arguments, auxiliary))


def _with_integers(arguments, run):
    """What `run(integers)` gives, the integers among the arguments being differentiated by as floats; or not
    at all, if that raises an error."""
    if state.lanes:  # each element of a broadcast has a derivative of its own
        raise LaneEffect
    if state.trace.immediate or not any(map(holds_integers, arguments)):
        return run(True)
    region = Region(state.trace)
    try:
        with region:
            found = run(True)
    except WeberError as error:
        if error.__class__ in (UnsupportedError, PrintingNeeded):  # effects: integers are not their cause
            raise
        return run(False)
    region.merge()
    return found


def _staged_pullback(function, arguments, auxiliary, integers):
    trace = state.trace
    marks, marked, result, operations = _run_marked(function, arguments, integers)
    target = result
    if auxiliary and result.__class__ in (tuple, NamedTuple):
        target = result[0] if result.__class__ is tuple else result.values[0]

    def back(cotangent):
        pairs = [] if cotangent is None else list(cotangent_pairs(target, cotangent))
        found = reverse(trace.builder, operations, pairs, marks.values)
        marks.restart()
        cotangents = dict(zip(marks.values, found, strict=True))
        return tuple([marks.gradient(a, m, cotangents) for a, m in zip(arguments, marked, strict=True)])

    return map_leaves(result, marks.unmarked), target, back


def is_of_arrays(function):
    """Whether a function stands for one without arguments, see `OfArrays` in `library/Zygote.jl`."""
    return function.__class__ is Struct and function.type.family.name == "OfArrays" \
        and function.type.family.module.name == "Zygote"


def holds_integers(argument):
    """Whether an argument is an integer or an array of integers."""
    kind = argument.element if argument.__class__ is Array else typeof(argument)
    return is_subtype(kind, t.Integer) and kind is not t.Bool


def _run_marked(function, arguments, integers):
    """(the marks of arguments, the arguments with them, the result of a function, the operations that it
    left)."""
    marks = Marks(state.trace, is_of_arrays(function))
    marked = [a if not integers and holds_integers(a) else marks.mark(a, top=True) for a in arguments]
    block = state.trace.builder.block
    start = len(block.operations)
    state.differentiating += 1
    try:
        result = unlinked(call(function, marked))  # while the marks are what is read
    finally:
        state.differentiating -= 1
        marks.remove()
    return marks, marked, result, block.operations[start:]


def cotangent_pairs(value, cotangent):
    """The (IR value, cotangent) pairs of a result and a cotangent tree like it; `nothing` is zero.

    Raises DimensionMismatch for a cotangent of another size than the value."""
    cotangent = _plain(cotangent)
    if cotangent is None:
        return
    if value.__class__ is Traced or (value.__class__ is Array and value.element in t.NUMPY_TYPES):
        target = value.data if value.__class__ is Traced else read(value)
        if target.__class__ is not Value or not target.element.is_float:
            return
        given = as_value(payload_of(_real(cotangent), t.FROM_ELEMENT[target.element]))
        if given.shape != target.shape:
            raise WeberError(f"DimensionMismatch: the cotangent has size {given.shape[::-1]}, the value "
                             f"{target.shape[::-1]}", kind="DimensionMismatch")
        yield target, given
        return
    if value.__class__ is Struct and value.type.family.mutable:
        items = list(zip(value.type.family.field_names, value.fields, strict=True))
    else:
        items = children(value) or ()
    given = list(parts(cotangent)) if is_complex(value) else [item for _, item in children(cotangent) or ()]
    if len(given) != len(items):
        if items:
            raise WeberError("the cotangent must have the structure of the value", kind="ArgumentError")
        return
    for (_, child), part in zip(items, given, strict=True):
        yield from cotangent_pairs(child, part)


def _plain(cotangent):
    """A cotangent without the types of ChainRulesCore: `nothing` for a zero, the parts of a `Tangent`, what a
    thunk stands for."""
    if cotangent.__class__ is not Struct or cotangent.type.family.module is None \
            or cotangent.type.family.module.name != "ChainRulesCore":
        return cotangent
    return call(cotangent.type.family.module.bindings["plain"], (cotangent,))


def _real(cotangent):
    """The cotangent of real numbers: elements that are `nothing` are zero, an imaginary part is dropped."""
    if is_complex(cotangent):
        return parts(cotangent)[0]
    if cotangent.__class__ is Array and cotangent.element not in t.NUMPY_TYPES:
        from ..base.iteration import collect_values, iterate

        items = [0.0 if item is None else _real(item) for item in map(_plain, iterate(cotangent))]
        return collect_values(iter(items), cotangent.size)
    return cotangent


def stage_gradient(function, arguments, auxiliary=False):
    """(result, gradients) in the current trace. Raises when the result is not a real number."""
    arguments = [_collected(a) for a in arguments]
    result, target, back = stage_pullback(function, arguments, auxiliary)
    if target is None:
        raise WeberError(
            "the differentiated function returned nothing: gradients need a number (is a `return` or a last "
            "expression missing?)",
            state.location,
            kind="ErrorException",
        )
    if is_complex(target):
        raise WeberError("Output is complex, so the gradient is not defined.", state.location,
                         kind="ErrorException")
    if not is_number(target):
        shown = type_name(typeof(target))
        raise WeberError(f"Output should be scalar; gradients are not defined for output of type {shown}",
                         state.location, kind="ErrorException")
    if target.__class__ is not Traced or target.data.__class__ is not Value:
        return result, back(None)
    if not target.data.element.is_float:
        return result, back(None)
    return result, back(1.0)


def _collected(value):
    """Ranges are differentiated as vectors."""
    if value.__class__ is Range:
        from ..evaluation.broadcasting import materialise

        return materialise(value)
    return value


def compiled_or_immediate(builtin, arguments):
    """A derivative outside of a trace: compiled, or computed while the function runs where it prints or needs
    numbers of the graph on the host."""
    from ..compiling.compiled import run_compiled
    from .immediate import run_immediately

    code = _code_of(arguments[0])
    if code is not None and code in _not_staged:
        return run_immediately(builtin, arguments)
    try:
        return run_compiled(builtin, arguments)
    except WeberError as error:
        if error.kind != "UnsupportedError":
            raise
        result = run_immediately(builtin, arguments)
        if code is not None:
            _not_staged.add(code)
        return result


_not_staged = weakref.WeakSet()
"""The codes of the program's functions that could not be staged: they are not tried again."""


def _code_of(function):
    methods = function.methods.methods if function.__class__ is Function else ()
    code = methods[0].definition if methods else None
    return code if code is not None and code.user else None


def derivative(names, *signature, exported=True):
    """Decorator: defines a function of derivatives that is staged in a trace, and compiled outside of one."""

    def decorate(python):
        name = names.split()[0]

        def run(*arguments):
            if state.trace is None:
                return compiled_or_immediate(DERIVATIVES.bindings[name], arguments)
            return python(*arguments)

        define(names, *signature, module=DERIVATIVES, exported=exported, doc=python.__doc__)(run)
        return python

    return decorate


@derivative("gradient", t.Any, t.Any, ...)
def gradient(function, *arguments):
    """gradient(f, args...): the tuple of gradients of the number `f(args...)` with respect to each
    argument."""
    return stage_gradient(function, arguments)[1]


@derivative("withgradient", t.Any, t.Any, ...)
def withgradient(function, *arguments):
    """withgradient(f, args...): `(val = f(args...), grad = gradients)`. When f returns a tuple or named tuple
    its first element is differentiated, the rest is auxiliary."""
    result, gradients = stage_gradient(function, arguments, auxiliary=True)
    return NamedTuple(("val", "grad"), (result, gradients))


@define("pullback", t.Any, t.Any, ..., module=DERIVATIVES)
def pullback(function, *arguments):
    """pullback(f, args...): `(y, back)` with `y = f(args...)`; `back(dy)` is the tuple of gradients for the
    cotangent dy."""
    if state.trace is not None:
        result, _, back = stage_pullback(function, [_collected(a) for a in arguments])
        return result, builtin_function("back", back)
    return call(function, arguments), builtin_function("back", lambda cotangent: call(
        DERIVATIVES.bindings["pull_back"], (function, cotangent, *arguments)))


@derivative("pull_back", t.Any, t.Any, t.Any, ..., exported=False)
def pull_back(function, cotangent, *arguments):
    """The gradients of `f(args...)` for a cotangent."""
    return stage_pullback(function, [_collected(a) for a in arguments])[2](cotangent)


@derivative("push_forward", t.Any, t.Tuple, t.Tuple, exported=False)
def push_forward(function, arguments, tangents):
    """push_forward(f, args, tangents): `(y, ẏ)` with `y = f(args...)` and the tangent of y along those of the
    arguments, `nothing` where it is zero."""
    arguments = [_collected(a) for a in arguments]
    return _with_integers(arguments, partial(_pushed_forward, function, arguments, tangents))


def _pushed_forward(function, arguments, tangents, integers):
    marks, marked, result, operations = _run_marked(function, arguments, integers)
    given = dict(cotangent_pairs(tuple(marks.seen(a, m) for a, m in zip(arguments, marked, strict=True)),
                                 tuple(tangents)))
    found = forward(state.trace.builder, operations, given)
    from .rules import cotangent_tree

    return map_leaves(result, marks.unmarked), cotangent_tree(result, found)


@define("within_gradient", module=module("Primitives"))
def within_gradient():
    """Whether a function is being differentiated (layers are then in training mode)."""
    return state.differentiating > 0


@define("with_checkpoints", t.Any, module=DERIVATIVES)
def with_checkpoints(function):
    """`function()`, where the loops that it puts into the graph are differentiated in segments."""
    before, state.checkpointed = state.checkpointed, True
    try:
        return call(function, ())
    finally:
        state.checkpointed = before


@define("nesting_level", module=module("Primitives"))
def nesting_level():
    """How many derivatives the current call is part of."""
    return state.differentiating


@define("ignore_derivatives ignore dropgrad", t.Any, module=DERIVATIVES)
def ignore_derivatives(value):
    """The value (or the result of a function without arguments) as a constant of differentiation."""
    if value.__class__ is Function:
        value = call(value, ())
    return map_leaves(value, _stopped)


def _stopped(leaf, path):
    if leaf.__class__ is Traced:
        return Traced(apply("stop_gradient", leaf.data), known=leaf.known)
    return Array(apply("stop_gradient", read(leaf))) if leaf.__class__ is Array else leaf


@define("params", t.Any, ..., module=DERIVATIVES)
def params(*_):
    raise WeberError(
        "implicit parameters (`params`) are not supported: write `gradient(m -> loss(m, x, y), model)`",
        kind="UnsupportedError",
    )
