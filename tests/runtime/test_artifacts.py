"""Saving, inspecting and baking artifacts, and what running one needs."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from weber.compiler.errors import WeberError
from weber.runtime.artifact import Artifact
from weber.runtime.bake import bake
from weber.runtime.checkpoint import save_arrays
from weber.runtime.executable import Executable
from weber.runtime.inspect import inspect_file
from weber.runtime.program import Program
from weber.runtime.tensors import borrow, to_device, to_numpy

f32 = np.float32


def test_saved_models_are_the_same_bytes(regression, tmp_path):
    artifact = Artifact(regression, "fit")
    artifact.save(tmp_path / "a.onnx")
    artifact.save(tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert onnx.load(tmp_path / "a.onnx") == regression
    assert artifact.program()(np.ones((2, 3), f32), np.ones((2, 1), f32)) == 1


def test_inspect(regression, tmp_path):
    Artifact(regression, "fit").save(tmp_path / "fit.onnx")
    summary = inspect_file(tmp_path / "fit.onnx")
    size = (tmp_path / "fit.onnx").stat().st_size
    assert summary.operators["Sub"] == 3 and sum(summary.operators.values()) == 12 and summary.size == size
    assert str(summary).splitlines() == [
        f"fit.onnx: {size} bytes, opset 21, IR version 10, made by weber",
        "inputs",
        "  x  float32  (N, 3)",
        "  y  float32  (N, 1)",
        "outputs",
        "  fit  float32  ()",
        "state",
        "  model.weight  float32  (3, 1)  → model.weight.next",
        "  model.bias    float32  (1,)    → model.bias.next",
        "parameters",
        "  4  in model",
        "  2  in 2 constants",
        "operators (12 nodes)",
        "  3  Sub",
        "  2  Gemm",
        "  2  Mul",
        "  1  ReduceMean",
        "  1  Shape",
        "  1  Cast",
        "  1  Div",
        "  1  ReduceSum",
    ]


def test_inspect_counts_operators_of_subgraphs():
    model = onnx.parser.parse_model("""
        <ir_version: 10, opset_import: ["": 21]>
        g (bool c, float[2] x) => (float[2] y) {
            y = If (c) <then_branch = t () => (float[2] a) { a = Neg(x) },
                        else_branch = e () => (float[2] b) { b = Abs(x) }>
        }""")
    assert Artifact(model, "g").inspect().operators == {"If": 1, "Neg": 1, "Abs": 1}


def test_files_that_are_no_models(tmp_path):
    with pytest.raises(WeberError, match=r"cannot read .*: No such file"):
        inspect_file(tmp_path / "missing.onnx")
    for contents in (b"", b"not a model"):
        (tmp_path / "text.onnx").write_bytes(contents)
        with pytest.raises(WeberError, match=r"text\.onnx is not an ONNX model"):
            inspect_file(tmp_path / "text.onnx")


def test_bake_makes_constants_of_the_state(reader, tmp_path):
    Artifact(reader, "show").save(tmp_path / "show.onnx")
    trained = {"total": np.array([3, 4], f32), "opt.moment": np.zeros(7, f32)}
    save_arrays(tmp_path / "trained.safetensors", trained)
    bake(tmp_path / "show.onnx", tmp_path / "trained.safetensors", tmp_path / "baked.onnx")
    model = onnx.load(tmp_path / "baked.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [value.name for value in model.graph.input] == ["x"]
    baked = Program(tmp_path / "baked.onnx")
    assert len(baked.state) == 0 and baked(np.array([1, 2], f32)).tolist() == [3, 8]


def test_what_cannot_be_baked(reader, counter, tmp_path):
    show, count = tmp_path / "show.onnx", tmp_path / "count.onnx"
    state, output = tmp_path / "s.safetensors", tmp_path / "out.onnx"
    Artifact(reader, "show").save(show)
    Artifact(counter, "count").save(count)
    save_arrays(state, {"total": np.zeros(2, f32), "calls": np.array(1)})
    with pytest.raises(WeberError, match=r"count\.onnx mutates its state \(total, calls\)"):
        bake(count, state, output)
    save_arrays(state, {"total": np.zeros(3, f32)})
    with pytest.raises(WeberError, match=r"total: expected float32 \(2,\), found float32 \(3,\)"):
        bake(show, state, output)
    save_arrays(state, {"calls": np.array(1)})
    with pytest.raises(WeberError, match=r"missing: total float32 \(2,\)"):
        bake(show, state, output)
    assert not output.exists()
    save_arrays(state, {"total": np.zeros(2, f32)})
    bake(show, state, output)
    with pytest.raises(WeberError, match="has no state"):
        bake(output, state, tmp_path / "again.onnx")


def test_executables_take_and_give_device_tensors(make_model):
    model = make_model(
        [("Add", ["x", "y"], ["sum"]), ("Greater", ["x", "y"], ["more"])],
        [("x", "f32", ["N"]), ("y", "f32", ["N"])],
        [("sum", "f32", ["N"]), ("more", "i1", ["N"])],
    )
    executable = Executable(model)
    assert [str(spec) for spec in executable.inputs] == ["float32 (N,)"] * 2
    x, y, kept = to_device(np.array([1, 5], f32)), np.array([2, -1], f32), []
    for _ in range(3):
        x, more = executable.run([x, borrow(y)])
        kept.append(x)
    assert to_numpy(more).dtype == bool and to_numpy(more).tolist() == [True, True]
    assert [to_numpy(value).tolist() for value in kept] == [[3, 4], [5, 3], [7, 2]]
    with pytest.raises(WeberError, match="onnxruntime failed: "):
        executable.run([x, to_device(np.zeros(3, f32))])


def test_results_of_executables_do_not_keep_each_other(make_model):
    import gc

    model = make_model([("Identity", ["s"], ["a"]), ("Identity", ["s"], ["b"])], [("s", "f32", [1 << 22])],
                       [("a", "f32", [1 << 22]), ("b", "f32", [1 << 22])])  # fmt: skip
    executable = Executable(model)
    a, b = executable.run([to_device(np.ones(1 << 22, f32))])
    address = b.data_ptr()
    del b
    gc.collect()
    _, again = executable.run([a])  # the arena gives freed memory out again
    assert address in {again.data_ptr(), _.data_ptr()}


RUN = """
import sys, time, numpy
start = time.perf_counter()
import weber
seconds = time.perf_counter() - start
program = weber.load(sys.argv[1])
program(numpy.ones((2, 3), numpy.float32), numpy.ones((2, 1), numpy.float32))
program.save_state(sys.argv[2])
print(seconds, "lark" in sys.modules, *[name for name in sys.modules if name.startswith("weber.")])
"""


def test_running_an_artifact_needs_neither_frontend_nor_lark(regression, tmp_path):
    Artifact(regression, "fit").save(tmp_path / "fit.onnx")
    command = [sys.executable, "-c", RUN, tmp_path / "fit.onnx", tmp_path / "s.safetensors"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, lark, *modules = output.split()
    assert float(seconds) < 0.3 and lark == "False"
    assert {name.split(".")[1] for name in modules} == {"runtime", "compiler"}
    assert {name for name in modules if name.startswith("weber.compiler.")} == {"weber.compiler.errors"}


def test_load_names_what_it_expects(tmp_path):
    import weber

    with pytest.raises(weber.WeberError, match=r"expected a Julia file \(\.jl\) or an ONNX artifact"):
        weber.load(tmp_path / "model.pt")
    with pytest.raises(AttributeError, match="nonsense"):
        weber.nonsense  # noqa: B018
    assert weber.__version__ and {"load", "Session", "Program", "WeberError"} <= set(dir(weber))
