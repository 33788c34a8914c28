"""Reading ONNX files as `onnx.ModelProto`s, for the tools that look into them or change them."""

import os

import onnx

from ..compiler.errors import WeberError
from .metadata import read_state_map


def read_model(path: str | os.PathLike) -> onnx.ModelProto:
    """The model of a file. Raises WeberError when that is missing or no ONNX model."""
    try:
        model = onnx.load(path)
    except OSError as error:
        raise WeberError(f"cannot read {path}: {error.strerror}", kind="SystemError") from None
    except Exception as error:  # protobuf's DecodeError, or what onnx makes of missing external data
        raise WeberError(f"{path} is not an ONNX model: {error}") from None
    if not model.HasField("graph"):
        raise WeberError(f"{path} is not an ONNX model")
    return model


def state_map(model: onnx.ModelProto) -> dict[str, str | None]:
    """The model's map from states to their next outputs; empty where it has none."""
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    initializers = {tensor.name for tensor in model.graph.initializer}
    states = [value.name for value in model.graph.input if value.name in initializers]
    return read_state_map(metadata, states, {value.name for value in model.graph.output})
