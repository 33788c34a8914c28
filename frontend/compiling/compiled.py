"""Compiled calls while a program runs: `gradient`, `update!`, `train!`, exported functions.

A call is specialised for its code, the structure of its arguments, and the types and sizes of the arrays in
them, compiled once, and then run by onnxruntime. What it reads elsewhere in the program is guarded, or is an
input; what it writes is written back. Arrays that a call leaves behind stay `OrtValue`s until the program
looks at them, so a training loop moves no parameters between numpy and onnxruntime.
"""

import numpy as np

from ...compiler.errors import WeberError
from ...compiler.ir import Block, Builder, captured_values, defined_dims, dim_names_of, inline
from ...compiler.ir import Function as Graph
from ...compiler.types import TensorType, dim_names, element_type_of, symbol_name
from .. import types as t
from ..base.registry import define, module
from ..batching.examples import Examples, restore, structure_of
from ..batching.lanes import is_lanes
from ..batching.staged_map import OuterEffect
from ..batching.vector_results import host_vector, staged_values
from ..calling import call
from ..poison import HostValueNeeded
from ..staged_numbers import Traced
from ..staging import VIEWS, get_location, read, write
from ..state import state
from ..trees import accessor, children, is_number, map_leaves, rebuilder, same_structure
from ..trees import leaves as tree_leaves
from ..values import Array, Char, Dictionary, Function, NamedTuple, Range, Struct, Symbol, to_host
from .specialise import Place, record, staged_value

MAX_SPECIALISATIONS = 64


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


class _Key:
    """Takes the arguments of a call apart: a hashable key, and the leaves that become inputs."""

    def __init__(self, static_numbers, examples=False):
        self.static_numbers, self.takes_examples = static_numbers, examples
        self.examples = []  # (position, vector) of the vectors that are staged as a whole
        self.leaves = []  # Array or number, in order
        self.cells = []  # captured cells that hold a float
        self.positions = {}  # id(array) → position: the alias pattern
        self.functions = []  # ids of the functions met so far

    def of(self, value):
        kind = value.__class__
        if kind is Array:
            if value.element not in t.NUMPY_TYPES:
                structure = structure_of(value) if self.takes_examples else None
                if structure is not None and id(value) not in self.positions:
                    position = self.positions[id(value)] = len(self.leaves)
                    self.leaves.append(value)
                    self.examples.append((position, value))
                    return ("examples", structure)
                if id(value) in self.positions:
                    return self.positions[id(value)]
                return ("objects", value.type, value.data.shape, *self.frozen(value.data.reshape(-1)))
            position = self.positions.get(id(value))
            if position is not None:
                return position
            self.positions[id(value)] = len(self.leaves)
            self.leaves.append(value)
            if value in VIEWS:  # what it shows is read from its parent
                return ("view", id(value), value._data.shape)
            return ("array", value.element, value._data.shape)
        if kind is tuple:
            return ("tuple", *[self.of(item) for item in value])
        if kind is NamedTuple:
            return ("named", value.names, *[self.of(item) for item in value.values])
        if kind is float or isinstance(value, np.floating):
            if self.static_numbers:
                return (kind, value)
            self.leaves.append(value)
            return kind
        if kind is Function:
            return self.function(value)
        if kind is Struct:
            if value.type.family.mutable:
                return ("mutable", id(value))
            return (value.type, *[self.of(item) for item in value.fields])
        if kind is Range:
            return ("range", value.type, value.start, value.step, value.length)
        if kind is Dictionary:
            return ("dict", *value.items, *self.frozen(item[1] for item in value.items.values()))
        if isinstance(value, int | str | bool | Char | Symbol | np.number | complex) or value is None:
            return (kind, value)
        return ("object", id(value))

    def frozen(self, values):
        """The keys of values in a container that is not rebuilt: numbers in it stay host values."""
        static, self.static_numbers = self.static_numbers, True
        keys = [self.of(value) for value in values]
        self.static_numbers = static
        return keys

    def function(self, value):
        if id(value) in self.functions:  # a closure that captures itself
            return ("function", self.functions.index(id(value)))
        self.functions.append(id(value))
        methods = value.methods.methods
        code = methods[0].definition if methods else None
        if code is None or not isinstance(value.captured, list) or len(methods) > 1:
            return ("function", id(value))
        parts = [id(code)]
        for cell in value.captured:
            content = cell.value
            if isinstance(content, float | np.floating) and not self.static_numbers:
                self.cells.append(cell)
                self.leaves.append(content)
                parts.append(content.__class__)
            else:
                parts.append(self.of(content))
        return tuple(parts)


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
        self.graph = _graph(body, arguments, list(outputs))
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
            if current is not expected and not _equal(current, expected):
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


def used_values(body, outputs):
    """The values that the outputs depend on, and the operations of the body that make them; those too that
    define dims which are spoken of."""
    used, kept = set(outputs), []
    dims = set().union(*(dim_names(dim) for value in used for dim in value.type.shape))
    defining = any(defined_dims(operation) for operation in body.operations)
    for operation in reversed(body.operations):
        if any(result in used for result in operation.results) or (
                defining and dims.intersection(defined_dims(operation))):
            kept.append(operation)
            used.update(operation.operands)
            dims |= dim_names_of(operation) if defining else set()
            for region in operation.regions:
                used.update(captured_values(region))
    return used, kept[::-1]


def used_arguments(body, outputs):
    """The arguments of the body that the outputs depend on, be it by a size alone."""
    used, kept = used_values(body, outputs)
    if all(argument in used for argument in body.arguments):
        return body.arguments
    spoken = set().union(*(dim_names(dim) for value in outputs for dim in value.type.shape),
                         *map(dim_names_of, kept))
    arguments, known = [], set()
    for argument in sorted(body.arguments, key=lambda argument: argument not in used):
        names = {symbol_name(dim) for dim in argument.shape}
        if argument in used or names & spoken - known:
            arguments.append(argument)
            known |= names
    return arguments


def _graph(body, arguments, outputs):
    """A graph with just these arguments and outputs."""
    from ...compiler.ir import Value

    _, kept = used_values(body, outputs)
    block = Block([Value(a.type, name=a.name) for a in arguments])
    mapping = dict(zip(arguments, block.arguments, strict=True))
    trimmed = Block(arguments, kept, outputs)
    block.results = inline(Builder(block), trimmed, block.arguments, mapping)
    return Graph("call", block, [f"input.{k}" for k in range(len(arguments))],
                 [f"output.{k}" for k in range(len(outputs))])


def _equal(a, b):
    if a.__class__ is not b.__class__ or a.__class__ in (Array, Struct, Function, Dictionary):
        return False
    try:
        return bool(a == b)
    except (ValueError, TypeError):
        return False


_cache: dict[object, list] = {}


def run_compiled(function, arguments):
    """Calls `function(arguments...)` through a compiled specialisation; within a trace the call is simply
    staged."""
    if state.trace is not None:
        return call(function, arguments)
    views = {}
    arguments = [without_views(argument, views) for argument in arguments]
    contents = [copy._data for _, copy in views.values()]
    result = run_specialised(function, arguments)
    for (view, copy), before in zip(views.values(), contents, strict=True):
        if copy._data is not before:
            write(view, copy.data)
    return result


def without_views(argument, copies):
    """An argument with its views as arrays of their own, so that one specialisation serves all views of a
    size; `copies` gets id(view) → (view, copy)."""
    if argument.__class__ not in (Array, tuple, NamedTuple):
        return argument

    def rule(leaf, path):
        if leaf.__class__ is not Array or leaf not in VIEWS:
            return leaf
        return copies.setdefault(id(leaf), (leaf, Array(np.array(read(leaf)))))[1]

    return map_leaves(argument, rule)


def run_specialised(function, arguments):
    """Calls `function(arguments...)` through a specialisation that is valid now, or a new one. Vectors of
    examples are staged as a whole if the function lets them, and numbers are inputs if they are not needed on
    the host."""
    for examples, static_numbers in ((True, False), (True, True), (False, False), (False, True)):
        key = _Key(static_numbers, examples)
        signature = (id(function), examples, static_numbers, *[key.of(a) for a in arguments])
        entries = _cache.setdefault(signature, [])
        for specialisation in entries:
            if specialisation is None:  # this way has failed
                break
            if specialisation.valid(key.leaves):
                return specialisation.run(key.leaves)
        else:
            staged = _examples_of(key, entries) if examples else None
            try:
                specialisation = specialise(function, arguments, key, changed_places(entries), staged)
            except (WeberError, OuterEffect) as error:
                host = isinstance(error, HostValueNeeded) and not static_numbers and any(
                    is_number(leaf) for leaf in key.leaves)
                if not host and (staged is None or not staged.specs):
                    raise
                entries.insert(0, None)
                continue
            entries.insert(0, specialisation)
            del entries[MAX_SPECIALISATIONS:]
            return specialisation.run(key.leaves)
    raise AssertionError("unreachable")


def _examples_of(key, entries):
    """The vectors of examples of a call, with what its earlier specialisations know of their sizes."""
    return Examples(key.examples, [entry.examples.specs for entry in entries if entry.examples is not None])


def changed_places(specialisations):
    """The places where an earlier specialisation took a number for granted that is now another one: a
    learning rate that follows a schedule, a counter. Lifting them makes one specialisation serve all its
    values."""
    places = {}
    for specialisation in specialisations:
        for place, _ in specialisation.places:
            places[place.identity] = place
        for owner, key, expected in specialisation.guards:
            place = Place(owner, key)
            current = place.get()
            if (
                current is not expected
                and not _equal(current, expected)
                and same_structure(current, expected)
            ):
                places[place.identity] = place
    return list(places.values())


def specialise(function, arguments, key, hints=(), examples=None):
    """Records a call with its float arguments staged; `hints` are places to lift if that is possible."""
    leaf_positions = dict(key.positions)
    number_positions = [k for k, leaf in enumerate(key.leaves) if leaf.__class__ is not Array]

    def make_arguments(trace):
        values, remaining = [None] * len(key.leaves), iter(number_positions)
        cells = {id(cell): cell for cell in key.cells}

        def stage_number(number):
            position = next(remaining)
            value = trace.argument(TensorType(element_type_of(np.asarray(number).dtype), ()))
            values[position] = value
            return Traced(value)

        def stage(tree):
            if tree.__class__ is Function and isinstance(tree.captured, list):
                if id(tree) in closures:
                    return tree
                closures.add(id(tree))
                for cell in tree.captured:
                    if id(cell) in cells:
                        trace.record(cell, "value", cell.value)
                        cell.value = stage_number(cell.value)
                        staged_cells.append(cell)
                    else:
                        stage(cell.value)
                return tree
            if isinstance(tree, float | np.floating):
                return stage_number(tree)
            if tree.__class__ is Array or children(tree) is None:
                return tree
            from ..trees import with_children

            return with_children(tree, [stage(child) for _, child in children(tree)])

        if examples is not None:
            examples.enter(trace)
        staged_cells, closures = [], set()
        staged = tuple([stage(a) for a in arguments]) if number_positions and not key.static_numbers else \
            tuple(arguments)
        placeholders = [(str(k), value) for k, value in enumerate(values)]
        return staged, placeholders

    contents = [] if examples is None else examples.contents()
    try:
        recording = record(function, make_arguments, hints=hints)
    finally:
        restore(contents)
    recording.arguments = [(path, value) for path, value in recording.arguments]
    # cells that only held a staged argument were not written by the program
    staged_cells = {id(cell) for cell in key.cells}
    recording.written = [(place, tree) for place, tree in recording.written
                         if id(place.owner) not in staged_cells or staged_value(tree) not in
                         {value for _, value in recording.arguments}]
    views = [leaf for leaf in key.leaves if leaf.__class__ is Array and leaf in VIEWS]
    kept = [recording.result, *(tree for _, tree in recording.written)]
    if examples is not None and any(map(examples.are_in, kept)):
        raise HostValueNeeded("the examples themselves are returned or kept")
    return Specialisation(recording, leaf_positions, (function, arguments, views), examples)


@define("compiled", t.Any, t.Any, ..., module=module("Primitives"))
def compiled(function, *arguments):
    """compiled(f, args...): `f(args...)`, run as a compiled graph where it can be staged."""
    if state.trace is not None or state.lanes:
        return call(function, arguments)
    try:
        return run_compiled(function, arguments)
    except WeberError as error:
        if error.kind != "UnsupportedError":
            raise
        return call(function, arguments)
