"""`DelimitedFiles`: tables as text, `readdlm` and `writedlm`."""

import csv

import numpy as np

from ...compiler.errors import WeberError
from .. import types as t
from ..printing.display import print_value
from ..staging import host_number, read_host
from ..type_lattice import UnionType, is_subtype
from ..type_names import type_name
from ..values import Array, Range, to_host
from .files import opened
from .io import Stream, lines_of
from .iteration import array_of, iterate
from .number_parsing import parse_number
from .registry import define, module
from .strings import text_of

DELIMITED = module("DelimitedFiles")
_READ_KEYWORDS = ("header", "skipstart", "comments", "comment_char", "quotes", "use_mmap", "skipblanks")


def _source_lines(source):
    return [line.rstrip("\r") for line in lines_of(source)]


def _cells(line, delimiter, quotes):
    """The fields of a line; without a delimiter those between runs of blanks."""
    if delimiter is None:
        return line.split()
    if not quotes or '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter))


def _number(cell):
    try:
        return parse_number(t.Int64, cell)
    except WeberError:
        pass
    try:
        return parse_number(t.Float64, cell)
    except WeberError:
        return cell


def _read_table(source, delimiter, element, header=False, skipstart=0, comments=False, comment_char=None,
                quotes=True, use_mmap=False, skipblanks=True):
    lines = _source_lines(source)[int(host_number(skipstart, "skipstart")):]
    if comments:
        mark = text_of(comment_char) if comment_char is not None else "#"
        lines = [line.split(mark, 1)[0] for line in lines]
    if skipblanks:
        lines = [line for line in lines if line.strip()]
    names = [cell.strip() for cell in _cells(lines.pop(0), delimiter, quotes)] if header and lines else []
    table = _plain_numbers(lines, delimiter, element)
    if table is None:
        table = _table([_cells(line, delimiter, quotes) for line in lines], element)
    return (table, array_of(names, (1, len(names)), t.AbstractString)) if header else table


def _plain_numbers(lines, delimiter, element):
    """The matrix of a table of decimal numbers, read by numpy; None where numpy does not understand it."""
    kind = t.Float64 if element is None else element
    if not lines or kind not in (t.Float64, t.Float32, t.Int64) or len(delimiter or " ") != 1:
        return None
    try:
        values = np.loadtxt(lines, t.NUMPY_TYPES[kind], comments=None, delimiter=delimiter, ndmin=2)
    except ValueError:
        return None
    return Array(np.ascontiguousarray(values.T))


def _table(rows, element):
    """The matrix of the cells of rows, which are filled up to the longest with empty ones."""
    columns = max(map(len, rows), default=0)
    for number, row in enumerate(rows, 1):
        if len(row) != columns and element is not None and element is not t.Any:
            raise WeberError(f"at row {number}, column {len(row) + 1}: missing value")
        row += [""] * (columns - len(row))
    size = (len(rows), columns)
    if element is not None and is_subtype(element, t.Number):
        values = np.empty((len(rows), columns), dtype=t.NUMPY_TYPES[element])
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                try:
                    values[i, j] = parse_number(element, cell)
                except WeberError:
                    problem = f'file entry \\"{cell}\\" cannot be converted to {type_name(element)}'
                    raise WeberError(f'at row {i + 1}, column {j + 1}: {problem}') from None
        return Array(np.ascontiguousarray(values.T))
    if element is not None and is_subtype(element, t.AbstractString):
        return array_of([row[j] for j in range(columns) for row in rows], size, element)
    values = [[_number(cell) for cell in row] for row in rows]
    flat = [row[j] for j in range(columns) for row in values]
    if all(isinstance(value, int | float) for value in flat):
        return array_of([float(value) for value in flat], size, t.Float64)
    return array_of(flat, size, t.Any)


Source = UnionType((t.AbstractString, t.IO))


@define("readdlm", Source, module=DELIMITED, keywords=_READ_KEYWORDS)
def readdlm(source, **options):
    """The table in a file, columns separated by blanks: a matrix of Float64, of Any where not all are
    numbers."""
    return _read_table(source, None, None, **options)


@define("readdlm", Source, UnionType((t.Char, t.AbstractString)), module=DELIMITED, keywords=_READ_KEYWORDS)
def readdlm_delimited(source, delimiter, **options):
    return _read_table(source, text_of(delimiter), None, **options)


@define("readdlm", Source, t.TypeOfType, module=DELIMITED, keywords=_READ_KEYWORDS)
def readdlm_typed(source, element, **options):
    return _read_table(source, None, element, **options)


@define("readdlm", Source, UnionType((t.Char, t.AbstractString)), t.TypeOfType, module=DELIMITED,
        keywords=_READ_KEYWORDS)
def readdlm_delimited_typed(source, delimiter, element, **options):
    return _read_table(source, text_of(delimiter), element, **options)


@define("readdlm", Source, t.Char, t.TypeOfType, t.Char, module=DELIMITED, keywords=_READ_KEYWORDS)
def readdlm_lines(source, delimiter, element, _line_end, **options):
    return _read_table(source, text_of(delimiter), element, **options)


@define("writedlm", Source, t.Any, module=DELIMITED)
def writedlm(target, table):
    """Writes a table, columns separated by tabs."""
    writedlm_delimited(target, table, "\t")


@define("writedlm", Source, t.Any, UnionType((t.Char, t.AbstractString)), module=DELIMITED)
def writedlm_delimited(target, table, delimiter):
    """Writes a matrix, vector or iterable of rows, a line for each row."""
    if table.__class__ is Array and table.rank == 2:
        data = read_host(table, "writedlm")
        rows = ([to_host(data[j, i]) for j in range(data.shape[0])] for i in range(data.shape[1]))
    else:
        rows = (list(iterate(row)) if row.__class__ in (Array, tuple, Range) else [row]
                for row in iterate(table))
    text = "".join(text_of(delimiter).join(map(print_value, row)) + "\n" for row in rows)
    if isinstance(target, Stream):
        target.write_text(text)
    else:
        with opened(target, "wb") as file:
            file.write(text.encode())
