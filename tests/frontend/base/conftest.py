"""Calling builtins by name, on the host and staged."""

import numpy as np
import pytest
from weber.compiler.interpreter import run
from weber.compiler.ir import Value
from weber.frontend import base, staging
from weber.frontend import types as t
from weber.frontend.base.registry import BASE, MODULES, function
from weber.frontend.calling import call
from weber.frontend.staged_numbers import Traced
from weber.frontend.values import Array, to_host

base.load()


class Julia:
    """`julia.sum(x, dims=1)` calls `sum`; `julia("+", a, b)` any function; `julia.staged(f, arrays)`
    compiles and runs."""

    def __call__(self, name, *arguments, **keywords):
        home = next((m for m in (BASE, *MODULES.values()) if name in m.bindings), BASE)
        target = home.bindings.get(name) or function(name)
        return call(target, [self.value(a) for a in arguments],
                    {k: self.value(v) for k, v in keywords.items()} or None)

    def __getattr__(self, name):
        return lambda *arguments, **keywords: self(name.replace("_bang", "!"), *arguments, **keywords)

    @staticmethod
    def value(x):
        """A Julia value: numpy arrays are taken in Julia's order of dims."""
        return Array(np.array(x.T, order="C")) if isinstance(x, np.ndarray) else x

    @staticmethod
    def numpy(x):
        """The numpy array, in Julia's order of dims, of an Array; the tuple or number itself otherwise."""
        if isinstance(x, Array):
            return staging.read(x).T
        return tuple(map(Julia.numpy, x)) if isinstance(x, tuple) else x

    @staticmethod
    def staged(f, *inputs):
        """Runs `f` on staged arrays (or traced numbers) and the recorded block on the inputs."""
        from weber.compiler import ir

        with staging.Trace() as trace:
            staged = []
            for x in inputs:
                payload = np.array(np.asarray(x).T, order="C")
                value = trace.argument(staging.tensor_type(payload))
                staged.append(Array(value) if payload.ndim else Traced(value))
            result = f(*staged)
            results = result if isinstance(result, tuple) else (result,)
            block = trace.builder.block
            block.results = [staging.as_value(staging.payload_of(r)) for r in results]
            assert any(isinstance(staging.payload_of(r), Value)
                       for r in results), "nothing was staged"
        names = [f"x{k}" for k in range(len(inputs))]
        compiled = ir.Function("f", block, names, [f"y{k}" for k in range(len(results))])
        arrays = [np.array(np.asarray(x).T, order="C") for x in inputs]
        outputs = [np.asarray(y).T for y in run(compiled, arrays)]
        return outputs if isinstance(result, tuple) else outputs[0]

    def agree(self, f, *inputs, tolerance=1e-12):
        """Checks that `f` gives the same, with the same element type, staged and on the host; returns the
        host's."""
        expected = self.numpy(f(*[self.value(x) if np.ndim(x) else to_host(np.asarray(x)[()])
                                  for x in inputs]))
        found = self.staged(f, *inputs)
        for a, b in zip(found if isinstance(found, list) else [found],
                        expected if isinstance(expected, tuple) else (expected,), strict=True):
            b = np.asarray(b)
            assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
            if b.dtype.kind in "fc":
                np.testing.assert_allclose(a, b, rtol=max(tolerance, 4 * np.finfo(b.dtype).eps),
                                           atol=tolerance)
            else:
                np.testing.assert_array_equal(a, b)
        return expected


@pytest.fixture
def julia():
    return Julia()


@pytest.fixture
def types():
    return t
