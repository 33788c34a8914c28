"""Types that a program declares: structs with their constructors, abstract types."""

from ...compiler.errors import UnsupportedError, WeberError
from .. import types as t
from ..dispatch import Method, MethodTable
from ..parsing import syntax
from ..poison import UNDEFINED
from ..type_lattice import DataType, TypeFamily, TypeOfTypeFamily, is_type, match, unwrap
from ..type_names import type_name
from ..values import Struct, typeof
from .evaluator import check_names, compiles, located
from .expressions import argument_list
from .functions import FunctionCode, add_constructors, make_methods, signature_types
from .properties import convert_to
from .type_expressions import apply_type, as_bounds, type_variables


@compiles(syntax.Struct)
def struct_definition(compiler, node):
    check_names([node.name] if isinstance(node.name, syntax.Node) else [])
    bounds = as_bounds(node.parameters)
    inner = compiler.inner_scope(names=[b.name for b in bounds])
    bind = type_variables(inner, bounds)
    supertype = inner.expression(node.supertype) if node.supertype is not None else None
    field_types = [inner.expression(f.type) if f.type is not None else None for f in node.fields]
    store = compiler.store(node.name, node.location)
    holder = {}
    constructors = [constructor(inner, item, holder, node) for item in node.constructors]
    module, location = compiler.module, node.location
    for index, declared in enumerate(node.fields):
        if any(other.name == declared.name for other in node.fields[:index]):
            raise WeberError(
                f'syntax error: duplicate field name: "{declared.name}" is not unique',
                declared.location,
                kind="ParseError",
            )

    def run(frame):
        variables = bind(frame)
        family = TypeFamily(node.name, variables, mutable=node.mutable, module=module,
                            field_names=[f.name for f in node.fields])
        family.constant_fields = frozenset(f.name for f in node.fields if f.constant)
        wrapper = family.wrapper
        previous = module.bindings.get(node.name)
        holder["family"] = family
        module.constants.discard(node.name)
        store(frame, wrapper)  # before the field types: a struct may mention itself
        if supertype is not None:
            family.supertype = supertype(frame)
            if not isinstance(family.supertype, DataType) or not family.supertype.family.abstract:
                raise WeberError(
                    f"invalid subtyping in definition of {node.name}: can only subtype abstract types",
                    location,
                )
        family.field_types = tuple(t.Any if f is None else f(frame) for f in field_types)
        if same_declaration(previous, family) and not constructors:
            store(frame, previous)
            return None
        family.constructors = MethodTable(node.name, has_receiver=True)
        if constructors:
            for make in constructors:
                make(frame)
        else:
            default_constructors(family, location)
        return None

    return run


def same_declaration(previous, family):
    """Whether a struct is declared again as it was: then the type stays the same."""
    old = getattr(unwrap(previous), "family", None) if is_type(previous) else None
    return (old is not None and not old.parameters and not family.parameters and old.name == family.name
            and old.field_names == family.field_names and old.field_types == family.field_types
            and old.mutable == family.mutable and old.supertype is family.supertype)


def default_constructors(family, location=None):
    """`Name(fields...)`, converting to the fields' types and inferring the parameters;
    `Name{T}(fields...)`."""
    count = len(family.field_names)
    wrapper = family.wrapper

    def infer(arguments, keywords, bindings):
        _no_keywords(family, keywords)
        return new_instance(wrapper, arguments[1:], infer_parameters=True)

    def explicit(arguments, keywords, bindings):
        _no_keywords(family, keywords)
        return new_instance(arguments[0], arguments[1:])

    names = ("_", *family.field_names)
    any_types = [t.Any] * count
    if family.parameters:
        family.constructors.add(
            Method(
                t.tuple_type(TypeOfTypeFamily.apply(wrapper), *family.field_types),
                family.parameters,
                infer,
                names,
                location=location,
            )
        )
        family.constructors.add(
            Method(
                t.tuple_type(TypeOfTypeFamily.apply(family.apply(*family.parameters)), *any_types),
                family.parameters,
                explicit,
                names,
                location=location,
            )
        )
    else:
        family.constructors.add(
            Method(
                t.tuple_type(TypeOfTypeFamily.apply(wrapper), *any_types),
                (),
                explicit,
                names,
                location=location,
            )
        )


def _no_keywords(family, keywords):
    if keywords:
        wrong = ", ".join(f'"{k}"' for k in keywords)
        raise WeberError(
            f"MethodError: got unsupported keyword argument {wrong} in `{family.name}`; it takes none",
            kind="MethodError",
        )


def new_instance(type_, values, infer_parameters=False):
    """`new(values...)`: fields converted to their types; fewer values leave fields undefined."""
    if infer_parameters:
        family = unwrap(type_).family
        bindings = dict.fromkeys(family.parameters)
        for value, declared in zip(values, family.field_types, strict=False):
            match(typeof(value), declared, bindings)
        type_ = family.apply(*(t.Any if bindings[p] is None else bindings[p] for p in family.parameters))
    if not isinstance(type_, DataType):
        raise WeberError(
            f"type {type_name(type_)} needs its parameters to make an instance", kind="TypeError"
        )
    if type_.family.abstract:
        raise WeberError(
            f"MethodError: no constructors have been defined for {type_.name}", kind="MethodError"
        )
    declared = type_.field_types
    if len(values) > len(declared):
        raise WeberError(
            f"{type_.name} has {len(declared)} fields, got {len(values)} values", kind="ArgumentError"
        )
    fields = [value if wanted is t.Any else convert_to(wanted, value)
              for value, wanted in zip(values, declared, strict=False)]
    fields += [UNDEFINED] * (len(declared) - len(fields))
    return Struct(type_, fields)


def constructor(compiler, node, holder, struct):
    """An inner constructor: a function definition in which `new` makes an instance."""
    documented = node.definition if isinstance(node, syntax.Documented) else node
    if not isinstance(documented, syntax.FunctionDefinition):
        raise UnsupportedError("only fields and constructors may stand in a struct", documented.location)
    inner = compiler.nested(compiler.scope)
    inner.constructing = new_expression(holder)
    name = documented.name
    base = name.type if isinstance(name, syntax.Curly) else name
    if not (isinstance(base, syntax.Identifier) and base.name == struct.name):
        return inner.expression(documented)
    location = documented.location
    receiver = syntax.Parameter(None, syntax.Curly(syntax.Identifier("Type", location=location), [name],
                                                   location=location), location=location)
    code = FunctionCode(
        inner, struct.name, documented.signature, documented.body, location, receiver=receiver
    )
    outer_where = documented.signature.where
    types = signature_types(inner, code.parameters, outer_where)

    def make(frame):
        add_constructors(make_methods(code, frame, types, code.capture(frame)))

    return make


def new_expression(holder):
    """How `new(…)` and `new{T}(…)` compile inside a struct."""

    def compile_new(compiler, node):
        arguments = argument_list(compiler, node.arguments)
        location, user = node.location, compiler.user
        parameters = [] if isinstance(node.function, syntax.Identifier) else compiler.expressions(
            node.function.parameters)

        def run(frame):
            wrapper = holder["family"].wrapper
            try:
                if parameters:
                    return new_instance(apply_type(wrapper, [p(frame) for p in parameters]), arguments(frame))
                return new_instance(wrapper, arguments(frame), infer_parameters=True)
            except WeberError as error:
                raise located(error, location, user)  # noqa: B904

        return run

    return compile_new


@compiles(syntax.AbstractType)
def abstract_type(compiler, node):
    check_names([node.name] if isinstance(node.name, syntax.Node) else [])
    bounds = as_bounds(node.parameters)
    inner = compiler.inner_scope(names=[b.name for b in bounds])
    bind = type_variables(inner, bounds)
    supertype = inner.expression(node.supertype) if node.supertype is not None else None
    store = compiler.store(node.name, node.location)

    def run(frame):
        existing = compiler.module.bindings.get(node.name)
        if is_type(existing) and getattr(unwrap(existing), "family", None) and not bounds:
            return None
        variables = bind(frame)
        family = TypeFamily(
            node.name,
            variables,
            supertype(frame) if supertype is not None else None,
            abstract=True,
            module=compiler.module,
        )
        store(frame, family.wrapper)
        return None

    return run


@compiles(syntax.PrimitiveType)
def primitive_type(compiler, node):
    raise UnsupportedError("primitive types are not supported", node.location)
