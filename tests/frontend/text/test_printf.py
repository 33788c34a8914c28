"""Format strings, against C's printf as Julia follows it."""

import numpy as np
import pytest
from weber.compiler.errors import WeberError
from weber.frontend.base.printf import format_printf
from weber.frontend.interactive.session import Session
from weber.frontend.values import Char, Symbol


@pytest.mark.parametrize(("template", "arguments", "expected"), [
    ("%d", (3,), "3"), ("%5d|", (3,), "    3|"), ("%-5d|", (3,), "3    |"), ("%05d", (-3,), "-0003"),
    ("%+d % d", (3, 3), "+3  3"), ("%d", (2.5,), "2"), ("%d", (3.7,), "4"), ("%i", (True,), "1"),
    ("%u", (7,), "7"), ("%.3d", (7,), "007"), ("%x %X %#x %o", (255, 255, 255, 8), "ff FF 0xff 10"),
    ("%.3f", (3.14159,), "3.142"), ("%8.2f|", (2.5,), "    2.50|"), ("%-8.2f|", (2.5,), "2.50    |"),
    ("%08.3f", (-3.14159,), "-003.142"), ("%.0f %.0f", (0.5, 1.5), "0 2"), ("%f", (1,), "1.000000"),
    ("%e %.2E", (12345.678, 0.0), "1.234568e+04 0.00E+00"),
    ("%g %g %g", (0.0001, 1e10, 100000.0), "0.0001 1e+10 100000"), ("%.10g", (0.1,), "0.1"),
    ("%f %5.1f %+f", (float("nan"), float("inf"), float("inf")), "NaN   Inf +Inf"),
    ("%s %s %5s|", (Symbol("a"), np.float32(1.5), "ab"), "a 1.5    ab|"), ("%.3s", ("abcdef",), "abc"),
    ("%c%c", (Char(97), 98), "ab"), ("100%%", (), "100%"), ("%*d %-*d|", (5, 3, 4, 1), "    3 1   |"),
    ("%.4f", (np.float32(0.1),), "0.1000"), ("%a", (1.0,), "0x1p+0"),
])
def test_format(template, arguments, expected):
    assert format_printf(template, arguments) == expected


@pytest.mark.parametrize(("template", "arguments", "message"), [
    ("%d %d", (1,), "mismatch between # of format specifiers and provided args: 2 != 1"),
    ("%d", (1, 2), "1 != 2"), ("%y", (1,), "invalid printf format string"), ("%d", ("a",), "String"),
])
def test_mistakes(template, arguments, message):
    with pytest.raises(WeberError) as caught:
        format_printf(template, arguments)
    assert message in caught.value.message


def test_the_macros_and_formats_as_values(capsys):
    session = Session()
    session.evaluate('using Printf; @printf("%d of %s\\n", 1, "two")')
    assert capsys.readouterr().out == "1 of two\n"
    assert session.evaluate('Printf.format(Printf.Format("%.1f"), 2.25)') == "2.2"
