"""The passes in order, from a function as it was staged and differentiated to an ONNX model."""

import os
import sys

from .ir import Function
from .passes.calls import inline_calls
from .passes.fuse import fuse
from .passes.recurrence import raise_recurrences
from .passes.simplify import simplify
from .text import print_function
from .verify import verify

PASSES = (inline_calls, simplify, raise_recurrences, fuse)


def optimise(function: Function, target: str = "portable") -> Function:
    """An equivalent function in the form that exports best for a target.

    With WEBER_DEBUG=1 the verifier runs after each pass, with 2 each pass's result is printed on stderr too.
    """
    debug = int(os.environ.get("WEBER_DEBUG") or 0)
    _inspect(function, "staged", debug)
    for one in PASSES:
        function = one(function)
        _inspect(function, one.__name__, debug)
    return function


def _inspect(function, title, debug):
    if debug:
        verify(function)
    if debug > 1:
        print(f"// {function.name}: {title}\n{print_function(function)}", file=sys.stderr)


def compile_to_onnx(function: Function, target: str = "portable", opset: int = 21, metadata=None):
    """The ONNX model of a function, optimised. Raises what `onnx_export.export` raises."""
    from .onnx_export import export

    return export(optimise(function, target), opset, target=target, metadata=metadata)
