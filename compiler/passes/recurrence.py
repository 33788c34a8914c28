"""Loops that are recurrent layers become ONNX's RNN, GRU and LSTM, several times faster than a loop.

A loop is recognised by what its body computes, whoever wrote it. The runtime's kernels are for float32, and
do not bear empty batches or sequences: where a size is symbolic, an `if` looks at it first.
"""

from itertools import permutations

import numpy as np

from ..ir import Function
from ..ops.loop_parts import LoopParts
from ..ops.specs import parse_spec
from ..rewrite import Rewriter, Rules, rewrite
from ..types import F32
from .patterns import constant_of, is_splat, made_by

RULES = Rules()


def raise_recurrences(function: Function) -> Function:
    """The function with `recurrence` in the place of loops that compute one."""
    return rewrite(function, RULES)[0]


@RULES("loop")
def raise_loop(b, operation):
    loop = LoopParts(operation.attributes, operation.regions[0])
    if b.is_inside("map"):  # lanes are batched as the loops they are
        return None
    if loop.is_open or loop.ragged or loop.carried not in (1, 2) or loop.trips == 0:
        return None
    body = Body(b, loop, operation.operands)
    if any(state.element is not F32 or state.rank != 2 or 0 in state.shape for state in body.states):
        return None
    if not all(_flat(value) is body.following[0] for value in body.stacked):
        return None
    layer = _lstm(body) if loop.carried == 2 else _gru(body) or _rnn(body)
    return None if layer is None else _build(b, body, layer, operation.results)


class Body:
    """The body of a loop: its values by role, and which of them are the same in all iterations."""

    def __init__(self, b, loop, operands):
        self.b, self.loop = b, loop
        _, _, self.initial, self.scanned = loop.operands(operands)
        self.index, self.states, self.slices = loop.arguments(loop.region.arguments)
        _, self.following, self.stacked = loop.yielded(loop.region.results)
        self.inside = {*loop.region.arguments, *(value for operation in loop.region.operations
                                                 for value in operation.results)}

    def outside(self, value):
        """The value computed outside of the loop; None where it differs between iterations."""
        if value not in self.inside:
            return value
        operation = value.operation
        if operation is None or operation.regions or not operation.op.pure:
            return None
        operands = [self.outside(operand) for operand in operation.operands]
        if None in operands:
            return None
        made = self.b.emit(operation.name, operands, operation.attributes)
        return made[value.index] if isinstance(made, list) else made

    def sequence(self, value):
        """For the input of this iteration a function that builds the inputs of all, (steps, batch, inputs);
        None for other values."""
        if value in self.slices:
            scanned = self.scanned[self.slices.index(value)]
            return (lambda b: scanned) if scanned.rank == 3 else None
        gather = made_by(value, "gather")
        if gather is None or not self.is_index(gather.operands[1]):
            return None
        x, axis = self.outside(gather.operands[0]), gather.attributes["axis"]
        if x is None or x.rank != 3 or x.shape[axis] != self.loop.trips or axis == 2:
            return None
        return lambda b: x if axis == 0 else b.transpose(x, permutation=(1, 0, 2))

    def is_index(self, value):
        """Whether a value is the number of the iteration."""
        offset = 0
        while value is not self.index:
            operation = made_by(value, "add") or made_by(value, "sub")
            if operation is None:
                return False
            value, constant = operation.operands
            array = constant_of(constant)
            if array is None or array.size != 1:
                return False
            offset += int(array.reshape(-1)[0]) * (1 if operation.name == "add" else -1)
        return offset == 0

    # --- sums of products -----------------------------------------------------------------------------------

    def terms(self, value, columns=None):
        """The columns (start, stop) of a matrix (batch, …) as a list of (left, weights) for products with
        weights (inputs, size), and (None, bias) for a bias (size,); None where it is something else."""
        columns = columns or (0, value.shape[1])
        if made_by(value, "add"):
            parts = [self.terms(operand, columns) for operand in value.operation.operands]
            return None if None in parts else parts[0] + parts[1]
        if cut := made_by(value, "slice"):
            starts, stops = cut.attributes["starts"], cut.attributes["stops"]
            whole = starts[0] == 0 and stops[0] == cut.operands[0].shape[0]
            if not whole or any(step != 1 for step in cut.attributes["steps"]):
                return None
            return self.terms(cut.operands[0], tuple(starts[1] + column for column in columns))
        if repeated := made_by(value, "broadcast"):
            return self._bias(repeated, columns)
        if product := made_by(value, "contract"):
            return self._product(product, columns)
        return None

    def _bias(self, repeated, columns):
        source, axes = self.outside(repeated.operands[0]), tuple(repeated.attributes["axes"])
        if source is None or axes not in ((), (1,)):
            return None
        width = repeated.result.shape[1]
        vector = source if source.shape == (width,) else self.b.broadcast(
            source, shape=(width,), axes=(0,) if axes else ())
        return [(None, self.b.slice(vector, starts=columns[:1], stops=columns[1:], steps=(1,)))]

    def _product(self, product, columns):
        first, second, result = parse_spec(product.attributes["spec"])
        left, right = product.operands
        if len(result) != 2 or len(first) != 2 or len(second) != 2:
            return None
        if result[0] not in first:
            (first, left), (second, right) = (second, right), (first, left)
        weights = self.outside(right)
        if weights is None or first[0] != result[0] or result[1] not in second:
            return None
        if second[0] == result[1]:
            weights = self.b.transpose(weights, permutation=(1, 0))
        rows = weights.shape[0]
        return [(left, self.b.slice(weights, starts=(0, columns[0]), stops=(rows, columns[1]), steps=(1, 1)))]

    def gate(self, value, state):
        """(input value, its weights, the state's weights, bias or None) of `x W + state R + b`; None for
        others."""
        terms = self.terms(value)
        if terms is None:
            return None
        recurrent = [weights for left, weights in terms if left is state]
        inputs = [(left, weights) for left, weights in terms if left is not None and left is not state]
        if len(recurrent) != 1 or len(inputs) != 1:
            return None
        return (*inputs[0], recurrent[0], self.total(bias for left, bias in terms if left is None))

    def total(self, vectors):
        vectors = [vector for vector in vectors if not is_splat(vector, 0)]
        while len(vectors) > 1:
            vectors = [self.b.add(*vectors[:2]), *vectors[2:]]
        return vectors[0] if vectors else None


def _flat(value):
    """The matrix that a vector has the elements of."""
    reshaped = made_by(value, "reshape")
    return reshaped.operands[0] if reshaped else value


def _orders(value, name):
    """The operands of a value made by a commutative op, in both orders."""
    operation = made_by(value, name)
    return permutations(operation.operands) if operation else ()


def _argument(value, name):
    """The operand of a value made by an op of one operand."""
    operation = made_by(value, name)
    return operation.operands[0] if operation else None


class Layer:
    """A kind of recurrent layer with its gates in ONNX's order."""

    def __init__(self, kind, gates, **attributes):
        self.kind, self.gates = kind, gates
        self.attributes = {"linear_before_reset": False, "activation": "Tanh"} | attributes


def _layer(body, kind, gates, **attributes):
    """The layer with these gates if they are all there and read the same input."""
    if None in gates or any(gate[0] is not gates[0][0] for gate in gates):
        return None
    return Layer(kind, gates, **attributes) if body.sequence(gates[0][0]) else None


def _lstm(body):
    (h, c), (next_h, next_c) = body.states, body.following
    for opened, squashed in _orders(next_h, "mul"):
        output = _argument(opened, "sigmoid")
        if output is None or _argument(squashed, "tanh") is not next_c:
            continue
        for kept, added in _orders(next_c, "add"):
            forget = next((_argument(a, "sigmoid") for a, b in _orders(kept, "mul") if b is c), None)
            entering = next(((_argument(a, "sigmoid"), _argument(b, "tanh")) for a, b in _orders(added, "mul")
                             if made_by(a, "sigmoid") and made_by(b, "tanh")), None)
            if forget is not None and entering is not None:
                gates = [body.gate(value, h) for value in (entering[0], output, forget, entering[1])]
                return _layer(body, "LSTM", gates)
    return None


def _rnn(body):
    (h,), (following,) = body.states, body.following
    argument, activation = _argument(following, "tanh"), "Tanh"
    if argument is None:
        argument, activation = next((a for a, b in _orders(following, "max") if is_splat(b, 0)), None), "Relu"
    return None if argument is None else _layer(body, "RNN", [body.gate(argument, h)], activation=activation)


def _gru(body):
    """(1 - z) n + z h, with n = tanh(x W + b + r (h R)) or tanh(x W + b + (r h) R)."""
    (h,), (following,) = body.states, body.following
    for fresh, kept in _orders(following, "add"):
        update = next((a for a, b in _orders(kept, "mul") if b is h and made_by(a, "sigmoid")), None)
        candidate = next((_argument(b, "tanh") for a, b in _orders(fresh, "mul")
                          if update is not None and _is_complement(a, update)), None)
        if candidate is None:
            continue
        z = body.gate(_argument(update, "sigmoid"), h)
        for after, find in ((True, _reset_after), (False, _reset_before)):
            reset, gate = find(body, candidate)
            if gate is not None:
                r = body.gate(_argument(reset, "sigmoid"), h)
                return _layer(body, "GRU", [z, r, gate], linear_before_reset=after)
    return None


def _is_complement(value, other):
    operation = made_by(value, "sub")
    return operation is not None and is_splat(operation.operands[0], 1) and operation.operands[1] is other


def _reset_after(body, candidate):
    """The reset gate is applied to the product with the state."""
    (h,) = body.states
    for of_input, of_state in _orders(candidate, "add"):
        for reset, product in _orders(of_state, "mul"):
            if not made_by(reset, "sigmoid"):
                continue
            recurrent, inputs = body.terms(product), body.terms(of_input)
            if not recurrent or len(recurrent) != 1 or recurrent[0][0] is not h or inputs is None:
                continue
            gate = _candidate_gate(body, inputs, recurrent[0][1])
            if gate is not None:
                return reset, gate
    return None, None


def _reset_before(body, candidate):
    """The reset gate is applied to the state before the product."""
    (h,) = body.states
    terms = body.terms(candidate) or []
    for k, (left, weights) in enumerate(terms):
        for reset, state in _orders(left, "mul") if left is not None else ():
            if state is h and made_by(reset, "sigmoid"):
                gate = _candidate_gate(body, terms[:k] + terms[k + 1:], weights)
                if gate is not None:
                    return reset, gate
    return None, None


def _candidate_gate(body, terms, recurrent):
    inputs = [(left, weights) for left, weights in terms if left is not None]
    if len(inputs) != 1:
        return None
    return (*inputs[0], recurrent, body.total(bias for left, bias in terms if left is None))


# --- building -----------------------------------------------------------------------------------------------


def _build(b, body, layer, results):
    size, loop = body.states[0].shape[1], body.loop
    rows = size * len(layer.gates)

    def stacked(matrices):
        joined = b.concatenate(*matrices, axis=1) if len(matrices) > 1 else matrices[0]
        turned = b.transpose(joined, permutation=(1, 0))
        return b.reshape(turned, shape=(1, *turned.shape))

    zeros = b.broadcast(b.constant(np.float32(0)), shape=(size,), axes=())
    biases = [gate[3] if gate[3] is not None else zeros for gate in layer.gates]
    no_recurrent_bias = b.broadcast(b.constant(np.float32(0)), shape=(rows,), axes=())
    bias = b.reshape(b.concatenate(*biases, no_recurrent_bias, axis=0), shape=(1, 2 * rows))
    weights, recurrent = (stacked([gate[k] for gate in layer.gates]) for k in (1, 2))
    sequence = body.sequence(layer.gates[0][0])

    def finished(b, outputs, states):
        return [*states, *(b.reshape(outputs, shape=value.shape) for value in results[loop.carried:])]

    def run(b):
        outputs, *states = b.recurrence(
            sequence(b), weights, recurrent, bias,
            *(b.reshape(state, shape=(1, *state.shape)) for state in body.initial),
            kind=layer.kind, reverse=loop.reverse, **layer.attributes)
        return finished(b, outputs, [b.reshape(state, shape=state.shape[1:]) for state in states])

    def empty(b):
        shape = (loop.trips, *body.states[0].shape)
        return finished(b, b.broadcast(b.constant(np.float32(0)), shape=shape, axes=()), body.initial)

    sizes = [dim for dim in (loop.trips, body.states[0].shape[0]) if not isinstance(dim, int)]
    if not sizes:
        return run(b)
    zero = b.constant(np.int64(0))
    some = [b.gt(b.dim_value(dim=dim), zero) for dim in sizes]
    condition = some[0] if len(some) == 1 else b.emit("and", some)
    made = b.emit("if", [condition], {}, [_region(b, run), _region(b, empty)])
    return made if isinstance(made, list) else [made]


def _region(b, build):
    inner = Rewriter(b.rules, parent=b)
    inner.block.results = build(inner)
    return inner.block
