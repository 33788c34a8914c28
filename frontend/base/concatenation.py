"""Arrays side by side: `vcat hcat cat hvcat hvncat`, which array literals with `;` and spaces mean, and
typed forms."""

from .. import staging
from .. import types as t
from ..control_flow.item_growth import with_items
from ..evaluation.broadcasting import bits
from ..type_lattice import is_subtype
from ..values import Array, Range, typeof
from .arrays import array_of, as_array, axis_of, dim_number_of, promoted_element
from .conversion import convert, convert_array, element_of
from .elements import NUMBERS
from .errors import argument_error, dimension_mismatch, size_text
from .registry import define


def is_part(x):
    """Whether a value counts as an array when concatenated, not as an element."""
    return x.__class__ is Array or x.__class__ is Range or is_subtype(typeof(x), t.AbstractArray)


def concatenated(items, dimension, element=None, mismatch=None):
    """The items along a Julia dim; numbers and other values are arrays of one element.

    `mismatch(sizes)` is the DimensionMismatch for parts that do not fit together."""
    if element is None:
        kinds = [element_of(x) if is_part(x) else typeof(x) for x in items]
        kinds = [k for k,
                 x in zip(kinds, items, strict=True) if not (is_part(x) and k is t.Any and 0 in x.size)]
        element = promoted_element(set(kinds)) if len(set(kinds)) > 1 else kinds[0] if kinds else t.Any
    if not any(map(is_part, items)):
        size = (1,) * (dimension - 1) + (len(items),)
        return array_of(element, [convert(element, x) for x in items], size)
    parts = [as_array(x) if is_part(x) else array_of(element, [convert(element, x)], ()) for x in items]
    parts = [convert_array(element, part) for part in parts]
    rank = max(dimension, *(part.rank for part in parts))
    axis = axis_of(dimension, rank)
    payloads, shapes = [], []
    for part in parts:
        payload = staging.read(part)
        shape = (1,) * (rank - part.rank) + tuple(payload.shape)
        shapes.append(shape)
        payloads.append(payload if len(shape) == part.rank
                        else staging.apply("reshape", payload, shape=shape))
    for shape in shapes[1:]:
        for k in range(rank):
            if k != axis and shape[k] != shapes[0][k]:
                if mismatch is not None:
                    raise mismatch([part.size for part in parts])
                raise dimension_mismatch(
                    f"mismatch in dimension {rank - k} (expected {shapes[0][k]} got {shape[k]})")
    joined = staging.apply("concatenate", *payloads, axis=axis)
    made_of_bits = all(x.__class__ is Array and x.type.family is t.BitFamily for x in items if is_part(x))
    return bits(Array(joined)) if made_of_bits and element is t.Bool else Array(joined,
                                                                                t.array_type(element, rank))


def _vertical_mismatch(sizes):
    if all(len(size) <= 2 for size in sizes):
        columns = [size[1] if len(size) > 1 else 1 for size in sizes]
        return dimension_mismatch(f"number of columns of each array must match (got {size_text(columns)})")
    return dimension_mismatch(f"arrays of sizes {', '.join(map(size_text, sizes))} below each other")


def _horizontal_mismatch(sizes):
    if all(len(size) <= 2 for size in sizes):
        rows = [size[0] if size else 1 for size in sizes]
        return dimension_mismatch(f"number of rows of each array must match (got {size_text(rows)})")
    return dimension_mismatch(f"arrays of sizes {', '.join(map(size_text, sizes))} side by side")


def vertical(items, element=None):
    grown = with_items(items) if items else None
    if grown is not None:
        return grown
    return concatenated(items, 1, element, _vertical_mismatch) if items else array_of(element or t.Any, [])


def horizontal(items, element=None):
    return concatenated(items, 2, element, _horizontal_mismatch) if items else array_of(element or t.Any, [])


@define("vcat", t.Any, ...)
def vertical_concatenation(*items):
    return vertical(items)


@define("hcat", t.Any, ...)
def horizontal_concatenation(*items):
    return horizontal(items)


@define("typed_vcat", t.TypeOfType, t.Any, ..., exported=False)
def typed_vertical_concatenation(element, *items):
    return vertical(items, element)


@define("typed_hcat", t.TypeOfType, t.Any, ..., exported=False)
def typed_horizontal_concatenation(element, *items):
    return horizontal(items, element)


@define("cat", t.Any, ..., keywords=("dims",))
def concatenation(*items, dims):
    """`cat(items...; dims)`: along one dim (a number or `Val(number)`)."""
    dimension = _dimension(dims)
    return concatenated(items, dimension)


def _dimension(dims):
    if dims.__class__ is tuple and len(dims) == 1:
        dims = dims[0]
    if typeof(dims).name == "Val":
        dims = typeof(dims).parameters[0]
    dims = staging.host_number(dims, "the dims of cat") if not isinstance(dims, tuple) else dims
    if not isinstance(dims, int):
        raise argument_error("cat along several dims at once is not supported")
    if dims < 1:
        raise argument_error(f"the dims of cat must be at least 1, got {dims}")
    return dims


def rows_of(lengths, items):
    """The items in rows of the given lengths (or all rows of one length)."""
    if lengths.__class__ is int:
        if lengths < 1 or len(items) % lengths:
            raise argument_error(f"number of arrays {len(items)} is not a multiple of the requested "
                                 f"number of block columns {lengths}")
        lengths = (len(items) // lengths,) * lengths
    if lengths.__class__ is not tuple or not all(isinstance(length, int) for length in lengths):
        raise argument_error("the numbers of blocks in a row must be an integer or a tuple of integers")
    if sum(lengths) != len(items):
        raise argument_error("argument count does not match specified shape")
    rows, start = [], 0
    for length in lengths:
        rows.append(items[start:start + length])
        start += length
    return rows


def block_matrix(lengths, items, element=None):
    """Rows of blocks: each row side by side, the rows below each other."""
    if not items:
        raise argument_error("argument count does not match specified shape")
    rows = rows_of(lengths, items)
    if not any(map(is_part, items)):
        for number, row in enumerate(rows, 1):
            if len(row) != len(rows[0]):
                raise dimension_mismatch(f"row {number} has mismatched number of columns (expected "
                                         f"{len(rows[0])}, got {len(row)})")
        element = element or promoted_element(set(map(typeof, items)))
        if element in NUMBERS or len(rows) > 1:
            columns = [row[k] for k in range(len(rows[0])) for row in rows]
            return array_of(element, [convert(element, x) for x in columns], (len(rows), len(rows[0])))
    return vertical([horizontal(row, element) for row in rows], element)


@define("hvcat", t.Any, t.Any, ...)
def block_concatenation(lengths, *items):
    return block_matrix(lengths, items)


@define("typed_hvcat", t.TypeOfType, t.Any, t.Any, ..., exported=False)
def typed_block_concatenation(element, lengths, *items):
    return block_matrix(lengths, items, element)


@define("hvncat", t.Integer, t.Any, ...)
def concatenation_along(dimension, *items):
    dimension = dim_number_of(dimension, 32)
    return concatenated(items, dimension)


@define("typed_hvncat", t.TypeOfType, t.Integer, t.Any, ..., exported=False)
def typed_concatenation_along(element, dimension, *items):
    return concatenated(items, dimension, element)
