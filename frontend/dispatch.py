"""Multiple dispatch: method tables, applicability, specificity, ambiguity."""

from ..compiler.errors import Note, WeberError
from . import types as t
from .type_lattice import DataType, TypeOfTypeFamily, TypeVar, UnionAll, VarargType, is_subtype, match, unwrap
from .type_names import bound_name, type_name
from .values import dispatch_type


class Method:
    """One method of a generic function.

    `signature` is the tuple type of the positional arguments, with `where` variables free in `variables`.
    `call(arguments, keywords, bindings)` runs it (`keywords` a dict, `bindings` the static parameters by
    variable).
    `names` are the parameters' names; `keywords` the keyword parameters' names, None when it takes any.
    """

    __slots__ = (
        "signature",
        "variables",
        "call",
        "names",
        "keywords",
        "location",
        "python",
        "serial",
        "definition",
    )

    def __init__(
        self, signature, variables, call, names=(), keywords=(), location=None, python=None, definition=None
    ):
        self.signature, self.variables, self.call = signature, tuple(variables), call
        self.names, self.keywords, self.location = names, keywords, location
        self.python = python  # for a builtin: called as python(*arguments, **keywords)
        self.definition = definition

    @property
    def pattern(self):
        """The signature with its `where` variables bound: a type."""
        result = self.signature
        for variable in reversed(self.variables):
            result = UnionAll(variable, result)
        return result

    def describe(self, name, has_receiver=False):
        """The method as Julia lists it: `f(x::Real, y)`, or `(layer::Dense)(x)` where what is called comes
        first."""
        parts = []
        for index, parameter in enumerate(self.signature.parameters):
            name_ = self.names[index] if index < len(self.names) else ""
            dots = ""
            if isinstance(parameter, VarargType):
                parameter, dots = parameter.element, "..."
            name_ = name_.strip("_")  # a builtin's Python name: `type_`
            parts.append((name_ or "_" if parameter is t.Any else f"{name_}::{short_name(parameter)}") + dots)
        if has_receiver:
            parts = parts[1:]
            name = called_name(self.signature.parameters[0], self.names[0] if self.names else "")
        text = f"{plain_name(name)}({', '.join(parts)}"
        if self.keywords:
            text += "; " + ", ".join(self.keywords)
        text += ")"
        variables = [v for v in self.variables if not is_self(v)]
        if variables:
            text += " where {" + ", ".join(bound_name(v) for v in variables) + "}"
        return text


def plain_name(name):
    """The name of a function in messages."""
    return "(anonymous function)" if name.startswith("#") else name


def is_self(variable):
    """Whether this is the variable of a builtin's constructor: the type that is called."""
    return variable.name == "Self"


def short_name(type_):
    """A type's name in messages: `Dense` rather than `Dense{F, M} where {F, M<:AbstractMatrix}`."""
    family = getattr(unwrap(type_), "family", None) if isinstance(type_, UnionAll) else None
    return family.name if family is not None and family.wrapper is type_ else type_name(type_)


def called_name(type_, name=""):
    """How a call names what is called, given its type: `Point` for `Type{Point}`, `(layer::Dense)` for a
    struct."""
    if isinstance(type_, DataType) and type_.family is TypeOfTypeFamily:
        type_ = type_.parameters[0]
        return short_name(type_.upper if isinstance(type_, TypeVar) and type_.upper is not None else type_)
    return f"({name.strip('_')}::{short_name(type_)})"


class MethodTable:
    """The methods of a function, with a cache from argument types to (method, static parameters)."""

    __slots__ = ("name", "methods", "cache", "fallback", "has_receiver")

    def __init__(self, name, fallback=None, has_receiver=False):
        self.name, self.methods, self.cache = name, [], {}
        self.has_receiver = has_receiver  # the first argument is what is called: a type or a callable struct
        self.fallback = fallback  # called as fallback(types) -> Method | None when nothing matches

    def add(self, method):
        """Adds a method; one with the same signature is replaced."""
        pattern = method.pattern
        for index, other in enumerate(self.methods):
            if (len(other.signature.parameters) == len(method.signature.parameters)
                    and is_subtype(pattern, other.pattern) and is_subtype(other.pattern, pattern)):
                self.methods[index] = method
                break
        else:
            self.methods.append(method)
        self.cache.clear()

    def find(self, arguments):
        """The method for these arguments and its static parameters; None when there is none."""
        key = tuple([dispatch_type(a) for a in arguments])
        found = self.cache.get(key)
        if found is None:
            found = self._search(key)
            if found is not None:
                self.cache[key] = found
        return found

    def find_types(self, types):
        """As `find`, from the arguments' dispatch types."""
        return self._search(tuple(types))

    def _search(self, key):
        actual = t.tuple_type(*key)
        applicable = []
        for method in self.methods:
            bindings = dict.fromkeys(method.variables)
            if match(actual, method.signature, bindings):
                applicable.append((method, bindings))
        if not applicable:
            if self.fallback is not None:
                method = self.fallback(key)
                return None if method is None else (method, {})
            return None
        best = [entry for entry in applicable
                if all(other is entry or more_specific(entry[0], other[0]) for other in applicable)]
        if len(best) == 1:
            return best[0]
        minimal = [e for e in applicable if not any(
            o is not e and more_specific(o[0], e[0]) and not more_specific(e[0], o[0]) for o in applicable)]
        if len(minimal) == 1:
            return minimal[0]
        if not best or len(minimal) > 1:
            raise WeberError(
                f"MethodError: {self.call_text(key)} is ambiguous.",
                kind="MethodError",
                notes=[
                    Note("  candidate: " + m.describe(self.name, self.has_receiver), m.location)
                    for m, _ in minimal
                ],
            )
        return best[0]

    def call_text(self, types):
        """A call with arguments of these dispatch types as messages write it: `f(::Int64, ::String)`."""
        name, given = (
            (called_name(types[0]), types[1:]) if self.has_receiver else (plain_name(self.name), types)
        )
        return f"{name}({', '.join('::' + type_name(x) for x in given)})"


def more_specific(a, b) -> bool:
    """Whether method a's signature is at least as specific as b's: contained in it; a fixed count beats
    varargs."""
    if is_subtype(a.pattern, b.pattern):
        return not is_subtype(b.pattern, a.pattern) or _fixed(a) >= _fixed(b)
    if not is_subtype(b.pattern, a.pattern):
        # neither contains the other: compare parameter by parameter, as far as the shorter goes
        ps, qs = a.signature.parameters, b.signature.parameters
        if len(ps) == len(qs) or any(isinstance(p, VarargType) for p in (*ps[-1:], *qs[-1:])):
            return all(is_subtype(_upper(p), _upper(q)) for p, q in zip(ps, qs, strict=False)) and len(
                ps
            ) >= len(qs)
    return False


def _fixed(method):
    return sum(not isinstance(p, VarargType) for p in method.signature.parameters)


def _upper(parameter):
    if isinstance(parameter, VarargType):
        parameter = parameter.element
    if isinstance(parameter, TypeVar):
        return parameter.upper or t.Any
    return parameter
