"""Losses against their formulas, and their gradients against central differences."""

import numpy as np
import pytest
import weber
from numpy.testing import assert_allclose
from scipy import special

RANDOM = np.random.default_rng(0)
SHAPE = (5, 4)  # Julia's (4, 5): four classes, five examples
SCORES = RANDOM.normal(size=SHAPE)
PROBABILITIES = special.softmax(RANDOM.normal(size=SHAPE), axis=1)
ONE_HOT = np.eye(4)[[0, 3, 1, 1, 2]]
TARGET_PROBABILITIES = special.softmax(RANDOM.normal(size=SHAPE), axis=1)
BINARY = (RANDOM.random(SHAPE) < 0.5).astype(float)
UNIT = RANDOM.uniform(0.05, 0.95, SHAPE)
POSITIVE = RANDOM.uniform(0.2, 3, SHAPE)
SIGNS = 2 * BINARY - 1
EPS = np.finfo(np.float64).eps


def xlogy(x, y):
    return special.xlogy(x, y)


def huber(p, y, delta):
    e = np.abs(p - y)
    return np.where(e < delta, e**2 / 2, delta * (e - delta / 2)).mean()


def binary_focal(p, y, gamma):
    q = np.where(y == 1, p + EPS, 1 - p - EPS)
    return -((1 - q) ** gamma * np.log(q)).mean()


def tversky(p, y, beta):
    hits, misses, false = (y * p).sum(), (y * (1 - p)).sum(), ((1 - y) * p).sum()
    return 1 - (hits + 1) / (hits + beta * misses + (1 - beta) * false + 1)


def dice(p, y, smooth):
    return 1 - (2 * (y * p).sum() + smooth) / ((y**2).sum() + (p**2).sum() + smooth)


# Julia call, prediction, target, formula
CASES = [
    ("mae(p, y)", SCORES, POSITIVE, lambda p, y: np.abs(p - y).mean()),
    ("mse(p, y)", SCORES, POSITIVE, lambda p, y: ((p - y) ** 2).mean()),
    ("mse(p, y; agg = sum)", SCORES, POSITIVE, lambda p, y: ((p - y) ** 2).sum()),
    ("msle(p, y)", UNIT, POSITIVE, lambda p, y: ((np.log(p + EPS) - np.log(y + EPS)) ** 2).mean()),
    ("msle(p, y; eps = 0.1)", UNIT, POSITIVE, lambda p, y: ((np.log(p + 0.1) - np.log(y + 0.1)) ** 2).mean()),
    ("huber_loss(p, y)", SCORES, POSITIVE, lambda p, y: huber(p, y, 1)),
    ("huber_loss(p, y; delta = 0.3)", SCORES, POSITIVE, lambda p, y: huber(p, y, 0.3)),
    ("poisson_loss(p, y)", POSITIVE, UNIT, lambda p, y: (p - y * np.log(p)).mean()),
    ("crossentropy(p, y)", PROBABILITIES, ONE_HOT, lambda p, y: -(y * np.log(p + EPS)).sum(1).mean()),
    ("crossentropy(p, y; dims = 2)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * np.log(p + EPS)).sum(0).mean()),
    ("crossentropy(p, y; agg = sum, eps = 0.01)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * np.log(p + 0.01)).sum()),
    ("logitcrossentropy(p, y)", SCORES, ONE_HOT, lambda p, y: -(y * special.log_softmax(p, 1)).sum(1).mean()),
    ("logitcrossentropy(p, y; dims = 2, agg = sum)", SCORES, ONE_HOT,
     lambda p, y: -(y * special.log_softmax(p, 0)).sum()),
    ("binarycrossentropy(p, y)", UNIT, BINARY,
     lambda p, y: -(xlogy(y, p + EPS) + xlogy(1 - y, 1 - p + EPS)).mean()),
    ("logitbinarycrossentropy(p, y)", SCORES, BINARY,
     lambda p, y: -(xlogy(y, special.expit(p)) + xlogy(1 - y, special.expit(-p))).mean()),
    ("kldivergence(p, y)", PROBABILITIES, TARGET_PROBABILITIES,
     lambda p, y: (y * np.log(y) - y * np.log(p + EPS)).sum(1).mean()),
    ("hinge_loss(p, y)", SCORES, SIGNS, lambda p, y: np.maximum(0, 1 - p * y).mean()),
    ("squared_hinge_loss(p, y)", SCORES, SIGNS, lambda p, y: (np.maximum(0, 1 - p * y) ** 2).mean()),
    ("dice_coeff_loss(p, y)", UNIT, BINARY, lambda p, y: dice(p, y, 1)),
    ("dice_coeff_loss(p, y; smooth = 3)", UNIT, BINARY, lambda p, y: dice(p, y, 3)),
    ("tversky_loss(p, y)", UNIT, BINARY, lambda p, y: tversky(p, y, 0.7)),
    ("tversky_loss(p, y; beta = 0.2)", UNIT, BINARY, lambda p, y: tversky(p, y, 0.2)),
    ("binary_focal_loss(p, y)", UNIT, BINARY, lambda p, y: binary_focal(p, y, 2)),
    ("binary_focal_loss(p, y; gamma = 3)", UNIT, BINARY, lambda p, y: binary_focal(p, y, 3)),
    ("focal_loss(p, y)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * (1 - p - EPS) ** 2 * np.log(p + EPS)).sum(1).mean()),
    ("focal_loss(p, y; gamma = 1.5)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * (1 - p - EPS) ** 1.5 * np.log(p + EPS)).sum(1).mean()),
    ("siamese_contrastive_loss(p, y)", POSITIVE, BINARY,
     lambda p, y: ((1 - y) * p**2 + y * np.maximum(0, 1 - p) ** 2).mean()),
    ("siamese_contrastive_loss(p, y; margin = 2)", POSITIVE, BINARY,
     lambda p, y: ((1 - y) * p**2 + y * np.maximum(0, 2 - p) ** 2).mean()),
]


@pytest.mark.parametrize("call, p, y, formula", CASES, ids=[case[0] for case in CASES])
def test_value_and_gradient(program, everywhere, numerical_gradient, call, p, y, formula):
    module = program(f"f(p, y) = Flux.{call}\ng(p, y) = gradient(p -> f(p, y), p)[1]")
    assert_allclose(everywhere(module, "f", p, y), formula(p, y), rtol=1e-10)
    expected = numerical_gradient(lambda p: formula(p, y), p)
    assert_allclose(everywhere(module, "g", p, y), expected, rtol=1e-6, atol=1e-9)


def test_float32_stays_float32(program):
    module = program("f(p, y) = (Flux.mse(p, y), Flux.logitcrossentropy(p, y), Flux.huber_loss(p, y),"
                     " Flux.crossentropy(p, y), Flux.binary_focal_loss(p, y))")
    p, y = PROBABILITIES.astype(np.float32), ONE_HOT.astype(np.float32)
    assert [np.asarray(loss).dtype for loss in module.f(p, y)] == [np.float32] * 5


def test_boolean_targets(program):
    module = program("f(p) = Flux.logitcrossentropy(p, Flux.onehotbatch([1, 4, 2, 2, 3], 1:4))")
    expected = -(ONE_HOT * special.log_softmax(SCORES, 1)).sum(1).mean()
    assert_allclose(module.f(SCORES), expected, rtol=1e-10)


def test_binary_crossentropy_at_certainty(program):
    module = program("f(p, y) = Flux.binarycrossentropy(p, y)\ng(p, y) = gradient(p -> f(p, y), p)[1]")
    p = y = np.array([0.0, 1.0])
    assert_allclose(module.f(p, y), 0, atol=1e-12)
    assert np.isfinite(module.g(p, y)).all()


def test_label_smoothing(program):
    module = program("f(y) = (Flux.label_smoothing(y, 0.2), Flux.label_smoothing(y, 0.1; dims = 0))")
    by_class, binary = module.f(ONE_HOT)
    assert_allclose(by_class, ONE_HOT * 0.8 + 0.05)
    assert_allclose(binary, ONE_HOT * 0.9 + 0.05)


def test_sizes_must_agree(program):
    module = program("f(p, y) = Flux.mse(p, y)")
    with pytest.raises(weber.WeberError, match=r"size\(ŷ\) = \(4, 5\) to match size\(y\) = \(4, 1\)"):
        module.f(SCORES, SCORES[:1])
