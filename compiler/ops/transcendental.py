"""Functions of analysis, element by element, on floats.

Where the runtime has no kernel for an element type (`kernels`) the lowering is a formula that keeps the
precision of the element type; the formulas use series and identities of Abramowitz and Stegun, "Handbook of
Mathematical Functions".
"""

import math

import numpy as np

from .elementwise import elementwise
from .kernels import compute, formula, has_kernel
from .record import Elementwise


def _analytic(name, function, partial, op_type=None, otherwise=None, doc=""):
    """Registers a function of one variable. `partial(b, x, y)` is its derivative, `op_type` its ONNX
    operator, and `otherwise` a formula for element types that the operator has no kernel for."""

    def lower(lowering, operation, names):
        if op_type and (otherwise is None or has_kernel(op_type, operation.result.element)):
            return [compute(lowering, op_type, names)]
        return formula(otherwise)(lowering, operation, names)

    elementwise(name, 1, "float", function, Elementwise((partial,)), lower, doc=doc)


# --- formulas -----------------------------------------------------------------------------------------------

def _expm1(x):
    # 2t / (1 - t) with t = tanh(x/2) does not cancel near 0
    t = (x * 0.5).apply("Tanh")
    return (x.apply("Abs") < 1).choose((t + t) / (1 - t), x.apply("Exp") - 1)


def _log1p(x):
    # log(u) with the rounding error of u = 1 + x put back to first order
    u = x + 1
    logarithm = u.apply("Log")
    return (x.apply("Abs") < 1).choose(logarithm - ((u - 1) - x) / u, logarithm)


def _with_sign_of(magnitude, x):
    return (x < 0).choose(-magnitude, magnitude)


def _sinh(x):
    a = x.apply("Abs")
    e, root = _expm1(a), (a * 0.5).apply("Exp")  # the root's square would overflow before its half product
    return _with_sign_of((a < 1).choose((e + e / (e + 1)) * 0.5,
                                        (root * 0.5) * root - (-a).apply("Exp") * 0.5), x)


def _cosh(x):
    a = x.apply("Abs")
    root = (a * 0.5).apply("Exp")
    return (root * 0.5) * root + (-a).apply("Exp") * 0.5


def _atan(x):
    """atan x = 4 atan t after halving the angle twice, so that |t| < 0.2 and the series (4.4.42) is short."""
    a = x.apply("Abs")
    t = (a > 1).choose(1 / a, a)
    for _ in range(2):
        t = t / ((t * t + 1).apply("Sqrt") + 1)
    angle = t * 4 * (t * t).polynomial([(-1) ** k / (2 * k + 1) for k in range(12)])
    return _with_sign_of((a > 1).choose(math.pi / 2 - angle, angle), x)


def _arctangent(x):
    return x.apply("Atan") if has_kernel("Atan", x.element) else _atan(x)


def _asinh(x):
    a = x.apply("Abs")
    square = a * a
    return _with_sign_of((a > 1e8).choose(a.apply("Log") + math.log(2),
                                          _log1p(a + square / ((square + 1).apply("Sqrt") + 1))), x)


def _acosh(x):
    t = x - 1
    return (x > 1e8).choose(x.apply("Log") + math.log(2), _log1p(t + t.apply("Sqrt") * (t + 2).apply("Sqrt")))


def _logarithm(x, base):
    """The logarithm to a base, exact for its whole powers."""
    power = x.apply("Log") * (1 / math.log(base))
    whole = power.apply("Round")
    return x.constant(base).apply("Pow", whole).equals(x).choose(whole, power)


def _softplus(x):
    return _log1p((-x.apply("Abs")).apply("Exp")) + x.apply("Max", 0)


def _erf(x):
    """Up to 2.5 the series 2/√π x exp(-x²) Σ 2ᵏ x²ᵏ / (2k+1)!! (7.1.6), then the fraction (7.1.14)."""
    a, terms = x.apply("Abs").apply("Min", 30), [1.0]
    for k in range(1, 35):
        terms.append(terms[-1] * 2 / (2 * k + 1))
    gauss = (-(a * a)).apply("Exp")
    near = a * (2 / math.sqrt(math.pi)) * gauss * (a.apply("Min", 2.5)
                                                   * a.apply("Min", 2.5)).polynomial(terms)
    fraction = a
    for k in range(24, 0, -1):
        fraction = a + k / 2 / fraction
    far = 1 - gauss * (1 / math.sqrt(math.pi)) / fraction
    return _with_sign_of((a < 2.5).choose(near, far), x)


def _atan2(y, x):
    """The angle of the point (x, y), from that in its octant; signed zeros and infinities count."""
    above, right = y.apply("Abs"), x.apply("Abs")
    steep, infinite = above > right, right.equals(math.inf) & above.equals(math.inf)
    large = above.apply("Max", right)
    ratio = infinite.choose(1, steep.choose(right, above) / large.equals(0).choose(1, large))
    angle = _arctangent(ratio)
    angle = steep.choose(math.pi / 2 - angle, angle)
    angle = _is_negative(x).choose(math.pi - angle, angle)
    return _is_negative(y).choose(-angle, angle)


def _is_negative(x):
    return (x < 0) | (x.equals(0) & (1 / x < 0))  # the reciprocal of -0 is -Inf


# --- derivatives --------------------------------------------------------------------------------------------

def _one(b, x):
    return b.full(1, x)


def _squared(b, x):
    return b.mul(x, x)


def _scaled(b, value, factor):
    return b.mul(value, b.full(factor, value))


def _one_minus_square(b, x):
    return b.sub(_one(b, x), _squared(b, x))


def _one_plus_square(b, x):
    return b.add(_one(b, x), _squared(b, x))


# --- records ------------------------------------------------------------------------------------------------

_analytic("exp", np.exp, lambda b, x, y: y, "Exp")
_analytic("expm1", np.expm1, lambda b, x, y: b.add(y, _one(b, y)), otherwise=_expm1, doc="exp(x) - 1")
_analytic("log", np.log, lambda b, x, y: b.reciprocal(x), "Log")
_analytic("log1p", np.log1p, lambda b, x, y: b.reciprocal(b.add(x, _one(b, x))), otherwise=_log1p,
          doc="log(1 + x)")
_analytic("log2", np.log2, lambda b, x, y: b.reciprocal(_scaled(b, x, math.log(2))),
          otherwise=lambda x: _logarithm(x, 2))
_analytic("log10", np.log10, lambda b, x, y: b.reciprocal(_scaled(b, x, math.log(10))),
          otherwise=lambda x: _logarithm(x, 10))
_analytic("sqrt", np.sqrt, lambda b, x, y: b.reciprocal(b.add(y, y)), "Sqrt")
_analytic("rsqrt", lambda x: 1 / np.sqrt(x), lambda b, x, y: _scaled(b, b.div(y, x), -0.5),
          otherwise=lambda x: x.apply("Sqrt").apply("Reciprocal"), doc="1 / √x")
_analytic("reciprocal", lambda x: 1 / x, lambda b, x, y: b.neg(_squared(b, y)), "Reciprocal")
_analytic("sin", np.sin, lambda b, x, y: b.cos(x), "Sin")
_analytic("cos", np.cos, lambda b, x, y: b.neg(b.sin(x)), "Cos")
_analytic("tan", np.tan, lambda b, x, y: _one_plus_square(b, y),
          "Tan", lambda x: x.apply("Sin") / x.apply("Cos"))
_analytic("asin", np.arcsin, lambda b, x, y: b.rsqrt(_one_minus_square(b, x)), "Asin",
          lambda x: _atan(x / ((1 - x) * (1 + x)).apply("Sqrt")))
_analytic("acos", np.arccos, lambda b, x, y: b.neg(b.rsqrt(_one_minus_square(b, x))), "Acos",
          lambda x: _atan(((1 - x) / (1 + x)).apply("Sqrt")) * 2)
_analytic("atan", np.arctan, lambda b, x, y: b.reciprocal(_one_plus_square(b, x)), "Atan", _atan)
_analytic("sinh", np.sinh, lambda b, x, y: b.cosh(x), "Sinh", _sinh)
_analytic("cosh", np.cosh, lambda b, x, y: b.sinh(x), "Cosh", _cosh)
_analytic("tanh", np.tanh, lambda b, x, y: _one_minus_square(b, y), "Tanh")
_analytic("asinh", np.arcsinh, lambda b, x, y: b.rsqrt(_one_plus_square(b, x)), "Asinh", _asinh)
_analytic("acosh", np.arccosh, lambda b, x, y: b.rsqrt(b.sub(_squared(b, x), _one(b, x))), "Acosh", _acosh)
_analytic("atanh", np.arctanh, lambda b, x, y: b.reciprocal(_one_minus_square(b, x)), "Atanh",
          lambda x: _log1p((x + x) / (1 - x)) * 0.5)
_analytic("sigmoid", lambda x: np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x))),
          lambda b, x, y: b.mul(y, b.sub(_one(b, y), y)), "Sigmoid", doc="1 / (1 + exp(-x))")
_analytic("softplus", lambda x: np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0), lambda b, x, y: b.sigmoid(x),
          "Softplus", _softplus, "log(1 + exp(x))")
_analytic("erf", np.vectorize(math.erf, otypes=[np.float64]),
          lambda b, x, y: _scaled(b, b.exp(b.neg(_squared(b, x))), 2 / math.sqrt(math.pi)), "Erf", _erf)


def _atan2_partial(b, numerator, y, x):
    return b.div(numerator, b.add(_squared(b, y), _squared(b, x)))


elementwise("atan2", 2, "float", np.arctan2,
            Elementwise((lambda b, y, x, angle: _atan2_partial(b, x, y, x),
                         lambda b, y, x, angle: b.neg(_atan2_partial(b, y, y, x)))),
            formula(_atan2), doc="the angle of the point (x, y), of the operands y and x")
