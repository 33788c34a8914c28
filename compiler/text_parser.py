"""The reader of the IR's text form; `text` has the writer and the description."""

import re

import numpy as np

from .errors import Location, WeberError
from .ir import Block, Function, Module, Operation, Value
from .types import ELEMENT_TYPES, TensorType, parse_dim

_TOKEN = re.compile(r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<arrow>->)
  | (?P<value>%[\w$.]+)
  | (?P<label>\^\w+)
  | (?P<bits>0x[0-9A-Fa-f]+)
  | (?P<float>-?\d+\.\d*(?:[eE][-+]?\d+)?)
  | (?P<integer>-?\d+)
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<dim>\#weber\.dim)
  | (?P<word>[A-Za-z_][\w$.]*)
  | (?P<mark>[(){}\[\]<>,:=])
""", re.VERBOSE)
_SHAPE = re.compile(r"(?<=tensor<)(?:(?:\d+|\?)x)*\w+")


def parse_module(text: str, file: str = "<ir>") -> Module:
    """The module that a text describes. Raises WeberError, with the place in the text, where it is malformed.
    """
    parser = _Parser(text, file)
    module = Module()
    while parser.kind != "end":
        function = parser.function()
        module.functions[function.name] = function
    return module


class _Parser:
    def __init__(self, text, file):
        self.text, self.file = text, file
        self.position = self.start = 0
        self.values: list[dict[str, Value]] = []
        self.advance()

    # --- tokens ---------------------------------------------------------------------------------------------

    def advance(self):
        """Moves to the next token and returns the text of the present one."""
        previous, self.taken = self.text[self.start:self.position], self.start
        while True:
            self.start = self.position
            if self.start == len(self.text):
                self.kind = self.token = "end"
                return previous
            match = _SHAPE.match(self.text, self.position) or _TOKEN.match(self.text, self.position)
            if match is None:
                self.fail(f"unexpected {self.text[self.position]!r}")
            self.position = match.end()
            self.kind = match.lastgroup or "shape"
            self.token = match[0]
            if self.kind != "space":
                return previous

    def fail(self, message, start=None):
        """Raises WeberError at the present token, or at the place given."""
        start = self.start if start is None else start
        line = self.text.count("\n", 0, start) + 1
        column = start - self.text.rfind("\n", 0, start)
        raise WeberError(message, Location(self.file, line, column))

    def accept(self, token):
        if self.token == token and self.kind != "string":
            self.advance()
            return True
        return False

    def expect(self, token):
        if not self.accept(token):
            self.fail(f"expected {token}, found {self.token}")

    def take(self, kind):
        if self.kind != kind:
            self.fail(f"expected {kind}, found {self.token}")
        return self.advance()

    def separated(self, item, closing):
        """Items between commas up to the closing mark, which is taken too."""
        items = []
        while not self.accept(closing):
            if items:
                self.expect(",")
            items.append(item())
        return items

    def string(self):
        token = self.take("string")
        return re.sub(r"\\([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), token[1:-1])

    # --- functions, blocks, operations ----------------------------------------------------------------------

    def function(self) -> Function:
        if self.string() != "weber.func":
            self.fail('expected "weber.func"')
        for mark in "()(":
            self.expect(mark)
        body = self.region()
        self.expect(")")
        attributes = self.attributes()
        for mark in (":", "(", ")", "->", "(", ")"):
            self.expect(mark)
        location, _ = self.location()
        try:
            return Function(attributes["sym_name"], body, list(attributes["argument_names"]),
                            list(attributes["result_names"]), attributes.get("defaults", {}),
                            attributes.get("state", {}), location, attributes.get("metadata", {}))
        except KeyError as error:
            self.fail(f"the function lacks the attribute {error}")

    def region(self) -> Block:
        self.expect("{")
        self.values.append({})
        self.take("label")
        self.expect("(")
        block = Block(self.separated(self.argument, ")"))
        self.expect(":")
        while True:
            names = []
            while self.kind == "value":
                names.append(self.advance())
                self.accept(",")
            if names:
                self.expect("=")
            name = self.string()
            if name == "weber.yield":
                block.results = self.operands()
                self.signature()
                break
            block.operations.append(self.operation(names, name))
        self.expect("}")
        self.values.pop()
        return block

    def argument(self):
        token = self.take("value")
        self.expect(":")
        value = Value(self.type())
        _, names = self.location()
        self.define(token, value, names)
        return value

    def define(self, token, value, names):
        if any(token in scope for scope in self.values):
            self.fail(f"{token} is defined twice")
        named = names[value.index] if names else ""
        value.name = named or ("" if token[1:].isdigit() else token[1:])
        self.values[-1][token] = value

    def operands(self):
        self.expect("(")
        return self.separated(self.operand, ")")

    def operand(self):
        token = self.take("value")
        for scope in reversed(self.values):
            if token in scope:
                return scope[token]
        return self.fail(f"{token} is not defined", self.taken)

    def operation(self, names, name):
        from .ops import OPS

        op = OPS.get(name.removeprefix("weber."))
        if op is None:
            self.fail(f"there is no op {name}", self.taken)
        operands, regions = self.operands(), []
        if self.accept("("):
            regions = self.separated(self.region, ")")
        attributes = self.attributes() if self.token == "{" else {}
        operand_types, result_types = self.signature()
        if operand_types != [value.type for value in operands]:
            self.fail(f"the operand types of {name} are not those of its operands")
        if len(result_types) != len(names):
            self.fail(f"{name} has {len(result_types)} result types and {len(names)} results")
        location, value_names = self.location()
        operation = Operation(op, operands, attributes, regions, result_types, location)
        for token, value in zip(names, operation.results):
            self.define(token, value, value_names)
        return operation

    def signature(self):
        self.expect(":")
        self.expect("(")
        operands = self.separated(self.type, ")")
        self.expect("->")
        return operands, self.separated(self.type, ")") if self.accept("(") else [self.type()]

    def type(self) -> TensorType:
        if self.token != "tensor":
            self.fail(f"expected a tensor type, found {self.token}")
        self.advance()
        self.expect("<")
        *dims, element = self.take("shape").split("x")
        if element not in ELEMENT_TYPES:
            self.fail(f"there is no element type {element}", self.taken)
        symbols = []
        if self.accept(","):
            self.expect("[")
            symbols = [parse_dim(text) for text in self.separated(self.string, "]")]
        self.expect(">")
        if len(symbols) != dims.count("?"):
            self.fail(f"the type has {dims.count('?')} unknown dims and names {len(symbols)}")
        rest = iter(symbols)
        shape = tuple(next(rest) if dim == "?" else int(dim) for dim in dims)
        return TensorType(ELEMENT_TYPES[element], shape)

    # --- locations ------------------------------------------------------------------------------------------

    def location(self):
        """(location or None, names of the results or [])."""
        if not self.accept("loc"):
            return None, []
        self.expect("(")
        if self.accept("fused"):
            self.expect("[")
            parts = self.separated(self.place, "]")
        else:
            parts = [self.place()]
        self.expect(")")
        return parts[0][1], [name for name, _ in parts if name is not None]

    def place(self):
        """(name or None, location or None)."""
        if self.accept("unknown"):
            return None, None
        text = self.string()
        if self.accept("("):
            _, location = self.place()
            self.expect(")")
            return text, location
        self.expect(":")
        line = int(self.take("integer"))
        self.expect(":")
        column, end = int(self.take("integer")), (0, 0)
        if self.accept("to"):
            end_line = int(self.take("integer"))
            self.expect(":")
            end = (end_line, int(self.take("integer")))
        return None, Location(text, line, column, *end)

    # --- attributes -----------------------------------------------------------------------------------------

    def attributes(self) -> dict:
        self.expect("{")
        return dict(self.separated(self.pair, "}"))

    def pair(self):
        key = self.string() if self.kind == "string" else self.take("word")
        self.expect("=")
        return key, self.attribute()

    def attribute(self):
        match self.kind:
            case "integer":
                return int(self.advance())
            case "float":
                return float(self.advance())
            case "string":
                return self.string()
            case "bits":
                bits = int(self.advance(), 16)
                self.expect(":")
                self.expect("f64")
                return float(np.uint64(bits).view(np.float64))
            case "dim":
                self.advance()
                self.expect("<")
                dim = parse_dim(self.string())
                self.expect(">")
                return dim
        if self.accept("["):
            return tuple(self.separated(self.attribute, "]"))
        if self.token == "{":
            return self.attributes()
        word = self.take("word")
        if word == "dense":
            return self.dense()
        if word in ("true", "false", "unit"):
            return {"true": True, "false": False}.get(word)
        if word in ELEMENT_TYPES:
            return ELEMENT_TYPES[word]
        return self.fail(f"{word} is no attribute")

    def dense(self):
        self.expect("<")
        data = bytearray.fromhex(self.string()[2:]) if self.kind == "string" else self.elements()
        self.expect(">")
        self.expect(":")
        type = self.type()
        dtype = type.element.numpy
        if isinstance(data, bytearray):
            return np.frombuffer(data, dtype).reshape(type.shape)
        if not isinstance(data, list):
            return np.full(type.shape, _element(data, dtype))
        flat = [_element(token, dtype) for token in _flatten(data)]
        return np.array(flat, dtype).reshape(type.shape)

    def elements(self):
        """A token of a number, or nested lists of them."""
        return self.separated(self.elements, "]") if self.accept("[") else self.advance()


def _flatten(items):
    for item in items:
        yield from _flatten(item) if isinstance(item, list) else [item]


def _element(token, dtype):
    if token.startswith("0x"):
        return np.frombuffer(bytes.fromhex(token[2:])[::-1], dtype)[0]
    if dtype == np.bool_:
        return np.bool_(token == "true")
    return dtype.type(int(token) if dtype.kind in "iu" else float(token))
