"""Derivatives of `map`: the map of the region's derivative. Values that this needs are further results of the
map; cotangents of captured values are summed over the lanes."""

from ...ir import Block, Builder, Value, captured_values, dim_names_in, dims_defined_in, names_of_dims
from ...types import I64, fresh_dim, symbol
from ..dependence import depending_values
from ..map_parts import MapParts, never_falls
from .closure import Closure


class _Map:
    """A map with its values by role. `own_dims` are dims that its region defines."""

    def __init__(self, operation):
        self.operation = operation
        (self.region,) = operation.regions
        self.lengths, self.data = self.parts.operands(operation.operands)
        self.own_dims = dims_defined_in(self.region)

    @property
    def parts(self):
        return MapParts(self.operation.attributes, self.region)

    @property
    def extent(self):
        return self.operation.operands[0].shape[0]

    def stack_of(self, value) -> Value:
        """The result for a value of the region; appended to the operation where there is none."""
        operation = self.operation
        if value not in self.region.results:
            for name in sorted(names_of_dims(value.type) & self.own_dims):
                self.bound_of(name)
            self.region.results.append(value)
            operation.results.append(Value(self.parts.outer_type(value.type, self.extent), operation,
                                           len(operation.results)))
        return operation.results[self.region.results.index(value)]

    def bound_of(self, name):
        """The largest size, over the lanes, of a dim that the region defines; the operation is made to define
        it."""
        attributes = self.operation.attributes
        defines = dict(attributes.get("defines", ()))
        if name not in defines:
            defines[name] = str(fresh_dim(name))
            self.operation.attributes = {**attributes, "defines": tuple(defines.items())}
        return symbol(defines[name])

    def lengths_of(self, name):
        """For each lane the size of a dim that the region defines."""
        for inner in self.region.operations:
            if inner.name == "dim_value" and inner.attributes["dim"] == symbol(name):
                return self.stack_of(inner.result)
        return self.stack_of(Builder(self.region, self.operation.location).dim_value(dim=symbol(name)))


def depends(operation, active):
    """See `Regional`."""
    own = _Map(operation)
    inputs = [value for value in captured_values(own.region) if value in active]
    inputs += [argument for argument, operand in zip(own.region.arguments, own.data) if operand in active]
    inside = depending_values(own.region.operations, inputs)
    return [value in inside for value in own.region.results]


def vjp(b, operation, cotangents, wanted, pullback):
    """See `Regional`."""
    own, wanted = _Map(operation), set(wanted)
    pairs = [(value, Value(value.type)) for value, cotangent in zip(own.region.results, cotangents)
             if cotangent is not None]
    captured = [value for value in captured_values(own.region) if value in wanted]
    slices = [argument for argument, operand in zip(own.region.arguments, own.data) if operand in wanted]
    block = Block([seed for _, seed in pairs])
    found = pullback(Builder(block, b.location), own.region.operations, pairs, [*captured, *slices])
    kept = [(value, one) for value, one in zip([*captured, *slices], found) if one is not None]
    block.results = [cotangent for _, cotangent in kept]
    cut = [value for value, _ in kept if value in slices and any(map(own.parts.is_ragged, value.shape))]
    sizes = {dim: None for value in cut for dim in value.shape if own.parts.is_ragged(dim)}
    inner = Builder(block, b.location)
    block.results += [inner.dim_value(dim=dim) for dim in sizes]
    made = _emit(b, own, block, [cotangent for cotangent in cotangents if cotangent is not None])
    sizes = dict(zip(sizes, made[len(kept):]))
    results = []
    for (value, _), stack in zip(kept, made):
        if value in slices:
            operand = own.data[own.region.arguments.index(value)]
            results.append((operand, _without_padding(b, stack, value, sizes) if value in cut else stack))
        else:
            results.append((value, b.reduce_sum(stack, axes=(0,))))
    return results


def _without_padding(b, stack, argument, sizes):
    """Stacked slices with zeros in their padding: the map does not depend on what stands there."""
    for axis, dim in enumerate(argument.shape, start=1):
        if dim in sizes:
            place = b.iota(shape=stack.shape, axis=axis, element=I64)
            size = b.broadcast(sizes[dim], shape=stack.shape, axes=(0,))
            stack = b.select(b.lt(place, size), stack, b.full(0, stack))
    return stack


def jvp(b, operation, tangents, pushforward):
    """See `Regional`."""
    own = _Map(operation)
    slices = {argument: Value(argument.type) for argument, operand in zip(own.region.arguments, own.data)
              if operand in tangents}
    captured = {value: tangents[value] for value in captured_values(own.region) if value in tangents}
    block = Block(list(slices.values()))
    found = pushforward(Builder(block, b.location), own.region.operations, {**slices, **captured})
    results = [value in found for value in own.region.results]
    block.results = [found[value] for value in own.region.results if value in found]
    made = iter(_emit(b, own, block, [tangents[operand] for operand in own.data if operand in tangents]))
    return [next(made) if is_there else None for is_there in results]


def _emit(b, own, block, data):
    """The results of a map over the lanes of another, whose region is a derivative: a block that takes slices
    of `data`. Dims that the region of the other defines are ragged dims of this one."""
    if not block.results:
        return []
    ragged = {*own.parts.ragged, *own.own_dims}
    closure = Closure(block, own.region, own.region.arguments,
                      lambda value: all(never_falls(dim, ragged) for dim in value.shape), own.own_dims)
    slices = [value for value in own.region.arguments if value in closure.used]
    data = [*data, *(own.data[own.region.arguments.index(value)] for value in slices),
            *map(own.stack_of, closure.kept)]
    given = {value: Value(value.type, name=value.name) for value in [*slices, *closure.kept]}
    arguments = [Value(value.type, name=value.name) for value in block.arguments]
    region = Block([*arguments, *given.values()])
    region.results = closure.build(Builder(region, b.location), arguments, given)
    fresh = sorted(own.own_dims & dim_names_in(region))
    lengths = [*own.lengths, *map(own.lengths_of, fresh)]
    bounds = (*own.parts.bounds, *map(own.bound_of, fresh))
    if not data and not lengths:
        data = [own.data[0]]
        region.arguments.append(Value(own.region.arguments[0].type))
    made = b.map(*lengths, *data, regions=[region], ragged=(*own.parts.ragged, *fresh), bounds=bounds)
    return made if isinstance(made, list) else [made]
