"""
    ChainRulesCore

What rules of differentiation are written with: [`rrule`](@ref) and [`frule`](@ref), the types of tangents, thunks,
projections. The macros `@scalar_rule`, `@non_differentiable`, `@opt_out` and `@thunk` are builtins.
"""
module ChainRulesCore

using LinearAlgebra
using Derivatives: rrule, frule, ignore_derivatives, pullback
import Derivatives

export rrule, frule, rrule_via_ad, frule_via_ad, RuleConfig, HasReverseMode, NoReverseMode, HasForwardsMode,
    NoForwardsMode
export AbstractTangent, AbstractZero, NoTangent, ZeroTangent, Tangent, MutableTangent, StructuralTangent
export AbstractThunk, Thunk, InplaceableThunk, unthunk
export ProjectTo, canonicalize, add!!, ignore_derivatives, zero_tangent

abstract type AbstractTangent end
abstract type AbstractZero <: AbstractTangent end
abstract type AbstractThunk <: AbstractTangent end

"""
    ZeroTangent()

The tangent that is zero: it acts as 0 in sums and products.
"""
struct ZeroTangent <: AbstractZero end

"""
    NoTangent()

The tangent of what has no derivative, such as an index or a size. It acts as zero.
"""
struct NoTangent <: AbstractZero end

"""
    Tangent{P}(parts...)
    Tangent{P}(; parts...)

The tangent of a tuple, a named tuple or a struct of type `P`: a tangent for each part; what is left out is
`ZeroTangent()`.
"""
struct Tangent{P, T} <: AbstractTangent
    backing::T
end
Tangent{P}(parts...) where P = Tangent{P, typeof(parts)}(parts)
function Tangent{P}(; parts...) where P
    named = NamedTuple(parts)
    return Tangent{P, typeof(named)}(named)
end
const StructuralTangent = Tangent
const MutableTangent = Tangent

# The tangent of a value of type `P` with these parts.
tangent_of(P, parts::T) where T = Tangent{P, T}(parts)

"""
    backing(x)

The tuple or named tuple of the parts of a tangent.
"""
backing(x::Tangent) = getfield(x, :backing)
backing(x::Union{Tuple, NamedTuple}) = x

function Base.getproperty(x::Tangent, name::Symbol)
    parts = backing(x)
    return haskey(parts, name) ? unthunk(parts[name]) : ZeroTangent()
end
Base.propertynames(x::Tangent) = propertynames(backing(x))
Base.getindex(x::Tangent, i) = unthunk(backing(x)[i])
Base.length(x::Tangent) = length(backing(x))
Base.iterate(x::Tangent, state...) = iterate(backing(x), state...)
Base.first(x::Tangent) = unthunk(first(backing(x)))
Base.last(x::Tangent) = unthunk(last(backing(x)))
Base.keys(x::Tangent) = keys(backing(x))
Base.haskey(x::Tangent, i) = haskey(backing(x), i)
Base.map(f, x::Tangent{P}) where P = tangent_of(P, map(f, backing(x)))
Base.:(==)(a::Tangent, b::Tangent) = backing(a) == backing(b)
Base.iszero(x::Tangent) = all(iszero, values(backing(x)))
function Base.show(io::IO, x::Tangent{P}) where P
    parts = backing(x)
    print(io, "Tangent{", P, "}")
    parts isa NamedTuple && isempty(parts) && return print(io, "()")
    parts isa Tuple && return print(io, isempty(parts) ? "()" : string("(", join(map(repr, parts), ", "), ")"))
    print(io, "(", join(["$key = $(repr(parts[key]))" for key in keys(parts)], ", "), ")")
end

"""
    canonicalize(tangent)

The tangent with all fields of its primal type, `ZeroTangent()` where there was none.
"""
function canonicalize(x::Tangent{P}) where P
    backing(x) isa Tuple && return x
    names = fieldnames(P)
    return tangent_of(P, NamedTuple{names}(map(name -> getproperty(x, name), names)))
end
canonicalize(x::AbstractZero) = x

# --- zeros ---------------------------------------------------------------------------------------------

Base.:+(::AbstractZero, ::ZeroTangent) = ZeroTangent()
Base.:+(::ZeroTangent, ::NoTangent) = ZeroTangent()
Base.:+(::NoTangent, ::NoTangent) = NoTangent()
Base.:+(::AbstractZero, x) = x
Base.:+(x, ::AbstractZero) = x
Base.:+(x::AbstractZero) = x
Base.:-(x::AbstractZero) = x
Base.:-(x, ::AbstractZero) = x
Base.:-(::AbstractZero, x) = -x
Base.:-(x::AbstractZero, ::AbstractZero) = x
Base.:*(x::AbstractZero, ::Any) = x
Base.:*(::Any, x::AbstractZero) = x
Base.:*(x::AbstractZero, ::AbstractZero) = x
Base.:/(x::AbstractZero, ::Any) = x
Base.iszero(::AbstractZero) = true
Base.zero(x::AbstractZero) = x
Base.zero(::Type{<:AbstractTangent}) = ZeroTangent()
Base.conj(x::AbstractZero) = x
Base.real(x::AbstractZero) = x
Base.imag(x::AbstractZero) = x
Base.sum(x::AbstractZero; dims = :) = x
Base.getindex(x::AbstractZero, i...) = x
Base.first(x::AbstractZero) = x
Base.last(x::AbstractZero) = x
Base.iterate(x::AbstractZero, state = nothing) = (x, nothing)
Base.convert(::Type{T}, ::AbstractZero) where T<:Number = zero(T)
Base.adjoint(x::AbstractZero) = x
Base.transpose(x::AbstractZero) = x
LinearAlgebra.dot(x::AbstractZero, ::Any) = x
LinearAlgebra.dot(::Any, x::AbstractZero) = x

Base.:+(a::Tangent{P}, b::Tangent{P}) where P = tangent_of(P, elementwise_sum(backing(a), backing(b)))
elementwise_sum(a::Tuple, b::Tuple) = map(+, a, b)
function elementwise_sum(a::NamedTuple, b::NamedTuple)
    names = Tuple(union(keys(a), keys(b)))
    return NamedTuple{names}(map(name -> get(a, name, ZeroTangent()) + get(b, name, ZeroTangent()), names))
end
Base.:+(x::P, dx::Tangent{P}) where P = moved(x, dx)
Base.:+(dx::Tangent{P}, x::P) where P = moved(x, dx)
moved(x::Tuple, dx) = map(+, x, backing(dx))
moved(x::NamedTuple{names}, dx) where names = NamedTuple{names}(map(k -> x[k] + getproperty(dx, k), names))
moved(x::T, dx) where T = T(map(k -> getfield(x, k) + getproperty(dx, k), fieldnames(T))...)
Base.:*(s::Number, x::Tangent{P}) where P = tangent_of(P, map(part -> s * part, backing(x)))
Base.:*(x::Tangent{P}, s::Number) where P = tangent_of(P, map(part -> part * s, backing(x)))
Base.:-(x::Tangent{P}) where P = tangent_of(P, map(-, backing(x)))

"""
    add!!(x, y)

`x + y`.
"""
add!!(x, y) = unthunk(x) + unthunk(y)

"""
    zero_tangent(primal)

A zero tangent of a value: zeros for numbers and arrays of them.
"""
zero_tangent(x::Number) = zero(x)
zero_tangent(x::AbstractArray{<:Number}) = zero(x)
zero_tangent(x::AbstractArray) = map(zero_tangent, x)
zero_tangent(x::Tuple) = tangent_of(typeof(x), map(zero_tangent, x))
zero_tangent(x) = ZeroTangent()

# --- thunks --------------------------------------------------------------------------------------------

"""
    Thunk(() -> v)

A tangent that is computed when it is needed; `@thunk v` makes one.
"""
struct Thunk{F} <: AbstractThunk
    f::F
end

"""
    InplaceableThunk(add!, thunk)

A thunk that also knows how to add itself to an array.
"""
struct InplaceableThunk{A, T} <: AbstractThunk
    add!::A
    val::T
end

"""
    unthunk(x)

What a thunk stands for; anything else is itself.
"""
unthunk(x) = x
unthunk(x::Thunk) = x.f()
unthunk(x::InplaceableThunk) = unthunk(x.val)

(x::Thunk)() = x.f()
Base.:+(a::AbstractThunk, b::AbstractThunk) = unthunk(a) + unthunk(b)
Base.:+(a::AbstractThunk, b) = unthunk(a) + b
Base.:+(a, b::AbstractThunk) = a + unthunk(b)
Base.:+(a::AbstractThunk, b::AbstractZero) = a
Base.:+(a::AbstractZero, b::AbstractThunk) = b
Base.:*(a::AbstractThunk, b) = unthunk(a) * b
Base.:*(a, b::AbstractThunk) = a * unthunk(b)
Base.:*(a::AbstractThunk, b::AbstractThunk) = unthunk(a) * unthunk(b)
Base.:*(a::AbstractZero, ::AbstractThunk) = a
Base.:*(::AbstractThunk, b::AbstractZero) = b
Base.:-(a::AbstractThunk) = -unthunk(a)
Base.:-(a::AbstractThunk, b) = unthunk(a) - b
Base.:-(a, b::AbstractThunk) = a - unthunk(b)
Base.:/(a::AbstractThunk, b) = unthunk(a) / b
Base.sum(x::AbstractThunk; keywords...) = sum(unthunk(x); keywords...)
Base.getindex(x::AbstractThunk, i...) = unthunk(x)[i...]
Base.size(x::AbstractThunk) = size(unthunk(x))
Base.adjoint(x::AbstractThunk) = unthunk(x)'
Base.:(==)(a::AbstractThunk, b) = unthunk(a) == b
Base.:(==)(a, b::AbstractThunk) = a == unthunk(b)
Base.show(io::IO, ::Thunk) = print(io, "Thunk(…)")

"""
    NotImplemented(message)

The tangent whose computation nobody has written: using it is an error that says so.
"""
NotImplemented(message...) = error("this derivative is not implemented", isempty(message) ? "" : ": ", message...)

# --- projections ---------------------------------------------------------------------------------------

"""
    ProjectTo(x)

A function that projects tangents onto those that `x` can have: of the element type of `x`, real where `x` is, with
its size and structure.
"""
struct ProjectTo{P, D}
    info::D
end
function ProjectTo{P}(; info...) where P
    named = NamedTuple(info)
    return ProjectTo{P, typeof(named)}(named)
end

ProjectTo(x) = identity
ProjectTo(x::T) where T<:AbstractFloat = ProjectTo{T}()
ProjectTo(x::Integer) = ProjectTo{float(typeof(x))}()
ProjectTo(x::Bool) = ProjectTo{NoTangent}()
ProjectTo(x::T) where T<:Complex = ProjectTo{float(T)}()
ProjectTo(x::AbstractArray{T}) where T<:Number =
    ProjectTo{AbstractArray}(; element = ProjectTo(zero(T)), axes = axes(x))
ProjectTo(x::AbstractArray{Bool}) = ProjectTo{NoTangent}()
ProjectTo(x::AbstractArray) = ProjectTo{AbstractArray}(; elements = map(ProjectTo, x), axes = axes(x))
ProjectTo(x::Diagonal) = ProjectTo{Diagonal}(; diag = ProjectTo(diag(x)))
ProjectTo(x::Ref) = ProjectTo{Ref}(; x = ProjectTo(x[]))

project(::ProjectTo, dx) = dx
project(::ProjectTo{NoTangent}, dx) = NoTangent()
project(::ProjectTo{T}, dx::Number) where T<:Real = T(real(dx))
project(::ProjectTo{T}, dx::Number) where T<:Complex = T(dx)
function project(p::ProjectTo{AbstractArray}, dx::AbstractArray)
    sizes = map(length, p.info.axes)
    sized = size(dx) == sizes ? dx : reshape(dx, sizes)
    haskey(p.info, :elements) && return map((f, d) -> f(d), p.info.elements, sized)
    return map(p.info.element, sized)
end
project(p::ProjectTo{Diagonal}, dx::AbstractMatrix) = Diagonal(p.info.diag(diag(dx)))

(p::ProjectTo)(dx) = project(p, dx)
(p::ProjectTo)(dx::AbstractZero) = dx
(p::ProjectTo)(dx::AbstractThunk) = Thunk(() -> p(unthunk(dx)))

function Base.show(io::IO, p::ProjectTo{P}) where P
    print(io, "ProjectTo{", P, "}(")
    parts = ["$key = $(repr(p.info[key]))" for key in keys(p.info)]
    print(io, join(parts, ", "), length(parts) == 1 ? ",)" : ")")
end

# --- rules ---------------------------------------------------------------------------------------------

abstract type RuleConfig{T} end
abstract type HasReverseMode end
abstract type NoReverseMode end
abstract type HasForwardsMode end
abstract type NoForwardsMode end

"""
    rrule_via_ad(config, f, args...)

`(y, pullback)` of any function, by automatic differentiation.
"""
function rrule_via_ad(config, f, args...; keywords...)
    y, back = pullback((xs...) -> f(xs...; keywords...), args...)
    return y, ȳ -> (NoTangent(), map(tangent, back(plain(ȳ)))...)
end

"""
    frule_via_ad(config, (ḟ, ẋ...), f, x...)

`(y, ẏ)` of any function, by automatic differentiation.
"""
function frule_via_ad(config, tangents, f, args...; keywords...)
    y, tangent_of_y = Derivatives.push_forward((xs...) -> f(xs...; keywords...), args, map(plain, tangents[2:end]))
    return y, as_tangent(y, tangent_of_y)
end

tangent(x) = x === nothing ? NoTangent() : x
as_tangent(y, x) = tangent(x)
as_tangent(y::Tuple, x::Tuple) = tangent_of(typeof(y), map(as_tangent, y, x))

# A cotangent as the rest of the library has it: `nothing` for zeros, tuples and named tuples.
plain(x) = x
plain(::AbstractZero) = nothing
plain(x::AbstractThunk) = plain(unthunk(x))
plain(x::Tangent) = backing(canonicalize(x))

# `f(args...)` with a pullback that is zero.
without_derivative(f, args...; keywords...) =
    f(args...; keywords...), ȳ -> ntuple(i -> NoTangent(), length(args) + 1)

# The rules of a function of numbers from its partial derivatives: one for each argument; for several results,
# a tuple of them for each result.
scalar_pullback(partials) = Ω̄ -> (NoTangent(), map(partial -> conj(partial) * unthunk(Ω̄), partials)...)
scalars_pullback(rows) = Ω̄ -> (NoTangent(),
    ntuple(i -> sum(map((row, ω̄) -> conj(row[i]) * unthunk(ω̄), rows, Tuple(Ω̄))), length(first(rows)))...)
scalar_pushforward(Ω, partials, tangents) = sum(map(*, partials, map(unthunk, tangents[2:end])))
scalars_pushforward(Ω, rows, tangents) =
    Tangent{typeof(Ω)}(map(row -> scalar_pushforward(Ω, row, tangents), rows)...)

end
