"""What compiling an entry gives: an ONNX model with a name."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .files import write_aside

if TYPE_CHECKING:
    import onnx

    from .inspect import ModelSummary
    from .program import Program
    from .state import StateStore


@dataclass(frozen=True)
class Artifact:
    """A compiled entry: its ONNX `model`, its `name`, which is that of the entry, and what the compiler has
    to say of the vectors of examples in it: a line for each, whether it is batched and if not, why."""

    model: "onnx.ModelProto"
    name: str
    remarks: tuple[str, ...] = ()

    def save(self, path: str | os.PathLike):
        """Writes the model; the file appears whole or not at all. Raises WeberError when that fails."""
        write_aside(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """The contents of an `.onnx` file. The same model gives the same bytes."""
        return self.model.SerializeToString(deterministic=True)

    def inspect(self) -> "ModelSummary":
        """What the model consists of; `str()` is the text that `weber inspect` prints."""
        from .inspect import summarize

        return summarize(self.model)

    def program(self, device="cpu", state: "StateStore | None" = None, threads=None) -> "Program":
        """The model as a Python function; see `Program`."""
        from .program import Program

        return Program(self.model, device, state, threads)
