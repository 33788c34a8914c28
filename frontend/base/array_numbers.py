"""Functions of numbers that are defined on whole arrays too, and arithmetic into given arrays (`mul!`,
`axpy!`, …)."""

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..calling import call
from ..evaluation.broadcasting import assign_broadcast, broadcast
from ..values import Array
from .arrays import as_array, is_numeric
from .conversion import element_of
from .elements import float_type, is_complex_type
from .errors import dimension_mismatch, size_text
from .linear_algebra import LINEAR_ALGEBRA, multiply_matrices, multiply_vector
from .registry import define, function
from .square_matrices import identity_matrix


def _elementwise(name, unchanged):
    """Defines a function of numbers on arrays; the array itself where `unchanged(element type)`."""

    def method(x):
        if unchanged(element_of(x)):
            return x
        return broadcast(function(name), [as_array(x)])

    define(name, t.AbstractArray)(method)


_elementwise("float", lambda element: element is float_type(element))
_elementwise("real", lambda element: not is_complex_type(element))
_elementwise("conj", lambda element: not is_complex_type(element))
_elementwise("imag", lambda element: False)
_elementwise("complex", is_complex_type)


@define("iszero", t.AbstractArray)
def is_zero(x):
    """Whether all elements are zero."""
    return call(function("all"), (function("iszero"), x))


@define("isreal", t.AbstractArray)
def is_real(x):
    return not is_complex_type(element_of(x)) or call(function("all"), (function("isreal"), x))


@define("one", t.AbstractMatrix)
def one(x):
    """The unit matrix of the size of a square matrix."""
    array = as_array(x)
    if array.size[0] != array.size[1]:
        raise dimension_mismatch("multiplicative identity defined only for square matrices")
    return identity_matrix(array.size[0], array.element)


@define("isone", t.AbstractMatrix)
def is_one(x):
    array = as_array(x)
    return array.size[0] == array.size[1] and call(function("=="), (array, one(array)))


@define("muladd", t.AbstractArray, t.AbstractArray, t.Any)
def multiply_add(a, x, b):
    product = call(function("*"), (a, x))
    return broadcast(function("+"), [product, b]) if product.__class__ is Array else call(function("+"),
                                                                                          (product, b))


# --- into given arrays --------------------------------------------------------------------------------------


def _define(names, *signature):
    return define(names, *signature, module=LINEAR_ALGEBRA)


@_define("mul!", t.AbstractArray, t.AbstractArray, t.AbstractArray)
def multiply_into(c, a, b):
    """c = a b."""
    product = multiply_matrices(a, b) if as_array(b).rank == 2 else multiply_vector(a, b)
    if tuple(product.size) != tuple(c.size):
        raise dimension_mismatch(
            f"C has dimensions {size_text(c.size)}, should have {size_text(product.size)}")
    assign_broadcast(c, product)
    return c


@_define("mul!", t.AbstractArray, t.AbstractArray, t.AbstractArray, t.Number, t.Number)
def multiply_and_add_into(c, a, b, scale, keep):
    """c = a b scale + c keep."""
    product = multiply_matrices(a, b) if as_array(b).rank == 2 else multiply_vector(a, b)
    plus, times = function("+"), function("*")
    assign_broadcast(c, broadcast(plus, [broadcast(times, [product, scale]), broadcast(times, [c, keep])]))
    return c


@_define("rmul!", t.AbstractArray, t.Number)
def scale_in_place(a, number):
    assign_broadcast(a, broadcast(function("*"), [a, number]))
    return a


@_define("lmul!", t.Number, t.AbstractArray)
def scale_in_place_from_left(number, a):
    return scale_in_place(a, number)


@_define("axpy!", t.Number, t.AbstractArray, t.AbstractArray)
def add_multiple(scale, x, y):
    """y = scale x + y."""
    assign_broadcast(y, broadcast(function("muladd"), [scale, x, y]))
    return y


@_define("axpby!", t.Number, t.AbstractArray, t.Number, t.AbstractArray)
def add_multiples(scale, x, keep, y):
    """y = scale x + keep y."""
    assign_broadcast(y, broadcast(function("muladd"), [scale, x, broadcast(function("*"), [keep, y])]))
    return y


@define("clamp!", t.AbstractArray, t.Real, t.Real)
def clamp_in_place(x, low, high):
    assign_broadcast(x, broadcast(function("clamp"), [x, low, high]))
    return x


@define("copy!", t.AbstractArray, t.AbstractArray)
def copy_over(destination, source):
    """Makes the destination equal to the source, for vectors also in length."""
    from .assignment import refuse_range

    refuse_range(destination)
    source = as_array(source)
    if destination.rank == 1 and source.rank == 1 and is_numeric(source):
        from .conversion import convert_array

        payload = staging.read(convert_array(destination.element, source))
        staging.write(destination, payload.copy() if not isinstance(payload, Value) else payload)
        return destination
    return call(function("copyto!"), (destination, source))


@define("broadcast", t.Any, t.Any, ...)
def broadcast_function(f, *arguments):
    """`f.(arguments...)`."""
    return broadcast(f, list(arguments))


@define("broadcast!", t.Any, t.AbstractArray, t.Any, ...)
def broadcast_into(f, destination, *arguments):
    from .assignment import refuse_range

    refuse_range(destination)
    assign_broadcast(destination, broadcast(f, list(arguments)))
    return destination


@define("isassigned", t.AbstractArray, t.Integer, ...)
def is_assigned(x, *indices):
    return call(function("checkbounds"), (t.Bool, x, *indices))


@define("keys", t.AbstractVector)
def keys(x):
    return call(function("eachindex"), (x,))


@define("keys", t.AbstractArray)
def cartesian_keys(x):
    from .cartesian_indices import cartesian_indices

    return cartesian_indices(None, x)
