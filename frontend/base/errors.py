"""Julia's errors, with Julia's wording."""

import numpy as np

from ...compiler.errors import WeberError
from ..poison import HostValueNeeded
from ..type_names import type_name
from ..values import Array, Range, Symbol, colon, typeof


def fault(kind, message, *fields) -> WeberError:
    """An error of a Julia exception type, worded as Julia shows it: `DimensionMismatch: …`. `fields` are what
    a program finds in the exception."""
    return WeberError(f"{kind}: {message}", kind=kind, fields=fields or None)


def argument_error(message):
    return fault("ArgumentError", message)


def require_count(count):
    """Raises ArgumentError for a number of elements that is known to be negative."""
    if isinstance(count, int | np.integer) and count < 0:
        raise argument_error("Number of elements must be non-negative")
    return count


def dimension_mismatch(message):
    return fault("DimensionMismatch", message)


def domain_error(value, message):
    return WeberError(f"DomainError with {shown(value)}:\n{message}", kind="DomainError",
                      fields=(value, message))


def inexact_error(type_, value):
    name = type_name(type_)
    return fault("InexactError", f"{name}({shown(value)})", Symbol(name), type_, value)


def divide_error():
    return fault("DivideError", "integer division error")


def bounds_error(collection, indices):
    """Julia's BoundsError: what was indexed, its size and type, and the index."""
    size = getattr(collection, "size", ())
    where = ", ".join(f"1:{size[k]}" if index is colon and k < len(size) else _shown_index(index)
                      for k, index in enumerate(indices))
    return fault("BoundsError", f"attempt to access {summary(collection)} at index [{where}]", collection,
                 tuple(indices))


def _shown_index(index):
    if index.__class__ is Range and index.step == 1:
        return f"{index.start}:{index.stop}"
    return shown(index)


def size_text(size):
    """A size as Julia writes it: `(2, 3)`, `(4,)`."""
    return f"({', '.join(map(str, size))}{',' if len(size) == 1 else ''})"


def dims_text(size):
    """A size as it starts a summary: `2×3`, `4-element`, `0-dimensional`."""
    if len(size) == 0:
        return "0-dimensional"
    return f"{size[0]}-element" if len(size) == 1 else "×".join(map(str, size))


def summary(value):
    """What a collection is, in one line: `3-element Vector{Int64}`."""
    type_ = type_name(typeof(value))
    if value.__class__ is Array:
        return f"{dims_text(value.size)} {type_}"
    if value.__class__ is Range:
        return f"{len(value)}-element {type_}"
    if value.__class__ is str:
        return f"{len(value.encode('utf-8', 'surrogateescape'))}-codeunit {type_}"
    return type_


def shown(value):
    """A value as `show` prints it; what only the graph knows as its type."""
    from ..printing.display import repr_value

    try:
        return repr_value(value)
    except HostValueNeeded:
        return f"::{type_name(typeof(value))}"
