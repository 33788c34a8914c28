"""Each check of the verifier has a function that fails it."""

import numpy as np
import pytest
from weber.compiler import ir
from weber.compiler.errors import Location
from weber.compiler.ops.record import Op
from weber.compiler.types import BOOL, F32, F64, TensorType, symbol
from weber.compiler.verify import InvalidIRError, verify

N = symbol("N")
TYPE = TensorType(F32, (N, 4))


def valid():
    """f(x, c) = if c then -tanh(x) else tanh(x), with a state."""
    x, condition = ir.Value(TYPE, name="x"), ir.Value(TensorType(BOOL), name="c")
    block = ir.Block([x, condition])
    b = ir.Builder(block, Location("m.jl", 3, 1))
    tanh = b.tanh(x)
    then, otherwise = ir.Block(), ir.Block()
    then.results = [ir.Builder(then, Location("m.jl", 4, 1)).neg(tanh)]
    otherwise.results = [tanh]
    block.results = [b.emit("if", [condition], {}, [then, otherwise]), x]
    return ir.Function("f", block, ["x", "c"], ["f", "x.next"], {"x": np.zeros((2, 4), np.float32)},
                       {"x": "x.next"})


def test_valid():
    function = valid()
    assert verify(function) is function


def operations(function):
    return function.body.operations


def region(function, index=0):
    return operations(function)[1].regions[index]


def foreign_operand(f):
    operations(f)[0].operands[0] = ir.Value(TYPE)


def used_too_soon(f):
    operations(f).reverse()


def out_of_its_region(f):
    f.body.results[0] = region(f).results[0]


def from_a_sibling_region(f):
    region(f, 1).results[0] = region(f).results[0]


def operand_inside_a_region(f):
    region(f).operations[0].operands[0] = ir.Value(TYPE)


def wrong_type(f):
    operations(f)[0].results[0].type = TensorType(F32, (N, 5))


def wrong_type_inside_a_region(f):
    region(f).operations[0].results[0].type = TensorType(F64, (N, 4))


def broken_type_rule(f):
    operations(f)[1].operands[0] = f.body.arguments[0]


def missing_region(f):
    operations(f)[1].regions.pop()


def too_many_results(f):
    operations(f)[0].results.append(ir.Value(TYPE, operations(f)[0], 1))


def unknown_op(f):
    operations(f)[0].op = Op("tanh", None, None)


def twice_in_a_block(f):
    operations(f).append(operations(f)[0])


def argument_twice(f):
    f.body.arguments.append(f.body.arguments[0])
    f.argument_names.append("again")


def lost_operation(f):
    operations(f)[0].results[0].operation = None


def result_as_argument(f):
    f.body.arguments[0] = operations(f)[0].results[0]


def argument_names(f):
    f.argument_names.pop()


def result_names(f):
    f.result_names.append("more")


def equal_names(f):
    f.argument_names[1] = "x"


def equal_result_names(f):
    f.result_names[1] = "f"


def empty_name(f):
    f.result_names[0] = ""


def default_of_nothing(f):
    f.defaults["y"] = f.defaults["x"]


def default_of_other_shape(f):
    f.defaults["x"] = np.zeros((2, 5), np.float32)


def default_of_other_rank(f):
    f.defaults["x"] = np.zeros(4, np.float32)


def default_of_other_element(f):
    f.defaults["x"] = np.zeros((2, 4))


def default_of_no_element(f):
    f.defaults["x"] = np.zeros((2, 4), complex)


def state_of_nothing(f):
    f.state["y"] = "f"


def state_without_next(f):
    f.state["x"] = "y.next"


def state_that_changes_type(f):
    f.state["c"] = "f"


@pytest.mark.parametrize("damage, message", [
    (foreign_operand, "m.jl:3:1: in f: operand 0 of tanh is used before its definition or outside its block"),
    (used_too_soon, "m.jl:4:1: in f: operand 0 of neg is used before its definition"),
    (out_of_its_region, "f yields a value that is not defined there"),
    (from_a_sibling_region, "a region of if yields a value that is not defined there"),
    (operand_inside_a_region, "m.jl:4:1: in f: operand 0 of neg is used before"),
    (wrong_type, 'm.jl:3:1: in f: result 0 of tanh is recorded as tensor<?x5xf32, ["N"]>, its type rule '
                 'gives tensor<?x4xf32, ["N"]>'),
    (wrong_type_inside_a_region, "m.jl:4:1: in f: result 0 of neg is recorded"),
    (broken_type_rule, "if breaks its type rule: if takes one operand, a scalar of type i1"),
    (missing_region, "if has two regions"),
    (too_many_results, "tanh has 2 results, its type rule gives 1"),
    (unknown_op, "tanh is not a registered op"),
    (twice_in_a_block, "m.jl:3:1: in f: result 0 of tanh is defined twice"),
    (argument_twice, "an argument of f is defined twice"),
    (lost_operation, "result 0 of tanh does not point back at its operation"),
    (result_as_argument, "an argument of f is the result of an operation"),
    (argument_names, "2 arguments have 1 names"),
    (result_names, "2 results have 3 names"),
    (equal_names, "two arguments are named x"),
    (equal_result_names, "two results are named f"),
    (empty_name, "'' is no name of results"),
    (default_of_nothing, "a default for y, which is not an argument"),
    (default_of_other_shape, "the default of x has shape (2, 5) and elements f32"),
    (default_of_other_rank, "the default of x has shape (4,)"),
    (default_of_other_element, "elements f64, its type is tensor<?x4xf32"),
    (default_of_no_element, "the default of x is not an array of a type that the IR has"),
    (state_of_nothing, "the state y is not an argument"),
    (state_without_next, "the next value of the state x, y.next, is not a result"),
    (state_that_changes_type, "the state c has type tensor<i1> and its next value"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_damage_is_found(damage, message):
    function = valid()
    damage(function)
    with pytest.raises(InvalidIRError) as error:
        verify(function)
    assert message in str(error.value)
