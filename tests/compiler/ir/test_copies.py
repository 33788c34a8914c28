"""Copies of operations: captured values are replaced, dims that regions define get fresh names."""

import numpy as np
from weber.compiler import ir
from weber.compiler.interpreter import run
from weber.compiler.onnx_export import export
from weber.compiler.text import print_function
from weber.compiler.text_parser import parse_module
from weber.compiler.types import F64, I64, TensorType, fresh_dim, symbol, symbol_name
from weber.compiler.verify import verify

K, N = symbol("K"), symbol("N")


def doubling(b, x, count):
    """The values of x while it is doubled `count` times, less twice the first, K times that."""
    body = ir.Block([ir.Value(TensorType(I64)), ir.Value(x.type)])
    inside = ir.Builder(body)
    body.results = [inside.add(body.arguments[1], body.arguments[1]), body.arguments[1]]
    _, stack = b.loop(count, x, regions=[body], carried=1, trips=K, counted=True)
    shifted = b.sub(stack, b.broadcast(b.add(x, x), shape=(K, *x.shape), axes=(1,)))
    count = b.convert(b.dim_value(dim=K), element=F64)
    return b.mul(shifted, b.broadcast(count, shape=shifted.shape, axes=()))


def twice_in_one_function():
    x, k, j = ir.Value(TensorType(F64, (N,)), name="x"), *(ir.Value(TensorType(I64), name=n) for n in "kj")
    body = ir.Block([ir.Value(x.type), ir.Value(k.type)])
    body.results = [doubling(ir.Builder(body), *body.arguments)]
    block = ir.Block([x, k, j])
    b = ir.Builder(block)
    mapping = {}
    first, = ir.inline(b, body, [x, k], mapping)
    second, = ir.inline(b, body, [x, j])
    block.results = [first, second]
    return verify(ir.Function("f", block, ["x", "k", "j"], ["first", "second"])), mapping


def expected(x, count):
    return count * (np.array([x * 2.0**trip - 2 * x for trip in range(count)]).reshape(count, len(x)))


def test_two_copies_of_an_open_loop_have_trips_of_their_own(run_onnx):
    function, mapping = twice_in_one_function()
    first, second = (value.shape[0] for value in function.body.results)
    assert first != second and K not in (first, second) and mapping["K"] == first
    inputs = {"x": np.array([1.0, -3.0]), "k": np.array(3), "j": np.array(0)}
    wanted = [expected(inputs["x"], 3), expected(inputs["x"], 0)]
    for found in (run(function, inputs), run_onnx(export(function), inputs)):
        for one, other in zip(found, wanted):
            np.testing.assert_array_equal(one, other)


def test_dims_are_renamed_in_regions_around_and_behind():
    """A loop in the arm of an if, its dim in the types of arguments and of operations in other regions."""
    x = ir.Value(TensorType(F64, (2,)), name="x")
    body = ir.Block([x])
    b = ir.Builder(body)
    stack = doubling(b, x, b.constant(np.int64(2)))
    row = ir.Block([ir.Value(TensorType(F64, (K,)))])
    row.results = [ir.Builder(row).neg(row.arguments[0])]
    body.results = [b.map(b.transpose(stack, permutation=(1, 0)), regions=[row])]
    copy = ir.copy_block(body, {})
    assert symbol_name(copy.results[0].shape[1]) not in (None, "K")
    function = verify(ir.Function("f", copy, ["x"], ["y"]))
    assert "K!" in print_function(function) and '"K"' not in print_function(function)
    np.testing.assert_array_equal(run(function, [np.ones(2)])[0], -expected(np.ones(2), 2).T)


def test_fresh_dims_are_new_to_all_that_was_parsed():
    taken = symbol_name(fresh_dim("Q"))
    number = int(taken.partition("!")[2])
    parse_module(f'"weber.func"() ({{ ^bb0(%x: tensor<?xf64, ["Q!{number + 1}"]>): "weber.yield"(%x) : '
                 f'(tensor<?xf64, ["Q!{number + 1}"]>) -> () }}) {{argument_names = ["x"], '
                 'result_names = ["y"], sym_name = "f"} : () -> ()')
    assert symbol_name(fresh_dim("Q")) == f"Q!{number + 2}"
    assert symbol_name(fresh_dim("Q!7")) == f"Q!{number + 3}"
