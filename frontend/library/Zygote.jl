"""
    Zygote

Derivatives of functions. `gradient` and `pullback` are builtins; what is here is made of them.
"""
module Zygote

using Derivatives: gradient, withgradient, pullback, ignore_derivatives, ignore, dropgrad, params

export gradient, withgradient, pullback, jacobian, withjacobian, hessian, hessian_reverse, diaghessian
export ignore_derivatives, params

"""
    jacobian(f, args...) -> tuple

For each array argument the matrix with `∂f[i]/∂x[j]` in row i and column j (both counted through the arrays),
for each number the vector `∂f[i]/∂x`; `nothing` where `f` does not depend on it.
"""
jacobian(f, args...) = withjacobian(f, args...).grad

"""
    withjacobian(f, args...)

`(val = f(args...), grad = jacobian(f, args...))`.
"""
function withjacobian(f, args...)
    y, back = pullback((xs...) -> flat(f(xs...)), args...)
    rows = [back(unit(y, i)) for i in eachindex(y)]
    return (val = f(args...), grad = ntuple(k -> stacked(args[k], map(row -> row[k], rows)), length(args)))
end

flat(y::AbstractArray) = vec(y)
flat(y::Number) = [y]
flat(y) = throw(ArgumentError("jacobian expects a function that returns an array or a number, got a $(typeof(y))"))

function unit(y, i)
    direction = zeros(float(eltype(y)), length(y))
    direction[i] = 1
    return direction
end

stacked(x::Number, parts) = all(isnothing, parts) ? nothing : [something(part, zero(float(x))) for part in parts]
function stacked(x::AbstractArray, parts)
    all(isnothing, parts) && return nothing
    return permutedims(reduce(hcat, [part === nothing ? zero(vec(float(x))) : vec(part) for part in parts]))
end
stacked(x, parts) = nothing

"""
    hessian(f, x)

The matrix of second derivatives of a function of an array with a number as its value; of a number, the second
derivative.
"""
hessian(f, x::AbstractArray) = jacobian(y -> gradient(f, y)[1], x)[1]
hessian(f, x::Number) = gradient(y -> gradient(f, y)[1], x)[1]
hessian_reverse(f, x) = hessian(f, x)

"""
    diaghessian(f, args...) -> tuple

For each argument the diagonal of its Hessian, in the shape of the argument.
"""
function diaghessian(f, args...)
    return ntuple(length(args)) do k
        one_argument(x) = f(args[1:k-1]..., x, args[k+1:end]...)
        x = args[k]
        x isa Number ? hessian(one_argument, x) : reshape(diagonal(hessian(one_argument, x)), size(x))
    end
end

diagonal(A) = [A[i, i] for i in axes(A, 1)]

end
