"""The arguments of a call: bound to inputs by position or name, checked, one array for each input."""

import unicodedata
from collections.abc import Sequence

import numpy as np

from ..compiler.errors import Note, WeberError
from .convert import ConversionError, convert
from .node_tables import TableError, check_table
from .ragged import Ragged, full_lengths, pad_examples
from .structure import Nested, Vector, parse_names, renumbered, take_apart
from .tensors import TensorSpec, shape_text

_ABSENT = object()


class Arguments:
    """What a program called `name` takes. `specs` are its inputs in order, without states.

    With `structured` names, inputs `θ.W` and `θ.b` are one argument `θ`, and lengths are made from lists of
    arrays, as `ragged` tells.
    """

    def __init__(self, name: str, specs: Sequence[TensorSpec], structured: bool, ragged: Ragged):
        self.name = name
        self.specs = list(specs)
        sources = ragged.sources()
        self.axes = ragged.axes(self.specs)
        self.depths = {index: depth for index, spec in enumerate(specs)
                       if (depth := ragged.depth(spec.name)) and spec.name not in sources}
        self.lengths = {index for index, spec in enumerate(specs) if spec.name in sources}
        self.trees = {path: self._links(path, links) for path, links in ragged.trees.items()}
        self.ranks = {index: len(self.specs[index].shape or ()) for index in self.lengths}
        shown = [index for index in range(len(specs)) if index not in self.lengths]
        if structured:
            roots = parse_names([self.specs[index].name for index in shown], ragged.vectors, ragged.trees)
            self.parameters = {root: renumbered(structure, shown) for root, structure in roots.items()}
        else:
            self.parameters = {spec.name: index for index, spec in enumerate(self.specs)}
        self._simple = not self.depths and list(self.parameters.values()) == list(range(len(self.specs)))
        self._names = {unicodedata.normalize("NFKC", name): name for name in self.parameters}
        self._dtypes = [spec.dtype for spec in self.specs]
        self._last_shapes = None

    def _links(self, path, links):
        """({link: index of its column}, index of the lengths) of a tree."""
        index_of = {spec.name: index for index, spec in enumerate(self.specs)}
        columns = {link: index_of[f"{path}.{link}"] for link in links}
        axes = self.axes.get(next(iter(columns.values())), {})
        return columns, next(iter(axes.values()), None)

    def bind(self, positional: tuple, keywords: dict) -> list[np.ndarray]:
        """One checked array for each input. Raises WeberError for a wrong number, name, type or size."""
        if keywords or len(positional) != len(self.parameters):
            positional, lengths = self._arrange(positional, keywords)
        else:
            lengths = {}
        leaves = list(positional) if self._simple else self._leaves(positional, lengths)
        for index, dtype in enumerate(self._dtypes):
            leaf = leaves[index]
            if type(leaf) is not np.ndarray or leaf.dtype != dtype:
                leaves[index] = self._converted(index, leaf)
        shapes = [leaf.shape for leaf in leaves]
        if shapes != self._last_shapes:  # a training loop passes the same sizes again and again
            self._check_sizes(shapes)
            self._last_shapes = shapes
        for path, (columns, lengths) in self.trees.items():
            try:
                check_table({link: leaves[index] for link, index in columns.items()},
                            None if lengths is None else leaves[lengths])
            except TableError as error:
                raise self._error(f"{self.name}: {path}: {error}", "ArgumentError") from None
        return leaves

    def __str__(self):
        return f"{self.name}({', '.join(self._parameter_text(name) for name in self.parameters)})"

    # --- binding --------------------------------------------------------------------------------------------

    def _arrange(self, positional, keywords):
        """The values of all parameters in order, and lengths given by hand."""
        names = list(self.parameters)
        if len(positional) > len(names):
            raise self._error(f"{self.name} takes {_count(len(names), 'argument')}, found {len(positional)}")
        values = dict(zip(names, positional))
        lengths = {}
        by_input = {self.specs[index].name: index for index in self.lengths}
        for given, value in keywords.items():
            name = self._names.get(unicodedata.normalize("NFKC", given))
            if name is None:
                if given in by_input:
                    lengths[by_input[given]] = value
                    continue
                raise self._error(f"{self.name} has no argument {given}")
            if name in values:
                raise self._error(f"{self.name}: the argument {name} is given twice")
            values[name] = value
        if missing := [name for name in names if name not in values]:
            plural = "s" if len(missing) > 1 else ""
            raise self._error(f"{self.name} misses the argument{plural} {', '.join(missing)}")
        return tuple(values[name] for name in names), lengths

    def _leaves(self, positional, lengths):
        leaves = [_ABSENT] * len(self.specs)
        for (name, structure), value in zip(self.parameters.items(), positional):
            try:
                take_apart(value, structure, name, leaves)
            except ValueError as error:
                raise self._error(f"{self.name}: {error}") from None
        made = dict(lengths)
        for index, depth in self.depths.items():
            axes = self.axes.get(index, {})
            if isinstance(leaves[index], Nested):
                try:
                    leaves[index], own = pad_examples(leaves[index], self.specs[index], depth, axes,
                                                      self.ranks)
                except ConversionError as error:
                    raise self._unexpected(index, f"a list with {error}" if axes else error) from None
            else:  # already padded: as long as given by hand, else all of it
                leaves[index] = self._converted(index, leaves[index])
                self._check_rank(index, leaves[index].shape)
                own = full_lengths(leaves[index], axes, self.ranks)
                own = {place: sizes for place, sizes in own.items() if place not in lengths}
            for place, sizes in own.items():
                others = np.asarray(made.setdefault(place, sizes))
                if not np.array_equal(others, sizes):
                    raise self._error(
                        f"{self.name}: the lengths of {self.specs[index].name} are {_shorten(sizes)}, "
                        f"those of {self.specs[place].name} {_shorten(others)}", "DimensionMismatch")
        for place, sizes in made.items():
            leaves[place] = sizes
        return leaves

    # --- checks ---------------------------------------------------------------------------------------------

    def _converted(self, index, value):
        try:
            return convert(value, self._dtypes[index])
        except ConversionError as error:
            raise self._unexpected(index, error) from None

    def _check_rank(self, index, shape):
        expected = self.specs[index].shape
        if expected is not None and len(shape) != len(expected):
            raise self._unexpected(index, f"{self._dtypes[index].name} {shape_text(shape)}")

    def _check_sizes(self, shapes):
        sizes = {}  # name of a symbolic size → (its value, the input that has it)
        for index, shape in enumerate(shapes):
            self._check_rank(index, shape)
            for expected, found in zip(self.specs[index].shape or (), shape):
                if isinstance(expected, int):
                    if expected != found:
                        raise self._unexpected(index, f"{self._dtypes[index].name} {shape_text(shape)}")
                elif expected is not None and expected.replace(".", "").isidentifier():
                    known, owner = sizes.setdefault(expected, (found, index))
                    if known != found:
                        name, other = self.specs[index].name, self.specs[owner].name
                        where = f"{name} {shape_text(shape)}" if owner == index else (
                            f"{other} {shape_text(shapes[owner])} and {name} {shape_text(shape)}")
                        message = f"{self.name}: the size {expected} is {known} and {found} in {where}"
                        raise self._error(message, "DimensionMismatch")

    # --- errors ---------------------------------------------------------------------------------------------

    def _unexpected(self, index, found):
        spec = self.specs[index]
        return self._error(f"{self.name}: expected {spec.name} as {spec}, found {found}", "DimensionMismatch")

    def _error(self, message, kind="MethodError"):
        note = Note(f"it is called as {self} (sizes in numpy's order)")
        return WeberError(message, notes=[note], kind=kind)

    def _parameter_text(self, name):
        structure, kind = self.parameters[name], ""
        while isinstance(structure, Vector):
            structure, kind = structure.element, "list of "
        return f"{name}: {kind}{self.specs[structure]}" if isinstance(structure, int) else name


def _shorten(sizes):
    return np.array2string(sizes, threshold=8, edgeitems=3)


def _count(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"
