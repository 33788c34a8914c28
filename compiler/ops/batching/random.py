"""Random numbers: each lane draws from its own key and counter, whoever its mates are."""

from ...types import U64
from .batched import Batched
from .lanes import Lanes
from .movement import lane_places


def batch_random(draw):
    """The rule of an op on a key and a counter. `draw(b, operation, index, key, counter)` makes the numbers
    from the place of each element and the others repeated to its shape, all ui64."""

    def rule(lanes: Lanes, operation):
        key, counter = (lanes[value] for value in operation.operands)
        shape = operation.result.shape
        if key.axis is None and counter.axis is None and not any(map(lanes.is_ragged, shape[1:])):
            attributes = lanes.attributes(operation.attributes)
            return [Batched(lanes.emit(operation.name, (key.value, counter.value), attributes), None, shape)]
        b, full = lanes.builder, lanes.batch_shape(shape)
        index = b.convert(lane_places(lanes, shape), element=U64)
        words = []
        for one in (key, counter):
            axes = () if one.axis is None else (0,)
            words.append(b.convert(b.broadcast(one.value, shape=full, axes=axes), element=U64))
        return [Batched(draw(b, operation, index, *words), 0, shape)]

    return rule
