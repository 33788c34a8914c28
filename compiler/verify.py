"""The verifier: what must hold of a function between passes."""

from .errors import Location
from .ir import Block, Function, Operation
from .ops import OPS, TypeRuleError
from .types import dim_names, element_type_of


class InvalidIRError(Exception):
    """IR that breaks a rule: a mistake of the compiler, not of its user. Names the function, the op and its
    location."""


def verify(function: Function) -> Function:
    """Checks a function and returns it. Raises InvalidIRError.

    Every operand is defined before its use, in the same block or around it; no value is defined twice; every
    op is registered and its type rule, applied again, gives the types recorded; a dim that a map or loop
    binds has no other meaning around it; argument and result names are as many as the values they name and
    unique; defaults and state name arguments and results of fitting types.
    """
    _Verifier(function).run()
    return function


class _Verifier:
    def __init__(self, function):
        self.function = function
        self.seen = set()  # every value defined so far, in scope or not
        self.bound = set()  # names of the dims of arguments and of the maps around

    def fail(self, message, location: Location | None = None):
        place = f"{location}: " if location else ""
        raise InvalidIRError(f"{place}in {self.function.name}: {message}")

    def run(self):
        function, body = self.function, self.function.body
        self._names("argument", function.argument_names, body.arguments)
        self._names("result", function.result_names, body.results)
        for value in body.arguments:
            self.bound.update(*map(dim_names, value.type.shape))
        self._block(body, frozenset(), function.name)
        arguments = dict(zip(function.argument_names, body.arguments))
        results = dict(zip(function.result_names, body.results))
        for name, array in function.defaults.items():
            if name not in arguments:
                self.fail(f"a default for {name}, which is not an argument")
            self._default(name, array, arguments[name].type)
        for name, following in function.state.items():
            if name not in arguments:
                self.fail(f"the state {name} is not an argument")
            if following not in results:
                self.fail(f"the next value of the state {name}, {following}, is not a result")
            if arguments[name].type != results[following].type:
                self.fail(f"the state {name} has type {arguments[name].type} and its next value "
                          f"{results[following].type}")

    def _names(self, what, names, values):
        if len(names) != len(values):
            self.fail(f"{len(values)} {what}s have {len(names)} names")
        for name in names:
            if not isinstance(name, str) or not name:
                self.fail(f"{name!r} is no name of {what}s")
            if names.count(name) > 1:
                self.fail(f"two {what}s are named {name}")

    def _default(self, name, array, type):
        try:
            element = element_type_of(array.dtype)
        except (AttributeError, KeyError):
            self.fail(f"the default of {name} is not an array of a type that the IR has")
        fits = len(array.shape) == type.rank and all(
            size == dim for size, dim in zip(array.shape, type.shape) if isinstance(dim, int))
        if element is not type.element or not fits:
            self.fail(f"the default of {name} has shape {array.shape} and elements {element}, "
                      f"its type is {type}")

    def _block(self, block: Block, around, what):
        scope = set(around)
        for value in block.arguments:
            if value.operation is not None:
                self.fail(f"an argument of {what} is the result of an operation")
            self._define(value, scope, f"an argument of {what}", None)
        for operation in block.operations:
            self._operation(operation, scope)
        for value in block.results:
            if value not in scope:
                self.fail(f"{what} yields a value that is not defined there: {value!r}")

    def _operation(self, operation: Operation, scope):
        name, location = operation.op.name, operation.location
        if OPS.get(name) is not operation.op:
            self.fail(f"{name} is not a registered op", location)
        for position, value in enumerate(operation.operands):
            if value not in scope:
                self.fail(f"operand {position} of {name} is used before its definition or outside its block",
                          location)
        ragged = operation.attributes.get("ragged", ())
        for dim in ragged:
            if dim in self.bound:
                self.fail(f"the ragged dim {dim} of {name} has a meaning around it", location)
        self.bound.update(ragged)
        for region in operation.regions:
            self._block(region, scope, f"a region of {name}")
        self.bound.difference_update(ragged)
        try:
            types = operation.op.infer(operation.operands, operation.attributes, operation.regions)
        except TypeRuleError as error:
            self.fail(f"{name} breaks its type rule: {error}", location)
        if len(types) != len(operation.results):
            self.fail(f"{name} has {len(operation.results)} results, its type rule gives {len(types)}",
                      location)
        for index, (value, type) in enumerate(zip(operation.results, types)):
            if value.type != type:
                self.fail(f"result {index} of {name} is recorded as {value.type}, its type rule gives {type}",
                          location)
            if value.operation is not operation or value.index != index:
                self.fail(f"result {index} of {name} does not point back at its operation", location)
            self._define(value, scope, f"result {index} of {name}", location)

    def _define(self, value, scope, what, location):
        if value in self.seen:
            self.fail(f"{what} is defined twice", location)
        self.seen.add(value)
        scope.add(value)
