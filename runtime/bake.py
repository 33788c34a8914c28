"""Constants of a state: trained parameters become part of the model, and onnxruntime optimises further."""

import os

import onnx
from onnx import numpy_helper

from ..compiler.errors import WeberError
from .checkpoint import load_arrays
from .files import write_aside
from .metadata import STATE_KEY
from .models import read_model, state_map
from .state import select
from .tensors import TensorSpec


def bake(model_path: str | os.PathLike, state_path: str | os.PathLike, output_path: str | os.PathLike):
    """Writes the model with its states fixed to those of a safetensors file.

    The file may hold more than the model reads (an optimiser's state, say). Raises WeberError when the model
    mutates its state, when it has none, and when the file misses a state or has it with another type.
    """
    model = read_model(model_path)
    states = state_map(model)
    if mutated := [name for name, output in states.items() if output is not None]:
        shown = ", ".join(mutated[:3]) + (", …" if len(mutated) > 3 else "")
        raise WeberError(f"{model_path} mutates its state ({shown}), so it cannot be constant")
    if not states:
        raise WeberError(f"{model_path} has no state to make constant")
    initializers = {tensor.name: tensor for tensor in model.graph.initializer}
    defaults = {name: numpy_helper.to_array(initializers[name]) for name in states}
    specs = [TensorSpec(name, array.dtype, array.shape) for name, array in defaults.items()]
    arrays = select(load_arrays(state_path), specs, state_path, extra=True)
    for name, array in arrays.items():
        initializers[name].CopyFrom(numpy_helper.from_array(array, name))
    kept_inputs = [value for value in model.graph.input if value.name not in states]
    kept_metadata = [entry for entry in model.metadata_props if entry.key != STATE_KEY]
    del model.graph.input[:], model.metadata_props[:]
    model.graph.input.extend(kept_inputs)
    model.metadata_props.extend(kept_metadata)
    model.metadata_props.add(key=STATE_KEY, value="{}")
    onnx.checker.check_model(model)
    write_aside(output_path, model.SerializeToString(deterministic=True))
