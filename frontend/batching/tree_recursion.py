"""Functions that call themselves on the children of a tree that only the graph knows.

Such a call is evaluated for all nodes of all trees of the batch: first for the leaves, then level by level in
a `loop`, whose body is a `map` over the nodes of a level. The results of all nodes stand in a memory with a
row for each node; a call on a child reads its row. That a function is recursive shows when it meets itself:
what it has done till then is undone.
"""

from ...compiler.errors import UnsupportedError, WeberError
from ...compiler.ir import Block, Value, captured_values, defined_dims
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import BOOL, I64, TensorType, dim_names, fresh_dim
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
from ..staging import apply, emitting_into, state
from ..values import Array, Node, Traced
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
    """The arguments of a recursive function beside the node differ from lane to lane of a map."""


def evaluate(call):
    """The result of a recursive function for a node, by levels for all nodes of its forest. Where other
    arguments depend on the lane of a map, each lane evaluates its own tree, and the map stays a loop."""
    trace, forest, index = state.trace, call.node.forest, call.node.index
    source = trace.lane_sources.get(index)
    if source is not None:
        try:
            return levels_of(call, forest, source[0].block).at(index)
        except DependsOnLane:
            pass
    if forest.count != 1 or source is not None:
        forest, index = forest.single(index)
        call.node = Node(forest, index)
    return levels_of(call, forest, trace.builder.block).at(index)


def levels_of(call, forest, block):
    """The evaluation of a call for a forest in a block; the one that is there already."""
    for levels in forest.evaluated:
        if levels.block is block and levels.is_same_function(call) and levels.call.is_like(call):
            return levels
    forest.evaluated.append(Levels(call, forest, block))
    return forest.evaluated[-1]


class Levels:
    """The evaluation of a recursive call for all nodes of a forest, in a block. While the function is staged
    it stands among the calls with nodes, and answers those on children."""

    def __init__(self, call, forest, block):
        self.call, self.method, self.forest, self.block = call, call.method, forest, block
        self.place, self.location = call.place, state.location
        self.node = Node(forest, Value(TensorType(I64)))  # none of those that it is called with
        state.trace.tree_calls.append(self)
        try:
            with emitting_into(block):
                self.spec, self.memory = None, []
                self._settle()
                self.memory = self._emit()
        finally:
            state.trace.tree_calls.remove(self)

    is_same_function = Call.is_same_function

    def result(self, call):
        """What a call on a node below gives: its row of the memory."""
        name = self.method.definition.name
        if not self.call.is_like(call):
            raise UnsupportedError(
                f"`{name}` calls itself on a child with other arguments: what is no node must be the same "
                "for all nodes of a tree", state.location, kind="UnsupportedError")
        if self.spec is None:
            raise UnsupportedError(f"`{name}` calls itself for a node without children", state.location,
                                   kind="UnsupportedError")
        return self.at(call.node.index)

    def at(self, index):
        """The result for the node of a row."""
        key, trace = (self, index), state.trace
        if index not in trace.lane_sources:
            rows = [apply("gather", column, index, axis=0) for column in self.memory]
        elif key in trace.rows:
            rows = trace.rows[key]
        else:
            rows = trace.rows[key] = [row_of_lane(column, index, unique=True) for column in self.memory]
        rows = [apply("convert", row, element=BOOL) if type_.element is BOOL else row
                for row, type_ in zip(rows, self._types(), strict=True)]
        return rebuild(self.spec, iter(rows))

    # --- the type of the results ----------------------------------------------------------------------------

    def _settle(self):
        """Finds where the recursion ends, and the spec of the results: that of the nodes where it does,
        joined with that of the others."""
        self.ending, self.spec = self._end()
        self.level, self.highest = self.forest.levels(self.ending)
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
            value = self.call.run(node)
            spec = told_apart(full_spec(value, region.serial))
            local = {name for operation in region.block.operations for name in defined_dims(operation)}
            if any(dim_names(dim) & local for type_ in leaf_types(spec) for dim in type_.shape):
                raise UnsupportedError(f"what `{self.method.definition.name}` gives has a size that differs "
                                       "from node to node", self.location, kind="UnsupportedError")
            found.append(spec)
            return ()

        with Region(state.trace):
            self.memory = [Value(self._column(type_)) for type_ in self._types()]
            nodes = state.trace.builder.true_indices(self.forest.there, dim=fresh_dim("K"))
            map_source(run, NodeItems(self.forest, nodes, known))
        return found[-1]

    def _types(self):
        return leaf_types(self.spec) if self.spec is not None else []

    def _column(self, type_):
        return TensorType(_kept(type_.element), (self.forest.rows, *type_.shape))

    # --- the operations -------------------------------------------------------------------------------------

    def _nodes(self, number):
        """The rows of the nodes of a level."""
        builder = state.trace.builder
        if number.__class__ is not Value:
            number = builder.full(number, self.level)
        else:
            number = builder.broadcast(number, shape=self.level.shape, axes=())
        return builder.true_indices(apply("eq", self.level, number), dim=fresh_dim("K"))

    def _results(self, nodes, ends):
        """The results for nodes as columns."""
        from .staged_map import map_source

        def run(node):
            values = [apply("convert" if leaf.element is BOOL else "identity", leaf,
                            **({"element": _kept(BOOL)} if leaf.element is BOOL else {}))
                      for leaf in flatten(self.spec, self.call.run(node))]
            return tuple([Array(value) if value.rank else Traced(value) for value in values])

        lanes = map_source(run, NodeItems(self.forest, nodes, self._known(ends)))._data
        columns = dict(lanes.columns)
        return [columns[part._data if part.__class__ is Array else part.data] for part in lanes.item]

    def _written(self, memory, nodes):
        """A memory with the results for nodes, whose rows were zero, added."""
        rows = self._results(nodes, not self.memory)
        return [apply("add_rows", column, nodes, new) for column, new in zip(memory, rows, strict=True)]

    def _emit(self):
        """The memory with the results for all nodes."""
        trace = state.trace
        builder, types = trace.builder, self._types()
        if not types:
            return []
        self.memory, first = [], len(builder.block.operations)
        empty = [builder.full(0, Value(self._column(type_))) for type_ in types]
        start = self._written(empty, self._nodes(0))
        index, self.memory = Value(INDEX), [Value(column.type) for column in start]
        region = Region(trace, arguments=[index, *self.memory])
        with region:
            following = apply("add", index, builder.constant(1))
            region.block.results = self._written(self.memory, self._nodes(following))
        self._check(region, first)
        builder.location = self.location
        made = builder.emit("loop", [self.highest, *start],
                            {"carried": len(start), "trips": fresh_dim("K"), "counted": True,
                             "once": tuple(range(len(start)))}, [region.block])
        return made if isinstance(made, list) else [made]

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


def _kept(element):
    """The element type in which the memory, to which rows are added, keeps numbers of a type."""
    return I64 if element is BOOL else element


def told_apart(spec):
    """A spec whose numbers and arrays may differ from node to node."""
    if spec.__class__ is Fixed:
        wider = opened(spec.value)
        return spec if wider is None else told_apart(wider)
    if spec.__class__ is Container:
        return Container(spec.like, tuple(map(told_apart, spec.parts)))
    return spec



