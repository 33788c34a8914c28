"""Equality and order: `==`, `===`, `isequal`, `isless`, `<` and their kin, on numbers, arrays, tuples and
the rest."""

import math
import operator

import numpy as np

from .. import staging
from .. import types as t
from ..calling import call
from ..poison import HostValueNeeded
from ..promotion import promote_type
from ..staged_numbers import DimNumber, Traced
from ..state import state
from ..type_lattice import is_subtype, is_type
from ..values import Array, NamedTuple, Range, Struct, typeof
from .elements import dual, emit, matched, number_of, number_type, python_number, select
from .errors import size_text
from .registry import define, function


def comparison(op, python):
    """A comparison of numbers: exact between types on the host, after promotion on traced numbers; of
    symbolic sizes decided where their difference is a constant."""

    def dims(a, b):
        difference = a - b
        return python(difference, 0) if isinstance(difference, int) else NotImplemented

    return dual(lambda a, b: python(python_number(a), python_number(b)),
                lambda a, b: emit(op, a, b, kind=comparison_type(a, b)), dims)


def comparison_type(a, b):
    """The type in which numbers are compared: signed and unsigned integers as Int64."""
    kind = number_type((a, b))
    mixed = is_subtype(kind, t.Unsigned) and not all(is_subtype(typeof(x), t.Unsigned) for x in (a, b))
    return t.Int64 if mixed and t.UInt64 not in (typeof(a), typeof(b)) else kind


equal, unequal = comparison("eq", operator.eq), comparison("ne", operator.ne)
less, less_equal = comparison("lt", operator.lt), comparison("le", operator.le)
greater, greater_equal = comparison("gt", operator.gt), comparison("ge", operator.ge)


@define("==", t.Number, t.Number)
def numbers_equal(a, b):
    return equal(a, b)


@define("!= ≠", t.Number, t.Number)
def numbers_differ(a, b):
    return unequal(a, b)


@define("<", t.Real, t.Real)
def numbers_less(a, b):
    return less(a, b)


@define("<= ≤", t.Real, t.Real)
def numbers_at_most(a, b):
    return less_equal(a, b)


@define(">", t.Real, t.Real)
def numbers_greater(a, b):
    return greater(a, b)


@define(">= ≥", t.Real, t.Real)
def numbers_at_least(a, b):
    return greater_equal(a, b)


def _call(name, *arguments):
    return call(function(name), arguments)


def conjunction(conditions):
    """The `and` of booleans some of which may be traced; stops at the first that is false on the host."""
    total = True
    for condition in conditions:
        if condition is False:
            return False
        if condition is not True:
            total = condition if total is True else emit("and", total, condition)
    return total


def negation(condition):
    """`!` of a boolean, traced or not."""
    return (not condition) if condition.__class__ is bool else _call("!", condition)


# --- the general rules --------------------------------------------------------------------------------------


@define("!= ≠", t.Any, t.Any)
def differ(a, b):
    return negation(_call("==", a, b))


@define("<", t.Any, t.Any)
def less_by_order(a, b):
    return _call("isless", a, b)


@define(">", t.Any, t.Any)
def greater_by_order(a, b):
    return _call("<", b, a)


@define("<= ≤", t.Any, t.Any)
def at_most(a, b):
    strict = _call("<", a, b)
    return strict if strict is True else _call("|", strict, _call("==", a, b))


@define(">= ≥", t.Any, t.Any)
def at_least(a, b):
    return _call("<=", b, a)


_STAGED = (Traced, DimNumber)


@define("=== ≡", t.Any, t.Any)
def identical(a, b):
    """Whether two values cannot be told apart: the same object, or immutable with identical contents."""
    if a is b:
        return True
    kind = a.__class__
    if kind in _STAGED or b.__class__ in _STAGED:
        same_kind = typeof(a) is typeof(b)
        return equal(a, b) if same_kind else False
    if kind is not b.__class__:
        return False
    if kind is tuple:
        return len(a) == len(b) and conjunction(map(identical, a, b))
    if kind is NamedTuple:
        return a.names == b.names and conjunction(map(identical, a.values, b.values))
    if kind is Struct:
        return (a.type is b.type and not a.type.family.mutable
                and conjunction(map(identical, a.fields, b.fields)))
    if kind is float or isinstance(a, np.generic):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes() or (a != a and b != b)
    if kind is Range:
        return a.type is b.type and (a.start, a.step, a.length) == (b.start, b.step, b.length)
    if is_type(a):
        return a == b or (is_subtype(a, b) and is_subtype(b, a))
    return kind in (int, bool, complex, str) and a == b or (kind.__eq__ is not object.__eq__ and a == b)


@define("!== ≢", t.Any, t.Any)
def not_identical(a, b):
    return negation(identical(a, b))


@define("==", t.Any, t.Any)
def same(a, b):
    return identical(a, b)


@define("isequal", t.Any, t.Any)
def is_equal(a, b):
    return _call("==", a, b)


def _host_is_equal(a, b):
    a, b = python_number(a), python_number(b)
    if a != a and b != b:
        return True
    return a == b and (a != 0 or isinstance(a, complex) or isinstance(b, complex)
                       or math.copysign(1.0, a) == math.copysign(1.0, b))


def _traced_is_equal(a, b):
    same_value = equal(a, b)
    if not is_subtype(number_type((a, b)), t.AbstractFloat):
        return same_value
    return emit("or", same_value, emit("and", unequal(a, a), unequal(b, b)))


numbers_is_equal = dual(_host_is_equal, _traced_is_equal)


@define("isequal", t.Number, t.Number)
def numbers_alike(a, b):
    """As `==`, but NaN is equal to NaN and 0.0 is not equal to -0.0."""
    return numbers_is_equal(a, b)


def _host_is_less(a, b):
    a, b = python_number(a), python_number(b)
    if a != a or b != b:
        return a == a
    if a == b == 0:
        return math.copysign(1.0, a) < math.copysign(1.0, b)
    return a < b


def _traced_is_less(a, b):
    before = less(a, b)
    if not is_subtype(number_type((a, b)), t.AbstractFloat):
        return before
    return emit("or", before, emit("and", equal(a, a), unequal(b, b)))


numbers_is_less = dual(_host_is_less, _traced_is_less)


@define("isless", t.Real, t.Real)
def numbers_ordered(a, b):
    """As `<`, with NaN after everything and -0.0 before 0.0."""
    return numbers_is_less(a, b)


@define("isless", t.Tuple, t.Tuple)
def tuples_ordered(a, b):
    """By the first elements that differ."""
    for place, (x, y) in enumerate(zip(a, b, strict=False), 1):
        before = _call("isless", x, y)
        if before is True:
            return True
        alike = _call("isequal", x, y)
        if before.__class__ is Traced or alike.__class__ is Traced:
            return emit("or", before, emit("and", alike, tuples_ordered(a[place:], b[place:])))
        if not alike:
            return False
    return len(a) < len(b)


@define("isless", t.AbstractArray, t.AbstractArray)
def arrays_ordered(a, b):
    from .iteration import iterate

    return tuples_ordered(tuple(iterate(a)), tuple(iterate(b)))


@define("isless", t.Symbol, t.Symbol)
def symbols_ordered(a, b):
    return a.name < b.name


@define("cmp", t.Any, t.Any)
def compare(a, b):
    less, more = _call("isless", a, b), _call("isless", b, a)
    if less.__class__ is Traced or more.__class__ is Traced:
        return _call("-", more, less)
    return -1 if less else 1 if more else 0


# --- collections --------------------------------------------------------------------------------------------


def _elementwise(name):
    def tuples(a, b):
        return len(a) == len(b) and conjunction(_call(name, x, y) for x, y in zip(a, b, strict=True))

    def named_tuples(a, b):
        return a.names == b.names and tuples(a.values, b.values)

    def arrays(a, b):
        from .arrays import as_array

        a, b = as_array(a), as_array(b)
        if len(a.size) != len(b.size):
            return False
        differences = [x - y for x, y in zip(a.size, b.size, strict=True)]
        if any(isinstance(difference, int) and difference for difference in differences):
            return False
        if any(not isinstance(difference, int) for difference in differences):
            sizes = f"{size_text(a.size)} and {size_text(b.size)}"
            raise HostValueNeeded(
                f"whether the sizes {sizes} of two arrays are equal is only known when the graph runs",
                state.location, kind="UnsupportedError")
        x, y = staging.read(a), staging.read(b)
        if object in (getattr(x, "dtype", None), getattr(y, "dtype", None)):
            from .iteration import iterate

            return conjunction(_call(name, p, q) for p, q in zip(iterate(a), iterate(b), strict=True))
        kind = promote_type(a.element, b.element)
        x, y = staging.convert_payload(x, kind), staging.convert_payload(y, kind)
        if name == "isequal":
            alike = _traced_is_equal(Traced(x), Traced(y)).data
        else:
            alike = staging.apply("eq", x, y)
        return number_of(staging.apply("reduce_and", alike, axes=tuple(range(len(x.shape)))))

    define(name, t.Tuple, t.Tuple)(tuples)
    define(name, t.NamedTuple, t.NamedTuple)(named_tuples)
    define(name, t.AbstractArray, t.AbstractArray)(arrays)


_elementwise("==")
_elementwise("isequal")


# --- extrema ------------------------------------------------------------------------------------------------


def _extremum(op, python):
    def host(a, b):
        kind = number_type((a, b))
        from .elements import convert_host

        a, b = convert_host(a, kind), convert_host(b, kind)
        if a != a or b != b:
            return a if a != a else b
        if a == b == 0 and kind in (t.Float64, t.Float32, t.Float16):
            return python(a, b, key=lambda x: math.copysign(1.0, x))
        return python(a, b)

    return dual(host, lambda a, b: emit(op, a, b))


maximum, minimum = _extremum("max", max), _extremum("min", min)


@define("max", t.Real, t.Real)
def larger(a, b):
    return maximum(a, b)


@define("min", t.Real, t.Real)
def smaller(a, b):
    return minimum(a, b)


@define("max", t.Any, t.Any)
def later(a, b):
    return b if _call("isless", a, b) else a


@define("min", t.Any, t.Any)
def earlier(a, b):
    return b if _call("isless", b, a) else a


def _many(name):
    def fold(*operands):
        total = operands[0]
        for operand in operands[1:]:
            total = _call(name, total, operand)
        return total

    define(name, t.Any, t.Any, t.Any, t.Any, ...)(fold)
    define(name, t.Any)(lambda a: a)


_many("max")
_many("min")


@define("minmax", t.Any, t.Any)
def both_extrema(a, b):
    return _call("min", a, b), _call("max", a, b)


@define("clamp", t.Real, t.Real, t.Real)
def clamp(x, low, high):
    """x, or the bound it lies beyond."""
    kind = number_type((x, low, high))
    if Traced in (x.__class__, low.__class__, high.__class__):
        payloads = matched([staging.payload_of(number, kind) for number in (x, low, high)])
        x, low, high = map(Traced, payloads)
        return minimum(maximum(x, low), high)
    from .elements import convert_host

    return convert_host(high if x > high else low if x < low else x, kind)


@define("isapprox ≈", t.Number, t.Number, keywords=("atol", "rtol", "nans", "norm"))
def numbers_close(a, b, atol=0, rtol=None, nans=False, norm=None):
    """Whether two numbers are equal up to the tolerances; by default half of the digits."""
    from .arithmetic import absolute, multiply, subtract
    from .mathematics import is_finite

    if rtol is None:
        rtol = 0 if (atol.__class__ is not Traced and atol > 0) else default_tolerance(typeof(a), typeof(b))
    close = less_equal(absolute(subtract(a, b)),
                       maximum(atol, multiply(rtol, maximum(absolute(a), absolute(b)))))
    if Traced not in (a.__class__, b.__class__):
        finite = is_finite(a) and is_finite(b)
        return bool(equal(a, b) or (finite and close) or (nans and a != a and b != b))
    finite = emit("and", is_finite(a), is_finite(b))
    total = emit("or", equal(a, b), emit("and", finite, close))
    return emit("or", total, emit("and", unequal(a, a), unequal(b, b))) if nans else total


def default_tolerance(*types):
    """`rtoldefault`: the square root of eps of the least precise of the float types, 0 for exact ones."""
    tolerances = [0.0]
    for type_ in types:
        real = type_.parameters[0] if type_.name == "Complex" else type_
        dtype = t.NUMPY_TYPES.get(real)
        if dtype is not None and is_subtype(real, t.AbstractFloat):
            import ml_dtypes

            tolerances.append(math.sqrt(float(ml_dtypes.finfo(dtype).eps)))
    return max(tolerances)


@define("isapprox ≈", t.AbstractArray, t.AbstractArray, keywords=("atol", "rtol", "nans", "norm"))
def arrays_close(a, b, atol=0, rtol=None, nans=False, norm=None):
    """Whether the norm of the difference is within the tolerances."""
    if nans:
        from ..evaluation.broadcasting import broadcast

        raised = {"nans": True, "atol": atol, **({} if rtol is None else {"rtol": rtol})}
        return _call("all", broadcast(function("isapprox"), [a, b], raised))
    if rtol is None:
        rtol = 0 if atol != 0 else default_tolerance(_call("eltype", a), _call("eltype", b))
    from .linear_algebra import norm

    scale = maximum(norm(a), norm(b))
    return less_equal(norm(_call("-", a, b)), maximum(atol, _call("*", rtol, scale)))


@define("≉", t.Any, t.Any)
def not_close(a, b):
    return negation(_call("isapprox", a, b))


@define("ifelse", t.Any, t.Any, t.Any)
def if_else(condition, yes, no):
    """Both values are computed; with a traced condition numbers are selected lane by lane."""
    if condition.__class__ is bool:
        return yes if condition else no
    if all(is_subtype(typeof(x), t.Number) for x in (yes, no)):
        return select(condition, yes, no)
    if yes.__class__ is no.__class__ is Array and len(condition.data.shape) == 0:
        kind = promote_type(yes.element, no.element)
        x, y = staging.payload_of(yes, kind), staging.payload_of(no, kind)
        return Array(staging.apply("select", staging.expand(condition.data, x.shape), x, y))
    return yes if staging.host_number(condition, "ifelse of values other than numbers and arrays") else no
