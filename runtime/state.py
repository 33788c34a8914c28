"""State on a device: the arrays that programs read and mutate, double-buffered, with their checkpoints."""

import difflib
import os
import threading
import unicodedata
from collections.abc import Mapping

import numpy as np

from ..compiler.errors import Note, WeberError
from .checkpoint import load_arrays, save_arrays
from .convert import ConversionError, convert
from .providers import Device
from .tensors import TensorSpec, allocate, overwrite, shape_text, to_device, to_numpy


class StateNameError(WeberError, KeyError):
    """There is no state of that name. Also a KeyError, as a mapping promises."""

    __str__ = WeberError.__str__


class Slot:
    """One array of a state: its spec, and two buffers once some program mutates it.

    `bit` is the slot's place in the parity of its store, which tells the buffer that holds the current value.
    A step reads that one and writes the other: onnxruntime may write an output before it has read all inputs.
    """

    __slots__ = ("bit", "buffers", "spec")

    def __init__(self, spec: TensorSpec, bit: int, value):
        self.spec = spec
        self.bit = bit
        self.buffers = [value]


class StateStore(Mapping):
    """A mapping from names (Julia paths) to arrays that live on a device. Programs that share it see each
    other's steps.

    Reading an entry gives a copy as a numpy array; assigning one checks shape and element type and takes
    effect in the next call. Entries come with the programs that use the store.
    """

    def __init__(self, device="cpu"):
        self.device = Device.parse(device)
        self.slots: dict[str, Slot] = {}
        self.parity = 0
        self.lock = threading.RLock()
        self._memory = self.device.memory

    # --- the mapping ----------------------------------------------------------------------------------------

    def __len__(self):
        return len(self.slots)

    def __iter__(self):
        return iter(self.slots)

    def __contains__(self, name):
        return isinstance(name, str) and unicodedata.normalize("NFC", name) in self.slots

    def __getitem__(self, name) -> np.ndarray:
        with self.lock:
            return to_numpy(self.current(self._slot(name))).copy()

    def __setitem__(self, name, value):
        slot = self._slot(name)
        array = checked_value(value, slot.spec)
        with self.lock:
            overwrite(self.current(slot), array)

    def update(self, values: Mapping[str, np.ndarray]):
        """Assigns several entries; all are checked before one changes."""
        checked = [
            (slot := self._slot(name), checked_value(value, slot.spec)) for name, value in values.items()
        ]
        with self.lock:
            for slot, array in checked:
                overwrite(self.current(slot), array)

    def __repr__(self):
        return f"<state of {len(self)} arrays on {self.device}>"

    # --- for programs ---------------------------------------------------------------------------------------

    def current(self, slot: Slot):
        """The `OrtValue` that holds a slot's value."""
        return slot.buffers[1 if self.parity & slot.bit else 0]

    def spare(self, slot: Slot):
        """The `OrtValue` that the slot's next value goes to."""
        if len(slot.buffers) == 1:
            slot.buffers.append(allocate(slot.spec.shape, slot.spec.dtype, self._memory))
        return slot.buffers[0 if self.parity & slot.bit else 1]

    def add(self, spec: TensorSpec, value: np.ndarray) -> Slot:
        """The slot for `spec`, made with `value` unless the store has it. Raises WeberError if that has
        another type."""
        slot = self.slots.get(spec.name)
        if slot is None:
            slot = Slot(spec, 1 << len(self.slots), to_device(value, self._memory))
            self.slots[spec.name] = slot
        elif (slot.spec.dtype, slot.spec.shape) != (spec.dtype, spec.shape):
            difference = f"it is {slot.spec} there and {spec} in this program"
            raise WeberError(f"cannot share the state {spec.name}: {difference}")
        return slot

    # --- checkpoints ----------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike):
        """Writes every entry as safetensors. The file appears whole, or stays what it was."""
        with self.lock:
            save_arrays(path, dict(self))

    def load(self, path: str | os.PathLike, partial: bool = False):
        """Assigns every entry from a safetensors file. Raises WeberError that lists the names that are
        missing in the file or unexpected, and the arrays of another shape or type; then nothing changes. With
        `partial` the names need not agree, but what has the same name must have the same shape and type."""
        specs = [slot.spec for slot in self.slots.values()]
        self.update(select(load_arrays(path), specs, path, partial))

    def _slot(self, name):
        slot = self.slots.get(name)
        if slot is None and isinstance(name, str):
            slot = self.slots.get(unicodedata.normalize("NFC", name))
        if slot is None:
            close = difflib.get_close_matches(str(name), self.slots, 3)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise StateNameError(f"there is no state {name!r}{hint}", kind="KeyError")
        return slot


def select(arrays: Mapping[str, np.ndarray], specs: list[TensorSpec], source, partial=False, extra=False):
    """The arrays that `specs` name, checked. Raises WeberError that lists all that does not fit; see
    `StateStore.load`."""
    problems = []
    wanted = {spec.name: spec for spec in specs}
    if not partial:
        problems += [f"missing: {spec.name} {spec}" for spec in specs if spec.name not in arrays]
        if not extra:
            problems += [f"unexpected: {name} {array.dtype.name} {shape_text(array.shape)}"
                         for name, array in arrays.items() if name not in wanted]
    found = {name: array for name, array in arrays.items() if name in wanted}
    for name, array in found.items():
        spec = wanted[name]
        if array.dtype != spec.dtype or array.shape != spec.shape:
            problems.append(f"{name}: expected {spec}, found {array.dtype.name} {shape_text(array.shape)}")
    if partial and wanted and not found:
        problems.append("no name in common")
    if problems:
        hint = [Note("partial=True loads what has the same name")] if not (partial or extra) else []
        notes = [Note(f"  {problem}") for problem in problems]
        raise WeberError(f"{source} does not fit the state", notes=notes + hint)
    return found


def checked_value(value, spec: TensorSpec) -> np.ndarray:
    """`value` as an array that a state can take. Raises WeberError for another type or shape."""
    try:
        array = convert(value, spec.dtype)
    except ConversionError as error:
        raise WeberError(f"state {spec.name}: expected {spec}, found {error}") from None
    if array.shape != spec.shape:
        found = f"{array.dtype.name} {shape_text(array.shape)}"
        raise WeberError(f"state {spec.name}: expected {spec}, found {found}", kind="DimensionMismatch")
    return array
