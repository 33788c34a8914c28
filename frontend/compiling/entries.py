"""Entries: exported functions, and how one becomes an artifact with named inputs, outputs and state."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...compiler.errors import Location, UnsupportedError, WeberError
from ...compiler.ir import Block, Builder, inline
from ...compiler.ir import Function as Graph
from .. import types as t
from ..batching.lanes import is_lanes
from ..batching.vector_results import VectorOutputs, staged_values
from ..calling import call
from ..dispatch import Method, MethodTable
from ..parsing import syntax
from ..staged_numbers import Traced
from ..staging import payload_of, tensor_type
from ..state import state
from ..trees import children, is_leaf, is_number, leaves
from ..type_names import type_name
from ..values import Array, Dictionary, Function, Module, Struct, typeof
from .compiled import changed_places, run_compiled
from .graphs import used_values
from .paths import name_layer
from .recording import is_current, record, staged_value
from .signatures import ArgumentList, argument_of, fits, parse_signature, spec_leaves
from .specialisation import Specialisation
from .struct_signatures import as_tables, tree_paths
from .vector_signatures import describe_vectors


@dataclass
class Entry:
    """An exported function: the name, its code, and the specs of its arguments (None when they have no
    types)."""

    name: str
    function: Function
    parameters: list | None
    location: Location | None
    module: Module

    def arguments(self, trace):
        """Staged arguments of the entry's signature, and their leaves as (path, IR value)."""
        values = []
        return tuple([argument_of(p.spec, p.name, trace, values) for p in self.parameters]), values

    @cached_property
    def input_names(self):
        """The names of the inputs that the arguments are, in order."""
        return [name for name, _ in self.arguments(ArgumentList())[1]]


class EntryTable:
    """The entries of one program, what is compiled of them, and the local packages it uses."""

    def __init__(self):
        self.entries: dict[str, Entry] = {}
        self.compiled: dict[str, list] = {}
        self.places: dict[str, list] | None = None
        self.recordings: dict[str, object] = {}  # those made to find the places, by entry
        self.packages: dict[str, Module | None] = {}  # local ones by source file; None while loading

    def add(self, entry):
        self.entries[entry.name] = entry
        self.compiled.pop(entry.name, None)
        self.places = None
        self.recordings.clear()


def entry_table(module) -> EntryTable:
    """The entries of the program that a module belongs to."""
    if module.loader is None:
        module.loader = EntryTable()
    return module.loader


def export_definition(compiler, node):
    """Compiles `@export f(x::Float32[64, N]) = …`, `@export function …`, `@export f(x)` of a defined
    function."""
    if len(node.arguments) != 1:
        raise WeberError("`@export` takes one function definition", node.location)
    definition, module = node.arguments[0], compiler.module
    if isinstance(definition, syntax.Call) and isinstance(definition.function, syntax.Identifier):
        parameters = [parameter_of(a) for a in definition.arguments]
        definition_name, inner = definition.function.name, None
    elif isinstance(definition, syntax.FunctionDefinition) and isinstance(definition.name, syntax.Identifier):
        parameters, definition_name, inner = definition.signature.parameters, definition.name.name, definition
    else:
        raise WeberError(
            "`@export` needs a function definition, `@export f(x::Float32[3, N]) = …`", node.location
        )
    if inner is not None and definition.signature.keywords:
        raise UnsupportedError("an exported function cannot have keyword parameters", definition.location)
    run = None
    if inner is not None:
        plain = [
            syntax.Parameter(p.target, None, p.default, p.variadic, location=p.location) for p in parameters
        ]
        body = syntax.Lambda(syntax.Signature(plain, location=definition.location), inner.body,
                             location=definition.location)
        run = compiler.expression(body)
    location = definition.location

    def export(frame):
        specs = parse_signature(parameters, module)
        if run is None:
            function = module.bindings.get(definition_name)
            if function.__class__ is not Function:
                raise WeberError(f"`@export {definition_name}`: there is no such function", location)
            entry_table(module).add(Entry(definition_name, function, specs, location, module))
            return function
        code = run(frame)
        code.name = definition_name
        code.methods.name = definition_name
        for method in code.methods.methods:
            method.definition.name = definition_name
        entry = Entry(definition_name, code, specs, location, module)
        entry_table(module).add(entry)
        public = Function(definition_name, MethodTable(definition_name), module)
        pattern = code.methods.methods[-1]
        public.methods.add(Method(pattern.signature, (), lambda arguments, keywords, bindings: call_entry(
            entry, arguments, keywords), pattern.names, (), location, definition=None))
        module.bindings[definition_name] = public
        return public

    return export


def parameter_of(node):
    """An argument of `f(x::T)`, parsed as a call, as a parameter."""
    if isinstance(node, syntax.TypeAssertion):
        return syntax.Parameter(node.expression, node.type, location=node.location)
    return syntax.Parameter(node, location=node.location)


def call_entry(entry, arguments, keywords=None):
    """A call of an exported function: compiled, once for all sizes that its signature leaves open."""
    if keywords:
        raise WeberError(f"`{entry.name}` takes no keyword arguments", kind="MethodError")
    if state.trace is not None:
        return call(entry.function, arguments)
    if entry.parameters is None or len(arguments) != len(entry.parameters):
        return run_compiled(entry.function, arguments)
    given, bindings = arguments, {}
    arguments = [as_tables(p.spec, a) for p, a in zip(entry.parameters, arguments, strict=True)]
    if not all(fits(p.spec, a, bindings) for p, a in zip(entry.parameters, arguments, strict=True)):
        return run_compiled(entry.function, given)
    leaves_by_name = {}
    for parameter, argument in zip(entry.parameters, arguments, strict=True):
        for name, leaf in spec_leaves(parameter.spec, parameter.name, argument).items():
            leaves_by_name.setdefault(name, leaf)
    values = [leaves_by_name[name] for name in entry.input_names]
    compiled = entry_table(entry.module).compiled.setdefault(entry.name, [])
    for specialisation in compiled:
        if specialisation.valid(values):
            return specialisation.run(values)
    recording = record_entry(entry, hints=changed_places(compiled))
    specialisation = Specialisation(recording, {}, ())
    compiled.insert(0, specialisation)
    return specialisation.run(values)


def record_entry(entry, lift=(), hints=()):
    """Stages an entry with arguments of its signature."""

    try:
        return record(entry.function, entry.arguments, lift, hints)
    except WeberError as error:
        raise name_layer(error, entry.module)


# --- artifacts ----------------------------------------------------------------------------------------------


class StateNames:
    """The Julia paths of everything mutable that a module's globals reach; the first path of an object
    counts."""

    def __init__(self, module):
        self.arrays: dict[int, str] = {}
        self.places: dict[tuple, str] = {}
        self._seen = set()
        self._keep = []
        for name, value in list(module.bindings.items()):
            if value.__class__ is not Module:
                self.places.setdefault((id(module), name), name)
                self.visit(value, name)
        from ..base.random_numbers import GENERATOR

        self.arrays[id(GENERATOR)] = "random.key"

    def visit(self, value, path):
        if value.__class__ is Array:
            if value.element in t.NUMPY_TYPES:
                self.arrays.setdefault(id(value), path)
            elif isinstance(value.data, np.ndarray):
                for index, item in enumerate(value.data.reshape(-1), 1):
                    self.visit(item, f"{path}.{index}")
            return
        if id(value) in self._seen:
            return
        if value.__class__ is Struct:
            self._seen.add(id(value))
            for index, (name, child) in enumerate(
                zip(value.type.family.field_names, value.fields, strict=True)
            ):
                self.places.setdefault((id(value), index), f"{path}.{name}")
                self.visit(child, f"{path}.{name}")
        elif value.__class__ is Dictionary:
            self._seen.add(id(value))
            from ..printing.display import print_value

            for key, child in value.items.values():
                self.visit(child, f"{path}.{print_value(key)}")
        elif value.__class__ is Function and isinstance(value.captured, list) and value.captured:
            self._seen.add(id(value))
            code = value.methods.methods[0].definition
            for (outer, _), cell in zip(code.layout.imports, value.captured, strict=True):
                self.places.setdefault((id(cell), "value"), f"{path}.{outer.name}")
                self.visit(cell.value, f"{path}.{outer.name}")
        else:
            for key, child in children(value) or ():
                self.visit(child, f"{path}.{key}")

    def array(self, array):
        return self.arrays.get(id(array)) or self._fresh(self.arrays, id(array), array)

    def place(self, place):
        return self.places.get(place.identity) or self._fresh(self.places, place.identity, place.owner)

    def _fresh(self, names, key, owner):
        self._keep.append(owner)
        names[key] = f"state.{len(self._keep)}"
        return names[key]


def written_places(table: EntryTable):
    """All places that some entry of the file writes: the file's state."""
    if table.places is None:
        places = {}
        for entry in table.entries.values():
            if entry.parameters is not None:
                table.recordings[entry.name] = recording = record_entry(entry, list(places.values()))
                for place, _ in recording.written:
                    places.setdefault(place.identity, place)
        table.places = list(places.values())
    return table.places


def stage_entry(entry: Entry) -> Graph:
    """The entry as a graph: its arguments, then the file's state that it uses; results, then the next states.

    Raises WeberError for a result that no tensor can hold, where there is none at all, and for a state that
    changes its structure."""
    if entry.parameters is None:
        raise WeberError(f"`{entry.name}` has parameters without sizes: compile it with --entry "
                         f"\"{entry.name}(x::Float32[…])\"", entry.location)
    table = entry_table(entry.module)
    places = written_places(table)
    lift = [p for p in places if not isinstance(p.owner, Array)]
    recording = table.recordings.pop(entry.name, None)
    if recording is None or not is_current(recording, lift):
        recording = record_entry(entry, lift)
    names = StateNames(entry.module)
    check_host_values(recording, names, entry)
    state_arrays = {id(p.owner): p.owner for p in places if p.owner.__class__ is Array}
    for place in places:
        if place.owner.__class__ is not Array or place.owner.element not in t.NUMPY_TYPES:
            for _, leaf in leaves(place.owner if place.owner.__class__ is Array else place.get()):
                if leaf.__class__ is Array:
                    state_arrays[id(leaf)] = leaf
    vectors = VectorOutputs(recording.trace.builder)
    result_pairs = []
    for name, leaf in result_leaves(recording.result, entry):
        if is_lanes(leaf):
            result_pairs += [(output, Traced(value)) for output, value in vectors.of(leaf, name)]
        else:
            result_pairs.append((name, leaf))
    block, body = Block(), recording.trace.block
    builder, mapping = Builder(block), {}
    argument_names, defaults, result_names, results = [], {}, [], []

    def add_argument(value, name):
        from ...compiler.ir import Value

        mapping[value] = new = Value(value.type, name=name)
        block.arguments.append(new)
        argument_names.append(name)

    for path, value in recording.arguments:
        add_argument(value, path)
    for array, value in recording.arrays:
        if id(array) in state_arrays:
            name = names.array(array)
            add_argument(value, name)
            defaults[name] = np.array(array.data)
        else:
            mapping[value] = builder.constant(np.array(array.data))
    used, _ = used_values(body, recorded_values(recording))
    written = {place.identity for place, _ in recording.written}
    for number in recording.numbers:
        if number.value not in used and number.place.identity not in written:
            continue
        name = names.place(number.place) + (f".{number.path}" if number.path else "")
        add_argument(number.value, name)
        current = dict(leaves(number.place.get()))[number.path]
        defaults[name] = np.asarray(current, dtype=number.value.element.numpy)
    arguments = list(mapping)
    outputs = inline(builder, Block(arguments, body.operations, []), [mapping[a] for a in arguments], mapping)
    assert not outputs

    read_arrays = {id(array): value for array, value in recording.arrays}
    written_arrays = {id(place.owner): tree for place, tree in recording.written if place.key == "data"}

    def add_result(leaf, name):
        leaf = written_arrays.get(id(leaf), leaf)
        value = staged_value(leaf)
        if value is None:
            if id(leaf) in read_arrays:
                results.append(mapping[read_arrays[id(leaf)]])
            else:
                results.append(builder.constant(np.array(payload_of(leaf))))
        else:
            results.append(mapping.get(value, value))
        result_names.append(name)

    for name, leaf in result_pairs:
        add_result(leaf, name)
    next_state = {}
    for place, tree in recording.written:
        for name, leaf in next_values(place, tree, names, entry):
            if name not in argument_names:
                add_unread_state(block, argument_names, defaults, name, place, leaf)
            next_state[name] = f"{name}.next"
            add_result(leaf, f"{name}.next")
    if not results:
        raise WeberError(f"`{entry.name}` gives nothing and changes no state: there is nothing to compute",
                         entry.location)
    block.results = results
    return Graph(entry.name, block, argument_names, result_names, defaults, next_state, entry.location,
                 ragged_metadata(entry, vectors))


def ragged_metadata(entry, vectors):
    """The metadata that tells which inputs and outputs are vectors, and what their lengths are called."""
    inputs = describe_vectors([(p.name, p.spec) for p in entry.parameters])
    paths, lengths = {**inputs[0], **vectors.vectors}, {**inputs[1], **vectors.lengths}
    trees = {path: links for p in entry.parameters for path, links in tree_paths(p.spec, p.name).items()}
    if not paths and not trees:
        return {}
    named = {name: {str(axis): source for axis, source in axes.items()} for name, axes in lengths.items()}
    described = {"vectors": paths, "lengths": named} | ({"trees": trees} if trees else {})
    return {"weber.ragged": json.dumps(described, ensure_ascii=False)}


def check_host_values(recording, names, entry):
    """Raises where the graph depends on the present value of a state that the entry changes."""
    guarded = {(id(owner), key): value for owner, key, value in recording.guards}
    for place, tree in recording.written:
        if place.identity in recording.static and _numbers(place.get()) != _numbers(tree):
            raise WeberError(f"`{entry.name}` depends on the number `{names.place(place)}`, which it "
                             f"changes: in an artifact a state cannot decide sizes or which code runs",
                             entry.location, kind="UnsupportedError")
        old = guarded.get(place.identity, tree)
        if old is not tree and (isinstance(old, bool) or isinstance(tree, bool)):
            raise WeberError(f"`{entry.name}` depends on the truth value `{names.place(place)}`, which it "
                             f"changes: in an artifact only numbers and arrays can decide what is computed",
                             entry.location, kind="UnsupportedError")


def _numbers(tree):
    """The numbers in a tree, by path."""
    return {path: leaf for path, leaf in leaves(tree) if is_number(leaf)}


def recorded_values(recording):
    """The IR values that a recording's result and writes are made of."""
    trees = [recording.result, *(tree for _, tree in recording.written)]
    return [value for tree in trees for _, leaf in leaves(tree) for value in staged_values(leaf)]


def add_unread_state(block, argument_names, defaults, name, place, leaf):
    """A state that the entry writes without reading it is an input all the same: its default is its value
    now."""
    from ...compiler.ir import Value

    current = place.owner.data if place.key == "data" and place.owner.__class__ is Array else None
    if current is None:
        by_path = {path: old for path, old in leaves(place.get())}
        wanted = [path for path in by_path if not path or name.endswith("." + path)]
        value = by_path[max(wanted, key=len)] if wanted else next(iter(by_path.values()))
        current = value.data if value.__class__ is Array else np.asarray(value)
    current = np.array(current)
    block.arguments.append(Value(tensor_type(current), name=name))
    argument_names.append(name)
    defaults[name] = current


def next_values(place, tree, names, entry):
    """The (state name, leaf) pairs of a written place."""
    of_array = place.key == "data" and place.owner.__class__ is Array
    if of_array and place.owner.element in t.NUMPY_TYPES:
        name = names.array(place.owner)
        if tuple(tree.data.shape) != tuple(place.owner.data.shape):
            raise WeberError(f"`{entry.name}` changes the size of the state `{name}`", entry.location,
                             kind="UnsupportedError")
        return [(name, tree)]
    old, new = leaves(place.owner if of_array else place.get()), leaves(tree)
    base = names.place(place)
    if [path for path, _ in old] != [path for path, _ in new]:
        raise WeberError(
            f"`{entry.name}` changes the structure of the state `{base}`: an exported function can change "
            f"numbers and arrays, not what kind of value there is",
            entry.location,
            kind="UnsupportedError",
        )
    pairs = []
    for (path, before), (_, after) in zip(old, new, strict=True):
        name = names.array(before) if before.__class__ is Array else base + (f".{path}" if path else "")
        if before.__class__ is Array and after.__class__ is Array and tuple(before._data.shape) != tuple(
                after._data.shape):
            raise WeberError(f"`{entry.name}` changes the size of the state `{name}`", entry.location,
                             kind="UnsupportedError")
        if before is after:  # an array that is changed in place is a place of its own
            continue
        pairs.append((name, after))
    return pairs


def result_leaves(result, entry):
    """The (output name, leaf) pairs of a result: `f`, `f.1`, `f.field.path`; `nothing` has none."""
    if result.__class__ is Struct and result.type.family.mutable:
        pairs = []
        for name, child in zip(result.type.family.field_names, result.fields, strict=True):
            pairs += [(f"{entry.name}.{name}{path.removeprefix(entry.name)}", leaf)
                      for path, leaf in result_leaves(child, entry)]
        return pairs
    check_result(result, entry)
    return leaves(result, entry.name)


def check_result(value, entry):
    if value is None or is_leaf(value) or value.__class__ is Traced or is_number(value):
        return
    items = children(value)
    if items is None and value.__class__ is not Function:
        raise WeberError(
            f"`{entry.name}` returns a value of type {type_name(typeof(value))}, which no tensor can hold",
            entry.location,
            kind="UnsupportedError",
        )
    for _, child in items or ():
        check_result(child, entry)
