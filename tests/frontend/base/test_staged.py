"""Every function gives the same staged as on the host."""

import numpy as np
import pytest
from weber.frontend import types as t
from weber.frontend.values import Range, colon

RNG = np.random.default_rng(0)
M23, M34, M33 = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 3))
V3, W3 = RNG.normal(size=3), RNG.normal(size=3)
A234 = RNG.normal(size=(2, 3, 4))
I23 = RNG.integers(-9, 9, size=(2, 3))
I5 = np.array([3, 1, 2, 3, 1])
F = np.float32
UNIT = t.UnitRange.body.family.apply(t.Int64)


def span(start, stop):
    return Range(start, 1, stop - start + 1, UNIT)


UNARY = ["-", "abs", "abs2", "sign", "exp", "expm1", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh",
         "asinh", "exp2",
         "exp10", "floor", "ceil", "round", "trunc", "isnan", "isfinite", "iszero", "signbit", "float", "inv",
         "sinpi", "sinc",
         "isinteger", "cbrt", "sigmoid", "softplus", "erf", "deg2rad"]


@pytest.mark.parametrize("element", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("name", UNARY)
def test_unary(julia, name, element):
    for value in (2, -3, 0.5):
        if name == "inv" or value != 0:
            julia.agree(lambda x: julia(name, x), np.asarray(value, element),
                        tolerance=1e-6 if element is F else 1e-12)


@pytest.mark.parametrize("name", ["sqrt", "log", "log2", "log10", "log1p", "asin", "acos", "atanh", "erfinv"])
@pytest.mark.parametrize("element", [np.float64, np.float32])
def test_on_domain(julia, name, element):
    julia.agree(lambda x: julia(name, x), np.asarray(0.3, element), tolerance=1e-6 if element is F else 1e-12)


BINARY = ["+", "-", "*", "/", "÷", "%", "mod", "fld", "cld", "min", "max", "==", "!=", "<", "<=", ">", ">=",
          "atan", "hypot",
          "copysign", "isequal", "isless", "\\", "isapprox"]


@pytest.mark.parametrize("name", BINARY)
def test_binary(julia, name):
    for a, b in [(7, -2), (7.5, -2.0), (F(7.5), 2), (-7, 2.5), (True, 3), (F(2), F(2))]:
        julia.agree(lambda x, y: julia(name, x, y), np.asarray(a), np.asarray(b), tolerance=1e-6)
        julia.agree(lambda x: julia(name, x, b), np.asarray(a), tolerance=1e-6)  # noqa: B023


def test_powers(julia):
    for p in (1, 2, 3, 5, -2, 0.5):
        julia.agree(lambda x: julia("^", x, p), np.asarray(1.7))  # noqa: B023
    for p in (2, 5):
        julia.agree(lambda x: julia("^", x, p), np.asarray(-3))  # noqa: B023
    julia.agree(lambda x, p: julia("^", x, p), np.asarray(F(2.5)), np.asarray(3))


def test_bits(julia):
    for name in ("&", "|", "⊻", "<<", ">>", ">>>"):
        julia.agree(lambda x, y: julia(name, x, y), np.asarray(-13), np.asarray(3))  # noqa: B023
    julia.agree(lambda x: julia("~", x), np.asarray(12))
    julia.agree(lambda x: julia("!", x), np.asarray(True))
    julia.agree(lambda x, y: julia("*", x, y), np.asarray(True), np.asarray(True))
    julia.agree(lambda x, y: julia("+", x, y), np.asarray(True), np.asarray(True))


ARRAYS = [
    ("sum", lambda j, x: j.sum(x), M23), ("sum dims", lambda j, x: j.sum(x, dims=1), M23),
    ("sum tuple", lambda j, x: j.sum(x, dims=(1, 3)), A234), ("sum ints", lambda j, x: j.sum(x), I23),
    ("sum bools", lambda j, x: j.sum(x, dims=2), I23 > 0), ("sum init", lambda j, x: j.sum(x, init=1.5), M23),
    ("prod", lambda j, x: j.prod(x, dims=2), M23), ("maximum", lambda j, x: j.maximum(x), I23),
    ("minimum dims", lambda j, x: j.minimum(x, dims=2), M23), ("all", lambda j, x: j.all(x), I23 > -20),
    ("any dims", lambda j, x: j.any(x, dims=1), I23 > 3), ("count", lambda j, x: j.count(x), I23 > 0),
    ("mean", lambda j, x: j.mean(x), I23), ("mean dims", lambda j, x: j.mean(x, dims=2), M23.astype(F)),
    ("var", lambda j, x: j.var(x, dims=2), M23), ("std", lambda j, x: j.std(x, corrected=False), M23),
    ("norm", lambda j, x: j.norm(x), M23), ("norm 1", lambda j, x: j.norm(x, 1), M23),
    ("norm 3", lambda j, x: j.norm(x, 3), V3),
    ("cumsum", lambda j, x: j.cumsum(x, dims=2), M23), ("cumprod", lambda j, x: j.cumprod(x), V3),
    ("diff", lambda j, x: j.diff(x), V3), ("argmax", lambda j, x: j.argmax(x), V3),
    ("findmax", lambda j, x: j.findmax(x), I5),
    ("extrema", lambda j, x: j.extrema(x), M23),
    ("reduce", lambda j, x: j.reduce(j_function("+"), x, dims=1), M23),
    ("transpose", lambda j, x: j.transpose(x), M23),
    ("permutedims", lambda j, x: j.permutedims(x, (2, 3, 1)), A234),
    ("reshape", lambda j, x: j.reshape(x, 3, colon), M23), ("vec", lambda j, x: j.vec(x), A234),
    ("reverse", lambda j, x: j.reverse(x, dims=2), M23), ("repeat", lambda j, x: j.repeat(x, 2, 3), M23),
    ("repeat inner", lambda j, x: j.repeat(x, inner=(2, 1), outer=(1, 2)), M23),
    ("circshift", lambda j, x: j.circshift(x, (1, -1)), M23),
    ("dropdims", lambda j, x: j.dropdims(x, dims=2), M23[:, :1]),
    ("rotr90", lambda j, x: j.rotr90(x), M23), ("tr", lambda j, x: j.tr(x), M33),
    ("diag", lambda j, x: j.diag(x), M33),
    ("triu", lambda j, x: j.triu(x), M33), ("power", lambda j, x: j("^", x, 3), M33),
    ("negate", lambda j, x: j("-", x), I23),
    ("scale", lambda j, x: j("*", 2, x), M23.astype(F)), ("divide", lambda j, x: j("/", x, 2), I23),
    ("index", lambda j, x: j.getindex(x, 2, 3), M23), ("row", lambda j, x: j.getindex(x, 2, colon), M23),
    ("range", lambda j, x: j.getindex(x, span(1, 2), span(2, 3)), M23),
    ("linear", lambda j, x: j.getindex(x, 5), M23),
    ("linear range", lambda j, x: j.getindex(x, span(2, 5)), M23),
    ("page", lambda j, x: j.getindex(x, colon, 2, colon), A234),
    ("vector index", lambda j, x: j.getindex(x, colon, np.array([3, 1])), M23),
    ("matrix index", lambda j, x: j.getindex(x, np.array([[1, 2], [2, 1]]), 2), M23),
    ("mask", lambda j, x: j.getindex(x, np.array([True, False, True])), V3),
    ("backwards", lambda j, x: j.getindex(x, Range(3, -1, 3, t.StepRange)), V3),
    ("steps", lambda j, x: j.getindex(x, Range(1, 2, 2, t.StepRange), 1), M34),
    ("first", lambda j, x: j.first(x), V3),
    ("last", lambda j, x: j.last(x), V3), ("hcat", lambda j, x: j.hcat(x, x), V3),
    ("vcat", lambda j, x: j.vcat(x, 1.5), V3),
    ("cat", lambda j, x: j.cat(x, x, dims=3), M23), ("stack", lambda j, x: j.stack((x, x), dims=1), V3),
    ("eachcol", lambda j, x: j.hcat(*j.eachcol(x).data), M23), ("softmax", lambda j, x: j.softmax(x, 1), M23),
    ("logsoftmax", lambda j, x: j.logsoftmax(x, 2), M23),
    ("argmax dims", lambda j, x: j_primitive("argmax", x, 1), M23),
    ("accumulate", lambda j, x: j.accumulate(j_function("+"), x), V3), ("==", lambda j, x: j("==", x, x), V3),
    ("isapprox", lambda j, x: j("isapprox", x, x), V3), ("in", lambda j, x: j("in", 2, x), I5),
    ("sort", lambda j, x: j.sort(x), I5), ("sort rev", lambda j, x: j.sort(x, rev=True), V3),
    ("sortperm", lambda j, x: j.sortperm(x), I5), ("sortperm rev", lambda j, x: j.sortperm(x, rev=True), I5),
    ("sort by", lambda j, x: j.sort(x, by=j_function("abs2")), V3), ("median", lambda j, x: j.median(x), M23),
    ("sort nan", lambda j, x: j.sort(x), np.array([2.0, np.nan, 1.0])),
    ("median odd", lambda j, x: j.median(x), V3),
    ("selectdim", lambda j, x: j.selectdim(x, 2, 1), M23), ("normalize", lambda j, x: j.normalize(x), V3),
]


def j_function(name):
    from weber.frontend.base.registry import function

    return function(name)


def j_primitive(name, *arguments):
    from weber.frontend.base.registry import function, module
    from weber.frontend.calling import call

    return call(function(name, module("Primitives")), arguments)


@pytest.mark.parametrize("f, x", [case[1:] for case in ARRAYS], ids=[case[0] for case in ARRAYS])
def test_array(julia, f, x):
    julia.agree(lambda a: f(julia, a), x, tolerance=1e-6 if x.dtype == F else 1e-12)


PAIRS = [
    ("*", M23, M34), ("*", M23, V3), ("*", V3[:, None] @ W3[None], M34), ("+", M23, I23), ("-", V3, W3),
    ("dot", V3, W3),
    ("cross", V3, W3), ("kron", M23, I23), ("vcat", M23, I23), ("hcat", M23, I23), ("cov", V3, W3),
    ("cor", V3, W3),
    ("*", M23.astype(F), I23.T), ("*", I23, I23.T),
]


@pytest.mark.parametrize("name, a, b", PAIRS)
def test_pair(julia, name, a, b):
    julia.agree(lambda x, y: julia(name, x, y), a, b, tolerance=1e-6 if a.dtype == F else 1e-12)


def test_adjoint_products(julia):
    assert type(julia.agree(lambda x, y: julia("*", julia.adjoint(x), y), V3, W3)) is float
    julia.agree(lambda x, y: julia("*", x, julia.adjoint(y)), V3, W3)
    julia.agree(lambda x, y: julia("*", julia.adjoint(x), y), M34, V3)
    julia.agree(lambda x: julia("*", julia.adjoint(julia.adjoint(x)), V3), M23)


def test_traced_indices(julia):
    julia.agree(lambda x, i: julia.getindex(x, i, 2), M23, np.asarray(2))
    julia.agree(lambda x, i: julia.getindex(x, colon, i), M23, np.asarray(3))
    julia.agree(lambda x, i: julia.getindex(x, i), V3, I5)
    julia.agree(lambda x, i: julia.getindex(x, colon, i), M23, I5)
    julia.agree(lambda x, i: julia.getindex(x, julia("+", i, 1)), V3, np.asarray(1))


def assigned(julia, value, *indices, name="setindex!"):
    """x copied, then assigned to."""

    def f(x, v=value):
        y = julia.copy(x)
        julia(name, y, v, *indices)
        return y

    return f


SPREAD = "broadcast_setindex!"
ASSIGNMENTS = [
    (2.5, (2, 3), "setindex!"), (7, (4,), "setindex!"), (np.array([7, 8, 9]), (1, colon), "setindex!"),
    (np.array([[7.0, 8]]), (1, span(2, 3)), "setindex!"), (0, (colon, 2), SPREAD),
    (np.array([1, 2]), (colon, np.array([3, 1])), SPREAD),
    (5, (span(2, 5),), SPREAD), (np.array([1, 2, 3]), (Range(1, 2, 3, t.StepRange),), "setindex!"),
    (9, (np.array([2, 1]), 2), SPREAD),
    (np.array([1.0, 2]), (colon, 1), SPREAD),
    (np.array([4, 5, 6]), (2, Range(3, -1, 3, t.StepRange)), "setindex!"),
]


@pytest.mark.parametrize("value, indices, name", ASSIGNMENTS)
def test_assignment(julia, value, indices, name):
    julia.agree(assigned(julia, value, *indices, name=name), M23)


def test_staged_values_and_indices_in_assignments(julia):
    julia.agree(lambda x, v: assigned(julia, v, 2, colon)(x, v), M23, V3)
    julia.agree(lambda x, v, i: assigned(julia, v, i, 1)(x, v), M23, np.asarray(2.5), np.asarray(2))
    julia.agree(lambda x, m: assigned(julia, 0, m, name=SPREAD)(x, 0), V3, np.array([True, False, True]))


def test_growing_vectors(julia):
    def f(x):
        y = julia.copy(x)
        julia("push!", y, julia.sum(x))
        julia("pushfirst!", y, 1)
        julia("deleteat!", y, 3)
        last = julia("pop!", y)
        julia("append!", y, x)
        return y, last

    julia.agree(f, V3)


def test_literals(julia):
    julia.agree(lambda a, b: julia.vect(a, b, 1), np.asarray(2), np.asarray(2.5))
    julia.agree(lambda a, b: julia.hvcat((2, 2), a, b, 1, 2), np.asarray(F(2)), np.asarray(F(2.5)))
    julia.agree(lambda a, b: julia.hvcat((2, 1), a, b, julia.hcat(a, b)), V3[:, None], V3[:, None])


def test_fill_and_ifelse(julia):
    julia.agree(lambda a: julia.fill(a, 2, 3), np.asarray(2.5))
    julia.agree(lambda c, x, y: julia.ifelse(c, x, y), np.asarray(True), M23, I23)
    julia.agree(lambda c, x: julia.ifelse(c, x, 1.5), np.asarray(False), np.asarray(2.5))
    julia.agree(lambda x: julia.clamp(x, 0, 1), np.asarray(2.5))
