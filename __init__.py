"""Weber: models written in Julia, compiled to plain ONNX.

`weber.load` gives a Julia file's functions or an ONNX artifact's program, `weber.Session` evaluates Julia
line by line, `weber.Program` is an artifact as a Python function and `weber.WeberError` every error of a
user's making.
"""

from importlib import import_module

__all__ = ["Program", "Session", "WeberError", "__version__", "load"]

# Imported at first use: `import weber` itself loads nothing.
_HOMES = {"Program": ".runtime.program", "Session": ".frontend.interactive.session",
          "WeberError": ".compiler.errors"}


def load(path, device="cpu", state=None, threads=None):
    """A Julia file evaluated, or an artifact as a program.

    `FILE.jl` gives a module: its globals are attributes, its functions compile for the sizes they are called
    with. `FILE.onnx` gives a `Program` on `device` ("cpu", "cuda", "cuda:1"); pass the `state` of another
    program to share it. Raises WeberError for a file that is missing or faulty and for a device that cannot
    be used.
    """
    import os

    path = os.fspath(path)
    if path.endswith(".onnx"):
        from .runtime.program import Program

        return Program(path, device, state, threads)
    if path.endswith(".jl"):
        from .frontend.loading import load_file

        return load_file(path)
    from .compiler.errors import WeberError

    raise WeberError(f"{path}: expected a Julia file (.jl) or an ONNX artifact (.onnx)")


def __getattr__(name):
    if name == "__version__":
        from importlib.metadata import version

        return version("weber")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
