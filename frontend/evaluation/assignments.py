"""Assignments: to names, fields, elements; destructuring; updates (`+=`) and broadcast assignment (`.=`)."""

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from .. import types as t
from ..base.registry import function
from ..calling import call
from ..control_flow.conditionals import lifted
from ..parsing import syntax
from ..poison import PoisonError
from ..staged_numbers import DimNumber, Traced
from ..state import state
from ..trees import is_number
from ..type_lattice import UnionAll, is_subtype
from ..type_names import type_name
from ..values import Array, Dictionary, NamedTuple, typeof
from .broadcasting import assign_broadcast, broadcast
from .element_access import index_arguments
from .evaluator import check_names, compiles, located
from .properties import convert_to, get_property, set_property


def assign_target(compiler, target):
    """A closure `assign(frame, value)` for the left side of an assignment, loop or parameter."""
    if isinstance(target, syntax.Identifier):
        return assign_name(compiler, target)
    if isinstance(target, syntax.TypeAssertion) and target.expression is not None:
        inner, type_ = assign_target(compiler, target.expression), compiler.expression(target.type)
        return lambda frame, value: inner(frame, convert_to(type_(frame), value))
    if isinstance(target, syntax.Tuple):
        return assign_tuple(compiler, target)
    if isinstance(target, syntax.NamedTuple):
        check_names(target.elements, syntax.Keyword)
        names = [element.name for element in target.elements]
        stores = [compiler.store(name, target.location) for name in names]

        def assign_fields(frame, value):
            for name, store in zip(names, stores, strict=True):
                store(frame, get_property(value, name))

        return assign_fields
    if isinstance(target, syntax.Field):
        run, name = compiler.expression(target.object), target.name
        location, user = target.location, compiler.user

        def assign_field(frame, value):
            try:
                owner = run(frame)
                try:
                    set_property(owner, name, value)
                except PoisonError as error:
                    lifted(error, lambda one: set_property(one, name, value), owner)
            except WeberError as error:
                raise located(error, location, user)  # noqa: B904

        return assign_field
    if isinstance(target, syntax.Index):
        place = element_place(compiler, target)
        setindex, location, user = function("setindex!"), target.location, compiler.user

        def assign_element(frame, value):
            collection, indices = place(frame)
            if user:
                state.location = location
            try:
                call(setindex, (collection, value, *indices))
            except WeberError as error:
                raise located(error, location, user)  # noqa: B904

        return assign_element
    if isinstance(target, syntax.Parameter):
        return (
            assign_target(compiler, target.target) if target.target is not None else lambda frame, value: None
        )
    from .macros import source_text

    raise WeberError(f'syntax error: invalid assignment location "{source_text(target)}"', target.location,
                     kind="ParseError")


def assign_name(compiler, target):
    variable = compiler.scope.find(target.name)
    store = compiler.store(target.name, target.location)
    if variable is not None and variable.type is not None:
        type_ = variable.type
        return lambda frame, value: store(frame, convert_to(type_(frame), value))
    name = target.name

    def assign(frame, value):
        if state.trace is not None:
            name_staged(value, name)
        store(frame, value)

    return assign


def name_staged(value, name):
    """Gives a staged value the name of the first variable it is assigned to: a name in the graph."""
    data = value._data if value.__class__ is Array else value.data if value.__class__ is Traced else None
    if data.__class__ is Value and data.operation is not None and not data.name:
        data.name = name


def assign_tuple(compiler, target):
    from ..base.iteration import iterate

    elements = target.elements
    splat = next((i for i, e in enumerate(elements) if isinstance(e, syntax.Splat)), None)
    assigns = [assign_target(compiler, e.expression if isinstance(e, syntax.Splat) else e) for e in elements]
    location = target.location

    def too_few(wanted, got):
        return WeberError(
            f"BoundsError: attempt to destructure {got} value{'s' * (got != 1)} into {wanted}",
            location,
            kind="BoundsError",
        )

    def assign(frame, value):
        if splat is None:
            values = iterate(value)
            count = 0
            for one, item in zip(assigns, values, strict=False):
                one(frame, item)
                count += 1
            if count < len(assigns):
                raise too_few(len(assigns), count)
            return
        values = list(iterate(value))
        after = len(assigns) - splat - 1
        if len(values) < splat + after:
            raise too_few(splat + after, len(values))
        rest = values[splat:len(values) - after]
        from ..base.iteration import collect_values

        middle = tuple(rest) if value.__class__ is tuple else collect_values(iter(rest), (len(rest),))
        for one, item in zip(assigns, [*values[:splat], middle, *values[len(values) - after:]], strict=True):
            one(frame, item)

    return assign


def element_place(compiler, target):
    """A closure that gives (collection, indices) of an indexed target."""
    collection = compiler.expression(target.collection)
    slot = compiler.scope.temporary()
    indices = index_arguments(compiler, target, slot)

    def place(frame):
        frame[slot] = value = collection(frame)
        where = indices(frame)
        frame[slot] = None
        return value, where

    return place


@compiles(syntax.Assignment)
def assignment(compiler, node):
    if node.dotted:
        return broadcast_assignment(compiler, node)
    if node.operator:
        return update(compiler, node)
    if isinstance(node.target, syntax.Curly):
        return type_alias(compiler, node)
    value = compiler.expression(node.value)
    if isinstance(node.target, syntax.TypeAssertion) and isinstance(
        node.target.expression, syntax.Identifier
    ):
        variable = compiler.scope.find(node.target.expression.name)
        if variable is not None:
            variable.type = compiler.expression(node.target.type)
    assign = assign_target(compiler, node.target)
    location, user = node.location, compiler.user

    def run(frame):
        result = value(frame)
        try:
            assign(frame, result)
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904
        return result

    return run


def type_alias(compiler, node):
    """`Alias{T} = Type{…}`."""
    from .type_expressions import as_bounds, type_variables

    if not isinstance(node.target.type, syntax.Identifier):
        raise WeberError("syntax error: expected the name of a type before `{`", node.location,
                         kind="ParseError")
    bounds = as_bounds(node.target.parameters)
    inner = compiler.inner_scope(names=[b.name for b in bounds])
    bind, body = type_variables(inner, bounds), inner.expression(node.value)
    store = compiler.store(node.target.type.name, node.location)

    def run(frame):
        variables = bind(frame)
        result = body(frame)
        for variable in reversed(variables):
            result = UnionAll(variable, result)
        store(frame, result)
        return result

    return run


def update(compiler, node):
    """`target op= value`: the collection and indices are evaluated once."""
    value = compiler.expression(node.value)
    location, user, target = node.location, compiler.user, node.target
    operator = syntax.Identifier(node.operator, location=location)
    if isinstance(target, syntax.Index):
        place = element_place(compiler, target)
        callee = compiler.expression(operator)
        getindex, setindex = function("getindex"), function("setindex!")

        def run(frame):
            collection, indices = place(frame)
            try:
                old = call(getindex, (collection, *indices))
                right = value(frame)
                if user:
                    state.location = location
                new = call(callee(frame), (old, right))
                call(setindex, (collection, new, *indices))
            except WeberError as error:
                raise located(error, location, user)  # noqa: B904
            return new

        return run
    if isinstance(target, syntax.Field):
        slot = compiler.scope.temporary()
        owner = compiler.expression(target.object)
        get = compiler.expression(
            syntax.Field(_Slot(slot, location=location), target.name, location=location)
        )
        set_ = assign_target(
            compiler, syntax.Field(_Slot(slot, location=location), target.name, location=location)
        )
        callee = compiler.expression(operator)

        def run_field(frame):
            frame[slot] = owner(frame)
            try:
                new = call(callee(frame), (get(frame), value(frame)))
                set_(frame, new)
            except WeberError as error:
                raise located(error, location, user)  # noqa: B904
            frame[slot] = None
            return new

        return run_field
    whole = syntax.Call(operator, [target, node.value], infix=True, location=location)
    return assignment(compiler, syntax.Assignment(target, whole, location=location))


class _Slot(syntax.Node):
    """An already evaluated expression, kept in a slot of the frame."""

    __slots__ = ("slot",)

    def __init__(self, slot, location=None):
        super().__init__(location=location)
        self.slot = slot


@compiles(_Slot)
def slot_value(compiler, node):
    slot = node.slot
    return lambda frame: frame[slot]


def _holds_arrays(collection, indices):
    """Whether `collection[indices] .= x` writes into the array that is there, not into the collection."""
    if collection.__class__ is not Array:
        return collection.__class__ in (tuple, NamedTuple, Dictionary)
    if len(indices) == 1 and collection.element is t.Any:
        return True
    return is_subtype(collection.element, t.AbstractArray) and all(
        [is_number(index) or index.__class__ is DimNumber for index in indices])


def broadcast_assignment(compiler, node):
    """`x .= value`, `x[i] .= value`, `x .+= value`: writes into the array on the left."""
    value = compiler.expression(node.value)
    location, user, target = node.location, compiler.user, node.target
    if isinstance(target, syntax.Index):
        place = element_place(compiler, target)
    else:
        whole = compiler.expression(target)
        place = None
    callee = None
    if node.operator:
        callee = compiler.expression(syntax.Identifier(node.operator, location=location))
    getindex = function("getindex")

    def run(frame):
        if place is not None:
            collection, indices = place(frame)
        else:
            collection, indices = whole(frame), None
        right = value(frame)
        if user:
            state.location = location
        try:
            if indices is not None and _holds_arrays(collection, indices):
                collection, indices = call(getindex, (collection, *indices)), None
            if callee is not None:
                old = collection if indices is None else call(getindex, (collection, *indices))
                right = broadcast(callee(frame), [old, right])
            if indices is not None:
                call(function("broadcast_setindex!"), (collection, right, *indices))
            elif collection.__class__ is Array:
                assign_broadcast(collection, right)
            else:
                raise WeberError(f"cannot broadcast into a value of type {type_name(typeof(collection))}",
                                 kind="MethodError")
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904
        return right if collection is None else collection

    return run
