"""Losses by their formulas; arrays are (examples, classes)."""

import itertools

import numpy as np
from library_table.table import LOSSES, RANDOM, Row, loss
from scipy import special

SHAPE = (5, 4)
SCORES = RANDOM.normal(size=SHAPE)
PROBABILITIES = special.softmax(RANDOM.normal(size=SHAPE), axis=1)
ONE_HOT = np.eye(4)[[0, 3, 1, 1, 2]]
TARGET_PROBABILITIES = special.softmax(RANDOM.normal(size=SHAPE), axis=1)
BINARY = (RANDOM.random(SHAPE) < 0.5).astype(float)
UNIT = RANDOM.uniform(0.05, 0.95, SHAPE)
POSITIVE = RANDOM.uniform(0.2, 3, SHAPE)
SIGNS = 2 * BINARY - 1
xlogy = special.xlogy


def huber(p, y, delta):
    e = np.abs(p - y)
    return np.where(e < delta, e**2 / 2, delta * (e - delta / 2)).mean()


def binary_focal(p, y, gamma):
    q = np.where(y == 1, p, 1 - p)
    return -((1 - q) ** gamma * np.log(q)).mean()


def tversky(p, y, beta):
    hits, misses, false = (y * p).sum(), (y * (1 - p)).sum(), ((1 - y) * p).sum()
    return 1 - (hits + 1) / (hits + beta * misses + (1 - beta) * false + 1)


def dice(p, y, smooth):
    return 1 - (2 * (y * p).sum() + smooth) / ((y**2).sum() + (p**2).sum() + smooth)


def spelled(path, blank):
    return [label for label, _ in itertools.groupby(path) if label != blank]


def over_all_paths(scores, labels):
    """Connectionist temporal classification: scores (time, classes), the last class being the blank."""
    scores = special.log_softmax(scores, axis=1)
    times, classes = scores.shape
    paths = itertools.product(range(classes), repeat=times)
    matching = [path for path in paths if spelled(path, classes - 1) == list(labels)]
    return -special.logsumexp([scores[range(times), path].sum() for path in matching])


loss("mae", "mae(p, y)", SCORES, POSITIVE, lambda p, y: np.abs(p - y).mean())
loss("mse", "mse(p, y)", SCORES, POSITIVE, lambda p, y: ((p - y) ** 2).mean())
loss("mse", "mse(p, y; agg = sum)", SCORES, POSITIVE, lambda p, y: ((p - y) ** 2).sum())
loss("mse", "mse(p, y; agg = identity)", SCORES, POSITIVE, lambda p, y: (p - y) ** 2)
loss("msle", "msle(p, y)", UNIT, POSITIVE, lambda p, y: ((np.log(p) - np.log(y)) ** 2).mean())
loss("msle", "msle(p, y; eps = 0.1)", UNIT, POSITIVE,
     lambda p, y: ((np.log(p + 0.1) - np.log(y + 0.1)) ** 2).mean())
loss("huber_loss", "huber_loss(p, y)", SCORES, POSITIVE, lambda p, y: huber(p, y, 1))
loss("huber_loss", "huber_loss(p, y; delta = 0.3)", SCORES, POSITIVE, lambda p, y: huber(p, y, 0.3))
loss("poisson_loss", "poisson_loss(p, y)", POSITIVE, UNIT, lambda p, y: (p - y * np.log(p)).mean())
loss("label_smoothing", "mse(p, Flux.label_smoothing(y, 0.25f0))", SCORES, ONE_HOT,
     lambda p, y: ((p - y * 0.75 - 0.25 / 4) ** 2).mean())
loss("label_smoothing", "mse(p, Flux.label_smoothing(y, 0.125f0; dims = 0))", SCORES, BINARY,
     lambda p, y: ((p - y * 0.875 - 0.0625) ** 2).mean())
loss("crossentropy", "crossentropy(p, y)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * np.log(p)).sum(1).mean())
loss("crossentropy", "crossentropy(p, y; dims = 2)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * np.log(p)).sum(0).mean())
loss("crossentropy", "crossentropy(p, y; agg = sum, eps = 0.01)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * np.log(p + 0.01)).sum())
loss("logitcrossentropy", "logitcrossentropy(p, y)", SCORES, ONE_HOT,
     lambda p, y: -(y * special.log_softmax(p, 1)).sum(1).mean())
loss("logitcrossentropy", "logitcrossentropy(p, y; dims = 2, agg = sum)", SCORES, ONE_HOT,
     lambda p, y: -(y * special.log_softmax(p, 0)).sum())
loss("binarycrossentropy", "binarycrossentropy(p, y)", UNIT, BINARY,
     lambda p, y: -(xlogy(y, p) + xlogy(1 - y, 1 - p)).mean())
loss("logitbinarycrossentropy", "logitbinarycrossentropy(p, y)", SCORES, BINARY,
     lambda p, y: -(xlogy(y, special.expit(p)) + xlogy(1 - y, special.expit(-p))).mean())
loss("kldivergence", "kldivergence(p, y)", PROBABILITIES, TARGET_PROBABILITIES,
     lambda p, y: (y * np.log(y) - y * np.log(p)).sum(1).mean())
loss("hinge_loss", "hinge_loss(p, y)", SCORES, SIGNS, lambda p, y: np.maximum(0, 1 - p * y).mean())
loss("squared_hinge_loss", "squared_hinge_loss(p, y)", SCORES, SIGNS,
     lambda p, y: (np.maximum(0, 1 - p * y) ** 2).mean())
loss("dice_coeff_loss", "dice_coeff_loss(p, y)", UNIT, BINARY, lambda p, y: dice(p, y, 1))
loss("dice_coeff_loss", "dice_coeff_loss(p, y; smooth = 3)", UNIT, BINARY, lambda p, y: dice(p, y, 3))
loss("tversky_loss", "tversky_loss(p, y)", UNIT, BINARY, lambda p, y: tversky(p, y, 0.7))
loss("tversky_loss", "tversky_loss(p, y; beta = 0.2)", UNIT, BINARY, lambda p, y: tversky(p, y, 0.2))
loss("binary_focal_loss", "binary_focal_loss(p, y)", UNIT, BINARY, lambda p, y: binary_focal(p, y, 2))
loss("binary_focal_loss", "binary_focal_loss(p, y; gamma = 3)", UNIT, BINARY,
     lambda p, y: binary_focal(p, y, 3))
loss("focal_loss", "focal_loss(p, y)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * (1 - p) ** 2 * np.log(p)).sum(1).mean())
loss("focal_loss", "focal_loss(p, y; gamma = 1.5f0)", PROBABILITIES, ONE_HOT,
     lambda p, y: -(y * (1 - p) ** 1.5 * np.log(p)).sum(1).mean())
loss("siamese_contrastive_loss", "siamese_contrastive_loss(p, y)", POSITIVE, BINARY,
     lambda p, y: ((1 - y) * p**2 + y * np.maximum(0, 1 - p) ** 2).mean())
loss("siamese_contrastive_loss", "siamese_contrastive_loss(p, y; margin = 2)", POSITIVE, BINARY,
     lambda p, y: ((1 - y) * p**2 + y * np.maximum(0, 2 - p) ** 2).mean())
for labels in ([0], [0, 1], [1, 1], [0, 1, 0]):
    spelling = str([label + 1 for label in labels])
    LOSSES.append(Row("ctc_loss", f"p -> Flux.ctc_loss(p, {spelling})", [RANDOM.normal(size=(5, 3))],
                      lambda parameters, p, labels=labels: over_all_paths(p, labels), varies=[]))
