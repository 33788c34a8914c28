"""The examples as a user runs them, each in a process of its own: they learn the digits."""

import os
import re
import subprocess
import sys

import pytest

WEBER = [sys.executable, "-c", "import sys; from weber.cli import main; sys.exit(main())"]
# Runs a script as `python SCRIPT FOLDER` does and says whether it imported any part of weber.
WITHOUT_WEBER = """
import runpy, sys
script, sys.argv = sys.argv[1], sys.argv[1:]
try:
    runpy.run_path(script, run_name="__main__")
finally:
    print("imported:", *{name.partition(".")[0] for name in sys.modules} & {"weber", "lark", "onnx"})
"""


def output_of(command, **environment):
    """What a command prints; it must succeed in silence on stderr."""
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300,
                           env=os.environ | environment)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def accuracies(text):
    """The accuracy in percent after each epoch."""
    return [float(number) for number in re.findall(r"accuracy (\d+\.\d+) ?%", text)]


@pytest.mark.parametrize(("example", "epochs", "least"), [("digits", 40, 97), ("digits_conv", 12, 98)])
def test_weber_run(example, epochs, least, root):
    found = accuracies(output_of([*WEBER, "run", root / "examples" / f"{example}.jl"], WEBER_THREADS="1"))
    assert len(found) == epochs
    assert found[-1] >= least


def test_training_with_onnxruntime_alone(root, tmp_path):
    output_of([*WEBER, "compile", root / "examples" / "digits.jl", "-o", tmp_path])
    script = root / "examples" / "train_anywhere.py"
    printed = output_of([sys.executable, "-c", WITHOUT_WEBER, script, tmp_path])
    assert accuracies(printed)[-1] >= 97
    assert printed.splitlines()[-1] == "imported:"
