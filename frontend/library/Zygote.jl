"""
    Zygote

Derivatives of functions. `gradient` and `pullback` are builtins; what is here is made of them.
"""
module Zygote

using ChainRulesCore, LinearAlgebra
using Derivatives: gradient, withgradient, pullback, ignore_derivatives, ignore, dropgrad, params, rrule
import Derivatives, Primitives

export gradient, withgradient, pullback, pushforward, jacobian, withjacobian, hessian, hessian_reverse, diaghessian
export ignore_derivatives, params, Params, rrule_via_ad

# The derivative of a function of one number, or its gradient: `f'(x) == gradient(f, x)[1]`.
Base.adjoint(f::Function) = x -> gradient(f, x)[1]

"""
    pushforward(f, args...)

The function that takes tangents of the arguments to the tangent of `f(args...)`, in forward mode.
"""
pushforward(f, args...) = (tangents...) -> Derivatives.push_forward(f, args, tangents)[2]

# --- matrices of derivatives ---------------------------------------------------------------------------

"""
    jacobian(f, args...) -> tuple

For each array argument the matrix with `∂f[i]/∂x[j]` in row i and column j (both counted through the arrays),
for each number the vector `∂f[i]/∂x`; `nothing` for any other argument.
"""
jacobian(f, args...) = withjacobian(f, args...).grad

"""
    withjacobian(f, args...)

`(val = f(args...), grad = jacobian(f, args...))`.
"""
function withjacobian(f, args...)
    val = f(args...)
    y, back = pullback(flattened(f), args...)
    rows = [back(unit(y, i)) for i in eachindex(y)]
    return (val = val, grad = ntuple(k -> stacked(val, args[k], map(row -> row[k], rows)), length(args)))
end

flattened(f) = (xs...) -> flat(f(xs...))
flat(y::AbstractArray) = vec(y)
flat(y::Number) = [y]
flat(y) = throw(ArgumentError("jacobian expects a function that returns an array or a number, got a $(typeof(y))"))

function unit(y, i)
    direction = zeros(float(eltype(y)), length(y))
    direction[i] = 1
    return direction
end

# Integers have integer derivatives when the function gives integers.
in_type_of(y, x, derivatives) =
    eltype(x) <: Integer && eltype(y) <: Integer && all(isinteger, derivatives) ? Int.(derivatives) : derivatives

stacked(y, x::Number, parts) = in_type_of(y, x, [something(part, zero(float(x))) for part in parts])
stacked(y, x::AbstractArray, parts) = in_type_of(y, x,
    permutedims(reduce(hcat, [part === nothing ? zero(vec(float(x))) : vec(part) for part in parts])))
stacked(y, x, parts) = nothing

"""
    hessian(f, x)

The matrix of second derivatives of a function of an array with a number as its value, by forward over reverse
mode; of a number, the second derivative.
"""
function hessian(f, x::AbstractArray)
    columns = map(eachindex(x)) do i
        column = pushforward(y -> vec(first_gradient(f, y)), x)(reshape(unit(x, i), size(x)))
        column === nothing ? zero(vec(float(x))) : column
    end
    return in_type_of(f(x), x, reduce(hcat, vec(columns)))
end
function hessian(f, x::Number)
    second = pushforward(y -> first_gradient(f, y), x)(one(float(x)))
    return second === nothing ? zero(float(x)) : second
end

# The gradient by the one argument, zero where there is none.
function first_gradient(f, x)
    found = gradient(f, x)[1]
    return found === nothing ? zero(x) : found
end

"""
    hessian_reverse(f, x)

[`hessian`](@ref) by reverse over reverse mode.
"""
hessian_reverse(f, x::AbstractArray) =
    in_type_of(f(x), x, stacked(0.0, x, [jacobian(y -> vec(first_gradient(f, y)), x)[1][i, :] for i in 1:length(x)]))
hessian_reverse(f, x::Number) = something(gradient(y -> first_gradient(f, y), x)[1], zero(float(x)))

"""
    diaghessian(f, args...) -> tuple

For each argument the diagonal of its Hessian, in the shape of the argument.
"""
function diaghessian(f, args...)
    return ntuple(length(args)) do k
        one_argument(x) = f(args[1:k-1]..., x, args[k+1:end]...)
        x = args[k]
        x isa Number ? hessian(one_argument, x) :
        x isa AbstractArray ? reshape(diag(hessian(one_argument, x)), size(x)) : nothing
    end
end

# --- implicit parameters -------------------------------------------------------------------------------

"""
    Params([A, B])

Arrays that a function without arguments is differentiated by. Explicit gradients, `gradient(f, args...)`, are
what to write today.
"""
struct Params
    arrays::Vector{Any}
    Params(arrays) = new(collect(Any, arrays))
end
Params() = Params([])

Base.length(ps::Params) = length(ps.arrays)
Base.getindex(ps::Params, i) = ps.arrays[i]
Base.iterate(ps::Params, state...) = iterate(ps.arrays, state...)
Base.in(x, ps::Params) = any(p -> p === x, ps.arrays)
Base.push!(ps::Params, arrays...) = (foreach(x -> x in ps || push!(ps.arrays, x), arrays); ps)
Base.:(==)(a::Params, b::Params) = length(a) == length(b) && all(x -> x in b, a.arrays)
Base.show(io::IO, ps::Params) = print(io, "Params([", join(map(repr, ps.arrays), ", "), "])")
Base.copy!(ps::Params, x::AbstractVector) = (spread!(ps.arrays, x); ps)
Base.copy!(x::AbstractVector, ps::Params) = copyto!(x, reduce(vcat, map(vec, ps.arrays)))

"""
    Grads

The gradients by the arrays of a [`Params`](@ref): `g[x]` for an array x of them.
"""
struct Grads
    gradients::IdDict
    params::Params
end
Grads(ps::Params, gradients) = Grads(IdDict{Any, Any}(zip(ps.arrays, gradients)), ps)

Base.getindex(g::Grads, x) = g.gradients[x]
Base.setindex!(g::Grads, x̄, x) = setindex!(g.gradients, x̄, x)
Base.haskey(g::Grads, x) = haskey(g.gradients, x)
Base.keys(g::Grads) = g.params.arrays
Base.values(g::Grads) = map(x -> g.gradients[x], g.params.arrays)
Base.pairs(g::Grads) = map(x -> x => g.gradients[x], g.params.arrays)
Base.length(g::Grads) = length(g.params)
Base.iterate(g::Grads, state...) = iterate(values(g), state...)
Base.show(io::IO, g::Grads) = print(io, "Grads(...)")
Base.copy!(g::Grads, x::AbstractVector) = (spread!(values(g), x); g)
Base.copy!(x::AbstractVector, g::Grads) = copyto!(x, reduce(vcat, map(vec, values(g))))

function spread!(arrays, x)
    position = 0
    for array in arrays
        copyto!(array, x[position+1:position+length(array)])
        position += length(array)
    end
end

# A function without arguments, of the arrays that it reads: these themselves are what is differentiated by, where
# an array that is an argument is another than one that the function knows by another name.
struct OfArrays
    f
end
(g::OfArrays)(arrays...) = g.f()
flattened(g::OfArrays) = OfArrays(() -> flat(g.f()))

Derivatives.gradient(f, ps::Params) = Grads(ps, gradient(OfArrays(f), ps.arrays...))
function Derivatives.withgradient(f, ps::Params)
    val, gradients = withgradient(OfArrays(f), ps.arrays...)
    return (val = val, grad = Grads(ps, gradients))
end
function Derivatives.pullback(f, ps::Params)
    y, back = pullback(OfArrays(f), ps.arrays...)
    return y, ȳ -> Grads(ps, back(ȳ))
end
jacobian(f, ps::Params) = withjacobian(f, ps).grad
function withjacobian(f, ps::Params)
    val, matrices = withjacobian(OfArrays(f), ps.arrays...)
    return (val = val, grad = Grads(ps, matrices))
end

# --- utilities -----------------------------------------------------------------------------------------

"""
    hook(f, x)

x; in reverse mode, f is applied to its cotangent.
"""
hook(f, x) = x
@adjoint hook(f, x) = x, x̄ -> (nothing, f(x̄))

# What `@showgrad` hooks: prints the cotangent.
shown_gradient(text) = x̄ -> (println("∂($text) = ", repr(x̄)); x̄)

"""
    checkpointed(f, xs...)

`f(xs...)`, whose loops are differentiated in segments: of `T` iterations only every `√T`-th state is kept, the
others are computed again when the derivative needs them (Griewank 1992). Loops that end by a condition keep all.
"""
checkpointed(f, xs...; keywords...) = Derivatives.with_checkpoints(() -> f(xs...; keywords...))

"""
    forwarddiff(f, x)

`f(x)`, differentiated by x only, not by what f captures.
"""
forwarddiff(f, x; chunk_threshold = 0) = f(x)
function Derivatives.adjoint_rule(::typeof(forwarddiff), f, x; keywords...)
    y, back = pullback(f, x)
    return y, ȳ -> (nothing, back(ȳ)[1])
end

"""
    isderiving()

Whether the current call is being differentiated.
"""
isderiving(x...) = Primitives.within_gradient()

"""
    nestlevel()

How many derivatives the current call is part of.
"""
nestlevel() = Primitives.nesting_level()

"""
    refresh()

Nothing: rules hold as soon as they are defined.
"""
refresh() = nothing

struct Context end

"""
    _pullback([context,] f, args...)

As [`pullback`](@ref); the gradients begin with that of `f`, which is `nothing`.
"""
_pullback(::Context, f, args...) = _pullback(f, args...)
function _pullback(f, args...)
    y, back = pullback(f, args...)
    return y, ȳ -> (nothing, back(ȳ)...)
end

struct ZygoteRuleConfig <: RuleConfig{Union{HasReverseMode, NoForwardsMode}} end

"""
    Buffer(xs, sizes...)

An array like `similar(xs, sizes...)`, of zeros. In Zygote it is the array that may be written to while a function
is differentiated; here any array may.
"""
Buffer(xs::AbstractArray, sizes...) = fill!(similar(xs, sizes...), 0)

end
