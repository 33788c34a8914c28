"""`staged(source, signature)`: a function of a small program run in four ways that must agree: on the host
evaluator, and staged in the numpy interpreter and in onnxruntime with and without its optimisations."""

import numpy as np
import onnxruntime
import pytest
import weber
from weber.compiler.interpreter import run
from weber.compiler.onnx_export import export
from weber.compiler.pipeline import optimise
from weber.compiler.verify import verify
from weber.frontend.compiling.entries import stage_entry
from weber.frontend.loading import reported


def in_onnxruntime(model, feeds, optimised):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(None, feeds)


def flat(value):
    """The arrays of a result in the order of an entry's outputs; `nothing` has none."""
    if value is None:
        return []
    if isinstance(value, tuple | list):
        return [array for item in value for array in flat(item)]
    return [np.asarray(value)]


def assert_same(found, expected, what):
    assert len(found) == len(expected), what
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=what)


class Staged:
    """A staged function: `graph` as it was staged, `optimised` as it is exported."""

    def __init__(self, source, signature, path):
        path.write_text(source, encoding="utf-8")
        self.module = weber.load(path)
        self.name = signature.partition("(")[0]
        with reported():
            self.graph = verify(stage_entry(self.module.add_entry(signature)))
            self.optimised = verify(optimise(self.graph))
            self.model = export(self.optimised)

    def __call__(self, *arguments, host=True):
        """The results, as a list of arrays; the four ways agree."""
        arguments = [np.asarray(a) for a in arguments]
        names = self.graph.argument_names[:len(arguments)]
        feeds = dict(zip(names, arguments, strict=True))
        found = run(self.graph, feeds)
        assert_same(run(self.optimised, feeds), found, "the optimised graph")
        for optimised in (True, False):
            assert_same(in_onnxruntime(self.model, feeds, optimised), found, f"onnxruntime, {optimised}")
        if host:
            expected = flat(getattr(self.module, self.name)(*[a.copy() for a in arguments]))
            assert_same(found[:len(expected)], expected, "the host")
        return found

    def operations(self):
        """The names of all operations of the staged graph, those in regions too."""
        def names(block):
            for operation in block.operations:
                yield operation.name
                for region in operation.regions:
                    yield from names(region)

        return list(names(self.graph.body))


@pytest.fixture
def staged(tmp_path):
    def make(source, signature):
        return Staged(source, signature, tmp_path / "program.jl")

    return make
