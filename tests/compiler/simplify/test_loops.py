"""What leaves loops: sums, projections, invariants, dead parts; the meaning stays."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weber.compiler import ir
from weber.compiler.interpreter import run
from weber.compiler.passes.fuse import fuse
from weber.compiler.passes.loops import sinking
from weber.compiler.passes.loops.restructure import restructure_loops
from weber.compiler.passes.simplify import simplify
from weber.compiler.pipeline import compile_to_onnx
from weber.compiler.types import F64, I64, TensorType, symbol
from weber.compiler.verify import verify

T, K, P = symbol("T"), symbol("K"), symbol("P")
INDEX, ROW, SQUARE = TensorType(I64), TensorType(F64, (3,)), TensorType(F64, (3, 3))
ROWS = TensorType(F64, (T, 3))
TYPES = {"x": ROWS, "h": ROW, "w": SQUARE, "u": SQUARE, "k": INDEX, "i": TensorType(I64, (T,)),
         "e": TensorType(F64, (7, 3))}


def build(make):
    arguments = {name: ir.Value(type, name=name) for name, type in TYPES.items()}
    block = ir.Block(list(arguments.values()))
    results = make(ir.Builder(block), **arguments)
    block.results = results if isinstance(results, list) else [results]
    names = [f"f.{index}" for index in range(len(block.results))]
    return verify(ir.Function("f", block, list(arguments), names))


def inputs_of(trips):
    random = np.random.default_rng(trips)
    x, h, e = random.normal(size=(trips, 3)), random.normal(size=3), random.normal(size=(7, 3))
    w, u = random.normal(size=(2, 3, 3)) / 2
    return {"x": x, "h": h, "w": w, "u": u, "k": np.array(trips), "i": random.integers(0, 7, trips), "e": e}


def region(types, make):
    block = ir.Block([ir.Value(type) for type in types])
    block.results = list(make(ir.Builder(block), *block.arguments))
    return block


def scan(b, starts, scanned, make, **attributes):
    types = [INDEX, *(value.type for value in starts), *(TensorType(v.element, v.shape[1:]) for v in scanned)]
    count = [attributes.pop("count")] if "count" in attributes else []
    attributes = {"trips": T, **attributes}
    return b.loop(*count, *starts, *scanned, regions=[region(types, make)], carried=len(starts), **attributes)


def product(b, matrix, x):
    return b.contract(matrix, x, spec="hk,k->h")


def outer(b, x, y):
    return b.contract(x, y, spec="h,k->hk")


def sum_of_products(b, x, h, w, **_):
    """A layer's recurrence, and the sum of outer products: it becomes one product of two stacks."""
    def step(b, index, h, total, row):
        h = b.tanh(b.add(product(b, w, h), row))
        return [h, b.add(total, outer(b, h, row))]

    return scan(b, [h, b.full(0, w)], [x], step)


def input_projection(b, x, h, w, u, **_):
    return scan(b, [h], [x], lambda b, index, h, row: [b.tanh(b.add(product(b, w, row), product(b, u, h)))])


def plain_sums(b, x, h, w, **_):
    def step(b, index, total, less, count, row):
        return [b.add(b.add(total, b.mul(row, row)), row), b.sub(less, b.neg(product(b, w, row))),
                b.add(count, b.full(1, count))]

    return scan(b, [h, h, h], [x], step)


def rows_of_a_table(b, h, i, e, **_):
    """Each iteration looks a row up and adds to the row of another table."""
    def step(b, index, h, table, place):
        row = b.gather(e, place, axis=0)
        h = b.sin(b.add(h, row))
        return [h, b.add(table, b.scatter_add(place, h, axis=0, shape=e.shape))]

    return scan(b, [h, b.full(0, e)], [i], step)


def columns_set(b, h, w, **_):
    def step(b, index, h, total):
        h, zero = b.sin(product(b, w, h)), b.constant(np.int64(0))
        column = b.dynamic_update_slice(b.full(0, w), b.reshape(h, shape=(3, 1)), zero, index)
        return [h, b.add(total, column)]

    return scan(b, [h, b.full(0, w)], [], step, trips=3)


def open_sum(b, h, w, k, **_):
    def step(b, index, h, total):
        h = b.tanh(product(b, w, h))
        return [h, b.add(total, outer(b, h, h))]

    return scan(b, [h, b.full(0, w)], [], step, count=k, counted=True, trips=K)


def nested_sum(b, h, w, k, **_):
    """The sums leave both loops."""
    def outside(b, index, h, total):
        def inside(b, index, h, total):
            h = b.tanh(product(b, w, h))
            return [h, b.add(total, outer(b, h, h))]

        return scan(b, [h, total], [], inside, trips=4)

    return scan(b, [h, b.full(0, w)], [], outside, trips=3)


def products_in_arms(b, x, h, w, u, **_):
    """A product of the one arm, the transpose of one of the other; nothing is added up in the loop."""
    def step(b, index, h, total, row):
        s = b.reduce_sum(row, axes=(0,))
        h, term = b.emit("if", [b.gt(s, b.full(0, s))], {}, [
            region([], lambda b: [b.tanh(b.add(h, row)), outer(b, b.sin(h), row)]),
            region([], lambda b: [b.mul(h, row), b.neg(b.transpose(outer(b, h, h), permutation=(1, 0)))])])
        return [h, b.add(total, term)]

    return scan(b, [h, b.full(0, w)], [x], step)


def in_and_out(b, x, h, w, **_):
    """Everything that is computed of the inputs alone."""
    return scan(b, [h], [x], lambda b, index, h, row: [b.add(h, b.tanh(product(b, w, row))), b.exp(row)])


def factors_regrouped(b, x, h, w, **_):
    """(v · s) · t of which s and t are known before the loop, v only in it."""
    def step(b, index, h, row):
        return [b.sin(b.mul(b.mul(b.add(h, row), b.exp(row)), b.cos(row)))]

    return scan(b, [h], [x], step)


def sums_of_what_products_need(b, x, h, w, **_):
    """A sum of pieces, whose whole a product needs stacked: its sum is that of the one stack."""
    def step(b, index, h, bias, total, row):
        pieces = b.sin(h), b.mul(h, row)
        whole = b.add(*pieces)
        return [b.tanh(product(b, w, whole)), b.add(bias, whole), b.add(total, outer(b, whole, row))]

    return scan(b, [h, h, b.full(0, w)], [x], step)


def rows_by_index(b, x, h, w, **_):
    """x[t, :] is read by index, behind one-based arithmetic."""
    def step(b, index, h):
        one, zero = b.constant(np.int64(1)), b.constant(np.int64(0))
        place = b.sub(b.add(index, one), one)
        row = b.reshape(b.dynamic_slice(x, place, zero, sizes=(1, 3)), shape=(3,))
        return [b.tanh(b.add(product(b, w, row), h))]

    return scan(b, [h], [], step)


def rows_by_index_from_the_second(b, e, h, **_):
    def step(b, index, h):
        return [b.sin(b.add(h, b.gather(e, b.add(index, b.constant(np.int64(2))), axis=0)))]

    return scan(b, [h], [], step, trips=5)


def columns_written(b, w, u, h, **_):
    """Columns of an array are set, from their old values; one stays."""
    def step(b, index, h, whole):
        zero = b.constant(np.int64(0))
        place = b.add(index, b.constant(np.int64(1)))
        old = b.reshape(b.dynamic_slice(whole, zero, place, sizes=(3, 1)), shape=(3,))
        h = b.sin(b.add(h, old))
        return [h, b.dynamic_update_slice(whole, b.reshape(h, shape=(3, 1)), zero, place)]

    return scan(b, [h, w], [], step, trips=2)


def rows_read_after_others(b, w, h, **_):
    """The row before is read: the array stays a carried one."""
    def step(b, index, whole):
        row = b.sin(b.gather(whole, index, axis=0))
        place = b.add(index, b.constant(np.int64(1)))
        return [b.dynamic_update_slice(whole, b.reshape(row, shape=(1, 3)), place, b.constant(np.int64(0)))]

    return scan(b, [w], [], step, trips=2)


def pieces(b, x, h, w, u, i, e, k, **_):
    """Of rows in two pieces: a projection comes before the loop; a sum of products, one of rows of a table
    and products that are handed out come after it."""
    half = b.idiv(k, b.constant(np.int64(2)))
    sizes = b.concatenate(*(b.reshape(size, shape=(1,)) for size in (b.sub(k, half), half)), axis=0)
    rows = TensorType(F64, (P, 3))

    def step(b, index, h, total, table, size, piece, places):
        fixed = b.mul(b.contract(piece, w, spec="pk,hk->ph"), b.full(2, piece))
        new = b.tanh(b.add(fixed, b.broadcast(h, shape=(P, 3), axes=(1,))))
        return [b.sin(b.add(h, b.reduce_sum(new, axes=(0,)))),
                b.add(total, b.contract(new, piece, spec="ph,pk->hk")),
                b.add(table, b.scatter_add(places, new, axis=0, shape=e.shape)),
                b.contract(new, u, spec="pk,hk->ph"), piece]

    body = region([INDEX, ROW, SQUARE, e.type, INDEX, rows, TensorType(I64, (P,))], step)
    return b.loop(h, b.full(0, w), b.full(0, e), sizes, x, i, regions=[body], carried=3, trips=2,
                  ragged=("P",), totals=(T,))


# program: names of operations in the bodies of loops that are left, in order
PROGRAMS = {
    sum_of_products: ["contract", "add", "tanh"], input_projection: ["contract", "add", "tanh"],
    plain_sums: [], rows_of_a_table: ["add", "sin"], columns_set: ["contract", "sin", "reshape"],
    open_sum: ["contract", "tanh"], nested_sum: ["loop", "contract", "tanh"], in_and_out: [],
    products_in_arms: ["if", "add", "tanh", "sin", "broadcast", "mul", "broadcast"],
    factors_regrouped: ["add", "mul", "sin"],
    sums_of_what_products_need: ["sin", "mul", "add", "contract", "tanh"],
    rows_by_index: ["add", "tanh"], rows_by_index_from_the_second: ["add", "sin"],
    columns_written: ["add", "sin"],
    pieces: ["broadcast", "add", "tanh", "reduce_sum", "add", "sin"],
    rows_read_after_others: ["gather", "sin", "add", "reshape", "dynamic_update_slice"],
}


def inside_of_loops(block):
    return [name for operation in block.operations for region in operation.regions
            for inner in region.operations for name in (inner.name, *inside_of_loops(ir.Block([], [inner])))]


@pytest.mark.parametrize("make", PROGRAMS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("trips", [5, 1, 0])
def test_what_leaves_loops(make, trips, run_onnx, assert_same, monkeypatch):
    monkeypatch.setattr(sinking, "LARGEST_TERM", 3)
    function = build(make)
    changed = verify(restructure_loops(function))
    assert inside_of_loops(changed.body) == PROGRAMS[make]
    inputs = inputs_of(trips)
    expected = run(function, inputs)
    assert_same(run(changed, inputs), expected, rtol=1e-12, atol=1e-12)
    for optimised in (False, True):
        assert_same(run_onnx(compile_to_onnx(function), inputs, optimised), expected, rtol=1e-12, atol=1e-12)


def test_a_sum_that_is_stacked_is_summed_as_a_whole():
    loop, = (operation for operation in restructure_loops(build(sums_of_what_products_need)).body.operations
             if operation.name == "loop")
    assert [value.shape for value in loop.results] == [(3,), (T, 3)]


def test_products_of_stacks_leave_the_loop(run_onnx):
    """Also products of products; what is needed inside stays."""
    def make(b, x, h, w, u, **_):
        def step(b, index, h, row):
            h = b.tanh(b.add(product(b, w, h), row))
            first = product(b, u, h)
            return [h, product(b, w, first), first, h]

        return scan(b, [h], [x], step)

    function = build(make)
    restructured = verify(restructure_loops(simplify(function)))
    (loop,) = [operation for operation in restructured.body.operations if operation.name == "loop"]
    assert [operation.name for operation in loop.regions[0].operations].count("contract") == 1
    assert sum(operation.name == "contract" for operation in restructured.body.operations) == 2
    model = compile_to_onnx(function)
    for trips in (0, 1, 4):
        inputs = inputs_of(trips)
        for results in (run(restructured, inputs), run_onnx(model, inputs)):
            for actual, expected in zip(results, run(function, inputs), strict=True):
                np.testing.assert_allclose(actual, expected, rtol=1e-12)


def test_arrays_are_carried_in_the_shape_in_which_they_are_made():
    """The body works on pairs; the reshapes leave the loop."""
    def make(b, h, w, x, **_):
        def step(b, index, matrix, row):
            flat = b.sin(b.reshape(matrix, shape=(9,)))
            return [b.reshape(b.add(flat, b.concatenate(row, row, row, axis=0)), shape=(3, 3))]

        return scan(b, [w], [x], step)

    function = build(make)
    fused = verify(fuse(simplify(function)))
    (loop,) = [operation for operation in fused.body.operations if operation.name == "loop"]
    assert loop.results[0].shape == (9,)
    assert [operation.name for operation in loop.regions[0].operations] == ["sin", "concatenate", "add"]
    for trips in (0, 1, 4):
        np.testing.assert_array_equal(run(fused, inputs_of(trips))[0], run(function, inputs_of(trips))[0])


def test_dead_parts_are_dropped():
    def make(b, x, h, w, **_):
        def step(b, index, h, unused, kept, row, other):
            return [b.sin(kept), b.add(unused, b.exp(row)), b.add(h, other), b.exp(h), b.cos(kept)]

        made = scan(b, [h, h, h], [x, b.exp(x)], step)
        return [made[0], made[4]]

    function = build(make)
    simplified = verify(simplify(function))
    (loop,) = (operation for operation in simplified.body.operations if operation.name == "loop")
    assert loop.attributes["carried"] == 2 and len(loop.operands) == 3 and len(loop.results) == 3
    for found, expected in zip(run(simplified, inputs_of(4)), run(function, inputs_of(4)), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_inputs_scanned_twice_are_scanned_once():
    def make(b, x, h, w, **_):
        return scan(b, [h], [x, x], lambda b, index, h, one, two: [b.sin(b.add(b.mul(h, one), two)), h, h])

    function = build(make)
    simplified = verify(simplify(function))
    (loop,) = simplified.body.operations
    assert len(loop.operands) == 2 and len(loop.results) == 2
    for found, expected in zip(run(simplified, inputs_of(4)), run(function, inputs_of(4)), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_number_of_iterations_stays_known():
    """Nobody reads the stack; its extent is used."""
    def make(b, h, k, **_):
        made = scan(b, [h], [], lambda b, index, h: [b.sin(h), h, h], count=k, counted=True, trips=K)
        return b.mul(b.full(2, made[1]), b.full(3, made[1]))

    function = build(make)
    assert run(verify(simplify(function)), inputs_of(4))[0].shape == (4, 3)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), seed=st.integers(0, 1000), rows=st.sampled_from([1, 2, 5]))
def test_random_programs(programs, inputs_of, stays_finite, assert_same, data, seed, rows):
    function = data.draw(programs(F64))
    changed = verify(restructure_loops(function))
    inputs = inputs_of(function, rows, seed)
    if stays_finite(function, inputs):
        assert_same(run(changed, inputs), run(function, inputs), rtol=1e-9, atol=1e-9)
