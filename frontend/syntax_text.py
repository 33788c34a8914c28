"""The syntax tree as indented text: a line for each node with its span, then its fields."""

from dataclasses import fields

from .syntax import Node


def tree_text(node: Node) -> str:
    """The text of a tree, as `weber compile --emit syntax` prints it."""
    return "\n".join(_lines(node, "", 0))


def _lines(value, label, depth):
    prefix = "  " * depth + label
    if isinstance(value, (list, tuple)):
        if not value:
            return
        yield prefix.rstrip()
        for item in value:
            yield from _lines(item, "", depth + 1)
        return
    if not isinstance(value, Node):
        yield f"{prefix}{value!r}"
        return
    parts = {field.name: getattr(value, field.name) for field in fields(value) if field.name != "location"}
    plain = {name: part for name, part in parts.items() if not isinstance(part, (Node, list, tuple))}
    shown = "".join(f" {name}={part!r}" for name, part in plain.items() if part not in (None, False, ""))
    yield f"{prefix}{type(value).__name__}{shown}{_span(value.location)}"
    for name, part in parts.items():
        if name not in plain:
            yield from _lines(part, f"{name}: ", depth + 1)


def _span(location):
    if location is None:
        return ""
    return f" [{location.line}:{location.column}-{location.end_line}:{location.end_column}]"
