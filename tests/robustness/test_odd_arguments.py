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
    "round(1.5, digits = :a)": "TypeError",
    "round(1.5, digits = 1, base = 0)": "ArgumentError",
    "AbstractVecOrMat([1 2])": "MethodError",
    "cumprod!([1, 2], [1, 2, 3])": "DimensionMismatch",
    "hvcat(0, [1])": "ArgumentError",
    "invoke(sin, Vector, 1.0)": "ArgumentError",
    "lcm(2^62, 3)": "OverflowError",
    "invperm([1, 3])": "ArgumentError",
    "first([1, 2], -1)": "ArgumentError",
    'first("abc", -1)': "ArgumentError",
    "last((1, 2), -1)": "ArgumentError",
    "sinpi(Inf)": "DomainError",
    "clamp(1im, 0, 1)": "MethodError",
    "repeat([1], inner = -1)": "ArgumentError",
    "digits(10, pad = 'a')": "ArgumentError",
    'split("a b", limit = sin)': "TypeError",
    'split("a b", keepempty = 1)': "TypeError",
    "sort([2, 1], rev = 1)": "TypeError",
    "maximum!([1 2; 3 4], [1, 2])": "DimensionMismatch",
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
    "UInt8(1):-1": "1:0",
    "Int8(-128) >> Int8(-1)": "0",
    "1im ⋅ 1im": "1 + 0im",
    "2 \\ 2im": "0.0 + 1.0im",
    "cumprod!([0 0], [2 3], dims = 2)": "[2 6]",
    "√(-1 + 0im)": "0.0 + 1.0im",
    "median(Any[1, 2])": "1.5",
}


@pytest.fixture(scope="module")
def session():
    session = weber.Session()
    session.evaluate("using Statistics, LinearAlgebra, Random, Flux")
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
