"""docs/library.md from the sources: every documented name of the library, and where it is tested.

    python -m weber.frontend.library.catalogue > docs/library.md
"""

import re
from dataclasses import dataclass
from importlib import resources
from itertools import takewhile
from pathlib import Path

PACKAGES = ("Flux", "NNlib", "Zygote", "Optimisers", "ParameterSchedulers", "MLUtils", "OneHotArrays",
            "Functors", "ChainRulesCore", "MLDatasets", "SafeTensors", "CSV", "Tables", "Images")

INTRODUCTION = """# The library

Written by `python -m weber.frontend.library.catalogue` from the docstrings of `frontend/library/*.jl`; a test
keeps it up to date. `?name` in the REPL shows the same. Names have Flux's meaning and defaults; sizes are in
Julia's order. *Tested* says where in `tests/`: in a part of the table `library/library_table/`, or in a file.
"""


@dataclass(frozen=True)
class Entry:
    """A documented definition: its names, the lines of code that its docstring begins with, and the rest."""

    names: tuple[str, ...]
    code: list[str]
    text: str


@dataclass(frozen=True)
class Theme:
    """A file of a package: what it is about, and its entries."""

    title: str
    entries: list[Entry]


def package(name) -> tuple[str, list[Theme]]:
    """What the docstring of a package says, and its themes, file by file."""
    from ..parsing import syntax

    documented = next(s for s in _parsed(f"{name}.jl") if isinstance(s, syntax.Documented))
    body = documented.definition.body
    statements = body.statements if hasattr(body, "statements") else body
    own = _entries(statements)
    themes = [Theme(name, own)] if own else []
    for statement in statements:
        called = getattr(statement, "function", None)
        if getattr(called, "name", None) == "include":
            file = "".join(statement.arguments[0].parts)
            entries = _entries(_parsed(file))
            if entries:
                themes.append(Theme(_title(file), entries))
    return _split(_text(documented))[1], themes


def _parsed(file):
    from ..parsing.parser import parse_cached

    return parse_cached(str(resources.files("weber.frontend.library") / file)).statements


def _title(file):
    """The first sentence of the comment, or of the docstring, that a file begins with."""
    source = (resources.files("weber.frontend.library") / file).read_text(encoding="utf-8")
    comment = " ".join(line[2:] for line in takewhile(lambda line: line.startswith("#"), source.split("\n")))
    if comment:
        return re.split(r"(?<=[.])\s", comment)[0].rstrip(".")
    return re.search(r"module (\w+)", source)[1]


def _text(documented):
    return "".join(part for part in documented.text.parts if isinstance(part, str))


def _entries(statements):
    from ..evaluation.docstrings import defined_name
    from ..parsing import syntax

    found = []
    for statement in statements:
        if isinstance(statement, syntax.ModuleDefinition | syntax.Documented) and isinstance(
                getattr(statement, "definition", statement), syntax.ModuleDefinition):
            inner = getattr(statement, "definition", statement).body
            found += _entries(inner.statements if hasattr(inner, "statements") else inner)
        elif isinstance(statement, syntax.Documented):
            code, text = _split(_text(statement))
            macros = re.findall(r"^(@\w+)", "\n".join(code), re.MULTILINE)
            name = defined_name(statement.definition) or re.split(r"[(\s]", code[0])[0]
            listed = re.findall(r"(?:^|, )([\w!]+)\(", "\n".join(code))
            names = dict.fromkeys(macros or [name, *(n for n in listed if n.endswith("_like"))])
            found.append(Entry(tuple(names), code, text))
    return found


def _split(docstring):
    """The code that a docstring begins with, and its text."""
    lines = docstring.strip("\n").split("\n")
    end = next((i for i, line in enumerate(lines) if line and not line.startswith("    ")), len(lines))
    return [line[4:] for line in lines[:end] if line.strip()], "\n".join(lines[end:]).strip()


# --- where it is tested -------------------------------------------------------------------------------------


class TestedNames:
    """The words that the files of tests consist of, and the names of the rows of the library's table."""

    __test__ = False  # not a class of tests

    def __init__(self, folder: Path):
        self.rows, self.words = {}, {}
        for path in sorted(folder.rglob("*")):
            if path.suffix not in (".py", ".jl", ".jlcon") or path.name == "names.py":
                continue
            source = path.read_text(encoding="utf-8")
            name = path.relative_to(folder).as_posix()
            if path.parent.name == "library_table":
                rows = re.findall(r'\b(?:layer|loss|rule|activation|family|Row)\("([^"{]+)"', source)
                rows += [f"{stem}{kind}" for stem in re.findall(r'"(\w+)": \(\w+, (?:True|False)\)', source)
                         for kind in ("", "Cell")]
                self.rows |= dict.fromkeys(rows, path.stem)
            else:
                self.words[name] = {*re.findall(r"@?[^\W\d][\w!′]*|⊠", source),
                                    *re.findall(r"\w'(?=\()", source)}

    def places(self, name):
        """Where a name is tested: in the table and the tests of the library, two places at most, else in
        another test."""
        found = [f"table: {self.rows[name]}"] if name in self.rows else []
        files = [file for file, words in self.words.items() if name in words]
        own = [file for file in files if file.startswith("library/")]
        own.sort(key=lambda file: (len(self.words[file]), file))
        found += own[:2 - len(found)] or ([] if found else files[:1])
        return [place if place.startswith("table") else f"`{place}`" for place in found]


# --- Markdown -----------------------------------------------------------------------------------------------


def _cell(lines):
    return "<br>".join(_code(line) for line in lines)


def _code(text):
    text = " ".join(text.split()).replace("|", "\\|")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _prose(text):
    """Paragraphs in one cell: references as names, examples as code."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", text):
        if paragraph.startswith("    "):
            parts.append("<br>".join(_code(line) for line in paragraph.split("\n") if line.strip()))
        else:
            parts.append(" ".join(paragraph.split()).replace("|", "\\|"))
    return re.sub(r"\[(`[^`]+`)\]\(@ref\)", r"\1", "<br>".join(part for part in parts if part))


def catalogue(tests: Path) -> str:
    """docs/library.md; `tests` is the folder of the tests."""
    found, parts = TestedNames(tests), [INTRODUCTION]
    for name in PACKAGES:
        text, themes = package(name)
        parts.append(f"## {name}\n\n{_prose(text)}\n")
        for theme in themes:
            rows = [f"| {', '.join(map(_code, entry.names))} | {_cell(entry.code)} | {_prose(entry.text)} | "
                    f"{', '.join(found.places(entry.names[0])) or '–'} |" for entry in theme.entries]
            parts.append(f"### {theme.title}\n\n| name | signature, formula | meaning | tested |\n"
                         f"|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(catalogue(Path(__file__).parents[2] / "tests"), end="")
