"""In which order a recursion over trees computes the nodes: by levels, those farthest from their roots first.

The children of a level's nodes are all in the level before it, so that an iteration needs no more than the
results of the last one: the *window*. Nodes where the recursion ends, the leaves, are computed beforehand and
join the window of their level.
"""

import numpy as np

from ...compiler.ir import Block, Builder, Value
from ...compiler.ops.loop_parts import INDEX
from ...compiler.types import I64, TensorType, fresh_dim
from .. import types as t
from ..staged_numbers import DimNumber
from ..staging import apply, as_value, payload_of
from ..state import state


def extent(dim):
    """A dim as a value of the graph."""
    return as_value(payload_of(dim if isinstance(dim, int) else DimNumber.of(dim), t.Int64))


def depths(forest):
    """The number of links from a root to each row of a forest, -1 where there is no node. Each round doubles
    the distance over which the links to parents reach."""
    builder, type_ = state.trace.builder, TensorType(I64, (forest.rows,))
    places = builder.iota(shape=type_.shape, axis=0, element=I64)
    nothing = builder.broadcast(extent(forest.nothing), shape=type_.shape, axes=())
    parents = nothing
    for name in forest.spec.links:
        parents = apply("set_rows", parents, forest.columns[name], places)
    parents = apply("select", apply("eq", places, nothing), nothing, parents)
    index, depth, reached = Value(INDEX), Value(type_), Value(type_)
    block = Block([index, depth, reached])
    inner = Builder(block, state.location)
    farther = inner.gather(reached, reached, axis=0)
    block.results = [inner.reduce_or(inner.ne(farther, nothing), axes=(0,)),
                     inner.add(depth, inner.gather(depth, reached, axis=0)), farther]
    depth, _ = builder.loop(
        extent(forest.bound), builder.constant(np.True_),
        builder.convert(apply("ne", parents, nothing), element=I64), parents,
        regions=[block], carried=2, trips=fresh_dim("K"), counted=True, conditional=True)
    return apply("select", forest.there, depth, builder.full(-1, depth))


class Level:
    """Some nodes of a forest in the order of a schedule: their rows `nodes`, for each the `iteration` that
    computes it and its place `within` the level, and the `sizes` of all levels."""

    def __init__(self, mask, depth, highest, trips):
        builder = state.trace.builder
        nodes = builder.true_indices(mask, dim=fresh_dim("K"))
        iteration = apply("sub", builder.broadcast(highest, shape=nodes.shape, axes=()),
                          apply("gather", depth, nodes, axis=0))
        order = apply("arg_sort", iteration, axis=0)
        self.count = nodes.shape[0]
        self.nodes, self.iteration = (apply("gather", vector, order, axis=0) for vector in (nodes, iteration))
        self.places = builder.iota(shape=nodes.shape, axis=0, element=I64)
        self.sizes = apply("scatter_add", self.iteration, builder.full(1, nodes), axis=0, shape=(trips,))
        first = apply("cumsum", self.sizes, axis=0, exclusive=True)
        self.within = apply("sub", self.places, apply("gather", first, self.iteration, axis=0))


class Schedule:
    """The nodes of a forest by levels: `inner` ones and `leaves`, where all children `ending` are nothing.

    There are `trips` levels. `window` is one more than the nodes of the largest; `place` is where in the
    window of its level the result of each row stands, the last place being that of nothing. `position` is
    where it stands among the results of all nodes: those of inner ones, leaves, nothing.
    """

    def __init__(self, forest, depth, ending):
        builder = state.trace.builder
        self.forest = forest
        ends = forest.missing[ending[0]]
        for name in ending[1:]:
            ends = apply("and", ends, forest.missing[name])
        highest = builder.reduce_max(depth, axes=(0,))
        self.trips = self._dim("D", highest)
        self.inner = Level(apply("and", forest.there, apply("not", ends)), depth, highest, self.trips)
        self.leaves = Level(apply("and", forest.there, ends), depth, highest, self.trips)
        largest = builder.reduce_max(apply("add", self.inner.sizes, self.leaves.sizes), axes=(0,))
        self.window = self._dim("W", largest)
        behind = apply("gather", self.inner.sizes, self.leaves.iteration, axis=0)
        self.place = self._of_rows(self.window - 1, self.inner.within,
                                   apply("add", self.leaves.within, behind))
        count = self.inner.count
        self.all = count + self.leaves.count + 1
        behind = builder.broadcast(extent(count), shape=(self.leaves.count,), axes=())
        self.position = self._of_rows(self.all - 1, self.inner.places,
                                      apply("add", self.leaves.places, behind))

    def _dim(self, name, largest):
        """A new dim: one more than a number, which is less than the number of rows."""
        builder, shape = state.trace.builder, (self.forest.rows,)
        places = builder.iota(shape=shape, axis=0, element=I64)
        dim = fresh_dim(name)
        builder.true_indices(apply("le", places, builder.broadcast(largest, shape=shape, axes=())), dim=dim)
        return dim

    def _of_rows(self, nothing, inner, leaves):
        """Numbers of inner nodes and leaves as a column of the forest, with that of nothing."""
        column = state.trace.builder.broadcast(extent(nothing), shape=(self.forest.rows,), axes=())
        column = apply("set_rows", column, self.inner.nodes, inner)
        return apply("set_rows", column, self.leaves.nodes, leaves)
