"""The text form: what it looks like, and that it is read back without loss."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from weber.compiler import ir
from weber.compiler.errors import Location, WeberError
from weber.compiler.text import print_attribute, print_function, print_module
from weber.compiler.text_parser import parse_module
from weber.compiler.types import BF16, ELEMENT_TYPES, F32, I64, TensorType, symbol
from weber.compiler.verify import verify

quick = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
N = symbol("N")


def example():
    x, theta = ir.Value(TensorType(F32, (N, 2)), name="x"), ir.Value(TensorType(F32, (2,)), name="θ")
    block = ir.Block([x, theta])
    b = ir.Builder(block, Location("a.jl", 3, 5, 3, 9))
    row = b.broadcast(theta, shape=(N, 2), axes=(1,))
    total = b.add(x, row)
    total.name = "total"
    index, carried = ir.Value(TensorType(I64)), ir.Value(total.type, name="total")
    body = ir.Block([index, carried])
    inner = ir.Builder(body)
    body.results = [inner.mul(carried, x), carried]
    b.location = None
    last, stack = b.loop(total, regions=[body], carried=1, trips=N * 2 + 1)
    last.name, stack.name = "last", "2nd"
    block.results = [last, stack, theta]
    return ir.Function("f", block, ["x", "θ"], ["f.1", "f.2", "θ.next"], {"θ": np.float32([1.5, np.nan])},
                       {"θ": "θ.next"},
                       Location("a.jl", 1, 1))


GOLDEN = '''\
"weber.func"() ({
^bb0(%x: tensor<?x2xf32, ["N"]>, %0: tensor<2xf32> loc("θ"(unknown))):
  %1 = "weber.broadcast"(%0) {axes = [1], shape = [#weber.dim<"N">, 2]} : (tensor<2xf32>) -> \
tensor<?x2xf32, ["N"]> loc("a.jl":3:5 to 3:9)
  %total = "weber.add"(%x, %1) : (tensor<?x2xf32, ["N"]>, tensor<?x2xf32, ["N"]>) -> \
tensor<?x2xf32, ["N"]> loc("a.jl":3:5 to 3:9)
  %last, %2 = "weber.loop"(%total) ({
  ^bb0(%3: tensor<i64>, %4: tensor<?x2xf32, ["N"]> loc("total"(unknown))):
    %5 = "weber.mul"(%4, %x) : (tensor<?x2xf32, ["N"]>, tensor<?x2xf32, ["N"]>) -> tensor<?x2xf32, ["N"]>
    "weber.yield"(%5, %4) : (tensor<?x2xf32, ["N"]>, tensor<?x2xf32, ["N"]>) -> ()
  }) {carried = 1, trips = #weber.dim<"2*N + 1">} : (tensor<?x2xf32, ["N"]>) -> \
(tensor<?x2xf32, ["N"]>, tensor<?x?x2xf32, ["2*N + 1", "N"]>) loc(fused[""(unknown), "2nd"(unknown)])
  "weber.yield"(%last, %2, %0) : \
(tensor<?x2xf32, ["N"]>, tensor<?x?x2xf32, ["2*N + 1", "N"]>, tensor<2xf32>) -> ()
}) {argument_names = ["x", "θ"], defaults = {"θ" = dense<[1.5, 0x7FC00000]> : tensor<2xf32>}, \
result_names = ["f.1", "f.2", "θ.next"], state = {"θ" = "θ.next"}, sym_name = "f"} : () -> () loc("a.jl":1:1)
'''


def test_golden():
    assert print_function(example()) == GOLDEN


def test_everything_comes_back():
    function, = parse_module(GOLDEN).functions.values()
    verify(function)
    assert print_function(function) == GOLDEN
    assert function.argument_names == ["x", "θ"] and function.result_names == ["f.1", "f.2", "θ.next"]
    assert function.state == {"θ": "θ.next"} and function.location == Location("a.jl", 1, 1)
    np.testing.assert_array_equal(function.defaults["θ"], np.float32([1.5, np.nan]))
    broadcast, add, loop = function.body.operations
    assert [value.name for value in function.body.arguments] == ["x", "θ"]
    assert add.location == Location("a.jl", 3, 5, 3, 9) and loop.location is None
    assert [value.name for value in loop.results] == ["last", "2nd"]
    assert loop.regions[0].arguments[1].name == "total"
    assert loop.attributes == {"carried": 1, "trips": N * 2 + 1}
    assert broadcast.attributes == {"axes": (1,), "shape": (N, 2)}


def test_modules_hold_functions_in_order():
    first, second = example(), example()
    second.name = "g"
    module = ir.Module({"f": first, "g": second})
    again = parse_module(print_module(module))
    assert list(again.functions) == ["f", "g"] and print_module(again) == print_module(module)


@quick
@given(data=st.data())
def test_random_programs_come_back(programs, data):
    function = data.draw(programs())
    text = print_function(function)
    again = verify(parse_module(text).functions["f"])
    assert print_function(again) == text
    assert [o.location for o in again.body.operations] == [o.location for o in function.body.operations]


dims = st.recursive(
    st.sampled_from([N, symbol("T"), symbol("θ₁")]) | st.integers(-9, 9),
    lambda inner: st.tuples(st.sampled_from(["+", "-", "*", "//"]), inner, inner).map(
        lambda parts: {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
                       "//": lambda a, b: a // b if b != 0 else a}[parts[0]](*parts[1:])), max_leaves=4)
dense = st.sampled_from([type.numpy for type in ELEMENT_TYPES.values() if type is not BF16]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)))
attributes = st.recursive(
    st.integers() | st.booleans() | st.floats() | st.text(alphabet=st.characters(codec="utf-8")) | st.none()
    | dims | dense | st.sampled_from(list(ELEMENT_TYPES.values())),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=3), inner,
                                                                           max_size=3),
    max_leaves=6)


def read_attribute(text):
    from weber.compiler.text_parser import _Parser

    return _Parser(text, "<test>").attribute()


def is_same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(is_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a)
    if isinstance(a, float):
        return isinstance(b, float) and np.float64(a).tobytes() == np.float64(b).tobytes()
    return type(a) is type(b) and a == b


@settings(max_examples=500, deadline=None)
@given(attributes)
def test_attributes_come_back_to_the_bit(value):
    assert is_same(value, read_attribute(print_attribute(value)))


@pytest.mark.parametrize("bits", [0x0000, 0x8000, 0x7F80, 0xFF80, 0x7FC1, 0x3DCD, 0x0001])
def test_bfloat16_comes_back_to_the_bit(bits):
    for array in (np.array([bits, 0x3F80], np.uint16), np.array(bits, np.uint16),
                  np.full(40, bits, np.uint16)):
        assert is_same(array.view(BF16.numpy), read_attribute(print_attribute(array.view(BF16.numpy))))


@pytest.mark.parametrize("value, text", [
    (0.1, "0.1"), (1e-5, "1.0e-05"), (float("inf"), "0x7FF0000000000000 : f64"),
    (np.float32(0.1), "dense<0.1> : tensor<f32>"),
    (np.zeros((2, 2), bool), "dense<false> : tensor<2x2xi1>"),
    (np.arange(3), "dense<[0, 1, 2]> : tensor<3xi64>"),
    (np.arange(17, dtype=np.uint8), 'dense<"0x000102030405060708090A0B0C0D0E0F10"> : tensor<17xui8>'),
    ('a"b\n', '"a\\22b\\0A"'), ((N - 1, 3, F32, None, True), '[#weber.dim<"N - 1">, 3, f32, unit, true]'),
])
def test_attributes(value, text):
    assert print_attribute(value) == text


def test_a_kind_of_attribute_that_is_not_known():
    with pytest.raises(TypeError, match="no attribute of type set"):
        print_attribute({1, 2})


@pytest.mark.parametrize("old, new, message, place", [
    ('"weber.add"', '"weber.plus"', "there is no op weber.plus", "4:12"),
    ("(%x, %1)", "(%x, %7)", "%7 is not defined", "4:28"),
    ("%total =", "%x =", "%x is defined twice", None),
    ("%total =", "%total, %more =", "weber.add has 1 result types and 2 results", None),
    ("(tensor<2xf32>) ->", "(tensor<3xf32>) ->", "the operand types of weber.broadcast are not those", None),
    ('tensor<?x2xf32, ["N"]>, %0', 'tensor<?x2xf32>, %0', "the type has 1 unknown dims and names 0", None),
    ("tensor<2xf32> loc", "tensor<2xf31> loc", "there is no element type f31", "2:45"),
    ('sym_name = "f"', 'name = "f"', "lacks the attribute 'sym_name'", None),
    ("{carried = 1,", "{carried = ?,", "unexpected '?'", "9:17"),
    ("{carried = 1,", "{carried = bad,", "bad is no attribute", None),
    ('"weber.func"', '"weber.module"', 'expected "weber.func"', None),
])
def test_malformed_text_is_pointed_at(old, new, message, place):
    with pytest.raises(WeberError) as error:
        parse_module(GOLDEN.replace(old, new, 1), "m.mlir")
    assert message in error.value.message
    assert error.value.location.file == "m.mlir"
    if place:
        assert f"{error.value.location.line}:{error.value.location.column}" == place


def test_a_text_that_ends_too_soon():
    with pytest.raises(WeberError):
        parse_module(GOLDEN[:200])
