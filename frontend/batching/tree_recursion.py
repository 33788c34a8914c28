"""Functions that call themselves on the children of a tree that only the graph knows.

Such a call is evaluated for all nodes of all trees of the batch: first for the leaves, then level by level in
a `loop`, whose body is a `map` over the nodes of a level. A call on a child reads the child's row of the
results of the level before. That a function is recursive shows when it meets itself: what it has done till
then is undone.
"""

import numpy as np

from ...compiler.errors import UnsupportedError, WeberError
from ...compiler.ir import Block, Value, captured_values
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import BOOL, I64, TensorType, fresh_dim, symbol_name
from ..control_flow.joining import has_local_dims
from ..control_flow.regions import Region
from ..control_flow.specs import (
    Container,
    Fixed,
    Unknown,
    flatten,
    full_spec,
    join,
    leaf_types,
    opened,
    rebuild,
    same_value,
)
from ..staged_numbers import Traced
from ..staging import apply, emitting_into
from ..state import serials, state
from ..values import Array, Node
from .forests import NodeItems, row_of_lane

MAX_RUNS = 6


class MeetsItself(Exception):
    """A function that is being evaluated for a node was called for another one of the same tree."""

    def __init__(self, call):
        self.call = call


class Call:
    """A call of a method with a node: `arguments` with None in its place."""

    def __init__(self, method, arguments, keywords, bindings):
        self.method, self.keywords, self.bindings = method, keywords or {}, bindings
        self.place = next(k for k, argument in enumerate(arguments) if argument.__class__ is Node)
        self.node = arguments[self.place]
        self.rest = [argument for k, argument in enumerate(arguments) if k != self.place]

    def is_same_function(self, other):
        return (self.method.definition is other.method.definition and self.node.forest is other.node.forest
                and self.place == other.place)

    def is_like(self, other):
        """Whether a call of the same function has the same arguments but for the node."""
        return (len(self.rest) == len(other.rest) and self.keywords.keys() == other.keywords.keys()
                and all(map(same, self.rest, other.rest))
                and all(same(value, other.keywords[name]) for name, value in self.keywords.items()))

    def run(self, node):
        """The result for a node."""
        arguments = [*self.rest[:self.place], node, *self.rest[self.place:]]
        return self.method.call(arguments, self.keywords or None, self.bindings)


def same(a, b):
    """Whether two arguments are one and the same."""
    if a.__class__ is tuple and b.__class__ is tuple:
        return len(a) == len(b) and all(map(same, a, b))
    if a.__class__ is Traced and b.__class__ is Traced:
        return a.data is b.data
    return same_value(a, b)


def call_on_node(method, arguments, keywords, bindings):
    """The result of a method's call with a node among the arguments."""
    trace, call = state.trace, Call(method, arguments, keywords, bindings)
    for active in reversed(trace.tree_calls):
        if not active.is_same_function(call) or active.node.index is call.node.index:
            continue
        if active.__class__ is Call:
            raise MeetsItself(active)
        return active.result(call)
    region = Region(trace)
    trace.tree_calls.append(call)
    try:
        with region:
            value = call.run(call.node)
        region.merge()
        return value
    except MeetsItself as signal:
        if signal.call is not call:
            raise
    finally:
        trace.tree_calls.remove(call)
    return evaluate(call)


class DependsOnLane(Exception):
    """The arguments of a recursive function beside the node, or the random numbers that it draws, differ from
    lane to lane of a map."""


def evaluate(call):
    """The result of a recursive function for a node, by levels for all nodes of its forest. Where other
    arguments depend on the lane of a map, each lane evaluates its own tree, and the map stays a loop."""
    trace, forest, index = state.trace, call.node.forest, call.node.index
    source = trace.lane_sources.get(index)
    blocks = [] if source is None else [source[0].block]
    if any(active.__class__ is Levels for active in trace.tree_calls):
        # in another recursion: computed once, if it can be, and not for each level of the other
        blocks.insert(0, forest.block)
    for block in blocks:
        region = Region(trace)  # what a failure has done is undone
        try:
            with region:
                levels = levels_of(call, forest, block)
            region.merge()
            return levels.at(index)
        except DependsOnLane:
            pass
    if forest.count != 1 or source is not None:
        forest, index = forest.single(index)
        call.node = Node(forest, index)
    return levels_of(call, forest, trace.builder.block).at(index)


def levels_of(call, forest, block):
    """The evaluation of a call for a forest in a block; the one that is there already, if nothing that is
    older has been changed since."""
    for levels in forest.evaluated:
        if (levels.block is block and levels.is_same_function(call) and levels.call.is_like(call)
                and all(serial > levels.serial for serial in state.trace.changed[levels.changes:])):
            return levels
    forest.evaluated.append(Levels(call, forest, block))
    return forest.evaluated[-1]


class Levels:
    """The evaluation of a recursive call for all nodes of a forest, in a block. While the function is staged
    it stands among the calls with nodes, and answers those on nodes below.

    Where these are known to be so many steps below, at most `reach`, the loop carries the results of so many
    levels, as windows. Where they are not (another recursive function goes through the nodes between),
    `reach` is None and it carries the results of all nodes, the memory.
    """

    def __init__(self, call, forest, block):
        self.call, self.method, self.forest, self.block = call, call.method, forest, block
        self.place, self.location = call.place, state.location
        self.node = Node(forest, Value(TensorType(I64)))  # none of those that it is called with
        self.lane = None  # the row of the node that the function is staged for
        self.reads_outer = False  # whether it calls a function in the levels of which it is evaluated
        self.keys = {}  # for random numbers: state of a generator -> a key for each row
        state.trace.tree_calls.append(self)
        try:
            with emitting_into(block):
                self.spec, self.reach = None, 1
                self._settle()
                self.results = self._emit()
        finally:
            state.trace.tree_calls.remove(self)
        self.serial, self.changes = next(serials), len(state.trace.changed)

    is_same_function = Call.is_same_function

    def at(self, index):
        """The result for the node of a row."""
        source = state.trace.lane_sources.get(index)
        unique = source is not None and source[1] is self.forest.roots
        return self._result(index, self.results, self.schedule.position, unique=unique)

    def result(self, call):
        """What a call on a node below gives."""
        name, node = self.method.definition.name, call.node
        if not self.call.is_like(call):
            raise UnsupportedError(
                f"`{name}` calls itself on a child with other arguments: what is no node must be the same "
                "for all nodes of a tree", state.location, kind="UnsupportedError")
        if self.spec is None:
            raise UnsupportedError(f"`{name}` calls itself for a node without children", state.location,
                                   kind="UnsupportedError")
        if node.origin is not self.lane:
            self.reach = None
            for inner in state.trace.tree_calls[state.trace.tree_calls.index(self) + 1:]:
                inner.reads_outer = True
        elif self.reach is not None:
            self.reach = max(self.reach, node.steps)
        if self.reach is None:
            return self._result(node.index, self._carried(0), self.schedule.position, unique=True)
        return self._result(node.index, self._carried(node.steps - 1), self.schedule.place, unique=True)

    def _result(self, index, columns, places, **attributes):
        """The result for the node of a row; `places` are those of all rows in columns of results."""
        key, trace = (self, index), state.trace
        if index not in trace.lane_sources:
            place = apply("gather", places, index, axis=0)
            rows = [apply("gather", column, place, axis=0) for column in columns]
        elif key in trace.rows:
            rows = trace.rows[key]
        else:
            rows = trace.rows[key] = [row_of_lane(column, index, places, **attributes) for column in columns]
        rows = [apply("convert", row, element=BOOL) if type_.element is BOOL else row
                for row, type_ in zip(rows, self._types(), strict=True)]
        return rebuild(self.spec, iter(rows))

    # --- the type of the results ----------------------------------------------------------------------------

    def _settle(self):
        """Finds where the recursion ends, and the spec of the results: that of the nodes where it does,
        joined with that of the others."""
        self.ending, self.spec = self._end()
        self.schedule = self.forest.schedule(self.ending)
        for _ in range(MAX_RUNS):
            found = join(self.spec, self._tried(self._known(False)),
                         " for a leaf and for a node with children")
            if found.__class__ is Unknown:
                raise UnsupportedError(f"what `{self.method.definition.name}` gives {found.reason}",
                                       self.location, kind="UnsupportedError")
            if found == self.spec:
                return
            self.spec = found
        raise UnsupportedError(f"the type of what `{self.method.definition.name}` gives does not settle",
                               self.location, kind="UnsupportedError")

    def _end(self):
        """(the children without which the function does not call itself, the spec of what it gives then): one
        child if the function asks for that one first, else all."""
        links = self.forest.spec.links
        for name in links:
            try:
                return (name,), self._tried({name: True})
            except WeberError:
                if len(links) == 1:
                    raise
        return links, self._tried(dict.fromkeys(links, True))

    def _known(self, ends):
        """What is known of the children where the recursion ends, or does not."""
        if ends:
            return dict.fromkeys(self.ending, True)
        return {self.ending[0]: False} if len(self.ending) == 1 else {}

    def _tried(self, known):
        """The spec of the results for nodes of which this is known; nothing is left of the run."""
        from .staged_map import map_source

        found = []

        def run(node):
            region = state.trace.scope
            value = self._run(node)
            spec = told_apart(full_spec(value, region.serial))
            if has_local_dims(spec, region.block):
                raise UnsupportedError(f"what `{self.method.definition.name}` gives has a size that differs "
                                       "from node to node", self.location, kind="UnsupportedError")
            found.append(spec)
            return ()

        with Region(state.trace):
            self.carried = None
            nodes = state.trace.builder.true_indices(self.forest.there, dim=fresh_dim("K"))
            map_source(run, NodeItems(self.forest, nodes, known, self._trial_keys))
        return found[-1]

    def _trial_keys(self, array):
        return self.keys.setdefault(array, Value(TensorType(I64, (self.forest.rows,))))

    def _run(self, node):
        self.lane = node.index
        return self.call.run(node)

    def _types(self):
        return leaf_types(self.spec) if self.spec is not None else []

    def _columns(self, count):
        """The types of columns of the results of so many nodes."""
        return [TensorType(_kept(type_.element), (count, *type_.shape)) for type_ in self._types()]

    def _carried(self, window):
        """The columns of a window, or of the memory; in a trial they are of no consequence."""
        if self.carried is None:
            return list(map(Value, self._columns(self.schedule.window)))
        return self.carried[window]

    # --- the operations -------------------------------------------------------------------------------------

    def _rows(self, nodes, ends):
        """The results for nodes as columns."""
        from .staged_map import map_source

        def run(node):
            values = [apply("convert" if leaf.element is BOOL else "identity", leaf,
                            **({"element": _kept(BOOL)} if leaf.element is BOOL else {}))
                      for leaf in flatten(self.spec, self._run(node))]
            return tuple([Array(value) if value.rank else Traced(value) for value in values])

        lanes = map_source(run, NodeItems(self.forest, nodes, self._known(ends), self.keys.get))._data
        columns = dict(lanes.columns)
        return [columns[part._data if part.__class__ is Array else part.data] for part in lanes.item]

    def _emit(self):
        """The columns of the results for all nodes, in the order of `Schedule.position`."""
        if not self._types():
            return []
        first = len(state.trace.builder.block.operations)
        if self.keys and self.forest.count != 1 or self.reads_outer and self.block is self.forest.block:
            raise DependsOnLane
        self.keys = {array: row_keys(array, self.forest.rows) for array in self.keys}
        leaves = self._rows(self.schedule.leaves.nodes, True)
        region, results = (self._with_memory if self.reach is None else self._with_windows)(leaves)
        self._check(region, first)
        return results

    def _with_windows(self, leaves):
        schedule, width = self.schedule, len(leaves)
        starts = [zeros(type_) for _ in range(self.reach) for type_ in self._columns(schedule.window)]

        def level(carried, nodes, joining):
            self.carried = [carried[k:k + width] for k in range(0, len(carried), width)]
            new = self._rows(*nodes, False)
            rest = schedule.window - sum(part[0].shape[0] for part in (new, joining))
            window = [apply("concatenate", *parts, axis=0)
                      for parts in zip(new, joining, map(zeros, self._columns(rest)), strict=True)]
            return [*window, *carried[:-width], *new]

        pieces = [(schedule.inner, [schedule.inner.nodes]), (schedule.leaves, leaves)]
        region, made = over_levels(schedule, starts, pieces, level)
        inner, nothing = made[len(starts):], map(zeros, self._columns(1))
        return region, [apply("concatenate", *parts, axis=0) for parts in zip(inner, leaves, nothing)]

    def _with_memory(self, leaves):
        inner = self.schedule.inner
        before, nothing = (map(zeros, self._columns(count)) for count in (inner.count, 1))
        starts = [apply("concatenate", *parts, axis=0) for parts in zip(before, leaves, nothing)]

        def level(carried, piece):
            nodes, places = piece
            self.carried = [carried]
            return [apply("add_rows", column, places, new)
                    for column, new in zip(carried, self._rows(nodes, False), strict=True)]

        return over_levels(self.schedule, starts, [(inner, [inner.nodes, inner.places])], level,
                           once=tuple(range(len(starts))))

    def _check(self, region, first):
        """Raises where the function changes something, or what stands in the block from the operation `first`
        on depends on what only the lane of a map knows."""
        if region.written:
            raise UnsupportedError(f"`{self.method.definition.name}`, which recurs over a tree, changes what "
                                   "is outside of it", self.location, kind="UnsupportedError")
        operations = state.trace.builder.block.operations
        used = {*captured_values(Block([], operations[first:])), *captured_values(region.block)}
        scope, block = state.trace.scope, state.trace.builder.block
        while scope is not None and scope.block is not block:
            inside = {*scope.block.arguments, *(result for operation in scope.block.operations
                                                for result in operation.results)}
            if used & inside:
                del operations[first:]
                raise DependsOnLane
            scope = scope.outer


def over_levels(schedule, starts, pieces, body, **attributes):
    """(region, results) of a loop over the levels of a schedule that carries values. `pieces` are pairs of
    a `Level` and columns of its nodes; `body(carried, *parts)` gives the results of an iteration."""
    trace = state.trace
    dims = [fresh_dim("K") for _ in pieces]
    carried = [Value(start.type) for start in starts]
    parts = [[Value(TensorType(column.element, (dim, *column.shape[1:]))) for column in columns]
             for dim, (_, columns) in zip(dims, pieces)]
    sizes = [Value(INDEX) for _ in pieces]
    region = Region(trace, arguments=[Value(INDEX), *carried, *sizes, *sum(parts, [])])
    with region:
        region.block.results = body(carried, *parts)
    operands = [*starts, *(level.sizes for level, _ in pieces), *sum((columns for _, columns in pieces), [])]
    attributes = {"carried": len(starts), "trips": schedule.trips, "ragged": tuple(map(symbol_name, dims)),
                  "totals": tuple(level.count for level, _ in pieces), **attributes}
    made = trace.builder.emit("loop", operands, attributes, [region.block])
    return region, made if isinstance(made, list) else [made]


def row_keys(array, rows):
    """Keys for so many rows, from the state of a generator, which moves on by one number. A row's key does
    not depend on how many there are."""
    from ..base.random_numbers import draw

    key = apply("reshape", draw(array, "random_bits", (1,)), shape=())
    return apply("random_bits", key, np.int64(0), shape=(rows,))


def zeros(type_):
    return state.trace.builder.full(0, Value(type_))


def _kept(element):
    """The element type in which columns of results, to which rows are added, keep numbers of a type."""
    return I64 if element is BOOL else element


def told_apart(spec):
    """A spec whose numbers and arrays may differ from node to node."""
    if spec.__class__ is Fixed:
        wider = opened(spec.value)
        return spec if wider is None else told_apart(wider)
    if spec.__class__ is Container:
        return Container(spec.like, tuple(map(told_apart, spec.parts)))
    return spec



