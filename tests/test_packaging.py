"""The wheel: what it holds, and that it works where nothing else of the tree is."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODEL = """
using Flux
model = Chain(Dense(4 => 3, relu), Dense(3 => 2))
@export predict(x::Float32[4, N]) = softmax(model(x))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of the tree, so that the build leaves nothing behind in it.

    Without isolation: the build backend is among the test dependencies, so that no network is needed.
    """
    folder = tmp_path_factory.mktemp("wheel")
    hidden = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "tests")
    shutil.copytree(ROOT, folder / "tree", ignore=hidden)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    built = subprocess.run([*build, "--outdir", folder, folder / "tree"], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"weber", f"{wheel.name.split('-py3')[0]}.dist-info"}
    kept = {name.removeprefix("weber/") for name in names if name.startswith("weber/")}
    assert kept >= {"__init__.py", "cli.py", "runtime/program.py", "frontend/parsing/grammar.lark"}
    sources = ["*.py", "compiler/**/*.py", "frontend/**/*.py", "runtime/*.py"]
    for pattern in [*sources, "frontend/parsing/*.lark", "frontend/library/*.jl"]:
        tree = {path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)}
        assert tree and tree <= kept, f"{pattern} misses {sorted(tree - kept)}"
    assert not [name for name in kept if name.startswith(("tests", "examples", "bench", "docs"))]


def test_compile_works_from_the_wheel(wheel, tmp_path):
    """Installs into an empty environment; the dependencies are those of this one, by a path file."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / Path(sys.executable).name
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", python]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", wheel], check=True)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    target = Path(subprocess.check_output([python, "-c", where], text=True).strip())
    # A folder on the path, not a site folder: the path file of the tree's own editable install there is not
    # read.
    (target / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (tmp_path / "model.jl").write_text(MODEL)
    run = {"cwd": tmp_path, "capture_output": True, "text": True, "env": {**os.environ, "PYTHONPATH": ""}}
    home = subprocess.run([python, "-c", "import weber; print(weber.__file__)"], **run).stdout.strip()
    assert Path(home) == target / "weber" / "__init__.py"
    compiled = subprocess.run([scripts / "weber", "compile", "model.jl", "-o", "out"], **run)
    assert compiled.returncode == 0, compiled.stderr
    assert os.listdir(tmp_path / "out") == ["model.predict.onnx"]
    call = "import sys, numpy, weber; print(weber.load(sys.argv[1])(numpy.ones((5, 4), numpy.float32)).shape)"
    called = subprocess.run([python, "-c", call, "out/model.predict.onnx"], **run)
    assert called.stdout == "(5, 2)\n", called.stderr
