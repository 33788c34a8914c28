"""`gradient` and its family: the function is staged, then the operations it left are reversed in place.

Each float array among the arguments is marked by putting a fresh IR value in its contents while the function
runs; what the function writes (running statistics, random state) stays, marks are taken away again. Gradients
have the shape of the argument: named tuples for structs, `nothing` where there is none, as Flux ≥ 0.15
returns them.
"""

import numpy as np

from ..compiler.errors import WeberError
from ..compiler.ir import Value
from ..compiler.passes.reverse import pullback as reverse
from . import types as t
from .base.registry import define, module
from .calling import call
from .dispatch import Method, MethodTable
from .lanes import Lanes, is_lanes, vector_of_lanes
from .sharing import unlinked
from .staging import VIEWS, apply, as_value, payload_of, read, read_field, state, write
from .trees import children, is_number
from .values import Array, Dictionary, Function, NamedTuple, Range, Struct, Traced, typeof

DERIVATIVES = module("Derivatives")
"""What `library/Zygote.jl` is made of."""


class Marks:
    """The marked leaves of the arguments of one differentiation."""

    def __init__(self, trace):
        self.trace = trace
        self.arrays: dict[int, tuple[Array, Value, object]] = {}
        self.fields: list = []  # (struct, index, marked child, old child) of replaced fields
        self.values: list[Value] = []
        self.shadowed: list = []  # (array, shadow)
        self.visited: set[int] = set()
        self.children: dict[int, list] = {}  # id(struct) → its fields before the function ran
        self.structs: set[int] = set()  # a struct that occurs twice is marked, and has a gradient, once

    def mark(self, value, top=False):
        """Marks the arrays in a tree in place and returns the tree with marked numbers."""
        if value.__class__ is Array:
            return self.mark_array(value, top)
        if is_number(value):
            type_ = typeof(value)
            if t.is_subtype(type_, t.AbstractFloat) or (top and t.is_subtype(type_, t.Integer)
                                                        and type_ is not t.Bool):
                return self.mark_number(value, type_)
            return value
        if value.__class__ is Struct:
            self.mark_struct(value)
            return value
        if value.__class__ is tuple:
            return tuple([self.mark(item, top) for item in value])
        if value.__class__ is NamedTuple:
            return NamedTuple(value.names, [self.mark(item, top) for item in value.values])
        if value.__class__ is Dictionary and top:
            raise WeberError("gradients with respect to a dictionary are not supported: use a named tuple or "
                             "a struct", state.location, kind="UnsupportedError")
        items = children(value)
        for _, child in items or ():
            self.mark(child)
        return value

    def mark_struct(self, value):
        if id(value) in self.structs:
            return
        self.structs.add(id(value))
        self.visited.add(id(value))
        self.children[id(value)] = list(value.fields)
        for index, child in enumerate(list(value.fields)):
            if value.type.family.mutable:
                child = read_field(value, index)
            if is_number(child):
                if t.is_subtype(typeof(child), t.AbstractFloat):
                    marked = self.mark_number(child, typeof(child))
                    self.fields.append((value, index, marked, value.fields[index]))
                    value.fields[index] = marked
            else:
                marked = self.mark(child)
                if marked is not child:
                    self.fields.append((value, index, marked, value.fields[index]))
                    value.fields[index] = marked

    def mark_array(self, array, top):
        """Marks an array. The second occurrence of an array is a shadow with a mark of its own: tied arrays
        have a gradient for each path. So is a view."""
        if is_lanes(array):
            return self.mark_lanes(array)
        if array.element not in t.NUMPY_TYPES:
            for item in array.data.reshape(-1) if isinstance(array.data, np.ndarray) else ():
                self.mark(item)
            return array
        element = array.element
        if not t.is_subtype(element, t.AbstractFloat):
            if not top or not t.is_subtype(element, t.Integer) or element is t.Bool:
                return array
            element = t.Float64
        builder = self.trace.builder
        first = self.arrays.get(id(array))
        payload = read(array)
        value = payload if payload.__class__ is Value else builder.constant(np.array(payload))
        if element is not array.element:
            value = builder.convert(value, element=t.ELEMENT_TYPES[element])
        mark = builder.identity(first[1].operation.operands[0] if first is not None else value)
        self.values.append(mark)
        if first is not None or array in VIEWS or array.link is not None:
            shadow = Array(mark)
            self.arrays[id(shadow)] = (shadow, mark, None)
            self.shadowed.append((array, shadow))
            return shadow
        self.arrays[id(array)] = (array, mark, (array._data, array.type))
        array._data = mark
        if element is not array.element:
            array.type = t.array_type(element, array.rank)
        return array

    def mark_lanes(self, array):
        """Marks the numbers of all elements of a vector of staged elements."""
        lanes, columns = array._data, []
        for inner, outer in lanes.columns:
            if outer.element.is_float:
                outer = self.trace.builder.identity(outer)
                self.values.append(outer)
            columns.append((inner, outer))
        marked = Lanes(lanes.count, lanes.item, columns, lanes.lengths)
        self.arrays[id(array)] = (array, marked, (lanes, array.type))
        array._data = marked
        return array

    def mark_number(self, value, type_):
        if type_ not in t.NUMPY_TYPES or not t.is_subtype(type_, t.AbstractFloat):
            type_ = t.Float64
        known = value.known if value.__class__ is Traced else value
        mark = self.trace.builder.identity(as_value(payload_of(value, type_)))
        self.values.append(mark)
        return Traced(mark, known=None if known is None else known)

    def remove(self):
        """Puts back what the marks replaced, except where the function wrote."""
        journal = self.trace.scope.journal
        for array, shadow in self.shadowed:
            if shadow._data is not self.arrays[id(shadow)][1]:  # written to: the array itself is meant
                write(array, shadow._data)
        for array, mark, old in self.arrays.values():
            if old is None:
                continue
            data, type_ = old
            if array._data is mark:
                array._data, array.type = data, type_
            entry = journal.get((id(array), "data"))
            if entry is not None and entry[2] is mark:
                journal[(id(array), "data")] = (array, "data", data)
        for struct, index, marked, old in self.fields:
            if struct.fields[index] is marked:
                struct.fields[index] = old
            entry = journal.get((id(struct), index))
            if entry is not None and entry[2] is marked:
                journal[(id(struct), index)] = (struct, index, old)

    def restart(self):
        """Makes the gradients of all structs available (again)."""
        self.structs |= self.visited

    def gradient(self, value, marked, cotangents):
        """The gradient tree of one argument: `value` as it was given, `marked` as the function saw it."""
        if is_lanes(value):
            marks = self.arrays[id(marked)][1]
            found = {inner: cotangents.get(outer) for inner, outer in marks.columns if outer.element.is_float}
            return gradient_of_lanes(value._data, found)
        if value.__class__ is Array:
            if value.element not in t.NUMPY_TYPES:
                return self.gradient_items(value, cotangents)
            entry = self.arrays.get(id(marked))
            cotangent = cotangents.get(entry[1]) if entry is not None else None
            return None if cotangent is None else Array(cotangent)
        if marked.__class__ is Traced:
            cotangent = cotangents.get(marked.data)
            return None if cotangent is None else Traced(cotangent)
        if value.__class__ is Struct:
            if id(value) not in self.structs:
                return None
            self.structs.discard(id(value))
            by_field = {(id(s), i): m for s, i, m, _ in self.fields}
            items = [self.gradient(child, by_field.get((id(value), index), child), cotangents)
                     for index, child in enumerate(self.children[id(value)])]
            return _named(value.type.family.field_names, items)
        if value.__class__ is tuple:
            items = [self.gradient(a, b, cotangents) for a, b in zip(value, marked, strict=True)]
            return None if all(item is None for item in items) else tuple(items)
        if value.__class__ is NamedTuple:
            items = [
                self.gradient(a, b, cotangents) for a, b in zip(value.values, marked.values, strict=True)
            ]
            return _named(value.names, items)
        return None

    def gradient_items(self, array, cotangents):
        items = [self.gradient(item, item, cotangents) for item in array.data.reshape(-1)]
        if all(item is None for item in items):
            return None
        from .base.iteration import collect_values

        return collect_values(iter(items), array.size)


def gradient_of_lanes(lanes, cotangents):
    """The vector of the gradients of staged elements; `cotangents` are those of the columns, or None."""
    known = {inner: cotangent for inner, cotangent in cotangents.items() if cotangent is not None}
    item = _gradient_template(lanes.item, known)
    if item is None:
        return None
    columns = [(inner, known.get(inner, outer)) for inner, outer in lanes.columns]
    return vector_of_lanes(Lanes(lanes.count, item, columns, lanes.lengths))


def _gradient_template(item, known):
    """The template with `nothing` for what has no gradient."""
    if is_lanes(item):
        lanes = item._data
        return gradient_of_lanes(lanes, {inner: outer for inner, outer in lanes.columns if outer in known})
    data = item.data if item.__class__ is Traced else item._data if item.__class__ is Array else None
    if data is not None:
        return item if data.__class__ is Value and data in known else None
    items = children(item)
    if not items:
        return None
    parts = [_gradient_template(child, known) for _, child in items]
    if all(part is None for part in parts):
        return None
    return tuple(parts) if item.__class__ is tuple else NamedTuple([key for key, _ in items], parts)


def _named(names, items):
    return None if all(item is None for item in items) else NamedTuple(names, items)


def stage_pullback(function, arguments, auxiliary=False):
    """Runs `function(arguments...)` marked, in the current trace.

    Returns (result, what is differentiated, back) where `back(cotangent)` appends the reverse operations and
    gives the tuple of gradients; the cotangent is a tree like what is differentiated."""
    trace = state.trace
    marks = Marks(trace)
    marked = [marks.mark(a, top=True) for a in arguments]
    start = len(trace.builder.block.operations)
    state.differentiating += 1
    try:
        result = unlinked(call(function, marked))  # while the marks are what is read
    finally:
        state.differentiating -= 1
        marks.remove()
    end = len(trace.builder.block.operations)
    target = result
    if auxiliary and result.__class__ in (tuple, NamedTuple):
        target = result[0] if result.__class__ is tuple else result.values[0]

    def back(cotangent):
        pairs = [] if cotangent is None else list(cotangent_pairs(target, cotangent))
        found = reverse(trace.builder, trace.builder.block.operations[start:end], pairs, marks.values)
        marks.restart()
        cotangents = dict(zip(marks.values, found, strict=True))
        return tuple([marks.gradient(a, m, cotangents) for a, m in zip(arguments, marked, strict=True)])

    return result, target, back


def cotangent_pairs(value, cotangent):
    """The (IR value, cotangent) pairs of a result and a cotangent tree like it; `nothing` is zero.

    Raises DimensionMismatch for a cotangent of another size than the value."""
    if cotangent is None:
        return
    if value.__class__ in (Traced, Array):
        target = value.data if value.__class__ is Traced else read(value)
        if target.__class__ is not Value or not target.element.is_float:
            return
        given = as_value(payload_of(cotangent, t.FROM_ELEMENT[target.element]))
        if given.shape != target.shape:
            raise WeberError(f"DimensionMismatch: the cotangent has size {given.shape[::-1]}, the value "
                             f"{target.shape[::-1]}", kind="DimensionMismatch")
        yield target, given
        return
    items = children(value) or ()
    parts = [item for _, item in children(cotangent) or ()]
    if len(parts) != len(items):
        if items:
            raise WeberError("the cotangent must have the structure of the value", kind="ArgumentError")
        return
    for (_, child), part in zip(items, parts, strict=True):
        yield from cotangent_pairs(child, part)


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
    if not is_number(target):
        shown = t.type_name(typeof(target))
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
        from .broadcasting import materialise

        return materialise(value)
    return value


def _compiled(builtin, arguments):
    from .compiled import run_compiled

    return run_compiled(builtin, arguments)


@define("gradient", t.Any, t.Any, ..., module=DERIVATIVES)
def gradient(function, *arguments):
    """gradient(f, args...): the tuple of gradients of the number `f(args...)` with respect to each
    argument."""
    if state.trace is None:
        return _compiled(DERIVATIVES.bindings["gradient"], (function, *arguments))
    return stage_gradient(function, arguments)[1]


@define("withgradient", t.Any, t.Any, ..., module=DERIVATIVES)
def withgradient(function, *arguments):
    """withgradient(f, args...): `(val = f(args...), grad = gradients)`. When f returns a tuple or named tuple
    its first element is differentiated, the rest is auxiliary."""
    if state.trace is None:
        return _compiled(DERIVATIVES.bindings["withgradient"], (function, *arguments))
    result, gradients = stage_gradient(function, arguments, auxiliary=True)
    return NamedTuple(("val", "grad"), (result, gradients))


@define("pullback", t.Any, t.Any, ..., module=DERIVATIVES)
def pullback(function, *arguments):
    """pullback(f, args...): `(y, back)` with `y = f(args...)`; `back(dy)` is the tuple of gradients for the
    cotangent dy."""
    if state.trace is not None:
        result, _, back = stage_pullback(function, [_collected(a) for a in arguments])
        return result, builtin_function("back", lambda cotangent: back(cotangent))
    return call(function, arguments), builtin_function("back", lambda cotangent: _compiled(
        DERIVATIVES.bindings["pull_back"], (function, cotangent, *arguments)))


@define("pull_back", t.Any, t.Any, t.Any, ..., module=DERIVATIVES, exported=False)
def pull_back(function, cotangent, *arguments):
    """The gradients of `f(args...)` for a cotangent, in a trace."""
    return stage_pullback(function, [_collected(a) for a in arguments])[2](cotangent)


def builtin_function(name, python):
    """A function value of one argument."""
    table = MethodTable(name)
    table.add(
        Method(t.tuple_type(t.Any), (), lambda arguments, keywords, bindings: python(*arguments), ("x",))
    )
    return Function(name, table)


@define("within_gradient", module=module("Primitives"))
def within_gradient():
    """Whether a function is being differentiated (layers are then in training mode)."""
    return state.differentiating > 0


@define("ignore_derivatives ignore dropgrad", t.Any, module=DERIVATIVES)
def ignore_derivatives(value):
    """The value (or the result of a function without arguments) as a constant of differentiation."""
    if value.__class__ is Function:
        value = call(value, ())
    if value.__class__ is Traced:
        return Traced(apply("stop_gradient", value.data), known=value.known)
    if value.__class__ is Array and value.element in t.NUMPY_TYPES:
        return Array(apply("stop_gradient", read(value)))
    return value


@define("params", t.Any, ..., module=DERIVATIVES)
def params(*_):
    raise WeberError(
        "implicit parameters (`params`) are not supported: write `gradient(m -> loss(m, x, y), model)`",
        kind="UnsupportedError",
    )
