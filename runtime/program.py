"""A saved artifact as a Python function whose state stays on the device between calls."""

import os

import numpy as np
from onnxruntime.capi.onnxruntime_pybind11_state import SessionIOBinding

from ..compiler.errors import WeberError
from .arguments import Arguments
from .executable import model_source
from .metadata import STATE_KEY, read_ragged, read_state_map
from .providers import Device, create_session, reason
from .results import result_builder
from .state import StateStore
from .tensors import CPU, TensorSpec, borrow, spec_of, to_numpy

_MOST_BINDINGS = 16  # programs that share a state can take turns in ever new ways; keep the bindings of a few


class Program:
    """A model on a device, called with numpy arrays.

    `model` is a file, the bytes of a model or an `onnx.ModelProto`. A call takes arguments by position or
    name and gives the result as numpy arrays: one output as itself, several as a tuple, dotted names as
    tuples and named tuples. Each call also replaces every state that the model mutates by its next value;
    `state` is that state. Pass the `state` of another program to share it. Raises WeberError when the model,
    the device or the arguments will not do.
    """

    def __init__(self, model, device="cpu", state: StateStore | None = None, threads: int | None = None):
        self.device = Device.parse(device)
        source = model_source(model)
        self._session = create_session(source, self.device, threads)
        metadata = self._session.get_modelmeta()
        self.metadata = dict(metadata.custom_metadata_map)
        structured = metadata.producer_name == "weber" or STATE_KEY in self.metadata
        defaults = {value.name: spec_of(value) for value in self._session.get_overridable_initializers()}
        outputs = {value.name: spec_of(value) for value in self._session.get_outputs()}
        next_of = read_state_map(self.metadata, defaults, set(outputs))
        next_outputs = set(next_of.values())
        self.inputs = [spec_of(value) for value in self._session.get_inputs()]
        self.outputs = [spec for name, spec in outputs.items() if name not in next_outputs]
        self.name = _name(self.outputs, source, structured)
        ragged = read_ragged(self.metadata, {spec.name for spec in (*self.inputs, *self.outputs)})
        self._arguments = Arguments(self.name, self.inputs, structured, ragged)
        self._build_result = result_builder(self.outputs, structured, ragged)
        for name, output in next_of.items():
            _check_state(defaults[name], outputs.get(output))
        self.state = self._attach(state, {name: defaults[name] for name in next_of}, next_of, source)
        self._bindings = {}
        self._input_names = [spec.name for spec in self.inputs]
        self._output_names = [spec.name for spec in self.outputs]
        self._output_range = range(len(self.outputs))
        self._run = self._session._sess.run_with_iobinding

    def __call__(self, *positional, **keywords):
        arrays = self._arguments.bind(positional, keywords)
        state = self.state
        with state.lock:
            binding = self._binding()
            for name, array in zip(self._input_names, arrays):
                binding.bind_ortvalue_input(name, borrow(array))
            for name in self._output_names:  # a fresh one each time: the caller keeps the last
                binding.bind_output(name, CPU)
            try:
                self._run(binding, None)
            except Exception as error:  # onnxruntime's errors have no common base class
                raise WeberError(f"{self.name} failed: {reason(error)}") from None
            state.parity ^= self._flips
            outputs = binding.get_outputs()
            return self._build_result([to_numpy(outputs[index]) for index in self._output_range])

    def save_state(self, path: str | os.PathLike):
        """Writes the state as safetensors. The file appears whole, or stays what it was."""
        self.state.save(path)

    def load_state(self, path: str | os.PathLike, partial: bool = False):
        """Takes the state from a safetensors file; see `StateStore.load` for what is checked."""
        self.state.load(path, partial)

    def __repr__(self):
        results = ", ".join(f"{spec.name}: {spec}" for spec in self.outputs)
        return f"<program {self._arguments} → {results} on {self.device}, {len(self._slots)} states>"

    # --- state ----------------------------------------------------------------------------------------------

    def _attach(self, state, specs, next_of, source):
        """The store that holds this program's states; where it lacks one, that gets the model's value."""
        if state is None:
            state = StateStore(self.device)
        elif not isinstance(state, StateStore):
            raise WeberError(f"state must be the state of a program, found {type(state).__name__}")
        elif state.device != self.device:
            raise WeberError(f"the shared state is on {state.device}, this program on {self.device}")
        with state.lock:
            values = _initial_values(source, specs) if any(name not in state for name in specs) else {}
            self._slots = {name: state.add(spec, values.get(name)) for name, spec in specs.items()}
        mutated = {name: output for name, output in next_of.items() if output is not None}
        self._next_outputs = [(output, self._slots[name]) for name, output in mutated.items()]
        self._flips = sum(slot.bit for _, slot in self._next_outputs)
        self._mask = sum(slot.bit for slot in self._slots.values())
        return state

    def _binding(self):
        """The IOBinding that reads the current buffers of all states and writes to the spare ones.

        There is one for each parity in which the states are met: two, unless other programs mutate some of
        them. Only the CPU's are kept: elsewhere onnxruntime may copy an input when it is bound.
        """
        parity = self.state.parity & self._mask
        binding = self._bindings.get(parity)
        if binding is not None:
            return binding
        binding = SessionIOBinding(self._session._sess)
        for name in self._output_names:  # first, so that they come first among the binding's outputs
            binding.bind_output(name, CPU)
        for name, slot in self._slots.items():
            binding.bind_ortvalue_input(name, self.state.current(slot))
        for output, slot in self._next_outputs:
            binding.bind_ortvalue_output(output, self.state.spare(slot))
        if self.device.is_cpu:
            if len(self._bindings) == _MOST_BINDINGS:
                self._bindings.clear()
            self._bindings[parity] = binding
        return binding


def _check_state(spec: TensorSpec, following: TensorSpec | None):
    if not spec.is_static:
        raise WeberError(f"the state {spec.name} is {spec}: a state has fixed sizes")
    if following is not None and (spec.dtype, spec.shape) != (following.dtype, following.shape):
        change = f"is {spec} and becomes {following}"
        raise WeberError(f"the state {spec.name} {change}: a state keeps type and sizes")


def _initial_values(source, specs) -> dict[str, np.ndarray]:
    """The initializers of the states; onnxruntime tells their names and types but not their values."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(source) if isinstance(source, bytes) else onnx.load(source)
    initializers = {tensor.name: tensor for tensor in model.graph.initializer}
    return {name: numpy_helper.to_array(initializers[name]) for name in specs}


def _name(outputs: list[TensorSpec], source, structured):
    """What the entry is called: the first part of its outputs' names; where there is none, the file."""
    if structured and outputs:
        return outputs[0].name.split(".")[0]
    if isinstance(source, bytes):
        return "the model"
    return os.path.basename(source).removesuffix(".onnx").split(".")[-1]
