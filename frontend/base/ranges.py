"""Ranges: `a:b`, `a:s:b`, `range`, `LinRange`, and arithmetic that keeps them ranges."""

import math

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..calling import call
from ..dims import as_dim, dim_number, terms_of
from ..staged_numbers import DimNumber, Traced
from ..state import LaneEffect, state
from ..type_lattice import TypeVar, unwrap
from ..values import Array, Char, Range, simplest_fraction, typeof
from .arrays import as_array
from .conversion import constructs
from .elements import FLOATS, HOST_TYPES, emit, number_type
from .errors import argument_error, shown
from .registry import define, function
from .sizes import one_to

UNIT = t.UnitRange.body.family.apply(t.Int64)
STEP = unwrap(t.StepRange).family.apply(t.Int64, t.Int64)
STEP_LENGTH = unwrap(t.StepRangeLen).family
TWICE = t.declare("TwicePrecision", parameters=(TypeVar("T"),)).body.family.apply(t.Float64)


def float_range_type(element):
    """`StepRangeLen{T, …}`, which for Float64 holds its start and step in twice the precision."""
    inner = TWICE if element is t.Float64 else t.Float64
    return STEP_LENGTH.apply(element, inner, inner, t.Int64)


def unit_range(start, stop):
    """`start:stop` of integers."""
    length = stop - start + 1
    return Range(start, 1, max(length, 0) if isinstance(length, int) else length, UNIT)


def range_of(start, step, length):
    """The range of `length` elements from `start` on, of the type its numbers give it."""
    if isinstance(start, int | DimNumber):
        return Range(start, step, length, UNIT if step == 1 else STEP)
    return Range(start, step, length, float_range_type(typeof(start)))


def _integer(x, what):
    return x if x.__class__ is DimNumber else staging.host_number(x, what)


def is_open(*numbers):
    """Whether one of the numbers of a range is only known when the graph runs."""
    found = any(x.__class__ is Traced and x.known is None and isinstance(x.data, Value)
                for x in numbers)
    if found and state.lanes:
        raise LaneEffect
    return found


def open_range(start, step, stop):
    """A range of Int64 whose length is only known when the graph runs, a traced number."""
    has_known_step = not is_open(step)
    if has_known_step:
        step = _integer(step, "the step of a range")
        if step == 0:
            raise argument_error("step cannot be zero")
    if start.__class__ is Traced and start.type is not t.Int64:
        start = emit("identity", start, kind=t.Int64)
    kind = UNIT if has_known_step and step == 1 else STEP
    (base, first), (other, last) = number_terms(start), number_terms(stop)
    if base is other and has_known_step:
        return Range(start, step, max((last - first) // step + 1, 0), kind)
    length = emit("add", emit("sub", stop, start, kind=t.Int64), step, kind=t.Int64)
    if kind is STEP:
        length = emit("idiv", length, step, kind=t.Int64)
    return Range(start, step, emit("max", length, 0, kind=t.Int64), kind)


def number_terms(number):
    """A number as (IR value, int) whose sum it is; the value is None for an int."""
    if number.__class__ is not Traced or number.data.__class__ is not Value:
        return (None, number) if number.__class__ is int else (number, 0)
    return terms_of(number.data)


@define(":", t.Integer, t.Integer)
def integer_range(start, stop):
    if is_open(start, stop):
        return open_range(start, 1, stop)
    start, stop = _integer(start, "the start of a range"), _integer(stop, "the end of a range")
    kind = number_type((start, stop))
    if kind is t.Int64 or kind is t.Bool:
        return unit_range(*[int(end) if isinstance(end, np.integer) else end for end in (start, stop)])
    length = max(int(stop) - int(start) + 1, 0)
    return Range(HOST_TYPES[kind](start), HOST_TYPES[kind](1), length, t.UnitRange.body.family.apply(kind))


@define(":", t.Integer, t.Integer, t.Integer)
def integer_steps(start, step, stop):
    if is_open(start, step, stop):
        return open_range(start, step, stop)
    start, step, stop = (_integer(x, "a range") for x in (start, step, stop))
    if step == 0:
        raise argument_error("step cannot be zero")
    length = (stop - start) // step + 1
    return Range(start, step, max(length, 0) if isinstance(length, int) else length, STEP)


@define(":", t.Real, t.Real)
def real_range(start, stop):
    return real_steps(start, HOST_TYPES[number_type((start, stop))](1), stop)


@define(":", t.Real, t.Real, t.Real)
def real_steps(start, step, stop):
    start, step, stop = (staging.host_number(x, "a range") for x in (start, step, stop))
    kind = number_type((start, step, stop))
    if float(step) == 0:
        raise argument_error("range step cannot be zero")
    if not all(math.isfinite(x) for x in (start, step, stop)):
        raise argument_error(
            f"a range from {shown(start)} in steps of {shown(step)} to {shown(stop)} has no length"
        )
    host = HOST_TYPES[kind]
    exact = [simplest_fraction(host(x)) for x in (start, step, stop)]
    length = max(math.floor((exact[2] - exact[0]) / exact[1]) + 1, 0)
    return Range(host(start), host(step), length, float_range_type(kind))


@define("range", t.Real, t.Real, keywords=("length", "step"))
def range_between(start, stop, length=None, step=None):
    """`range(start, stop; length, step)`; with a length the elements are floats."""
    if step is not None:
        return _call_colon(start, step, stop)
    if length is None:
        return _call_colon(start, stop)
    return spaced(start, stop, as_dim(length))


@define("range", t.Real, t.Real, t.Integer)
def range_of_length(start, stop, length):
    return range_between(start, stop, length=length)


@define("range", t.Real, keywords=("stop", "length", "step"))
def range_from(start, stop=None, length=None, step=None):
    if stop is not None:
        return range_between(start, stop, length=length, step=step)
    if length is None:
        return _call_colon(1, start)
    step = 1 if step is None else step
    kind = number_type((start, step))
    host = HOST_TYPES[kind]
    return range_of(host(start), host(step), as_dim(length))


@define("range", keywords=("start", "stop", "length", "step"))
def range_by_keywords(start=1, stop=None, length=None, step=None):
    return range_from(start, stop=stop, length=length, step=step)


def _call_colon(*numbers):
    return call(function(":"), numbers)


def spaced(start, stop, length):
    """`length` numbers from start to stop, both included: where one of them is only known when the graph runs
    an array, else a range."""
    kind = number_type((start, stop))
    if not isinstance(length, int) or is_open(start, stop):
        return staged_spaced(start, stop, length, kind if kind in FLOATS else t.Float64)
    whole = kind not in FLOATS and length > 1 and (int(stop) - int(start)) % (length - 1) == 0
    if length < 0:
        raise argument_error(f"range({shown(start)}, stop={shown(stop)}, length={length}): negative length")
    if length == 1 and start != stop:
        raise argument_error(f"range({start}, stop={stop}, length={length}): endpoints differ")
    if kind not in FLOATS:
        kind = t.Float64
    host = HOST_TYPES[kind]
    step = (int(stop) - int(start)) // (length - 1) if whole else (
        (float(stop) - float(start)) / (length - 1) if length > 1 else 0.0)
    return Range(host(start), host(step), length, float_range_type(kind))


def staged_spaced(start, stop, length, kind):
    """`length` numbers, a dim, from start to stop, where the graph knows how many or which."""
    def spread(number):
        return staging.expand(staging.payload_of(number, kind), (length,))

    places = state.trace.builder.iota(shape=(length,), axis=0, element=t.ELEMENT_TYPES[t.Int64])
    places = staging.convert_payload(places, kind)
    last = emit("max", dim_number(length) - 1, 1)  # of one number alone, the start
    step = emit("div", emit("sub", stop, start, kind=kind), last, kind=kind)
    return Array(staging.apply("add", spread(start), staging.apply("mul", places, spread(step))))


@define("LinRange", t.Real, t.Real, t.Integer)
def linear_range(start, stop, length):
    length = as_dim(length)
    return spaced(float(start) if number_type((start, stop)) not in FLOATS else start, stop, length)


@constructs(t.OneTo, t.Integer)
def construct_one_to(_, count):
    return one_to(count)


@constructs(t.UnitRange, t.Integer, t.Integer)
def construct_unit_range(_, start, stop):
    return integer_range(start, stop)


@constructs(t.AbstractUnitRange, t.AbstractUnitRange)
def same_range(_, range_):
    return range_


# --- questions ----------------------------------------------------------------------------------------------


@define("length", t.AbstractRange)
def length(x):
    return x.length


@define("step", t.AbstractRange)
def step(x):
    return x.step


@define("first", t.AbstractRange)
def first(x):
    return x.start


@define("last", t.AbstractRange)
def last(x):
    return x.stop


@define("minimum", t.AbstractRange)
def minimum(x):
    return _extreme("min", x)


@define("maximum", t.AbstractRange)
def maximum(x):
    return _extreme("max", x)


def _extreme(name, x):
    if not x.is_staged and x.length == 0:
        raise argument_error("reducing over an empty collection is not allowed; consider supplying `init` to "
                             "the reducer")
    return call(function(name), (x.start, x.stop))


@define("in ∈", t.Number, t.AbstractRange)
def is_in_range(x, range_):
    if x.__class__ is Traced or range_.is_staged:
        from .searching import is_in

        return is_in(x, as_array(range_) if range_.is_staged else range_)
    if range_.length == 0:
        return False
    if range_.start.__class__ is Char:
        return False
    index = (x - range_.start) / range_.step
    return bool(index == math.floor(index) and 0 <= index < range_.length)


@define("reverse", t.AbstractRange)
def reverse(x):
    return range_of(x.stop, -x.step, x.length)


@define("isempty", t.AbstractRange)
def is_empty(x):
    return call(function("=="), (x.length, 0))


@define("==", t.AbstractRange, t.AbstractRange)
def equal(a, b):
    if a.is_staged or b.is_staged:
        def compared(name, x, y):
            return call(function(name), (x, y))

        same = compared("==", a.start, b.start)
        if a.step != b.step:
            same = compared("&", same, compared("==", a.length, 1))
        same = compared("|", same, compared("==", a.length, 0))
        return compared("&", compared("==", a.length, b.length), same)
    if a.length != b.length:
        return False
    return a.length == 0 or (a.start == b.start and (a.length == 1 or a.step == b.step))


# --- arithmetic ---------------------------------------------------------------------------------------------


@define("+", t.AbstractRange, t.AbstractRange)
def add(a, b):
    return _combined("+", a, b)


@define("-", t.AbstractRange, t.AbstractRange)
def subtract(a, b):
    return _combined("-", a, b)


def _combined(name, a, b):
    return call(function(name), (as_array(a), as_array(b)))


@define("-", t.AbstractRange)
def negate(x):
    return range_of(-x.start, -x.step, x.length)


@define("*", t.Number, t.AbstractRange)
def scale(number, x):
    return _scaled(number, x)


@define("*", t.AbstractRange, t.Number)
def scale_right(x, number):
    return _scaled(number, x)


def _scaled(number, x):
    from .arithmetic import multiply

    if number.__class__ is Traced:
        from ..evaluation.broadcasting import broadcast

        return broadcast(function("*"), [number, x])
    return range_of(multiply(number, x.start), multiply(number, x.step), x.length)


@define("/", t.AbstractRange, t.Number)
def divide(x, number):
    from .arithmetic import divide as divide_numbers

    if number.__class__ is Traced:
        from ..evaluation.broadcasting import broadcast

        return broadcast(function("/"), [x, number])
    return range_of(divide_numbers(x.start, number), divide_numbers(x.step, number), x.length)


def broadcast_range(function_, arguments):
    """`range .+ 1` and the other broadcasts of a range and a number that give a range; None for all
    others."""
    name = getattr(function_, "name", None)
    if len(arguments) != 2 or name not in ("+", "-", "*", "/") or function_ is not function(name):
        return None
    a, b = arguments
    is_left = a.__class__ is Range
    if is_left == (b.__class__ is Range) or (b if is_left else a).__class__ not in (int, float):
        return None
    if name == "*" or (name == "/" and is_left):
        return call(function_, arguments)
    if name == "/":
        return None
    start = call(function_, (a.start, b) if is_left else (a, b.start))
    step = a.step if is_left else call(function_, (0, b.step)) if name == "-" else b.step
    return range_of(start, call(function("convert"), (typeof(start), step)), (a if is_left else b).length)


@define("sum", t.AbstractRange)
def total(x):
    if isinstance(x.start, int) or x.is_staged:
        return x.length * x.start + x.step * (x.length * (x.length - 1) // 2)
    return sum(x, start=HOST_TYPES[typeof(x.start)](0))
