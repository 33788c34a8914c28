"""Numbers as Julia writes them.

Floats print with the fewest digits that read back as the same number (`0.1`, `1.0e-5`, `1.0f0`), or rounded
to six significant digits where the display is compact.
"""

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np

from .. import types as t

SIX_DIGITS = Context(prec=6, rounding=ROUND_HALF_EVEN)

PLAIN_EXPONENT_LIMIT = 6
"""A float with more digits than this before its point is written with an exponent (a Float16 beyond
three)."""


def shortest_digits(number):
    """The fewest decimal digits that identify a finite positive float among those of its type.

    Returns (digits, exponent): the number is 0.digits × 10^exponent; digits has no trailing zeros."""
    cls = number.__class__
    if cls is float:
        text = repr(number)
    elif cls is np.float32 or cls is np.float16:
        text = np.format_float_scientific(number, unique=True)
    else:  # bfloat16: numpy does not know how to shorten it
        texts = (f"{float(number):.{precision}e}" for precision in range(20))
        text = next(text for text in texts if cls(float(text)) == number)
    return decimal_digits(Decimal(text))


def decimal_digits(decimal):
    """(digits, exponent) of a positive decimal number, which is 0.digits × 10^exponent."""
    _, digits, exponent = decimal.as_tuple()
    text = "".join(map(str, digits))
    stripped = text.rstrip("0") or "0"
    return stripped, exponent + len(text)


def float_text(number, *, typed=False, compact=False, exponent_letter=None):
    """A float as `show` writes it: `typed` marks Float32 and Float16 as such (`1.0f0`, `Float16(1.0)`)."""
    cls = number.__class__
    is_single, is_half = cls is np.float32, cls is np.float16
    value = float(number)
    if not math.isfinite(value):
        text = "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
        if typed and (is_single or is_half):
            text += "32" if is_single else "16"
        elif typed and cls is not float:
            text = f"BFloat16({text})"
        return text
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if value == 0:
        text = sign + "0.0"
        return text + "f0" if typed and is_single else _typed(text, cls, typed)
    digits, point = shortest_digits(abs(number))
    rounded = False
    if compact and len(digits) > 6:
        digits, point = decimal_digits(SIX_DIGITS.create_decimal(Decimal(abs(value))))
        rounded = True
    limit = 3 if is_half else PLAIN_EXPONENT_LIMIT
    # a number that lost its fraction to rounding must not look exact: 123456.7 is 1.23457e5
    unit = 10.0 ** (point - len(digits))
    inexact = rounded and point >= len(digits) and abs((value + 0.05) % unit - 0.05) > 0.05
    if -4 < point <= limit and not inexact:
        if point <= 0:
            text = "0." + "0" * -point + digits
        elif point >= len(digits):
            text = digits + "0" * (point - len(digits)) + ".0"
        else:
            text = digits[:point] + "." + digits[point:]
        if typed and is_single:
            text += "f0"
    else:
        letter = exponent_letter or ("f" if is_single else "e")
        text = f"{digits[0]}.{digits[1:] or '0'}{letter}{point - 1}"
    return _typed(sign + text, cls, typed)


def _typed(text, cls, typed):
    if not typed or cls is float or cls is np.float32:
        return text
    return f"{'Float16' if cls is np.float16 else 'BFloat16'}({text})"


def unsigned_text(number):
    """An unsigned integer as `show` writes it, in hexadecimal at full width: `0x0f`."""
    return f"0x{int(number):0{number.dtype.itemsize * 2}x}"


def is_float(number):
    """Whether a host number is a Julia AbstractFloat."""
    cls = number.__class__
    return cls is float or (isinstance(number, np.generic) and t.JULIA_TYPES.get(number.dtype) in _FLOATS)


_FLOATS = (t.Float16, t.Float32, t.Float64, t.BFloat16)


def complex_text(real, imaginary, show, compact):
    """`real + imaginary im` from its parts, each written by `show`."""
    negative = math.copysign(1.0, imaginary) < 0 and imaginary == imaginary
    sign, magnitude = ("-", -imaginary) if negative else ("+", imaginary)
    text = show(real) + (sign if compact else f" {sign} ") + show(magnitude)
    starred = isinstance(imaginary, bool) or (is_float(imaginary) and not math.isfinite(imaginary))
    return text + ("*im" if starred else "im")
