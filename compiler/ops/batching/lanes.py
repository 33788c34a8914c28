"""What batching rules work with: the code for all lanes of a map, ragged dims, masks, lanes that count.

What the padding of a batched value holds is unspecified unless it says so (`batched.Batched`); a rule that
would let it through puts something harmless there with `select` (`Lanes.filled`), never by multiplying, for
0 · NaN is NaN.
"""

from dataclasses import dataclass, replace

import numpy as np

from ...ir import Block, Builder, Operation, Value
from ...types import (
    I64,
    Dim,
    DimExpression,
    dim_names,
    fresh_dim,
    may_be_negative,
    size_product,
    substitute,
    symbol,
)
from .batched import Batched, CannotBatch, Summed


@dataclass(slots=True)
class Ragged:
    """A dim that differs from lane to lane: its lengths [N], where they were made, and the padded extent."""

    lengths: Value
    extent: Dim
    home: "Lanes"


class Lanes:
    """The lanes of a map in one block: the code for all of them goes to `builder`.

    `count` is the number of lanes. `live`, an i1 value [N], tells the lanes that count in this block: those
    that took this arm of an `if` or still go round a `loop`; None means all. The others compute as well, and
    what they compute is dropped, so a rule only has to see to it that they cause no error.

    In the lanes that do not count a value in `unchanged` is what another one is there, and one in `vanishing`
    is zero.

    `may_compact` tells whether a block may go on with some of the lanes alone (`Compacted`). `needed_as_sum`
    are the values of which nothing but the sum over the lanes is needed, `unused` those that nothing uses.
    """

    def __init__(self, builder: Builder, count: Dim, parent: "Lanes | None" = None, live=None):
        self.builder, self.count, self.parent = builder, count, parent
        self.live = live if live is not None or parent is None else parent.live
        self.ragged: dict[str, Ragged] = parent.ragged if parent else {}
        self.renamed: dict[str, Dim] = parent.renamed if parent else {}
        self.needed_as_sum: set[Value] = parent.needed_as_sum if parent else set()
        self.unused: set[Value] = parent.unused if parent else set()
        self.values: dict[Value, Batched | Summed] = {}
        self.unchanged: dict[Value, Value] = {}
        self.vanishing: set[Value] = set()
        self._extents: dict[Dim, Dim] = parent._extents if parent else {}
        self._lengths: dict[Dim | tuple, Value] = {}
        self._masks: dict[Dim, Value] = {}
        self.may_compact = parent.may_compact if parent else True

    def inside(self, block: Block, live=None) -> "Lanes":
        """The lanes in a block inside of this one."""
        return Lanes(Builder(block, self.builder.location), self.count, self, live)

    def compacted(self, block: Block, live: Value) -> "Compacted":
        """Those of the lanes that are `live`, in a block inside of this one; there all of them count."""
        return Compacted(Builder(block, self.builder.location), self, live)

    # --- running --------------------------------------------------------------------------------------------

    def run(self, block: Block) -> "list[Batched | Summed]":
        """Batches a block's operations, whose arguments have been given; what its results became."""
        for operation in block.operations:
            self.execute(operation)
        return [self.get(value) for value in block.results]

    def execute(self, operation: Operation):
        """Batches an operation. Raises CannotBatch."""
        self.builder.location = operation.location
        op, needed = operation.op, [result in self.needed_as_sum for result in operation.results]
        if op.batch is None:
            raise CannotBatch(operation.name, "the op has no batching rule", operation.location)
        if not operation.regions and needed and all(needed):
            if op.batch_sum is not None:
                made = [Summed(op.batch_sum(self, operation))]
            else:
                made = [Summed(self.total(result)) for result in op.batch(self, operation)]
        else:
            made = op.batch(self, operation)
        for old, new in zip(operation.results, made, strict=True):
            if old.name and not new.value.name:
                new.value.name = old.name
            self.values[old] = new

    def get(self, value: Value) -> "Batched | Summed":
        """What a value of the lane's code has become; one from outside of it is the same for all lanes."""
        lanes = self
        while lanes is not None:
            if value in lanes.values:
                return lanes.values[value]
            lanes = lanes.parent
        return Batched(value, None, value.shape)

    def __getitem__(self, value: Value) -> Batched:
        found = self.get(value)
        assert isinstance(found, Batched), f"{value!r} is only known as a sum"
        return found

    def emit(self, name, operands, attributes=None, regions=()):
        """Appends an operation; gives its result, or the list of results where it has not exactly one."""
        return self.builder.emit(name, operands, attributes, regions)

    # --- dims -----------------------------------------------------------------------------------------------

    def is_ragged(self, dim: Dim) -> bool:
        """Whether a dim of the lane's code may differ from lane to lane."""
        return not isinstance(dim, int) and not self.ragged.keys().isdisjoint(dim_names(dim))

    def may_be_empty(self, dim: Dim) -> bool:
        """Whether it may be that no lane has an element along an axis: where all have finished a loop, the
        sizes that the loop defines are zero."""
        return self.is_ragged(dim) and self._home(dim).depth > 0 and not any(
            coefficient > 0 for monomial, coefficient in dim.terms if not monomial)

    def speaks_of_ragged(self, operation: Operation) -> bool:
        """Whether an operation has an operand, result or attribute with a ragged dim."""
        values = (*operation.operands, *operation.results)
        return self._mentions([value.shape for value in values]) or self._mentions(
            list(operation.attributes.values()))

    def _mentions(self, item):
        if isinstance(item, tuple | list):
            return any(map(self._mentions, item))
        return isinstance(item, DimExpression) and self.is_ragged(item)

    def ragged_axes(self, x: Batched) -> list[int]:
        """The axes of a lane's value that are ragged."""
        return [axis for axis, dim in enumerate(x.shape) if self.is_ragged(dim)]

    def extent(self, dim: Dim) -> Dim:
        """What a dim of the lane's code is padded to: an upper bound of it over the lanes."""
        if isinstance(dim, int):
            return dim
        known = self._extents.get(dim)
        if known is None:
            names = {name: ragged.extent for name, ragged in self.ragged.items()}
            known = self._extents[dim] = substitute(self._rising_part(dim), {**names, **self.renamed})
        return known

    def _rising_part(self, dim):
        """The dim without terms that take something ragged away."""
        falling = [(monomial, coefficient) for monomial, coefficient in dim.terms
                   if coefficient < 0 and self.is_ragged(DimExpression(((monomial, 1),)))]
        for term in falling:
            dim = dim - DimExpression((term,))
        return dim

    def extents(self, shape) -> tuple[Dim, ...]:
        """The padded extents of a lane's shape."""
        return tuple(map(self.extent, shape))

    def batch_shape(self, shape, axis=0) -> tuple[Dim, ...]:
        """The shape of all lanes of a lane's shape, with the axis of the lanes put in."""
        extents = self.extents(shape)
        return extents if axis is None else (*extents[:axis], self.count, *extents[axis:])

    def add_ragged(self, name: str, lengths: Value, extent: Dim):
        """Makes a named dim of the lane's code ragged; its lengths are known from here on."""
        self.ragged[name] = Ragged(lengths, extent, self)
        self._extents.clear()

    def rename(self, name: str, dim: Dim):
        """Gives a dim that is the same for all lanes another name in the code for all of them."""
        self.renamed[name] = dim
        self._extents.clear()

    def attributes(self, attributes) -> dict:
        """An operation's attributes with every dim in them replaced by its extent."""
        return {key: self._outer_attribute(item) for key, item in attributes.items()}

    def _outer_attribute(self, item):
        if isinstance(item, DimExpression):
            return self.extent(item)
        if isinstance(item, tuple):
            return tuple(map(self._outer_attribute, item))
        return item

    def _home(self, dim) -> "Lanes":
        """The innermost block among those where the ragged names of a dim got their lengths; this one for a
        dim of other names too, which may have been defined anywhere around."""
        if any(name not in self.ragged for name in dim_names(dim)):
            return self
        homes = [self.ragged[name].home for name in dim_names(dim) if name in self.ragged]
        return max(homes, key=lambda home: home.depth)

    @property
    def depth(self):
        return 0 if self.parent is None else self.parent.depth + 1

    def length(self, dim: Dim) -> Value:
        """The size of a dim in each lane: i64 [N]."""
        number = self.number_of(dim)
        if not may_be_negative(dim):
            return number
        home = self._home(dim)
        if ("size", dim) not in home._lengths:
            home._lengths["size", dim] = home.builder.max(number, home.builder.full(0, number))
        return home._lengths["size", dim]

    def number_of(self, dim: Dim) -> Value:
        """The number that a dim is in each lane, which may be less than zero: i64 [N]."""
        if not self.is_ragged(dim):
            return self.repeated(self.size(dim))
        home = self._home(dim)
        if dim not in home._lengths:
            home._lengths[dim] = home._compute_length(dim)
        return home._lengths[dim]

    def size(self, dim: Dim) -> Value:
        """The extent of a dim as an i64 scalar."""
        extent = self.extent(dim)
        if isinstance(extent, int):
            return self.builder.constant(np.int64(extent))
        return self.builder.dim_value(dim=extent)

    def repeated(self, scalar: Value) -> Value:
        """A scalar for each lane: [N]."""
        return self.builder.broadcast(scalar, shape=(self.count,), axes=())

    def _compute_length(self, dim):
        b, total, rest = self.builder, None, 0
        for monomial, coefficient in dim.terms:
            term = DimExpression(((monomial, 1),))
            if not self.is_ragged(term):
                rest = rest + term * coefficient if monomial else rest + coefficient
                continue
            product = None if coefficient == 1 else self.number(coefficient)
            for atom in monomial:
                factor = self._atom_length(atom)
                product = factor if product is None else b.mul(product, factor)
            total = product if total is None else b.add(total, product)
        return total if isinstance(rest, int) and rest == 0 else b.add(total, self.number_of(rest))

    def number(self, value) -> Value:
        """An integer for each lane: i64 [N]."""
        return self.repeated(self.builder.constant(np.int64(value)))

    def _atom_length(self, atom):
        if isinstance(atom, str):
            return self.ragged[atom].lengths if atom in self.ragged else self.number_of(symbol(atom))
        numerator, denominator = self.number_of(atom.numerator), self.number_of(atom.denominator)
        b = self.builder
        remainder = b.mod(numerator, denominator)  # idiv rounds to zero, a dim down
        return b.idiv(b.sub(numerator, remainder), denominator)

    # --- masks ----------------------------------------------------------------------------------------------

    def mask(self, dim: Dim) -> Value:
        """Which elements along a ragged dim are a lane's own: i1 [N, extent].

        Where the extent may be less than zero the mask is made in the block that asks for it: there some lane
        has such elements."""
        home = self if may_be_negative(dim) else self._home(dim)
        if dim not in home._masks:
            b, shape = home.builder, (self.count, self.extent(dim))
            places = b.iota(shape=shape, axis=1, element=I64)
            home._masks[dim] = b.lt(places, b.broadcast(home.length(dim), shape=shape, axes=(0,)))
        return home._masks[dim]

    def spread(self, value: Value, like: Batched, axis: int | None = None) -> Value:
        """A value [N], or [N, extent of one axis of the lane's], repeated to the shape of a batched value."""
        axes = (like.axis,) if axis is None else (like.axis, like.outer(axis))
        if axes != tuple(sorted(axes)):
            value, axes = self.builder.transpose(value, permutation=(1, 0)), axes[::-1]
        return self.builder.broadcast(value, shape=like.value.shape, axes=axes)

    def own(self, x: Batched, axes=None) -> Value | None:
        """Which elements of a batched value are the lanes' own along these axes (all, when None), as an i1
        value of its shape; None where all are."""
        known = None
        for axis in self.ragged_axes(x):
            if axes is None or axis in axes:
                here = self.spread(self.mask(x.shape[axis]), x, axis)
                known = here if known is None else self.emit("and", (known, here))
        return known

    def filled(self, x: Batched, number, axes=None) -> Batched:
        """The value with `number` in the padding along these axes (all, when None)."""
        ragged = [axis for axis in self.ragged_axes(x) if axes is None or axis in axes]
        if not ragged or _is_same(x.padding, number):
            return x
        x = self.batched(x)
        value = self.builder.select(self.own(x, ragged), x.value, self.builder.full(number, x.value))
        return replace(x, value=value, padding=number if len(ragged) == len(self.ragged_axes(x)) else None)

    def harmless(self, x: Batched, number) -> Batched:
        """The value with `number` in the padding and in lanes that do not count, for ops that would fail."""
        if x.axis is None:
            return x if _is_harmless_constant(x) else self.filled(x, number)
        return self.only_live(self.filled(x, number), number)

    def only_live(self, x: Batched, number) -> Batched:
        """The value with `number` in the lanes that do not count."""
        if self.live is None:
            return x
        x = self.batched(x)
        live = self.spread(self.live, x)
        value = self.builder.select(live, x.value, self.builder.full(number, x.value))
        return replace(x, value=value, padding=x.padding if _is_same(x.padding, number) else None)

    def is_safe(self, x: Batched) -> bool:
        """Whether every element is one that some lane has and that counts."""
        return not self.ragged_axes(x) and (self.live is None or x.axis is None)

    def clamped(self, index: Batched, dim: Dim, always=False) -> Batched:
        """Indices kept inside an axis of the lane's size `dim` where they may come from the padding or from
        lanes that do not count, or `always`."""
        if self.is_safe(index) and not always:
            return index
        b, value = self.builder, index.value
        last = b.sub(self.size(dim), b.constant(np.int64(1)))
        value = b.min(value, b.broadcast(last, shape=value.shape, axes=()))
        return replace(index, value=b.max(value, b.full(0, value)), padding=None)

    # --- axes -----------------------------------------------------------------------------------------------

    def batched(self, x: Batched, axis=0) -> Batched:
        """The value with an axis of lanes; one that is the same for all is repeated."""
        if x.axis is not None:
            return x
        shape = self.batch_shape(x.shape, axis)
        axes = tuple(a if a < axis else a + 1 for a in range(x.rank))
        return replace(x, value=self.builder.broadcast(x.value, shape=shape, axes=axes), axis=axis)

    def at(self, x: Batched, axis: int) -> Batched:
        """The value with its axis of lanes at a place."""
        x = self.batched(x, axis)
        if x.axis == axis:
            return x
        order = [a for a in range(x.rank + 1) if a != x.axis]
        order.insert(axis, x.axis)
        return replace(x, value=self.builder.transpose(x.value, permutation=tuple(order)), axis=axis)

    def front(self, x: Batched) -> Batched:
        """The value with its axis of lanes first."""
        return self.at(x, 0)

    def aligned(self, values: list[Batched]) -> list[Batched]:
        """Values of one rank with the axis of lanes at the same place, if one of them has one."""
        axes = [x.axis for x in values if x.axis is not None]
        if not axes:
            return values
        return [self.at(x, axes[0]) for x in values]

    def rows(self, x: Batched, axis: int, index: Batched) -> Batched:
        """x at indices along an axis of the lane's, whose place the axes of the indices take; each lane has
        its own indices (inside of the axis), or x, or both."""
        shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1:])
        if x.axis is None or index.axis is None:
            value = self.builder.gather(x.value, index.value, axis=x.outer(axis))
            if index.axis is not None:
                lane = axis + index.axis
            else:
                lane = x.axis if x.axis is None or x.axis <= axis else x.axis + index.rank - 1
            return Batched(value, lane, shape)
        x, index = self.front(x), self.front(index)
        lead, size, rest = x.value.shape[1:axis + 1], x.value.shape[axis + 1], x.value.shape[axis + 2:]
        flat = self.builder.reshape(x.value, shape=(self.count * size_product((*lead, size)), *rest))
        places = self.flat_places(index.value, lead, size)
        return Batched(self.builder.gather(flat, places, axis=0), 0, shape)

    def flat_places(self, index: Value, lead, size: Dim) -> Value:
        """For indices [N, …] along an axis of `size` behind the axes N and `lead`: the indices
        [N, lead…, …] of rows where all these axes are one."""
        b, heads = self.builder, (self.count, *lead)
        shape = (*heads, *index.shape[1:])
        starts = b.reshape(b.iota(shape=(size_product(heads),), axis=0, element=I64), shape=heads)
        extent = b.constant(np.int64(size)) if isinstance(size, int) else b.dim_value(dim=size)
        starts = b.mul(starts, b.broadcast(extent, shape=heads, axes=()))
        behind = range(len(heads), len(shape))
        return b.add(b.broadcast(starts, shape=shape, axes=tuple(range(len(heads)))),
                     b.broadcast(index, shape=shape, axes=(0, *behind)))

    # --- sums over the lanes --------------------------------------------------------------------------------

    def total(self, x: "Batched | Summed", axes=()) -> Value:
        """The sum of a value over the lanes that count, and over these axes of the lane's value, in whose
        padding there must be zeros."""
        if isinstance(x, Summed):
            return x.value
        if x.axis is None and _is_zero(x.value) and not axes:
            return x.value
        x = self.only_live(self.batched(x), 0)
        return self.builder.reduce_sum(x.value, axes=tuple(sorted((x.axis, *map(x.outer, axes)))))

    def sum_of(self, value: Value) -> Value:
        """The sum over the lanes that count of a value of the lane's code."""
        return self.total(self.get(value))


class Compacted(Lanes):
    """Some of the lanes, moved together: what belongs to them is gathered where it is first used."""

    def __init__(self, builder: Builder, around: Lanes, live: Value):
        super().__init__(builder, fresh_dim("lanes"), around)
        self.live, self._flags = None, live
        self.indices = builder.true_indices(live, dim=self.count)
        self.ragged = {name: Ragged(builder.gather(ragged.lengths, self.indices, axis=0), ragged.extent, self)
                       for name, ragged in around.ragged.items()}
        self.renamed, self._extents = dict(around.renamed), {}

    def get(self, value):
        if value not in self.values:
            found = super().get(value)
            if isinstance(found, Summed) or found.axis is None:
                return found
            taken = self.builder.gather(found.value, self.indices, axis=found.axis)
            self.values[value] = Batched(taken, found.axis, found.shape, found.padding)
        return self.values[value]

    def expanded(self, x: Batched) -> Batched:
        """A value for all of the lanes around; those left out hold that of another. There is at least one."""
        if x.axis is None:
            return x
        b = self.builder
        ones = b.convert(self._flags, element=I64)
        places = b.sub(b.cumsum(ones, axis=0), b.full(1, ones))
        value = b.gather(x.value, b.max(places, b.full(0, places)), axis=x.axis)
        return Batched(value, x.axis, x.shape, x.padding)


def _is_same(padding, number):
    return padding is not None and bool(padding == number) and bool(np.signbit(padding) == np.signbit(number))


def _constant(value):
    """The array of which a value is made by broadcast and reshape, None where it is no constant."""
    operation = value.operation
    while operation is not None and operation.name in ("broadcast", "reshape"):
        operation = operation.operands[0].operation
    return operation.attributes["value"] if operation is not None and operation.name == "constant" else None


def _is_zero(value):
    array = _constant(value)
    return array is not None and array.dtype.kind in "fiu" and not np.any(array)


def _is_harmless_constant(x):
    """Whether a value is a constant that holds no zero, so that one may divide by it."""
    array = _constant(x.value)
    return array is not None and bool(np.all(array != 0))
