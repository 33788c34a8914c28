"""Named arrays in safetensors files, bfloat16 included."""

import os
from collections.abc import Mapping

import numpy as np

from ..compiler.errors import WeberError
from .files import write_aside
from .tensors import BFLOAT16

_DTYPES = {
    "BOOL": np.bool_, "U8": np.uint8, "U16": np.uint16, "U32": np.uint32, "U64": np.uint64,
    "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64,
    "BF16": BFLOAT16, "F16": np.float16, "F32": np.float32, "F64": np.float64,
}  # fmt: skip


def save_arrays(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]):
    """Writes arrays as safetensors, aside and then renamed."""
    from safetensors.numpy import save

    # ascontiguousarray makes rank 1 of rank 0
    contiguous = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    write_aside(path, save(contiguous))


def load_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file. Raises WeberError when it is missing or damaged."""
    from safetensors import SafetensorError, deserialize

    try:
        with open(path, "rb") as file:
            entries = deserialize(file.read())
    except OSError as error:
        raise WeberError(f"cannot read {path}: {error.strerror}", kind="SystemError") from None
    except SafetensorError as error:
        raise WeberError(f"{path} is not a safetensors file: {error}") from None
    arrays = {}
    for name, entry in entries:
        if entry["dtype"] not in _DTYPES:
            raise WeberError(f"{path}: {name} has the element type {entry['dtype']}, which is not supported")
        arrays[name] = np.frombuffer(entry["data"], _DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays
