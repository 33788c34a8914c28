"""Faulty scripts under `weber run`: exit status 1, what they printed before on stdout, the diagnostic on
stderr."""

import pytest
from weber.cli import main

SCRIPTS = {
    "error at run time": (
        'println("before")\nlayers = [1, 2]\nlayers[3]\nprintln("after")\n',
        "before\n",
        "script.jl:3:1: error: BoundsError: attempt to access 2-element Vector{Int64} at index [3]\n"
        " 3 | layers[3]\n   | ^^^^^^^^^\n",
    ),
    "syntax error: nothing runs": (
        'println("before")\ny = 1 +\n',
        "",
        "script.jl:2:8: error: syntax error: unexpected end of the input",
    ),
    "error in a function": (
        "half(x) = x / two\nfunction main()\n    println(1)\n    half(3)\nend\nmain()\n",
        "1\n",
        "script.jl:1:15: error: UndefVarError: `two` not defined\n"
        " 1 | half(x) = x / two\n   |               ^^^\n"
        "script.jl:4:5: called from\n 4 |     half(3)\n   |     ^^^^^^^\n"
        "script.jl:6:1: called from\n 6 | main()\n   | ^^^^^^\n",
    ),
    "error of the user's making": (
        'error("no data in ", ARGS[1])\n',
        "",
        "script.jl:1:1: error: no data in data.csv\n",
    ),
    "layer": (
        "using Flux\nmodel = Chain(Dense(2 => 3), Dense(4 => 1))\nmodel(ones(Float32, 2))\n",
        "",
        "script.jl:3:1: error: DimensionMismatch: Dense(4 => 1) expects an input whose first dimension is 4, "
        "got size (3,)\n 3 | model(ones(Float32, 2))\n   | ^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  in the layer model.layers[2], a Dense\n",
    ),
    "training": (
        "using Flux\nmodel = Dense(2 => 1)\nopt = Flux.setup(Adam(), model)\n"
        "data = [(ones(Float32, 2, 4), ones(Float32, 3, 4))]\n"
        "for (x, y) in data\n    Flux.train!((m, x, y) -> Flux.mse(m(x), y), model, [(x, y)], opt)\nend\n",
        "",
        "script.jl:6:30: error: DimensionMismatch: loss function expects size(ŷ) = (1, 4) "
        "to match size(y) = (3, 4)\n",
    ),
    "scope of a file": (
        "total = 0\nfor i in 1:3\n    total += i\nend\n",
        "",
        "script.jl:3:5: error: UndefVarError: `total` not defined\n 3 |     total += i\n   |     ^^^^^\n"
        "  this `total` is local: write `global total`",
    ),
    "caught": (
        "try\n    sqrt(-1)\ncatch e\n    println(typeof(e))\nend\nthrow(ArgumentError(\"later\"))\n",
        "DomainError\n",
        "script.jl:6:1: error: ArgumentError: later\n",
    ),
    "finally": (
        'try\n    error("a")\nfinally\n    println("cleanup")\nend\n',
        "cleanup\n",
        "script.jl:2:5: error: a\n",
    ),
    "unbounded recursion": ("f(n) = 1 + f(n + 1)\nf(1)\n", "", "script.jl:1:1: error: StackOverflowError\n"),
    "not UTF-8": ('name = "\udcff"\n', "", "script.jl:1:9: error: the file is not UTF-8"),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name, tmp_path, monkeypatch, capfd):
    source, printed, diagnosed = SCRIPTS[name]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.jl").write_bytes(source.encode("utf-8", "surrogateescape"))
    assert main(["run", "script.jl", "data.csv"]) == 1
    output, diagnostic = capfd.readouterr()
    assert output == printed
    assert diagnostic.startswith(diagnosed), diagnostic
    assert "Traceback" not in diagnostic and "internal error" not in diagnostic


def test_included_file(tmp_path, monkeypatch, capfd):
    """The place is the line of the included file; the `include` follows."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.jl").write_text('include("parts.jl")\n')
    (tmp_path / "parts.jl").write_text("x = [1]\nx[2]\n")
    assert main(["run", "script.jl"]) == 1
    _, diagnostic = capfd.readouterr()
    assert diagnostic.startswith(f"{tmp_path}/parts.jl:2:1: error: BoundsError")
    assert 'script.jl:1:1: called from\n 1 | include("parts.jl")' in diagnostic


def test_missing_file(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "nothing.jl"]) == 1
    assert capfd.readouterr().err == "error: nothing.jl: no such file\n"
