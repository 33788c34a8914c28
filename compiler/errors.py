"""Errors of a user's making, and the places they point at.

A `Location` is a span in a source file. `sources` keeps the text of every file read, so that an error can
show its line.
"""

from dataclasses import dataclass, field

sources: dict[str, str] = {}
"""Text of each source by file name; whoever reads a source registers it here."""


@dataclass(frozen=True, slots=True)
class Location:
    """A half-open span of a source file; lines and columns count from 1, columns in code points."""

    file: str
    line: int
    column: int
    end_line: int = 0
    end_column: int = 0

    def __str__(self):
        return f"{self.file}:{self.line}:{self.column}"


@dataclass
class Note:
    """A line that follows an error: `called from`, a candidate, a hint. Shown with its source when it has a
    location."""

    text: str
    location: Location | None = None


@dataclass(eq=False)
class WeberError(Exception):
    """An error of a user's making. `str()` is the whole diagnostic: file:line:col, the line, a caret, notes.

    `kind` is the name of the Julia exception this corresponds to (`MethodError`, `DimensionMismatch`, …);
    `layer` is the innermost callable struct in which it arose, until its path in the program is known;
    `fields` are those of the Julia exception where they are known.
    """

    message: str
    location: Location | None = None
    notes: list[Note] = field(default_factory=list)
    kind: str = "ErrorException"
    layer: object = None
    fields: tuple | None = None

    def __str__(self):
        parts = [_headline(f"error: {self.message}", self.location)]
        parts += [_headline(note.text, note.location) for note in self.notes]
        return "\n".join(parts)


class UnsupportedError(WeberError):
    """A construct that Julia has and Weber does not; the message names it."""


def _headline(text, location):
    if location is None:
        return text
    return f"{location}: {text}" + excerpt(location)


def excerpt(location):
    """The source line of a location with a caret run under its span; empty where the source is unknown."""
    lines = sources.get(location.file, "").splitlines()
    if not 1 <= location.line <= len(lines):
        return ""
    line = lines[location.line - 1]
    start = min(location.column - 1, len(line))
    if location.end_line == location.line:
        end = location.end_column - 1
    else:
        end = len(line) if location.end_line > location.line else start + 1
    carets = "^" * max(1, min(end, max(len(line), start + 1)) - start)
    shift = "".join("\t" if character == "\t" else " " for character in line[:start])
    number = str(location.line)
    return f"\n {number} | {line}\n {' ' * len(number)} | {shift}{carets}"
