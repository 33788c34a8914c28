"""String macros: `r"…"`, `s"…"`, `b"…"`, `v"…"`, `MIME"…"`."""

from ..evaluation.macros import STRING_MACROS
from .number_parsing import bytes_of_text
from .printing import mime_value
from .regex import Regex, Substitution

STRING_MACROS["r"] = Regex
STRING_MACROS["s"] = lambda template, _flags: Substitution(template)
STRING_MACROS["b"] = lambda text, _flags: bytes_of_text(text)
STRING_MACROS["v"] = lambda text, _flags: text
STRING_MACROS["MIME"] = lambda name, _flags: mime_value(name).type
