# Layers that drop activations at random during training.

"""
    Dropout(p; dims = :, active = nothing, rng = default_rng())

In training, sets each element to 0 with probability `p` and divides the others by `1 - p`, see
`NNlib.dropout`; otherwise does nothing. Training is while a gradient is taken, or as `active` or
`trainmode!`, `testmode!` say.
"""
mutable struct Dropout{F<:Real, D, R}
    p::F
    dims::D
    active::Union{Bool, Nothing}
    rng::R
end
function Dropout(p::Real; dims = :, active::Union{Bool, Nothing} = nothing, rng = Random.default_rng())
    0 ≤ p ≤ 1 || throw(ArgumentError("Dropout expects a probability from 0 to 1, got $p"))
    return Dropout(p, dims, active, rng)
end

@layer Dropout trainable=()

(layer::Dropout)(x::AbstractArray) =
    isactive(layer) && layer.p > 0 ? dropout(layer.rng, x, layer.p; layer.dims) : x

function Base.show(io::IO, layer::Dropout)
    print(io, "Dropout(", layer.p)
    layer.dims isa Colon || print(io, ", dims=", layer.dims)
    layer.active === nothing || print(io, ", active=", layer.active)
    print(io, ")")
end

"""
    AlphaDropout(p; active = nothing, rng = default_rng())

Dropout for `selu` networks: dropped elements become `-λα ≈ -1.7581`, and the result is scaled and shifted so
that mean 0 and variance 1 are kept. [Klambauer et al., 2017](https://arxiv.org/abs/1706.02515).
"""
mutable struct AlphaDropout{F<:Real, R}
    p::F
    active::Union{Bool, Nothing}
    rng::R
end
function AlphaDropout(p::Real; active::Union{Bool, Nothing} = nothing, rng = Random.default_rng())
    0 ≤ p ≤ 1 || throw(ArgumentError("AlphaDropout expects a probability from 0 to 1, got $p"))
    return AlphaDropout(p, active, rng)
end

@layer AlphaDropout trainable=()

function (layer::AlphaDropout)(x::AbstractArray)
    (isactive(layer) && layer.p > 0) || return x
    T = float(eltype(x))
    layer.p == 1 && return sign.(x) .* T(0)
    saturation = T(-1.7580993408473766)
    p = T(layer.p)
    scale = inv(sqrt((1 - p) * (1 + p * saturation^2)))
    keep = rand(layer.rng, T, size(x)...) .≥ p
    return scale .* (ifelse.(keep, x, saturation) .- p * saturation)
end

function Base.show(io::IO, layer::AlphaDropout)
    print(io, "AlphaDropout(", layer.p)
    layer.active === nothing || print(io, ", active=", layer.active)
    print(io, ")")
end
