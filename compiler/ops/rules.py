"""What the type rules of several ops share."""

from ..types import BOOL, Dim, DimExpression, ElementType, TensorType
from .record import TypeRuleError, expect

KINDS = {
    "float": lambda element: element.is_float,
    "integer": lambda element: element.is_integer,
    "number": lambda element: element is not BOOL,
    "logical": lambda element: element is BOOL or element.is_integer,
    "bool": lambda element: element is BOOL,
    "any": lambda element: True,
}


def expect_operands(name, operands, count):
    """Raises `TypeRuleError` unless there are `count` operands."""
    expect(len(operands) == count,
           f"{name} takes {count} operand{'s' if count != 1 else ''}, got {len(operands)}")


def expect_kind(name, value, kind):
    """Raises `TypeRuleError` unless the element type of a value is of a kind in `KINDS`."""
    if not KINDS[kind](value.element):
        raise TypeRuleError(f"{name} is not defined for elements of type {value.element} (it takes {kind})")


def expect_same_type(name, operands):
    """Raises `TypeRuleError` unless all operands have one type."""
    first = operands[0].type
    for other in operands[1:]:
        if other.type != first:  # the message costs more than the test
            raise TypeRuleError(f"{name} takes operands of equal type, got {first} and {other.type}")


def expect_same_element(name, operands):
    """Raises `TypeRuleError` unless all operands have one element type."""
    first = operands[0].element
    for other in operands[1:]:
        if other.element is not first:
            raise TypeRuleError(
                f"{name} takes operands of equal element type, got {first} and {other.element}")


def expect_axis(name, axis, rank):
    """Raises `TypeRuleError` unless `axis` counts an axis of a tensor of `rank`."""
    expect(isinstance(axis, int) and 0 <= axis < rank, f"{name}: axis {axis} of a tensor of rank {rank}")


def expect_axes(name, axes, rank):
    """The axes as a tuple; raises `TypeRuleError` unless they are different axes of a tensor of `rank`."""
    axes = tuple(axes)
    for axis in axes:
        expect_axis(name, axis, rank)
    expect(len(set(axes)) == len(axes), f"{name}: axes {axes} repeat")
    return axes


def expect_scalar_index(name, value):
    """Raises `TypeRuleError` unless a value is an i64 scalar."""
    expect(value.rank == 0 and value.element.name == "i64", f"{name} takes i64 scalars, got {value.type}")


def differ(a: Dim, b: Dim) -> bool:
    """Whether two dims can be proved to be different: their difference is a constant other than 0."""
    difference = a - b
    return not isinstance(difference, DimExpression) and difference != 0


def as_shape(name, shape) -> tuple[Dim, ...]:
    """A shape attribute as a tuple; raises `TypeRuleError` for a negative size."""
    shape = tuple(shape)
    for dim in shape:
        expect(isinstance(dim, DimExpression) or (isinstance(dim, int) and dim >= 0), f"{name}: size {dim}")
    return shape


def with_element(type: TensorType, element: ElementType) -> TensorType:
    """The type with another element type."""
    return TensorType(element, type.shape)


def without_axes(shape, axes) -> tuple[Dim, ...]:
    """The shape with axes dropped."""
    return tuple(dim for axis, dim in enumerate(shape) if axis not in axes)


def replace(sequence, index, item) -> tuple:
    """The sequence as a tuple, with one item replaced."""
    return (*sequence[:index], item, *sequence[index + 1:])
