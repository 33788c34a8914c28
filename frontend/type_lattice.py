"""The lattice of types: data types with parameters, unions, `where`, and the relation `<:` between them.

A `TypeFamily` is a declaration (`struct Point{T} … end`); a `DataType` is the family applied to parameters
and is interned, so that equal data types are identical. Subtyping follows the Julia manual: parameters are
invariant, tuples are covariant, a `where` variable on the right stands for whatever makes the relation true,
one on the left for any type within its bounds.
"""

from functools import cache


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
        return f"<DataType {self.name} {self.parameters}>"


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
        return f"<UnionAll {self.variable} {self.body}>"


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
        return f"<UnionType {set(self.members)}>"


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
        return TupleFamily.apply(*parameters)
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


# --- the types that subtyping knows of ----------------------------------------------------------------------

Any = TypeFamily("Any", abstract=True).apply()
Any._supertype = Any
Bottom = UnionType(())
"""`Union{}`, a subtype of all."""
TupleFamily = TypeFamily("Tuple")
TypeOfTypeFamily = TypeFamily("Type", (TypeVar("T"),), abstract=True)
TypeOfType = TypeOfTypeFamily.wrapper
DataTypeType = TypeFamily("DataType", supertype=TypeOfType).apply()


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
