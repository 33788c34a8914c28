"""What the REPL's help mode shows for a name: docstrings, signatures, keywords."""

import difflib
import functools
import inspect
import re
from importlib import resources

from .. import types as t
from ..base.registry import MODULES
from ..dispatch import short_name
from ..evaluation.evaluator import find_binding, visible_names
from ..parsing.tokens import KEYWORDS, NAME
from ..type_lattice import is_type, unwrap
from ..type_names import type_name
from ..values import Function, Module, typeof

MAX_SIGNATURES = 12

KEYWORD_HELP = {
    "function": "function name(arguments) … end defines a method; its last value is the result.",
    "end": "end closes a block; inside of an index it is the last index of the array: x[end].",
    "for": "for x in items … end runs the block for each item; `for i in 1:n, j in 1:m` nests.",
    "while": "while condition … end repeats the block as long as the condition holds.",
    "if": "if condition … elseif condition … else … end; the value is that of the arm taken.",
    "let": "let x = 1 … end evaluates the block in a new scope with its own variables.",
    "begin": "begin … end groups statements; the value is that of the last.",
    "do": "f(items) do x … end passes the function x -> … as the first argument of f.",
    "try": "try … catch e … else … finally … end handles errors; e is the exception.",
    "struct": "struct Name … end declares a type with fields; instances are immutable.",
    "mutable": "mutable struct Name … end declares a type whose fields can be assigned.",
    "abstract": "abstract type Name end declares a type that others are subtypes of: struct A <: Name.",
    "module": "module Name … end is a namespace of its own; `export` lists its interface.",
    "using": "using Name loads a package and brings what it exports; using Name: a, b brings these names.",
    "import": "import Name loads a package; import Name: f lets methods be added to f.",
    "export": "export a, b lists what `using` of this module brings.",
    "return": "return x leaves the function with the value x.",
    "break": "break leaves the loop.",
    "continue": "continue goes on with the next iteration of the loop.",
    "const": "const name = value declares a global that keeps its value.",
    "local": "local x declares a variable of the innermost scope.",
    "global": "global x says that x is the module's variable.",
    "where": "f(x::T) where {T<:Real} introduces type variables of a signature.",
}  # fmt: skip
_SAME = {"else": "if", "elseif": "if", "catch": "try", "finally": "try", "type": "abstract"}


def help_text(module: Module, query: str) -> str:
    """What the help mode prints for a name, a dotted name, an operator, a macro or a keyword."""
    query = query.strip().removesuffix("()")
    if not query:
        return ("Type a name to see its documentation: sum, Flux.Dense, +, @show, for.\n"
                "] is the package mode, backspace comes back.")
    keyword = _SAME.get(query, query)
    if keyword in KEYWORD_HELP:
        return _indented(KEYWORD_HELP[keyword])
    if query in KEYWORDS:
        return _indented(f"{query} is a keyword of Julia.")
    if query.startswith("@"):
        return _macro_help(query)
    if called := re.match(rf"((?:{NAME}\.)*{NAME})\s*\(.*\)\s*;?$", query):
        query = called[1]
    home, name, missing = _find(module, query)
    if missing:
        return missing
    return _value_help(home, name, query)


def _find(module, query):
    """(module or bindings' owner, name, text that says what is missing)."""
    parts = query.split(".") if re.fullmatch(rf"{NAME}(\.{NAME})*", query) else [query]
    if query.count(".") == 1 and len(parts) == 1 and query[0].isalpha():
        parts = query.split(".")  # Base.+
    current = module
    for index, part in enumerate(parts):
        home = find_binding(current, part) if current.__class__ is Module else None
        if home is None:
            names = visible_names(module) if index == 0 else set(getattr(current, "bindings", ()))
            close = difflib.get_close_matches(part, names, 3, 0.6)
            text = f"No documentation found.\nBinding `{query}` does not exist."
            if close:
                text += "\ndid you mean " + " or ".join(f"`{name}`" for name in close) + "?"
            return None, None, text
        owner, current = current, home[part]
    return owner, parts[-1], None


def _value_help(owner, name, query):
    value = find_binding(owner, name)[name]
    if value.__class__ is Function:
        return _function_help(value)
    if is_type(value):
        return _type_help(value)
    if value.__class__ is Module:
        return _module_help(value)
    text = next((m.documented[name] for m in (owner, *owner.usings) if name in m.documented), None)
    described = f"`{query}` is of type `{type_name(typeof(value))}`."
    return f"{_clean(text)}\n\n{described}" if text else f"No documentation found.\n{described}"


def _function_help(function):
    texts = _texts(function)
    signatures = "" if any(text.startswith("    ") for text in texts) else _signatures(function.methods)
    if not texts:
        count = len(function.methods.methods)
        number = "1 method" if count == 1 else f"{count} methods"
        texts = [f"No documentation found.\n`{function.name}` is a function with {number}."]
    return "\n\n".join([signatures] * bool(signatures) + texts)


def _signatures(table):
    lines = list(dict.fromkeys(m.describe(table.name, table.has_receiver) for m in table.methods))
    more = [f"… and {len(lines) - MAX_SIGNATURES} more"] if len(lines) > MAX_SIGNATURES else []
    return _indented("\n".join([*lines[:MAX_SIGNATURES], *more]))


def _type_help(type_):
    family = getattr(unwrap(type_), "family", None)
    if family is None:
        return f"`{type_name(type_)}` is a type."
    texts = _texts(family)
    parts = []
    if family.constructors is not None and not any(text.startswith("    ") for text in texts):
        parts.append(_signatures(family.constructors))
    parts += texts or ["No documentation found."]
    kind = "an abstract type" if family.abstract else "a mutable struct" if family.mutable else "a type"
    above = "" if family.supertype in (None, t.Any) else f", a subtype of `{short_name(family.supertype)}`"
    parts.append(f"`{family.name}` is {kind}{above}.")
    if family.field_names:
        parts[-1] += " Fields: " + ", ".join(map(str, family.field_names)) + "."
    return "\n\n".join(part for part in parts if part)


def _module_help(module):
    texts = _texts(module) or [f"No documentation found.\n`{module.name}` is a module."]
    if module.exports:
        texts.append("Exports: " + ", ".join(sorted(module.exports)))
    return "\n\n".join(texts)


def _macro_help(query):
    from ..evaluation.macros import MACROS

    name = query[1:].split(".")[-1] or "."
    handler = MACROS.get(name)
    if handler is None:
        close = difflib.get_close_matches(name, MACROS, 3, 0.6)
        text = f"No documentation found.\nMacro `{query}` does not exist."
        return text + ("\ndid you mean " + " or ".join(f"`@{c}`" for c in close) + "?" if close else "")
    return _clean(handler.__doc__ or f"`{query}` is a macro as in Julia.")


def _texts(owner):
    texts = [_clean(text) for text in (owner.documentation or {}).values()]
    builtin = owner.__class__ is Function and owner.module in MODULES.values()
    described = descriptions().get(owner.name) if builtin else None
    return [described, *texts] if described else texts


@functools.cache
def descriptions() -> dict[str, str]:
    """What `base/descriptions.txt` says of builtin functions, by name."""
    found = {}
    for line in (resources.files("weber.frontend.base") / "descriptions.txt").read_text("utf-8").splitlines():
        names, text = line.split("  ", 1)
        found.update((name, f"{text[0].upper()}{text[1:]}.") for name in names.split())
    return found


def _clean(text):
    """A docstring without its common indentation."""
    first, *rest = text.strip("\n").rstrip().split("\n")
    if first[:1] == " " or not rest:
        return "\n".join([first, *rest])
    return inspect.cleandoc(text)


def _indented(text):
    return "\n".join("    " + line for line in text.split("\n"))
