"""What of Julia's Base and standard library there is, as the tables of docs/language.md.

    python -m weber.frontend.base.coverage
"""

from ..derivatives import rule_macros  # noqa: F401  (registers macros)
from ..evaluation import autosize, dot_macro, output_macros, struct_macros  # noqa: F401  (as well)
from ..evaluation.macros import MACROS, STRING_MACROS
from ..evaluation.macros import REFUSED as REFUSED_MACROS
from ..type_lattice import is_type
from ..values import Function
from . import load
from .refused import REFUSED
from .registry import MODULES

STANDARD_LIBRARY = ("Statistics", "LinearAlgebra", "Random", "Printf", "DelimitedFiles")


def sections():
    """(title, names) of each table: names of Base by kind, the other modules, macros, what is refused."""
    load()
    base = MODULES["Base"]
    refused = {name for names in REFUSED.values() for name in names}
    names = [name for name in sorted(base.exports) if name in base.bindings and name not in refused]
    public = {name: base.bindings[name] for name in names}
    functions = [name for name, value in public.items() if value.__class__ is Function]
    types = [name for name, value in public.items() if is_type(value)]
    words = [name for name in functions if name[0].isalpha() or name[0] == "_"]
    yield "Operators", [name for name in functions if name not in words]
    yield "Functions", words
    yield "Types", types
    yield "Constants", [name for name in public if name not in functions and name not in types]
    inner = [name for name in sorted(base.bindings) if name not in base.exports and name not in refused]
    yield "Not exported: `Base.name`", [name for name in inner if base.bindings[name].__class__ is Function]
    yield "`Iterators`", sorted(MODULES["Iterators"].exports)
    for name in (*STANDARD_LIBRARY, "NPZ"):
        module = MODULES[name]
        yield f"`using {name}`", sorted(module.exports)
    yield "Macros", [f"@{name}" for name in sorted(MACROS) if name not in REFUSED_MACROS]
    yield "String macros", [f'{name}"…"' for name in sorted({"raw", *STRING_MACROS})]
    refused_macros = [f"@{name}" for name in sorted(REFUSED_MACROS)]
    yield "Refused, with an error that says so", sorted(refused) + refused_macros


def tables() -> str:
    """All tables as Markdown."""
    parts = []
    for title, names in sections():
        shown = " ".join(f"`` {name} ``" if "`" in name else f"`{name}`" for name in names)
        parts.append(f"### {title} ({len(names)})\n\n{shown}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(tables())
