"""Connectionist temporal classification against the sum over all paths."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import log_softmax, logsumexp


def spelled(path, blank):
    return [label for label, _ in itertools.groupby(path) if label != blank]


def enumerated(scores, labels):
    """scores (time, classes), the last class being the blank."""
    scores = log_softmax(scores, axis=1)
    times, classes = scores.shape
    paths = itertools.product(range(classes), repeat=times)
    matching = [path for path in paths if spelled(path, classes - 1) == labels]
    return -logsumexp([scores[range(times), path].sum() for path in matching])


@pytest.mark.parametrize("labels", [[0], [0, 1], [1, 1], [0, 1, 0]])
def test_against_all_paths(program, everywhere, numerical_gradient, labels):
    module = program(f"f(y) = Flux.ctc_loss(y, {[label + 1 for label in labels]})\n"
                     "g(y) = gradient(f, y)[1]")
    scores = np.random.default_rng(0).normal(size=(5, 3))
    assert_allclose(everywhere(module, "f", scores, symbolic=False), enumerated(scores, labels), rtol=1e-9)
    expected = numerical_gradient(lambda y: enumerated(y, labels), scores)
    assert_allclose(everywhere(module, "g", scores, symbolic=False), expected, rtol=1e-6, atol=1e-8)
