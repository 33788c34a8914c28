"""A model as a function of device tensors, for callers that keep their arrays as `OrtValue`s."""

import os
from collections.abc import Sequence

from onnxruntime.capi.onnxruntime_pybind11_state import OrtValue, OrtValueVector, RunOptions

from ..compiler.errors import WeberError
from .providers import Device, create_session, reason
from .tensors import spec_of


class Executable:
    """A compiled model without state.

    `model` is a file, the bytes of a model or an `onnx.ModelProto`. `inputs` and `outputs` are the specs in
    order; inputs with an initializer keep their default and are not among them. `run` takes and gives
    `OrtValue`s; make them with `tensors.borrow` or `tensors.to_device` and read them with `tensors.to_numpy`.
    """

    def __init__(self, model, device="cpu", threads: int | None = None):
        self.device = Device.parse(device)
        self.session = create_session(model_source(model), self.device, threads)
        self.inputs = [spec_of(value) for value in self.session.get_inputs()]
        self.outputs = [spec_of(value) for value in self.session.get_outputs()]
        self._input_names = [spec.name for spec in self.inputs]
        self._output_names = [spec.name for spec in self.outputs]
        self._is_bool = [spec.dtype == bool for spec in self.outputs]
        self._memory = [self.device.memory] * len(self.outputs)
        self._options = RunOptions()
        self._run = self.session._sess.run_with_ortvaluevector

    def run(self, values: Sequence[OrtValue]) -> list[OrtValue]:
        """The outputs, on the device, for inputs in order. Their shapes and types are onnxruntime's to check.

        Raises WeberError when onnxruntime does.
        """
        feeds, results = OrtValueVector(), OrtValueVector()
        for value in values:
            feeds.push_back(value)
        try:
            self._run(self._options, self._input_names, feeds, self._output_names, results, self._memory)
        except Exception as error:  # onnxruntime's errors have no common base class
            raise WeberError(f"onnxruntime failed: {reason(error)}") from None
        # An element of an OrtValueVector keeps the vector alive and with it all other outputs: detach each.
        detach = OrtValue.from_dlpack
        return [detach(results.dlpack_at(index), is_bool) for index, is_bool in enumerate(self._is_bool)]


def model_source(model) -> str | bytes:
    """A path, or the bytes of a model given as bytes or `onnx.ModelProto`."""
    if isinstance(model, (str, bytes)):
        return model
    return os.fspath(model) if isinstance(model, os.PathLike) else model.SerializeToString()
