"""Counter-based random numbers: element i is a hash of the key and of counter + i, whatever is drawn beside
it.

The hash is SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): the state
mix(key) + (counter + i + 1) γ goes through the finaliser `mix`. Integer arithmetic wraps, in numpy and in the
runtime, so that both draw the same numbers bit for bit.
"""

import numpy as np

from ..types import I64, U64, ElementType, TensorType, size_product
from .batching.random import batch_random
from .kernels import Formula
from .record import Zero, expect, register
from .rules import as_shape, expect_operands, expect_scalar_index

GAMMA = 0x9E3779B97F4A7C15
MULTIPLIERS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
SHIFTS = (30, 27, 31)

MANTISSA_BITS = {"f16": 11, "bf16": 8, "f32": 24, "f64": 53}
"""How many random bits a uniform number of each element type has."""


def _mix(z):
    """SplitMix64's finaliser on uint64 arrays."""
    for shift, multiplier in zip(SHIFTS, MULTIPLIERS):
        z = (z ^ (z >> np.uint64(shift))) * np.uint64(multiplier)
    return z ^ (z >> np.uint64(SHIFTS[2]))


def _bits(shape, key, counter):
    with np.errstate(over="ignore"):
        index = np.arange(1, np.prod(shape, dtype=np.int64) + 1).astype(np.uint64) + counter.astype(np.uint64)
        return _mix(_mix(key.astype(np.uint64)) + index * np.uint64(GAMMA)).reshape(shape)


def _uniform(bits, element):
    mantissa = MANTISSA_BITS[element.name]
    return (bits >> np.uint64(64 - mantissa)).astype(element.numpy) * np.asarray(2.0 ** -mantissa,
                                                                                 element.numpy)


# --- lowering -----------------------------------------------------------------------------------------------

def _lower_mix(z: Formula) -> Formula:
    for shift, multiplier in zip(SHIFTS, MULTIPLIERS):
        z = _fold(z, shift) * multiplier
    return _fold(z, SHIFTS[2])


def _fold(z, shift):
    return z.apply("BitwiseXor", z.apply("BitShift", shift, direction="RIGHT"))


def _lower_bits(lowering, operation, names) -> Formula:
    """The random bits as ui64, in one axis."""
    key, counter = (Formula(lowering, name).cast(U64) for name in names)
    size = size_product(operation.result.shape)
    index = lowering.node("Range", [lowering.scalar(0, I64), lowering.dim(size), lowering.scalar(1, I64)],
                          type=TensorType(I64, (size,)))
    start = _lower_mix(key) + (counter + 1) * GAMMA
    return _lower_mix(Formula(lowering, index).cast(U64) * GAMMA + start)


def _lower_random_bits(lowering, operation, names):
    bits = _lower_bits(lowering, operation, names).cast(I64)
    return [lowering.reshape(bits.name, operation.result.shape)]


def _lower_random_uniform(lowering, operation, names):
    element = operation.result.element
    mantissa = MANTISSA_BITS[element.name]
    high = _lower_bits(lowering, operation, names).apply("BitShift", 64 - mantissa,
                                                         direction="RIGHT").cast(I64)
    number = high.cast(element) * 2.0 ** -mantissa
    return [lowering.reshape(number.name, operation.result.shape)]


# --- for all lanes of a map ---------------------------------------------------------------------------------

def _build_words(b, index, key, counter):
    """The random words of the elements at these places, as IR; all ui64 values of one shape."""
    def word(number):
        return b.full(np.uint64(number), index)

    def fold(z, shift):
        return b.emit("xor", (z, b.shift_right_logical(z, word(shift))))

    def mix(z):
        for shift, multiplier in zip(SHIFTS, MULTIPLIERS):
            z = b.mul(fold(z, shift), word(multiplier))
        return fold(z, SHIFTS[2])

    return mix(b.add(mix(key), b.mul(b.add(b.add(index, counter), word(1)), word(GAMMA))))


def _build_bits(b, operation, *operands):
    return b.convert(_build_words(b, *operands), element=I64)


def _build_uniform(b, operation, *operands):
    words, element = _build_words(b, *operands), operation.attributes["element"]
    mantissa = MANTISSA_BITS[element.name]
    high = b.shift_right_logical(words, b.full(np.uint64(64 - mantissa), words))
    number = b.convert(b.convert(high, element=I64), element=element)
    return b.mul(number, b.full(2.0 ** -mantissa, number))


# --- records ------------------------------------------------------------------------------------------------

def _expect_random(name, operands, attributes):
    expect_operands(name, operands, 2)
    for value in operands:
        expect_scalar_index(name, value)
    return as_shape(name, attributes["shape"])


def _infer_random_uniform(operands, attributes, regions):
    shape, element = _expect_random("random_uniform", operands, attributes), attributes["element"]
    expect(isinstance(element, ElementType) and element.is_float, f"random_uniform of {element}")
    return [TensorType(element, shape)]


def _draw(arrays, attributes, context):
    return _bits([context.size(d) for d in attributes["shape"]], *arrays)


register("random_bits",
         lambda operands, attributes, regions: [TensorType(I64, _expect_random("random_bits", operands,
                                                                               attributes))],
         lambda arrays, attributes, context: [_draw(arrays, attributes, context).view(np.int64)],
         Zero(), _lower_random_bits, "64 random bits for each element, from the operands key and counter",
         batch=batch_random(_build_bits))
register("random_uniform", _infer_random_uniform,
         lambda arrays, attributes, context: [_uniform(_draw(arrays, attributes, context),
                                                       attributes["element"])],
         Zero(), _lower_random_uniform, "numbers in [0, 1), from the operands key and counter",
         batch=batch_random(_build_uniform))
