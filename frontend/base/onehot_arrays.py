"""One-hot arrays: arrays of Bool with one `true` in each column. They print with dots for zeros and keep
their type when columns are chosen or joined."""

from .. import staging
from .. import types as t
from ..dims import as_dim
from ..printing.array_text import WRAPPER_TEXTS
from ..type_lattice import TypeVar, unwrap
from ..type_names import type_name
from ..values import Array
from .arrays import as_array
from .index_forms import index_form
from .registry import define, module

PRIMITIVES = module("Primitives")

_T, _N, _I = TypeVar("T"), TypeVar("N"), TypeVar("I")
OneHotArray = t.declare("OneHotArray", t.AbstractArrayFamily.apply(_T, _N), parameters=(_T, _N, _I))
FAMILY = unwrap(OneHotArray).family
del t.BUILTIN_TYPES["OneHotArray"]
PRIMITIVES.bindings["OneHotArray"] = OneHotArray


@define("onehot_array", t.AbstractArray, t.Integer, module=PRIMITIVES)
def onehot_array(indices, count):
    """onehot_array(indices, n): for indices of size (a, b, …) the one-hot array of size (n, a, b, …)."""
    indices, depth = as_array(indices), as_dim(count)
    positions = index_form(indices, depth).positions
    payload = staging.apply("one_hot", positions, depth=depth, element=t.ELEMENT_TYPES[t.Bool])
    held = t.array_type(t.UInt32, indices.rank) if indices.rank else t.UInt32
    return Array(payload, FAMILY.apply(t.Bool, indices.rank + 1, held))


def _text(array):
    """`OneHotMatrix(::Vector{UInt32}) with eltype Bool`."""
    rank, held = array.type.parameters[1:]
    name = {1: "OneHotVector", 2: "OneHotMatrix"}.get(rank, "OneHotArray")
    return f"{name}(::{type_name(held)}) with eltype Bool"


WRAPPER_TEXTS[FAMILY] = _text
