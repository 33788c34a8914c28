"""Primitives that read and write files of tensors, bytes and images; the library's packages give them names.

Arrays have the size that the file says: that of numpy, not its reverse."""

import csv
import gzip
import io
import re
import zlib

import numpy as np

from .. import types as t
from ..type_lattice import UnionType, unwrap
from ..values import Array, missing
from .dictionaries import dictionary_of, entries_of
from .errors import argument_error
from .files import opened
from .io import forbid_effect
from .iteration import vector_of
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
    type_ = unwrap(t.Dict).family.apply(t.String, t.Any)
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


# --- tables -------------------------------------------------------------------------------------------------

@define("read_columns", t.AbstractString, t.AbstractString, t.Bool, t.AbstractString, module=PRIMITIVES)
def read_columns(path, delimiter, header, absent):
    """(names, columns) of a table: each of Int64, Float64, Bool or String, the first that fits.

    Cells equal to `absent` are missing."""
    with opened(path, "rb") as file:
        try:
            text = io.StringIO(file.read().decode("utf-8-sig"), newline="")
        except UnicodeDecodeError as error:
            raise argument_error(f'"{path}" is not text in UTF-8: {error.reason}') from None
    try:
        rows = [row for row in csv.reader(text, delimiter=delimiter) if row]
    except (csv.Error, TypeError) as error:
        raise argument_error(f'"{path}" is not a table with the delimiter {delimiter!r}: {error}') from None
    names = [name.strip() for name in rows.pop(0)] if header and rows else None
    width = len(names) if names is not None else max(map(len, rows), default=0)
    for number, row in enumerate(rows, 1 + header):
        if len(row) != width:
            raise argument_error(f'"{path}", row {number}: expected {width} cells, got {len(row)}')
    names = names or [f"Column{k}" for k in range(1, width + 1)]
    columns = [_column([row[k] for row in rows], absent) for k in range(width)]
    return vector_of(names, t.String), vector_of(columns, t.Any)


def _column(cells, absent):
    present = [cell.strip() for cell in cells if cell != absent]
    type_, convert = next(((type_, convert) for type_, fits, convert in CELLS
                           if present and all(map(fits, present))), (t.String, str))
    if type_ is not t.String:
        cells = [cell if cell == absent else cell.strip() for cell in cells]
    values = [missing if cell == absent else convert(cell) for cell in cells]
    return vector_of(values, type_ if len(present) == len(cells) else UnionType((type_, t.Missing)))


def _is_float(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


CELLS = (
    (t.Int64, re.compile(r"[+-]?\d{1,18}").fullmatch, int),
    (t.Float64, _is_float, float),
    (t.Bool, ("true", "false").__contains__, "true".__eq__),
)
"""The types that the cells of a column may have: (type, whether a cell fits, its value)."""
