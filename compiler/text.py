"""The IR as text: MLIR's generic syntax. `text_parser` reads back what `print_module` wrote, without loss.

    "weber.func"() ({
    ^bb0(%x: tensor<?x4xf32, ["N"]>):
      %y = "weber.reduce_sum"(%x) {axes = [1]} : (tensor<?x4xf32, ["N"]>) -> tensor<?xf32, ["N"]> loc("f":3:5)
      "weber.yield"(%y) : (tensor<?xf32, ["N"]>) -> ()
    }) {argument_names = ["x"], result_names = ["f"], sym_name = "f"} : () -> ()

A value's name is its SSA name where that is a free identifier; else it stands in the location,
`loc("θ"("f.jl":3:5))`, as MLIR names locations. Dims are `#weber.dim<"2*N + 1">`, numbers that decimals
cannot hold are hexadecimal bits.
"""

import re
from itertools import count

import numpy as np

from .errors import Location
from .ir import Block, Function, Module, Operation, Value
from .types import DimExpression, ElementType, TensorType, element_type_of

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$.]*\Z", re.ASCII)
_KEY = re.compile(r"[A-Za-z_][\w$.]*\Z", re.ASCII)
LISTED_ELEMENTS = 16
"""Constants of more elements are printed as hexadecimal bytes."""


def print_module(module: Module) -> str:
    """The text of a module."""
    return "\n".join(map(print_function, module.functions.values()))


def print_function(function: Function) -> str:
    """The text of one function."""
    attributes = {"sym_name": function.name, "argument_names": list(function.argument_names),
                  "result_names": list(function.result_names)}
    if function.defaults:
        attributes["defaults"] = {name: np.asarray(value) for name, value in function.defaults.items()}
    if function.state:
        attributes["state"] = dict(function.state)
    if function.metadata:
        attributes["metadata"] = dict(function.metadata)
    printer = _Printer()
    printer.lines.append('"weber.func"() ({')
    printer.block(function.body, 0)
    printer.lines.append(f"}}) {print_attributes(attributes)} : () -> (){_location(function.location)}")
    return "\n".join(printer.lines) + "\n"


class _Printer:
    def __init__(self):
        self.lines: list[str] = []
        self.names: dict[Value, str] = {}
        self.used: set[str] = set()
        self.numbers = count()

    def define(self, value: Value) -> str:
        """Gives a value its SSA name: its own where that is free, else a number."""
        name = value.name
        if not _IDENTIFIER.match(name) or name in self.used:
            name = str(next(self.numbers))
        self.used.add(name)
        self.names[value] = f"%{name}"
        return self.names[value]

    def block(self, block: Block, depth):
        indent = "  " * depth
        arguments = []
        for value in block.arguments:
            name = self.define(value)
            arguments.append(f"{name}: {value.type}{_location(None, self.name_in_location(value))}")
        self.lines.append(f"{indent}^bb0({', '.join(arguments)}):")
        for operation in block.operations:
            self.operation(operation, depth + 1)
        yielded = ", ".join(self.names[value] for value in block.results)
        types = ", ".join(str(value.type) for value in block.results)
        self.lines.append(f'{indent}  "weber.yield"({yielded}) : ({types}) -> ()')

    def name_in_location(self, value):
        return value.name if value.name and self.names[value] != f"%{value.name}" else None

    def operation(self, operation: Operation, depth):
        indent = "  " * depth
        operands = ", ".join(self.names[value] for value in operation.operands)
        results = ", ".join(self.define(value) for value in operation.results)
        head = f'{indent}{results}{" = " if results else ""}"weber.{operation.name}"({operands})'
        for index, region in enumerate(operation.regions):
            self.lines.append(f"{head} ({{" if index == 0 else f"{indent}}}, {{")
            self.block(region, depth)
        if operation.regions:
            head = f"{indent}}})"
        attributes = f" {print_attributes(operation.attributes)}" if operation.attributes else ""
        types = ", ".join(str(value.type) for value in operation.operands)
        result_types = ", ".join(str(value.type) for value in operation.results)
        if len(operation.results) != 1:
            result_types = f"({result_types})"
        names = [self.name_in_location(value) for value in operation.results]
        location = _location(operation.location, *names)
        self.lines.append(f"{head}{attributes} : ({types}) -> {result_types}{location}")


def _location(location: Location | None, *names) -> str:
    """` loc(…)`, with a name for each result if any has to be named here; empty where there is nothing to
    say."""
    place = "unknown" if location is None else _span(location)
    if any(names):
        parts = [f"{print_string(name or '')}({place})" for name in names]
        return f" loc({parts[0]})" if len(parts) == 1 else f" loc(fused[{', '.join(parts)}])"
    return "" if location is None else f" loc({place})"


def _span(location):
    text = f"{print_string(location.file)}:{location.line}:{location.column}"
    if location.end_line or location.end_column:
        text += f" to {location.end_line}:{location.end_column}"
    return text


# --- attributes ---------------------------------------------------------------------------------------------

def print_attributes(attributes) -> str:
    """A dictionary attribute."""
    pairs = (f"{key if _KEY.match(key) else print_string(key)} = {print_attribute(value)}"
             for key, value in sorted(attributes.items()))
    return "{" + ", ".join(pairs) + "}"


def print_attribute(value) -> str:
    """An attribute's value. Raises TypeError for a type that attributes do not have."""
    match value:
        case None:
            return "unit"
        case bool() | np.bool_():
            return "true" if value else "false"
        case int() | np.integer():
            return str(int(value))
        case float():
            return print_float(value)
        case str():
            return print_string(value)
        case DimExpression():
            return f'#weber.dim<"{value}">'
        case ElementType():
            return value.name
        case tuple() | list():
            return f"[{', '.join(map(print_attribute, value))}]"
        case dict():
            return print_attributes(value)
        case np.ndarray() | np.generic():
            return print_array(np.asarray(value))
    raise TypeError(f"the text form has no attribute of type {type(value).__name__}")


def print_string(text: str) -> str:
    r"""A string literal; bytes that are not printable ASCII are kept as they are but for `"`, `\` and
    controls."""
    return '"' + re.sub(r'["\\\x00-\x1f\x7f]', lambda match: f"\\{ord(match[0]):02X}", text) + '"'


def print_float(value: float) -> str:
    """A float64 literal: the shortest decimal that reads back, hexadecimal bits for NaN and infinities."""
    if not np.isfinite(value):
        return f"0x{np.float64(value).view(np.uint64):016X} : f64"
    return _decimal(repr(float(value)))


def _decimal(digits: str) -> str:
    """A decimal with the point that MLIR demands: `1e-05` is `1.0e-05`."""
    mantissa, exponent, power = digits.partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + exponent + power


def print_array(array: np.ndarray) -> str:
    """A dense elements literal: one number where all are the same bits, nested lists, or the bytes."""
    type = TensorType(element_type_of(array.dtype), array.shape)
    if array.size and _is_splat(array):
        body = _print_element(array.reshape(-1)[0])
    elif array.size <= LISTED_ELEMENTS:
        body = _print_nested(array)
    else:
        body = f'"0x{array.tobytes().hex().upper()}"'
    return f"dense<{body}> : {type}"


def _is_splat(array):
    rows = np.frombuffer(array.tobytes(), np.dtype((np.void, array.itemsize)))
    return bool((rows == rows[0]).all())


def _print_nested(array):
    if array.ndim == 0:
        return _print_element(array[()])
    return f"[{', '.join(map(_print_nested, array))}]" if array.size else "[]"


def _print_element(value):
    if value.dtype == np.bool_:
        return "true" if value else "false"
    if value.dtype.kind in "iu":
        return str(value)
    if np.isfinite(value):
        for digits in (str(value), repr(float(value))):
            if value.dtype.type(float(digits)) == value:
                return _decimal(digits)
    return f"0x{value.tobytes()[::-1].hex().upper()}"
