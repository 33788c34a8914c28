"""Primitives that read and write files of tensors, bytes and images; the library's packages give them names.

Arrays have the size that the file says: that of numpy, not its reverse."""

import gzip
import zlib

import numpy as np

from .. import types as t
from ..values import Array
from .dictionaries import dictionary_of, entries_of
from .errors import argument_error
from .files import opened
from .io import forbid_effect
from .npz import from_numpy, to_numpy
from .registry import define, module
from .strings import text_of

PRIMITIVES = module("Primitives")


@define("read_tensors", t.AbstractString, module=PRIMITIVES)
def read_tensors(path):
    """The arrays of a safetensors file by name."""
    from ...runtime.checkpoint import load_arrays

    forbid_effect(f'reading the file "{path}"')
    arrays = load_arrays(path)
    type_ = t.unwrap(t.Dict).family.apply(t.String, t.Any)
    return dictionary_of([(name, from_numpy(array)) for name, array in arrays.items()], type_)


@define("write_tensors", t.AbstractString, t.AbstractDict, module=PRIMITIVES)
def write_tensors(path, arrays):
    """Writes arrays and numbers by name as a safetensors file."""
    from ...runtime.checkpoint import save_arrays

    forbid_effect(f'writing the file "{path}"')
    save_arrays(path, {text_of(name): to_numpy(array) for name, array in entries_of(arrays)})


@define("read_bytes", t.AbstractString, module=PRIMITIVES)
def read_bytes(path):
    """The bytes of a file, unpacked when its name ends in `.gz`."""
    with opened(path, "rb") as file:
        data = file.read()
    if path.endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise argument_error(f'"{path}" is not a gzip file that can be read: {error}') from None
    return Array(np.frombuffer(data, np.uint8).copy())


def _pillow():
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise argument_error('images need Pillow: pip install "weber[images]"') from None
    return Image, UnidentifiedImageError


@define("read_image", t.AbstractString, module=PRIMITIVES)
def read_image(path):
    """The pixels of an image file as UInt8: (height, width) when grey, else (channels, height, width)."""
    Image, Unidentified = _pillow()
    with opened(path, "rb") as file:
        try:
            image = Image.open(file)
            grey = image.mode in ("1", "L", "I;16", "I", "F")
            alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
            pixels = np.asarray(image.convert("L" if grey else "RGBA" if alpha else "RGB"))
        except (Unidentified, OSError, SyntaxError) as error:
            raise argument_error(f'"{path}" is not an image that can be read: {error}') from None
    return from_numpy(pixels if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0))


@define("write_image", t.AbstractString, t.AbstractArray, module=PRIMITIVES)
def write_image(path, pixels):
    """Writes pixels as `read_image` gives them; the kind of file is that of the name."""
    Image, _ = _pillow()
    forbid_effect(f'writing the file "{path}"')
    data = to_numpy(pixels)
    try:
        Image.fromarray(np.ascontiguousarray(data if data.ndim == 2 else np.moveaxis(data, 0, 2))).save(path)
    except (ValueError, KeyError, OSError) as error:
        raise argument_error(f'cannot write the image "{path}": {error}') from None


@define("resize_image", t.AbstractArray, t.Integer, t.Integer, module=PRIMITIVES)
def resize_image(pixels, height, width):
    """Pixels at another height and width, by bilinear interpolation."""
    Image, _ = _pillow()
    data = to_numpy(pixels)
    planes = data[None] if data.ndim == 2 else data
    resized = [np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((width, height),
                                                                              Image.Resampling.BILINEAR))
               for plane in planes]
    return from_numpy(resized[0] if data.ndim == 2 else np.stack(resized))
