"""Projects and their local packages: a folder with `Project.toml`, and what stands under its `[sources]`.

A package is a folder with a `Project.toml` that names it and a file `src/Name.jl`. A project lists the
packages that `using` finds as Julia ≥ 1.11 does:

    [deps]
    Shapes = "8f2b…"                    # the package's uuid, when it has one

    [sources]
    Shapes = {path = "lib/Shapes"}      # relative to the project's folder

The package mode of the REPL (`add`, `dev`, `rm`, `status`) edits these lines and leaves the rest of the file
as it is.
"""

import json
import os
import re
import tomllib
from pathlib import Path

from ...compiler.errors import WeberError

FILE = "Project.toml"
_NAME = re.compile(r"[^\W\d]\w*").fullmatch


class Project:
    """The project in a folder; its file need not exist yet."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.file = self.folder / FILE

    def read(self) -> dict:
        """The contents of the file. Raises WeberError for one that is not TOML."""
        try:
            return tomllib.loads(self.file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise WeberError(f"{self.file}: not valid TOML: {error}", kind="ArgumentError") from None
        except OSError as error:
            raise WeberError(f"cannot read {self.file}: {error.strerror}", kind="SystemError") from None

    @property
    def name(self):
        """The name that the file gives, None without."""
        name = self.read().get("name")
        return name if isinstance(name, str) else None

    def packages(self) -> dict[str, Path]:
        """The folders of the packages by name: those under `[sources]`, and the project when it is one."""
        content = self.read()
        sources = content.get("sources")
        found = {
            name: Path(os.path.normpath(self.folder / source["path"]))
            for name, source in (sources if isinstance(sources, dict) else {}).items()
            if isinstance(source, dict) and isinstance(source.get("path"), str)
        }
        name = self.name
        if name and source_file(self.folder, name).is_file():
            found.setdefault(name, self.folder)
        return found

    def add(self, path) -> str:
        """Lists the package in a folder; gives its name. Raises WeberError when there is none."""
        folder = Path(os.path.abspath(os.path.expanduser(path)))
        name, uuid = package_in(folder)
        if folder == Path(os.path.abspath(self.folder)):
            raise WeberError(f"{name} is this project itself: `using {name}` finds it", kind="ArgumentError")
        try:
            relative = Path(os.path.relpath(folder, self.folder)).as_posix()
        except ValueError:  # another drive
            relative = folder.as_posix()
        self.read()  # a file that is not TOML is left alone
        lines = self._lines()
        if uuid is not None:
            lines = with_line(lines, "deps", name, _quoted(uuid))
        self._write(with_line(lines, "sources", name, f"{{path = {_quoted(relative)}}}"))
        return name

    def remove(self, name):
        """Takes a package off the list. Raises WeberError when it is not on it."""
        sources = self.read().get("sources")
        if not isinstance(sources, dict) or name not in sources:
            raise WeberError(f"there is no package {name} in {self.file}", kind="ArgumentError")
        lines = without_line(self._lines(), "sources", name)
        self._write(without_line(lines, "deps", name))
        if name in (self.read().get("sources") or {}):
            raise WeberError(f"{self.file}: remove {name} under [sources] by hand", kind="ArgumentError")

    def _lines(self):
        return self.file.read_text("utf-8").splitlines() if self.file.exists() else []

    def _write(self, lines):
        from ...runtime.files import write_aside

        write_aside(self.file, ("\n".join(lines) + "\n").encode())


def find_project(folder) -> Project | None:
    """The project of a folder: the nearest folder, from it upwards, with a `Project.toml`."""
    folder = Path(os.path.abspath(folder))
    for place in (folder, *folder.parents):
        if (place / FILE).is_file():
            return Project(place)
    return None


def find_package(name, folder) -> Path | None:
    """The source file of the local package `name` for code in a folder; None when no project lists it."""
    project = find_project(folder)
    place = project.packages().get(name) if project is not None else None
    if place is None:
        return None
    found, _ = package_in(place)
    if found != name:
        raise WeberError(f"{project.file} lists {name}, but {place} holds the package {found}",
                         kind="ArgumentError")
    return source_file(place, name)


def source_file(folder, name) -> Path:
    """Where a package has its module."""
    return Path(folder) / "src" / f"{name}.jl"


def package_in(folder) -> tuple[str, str | None]:
    """The name and the uuid (None without) of the package in a folder. Raises WeberError without one."""
    if not Path(folder).is_dir():
        raise WeberError(f"{folder}: no such folder", kind="ArgumentError")
    project = Project(folder)
    if not project.file.is_file():
        raise WeberError(f"{folder} is not a package: it has no {FILE}", kind="ArgumentError")
    content = project.read()
    name, uuid = content.get("name"), content.get("uuid")
    if not isinstance(name, str) or not _NAME(name):
        raise WeberError(f"{project.file} has no line such as name = \"Shapes\"", kind="ArgumentError")
    source = source_file(folder, name)
    if not source.is_file():
        raise WeberError(f"{folder} is not a package: it has no src/{name}.jl", kind="ArgumentError")
    return name, uuid if isinstance(uuid, str) else None


# --- lines of a TOML file -----------------------------------------------------------------------------------


def _quoted(text):
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML string


def _section(lines, section):
    """(first, end) of the lines under a `[section]`; None without."""
    for start, line in enumerate(lines):
        if re.fullmatch(rf"\s*\[\s*{section}\s*\]\s*(#.*)?", line):
            first = start + 1
            end = first
            while end < len(lines) and not lines[end].lstrip().startswith("["):
                end += 1
            return first, end
    return None


def _is_entry(line, name):
    return re.match(rf"\s*(\"{re.escape(name)}\"|{re.escape(name)})\s*=", line) is not None


def with_line(lines, section, name, value):
    """The lines with `name = value` under a section, in place of another value or in the order of names."""
    entry = f"{name} = {value}"
    place = _section(lines, section)
    if place is None:
        return [*lines, *([""] if lines and lines[-1].strip() else []), f"[{section}]", entry]
    first, end = place
    for index in range(first, end):
        if _is_entry(lines[index], name):
            return [*lines[:index], entry, *lines[index + 1:]]
    while end > first and not lines[end - 1].strip():
        end -= 1
    index = next((i for i in range(first, end) if lines[i].strip() > entry), end)
    return [*lines[:index], entry, *lines[index:]]


def without_line(lines, section, name):
    """The lines without `name = …` under a section; an empty section goes too."""
    place = _section(lines, section)
    if place is None:
        return lines
    first, end = place
    kept = [line for line in lines[first:end] if not _is_entry(line, name)]
    if not any(line.strip() for line in kept):
        before = lines[:first - 1]
        while before and not before[-1].strip():
            before = before[:-1]
        return [*before, *([""] if before and end < len(lines) else []), *lines[end:]]
    return [*lines[:first], *kept, *lines[end:]]
