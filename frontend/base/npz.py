"""`NPZ`: numpy's files. An array has the same size in Julia as in numpy."""

import numpy as np

from .. import types as t
from ..staging import host_number, read_host
from ..type_lattice import unwrap
from ..type_names import type_name
from ..values import Array, Range, to_host, typeof
from .dictionaries import dictionary_of, entries_of
from .errors import argument_error
from .files import opened
from .iteration import array_of, collect_values, iterate
from .registry import define, module
from .strings import text_of

NPZ = module("NPZ")


def from_numpy(data):
    """The Julia value of a numpy array of a file: an Array of the same size, a number when it has no dims."""
    if data.dtype.kind in "US":
        texts = [str(item) for item in data.T.reshape(-1)]
        return array_of(texts, data.shape, t.String)
    if data.dtype not in t.JULIA_TYPES and data.dtype.newbyteorder("=") not in t.JULIA_TYPES:
        raise argument_error(f"NPZ: unsupported element type {data.dtype}")
    data = data.astype(data.dtype.newbyteorder("="), copy=False)
    return to_host(data[()]) if data.ndim == 0 else Array(np.ascontiguousarray(data.T))


def to_numpy(value):
    """The numpy array of the same size for a Julia array or number."""
    if value.__class__ is Array:
        data = read_host(value, "npzwrite")
        if data.dtype == object:
            raise argument_error(f"NPZ: unsupported type {type_name(typeof(value))}")
        return data.T
    if value.__class__ is Range:
        return to_numpy(collect_values(value))
    return np.asarray(host_number(value, "npzwrite"))


def _loaded(path):
    with opened(path, "rb") as file:
        try:
            found = np.load(file, allow_pickle=False)
            return dict(found) if isinstance(found, np.lib.npyio.NpzFile) else found
        except (ValueError, EOFError, OSError) as error:
            raise argument_error(f'"{path}" is not a npy or npz file that can be read: {error}') from None


@define("npzread", t.AbstractString, module=NPZ)
def npzread(path):
    """The array in a .npy file, or a Dict from names to the arrays in a .npz file."""
    found = _loaded(path)
    if not isinstance(found, dict):
        return from_numpy(found)
    return _dictionary(found.items())


@define("npzread", t.AbstractString, t.AbstractArray, module=NPZ)
def npzread_some(path, names):
    """As `npzread`, of some names only."""
    found = _loaded(path)
    return _dictionary((name, found[name]) for name in iterate(names))


def _dictionary(items):
    type_ = unwrap(t.Dict).family.apply(t.String, t.Any)
    return dictionary_of(((name, from_numpy(data)) for name, data in items), type_)


@define("npzwrite", t.AbstractString, t.AbstractArray, module=NPZ)
def npzwrite(path, array):
    """Writes an array as a .npy file."""
    with opened(path, "wb") as file:
        np.save(file, to_numpy(array), allow_pickle=False)


@define("npzwrite", t.AbstractString, t.Number, module=NPZ)
def npzwrite_number(path, number):
    npzwrite(path, number)


@define("npzwrite", t.AbstractString, t.AbstractDict, module=NPZ)
def npzwrite_dictionary(path, dictionary):
    """Writes the arrays of a Dict as a .npz file."""
    _write_npz(path, {text_of(name): to_numpy(array) for name, array in entries_of(dictionary)})


@define("npzwrite", t.AbstractString, module=NPZ, keywords=None)
def npzwrite_keywords(path, **arrays):
    """`npzwrite(path; name = array, …)`."""
    _write_npz(path, {name: to_numpy(array) for name, array in arrays.items()})


def _write_npz(path, arrays):
    with opened(path, "wb") as file:
        np.savez(file, **arrays)
