"""Products that a loop hands out are computed for all iterations at once, after the loop."""

from ...rewrite import Rules
from ..patterns import made_by
from .editing import Loop
from .stacking import can_stack, stacked

RULES = Rules()


@RULES("loop")
def project_stacks(b, operation):
    """A stack of products of what is stacked anyway, or scanned, with a value from around is one product."""
    loop = Loop(operation)
    if loop.recompute:
        return None
    known, uses = {*loop.stacked, *(() if loop.is_open else loop.slices)}, loop.uses()
    products = {}
    for value in loop.stacked:
        product = made_by(value, "contract")
        if product is None or value not in loop.inside or uses[value] > 1:
            continue
        is_stacked = [operand in known for operand in product.operands]
        others = [operand for operand, one in zip(product.operands, is_stacked) if not one]
        if any(is_stacked) and all(map(loop.is_invariant, others)) and can_stack(loop, product, is_stacked):
            products[value] = product, is_stacked
    if not products:
        return None
    stacks = loop.stacked
    loop.stacked = [value for value in stacks if value not in products]
    made = loop.rebuilt(b)
    outside = dict(zip((*loop.slices, *loop.stacked), (*loop.scanned, *made[len(loop.carries):])))

    def stack_of(value):
        if value not in outside:
            product, is_stacked = products[value]
            operands = [stack_of(operand) if one else operand
                        for operand, one in zip(product.operands, is_stacked)]  # fmt: skip
            outside[value] = stacked(b, loop, product, operands, is_stacked)
        return outside[value]

    return made[:len(loop.carries)] + list(map(stack_of, stacks))
