"""Packages and files: `using`, `import`, `include`; where modules come from."""

import os
from importlib import resources

from ...compiler.errors import Note, WeberError
from ..base.registry import MODULES
from ..state import state
from ..values import Module
from .evaluator import evaluate_block, find_binding, visible_names
from .scopes import undefined

MAX_INCLUDES = 100
LOADED: dict[str, Module] = {}
"""The library's packages that are loaded, by name."""


def import_into(module: Module, node, location):
    """Runs a `using` or `import` statement in a module."""
    if node.module is not None:
        source = resolve(module, node.module.path, location)
        for item in node.items:
            name = item.path[-1].removeprefix("@")
            if item.path[-1].startswith("@"):
                continue  # macros are known everywhere
            home = find_binding(source, name)
            if home is None:
                raise undefined(name, location, set(source.bindings) | source.exports)
            module.bindings[item.alias or name] = home[name]
        return
    for item in node.items:
        source = resolve(module, item.path, location)
        if source.__class__ is not Module:  # `import Base.show`
            module.bindings[item.alias or item.path[-1]] = source
            continue
        module.bindings.setdefault(item.alias or source.name, source)
        if node.kind == "using" and source not in module.usings:
            module.usings.append(source)


def resolve(module: Module, path, location):
    """The module (or binding) that a dotted path names, loading packages as needed."""
    parts = list(path)
    if parts[0] == ".":
        current = module
        parts.pop(0)
        while parts and parts[0] == ".":
            if current.parent is None:
                raise WeberError(f"module {current.name} has no module around it", location)
            current = current.parent
            parts.pop(0)
    else:
        name = parts.pop(0)
        found = module.bindings.get(name)
        current = found if found.__class__ is Module else load_package(name, location, module)
    for name in parts:
        home = find_binding(current, name) if current.__class__ is Module else None
        if home is None and current.__class__ is Module and name == current.name:
            continue  # a module knows its own name
        if home is None:
            raise undefined(name, location, visible_names(module))
        current = home[name]
    return current


def load_package(name, location=None, module=None) -> Module:
    """The package `name`: the library's, a builtin one, or a local one. Raises when there is none."""
    loaded = LOADED.get(name)
    if loaded is not None:
        return loaded
    library = resources.files("weber.frontend.library") / f"{name}.jl"
    if library.is_file():
        return load_library(name, str(library))
    if name in MODULES:
        return MODULES[name]
    local = load_local(name, location, module) if module is not None else None
    if local is not None:
        return local
    error = WeberError(f"ArgumentError: Package {name} not found", location, kind="ArgumentError")
    known = sorted(library_names())
    import difflib

    close = difflib.get_close_matches(name, known, 1, 0.6)
    error.notes.append(Note(f"  did you mean `{close[0]}`?" if close else "  available: " + ", ".join(known)))
    raise error


def library_names() -> set[str]:
    """The names of the packages that come with Weber."""
    files = resources.files("weber.frontend.library").iterdir()
    return {*MODULES, *(f.name[:-3] for f in files if f.name.endswith(".jl") and f.name[0].isupper())}


def load_local(name, location, module) -> Module | None:
    """The package `name` that the project of a module's file (or the current folder) lists; None without.
    Each program loads its own."""
    from ..compiling.entries import entry_table
    from ..parsing.parser import parse, read_source
    from .projects import find_package

    try:
        source = find_package(name, os.path.dirname(os.path.abspath(module.file)) if module.file else ".")
    except WeberError as error:
        error.location = location
        raise
    if source is None:
        return None
    loaded, path = entry_table(module).packages, str(source)
    if path in loaded:
        if loaded[path] is None:
            raise WeberError(f"package {name} needs itself: it is being loaded", location,
                             kind="ArgumentError")
        return loaded[path]
    loaded[path] = None
    try:
        outer = Module(name, loader=module.loader)
        outer.file = path
        evaluate_block(outer, parse(read_source(path), path))
        found = outer.bindings.get(name)
        if found.__class__ is not Module:
            raise WeberError(f"{path} does not define the module {name}", location, kind="ArgumentError")
        loaded[path] = found
    finally:
        if loaded[path] is None:
            del loaded[path]
    return found


def load_library(name, path) -> Module:
    """Loads a package of the library: `name.jl` holds `module name … end`."""
    from ..parsing import syntax
    from ..parsing.parser import parse_cached
    from .docstrings import document

    outer = Module("Library")
    outer.file = path
    LOADED[name] = placeholder = Module(name, parent=outer)
    outer.bindings[name] = placeholder
    placeholder.file = path
    block = parse_cached(path)
    trace, state.trace = state.trace, None
    try:
        (definition,) = [
            s for s in block.statements if isinstance(s, syntax.ModuleDefinition | syntax.Documented)
        ]
        if isinstance(definition, syntax.Documented):
            document(placeholder, "".join(definition.text.parts))
            definition = definition.definition
        evaluate_block(placeholder, definition.body, user=False)
    except BaseException:
        LOADED.pop(name, None)
        raise
    finally:
        state.trace = trace
    return placeholder


def include(module: Module, path, user=True):
    """`include(path)`: evaluates a file in a module; the path is relative to the including file."""
    from ..parsing.parser import parse, parse_cached, read_source

    if path.__class__ is not str:
        raise WeberError("MethodError: include takes the path of a file", kind="MethodError")
    base = os.path.dirname(os.path.abspath(module.file)) if module.file else os.getcwd()
    full = os.path.join(base, path)
    if not os.path.isfile(full):
        raise WeberError(f'SystemError: opening file "{full}": No such file or directory', kind="SystemError")
    block = parse(read_source(full), full) if user else parse_cached(full)
    if state.including >= MAX_INCLUDES:
        raise WeberError(f"StackOverflowError: files include each other, more than {MAX_INCLUDES} deep",
                         kind="StackOverflowError")
    previous, module.file = module.file, full
    state.including += 1
    try:
        return evaluate_block(module, block, user=user)
    finally:
        module.file = previous
        state.including -= 1
