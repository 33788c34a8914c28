"""The numpy interpreter: the meaning of the IR.

Every value's element type and rank are checked and its dims unified with the integers met so far: a named dim
stands for one size throughout a run of its block, whatever defines it first.
"""

from collections import ChainMap

import numpy as np

from .errors import Note, WeberError
from .ir import Block, Function, Operation, Value
from .types import DimExpression, dim_names, evaluate_dim, substitute, symbol


class Context:
    """What an op's `evaluate` sees: the sizes of dims, the operation's regions, and a way to run them."""

    def __init__(self, bindings=None, values=None):
        self.bindings = ChainMap() if bindings is None else bindings  # dim name → int
        self.values: dict[Value, np.ndarray] = {} if values is None else values
        self.regions: list[Block] = []
        self.shapes: list[tuple] = []  # of the operation's results

    def dim(self, dim) -> int:
        """The integer of a dim. Raises WeberError when a name in it is not bound."""
        try:
            return evaluate_dim(dim, self.bindings)
        except KeyError as error:
            raise WeberError(error.args[0]) from None

    def size(self, dim) -> int:
        """The size of an axis of a dim: one that is less than zero is empty."""
        return max(self.dim(dim), 0)

    def run(self, region: Block, arrays, dims: dict[str, int] | None = None) -> list[np.ndarray]:
        """Runs a region: dims that it binds last for this run, values around it are seen. `dims` are bound
        before, and hold all that the region has bound afterwards."""
        return run_block(region, arrays, Context(self.bindings.new_child(dims), self.values))

    def unify(self, value: Value, array: np.ndarray, what: str):
        """Binds the dims of a value's type to an array's sizes. Raises WeberError where they disagree."""
        type = value.type
        if array.dtype != type.element.numpy or array.ndim != type.rank:
            raise WeberError(f"{what} should have type {type}, got {array.dtype} of shape {array.shape}",
                             kind="DimensionMismatch")
        for dim, size in zip(type.shape, array.shape):
            if isinstance(dim, DimExpression):
                _solve(dim, size, self.bindings)
        for axis, (dim, size) in enumerate(zip(type.shape, array.shape)):
            if dim_names(dim) <= self.bindings.keys() and self.size(dim) != size:
                raise WeberError(f"{what} should have type {type}: axis {axis} has size {size}, "
                                 f"{dim} is {self.dim(dim)}", kind="DimensionMismatch")


def _solve(dim, size, bindings):
    """Binds the one unknown name of a dim that is linear in it, as N in 2N + 1."""
    rest = substitute(dim, bindings)
    if isinstance(rest, int) or len(rest.terms) > 2:
        return
    (monomial, coefficient), *constant = rest.terms
    offset = constant[0][1] if constant and constant[0][0] == () else 0
    if len(monomial) == 1 and isinstance(monomial[0],
                                         str) and rest == symbol(monomial[0]) * coefficient + offset:
        number, remainder = divmod(size - offset, coefficient)
        if remainder == 0 and number >= 0:
            bindings[monomial[0]] = number


def run(function: Function, inputs) -> list[np.ndarray]:
    """The results of a function for its inputs, a mapping from names to arrays or a sequence in order.

    Inputs left out of a mapping take their defaults. Raises WeberError where sizes, element types or names
    are wrong.
    """
    arguments = function.body.arguments
    if isinstance(inputs, dict):
        unknown = inputs.keys() - set(function.argument_names)
        inputs = {**function.defaults, **inputs}
        missing = [name for name in function.argument_names if name not in inputs]
        if unknown or missing:
            wrong = [f"has no input {name!r}" for name in sorted(unknown)] + [f"lacks input {name!r}"
                                                                              for name in missing]
            raise WeberError(f"{function.name} {', '.join(wrong)}", function.location)
        inputs = [inputs[name] for name in function.argument_names]
    if len(inputs) != len(arguments):
        raise WeberError(f"{function.name} takes {len(arguments)} inputs, got {len(inputs)}",
                         function.location)
    return run_block(function.body, [np.asarray(array) for array in inputs], Context())


def run_block(block: Block, arrays, context: Context) -> list[np.ndarray]:
    """Runs a block on arrays for its arguments and gives the arrays of its results."""
    for position, (argument, array) in enumerate(zip(block.arguments, arrays, strict=True)):
        array = np.asarray(array)
        context.unify(argument, array, f"input {argument.name or position}")
        context.values[argument] = array
    with np.errstate(all="ignore"):
        for operation in block.operations:
            run_operation(operation, context)
    return [context.values[value] for value in block.results]


def run_operation(operation: Operation, context: Context):
    """Runs one operation: the context gets the arrays of its results."""
    context.regions = operation.regions
    context.shapes = [value.shape for value in operation.results]
    try:
        arrays = operation.op.evaluate([context.values[operand] for operand in operation.operands],
                                       operation.attributes, context)
        for value, array in zip(operation.results, arrays, strict=True):
            array = np.asarray(array)
            context.unify(value, array, f"the result of {operation.name}")
            context.values[value] = array
    except WeberError as error:
        if error.location is None:
            error.location = operation.location
        elif operation.location not in (None, error.location):
            error.notes.append(Note("called from", operation.location))
        raise
