"""Numbers that are not one number on the host: those that only the graph knows, those of the lanes of a
broadcast, and sizes."""

from ..compiler.ir import Value
from ..compiler.types import DimExpression
from . import types as t
from .poison import HostValueNeeded
from .type_names import type_name


class Traced:
    """A number held as a tensor: rank 0 for a scalar, or one number per lane inside a broadcast. Immutable.

    `data` is an IR value or a numpy array. `known` is the host number where it is known all the same (a
    number that is being differentiated): conditions on it are decided on the host."""

    __slots__ = ("data", "type", "known")

    def __init__(self, data, known=None):
        self.data = data
        self.type = t.FROM_ELEMENT[data.element] if isinstance(data, Value) else t.JULIA_TYPES[data.dtype]
        self.known = known

    def __repr__(self):
        return f"<Traced {type_name(self.type)} {self.data.shape}>"

    def _binary(name, swapped=False):  # noqa: N805
        def method(self, other):
            from .base.registry import function
            from .calling import call

            return call(function(name), (other, self) if swapped else (self, other))

        return method

    __add__, __sub__, __mul__ = _binary("+"), _binary("-"), _binary("*")
    __radd__, __rsub__, __rmul__ = _binary("+", True), _binary("-", True), _binary("*", True)
    __floordiv__ = _binary("÷")
    __lt__, __le__, __gt__, __ge__ = _binary("<"), _binary("<="), _binary(">"), _binary(">=")

    def __neg__(self):
        return 0 - self

    def _host(self):
        """The host number; what a builtin without a staged form asks for."""
        from .staging import host_number

        return host_number(self, "this function")

    def __bool__(self):
        return bool(self._host())

    def __int__(self):
        return int(self._host())

    __index__ = __int__

    def __float__(self):
        return float(self._host())

    def __complex__(self):
        return complex(self._host())


class DimNumber:
    """An Int64 that is a symbolic dim, such as `size(x, 2)` of a staged batch. Arithmetic stays symbolic."""

    __slots__ = ("dim",)
    type = t.Int64

    def __init__(self, dim):
        self.dim = dim

    @staticmethod
    def of(dim):
        """A dim as a Julia number: an int where it is known."""
        return dim if isinstance(dim, int) else DimNumber(dim)

    def _binary(operation):  # noqa: N805
        def method(self, other):
            if other.__class__ is DimNumber:
                other = other.dim
            return (
                DimNumber.of(operation(self.dim, other))
                if isinstance(other, int | DimExpression)
                else NotImplemented
            )

        return method

    __add__ = __radd__ = _binary(lambda a, b: a + b)
    __mul__ = __rmul__ = _binary(lambda a, b: a * b)
    __sub__, __rsub__ = _binary(lambda a, b: a - b), _binary(lambda a, b: b - a)
    __floordiv__, __rfloordiv__ = _binary(lambda a, b: a // b), _binary(lambda a, b: b // a)
    __mod__, __rmod__ = _binary(lambda a, b: a - a // b * b), _binary(lambda a, b: b - b // a * a)

    def __neg__(self):
        return DimNumber.of(self.dim * -1)

    def __eq__(self, other):
        if isinstance(other, int | float):
            raise HostValueNeeded("whether a size equals a number is only known when the graph runs")
        return isinstance(other, DimNumber) and self.dim == other.dim

    def __hash__(self):
        return hash(self.dim)

    def __repr__(self):
        return f"DimNumber({self.dim})"
