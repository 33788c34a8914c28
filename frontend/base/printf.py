"""`Printf`: C's format strings, as Julia's `@printf` and `@sprintf` take them."""

import math
import re

import numpy as np

from .. import types as t
from ..printing.display import Context, print_text, show_text
from ..staged_numbers import Traced
from ..staging import host_number
from ..type_lattice import is_subtype
from ..type_names import type_name
from ..values import Char, Irrational, Struct, typeof
from .errors import argument_error, fault
from .registry import define, define_constructor, module

PRINTF = module("Printf")

_SPECIFIER = re.compile(r"%(?P<flags>[-+ #0]*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d*))?"
                        r"(?:hh|h|ll|l|L|j|z|t|q)?(?P<kind>[diuoxXfFeEgGaAcsp%])")


def format_printf(template, arguments) -> str:
    """The template with its specifiers replaced by the arguments. ArgumentError when the format is
    malformed or the number of arguments does not fit."""
    remaining = list(arguments)
    parts, position = [], 0
    for found in _specifiers(template):
        parts.append(template[position:found.start()])
        position = found.end()
        if found["kind"] == "%":
            parts.append("%")
            continue
        width = _number(found["width"], remaining, template)
        precision = _number(found["precision"], remaining, template)
        if not remaining:
            raise _mismatch(template, arguments)
        flags = found["flags"]
        if width is not None and width < 0:
            flags, width = flags + "-", -width
        parts.append(_format(found["kind"], flags, width or 0, precision, remaining.pop(0)))
    if remaining:
        raise _mismatch(template, arguments)
    return "".join(parts) + template[position:]


def _specifiers(template):
    position = 0
    while (position := template.find("%", position)) >= 0:
        found = _SPECIFIER.match(template, position)
        if found is None:
            raise argument_error(f"invalid printf format string: \"{template}\"")
        yield found
        position = found.end()


def _mismatch(template, arguments):
    needed = sum((f["kind"] != "%") + (f["width"] == "*") + (f["precision"] == "*")
                 for f in _specifiers(template))
    return argument_error("mismatch between # of format specifiers and provided args: "
                          f"{needed} != {len(arguments)}")


def _number(text, remaining, template):
    """A width or precision: digits, `*` for the next argument, "" for zero, None."""
    if text == "*":
        if not remaining:
            raise argument_error(f"not enough arguments for \"{template}\"")
        return int(host_number(remaining.pop(0), "a width in a format"))
    return None if text is None else int(text or 0)


def _format(kind, flags, width, precision, value):
    if kind == "c":
        return _pad(chr(value.code if value.__class__ is Char else int(_host(value, kind))), flags, width)
    if kind == "s":
        text = show_text(value, Context()) if "#" in flags else print_text(value, Context())
        return _pad(text if precision is None else text[:precision], flags, width)
    number = _host(value, kind)
    if kind in "diuoxXp":
        return _integer(kind, flags, width, precision, number)
    return _float(kind, flags, width, precision, number)


def _host(value, kind):
    """The host number to print. MethodError for what is no real number."""
    if value.__class__ is Traced:
        value = host_number(value, "printing")
    if value.__class__ is Char and kind in "diuoxX":
        return value.code
    if value.__class__ is Irrational:
        return value.value
    if not is_subtype(typeof(value), t.Real):
        raise fault("MethodError", f"no method to format a {type_name(typeof(value))} as `%{kind}`")
    return value


def _pad(text, flags, width):
    return text.ljust(width) if "-" in flags else text.rjust(width)


def _signed(sign, prefix, digits, flags, width, zeros):
    """A number's sign, prefix and digits, padded to the width with zeros or blanks."""
    if zeros and "-" not in flags:
        digits = digits.rjust(width - len(sign) - len(prefix), "0")
    return _pad(sign + prefix + digits, flags, width)


def _sign(negative, flags):
    return "-" if negative else "+" if "+" in flags else " " if " " in flags else ""


def _integer(kind, flags, width, precision, number):
    if isinstance(number, float | np.floating):  # as Julia: rounded to a whole number
        return _float("f", flags, width, 0, number)
    value, prefix = int(number), ""
    if kind in "oxXp":
        digits = format(abs(value), {"p": "x"}.get(kind, kind))
        prefix = {"x": "0x", "X": "0X", "o": "0"}[kind] if "#" in flags else "0x" if kind == "p" else ""
    else:
        digits = str(abs(value))
    if precision is not None:
        digits = digits.rjust(precision, "0")
    return _signed(_sign(value < 0, flags), prefix, digits, flags, width, "0" in flags and precision is None)


def _float(kind, flags, width, precision, number):
    number = float(number)
    negative = math.copysign(1.0, number) < 0
    if not math.isfinite(number):
        text = "NaN" if math.isnan(number) else "Inf"
        return _pad(_sign(negative and text == "Inf", flags) + text, flags, width)
    if kind in "aA":
        digits = _hexadecimal(abs(number), kind)
    else:
        alternate = "#" if "#" in flags else ""
        digits = format(abs(number), f"{alternate}.{6 if precision is None else precision}{kind}")
    return _signed(_sign(negative, flags), "", digits, flags, width, "0" in flags)


def _hexadecimal(magnitude, kind):
    text = magnitude.hex()
    mantissa, exponent = text.split("p")
    text = f"{mantissa.rstrip('0').rstrip('.')}p{exponent}" if "." in mantissa else text
    return text.upper() if kind == "A" else text


# --- formats as values --------------------------------------------------------------------------------------

Format = t.declare("Format", fields=("template",))
PRINTF.bindings["Format"] = Format


@define_constructor(Format, t.AbstractString)
def make_format(_, template):
    """`Printf.Format("%d")`."""
    for _ in _specifiers(template):
        pass
    return Struct(Format, [template])


@define("format", Format, t.Any, ..., module=PRINTF)
def format_(format, *arguments):
    """The formatted text."""
    return format_printf(format.fields[0], arguments)


@define("format", t.IO, Format, t.Any, ..., module=PRINTF)
def format_to(stream, format, *arguments):
    stream.write_text(format_printf(format.fields[0], arguments))
