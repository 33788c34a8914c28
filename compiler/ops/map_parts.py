"""The parts of a map by role, and the dims of its lanes."""

from ..types import TensorType, dim_names, floor_divide, substitute, symbol
from .loop_parts import stacked_type


class MapParts:
    """The operands, dims and result types of a map, by role.

    Attributes: `ragged`, the names of the dims that are each lane's own; `bounds`, their padded extents in
    the operands and results; `defines`, pairs of a dim that the region defines and the name of the largest
    over the lanes, which the map defines; `region`. Operands: lengths…, one [N] for each ragged dim, data…;
    region arguments: a slice of each data operand, cut to the lane's dims; results: region results, stacked.
    """

    def __init__(self, attributes, region):
        self.ragged = tuple(attributes.get("ragged", ()))
        self.bounds = tuple(attributes.get("bounds", ()))
        self.defines = tuple(attributes.get("defines", ()))
        self.region = region
        self._outer = {**dict(zip(self.ragged, self.bounds)),
                       **{inner: symbol(outer) for inner, outer in self.defines}}

    def operands(self, items):
        """(lengths, data) of things that belong to the operands."""
        items, count = list(items), len(self.ragged)
        return items[:count], items[count:]

    def is_ragged(self, dim):
        """Whether a dim of the region may differ from lane to lane."""
        return not self._outer.keys().isdisjoint(dim_names(dim))

    def outer_dim(self, dim):
        """What a dim of the region is padded to outside."""
        return substitute(dim, self._outer)

    def outer_shape(self, shape):
        """The shape that arrays of this shape in the region are padded to."""
        return tuple(map(self.outer_dim, shape))

    def outer_type(self, type, extent):
        """The type of a stack of `extent` arrays of a type of the region."""
        return stacked_type(TensorType(type.element, self.outer_shape(type.shape)), extent)


def never_falls(dim, names):
    """Whether a dim is a sum of products and quotients that grow, if they change, with each of the names."""
    if dim_names(dim).isdisjoint(names):
        return True
    terms = [(coefficient, [atom for atom in monomial if not dim_names(_dim_of(atom)).isdisjoint(names)])
             for monomial, coefficient in dim.terms]
    return all(coefficient > 0 and all(isinstance(atom, str) or _quotient_never_falls(atom, names)
                                       for atom in atoms) for coefficient, atoms in terms if atoms)


def _quotient_never_falls(atom, names):
    return never_falls(atom.numerator, names) and dim_names(atom.denominator).isdisjoint(names)


def _dim_of(atom):
    """An atom of a monomial as a dim."""
    return symbol(atom) if isinstance(atom, str) else floor_divide(atom.numerator, atom.denominator)
