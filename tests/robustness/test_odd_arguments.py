"""Builtins called with arguments that they do not take: an error of Julia's kind, not a fault of Weber's."""

import pytest
import weber

KINDS = {
    "fill!(1:3, 0)": "CanonicalIndexError",
    "rand!(1:3)": "CanonicalIndexError",
    "shuffle!(3:-1:1)": "CanonicalIndexError",
    "broadcast!(+, 1:2, [1, 2], 1)": "CanonicalIndexError",
    'rand!(["a"])': "MethodError",
    "randexp!(Any[1])": "MethodError",
    "iterate(1:3, Any)": "ArgumentError",
    "Iterators.rest([1, 2], 2:1)": "ArgumentError",
    "IOContext(IOBuffer(), :a)": "ArgumentError",
    "IOContext(IOBuffer(), :displaysize => 3)": "ArgumentError",
    "IOBuffer('a':'c')": "ArgumentError",
    "Base.:()(a, b) = 1": "ParseError",
    "round(1.5, digits = :a)": "ArgumentError",
    "round(1.5, digits = 1, base = 0)": "ArgumentError",
    "AbstractVecOrMat([1 2])": "MethodError",
    "cumprod!([1, 2], [1, 2, 3])": "DimensionMismatch",
    "hvcat(0, [1])": "ArgumentError",
    "invoke(sin, Vector, 1.0)": "ArgumentError",
    "supertype(Union{})": "MethodError",
    "searchsortedfirst([1, 2], [1])": "MethodError",
    'median("abc")': "MethodError",
    "quantile([1, 2, 3], :a)": "MethodError",
    "cumsum([1 2; 3 4], dims = 0)": "ArgumentError",
    "cumsum([1 2; 3 4], dims = :a)": "ArgumentError",
    "diff([1 2; 3 4], dims = 3)": "ArgumentError",
    "softmax([1 2; 3 4], dims = 3)": "ArgumentError",
    "stack([[1, 2], [3, 4]], dims = 4)": "ArgumentError",
    "cat([1], [2], dims = 0)": "ArgumentError",
    "eachslice([1 2; 3 4], dims = 0)": "ArgumentError",
    "selectdim([1 2; 3 4], 3, 1)": "ArgumentError",
    "permutedims([1 2; 3 4], (1, :a))": "ArgumentError",
}

VALUES = {
    "reverse!(fill(1))[]": "1",
    "iterate((1, 2), 0)": "nothing",
    "round(1.5, digits = 10^9)": "1.5",
    "round(1.5, digits = -400)": "0.0",
    "ceil(1.5, digits = -400)": "Inf",
    "round(1.25f0, digits = 1, base = 2)": "1.0f0",
    "unsigned(true)": "0x0000000000000001",
    "real(acos(1im)) ≈ π / 2": "true",
    "symdiff([1, 2], [2, 3], [3, 4])": "[1, 4]",
    "searchsortedfirst([[1], [2]], [2])": "2",
    "cumsum([1 2; 3 4], dims = 3)": "[1 2; 3 4]",
    "median(Any[1, 2])": "1.5",
}


@pytest.fixture(scope="module")
def session():
    session = weber.Session()
    session.evaluate("using Statistics, Random, Flux")
    return session


@pytest.mark.parametrize("source", KINDS)
def test_error(session, source, monkeypatch):
    monkeypatch.setenv("WEBER_DEBUG", "1")
    with pytest.raises(weber.WeberError) as caught:
        session.evaluate(source)
    assert caught.value.kind == KINDS[source]


@pytest.mark.parametrize("source", VALUES)
def test_value(session, source):
    assert session.evaluate(f"repr({source})") == VALUES[source]
