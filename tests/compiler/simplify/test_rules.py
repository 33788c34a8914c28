"""Each rule on a program of its own: what it makes, and that the meaning stays."""

from types import SimpleNamespace

import numpy as np
import pytest
from weber.compiler import ir
from weber.compiler.interpreter import run
from weber.compiler.passes import fuse
from weber.compiler.passes.simplify import RULES, simplify
from weber.compiler.types import BOOL, F32, F64, I64, TensorType, symbol
from weber.compiler.verify import verify

N = symbol("N")
TYPES = {"x": TensorType(F32, (N, 4)), "y": TensorType(F32, (N, 4)), "v": TensorType(F32, (4,)),
         "s": TensorType(F32),
         "t": TensorType(F32), "w": TensorType(F32, (3, 4)), "k": TensorType(I64, (N, 4)),
         "c": TensorType(BOOL, (N, 4)),
         "u": TensorType(F32, (2, 1, 3)), "q": TensorType(F32, (4, 5)), "d": TensorType(BOOL),
         "i": TensorType(F32, (N, 3, 5, 4)), "h": TensorType(F32, (2, 3, 2, 2)),
         "e": TensorType(F32, (2,)), "p": TensorType(F32, (N, 3, 2, 2)),
         "z": TensorType(F32, (N, 3))}


def build(make):
    arguments = {name: ir.Value(type, name=name) for name, type in TYPES.items()}
    block = ir.Block(list(arguments.values()))
    results = make(ir.Builder(block), SimpleNamespace(**arguments))
    block.results = results if isinstance(results, list) else [results]
    names = [f"f.{index}" for index in range(len(block.results))]
    return verify(ir.Function("f", block, list(arguments), names))


def spread(b, value, *shape):
    return b.broadcast(value, shape=shape, axes=tuple(range(len(shape) - value.rank, len(shape))))


def number(b, value):
    return b.constant(np.float32(value))


def arm(make):
    block = ir.Block()
    block.results = [make(ir.Builder(block))]
    return block


def step(b, x):
    return b.gt(x, b.full(0, x))


def relu(b, x):
    return b.max(x, b.full(0, x))


def twice(b, x):
    return b.add(x, x)


POOL = {"window": (2, 2), "strides": (2, 2)}


def pooled(b, x):
    return b.max_pool(x, **POOL)


def dense(b, a):
    return b.contract(a.x, a.w, spec="ni,oi->no")


def chosen(b, element=F32):
    """A one-hot array of N of five classes."""
    return b.one_hot(b.iota(shape=(N,), axis=0, element=I64), depth=5, element=element)


def repeated(b, carried, make, trips=3, scanned=()):
    """A loop over values whose next ones are the first that `make(b, *values, *slices)` gives; gives all that
    it makes."""
    slices = (TensorType(value.element, value.shape[1:]) for value in scanned)
    arguments = [ir.Value(type) for type in (TensorType(I64), *(value.type for value in carried), *slices)]
    block = ir.Block(arguments)
    block.results = make(ir.Builder(block), *arguments[1:])
    return b.loop(*carried, *scanned, regions=[block], carried=len(carried), trips=trips)


# rule: (program, names of the operations that are left)
SIMPLIFIED = {
    "constant_carry": (lambda b, a: repeated(b, [a.v, a.v], lambda b, x, y: [x, b.tanh(y)]), ["loop"]),
    "hoist_invariants": (lambda b, a: repeated(b, [a.v], lambda b, x: [b.sub(b.exp(a.v), x)]),
                         ["exp", "loop"]),
    "merge_equal_parts": (lambda b, a: b.add(*repeated(b, [a.v], lambda b, x: [b.exp(x), x, x])[1:]),
                          ["loop", "add"]),
    "stack_of_slices": (lambda b, a: b.exp(repeated(b, [a.v], lambda b, x, row: [b.exp(x), row],
                                                    scanned=[a.w])[1]), ["exp"]),
    "sum_of_nothing": (lambda b, a: b.reduce_sum(b.slice(a.w, starts=(0, 0), stops=(0, 4), steps=(1, 1)),
                                                 axes=(0,)), ["constant", "broadcast"]),
    "contract_nothing": (lambda b, a: b.contract(b.slice(a.w, starts=(0, 0), stops=(3, 0), steps=(1, 1)),
                                                 b.slice(a.z, starts=(0, 0), stops=(N, 0), steps=(1, 1)),
                                                 spec="ai,bi->ab"), ["constant", "broadcast"]),
    "no_iterations": (lambda b, a: repeated(b, [a.v], lambda b, x: [b.exp(x), x], trips=0),
                      ["constant", "broadcast"]),
    "subtract_integer_constant": (lambda b, a: b.sub(b.add(a.k, b.full(3, a.k)), b.full(3, a.k)), []),
    "constant_to_the_right": (lambda b, a: b.sub(b.mul(b.full(3, a.x), a.x), b.mul(a.x, b.full(3, a.x))),
                              ["constant", "broadcast", "mul", "sub"]),
    "compared_constant_to_the_right": (lambda b, a: b.lt(b.full(3, a.x), a.x),
                                       ["constant", "broadcast", "gt"]),
    "add_zero": (lambda b, a: [b.add(a.x, b.full(-0.0, a.x)), b.add(b.abs(a.x), b.full(0, a.x)),
                               b.add(a.x, b.full(0, a.x))], ["abs", "constant", "broadcast", "add"]),
    "subtract_zero": (lambda b, a: b.sub(a.x, b.full(0, a.x)), []),
    "by_one": (lambda b, a: [b.div(b.mul(b.full(1, a.x), a.x), b.full(1, a.x)), b.pow(a.x, b.full(1, a.x))],
               []),
    "by_minus_one": (lambda b, a: b.div(a.x, b.full(-1, a.x)), ["neg"]),
    "integer_times_zero": (lambda b, a: b.mul(a.k, b.full(0, a.k)), ["constant", "broadcast"]),
    "integer_less_itself": (lambda b, a: [b.sub(a.k, a.k), b.sub(a.x, a.x)],
                            ["constant", "broadcast", "sub"]),
    "with_itself": (lambda b, a: b.max(a.x, a.x), []),
    "with_neutral": (lambda b, a: getattr(b, "and")(a.c, b.full(True, a.c)), []),
    "compared_with_itself": (lambda b, a: [b.le(a.k, a.k), b.eq(a.x, a.x)], ["constant", "broadcast", "eq"]),
    "compared_with_truth": (lambda b, a: b.eq(a.c, b.full(True, a.c)), []),
    "twice": (lambda b, a: [b.neg(b.neg(a.x)), b.emit("not", [b.emit("not", [a.c])])], []),
    "absolute_of_sign_change": (lambda b, a: b.abs(b.neg(a.x)), ["abs"]),
    "add_negated": (lambda b, a: [b.add(a.x, b.neg(a.y)), b.add(b.neg(a.x), a.y)], ["sub", "sub"]),
    "subtract_negated": (lambda b, a: b.sub(a.x, b.neg(a.y)), ["add"]),
    "signs_of_factors": (lambda b, a: [b.mul(b.neg(a.x), b.neg(a.y)), b.div(b.neg(a.x), b.full(3, a.x))],
                         ["mul", "constant", "broadcast", "div"]),
    "negate_scaled": (lambda b, a: b.neg(b.mul(a.x, b.full(3, a.x))), ["constant", "broadcast", "mul"]),
    "small_power": (lambda b, a: [b.pow(a.x, b.full(2, a.x)), b.pow(a.x, b.full(0, a.x))],
                    ["mul", "constant", "broadcast"]),
    "divide_by_power_of_two": (lambda b, a: [b.div(a.x, b.full(8, a.x)), b.div(a.y, b.full(3, a.y))],
                               ["constant", "broadcast", "mul", "constant", "broadcast", "div"]),
    "integer_constants_twice": (lambda b, a: b.add(b.add(a.k, b.full(3, a.k)), b.full(4, a.k)),
                                ["constant", "broadcast", "add"]),
    "convert_to_same": (lambda b, a: b.convert(a.x, element=F32), []),
    "convert_twice": (lambda b, a: [b.convert(b.convert(a.x, element=F64), element=F32),
                                    b.convert(b.convert(a.x, element=I64), element=F32)],
                      ["convert", "convert"]),
    "drop_identity": (lambda b, a: b.identity(a.x), []),
    "select_known": (lambda b, a: [b.select(b.full(True, a.c), a.x, a.y), b.select(a.c, a.y, a.y)], []),
    "select_by_negation": (lambda b, a: b.select(b.emit("not", [a.c]), a.x, a.y), ["select"]),
    "select_one_or_zero": (lambda b, a: [b.select(a.c, b.full(1, a.x), b.full(0, a.x)),
                                         b.select(a.c, b.full(False, a.c), b.full(True, a.c))],
                           ["convert", "not"]),
    "select_under_same_condition": (lambda b, a: b.select(a.c, b.select(a.c, a.x, b.abs(a.x)), a.y),
                                    ["select"]),
    "known_condition": (lambda b, a: b.emit("if", [b.constant(np.bool_(False))], {}, [
        arm(lambda inner: inner.neg(a.x)), arm(lambda inner: inner.abs(a.x))]), ["abs"]),
    "broadcast_to_same": (lambda b, a: b.broadcast(a.x, shape=a.x.shape, axes=(0, 1)), []),
    "broadcast_twice": (lambda b, a: spread(b, spread(b, a.v, 3, 4), N, 3, 4), ["broadcast"]),
    "broadcast_of_added_axes": (lambda b, a: spread(b, b.reshape(a.v, shape=(4, 1)), N, 4, 3), ["broadcast"]),
    "compute_before_broadcast": (lambda b, a: b.mul(b.tanh(spread(b, a.v, N, 4)), spread(b, a.s, N, 4)),
                                 ["tanh", "broadcast", "mul", "broadcast"]),
    "reshape_to_same": (lambda b, a: b.reshape(a.x, shape=a.x.shape), []),
    "reshape_twice": (lambda b, a: b.reshape(b.reshape(a.x, shape=(N * 4,)), shape=(N, 2, 2)), ["reshape"]),
    "reshape_of_repeated_scalar": (lambda b, a: b.reshape(spread(b, a.s, N, 4), shape=(N * 4,)),
                                   ["broadcast"]),
    "transpose_of_nothing": (lambda b, a: b.transpose(a.x, permutation=(0, 1)), []),
    "transpose_twice": (lambda b, a: b.transpose(b.transpose(a.x, permutation=(1, 0)), permutation=(1, 0)),
                        []),
    "transpose_of_broadcast": (lambda b, a: b.transpose(spread(b, a.x, 2, N, 4), permutation=(2, 0, 1)),
                               ["transpose", "broadcast"]),
    "transpose_of_unit_axes": (lambda b, a: b.transpose(a.u, permutation=(1, 0, 2)), ["reshape"]),
    "slice_of_everything": (lambda b, a: b.slice(a.x, starts=(0, 0), stops=(N, 4), steps=(1, 1)), []),
    "slice_of_part": (lambda b, a: b.slice(b.concatenate(a.x, a.y, axis=1), starts=(0, 5), stops=(N, 8),
                                           steps=(1, 2)),
                      ["slice"]),
    "pad_with_nothing": (lambda b, a: b.pad(a.x, low=(0, 0), high=(0, 0), value=1), []),
    "concatenate_one": (lambda b, a: b.concatenate(a.x, axis=0), []),
    "concatenate_flat": (lambda b, a: b.concatenate(b.concatenate(a.x, a.y, axis=0), a.x, axis=0),
                         ["concatenate"]),
    "reverse_nothing": (lambda b, a: [b.reverse(b.reverse(a.x, axes=(0, 1)), axes=(1, 0)),
                                      b.reverse(a.u, axes=(1,))],
                        []),
    "reduce_nothing": (lambda b, a: b.reduce_max(a.x, axes=()), []),
    "reduce_unit_axes": (lambda b, a: b.reduce_sum(a.u, axes=(1,)), ["reshape"]),
    "reduce_twice": (lambda b, a: b.reduce_sum(b.reduce_sum(a.u, axes=(0,)), axes=(1,)), ["reduce_sum"]),
    "reduce_transposed": (lambda b, a: b.reduce_sum(b.transpose(a.w, permutation=(1, 0)), axes=(0,)),
                          ["reduce_sum"]),
    "sum_of_negated": (lambda b, a: b.reduce_sum(b.neg(a.x), axes=(0,)), ["reduce_sum", "neg"]),
    "reduce_of_added_axes": (lambda b, a: b.reduce_max(b.reshape(a.v, shape=(1, 4, 1)), axes=(2, 0, 1)),
                             ["reduce_max"]),
    "sum_of_repeated": (lambda b, a: b.reduce_sum(spread(b, a.v, N, 4), axes=(0,)),
                        ["dim_value", "convert", "broadcast", "mul"]),
    "extremum_of_repeated": (lambda b, a: [b.reduce_max(spread(b, a.v, 3, 4), axes=(0, 1)),
                                           b.reduce_min(spread(b, a.v, N, 4), axes=(0,))],
                             ["reduce_max", "broadcast", "reduce_min"]),
    "contract_transposed": (lambda b, a: b.contract(a.x, b.transpose(a.w, permutation=(1, 0)),
                                                    spec="ni,io->no"),
                            ["contract"]),
    "transpose_of_contraction": (lambda b, a: b.transpose(dense(b, a), permutation=(1, 0)), ["contract"]),
    "contract_unit_axes": (lambda b, a: b.contract(a.u, a.u, spec="aub,cub->ac"), ["reshape", "contract"]),
    "fold_constants": (lambda b, a: [b.exp(b.constant(np.arange(3.0))), b.idiv(b.constant(np.int64(1)),
                                                                               b.constant(np.int64(0)))],
                       ["constant", "constant", "constant", "idiv"]),
    "constant_as_broadcast": (lambda b, a: b.constant(np.full((2, 3), np.nan, np.float32)),
                              ["constant", "broadcast"]),
}


def one_row(b, a, **attributes):
    """Zeros but for the last row."""
    row = b.reshape(a.v, shape=(1, 4))
    return b.scatter_add(b.constant(np.array([2])), row, axis=0, shape=(3, 4), **attributes)


def with_rows(b, x, row, places):
    """x with a row added to two of its rows."""
    return b.add_rows(x, b.constant(np.array(places)), spread(b, row, 2, 4))


FUSED = {
    "drop_stop_gradient": (lambda b, a: b.stop_gradient(a.x), []),
    "convert_one_hot": (lambda b, a: b.convert(chosen(b, BOOL), element=F32), ["iota", "one_hot"]),
    "reshape_one_hot": (lambda b, a: b.reshape(chosen(b), shape=(N, 1, 5)), ["iota", "reshape", "one_hot"]),
    "select_by_one_hot": (lambda b, a: [b.contract(chosen(b), a.q, spec="ki,ji->kj"),
                                        b.contract(a.q, chosen(b), spec="ji,ki->jk")],
                          ["iota", "gather", "transpose"]),
    "add_in_gemm": (lambda b, a: b.add(spread(b, b.reduce_sum(a.w, axes=(1,)), N, 3), dense(b, a)),
                    ["reduce_sum", "gemm"]),
    "subtract_in_gemm": (lambda b, a: [b.sub(a.z, dense(b, a)), b.sub(b.contract(a.x, a.q, spec="ni,ij->nj"),
                                                                      spread(b, a.s, N, 5))],
                         ["gemm", "gemm"]),
    "add_to_rows": (
        lambda b, a: [b.add(b.exp(a.w), one_row(b, a, unique=True)), b.add(a.w, one_row(b, a)),
                      b.add(spread(b, a.s, 2, 6), b.reshape(one_row(b, a, unique=True), shape=(2, 6))),
                      b.add(b.sin(a.w), with_rows(b, b.full(0, a.w), a.v, (0, 2)))],
        ["exp", "reshape", "constant", "add_rows", "scatter_add", "add", "broadcast", "add_rows", "reshape",
         "sin", "constant", "broadcast", "add_rows"]),
    "add_once_to_rows": (
        lambda b, a: with_rows(b, with_rows(b, with_rows(b, a.w, a.v, (0, 2)), b.exp(a.v), (1, 0)),
                               b.sin(a.v), (0, 2)),
        ["constant", "exp", "constant", "broadcast", "sin", "add", "broadcast", "add_rows", "add_rows"]),
    "scale_in_gemm": (lambda b, a: b.sub(a.z, b.mul(dense(b, a), b.full(0.25, a.z))), ["gemm"]),
    "add_in_conv": (lambda b, a: b.add(b.conv(a.i, a.h, strides=(1, 2), pads=(1, 0, 0, 1)),
                                       b.broadcast(a.e, shape=(N, 2, 5, 2), axes=(1,))), ["conv_bias"]),
    "pieces_side_by_side": (
        lambda b, a: [b.add(b.add(b.pad(a.w, low=(0, 5), high=(1, 0), value=0),
                                  b.pad(a.w, low=(0, 1), high=(1, 4), value=0)),
                            b.pad(b.reshape(a.v, shape=(4, 1)), low=(0, 0), high=(0, 8), value=0)),
                      b.add(b.pad(a.v, low=(1,), high=(4,), value=0),
                            b.pad(a.v, low=(4,), high=(1,), value=0))],
        ["concatenate", "pad", "reshape", "pad", "add", "pad", "pad", "add"]),
    "maximum_with_zero": (lambda b, a: relu(b, a.x), ["relu"]),
    "zero_below_zero": (lambda b, a: b.select(b.lt(a.x, b.full(0, a.x)), b.full(0, a.x), a.x), ["relu"]),
    "step_as_number": (lambda b, a: b.convert(step(b, a.x), element=F32), ["hard_sigmoid"]),
    "relu_cotangent": (lambda b, a: [relu(b, a.x), b.select(step(b, a.x), a.y, b.full(0, a.x)),
                                     b.select(step(b, a.x), b.log(a.x), b.full(0, a.x))],
                       ["constant", "broadcast", "relu", "gt", "hard_sigmoid", "mul", "log", "select"]),
    "pool_before_relu": (lambda b, a: pooled(b, relu(b, a.i)), ["max_pool", "relu"]),
    "relu_cotangent_before_pool": (
        lambda b, a: b.select(step(b, a.i), b.max_pool_gradient(
            relu(b, a.i), pooled(b, relu(b, a.i)), a.p, **POOL), b.full(0, a.i)),
        ["max_pool", "relu", "hard_sigmoid", "mul", "max_pool_gradient"]),
    "small_factors_first": (
        lambda b, a: [b.div(b.mul(a.x, spread(b, a.s, N, 4)), spread(b, a.t, N, 4)),
                      b.div(b.div(a.y, spread(b, a.s, N, 4)), spread(b, a.v, N, 4))],
        ["div", "broadcast", "mul", "broadcast", "mul", "broadcast", "div"]),
    "small_factor_into_numerator": (
        lambda b, a: b.mul(b.div(b.div(a.x, spread(b, a.s, N, 4)), a.y), spread(b, a.t, N, 4)),
        ["div", "broadcast", "mul", "div"]),
    "factor_out_of_sum": (
        lambda b, a: [b.reduce_sum(b.mul(a.x, spread(b, a.v, N, 4)), axes=(0,)),
                      b.reduce_sum(b.mul(a.y, b.mul(a.x, spread(b, a.s, N, 4))), axes=(1,))],
        ["reduce_sum", "mul", "mul", "reduce_sum", "broadcast", "mul"]),
    "twice_scaled": (lambda b, a: [twice(b, b.mul(a.x, spread(b, a.s, N, 4)))],
                     ["constant", "mul", "broadcast", "mul"]),
    "small_factor_to_the_right": (
        lambda b, a: b.mul(b.mul(spread(b, a.s, N, 4), a.x), spread(b, a.t, N, 4)),
        ["mul", "broadcast", "mul"]),
}


def finite_inputs():
    rng = np.random.default_rng(0)
    return {name: np.asarray(rng.integers(1, 9,
                                          [dim if isinstance(dim, int) else 5 for dim in type.shape]) % (
        2 if type.element is BOOL else 99) * (rng.integers(0, 2) * 2 - 1)).astype(type.element.numpy)
        for name, type in TYPES.items()}


@pytest.mark.parametrize("rule", SIMPLIFIED)
def test_simplification(rule, inputs_of, assert_same):
    make, left = SIMPLIFIED[rule]
    function = build(make)
    simplified = verify(simplify(function))
    assert [operation.name for operation in simplified.body.operations] == left
    if rule == "fold_constants":
        return  # its program divides by zero
    exact = not any(operation.name in ("contract", "reduce_sum",
                                       "pow") for operation in function.body.operations)
    for seed in range(20):
        inputs = inputs_of(function, 5, seed, special=exact)
        tolerance = {} if exact else {"rtol": 1e-6}
        assert_same(run(simplified, inputs), run(function, inputs), **tolerance)


@pytest.mark.parametrize("rule", FUSED)
def test_fusion(rule, assert_same):
    make, left = FUSED[rule]
    function = build(make)
    fused = verify(fuse.fuse(simplify(function)))
    assert [operation.name for operation in fused.body.operations] == left
    inputs = finite_inputs()
    assert_same(run(fused, inputs), run(function, inputs), rtol=1e-5)


@pytest.mark.parametrize("table, cases", [(RULES, SIMPLIFIED), (fuse.RULES, FUSED)], ids=["simplify", "fuse"])
def test_every_rule_has_a_case_in_which_it_applies(table, cases, monkeypatch):
    rules = {rule.__name__: rule for entries in table.by_op.values() for rule in entries}
    assert set(rules) == set(cases)
    applied = set()
    for name, entries in table.by_op.items():
        monkeypatch.setitem(table.by_op, name, [recorded(rule, applied) for rule in entries])
    for rule, (make, _) in cases.items():
        applied.clear()
        fuse.fuse(build(make)) if cases is FUSED else simplify(build(make))
        assert rule in applied


def recorded(rule, applied):
    def record(b, operation):
        made = rule(b, operation)
        if made is not None:
            applied.add(rule.__name__)
        return made

    record.__name__ = rule.__name__
    return record


def test_a_zero_of_the_wrong_sign_is_added():
    """x + 0 is not x for x = -0."""
    function = simplify(build(lambda b, a: b.add(a.x, b.full(0, a.x))))
    zeros = {name: np.zeros([dim if isinstance(dim, int) else 2 for dim in type.shape], type.element.numpy)
             for name, type in TYPES.items()}
    zeros["x"] = np.full((2, 4), -0.0, np.float32)
    assert not np.signbit(run(function, zeros)[0]).any()


def test_equal_operations_are_one_and_unused_ones_are_dropped():
    def make(b, a):
        b.exp(a.y)
        return [b.tanh(a.x), b.tanh(a.x)]

    function = simplify(build(make))
    assert [operation.name for operation in function.body.operations] == ["tanh"]
    assert function.body.results[0] is function.body.results[1]


def test_constants_that_differ_in_the_sign_of_zero_stay_apart():
    function = simplify(build(lambda b, a: [b.constant(np.float32(0)), b.constant(np.float32(-0.0))]))
    assert len(function.body.operations) == 2


def test_names_and_locations_stay():
    from weber.compiler.errors import Location

    def make(b, a):
        b.location = Location("m.jl", 7, 2)
        value = b.add(a.x, b.neg(a.y))
        value.name = "difference"
        return value

    (operation,) = simplify(build(make)).body.operations
    assert operation.name == "sub" and operation.location.line == 7 and operation.result.name == "difference"


def test_large_results_are_not_folded():
    def make(b, a):
        row = b.constant(np.arange(1000.0))
        return [b.concatenate(*[row] * 100, axis=0), b.reverse(b.constant(np.arange(1e5)), axes=(0,))]

    names = [operation.name for operation in simplify(build(make)).body.operations]
    assert "concatenate" in names and "reverse" not in names


def test_families_name_the_elementwise_ops():
    from weber.compiler.families import ELEMENTWISE
    from weber.compiler.ops import OPS
    from weber.compiler.ops.elementwise import infer_elementwise

    code = infer_elementwise("", 1, "any").__code__
    registered = {name for name, op in OPS.items() if op.infer.__code__ is code}
    assert registered | {"select", "convert"} == ELEMENTWISE


def test_a_constant_and_a_repeated_factor_have_one_order():
    """Both belong to the right of a product; they once took turns there for ever."""
    half = np.full(1, 0.5, np.float32)
    function = build(lambda b, a: [b.mul(b.constant(half), spread(b, a.s, 1)),
                                   b.mul(spread(b, a.s, 1), b.constant(half))])
    inputs = {name: np.full([dim if isinstance(dim, int) else 2 for dim in type.shape], 3, type.element.numpy)
              for name, type in TYPES.items()}
    for found in run(fuse.fuse(function), inputs):
        np.testing.assert_array_equal(found, np.full(1, 1.5, np.float32))
