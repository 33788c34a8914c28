"""Random numbers: counter-based, so that a generator is an array of two Int64, its key and its counter.

Every draw reads both and writes the counter, through `staging`: in a compiled function they are state like
any other."""

import math
import weakref

import numpy as np

from ...compiler.types import I64
from .. import staging
from .. import types as t
from ..dims import as_dim, dim_number
from ..poison import HostValueNeeded
from ..state import LaneEffect
from ..type_lattice import is_subtype, is_type
from ..type_names import type_name
from ..values import Array, Dictionary, Range, SetValue, Struct
from .arrays import array_of, as_array, as_dim_product, dims_of, reshaped
from .conversion import constructs
from .elements import FLOATS, HOST_TYPES, NUMBERS, is_integer_type, number_of
from .errors import argument_error, fault
from .registry import BASE, define, module

RANDOM = module("Random")

GENERATOR = Array(np.array([0, 0], dtype=np.int64))
"""The state of the default generator: [key, counter]."""

AbstractRNG = t.declare("AbstractRNG", abstract=True)
GENERATOR_TYPES = {name: t.declare(name, AbstractRNG, mutable=True, fields=("state",))
                   for name in ("TaskLocalRNG", "MersenneTwister", "Xoshiro")}
DEFAULT = Struct(GENERATOR_TYPES["TaskLocalRNG"], [GENERATOR])
for _name in ("AbstractRNG", *GENERATOR_TYPES):
    RANDOM.bindings[_name] = t.BUILTIN_TYPES.pop(_name)
    RANDOM.exports.add(_name)
RANDOM.bindings["GLOBAL_RNG"] = DEFAULT


def new_key(seed=None):
    """The state of a generator with this seed, or one from the system's entropy."""
    if seed is None:
        seed = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    return np.array([_wrapped(seed), 0], dtype=np.int64)


RANDOM_STATES = weakref.WeakSet([GENERATOR])
"""The states of all generators."""


def generator_of(type_, state):
    """A generator of a type with this state, a payload."""
    array = Array(state)
    RANDOM_STATES.add(array)
    return Struct(type_, [array])


def _wrapped(seed):
    low = int(seed) & (2**64 - 1)
    return low - 2**64 if low >= 2**63 else low


def _construct_generators():
    for type_ in (GENERATOR_TYPES["MersenneTwister"], GENERATOR_TYPES["Xoshiro"]):
        @constructs(type_, t.Integer)
        def seeded(called, seed):
            return generator_of(called, new_key(staging.host_number(seed, "a seed")))

        @constructs(type_)
        def unseeded(called):
            return generator_of(called, new_key())

    @constructs(GENERATOR_TYPES["TaskLocalRNG"])
    def default(called):
        return DEFAULT


_construct_generators()


@define("default_rng", module=RANDOM)
def default_generator():
    return DEFAULT


@define("seed!", t.Integer, module=RANDOM)
def seed_default(seed):
    return seed_generator(DEFAULT, seed)


@define("seed!", module=RANDOM)
def seed_from_entropy():
    staging.write(GENERATOR, new_key())
    return DEFAULT


@define("seed!", AbstractRNG, t.Integer, module=RANDOM)
def seed_generator(generator, seed):
    staging.write(generator.fields[0], new_key(staging.host_number(seed, "a seed")))
    return generator


@define("copy", AbstractRNG)
def copy_generator(generator):
    return generator_of(generator.type, staging.read(generator.fields[0]))


# --- draws --------------------------------------------------------------------------------------------------


def draw(state, op, shape, **attributes):
    """A payload of random numbers from an op; the counter goes on by the number of elements."""
    if staging.state.lanes:
        raise LaneEffect
    payload = staging.read(state)
    key, counter = (_scalar(payload, k) for k in (0, 1))
    numbers = staging.apply(op, key, counter, shape=tuple(shape), **attributes)
    count = staging.payload_of(dim_number(as_dim_product(shape)), t.Int64)
    behind = staging.apply("add", counter, count)
    staging.write(state, staging.apply("concatenate", *[staging.apply("reshape", one, shape=(1,))
                                                        for one in (key, behind)], axis=0))
    return numbers


def _scalar(payload, place):
    part = staging.apply("slice", payload, starts=(place,), stops=(place + 1,), steps=(1,))
    return staging.apply("reshape", part, shape=())


def uniform(state, shape, type_):
    """Floats in [0, 1)."""
    return draw(state, "random_uniform", shape, element=t.ELEMENT_TYPES[type_])


def _constant(payload, value):
    return staging.expand(np.asarray(value, dtype=t.NUMPY_TYPES[staging.element_of(payload)]), payload.shape)


def normal(state, shape, type_):
    """Normally distributed floats, by the transform of Box and Muller: √(-2 log u) cos(2π v)."""
    if type_ not in (t.Float32, t.Float64):
        return staging.convert_payload(normal(state, shape, t.Float32), type_)
    u, v = uniform(state, shape, type_), uniform(state, shape, type_)
    logarithm = staging.apply("log", staging.apply("sub", _constant(u, 1), u))  # of 1 - u, which is not 0
    radius = staging.apply("sqrt", staging.apply("mul", _constant(u, -2), logarithm))
    return staging.apply("mul", radius,
                         staging.apply("cos", staging.apply("mul", _constant(v, 2 * math.pi), v)))


def exponential(state, shape, type_):
    u = uniform(state, shape, type_)
    return staging.apply("neg", staging.apply("log", staging.apply("sub", _constant(u, 1), u)))


def integers(state, shape, type_):
    """Integers of a type (or Bool), all equally likely."""
    bits = draw(state, "random_bits", shape)
    if type_ is t.Bool:
        return staging.apply("lt", bits, _constant(bits, 0))
    return staging.convert_payload(bits, type_)


def below(state, shape, count):
    """Int64 numbers 0 … count - 1, from 53 random bits each."""
    numbers = uniform(state, shape, t.Float64)
    size = staging.expand(staging.payload_of(dim_number(count), t.Float64), numbers.shape)
    scaled = staging.apply("mul", numbers, size)
    return staging.apply("convert", staging.apply("floor", scaled), element=I64)


# --- rand and its kin ---------------------------------------------------------------------------------------


def _generator(arguments):
    """(state, the other arguments): the first may be a generator."""
    if arguments and arguments[0].__class__ is Struct and is_subtype(arguments[0].type, AbstractRNG):
        return arguments[0].fields[0], arguments[1:]
    return GENERATOR, arguments


def _result(payload, dims):
    return number_of(payload) if dims is None else Array(payload)


def _is_collection(x):
    return x.__class__ in (Range, Array, tuple, str, Dictionary, SetValue)


def _rand(arguments):
    state, arguments = _generator(arguments)
    source, arguments = (arguments[0], arguments[1:]) if arguments and (
        is_type(arguments[0]) or _is_collection(arguments[0])) else (t.Float64, arguments)
    dims = dims_of(arguments) if arguments else None
    shape = () if dims is None else dims[::-1]
    if is_type(source):
        if source in FLOATS:
            return _result(uniform(state, shape, source), dims)
        if source in HOST_TYPES and is_integer_type(source):
            return _result(integers(state, shape, source), dims)
        raise fault("MethodError", f"no random numbers of type {type_name(source)}")
    return chosen(state, source, dims, shape)


def chosen(state, source, dims, shape):
    """Random elements of a collection."""
    if source.__class__ is Range and isinstance(source.start, int):
        _require_elements(source.length)
        payload = below(state, shape, as_dim(source.length))
        scaled = staging.apply("mul", payload, _constant(payload, source.step))
        return _result(staging.apply("add", scaled, _constant(payload, source.start)), dims)
    items = source if source.__class__ is Array else as_array(source)
    count = as_dim_product(items.size)
    _require_elements(count)
    places = below(state, shape, count)
    data = staging.read(items)
    flat = reshaped(data, (count,))
    if isinstance(flat, np.ndarray) and flat.dtype == object:
        if not isinstance(places, np.ndarray):
            raise HostValueNeeded("a random choice among objects must be known on the host",
                                  staging.state.location, kind="UnsupportedError")
        return flat[places[()]] if dims is None else array_of(items.element, list(flat[places.reshape(-1)]),
                                                              dims)
    return _result(staging.apply("gather", flat, places, axis=0), dims)


def _require_elements(count):
    if count == 0:
        raise argument_error("collection must be non-empty")


@define("rand", t.Any, ...)
def rand(*arguments):
    """`rand([rng], [T or collection], [dims...])`."""
    return _rand(arguments)


def _define_floats(name, kind):
    def of_floats(*arguments):
        state, arguments = _generator(arguments)
        type_, arguments = (arguments[0], arguments[1:]) if arguments and is_type(arguments[0]) else (
            t.Float64, arguments)
        if type_ not in FLOATS:
            raise fault("MethodError", f"no method matching {name}(::Type{{{type_name(type_)}}})")
        dims = dims_of(arguments) if arguments else None
        return _result(kind(state, () if dims is None else dims[::-1], type_), dims)

    def into(*arguments):
        from .assignment import overwrite, refuse_range

        state, (array,) = _generator(arguments)
        refuse_range(array)
        if array.element not in (NUMBERS if name == "rand" else FLOATS):
            raise fault("MethodError", f"no method matching {name}!(::{type_name(array.type)})")
        overwrite(array, Array(kind(state, staging.read(array).shape, array.element)))
        return array

    where = BASE if name in ("rand", "randn") else RANDOM
    if name != "rand":
        define(name, t.Any, ..., module=where)(of_floats)
    define(name + "!", t.AbstractArray, module=RANDOM)(into)
    define(name + "!", AbstractRNG, t.AbstractArray, module=RANDOM)(into)


def _uniform_or_integers(state, shape, type_):
    return (uniform if type_ in FLOATS else integers)(state, shape, type_)


_define_floats("rand", _uniform_or_integers)
_define_floats("randn", normal)
_define_floats("randexp", exponential)


# --- permutations -------------------------------------------------------------------------------------------


def random_order(state, count, what):
    """A random permutation of 0 … count - 1, known on the host."""
    keys = draw(state, "random_bits", (count,))
    if not isinstance(keys, np.ndarray):
        raise HostValueNeeded(f"{what} inside of a compiled function is not supported",
                              staging.state.location,
                              kind="UnsupportedError")
    return np.argsort(keys, kind="stable")


@define("randperm", t.Any, ..., module=RANDOM)
def random_permutation(*arguments):
    state, (count,) = _generator(arguments)
    return Array(random_order(state, as_dim(count), "randperm") + 1)


def _shuffled(state, array, what):
    payload = staging.read(array)
    flat = reshaped(payload, (as_dim_product(payload.shape),))
    order = random_order(state, flat.shape[0], what)
    return Array(reshaped(staging.apply("gather", flat, order, axis=0), payload.shape),
                 t.array_type(array.element, array.rank))


@define("shuffle", t.Any, module=RANDOM)
@define("shuffle", AbstractRNG, t.Any, module=RANDOM)
def shuffle(*arguments):
    """The elements in random order."""
    state, (items,) = _generator(arguments)
    if items.__class__ is tuple:
        return tuple(items[k] for k in random_order(state, len(items), "shuffle"))
    return _shuffled(state, as_array(items), "shuffle")


@define("shuffle!", t.AbstractArray, module=RANDOM)
@define("shuffle!", AbstractRNG, t.AbstractArray, module=RANDOM)
def shuffle_in_place(*arguments):
    from .assignment import overwrite, refuse_range

    state, (array,) = _generator(arguments)
    refuse_range(array)
    overwrite(array, _shuffled(state, array, "shuffle!"))
    return array


@define("randstring", t.Any, ..., module=RANDOM)
def random_string(*arguments):
    state, arguments = _generator(arguments)
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    if arguments and arguments[0].__class__ is str:
        letters, arguments = arguments[0], arguments[1:]
    if not letters:
        raise argument_error("collection must be non-empty")
    count = arguments[0] if arguments else 8
    places = below(state, (count,), len(letters))
    if not isinstance(places, np.ndarray):
        raise HostValueNeeded("randstring inside of a compiled function is not supported",
                              staging.state.location, kind="UnsupportedError")
    return "".join(letters[place] for place in places)


@define("randsubseq", t.AbstractArray, t.Real, module=RANDOM)
@define("randsubseq", AbstractRNG, t.AbstractArray, t.Real, module=RANDOM)
def random_subsequence(*arguments):
    state, (items, share) = _generator(arguments)
    array = as_array(items)
    kept = np.flatnonzero(uniform(state, (array.size[0],), t.Float64) < share)
    return Array(staging.apply("gather", staging.read(array), kept, axis=0))
