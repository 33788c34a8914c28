# Dropout: random zeros, with the rest scaled up so that the expectation stays.

"""
    dropout([rng], x, p; dims = :)

Sets each element of `x` to 0 with probability `p` and divides the others by `1 - p`. With `dims`, decides
once for each position of those dimensions and drops along all others. There is no derivative with respect to
`p`.
"""
dropout(x::AbstractArray, p::Real; dims = :) = dropout(Random.default_rng(), x, p; dims)
function dropout(rng::AbstractRNG, x::AbstractArray, p::Real; dims = :)
    0 ≤ p ≤ 1 || throw(ArgumentError("dropout expects a probability from 0 to 1, got p = $p"))
    p = Primitives.stopgradient(p)
    p == 0 && return x
    T = float(eltype(x))
    sizes = dims isa Colon ? size(x) : ntuple(d -> d in dims ? size(x, d) : 1, ndims(x))
    scale = p == 1 ? zero(T) : T(1 / (1 - p))
    keep = rand(rng, T, sizes...) .≥ T(p)
    return x .* ifelse.(keep, scale, zero(T))
end

"""
    dropout!([rng], y, x, p; dims = :)

[`dropout`](@ref) that overwrites `y`.
"""
dropout!(y::AbstractArray, x::AbstractArray, p::Real; dims = :) = (y .= dropout(x, p; dims))
dropout!(rng::AbstractRNG, y::AbstractArray, x::AbstractArray, p::Real; dims = :) =
    (y .= dropout(rng, x, p; dims))
