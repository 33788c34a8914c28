"""Losses of other types of arrays, at the borders of their domains, and of arrays that do not fit."""

import numpy as np
import pytest
import weber
from library_table.losses import ONE_HOT, PROBABILITIES, SCORES
from numpy.testing import assert_allclose
from scipy import special


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


def test_sizes_must_agree(program):
    module = program("f(p, y) = Flux.mse(p, y)")
    with pytest.raises(weber.WeberError, match=r"size\(ŷ\) = \(4, 5\) to match size\(y\) = \(4, 1\)"):
        module.f(SCORES, SCORES[:1])
