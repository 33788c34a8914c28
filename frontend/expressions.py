"""Expressions: literals, names, calls, operators, indexing, collections, comprehensions."""

from ..compiler.errors import UnsupportedError, WeberError
from . import syntax
from . import types as t
from .base.registry import function
from .broadcasting import broadcast
from .calling import call
from .evaluator import compiles, divide, located, truth, wrap_int
from .properties import get_property
from .scopes import target_names
from .staging import VIEWS, state
from .values import Array, GeneratorValue, NamedTuple, Symbol, colon, to_host, typeof


@compiles(syntax.Literal)
def literal(compiler, node):
    value = node.value
    return lambda frame: value


@compiles(syntax.Identifier)
def identifier(compiler, node):
    name = node.name
    if name == ":":
        return lambda frame: colon
    if name.startswith(".") and len(name) > 1:
        return dotted_operator(compiler, node)
    return compiler.load(name, node.location)


def dotted_operator(compiler, node):
    """`.+` as a value: the broadcasting function."""
    from .base.functional import broadcasting_function

    run = compiler.load(node.name[1:], node.location)
    return lambda frame: broadcasting_function(run(frame))


@compiles(syntax.String)
def string(compiler, node):
    if node.prefix:
        return special_string(compiler, node)
    if all(isinstance(part, str) for part in node.parts):
        text = "".join(node.parts)
        return lambda frame: text
    from .display import print_value

    parts = [part if isinstance(part, str) else compiler.expression(part) for part in node.parts]
    return lambda frame: "".join([p if p.__class__ is str else print_value(p(frame)) for p in parts])


def special_string(compiler, node):
    """`raw"…"`, `r"…"` and others: a call of the string macro."""
    if node.prefix == "raw":
        text = "".join(node.parts)
        return lambda frame: text
    if node.prefix == "`":
        raise UnsupportedError(
            "commands in backticks are not supported: programs cannot run a shell", node.location
        )
    from .macros import STRING_MACROS

    handler = STRING_MACROS.get(node.prefix)
    if handler is None:
        raise UnsupportedError(f"string macro `{node.prefix}\"…\"` is not supported", node.location)
    value = handler("".join(node.parts), node.suffix)
    return lambda frame: value


@compiles(syntax.Quote)
def quote(compiler, node):
    if isinstance(node.expression, syntax.Identifier):
        symbol = Symbol(node.expression.name)
        return lambda frame: symbol
    if isinstance(node.expression, syntax.Literal):
        return literal(compiler, node.expression)
    raise UnsupportedError(
        "quoted expressions are not supported: only symbols such as `:name`", node.location
    )


# --- calls --------------------------------------------------------------------------------------------------


def argument_list(compiler, nodes):
    """A closure that gives the list of argument values, splats expanded."""
    if not any(isinstance(node, syntax.Splat) for node in nodes):
        runs = compiler.expressions(nodes)
        if len(runs) == 1:
            (only,) = runs
            return lambda frame: [only(frame)]
        if len(runs) == 2:
            first, second = runs
            return lambda frame: [first(frame), second(frame)]
        return lambda frame: [run(frame) for run in runs]
    from .base.iteration import iterate

    parts = [
        (
            isinstance(node, syntax.Splat),
            compiler.expression(node.expression if isinstance(node, syntax.Splat) else node),
        )
        for node in nodes
    ]

    def arguments(frame):
        values = []
        for splat, run in parts:
            if splat:
                values.extend(iterate(run(frame)))
            else:
                values.append(run(frame))
        return values

    return arguments


def keyword_arguments(compiler, nodes):
    """A closure that gives the dict of keyword arguments; None when there are none."""
    if not nodes:
        return None
    parts = []
    for node in nodes:
        if isinstance(node, syntax.Splat):
            parts.append((None, compiler.expression(node.expression)))
        elif isinstance(node, syntax.Keyword):
            value = (
                node.value if node.value is not None else syntax.Identifier(node.name, location=node.location)
            )
            parts.append((node.name, compiler.expression(value)))
        else:  # `; :name => value`
            parts.append((None, compiler.expression(syntax.Tuple([node], location=node.location))))

    def keywords(frame):
        given = {}
        for name, run in parts:
            if name is not None:
                given[name] = run(frame)
            else:
                given.update(named_items(run(frame)))
        return given

    return keywords


def named_items(value):
    """The (name, value) pairs of what is splatted into keywords: a named tuple, a dict, pairs."""
    if value.__class__ is NamedTuple:
        return list(zip(value.names, value.values, strict=True))
    from .base.iteration import iterate

    pairs = []
    for item in iterate(value):
        key, content = item.fields if hasattr(item, "fields") else item
        pairs.append((key.name if key.__class__ is Symbol else str(key), content))
    return pairs


@compiles(syntax.Call)
def call_expression(compiler, node):
    location, user = node.location, compiler.user
    if node.dotted:
        return dotted_call(compiler, node)
    name = node.function.name if isinstance(node.function, syntax.Identifier) else None
    if name == "new" and compiler.constructing is not None:
        return compiler.constructing(compiler, node)
    if isinstance(node.function, syntax.Curly) and compiler.constructing is not None \
            and isinstance(node.function.type, syntax.Identifier) and node.function.type.name == "new":
        return compiler.constructing(compiler, node)
    if name == "include" and compiler.scope.find(name) is None:
        return include_file(compiler, node)
    if (name in FAST and len(node.arguments) == 2 and not node.keywords and compiler.scope.find(name) is None
            and not any(isinstance(a, syntax.Splat) for a in node.arguments)):
        return fast_operator(compiler, node, name)
    if name == "^" and len(node.arguments) == 2 and isinstance(node.arguments[1], syntax.Literal) \
            and type(node.arguments[1].value) is int and compiler.scope.find(name) is None:
        return literal_power(compiler, node)
    if name == ":":
        callee = compiler.load_global(name, location)
    else:
        callee = compiler.expression(node.function)
    arguments = argument_list(compiler, node.arguments)
    keywords = keyword_arguments(compiler, node.keywords)

    if user:

        def run_user(frame):
            f, values = callee(frame), arguments(frame)
            given = keywords(frame) if keywords is not None else None
            state.location = location
            try:
                return call(f, values, given)
            except WeberError as error:
                raise located(error, location, True)  # noqa: B904

        return run_user

    def run(frame):
        return call(callee(frame), arguments(frame), keywords(frame) if keywords is not None else None)

    return run


def include_file(compiler, node):
    """`include(path)` evaluates the file in the module it stands in."""
    from .packages import include

    path = compiler.expression(node.arguments[0])
    location, user = node.location, compiler.user

    def run(frame):
        try:
            return include(compiler.module, path(frame), user)
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    return run


def _add(a, b):
    return wrap_int(a + b)


def _subtract(a, b):
    return wrap_int(a - b)


def _multiply(a, b):
    return wrap_int(a * b)


FAST = {
    "+": (_add, float.__add__), "-": (_subtract, float.__sub__), "*": (_multiply, float.__mul__),
    "/": (lambda a, b: divide(float(a), float(b)), divide), "<": (int.__lt__, float.__lt__),
    ">": (int.__gt__, float.__gt__), "<=": (int.__le__, float.__le__), ">=": (int.__ge__, float.__ge__),
    "==": (int.__eq__, float.__eq__), "!=": (int.__ne__, float.__ne__), "≤": (int.__le__, float.__le__),
    "≥": (int.__ge__, float.__ge__), "≠": (int.__ne__, float.__ne__),
}


def fast_operator(compiler, node, name):
    """A binary operator: on two Int64 or two Float64 directly, otherwise by dispatch."""
    on_int, on_float = FAST[name]
    location, user = node.location, compiler.user
    callee = compiler.load(name, node.location)
    builtin = function(name)
    left, right = compiler.expressions(node.arguments)

    def run(frame):
        a, b = left(frame), right(frame)
        f = callee(frame)
        if f is builtin:
            kind = a.__class__
            if kind is b.__class__:
                if kind is int:
                    return on_int(a, b)
                if kind is float:
                    return on_float(a, b)
        if user:
            state.location = location
        try:
            return call(f, (a, b))
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    return run


def literal_power(compiler, node):
    """`x^n` with a literal integer n: Julia's `literal_pow`, which for floats multiplies."""
    callee = compiler.load("^", node.location)
    base, power = compiler.expression(node.arguments[0]), node.arguments[1].value
    builtin, literal_pow = function("^"), function("literal_pow")
    location, user = node.location, compiler.user

    def run(frame):
        if user:
            state.location = location
        try:
            f = callee(frame)
            return call(literal_pow if f is builtin else f, (base(frame), power))
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    return run


def dotted_call(compiler, node):
    callee = compiler.expression(node.function)
    arguments = argument_list(compiler, node.arguments)
    keywords = keyword_arguments(compiler, node.keywords)
    location, user = node.location, compiler.user

    def run(frame):
        f, values = callee(frame), arguments(frame)
        given = keywords(frame) if keywords is not None else None
        if user:
            state.location = location
        try:
            return broadcast(f, values, given)
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    return run


@compiles(syntax.Comparison)
def comparison(compiler, node):
    operands = compiler.expressions(node.operands)
    operators = [(op.name.startswith(".") and len(op.name) > 1,
                  compiler.load(op.name.removeprefix(".") or ".", op.location or node.location))
                 for op in node.operators]
    location, user = node.location, compiler.user

    def compare(dotted, callee, frame, a, b):
        if user:
            state.location = location
        try:
            return broadcast(callee(frame), [a, b]) if dotted else call(callee(frame), (a, b))
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    def run(frame):
        a = operands[0](frame)
        result = True
        for operand, (dotted, callee) in zip(operands[1:], operators, strict=True):
            b = operand(frame)
            one = compare(dotted, callee, frame, a, b)
            if dotted:
                result = one if result is True else broadcast(function("&"), [result, one])
            elif not truth(one, location, user):
                return False
            else:
                result = one if result is True else result
            a = b
        return result

    return run


@compiles(syntax.And)
def and_expression(compiler, node):
    left, right = compiler.expression(node.left), compiler.expression(node.right)
    if node.dotted:
        return lambda frame: broadcast(function("&"), [left(frame), right(frame)])
    location, user = node.left.location, compiler.user
    return lambda frame: right(frame) if truth(left(frame), location, user) else False


@compiles(syntax.Or)
def or_expression(compiler, node):
    left, right = compiler.expression(node.left), compiler.expression(node.right)
    if node.dotted:
        return lambda frame: broadcast(function("|"), [left(frame), right(frame)])
    location, user = node.left.location, compiler.user
    return lambda frame: True if truth(left(frame), location, user) else right(frame)


@compiles(syntax.Field)
def field(compiler, node):
    run, name = compiler.expression(node.object), node.name
    location, user = node.location, compiler.user
    if not isinstance(name, str):
        if isinstance(name, syntax.Quote) and isinstance(name.expression, syntax.Identifier):
            name = name.expression.name
        else:
            raise UnsupportedError("a computed field name: use `getproperty(object, name)`", node.location)

    def get(frame):
        try:
            return get_property(run(frame), name)
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    return get


# --- indexing -----------------------------------------------------------------------------------------------


@compiles(syntax.EndMarker)
def end_marker(compiler, node):
    if not compiler.index_stack:
        raise WeberError("`end` outside an index", node.location, kind="ParseError")
    slot, position, count = compiler.index_stack[-1]
    last = function("lastindex")
    if count == 1:
        return lambda frame: call(last, (frame[slot],))
    return lambda frame: call(last, (frame[slot], position))


@compiles(syntax.BeginMarker)
def begin_marker(compiler, node):
    return lambda frame: 1


def index_arguments(compiler, node, slot):
    """The closure for the indices of `collection[…]`, with `end` meaning the collection in `slot`."""
    runs = []
    for position, argument in enumerate(node.arguments, 1):
        compiler.index_stack.append((slot, position, len(node.arguments)))
        runs.append(argument_list(compiler, [argument]))
        compiler.index_stack.pop()
    return lambda frame: [value for run in runs for value in run(frame)]


@compiles(syntax.Index)
def index(compiler, node):
    collection = compiler.expression(node.collection)
    slot = compiler.scope.temporary()
    indices = index_arguments(compiler, node, slot)
    location, user = node.location, compiler.user
    getindex = function("maybeview" if compiler.views else "getindex")

    def run(frame):
        frame[slot] = value = collection(frame)
        where = indices(frame)
        if (
            value.__class__ is Array
            and len(where) == 1
            and where[0].__class__ is int
            and state.trace is None
            and value not in VIEWS
        ):
            data = value.data
            if data.ndim == 1 and 0 < where[0] <= data.shape[0]:
                element = data[where[0] - 1]
                return element if data.dtype == object else to_host(element)
        elif value.__class__ is tuple and len(where) == 1 and where[0].__class__ is int \
                and 0 < where[0] <= len(value):
            return value[where[0] - 1]
        if user:
            state.location = location
        try:
            return call(getindex, (value, *where))
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    return run


@compiles(syntax.Curly)
def curly(compiler, node):
    base = compiler.expression(node.type)
    parameters = [type_parameter(compiler, p) for p in node.parameters]
    location = node.location

    def run(frame):
        type_ = base(frame)
        values, free = [], []
        for parameter in parameters:
            value = parameter(frame)
            if isinstance(value, t.TypeVar) and value.name.startswith("#"):
                free.append(value)
            values.append(value)
        result = apply_type(type_, values, location)
        for variable in reversed(free):
            result = t.UnionAll(variable, result)
        return result

    return run


def type_parameter(compiler, node):
    """A parameter in braces: a type or value; `<:Upper` is an anonymous variable."""
    if isinstance(node, syntax.TypeBound):
        upper = compiler.expression(node.upper) if node.upper is not None else lambda frame: t.Any
        return lambda frame: t.TypeVar("#" + node.name, upper(frame))
    if isinstance(node, syntax.Splat):
        raise UnsupportedError("splatting type parameters is not supported", node.location)
    run = compiler.expression(node)

    def value(frame):
        result = run(frame)
        if result.__class__ is Symbol:
            return result.name
        if result.__class__ is tuple:
            return tuple(x.name if x.__class__ is Symbol else x for x in result)
        return result

    return value


def apply_type(type_, parameters, location=None):
    """`type_{parameters...}`. Raises TypeError for what takes no parameters."""
    if type_ is t.Bottom:  # Union
        return t.union(*parameters)
    if type_ is t.Tuple:
        return t.tuple_type(*parameters)
    if type_ is t.BUILTIN_TYPES.get("Vararg"):
        return t.VarargType(*parameters)
    if type_ is t.BUILTIN_TYPES.get("NTuple"):
        if len(parameters) == 1:
            element = t.TypeVar("T")
            return t.UnionAll(element, apply_type(type_, [parameters[0], element]))
        count, element = parameters
        return t.tuple_type(*[element] * count) if isinstance(count, int) else t.tuple_type(
            t.VarargType(element, count))
    if type_ is t.NamedTuple and len(parameters) == 1:
        return t.UnionAll(t.NamedTuple.body.variable, t.NamedTupleFamily.apply(parameters[0],
                                                                             t.NamedTuple.body.variable))
    if not t.is_type(type_):
        raise WeberError(f"TypeError: in Type{{...}} expression, expected UnionAll, got a value of type "
                         f"{t.type_name(typeof(type_))}", location, kind="TypeError")
    try:
        return t.instantiate(type_, parameters)
    except ValueError:
        raise WeberError(
            f"too many parameters for type {t.type_name(type_)}", location, kind="TypeError"
        ) from None


@compiles(syntax.Where)
def where(compiler, node):
    from .definitions import type_variables

    inner = compiler.inner_scope(names=[b.name for b in node.parameters])
    bind = type_variables(inner, node.parameters)
    body = inner.expression(node.type)

    def run(frame):
        variables = bind(frame)
        result = body(frame)
        for variable in reversed(variables):
            result = t.UnionAll(variable, result)
        return result

    return run


@compiles(syntax.TypeAssertion)
def type_assertion(compiler, node):
    value, type_ = compiler.expression(node.expression), compiler.expression(node.type)
    location, user = node.location, compiler.user

    def run(frame):
        result, expected = value(frame), type_(frame)
        if not t.is_subtype(typeof(result), expected):
            raise located(
                WeberError(
                    f"TypeError: in typeassert, expected {t.type_name(expected)}, got a value of type "
                    f"{t.type_name(typeof(result))}",
                    kind="TypeError",
                ),
                location,
                user,
            )
        return result

    return run


# --- collections --------------------------------------------------------------------------------------------


@compiles(syntax.Tuple)
def tuple_expression(compiler, node):
    if node.elements and all(isinstance(e, syntax.Assignment) for e in node.elements):
        return named_tuple(compiler, syntax.NamedTuple(
            [syntax.Keyword(e.target.name, e.value, location=e.location) for e in node.elements],
            location=node.location))
    values = argument_list(compiler, node.elements)
    return lambda frame: tuple(values(frame))


@compiles(syntax.NamedTuple)
def named_tuple(compiler, node):
    keywords = keyword_arguments(compiler, node.elements)
    if keywords is None:
        return lambda frame: NamedTuple((), ())
    names = [element.name for element in node.elements if isinstance(element, syntax.Keyword)]
    for element in node.elements:
        if isinstance(element, syntax.Keyword) and names.count(element.name) > 1:
            raise WeberError(
                f'syntax error: field name "{element.name}" repeated in named tuple',
                element.location,
                kind="ParseError",
            )

    def run(frame):
        items = keywords(frame)
        return NamedTuple(items, items.values())

    return run


def literal_call(compiler, node, name, nodes, prefix=()):
    """A collection literal as a call of the function Julia lowers it to."""
    callee = function(name)
    values = argument_list(compiler, nodes)
    location, user = node.location, compiler.user

    def run(frame):
        items = values(frame)
        if user:
            state.location = location
        try:
            return call(callee, [p(frame) if callable(p) else p for p in prefix] + items)
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904

    return run


@compiles(syntax.Vector)
def vector(compiler, node):
    return literal_call(compiler, node, "vect", node.elements)


@compiles(syntax.Concatenation)
def concatenation(compiler, node):
    typed = [compiler.expression(node.element_type)] if node.element_type is not None else []
    name = "typed_" if typed else ""
    rows = node.items
    if node.dimension == 1 and any(isinstance(r, syntax.Concatenation) and r.dimension == 2 for r in rows):
        lengths = tuple(len(r.items) if isinstance(r, syntax.Concatenation) else 1 for r in rows)
        flat = [i for r in rows for i in (r.items if isinstance(r, syntax.Concatenation) else [r])]
        if all(not isinstance(r, syntax.Concatenation) or r.dimension == 2 for r in rows):
            return literal_call(compiler, node, name + "hvcat", flat, [*typed, lengths])
    if node.dimension in (1, 2) and not (node.dimension == 2 and len(rows) == 1):
        return literal_call(compiler, node, name + ("vcat" if node.dimension == 1 else "hcat"), rows, typed)
    return literal_call(compiler, node, name + "hvncat", rows, [*typed, node.dimension])


@compiles(syntax.Generator)
def generator(compiler, node):
    prepare = generator_loops(compiler, node)
    return lambda frame: GeneratorValue(*prepare(frame))


@compiles(syntax.Comprehension)
def comprehension(compiler, node):
    prepare = generator_loops(compiler, node.generator)
    element_type = compiler.expression(node.element_type) if node.element_type is not None else None
    location, user = node.location, compiler.user

    def run(frame):
        from .base.iteration import collect_values

        if user:
            state.location = location
        try:
            iterate_values, size = prepare(frame)
            result = collect_values(iterate_values(), size)
            if element_type is not None:
                target = t.instantiate(t.Array, (element_type(frame), result.rank))
                result = call(function("convert"), (target, result))
        except WeberError as error:
            raise located(error, location, user)  # noqa: B904
        return result

    return run


def generator_loops(compiler, node):
    """`prepare(frame) -> (iterate_values, size)` of a generator: a function that gives a Python iterator of
    its values, and its Julia size where known. The iterables of the first `for` are evaluated once, by
    `prepare`."""
    from .assignments import assign_target
    from .base.iteration import iterate, size_of

    clauses, inner = [], compiler
    for iterations, condition in node.clauses:
        iterables = [inner.expression(iteration.iterable) for iteration in iterations]
        loops = []
        for iteration in iterations:
            inner = inner.inner_scope(names=target_names(iteration.target))
            loops.append((inner.fresh(inner.scope), assign_target(inner, iteration.target)))
        clauses.append((iterables, loops, inner.expression(condition) if condition is not None else None))
    body = inner.inner_scope(node.body).expression(node.body)
    location = node.location

    def clause_values(frame, depth, iterables):
        """Runs the loops of one `for` clause, the first iterator fastest, then the clauses inside it."""
        _, loops, condition = clauses[depth]

        def level(k):
            if k < 0:
                if condition is None or truth(condition(frame), location):
                    if depth + 1 == len(clauses):
                        yield body(frame)
                    else:
                        yield from clause_values(frame, depth + 1, [i(frame) for i in clauses[depth + 1][0]])
                return
            renew, assign = loops[k]
            for item in iterate(iterables[k]):
                if renew is not None:
                    renew(frame)
                assign(frame, item)
                yield from level(k - 1)

        return level(len(loops) - 1)

    def prepare(frame):
        iterables = [iterable(frame) for iterable in clauses[0][0]]
        size = None
        if len(clauses) == 1 and clauses[0][2] is None:
            sizes = [size_of(iterable) for iterable in iterables]
            size = None if None in sizes else tuple(dim for one in sizes for dim in one)
        return lambda: clause_values(frame, 0, iterables), size

    return prepare
