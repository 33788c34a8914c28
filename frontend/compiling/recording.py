"""Recording a call: running it staged until what it changes is known.

The first run of a function finds the places it writes: contents of arrays, fields, captured variables.
Numbers in such places (a step counter, a power of β) must not be baked in, so they are lifted to arguments
and the function is run again, until a run writes nothing new. After each run all writes are undone: staging
leaves the program as it was.
"""

from dataclasses import dataclass, field

import numpy as np

from ...compiler.errors import WeberError
from ...compiler.ir import Value
from ...compiler.types import TensorType
from .. import types as t
from ..calling import call
from ..control_flow.sharing import unlinked
from ..poison import HostValueNeeded, PoisonedContents, Undefined, poisoned
from ..promotion import promote_type
from ..staged_numbers import DimNumber, Traced
from ..staging import Trace, get_location, payload_of, set_location
from ..state import state
from ..trees import children, is_number, leaves, map_leaves, same_structure, with_children
from ..values import Array, typeof

MAX_RUNS = 8


@dataclass(frozen=True)
class Place:
    """A mutable location of an object that is older than the trace."""

    owner: object
    key: object

    @property
    def identity(self):
        return id(self.owner), self.key

    def get(self):
        return get_location(self.owner, self.key)

    def set(self, value):
        set_location(self.owner, self.key, value)


@dataclass
class LiftedNumber:
    """A number in a mutable place that is an argument of the recording: its place, its path in the value
    there."""

    place: Place
    path: str
    value: Value


@dataclass
class Recording:
    """A staged call.

    `arguments`: (path, Value) of the call's own staged leaves, in order. `arrays`: (Array, Value) of the
    older arrays it reads. `numbers`: the lifted numbers; `lifted`: the places they are in, and others that
    hold arrays and are written, with the values there at the time. `result`: the result tree, leaves staged
    or concrete. `written`: (Place, tree) of the last write to each place; for contents of arrays the tree is
    an `Array`. `guards` and `contents`: what the recording depends on otherwise. `staged`: the captured
    variables that held a staged argument.
    """

    trace: Trace
    arguments: list
    arrays: list
    numbers: list
    lifted: list
    result: object
    written: list
    guards: list
    contents: list
    staged: set
    static: set = field(default_factory=set)


def record(function, make_arguments, lift=(), hints=()):
    """Stages `function(arguments...)` and gives the `Recording`.

    `make_arguments(trace)` gives (arguments, [(path, Value)]): the call's arguments with their staged leaves
    made in the trace. `lift` are places to lift from the start, `hints` those to lift if their numbers are
    not needed on the host. Raises WeberError as the program does, and when the state that the function
    changes does not settle.
    """
    lifted = {place.identity: place for place in (*lift, *hints)}
    hints = {place.identity for place in hints} - {place.identity for place in lift}
    static = set()  # places that must stay host values
    promoted = {}  # (place, path) → element type that a lifted number settles at
    for _ in range(MAX_RUNS):
        try:
            recording = _run(function, make_arguments, lifted, promoted)
        except HostValueNeeded:
            host = [p for p in lifted.values() if _has_integers(p.get())] or [
                p for p in lifted.values() if p.identity in hints
            ]
            if not host:
                raise
            static.update(place.identity for place in host)
            lifted = {identity: p for identity, p in lifted.items() if identity not in static}
            continue
        again = False
        for place, tree in recording.written:
            if place.key == "data" and isinstance(place.owner, Array) or place.identity in recording.staged:
                continue
            old = place.get()
            if place.identity not in lifted and place.identity not in static and leaves(old):
                lifted[place.identity] = place
                again = True
            elif place.identity in lifted:
                again |= _promote(place, old, tree, promoted)
        if not again:
            recording.static = static
            return recording
    raise WeberError(
        "the state that this function changes does not settle: a value changes its type at each call",
        state.location,
    )


def is_current(recording, lift):
    """Whether a recording is the one that `record` would make with these places to lift: they are those that
    it lifts, and what it depends on is as it was."""
    return ({place.identity for place in lift} == {place.identity for place, _ in recording.lifted}
            and all(place.get() is tree for place, tree in recording.lifted)
            and all(owner is None or get_location(owner, key) is expected
                    for owner, key, expected in recording.guards)
            and all(tuple(array._data.shape) == value.shape for array, value in recording.arrays)
            and all(np.array_equal(array.data, content) for array, content in recording.contents))


def _has_integers(tree):
    return any(isinstance(leaf, int | np.integer) for _, leaf in leaves(tree))


def _promote(place, old, new, promoted):
    """Where a lifted number comes back with a wider type, it is lifted with that type next time."""
    changed = False
    if same_structure(old, new):
        for (path, before), (_, after) in zip(leaves(old), leaves(new), strict=True):
            if is_number(before):
                type_ = promoted.get((place.identity, path), typeof(before))
                wider = promote_type(type_, typeof(after))
                if wider is not type_:
                    promoted[(place.identity, path)] = wider
                    changed = True
    return changed


def _run(function, make_arguments, lifted, promoted):
    originals = []
    lanes, depth, differentiating = state.lanes, state.depth, state.differentiating
    state.lanes = state.differentiating = 0
    with Trace() as trace:
        try:
            arguments, values = make_arguments(trace)
            staged, numbers = set(trace.journal), []
            for place in lifted.values():
                if place.identity in staged:
                    continue
                original = place.get()
                originals.append((place, original))
                place.set(_lift_numbers(trace, place, original, promoted, numbers))
                if not isinstance(original, bool):  # a truth value is never an argument
                    trace.lifted_fields[place.identity] = place
            result = _with_sizes(unlinked(call(function, arguments)))
            for owner, key, _ in list(trace.journal.values()):
                content = get_location(owner, key)
                if key != "data" or owner.__class__ is not Array:
                    set_location(owner, key, unlinked(content))
                if content.__class__ in (Undefined, PoisonedContents) and content.reason is not None:
                    raise poisoned("a variable or field that this function changes", content.reason,
                                   state.location)
        finally:
            written = trace.rollback()
            for place, original in originals:
                place.set(original)
            state.lanes, state.depth, state.differentiating = lanes, depth, differentiating
    places = [(Place(owner, key), _contents(value, owner.type) if key == "data" and owner.__class__ is Array
               else value) for owner, key, value in written.values()]
    return Recording(trace, values, list(trace.lifted.values()), numbers, originals, result, places,
                     list(trace.guards.values()), list(trace.contents.values()), staged)


def _with_sizes(value):
    """A result whose symbolic sizes are numbers of the graph."""
    if value.__class__ is DimNumber:
        return Traced(payload_of(value))
    items = children(value)
    return with_children(value, [_with_sizes(child) for _, child in items]) if items else value


def _contents(payload, type_):
    """An array of these contents; only arrays of objects need the type told."""
    return Array(payload, type_ if payload.__class__ is not Value and payload.dtype == object else None)


def _lift_numbers(trace, place, tree, promoted, numbers):
    def rule(leaf, path):
        if leaf.__class__ is Array or isinstance(leaf, bool) or leaf.__class__ is Traced:
            return leaf
        type_ = promoted.get((place.identity, path), typeof(leaf))
        value = trace.argument(TensorType(t.ELEMENT_TYPES[type_], ()))
        numbers.append(LiftedNumber(place, path, value))
        return Traced(value)

    return map_leaves(tree, rule)


def staged_value(leaf):
    """The IR value of a result leaf, or None when the leaf is concrete."""
    data = leaf.data if leaf.__class__ is Traced else leaf._data if leaf.__class__ is Array else None
    return data if data.__class__ is Value else None
