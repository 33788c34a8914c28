"""`map`: a region applied to each lane, a slice along the leading axis. Dims may differ from lane to lane.

A ragged dim is a dim like any other inside of the region, there it is the lane's own; outside the arrays are
padded to its bound. What stands in the padding is unspecified: nothing may depend on it.
"""

import numpy as np

from ..errors import WeberError
from ..types import BOOL, I64, TensorType, dim_names, evaluate_dim, substitute, symbol
from .batching.batched import CannotBatch
from .control import empty_stack
from .control_derivatives import mapped
from .kernels import compute
from .loop_lowering import finished_stack
from .loop_parts import INDEX, stacked_type
from .map_parts import MapParts, never_falls
from .record import Regional, expect, register


def _infer_map(operands, attributes, regions):
    expect(len(regions) == 1, "map has one region")
    parts = MapParts(attributes, regions[0])
    expect(operands and len(operands) >= len(parts.ragged), "map takes at least one operand")
    _expect_dims(parts)
    extent = operands[0].shape[0] if operands[0].rank else None
    for value in operands:
        expect(value.rank > 0, "an operand of map has a leading axis")
        expect(value.shape[0] == extent, f"map over operands of extents {extent} and {value.shape[0]}")
    lengths, data = parts.operands(operands)
    for name, value in zip(parts.ragged, lengths):
        expect(value.type == stacked_type(INDEX, extent), f"the lengths of {name} have type {value.type}")
    arguments = parts.region.arguments
    expect(len(arguments) == len(data), f"map of {len(data)} arrays has {len(arguments)} region arguments")
    for position, (argument, value) in enumerate(zip(arguments, data)):
        expect(parts.outer_type(argument.type, extent) == value.type,
               f"the map region's argument {position} has type {argument.type}, a slice of {value.type}")
    for value in parts.region.results:
        for dim in value.shape:
            expect(never_falls(dim, parts.ragged), f"a result of map has the size {dim}, which falls as "
                   f"{', '.join(sorted(dim_names(dim) & set(parts.ragged)))} grows")
    return [parts.outer_type(value.type, extent) for value in parts.region.results]


def _expect_dims(parts):
    expect(len(parts.bounds) == len(parts.ragged),
           f"map has {len(parts.ragged)} ragged dims and {len(parts.bounds)} bounds")
    inner = (*parts.ragged, *(name for name, _ in parts.defines))
    expect(len(set(inner)) == len(inner), "the dims of a map's region are named twice")
    outer = {name for dim in parts.bounds for name in dim_names(dim)} | {name for _, name in parts.defines}
    expect(outer.isdisjoint(inner), "a dim has the same name in the region of a map and outside")


# --- meaning ------------------------------------------------------------------------------------------------

def _evaluate_map(arrays, attributes, context):
    (region,) = context.regions
    parts = MapParts(attributes, region)
    lengths, data = parts.operands(arrays)
    columns, largest = [[] for _ in region.results], dict.fromkeys((name for name, _ in parts.defines), 0)
    for lane in range(len(arrays[0])):
        dims = {name: int(sizes[lane]) for name, sizes in zip(parts.ragged, lengths)}
        _expect_within(parts, dims, context, lane)
        slices = [_cut(array[lane], argument.shape, context.bindings.new_child(dims))
                  for array, argument in zip(data, region.arguments)]
        for column, array in zip(columns, context.run(region, slices, dims)):
            column.append(array)
        for name in largest:
            largest[name] = max(largest[name], dims[name])
    for name, outer in parts.defines:
        context.bindings[outer] = largest[name]
    stacks = []
    for column, value in zip(columns, region.results):
        type = TensorType(value.element, parts.outer_shape(value.shape))
        shape = [context.size(dim) for dim in type.shape]
        stacks.append(np.stack([_padded(array, shape, parts, value) for array in column]) if column
                      else empty_stack(type, context))
    return stacks


def _expect_within(parts, dims, context, lane):
    for name, bound in zip(parts.ragged, parts.bounds):
        if not 0 <= dims[name] <= context.dim(bound):
            raise WeberError(f"the length {name} of example {lane} is {dims[name]}, expected 0 to "
                             f"{context.dim(bound)}", kind="DimensionMismatch")


def _cut(array, shape, bindings):
    return np.asarray(array[tuple(slice(max(0, evaluate_dim(dim, bindings))) for dim in shape)])


def _padded(array, shape, parts, value):
    """An array with padding that shows up wherever it leaks."""
    if array.shape == tuple(shape):
        return array
    if any(size > bound for size, bound in zip(array.shape, shape)):
        raise WeberError(f"a result of map of type {value.type} has shape {array.shape}, more than its bound "
                         f"{tuple(shape)}", kind="DimensionMismatch")
    padded = np.full(shape, poison(value.element), value.element.numpy)
    padded[tuple(map(slice, array.shape))] = array
    return padded


def poison(element):
    """What the interpreter puts in padding: NaN, true, or the lowest integer."""
    if element.is_float:
        return np.nan
    return True if element is BOOL else np.iinfo(element.numpy).min


# --- ONNX ---------------------------------------------------------------------------------------------------

def _lower_map(lowering, operation, names):
    """One lane after the other: a Loop that cuts its slices and pads its results.

    Results whose extents are known are stacked by the runtime. Those that have a dim which the map defines
    are grown: each lane pads what is there, and its own, to the larger extent.
    """
    parts = MapParts(operation.attributes, operation.regions[0])
    lengths, data = parts.operands(names)
    extent = operation.operands[0].shape[0]
    types = [value.type for value in operation.results]
    defined = {outer for _, outer in parts.defines}
    grown = [any(dim_names(dim) & defined for dim in type.shape) for type in types]
    carried = [lowering.integers([0]) for _ in parts.defines]
    carried_types = [TensorType(I64, (1,))] * len(carried)
    for type, grows in zip(types, grown):
        if grows:
            carried.append(_empty(lowering, type, defined))
            carried_types.append(_unsized(lowering, type))
    with lowering.subgraph() as body:
        index, going = lowering.input("index", INDEX), lowering.input("condition", BOOL_SCALAR)
        before = [lowering.input("grown", type) for type in carried_types]
        for name, sizes in zip(parts.ragged, lengths):
            lowering.bind_dim(name, lowering.node("Gather", [sizes, index], axis=0, type=INDEX))
        slices = [_lower_slice(lowering, parts, name, index, argument)
                  for name, argument in zip(data, parts.region.arguments)]
        results = lowering.block(parts.region, slices)
        after = []
        for (inner, outer), largest in zip(parts.defines, before):
            after.append(lowering.node("Max", [largest, lowering.dim_vector(symbol(inner))], type=ONE))
            lowering.bind_dim(outer, after[-1])
        stacks, rest = [], before[len(parts.defines):]
        for result, value, type, grows in zip(results, parts.region.results, types, grown):
            row = _lower_padding(lowering, result, value.type.shape, type.shape[1:])
            if grows:
                row = lowering.node("Unsqueeze", [row, lowering.integers([0])])
                stack = rest.pop(0)
                stack = _lower_padding(lowering, stack, lowering.types[stack].shape[1:], type.shape[1:], 1)
                after.append(lowering.node("Concat", [stack, row], axis=0, type=_unsized(lowering, type)))
            else:
                stacks.append(row)
        lowering.outputs([going, *after], carried=True)
        lowering.outputs(stacks)
    outputs = [*carried_types[:len(parts.defines)],
               *(type for type, grows in zip(types, grown) if grows),
               *(type for type, grows in zip(types, grown) if not grows)]
    inputs = [lowering.dim(extent), lowering.constant(np.True_), *carried]
    made = lowering.node("Loop", inputs, len(outputs), outputs, body=body)
    made = [made] if len(outputs) == 1 else made
    for (_, outer), name in zip(parts.defines, made):
        lowering.bind_dim(outer, name)
    grown_names = made[len(parts.defines):len(carried)]
    stacked_names = made[len(carried):]
    return [grown_names.pop(0) if grows else finished_stack(lowering, stacked_names.pop(0), type)
            for type, grows in zip(types, grown)]


BOOL_SCALAR, ONE = TensorType(BOOL), TensorType(I64, (1,))


def _empty(lowering, type, defined):
    """An array of no lanes, from which a result grows."""
    shape = (0, *(substitute(dim, dict.fromkeys(defined, 0)) for dim in type.shape[1:]))
    inputs = [lowering.scalar(0, type.element), lowering.shape(shape)]
    return compute(lowering, "Expand", inputs, TensorType(type.element, shape), data=(0,))


def _unsized(lowering, type):
    """The type of an array that grows: no extent in it is known."""
    return TensorType(type.element, tuple(symbol(lowering.fresh("extent")) for _ in type.shape))


def _lower_slice(lowering, parts, name, index, argument):
    """One lane's slice of an operand, without its padding."""
    lane = lowering.node("Gather", [name, index], axis=0, type=TensorType(
        argument.element, parts.outer_shape(argument.shape)))
    axes = [axis for axis, dim in enumerate(argument.shape) if parts.is_ragged(dim)]
    if not axes:
        return lane
    stops = lowering.shape([argument.shape[axis] for axis in axes])
    return lowering.node("Slice", [lane, lowering.integers([0] * len(axes)), stops, lowering.integers(axes)],
                         type=argument.type)


def _lower_padding(lowering, name, shape, wanted, fixed=0):
    """A tensor of a shape padded at the ends of its axes to the wanted one; the first `fixed` axes stay."""
    if tuple(shape) == tuple(wanted):
        return name
    type, rank = lowering.types[name], len(wanted) + fixed
    sizes = TensorType(I64, (len(wanted),))
    actual = lowering.node("Shape", [name], start=fixed or None, type=sizes)
    missing = lowering.node("Sub", [lowering.shape(wanted), actual], type=sizes)
    edges = lowering.node("Concat", [lowering.integers([0] * (rank + fixed)), missing], axis=0,
                          type=TensorType(I64, (2 * rank,)))
    padded = TensorType(type.element, (*type.shape[:fixed], *wanted))
    return compute(lowering, "Pad", [name, edges, lowering.scalar(0, type.element)], padded, data=(0, 2))


def _refuse(lanes, operation):
    """Maps inside are batched first; one that is left could not be."""
    raise CannotBatch("map", "the map inside of it stays a loop", operation.location)


register("map", _infer_map, _evaluate_map, Regional(mapped.depends, mapped.vjp, mapped.jvp), _lower_map,
         "applies its region to each lane of its operands, and stacks the results; see MapParts",
         defines=lambda attributes: tuple(outer for _, outer in attributes.get("defines", ())),
         batch=_refuse)
