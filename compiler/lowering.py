"""From operations to ONNX nodes: scopes, names, constants, dims at run time, and broadcasts that need no
node.

An op's `lower(lowering, operation, names)` calls `Lowering.node` and its helpers. Nodes are light records
here; the protobuf is built from them by `onnx_export`.
"""

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from .errors import UnsupportedError, WeberError
from .families import ELEMENTWISE
from .ir import Block, Operation, Value
from .onnx_types import node_types
from .rewrite import attributes_key
from .types import (
    I64,
    Dim,
    DimExpression,
    TensorType,
    dim_names,
    element_type_of,
    may_be_negative,
    symbol,
    symbol_name,
)

LOCAL_CONSTANT_LIMIT = 1024
"""Constants of at most so many elements are local to the subgraph that uses them; larger ones stand at the
root."""

ONE_INTEGER = TensorType(I64, (1,))


@dataclass(slots=True, eq=False)
class Node:
    """An ONNX node to be. `fixed` nodes are shared between operations and keep the names of their outputs."""

    op_type: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict
    location: object = None
    fixed: bool = False


@dataclass(eq=False)
class Graph:
    """A scope: the main graph or a subgraph of a control-flow node."""

    parent: "Graph | None" = None
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    initializers: dict[str, np.ndarray] = field(default_factory=dict)
    names: dict[Value, str] = field(default_factory=dict)  # tensor name of each value that is there in full
    broadcasts: dict[Value, Operation] = field(default_factory=dict)  # expanded only on demand
    constants: dict[tuple, str] = field(default_factory=dict)  # (dtype, shape, bytes) → name
    dims: dict = field(default_factory=dict)  # int64 tensors: dim → its vector, ("shape", dims), …
    dim_sources: dict[str, tuple[str, int]] = field(default_factory=dict)  # symbol → (tensor, axis)
    made: dict[tuple, list[str]] = field(default_factory=dict)  # outputs of nodes by what they compute
    aligned: dict[tuple, str] = field(default_factory=dict)  # (value, shape) → it with axes of extent 1

    def chain(self):
        """This scope and those around it, innermost first."""
        graph = self
        while graph is not None:
            yield graph
            graph = graph.parent


class Lowering:
    """What an op's `lower` sees. Tensors are known by name; `types[name]` is a tensor's type."""

    def __init__(self, opset: int, target: str = "portable"):
        self.opset, self.target = opset, target
        self.types: dict[str, TensorType] = {}
        self.root = self.graph_scope = Graph()
        self.location = None
        self._used: dict[str, int] = {}
        self._wanted: dict[Value, str] = {}
        self._arrays: dict[str, np.ndarray] = {}

    # --- names ----------------------------------------------------------------------------------------------

    def reserve(self, name: str) -> str:
        """Takes a name exactly as it is. Raises WeberError when it is taken."""
        if name in self._used:
            raise WeberError(f"two inputs or outputs of an exported graph have the name {name!r}")
        self._used[name] = 0
        return name

    def fresh(self, hint: str) -> str:
        """A name that no tensor has yet: the hint itself, or with a number behind it."""
        if hint not in self._used:
            self._used[hint] = 0
            return hint
        while True:
            self._used[hint] += 1
            name = f"{hint}_{self._used[hint]}"
            if name not in self._used:
                self._used[name] = 0
                return name

    # --- what ops call --------------------------------------------------------------------------------------

    def node(self, op_type: str, inputs, outputs: int = 1, type=None, **attributes) -> "str | list[str]":
        """Adds a node; returns its output's name, or the list of names when `outputs` is not 1. A node that
        an earlier operation has added with the same inputs and attributes is used again.

        An input is a name, or None where an optional input is absent. `type` is the output's TensorType or a
        list of them. It may be left out for the node whose outputs are the operation's results, and where
        `onnx_types` can tell. Attributes are ints, floats, strings, lists of them, arrays, element types
        (their ONNX number) or the `Graph`s that `graph` and `subgraph` gave; None leaves one out.
        """
        inputs = [name or "" for name in inputs]
        while inputs and not inputs[-1]:
            inputs.pop()
        attributes = {key: value for key, value in attributes.items() if value is not None}
        for graph in self.graph_scope.chain():
            known = graph.made.get(_node_key(op_type, inputs, attributes, outputs))
            if known:
                return known[0] if outputs == 1 else list(known)
        names = [self.fresh(op_type) for _ in range(outputs)]
        self.graph_scope.nodes.append(Node(op_type, inputs, names, attributes, self.location))
        if type is None:
            types = node_types(op_type, [self.types.get(name) for name in inputs], attributes,
                               [self._arrays.get(name) for name in inputs])
        else:
            types = type if isinstance(type, list | tuple) else [type]
        for name, one in zip(names, types):
            if one is not None:
                self.types[name] = one
        return names[0] if outputs == 1 else names

    def constant(self, array, name: str = "constant") -> str:
        """The name of a constant tensor; equal constants are one. `name` is a hint."""
        array = np.asarray(array)
        graph = self.graph_scope if array.size <= LOCAL_CONSTANT_LIMIT else self.root
        key = (array.dtype, array.shape, array.tobytes())
        for scope in (graph, self.root):
            if key in scope.constants:
                return scope.constants[key]
        graph.constants[key] = tensor = self.fresh(name)
        graph.initializers[tensor] = self._arrays[tensor] = array
        self.types[tensor] = TensorType(element_type_of(array.dtype), array.shape)
        return tensor

    def scalar(self, value, element) -> str:
        """A rank-0 constant of an element type."""
        return self.constant(np.asarray(value, dtype=element.numpy))

    def integers(self, values) -> str:
        """A constant int64 vector: axes, steps, pads."""
        return self.constant(np.array(values, dtype=np.int64).reshape(-1))

    def shape(self, dims) -> str:
        """An int64 vector of sizes, computed at run time from the inputs' shapes where they are symbolic. An
        axis of a dim that is less than zero is empty."""
        return self._vector("shape", dims, self._size_vector)

    def numbers(self, dims) -> str:
        """An int64 vector of dims as numbers: ends of slices, what is padded."""
        return self._vector("numbers", dims, self.dim_vector)

    def _vector(self, kind, dims, part):
        dims = tuple(dims)
        if all(isinstance(dim, int) for dim in dims):
            return self.integers(dims)
        home = self._home(set().union(*map(dim_names, dims)))
        key = (kind, dims)
        if key not in home.dims:
            with self._inside(home):
                home.dims[key] = self._compute_vector(dims, part)
        return home.dims[key]

    def _compute_vector(self, dims, part):
        type = TensorType(I64, (len(dims),))
        for name in self.graph_scope.inputs:
            if self.types[name].shape == dims:
                return self._fixed("Shape", [name], type)
        parts = []
        for is_static, group in groupby(dims, lambda dim: isinstance(dim, int)):
            group = list(group)
            parts += [self.integers(group)] if is_static else map(part, group)
        return parts[0] if len(parts) == 1 else self._fixed("Concat", parts, type, axis=0)

    def _size_vector(self, dim):
        vector = self.dim_vector(dim)
        return self._fixed("Max", [vector, self.integers([0])]) if may_be_negative(dim) else vector

    def dim(self, dim: Dim) -> str:
        """An int64 scalar that holds a dim."""
        if isinstance(dim, int):
            return self.scalar(dim, I64)
        home, key = self._home(dim_names(dim)), ("scalar", dim)
        if key not in home.dims:
            with self._inside(home):
                inputs = [self.dim_vector(dim), self.integers([0])]
                home.dims[key] = self._fixed("Squeeze", inputs, TensorType(I64))
        return home.dims[key]

    def reshape(self, name: str, dims, type: TensorType | None = None) -> str:
        """Reshapes to `dims`; one symbolic dim among positive ones becomes -1, which needs no shape at run
        time."""
        dims = tuple(dims)
        symbolic = [dim for dim in dims if isinstance(dim, DimExpression)]
        if len(symbolic) == 1 and 0 not in dims:
            target = self.integers([-1 if dim is symbolic[0] else dim for dim in dims])
        else:
            target = self.shape(dims)
        allow_zero = 1 if symbolic[1:] or 0 in dims else None
        type = type or TensorType(self.types[name].element, dims)
        return self.node("Reshape", [name, target], type=type, allowzero=allow_zero)

    def cast(self, name: str, element) -> str:
        """Casts to an element type; nothing where it has that type."""
        if self.types[name].element is element:
            return name
        return self.node("Cast", [name], to=element, type=TensorType(element, self.types[name].shape))

    # --- regions --------------------------------------------------------------------------------------------

    def graph(self, block: Block) -> Graph:
        """A subgraph without inputs that holds a block and yields its results (an arm of If)."""
        with self.subgraph() as graph:
            self.outputs(self.block(block, ()))
        return graph

    @contextmanager
    def subgraph(self):
        """Nodes added inside the `with` go to a new subgraph. Give it `input`s, nodes or a `block`, and
        `outputs`."""
        with self._inside(Graph(self.graph_scope)) as graph:
            yield graph

    def input(self, hint: str, type: TensorType) -> str:
        """Declares the next input of the present subgraph."""
        name = self.fresh(hint)
        self.types[name] = type
        self.graph_scope.inputs.append(name)
        return name

    def outputs(self, names, carried=False):
        """Declares the next outputs of the present subgraph. One that no node of it makes goes through
        Identity; only `carried` values may be inputs passed on. (The runtime stacks wrong values of an input
        that it goes on to change.)
        """
        graph = self.graph_scope
        made = {name for node in graph.nodes for name in node.outputs}
        if carried:
            made.update(graph.inputs)
        for name in names:
            if name in graph.outputs or name not in made:
                name = self.node("Identity", [name], type=self.types[name])
            graph.outputs.append(name)

    def block(self, block: Block, arguments) -> list[str]:
        """Lowers a block's operations into the present scope, its arguments being these tensors; gives its
        results."""
        for value, name in zip(block.arguments, arguments, strict=True):
            self._define(value, name)
        for operation in block.operations:
            if operation.name == "broadcast":
                self.graph_scope.broadcasts[operation.result] = operation
            elif operation.name != "constant":
                self._lower(operation)
        return [self.value(value) for value in block.results]

    # --- values and operations ------------------------------------------------------------------------------

    def want(self, value: Value, name: str):
        """Asks that the tensor of a value have this (reserved) name, if a node makes it."""
        self._wanted.setdefault(value, name)

    def copy(self, tensor: str, name: str):
        """Adds an Identity node whose output has this (reserved) name."""
        self.graph_scope.nodes.append(Node("Identity", [tensor], [name], {}))
        self.types[name] = self.types[tensor]

    def value(self, value: Value) -> str:
        """The name of the tensor of a value, in full; constants and broadcasts come into being on demand."""
        for graph in self.graph_scope.chain():
            if value in graph.names:
                return graph.names[value]
            if value in graph.broadcasts:
                with self._inside(graph):
                    self._lower(graph.broadcasts[value])
                return graph.names[value]
        if value.operation is not None and value.operation.name == "constant":
            return self.constant(value.operation.attributes["value"], value.name or "constant")
        raise AssertionError(f"{value} is used before it is defined")

    def _lower(self, operation: Operation):
        """Lowers one operation into the present scope and names its results."""
        previous, self.location = self.location, operation.location
        try:
            if operation.op.lower is None:
                raise UnsupportedError(f"the op {operation.name} has no ONNX form", operation.location)
            if operation.name in ELEMENTWISE:
                operation, names = self._elementwise(operation)
            else:
                names = [self.value(operand) for operand in operation.operands]
            start = len(self.graph_scope.nodes)
            tensors = operation.op.lower(self, operation, names)
            self._name_results(operation, tensors, self.graph_scope.nodes[start:])
        finally:
            self.location = previous

    def _name_results(self, operation, tensors, nodes):
        made = {name for node in nodes if not node.fixed for name in node.outputs}
        renamed = {}
        for value, tensor in zip(operation.results, tensors, strict=True):
            if tensor in made and tensor not in renamed:
                wanted = self._wanted.get(value)
                renamed[tensor] = wanted or self.fresh(value.name or operation.name)
                self.types.pop(tensor, None)
                self.types[renamed[tensor]] = value.type
                tensor = renamed[tensor]
            tensor = renamed.get(tensor, tensor)
            self._define(value, tensor)
        for node in nodes:
            node.inputs = [renamed.get(name, name) for name in node.inputs]
            node.outputs = [renamed.get(name, name) for name in node.outputs]
        for node in nodes:
            key = _node_key(node.op_type, node.inputs, node.attributes, len(node.outputs))
            if key:
                self.graph_scope.made[key] = node.outputs
            for name in node.outputs:
                if name not in self.types:
                    raise AssertionError(f"{operation.name} is lowered to a {node.op_type} without a type")

    def _define(self, value, name):
        self.graph_scope.names[value] = name
        self.types.setdefault(name, value.type)
        for axis, dim in enumerate(value.type.shape):
            known = symbol_name(dim)
            if known and not any(known in graph.dim_sources for graph in self.graph_scope.chain()):
                self.graph_scope.dim_sources[known] = (name, axis)

    # --- broadcasts that ONNX does by itself ----------------------------------------------------------------

    def _elementwise(self, operation):
        """The operation and its operands' names, with `broadcast` operands unexpanded where ONNX's own
        broadcasting still gives the result its shape. The operation's operands are stand-ins of the types
        that the tensors have."""
        shape = operation.results[0].shape
        forms = [self._unexpanded(operand) for operand in operation.operands]
        if not any(forms):
            return operation, [self.value(operand) for operand in operation.operands]
        covered = set()
        for form in forms:
            axes = range(len(shape)) if form is None else _full_axes(form[0], shape)
            covered.update(axes)
        for index, form in enumerate(forms):
            if len(covered) == len(shape):
                break
            if form is not None:  # someone has to bring the whole shape
                forms[index] = None
                covered = set(range(len(shape)))
        names, stand_ins = [], []
        for operand, form in zip(operation.operands, forms):
            names.append(self.value(operand) if form is None else self._aligned(operand, form[0]))
            stand_ins.append(operand if form is None else Value(self.types[names[-1]], name=operand.name))
        copy = Operation(operation.op, stand_ins, operation.attributes, [], [], operation.location)
        copy.results = operation.results
        return copy, names

    def _unexpanded(self, value):
        """For a broadcast: (shape that aligns with the full one from the right,); None for anything else."""
        operation = value.operation
        if operation is None or operation.name != "broadcast":
            return None
        source, axes, full = operation.operands[0], operation.attributes["axes"], operation.result.shape
        first = axes[0] if axes else len(full)
        extents = dict(zip(axes, source.shape))
        return (tuple(extents.get(axis, 1) for axis in range(first, len(full))),)

    def _aligned(self, value, shape):
        """The tensor of a broadcast's operand with axes of extent 1 put in so that it has `shape`."""
        source = value.operation.operands[0]
        if source.shape == shape:
            return self.value(source)
        if source.operation is not None and source.operation.name == "constant":
            return self.constant(source.operation.attributes["value"].reshape(shape))
        home = next(graph for graph in self.graph_scope.chain() if value in graph.broadcasts)
        key = (source, shape)
        if key not in home.aligned:
            axes = value.operation.attributes["axes"]
            new = [axis - axes[0] for axis in range(axes[0], len(value.shape)) if axis not in axes]
            with self._inside(home):
                home.aligned[key] = self._fixed("Unsqueeze", [self.value(source), self.integers(new)],
                                                TensorType(source.element, shape))
        return home.aligned[key]

    # --- dims -----------------------------------------------------------------------------------------------

    def bind_dim(self, name: str, tensor: str):
        """Lets an int64 scalar or vector of one element be a named dim in the present scope and those inside.
        """
        if self.types[tensor].rank == 0:
            scalar, vector = tensor, self.node("Unsqueeze", [tensor, self.integers([0])])
        else:
            scalar, vector = self.node("Squeeze", [tensor, self.integers([0])]), tensor
        graph, dim = self.graph_scope, symbol(name)
        graph.dim_sources[name] = (vector, 0)
        graph.dims[dim], graph.dims["scalar", dim] = vector, scalar

    def dim_vector(self, dim: Dim) -> str:
        """An int64 vector of one element that holds a dim; computed once, in the outermost scope that knows
        its names."""
        if isinstance(dim, int):
            return self.integers([dim])
        home = self._home(dim_names(dim))
        if dim not in home.dims:
            with self._inside(home):
                home.dims[dim] = self._compute_dim(dim)
        return home.dims[dim]

    def _compute_dim(self, dim):
        name = symbol_name(dim)
        if name:
            if name not in self.graph_scope.dim_sources:
                raise WeberError(f"the size {name} cannot be told from the inputs of the exported graph",
                                 self.location)
            tensor, axis = self.graph_scope.dim_sources[name]
            return self._fixed("Shape", [tensor], start=axis, end=axis + 1)
        total = None
        for monomial, coefficient in dim.terms:
            product = None if coefficient == 1 and monomial else self.integers([coefficient])
            for atom in monomial:
                factor = self.dim_vector(symbol(atom)) if isinstance(atom, str) else self._quotient(atom)
                product = factor if product is None else self._fixed("Mul", [product, factor])
            total = product if total is None else self._fixed("Add", [total, product])
        return total

    def _quotient(self, atom):
        numerator, denominator = self.dim_vector(atom.numerator), self.dim_vector(atom.denominator)
        if isinstance(atom.numerator, int) or any(coefficient < 0 for _, coefficient in atom.numerator.terms):
            # Div truncates; Mod has the divisor's sign, as floor division wants it
            numerator = self._fixed("Sub", [numerator, self._fixed("Mod", [numerator, denominator])])
        return self._fixed("Div", [numerator, denominator])

    def _fixed(self, op_type, inputs, type=ONE_INTEGER, **attributes):
        """A node that operations share: it is not renamed after a result."""
        name = self.node(op_type, inputs, type=type, **attributes)
        self.graph_scope.nodes[-1].fixed = True
        return name

    def _home(self, names):
        """The outermost scope that knows all of these dim names."""
        for graph in self.graph_scope.chain():
            if any(name in graph.dim_sources for name in names):
                return graph
        return self.root

    @contextmanager
    def _inside(self, graph):
        previous, self.graph_scope = self.graph_scope, graph
        try:
            yield graph
        finally:
            self.graph_scope = previous


def _node_key(op_type, inputs, attributes, outputs):
    """What tells nodes apart; None for those with subgraphs and for copies, which are made where a name is
    needed."""
    if op_type == "Identity" or any(isinstance(value, Graph) for value in attributes.values()):
        return None
    return (op_type, tuple(inputs), attributes_key(attributes), outputs)


def _full_axes(shape, full):
    """The axes of `full` that a tensor of `shape`, aligned from the right, has in full extent."""
    offset = len(full) - len(shape)
    return [offset + axis for axis, dim in enumerate(shape) if dim == full[offset + axis]]
