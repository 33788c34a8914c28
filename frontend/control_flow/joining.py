"""What the values become that leave the arms of a conditional: one operation yields those of the arm that is
taken.
"""

from ...compiler.dead_code import drop_unused
from ...compiler.ir import Block, copy_block, dims_defined_in
from ...compiler.ops.loop_parts import CONDITION
from ...compiler.types import dim_names, fresh_dim
from ..dims import define_dim
from ..poison import UNDEFINED, Either, Undefined
from ..staging import apply, expand, read
from ..state import LaneEffect, state
from ..values import Array
from .item_buffers import PaddedItems
from .sharing import inherit
from .specs import (
    Fixed,
    Numbers,
    Unknown,
    either_of,
    flatten,
    full_spec,
    holds_mutable,
    join,
    leaf_types,
    rebuild,
    spec_of,
)
from .varying import PaddedNumbers, VaryingItems, VaryingNumbers, varying, with_common_parts
from .vector_elements import as_in


def has_local_dims(spec, block):
    """Whether a spec has sizes that an operation of a block defines."""
    local = dims_defined_in(block)
    return any(dim_names(dim) & local for type_ in leaf_types(spec) for dim in type_.shape)


def both_of_elements(arms, first, second):
    """The contents of a vector at the end of two arms: of staged elements in both if they are in one."""
    sides = []
    for arm, value, other in zip(arms, (first, second), (second, first), strict=True):
        with arm.region:
            sides.append(as_in(value, other) or value)
    return sides


class Joined:
    """The values that leave a conditional, gathered, then emitted as one operation."""

    def __init__(self, arms, assumed=False):
        self.arms, self.leaves, self.assumed = arms, [[], []], assumed
        self.measured = {}  # the sizes in both arms -> the dim of the one that there is, their numbers
        self.sets = {}  # by the ids of a location's values: locations that share a value go on sharing it

    def add(self, set_, values, where, lenient, is_contents=False):
        """A location with its values in both arms; `lenient`: one may be undefined, `is_contents`: the
        location is that of an array."""
        first, second = values
        key = id(first), id(second)
        if key in self.sets:
            self.sets[key][0].append(set_)
            return
        if is_contents:
            values = first, second = both_of_elements(self.arms, first, second)
        if first is second:
            self.sets[key] = [set_], Fixed(first), 0, values
            return
        specs = [full_spec(value, arm.region.serial) if holds_mutable(value) else spec_of(value)
                 for value, arm in zip(values, self.arms, strict=True)]
        spec = join(*specs, where, lenient)
        if spec.__class__ is Fixed:  # one arm alone has a value: what was made in it has to leave it
            arm, value = next((arm, value) for arm, value in zip(self.arms, values, strict=True)
                              if value.__class__ is not Undefined)
            spec = full_spec(value, arm.region.serial)
        if any(has_local_dims(spec, arm.region.block) for arm in self.arms):
            spec = Unknown("has a size that only one way through a conditional knows")
        if spec.__class__ is Unknown and state.lanes:
            raise LaneEffect
        join_of_sizes = None
        assumed = self.assumed and second is not None
        if spec.__class__ is Unknown and not assumed:
            join_of_sizes = varying(self.arms, values, is_contents, self.measure)
        elif spec.__class__ is Numbers:
            join_of_sizes = with_common_parts(self.arms, values)
        if join_of_sizes is not None:
            for side, (arm, leaves) in enumerate(zip(self.arms, self.leaves, strict=True)):
                with arm.region:
                    leaves += join_of_sizes.leaves(side)
            self.sets[key] = [set_], join_of_sizes, join_of_sizes.count, values
            return
        if spec.__class__ is Unknown and assumed:
            spec, values = self.assume(*values)
        elif spec.__class__ is Unknown and not is_contents:
            spec = self.either(spec, where, *values)
        if spec.__class__ is not Unknown:
            for arm, value, leaves in zip(self.arms, values, self.leaves, strict=True):
                with arm.region:
                    leaves += flatten(spec, value)
        self.sets[key] = [set_], spec, len(leaf_types(spec)), values

    def either(self, unknown, where, *values):
        """The spec of two values that have no join; `unknown` where there is no value to speak of."""
        if any(value.__class__ in (Undefined, Either) for value in values):
            return unknown
        specs = []
        for arm, value in zip(self.arms, values, strict=True):
            spec = full_spec(value, arm.region.serial)
            if has_local_dims(spec, arm.region.block):
                return unknown
            specs.append(spec)
        return either_of(*specs, where)

    def assume(self, first, second):
        """The spec of the first arm's value, and both values: the second's is spread to its size if it can
        be, else nothing that is ever seen."""
        spec = full_spec(first, self.arms[0].region.serial)
        if spec.__class__ is Numbers and second.__class__ is Array and can_expand(second, spec):
            with self.arms[1].region:
                second = Array(expand(read(second), spec.shape))
        else:
            second = UNDEFINED
        return spec, (first, second)

    def measure(self, sizes):
        """The dim of the size that there is behind the conditional, of the sizes in both arms."""
        known = self.measured.get(tuple(sizes))
        if known is None:
            numbers = []
            for arm, size in zip(self.arms, sizes, strict=True):
                with arm.region:
                    numbers.append(state.trace.builder.dim_value(dim=size))
            known = self.measured[tuple(sizes)] = fresh_dim("K"), numbers
        return known[0]

    def define_measured(self, condition):
        """Defines the dims of sizes that the arms define: a conditional of its own, in front, finds them."""
        dims = [dim for dim, _ in self.measured.values()]
        blocks = []
        for side, arm in enumerate(self.arms):
            block = Block([], arm.region.block.operations,
                          [numbers[side] for _, numbers in self.measured.values()])
            blocks.append(copy_block(block, {}))
            drop_unused(blocks[-1])
        sizes = emit_if(condition.data, blocks, [list(block.results) for block in blocks])
        for dim, size in zip(dims, sizes, strict=True):
            define_dim(state.trace.builder, dim, size)

    def emit(self, condition):
        """Emits the operation and sets the locations to what comes out of it."""
        if self.measured:
            self.define_measured(condition)
        results = iter(emit_if(condition.data, [arm.region.block for arm in self.arms], self.leaves))
        for setters, spec, count, given_values in self.sets.values():
            leaves = iter([next(results) for _ in range(count)])
            is_varying = spec.__class__ in (VaryingNumbers, PaddedNumbers, VaryingItems, PaddedItems)
            value = spec.rebuild(leaves, condition.data) if is_varying else rebuild(spec, leaves)
            for set_ in setters:
                set_(value)
            if spec.__class__ is Numbers:
                for arm, given in zip(self.arms, given_values, strict=True):
                    if given.__class__ is Array:
                        inherit(value, given, arm.region)


def can_expand(array, spec):
    """Whether an array is one of the spec's type, or a vector where that has more dims."""
    shape = tuple(array._data.shape)
    return array.element is spec.element and shape == spec.shape[len(spec.shape) - len(shape):]


def emit_if(condition, blocks, leaves):
    """The results of an `if` whose blocks yield the leaves; selects where both blocks are cheap and safe."""
    moved = [k for k, (a, b) in enumerate(zip(*leaves, strict=True)) if a is not b]
    results = list(leaves[0])
    for k in list(moved):
        truths = truth_of(leaves[0][k]), truth_of(leaves[1][k])
        if not condition.shape and truths in ((True, False), (False, True)):
            results[k] = condition if truths[0] else apply("not", condition)
            moved.remove(k)
    if not moved:
        return results
    yielded = [[side[k] for k in moved] for side in leaves]
    builder = state.trace.builder
    builder.location = state.location
    if selectable(condition, blocks, yielded):
        for block in blocks:
            builder.block.operations.extend(block.operations)
        made = [select(condition, a, b) for a, b in zip(*yielded, strict=True)]
    else:
        for block, values in zip(blocks, yielded, strict=True):
            block.results = values
        made = builder.emit("if", [condition], {}, blocks)
        made = made if isinstance(made, list) else [made]
    for k, value in zip(moved, made, strict=True):
        results[k] = value
    return results


def truth_of(value):
    """The truth that a scalar IR value is, None where it is no constant."""
    operation = value.operation
    if operation is None or operation.name != "constant" or value.type != CONDITION:
        return None
    return bool(operation.attributes["value"])


def select(condition, a, b):
    shape = max((v.shape for v in (condition, a, b)), key=len)
    return apply("select", expand(condition, shape), expand(a, shape), expand(b, shape))


TOTAL = frozenset("""constant add sub mul neg abs max min and or xor not eq ne lt le gt ge select convert
    identity tanh sigmoid sin cos broadcast reshape dim_value iota""".split())
"""Ops that give a finite number with a finite derivative for every finite operand, at little cost."""

UNSAFE = frozenset("""gather scatter_add take_along scatter_along dynamic_slice dynamic_update_slice idiv rem
    mod loop if map one_hot""".split())
"""Ops that may fail, or cost much, where the arm is not taken."""

CHEAP = 8
"""At most so many operations in an arm are computed whether it is taken or not."""


def selectable(condition, blocks, leaves):
    """Whether both blocks may run whatever the condition is."""
    operations = [operation for block in blocks for operation in block.operations]
    if condition.shape:  # one condition for each lane
        # the derivative of an operation that is not total may be NaN where the arm is not taken
        total = not state.differentiating or all(operation.name in TOTAL for operation in operations)
        if not total or any(operation.name in UNSAFE for operation in operations):
            raise LaneEffect
        return True
    return (all(len(block.operations) <= CHEAP for block in blocks)
            and all(operation.name in TOTAL for operation in operations)
            and all(value.rank == 0 for side in leaves for value in side))

