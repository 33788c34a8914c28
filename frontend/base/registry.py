"""How a builtin is defined: `@define("length", t.AbstractArray)` adds a method to a function of a module.

A builtin takes Julia values (see `values`) and returns one; keyword arguments arrive as Python keywords.
Types in the signature are Julia types; `...` after a type makes it variadic. Errors are WeberErrors of the
Julia kind, without location (the caller knows the line).
"""

from ...compiler.errors import WeberError
from .. import types as t
from ..calling import constructors
from ..dispatch import Method, MethodTable
from ..values import Function, Module

CORE = Module("Core")
BASE = Module("Base", parent=CORE)
MODULES = {"Core": CORE, "Base": BASE}


def module(name) -> Module:
    """The builtin module of this name, made at first use."""
    if name not in MODULES:
        MODULES[name] = Module(name)
    return MODULES[name]


def function(name, in_module=BASE, exported=True) -> Function:
    """The generic function of this name in a module, made at first use."""
    found = in_module.bindings.get(name)
    if found is None:
        found = in_module.bindings[name] = Function(name, MethodTable(name), in_module)
        if exported:
            in_module.exports.add(name)
    return found


def drop_type(run):
    """A method of a constructor that does not look at which type it constructs."""
    return lambda arguments, keywords, bindings: run(arguments[1:], keywords, bindings)


def define(names, *signature, module=BASE, exported=True, keywords=(), where=(), doc=None):
    """Decorator: adds the Python function as a method with this signature to one or several (space-separated)
    names.

    `keywords` are the accepted keyword names, None for any; `where` the type variables that the signature
    mentions.
    """
    parameters = []
    for item in signature:
        if item is Ellipsis:
            parameters[-1] = t.VarargType(parameters[-1])
        else:
            parameters.append(item)
    pattern = t.tuple_type(*parameters)

    def decorate(python):
        code = python.__code__
        names_ = code.co_varnames[:code.co_argcount + bool(code.co_flags & 4)]
        accepted = None if keywords is None else frozenset(keywords)
        keyword_only = code.co_varnames[code.co_argcount:code.co_argcount + code.co_kwonlyargcount]
        required = [name for name in keyword_only if name not in (python.__kwdefaults__ or {})]
        without_default = code.co_varnames[:code.co_argcount - len(python.__defaults__ or ())]
        required += [name for name in without_default if name in (accepted or ())]

        def call(arguments, given, bindings):
            for key in required:
                if not given or key not in given:
                    raise WeberError(f"UndefKeywordError: keyword argument `{key}` not assigned",
                                     kind="UndefKeywordError")
            if given:
                if accepted is not None:
                    for key in given:
                        if key not in accepted:
                            expected = f"; it takes {', '.join(keywords)}" if keywords else "; it takes none"
                            raise WeberError(
                                f'MethodError: got unsupported keyword argument "{key}" in '
                            f"`{table_name}`{expected}",
                                kind="MethodError",
                            )
                return python(*arguments, **given)
            return python(*arguments)

        for table_name in names.split():  # noqa: B007
            generic = function(table_name, module, exported)
            if t.is_type(generic):  # a constructor of a built-in type
                variable = t.TypeVar("T", generic)
                constructors.add(Method(t.tuple_type(t.TypeOfTypeFamily.apply(variable), *parameters),
                                        (variable, *where), drop_type(call), ("_", *names_), keywords))
                continue
            generic.methods.add(
                Method(pattern, where, call, names_, keywords, python=python if not keywords else None)
            )
            text = doc or python.__doc__
            if text:
                generic.documentation = {**(generic.documentation or {}), text: text}
        return python

    return decorate


def define_constructor(type_, *signature, keywords=(), where=()):
    """Decorator: adds the Python function as a constructor `type_(signature…)`; it takes the type called
    first.

    The type called is `type_` or any instance of it: `Dict` and `Dict{Symbol,Int}` for the type `Dict`."""
    own = t.TypeVar("Self", type_)
    family = t.unwrap(type_).family

    def decorate(python):
        local = Module(family.name)
        define(family.name, t.TypeOfTypeFamily.apply(own), *signature, module=local, keywords=keywords,
               where=(own, *where))(python)
        if family.constructors is None:
            family.constructors = MethodTable(family.name, has_receiver=True)
        for method in local.bindings[family.name].methods.methods:
            family.constructors.add(method)
        return python

    return decorate
