"""Arrays that each iteration of a staged loop makes longer: `push!(y, v)`, `y = [y; v]`, `hcat(y, column)`.

Nothing is carried then: what an iteration adds is a stacked output of the loop, put behind what there was
before when the loop is over. In the body a placeholder of a size of its own stands for the array so far; it
may be added to, not looked at.
"""


from ..compiler.types import dim_names, fresh_dim, size_product, symbol_name
from .specs import Numbers
from .staging import HostValueNeeded, apply, state


class Growth:
    """How an array grows: along the payload axis `axis`, which has the extent `dim` in the body."""

    def __init__(self, spec, axis):
        self.axis, self.dim = axis, fresh_dim("G")
        shape = (*spec.shape[:axis], self.dim, *spec.shape[axis + 1:])
        self.spec, self.leaf, self.prepends = Numbers(spec.element, shape), None, False

    def continues(self, spec):
        """Whether an array of the spec is the placeholder with something added."""
        if spec.__class__ is not Numbers or spec.element is not self.spec.element:
            return False
        others = [(a, b) for k, (a, b) in enumerate(zip(spec.shape, self.spec.shape, strict=True))
                  if k != self.axis] if len(spec.shape) == len(self.spec.shape) else [(0, 1)]
        return all(a == b for a, b in others)

    def addition(self, value, block):
        """What an iteration adds: the IR value with the placeholder taken out, and its making out of the
        block. Raises HostValueNeeded where the body does something else with the array."""
        front, back, chain = [], [], []
        while value is not self.leaf:
            operation = value.operation
            if operation is None or operation.name != "concatenate" or \
                    operation.attributes["axis"] != self.axis:
                raise self.error()
            grown = [operand for operand in operation.operands if self.has_grown(operand)]
            if len(grown) != 1:
                raise self.error()
            place = operation.operands.index(grown[0])
            front = [*front, *operation.operands[:place]]
            back = [*operation.operands[place + 1:], *back]
            chain.append(operation)
            (value,) = grown
        if bool(front) == bool(back):
            raise self.error()
        self.prepends = bool(front)
        block.operations[:] = [operation for operation in block.operations if operation not in chain]
        if self.is_used(block):
            raise self.error()
        parts = front or back
        return parts[0] if len(parts) == 1 else apply("concatenate", *parts, axis=self.axis)

    def has_grown(self, value):
        return symbol_name(self.dim) in dim_names(value.shape[self.axis])

    def is_used(self, block):
        """Whether operations of a block have a value or an attribute of the placeholder's extent."""
        name = symbol_name(self.dim)
        return any(
            any(name in dim_names(dim) for value in (*operation.operands, *operation.results)
                for dim in value.shape)
            or mentions(tuple(operation.attributes.values()), name)
            or any(self.is_used(region) for region in operation.regions)
            for operation in block.operations)

    def error(self):
        return HostValueNeeded("an array that a loop of the graph makes longer can only be added to inside "
                               "of the loop: it was read there, or has grown by different amounts",
                               state.location, kind="UnsupportedError")

    def final(self, before, stack):
        """The array after the loop, of what there was before and the stacked additions."""
        count, piece = stack.shape[0], stack.shape[1:]
        if self.prepends:
            stack = apply("reverse", stack, axes=(0,))
        if self.axis:
            order = (*range(1, self.axis + 1), 0, *range(self.axis + 1, len(stack.shape)))
            stack = apply("transpose", stack, permutation=order)
        extent = size_product((count, piece[self.axis]))
        joined = apply("reshape", stack, shape=(*piece[:self.axis], extent, *piece[self.axis + 1:]))
        if before.shape[self.axis] == 0:
            return joined
        parts = (joined, before) if self.prepends else (before, joined)
        return apply("concatenate", *parts, axis=self.axis)


def growth_of(before, after):
    """The growth from one spec of an array to another, None where they differ in more than one extent."""
    if before.__class__ is not Numbers or after.__class__ is not Numbers:
        return None
    if before.element is not after.element or len(before.shape) != len(after.shape):
        return None
    axes = [k for k, (a, b) in enumerate(zip(before.shape, after.shape, strict=True)) if a != b]
    return Growth(before, axes[0]) if len(axes) == 1 else None


def mentions(attribute, name):
    """Whether an attribute of an operation has a dim that a name occurs in."""
    if isinstance(attribute, tuple):
        return any(mentions(item, name) for item in attribute)
    return hasattr(attribute, "terms") and name in dim_names(attribute)


