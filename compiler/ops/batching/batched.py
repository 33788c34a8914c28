"""What a value of a lane's code becomes for all lanes: an array of them, or their sum.

A lane's value of shape (T, 3), with T ragged, is for all lanes one array of (N, T.max, 3): the axis of the
lanes, wherever it is best, and the padded extent in place of a ragged dim. What the padding holds is
unspecified unless `Batched.padding` says so.
"""

from dataclasses import dataclass

from ...errors import Location
from ...ir import Value
from ...types import Dim


class CannotBatch(Exception):
    """A construct that has no batched form; its map stays a loop over the lanes."""

    def __init__(self, construct: str, reason: str, location: Location | None):
        super().__init__(f"{construct}: {reason}")
        self.construct, self.reason, self.location = construct, reason, location


@dataclass(frozen=True, slots=True, eq=False)
class Batched:
    """A lane's value, for all lanes.

    `shape` is the lane's; `axis` is where the axis of the lanes stands in `value`. Where it is None all
    lanes have the same value: each lane's is the start of it, as far as its ragged dims go. `padding` is
    the number that all elements beyond a lane's dims hold, None where that is not known.
    """

    value: Value
    axis: int | None
    shape: tuple[Dim, ...]
    padding: float | int | bool | None = None

    @property
    def rank(self):
        return len(self.shape)

    @property
    def element(self):
        return self.value.element

    def outer(self, axis):
        """Where an axis of the lane's value stands in `value`."""
        return axis if self.axis is None or axis < self.axis else axis + 1

    @property
    def outer_axes(self):
        """Where the axes of the lane's value stand in `value`, in order."""
        return tuple(map(self.outer, range(self.rank)))


@dataclass(frozen=True, slots=True, eq=False)
class Summed:
    """The sum over the lanes that count of a value that is needed only so: of the lane's own type."""

    value: Value
