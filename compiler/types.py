"""Element types, dims and tensor types of the IR.

A dim is an integer or a `DimExpression`, a polynomial with integer coefficients over named dims and floor
divisions. Two dims are equal when their canonical forms are equal.
"""

import re
from dataclasses import dataclass

import ml_dtypes
import numpy as np


@dataclass(frozen=True, slots=True)
class ElementType:
    """A scalar type: its name in the IR's text, its numpy type, its ONNX `TensorProto.DataType` number, its
    kind."""

    name: str
    numpy: np.dtype
    onnx: int
    kind: str  # "float", "integer", "unsigned" or "bool"

    def __str__(self):
        return self.name

    @property
    def is_float(self):
        return self.kind == "float"

    @property
    def is_integer(self):
        return self.kind in ("integer", "unsigned")

    @property
    def bits(self):
        return 1 if self.kind == "bool" else self.numpy.itemsize * 8


BOOL = ElementType("i1", np.dtype(np.bool_), 9, "bool")
I8 = ElementType("i8", np.dtype(np.int8), 3, "integer")
I16 = ElementType("i16", np.dtype(np.int16), 5, "integer")
I32 = ElementType("i32", np.dtype(np.int32), 6, "integer")
I64 = ElementType("i64", np.dtype(np.int64), 7, "integer")
U8 = ElementType("ui8", np.dtype(np.uint8), 2, "unsigned")
U16 = ElementType("ui16", np.dtype(np.uint16), 4, "unsigned")
U32 = ElementType("ui32", np.dtype(np.uint32), 12, "unsigned")
U64 = ElementType("ui64", np.dtype(np.uint64), 13, "unsigned")
F16 = ElementType("f16", np.dtype(np.float16), 10, "float")
BF16 = ElementType("bf16", np.dtype(ml_dtypes.bfloat16), 16, "float")
F32 = ElementType("f32", np.dtype(np.float32), 1, "float")
F64 = ElementType("f64", np.dtype(np.float64), 11, "float")

ELEMENT_TYPES = {t.name: t for t in (BOOL, I8, I16, I32, I64, U8, U16, U32, U64, F16, BF16, F32, F64)}
_BY_NUMPY = {t.numpy: t for t in ELEMENT_TYPES.values()}
_BY_ONNX = {t.onnx: t for t in ELEMENT_TYPES.values()}


def element_type_of(dtype) -> ElementType:
    """The element type of a numpy dtype. Raises KeyError for a dtype the IR does not have."""
    return _BY_NUMPY[np.dtype(dtype)]


def element_type_of_onnx(number) -> ElementType:
    """The element type of an ONNX `TensorProto.DataType` number. Raises KeyError for one the IR does not
    have."""
    return _BY_ONNX[number]


# --- dims ---------------------------------------------------------------------------------------------------
# A polynomial is a mapping from monomials to coefficients. A monomial is a sorted tuple of atoms; an atom is
# a name or a `_Quotient`, the floor division of one dim by another that does not come out even.


@dataclass(frozen=True, slots=True)
class _Quotient:
    numerator: "Dim"
    denominator: "Dim"

    def __str__(self):
        return f"(({self.numerator}) // ({self.denominator}))"


class DimExpression:
    """A dim that is not a constant. Build with `symbol` and arithmetic; arithmetic that cancels gives back an
    `int`."""

    __slots__ = ("terms", "_hash")

    def __init__(self, terms):
        self.terms = terms  # sorted tuple of (monomial, coefficient)
        self._hash = hash(terms)

    def __eq__(self, other):
        return self is other or (isinstance(other, DimExpression) and self.terms == other.terms)

    def __hash__(self):
        return self._hash

    def __bool__(self):
        raise TypeError(f"the dim {self} has no known value")

    __index__ = __int__ = __bool__

    def __add__(self, other):
        return _polynomial([*self.terms, *_terms(other)])

    def __mul__(self, other):
        return _polynomial([(tuple(sorted(m + n, key=str)), a * b)
                            for m, a in self.terms for n, b in _terms(other)])

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + other * -1

    def __rsub__(self, other):
        return self * -1 + other

    __radd__, __rmul__ = __add__, __mul__

    def __floordiv__(self, other):
        return floor_divide(self, other)

    def __rfloordiv__(self, other):
        return floor_divide(other, self)

    def __str__(self):
        parts = []
        for monomial, coefficient in self.terms:
            factors = [str(atom) for atom in monomial]
            if abs(coefficient) != 1 or not factors:
                factors.insert(0, str(abs(coefficient)))
            sign = "-" if coefficient < 0 else "+"
            parts.append((sign, "*".join(factors)))
        text = " ".join(f"{sign} {body}" for sign, body in parts)
        return text[2:] if text.startswith("+ ") else "-" + text[2:]

    def __repr__(self):
        return f"DimExpression({str(self)!r})"


Dim = int | DimExpression


_SYMBOLS: dict[str, DimExpression] = {}


def symbol(name: str) -> DimExpression:
    """The named dim `name`."""
    known = _SYMBOLS.get(name)
    if known is None:
        known = _SYMBOLS[name] = DimExpression((((name,), 1),))
    return known


def fresh_dim(hint: str) -> DimExpression:
    """A named dim whose name no dim has had yet: the hint without its number, and a new number."""
    base = hint.partition("!")[0]
    number = _NUMBERS.get(base, 0) + 1
    while f"{base}!{number}" in _SYMBOLS:
        number += 1
    _NUMBERS[base] = number
    return symbol(f"{base}!{number}")


_NUMBERS: dict[str, int] = {}


def symbol_name(dim: "Dim") -> str | None:
    """The name of a dim that is nothing but a named dim; None for any other."""
    if isinstance(dim, DimExpression) and len(dim.terms) == 1:
        (monomial, coefficient), = dim.terms
        if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], str):
            return monomial[0]
    return None


def _terms(dim):
    return dim.terms if isinstance(dim, DimExpression) else (((), int(dim)),)


def _polynomial(terms) -> Dim:
    collected = {}
    for monomial, coefficient in terms:
        collected[monomial] = collected.get(monomial, 0) + coefficient
    kept = [(m, c) for m, c in collected.items() if c]
    if not kept:
        return 0
    if len(kept) == 1 and kept[0][0] == ():
        return kept[0][1]
    # degree first, then alphabetical, constant last: `N*T + 2*N + 1`
    kept.sort(key=lambda term: (-len(term[0]), [str(atom) for atom in term[0]]))
    return DimExpression(tuple(kept))


def floor_divide(a: Dim, b: Dim) -> Dim:
    """`a // b`. Even divisions (all coefficients divisible, or one monomial cancels) simplify; others stay a
    quotient."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    if a == b:
        return 1
    if a == 0:
        return 0
    if isinstance(b, int):
        if b == 1:
            return a
        if b < 0:  # (a quotient has a positive divisor)
            return floor_divide(a * -1, -b)
        even = [(m, c) for m, c in _terms(a) if c % b == 0]
        rest = _polynomial([(m, c) for m, c in _terms(a) if c % b])
        whole = _polynomial([(m, c // b) for m, c in even])
        if isinstance(rest, int):  # (b*p + r) // b == p + r // b
            return whole + rest // b
        return whole + DimExpression((((_Quotient(rest, b),), 1),))
    if len(b.terms) == 1:
        (monomial, coefficient), quotient = b.terms[0], []
        for m, c in _terms(a):
            atoms = list(m)
            if c % coefficient or any(monomial.count(atom) > atoms.count(atom) for atom in monomial):
                break
            for atom in monomial:
                atoms.remove(atom)
            quotient.append((tuple(atoms), c // coefficient))
        else:
            return _polynomial(quotient)
    return DimExpression((((_Quotient(a, b),), 1),))


def dim_names(dim: Dim) -> set[str]:
    """The names that occur in a dim."""
    names = set()
    for monomial, _ in _terms(dim):
        for atom in monomial:
            names |= (
                {atom} if isinstance(atom, str) else dim_names(atom.numerator) | dim_names(atom.denominator)
            )
    return names


def substitute(dim: Dim, bindings) -> Dim:
    """The dim with names replaced by the dims (or integers) that `bindings` gives them; other names stay."""
    total = 0
    for monomial, coefficient in _terms(dim):
        product = coefficient
        for atom in monomial:
            if isinstance(atom, str):
                product = product * bindings.get(atom, symbol(atom))
            else:
                product = product * floor_divide(substitute(atom.numerator, bindings),
                                                 substitute(atom.denominator, bindings))
        total = total + product
    return total


def evaluate_dim(dim: Dim, bindings) -> int:
    """The integer a dim stands for. Raises KeyError when a name is not bound."""
    if isinstance(dim, int):
        return dim
    value = substitute(dim, bindings)
    if not isinstance(value, int):
        raise KeyError(f"dim {value} is not bound")
    return value


def may_be_negative(dim: Dim) -> bool:
    """Whether a dim is less than zero for some sizes it is computed from: an axis of it is empty then."""
    if isinstance(dim, int):
        return dim < 0
    return any(coefficient < 0 for _, coefficient in dim.terms) or any(
        may_be_negative(atom.numerator) or may_be_negative(atom.denominator)
        for monomial, _ in dim.terms for atom in monomial if isinstance(atom, _Quotient))


def size_product(dims) -> Dim:
    """The product of dims: the number of elements of a shape."""
    product = 1
    for dim in dims:
        product = product * dim
    return product


_DIM_TOKEN = re.compile(r"\s*(//|[-+*()]|\d+|[^\W\d][\w!.]*)")


def parse_dim(text: str) -> Dim:
    """The dim that `str` printed. Raises ValueError on other text."""
    tokens = _DIM_TOKEN.findall(text)
    if "".join(tokens) != re.sub(r"\s+", "", text) or not tokens:
        raise ValueError(f"not a dim: {text!r}")
    position = 0

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def peek():
        return tokens[position] if position < len(tokens) else ""

    def atom():
        token = take()
        if token == "(":
            inner = total()
            take()
            return inner
        if token == "-":
            return atom() * -1
        return int(token) if token.isdigit() else symbol(token)

    def product():
        value = atom()
        while peek() in ("*", "//"):
            value = value * atom() if take() == "*" else floor_divide(value, atom())
        return value

    def total():
        value = product()
        while peek() in ("+", "-"):
            value = value + product() if take() == "+" else value - product()
        return value

    value = total()
    if position != len(tokens):
        raise ValueError(f"not a dim: {text!r}")
    return value


@dataclass(frozen=True, slots=True)
class TensorType:
    """Element type and row-major shape of an IR value. Rank 0 is a scalar."""

    element: ElementType
    shape: tuple[Dim, ...] = ()

    @property
    def rank(self):
        return len(self.shape)

    @property
    def is_static(self):
        return all(isinstance(dim, int) for dim in self.shape)

    def __str__(self):
        dims = "".join(f"{dim if isinstance(dim, int) else '?'}x" for dim in self.shape)
        symbols = ", ".join(f'"{dim}"' for dim in self.shape if not isinstance(dim, int))
        return f"tensor<{dims}{self.element}{f', [{symbols}]' if symbols else ''}>"
