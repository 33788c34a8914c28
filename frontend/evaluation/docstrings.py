"""Docstrings: functions, types and modules carry theirs in `documentation`, by signature; a module keeps
those of other values in `documented`, by name."""

from ..parsing import syntax
from ..type_lattice import is_type, unwrap
from ..values import Function, Module
from .evaluator import compiles


def document(owner, text, signature=""):
    """Adds a docstring to a function, a type family or a module; that of the same signature is replaced."""
    owner.documentation = {**(owner.documentation or {}), signature: text}


@compiles(syntax.Documented)
def documented(compiler, node):
    from .macros import source_text

    text = "".join(part for part in node.text.parts if isinstance(part, str))
    run = compiler.expression(node.definition)
    name = defined_name(node.definition)
    module = compiler.module
    part = getattr(node.definition, "signature", None)
    signature = source_text(part) if part is not None else ""

    def define(frame):
        result = run(frame)
        value = module.bindings.get(name) if name else None
        if value.__class__ in (Function, Module):
            document(value, text, signature)
        elif is_type(value) and hasattr(unwrap(value), "family"):
            document(unwrap(value).family, text, signature)
        elif name is not None:
            module.documented[name] = text
        return result

    return define


def defined_name(node):
    """The name a definition defines, for its docstring."""
    if isinstance(node, syntax.MacroCall):
        return next((name for name in map(defined_name, reversed(node.arguments)) if name), None)
    if isinstance(node, syntax.Declaration):
        return defined_name(node.statements[0])
    name = getattr(node, "name", None)
    if isinstance(name, str):
        return name
    if isinstance(name, syntax.Identifier):
        return name.name
    if isinstance(name, syntax.Curly) and isinstance(name.type, syntax.Identifier):
        return name.type.name
    target = getattr(node, "target", None)
    return target.name if isinstance(target, syntax.Identifier) else None
