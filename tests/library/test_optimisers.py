"""Optimisation rules: ten steps against independent numpy implementations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

TARGET = np.linspace(-1, 1, 6).reshape(2, 3)
START = np.array([[0.3, -0.8, 1.2], [0.0, 2.0, -0.4]])


def loss_gradient(x):
    """Of sum((x - target)^4 / 4 + (x - target)^2 / 2)."""
    return (x - TARGET) ** 3 + (x - TARGET)


def descent(eta=0.1):
    while True:
        x, g = yield
        yield eta * g


def momentum(eta=0.01, rho=0.9):
    v = 0
    while True:
        x, g = yield
        v = rho * v + eta * g
        yield v


def nesterov(eta=0.001, rho=0.9):
    v = 0
    while True:
        x, g = yield
        step = -(rho**2) * v + (1 + rho) * eta * g
        v = rho * v - eta * g
        yield step


def rmsprop(eta=0.001, rho=0.9, eps=1e-8, centred=False):
    a = m = 0
    while True:
        x, g = yield
        a = rho * a + (1 - rho) * g**2
        m = rho * m + (1 - rho) * g if centred else 0
        yield eta * g / (np.sqrt(a - m**2) + eps)


def rprop(eta=0.001, shrink=0.5, grow=1.2, least=1e-6, most=50):
    before, length = np.zeros_like(START), np.full_like(START, eta)
    while True:
        x, g = yield
        turn = before * g
        factor = np.where(turn > 0, grow, np.where(turn < 0, shrink, 1))
        length = np.clip(length * factor, least, most)
        before = np.where(turn < 0, 0, g)
        yield length * np.sign(before)


def adam(eta=0.001, b1=0.9, b2=0.999, eps=1e-8, variant="adam", decay=0):
    m = v = previous = t = 0
    while True:
        x, g = yield
        t += 1
        m = b1 * m + (1 - b1) * g
        if variant == "belief":
            v = b2 * v + (1 - b2) * (g - m) ** 2 + eps
        elif variant == "max":
            v = np.maximum(b2 * v, np.abs(g))
        else:
            v = b2 * v + (1 - b2) * g**2
        mean, root = m / (1 - b1**t), np.sqrt(v / (1 - b2**t))
        step = eta * mean / (root + eps)
        if variant == "max":
            step = eta * mean / (v + eps)
        elif variant == "nadam":
            step = eta * (b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)) / (root + eps)
        elif variant == "radam":
            longest = 2 / (1 - b2) - 1
            length = longest - 2 * t * b2**t / (1 - b2**t)
            if length > 4:
                r = ((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)) ** 0.5
                step = r * step
            else:
                step = eta * mean
        elif variant == "optimistic":
            step, previous = 2 * step - previous, step
        elif variant == "decoupled":
            step = step + eta * decay * x
        yield step


def amsgrad(eta=0.001, b1=0.9, b2=0.999, eps=1e-8):
    m = v = top = eps
    while True:
        x, g = yield
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        top = np.maximum(top, v)
        yield eta * m / (np.sqrt(top) + eps)


def adagrad(eta=0.1, eps=1e-8):
    a = eps
    while True:
        x, g = yield
        a = a + g**2
        yield eta * g / (np.sqrt(a) + eps)


def adadelta(rho=0.9, eps=1e-8):
    a = d = 0
    while True:
        x, g = yield
        a = rho * a + (1 - rho) * g**2
        step = g * np.sqrt(d + eps) / np.sqrt(a + eps)
        d = rho * d + (1 - rho) * step**2
        yield step


def lion(eta=0.001, b1=0.9, b2=0.999):
    m = 0
    while True:
        x, g = yield
        step = eta * np.sign(b1 * m + (1 - b1) * g)
        m = b2 * m + (1 - b2) * g
        yield step


def changed(change, rule):
    """`rule` on gradients changed by `change(x, g)`."""
    next(rule)
    while True:
        x, g = yield
        yield rule.send((x, change(x, g)))
        next(rule)


def clip_norm(x, g, omega=0.5):
    return g * min(1, omega / np.linalg.norm(g))


RULES = {
    "Descent(0.05)": lambda: descent(0.05),
    "Descent()": lambda: descent(np.float64(np.float32(0.1))),
    "Momentum()": momentum,
    "Momentum(0.1, 0.5)": lambda: momentum(0.1, 0.5),
    "Nesterov()": nesterov,
    "RMSProp()": rmsprop,
    "RMSProp(0.01; centred = true)": lambda: rmsprop(0.01, centred=True),
    "Rprop(0.1)": lambda: rprop(0.1),
    "Adam()": adam,
    "Adam(0.01, (0.8, 0.95), 1e-4)": lambda: adam(0.01, 0.8, 0.95, 1e-4),
    "AdamW(0.01, (0.9, 0.999), 0.1)": lambda: adam(0.01, variant="decoupled", decay=0.1),
    "AdaMax()": lambda: adam(variant="max"),
    "RAdam(0.01)": lambda: adam(0.01, variant="radam"),
    "NAdam()": lambda: adam(variant="nadam"),
    "OAdam()": lambda: adam(b1=0.5, b2=0.9, variant="optimistic"),
    "AdaBelief()": lambda: adam(eps=1e-16, variant="belief"),
    "AMSGrad()": amsgrad,
    "AdaGrad()": adagrad,
    "AdaDelta()": adadelta,
    "Lion()": lion,
    "OptimiserChain(WeightDecay(0.1), Adam(0.01))": lambda: changed(lambda x, g: g + 0.1 * x, adam(0.01)),
    "OptimiserChain(SignDecay(0.1), Descent(0.1))":
        lambda: changed(lambda x, g: g + 0.1 * np.sign(x), descent()),
    "OptimiserChain(ClipGrad(0.2), Momentum())":
        lambda: changed(lambda x, g: np.clip(g, -0.2, 0.2), momentum()),
    "OptimiserChain(ClipNorm(0.5), Descent(0.1))": lambda: changed(clip_norm, descent()),
}


def run(make, steps):
    rule, x = make(), START.copy()
    for _ in range(steps):
        next(rule)
        x = x - rule.send((x, loss_gradient(x)))
    return x


SOURCE = """
model = (w = {start},)
opt = Flux.setup({rule}, model)
target = {target}
loss(m) = sum((m.w .- target) .^ 4 ./ 4 .+ (m.w .- target) .^ 2 ./ 2)
@export function step()
    value, grads = Flux.withgradient(loss, model)
    Flux.update!(opt, model, grads[1])
    return value
end
weights() = model.w
"""


def literal(array):
    return "[" + "; ".join(" ".join(map(repr, row)) for row in array.T.tolist()) + "]"


@pytest.mark.parametrize("rule", RULES)
def test_ten_steps(program, rule):
    module = program(SOURCE.format(rule=rule, start=literal(START), target=literal(TARGET)))
    for _ in range(10):
        module.step()
    assert_allclose(module.weights(), run(RULES[rule], 10), rtol=1e-9, atol=1e-11)


def test_accumulated_gradients(program):
    module = program(SOURCE.format(rule="OptimiserChain(AccumGrad(2), Descent(0.1))", start=literal(START),
                                   target=literal(TARGET)))
    module.step()
    assert_allclose(module.weights(), START)
    module.step()
    assert_allclose(module.weights(), START - 0.1 * loss_gradient(START))


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
