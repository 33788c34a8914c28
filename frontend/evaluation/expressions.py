"""Expressions: literals, names, calls, operators, fields."""

from functools import partial

from ...compiler.errors import UnsupportedError, WeberError
from ..base.registry import function
from ..calling import call
from ..control_flow.conditionals import is_staged_condition, lifted
from ..parsing import syntax
from ..poison import PoisonError
from ..state import state
from ..values import Array, NamedTuple, Symbol, colon
from .broadcasting import broadcast
from .evaluator import check_names, compiles, divide, field_name, located, truth, wrap_int
from .properties import get_property


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
    from ..base.functional import broadcasting_function

    run = compiler.load(node.name[1:], node.location)
    return lambda frame: broadcasting_function(run(frame))


@compiles(syntax.String)
def string(compiler, node):
    if node.prefix:
        return special_string(compiler, node)
    if all(isinstance(part, str) for part in node.parts):
        text = "".join(node.parts)
        return lambda frame: text
    from ..printing.display import print_value

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
    from ..base.iteration import iterate

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
            if not splat:
                values.append(run(frame))
                continue
            value = run(frame)
            if len(parts) == 1 and is_open(value):
                return OpenSplat([value])
            values.extend(iterate(value))
        return values

    return arguments


class OpenSplat(list):
    """The arguments `x...` where only the graph knows how many there are: x itself."""


def is_open(value):
    """Whether a value is a vector whose length only the graph knows."""
    return value.__class__ is Array and state.trace is not None and len(value._data.shape) == 1 and \
        not isinstance(value._data.shape[0], int)


def call_spread(function, values):
    """A call with arguments of which only the graph knows how many there are."""
    from ..base.iteration import iterate
    from ..base.mapping import spread_fold

    result = spread_fold(function, *values)
    return result if result is not None else call(function, list(iterate(*values)))


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
        elif isinstance(node, syntax.Assignment):  # `; $name = value`
            check_names([node.target])
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
    from ..base.iteration import iterate

    pairs = []
    for item in iterate(value):
        parts = item.fields if hasattr(item, "fields") else item
        if parts.__class__ not in (list, tuple) or len(parts) != 2:
            raise WeberError("TypeError: only names with values can be splatted into keywords",
                             kind="TypeError")
        key, content = parts
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

    if user and name in ("throw", "error"):
        return throwing_call(callee, arguments, location)
    if user:

        def run_user(frame):
            f, values = callee(frame), arguments(frame)
            given = keywords(frame) if keywords is not None else None
            state.location = location
            try:
                if values.__class__ is OpenSplat and given is None:
                    return call_spread(f, values)
                return call(f, values, given)
            except WeberError as error:
                try:
                    return lifted(error, partial(call_with, given), f, *values)
                except WeberError as final:
                    raise located(final, location, True)  # noqa: B904

        return run_user

    def run(frame):
        f, values = callee(frame), arguments(frame)
        given = keywords(frame) if keywords is not None else None
        try:
            return call(f, values, given)
        except PoisonError as error:
            return lifted(error, partial(call_with, given), f, *values)

    return run


def call_with(keywords, function, *arguments):
    return call(function, arguments, keywords)


def throwing_call(callee, arguments, location):
    """`throw(…)` and `error(…)` in a program: an arm of a staged conditional that ends so is left out."""

    def run(frame):
        f, values = callee(frame), arguments(frame)
        try:
            return call(f, values)
        except WeberError as error:
            error.thrown = True
            raise located(error, location, True)  # noqa: B904

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
            try:
                return lifted(error, partial(call_with, None), f, a, b)
            except WeberError as final:
                raise located(final, location, user)  # noqa: B904

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
            elif is_staged_condition(one):
                result = one if result is True else call(function("&"), (result, one))
            elif not truth(one, location, user):
                return False
            else:
                result = one if result is True else result
            a = b
        return result

    return run


@compiles(syntax.Field)
def field(compiler, node):
    run, name = compiler.expression(node.object), field_name(node)
    location, user = node.location, compiler.user
    if name is None:
        raise UnsupportedError("a computed field name: use `getproperty(object, name)`", node.location)

    def get(frame):
        value = run(frame)
        try:
            return get_property(value, name)
        except WeberError as error:
            try:
                return lifted(error, lambda owner: get_property(owner, name), value)
            except WeberError as final:
                raise located(final, location, user)  # noqa: B904

    return get
