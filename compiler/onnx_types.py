"""Result types of the ONNX nodes that lowerings add as helpers, where input types and constants tell them."""

from dataclasses import dataclass

from .types import BOOL, I64, TensorType, element_type_of_onnx


@dataclass(frozen=True, slots=True)
class SequenceType:
    """The type of a sequence of tensors, which ONNX has and the IR has not."""

    tensor: TensorType
    shape = None

_AS_FIRST = frozenset("""
    Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Ceil Clip Cos Cosh CumSum Elu Erf Exp Floor Gelu
    HardSigmoid Identity LeakyRelu Log LogSoftmax Neg Not Reciprocal Relu Round ScatterElements ScatterND
    Selu Sigmoid Sign Sin Sinh Softmax Softplus Sqrt Tan Tanh Trilu
""".split())
_BROADCASTING = frozenset("""
    Add Sub Mul Div Pow Mod Min Max And Or Xor BitwiseAnd BitwiseOr BitwiseXor BitShift
""".split())
_COMPARING = frozenset("Equal Less LessOrEqual Greater GreaterOrEqual".split())
_REDUCING = frozenset("ReduceSum ReduceProd ReduceMax ReduceMin ReduceMean ReduceL2 ReduceSumSquare".split())


def node_types(op_type, inputs, attributes, arrays):
    """The types of a node's outputs, as far as they are known.

    `inputs` are the input types (None where unknown or absent), `arrays` the values of inputs that are
    constants. Gives [] for an op type or a case that this table does not cover; the lowering then has to
    state the type.
    """
    if not inputs or inputs[0] is None:
        return []
    first = inputs[0]
    if op_type in _AS_FIRST:
        return [first]
    if op_type in _BROADCASTING:
        return _with_shape(first.element, broadcast_shape(inputs))
    if op_type in _COMPARING:
        return _with_shape(BOOL, broadcast_shape(inputs))
    if op_type == "Where":
        return _with_shape(inputs[1].element, broadcast_shape(inputs))
    if op_type in ("IsNaN", "IsInf"):
        return [TensorType(BOOL, first.shape)]
    if op_type == "Cast":
        to = attributes["to"]
        return [TensorType(element_type_of_onnx(to) if isinstance(to, int) else to, first.shape)]
    if op_type == "Shape":
        kept = first.shape[attributes.get("start", 0):attributes.get("end", first.rank)]
        return [TensorType(I64, (len(kept),))]
    if op_type == "Transpose":
        return [TensorType(first.element, tuple(first.shape[axis] for axis in attributes["perm"]))]
    if op_type == "Concat":
        return _concat(inputs, attributes["axis"])
    if op_type == "Gather" and inputs[1] is not None:
        axis = attributes.get("axis", 0) % first.rank
        return [TensorType(first.element, first.shape[:axis] + inputs[1].shape + first.shape[axis + 1:])]
    if op_type in ("Unsqueeze", "Squeeze", *_REDUCING) and len(arrays) > 1 and arrays[1] is not None:
        return _with_axes(op_type, first, arrays[1].tolist(), attributes)
    if op_type == "MatMul" and inputs[1] is not None:
        return _matmul(first, inputs[1])
    if op_type == "Gemm" and inputs[1] is not None:
        rows = first.shape[1 if attributes.get("transA") else 0]
        columns = inputs[1].shape[0 if attributes.get("transB") else 1]
        return [TensorType(first.element, (rows, columns))]
    return []


def broadcast_shape(types):
    """The shape that numpy-style broadcasting gives; None when a type is unknown."""
    if any(type is None for type in types):
        return None
    shape = [1] * max(type.rank for type in types)
    for type in types:
        for axis, dim in enumerate(type.shape, len(shape) - type.rank):
            if dim != 1:
                shape[axis] = dim
    return tuple(shape)


def _with_shape(element, shape):
    return [] if shape is None else [TensorType(element, shape)]


def _concat(inputs, axis):
    if any(type is None for type in inputs):
        return []
    shape = list(inputs[0].shape)
    shape[axis] = sum(type.shape[axis] for type in inputs)
    return [TensorType(inputs[0].element, tuple(shape))]


def _with_axes(op_type, type, axes, attributes):
    if op_type == "Unsqueeze":
        rank = type.rank + len(axes)
        new, old = {axis % rank for axis in axes}, iter(type.shape)
        return [TensorType(type.element, tuple(1 if axis in new else next(old) for axis in range(rank)))]
    dropped = {axis % type.rank for axis in axes}
    keep = op_type != "Squeeze" and attributes.get("keepdims", 1)
    shape = [1 if axis in dropped else dim for axis,
             dim in enumerate(type.shape) if keep or axis not in dropped]
    return [TensorType(type.element, tuple(shape))]


def _matmul(a, b):
    if a.rank < 1 or b.rank < 1:
        return []
    batch = broadcast_shape([TensorType(a.element, a.shape[:-2]), TensorType(b.element, b.shape[:-2])])
    rows = a.shape[-2:-1]
    columns = b.shape[-1:] if b.rank > 1 else ()
    return [TensorType(a.element, batch + rows + columns)]
