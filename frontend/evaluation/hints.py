"""What a name that is not defined may have been meant to be: another spelling, a package's name, another
language's word."""

import difflib
import re
from pathlib import Path

from ..base.registry import MODULES

FOREIGN = {
    "None": "nothing", "True": "true", "False": "false", "len": "length", "elif": "elseif",
    "append": "push!", "extend": "append!", "float64": "Float64", "float32": "Float32", "int": "Int",
    "str": "string", "list": "collect", "dict": "Dict", "raise": "throw",
    "ADAM": "Adam", "ADAMW": "AdamW", "RMSprop": "RMSProp",
}  # fmt: skip
"""Words of other languages and of older versions of Flux."""

LIBRARIES = {"Statistics", "LinearAlgebra", "Random", "Printf", "DelimitedFiles", "NPZ"}
"""The packages of builtins; the others stand in `library/`."""

_EXPORTS = re.compile(r"^export ((?:[^\n]*,\s*\n)*[^\n]*)", re.MULTILINE)


def suggestion(name, candidates) -> str | None:
    """A sentence that may help who wrote `name`; `candidates` are the names that can be used there."""
    if name in FOREIGN:
        return f"did you mean `{FOREIGN[name]}`?"
    package = package_of(name)
    if package is not None:
        return f"`{name}` is a name of {package}: write `using {package}`"
    folded = {candidate.lower(): candidate for candidate in candidates}
    close = difflib.get_close_matches(name, candidates, 1, 0.75)
    if not close and name.lower() in folded:
        close = [folded[name.lower()]]
    return f"did you mean `{close[0]}`?" if close else None


def package_of(name) -> str | None:
    """The package that comes with Weber and exports the name."""
    for module in MODULES.values():
        if name in module.exports and module.name in LIBRARIES:
            return module.name
    for path in sorted((Path(__file__).parents[1] / "library").glob("[A-Z]*.jl")):
        for exported in _EXPORTS.findall(path.read_text(encoding="utf-8")):
            if name in re.split(r"[,\s]+", exported):
                return path.stem
    return None
