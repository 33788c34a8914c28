"""Operands and attributes that ops do not accept, and what the error says."""

import pytest
from weber.compiler import ir
from weber.compiler.ops import TypeRuleError
from weber.compiler.types import BOOL, F32, F64, I32, I64, TensorType, symbol

N = symbol("N")


def tensor(*shape, element=F32):
    return TensorType(element, shape)


I = TensorType(I64)  # noqa: E741


@pytest.mark.parametrize("op, types, attributes, message", [
    ("add", [tensor(3, 4), tensor(4, 3)], {}, "equal type, got tensor<3x4xf32> and tensor<4x3xf32>"),
    ("add", [tensor(3), tensor(3, element=F64)], {}, "equal type"),
    ("add", [tensor(3)], {}, "takes 2 operands, got 1"),
    ("add", [tensor(3, element=BOOL)] * 2, {}, "not defined for elements of type i1"),
    ("exp", [tensor(3, element=I32)], {}, "not defined for elements of type i32"),
    ("idiv", [tensor(3)] * 2, {}, "not defined for elements of type f32"),
    ("select", [tensor(3, element=BOOL), tensor(4), tensor(4)], {},
     "condition of type tensor<4xi1>, got tensor<3xi1>"),
    ("reshape", [tensor(3, 4)], {"shape": (5, 2)}, "12 and 10, differ"),
    ("reshape", [tensor(N, 4)], {"shape": (2, N + 1)}, None),
    ("reshape", [tensor(N, 4)], {"shape": (4 * N + 4,)}, r"4\*N and 4\*N \+ 4, differ"),
    ("transpose", [tensor(3, 4)], {"permutation": (0, 0)}, "repeat"),
    ("transpose", [tensor(3, 4)], {"permutation": (0,)}, "rank 2"),
    ("broadcast", [tensor(3)], {"shape": (4, 5), "axes": (1,)}, "size 3 does not fit size 5"),
    ("broadcast", [tensor(N)], {"shape": (4, symbol("M")), "axes": (1,)}, "size N does not fit size M"),
    ("broadcast", [tensor(4, 5)], {"shape": (5, 4), "axes": (1, 0)}, "do not increase"),
    ("concatenate", [tensor(3, 4), tensor(3, 5)], {"axis": 0}, "along axis 0"),
    ("slice", [tensor(3)], {"starts": (1,), "stops": (5,), "steps": (1,)}, "range 1:5 of an axis of size 3"),
    ("slice", [tensor(3)], {"starts": (0,), "stops": (3,), "steps": (-1,)}, "step -1"),
    ("pad", [tensor(3)], {"low": (-2,), "high": (-2,), "value": 0}, "size 3 would get size -1"),
    ("reduce_sum", [tensor(3)], {"axes": (1,)}, "axis 1 of a tensor of rank 1"),
    ("reduce_and", [tensor(3)], {"axes": (0,)}, "takes bool"),
    ("arg_max", [tensor(0)], {"axis": 0}, "size 0"),
    ("contract", [tensor(3, 4), tensor(5, 6)], {"spec": "nk,hk->nh"}, "'k' has sizes 4 and 6"),
    ("contract", [tensor(3, 4), tensor(5, 6)], {"spec": "nk,hj->nh"}, "stands alone"),
    ("contract", [tensor(3, 4), tensor(5)], {"spec": "nk,hk->nh"}, "names the axes"),
    ("contract", [tensor(3, 3), tensor(3, 3)], {"spec": "nn,nk->k"}, "repeats"),
    ("contract", [tensor(3, 3), tensor(3, 3)], {"spec": "nk->n"}, "not a spec"),
    ("gather", [tensor(3), tensor(2)], {"axis": 0}, "i64 indices"),
    ("take_along", [tensor(3, 4), tensor(2, 2, element=I64)], {"axis": 0}, "along axis 0"),
    ("scatter_add", [tensor(2, element=I64), tensor(2, 5)], {"axis": 0, "shape": (9, 4)},
     "tensor<2x4xf32>, got"),
    ("dynamic_slice", [tensor(3), I], {"sizes": (4,)}, "window of size 4 in an axis of size 3"),
    ("dynamic_slice", [tensor(3), tensor()], {"sizes": (2,)}, "i64 scalars"),
    ("conv", [tensor(2, 3, 8), tensor(4, 2, 3)], {}, "3 input channels; the kernel takes 2"),
    ("conv", [tensor(2, 3, 2), tensor(4, 3, 3)], {}, "spans 3 over an axis of size 2"),
    ("conv", [tensor(2, 3, 8), tensor(4, 3, 3)], {"strides": (1, 1)}, "1 spatial axes"),
    ("conv_input_gradient", [tensor(2, 4, 5), tensor(4, 3, 3)], {"input_shape": (8,)},
     "5 windows along an axis that has 6"),
    ("max_pool", [tensor(2, 3, 8)], {"window": (2,), "pads": (2, 0)}, "as large as the window"),
    ("max_pool", [tensor(2, 3, 8)], {"window": (2, 2)}, "window of 2 axes"),
    ("softmax", [tensor(3)], {"axis": 1}, "axis 1"),
    ("random_bits", [I, tensor()], {"shape": (3,)}, "i64 scalars"),
    ("random_uniform", [I, I], {"shape": (3,), "element": I64}, "random_uniform of i64"),
    ("iota", [], {"shape": (3,), "axis": 0, "element": BOOL}, "iota of i1"),
])
def test_type_rules(op, types, attributes, message):
    builder, operands = ir.Builder(), [ir.Value(type) for type in types]
    if message is None:
        builder.emit(op, operands, attributes)
        return
    with pytest.raises(TypeRuleError, match=message):
        builder.emit(op, operands, attributes)
