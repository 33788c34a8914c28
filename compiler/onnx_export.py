"""From a function of the IR to an ONNX model."""

import json
from functools import cache

import numpy as np
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

from .errors import WeberError
from .ir import Function
from .lowering import Graph, Lowering
from .onnx_types import SequenceType
from .types import ElementType, TensorType, element_type_of, symbol_name

IR_VERSIONS = {21: 10, 22: 10, 23: 11, 24: 11, 25: 12, 26: 13}
"""The opsets that can be asked for, each with the ONNX IR version that came with it."""


def export(function: Function, opset: int = 21, ir_version: int | None = None, target: str = "portable",
           metadata: dict[str, str] | None = None) -> ModelProto:
    """The ONNX model of a function: standard operators only, a type for every value.

    An input that has a default gets an initializer of its name; `metadata_props["weber.state"]` is the JSON
    map from state inputs to the outputs that hold their next values. A node's doc string is its source
    location. Raises WeberError for an opset outside 21–26, a size that the inputs do not determine, or equal
    names, and UnsupportedError for an op without an ONNX form.
    """
    if opset not in IR_VERSIONS:
        raise WeberError(f"opset {opset} is not supported: only {min(IR_VERSIONS)} to {max(IR_VERSIONS)} are")
    lowering = Lowering(opset, target)
    graph = _lower(lowering, function)
    model = ModelProto(ir_version=ir_version or IR_VERSIONS[opset], producer_name="weber",
                       producer_version=_version())
    model.opset_import.add(domain="", version=opset)
    writer = _Writer(lowering)
    writer.graph(graph, model.graph, function.name)
    for name, value in function.defaults.items():
        model.graph.initializer.append(tensor(np.asarray(value), name))
    metadata = {"weber.state": json.dumps(function.state, ensure_ascii=False), **function.metadata,
                **(metadata or {})}
    for key, text in metadata.items():
        model.metadata_props.add(key=key, value=text)
    return model


def _lower(lowering, function) -> Graph:
    graph, body = lowering.root, function.body
    for value, name in zip(body.arguments, function.argument_names, strict=True):
        for dim in value.type.shape:
            if not isinstance(dim, int) and not symbol_name(dim):
                raise WeberError(f"a size of an exported input must be a name or a number, not {dim}",
                                 function.location)
        lowering.reserve(name)
        lowering.types[name] = value.type
        graph.inputs.append(name)
    for value, name in zip(body.results, function.result_names, strict=True):
        lowering.reserve(name)
        if value.operation is not None:
            lowering.want(value, name)
    for wanted, name in zip(function.result_names, lowering.block(body, graph.inputs)):
        if name != wanted:
            lowering.copy(name, wanted)
        graph.outputs.append(wanted)
    return graph


class _Writer:
    """Turns `Graph`s into protobuf."""

    def __init__(self, lowering):
        self.types = lowering.types

    def graph(self, graph, proto: GraphProto, name):
        proto.name = name
        for tensor_name in graph.inputs:
            value_info(proto.input.add(), tensor_name, self.types[tensor_name])
        for tensor_name in graph.outputs:
            value_info(proto.output.add(), tensor_name, self.types[tensor_name])
        for tensor_name, array in graph.initializers.items():
            proto.initializer.append(tensor(array, tensor_name))
        outputs = set(graph.outputs)
        for node in graph.nodes:
            self.node(node, proto.node.add())
            for tensor_name in node.outputs:
                if tensor_name not in outputs:
                    value_info(proto.value_info.add(), tensor_name, self.types[tensor_name])

    def node(self, node, proto: NodeProto):
        proto.op_type = node.op_type
        proto.name = node.outputs[0]
        proto.input.extend(node.inputs)
        proto.output.extend(node.outputs)
        if node.location is not None:
            proto.doc_string = str(node.location)
        for name, value in node.attributes.items():
            self.attribute(proto.attribute.add(), name, value)

    def attribute(self, proto: AttributeProto, name, value):
        proto.name = name
        if isinstance(value, Graph):
            proto.type = AttributeProto.GRAPH
            self.graph(value, proto.g, name)
        elif isinstance(value, ElementType):
            proto.type, proto.i = AttributeProto.INT, value.onnx
        elif isinstance(value, int | np.integer):
            proto.type, proto.i = AttributeProto.INT, int(value)
        elif isinstance(value, float | np.floating):
            proto.type, proto.f = AttributeProto.FLOAT, float(value)
        elif isinstance(value, str):
            proto.type, proto.s = AttributeProto.STRING, value.encode()
        elif isinstance(value, np.ndarray):
            proto.type = AttributeProto.TENSOR
            proto.t.CopyFrom(tensor(value, ""))
        elif all(isinstance(item, int | np.integer) for item in value):
            proto.type = AttributeProto.INTS
            proto.ints.extend(map(int, value))
        elif all(isinstance(item, float | int) for item in value):
            proto.type = AttributeProto.FLOATS
            proto.floats.extend(value)
        else:
            proto.type = AttributeProto.STRINGS
            proto.strings.extend(item.encode() for item in value)


def tensor(array: np.ndarray, name: str) -> TensorProto:
    """A TensorProto with the raw little-endian bytes of an array."""
    element = element_type_of(array.dtype)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return TensorProto(name=name, data_type=element.onnx, dims=array.shape, raw_data=array.tobytes())


def value_info(proto: ValueInfoProto, name: str, type: TensorType | SequenceType):
    """Fills in a value's name and type; symbolic dims become `dim_param`s."""
    proto.name = name
    tensor_type = proto.type.tensor_type
    if isinstance(type, SequenceType):
        type, tensor_type = type.tensor, proto.type.sequence_type.elem_type.tensor_type
    tensor_type.elem_type = type.element.onnx
    dims = tensor_type.shape.dim
    tensor_type.shape.SetInParent()
    for dim in type.shape:
        if isinstance(dim, int):
            dims.add(dim_value=dim)
        else:
            dims.add(dim_param=str(dim))


@cache
def _version():
    from importlib.metadata import version

    return version("weber")
