"""Structured control: `if` and `loop` hold blocks as regions, which may use values from around them; `map` is
in `mapping`."""

import numpy as np

from ..ir import Block, captured_values
from ..types import I64, DimExpression, TensorType, symbol_name
from .batching.conditionals import batch_if
from .batching.loops import batch_loop
from .control_derivatives import conditional
from .control_derivatives import loop as looped
from .loop_parts import CONDITION, INDEX, LoopParts, stacked_type
from .record import Regional, expect, register


def expect_types(what, values, types):
    expect(len(values) == len(types), f"{what}: {len(values)} values where {len(types)} are expected")
    for position, (value, type) in enumerate(zip(values, types)):
        expect(value.type == type, f"{what} {position} has type {value.type}, expected {type}")


# --- if -----------------------------------------------------------------------------------------------------

def _infer_if(operands, attributes, regions):
    expect(len(operands) == 1 and operands[0].type == CONDITION, "if takes one operand, a scalar of type i1")
    expect(len(regions) == 2, "if has two regions, then and else")
    then, otherwise = regions
    expect(not then.arguments and not otherwise.arguments, "the regions of if have no arguments")
    types = [value.type for value in then.results]
    expect_types("the else region's result", otherwise.results, types)
    return types


def _evaluate_if(arrays, attributes, context):
    return context.run(context.regions[0 if arrays[0] else 1], [])


def _lower_if(lowering, operation, names):
    """ONNX's If; the arm itself where the condition is a constant: the runtime, which does that too, loses
    values where such an If stands in another."""
    condition = operation.operands[0].operation
    if condition is not None and condition.name == "constant":
        return lowering.block(operation.regions[0 if condition.attributes["value"] else 1], [])
    then, otherwise = map(lowering.graph, operation.regions)
    types = [value.type for value in operation.results]
    made = lowering.node("If", names, len(types), types, then_branch=then, else_branch=otherwise)
    return [made] if len(types) == 1 else made


register("if", _infer_if, _evaluate_if,
         Regional(conditional.depends, conditional.vjp, conditional.jvp), _lower_if,
         "runs its first region if the condition holds, else the second; both yield the results",
         batch=batch_if)


# --- loop ---------------------------------------------------------------------------------------------------

def _infer_loop(operands, attributes, regions):
    expect(len(regions) == 1, "loop has one region")
    (region,) = regions
    loop = LoopParts(attributes, region)
    least = loop.carried + loop.counted + loop.conditional
    expect(len(operands) >= least, f"loop takes at least {least} operands, got {len(operands)}")
    count, condition, carried, scanned = loop.operands(operands)
    expect(count is None or count.type == INDEX, "the trip count of a loop is a scalar of type i64")
    expect(condition is None or condition.type == CONDITION, "the condition of a loop is a scalar of type i1")
    expect(not (loop.reverse and loop.is_open), "a reverse loop has neither trip count nor condition")
    for value in scanned:
        expect(value.rank > 0, "a scanned input of a loop has a leading axis")
        expect(loop.is_open or value.shape[0] == loop.trips,
               f"a loop of {loop.trips} iterations scans an input of extent {value.shape[0]}")
    expect(not loop.is_open or symbol_name(loop.trips) is not None,
           "a loop with a trip count or a condition defines the named dim `trips`")
    types = [value.type for value in carried]
    slices = [TensorType(value.element, value.shape[1:]) for value in scanned]
    expect_types("the loop region's argument", region.arguments, [INDEX, *types, *slices])
    least = loop.carried + loop.conditional
    expect(len(region.results) >= least, f"the loop's region yields at least {least} values")
    condition, following, stacked = loop.yielded(region.results)
    expect(condition is None or condition.type == CONDITION,
           "a loop's region yields its condition, a scalar of type i1")
    expect_types("the loop's carried value", following, types)
    return types + [stacked_type(value.type, loop.trips) for value in stacked]


def _evaluate_loop(arrays, attributes, context):
    (region,) = context.regions
    loop = LoopParts(attributes, region)
    count, going, carried, scanned = loop.operands(arrays)
    limits = [array.shape[0] for array in scanned]
    if count is not None:
        limits.append(max(0, int(count)))
    if not loop.is_open:
        limits.append(context.dim(loop.trips))
    limit = min(limits) if limits else None
    stacks, trip = [[] for _ in loop.yielded(region.results)[2]], 0
    while trip != limit and (going is None or going):
        index = limit - 1 - trip if loop.reverse else trip
        results = context.run(region, [np.asarray(index, np.int64), *carried, *_slices(scanned, index)])
        condition, carried, stacked = loop.yielded(results)
        going = going if condition is None else condition
        for stack, array in zip(stacks, stacked):
            stack.append(array)
        trip += 1
    if loop.is_open:
        context.bindings[symbol_name(loop.trips)] = trip
    results = list(carried)
    for stack, value in zip(stacks, loop.yielded(region.results)[2]):
        if stack:
            results.append(np.stack(stack[::-1] if loop.reverse else stack))
        else:
            results.append(empty_stack(value.type, context))
    return results


def _slices(arrays, index):
    return [np.asarray(array[index]) for array in arrays]


def empty_stack(type, context):
    return np.empty((0, *map(context.dim, type.shape)), type.element.numpy)


def _lower_loop(lowering, operation, names):
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


def _loop_dims(attributes):
    is_open = attributes.get("counted") or attributes.get("conditional")
    return (symbol_name(attributes["trips"]),) if is_open else ()


register("loop", _infer_loop, _evaluate_loop, Regional(looped.depends, looped.vjp, looped.jvp), _lower_loop,
         "repeats its region, carrying values and stacking others; see LoopParts for its operands",
         defines=_loop_dims, batch=batch_loop)
