"""Identities of arithmetic, logic, conversion and selection that are exact in IEEE arithmetic, signs of zeros
included.

What NaN a NaN is, is not kept.
"""

import numpy as np

from ..ir import inline
from ..rewrite import Rules
from ..types import BOOL, ElementType
from .patterns import constant_of, is_splat, made_by, splat_of

RULES = Rules()


# --- canonical forms ----------------------------------------------------------------------------------------

@RULES("add", "mul", "max", "min", "and", "or", "xor", "eq", "ne")
def constant_to_the_right(b, operation):
    x, y = operation.operands
    if splat_of(x) is not None and splat_of(y) is None:
        return b.emit(operation.name, (y, x))
    return None


_MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}


@RULES("lt", "gt", "le", "ge")
def compared_constant_to_the_right(b, operation):
    x, y = operation.operands
    if splat_of(x) is not None and splat_of(y) is None:
        return b.emit(_MIRRORED[operation.name], (y, x))
    return None


# --- neutral and absorbing elements -------------------------------------------------------------------------

@RULES("add")
def add_zero(b, operation):
    """x + -0 is x, and so is x + 0 unless x is -0."""
    x, y = operation.operands
    if is_splat(y, -0.0) and x.element.is_float:
        return x
    return x if is_splat(y, 0.0) and (x.element.is_integer or never_negative_zero(x)) else None


@RULES("sub")
def subtract_zero(b, operation):
    x, y = operation.operands
    return x if is_splat(y, 0.0) else None


@RULES("mul", "div", "idiv", "pow")
def by_one(b, operation):
    x, y = operation.operands
    return x if is_splat(y, 1) else None


@RULES("mul", "div")
def by_minus_one(b, operation):
    x, y = operation.operands
    return b.neg(x) if is_splat(y, -1) else None


@RULES("mul", "and")
def integer_times_zero(b, operation):
    x, y = operation.operands
    return y if not x.element.is_float and is_splat(y, 0) else None


@RULES("sub", "xor")
def integer_less_itself(b, operation):
    x, y = operation.operands
    return b.full(0, x) if x is y and not x.element.is_float else None


@RULES("and", "or", "max", "min")
def with_itself(b, operation):
    x, y = operation.operands
    return x if x is y else None


@RULES("and", "or")
def with_neutral(b, operation):
    x, y = operation.operands
    if x.element is BOOL and splat_of(y) is not None:
        return x if bool(splat_of(y)) == (operation.name == "and") else y
    return None


@RULES("eq", "le", "ge", "ne", "lt", "gt")
def compared_with_itself(b, operation):
    x, y = operation.operands
    if x is not y or x.element.is_float:
        return None
    return b.full(operation.name in ("eq", "le", "ge"), operation.result)


@RULES("eq", "ne")
def compared_with_truth(b, operation):
    x, y = operation.operands
    if x.element is not BOOL or splat_of(y) is None:
        return None
    return x if bool(splat_of(y)) == (operation.name == "eq") else getattr(b, "not")(x)


_NEVER_NEGATIVE_ZERO = frozenset(["abs", "exp", "sigmoid", "softplus", "cosh", "iota"])


def never_negative_zero(value) -> bool:
    """Whether no element can be -0, told from the operation that makes it."""
    operation = value.operation
    if operation is None:
        return False
    if operation.name == "mul":
        return operation.operands[0] is operation.operands[1]
    if operation.name == "convert":
        return not operation.operands[0].element.is_float
    if operation.name in ("broadcast", "reshape", "transpose", "slice"):
        return never_negative_zero(operation.operands[0])
    if operation.name == "add":  # a sum is -0 only if both terms are
        return any(never_negative_zero(operand) for operand in operation.operands)
    return operation.name in _NEVER_NEGATIVE_ZERO


# --- signs --------------------------------------------------------------------------------------------------

@RULES("neg", "not")
def twice(b, operation):
    inner = made_by(operation.operands[0], operation.name)
    return inner.operands[0] if inner else None


@RULES("abs")
def absolute_of_sign_change(b, operation):
    (x,) = operation.operands
    inner = made_by(x, "neg")
    return x if made_by(x, "abs") else b.abs(inner.operands[0]) if inner else None


@RULES("add")
def add_negated(b, operation):
    x, y = operation.operands
    if negated := made_by(y, "neg"):
        return b.sub(x, negated.operands[0])
    negated = made_by(x, "neg")
    return b.sub(y, negated.operands[0]) if negated else None


@RULES("sub")
def subtract_negated(b, operation):
    x, y = operation.operands
    negated = made_by(y, "neg")
    return b.add(x, negated.operands[0]) if negated else None


@RULES("mul", "div")
def signs_of_factors(b, operation):
    x, y = operation.operands
    first, second = made_by(x, "neg"), made_by(y, "neg")
    if first and second:
        return b.emit(operation.name, (first.operands[0], second.operands[0]))
    if first and splat_of(y) is not None:
        return b.emit(operation.name, (first.operands[0], b.neg(y)))
    return None


@RULES("neg")
def negate_scaled(b, operation):
    for name in ("mul", "div"):
        scaled = made_by(operation.operands[0], name)
        if scaled and splat_of(scaled.operands[1]) is not None and b.is_used_once(scaled.result):
            return b.emit(name, (scaled.operands[0], b.neg(scaled.operands[1])))
    return None


# --- powers and divisions -----------------------------------------------------------------------------------

@RULES("pow")
def small_power(b, operation):
    x, y = operation.operands
    if is_splat(y, 0):
        return b.full(1, x)
    if is_splat(y, 2):
        return b.mul(x, x)
    return b.reciprocal(x) if x.element.is_float and is_splat(y, -1) else None


@RULES("div")
def divide_by_power_of_two(b, operation):
    """Division by 2ᵏ is multiplication by 2⁻ᵏ."""
    x, y = operation.operands
    divisor = splat_of(y)
    if divisor is None or x.element.name not in ("f32", "f64") or not has_exact_reciprocal(divisor):
        return None
    return b.mul(x, b.full(1 / divisor, x))


def has_exact_reciprocal(number) -> bool:
    """Whether a float is ±2ᵏ with k such that 2⁻ᵏ is a normal number too."""
    mantissa, exponent = np.frexp(number)
    return bool(np.isfinite(number)) and abs(mantissa) == 0.5 and abs(int(exponent)) < 100


@RULES("add", "mul")
def integer_constants_twice(b, operation):
    """(x + m) + n = x + (m + n), and so for products; true of integers, which wrap around, not of floats."""
    x, y = operation.operands
    inner = made_by(x, operation.name)
    if inner is None or x.element.is_float or splat_of(y) is None or splat_of(inner.operands[1]) is None:
        return None
    return b.emit(operation.name, (inner.operands[0], b.emit(operation.name, (inner.operands[1], y))))


@RULES("sub")
def subtract_integer_constant(b, operation):
    """x - n = x + (-n) of integers, which wrap around."""
    x, y = operation.operands
    return None if x.element.is_float or splat_of(y) is None else b.add(x, b.neg(y))


# --- conversion ---------------------------------------------------------------------------------------------

@RULES("convert")
def convert_to_same(b, operation):
    (x,) = operation.operands
    return x if x.element is operation.attributes["element"] else None


@RULES("convert")
def convert_twice(b, operation):
    """A conversion that loses nothing can be left out before another."""
    inner = made_by(operation.operands[0], "convert")
    if inner is None or not holds(inner.attributes["element"], inner.operands[0].element):
        return None
    return b.convert(inner.operands[0], element=operation.attributes["element"])


def holds(wide: ElementType, narrow: ElementType) -> bool:
    """Whether every number of one element type is one of another, and is the same after a conversion further
    on."""
    if wide is narrow or narrow is BOOL:
        return True
    if wide is BOOL or (narrow.is_float and not wide.is_float):
        return False
    if narrow.is_float:
        return wide.bits > narrow.bits
    if wide.is_float:
        significant = {"f16": 11, "bf16": 8, "f32": 24, "f64": 53}[wide.name]
        return narrow.bits <= significant
    return wide.bits > narrow.bits and not (narrow.kind == "integer" and wide.kind == "unsigned")


@RULES("identity")
def drop_identity(b, operation):
    return operation.operands[0]


# --- selection ----------------------------------------------------------------------------------------------

@RULES("select")
def select_known(b, operation):
    condition, x, y = operation.operands
    if x is y:
        return x
    known = splat_of(condition)
    return None if known is None else x if known else y


@RULES("select")
def select_by_negation(b, operation):
    condition, x, y = operation.operands
    negated = made_by(condition, "not")
    return b.select(negated.operands[0], y, x) if negated else None


@RULES("select")
def select_one_or_zero(b, operation):
    """select(c, 1, 0) is c as a number."""
    condition, x, y = operation.operands
    if x.element is BOOL:
        if splat_of(x) is None or splat_of(y) is None or bool(splat_of(x)) == bool(splat_of(y)):
            return None
        return condition if splat_of(x) else getattr(b, "not")(condition)
    return b.convert(condition, element=x.element) if is_splat(x, 1) and is_splat(y, 0) else None


@RULES("select")
def select_under_same_condition(b, operation):
    condition, x, y = operation.operands
    first, second = made_by(x, "select"), made_by(y, "select")
    if first and first.operands[0] is condition:
        return b.select(condition, first.operands[1], y)
    if second and second.operands[0] is condition:
        return b.select(condition, x, second.operands[2])
    return None


@RULES("if")
def known_condition(b, operation):
    known = constant_of(operation.operands[0])
    return None if known is None else inline(b, operation.regions[0 if known else 1], ())
