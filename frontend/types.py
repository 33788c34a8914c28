"""Julia's types: data types with parameters, unions, `where`, subtyping and promotion.

A `TypeFamily` is a declaration (`struct Point{T} … end`); a `DataType` is the family applied to parameters
and is interned, so that equal data types are identical. Subtyping follows the Julia manual: parameters are
invariant, tuples are covariant, a `where` variable on the right stands for whatever makes the relation true,
one on the left for any type within its bounds.
"""

from functools import cache

import numpy as np

from ..compiler import types as element_types


class TypeFamily:
    """A declared type constructor: its name, parameters, supertype, fields. `supertype` and `field_types` may
    mention the parameters' `TypeVar`s."""

    def __init__(self, name, parameters=(), supertype=None, *, abstract=False, mutable=False,
                 field_names=(), field_types=(), module=None):
        self.name, self.parameters, self.supertype = name, tuple(parameters), supertype
        self.abstract, self.mutable, self.module = abstract, mutable, module
        self.field_names, self.field_types = tuple(field_names), tuple(field_types)
        self.field_index = {field: index for index, field in enumerate(self.field_names)}
        self.constant_fields = frozenset()
        self.instances = {}
        self.constructors = None  # the method table of `Name(…)`, made by dispatch
        self.inner_constructors = False
        self.documentation = None

    def apply(self, *parameters) -> "DataType":
        """The family at these parameters (types or values), interned."""
        key = tuple((type(p).__name__, p) for p in parameters)
        instance = self.instances.get(key)
        if instance is None:
            instance = self.instances[key] = DataType(self, parameters)
        return instance

    @property
    def wrapper(self):
        """The type with its parameters free: `Point` for `Point{T} where T`; the plain type when it has
        none."""
        return _wrapper(self)

    def __repr__(self):
        return f"<TypeFamily {self.name}>"


@cache
def _wrapper(family):
    result = family.apply(*family.parameters)
    for variable in reversed(family.parameters):
        result = UnionAll(variable, result)
    return result


class DataType:
    """A type family applied to parameters."""

    __slots__ = ("family", "parameters", "_supertype", "_field_types", "_cache")

    def __init__(self, family, parameters):
        self.family, self.parameters = family, tuple(parameters)
        self._supertype = self._field_types = None
        self._cache = {}

    @property
    def name(self):
        return self.family.name

    @property
    def supertype(self):
        if self._supertype is None:
            declared = self.family.supertype
            self._supertype = Any if declared is None else substitute(declared, self._bindings())
        return self._supertype

    @property
    def field_types(self):
        if self._field_types is None:
            bindings = self._bindings()
            self._field_types = tuple(substitute(t, bindings) for t in self.family.field_types)
        return self._field_types

    def _bindings(self):
        return dict(zip(self.family.parameters, self.parameters, strict=False))

    def __repr__(self):
        return f"<DataType {type_name(self)}>"


class TypeVar:
    """A type variable with bounds, as `where` introduces it."""

    __slots__ = ("name", "lower", "upper")

    def __init__(self, name, upper=None, lower=None):
        self.name, self.upper, self.lower = name, upper, lower

    def __repr__(self):
        return f"<TypeVar {self.name}>"


class UnionAll:
    """`body where variable`. Equal when alike up to the variables' names (compared by mutual subtyping)."""

    __slots__ = ("variable", "body")

    def __init__(self, variable, body):
        self.variable, self.body = variable, body

    def __repr__(self):
        return f"<UnionAll {type_name(self)}>"


class UnionType:
    """`Union{…}` of members, none a union itself; `Union{}` has none."""

    __slots__ = ("members",)

    def __init__(self, members):
        self.members = frozenset(members)

    def __eq__(self, other):
        return isinstance(other, UnionType) and self.members == other.members

    def __hash__(self):
        return hash(self.members)

    def __repr__(self):
        return f"<UnionType {type_name(self)}>"


class VarargType:
    """`Vararg{element, count}`, the last parameter of a tuple type; count None is any number."""

    __slots__ = ("element", "count")

    def __init__(self, element, count=None):
        self.element, self.count = element, count

    def __eq__(self, other):
        return isinstance(other, VarargType) and (self.element, self.count) == (other.element, other.count)

    def __hash__(self):
        return hash((VarargType, self.element, self.count))


TYPE_CLASSES = (DataType, UnionAll, UnionType, TypeVar)


def is_type(value):
    """Whether a value is a Julia type."""
    return isinstance(value, TYPE_CLASSES)


def union(*members):
    """`Union{members…}`: flattened, members that others contain dropped; a single one is itself."""
    flat = []
    for member in members:
        for item in member.members if isinstance(member, UnionType) else (member,):
            if item not in flat:
                flat.append(item)
    kept = [
        t for t in flat if not any(o is not t and is_subtype(t, o) and not is_subtype(o, t) for o in flat)
    ]
    return kept[0] if len(kept) == 1 else UnionType(kept)


def substitute(type_, bindings):
    """A type with type variables replaced."""
    if not bindings:
        return type_
    if isinstance(type_, TypeVar):
        return bindings.get(type_, type_)
    if isinstance(type_, DataType):
        if not type_.parameters:
            return type_
        parameters = tuple(substitute(p, bindings) for p in type_.parameters)
        return type_ if parameters == type_.parameters else type_.family.apply(*parameters)
    if isinstance(type_, UnionType):
        return union(*(substitute(m, bindings) for m in type_.members))
    if isinstance(type_, UnionAll):
        return UnionAll(type_.variable, substitute(type_.body, bindings))
    if isinstance(type_, VarargType):
        return VarargType(substitute(type_.element, bindings), substitute(type_.count, bindings))
    return type_


def instantiate(type_, parameters):
    """`type{parameters…}`: the outermost `where` variables replaced in order. ValueError when there are too
    many."""
    if isinstance(type_, DataType) and type_.family is TupleFamily and not type_.parameters:
        return tuple_type(*parameters)
    for parameter in parameters:
        if not isinstance(type_, UnionAll):
            raise ValueError("too many parameters for type")
        type_ = substitute(type_.body, {type_.variable: parameter})
    return type_


def unwrap(type_):
    """The body of a `where` type below all its variables."""
    while isinstance(type_, UnionAll):
        type_ = type_.body
    return type_


# --- subtyping ----------------------------------------------------------------------------------------------


def is_subtype(a, b) -> bool:
    """`a <: b`."""
    return a is b or match(a, b, {})


def match(a, b, bindings) -> bool:
    """`a <: b` where `bindings` collects what the variables of `b` in it stand for (its keys are those
    variables)."""
    if a is b or b is Any:
        return True
    if isinstance(b, UnionAll):
        if isinstance(a, UnionAll):
            return match(a.body, b, bindings)
        if isinstance(a, UnionType):  # each member may choose the variable anew
            return all(match(member, b, dict(bindings)) for member in a.members)
        inner = dict(bindings)
        inner[b.variable] = None
        ok = match(a, b.body, inner)
        bound = inner[b.variable]
        if (
            ok
            and isinstance(bound, DataType | UnionType | UnionAll)
            and not is_concrete(bound)
            and getattr(bound, "family", None) is not TypeOfTypeFamily
            and _is_diagonal(b.variable, b.body)
        ):
            return False
        if ok:
            for variable in bindings:
                bindings[variable] = inner[variable]
        return ok
    if isinstance(a, UnionType):
        return all(match(member, b, bindings) for member in a.members)
    if isinstance(b, TypeVar):
        if b in bindings:
            bound = bindings[b]
            if bound is not None:
                return _same(a, bound) or (not is_concrete(bound) and match(a, bound, bindings))
            if not match(a, b.upper if b.upper is not None else Any, bindings):
                return False
            if b.lower is not None and not is_subtype(b.lower, a):
                return False
            bindings[b] = a
            return True
        return b.lower is not None and match(a, b.lower, bindings)
    if isinstance(b, UnionType):
        for member in b.members:
            trial = dict(bindings)
            if match(a, member, trial):
                bindings.update(trial)
                return True
        if not isinstance(a, TypeVar):
            return False
    if isinstance(a, UnionAll):
        return match(a.body, b, bindings)
    if isinstance(a, TypeVar):
        return match(a.upper if a.upper is not None else Any, b, bindings)
    if not isinstance(a, DataType) or not isinstance(b, DataType):
        return False
    if b.family is TupleFamily:
        return a.family is TupleFamily and _match_tuple(a.parameters, b.parameters, bindings)
    if b.family is TypeOfTypeFamily:
        if a.family is TypeOfTypeFamily:
            return _match_parameter(a.parameters[0], b.parameters[0], bindings)
        return a is DataTypeType and isinstance(b.parameters[0], TypeVar)
    while a.family is not b.family:
        a = unwrap(a.supertype)
        if a is Any:
            return False
    return all(_match_parameter(p, q, bindings) for p, q in zip(a.parameters, b.parameters, strict=False))


def _is_diagonal(variable, type_):
    """Whether a variable stands for a concrete type: it occurs in a tuple more than once, and not as a
    parameter."""
    covariant = 0
    pending = [type_]
    while pending:
        part = pending.pop()
        if part is variable:
            covariant += 1
        elif isinstance(part, UnionAll):
            pending.append(part.body)
        elif isinstance(part, UnionType):
            pending.extend(part.members)
        elif isinstance(part, VarargType):
            pending += [part.element] * 2
        elif isinstance(part, DataType) and part.family is TupleFamily:
            pending.extend(part.parameters)
        elif isinstance(part, DataType) and substitute(part, {variable: Bottom}) is not part:
            return False
    return covariant > 1


def _match_parameter(p, q, bindings):
    """Invariant position: equality, or binding of a variable."""
    if p is q:
        return True
    if isinstance(q, TypeVar) and q in bindings:
        bound = bindings[q]
        if bound is not None:
            return _same(p, bound)
        if isinstance(p, TYPE_CLASSES):
            if q.upper is not None and not match(p, q.upper, bindings):
                return False
            if q.lower is not None and not is_subtype(q.lower, p):
                return False
        elif q.upper is not None and q.upper is not Any:
            return False
        bindings[q] = p
        return True
    if not is_type(p) or not is_type(q):
        return type(p) is type(q) and p == q
    if isinstance(p, TypeVar) or isinstance(q, TypeVar):
        return False
    if isinstance(p, DataType) and isinstance(q, DataType) and p.family is not q.family:
        return False
    if isinstance(p, UnionAll) != isinstance(q, UnionAll):
        return False
    return match(p, q, bindings) and match(
        substitute(q, {k: v for k, v in bindings.items() if v is not None}), p, {}
    )


def _same(a, b):
    if a is b:
        return True
    if not is_type(a) or not is_type(b):
        return type(a) is type(b) and a == b
    if isinstance(a, TypeVar) or isinstance(b, TypeVar):
        return False
    return is_subtype(a, b) and is_subtype(b, a)


def _match_tuple(ps, qs, bindings):
    p_rest = ps[-1] if ps and isinstance(ps[-1], VarargType) else None
    q_rest = qs[-1] if qs and isinstance(qs[-1], VarargType) else None
    p_fixed = ps[:-1] if p_rest else ps
    q_fixed = qs[:-1] if q_rest else qs
    if len(p_fixed) < len(q_fixed) or (p_rest and not q_rest):
        return False
    if not q_rest and len(p_fixed) != len(q_fixed):
        return False
    for p, q in zip(p_fixed, q_fixed, strict=False):
        if not match(p, q, bindings):
            return False
    if q_rest:
        extra = p_fixed[len(q_fixed):]
        if isinstance(q_rest.count, int) and (p_rest or len(extra) != q_rest.count):
            return False
        if isinstance(q_rest.count, TypeVar) and not p_rest and q_rest.count in bindings:
            if bindings[q_rest.count] is None:
                bindings[q_rest.count] = len(extra)
            elif bindings[q_rest.count] != len(extra):
                return False
        return all(
            match(p, q_rest.element, bindings) for p in (*extra, *([p_rest.element] if p_rest else ()))
        )
    return True


def is_concrete(type_):
    """Whether values can have exactly this type."""
    return (isinstance(type_, DataType) and not type_.family.abstract
            and not any(isinstance(p, TypeVar) for p in type_.parameters))


def typejoin(a, b):
    """The closest common supertype, as Julia's `typejoin`."""
    if is_subtype(a, b):
        return b
    if is_subtype(b, a):
        return a
    if isinstance(a, UnionType) or isinstance(b, UnionType):
        return Any
    a, b = unwrap(a), unwrap(b)
    while isinstance(a, DataType) and a is not Any:
        if isinstance(b, DataType):
            other = b
            while other is not Any:
                if other.family is a.family:
                    return a if a is other else a.family.wrapper
                other = unwrap(other.supertype)
        a = unwrap(a.supertype)
    return Any


# --- the built-in lattice -----------------------------------------------------------------------------------

AnyFamily = TypeFamily("Any", abstract=True)
Any = AnyFamily.apply()
Any._supertype = Any
Bottom = UnionType(())
BUILTIN_TYPES: dict[str, object] = {"Any": Any}


def declare(name, supertype=Any, *, abstract=False, mutable=False, parameters=(), fields=()):
    """Declares a built-in type and returns it (with its parameters free, if any)."""
    family = TypeFamily(name, parameters, supertype, abstract=abstract, mutable=mutable, field_names=fields,
                        field_types=(Any,) * len(fields))
    BUILTIN_TYPES[name] = family.wrapper
    return family.wrapper


Type_T = TypeVar("T")
TypeOfTypeFamily = TypeFamily("Type", (Type_T,), abstract=True)
TypeOfType = TypeOfTypeFamily.wrapper
BUILTIN_TYPES["Type"] = TypeOfType
DataTypeType = declare("DataType", TypeOfType)
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

TupleFamily = TypeFamily("Tuple")
Tuple = tuple_any = TupleFamily.apply(VarargType(Any))
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

_FLOAT_ORDER = {Float16: 0, Float32: 1, Float64: 2}
_SIGNED_BITS = {Int8: 8, Int16: 16, Int32: 32, Int64: 64}
_UNSIGNED_BITS = {UInt8: 8, UInt16: 16, UInt32: 32, UInt64: 64}


@cache
def promote_type(a, b):
    """Julia's `promote_type` for built-in types; other pairs join."""
    if a is b:
        return a
    if a is Bottom or b is Bottom:
        return b if a is Bottom else a
    for x, y in ((a, b), (b, a)):
        if isinstance(x, DataType) and x.family is Irrational.body.family:
            if isinstance(y, DataType) and y.family is Irrational.body.family:
                return Float64
            return y if y in _FLOAT_ORDER or y is BFloat16 else promote_type(Float64, y)
        if isinstance(x, DataType) and x.family is Complex.body.family and is_subtype(y, Number):
            other = y.parameters[0] if y.family is Complex.body.family else y
            return Complex.body.family.apply(promote_type(x.parameters[0], other))
        if x in _FLOAT_ORDER:
            if y in _FLOAT_ORDER:
                return x if _FLOAT_ORDER[x] >= _FLOAT_ORDER[y] else y
            if y is BFloat16:
                return Float32 if x is Float16 else x
            if is_subtype(y, Integer):
                return x
        if x is BFloat16 and is_subtype(y, Integer):
            return x
        if x is Bool and is_subtype(y, Number):
            return y
        if x in _SIGNED_BITS and y in _SIGNED_BITS:
            return x if _SIGNED_BITS[x] >= _SIGNED_BITS[y] else y
        if x in _UNSIGNED_BITS and y in _UNSIGNED_BITS:
            return x if _UNSIGNED_BITS[x] >= _UNSIGNED_BITS[y] else y
        if x in _SIGNED_BITS and y in _UNSIGNED_BITS:  # same size: unsigned; otherwise the larger
            return x if _SIGNED_BITS[x] > _UNSIGNED_BITS[y] else y
    for x, y in ((a, b), (b, a)):
        if x is Nothing or x is Missing:
            return union(x, y)
    return typejoin(a, b)


# --- names --------------------------------------------------------------------------------------------------


def type_name(type_) -> str:
    """A type as Julia prints it: `Vector{Float32}`, `Tuple{Int64, Vararg{Any}}`, `Array{T} where T`."""
    if isinstance(type_, DataType):
        if type_.family is Complex.body.family and type_.parameters[0] in (Float32, Float64):
            return "ComplexF32" if type_.parameters[0] is Float32 else "ComplexF64"
        if type_.family is TupleFamily:
            if type_.parameters == (VarargType(Any),):
                return "Tuple"
            if len(type_.parameters) > 3 and len(set(map(id, type_.parameters))) == 1:
                return f"NTuple{{{len(type_.parameters)}, {parameter_name(type_.parameters[0])}}}"
            return f"Tuple{{{', '.join(map(parameter_name, type_.parameters))}}}"
        if type_.family is NamedTupleFamily and isinstance(type_.parameters[0], tuple):
            names, types = type_.parameters
            body = ", ".join(f"{n}::{type_name(t)}" for n, t in zip(names, types.parameters, strict=False))
            return f"@NamedTuple{{{body}}}"
        name, parameters = _written(type_)
        return _applied_name(name, map(parameter_name, parameters))
    if isinstance(type_, UnionType):
        return f"Union{{{', '.join(map(type_name, sorted(type_.members, key=_union_order)))}}}"
    if isinstance(type_, TypeVar):
        return type_.name
    if isinstance(type_, VarargType):
        return parameter_name(type_)
    if isinstance(type_, UnionAll):
        return _where_name(type_)
    return str(type_)


def _union_order(member):
    """The order in which Julia lists the members of a union: singletons, plain numbers, others; each by
    name."""
    rank = 0 if member in (Nothing, Missing) else 1 if member in NUMPY_TYPES or member is Char else 2
    return rank, type_name(member)


def bound_name(variable):
    name = "" if variable.name.startswith("#") else variable.name
    if name and not _is_bounded(variable):
        return name
    return f"{name}<:{type_name(Any if variable.upper is None else variable.upper)}"


def _written(type_):
    """The name and parameters that a data type is written with: those of `Vector` and its like, else its
    own."""
    rank = type_.parameters[1] if type_.family in (ArrayFamily, AbstractArrayFamily) else None
    if type(rank) is int and rank in (1, 2):
        prefix = "Abstract" if type_.family is AbstractArrayFamily else ""
        return prefix + ("Vector", "Matrix")[rank - 1], type_.parameters[:1]
    if type_.family is OneTo.body.family:
        return "Base.OneTo", type_.parameters
    if type_ is BitVector or type_ is BitMatrix:
        return "BitVector" if type_ is BitVector else "BitMatrix", ()
    return type_.family.name, type_.parameters


def _applied_name(name, parameters):
    text = ", ".join(parameters)
    return f"{name}{{{text}}}" if text else name


def _where_name(type_):
    """A type with free variables: `Array{Float64}`, `Vector{<:Real}`, `Pair{T, T} where T`."""
    if type_ is VecOrMat or type_ is AbstractVecOrMat:
        return "VecOrMat" if type_ is VecOrMat else "AbstractVecOrMat"
    variables, body = [], type_
    while isinstance(body, UnionAll):
        variables.append(body.variable)
        body = body.body
    if not isinstance(body, DataType) or body.family is TupleFamily:
        text = type_name(body)
    else:
        name, parameters = _written(body)
        parameters = list(parameters)
        while variables and parameters[-1:] == variables[-1:] and not _is_bounded(variables[-1]) \
                and parameters.count(variables[-1]) == 1:
            variables.pop()
            parameters.pop()
        variables = [v for v in variables if not v.name.startswith("#")]  # written in place: `<:Real`
        text = _applied_name(name, map(parameter_name, parameters))
    if not variables:
        return text
    bounds = [bound_name(v) for v in variables]
    return f"{text} where {bounds[0] if len(bounds) == 1 else '{' + ', '.join(bounds) + '}'}"


def _is_bounded(variable):
    return variable.upper is not None and variable.upper is not Any


def parameter_name(parameter):
    if isinstance(parameter, TypeVar) and parameter.name.startswith("#"):
        return bound_name(parameter)
    if is_type(parameter):
        return type_name(parameter)
    if isinstance(parameter, VarargType):
        count = "" if parameter.count is None else f", {parameter_name(parameter.count)}"
        return f"Vararg{{{type_name(parameter.element)}{count}}}"
    if isinstance(parameter, bool):
        return "true" if parameter else "false"
    if isinstance(parameter, str):
        return f":{parameter}"
    if isinstance(parameter, tuple):
        return "(" + ", ".join(map(parameter_name, parameter)) + ("," if len(parameter) == 1 else "") + ")"
    return str(parameter)
