"""How a builtin is defined: `@define("length", t.AbstractArray)` adds a method to a function of a module.

A builtin takes Julia values (see `values`) and returns one; keyword arguments arrive as Python keywords.
Types in the signature are Julia types; `...` after a type makes it variadic. Errors are WeberErrors of the
Julia kind, without location (the caller knows the line).
"""

import os

from ...compiler.errors import Note, WeberError
from .. import types as t
from ..calling import constructors
from ..dispatch import Method, MethodTable
from ..poison import HostValueNeeded
from ..staged_numbers import DimNumber, Traced
from ..staging import payload_of
from ..type_lattice import TypeOfTypeFamily, TypeVar, VarargType, is_subtype, is_type, union, unwrap
from ..type_names import type_name
from ..values import Function, Module, dispatch_type

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


def parameter_names(python):
    """The names of a builtin's positional parameters."""
    code = python.__code__
    return code.co_varnames[:code.co_argcount + bool(code.co_flags & 4)]


def _keyword_types():
    """What keywords take, by name: Base has the same types wherever a keyword of this name occurs."""
    whole, maybe = t.Integer, union(t.Integer, t.Nothing)
    types = dict.fromkeys("keepempty corrected keep force recursive write read truncate create append sorted "
                          "strict drop all nans".split(), t.Bool)
    types |= dict.fromkeys("base limit head tail skipstart".split(), whole)
    types |= dict.fromkeys("digits sigdigits length count".split(), maybe)
    types |= dict.fromkeys("rtol atol alpha beta".split(), t.Real)
    return types | {"rev": union(t.Bool, t.Nothing)}


KEYWORD_TYPES = _keyword_types()

UNFORESEEN = (TypeError, AttributeError, LookupError, ArithmeticError, ValueError, AssertionError)
"""What Python and numpy raise when a builtin meets values it was not written for."""


def builtin_call(python, name, keywords=()):
    """The `call` of a method that is a Python function: checks the keywords given.

    What the function did not foresee becomes a MethodError that names it and its arguments; under
    WEBER_DEBUG (as in the tests that look for such faults) it stays what it is."""
    code, accepted = python.__code__, None if keywords is None else frozenset(keywords)
    keyword_only = code.co_varnames[code.co_argcount:code.co_argcount + code.co_kwonlyargcount]
    required = [name for name in keyword_only if name not in (python.__kwdefaults__ or {})]
    without_default = code.co_varnames[:code.co_argcount - len(python.__defaults__ or ())]
    required += [name for name in without_default if name in (accepted or ())]

    def call(arguments, given, bindings):
        for key in required:
            if not given or key not in given:
                raise WeberError(f"UndefKeywordError: keyword argument `{key}` not assigned",
                                 kind="UndefKeywordError")
        if given and accepted is not None:
            for key in given:
                if key not in accepted:
                    expected = f"; it takes {', '.join(keywords)}" if keywords else "; it takes none"
                    raise WeberError(
                        f'MethodError: got unsupported keyword argument "{key}" in `{name}`{expected}',
                        kind="MethodError",
                    )
                type_ = KEYWORD_TYPES.get(key)
                if type_ is not None and not is_subtype(dispatch_type(given[key]), type_):
                    found = type_name(dispatch_type(given[key]))
                    raise WeberError(f"TypeError: in keyword argument {key}, expected {type_name(type_)}, "
                                     f"got a value of type {found}", kind="TypeError")
        try:
            return python(*arguments, **given) if given else python(*arguments)
        except (*UNFORESEEN, HostValueNeeded) as error:
            if any(argument.__class__ is DimNumber for argument in arguments):
                return call(list(map(as_number, arguments)), given, bindings)
            if isinstance(error, HostValueNeeded):
                raise
            if os.environ.get("WEBER_DEBUG") or is_out_of_memory(error):
                raise
            raise unforeseen(name, arguments, given, error) from error

    return call


def as_number(argument):
    """A symbolic size as a number of the graph, for what does not reckon with sizes; else the argument."""
    return Traced(payload_of(argument)) if argument.__class__ is DimNumber else argument


def is_out_of_memory(error):
    """Whether an array was asked for that is larger than the memory, or than numpy's sizes can say."""
    return isinstance(error, MemoryError) or isinstance(error, ValueError) and str(error).startswith(
        ("array is too big", "Maximum allowed dimension exceeded"))


def unforeseen(name, arguments, given, error):
    """The MethodError of a builtin that was not written for these arguments."""
    types = ", ".join("::" + type_name(dispatch_type(a)) for a in arguments)
    if given:
        types += "; " + ", ".join(f"{key}::{type_name(dispatch_type(v))}" for key, v in given.items())
    return WeberError(
        f"MethodError: no method matching {name}({types})",
        kind="MethodError",
        notes=[Note(f"  it failed with {type(error).__name__}; WEBER_DEBUG=1 shows where")],
    )


def define(names, *signature, module=BASE, exported=True, keywords=(), where=(), doc=None):
    """Decorator: adds the Python function as a method with this signature to one or several (space-separated)
    names.

    `keywords` are the accepted keyword names, None for any; `where` the type variables that the signature
    mentions.
    """
    parameters = []
    for item in signature:
        if item is Ellipsis:
            parameters[-1] = VarargType(parameters[-1])
        else:
            parameters.append(item)
    pattern = t.tuple_type(*parameters)

    def decorate(python):
        names_ = parameter_names(python)
        for table_name in names.split():
            call = builtin_call(python, table_name, keywords)
            generic = function(table_name, module, exported)
            if is_type(generic):  # a constructor of a built-in type
                variable = TypeVar("T", generic)
                constructors.add(Method(t.tuple_type(TypeOfTypeFamily.apply(variable), *parameters),
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
    own = TypeVar("Self", type_)
    family = unwrap(type_).family

    def decorate(python):
        local = Module(family.name)
        define(family.name, TypeOfTypeFamily.apply(own), *signature, module=local, keywords=keywords,
               where=(own, *where))(python)
        if family.constructors is None:
            family.constructors = MethodTable(family.name, has_receiver=True)
        for method in local.bindings[family.name].methods.methods:
            family.constructors.add(method)
        return python

    return decorate
