"""Contraction: sums of products over named axes, and its lowering to matrix products."""

from dataclasses import dataclass

import numpy as np

from ..types import F64, I64, Dim, TensorType, size_product
from .batching.products import batch_contract, sum_contract
from .kernels import compute, where
from .record import Multilinear, expect, register
from .reduction import in_single
from .rules import expect_kind, expect_operands, expect_same_element
from .specs import parse_spec


def _infer_contract(operands, attributes, regions):
    expect_operands("contract", operands, 2)
    expect_kind("contract", operands[0], "number")
    expect_same_element("contract", operands)
    spec = attributes["spec"]
    *letters, result = parse_spec(spec)
    sizes: dict[str, Dim] = {}
    for value, names in zip(operands, letters):
        expect(value.rank == len(names), f"contract {spec!r}: {names!r} names the axes of {value.type}")
        for name, size in zip(names, value.shape):
            expect(sizes.setdefault(name, size) == size,
                   f"contract {spec!r} of {operands[0].type} and {operands[1].type}: {name!r} has sizes "
                   f"{sizes[name]} and {size}")
    return [TensorType(operands[0].element, tuple(sizes[name] for name in result))]


def _evaluate_contract(arrays, attributes, context):
    total = np.einsum(attributes["spec"], *map(in_single, arrays), optimize=True)
    return [np.asarray(total).astype(arrays[0].dtype)]


def _contract_transpose(b, operation, cotangent):
    left, right, result = parse_spec(operation.attributes["spec"])
    return [b.contract(cotangent, operation.operands[1], spec=f"{result},{right}->{left}"),
            b.contract(operation.operands[0], cotangent, spec=f"{left},{result}->{right}")]


# --- lowering -----------------------------------------------------------------------------------------------

@dataclass(slots=True)
class _Tensor:
    """A tensor of the graph with a letter for each axis."""

    name: str
    letters: str


class _Contraction:
    """One contraction being lowered. The letters fall into four groups: `batch` (in both operands and the
    result), `rows` (left and result), `columns` (right and result), `summed` (both operands only)."""

    def __init__(self, lowering, spec, names, types):
        self.lowering, self.element = lowering, types[0].element
        left, right, self.result = parse_spec(spec)
        self.sizes = dict(zip(left + right, types[0].shape + types[1].shape))
        self.left, self.right = _Tensor(names[0], left), _Tensor(names[1], right)
        self.batch = self._pick(self.result, lambda letter: letter in left and letter in right)
        self.summed = self._pick(left, lambda letter: letter not in self.result)
        if self._position(right) < self._position(left):  # the result has the columns first
            self.left, self.right = self.right, self.left
        self.rows = self._pick(self.result, lambda letter: letter not in self.right.letters)
        self.columns = self._pick(self.result, lambda letter: letter not in self.left.letters)

    @staticmethod
    def _pick(letters, condition):
        return "".join(letter for letter in letters if condition(letter))

    def _position(self, letters):
        """Where the first letter that only this operand has stands in the result."""
        own = [index for index, letter in enumerate(self.result) if letter in letters
               and letter not in self.batch]
        return own[0] if own else len(self.result)

    def shape(self, letters):
        return tuple(self.sizes[letter] for letter in letters)

    def arrange(self, tensor: _Tensor, letters: str) -> _Tensor:
        """The tensor transposed so that its axes are `letters`; a Reshape where only axes of size 1 move."""
        if tensor.letters == letters:
            return tensor
        if self._long(tensor.letters) == self._long(letters):
            return _Tensor(self.reshape(tensor.name, self.shape(letters)), letters)
        order = [tensor.letters.index(letter) for letter in letters]
        return _Tensor(self.lowering.node("Transpose", [tensor.name], perm=order), letters)

    def _long(self, letters):
        return self._pick(letters, lambda letter: self.sizes[letter] != 1)

    def reshape(self, name: str, shape) -> str:
        shape = tuple(shape)
        return name if self.lowering.types[name].shape == shape else self.lowering.reshape(name, shape)

    def merged(self, tensor: _Tensor, *groups: str) -> str:
        """The tensor, whose letters are these groups in order, with each group merged into one axis."""
        return self.reshape(tensor.name, [size_product(self.shape(group)) for group in groups])

    def node(self, op_type, *inputs, shape=None, **attributes):
        type = None if shape is None else TensorType(self.element, tuple(shape))
        return compute(self.lowering, op_type, list(inputs), type, **attributes)

    # --- forms ----------------------------------------------------------------------------------------------

    def lower(self) -> str:
        if not self.summed:
            tensor = _Tensor(self.product(), self.result)
        elif self.batch and not self.rows + self.columns:
            tensor = self.row_products()
        elif self.batch:
            tensor = self.batched()
        elif not self.rows or not self.columns:
            tensor = self.with_vector()
        else:
            tensor = self.matrices()
        return self.arrange(tensor, self.result).name

    def product(self) -> str:
        """Nothing is summed: an elementwise product, broadcast."""
        factors = []
        for tensor in (self.left, self.right):
            present = self._pick(self.result, lambda letter, tensor=tensor: letter in tensor.letters)
            tensor = self.arrange(tensor, present)
            missing = [axis for axis, letter in enumerate(self.result) if letter not in present]
            factors.append(self.lowering.node("Unsqueeze", [tensor.name, self.lowering.integers(missing)])
                           if missing and present else tensor.name)
        return self.node("Mul", *factors, shape=self.shape(self.result))

    def row_products(self) -> _Tensor:
        """Scalar products of matching rows: Mul and ReduceSum."""
        right = self.arrange(self.right, self.left.letters)
        axes = [self.left.letters.index(letter) for letter in self.summed]
        products = self.node("Mul", self.left.name, right.name)
        kept = self._pick(self.left.letters, lambda letter: letter in self.batch)
        return _Tensor(self.node("ReduceSum", products, self.lowering.integers(axes), shape=self.shape(kept),
                                 data=(0,), keepdims=0), kept)

    def batched(self) -> _Tensor:
        """MatMul with leading batch axes; an operand without rows (or columns) gets one of extent 1."""
        needs_flip = self.right.letters == self.batch + self.columns + self.summed
        if needs_flip and size_product(self.shape(self.rows)) == 1:
            # as a product with columns, which needs no Transpose of the matrices
            self.left, self.right, self.rows, self.columns = self.right, self.left, self.columns, self.rows
        left = self.arrange(self.left, self.batch + self.rows + self.summed)
        right = self.arrange(self.right, self.batch + self.summed + self.columns)
        batch = self.shape(self.batch)
        rows, summed, columns = (size_product(self.shape(group))
                                 for group in (self.rows, self.summed, self.columns))
        factors = [self.reshape(left.name, (*batch, rows, summed)),
                   self.reshape(right.name, (*batch, summed, columns))]
        product = self._set_apart(self.node("MatMul", *map(self._set_apart, factors)))
        product = self._zero_if_empty(product, 2, summed)
        letters = self.batch + self.rows + self.columns
        return _Tensor(self.reshape(product, self.shape(letters)), letters)

    def _set_apart(self, tensor):
        """A tensor of float64 behind the sum of it alone, for what `with_vector` says."""
        if self.element is not F64:
            return tensor
        return self.lowering.node("Sum", [tensor], type=self.lowering.types[tensor])

    def _zero_if_empty(self, product, heads, summed):
        """Where nothing is summed the runtime sets the first matrix of a batch to zero and no other. `heads`
        counts the axes before the columns."""
        if heads < 2 or isinstance(summed, int) and summed:
            return product
        some = self.lowering.node("Greater", [self.lowering.dim(summed), self.lowering.scalar(0, I64)])
        return where(self.lowering, some, product, self.lowering.scalar(0, self.element))

    def with_vector(self) -> _Tensor:
        """MatMul with a vector on one side, or on both. A product of float64 is not one of vectors: where the
        runtime finds a MatMul that a number scales, it joins both and rounds the number to float32
        (MatMulScaleFusion); it leaves a Gemm alone, and what is reshaped."""
        left, right = self.left, self.right
        is_double = self.element is F64
        if not self.rows and not self.columns:
            right = self.arrange(right, left.letters)
            a, b = self.merged(left, left.letters), self.merged(right, right.letters)
            if not is_double:
                return _Tensor(self.node("MatMul", a, b, shape=()), "")
            count = size_product(self.shape(left.letters))
            row, column = self.reshape(a, [1, count]), self.reshape(b, [count, 1])
            return _Tensor(self.reshape(self.node("MatMul", row, column, shape=[1, 1]), ()), "")
        matrix, vector, kept = (left, right, self.rows) if self.rows else (right, left, self.columns)
        summed = self._pick(matrix.letters, lambda letter: letter in self.summed)
        vector = self.arrange(vector, summed)
        behind = matrix.letters == summed + kept
        if not behind:
            matrix = self.arrange(matrix, kept + summed)
        matrix_name = self.merged(matrix, *((summed, kept) if behind else (kept, summed)))
        count, size = size_product(self.shape(summed)), size_product(self.shape(kept))
        if behind and is_double:
            row = self.reshape(vector.name, [1, count])
            product = self.node("Gemm", row, matrix_name, shape=[1, size])
        elif behind:
            product = self.node("MatMul", self.merged(vector, summed), matrix_name, shape=[size])
        elif isinstance(count, int) and not is_double:
            product = self.node("MatMul", matrix_name, self.merged(vector, summed), shape=[size])
        else:  # with an empty vector the runtime's product is undefined, with an empty matrix it is zero
            column = self.reshape(vector.name, [count, 1])
            product = self.node("Gemm" if is_double else "MatMul", matrix_name, column, shape=[size, 1])
        return _Tensor(self.reshape(product, self.shape(kept)), kept)

    def matrices(self) -> _Tensor:
        """Gemm, whose flags take groups of axes in either order; MatMul where no flag is needed."""
        left, right = self.left, self.right
        rows = self.rows if self._is_wider(self.columns) else self._pick(left.letters, self.rows.__contains__)
        columns = self.columns
        if not self._is_wider(self.rows):
            columns = self._pick(right.letters, self.columns.__contains__)
        summed = self._pick(left.letters, lambda letter: letter in self.summed)
        has_flags = self.element.is_float
        is_moved = left.letters not in (rows + summed, *([summed + rows] if has_flags else []))
        if is_moved:
            left = self.arrange(left, rows + summed)
        if right.letters not in (summed + columns, *([columns + summed] if has_flags else [])):
            right = self.arrange(right, summed + columns)
        left_flag, right_flag = left.letters != rows + summed, right.letters != summed + columns
        letters = rows + columns
        # (the runtime's product fused with a transpose fails for an empty batch)
        plain = not left_flag and not right_flag
        if plain and len(summed) == len(columns) == 1 and not is_moved and self.element is not F64:
            product = self.node("MatMul", left.name, right.name, shape=self.shape(letters))
            return _Tensor(self._zero_if_empty(product, len(rows), self.sizes[summed]), letters)
        a = self.merged(left, *((summed, rows) if left_flag else (rows, summed)))
        b = self.merged(right, *((columns, summed) if right_flag else (summed, columns)))
        merged = [size_product(self.shape(rows)), size_product(self.shape(columns))]
        if not plain or self.element is F64:
            product = self.node("Gemm", a, b, shape=merged, transA=int(left_flag), transB=int(right_flag))
        else:
            product = self.node("MatMul", a, b, shape=merged)
        return _Tensor(self.reshape(product, self.shape(letters)), letters)


    def _is_wider(self, letters):
        """Whether it is not better to transpose a result with these letters than an operand, which has those
        summed over instead."""
        across, summed = (size_product(self.shape(group)) for group in (letters, self.summed))
        return not isinstance(across, int) or not isinstance(summed, int) or across >= summed


def _lower_contract(lowering, operation, names):
    types = [operand.type for operand in operation.operands]
    return [_Contraction(lowering, operation.attributes["spec"], names, types).lower()]


register("contract", _infer_contract, _evaluate_contract, Multilinear(_contract_transpose), _lower_contract,
         "Σ left · right over the letters of `spec` that the result lacks; each letter names an axis",
         batch=batch_contract, batch_sum=sum_contract)
