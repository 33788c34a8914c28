"""Structured control: `if` and `loop` hold blocks as regions, which may use values from around them; `map` is
in `mapping`."""

import numpy as np

from ..errors import WeberError
from ..types import TensorType, symbol, symbol_name
from .batching.conditionals import batch_if
from .batching.loops import batch_loop
from .control_derivatives import conditional
from .control_derivatives import loop as looped
from .loop_lowering import lower_loop
from .loop_parts import CONDITION, INDEX, LoopParts
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
    expect(not loop.is_open or symbol_name(loop.trips) is not None,
           "a loop with a trip count or a condition defines the named dim `trips`")
    types = [value.type for value in carried]
    slices = _slice_types(loop, scanned)
    expect_types("the loop region's argument", region.arguments, [INDEX, *types, *slices])
    least = loop.carried + loop.conditional
    expect(len(region.results) >= least, f"the loop's region yields at least {least} values")
    condition, following, stacked = loop.yielded(region.results)
    expect(condition is None or condition.type == CONDITION,
           "a loop's region yields its condition, a scalar of type i1")
    expect_types("the loop's carried value", following, types)
    for value in stacked:
        expect(loop.has_outer_type(value.type),
               f"a loop with the ragged dims {', '.join(loop.ragged)} stacks a value of type {value.type}")
    return types + [loop.outer_type(value.type) for value in stacked]


def _slice_types(loop, scanned):
    """The types of the region's arguments for the scanned operands."""
    count = len(loop.ragged)
    expect(len(loop.totals) == count, f"a loop has {count} ragged dims and {len(loop.totals)} totals")
    expect(not (loop.ragged and loop.is_open), "a loop with ragged dims has neither trip count nor condition")
    expect(len(scanned) >= count, f"a loop with {count} ragged dims scans their sizes")
    arguments, types = loop.arguments(loop.region.arguments)[2], []
    for position, value in enumerate(scanned):
        expect(value.rank > 0, "a scanned input of a loop has a leading axis")
        name = loop.piece_dim(arguments[position].type) if position < len(arguments) else None
        extent = loop.trips if name is None else loop.total(name)
        expect(loop.is_open or value.shape[0] == extent,
               f"a loop of {loop.trips} iterations scans an input of extent {value.shape[0]}")
        first = () if name is None else (symbol(name),)
        types.append(TensorType(value.element, (*first, *value.shape[1:])))
        expect(position >= count or types[-1] == INDEX, "the sizes of a ragged dim are i64 numbers")
    return types


def _evaluate_loop(arrays, attributes, context):
    (region,) = context.regions
    loop = LoopParts(attributes, region)
    count, going, carried, scanned = loop.operands(arrays)
    limits = [] if loop.ragged else [array.shape[0] for array in scanned]
    if count is not None:
        limits.append(max(0, int(count)))
    if not loop.is_open:
        limits.append(context.size(loop.trips))
    limit = min(limits) if limits else None
    pieces = _Pieces(loop, scanned, context)
    values = loop.yielded(region.results)[2]
    stacks, trip = [[] for _ in values], 0
    while trip != limit and (going is None or going):
        index = limit - 1 - trip if loop.reverse else trip
        slices = [pieces.cut(argument, array, index)
                  for argument, array in zip(loop.arguments(region.arguments)[2], scanned)]
        results = context.run(region, [np.asarray(index, np.int64), *carried, *slices], pieces.sizes(index))
        condition, carried, stacked = loop.yielded(results)
        going = going if condition is None else condition
        for stack, array in zip(stacks, stacked):
            stack.append(array)
        trip += 1
    if loop.is_open:
        context.bindings[symbol_name(loop.trips)] = trip
    results = list(carried)
    for stack, value in zip(stacks, values):
        join = np.concatenate if loop.piece_dim(value.type) else np.stack
        results.append(join(stack[::-1] if loop.reverse else stack) if stack
                       else np.empty([context.size(dim) for dim in loop.outer_type(value.type).shape],
                                     value.element.numpy))
    return results


class _Pieces:
    """The slices and pieces of scanned arrays, by the sizes that the first of them give."""

    def __init__(self, loop, scanned, context):
        self.loop = loop
        self.lengths = dict(zip(loop.ragged, scanned))
        for name, total in zip(loop.ragged, loop.totals):
            found = int(self.lengths[name].sum())
            if found != context.dim(total):
                raise WeberError(f"the pieces of a loop have {found} rows, expected {context.dim(total)}",
                                 kind="DimensionMismatch")

    def sizes(self, index):
        return {name: int(lengths[index]) for name, lengths in self.lengths.items()}

    def cut(self, argument, array, index):
        name = self.loop.piece_dim(argument.type)
        if name is None:
            return np.asarray(array[index])
        start = int(self.lengths[name][:index].sum())
        return array[start:start + int(self.lengths[name][index])]


def empty_stack(type, context):
    return np.empty((0, *map(context.size, type.shape)), type.element.numpy)


def _loop_dims(attributes):
    is_open = attributes.get("counted") or attributes.get("conditional")
    return (symbol_name(attributes["trips"]),) if is_open else ()


register("loop", _infer_loop, _evaluate_loop, Regional(looped.depends, looped.vjp, looped.jvp), lower_loop,
         "repeats its region, carrying values and stacking others; see LoopParts for its operands",
         defines=_loop_dims, batch=batch_loop)
