"""Arrays as Julia displays them: aligned in columns under a summary, or in brackets on one line."""

import re
from dataclasses import replace

from .. import types as t
from ..base.registry import BASE
from ..calling import call
from ..poison import UNDEFINED
from ..staging import read_host
from ..type_lattice import DataType, is_concrete, is_subtype, unwrap
from ..type_names import type_name
from ..values import Array, Range, Struct, to_host, typeof


class Elements:
    """Uniform access to what can be shown as an array: `size`, `element` type, `at(i, j, …)` with 0-based
    indices."""

    def __init__(self, value):
        self.value = value
        self.element = element_type(typeof(value))
        if value.__class__ is Array:
            data = read_host(value, "printing")
            self.size = tuple(data.shape[::-1])
            self.at = lambda *index: self._element(data[index[::-1]])
        elif value.__class__ is Range:
            self.size = (value.length,)
            self.at = value.__getitem__
        else:
            self.size = call(BASE.bindings["size"], (value,))
            getindex = BASE.bindings["getindex"]
            self.at = lambda *index: call(getindex, (value, *(i + 1 for i in index)))

    def _element(self, item):
        if item is None and not is_subtype(t.Nothing, self.element):
            return UNDEFINED
        return to_host(item)

    @property
    def is_empty(self):
        return 0 in self.size


def is_array(value):
    """Whether a value is an AbstractArray."""
    return value.__class__ in (Array, Range) or (
        value.__class__ is Struct and is_subtype(value.type, t.AbstractArray))


def element_type(type_):
    """The element type of a collection type; None where the type does not tell."""
    if not isinstance(type_, DataType):
        body = unwrap(type_)
        return element_type(body) if isinstance(body, DataType) else None
    dictionary = unwrap(t.AbstractDict).family
    families = (t.AbstractArrayFamily, unwrap(t.AbstractSet).family, dictionary)
    while type_ is not t.Any:
        if type_.family in families:
            if type_.family is dictionary:
                from ..base.pairs import PairFamily

                return PairFamily.apply(*type_.parameters)
            return type_.parameters[0]
        if type_.family is t.BitFamily:
            return t.Bool
        type_ = type_.supertype
    return None


# --- what the brackets must tell of the type ----------------------------------------------------------------


def is_implicit(type_):
    """Whether values of a type are recognised without a prefix that names it."""
    if type_ in (t.Float64, t.Int64, t.Char, t.String, t.Symbol, t.Nothing, t.Missing):
        return True
    if not isinstance(type_, DataType) or not is_concrete(type_):
        return False
    family = type_.family
    if is_subtype(type_, t.Function) and not type_.parameters:
        return True
    if family is t.ArrayFamily:
        return is_implicit(type_.parameters[0])
    if family is t.TupleFamily:
        return all(map(is_implicit, type_.parameters))
    if family is t.NamedTupleFamily:
        return all(map(is_implicit, type_.parameters[1].parameters))
    if family.name == "Pair" or is_subtype(type_, t.AbstractDict):
        return all(map(is_implicit, type_.parameters))
    return not family.field_names and family.name not in t.BUILTIN_TYPES  # a struct with one instance


def type_prefix(value, context):
    """(prefix, implicit): what stands before the brackets, and whether the elements tell their type
    themselves."""
    type_ = typeof(value)
    info = context.typeinfo
    known = element_type(info) if info is not t.Any and is_subtype(type_, info) else None
    element = element_type(type_)
    is_dictionary = is_subtype(type_, t.AbstractDict)
    name = unwrap(type_).family.name if is_dictionary else ""
    if element is known and known is not None:
        return name, False
    filled = len(value.items) > 0 if hasattr(value, "items") else not Elements(value).is_empty
    if is_dictionary:
        if filled and all(map(is_implicit, type_.parameters)):
            return name, True
        return type_name(type_), False
    if filled and is_implicit(element):
        return "", True
    return type_name(element), False


# --- show: one line -----------------------------------------------------------------------------------------


def show(value, context):
    """`show(io, array)`: `[1, 2]`, `Float32[1.0 2.0; 3.0 4.0]`, `[1;;; 2]`."""
    if value.__class__ is Range:
        from .display import show_text

        return show_text(value, context)
    elements = Elements(value)
    rank = len(elements.size)
    if rank == 1:
        return show_sequence(elements.at, elements.size[0], value, context)
    if rank == 0:
        return f"fill({_show(elements.at(), context)})"
    if elements.is_empty:
        return f"{type_name(typeof(value))}(undef, {', '.join(map(str, elements.size))})"
    prefix, implicit = type_prefix(value, context)
    inner = context.inside(value)
    if not implicit:
        inner = replace(inner, typeinfo=elements.element)
    if rank == 2:
        closing = "" if elements.size[1] > 1 else ";;"
        return f"{prefix}[{_show_slice(elements, (), inner)}{closing}]"
    return f"{prefix}[{_show_slices(elements, inner)}]"


def _show(item, context):
    if item is UNDEFINED:
        return "#undef"
    from .display import show_text

    return show_text(item, context)


def show_sequence(at, count, value, context):
    """`[a, b, c]` for a vector or set of `count` elements, `at(k)` each; where room is limited, without what
    is between the first and the last ten."""
    from .display import circular

    prefix, implicit = type_prefix(value, context)
    if loop := circular(value, context):
        return f"{prefix}[{loop}]"
    inner = context.inside(value)
    if not implicit:
        inner = replace(inner, typeinfo=element_type(typeof(value)))

    def part(indices):
        return ", ".join([_show(at(k), inner) for k in indices])

    if context.limit and count > 20:
        return f"{prefix}[{part(range(10))}  …  {part(range(count - 10, count))}]"
    return f"{prefix}[{part(range(count))}]"


def _show_slice(elements, outer, context):
    """The rows of a matrix, or of the slice at the `outer` indices, without brackets."""
    rows, columns = elements.size[:2]


    def parts(count):
        return [range(count)] if not context.limit or count <= 4 else [range(2), range(count - 2, count)]

    def row(i):
        cells = [[_show(elements.at(i, j, *outer), context) for j in part] for part in parts(columns)]
        return " … ".join(map(" ".join, cells))

    return "; … ; ".join("; ".join(map(row, part)) for part in parts(rows))


def _show_slices(elements, context):
    """The slices of an array of rank three or more, joined by as many semicolons as the dim that changes."""
    rank = len(elements.size)
    text, previous, reached_last = "", None, False
    for outer in _outer_indices(elements.size[2:]):
        if (gap := _outer_gap(outer, elements.size[2:])) is not None and context.limit:
            text += ";" * (gap + 3) + " … " if gap >= 0 else ""
        else:
            if previous is not None:
                advanced = [d for d, (a, b) in enumerate(zip(previous, outer, strict=True)) if b > a]
                if advanced:
                    text += ";" * (advanced[-1] + 3) + " "
                    reached_last = reached_last or advanced[-1] + 3 == rank
            text += _show_slice(elements, outer, context)
        previous = outer
    return text if reached_last else text + ";" * rank


def _outer_indices(sizes):
    """All index tuples over the sizes, the first index fastest."""
    if not sizes:
        yield ()
        return
    for rest in _outer_indices(sizes[1:]):
        for index in range(sizes[0]):
            yield (index, *rest)


def _outer_gap(outer, sizes):
    """Whether the slice is left out of a long dim: None when shown, the dim where `…` is to be written,
    else -1."""
    for d, (index, size) in enumerate(zip(outer, sizes, strict=True)):
        if size > 10:
            if index == 3 and not any(outer[:d]):
                later = zip(outer[d + 1:], sizes[d + 1:], strict=True)
                return -1 if any(size > 10 and 2 < i <= size - 4 for i, size in later) else d
            if 2 < index <= size - 4:
                return -1
    return None


# --- text/plain: aligned columns ----------------------------------------------------------------------------


WRAPPER_TEXTS = {}
"""What a summary says of wrappers of other arrays instead of their type: family -> function(value) ->
text."""


def summary(value):
    """`3-element Vector{Int64}`, `2×3 Matrix{Float64}`."""
    from .display import Context, overridden_text

    size = Elements(value).size
    name = overridden_text("showarg", Context(), value, True) if value.__class__ is Struct else None
    if value.__class__ is Array and value.type.family in WRAPPER_TEXTS:
        name = WRAPPER_TEXTS[value.type.family](value)
    return f"{dims_text(size)} {name or type_name(typeof(value))}"


def dims_text(size):
    """`3-element`, `2×3`, `0-dimensional`."""
    if len(size) == 1:
        return f"{size[0]}-element"
    return "×".join(map(str, size)) if size else "0-dimensional"


def plain(value, context):
    """`show(io, MIME"text/plain"(), array)`."""
    from .display import circular

    elements = Elements(value)
    rank = len(elements.size)
    if elements.is_empty and (context.compact or (rank == 1 and value.__class__ is Array)):
        return show(value, context)
    if circular(value, context):
        return show(value, context)
    head = summary(value)
    if elements.is_empty:
        return head
    inner = replace(context.inside(value), typeinfo=elements.element)
    if context.compact is None and rank > 1 and elements.size[1] > 1:
        inner = replace(inner, compact=True)
    if rank == 0:
        return f"{head}:\n{_show(elements.at(), inner)}"
    if rank <= 2:
        return f"{head}:\n" + _matrix_text(elements, (), inner)
    return f"{head}:\n" + _slices_text(elements, inner)


def _slices_text(elements, context):
    text = ""
    sizes = elements.size[2:]
    last = tuple(size - 1 for size in sizes)
    for outer in _outer_indices(sizes):
        gap = _outer_gap(outer, sizes) if context.limit else None
        if gap is not None:
            text += ";" * (gap + 3) + " … \n\n" if gap >= 0 else ""
            continue
        text += f"[:, :, {', '.join(str(i + 1) for i in outer)}] =\n{_matrix_text(elements, outer, context)}"
        text += "" if outer == last else "\n\n"
    return text


_REAL = re.compile(r"^(.*?)((?:[.eEfF].*)?)$", re.S)
_COMPLEX = re.compile(r"^(.*[^ef][+\-])(.*)$", re.S)


class _Columns:
    """The cells of a matrix (or one slice): their texts and alignments, computed as they are needed."""

    def __init__(self, elements, outer, context):
        self.elements, self.outer, self.context = elements, outer, context
        self.cache = {}
        self.is_vector = len(elements.size) == 1

    def cell(self, row, column):
        """(text, left width, right width) of a cell around its alignment point."""
        found = self.cache.get((row, column))
        if found is None:
            index = (row,) if self.is_vector else (row, column, *self.outer)
            found = self.cache[row, column] = self._cell(self.elements.at(*index), row, column)
        return found

    def _cell(self, item, row, column):
        if item is UNDEFINED:
            return "#undef", 3, 3
        from .display import plain_text, user_method

        aligned = _show(item, self.context)
        left, right = alignment(item, aligned, self.context)
        text = plain_text(item, self.context)
        if "\n" in text:
            text = aligned
        owner = self.elements.value
        if owner.__class__ is Struct or owner.type.family in WRAPPER_TEXTS:
            arguments = (owner, row + 1, column + 1, text)
            method = user_method("replace_in_print_matrix", arguments)
            text = text if method is None else method(arguments)
        return text, left, right

    def widths(self, rows, columns, room):
        """The (left, right) widths of the leading `columns` that fit into `room` with two spaces between."""
        widths = []
        for column in columns:
            cells = [self.cell(row, column) for row in rows]
            widths.append((max((c[1] for c in cells), default=0), max((c[2] for c in cells), default=0)))
            if len(widths) > 1 and _total(widths) >= room:
                widths.pop()
                break
        total = 1 if self.is_vector else self.elements.size[1]
        if 1 < len(widths) < total:
            while _total(widths) >= room:
                widths.pop()
        return widths

    def row(self, row, columns, widths, last):
        """The aligned cells of a row; the `last` column is not padded on its right."""
        parts = []
        for column, (left, right) in zip(columns, widths, strict=False):
            text, cell_left, cell_right = self.cell(row, column)
            padding = "" if column == last else " " * (right - cell_right)
            parts.append(" " * (left - cell_left) + text + padding)
        return "  ".join(parts)


def _total(widths):
    return sum(left + right for left, right in widths) + 2 * len(widths)


def alignment(item, text, context):
    """How many characters of a shown value stand before and after the alignment point of its column."""
    from ..base.pairs import is_pair
    from .display import is_delimited, pair_infos

    type_ = typeof(item)
    if is_subtype(type_, t.Number):
        if is_subtype(type_, t.Real) and not is_subtype(type_, t.Integer):
            match = _REAL.match(text)
        elif is_subtype(type_, t.Complex):
            match = _COMPLEX.match(text)
        else:
            match = None
        return (len(match[1]), len(match[2])) if match else (len(text), 0)
    if is_pair(item) and not is_delimited(item, context):
        inner = replace(context, compact=context.compact is not False, typeinfo=pair_infos(item, context)[0])
        first = item.fields[0]
        left = len(_show(first, inner)) + 2 * (not is_delimited(first, inner)) + (not context.compact)
        return left + 1, len(text) - left - 1
    return 0, len(text)


def _matrix_text(elements, outer, context):
    """The aligned rows of a vector, matrix or slice, each after one space; the middle left out where it
    does not fit."""
    cells = _Columns(elements, outer, context)
    count = elements.size[0]
    columns = 1 if cells.is_vector else elements.size[1]
    height, width = (context.rows - 4, context.columns - 1) if context.limit else (1 << 60, 1 << 60)
    rows, cut = list(range(count)), None
    if count > height:
        cut = height // 2
        rows = [*range(cut), *range(count - (height - 1) // 2, count)]
    possible = width // 3
    shown = list(range(columns))
    if columns > possible:
        shown = [*range(possible), *range(columns - possible, columns)]
    widths = cells.widths(rows, shown, width)
    if columns <= len(widths):
        left, left_widths, right, right_widths = shown, widths, [], []
    else:
        half = (width - 5 + 1) // 2 + 1
        right_widths = cells.widths(rows, shown[::-1], half)[::-1]
        room = width - _total(right_widths) + 2 - 5
        left_widths = cells.widths(rows, shown, room)
        left = shown[:len(left_widths)]
        right = list(range(columns - len(right_widths), columns))
    lines = []
    for position, row in enumerate(rows):
        line = cells.row(row, left, left_widths, columns - 1)
        if right:
            line += "  …  " if row % 5 == 0 else "     "
            line += cells.row(row, right, right_widths, columns - 1)
        lines.append(" " + line)
        if cut is not None and position == cut - 1:
            dots = _dots(left_widths, 1, not right)
            if right:
                dots += "  ⋱  " + _dots(right_widths, (len(right_widths) - columns + 1) % 5, True)
            lines.append(" " + dots)
    return "\n".join(lines)


def _dots(widths, phase, last):
    """The line of `⋮` that stands for rows left out: one in every fifth column; the last column is not
    padded."""
    parts = []
    for number, (left, right) in enumerate(widths, 1):
        if number % 5 == phase:
            before = " " * max(0, left - 1)
            after = "" if last and number == len(widths) else " " * max(0, left + right - 1 - len(before))
            parts.append(before + "⋮" + after)
        else:
            parts.append("" if last and number == len(widths) else " " * (left + right))
    return "  ".join(parts)
