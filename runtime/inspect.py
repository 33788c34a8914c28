"""What an ONNX file consists of: inputs, outputs, state, parameters, operators, versions."""

import io
import os
from collections import Counter
from dataclasses import dataclass, field

import onnx

from .metadata import read_ragged
from .models import read_model, state_map
from .ragged import Ragged
from .tensors import TensorSpec, shape_text


@dataclass(frozen=True)
class StateEntry:
    """A state: its spec, and the output with its next value, or None where the model only reads it."""

    spec: TensorSpec
    next_output: str | None


@dataclass(frozen=True)
class ModelSummary:
    """The parts of a model. `str()` is plain text, rich prints it in colour. Shapes are in numpy's order."""

    name: str
    size: int
    """Bytes of the file."""
    producer: str
    ir_version: int
    opsets: dict[str, int]
    inputs: list[TensorSpec]
    outputs: list[TensorSpec]
    states: list[StateEntry]
    state_elements: dict[str, int]
    """Number of elements by the first part of the state's name: those of `model`, of `opt`, …"""
    constants: int
    constant_elements: int
    operators: dict[str, int]
    """How many nodes of each operator, in subgraphs too; operators of other domains with the domain."""
    metadata: dict[str, str] = field(default_factory=dict)
    ragged: Ragged = field(default_factory=Ragged)
    """What of the inputs and outputs is padded."""

    def __str__(self):
        from rich.console import Console

        buffer = io.StringIO()
        Console(file=buffer, width=1000, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())

    def __rich_console__(self, console, options):
        from rich.table import Table
        from rich.text import Text

        def section(title, rows):
            yield Text(title, "bold")
            table = Table.grid(padding=(0, 2))
            table.add_column()
            for cell in rows[0]:
                table.add_column(justify="right" if cell[0].isdigit() else "left")
            for row in rows:
                table.add_row("", *row)
            yield table

        opsets = ", ".join(f"{domain or 'opset'} {version}" for domain, version in self.opsets.items())
        facts = [_bytes(self.size), opsets, f"IR version {self.ir_version}", self.producer]
        yield Text.assemble((self.name, "bold"), ": " + ", ".join(filter(None, facts)))
        yield from section("inputs", [self._row(spec) for spec in self.inputs] or [["none"]])
        yield from section("outputs", [self._row(spec) for spec in self.outputs] or [["none"]])
        rows = [[*_row(entry.spec), f"→ {entry.next_output}" if entry.next_output else "read only"]
                for entry in self.states]
        yield from section("state", rows or [["none"]])
        rows = [[f"{count:,}", f"in {root}"] for root, count in self.state_elements.items()]
        if self.constants:
            rows.append([f"{self.constant_elements:,}", f"in {self.constants} constants"])
        yield from section("parameters", rows or [["none"]])
        rows = [[str(count), name] for name, count in self.operators.items()]
        yield from section(f"operators ({sum(self.operators.values())} nodes)", rows or [["none"]])


    def _row(self, spec):
        """The row of an input or output; of one that is padded with the names of its lengths."""
        lengths = self.ragged.lengths.get(spec.name, {})
        notes = [f"{spec.shape[axis]} in {source}" for axis, source in lengths.items()]
        return [*_row(spec), *([f"padded: {', '.join(notes)}"] if notes else [])]


def inspect_file(path: str | os.PathLike) -> ModelSummary:
    """The summary of an ONNX file. Raises WeberError when it is missing or no ONNX model."""
    return summarize(read_model(path), os.path.basename(path), os.path.getsize(path))


def summarize(model: onnx.ModelProto, name: str | None = None, size: int | None = None) -> ModelSummary:
    """The summary of a model; name and size are those of the graph unless given."""
    graph = model.graph
    states = state_map(model)
    next_outputs = set(states.values())
    initializers = {tensor.name: tensor for tensor in graph.initializer}
    inputs = {value.name: _spec(value) for value in graph.input}
    state_elements = Counter()
    for state in states:
        state_elements[state.split(".")[0]] += _elements(initializers[state])
    constants = [tensor for tensor in graph.initializer if tensor.name not in states]
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    producer = f"{model.producer_name} {model.producer_version}".strip()
    return ModelSummary(
        name=name or graph.name,
        size=model.ByteSize() if size is None else size,
        producer=f"made by {producer}" if producer else "",
        ir_version=model.ir_version,
        opsets={entry.domain: entry.version for entry in model.opset_import},
        inputs=[spec for name, spec in inputs.items() if name not in initializers],
        outputs=[_spec(value) for value in graph.output if value.name not in next_outputs],
        states=[StateEntry(inputs[name], output) for name, output in states.items()],
        state_elements=dict(state_elements),
        constants=len(constants),
        constant_elements=sum(map(_elements, constants)),
        operators=dict(_operators(graph, Counter()).most_common()),
        metadata=metadata,
        ragged=read_ragged(metadata, {value.name for value in (*graph.input, *graph.output)}),
    )


def _spec(value):
    tensor = value.type.tensor_type
    sizes = tuple(dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None
                  for dim in tensor.shape.dim)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    return TensorSpec(value.name, dtype, sizes if tensor.HasField("shape") else None)


def _operators(graph, counts):
    for node in graph.node:
        counts[f"{node.domain}.{node.op_type}" if node.domain else node.op_type] += 1
        for attribute in node.attribute:
            for subgraph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                _operators(subgraph, counts)
    return counts


def _elements(tensor):
    count = 1
    for size in tensor.dims:
        count *= size
    return count


def _row(spec):
    return [spec.name, spec.dtype.name, shape_text(spec.shape)]


def _bytes(size):
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
