"""The passes in order, from a function as it was staged and differentiated to an ONNX model."""

import os
import sys

from .ir import Function
from .passes.batch import Report, batch
from .passes.calls import inline_calls
from .passes.fuse import fuse
from .passes.loops.restructure import restructure_loops
from .passes.packing import pack_sums
from .passes.recurrence import raise_recurrences
from .passes.row_sparse import keep_rows
from .passes.simplify import simplify
from .text import print_function
from .verify import verify


def optimise(function: Function, target: str = "portable", report: Report | None = None) -> Function:
    """An equivalent function in the form that exports best for a target; `report` takes down what became of
    its maps.

    With WEBER_DEBUG=1 the verifier runs after each pass, with 2 each pass's result is printed on stderr too.
    """
    _inspect(function, "staged")
    function = _inspect(inline_calls(function), "inline_calls")
    function = _inspect(simplify(function), "simplify")
    function = _inspect(raise_recurrences(function), "raise_recurrences")
    function = _inspect(restructure_loops(function), "restructure_loops")
    batched = batch(function, report)
    if batched is not function:
        _inspect(batched, "batch")
        function = _inspect(simplify(batched), "simplify")
        function = _inspect(raise_recurrences(function), "raise_recurrences")
        function = _inspect(restructure_loops(function), "restructure_loops")
    for change in (pack_sums, keep_rows):
        changed = change(function)
        if changed is not function:
            function = _inspect(changed, change.__name__)
    return _inspect(fuse(function), "fuse")


def _inspect(function, title):
    debug = int(os.environ.get("WEBER_DEBUG") or 0)
    if debug:
        verify(function)
    if debug > 1:
        print(f"// {function.name}: {title}\n{print_function(function)}", file=sys.stderr)
    return function


def compile_to_onnx(function: Function, target: str = "portable", opset: int = 21, metadata=None,
                    report: Report | None = None):
    """The ONNX model of a function, optimised. Raises what `onnx_export.export` raises."""
    from .onnx_export import export

    return export(optimise(function, target, report), opset, target=target, metadata=metadata)
