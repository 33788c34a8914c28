"""Compiled calls while a program runs: `gradient`, `update!`, `train!`, exported functions.

A call is specialised for its code, the structure of its arguments, and the types and sizes of the arrays in
them, compiled once, and then run by onnxruntime. What it reads elsewhere in the program is guarded, or is an
input; what it writes is written back. Arrays that a call leaves behind stay `OrtValue`s until the program
looks at them, so a training loop moves no parameters between numpy and onnxruntime.
"""

import numpy as np

from ...compiler.errors import WeberError
from ...compiler.types import TensorType, element_type_of
from .. import types as t
from ..base.registry import define, module
from ..batching.examples import Examples, restore
from ..batching.staged_map import OuterEffect
from ..calling import call
from ..poison import HostValueNeeded
from ..staged_numbers import Traced
from ..staging import VIEWS, read, write
from ..state import state
from ..trees import children, is_number, map_leaves, same_structure, with_children
from ..values import Array, Function, NamedTuple
from .call_key import CallKey
from .recording import Place, record, staged_value
from .specialisation import Specialisation, same_value

MAX_SPECIALISATIONS = 64
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
        key = CallKey(static_numbers, examples)
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
                and not same_value(current, expected)
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
