"""Optimisation of models: tied, frozen and accumulated parameters, precision, training loops."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal


def test_mixed_precision(program):
    module = program("""
    model = (w = Float16[1, 2, 3],)
    opt = Flux.setup(MixedPrecision(Descent(1e-4)), model)
    step() = (Flux.update!(opt, model, (w = Float16[1, 1, 1],)); nothing)
    weights() = model.w
    """)
    for _ in range(20):
        module.step()
    # One step is less than the spacing of Float16 near 1; twenty are not.
    assert_array_equal(module.weights(), np.float16(np.array([1, 2, 3]) - 20e-4))


def test_float32_stays_float32(program):
    module = program("""
    model = Dense(3 => 2)
    opt = Flux.setup(Adam(), model)
    function step(x)
        grads = Flux.gradient(m -> sum(abs2, m(x)), model)
        Flux.update!(opt, model, grads[1])
        nothing
    end
    numbers() = (model.weight, opt.weight.state[1], opt.weight.state[2], opt.weight.state[3])
    """)
    module.step(np.ones((4, 3), dtype=np.float32))
    weight, m, v, powers = module.numbers()
    assert {a.dtype for a in (weight, m, v)} == {np.dtype(np.float32)}
    assert [np.asarray(p).dtype for p in powers] == [np.float32] * 2


def test_tied_parameters_step_once(program):
    module = program("""
    shared = [1.0, 2.0]
    model = (a = shared, b = shared)
    opt = Flux.setup(Momentum(0.1), model)
    function step()
        grads = Flux.gradient(m -> sum(m.a) + 2 * sum(m.b), model)
        Flux.update!(opt, model, grads[1])
        nothing
    end
    weights() = shared
    same() = opt.a === opt.b
    """)
    module.step()
    assert_allclose(module.weights(), [0.7, 1.7])
    assert module.same()


def test_adjust_and_freeze(program):
    module = program("""
    model = (a = [1.0], b = [1.0])
    opt = Flux.setup(Descent(0.1), model)
    step() = (Flux.update!(opt, model, (a = [1.0], b = [1.0])); nothing)
    weights() = (model.a, model.b)
    slower() = (Flux.adjust!(opt, 0.01); nothing)
    freeze() = (Flux.freeze!(opt.a); nothing)
    thaw() = (Flux.thaw!(opt); nothing)
    """)
    expected = np.array([1.0, 1.0])
    changes = {None: (0.1, 0.1), "slower": (0.01, 0.01), "freeze": (0, 0.01), "thaw": (0.01, 0.01)}
    for action, change in changes.items():
        if action:
            getattr(module, action)()
        module.step()
        expected -= change
        assert_allclose(np.concatenate(module.weights()), expected)


def test_train(program):
    module = program("""
    model = Dense(2 => 1, leakyrelu; init = ones)
    opt = Flux.setup(Momentum(0.1), model)
    data = [([0.2, -0.3], [0.4]), ([0.2, -0.3], [0.4])]
    learn() = Flux.train!((m, x, y) -> sum(abs.(m(x) .- y)) * 100, model, data, opt)
    learn()
    bias() = model.bias
    """)
    assert_allclose(module.bias(), [10.19])
