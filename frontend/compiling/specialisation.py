"""One compiled form of a call: where its inputs come from, whether it is valid, what its outputs become."""

import numpy as np

from ..batching.lanes import is_lanes
from ..batching.vector_results import host_vector, staged_values
from ..staging import get_location
from ..trees import accessor, rebuilder, same_structure
from ..trees import leaves as tree_leaves
from ..values import Array, Dictionary, Function, Struct, to_host
from .graphs import graph_of, used_arguments
from .recording import staged_value


class Resident:
    """Contents of an array that a compiled call left as an `OrtValue`."""

    __slots__ = ("value", "shape", "dtype")

    def __init__(self, value, dtype):
        self.value, self.shape, self.dtype = value, tuple(value.shape()), dtype

    @property
    def ndim(self):
        return len(self.shape)

    def fetch(self):
        """The contents as a numpy array that may be written to."""
        from ...runtime.tensors import to_numpy

        array = to_numpy(self.value).view(self.dtype)  # onnxruntime's int64 is numpy's long long
        return array if array.flags.writeable and array.flags.owndata else np.array(array)


class Specialisation:
    """One compiled form of a call.

    `sources` tell where each input of the graph comes from at each call: a leaf of the arguments, an array of
    the program, or a leaf of the value in a place that the call changes. `targets` tell what the outputs are
    written to."""

    def __init__(self, recording, leaf_positions, keep, examples=None):
        self.examples = examples
        self.guards = [g for g in recording.guards if g[0] is not None]
        self.contents = [(array, leaf_positions.get(id(array)), value) for array, value in recording.contents]
        self.keep = keep  # what the key refers to by identity must stay alive
        self.serial, self.leaf_positions = recording.trace.serial, leaf_positions
        self.places = [(place, tree) for place, tree in recording.lifted]
        self.seen = [tree for _, tree in recording.lifted]  # the value last seen in each place
        written = {place.identity: tree for place, tree in recording.written}
        self.steady = [same_structure(written.get(place.identity, tree), tree, types=True)
                       for place, tree in self.places]  # whether the next run can start from what is left
        self.place_leaves = {}  # id(array) → (index of the place, accessor), for arrays in places
        for index, (_, tree) in enumerate(self.places):
            for path, leaf in tree_leaves(tree):
                if leaf.__class__ is Array:
                    self.place_leaves.setdefault(id(leaf), (index, accessor(tree, path)))
        outputs = {}
        for tree in [recording.result, *(tree for _, tree in recording.written)]:
            rebuilder(tree, lambda leaf: _collect(outputs, leaf))
        self.output_index = {value: index for index, value in enumerate(outputs)}
        body = recording.trace.block
        arguments = used_arguments(body, outputs)
        sources = self._sources(recording)
        self.sources = [(*sources[a], a.type.element.numpy) for a in arguments]
        # vectors of the program can grow
        self.sizes = [(*sources[value], value.type.shape) for _, value in recording.arrays
                      if sources[value][0] != "argument"]
        self.sizes += [("array", leaf, leaf._data.shape) for _, _, value in self.guards
                       for _, leaf in tree_leaves(value) if leaf.__class__ is Array]
        self.graph = graph_of(body, arguments, list(outputs))
        self.executable = None
        self.targets = [(place, self._array_source(place.owner) if place.key == "data" else None,
                         rebuilder(tree, self._leaf_rule)) for place, tree in recording.written]
        self.result = rebuilder(recording.result, self._leaf_rule)

    def _sources(self, recording):
        sources = {value: ("argument", position) for position, (_, value) in enumerate(recording.arguments)}
        for name, value in self.examples.values if self.examples is not None else ():
            sources[value] = "example", name
        for array, value in recording.arrays:
            sources[value] = self._array_source(array)
        indices = {place.identity: index for index, (place, _) in enumerate(self.places)}
        for number in recording.numbers:
            index = indices[number.place.identity]
            sources[number.value] = ("place", (index, accessor(self.places[index][1], number.path)))
        return sources

    def _array_source(self, array):
        position = self.leaf_positions.get(id(array))
        if position is not None:
            return "argument", position
        found = self.place_leaves.get(id(array))
        return ("place", found) if found is not None else ("array", array)

    def valid(self, leaves):
        """Whether what the recording depended on is still so."""
        if self.examples is not None and not self.examples.are_fitting(leaves):
            return False
        for owner, key, expected in self.guards:
            current = get_location(owner, key)
            if current is not expected and not same_value(current, expected):
                return False
        for index, (place, tree) in enumerate(self.places):
            current = place.get()
            if current is not self.seen[index]:
                if not same_structure(current, tree, types=True):
                    return False
                self.seen[index] = current
        context = leaves, self.seen, None
        for kind, source, shape in self.sizes:
            if _leaf_at(kind, source, context)._data.shape != shape:
                return False
        return all(np.array_equal((array if position is None else leaves[position]).data, content)
                   for array, position, content in self.contents)

    def run(self, leaves):
        """Runs the compiled graph on the call's leaves, writes back, and gives the result. `valid` has been
        called."""
        from ...runtime.tensors import borrow  # onnxruntime takes long to import: not before it is needed

        if self.executable is None:
            self.executable = self._compile()
        context = leaves, self.seen, None
        padded = self.examples.arrays(leaves) if self.examples is not None else {}
        inputs, alive = [], []
        for kind, source, dtype in self.sources:
            leaf = padded[source] if kind == "example" else _leaf_at(kind, source, context)
            data = leaf._data if leaf.__class__ is Array else leaf
            if data.__class__ is Resident:
                inputs.append(data.value)
                continue
            if data.__class__ is not np.ndarray or data.dtype != dtype or not data.flags.c_contiguous:
                data = np.array(data, dtype=dtype, order="C")
            alive.append(data)
            inputs.append(borrow(data))
        context = leaves, self.seen, self.executable.run(inputs) if self.executable else []
        written = []
        for place, array_source, build in self.targets:
            if array_source is not None:
                target = _leaf_at(*array_source, context)
                written.append((target, build(context)._data))
            else:
                written.append((place, build(context)))
        result = self.result(context)
        for target, value in written:
            if target.__class__ is Array:
                target._data = value
            else:
                target.set(value)
        self.seen = [place.get() if steady else tree
                     for (place, tree), steady in zip(self.places, self.steady, strict=True)]
        return result

    def _compile(self):
        if not self.output_index:
            return False
        from ...compiler.pipeline import compile_to_onnx
        from ...runtime.executable import Executable

        return Executable(compile_to_onnx(self.graph))

    def _leaf_rule(self, leaf):
        """How a leaf of a result is made at each call; None for one that is always the same."""
        if is_lanes(leaf):
            return lambda context: host_vector(leaf._data, lambda value: self._output(value, context))
        value = staged_value(leaf)
        if value is None:
            if leaf.__class__ is not Array:
                return None
            if leaf.serial < self.serial:  # an array of the program or of the call
                kind, source = self._array_source(leaf)
                return None if kind == "array" else lambda context: _leaf_at(kind, source, context)
            return lambda context: Array(np.array(leaf.data), leaf.type)
        from ...runtime.tensors import to_numpy

        index, dtype, type_ = self.output_index[value], value.type.element.numpy, leaf.type
        if leaf.__class__ is Array:
            return lambda context: Array(Resident(context[2][index], dtype), type_)
        return lambda context: to_host(to_numpy(context[2][index]).view(dtype)[()])

    def _output(self, value, context):
        """The numpy array of an output."""
        from ...runtime.tensors import to_numpy

        return to_numpy(context[2][self.output_index[value]]).view(value.type.element.numpy)


def _leaf_at(kind, source, context):
    """The leaf that a source stands for; `context` is (leaves of the arguments, values in the places,
    outputs)."""
    if kind == "argument":
        return context[0][source]
    if kind == "array":
        return source
    index, access = source
    return access(context[1][index])


def _collect(outputs, leaf):
    for value in staged_values(leaf):
        outputs.setdefault(value)


def same_value(a, b):
    """Whether two values are equal; those whose contents can change never are."""
    if a.__class__ is not b.__class__ or a.__class__ in (Array, Struct, Function, Dictionary):
        return False
    try:
        return bool(a == b)
    except (ValueError, TypeError):
        return False
