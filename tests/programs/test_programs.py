"""The programs of `examples/control_flow`: one example and many, against formulas in numpy."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import weber
from program_table import learning, numerical, sequences, structures
from program_table.running import Session, flat, padded

FOLDER = Path(__file__).parents[2] / "examples" / "control_flow"
PROGRAMS = [*numerical.PROGRAMS, *sequences.PROGRAMS, *structures.PROGRAMS, *learning.PROGRAMS]


def programs(condition=lambda program: True):
    """Parametrises a test with the programs that meet a condition."""
    chosen = [program for program in PROGRAMS if condition(program)]
    return pytest.mark.parametrize("program", chosen, ids=lambda program: f"{program.name}-{program.one}")


@cache
def loaded(file):
    return weber.load(FOLDER / file)


@cache
def artifact(file, entry):
    return loaded(file).compile(entry)


@cache
def session(file, entry, optimised=True):
    return Session(artifact(file, entry).model, optimised)


class Parameters(dict):
    """The numbers of the module's models: by the names that states have, `model.layers.1.weight`."""

    def __init__(self, module):
        self.module = module

    def __missing__(self, name):
        first, *fields = name.split(".")
        value = getattr(self.module, first)
        for field in fields:
            value = value[int(field) - 1] if field.isdigit() else getattr(value, field, None)
        if value is None:
            raise KeyError(name)
        self[name] = np.array(value)
        return self[name]

    def __contains__(self, name):
        try:
            return self[name] is not None
        except KeyError:
            return False


@cache
def parameters(file):
    """The numbers of the model, as the module has them before any training."""
    return Parameters(weber.load(FOLDER / file))


def results_of(program, examples):
    """The results of the formulas, one list of columns for each result."""
    rows = [program.reference(parameters(program.file), *program.shared, *example) for example in examples]
    return list(zip(*rows, strict=True))


def assert_close(actual, expected, tolerance):
    """Compares results; integers, and lists of lengths, must be equal."""
    assert len(actual) == len(expected)
    for a, b in zip(actual, expected, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        if np.issubdtype(b.dtype, np.integer):
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a,
                                       b,
                                       rtol=tolerance,
                                       atol=tolerance * max(1,
                                                            np.abs(b).max(initial=0)))


def extremes(program):
    """The smallest and the largest example, where there are any."""
    return [extreme() for extreme in (program.least, program.largest) if extreme is not None]


@programs()
def test_one(program):
    """One example at a time, the smallest and the largest among them."""
    entry = getattr(loaded(program.file), program.one)
    examples = program.examples(np.random.default_rng(1)) + extremes(program)
    for example in examples:
        expected = [column[0] for column in results_of(program, [example])]
        assert_close(flat(entry(*program.shared, *example)), expected, program.tolerance)


@programs()
def test_many(program):
    """A batch gives what its examples give, whether extremes are among them or not."""
    entry = getattr(loaded(program.file), program.many)
    examples = program.examples(np.random.default_rng(1))
    for batch in (examples, examples + extremes(program), examples[:1]):
        found = entry(*program.shared, *map(list, zip(*batch, strict=True)))
        columns = zip(*map(flat, found), strict=True)
        for column, expected in zip(columns, results_of(program, batch), strict=True):
            assert_close(list(column), list(expected), program.tolerance)


@programs()
def test_padding_changes_nothing(program):
    """Whatever the padding holds."""
    run = session(program.file, program.many)
    columns = list(zip(*program.examples(np.random.default_rng(1)), strict=True))
    clean = run(**padded(run, program.shared, columns, fill=0))
    dirty = run(**padded(run, program.shared, columns, fill=np.nan))
    for name, array in clean.items():
        np.testing.assert_array_equal(dirty[name], array, err_msg=name)


@programs()
def test_mates_change_nothing(program):
    """An example has the same results in another order and with other mates."""
    run = session(program.file, program.many)
    examples = program.examples(np.random.default_rng(1))
    others = program.examples(np.random.default_rng(2)) + extremes(program)

    def results(batch):
        return run(**padded(run, program.shared, list(zip(*batch, strict=True))))

    first = results(examples)
    for name, array in results(examples[::-1]).items():
        assert_same(array[::-1], first[name])
    mixed = [examples[0], *others, examples[-1]]
    for name, array in results(mixed).items():
        for position, row in ((0, 0), (-1, -1)):
            size = np.minimum(array.shape[1:], first[name].shape[1:])
            part = tuple(slice(0, n) for n in size)
            assert_same(array[position][part], first[name][row][part])


def assert_same(a, b):
    """Equal but for the order of sums in matrix products, which kernels choose by the number of rows."""
    np.testing.assert_allclose(a,
                               b,
                               rtol=2e-6 if a.dtype == np.float32 else 1e-12,
                               atol=2e-6 if a.dtype == np.float32 else 1e-12)


@programs()
def test_examples_are_computed_together(program):
    """No map of the entries stays a loop over the examples, as `weber check --explain` tells."""
    for entry in filter(None, (program.many, program.gradients, program.train)):
        remarks = artifact(program.file, entry).remarks
        assert remarks or entry == program.train
        assert all(remark.endswith("computed together") for remark in remarks), remarks


@programs()
def test_no_examples(program):
    run = session(program.file, program.many)
    columns = list(zip(*program.examples(np.random.default_rng(1)), strict=True))
    for name, array in run(**padded(run, program.shared, columns, rows=0)).items():
        assert array.shape[0] == 0, name


@programs()
def test_optimisations_agree(program):
    columns = list(zip(*program.examples(np.random.default_rng(1)), strict=True))
    run, plain = session(program.file, program.many), session(program.file, program.many, False)
    feeds = padded(run, program.shared, columns)
    expected = plain(**feeds)
    for name, array in run(**feeds).items():
        np.testing.assert_allclose(array,
                                   expected[name],
                                   rtol=1e-4 if array.dtype == np.float32 else 1e-9,
                                   atol=1e-5 if array.dtype == np.float32 else 1e-9,
                                   err_msg=name)


# --- derivatives --------------------------------------------------------------------------------------------


def double(source):
    """The program in Float64."""
    source = source.replace("Float32", "Float64")
    source = re.sub(r"(?<=\d)f(?=-?\d)", "e", source)
    return source + "\nmodel = f64(model)\n"


def differentiable(program):
    """Examples, the smallest among them where the program is smooth there."""
    return program.examples(np.random.default_rng(1)) + ([program.least()] if program.least and program.smooth
                                                         else [])


def central_difference(function, x, direction, step):
    return (function(x + step * direction) - function(x - step * direction)) / (2 * step)


def check_arguments(program, gradient, arguments, tolerance):
    """The gradients with respect to arguments, along random directions."""
    rng = np.random.default_rng(0)
    for k, found in zip(program.of, gradient, strict=True):
        direction = rng.normal(size=np.shape(arguments[k]))

        def objective(x, k=k):
            return program.objective(parameters(program.file), *arguments[:k], x, *arguments[k + 1:])

        x = np.asarray(arguments[k], np.float64)
        step = 1e-5 * max(1, np.abs(x).max(initial=0))
        expected = central_difference(objective, x, direction, step)
        np.testing.assert_allclose(np.sum(np.asarray(found) * direction),
                                   expected,
                                   rtol=tolerance,
                                   atol=tolerance)


@programs(lambda program: program.gradient)
def test_gradient_of_one(program):
    module = loaded(program.file)
    for example in differentiable(program):
        arguments = (*program.shared, *example)
        tolerance = 1e-6 if np.asarray(arguments[0]).dtype == np.float64 else 1e-3
        check_arguments(program, flat(getattr(module, program.gradient)(*arguments)), arguments, tolerance)


@programs(lambda program: program.gradients)
def test_gradients_of_many(program):
    module = loaded(program.file)
    examples = differentiable(program)
    rows = getattr(module, program.gradients)(*program.shared, *map(list, zip(*examples, strict=True)))
    for row, example in zip(rows, examples, strict=True):
        arguments = (*program.shared, *example)
        tolerance = 1e-6 if np.asarray(arguments[0]).dtype == np.float64 else 1e-3
        check_arguments(program, flat(row), arguments, tolerance)


@programs(lambda program: program.loss)
def test_gradient_of_parameters(program, tmp_path):
    """In Float64, of the sum over a batch, along random directions of each parameter."""
    source = double((FOLDER / program.file).read_text(encoding="utf-8"))
    header = re.search(rf"@export (?:function )?{program.loss_entry}\((.*?)\)(?= =|\n)", source, re.DOTALL)[1]
    names = re.findall(r"(\w+)::(?!.*\w+::)|(\w+)::", header)
    names = [a or b for a, b in names]
    path = tmp_path / program.file
    path.write_text(f"""{source}
loss_of_one = {program.loss}
@export parameter_gradient({header}) =
    gradient(m -> sum(map(({", ".join(names)}) -> loss_of_one(m, {", ".join(names)}), {", ".join(names)})),
             {program.model})[1]
""",
                    encoding="utf-8")
    module = weber.load(path)
    batch = [column[:5] for column in (program.loss_batch or program.batch)(np.random.default_rng(3))]
    batch = [[np.float64(x) if np.asarray(x).dtype == np.float32 else x for x in map(as_double, column)]
             for column in batch]
    run = Session(module.compile("parameter_gradient").model)
    p = Parameters(module)
    found = run(**padded(run, (), batch))
    rng, checked = np.random.default_rng(4), 0
    for name, gradient in found.items():
        parameter = program.model + name.removeprefix("parameter_gradient")
        direction = rng.normal(size=gradient.shape)

        def objective(value, parameter=parameter):
            changed = Parameters(module)
            changed.update(p, **{parameter: value})
            return sum(program.model_objective(changed, *example) for example in zip(*batch, strict=True))

        expected = central_difference(objective, p[parameter], direction, 1e-5)
        np.testing.assert_allclose(np.sum(gradient * direction), expected, rtol=1e-5, atol=1e-6, err_msg=name)
        checked += 1
    assert checked > 1


def as_double(value):
    if isinstance(value, tuple):
        return value
    value = np.asarray(value)
    return value.astype(np.float64) if value.dtype == np.float32 else value


# --- training -----------------------------------------------------------------------------------------------


@programs(lambda program: program.train)
def test_training(program, tmp_path):
    """The loss falls when the exported step is run again and again."""
    path = tmp_path / "step.onnx"
    weber.load(FOLDER / program.file).compile(program.train).save(path)
    step = weber.load(path)
    rng = np.random.default_rng(0)
    losses = [float(step(*program.batch(rng))) for _ in range(program.steps)]
    assert np.all(np.isfinite(losses))
    assert np.mean(losses[-5:]) < program.falls * np.mean(losses[:5]), losses
