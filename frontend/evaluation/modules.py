"""Modules, imports, exports, docstrings."""

from .. import types as t
from ..parsing import syntax
from ..values import Function, Module
from .evaluator import (
    compiles,
    evaluate_block,
)


@compiles(syntax.ModuleDefinition)
def module_definition(compiler, node):
    store = compiler.store(node.name, node.location)

    def run(frame):
        module = Module(node.name, parent=compiler.module, loader=compiler.module.loader)
        module.file = compiler.module.file
        store(frame, module)
        evaluate_block(module, node.body, user=compiler.user)
        return module

    return run


@compiles(syntax.Import)
def import_statement(compiler, node):
    from .packages import import_into

    module, location = compiler.module, node.location
    return lambda frame: import_into(module, node, location)


@compiles(syntax.Export)
def export_statement(compiler, node):
    names, module = [n if isinstance(n, str) else n.name for n in node.names], compiler.module

    def run(frame):
        if node.kind == "export":
            module.exports.update(names)

    return run


@compiles(syntax.Documented)
def documented(compiler, node):
    from ..interactive.documentation import document
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
        elif t.is_type(value) and hasattr(t.unwrap(value), "family"):
            document(t.unwrap(value).family, text, signature)
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
