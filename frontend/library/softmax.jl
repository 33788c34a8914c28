# The softmax family: normalised exponentials along one or several dimensions.

"""
    softmax(x; dims = 1) = exp.(x) ./ sum(exp.(x); dims)

Positive values that sum to 1 along `dims`, of the size of `x`. Computed after subtracting the maximum, so it
never overflows.
"""
softmax(x::AbstractArray; dims = 1) = _softmax(float(x), dims)
_softmax(x, dims::Integer) = Primitives.softmax(x, dims)
function _softmax(x, dims)
    weights = exp.(x .- largest(x, dims))
    return weights ./ sum(weights; dims)
end

"""
    logsoftmax(x; dims = 1) = x .- logsumexp(x; dims)

The logarithm of [`softmax`](@ref), accurate where that is close to 0.
"""
logsoftmax(x::AbstractArray; dims = 1) = _logsoftmax(float(x), dims)
_logsoftmax(x, dims::Integer) = Primitives.logsoftmax(x, dims)
_logsoftmax(x, dims) = x .- logsumexp(x; dims)

"""
    logsumexp(x; dims = :) = log.(sum(exp.(x); dims))

A number for `dims = :`, else an array whose `dims` have size 1. Never overflows.
"""
function logsumexp(x::AbstractArray; dims = :)
    shift = largest(x, dims)
    return shift .+ log.(sum(exp.(x .- shift); dims))
end

# The maximum, with infinities replaced by 0, as a constant for derivatives: it cancels out of the results.
function largest(x, dims)
    top = Primitives.stopgradient(maximum(x; dims))
    return ifelse.(isfinite.(top), top, zero(eltype(x)))
end

"""
    glu(x, dim = 1) = a .* σ.(b)   where [a; b] = x along dim

The gated linear unit; halves the size of `dim`.
"""
function glu(x::AbstractArray, dim::Integer = 1)
    count = size(x, dim)
    iseven(count) ||
        throw(DimensionMismatch("glu halves dimension $dim, which must have even size, got size $(size(x))"))
    half = count ÷ 2
    return selectdim(x, dim, 1:half) .* σ.(selectdim(x, dim, half+1:count))
end
