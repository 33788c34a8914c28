"""The parts of a loop by role."""

from ..types import BOOL, I64, TensorType, dim_names, symbol_name

INDEX = TensorType(I64)
CONDITION = TensorType(BOOL)


def stacked_type(type, extent):
    """The type of a stack of `extent` arrays of a type."""
    return TensorType(type.element, (extent, *type.shape))


class LoopParts:
    """The operands, region arguments, region results and results of a loop, by role.

    Attributes: `carried`, the number of carried values; `trips`, the dim of the number of iterations that
    run; `counted` and `conditional`, whether there are a trip count and a condition; `reverse`; `checkpoint`,
    whether its derivative shall run in segments and keep what is between them only; `recompute`, whether its
    derivative keeps nothing but the carried values; `once`, the positions of carried values of which each
    part is written once, before any iteration that depends on it. Operands:
    [trip count] [first condition] carried… scanned…; region arguments: index, carried…, slices…; region
    results: [condition] carried… stacked…; results: carried…, stacked….

    Iterations may differ in size. `ragged` are names of dims that each iteration has its own, `totals` their
    sums over the iterations; as many scanned vectors, the first ones, give the sizes. A slice whose first dim
    is ragged is a *piece*: of a scanned array of the total extent the rows behind those of the iterations
    before, in the order of the index. A stacked value whose first dim is ragged is concatenated. No other
    dim of what goes in or out is ragged. Such a loop has neither trip count nor condition.
    """

    def __init__(self, attributes, region):
        self.carried, self.trips = attributes["carried"], attributes["trips"]
        self.counted = attributes.get("counted", False)
        self.conditional = attributes.get("conditional", False)
        self.reverse = attributes.get("reverse", False)
        self.recompute = attributes.get("recompute", False)
        self.ragged = tuple(attributes.get("ragged", ()))
        self.totals = tuple(attributes.get("totals", ()))
        self.region = region

    @property
    def is_open(self):
        """Whether the number of iterations is known only at run time, so that the loop defines the dim
        `trips`."""
        return self.counted or self.conditional

    def operands(self, items):
        """(trip count or None, condition or None, carried, scanned) of things that belong to the operands."""
        items = list(items)
        count = items.pop(0) if self.counted else None
        condition = items.pop(0) if self.conditional else None
        return count, condition, items[:self.carried], items[self.carried:]

    def yielded(self, items):
        """(condition or None, carried, stacked) of things that belong to the region's results."""
        items = list(items)
        condition = items.pop(0) if self.conditional else None
        return condition, items[:self.carried], items[self.carried:]

    def arguments(self, items):
        """(index, carried, slices) of things that belong to the region's arguments."""
        index, *items = items
        return index, items[:self.carried], items[self.carried:]

    # --- ragged dims ----------------------------------------------------------------------------------------

    def piece_dim(self, type):
        """The name of the ragged dim along which arrays of a type of the region are pieces; None where they
        are not."""
        name = symbol_name(type.shape[0]) if type.shape else None
        return name if name in self.ragged else None

    def has_outer_type(self, type):
        """Whether arrays of a type of the region can be scanned and stacked: a ragged dim is the first one,
        or there is none."""
        rest = type.shape[1:] if self.piece_dim(type) else type.shape
        return not any(dim_names(dim) & set(self.ragged) for dim in rest)

    def outer_type(self, type):
        """The type of the stack of arrays of a type of the region, or of all pieces."""
        name = self.piece_dim(type)
        if name is None:
            return stacked_type(type, self.trips)
        return TensorType(type.element, (self.total(name), *type.shape[1:]))

    def total(self, name):
        """The sum of a ragged dim over the iterations."""
        return self.totals[self.ragged.index(name)]
