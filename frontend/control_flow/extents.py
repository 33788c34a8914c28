"""Where the operations of a block have a dim: in types and attributes, and as a number (`dim_value`)."""

import numpy as np

from ...compiler.ir import Builder, names_of_dims, rename_dims
from ...compiler.ops import OPS
from ...compiler.types import dim_names, symbol


def operations_in(block):
    """All operations of a block and of the regions in it."""
    for operation in block.operations:
        yield operation
        for region in operation.regions:
            yield from operations_in(region)


def uses_of(block, name):
    """The operations that have a value or an attribute of an extent in which the dim occurs."""
    return [operation for operation in operations_in(block)
            if any(name in dim_names(extent) for value in (*operation.operands, *operation.results)
                   for extent in value.shape)
            or name in names_of_dims(tuple(operation.attributes.values()))]


def drop_unused(block, name, kept):
    """Removes operations with a result of an extent in which the dim occurs that nothing uses: neither other
    operations nor `kept`, values."""
    used = set(kept)
    for operation in operations_in(block):
        used.update(operation.operands)
        for region in operation.regions:
            used.update(region.results)
    if _drop(block, name, used):
        drop_unused(block, name, kept)


def _drop(block, name, used):
    def is_dead(operation):
        return used.isdisjoint(operation.results) and any(
            name in dim_names(dim) for result in operation.results for dim in result.shape)

    kept = [operation for operation in block.operations if not is_dead(operation)]
    dropped = len(kept) < len(block.operations)
    block.operations[:] = kept
    for operation in kept:
        for region in operation.regions:
            dropped |= _drop(region, name, used)
    return dropped


def substitute_dim(block, name, dim):
    """Replaces a dim in place in what the operations of a block have of it."""
    bindings = {name: dim}
    for operation in operations_in(block):
        for value in operation.results:
            value.type = rename_dims(value.type, bindings)
        operation.attributes = rename_dims(operation.attributes, bindings)


def replace_sizes(block, name, number):
    """Replaces, in place, what takes the number of a size in which a dim occurs by arithmetic on that dim's
    own number, an IR value."""
    operations = []
    for operation in block.operations:
        for region in operation.regions:
            replace_sizes(region, name, number)
        if operation.name == "dim_value" and name in dim_names(operation.attributes["dim"]):
            builder = Builder(location=operation.location)
            size = number_of(builder, operation.attributes["dim"], {name: number})
            operations += builder.block.operations
            operation.op, operation.operands, operation.attributes = OPS["identity"], [size], {}
        operations.append(operation)
    block.operations[:] = operations


def takes_size(block, name):
    """Whether the number of a size in which the dim occurs is taken."""
    return any(operation.name == "dim_value" and name in dim_names(operation.attributes["dim"])
               for operation in operations_in(block))


def number_of(builder, dim, sizes):
    """The number that a dim is, `sizes` being the values of some of its names."""
    if not dim_names(dim) & sizes.keys():
        return builder.dim_value(dim=dim)
    total = None
    for monomial, coefficient in dim.terms:
        product = builder.constant(np.int64(coefficient)) if coefficient != 1 or not monomial else None
        for atom in monomial:
            if not isinstance(atom, str):
                numerator, denominator = (number_of(builder, part, sizes)
                                          for part in (atom.numerator, atom.denominator))
                remainder = builder.mod(numerator, denominator)  # idiv rounds to zero, a dim down
                factor = builder.idiv(builder.sub(numerator, remainder), denominator)
            else:
                factor = sizes[atom] if atom in sizes else builder.dim_value(dim=symbol(atom))
            product = factor if product is None else builder.mul(product, factor)
        total = product if total is None else builder.add(total, product)
    return total


def least(dim):
    """A bound below of a dim, all whose names are at least 0; None where there is none."""
    if isinstance(dim, int):
        return dim
    if any(coefficient < 0 for monomial, coefficient in dim.terms if monomial):
        return None
    return sum(coefficient for monomial, coefficient in dim.terms if not monomial)
