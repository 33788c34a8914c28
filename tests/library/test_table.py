"""Every layer, activation, loss and optimiser, run and exported in both precisions and with any batch: values
against formulas in numpy, gradients against central differences of the formulas; standard operators only."""

import functools
import subprocess
import sys

import numpy as np
import onnx
import pytest
import weber
from library_table import names
from library_table.optimisers import START
from library_table.table import ACTIVATIONS, LAYERS, LOSSES, OPTIMISERS
from numpy.testing import assert_allclose

ROWS = [*ACTIVATIONS, *LOSSES, *LAYERS]
JULIA = {np.dtype(np.float64): "Float64", np.dtype(np.float32): "Float32", np.dtype(np.int64): "Int64"}
ELEMENT = {"f32": np.float32, "f64": np.float64}

DEFINITIONS = """
using Flux, NNlib

# The results of a layer in a flat tuple.
results(y) = (y,)
results(y::Tuple) = reduce((a, b) -> (a..., b...), map(results, y); init = ())

# A number to differentiate: the sum of results with weights.
weighted(ys, weights) = sum(map((y, r) -> sum(y .* r), ys, weights))

# Parameters that are neither zero nor one, nor equal.
function scramble!(model)
    for (k, p) in enumerate(Flux.trainables(model))
        p .= reshape(eltype(p).(0.8 .* sin.(1.7 .* (1:length(p)) .+ k) .+ 0.3), size(p))
    end
end

struct Causal{L}
    inner::L
end
Flux.@layer Causal
(layer::Causal)(x) = layer.inner(x; mask = make_causal_mask(x))
"""


def as_list(value):
    return [np.asarray(v) for v in (value if isinstance(value, list) else [value])]


def flat(value):
    """The arrays in nested results, in order: what a parameter without a number, or a size, is not."""
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in flat(item)]
    return [] if value is None else [np.asarray(value)]


def definition(row, precision):
    return f"layer = {precision}({row.source})\nscramble!(layer)\n{row.prepare}\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """`loaded(row)`: a program with the entries `infer32` and `infer64` of a row's inputs, and `learn32` and
    `learn64` of inputs and weights of the results; both tests of a row share it."""
    folder = tmp_path_factory.mktemp("rows")

    @functools.cache
    def load(number):
        row = ROWS[number]
        xs = [f"x{index}" for index in range(len(row.inputs))]
        wrt = ", ".join(["layer", *(xs[i] for i in row.differentiated)])
        xs = ", ".join(xs)
        source = DEFINITIONS
        for bits in ("32", "64"):
            source += f"""{definition(row, f"f{bits}")}
            layer{bits} = layer
            infer{bits}({xs}) = results(layer{bits}({xs}))
            learn{bits}({xs}, rs...) = gradient(
                ({wrt}) -> weighted(results(layer({xs})), rs), {wrt.replace("layer", f"layer{bits}")})
            parameters{bits}() = (Flux.trainables(layer{bits})...,)
            """
        path = folder / f"row{number}.jl"
        path.write_text(source, encoding="utf-8")
        return weber.load(path)

    return lambda row: load(next(number for number, other in enumerate(ROWS) if other is row))


def type_of(array, batched):
    sizes = [str(n) for n in array.shape[::-1]]
    if batched and sizes:
        sizes[-1] = "N"
    return JULIA[array.dtype] + (f"[{', '.join(sizes)}]" if sizes else "")


def artifact(module, name, row, arrays):
    """The program of an entry for these inputs with any batch: checked to hold standard operators only."""
    batch = arrays[0].shape[0] if row.batched else None
    batched = [i in row.batched if i < len(row.inputs) else a.shape[:1] == (batch,)
               for i, a in enumerate(arrays)]
    parameters = [f"a{i}::{type_of(a, b)}" for i, (a, b) in enumerate(zip(arrays, batched))]
    made = module.compile(f"{name}({', '.join(parameters)})", target="portable")
    model = onnx.load_from_string(made.to_bytes())
    assert not model.functions
    assert {opset.domain for opset in model.opset_import} == {""}
    assert {node.domain for node in all_nodes(model.graph)} == {""}
    return made.program()


def all_nodes(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from all_nodes(attribute.g)


def cast(arrays, dtype):
    return [a.astype(dtype) if a.dtype == np.float64 else a for a in arrays]


def parameters_of(module, bits="64"):
    return [np.array(p, dtype=np.float64) for p in flat(getattr(module, f"parameters{bits}")())]


@pytest.mark.parametrize("precision", ["f32", "f64"])
@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_inference(loaded, row, precision):
    module, dtype, bits = loaded(row), ELEMENT[precision], precision[1:]
    parameters = parameters_of(module, bits)
    run, tolerance = None, 1e-5 if precision == "f32" else 1e-9
    smaller = [a[:-1] if i in row.batched else a for i, a in enumerate(row.inputs)]
    for inputs in (row.inputs, smaller):
        arrays = cast(inputs, dtype)
        run = run or artifact(module, f"infer{bits}", row, arrays)
        expected = as_list(row.formula(parameters, *inputs))
        results = flat(run(*arrays))
        assert len(results) == len(expected)
        for result, formula in zip(results, expected):
            assert result.dtype == dtype
            assert_allclose(result, formula, rtol=tolerance, atol=tolerance)


def slopes(row, parameters, weights, numerical_gradient):
    """Central differences of the weighted results by each parameter, then each input."""
    formula = row.training or row.formula
    places, found = [*parameters, *(row.inputs[i] for i in row.differentiated)], []
    count = len(parameters)
    for at, array in enumerate(places):
        def value(changed, at=at):
            p, inputs = list(parameters), list(row.inputs)
            if at < count:
                p[at] = changed
            else:
                inputs[row.differentiated[at - count]] = changed
            return sum((y * r).sum() for y, r in zip(as_list(formula(p, *inputs)), weights, strict=True))

        found.append(numerical_gradient(value, array))
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_gradient(loaded, row, numerical_gradient):
    module = loaded(row)
    parameters = parameters_of(module)
    random = np.random.default_rng(1)
    weights = [random.normal(size=y.shape) for y in as_list(row.formula(parameters, *row.inputs))]
    expected = slopes(row, parameters, weights, numerical_gradient)
    for precision, tolerance in (("f64", 1e-6), ("f32", 2e-4)):
        dtype = ELEMENT[precision]
        arrays = cast([*row.inputs, *weights], dtype)
        of_layer, *of_inputs = artifact(module, f"learn{precision[1:]}", row, arrays)(*arrays)
        found = [a for a in flat(of_layer) if a.ndim] + flat(of_inputs)
        assert len(found) == len(expected)
        for result, slope in zip(found, expected):
            assert result.dtype == dtype
            assert_allclose(result, slope, rtol=tolerance, atol=tolerance)


# --- optimisers ---------------------------------------------------------------------------------------------

TARGET = np.linspace(-1, 1, 6).reshape(2, 3)

STEP = """
using Flux
model = (w = {element}[{start}],)
opt = Flux.setup({rule}, model)
target = {element}[{target}]
loss(m) = sum((m.w .- target) .^ 4 ./ 4 .+ (m.w .- target) .^ 2 ./ 2)
@export function step()
    value, grads = Flux.withgradient(loss, model)
    Flux.update!(opt, model, grads[1])
    return value
end
"""


def literal(array):
    return "; ".join(" ".join(map(repr, row)) for row in array.T.tolist())


def ten_steps(formula):
    rule, x = formula(), START.copy()
    for _ in range(10):
        next(rule)
        x = x - rule.send((x, (x - TARGET) ** 3 + (x - TARGET)))
    return x


@pytest.mark.parametrize("precision", ["f32", "f64"])
@pytest.mark.parametrize("row", OPTIMISERS, ids=[row.id for row in OPTIMISERS])
def test_ten_steps(program, row, precision):
    element = {"f32": "Float32", "f64": "Float64"}[precision]
    start, target = literal(START), literal(TARGET)
    module = program(STEP.format(rule=row.source, element=element, start=start, target=target))
    made = module.compile("step")
    model = onnx.load_from_string(made.to_bytes())
    assert {node.domain for node in all_nodes(model.graph)} == {""}
    run, expected = made.program(), ten_steps(row.formula)
    tolerance = 1e-5 if precision == "f32" else 1e-9
    for _ in range(10):
        run()
        module.step()
    for weights in (run.state["model.w"], module.state["model.w"]):
        assert weights.dtype == ELEMENT[precision]
        assert_allclose(weights, expected, rtol=tolerance, atol=tolerance)


# --- scripts, names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["f32", "f64"])
def test_all_of_it_in_a_script(tmp_path, precision):
    """`weber run` of one script that calls everything, with inputs and results in files of NPZ."""
    inputs, lines = {}, [DEFINITIONS, "using NPZ", f'inputs = npzread("{tmp_path}/inputs.npz")',
                         "out = Dict{String, Any}()"]
    for number, row in enumerate(ROWS):
        for i, array in enumerate(cast(row.inputs, ELEMENT[precision])):
            inputs[f"{number}.{i}"] = array.T
        xs = ", ".join(f'inputs["{number}.{i}"]' for i in range(len(row.inputs)))
        lines += [definition(row, precision),
                  f'for (i, p) in enumerate(Flux.trainables(layer)); out["{number}.p$i"] = p; end',
                  f'for (i, y) in enumerate(results(layer({xs}))); out["{number}.y$i"] = y; end']
    lines.append(f'npzwrite("{tmp_path}/out.npz", out)')
    np.savez(tmp_path / "inputs.npz", **inputs)
    script = tmp_path / "all.jl"
    script.write_text("\n".join(lines), encoding="utf-8")
    main = "import sys; from weber.cli import main; sys.exit(main())"
    ran = subprocess.run([sys.executable, "-c", main, "run", script], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    out = dict(np.load(tmp_path / "out.npz"))
    tolerance = 1e-5 if precision == "f32" else 1e-9
    for number, row in enumerate(ROWS):
        def found(kind, number=number):
            keys = [key for key in out if key.startswith(f"{number}.{kind}")]
            return [out[f"{number}.{kind}{i}"].T for i in range(1, len(keys) + 1)]

        expected = as_list(row.formula([p.astype(float) for p in found("p")], *row.inputs))
        for result, formula in zip(found("y"), expected, strict=True):
            assert result.dtype == ELEMENT[precision], row.id
            assert_allclose(result, formula, rtol=tolerance, atol=tolerance, err_msg=row.id)


@pytest.mark.parametrize("kind", ["LAYERS", "LOSSES", "ACTIVATIONS", "OPTIMISERS"])
def test_every_name_has_a_row(kind):
    rows = {"LAYERS": LAYERS, "LOSSES": LOSSES, "ACTIVATIONS": ACTIVATIONS, "OPTIMISERS": OPTIMISERS}[kind]
    expected = {*getattr(names, kind), *(names.SOFTMAX_FAMILY if kind == "ACTIVATIONS" else ())}
    assert {row.name for row in rows} == expected
