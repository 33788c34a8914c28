"""Calls of artifacts: state between calls, arguments, results."""

import threading
import timeit

import ml_dtypes
import numpy as np
import pytest
from weber.compiler.errors import WeberError
from weber.runtime.program import Program
from weber.runtime.state import StateStore

f32 = np.float32


def f(*values):
    return np.array(values, f32)


def gradient_descent(x, y, steps):
    """What `regression` does, in float64."""
    weight, bias, losses = np.zeros((3, 1)), np.zeros(1), []
    for _ in range(steps):
        d = x @ weight + bias - y
        losses.append((d**2).mean())
        weight, bias = weight - 0.2 * x.T @ d / len(x), bias - 0.2 * d.mean(0)
    return weight, bias, losses


def test_the_state_goes_from_call_to_call(counter):
    count = Program(counter)
    results = [count(f(i, 10)) for i in range(5)]
    np.testing.assert_array_equal(results, [[0, 0], [0, 10], [1, 20], [3, 30], [6, 40]])
    np.testing.assert_array_equal(count.state["total"], [10, 50])
    assert count.state["calls"] == 5 and count.state["calls"].dtype == np.int64


def test_training_follows_numpy_for_any_batch_size(regression):
    rng = np.random.default_rng(0)
    for n in (1, 7, 128):
        x, y = rng.normal(size=(n, 3)), rng.normal(size=(n, 1))
        fit = Program(regression)
        losses = [fit(x.astype(f32), y.astype(f32)) for _ in range(50)]
        weight, bias, expected = gradient_descent(x, y, 50)
        np.testing.assert_allclose(losses, expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(fit.state["model.weight"], weight, atol=1e-5)
        np.testing.assert_allclose(fit.state["model.bias"], bias, atol=1e-5)


def test_batch_sizes_may_change_between_calls(regression):
    fit, shapes = Program(regression), []
    for n in (4, 1, 9, 4):
        loss = fit(np.ones((n, 3), f32), np.zeros((n, 1), f32))
        shapes.append(np.shape(loss))
    assert shapes == [()] * 4 and isinstance(loss, f32)


def test_results_and_states_are_the_callers_own(counter):
    count = Program(counter)
    first = count(f(1, 1))
    first[:] = 99
    before = count.state["total"]
    before[:] = 77
    second = count(f(1, 1))
    third = count(f(1, 1))
    np.testing.assert_array_equal([first, second, third], [[99, 99], [1, 1], [2, 2]])


def test_a_state_can_be_assigned_in_either_phase(counter):
    count = Program(counter)
    for calls in range(3):
        count.state["total"] = f(100, calls)
        np.testing.assert_array_equal(count(f(1, 1)), [100, calls])
        np.testing.assert_array_equal(count.state["total"], [101, calls + 1])
    count.state["calls"] = 7
    count(f(0, 0))
    assert count.state["calls"] == 8


def test_programs_share_a_state(counter, reader):
    count = Program(counter)
    show = Program(reader, state=count.state)
    other = Program(counter, state=count.state)
    assert show.state is count.state
    expected = np.zeros(2)
    for step in range(20):  # all orders of odd and even numbers of steps
        for program in (count, other)[: 1 + step % 2] * (1 + step % 3):
            program(f(1, step))
            expected += [1, step]
        np.testing.assert_array_equal(show(f(1, 2)), expected * [1, 2])
    show.state["total"] = f(5, 6)
    np.testing.assert_array_equal(count(f(0, 0)), [5, 6])


def test_programs_that_mutate_different_states_take_turns(make_model):
    def stepper(name, other):
        nodes = [("Add", [name, other], [f"{name}.next"]), ("Identity", [name], ["old"])]
        state = {name: np.array(1, f32), other: np.array(1, f32)}
        return make_model(nodes, [], [("old", "f32", [])], state, [name])

    first = Program(stepper("a", "b"))
    second = Program(stepper("b", "a"), state=first.state)
    a = b = 1
    for choice in np.random.default_rng(1).integers(2, size=30):
        if choice:
            first()
            a += b
        else:
            second()
            b += a
        assert (first.state["a"], second.state["b"]) == (f32(a), f32(b))


def test_a_shared_state_must_have_the_same_type(counter, make_model):
    other = make_model([("Identity", ["total"], ["y"])], [], [("y", "f32", [3])], {"total": np.zeros(3, f32)})
    with pytest.raises(WeberError, match=r"total: it is float32 \(2,\) there and float32 \(3,\)"):
        Program(other, state=Program(counter).state)
    with pytest.raises(WeberError, match="found dict"):
        Program(other, state={"total": np.zeros(3)})


def test_a_failed_call_leaves_the_state(make_model):
    # Reshape to the wrong number of elements fails in the run, after the state's next value has been written
    model = make_model(
        [("Add", ["s", "s"], ["s.next"]), ("Reshape", ["x", "shape"], ["y"])],
        [("x", "f32", ["N"]), ("shape", "i64", [1])],
        [("y", "f32", ["M"])], {"s": f(1, 2)}, ["s"])  # fmt: skip
    program = Program(model)
    program(f(1, 2), np.array([2]))
    with pytest.raises(WeberError, match=r"y failed: .*Reshape"):
        program(f(1, 2), np.array([3]))
    np.testing.assert_array_equal(program.state["s"], [2, 4])
    program(f(1, 2), np.array([2]))
    np.testing.assert_array_equal(program.state["s"], [4, 8])


def test_calls_from_several_threads_take_turns(counter):
    count = Program(counter, threads=1)

    def call_often():
        for _ in range(200):
            count(f(1, 2))

    threads = [threading.Thread(target=call_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count.state["calls"] == 800 and count.state["total"].tolist() == [800, 1600]


def test_the_state_costs_a_call_next_to_nothing(make_model):
    names = [f"s{index}" for index in range(20)]
    nodes = [("Add", [name, "x"], [f"{name}.next"]) for name in names] + [("Neg", ["x"], ["y"])]
    state = {name: f(0) for name in names}
    model = make_model(nodes, [("x", "f32", [1])], [("y", "f32", [1])], state, names)
    program = Program(model, threads=1)
    feeds = {"x": f(1)} | state
    arguments, outputs = (f(1),), [f"{name}.next" for name in names]
    program(*arguments)

    def fastest(function, *arguments):
        return min(timeit.repeat(lambda: function(*arguments), number=200, repeat=7)) / 200

    plain_run = fastest(program._session._sess.run, ["y", *outputs], feeds, None)
    overhead = fastest(program, *arguments) - plain_run
    assert overhead < 50e-6  # in truth it is negative: the state is bound once


# --- arguments ----------------------------------------------------------------------------------------------


def test_arguments_by_position_and_by_name(make_model):
    model = make_model([("Sub", ["x", "θ"], ["subtract"])], [("x", "f32", ["N"]), ("θ", "f32", ["N"])],
                       [("subtract", "f32", ["N"])])  # fmt: skip
    subtract = Program(model)
    three, one = f(3), f(1)
    calls = (subtract(three, one), subtract(three, θ=one), subtract(θ=one, x=three), subtract([3], [1]))
    for result in calls:
        np.testing.assert_array_equal(result, [2])
    strided = np.arange(12, dtype=f32).reshape(3, 4).T[::2, 1]
    np.testing.assert_array_equal(subtract(strided, f(0, 0)), strided)
    frozen = f(4)
    frozen.flags.writeable = False
    np.testing.assert_array_equal(subtract(frozen, f(0)), [4])


@pytest.mark.parametrize(
    ("positional", "keywords", "message"),
    [
        (["x"], {}, "fit misses the argument y"),
        ([], {}, "fit misses the arguments x, y"),
        (["x", "y", "x"], {}, "fit takes 2 arguments, found 3"),
        (["x", "y"], {"z": 1}, "fit has no argument z"),
        (["x", "y"], {"x": 1}, "the argument x is given twice"),
        ([np.zeros((2, 3)), "y"], {}, r"expected x as float32 \(N, 3\), found float64 \(2, 3\)"),
        ([np.zeros((2, 3), np.int64), "y"], {}, r"expected x as float32 \(N, 3\), found int64 \(2, 3\)"),
        ([np.zeros((2, 4), f32), "y"], {}, r"expected x as float32 \(N, 3\), found float32 \(2, 4\)"),
        ([np.zeros(3, f32), "y"], {}, r"expected x as float32 \(N, 3\), found float32 \(3,\)"),
        ([np.zeros((5, 3), f32), "y"], {}, r"the size N is 5 and 2 in x \(5, 3\) and y \(2, 1\)"),
        ([[[1, 2], [3]], "y"], {}, "lists of unequal length"),
        (["text", "y"], {}, "found 'text'"),
        ([None, "y"], {}, "found None"),
        ([[[1, 2**24 + 1, 3]], "y"], {}, "float32 does not hold"),
        ([[[1, 1e300, 3]], "y"], {}, "float32 does not hold"),
        ([[[1, np.float64(2), 3]], "y"], {}, "float64"),
    ],
)
def test_wrong_arguments(regression, positional, keywords, message):
    arrays = {"x": np.zeros((2, 3), f32), "y": np.zeros((2, 1), f32)}
    positional = [arrays.get(value, value) if isinstance(value, str) else value for value in positional]
    fit = Program(regression)
    with pytest.raises(WeberError, match=message) as caught:
        fit(*positional, **keywords)
    assert "called as fit(x: float32 (N, 3), y: float32 (N, 1))" in str(caught.value)
    fit(arrays["x"], arrays["y"])  # and the program still works


def test_python_numbers_take_the_inputs_type(make_model):
    model = make_model(
        [("Identity", ["a"], ["f.1"]), ("Identity", ["b"], ["f.2"]), ("Identity", ["c"], ["f.3"])],
        [("a", "f16", []), ("b", "i64", [2]), ("c", "i1", [])],
        [("f.1", "f16", []), ("f.2", "i64", [2]), ("f.3", "i1", [])])  # fmt: skip
    program = Program(model)
    a, b, c = program(0.1, [1, -2], True)
    assert (a, b.tolist(), c) == (np.float16(0.1), [1, -2], True) and a.dtype == np.float16
    for wrong in [(1, [1.0, 2], True), (1, [True, False], True), (1, [2**63, 0], True), (70000, [1, 2], True),
                  (1, [1, 2], 1), (1j, [1, 2], True)]:  # fmt: skip
        with pytest.raises(WeberError, match="expected"):
            program(*wrong)


def test_bfloat16(make_model):
    state = np.array([1, 2], ml_dtypes.bfloat16)
    model = make_model([("Identity", ["x"], ["f"]), ("Identity", ["x"], ["s.next"])], [("x", "bf16", [2])],
                       [("f", "bf16", [2])], {"s": state}, ["s"])  # fmt: skip
    program = Program(model)
    np.testing.assert_array_equal(program.state["s"], state)
    for value in ([3, 0.5], [5, 6]):
        x = np.array([value, value], ml_dtypes.bfloat16).T.copy().T[0]
        result = program(x)
        assert result.dtype == ml_dtypes.bfloat16
        np.testing.assert_array_equal(result, x)
        np.testing.assert_array_equal(program.state["s"], x)


def test_arguments_with_fields(make_model):
    model = make_model(
        [("MatMul", ["x.1", "θ.W"], ["p"]), ("Add", ["p", "θ.b"], ["q"]), ("Add", ["q", "x.2"], ["f"])],
        [("θ.W", "f32", [3, 4]), ("θ.b", "f32", [4]), ("x.1", "f32", ["N", 3]), ("x.2", "f32", ["N", 4])],
        [("f", "f32", ["N", 4])])  # fmt: skip
    program = Program(model)
    W, b, x1, x2 = np.ones((3, 4), f32), np.arange(4, dtype=f32), np.ones((2, 3), f32), np.zeros((2, 4), f32)
    for result in (program({"W": W, "b": b}, (x1, x2)), program(x=(x1, x2), θ={"b": b, "W": W})):
        np.testing.assert_array_equal(result, x1 @ W + b)
    with pytest.raises(WeberError, match="θ: expected the fields W, b, found W"):
        program({"W": W}, (x1, x2))
    with pytest.raises(WeberError, match="x: expected a tuple of 2 values, found ndarray"):
        program({"W": W, "b": b}, x1)
    with pytest.raises(WeberError, match=r"expected θ.b as float32 \(4,\)"):
        program({"W": W, "b": b[:3]}, (x1, x2))


# --- results ------------------------------------------------------------------------------------------------


def outputs_named(make_model, names):
    constants = {f"c{index}": np.array(index, f32) for index in range(len(names))}
    return Program(make_model([("Identity", [f"c{index}"], [name]) for index, name in enumerate(names)], [],
                              [(name, "f32", []) for name in names], constants=constants))  # fmt: skip


def test_results_have_the_structure_of_their_names(make_model):
    assert outputs_named(make_model, ["f"])() == 0
    assert outputs_named(make_model, ["f.1", "f.2", "f.3"])() == (0, 1, 2)
    names = ["f.loss", "f.grad.layers.1.weight", "f.grad.layers.3.weight", "f.grad.σ"]
    result = outputs_named(make_model, names)()
    assert result.loss == 0 and result.grad.σ == 3
    first, second, third = result.grad.layers
    assert first.weight == 1 and second is None and third.weight == 2
    assert outputs_named(make_model, ["f.lambda", "f.x!"])() == {"lambda": 0, "x!": 1}


def test_a_program_without_results_returns_none(make_model):
    program = Program(make_model([("Add", ["s", "s"], ["s.next"])], [], [], {"s": f(1)}, ["s"]))
    assert program() is None and program.state["s"] == 2


def test_models_of_others_are_taken_by_their_names(make_model):
    model = make_model([("Identity", ["input.1"], ["a"]), ("Neg", ["input.1"], ["b.0"])],
                       [("input.1", "f32", [1])], [("a", "f32", [1]), ("b.0", "f32", [1])])  # fmt: skip
    model.producer_name = "another"
    del model.metadata_props[:]
    assert Program(model)(f(2)) == (2, -2)
    assert Program(model)(**{"input.1": f(2)}) == (2, -2)


def test_ragged_inputs_and_results(make_model):
    # doubles x and hands back the lengths; y shares the ragged T
    program = Program(make_model(
        [("Add", ["x", "x"], ["f.1"]), ("Identity", ["x.lengths"], ["f.1.lengths"]),
         ("ReduceSum", ["y"], ["f.2"], {"keepdims": 0})],
        [("x", "f32", ["N", "T.max", 2]), ("x.lengths", "i64", ["N"]), ("y", "f32", ["N", 3, "T.max"])],
        [("f.1", "f32", ["N", "T.max", 2]), ("f.1.lengths", "i64", ["N"]), ("f.2", "f32", [])],
        ragged={"vectors": {"x": 1, "y": 1, "f.1": 1}, "lengths": {
            "x": {"1": "x.lengths"}, "y": {"2": "x.lengths"}, "f.1": {"1": "f.1.lengths"}}}))  # fmt: skip
    x = [np.full((length, 2), length, f32) for length in (3, 0, 5)]
    y = [np.ones((3, length), f32) for length in (3, 0, 5)]
    doubled, total = program(x, y)
    assert [array.shape for array in doubled] == [(3, 2), (0, 2), (5, 2)] and total == 24
    for one, two in zip(x, doubled):
        np.testing.assert_array_equal(2 * one, two)
    assert program([], [])[0] == []
    padded = np.zeros((3, 5, 2), f32)
    lengths = np.array([3, 0, 5])
    assert [len(array) for array in program(padded, np.ones((3, 3, 5), f32))[0]] == [5, 5, 5]
    assert [len(array) for array in program(padded, y, **{"x.lengths": lengths})[0]] == [3, 0, 5]
    with pytest.raises(WeberError, match=r"lengths of y are \[3 0 4\], those of x.lengths \[3 0 5\]"):
        program(x, [*y[:2], y[2][:, :4]])
    expected = r"expected x as float32 \(N, T.max, 2\), found a list with "
    with pytest.raises(WeberError, match=expected + r".*\(5, 3\) at \[2\]"):
        program([*x[:2], np.zeros((5, 3), f32)], y)
    with pytest.raises(WeberError, match=expected + r"float64 \(5, 2\) at \[2\]"):
        program([*x[:2], np.zeros((5, 2))], y)


def test_two_ragged_sizes(make_model):
    program = Program(make_model(
        [("Identity", ["x" + end], ["f" + end]) for end in ("", ".lengths.W", ".lengths.H")],
        [("x", "f32", ["N", "H.max", "W.max"]), ("x.lengths.W", "i64", ["N"]), ("x.lengths.H", "i64", ["N"])],
        [("f", "f32", ["N", "H.max", "W.max"]), ("f.lengths.W", "i64", ["N"]), ("f.lengths.H", "i64", ["N"])],
        ragged={"vectors": {"x": 1, "f": 1}, "lengths": {
            name: {"1": f"{name}.lengths.H", "2": f"{name}.lengths.W"} for name in "xf"}}))  # fmt: skip
    images = [np.arange(h * w, dtype=f32).reshape(h, w) for h, w in ((2, 5), (4, 1), (3, 3))]
    for image, result in zip(images, program(images)):
        np.testing.assert_array_equal(image, result)


def test_vectors_of_vectors(make_model):
    """Words of characters in sentences come back as they were, also where there are none."""
    program = Program(make_model(
        [("Identity", ["x" + end], ["f" + end]) for end in ("", ".lengths.W", ".lengths.C")],
        [("x", "i64", ["N", "W.max", "C.max"]), ("x.lengths.W", "i64", ["N"]),
         ("x.lengths.C", "i64", ["N", "W.max"])],
        [("f", "i64", ["N", "W.max", "C.max"]), ("f.lengths.W", "i64", ["N"]),
         ("f.lengths.C", "i64", ["N", "W.max"])],
        ragged={"vectors": {"x": 2, "f": 2}, "lengths": {
            name: {"1": f"{name}.lengths.W", "2": f"{name}.lengths.C"} for name in "xf"}}))  # fmt: skip
    for sentences in ([[[1, 2], [3]], [], [[4, 5, 6]]], [[[1]]], [[], []], []):
        found = program([[np.array(word) for word in sentence] for sentence in sentences])
        assert [[word.tolist() for word in sentence] for sentence in found] == sentences
    with pytest.raises(WeberError, match=r"found a list with int64 \(1, 1\) at \[1\]\[0\]"):
        program([[np.array([1])], [np.array([[2]])]])


def test_vectors_of_structures(make_model):
    """A list of named tuples is one input for each field."""
    program = Program(make_model(
        [("Identity", ["d" + end], ["f" + end]) for end in (".x", ".y", ".x.lengths")],
        [("d.x", "f32", ["N", "T.max"]), ("d.x.lengths", "i64", ["N"]), ("d.y", "i64", ["N"])],
        [("f.x", "f32", ["N", "T.max"]), ("f.x.lengths", "i64", ["N"]), ("f.y", "i64", ["N"])],
        ragged={"vectors": {"d": 1, "f": 1}, "lengths": {
            f"{name}.x": {"1": f"{name}.x.lengths"} for name in "df"}}))  # fmt: skip
    data = [{"x": np.arange(size, dtype=f32), "y": size} for size in (2, 0, 3)]
    found = program(data)
    assert [(item.x.tolist(), item.y) for item in found] == [(list(range(size)), size) for size in (2, 0, 3)]
    assert [item.y for item in program({"x": np.zeros((2, 4), f32), "y": np.array([5, 6])})] == [5, 6]
    with pytest.raises(WeberError, match=r"d\[1\]: expected the fields x, y, found x"):
        program([data[0], {"x": data[0]["x"]}])


# --- models and devices -------------------------------------------------------------------------------------


def test_files_that_are_no_models(tmp_path):
    with pytest.raises(WeberError, match="no such file"):
        Program(str(tmp_path / "missing.onnx"))
    (tmp_path / "text.onnx").write_text("not a model")
    with pytest.raises(WeberError, match=r"text.onnx is not an ONNX model"):
        Program(tmp_path / "text.onnx")


@pytest.mark.parametrize(
    "entry",
    ["[1]", "not json", '{"total": "elsewhere"}', '{"unknown": null}', '{"total": 1}', '{"total": [1]}',
     '{"total": "calls.next", "calls": "calls.next"}'],
)
def test_damaged_metadata(counter, entry):
    counter.metadata_props[0].value = entry
    with pytest.raises(WeberError, match=r"weber\.state"):
        Program(counter)


def test_a_state_that_changes_its_size_is_refused(make_model):
    nodes = [("Reshape", ["s", "shape"], ["s.next"])]
    model = make_model(nodes, [("shape", "i64", [1])], [], {"s": f(1)}, ["s"])
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "N"
    with pytest.raises(WeberError, match="a state keeps type and sizes"):
        Program(model)


@pytest.mark.parametrize("device", ["gpu", "cpu:1", "cuda:x", ""])
def test_unknown_devices(counter, device):
    with pytest.raises(WeberError, match=f'no device "{device}"'):
        Program(counter, device=device)


def cuda_works(model):
    try:
        Program(model, device="cuda")
    except WeberError:
        return False
    return True


def test_cuda_is_refused_where_there_is_none(counter, capfd):
    if cuda_works(counter):
        pytest.skip("there is a CUDA device")
    with pytest.raises(WeberError, match=r'device "cuda" cannot be used: .*runs with device="cpu"'):
        Program(counter, device="cuda")
    assert capfd.readouterr() == ("", "")  # no logs of onnxruntime's


@pytest.mark.cuda
def test_the_state_stays_on_the_gpu(regression, counter):
    if not cuda_works(counter):
        pytest.skip("there is no CUDA device")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(16, 3)), rng.normal(size=(16, 1))
    fit = Program(regression, device="cuda")
    for slot in fit.state.slots.values():
        assert fit.state.current(slot).device_name().lower() == "cuda"
    losses = [fit(x.astype(f32), y.astype(f32)) for _ in range(20)]
    weight, _, expected = gradient_descent(x, y, 20)
    np.testing.assert_allclose(losses, expected, rtol=1e-3)
    np.testing.assert_allclose(fit.state["model.weight"], weight, atol=1e-4)


def test_the_state_of_another_device_is_refused(counter):
    store = StateStore("cpu")
    store.device = type(store.device)("cuda", 1)
    with pytest.raises(WeberError, match="the shared state is on cuda:1, this program on cpu"):
        Program(counter, state=store)


@pytest.mark.parametrize("threads", ["many", "-1"])
def test_the_number_of_threads(counter, monkeypatch, threads):
    monkeypatch.setenv("WEBER_THREADS", threads)
    with pytest.raises(WeberError, match="WEBER_THREADS"):
        Program(counter)
    assert Program(counter, threads=1)._session.get_session_options().intra_op_num_threads == 1
    with pytest.raises(WeberError, match="threads is 0"):
        Program(counter, threads=0)


def test_repr_tells_how_to_call(regression):
    assert repr(Program(regression)) == (
        "<program fit(x: float32 (N, 3), y: float32 (N, 1)) → fit: float32 () on cpu, 2 states>")
