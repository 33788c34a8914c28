r"""What Tab completes to: names, fields, keywords, macros, packages, paths in strings, `\alpha`.

Nothing of the program runs for it: fields are looked up, never computed."""

import os
import re

from ..base.registry import MODULES
from ..evaluation.evaluator import find_binding, visible_names
from ..parsing.lexer import Lexer
from ..parsing.tokens import KEYWORDS, NAME
from ..type_lattice import DataType, UnionAll
from ..values import Array, Module, NamedTuple, Struct

_LATEX = re.compile(r"\\[^\s\\\"'`,;\[\]{}]*$").search
_INDEX = r"\[\d+\]"
_CHAIN = re.compile(
    rf"(?<![\w.])({NAME}(?:{_INDEX})*(?:\.{NAME}(?:{_INDEX})*)*)\.(@?(?:{NAME})?)$"
).search
_WORD = re.compile(rf"@?(?:{NAME})?$").search
_PACKAGE = re.compile(r"(?:^|\n)\s*(?:using|import)\s+(?:[\w.]+\s*,\s*)*(\w*)$").search
_MEMBER = re.compile(
    rf"(?:^|\n)\s*(?:using|import)\s+([\w.]+)\s*:\s*(?:{NAME}\s*,\s*)*(@?(?:{NAME})?)$"
).search


def complete(module: Module, text: str) -> tuple[int, list[str]]:
    """Completions at the end of a text: (where what they replace begins, the replacements, sorted)."""
    latex = _LATEX(text)
    if latex is not None:
        found = _symbols(latex.group())
        if found or latex.group() == "\\":
            return latex.start(), found
    lexer = Lexer(text)
    lexer.run()
    frame = lexer.frames[-1]
    if frame.kind == "string":
        return paths(text, frame.start + len(frame.name))
    if in_comment(text, lexer):
        return len(text), []
    if member := _MEMBER(text):
        source = _package(module, member[1])
        names = () if source is None else source.bindings
        return _matching(names, member[2], len(text))
    if package := _PACKAGE(text):
        return _matching(_packages(module), package[1], len(text))
    if chain := _CHAIN(text):
        return _matching(_members(module, chain[1]), chain[2], len(text))
    prefix = _WORD(text).group()
    if not prefix:
        return len(text), []
    if text[:len(text) - len(prefix)].endswith("."):
        return len(text), []  # a member of something that only running would tell
    if prefix.startswith("@"):
        from ..evaluation.macros import MACROS

        return _matching(("@" + name for name in MACROS if name != "."), prefix, len(text))
    return _matching(visible_names(module) | KEYWORDS, prefix, len(text))


def in_comment(text, lexer):
    """Whether the end of a text is inside a comment."""
    last = max((token.end for token in lexer.tokens if token.kind not in ("$END", "SEPARATOR")), default=0)
    fault = next((token.text for token in lexer.tokens if token.kind == "INVALID"), None)
    if fault is not None:
        return fault.message == "unclosed comment"
    return "#" in text[last:].rpartition("\n")[2]


def _matching(names, prefix, end):
    hidden = () if prefix.startswith(("_", "#")) else ("_", "#")
    return end - len(prefix), sorted(n for n in names if n.startswith(prefix) and not n.startswith(hidden))


def _symbols(prefix):
    from .latex_symbols import symbols

    table = symbols()
    if prefix in table:
        return [table[prefix]]
    return sorted(name for name in table if name.startswith(prefix)) if len(prefix) > 1 else []


def paths(text, start):
    """Files and folders that a string may name."""
    written = text[start:]
    folder, partial = os.path.split(written)
    try:
        entries = list(os.scandir(os.path.expanduser(folder) or "."))
    except (OSError, ValueError):
        return len(text), []
    names = []
    for entry in entries:
        if entry.name.startswith(partial) and (partial or not entry.name.startswith(".")):
            try:
                names.append(entry.name + "/" * entry.is_dir())
            except OSError:
                names.append(entry.name)
    return len(text) - len(partial), sorted(names)


def _packages(module):
    """The packages that `using` finds."""
    from ..evaluation.packages import library_names
    from ..evaluation.projects import find_project

    names = library_names()
    project = find_project(os.path.dirname(module.file) if module.file else ".")
    if project is not None:
        try:
            names |= set(project.packages())
        except Exception:  # a faulty Project.toml is reported by `using`
            pass
    return names


def _package(module, path):
    from ..evaluation.packages import LOADED

    found = _value(module, path)
    if found.__class__ is Module:
        return found
    return LOADED.get(path) or MODULES.get(path)


def _members(module, chain):
    """The names after the dot of `a.b[1].`."""
    value = _value(module, chain)
    cls = value.__class__
    if cls is Module:
        return value.bindings
    if cls is NamedTuple:
        return value.names
    if cls is Struct:
        return map(str, value.type.family.field_names)
    if isinstance(value, complex):
        return ("re", "im")
    if cls in (DataType, UnionAll):
        return ("name", "parameters")
    return ()


def _value(module, chain):
    """The value of a chain of fields and literal indices; None where only running it would tell."""
    parts = re.findall(rf"{NAME}|{_INDEX}", chain)
    home = find_binding(module, parts[0])
    if home is None:
        return None
    value = home[parts[0]]
    for part in parts[1:]:
        value = _element(value, int(part[1:-1]) - 1) if part[0] == "[" else _field(value, part)
    return value


def _field(value, name):
    cls = value.__class__
    if cls is Module:
        home = find_binding(value, name)
        return None if home is None else home[name]
    if cls is NamedTuple:
        return value.values[value.names.index(name)] if name in value.names else None
    if cls is Struct:
        index = value.type.family.field_index.get(name)
        return None if index is None else value.fields[index]
    return None


def _element(value, index):
    if value.__class__ is Array and value.data.__class__.__name__ == "ndarray":
        flat = value.data.reshape(-1)
        return flat[index] if 0 <= index < flat.size else None
    if value.__class__ is tuple:
        return value[index] if 0 <= index < len(value) else None
    if value.__class__ is NamedTuple:
        return value.values[index] if 0 <= index < len(value.values) else None
    if value.__class__ is Struct and value.fields and value.fields[0].__class__ in (tuple, NamedTuple, Array):
        return _element(value.fields[0], index)  # a Chain is indexed by its layers
    return None
