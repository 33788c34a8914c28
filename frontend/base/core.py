"""Core: the names of the built-in types and constants."""

from .. import types as t
from ..type_lattice import TypeVar, unwrap
from ..values import Struct, Symbol, missing
from .registry import BASE, MODULES, define, define_constructor, function, module


def bind_types():
    """Makes the built-in types known by name; again after files of builtins have declared theirs."""
    BASE.bindings.update(t.BUILTIN_TYPES)
    BASE.exports.update(t.BUILTIN_TYPES)


bind_types()
BASE.bindings["Vararg"] = t.BUILTIN_TYPES["Vararg"] = t.declare("Vararg", abstract=True)
BASE.bindings["NTuple"] = t.BUILTIN_TYPES["NTuple"] = t.declare("NTuple", abstract=True)
BASE.bindings.update({"nothing": None, "missing": missing, "true": True, "false": False})
BASE.bindings.update({"Base": BASE, "Core": MODULES["Core"]})
BASE.bindings["'"] = function("adjoint")  # two names of one function
BASE.exports.add("'")
BASE.constants.update(BASE.bindings)

for _name in ("Statistics", "LinearAlgebra", "Random", "Printf", "DelimitedFiles", "NPZ", "Test",
              "ProgressMeter"):
    module(_name)  # known even before its functions are defined


@define("identity", t.Any)
def identity(x):
    """identity(x): the argument itself."""
    return x


VAL = BASE.bindings["Val"] = t.declare("Val", parameters=(TypeVar("x"),))


@define_constructor(VAL, t.Any)
def val(_type, x):
    """Val(x): a value whose type `Val{x}` says what it is."""
    return Struct(unwrap(VAL).family.apply(x.name if x.__class__ is Symbol else x), [])
