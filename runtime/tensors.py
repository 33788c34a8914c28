"""Arrays on both sides of onnxruntime: numpy arrays, and `OrtValue`s that live on a device.

onnxruntime's Python classes are thin and slow wrappers of its C classes (a call with one input and one output
costs 36 µs through them and 11 µs without), so everything here and in `executable` and `program` uses the C
classes. What is touched of them is `OrtValue`, `OrtDevice`, `OrtValueVector`, `SessionIOBinding` and the
session's `run_with_…`.
"""

import ctypes
from dataclasses import dataclass

import ml_dtypes
import numpy as np
from onnxruntime.capi.onnxruntime_pybind11_state import OrtDevice, OrtValue

from ..compiler.errors import UnsupportedError

CPU = OrtDevice(OrtDevice.cpu(), OrtDevice.default_memory(), 0)

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

# onnxruntime's name of a type → numpy's dtype and the number of ONNX's `TensorProto.DataType`
_ELEMENT_TYPES = {
    "tensor(float)": (np.dtype(np.float32), 1),
    "tensor(uint8)": (np.dtype(np.uint8), 2),
    "tensor(int8)": (np.dtype(np.int8), 3),
    "tensor(uint16)": (np.dtype(np.uint16), 4),
    "tensor(int16)": (np.dtype(np.int16), 5),
    "tensor(int32)": (np.dtype(np.int32), 6),
    "tensor(int64)": (np.dtype(np.int64), 7),
    "tensor(bool)": (np.dtype(np.bool_), 9),
    "tensor(float16)": (np.dtype(np.float16), 10),
    "tensor(double)": (np.dtype(np.float64), 11),
    "tensor(uint32)": (np.dtype(np.uint32), 12),
    "tensor(uint64)": (np.dtype(np.uint64), 13),
    "tensor(bfloat16)": (BFLOAT16, 16),
}
_ONNX_NUMBERS = dict(_ELEMENT_TYPES.values())


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, numpy dtype and shape, in numpy's order, of an input or output. A size is an integer, the name of
    a symbolic one, or None where the model says nothing. `shape` is None where the rank is unknown too."""

    name: str
    dtype: np.dtype
    shape: tuple[int | str | None, ...] | None

    @property
    def is_static(self):
        return self.shape is not None and all(isinstance(size, int) for size in self.shape)

    def __str__(self):
        return f"{self.dtype.name} {shape_text(self.shape)}"


def spec_of(node_argument) -> TensorSpec:
    """The spec of an onnxruntime `NodeArg`. Raises UnsupportedError for what is no tensor of numbers."""
    if node_argument.type not in _ELEMENT_TYPES:
        found = f"{node_argument.name} has the type {node_argument.type}"
        raise UnsupportedError(f"{found}, expected a tensor of numbers")
    dtype, _ = _ELEMENT_TYPES[node_argument.type]
    shape = node_argument.shape
    return TensorSpec(node_argument.name, dtype, None if shape is None else tuple(shape))


def shape_text(shape) -> str:
    """A shape as numpy prints it, without quotes around symbolic sizes: `(N, 64)`, `(3,)`, `()`."""
    if shape is None:
        return "of any shape"
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def allocate(shape, dtype, device=CPU) -> OrtValue:
    """An uninitialised tensor that owns its memory."""
    return OrtValue.ortvalue_from_shape_and_onnx_type(shape, _ONNX_NUMBERS[dtype], device)


def to_device(array: np.ndarray, device=CPU) -> OrtValue:
    """A copy of a numpy array, owned by the `OrtValue`."""
    value = allocate(array.shape, array.dtype, device)
    overwrite(value, array)
    return value


def borrow(array: np.ndarray) -> OrtValue:
    """A CPU tensor that shares a contiguous array's memory, valid while the array lives; a copy of any other
    array."""
    if not array.flags.c_contiguous:
        return to_device(array)
    if array.dtype == BFLOAT16:
        return OrtValue.ortvalue_from_numpy_with_onnx_type(array.view(np.uint16), 16)
    return OrtValue.ortvalue_from_numpy(array, CPU)


def overwrite(value: OrtValue, array: np.ndarray):
    """Copies an array of the same shape and dtype into the memory of `value`."""
    if array.size == 0:
        return
    array = np.ascontiguousarray(array)
    if array.dtype == BFLOAT16:
        value.update_inplace(borrow(array))
    else:
        value.update_inplace(array)


def to_numpy(value: OrtValue) -> np.ndarray:
    """The contents as a numpy array: on the CPU a view that keeps the memory alive, elsewhere a copy."""
    if value.element_type() != 16:
        return value.numpy()
    # numpy knows bfloat16 only through ml_dtypes, onnxruntime does not: read its bytes
    shape = value.shape()
    host = allocate(shape, BFLOAT16)
    size = host.tensor_size_in_bytes()
    if size == 0:
        return np.empty(shape, BFLOAT16)
    host.update_inplace(value)
    return np.frombuffer(ctypes.string_at(host.data_ptr(), size), BFLOAT16).reshape(shape).copy()
