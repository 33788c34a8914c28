"""Optimisation rules in numpy, as generators: each is sent the parameter and its gradient, and yields the
step."""

import numpy as np
from library_table.table import rule

START = np.array([[0.3, -0.8, 1.2], [0.0, 2.0, -0.4]])


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


def accumulated(count, inner):
    """`inner` on the mean of `count` gradients, after each `count` of them."""
    total = 0
    next(inner)
    for seen in range(1, 1000):
        x, g = yield
        total = total + g / count
        if seen % count:
            yield 0
        else:
            yield inner.send((x, total))
            next(inner)
            total = 0


rule("Descent", "Descent()", lambda: descent(float(np.float32(0.1))))  # the default is a Float32
rule("Descent", "Descent(0.05)", lambda: descent(0.05))
rule("Momentum", "Momentum()", momentum)
rule("Momentum", "Momentum(0.1, 0.5)", lambda: momentum(0.1, 0.5))
rule("Nesterov", "Nesterov()", nesterov)
rule("RMSProp", "RMSProp()", rmsprop)
rule("RMSProp", "RMSProp(0.01; centred = true)", lambda: rmsprop(0.01, centred=True))
rule("Rprop", "Rprop()", rprop)
rule("Rprop", "Rprop(0.1)", lambda: rprop(0.1))
rule("Adam", "Adam()", adam)
rule("Adam", "Adam(0.01, (0.8, 0.95), 1e-4)", lambda: adam(0.01, 0.8, 0.95, 1e-4))
rule("AdamW", "AdamW(0.01, (0.9, 0.999), 0.1)", lambda: adam(0.01, variant="decoupled", decay=0.1))
rule("AdamW", "AdamW(eta = 0.01, lambda = 0.1, couple = false)",
     lambda: adam(0.01, variant="decoupled", decay=10))
rule("RAdam", "RAdam(0.01)", lambda: adam(0.01, variant="radam"))
rule("NAdam", "NAdam()", lambda: adam(variant="nadam"))
rule("OAdam", "OAdam()", lambda: adam(b1=0.5, b2=0.9, variant="optimistic"))
rule("AdaMax", "AdaMax()", lambda: adam(variant="max"))
rule("AdaGrad", "AdaGrad()", adagrad)
rule("AdaDelta", "AdaDelta()", adadelta)
rule("AMSGrad", "AMSGrad()", amsgrad)
rule("AdaBelief", "AdaBelief()", lambda: adam(eps=1e-16, variant="belief"))
rule("Lion", "Lion()", lion)
rule("OptimiserChain", "OptimiserChain(WeightDecay(0.1), ClipGrad(0.5), Adam(0.01))",
     lambda: changed(lambda x, g: np.clip(g + 0.1 * x, -0.5, 0.5), adam(0.01)))
rule("WeightDecay", "OptimiserChain(WeightDecay(0.1), Adam(0.01))",
     lambda: changed(lambda x, g: g + 0.1 * x, adam(0.01)))
rule("SignDecay", "OptimiserChain(SignDecay(0.1), Descent(0.1))",
     lambda: changed(lambda x, g: g + 0.1 * np.sign(x), descent()))
rule("ClipGrad", "OptimiserChain(ClipGrad(0.2), Momentum())",
     lambda: changed(lambda x, g: np.clip(g, -0.2, 0.2), momentum()))
rule("ClipNorm", "OptimiserChain(ClipNorm(0.5), Descent(0.1))", lambda: changed(clip_norm, descent()))
rule("AccumGrad", "OptimiserChain(AccumGrad(3), Momentum())", lambda: accumulated(3, momentum()))
rule("MixedPrecision", "MixedPrecision(Float64, Adam())", adam)
