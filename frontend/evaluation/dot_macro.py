"""`@.`: every call, operator and assignment of an expression with a dot."""

import dataclasses

from ..parsing import syntax
from .macros import macro, only_argument, rewrite


def dot_everything(node):
    """`@.`: every call and assignment becomes its dotted form; `$f(x)` stays."""

    def rule(item):
        if isinstance(item, syntax.Call):
            if isinstance(item.function, syntax.Identifier) and item.function.name == "$":
                return item.arguments[0]
            return dataclasses.replace(
                item, dotted=not _is_colon(item), arguments=rewrite(item.arguments, rule)
            )
        if isinstance(item, syntax.Assignment):
            return dataclasses.replace(item, dotted=True, value=rewrite(item.value, rule))
        if isinstance(item, syntax.And | syntax.Or):
            return dataclasses.replace(
                item, dotted=True, left=rewrite(item.left, rule), right=rewrite(item.right, rule)
            )
        if isinstance(item, syntax.Comparison):
            operators = [
                syntax.Identifier("." + o.name.removeprefix("."), location=o.location) for o in item.operators
            ]
            return dataclasses.replace(item, operators=operators, operands=rewrite(item.operands, rule))
        if isinstance(item, syntax.Lambda | syntax.FunctionDefinition | syntax.Quote):
            return item
        return None

    return rewrite(node, rule)


def _is_colon(item):
    return isinstance(item.function, syntax.Identifier) and item.function.name == ":"


@macro(".", "__dot__")
def dot(compiler, node):
    return compiler.expression(dot_everything(only_argument(node, ".")))
