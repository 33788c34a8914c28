"""Normalization and random numbers."""

import math

import numpy as np
from op_table.table import FLOATS, row
from weber.compiler.types import I64


def _draw_axis(d):
    shape = d.shape(1)
    return d.sample([shape], axis=int(d.random.integers(len(shape))))


row("softmax",
    _draw_axis, lambda x, axis: np.exp(x.astype(float)) / np.exp(x.astype(float)).sum(axis, keepdims=True),
    tolerance=5)
row("log_softmax", _draw_axis, lambda x, axis: x - np.log(np.exp(x.astype(float)).sum(axis, keepdims=True)),
    tolerance=5)


def _draw_random(d):
    numbers = d.random.integers(-2**63, 2**63, 2)
    return d.sample([(), ()], [np.asarray(number) for number in numbers], [I64, I64], shape=d.shape())


def _draw_uniform(d):
    sample = _draw_random(d)
    sample.attributes["element"] = d.element
    return sample


def _split_mix(z):
    mask = 2**64 - 1
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
    return z ^ z >> 31


def _random_words(shape, key, counter):
    start = _split_mix(int(key) % 2**64) + int(counter) * 0x9E3779B97F4A7C15
    return [_split_mix((start + (i + 1) * 0x9E3779B97F4A7C15) % 2**64) for i in range(math.prod(shape))]


def _random_bits(key, counter, shape):
    return np.array(_random_words(shape, key, counter), np.uint64).astype(np.int64).reshape(shape)


def _random_uniform(key, counter, shape, element):
    bits = np.finfo(element.numpy).nmant + 1 if element.name != "bf16" else 8
    return np.array([(word >> 64 - bits) / 2**bits
                     for word in _random_words(shape, key, counter)]).reshape(shape)


row("random_bits", _draw_random, _random_bits, ("i64",), exact=True)
row("random_uniform", _draw_uniform, _random_uniform, FLOATS, exact=True)
