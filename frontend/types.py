"""Julia's own types, as programs name them, and the element types that numbers have in arrays and graphs."""

from functools import cache

import numpy as np

from ..compiler import types as element_types
from .type_lattice import (
    Any,
    Bottom,
    DataTypeType,
    TupleFamily,
    TypeFamily,
    TypeOfType,
    TypeVar,
    UnionAll,
    UnionType,
    VarargType,
    unwrap,
)

BUILTIN_TYPES: dict[str, object] = {"Any": Any}


def declare(name, supertype=Any, *, abstract=False, mutable=False, parameters=(), fields=()):
    """Declares a built-in type and returns it (with its parameters free, if any)."""
    family = TypeFamily(name, parameters, supertype, abstract=abstract, mutable=mutable, field_names=fields,
                        field_types=(Any,) * len(fields))
    BUILTIN_TYPES[name] = family.wrapper
    return family.wrapper


BUILTIN_TYPES["Type"], BUILTIN_TYPES["DataType"] = TypeOfType, DataTypeType
UnionAllType = declare("UnionAll", TypeOfType)
UnionTypeType = declare("Union", TypeOfType)

Number = declare("Number", abstract=True)
Real = declare("Real", Number, abstract=True)
Integer = declare("Integer", Real, abstract=True)
Signed = declare("Signed", Integer, abstract=True)
Unsigned = declare("Unsigned", Integer, abstract=True)
AbstractFloat = declare("AbstractFloat", Real, abstract=True)
AbstractIrrational = declare("AbstractIrrational", Real, abstract=True)
Irrational = declare("Irrational", AbstractIrrational, parameters=(TypeVar("sym"),))
Bool = declare("Bool", Integer)
Int8, Int16, Int32, Int64 = (declare(f"Int{bits}", Signed) for bits in (8, 16, 32, 64))
UInt8, UInt16, UInt32, UInt64 = (declare(f"UInt{bits}", Unsigned) for bits in (8, 16, 32, 64))
Float16, Float32, Float64 = (declare(f"Float{bits}", AbstractFloat) for bits in (16, 32, 64))
BFloat16 = declare("BFloat16", AbstractFloat)
_ComplexT = TypeVar("T", Real)
Complex = declare("Complex", Number, parameters=(_ComplexT,), fields=("re", "im"))
BUILTIN_TYPES["Int"], BUILTIN_TYPES["UInt"] = Int64, UInt64
AbstractString = declare("AbstractString", abstract=True)
String = declare("String", AbstractString)
SubString = declare("SubString", AbstractString, parameters=(TypeVar("T"),))
AbstractChar = declare("AbstractChar", abstract=True)
Char = declare("Char", AbstractChar)
Symbol = declare("Symbol")
Nothing = declare("Nothing")
Missing = declare("Missing")
Module = declare("Module")
Function = declare("Function", abstract=True)
Regex = declare("Regex")
Colon = declare("Colon", Function)
IO = declare("IO", abstract=True)
Exception_ = declare("Exception", abstract=True)
Expr = declare("Expr")

_T, _N = TypeVar("T"), TypeVar("N")
AbstractArray = declare("AbstractArray", abstract=True, parameters=(_T, _N))
_T2, _N2 = TypeVar("T"), TypeVar("N")
DenseArray = declare(
    "DenseArray", unwrap(AbstractArray).family.apply(_T2, _N2), abstract=True, parameters=(_T2, _N2)
)
_T3, _N3 = TypeVar("T"), TypeVar("N")
Array = declare("Array", unwrap(DenseArray).family.apply(_T3, _N3), mutable=True, parameters=(_T3, _N3))
ArrayFamily = unwrap(Array).family
AbstractArrayFamily = unwrap(AbstractArray).family
_T4, _N4, _P4, _I4, _L4 = map(TypeVar, "TNPIL")
SubArray = declare("SubArray", AbstractArrayFamily.apply(_T4, _N4), parameters=(_T4, _N4, _P4, _I4, _L4))
_N5 = TypeVar("N")
BitArray = declare("BitArray", AbstractArrayFamily.apply(Bool, _N5), mutable=True, parameters=(_N5,))
BitFamily = unwrap(BitArray).family
BitVector = BUILTIN_TYPES["BitVector"] = BitFamily.apply(1)
BitMatrix = BUILTIN_TYPES["BitMatrix"] = BitFamily.apply(2)


def _alias(name, family, count):
    variable = TypeVar("T")
    BUILTIN_TYPES[name] = alias = UnionAll(variable, family.apply(variable, count))
    return alias


Vector = _alias("Vector", ArrayFamily, 1)
Matrix = _alias("Matrix", ArrayFamily, 2)
AbstractVector = _alias("AbstractVector", AbstractArrayFamily, 1)
AbstractMatrix = _alias("AbstractMatrix", AbstractArrayFamily, 2)
DenseVector = _alias("DenseVector", unwrap(DenseArray).family, 1)
DenseMatrix = _alias("DenseMatrix", unwrap(DenseArray).family, 2)
AbstractVecOrMat = BUILTIN_TYPES["AbstractVecOrMat"] = (
    lambda t: UnionAll(t, UnionType((AbstractArrayFamily.apply(t, 1), AbstractArrayFamily.apply(t, 2))))
)(TypeVar("T"))
VecOrMat = BUILTIN_TYPES["VecOrMat"] = (
    lambda t: UnionAll(t, UnionType((ArrayFamily.apply(t, 1), ArrayFamily.apply(t, 2)))))(TypeVar("T"))

_T6 = TypeVar("T")
AbstractRange = declare("AbstractRange", AbstractArrayFamily.apply(_T6, 1), abstract=True, parameters=(_T6,))
_RangeFamily = unwrap(AbstractRange).family
_T7 = TypeVar("T")
OrdinalRange = declare("OrdinalRange", _RangeFamily.apply(_T7), abstract=True, parameters=(_T7, TypeVar("S")))
_T8 = TypeVar("T")
AbstractUnitRange = declare("AbstractUnitRange", unwrap(OrdinalRange).family.apply(_T8, _T8), abstract=True,
                            parameters=(_T8,))
_T9 = TypeVar("T")
UnitRange = declare("UnitRange", unwrap(AbstractUnitRange).family.apply(_T9), parameters=(_T9,),
                    fields=("start", "stop"))
_T10 = TypeVar("T")
OneTo = declare("OneTo", unwrap(AbstractUnitRange).family.apply(_T10), parameters=(_T10,), fields=("stop",))
_T11, _S11 = TypeVar("T"), TypeVar("S")
StepRange = declare("StepRange", unwrap(OrdinalRange).family.apply(_T11, _S11), parameters=(_T11, _S11),
                    fields=("start", "step", "stop"))
_T12 = TypeVar("T")
StepRangeLen = declare("StepRangeLen", _RangeFamily.apply(_T12), parameters=(_T12, TypeVar("R"), TypeVar("S"),
                                                                            TypeVar("L")),
                       fields=("ref", "step", "len", "offset"))

Tuple = TupleFamily.apply(VarargType(Any))
BUILTIN_TYPES["Tuple"] = Tuple
_names, _types = TypeVar("names"), TypeVar("T")
NamedTuple = declare("NamedTuple", parameters=(_names, _types))
NamedTupleFamily = unwrap(NamedTuple).family
_K, _V = TypeVar("K"), TypeVar("V")
AbstractDict = declare("AbstractDict", abstract=True, parameters=(_K, _V))
_K2, _V2 = TypeVar("K"), TypeVar("V")
Dict = declare("Dict", unwrap(AbstractDict).family.apply(_K2, _V2), mutable=True, parameters=(_K2, _V2))
_K3, _V3 = TypeVar("K"), TypeVar("V")
IdDict = declare("IdDict", unwrap(AbstractDict).family.apply(_K3, _V3), mutable=True, parameters=(_K3, _V3))
_T13 = TypeVar("T")
AbstractSet = declare("AbstractSet", abstract=True, parameters=(_T13,))
_T14 = TypeVar("T")
Set = declare("Set", unwrap(AbstractSet).family.apply(_T14), mutable=True, parameters=(_T14,))
Generator = declare("Generator", parameters=(TypeVar("I"), TypeVar("F")))
BUILTIN_TYPES["Union"] = Bottom


def tuple_type(*parameters):
    """`Tuple{parameters…}`."""
    return TupleFamily.apply(*parameters)


def named_tuple_type(names, types):
    """`NamedTuple{names, Tuple{types…}}`; `names` are str, kept as a tuple of names."""
    return NamedTupleFamily.apply(tuple(names), tuple_type(*types))


@cache
def array_type(element, rank):
    """`Array{element, rank}`."""
    return ArrayFamily.apply(element, rank)


# --- numbers ------------------------------------------------------------------------------------------------

NUMPY_TYPES = {
    Bool: np.bool_, Int8: np.int8, Int16: np.int16, Int32: np.int32, Int64: np.int64, UInt8: np.uint8,
    UInt16: np.uint16, UInt32: np.uint32, UInt64: np.uint64, Float16: np.float16, Float32: np.float32,
    Float64: np.float64, BFloat16: element_types.BF16.numpy.type,
}
JULIA_TYPES = {np.dtype(numpy): julia for julia, numpy in NUMPY_TYPES.items()}
ELEMENT_TYPES = {julia: element_types.element_type_of(numpy) for julia, numpy in NUMPY_TYPES.items()}
FROM_ELEMENT = {element: julia for julia, element in ELEMENT_TYPES.items()}
NUMPY_TYPES[Complex.body.family.apply(Float64)] = np.complex128
NUMPY_TYPES[Complex.body.family.apply(Float32)] = np.complex64
JULIA_TYPES[np.dtype(np.complex128)] = BUILTIN_TYPES["ComplexF64"] = Complex.body.family.apply(Float64)
JULIA_TYPES[np.dtype(np.complex64)] = BUILTIN_TYPES["ComplexF32"] = Complex.body.family.apply(Float32)
