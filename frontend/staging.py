"""Staging: the trace that records what an evaluation computes, and the one way to read and write mutable
things.

While a `Trace` is active, an array that existed before it stands for a graph input: reading it *lifts* it.
Writes to what existed before are kept in a journal, so that a trace can be undone (`Trace.rollback`) and its
final writes become the next values of the state. Everything else is evaluation as usual: `apply` computes
with numpy when all operands are concrete and appends an operation to the trace when one is staged.
"""

import operator
import weakref
from contextlib import contextmanager

import numpy as np

from ..compiler.errors import WeberError
from ..compiler.ir import Block, Builder, Value
from ..compiler.ops import OPS, TypeRuleError
from ..compiler.types import TensorType, element_type_of
from . import types as t
from .poison import UNDEFINED, HostValueNeeded, PoisonedContents, PrintingNeeded, Undefined, poisoned
from .staged_numbers import DimNumber, Traced
from .state import LaneEffect, serials, state
from .type_lattice import unwrap
from .type_names import type_name
from .values import Array, Struct, to_host, typeof


class Trace:
    """The recording of one staged evaluation: a block, the arrays lifted into it, the journal of writes.

    `lifted[id(array)]` is (array, Value): the block argument that stands for the array's contents at entry.
    `journal[(id(object), key)]` is (object, key, old value); keys are field indices of structs, "data" of
    arrays, names of module bindings, and keys of dictionaries and cells.
    `guards[(id(object), key)]` is (object, key, value): host values that the recording depends on.
    `lifted_fields` are the places whose numbers are arguments; `contents` the arrays whose contents were read
    on the host. `entangled[id(array)]` is (array, pairs of an array that may be this one and the block in
    which that was found out: see `sharing.entangle`); `elements[id(vector)]` is (vector, the `ElementLink`s
    of arrays that are in it), `repeated[id(vector)]` tells why it may have one array at two
    places: (the link at the one, the other place), or None.
    `dim_bounds` maps names of dims that the graph defines to bounds above; `growing` are names of dims
    that stand for the size of an array which a loop changes. `carried` remembers what each loop of the
    source carried when it was last staged, `unrolled` which of them could not be staged. `scope` is the
    innermost open `regions.Region`, or the trace itself: its journal gets the writes.
    """

    outer, depth, assumption = None, 0, None  # as of the outermost scope
    failures = None  # the errors that the loop being staged has put off
    immediate = False  # whether what its values are is known (see `immediate`)

    def __init__(self):
        self.builder = Builder(Block())
        self.block, self.scope = self.builder.block, self
        self.serial = next(serials)
        self.lifted: dict[int, tuple[Array, Value]] = {}
        self.lifted_fields: dict[tuple[int, object], object] = {}
        self.journal: dict[tuple[int, object], tuple[object, object, object]] = {}
        self.guards: dict[tuple[int, object], tuple[object, object, object]] = {}
        self.contents: dict[int, tuple[Array, np.ndarray]] = {}
        self.dim_bounds, self.growing = {}, set()
        self.entangled: dict[int, tuple[Array, list[tuple[Array, Block]]]] = {}
        self.elements: dict[int, tuple[Array, list]] = {}
        self.repeated: dict[int, list] = {}
        self.carried: dict[object, dict] = {}
        self.ragged_dims: set[str] = set()  # bound by the maps around
        self.examples = None  # the `examples.Examples` of a compiled call
        self.has_trees = False  # whether there are nodes of trees
        self.rows: dict[tuple[Value, Value], Value] = {}  # read by nodes: see `forests.row`
        self.node_blocks: dict[Value, Block] = {}  # where the rows of nodes are known
        self.lane_sources: dict[Value, tuple] = {}  # argument of a map's region -> (its operands, all lanes)
        self.merged: dict[Block, Block] = {}  # the block of a region -> the one that it was merged into
        self.tree_calls: list = []  # the calls with nodes that are being evaluated: see `tree_recursion`
        self.changed: list[int] = []  # where there are trees: the serials of objects that were written to
        self.unrolled: set = set()

    def argument(self, type_, name=""):
        """A new block argument."""
        value = Value(type_, name=name)
        self.block.arguments.append(value)
        return value

    def lift(self, array: Array) -> Value:
        """The block argument for an array that is older than the trace."""
        entry = self.lifted.get(id(array))
        if entry is None:
            value = self.argument(tensor_type(array.data))
            entry = self.lifted[id(array)] = (array, value)
        return entry[1]

    def record(self, owner, key, old):
        """Notes the value of a location of an object that is older than the scope before its first write."""
        self.note_change(owner.serial)
        scope = self.scope
        if owner.serial < scope.serial:
            scope.journal.setdefault((id(owner), key), (owner, key, old))

    def note_node(self, index):
        """Notes where the row of a new node is known, for what is read at it later."""
        self.has_trees = True
        if index not in self.lane_sources:
            self.node_blocks.setdefault(index, self.builder.block)

    def note_change(self, serial):
        """Notes that an object with this serial reads differently from now on."""
        if self.has_trees:
            self.changed.append(serial)

    def scopes(self):
        """The open scopes from the innermost region to the trace."""
        scope = self.scope
        while scope is not None:
            yield scope
            scope = scope.outer

    def merged_into(self, block):
        """The block that a region's has become part of."""
        while block in self.merged:
            block = self.merged[block]
        return block

    def is_open(self, block):
        """Whether what was made in a block can be seen from here."""
        block = self.merged_into(block)
        return any(scope.block is block for scope in self.scopes())

    def is_written(self, identity):
        """Whether a location of an older object has been written to."""
        return any(identity in scope.journal for scope in self.scopes())

    def guard(self, owner, key, value):
        """Notes that the recording depends on a location of an older object having this value."""
        identity = id(owner), key
        unchanged = identity not in self.lifted_fields and not self.is_written(identity)
        if owner.serial < self.serial and unchanged:
            self.guards.setdefault((id(owner), key), (owner, key, value))

    def lifted_writes(self):
        """The ids of the older arrays whose contents the recording changes."""
        return {identity for scope in self.scopes() for identity, key in scope.journal if key == "data"}

    def rollback(self):
        """Undoes all writes to older objects and returns them: {(id, key): (object, key, last value)}."""
        from .control_flow.regions import undo

        return undo(self.journal)

    def __enter__(self):
        self.previous, state.trace = state.trace, self
        return self

    def __exit__(self, *_):
        state.trace = self.previous


@contextmanager
def emitting_into(block):
    """Appends operations to a block around the current one."""
    trace = state.trace
    outer, trace.builder.block = trace.builder.block, trace.merged_into(block)
    try:
        yield
    finally:
        trace.builder.block = outer


def get_location(owner, key):
    """The value of a mutable location, without lifting."""
    if key == "data" and isinstance(owner, Array):
        return owner._data if owner._data.__class__ is PoisonedContents else owner.data
    if isinstance(owner, Struct):
        return owner.fields[key]
    return owner.get_location(key)


def set_location(owner, key, value):
    """Sets a mutable location, without journal."""
    if key == "data" and isinstance(owner, Array):
        owner.data = value
    elif isinstance(owner, Struct):
        owner.fields[key] = value
    else:
        owner.set_location(key, value)


# --- arrays -------------------------------------------------------------------------------------------------


def tensor_type(data):
    """The IR type of a payload."""
    if isinstance(data, Value):
        return data.type
    try:
        return TensorType(element_type_of(data.dtype), tuple(data.shape))
    except KeyError:
        raise WeberError(
            f"an array of {type_name(t.JULIA_TYPES.get(data.dtype, t.Any))} cannot be part of a graph"
        ) from None


VIEWS = weakref.WeakKeyDictionary()
"""What arrays of type SubArray show of others: array -> `base.views.View`, which reads and writes the
parent."""

_VIEW_FAMILY = unwrap(t.SubArray).family


def read(array: Array):
    """The payload of an array: numpy, or an IR value (an older array is lifted while a trace is active)."""
    if state.lanes:
        raise LaneEffect
    if array.type.family is _VIEW_FAMILY and array in VIEWS:
        return VIEWS[array].read(array)
    if array.link is not None and state.trace is not None:
        return array.link.read(array)
    data, trace = array.data, state.trace
    if trace is not None and data.__class__ is np.ndarray and array.serial < trace.serial and \
            not trace.immediate:
        if data.dtype == object:  # which values these are is a host value
            if not trace.is_written((id(array), "data")):
                trace.contents.setdefault(id(array), (array, np.array(data)))
            return data
        return trace.lift(array)
    return data


def write(array: Array, data):
    """Replaces the contents of an array."""
    if state.lanes:
        raise LaneEffect
    if array.type.family is _VIEW_FAMILY and array in VIEWS:
        return VIEWS[array].write(data)
    if array.link is not None and state.trace is not None:
        return array.link.write(array, data)
    trace = state.trace
    if trace is not None:
        if id(array) in trace.elements:
            from .control_flow.vector_elements import forget

            forget(array)
        if array.serial < trace.serial and data.__class__ is not Value and data.dtype != object and \
                not trace.immediate:
            data = trace.builder.constant(np.array(data))
        if trace.entangled:
            from .control_flow.sharing import part

            part(trace, array)
        trace.record(array, "data", get_location(array, "data"))
    array.data = data


def read_host(array: Array, purpose="this") -> np.ndarray:
    """The numpy contents of an array, for what must be known on the host.

    Raises `HostValueNeeded` when they are only known in the graph."""
    if array.type.family is _VIEW_FAMILY and array in VIEWS:
        return VIEWS[array].read_host(purpose)
    data, trace = array.data, state.trace
    if array.link is not None and trace is not None:
        data = array.link.read(array)
    if isinstance(data, Value):
        if trace is not None and trace.immediate:
            return trace.content(data)
        raise HostValueNeeded(
            f"{purpose} needs the contents of an array that are only known when the graph runs",
            state.location,
            kind="UnsupportedError",
        )
    if trace is not None and array.serial < trace.serial and not trace.immediate:
        if id(array) in trace.lifted_writes():
            raise HostValueNeeded(f"{purpose} needs the contents of an array that this function changes",
                                  state.location, kind="UnsupportedError")
        trace.contents.setdefault(id(array), (array, np.array(data)))
    return data


def write_elements(array: Array, index, values):
    """`data[index] = values` for a numpy index: in place outside of a trace, a copy inside."""
    if state.lanes:
        raise LaneEffect
    if state.trace is None and not (array.type.family is _VIEW_FAMILY and array in VIEWS):
        array.data[index] = values
    else:
        data = np.array(read_host(array, "indexed assignment"))
        data[index] = values
        write(array, data)


def read_field(instance: Struct, index):
    """A field of a struct instance. While tracing, fields of older mutable instances are guarded (host
    values)."""
    value = instance.fields[index]
    if value is UNDEFINED:
        raise WeberError("UndefRefError: access to undefined reference", kind="UndefRefError")
    trace = state.trace
    if trace is not None and value.__class__ is Undefined and value.reason is not None:
        name = instance.type.family.field_names[index]
        raise poisoned(f"the field `{name}`", value.reason, state.location)
    if trace is not None and instance.type.family.mutable and instance.serial < trace.serial:
        trace.guard(instance, index, value)
    return value


def write_field(instance: Struct, index, value):
    """Sets a field of a mutable struct instance."""
    if state.lanes:
        raise LaneEffect
    if state.trace is not None:
        state.trace.record(instance, index, instance.fields[index])
    instance.fields[index] = value


# --- operations ---------------------------------------------------------------------------------------------


class _HostContext:
    """The context of an op's numpy meaning outside of a graph: all dims are integers."""

    shapes = ()

    def dim(self, dim):
        return dim.__index__()

    size = dim

    def run(self, block, arrays):
        raise TypeRuleError("a region op outside of a graph")


_HOST = _HostContext()


def as_value(payload) -> Value:
    """A payload as an IR value of the current trace: a numpy array becomes a constant."""
    if payload.__class__ is Value:
        return payload
    return state.trace.builder.constant(np.array(payload))


def apply(name, *payloads, **attributes):
    """Applies an op to payloads: computed by its numpy meaning when all are numpy, else appended to the
    trace.

    Returns a payload, or a list of them for an op with several results. Raises WeberError where the type rule
    refuses.
    """
    for payload in payloads:
        if payload.__class__ is Value:
            return emit(name, payloads, attributes)
    if any(not isinstance(dim, int) for dim in attributes.get("shape", ()) or ()):
        return emit(name, payloads, attributes)
    with np.errstate(all="ignore"):
        results = OPS[name].evaluate(payloads, attributes, _HOST)
    return results[0] if len(results) == 1 else results


def emit(name, payloads, attributes):
    """Appends an op to the trace."""
    trace = state.trace
    if trace is None:
        raise WeberError(f"internal error: {name} on staged values outside of a trace", state.location)
    builder = trace.builder
    builder.location = state.location
    try:
        results = builder.emit(name, [as_value(p) for p in payloads], attributes)
    except TypeRuleError as error:
        raise WeberError(str(error), state.location) from None
    if not trace.immediate:
        return results
    return [trace.concrete(r) for r in results] if isinstance(results, list) else trace.concrete(results)


def element_of(payload):
    """The Julia element type of a payload."""
    return t.FROM_ELEMENT[payload.element] if payload.__class__ is Value else t.JULIA_TYPES[payload.dtype]


def convert_payload(payload, julia_type):
    """A payload converted to the element type."""
    if element_of(payload) is julia_type:
        return payload
    if payload.__class__ is Value:
        return apply("convert", payload, element=t.ELEMENT_TYPES[julia_type])
    with np.errstate(all="ignore"):
        return payload.astype(t.NUMPY_TYPES[julia_type])


def expand(payload, shape):
    """A payload broadcast to a (row-major) shape it is compatible with, aligned at the *last* Julia dim =
    first axes.

    Julia aligns the leading (column-major) dims, which are the trailing row-major axes: numpy's rule."""
    if tuple(payload.shape) == tuple(shape):
        return payload
    offset = len(shape) - len(payload.shape)
    if payload.__class__ is not Value and all(isinstance(dim, int) for dim in shape):
        return np.broadcast_to(payload, shape)
    return apply("broadcast", payload, shape=tuple(shape), axes=tuple(range(offset, len(shape))))


def payload_of(value, julia_type=None):
    """The payload of a number or array; a host number becomes a rank-0 numpy array of its (or the given)
    type."""
    if value.__class__ is Array:
        payload = read(value)
    elif value.__class__ is Traced:
        payload = value.data
    elif value.__class__ is DimNumber:
        payload = emit("dim_value", (), {"dim": value.dim})
    else:
        type_ = julia_type or typeof(value)
        if type_ not in t.NUMPY_TYPES:
            raise WeberError(f"MethodError: Cannot `convert` an object of type {type_name(typeof(value))} "
                             f"to a number", kind="MethodError")
        payload = np.asarray(value, dtype=t.NUMPY_TYPES[type_])
    return payload if julia_type is None else convert_payload(payload, julia_type)


def host_integer(value, purpose="this"):
    """An integer as a Python int. Raises ArgumentError for what is none, HostValueNeeded for a staged one."""
    number = host_number(value, purpose)
    try:
        return operator.index(number)
    except TypeError:
        raise WeberError(f"ArgumentError: {purpose} must be an integer, not a value of type "
                         f"{type_name(typeof(number))}", kind="ArgumentError") from None


def host_number(value, purpose="this"):
    """A number as a host number; `Traced` ones that are not known raise `HostValueNeeded`."""
    if value.__class__ is not Traced:
        return value
    if value.known is not None:
        return value.known
    if value.data.__class__ is not Value and value.data.ndim == 0 and not state.lanes:
        return to_host(value.data[()])
    immediate = state.trace is not None and state.trace.immediate
    if state.lanes and (value.data.__class__ is not Value or value.data.rank):
        raise LaneEffect
    if immediate:
        return to_host(state.trace.content(value.data)[()])
    needed = PrintingNeeded if purpose == "printing" else HostValueNeeded
    raise needed(f"{purpose} needs a number that is only known when the graph runs", state.location,
                 kind="UnsupportedError")
