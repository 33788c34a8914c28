"""Taking loops apart and putting them together."""

from ...ir import Block, Operation, Value, defined_dims, names_of_dims
from ...ops.loop_parts import LoopParts
from ...rewrite import use_counts
from ...types import I64, TensorType


class Loop(LoopParts):
    """A loop that is about to be replaced: its parts are lists that may be changed before `rebuilt`."""

    def __init__(self, operation: Operation):
        (region,) = operation.regions
        super().__init__(operation.attributes, region)
        self.operation = operation
        self.count, self.condition, self.starts, self.scanned = self.operands(operation.operands)
        self.index, self.carries, self.slices = self.arguments(region.arguments)
        self.proceed, self.following, self.stacked = self.yielded(region.results)
        self.inside = set(region.arguments)
        self.own_dims: set[str] = set()
        for inner in region.operations:
            self.inside.update(inner.results)
            self.own_dims.update(defined_dims(inner))

    def uses(self) -> dict[Value, int]:
        """How often each value is used in the region."""
        return use_counts(self.region)

    def is_invariant(self, value: Value) -> bool:
        """Whether a value comes from outside."""
        return value not in self.inside

    def can_leave(self, value: Value) -> bool:
        """Whether the type of a value makes sense outside."""
        return self.own_dims.isdisjoint(names_of_dims(value.type)) and self.has_outer_type(value.type)

    def scan(self, value: Value, type: TensorType | None = None) -> Value:
        """A new argument of the region that is a slice, or a piece of this type, of `value` in each
        iteration."""
        argument = Value(type or TensorType(value.element, value.shape[1:]), name=value.name)
        self.scanned.append(value)
        self.slices.append(argument)
        self.inside.add(argument)
        return argument

    def rebuilt(self, b) -> list[Value]:
        """Emits the loop as its parts are now; gives its results."""
        region = Block([self.index, *self.carries, *self.slices], self.region.operations,
                       [*_present(self.proceed), *self.following, *self.stacked])
        operands = [*_present(self.count), *_present(self.condition), *self.starts, *self.scanned]
        attributes = {**self.operation.attributes, "carried": len(self.carries)}
        made = b.emit("loop", operands, attributes, [region])
        return made if isinstance(made, list) else [made]

    def trips_as(self, b, element) -> Value:
        """The number of iterations as a scalar of an element type."""
        return b.convert(b.dim_value(dim=self.trips), element=element)

    def indices(self, b) -> Value:
        """The indices of all iterations, stacked."""
        return b.iota(shape=(self.trips,), axis=0, element=I64)


def _present(value):
    return [] if value is None else [value]


def replace_values(block: Block, mapping: dict[Value, Value]):
    """Puts other values in the place of some in a new block, in place."""
    for operation in block.operations:
        operation.operands = [mapping.get(value, value) for value in operation.operands]
        for region in operation.regions:
            replace_values(region, mapping)
    block.results = [mapping.get(value, value) for value in block.results]
