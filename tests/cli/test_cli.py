"""The `weber` command as a user meets it."""

import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import helper
from weber.cli import main
from weber.runtime.checkpoint import save_arrays
from weber.runtime.program import Program

MODEL = """
using Flux
model = Chain(Dense(4 => 3, relu), Dense(3 => 2))
opt = Flux.setup(Adam(0.01), model)
@export predict(x::Float32[4, N]) = softmax(model(x))
@export function train_step(x::Float32[4, N], y::Float32[2, N])
    loss, grads = Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    loss
end
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def weber(capsys, *arguments):
    """Status, stdout and stderr of a command."""
    status = main([str(argument) for argument in arguments])
    return status, *capsys.readouterr()


def fails(capsys, *arguments):
    """The diagnostic of a command that fails as all do: status 1, nothing on stdout, no traceback."""
    status, output, diagnostic = weber(capsys, *arguments)
    assert status == 1 and output == "" and "Traceback" not in diagnostic
    return diagnostic


def save_reader(path):
    """An artifact that reads a state `total` (2) and gives `x * total`."""
    info = [helper.make_tensor_value_info(name, 1, [2]) for name in ("x", "total", "show")]
    initial = helper.make_tensor("total", 1, [2], [1.0, 1.0])
    node = helper.make_node("Mul", ["x", "total"], ["show"])
    graph = helper.make_graph([node], "show", info[:2], info[2:], [initial])
    opsets = [helper.make_opsetid("", 21)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="weber")
    helper.set_model_props(model, {"weber.state": '{"total": null}'})
    onnx.save(model, path)


# --- every command ------------------------------------------------------------------------------------------


def test_version_and_help(capsys):
    expectations = [["--version"], "weber 0."], [["--help"], "compile"], [["run", "--help"], "ARGS"]
    for arguments, expected in expectations:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0 and expected in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [[], ["unknown"], ["compile"], ["bake", "a"], ["compile", "a.jl", "--target", "gpu"],
     ["compile", "a.jl", "--opset", "x"]],
)
def test_usage(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    output, diagnostic = capsys.readouterr()
    assert ended.value.code == 1 and output == "" and "usage: weber" in diagnostic


@pytest.mark.parametrize("command", ["compile", "check", "run", "inspect", "compile --emit syntax"])
def test_missing_files(command, folder, capsys):
    diagnostic = fails(capsys, *command.split(), "missing.jl")
    assert diagnostic.startswith("error: ") and "missing.jl" in diagnostic
    assert "no such file" in diagnostic.lower()
    assert os.listdir(folder) == []


def test_interrupt(folder, monkeypatch, capsys):
    def interrupt(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("weber.runtime.inspect.inspect_file", interrupt)
    assert weber(capsys, "inspect", "a.onnx") == (130, "", "error: InterruptException:\n")


def test_a_reader_that_leaves(folder):
    save_reader("a.onnx")
    reading, writing = os.pipe()
    os.close(reading)
    code = "import sys; from weber.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "inspect", "a.onnx"]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert ended.returncode == 1 and ended.stderr == ""


# --- inspect and bake ---------------------------------------------------------------------------------------


def test_inspect(folder, capsys):
    save_reader("a.onnx")
    status, output, _ = weber(capsys, "inspect", "a.onnx")
    assert status == 0
    assert output.splitlines()[1:7] == [
        "inputs", "  x  float32  (2,)", "outputs", "  show  float32  (2,)", "state",
        "  total  float32  (2,)  read only",
    ]  # fmt: skip
    (folder / "text.onnx").write_text("text")
    assert "text.onnx is not an ONNX model" in fails(capsys, "inspect", "text.onnx")
    assert "Is a directory" in fails(capsys, "inspect", ".")


def test_bake(folder, capsys):
    save_reader("a.onnx")
    save_arrays("s.safetensors", {"total": np.array([3, 4], np.float32)})
    status, output, _ = weber(capsys, "bake", "a.onnx", "s.safetensors", "-o", "b.onnx")
    assert status == 0 and output == f"b.onnx  {os.path.getsize('b.onnx')} bytes\n"
    assert Program("b.onnx")([1, 2]).tolist() == [3, 8]
    save_arrays("s.safetensors", {"other": np.array([3, 4], np.float32)})
    assert "missing: total float32 (2,)" in fails(capsys, "bake", "a.onnx", "s.safetensors", "-o", "c.onnx")
    assert "No such file" in fails(capsys, "bake", "a.onnx", "missing", "-o", "c.onnx")
    save_arrays("s.safetensors", {"total": np.array([3, 4], np.float32)})
    assert "cannot write" in fails(capsys, "bake", "a.onnx", "s.safetensors", "-o", "no/c.onnx")
    assert not os.path.exists("c.onnx")


# --- compile, check, run ------------------------------------------------------------------------------------


def test_compile_writes_each_entry(folder, capsys):
    (folder / "model.jl").write_text(MODEL)
    entry = "model(x::Float32[4, 5])"
    status, output, diagnostic = weber(capsys, "compile", "model.jl", "-o", "new/build", "--entry", entry)
    assert status == 0 and diagnostic == ""
    names = ["model.model.onnx", "model.predict.onnx", "model.train_step.onnx"]
    assert sorted(os.listdir("new/build")) == names
    assert all(os.path.join("new/build", name) in output for name in names)


def test_compiled_artifacts_train(folder, capsys):
    (folder / "model.jl").write_text(MODEL)
    assert weber(capsys, "compile", "model.jl")[0] == 0
    step = Program("model.train_step.onnx")
    predict = Program("model.predict.onnx", state=step.state)
    x = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32)
    y = np.eye(2, dtype=np.float32)[(x[:, 0] > 0).astype(int)]
    losses = [step(x, y) for _ in range(300)]
    assert losses[-1] < losses[0] / 2 and losses[-1] < 0.3
    assert (predict(x).argmax(1) == y.argmax(1)).mean() > 0.9
    step.save_state("trained.safetensors")
    expected = predict(x)
    assert weber(capsys, "bake", "model.predict.onnx", "trained.safetensors", "-o", "deploy.onnx")[0] == 0
    np.testing.assert_allclose(Program("deploy.onnx")(x), expected, rtol=1e-5)


def test_nothing_is_written_when_an_entry_fails(folder, capsys):
    (folder / "model.jl").write_text(MODEL + '\n@export fails(x::Float32[4, N]) = model(vcat(x, x))\n')
    diagnostic = fails(capsys, "compile", "model.jl", "-o", "build")
    assert "model.jl:" in diagnostic and "^" in diagnostic
    assert os.listdir(folder) == ["model.jl"]


def test_emit_prints_text(folder, capsys):
    (folder / "model.jl").write_text(MODEL)
    status, output, _ = weber(capsys, "compile", "model.jl", "--emit", "ir")
    assert status == 0 and "predict" in output and "tensor<" in output
    status, output, _ = weber(capsys, "compile", "model.jl", "--emit", "syntax")
    assert status == 0 and "Chain" in output
    status, output, _ = weber(capsys, "compile", "model.jl", "--emit", "ir", "-o", "out")
    assert status == 0 and output == f"out/model.ir  {os.path.getsize('out/model.ir'):,} bytes\n"
    assert sorted(os.listdir(folder)) == ["model.jl", "out"]


@pytest.mark.parametrize("target", ["ort", "native"])
def test_targets_to_come(target, folder, capsys):
    (folder / "model.jl").write_text(MODEL)
    assert f"the target {target} is not supported" in fails(capsys, "compile", "model.jl", "--target", target)


def test_a_file_without_entries(folder, capsys):
    (folder / "plain.jl").write_text("f(x) = 2x\n")
    assert "plain.jl exports nothing" in fails(capsys, "compile", "plain.jl")
    assert weber(capsys, "check", "plain.jl") == (0, "plain.jl: no errors, no entries\n", "")
    assert weber(capsys, "compile", "plain.jl", "--entry", "f(x::Float32[3])")[0] == 0
    assert Program("plain.f.onnx")(np.ones(3, np.float32)).tolist() == [2, 2, 2]


def test_check(folder, capsys):
    (folder / "model.jl").write_text("""
@export good(x::Float32[3]) = x .+ 1f0
@export bad(x::Float32[3]) = x + undefined_name
""")
    status, _, diagnostic = weber(capsys, "check", "model.jl")
    assert status == 1 and diagnostic.count("undefined_name` not defined") == 1
    assert diagnostic.startswith("model.jl:3:34: error: ")
    assert os.listdir(folder) == ["model.jl"]
    (folder / "model.jl").write_text(MODEL)
    assert weber(capsys, "check", "model.jl") == (0, "predict: no errors\ntrain_step: no errors\n", "")
    status, output, _ = weber(capsys, "check", "model.jl", "--explain")
    assert status == 0 and "read only" in output and "→ model.layers.1.weight.next" in output


def test_check_explains_vectors_of_examples(folder, capsys):
    (folder / "steps.jl").write_text("""function steps(n)
    s = 0
    while n > 1
        n, s = n ÷ 2, s + 1
    end
    s
end
@export all_steps(xs::Vector{Int}) = map(steps, xs)
""")
    status, output, _ = weber(capsys, "check", "steps.jl", "--explain")
    assert status == 0 and output.endswith("the examples are computed together\n")
    assert "steps.jl:8:" in output


def test_run_passes_arguments(folder, capsys):
    (folder / "script.jl").write_text('println(length(ARGS), " ", join(ARGS, "|"))\n')
    assert weber(capsys, "run", "script.jl", "a", "--flag", "-o", "b c") == (0, "4 a|--flag|-o|b c\n", "")
    assert weber(capsys, "run", "script.jl") == (0, "0 \n", "")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\ny = unknown_name + x\n", ["script.jl:2:5", "unknown_name", "^^^^"]),
        ("f(x) = (1 + \n", ["script.jl:"]),
        ("function f(x)\n  x + 1\n", ["script.jl:", "end"]),
        ("using NPZ\nd = npzread(\"missing.npz\")\n", ["script.jl:2", "missing.npz"]),
        ("println(1)\nerror(\"stop here\")\n", ["script.jl:2", "stop here"]),
    ],
)
def test_mistakes_point_at_the_source(source, expected, folder, capsys):
    (folder / "script.jl").write_text(source)
    status, _, diagnostic = weber(capsys, "run", "script.jl")
    assert status == 1 and "Traceback" not in diagnostic
    for text in expected:
        assert text in diagnostic
