"""The syntax tree as an s-expression: `(call + [a 2])`.

A node is its kind with its fields in order; names and numbers stand for themselves, lists are in brackets,
flags are their names, empty fields at the end are left out and `_` before others.
"""

import re
from dataclasses import MISSING, fields

import numpy as np

from ..printing.string_text import escape
from .syntax import Block, Identifier, Literal, Node, String


def dump(node: Node) -> str:
    """The text of a tree; without recursion, so however deep it is."""
    output, stack = [], [node]
    while stack:
        item = stack.pop()
        if isinstance(item, _Text):
            output.append(item)
        elif isinstance(item, Node):
            stack.extend(reversed(_parts(item)))
        elif isinstance(item, (list, tuple)):
            stack.extend([_Text("]"), *_spaced(item)[::-1], _Text("[")])
        elif isinstance(item, str):
            output.append(f'"{escape(item)}"')
        else:
            output.append("_" if item is None else str(item))
    return "".join(output)


class _Text(str):
    """Text to put out as it is."""


def _spaced(items):
    spaced = []
    for item in items:
        spaced += [_Text(" "), item]
    return spaced[1:]


def _parts(node):
    if isinstance(node, Identifier):
        return [_Text(node.name)]
    if isinstance(node, Literal):
        return [_Text(_literal(node.value))]
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(node).__name__).lower()
    if isinstance(node, (Block, String)):
        items = next(getattr(node, field.name) for field in fields(node) if field.name != "location")
        flags = [node.prefix, node.suffix] if isinstance(node, String) and node.prefix else []
        return [_Text("("), *_spaced([_Text(kind), *map(_Text, filter(None, flags)), *items]), _Text(")")]
    values, flags = [], []
    for field in fields(node):
        value = getattr(node, field.name)
        if field.name == "location":
            continue
        if isinstance(value, bool):
            flags += [_Text(field.name.replace("_", "-"))] if value else []
        elif isinstance(value, str) and field.name != "alias":
            values.append(_Text(value) if value else None)
        else:
            values.append(value if value or not _optional(field) else None)
    while values and values[-1] is None:
        values.pop()
    return [_Text("("), *_spaced([_Text(kind), *flags, *values]), _Text(")")]


def _optional(field):
    return field.default is not MISSING or field.default_factory is not MISSING


def _literal(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, np.float32):
        return f"{value!s}f0"
    if isinstance(value, np.unsignedinteger):
        return f"0x{int(value):0{value.itemsize * 2}x}"
    if isinstance(value, int | float):
        return repr(value)
    return f"'{escape(chr(value.code))}'"
