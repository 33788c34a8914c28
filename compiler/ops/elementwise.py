"""Arithmetic, comparison, logic, selection and conversion, element by element.

Operands have equal shapes and element types; nothing is broadcast or promoted here.
"""

import numpy as np

from ..errors import WeberError
from ..types import BOOL, U64, ElementType
from .batching.elementwise import batch_division, batch_elementwise, sum_linear, sum_product
from .kernels import Formula, compute, formula, where
from .record import Elementwise, Linear, Multilinear, Rule, Zero, expect, register
from .rules import expect_kind, expect_operands, expect_same_type, with_element


def infer_elementwise(name, count, kind, result: ElementType | None = None):
    """The type rule of an op on `count` operands of one type whose elements are of `kind`."""

    def infer(operands, attributes, regions):
        expect_operands(name, operands, count)
        expect_kind(name, operands[0], kind)
        expect_same_type(name, operands)
        return [operands[0].type if result is None else with_element(operands[0].type, result)]

    return infer


def evaluate_elementwise(function, result=None):
    """The numpy meaning of an op whose result has the type of its first operand, or `result` elements."""
    return lambda arrays, attributes, context: [
        np.asarray(function(*arrays)).astype(result.numpy if result else arrays[0].dtype, copy=False)]


def lower_as(op_type, **attributes):
    """The lowering of an op that is one ONNX operator on its operands."""

    def lower(lowering, operation, names):
        return [compute(lowering, op_type, names, **attributes)]

    return lower


def elementwise(name, count, kind, function, derivative, lower, result=None, doc="", batch=batch_elementwise,
                batch_sum=None):
    """Registers an elementwise op; `lower` is an ONNX operator or a lowering."""
    register(name, infer_elementwise(name, count, kind, result), evaluate_elementwise(function, result),
             derivative,
             lower_as(lower) if isinstance(lower, str) else lower, doc, batch=batch, batch_sum=batch_sum)


def zeros_like(b, value):
    return b.full(0, value)


# --- arithmetic ---------------------------------------------------------------------------------------------

def _pass(b, operation, cotangents):
    return [cotangents[0]]


def _divide_vjp(b, operation, cotangents):
    numerator_cotangent = b.div(cotangents[0], operation.operands[1])
    return [numerator_cotangent, b.neg(b.mul(numerator_cotangent, operation.result))]


def _divide_jvp(b, operation, tangents):
    (numerator, denominator), (_, divisor) = tangents, operation.operands
    change = None if denominator is None else b.neg(b.mul(denominator, operation.result))
    total = numerator if change is None else change if numerator is None else b.add(numerator, change)
    return [b.div(total, divisor)]


elementwise("neg", 1, "number", np.negative,
            Linear(lambda b, operation, cotangents: [b.neg(cotangents[0])]), "Neg", batch_sum=sum_linear)
elementwise("add", 2, "number", np.add,
            Linear(lambda b, operation, cotangents: [cotangents[0], cotangents[0]]), "Add",
            batch_sum=sum_linear)
elementwise("sub", 2, "number", np.subtract,
            Linear(lambda b, operation, cotangents: [cotangents[0], b.neg(cotangents[0])]), "Sub",
            batch_sum=sum_linear)
elementwise("mul", 2, "number", np.multiply,
            Multilinear(lambda b, operation, cotangent: [b.mul(cotangent, operation.operands[1]),
                                                         b.mul(cotangent, operation.operands[0])]), "Mul",
            batch_sum=sum_product)
elementwise("div", 2, "float", np.divide, Rule(_divide_vjp, _divide_jvp), "Div")
elementwise("abs", 1, "number", np.abs, Elementwise((lambda b, x, y: b.sign(x),)), "Abs")
elementwise("sign", 1, "number", np.sign, Zero(), "Sign", doc="-1, 0 or 1; NaN of NaN")


def _checked(function, name):
    def divide(a, b):
        if np.any(b == 0):
            raise WeberError(f"{name}: integer division by zero", kind="DivideError")
        return function(a, b)

    return divide


def _truncating_quotient(a, b):
    quotient = a // b
    return quotient + ((a % b != 0) & ((a < 0) != (b < 0))).astype(a.dtype)


def _on_kind(floats, integers):
    """The function for the kind of the first array, as a numpy function or a lowering takes it."""
    return lambda *arrays: (integers if arrays[0].dtype.kind in "iu" else floats)(*arrays)


def _remainder_partials(quotient):
    one = lambda b, x, y, result: b.full(1, x)  # noqa: E731
    return Elementwise((one, lambda b, x, y, result: b.neg(quotient(b, b.div(x, y)))))


def _lower_mod(lowering, operation, names):
    if operation.result.element.is_integer:
        return lower_as("Mod", fmod=0)(lowering, operation, names)
    return formula(_floored_remainder)(lowering, operation, names)


def _floored_remainder(x, y):
    remainder = x.apply("Mod", y, fmod=1)
    apart = (remainder < 0).apply("Xor", y < 0) & ~remainder.equals(0)
    return apart.choose(remainder + y, remainder)


elementwise("idiv", 2, "integer", _checked(_truncating_quotient, "idiv"), Zero(), "Div",
            doc="the quotient, rounded to zero", batch=batch_division)
elementwise("rem", 2, "number", _on_kind(np.fmod, _checked(np.fmod, "rem")),
            _remainder_partials(lambda b, q: b.trunc(q)), lower_as("Mod", fmod=1),
            doc="the remainder with the sign of the dividend", batch=batch_division)
elementwise("mod", 2, "number", _on_kind(np.mod, _checked(np.mod, "mod")),
            _remainder_partials(lambda b, q: b.floor(q)), _lower_mod,
            doc="the remainder with the sign of the divisor", batch=batch_division)


# --- powers -------------------------------------------------------------------------------------------------

def _power_of_base(b, x, p, y):
    # p xᵖ⁻¹, and 0 where p is 0 also at x = 0
    zero = zeros_like(b, p)
    return b.select(b.eq(p, zero), zero, b.mul(p, b.pow(x, b.sub(p, b.full(1, p)))))


def _power_of_exponent(b, x, p, y):
    # xᵖ log|x|, and its limit 0 at x = 0 for p > 0
    zero = zeros_like(b, x)
    vanishes = getattr(b, "and")(b.eq(x, zero), b.gt(p, zero))
    return b.select(vanishes, zero, b.mul(y, b.log(b.abs(x))))


def _integer_power(a, b):
    if np.any(b < 0):
        raise WeberError("pow: an integer power of an integer needs an exponent that is not negative",
                         kind="DomainError")
    return np.power(a, b)


def _constant_operand(operation, index):
    """The number that all elements of an operand have if it is a constant scalar or its broadcast."""
    # the results belong to the operation as it was built; the operands being lowered may stand in for
    # broadcasts
    operand = operation.result.operation.operands[index].operation
    while operand is not None and operand.name in ("broadcast", "reshape"):
        operand = operand.operands[0].operation
    if operand is None or operand.name != "constant" or operand.attributes["value"].size != 1:
        return None
    return operand.attributes["value"].reshape(())[()]


def _lower_power(lowering, operation, names):
    if operation.result.element.is_float:
        return [compute(lowering, "Pow", names)]
    # The integer kernel of Pow computes in float64, which has 53 bits: square and multiply instead.
    base, exponent = (Formula(lowering, name) for name in names)
    known = _constant_operand(operation, 1)
    bits = base.element.bits - 1 if known is None else int(known).bit_length()
    total = None
    for bit in range(bits):
        if known is None:
            odd = ~exponent.apply("BitwiseAnd", 1 << bit).equals(0)
            total = odd.choose(base, 1) if total is None else odd.choose(total * base, total)
        elif int(known) >> bit & 1:
            total = base if total is None else total * base
        if bit + 1 < bits:
            base = base * base
    return [(total or base.equals(base).cast(base.element)).name]


elementwise("pow", 2, "number", _on_kind(np.power, _integer_power),
            Elementwise((_power_of_base, _power_of_exponent)), _lower_power,
            doc="x to the power p; of integers, with an exponent that is not negative", batch=batch_division)


# --- extrema ------------------------------------------------------------------------------------------------
# Where the operands are equal the derivative goes to the second of `max` and the first of `min`, as in
# Julia's rules.

def _extremum_rule(takes_first):
    def split(b, operation):
        x, y = operation.operands
        return takes_first(b, x, y)

    def vjp(b, operation, cotangents):
        first, zero = split(b, operation), zeros_like(b, cotangents[0])
        return [b.select(first, cotangents[0], zero), b.select(first, zero, cotangents[0])]

    def jvp(b, operation, tangents):
        x, y = (zeros_like(b, operation.result) if t is None else t for t in tangents)
        return [b.select(split(b, operation), x, y)]

    return Rule(vjp, jvp)


elementwise("max", 2, "number", np.maximum, _extremum_rule(lambda b, x, y: b.gt(x, y)), "Max",
            doc="NaN if one is")
elementwise("min", 2, "number", np.minimum, _extremum_rule(lambda b, x, y: b.le(x, y)), "Min",
            doc="NaN if one is")


# --- rounding -----------------------------------------------------------------------------------------------

elementwise("floor", 1, "float", np.floor, Zero(), "Floor")
elementwise("ceil", 1, "float", np.ceil, Zero(), "Ceil")
elementwise("round", 1, "float", np.rint, Zero(), "Round",
            doc="to the nearest integer, halves to the even one")
elementwise("trunc", 1, "float", np.trunc, Zero(),
            formula(lambda x: (x < 0).choose(x.apply("Ceil"), x.apply("Floor"))))


# --- comparison ---------------------------------------------------------------------------------------------

def _lower_not_equal(lowering, operation, names):
    return [lowering.node("Not", [compute(lowering, "Equal", names)])]


elementwise("eq", 2, "any", np.equal, Zero(), "Equal", BOOL)
elementwise("ne", 2, "any", np.not_equal, Zero(), _lower_not_equal, BOOL)
elementwise("lt", 2, "number", np.less, Zero(), "Less", BOOL)
elementwise("le", 2, "number", np.less_equal, Zero(), "LessOrEqual", BOOL)
elementwise("gt", 2, "number", np.greater, Zero(), "Greater", BOOL)
elementwise("ge", 2, "number", np.greater_equal, Zero(), "GreaterOrEqual", BOOL)


def _lower_is_finite(lowering, operation, names):
    x = Formula(lowering, names[0])
    return [(~(x.apply("IsInf") | x.apply("IsNaN"))).name]


elementwise("is_nan", 1, "float", np.isnan, Zero(), "IsNaN", BOOL)
elementwise("is_inf", 1, "float", np.isinf, Zero(), "IsInf", BOOL)
elementwise("is_finite", 1, "float", np.isfinite, Zero(), _lower_is_finite, BOOL)


# --- logic and bits -----------------------------------------------------------------------------------------

def _lower_logic(op_type):
    def lower(lowering, operation, names):
        is_bool = operation.result.element is BOOL
        return [compute(lowering, op_type if is_bool else f"Bitwise{op_type}", names)]

    return lower


for _name, _function, _count in (("and", np.bitwise_and, 2), ("or", np.bitwise_or, 2),
                                 ("xor", np.bitwise_xor, 2),
                                 ("not", np.invert, 1)):
    elementwise(_name, _count, "logical", _function, Zero(), _lower_logic(_name.capitalize()),
                doc="logical on i1, bit by bit on integers")


def _shift(function):
    def shift(x, count):
        unsigned = np.dtype(f"u{x.dtype.itemsize}")
        bits, amount = x.view(unsigned), count.view(unsigned)
        inside = amount < 8 * x.dtype.itemsize
        return np.where(inside, function(bits, np.where(inside, amount, 0).astype(unsigned)), 0).astype(
            unsigned).view(x.dtype)

    return lambda x, count: shift(np.atleast_1d(x), np.atleast_1d(count)).reshape(x.shape)


def _lower_shift(direction):
    def lower(lowering, operation, names):
        element = operation.result.element
        bits, count = (Formula(lowering, name).cast(U64) for name in names)
        if element.bits < 64:  # the cast extended the sign of a narrow negative number
            bits = bits.apply("BitwiseAnd", (1 << element.bits) - 1)
        shifted = bits.apply("BitShift", count, direction=direction).cast(element)
        known = _constant_operand(operation, 1)
        if known is None or not 0 <= int(known) < element.bits:
            shifted = (count < element.bits).choose(shifted, 0)
        return [shifted.name]

    return lower


elementwise("shift_left", 2, "integer", _shift(np.left_shift), Zero(), _lower_shift("LEFT"),
            doc="0 where the count is negative or at least the number of bits")
elementwise("shift_right_logical", 2, "integer", _shift(np.right_shift), Zero(), _lower_shift("RIGHT"),
            doc="fills with zeros; 0 where the count is negative or at least the number of bits")


# --- selection, copies, conversion --------------------------------------------------------------------------

def _infer_select(operands, attributes, regions):
    expect_operands("select", operands, 3)
    condition, *choices = operands
    expect_same_type("select", choices)
    expect(condition.type == with_element(choices[0].type, BOOL),
           f"select takes a condition of type {with_element(choices[0].type, BOOL)}, got {condition.type}")
    return [choices[0].type]


def _select_transpose(b, operation, cotangents):
    zero = zeros_like(b, cotangents[0])
    condition = operation.operands[0]
    return [None, b.select(condition, cotangents[0], zero), b.select(condition, zero, cotangents[0])]


register("select", _infer_select, lambda arrays, attributes, context: [np.where(*arrays)],
         Linear(_select_transpose, of=(1, 2)),
         lambda lowering, operation, names: [where(lowering, *names)],
         "the second operand where the first is true, else the third", batch=batch_elementwise)

elementwise("identity", 1, "any", lambda x: x, Linear(_pass),
            lambda lowering, operation, names: [lowering.node("Identity", names)], batch_sum=sum_linear)
elementwise("stop_gradient", 1, "any", lambda x: x, Zero(),
            lambda lowering, operation, names: [lowering.node("Identity", names)],
            doc="the operand, with derivative zero")


def _infer_convert(operands, attributes, regions):
    expect_operands("convert", operands, 1)
    expect(isinstance(attributes["element"], ElementType), f"convert to {attributes['element']}")
    return [with_element(operands[0].type, attributes["element"])]


register("convert", _infer_convert,
         lambda arrays, attributes, context: [arrays[0].astype(attributes["element"].numpy)],
         Linear(lambda b, operation, cotangents: [b.convert(cotangents[0],
                                                            element=operation.operands[0].element)]),
         lambda lowering, operation, names: [lowering.cast(names[0], operation.result.element)],
         "to another element type; floats to integers by truncation, numbers to i1 as `x != 0`",
         batch=batch_elementwise)
