"""The diagnostic of each faulty program in `programs/`, as the command prints it, is the golden file beside
it.

`WEBER_UPDATE_GOLDEN=1 make test` (or pytest on this file) writes the golden files anew; read the difference
before committing.
"""

import os
import pathlib
import shutil

import pytest
import weber
from weber.cli import main

PACKAGE = str(pathlib.Path(weber.__file__).parent)
PROGRAMS = sorted((pathlib.Path(__file__).parent / "programs").glob("*.jl"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_diagnostic(program, tmp_path, monkeypatch, capsys):
    shutil.copy(program, tmp_path)
    monkeypatch.chdir(tmp_path)
    status = main(["compile", program.name, "-o", "build"])
    output, diagnostic = capsys.readouterr()
    assert status == 1 and output == ""
    assert "Traceback" not in diagnostic and "internal error" not in diagnostic
    assert [path.name for path in tmp_path.iterdir()] == [program.name], "a failed compilation leaves no file"
    diagnostic = diagnostic.replace(str(tmp_path), "FOLDER").replace(PACKAGE, "WEBER")
    golden = program.with_suffix(".txt")
    if os.environ.get("WEBER_UPDATE_GOLDEN"):
        golden.write_text(diagnostic, encoding="utf-8")
    assert diagnostic == golden.read_text(encoding="utf-8")
    assert diagnostic.startswith(program.name) or program.stem in FILE_LESS


FILE_LESS = {"entry_without_types"}
"""Programs whose diagnostic is about the command, not about a line."""
