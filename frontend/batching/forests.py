"""Trees that only the graph knows: tables of the nodes of all trees of a batch, and single nodes of them.

A `Node` is a value of the struct's type. Its fields read from its row of the table; a child is nothing or a
node, as the graph decides. Where a node is that of a lane of a `map`, rows are read for all lanes at once,
outside of the map, and bound to it as further operands.
"""

from functools import cached_property

from ...compiler.ir import Value
from ...compiler.types import I64, TensorType, dim_names, symbol
from ..poison import Either
from ..staged_numbers import Traced
from ..staging import apply, emitting_into
from ..state import state
from ..trees import children, with_children
from ..values import Array, NamedTuple, Node, Struct
from .lanes import Lanes
from .tree_schedules import Schedule, depths, extent


class Forest:
    """The nodes of `count` trees of at most `bound` nodes, in flat columns by field: the row of a node is
    `tree * bound + place`, and one more row stands for `nothing`. `lengths` are the trees' numbers of nodes,
    `tables` the columns (count, bound, …) that it is made of."""

    def __init__(self, spec, tables, lengths):
        builder = state.trace.builder
        self.spec, self.tables, self.lengths, self.block = spec, tables, lengths, builder.block
        self.count, self.bound = next(iter(tables.values())).shape[:2]
        self.nothing = self.count * self.bound
        self.rows = self.nothing + 1
        grid = (self.count, self.bound)
        places = builder.iota(shape=grid, axis=1, element=I64)
        there = apply("lt", places, builder.broadcast(lengths, shape=grid, axes=(0,)))
        bound = builder.broadcast(extent(self.bound), shape=(self.count,), axes=())
        self.first = apply("mul", builder.iota(shape=(self.count,), axis=0, element=I64), bound)
        offsets = builder.broadcast(self.first, shape=grid, axes=(0,))
        nothing = builder.broadcast(extent(self.nothing), shape=grid, axes=())
        self.there = self._flat(there, False)
        self.columns, self.missing = {}, {}
        for name, table in tables.items():
            if name not in spec.links:
                self.columns[name] = self._flat(table, 0)
                continue
            none = apply("eq", table, self._full(0, table))
            none = apply("or", none, apply("not", there))
            child = apply("add", apply("sub", table, self._full(1, table)), offsets)
            self.columns[name] = self._with_row(apply("select", none, nothing, child),
                                                extent(self.nothing))
            self.missing[name] = self._flat(none, True)
        last = apply("sub", self.lengths, self._full(1, self.lengths))
        self.roots = apply("add", self.first, last)  # their rows
        self._schedules = {}
        self.evaluated = []  # recursive functions, as `tree_recursion.Levels`

    def _full(self, number, like):
        return state.trace.builder.full(number, like)

    def _flat(self, table, rest):
        """A column (count, bound, …) as rows; that of nothing holds one number."""
        builder = state.trace.builder
        row = builder.full(rest, Value(TensorType(table.element, table.shape[2:])))
        return self._with_row(table, row)

    def _with_row(self, table, row):
        rows = apply("reshape", table, shape=(self.nothing, *table.shape[2:]))
        return apply("concatenate", rows, apply("reshape", row, shape=(1, *row.shape)), axis=0)

    def schedule(self, ending):
        """The order in which a recursion goes over the nodes that ends where all children `ending` are
        nothing."""
        if ending not in self._schedules:
            with emitting_into(self.block):
                self._schedules[ending] = Schedule(self, self.depths, ending)
        return self._schedules[ending]

    @cached_property
    def depths(self):
        """The number of links from a root to each row; -1 where there is no node."""
        with emitting_into(self.block):
            return depths(self)

    def single(self, index):
        """The tree that a row belongs to as a forest of its own, and the row in that."""
        bound = extent(self.bound)
        tree = apply("reshape", apply("idiv", index, bound), shape=(1,))
        tables = {name: apply("gather", table, tree, axis=0) for name, table in self.tables.items()}
        forest = Forest(self.spec, tables, apply("gather", self.lengths, tree, axis=0))
        return forest, apply("rem", index, bound)


def node_field(node: Node, name):
    """The field of a node: a number, an array, or nothing or a node."""
    forest = node.forest
    if name not in forest.spec.links:
        value = row(forest.columns[name], node.index)
        return Array(value) if value.rank else Traced(value)
    if node.known.get(name):
        return None
    child = Node(forest, row(forest.columns[name], node.index), origin=node.origin, steps=node.steps + 1)
    if name in node.known:
        return child
    missing = row(forest.missing[name], node.index)
    return Either(Traced(missing), None, child, "is a node or nothing")


def row(column, index):
    """The row of a column of the forest at an index: a number or array, the same value each time."""
    trace = state.trace
    key = column, index
    if key not in trace.rows:
        if index in trace.lane_sources:
            trace.rows[key] = row_of_lane(column, index)
        else:
            with emitting_into(trace.node_blocks[index]):
                trace.rows[key] = apply("gather", column, index, axis=0)
    return trace.rows[key]


def row_of_lane(column, index, places=None, **attributes):
    """The row of a column for the lane of a map, read for all lanes outside of the map; where there are
    `places`, these are where in the column the rows of the forest stand."""
    operands, rows = state.trace.lane_sources[index]
    with emitting_into(operands.block):
        if places is not None:
            rows = apply("gather", places, rows, axis=0)
        rows = apply("gather", column, rows, axis=0, **attributes)
    return operands.bind(rows)


class NodeItems:
    """The nodes at given rows of a forest, as what a map runs over; `keys_of(array)` are keys for random
    numbers of all rows, where `array` is the state of a generator."""

    payloads, is_ragged = (), False

    def __init__(self, forest, indices, known, keys_of):
        self.forest, self.indices, self.known, self.keys_of = forest, indices, known, keys_of
        self.count = indices.shape[0]

    def keys(self, array, count):
        return apply("gather", self.keys_of(array), self.indices, axis=0)

    def bind(self, operands):
        index = operands.bind(self.indices)
        return lambda: Node(self.forest, index, self.known)

    def item(self, index, slices):
        from .staged_map import unsupported

        raise unsupported("a recursive function over trees changes what is outside of it")


# --- arguments ----------------------------------------------------------------------------------------------


def planted_tree(table):
    """The root of a tree whose columns are arguments."""
    if state.trace is None:  # only the names of arguments are asked for
        return table
    tables = {name: apply("reshape", _payload(column), shape=(1, *_payload(column).shape))
              for name, column in zip(table.spec.names, table.columns, strict=True)}
    nodes = apply("reshape", extent(table.spec.nodes), shape=(1,))
    forest = Forest(table.spec, tables, nodes)
    return Node(forest, apply("reshape", forest.roots, shape=()))


def planted(lanes: Lanes) -> Lanes:
    """Lanes whose elements hold tables, with nodes instead."""
    if state.trace is None:
        return lanes
    columns, lengths = dict(lanes.columns), dict(lanes.lengths)

    def plant(value):
        spec = getattr(value, "spec", None)
        if spec is not None:
            tables = {name: columns.pop(_payload(column))
                      for name, column in zip(spec.names, value.columns, strict=True)}
            (name,) = (name for name in lengths if spec.nodes == symbol(name))
            forest = Forest(spec, tables, lengths[name][0])
            index = Value(TensorType(I64))
            columns[index] = forest.roots
            return Node(forest, index)
        items = children(value) if value.__class__ in (tuple, NamedTuple, Struct) else None
        return value if not items else with_children(value, [plant(child) for _, child in items])

    item = plant(lanes.item)
    used = {name for value in columns for dim in value.shape for name in dim_names(dim)}
    return Lanes(lanes.count, item, list(columns.items()),
                 {name: entry for name, entry in lengths.items() if name in used or item is lanes.item})


def _payload(column):
    return column._data if column.__class__ is Array else column.data
