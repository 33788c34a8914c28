"""The commands of the REPL's package mode, on the project of the current folder."""

import difflib
import os
import shlex

from ...compiler.errors import WeberError
from ..evaluation.projects import Project, find_project

HELP = """\
status                  the packages of the project
add PATH, dev PATH      list the local package in a folder: a Project.toml and src/Name.jl
rm NAME                 take a package off the list
help                    this text

The list stands in the project's Project.toml, under [sources]. `using NAME` loads a package."""


def current_project() -> Project:
    """The project of the current folder; one that does not exist yet where there is none."""
    return find_project(os.getcwd()) or Project(os.getcwd())


def package_command(text: str) -> str:
    """Carries a command out and gives what it prints. Raises WeberError."""
    try:
        command, *arguments = shlex.split(text, comments=True) or [""]
    except ValueError as error:
        raise WeberError(f"cannot read the command: {error}", kind="ArgumentError") from None
    if command == "":
        return ""
    found = _COMMANDS.get(command)
    if found is None:
        close = difflib.get_close_matches(command, _COMMANDS, 1, 0.6)
        hint = f"; did you mean `{close[0]}`?" if close else "; `help` lists the commands"
        raise WeberError(f"`{command}` is not a command of the package mode{hint}", kind="ArgumentError")
    run, wanted = found
    if len(arguments) < (wanted is not None) or wanted is None and arguments:
        takes = f"takes a {wanted}" if wanted else "takes nothing"
        raise WeberError(f"`{command}` {takes}: `help` lists the commands", kind="ArgumentError")
    return run(current_project(), arguments)


def _status(project, _arguments):
    packages = project.packages() if project.file.is_file() else {}
    lines = [f"Project {project.name or ''}".rstrip() + f" `{project.file}`"]
    for name, folder in sorted(packages.items()):
        if folder != project.folder:
            missing = "" if folder.is_dir() else "  (missing)"
            lines.append(f"  {name}  `{os.path.relpath(folder, project.folder)}`{missing}")
    return "\n".join(lines if len(lines) > 1 else [lines[0] + " (no packages)"])


def _add(project, paths):
    names = [project.add(path) for path in paths]
    return "\n".join(f"  {name} added to `{project.file}`" for name in names)


def _remove(project, names):
    for name in names:
        project.remove(name)
    return "\n".join(f"  {name} removed from `{project.file}`" for name in names)


def _help(_project, _arguments):
    return HELP


_COMMANDS = {
    "status": (_status, None), "st": (_status, None), "help": (_help, None), "?": (_help, None),
    "add": (_add, "folder"), "dev": (_add, "folder"), "develop": (_add, "folder"),
    "rm": (_remove, "name"), "remove": (_remove, "name"),
}
COMMANDS = sorted(_COMMANDS)
