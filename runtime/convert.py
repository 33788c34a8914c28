"""Python values to numpy arrays of a wanted element type.

Arrays and numpy scalars must have that type already. Python's own numbers have none, so they take it where it
can hold them: an integer that fits, an integer that a float holds exactly, a float rounded to a narrower one,
as numpy does.
"""

import numpy as np

# numpy's kinds; the floats of ml_dtypes have kind V
_KINDS = {"b": "bool", "i": "integer", "u": "integer", "f": "float", "V": "float"}


class ConversionError(ValueError):
    """`str()` says what was found instead."""


def convert(value, dtype: np.dtype) -> np.ndarray:
    """`value`, an array, a scalar or nested lists and tuples of them, as an array of `dtype`.

    Raises ConversionError.
    """
    if isinstance(value, np.ndarray):
        if value.dtype == dtype:
            return value
        raise ConversionError(_describe(value))
    try:
        array = np.asarray(value)
    except ValueError:
        raise ConversionError(f"lists of unequal length: {_shorten(value)}") from None
    if array.dtype == dtype:
        return array
    if array.size == 0 and isinstance(value, (list, tuple)):
        return array.astype(dtype)
    if array.dtype.kind not in "biuf" or _holds_numpy(value):
        raise ConversionError(_describe(array) if array.dtype.kind in "biufcV" else _shorten(value))
    from_kind, to_kind = _KINDS[array.dtype.kind], _KINDS[dtype.kind]
    with np.errstate(over="ignore", invalid="ignore"):
        converted = array.astype(dtype)
    if from_kind == "integer" and to_kind in ("integer", "float"):
        if np.array_equal(converted.astype(object), array.astype(object)):
            return converted
    elif from_kind == to_kind == "float" and np.array_equal(np.isfinite(converted), np.isfinite(array)):
        return converted
    raise ConversionError(f"{_shorten(value)}, which {dtype.name} does not hold")


def _holds_numpy(value):
    if isinstance(value, (list, tuple)):
        return any(_holds_numpy(item) for item in value)
    return isinstance(value, (np.ndarray, np.generic))


def _describe(array):
    from .tensors import shape_text

    return f"{array.dtype.name} {shape_text(array.shape)}"


def _shorten(value):
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
