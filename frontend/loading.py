"""Programs from files: loading, running, and the Python face of a loaded module."""

import os
from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np

from ..compiler.errors import Note, WeberError
from . import types as t
from .base import load as load_base
from .base.registry import is_out_of_memory
from .calling import call
from .compiling.entries import Entry, entry_table, stage_entry
from .evaluation.evaluator import evaluate_block
from .evaluation.stack import with_deep_stack
from .state import LaneEffect, state
from .trees import leaves, map_leaves
from .type_lattice import is_type
from .values import Array, Function, Module, NamedTuple, Struct, to_host


@contextmanager
def reported():
    """Turns what a builtin did not foresee into a WeberError that names the line; WEBER_DEBUG shows it
    raw."""
    try:
        yield
    except WeberError:
        raise
    except RecursionError:
        raise WeberError("StackOverflowError", state.location, kind="StackOverflowError") from None
    except LaneEffect:
        raise WeberError(
            "a broadcast did what cannot be done for all elements at once", state.location
        ) from None
    except Exception as error:
        if is_out_of_memory(error):
            raise WeberError("OutOfMemoryError()", state.location, kind="OutOfMemoryError") from None
        if os.environ.get("WEBER_DEBUG") or type(error).__module__.split(".")[0] not in ("builtins", "numpy"):
            raise  # others than Python's own and numpy's are not from here
        raise WeberError(
            f"internal error: {type(error).__name__}: {error}",
            state.location,
            kind="InternalError",
            notes=[Note("  this is a fault of Weber, not of the program; WEBER_DEBUG=1 shows its trace")],
        ) from error
    finally:
        state.trace, state.lanes, state.depth, state.including, state.differentiating = None, 0, 0, 0, 0


def prepare():
    """What every evaluation needs: the builtins."""
    load_base()
    from .derivatives import gradients, rule_macros, rules  # noqa: F401  (as those below)
    from .evaluation import (  # noqa: F401  (they register how nodes compile, and builtins)
        assignments,
        autosize,
        containers,
        docstrings,
        dot_macro,
        element_access,
        expressions,
        functions,
        macros,
        modules,
        output_macros,
        statements,
        struct_macros,
        structs,
        type_expressions,
    )


def new_main(file=None, arguments=()) -> Module:
    """A fresh `Main` module."""
    prepare()
    module = Module("Main")
    module.file = file
    module.bindings["Main"] = module
    from .base.iteration import collect_values

    module.bindings["ARGS"] = (
        collect_values(iter(list(arguments)), (len(arguments),))
        if arguments
        else Array(np.empty(0, dtype=object), t.array_type(t.String, 1))
    )
    module.bindings["PROGRAM_FILE"] = ""
    module.constants.update(("Main", "ARGS", "PROGRAM_FILE"))
    entry_table(module)
    return module


@with_deep_stack
def load_file(path, arguments=(), running=False) -> "LoadedModule":
    """Evaluates a file and gives its module. Raises WeberError for a missing file and for the program's
    errors."""
    from .parsing.parser import parse, read_source

    path = os.fspath(path)
    if not os.path.isfile(path):
        raise WeberError(f"{path}: " + ("is a folder" if os.path.isdir(path) else "no such file"))
    module = new_main(path, arguments)
    if running:
        module.bindings["PROGRAM_FILE"] = path
    with reported():
        block = parse(read_source(path), path)
        evaluate_block(module, block)
    return LoadedModule(module, path)


@with_deep_stack
def run_input(content: bytes):
    """Runs the bytes of the standard input as a script, as `julia < FILE` does."""
    from .parsing.parser import parse, source_text

    module = new_main()
    with reported():
        evaluate_block(module, parse(source_text(content, "stdin"), "stdin"))


def run_file(path, arguments=()):
    """Runs a file as a script, as `julia FILE args…` does."""
    load_file(path, arguments, running=True)


class LoadedModule:
    """A loaded file: its globals are attributes; functions take and give numpy arrays.

    `compile(signature)` gives an `Artifact`; `state` is the mapping from the names of the program's state to
    arrays.
    """

    def __init__(self, module, path):
        self._module, self._path = module, path

    def __getattr__(self, name):
        bindings = self._module.bindings
        if name.startswith("__") or name not in bindings:
            raise AttributeError(f"{os.path.basename(self._path)} defines no `{name}`")
        return to_python(bindings[name])

    def __dir__(self):
        return [*super().__dir__(), *(n for n in self._module.bindings if n.isidentifier())]

    @property
    def state(self):
        """The state of the program by name, as numpy arrays that can be assigned."""
        return ModuleState(self._module)

    def entries(self) -> list[Entry]:
        """The exported entries in order of definition."""
        return list(entry_table(self._module).entries.values())

    def add_entry(self, signature: str) -> Entry:
        """Adds (or replaces) an entry from `--entry` text such as `"f(x::Float32[64, N])"`."""
        from .compiling.entries import parameter_of
        from .compiling.signatures import parse_signature
        from .parsing import syntax
        from .parsing.parser import parse

        block = parse(signature, "entry")
        node = block.statements[0] if len(block.statements) == 1 else None
        if not isinstance(node, syntax.Call) or not isinstance(node.function, syntax.Identifier):
            raise WeberError(f"an entry has the form f(x::Float32[64, N]), got {signature!r}")
        name = node.function.name
        table = entry_table(self._module)
        known = table.entries.get(name)
        function = known.function if known is not None else self._module.bindings.get(name)
        if function is None:
            import difflib

            error = WeberError(f"UndefVarError: `{name}` not defined", node.location, kind="UndefVarError")
            close = difflib.get_close_matches(name, self._module.bindings, 1, 0.6)
            error.notes += [Note(f"  did you mean `{close[0]}`?")] if close else []
            raise error
        specs = parse_signature([parameter_of(a) for a in node.arguments], self._module)
        if specs is None:
            raise WeberError("every parameter of an entry needs a type with sizes", node.location)
        entry = Entry(name, function, specs, node.location, self._module)
        table.add(entry)
        return entry

    @with_deep_stack
    def compile(self, signature: str, target="portable", opset=21):
        """The `Artifact` of an entry, by name or by signature."""
        from ..compiler.passes.batch import Report
        from ..compiler.pipeline import compile_to_onnx
        from ..runtime.artifact import Artifact

        with reported():
            entry, report = self._entry(signature), Report()
            model = compile_to_onnx(stage_entry(entry), target=target, opset=opset, report=report)
            return Artifact(model, entry.name, tuple(dict.fromkeys(map(str, report.decisions))))

    def _entry(self, signature):
        if "(" in signature:
            return self.add_entry(signature)
        entry = entry_table(self._module).entries.get(signature)
        if entry is None:
            known = ", ".join(entry_table(self._module).entries) or "none"
            raise WeberError(f"there is no exported function `{signature}`; exported: {known}")
        return entry

    @with_deep_stack
    def graphs(self, target="portable"):
        """The optimised graph of each entry that has sizes, as an IR module."""
        from ..compiler.ir import Module as Graphs
        from ..compiler.pipeline import optimise

        return Graphs(
            {e.name: optimise(stage_entry(e), target) for e in self.entries() if e.parameters is not None}
        )

    def emit_ir(self) -> str:
        """The IR of all entries as text."""
        from ..compiler.text import print_module

        return print_module(self.graphs())


class ModuleState(Mapping):
    """The state of a loaded program: a mapping from names to numpy arrays.

    Reading gives copies; assigning checks shape and element type and takes effect in the next call."""

    def __init__(self, module):
        self._module = module

    def _places(self):
        """Name → (place, path of the leaf in its value, leaf)."""
        from .compiling.entries import StateNames, written_places

        names, found = StateNames(self._module), {}
        for place in written_places(entry_table(self._module)):
            if place.owner.__class__ is Array:
                found[names.array(place.owner)] = (place, "", place.owner)
                continue
            for path, leaf in leaves(place.get()):
                name = (
                    names.array(leaf)
                    if leaf.__class__ is Array
                    else names.place(place) + (f".{path}" if path else "")
                )
                found[name] = (place, path, leaf)
        return found

    def _find(self, name):
        from ..runtime.state import StateNameError

        places = self._places()
        if name not in places:
            known = ", ".join(places)
            raise StateNameError(f"there is no state `{name}`; the states are {known}", kind="KeyError")
        return places[name]

    def __iter__(self):
        return iter(self._places())

    def __len__(self):
        return len(self._places())

    def __contains__(self, name):
        return name in self._places()

    def items(self):
        return {name: np.array(to_python(leaf)) for name, (_, _, leaf) in self._places().items()}.items()

    def __getitem__(self, name):
        return np.array(to_python(self._find(name)[2]))

    def __setitem__(self, name, value):
        from ..runtime.state import checked_value
        from ..runtime.tensors import TensorSpec

        place, path, leaf = self._find(name)
        current = np.asarray(to_python(leaf))
        value = checked_value(value, TensorSpec(name, current.dtype, current.shape))
        if leaf.__class__ is Array:
            leaf.data = np.array(value)
        else:
            new = to_host(value[()])
            place.set(map_leaves(place.get(), lambda old, where: new if where == path else old))


# --- Python values ------------------------------------------------------------------------------------------


def from_python(value):
    """A Python value as a Julia one: numpy arrays keep their bytes (dims reversed), dicts become named
    tuples."""
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return to_host(value[()])
        if value.dtype not in t.JULIA_TYPES:
            raise WeberError(f"a numpy array of {value.dtype} has no counterpart here", kind="ArgumentError")
        return Array(value if value.flags.c_contiguous else np.ascontiguousarray(value))
    if isinstance(value, np.generic):
        return to_host(value)
    if isinstance(value, dict):
        return NamedTuple(value.keys(), map(from_python, value.values()))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return NamedTuple(value._fields, map(from_python, value))
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        names = list(value.__dataclass_fields__)
        return NamedTuple(names, [from_python(getattr(value, name)) for name in names])
    if isinstance(value, tuple):
        return tuple(map(from_python, value))
    if isinstance(value, list):
        from .base.iteration import collect_values

        return collect_values(iter([from_python(item) for item in value]), (len(value),))
    if isinstance(value, PythonStruct):
        return value._value
    if isinstance(value, PythonFunction):
        return value._function
    return value


def to_python(value):
    """A Julia value as a Python one: arrays as numpy (dims reversed), named tuples as namedtuples, structs as
    objects."""
    if value.__class__ is Array:
        if value.element in t.NUMPY_TYPES:
            return value.data
        return [to_python(item) for item in value.data.reshape(-1)]
    if value.__class__ is tuple:
        return tuple(map(to_python, value))
    if value.__class__ is NamedTuple:
        from collections import namedtuple

        return namedtuple("NamedTuple", value.names, rename=True)(*map(to_python, value.values))
    if value.__class__ is Function or is_type(value):
        return PythonFunction(value)
    if value.__class__ is Struct:
        return PythonStruct(value)
    return value


class PythonFunction:
    """A function of the program, called with numpy arrays."""

    def __init__(self, function):
        self._function = function

    @with_deep_stack
    def __call__(self, *arguments, **keywords):
        values = [from_python(a) for a in arguments]
        given = {name: from_python(v) for name, v in keywords.items()}
        with reported():
            return to_python(call(self._function, values, given or None))

    def __repr__(self):
        from .printing.display import show_value

        return show_value(self._function)


class PythonStruct:
    """A struct of the program: fields as attributes, callable when the struct is."""

    def __init__(self, value):
        object.__setattr__(self, "_value", value)

    def __getattr__(self, name):
        from .evaluation.properties import get_property

        if name.startswith("__"):
            raise AttributeError(name)
        return to_python(get_property(self._value, name))

    def __setattr__(self, name, value):
        from .evaluation.properties import set_property

        set_property(self._value, name, from_python(value))

    @with_deep_stack
    def __call__(self, *arguments):
        with reported():
            return to_python(call(self._value, [from_python(a) for a in arguments]))

    def __repr__(self):
        from .printing.display import show_value

        return show_value(self._value)
