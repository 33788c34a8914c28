"""What lowerings share: which element types onnxruntime's CPU kernels take, and formulas over ONNX nodes.

A tensor of an element type that a kernel lacks is cast to a wider one and back. float16 is left as it is:
where it lacks a kernel the runtime itself computes in float32. float64 is never narrowed: an op without a
float64 kernel is lowered to a formula (`Formula`).
"""

import numpy as np

from ..ir import Block, Builder, Value
from ..types import BF16, BOOL, F16, F32, I32, I64, U64, ElementType, TensorType

_FLOATS = "f16 f32 f64"
_SINGLE = "f16 f32"
_INTEGERS = "i8 i16 i32 i64 ui8 ui16 ui32 ui64"
_WIDE = f"{_FLOATS} i32 i64"
_COMPARABLE = f"{_FLOATS} {_INTEGERS}"

KERNELS = {op_type: frozenset(elements.split()) for op_types, elements in {
    "Add Sub Mul Div Abs Sign Mod": f"{_FLOATS} {_INTEGERS}",
    "Neg": f"{_FLOATS} i8 i16 i32 i64",
    "Max Min": f"{_FLOATS} i8 i32 i64 ui8 ui32 ui64",
    "Pow Range CumSum ReduceSum ReduceProd": _WIDE,
    "Where": f"{_FLOATS} i8 i32 i64 ui8 ui32",
    "Equal": f"{_COMPARABLE} i1",
    "Less LessOrEqual Greater GreaterOrEqual": _COMPARABLE,
    "And Or Xor Not": "i1",
    "BitwiseAnd BitwiseOr BitwiseXor BitwiseNot": _INTEGERS,
    "BitShift": "ui8 ui32 ui64",
    "ReduceMax ReduceMin ArgMax ArgMin": f"{_WIDE} i8 ui8",
    "Exp Log Sqrt Sin Cos Tanh Sigmoid Reciprocal Floor Ceil Round Softmax LogSoftmax Gemm": _FLOATS,
    "IsNaN IsInf": f"{_FLOATS} bf16",
    "Softplus Tan Sinh Cosh Asin Acos Atan Asinh Acosh Atanh Erf": _SINGLE,
    "Conv ConvTranspose Col2Im AveragePool Resize": _SINGLE,
    "MatMul": _WIDE,  # those for ui32 and ui64 are listed and fail
    "MaxPool": _FLOATS,
    "Pad": f"{_WIDE} ui32 ui64 i8 ui8 i1",
    "Expand": f"{_COMPARABLE} i1",
    "ScatterElements ScatterND": f"f32 f64 {_INTEGERS}",  # with a reduction
}.items() for op_type in op_types.split()}

_WIDER = {"bf16": (F32,), "f16": (F32,), "i8": (I32, I64), "i16": (I32, I64), "i32": (I64,),
          "ui8": (I32, I64), "ui16": (I32, I64), "ui32": (I64,), "ui64": (I64,), "i1": (I32,)}

_ORDERED = ("ReduceMax", "ReduceMin", "ArgMax", "ArgMin")


def has_kernel(op_type: str, element: ElementType) -> bool:
    """Whether the runtime computes `op_type` in this element type."""
    return element.name in KERNELS[op_type]


def kernel_element(op_type: str, element: ElementType) -> ElementType:
    """The element type in which to compute `op_type` of `element`s. Raises KeyError where there is none."""
    if has_kernel(op_type, element):
        return element
    for wider in _WIDER.get(element.name, ()):
        if has_kernel(op_type, wider):
            return wider
    raise KeyError(f"no {op_type} for {element}")


def compute(lowering, op_type, inputs, type: TensorType | None = None, data=None, **attributes) -> str:
    """Appends `op_type`, casting around a kernel that is missing.

    The inputs at positions `data` (all, when None) share the element type that the kernel is looked up for.
    `type` is needed where the lowering cannot tell the result's type from the inputs.
    """
    data = range(len(inputs)) if data is None else data
    element = lowering.types[inputs[data[0]]].element
    used = kernel_element(op_type, element)
    if used is element:
        return lowering.node(op_type, inputs, type=type, **attributes)
    flips = element is U64 and op_type in _ORDERED
    inputs = [_widened(lowering, name, used, flips) if index in data else name
              for index, name in enumerate(inputs)]
    if type is not None and type.element is not element:
        return lowering.node(op_type, inputs, type=type, **attributes)
    name = lowering.node(op_type, inputs, type=type and TensorType(used, type.shape), **attributes)
    if lowering.types[name].element is not used:
        return name
    return lowering.cast(_flipped(lowering, name) if flips else name, element)


def _widened(lowering, name, element, flips):
    wide = lowering.cast(name, element)
    return _flipped(lowering, wide) if flips else wide


def _flipped(lowering, name):
    """An int64 tensor with its sign bits flipped: the order of unsigned numbers becomes that of signed."""
    return lowering.node("BitwiseXor", [name, lowering.scalar(np.iinfo(np.int64).min, I64)])


def where(lowering, condition, a, b) -> str:
    """Appends a Where; on bool, for which it has no kernel, logic."""
    if lowering.types[a].element is not BOOL:
        return compute(lowering, "Where", [condition, a, b], data=(1, 2))
    chosen = lowering.node("And", [condition, a])
    other = lowering.node("And", [lowering.node("Not", [condition]), b])
    return lowering.node("Or", [chosen, other])


class Formula:
    """An ONNX tensor in an elementwise formula: arithmetic appends nodes, numbers become constants."""

    def __init__(self, lowering, name):
        self.lowering, self.name = lowering, name

    @property
    def element(self) -> ElementType:
        return self.lowering.types[self.name].element

    def _name(self, other):
        return other.name if isinstance(other, Formula) else self.lowering.scalar(other, self.element)

    def apply(self, op_type, *others, **attributes) -> "Formula":
        """`op_type` of this and the others."""
        inputs = [self.name, *map(self._name, others)]
        return Formula(self.lowering, compute(self.lowering, op_type, inputs, **attributes))

    def cast(self, element: ElementType) -> "Formula":
        return Formula(self.lowering, self.lowering.cast(self.name, element))

    def constant(self, value) -> "Formula":
        """A number in this tensor's element type."""
        return Formula(self.lowering, self._name(value))

    def choose(self, a, b) -> "Formula":
        """`a` where this (a bool tensor) is true, else `b`; one of them may be a number."""
        like = a if isinstance(a, Formula) else b
        return Formula(self.lowering, where(self.lowering, self.name, like._name(a), like._name(b)))

    def polynomial(self, coefficients) -> "Formula":
        """Σ coefficients[k] xᵏ by Horner's rule."""
        *rest, total = coefficients
        for coefficient in reversed(rest):
            total = self * total + coefficient
        return total

    def __add__(self, other):
        return self.apply("Add", other)

    def __sub__(self, other):
        return self.apply("Sub", other)

    def __mul__(self, other):
        return self.apply("Mul", other)

    def __truediv__(self, other):
        return self.apply("Div", other)

    def __rsub__(self, other):
        return self.constant(other).apply("Sub", self)

    def __rtruediv__(self, other):
        return self.constant(other).apply("Div", self)

    def __lt__(self, other):
        return self.apply("Less", other)

    def __gt__(self, other):
        return self.apply("Greater", other)

    def __and__(self, other):
        return self.apply("And", other)

    def __or__(self, other):
        return self.apply("Or", other)

    def __neg__(self):
        return self.apply("Neg")

    def __invert__(self):
        return self.apply("Not")

    def equals(self, other):
        return self.apply("Equal", other)

    __radd__, __rmul__ = __add__, __mul__


def formula(function):
    """A lowering from a function of `Formula`s; float16 and bfloat16 are computed in float32."""

    def lower(lowering, operation, names):
        operands = [Formula(lowering, name) for name in names]
        if operands[0].element in (F16, BF16):
            operands = [operand.cast(F32) for operand in operands]
        return [function(*operands).cast(operation.results[0].element).name]

    return lower


def decomposed(function):
    """A lowering that lowers other ops of the IR in place of the operation: `function(b, operation,
    *operands)` builds them and gives the result."""

    def lower(lowering, operation, names):
        block = Block([Value(operand.type) for operand in operation.operands])
        builder = Builder(block, operation.location)
        block.results = [function(builder, operation, *block.arguments)]
        return lowering.block(block, names)

    return lower
