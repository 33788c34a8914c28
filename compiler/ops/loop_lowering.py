"""`loop` as ONNX nodes: Scan where the number of iterations is known and all are of one size, else Loop.

Pieces of scanned arrays are cut with Slice; those that a loop hands out are carried as a sequence, which
shares them, and concatenated behind it.
"""

import numpy as np

from ..ir import Block, captured_values
from ..onnx_types import SequenceType
from ..types import I64, DimExpression, TensorType, symbol
from .loop_parts import CONDITION, INDEX, LoopParts


def lower_loop(lowering, operation, names):
    loop = LoopParts(operation.attributes, operation.regions[0])
    if not loop.is_open:
        return _lower_closed(lowering, operation, loop, names)
    count, condition, carried, scanned = loop.operands(names)
    limit = _trip_limit(lowering, count, scanned)
    with lowering.subgraph() as body:
        trip, going = lowering.input("index", INDEX), lowering.input("condition", CONDITION)
        arguments = loop.region.arguments
        inside = [lowering.input(value.name or "carried", value.type)
                  for value in arguments[1:1 + loop.carried]]
        slices = [lowering.node("Gather", [name, trip], axis=0, type=value.type)
                  for name, value in zip(scanned, arguments[1 + loop.carried:])]
        proceed, following, stacked = loop.yielded(lowering.block(loop.region, [trip, *inside, *slices]))
        lowering.outputs([proceed or going, *following], carried=True)
        lowering.outputs(stacked)
    types = [value.type for value in operation.results]
    inputs = [limit, condition or lowering.constant(np.True_), *carried]
    made = lowering.node("Loop", inputs, len(types), types, body=body)
    made = [made] if len(types) == 1 else made
    return made[:loop.carried] + [finished_stack(lowering, name, type)
                                  for name, type in zip(made[loop.carried:], types[loop.carried:])]


def _lower_closed(lowering, operation, loop, names):
    """A loop of a known number of iterations, as Scan where there are any: it cuts slices and stacks results
    without copies, but cannot run zero times."""
    if not operation.results:
        return []
    if loop.ragged:
        return _lower_ragged(lowering, operation, loop, names)
    if isinstance(loop.trips, int) and loop.trips > 0:
        return _lower_scan(lowering, operation, loop, names)
    types = [value.type for value in operation.results]
    runs = lowering.node("Greater", [lowering.dim(loop.trips), lowering.scalar(0, I64)], type=CONDITION)
    with lowering.subgraph() as then:
        lowering.outputs(_lower_scan(lowering, operation, loop, names))
    with lowering.subgraph() as otherwise:
        lowering.outputs(loop.operands(names)[2])
        lowering.outputs([_nothing(lowering, type) for type in types[loop.carried:]])
    made = lowering.node("If", [runs], len(types), types, then_branch=then, else_branch=otherwise)
    return [made] if len(types) == 1 else made


def _nothing(lowering, type):
    """A stack of nothing."""
    return lowering.node("ConstantOfShape", [lowering.shape(type.shape)], type=type,
                         value=np.zeros(1, type.element.numpy))


def _lower_scan(lowering, operation, loop, names):
    _, _, carried, scanned = loop.operands(names)
    index, carries, slices = loop.arguments(loop.region.arguments)
    is_read = index in captured_values(Block([], loop.region.operations, loop.region.results))
    if is_read or not scanned:
        scanned, slices = [_indices(lowering, loop.trips), *scanned], [index, *slices]
    with lowering.subgraph() as body:
        inside = [lowering.input(value.name or "carried", value.type) for value in carries]
        inner = [lowering.input(value.name or "slice", value.type) for value in slices]
        first, *_ = tensors = [*inside, *inner]  # any will do for an index that is not read
        by_argument = dict(zip([*carries, *slices], tensors))
        arguments = [by_argument.get(value, first) for value in loop.region.arguments]
        _, following, stacked = loop.yielded(lowering.block(loop.region, arguments))
        lowering.outputs([*following, *stacked])
    types, direction = [value.type for value in operation.results], int(loop.reverse)
    made = lowering.node("Scan", [*carried, *scanned], len(types), types, body=body,
                         num_scan_inputs=len(scanned), scan_input_directions=[direction] * len(scanned),
                         scan_output_directions=[direction] * len(stacked) or None)
    return [made] if len(types) == 1 else made


def _lower_ragged(lowering, operation, loop, names):
    _, _, carried, scanned = loop.operands(names)
    _, carries, slices = loop.arguments(loop.region.arguments)
    values = loop.yielded(loop.region.results)[2]
    is_piece = [loop.piece_dim(value.type) is not None for value in values]
    empty = [_no_pieces(lowering, value.type) for value, one in zip(values, is_piece) if one]
    ends = {name: lowering.node("CumSum", [lengths, lowering.scalar(0, I64)])
            for name, lengths in zip(loop.ragged, scanned)}
    trips = lowering.dim(loop.trips)
    with lowering.subgraph() as body:
        trip, going = lowering.input("index", INDEX), lowering.input("condition", CONDITION)
        inside = [lowering.input(value.name or "carried", value.type) for value in carries]
        before = [lowering.input("pieces", lowering.types[name]) for name in empty]
        index = trip
        if loop.reverse:
            last = lowering.node("Sub", [trips, lowering.scalar(1, I64)])
            index = lowering.node("Sub", [last, trip])
        bounds = {}
        for name, lengths in zip(loop.ragged, scanned):
            size, end = (lowering.node("Unsqueeze", [
                lowering.node("Gather", [vector, index], axis=0, type=INDEX), lowering.integers([0])])
                for vector in (lengths, ends[name]))
            lowering.bind_dim(name, size)
            bounds[name] = lowering.node("Sub", [end, size]), end
        parts = []
        for name, value in zip(scanned, slices):
            piece = loop.piece_dim(value.type)
            if piece is None:
                parts.append(lowering.node("Gather", [name, index], axis=0, type=value.type))
            else:
                window = [*bounds[piece], lowering.integers([0])]
                parts.append(lowering.node("Slice", [name, *window], type=value.type))
        results = lowering.block(loop.region, [index, *inside, *parts])
        _, following, stacked = loop.yielded(results)
        place = [lowering.scalar(0, I64)] if loop.reverse else []
        pieces = [name for name, one in zip(stacked, is_piece) if one]
        after = [lowering.node("SequenceInsert", [sequence, name, *place], type=lowering.types[sequence])
                 for sequence, name in zip(before, pieces)]
        lowering.outputs([going, *following, *after], carried=True)
        lowering.outputs([name for name, one in zip(stacked, is_piece) if not one])
    types = [value.type for value in operation.results]
    kept = [type for type, one in zip(types[loop.carried:], is_piece) if not one]
    outputs = [*types[:loop.carried], *(lowering.types[name] for name in empty), *kept]
    inputs = [trips, lowering.constant(np.True_), *carried, *empty]
    made = lowering.node("Loop", inputs, len(outputs), outputs, body=body)
    made = [made] if len(outputs) == 1 else made
    sequences, stacks = made[loop.carried:loop.carried + len(empty)], made[loop.carried + len(empty):]
    results = made[:loop.carried]
    for type, one in zip(types[loop.carried:], is_piece):
        if one:
            results.append(lowering.node("ConcatFromSequence", [sequences.pop(0)], axis=0, type=type))
        else:
            results.append(finished_stack(lowering, _in_order(lowering, stacks.pop(0), loop), type))
    return results


def _no_pieces(lowering, type):
    """A sequence to which pieces are added: it begins with one of no rows."""
    shape = (0, *type.shape[1:])
    if any(isinstance(dim, DimExpression) for dim in shape):
        empty = _nothing(lowering, TensorType(type.element, shape))
    else:
        empty = lowering.constant(np.zeros(shape, type.element.numpy))
    pieces = TensorType(type.element, (symbol(lowering.fresh("rows")), *type.shape[1:]))
    return lowering.node("SequenceConstruct", [empty], type=SequenceType(pieces))


def _in_order(lowering, name, loop):
    """A stack in the order of the index; the runtime's Loop stacks in that of the iterations."""
    if not loop.reverse:
        return name
    ends = [lowering.integers([end]) for end in (-1, np.iinfo(np.int64).min, 0, -1)]
    return lowering.node("Slice", [name, *ends], type=lowering.types[name])


def _indices(lowering, trips):
    if isinstance(trips, int):
        return lowering.constant(np.arange(trips, dtype=np.int64))
    limits = [lowering.scalar(0, I64), lowering.dim(trips), lowering.scalar(1, I64)]
    return lowering.node("Range", limits, type=TensorType(I64, (trips,)))


def _trip_limit(lowering, count, scanned):
    """The name of the largest number of iterations, None where only the condition ends the loop."""
    extents = [lowering.node("Shape", [name], start=0, end=1) for name in scanned]
    limits = [lowering.node("Squeeze", [extent, lowering.integers([0])]) for extent in extents]
    limits += [count] if count else []
    return lowering.node("Min", limits, type=INDEX) if len(limits) > 1 else limits[0] if limits else None


def finished_stack(lowering, name, type):
    """A stacked output of the runtime's Loop as the IR means it: with its shape also after zero iterations,
    when the runtime makes every symbolic dim 0."""
    may_be_empty = isinstance(type.shape[0], DimExpression) or type.shape[0] == 0
    if may_be_empty and any(isinstance(dim, DimExpression) for dim in type.shape[1:]):
        extent = lowering.node("Shape", [name], start=0, end=1)
        shape = lowering.node("Concat", [extent, lowering.shape(type.shape[1:])], axis=0)
        name = lowering.node("Reshape", [name, shape], allowzero=1, type=type)
    return name
