"""Modules, imports, exports."""

from ..parsing import syntax
from ..values import Module
from .evaluator import compiles, evaluate_block


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
