# Layers that give their input mean 0 and variance 1 over some dimensions.

"""
    BatchNorm(channels, λ = identity; initβ = zeros32, initγ = ones32, affine = true, track_stats = true,
              active = nothing, eps = 1f-5, momentum = 0.1f0)

`y = λ.(γ .* (x .- μ) ./ sqrt.(σ² .+ eps) .+ β)` for `x` of size `(…, channels, batch)`.

In training, `μ` and `σ²` are mean and (uncorrected) variance of each channel over all other dimensions, and
the running statistics move towards them, `μ ← (1 - momentum) * μ + momentum * mean` and `σ²` likewise with
the corrected variance. Otherwise the running statistics are used. Training is while a gradient is taken, or
as `active` or `trainmode!`, `testmode!` say. `affine` tells whether there are `γ` and `β`, `track_stats`
whether there are running statistics.
"""
mutable struct BatchNorm{F, V, W}
    λ::F
    β::V
    γ::V
    μ::W
    σ²::W
    ϵ::Float32
    momentum::Float32
    affine::Bool
    track_stats::Bool
    active::Union{Bool, Nothing}
    chs::Int
end
function BatchNorm(chs::Integer, λ = identity; initβ = zeros32, initγ = ones32, affine::Bool = true,
                   track_stats::Bool = true, active::Union{Bool, Nothing} = nothing, eps::Real = 1f-5,
                   momentum::Real = 0.1f0)
    β, γ = affine ? (initβ(chs), initγ(chs)) : (nothing, nothing)
    μ, σ² = track_stats ? (zeros32(chs), ones32(chs)) : (nothing, nothing)
    return BatchNorm(λ, β, γ, μ, σ², eps, momentum, affine, track_stats, active, chs)
end

@layer BatchNorm trainable=(β, γ)

function (norm::BatchNorm)(x::AbstractArray)
    channels = ndims(x) - 1
    check_size(norm, x, channels => norm.chs)
    return normalise_channels(norm, x, (1:channels-1..., ndims(x)), channel_shape(norm, x))
end

"""
    InstanceNorm(channels, λ = identity; initβ = zeros32, initγ = ones32, affine = false, track_stats = false,
                 active = nothing, eps = 1f-5, momentum = 0.1f0)

As [`BatchNorm`](@ref), with mean and variance over the spatial dimensions only: of each channel of each
example.
"""
mutable struct InstanceNorm{F, V, W}
    λ::F
    β::V
    γ::V
    μ::W
    σ²::W
    ϵ::Float32
    momentum::Float32
    affine::Bool
    track_stats::Bool
    active::Union{Bool, Nothing}
    chs::Int
end
function InstanceNorm(chs::Integer, λ = identity; initβ = zeros32, initγ = ones32, affine::Bool = false,
                      track_stats::Bool = false, active::Union{Bool, Nothing} = nothing, eps::Real = 1f-5,
                      momentum::Real = 0.1f0)
    β, γ = affine ? (initβ(chs), initγ(chs)) : (nothing, nothing)
    μ, σ² = track_stats ? (zeros32(chs), ones32(chs)) : (nothing, nothing)
    return InstanceNorm(λ, β, γ, μ, σ², eps, momentum, affine, track_stats, active, chs)
end

@layer InstanceNorm trainable=(β, γ)

function (norm::InstanceNorm)(x::AbstractArray)
    ndims(x) > 2 || throw(DimensionMismatch(
        "$(layer_name(norm)) expects an input with at least 3 dimensions, got size $(size(x))"))
    channels = ndims(x) - 1
    check_size(norm, x, channels => norm.chs)
    return normalise_channels(norm, x, (1:channels-1...,), channel_shape(norm, x))
end

"""
    GroupNorm(channels, groups, λ = identity; initβ = zeros32, initγ = ones32, affine = true, eps = 1f-5)

Mean and variance over the spatial dimensions and a group of channels of each example; `γ` and `β` for each
channel.
"""
mutable struct GroupNorm{F, V}
    G::Int
    λ::F
    β::V
    γ::V
    ϵ::Float32
    affine::Bool
    active::Union{Bool, Nothing}
    chs::Int
end
function GroupNorm(chs::Integer, groups::Integer, λ = identity; initβ = zeros32, initγ = ones32,
                   affine::Bool = true, active::Union{Bool, Nothing} = nothing, eps::Real = 1f-5)
    chs % groups == 0 ||
        throw(ArgumentError("GroupNorm expects a multiple of the $groups groups as channels, got $chs"))
    β, γ = affine ? (initβ(chs), initγ(chs)) : (nothing, nothing)
    return GroupNorm(groups, λ, β, γ, eps, affine, active, chs)
end

@layer GroupNorm trainable=(β, γ)

function (norm::GroupNorm)(x::AbstractArray)
    channels = ndims(x) - 1
    check_size(norm, x, channels => norm.chs)
    grouped = reshape(x, size(x)[1:channels-1]..., norm.chs ÷ norm.G, norm.G, size(x, ndims(x)))
    y = reshape(standardise(grouped, (1:channels...,), norm.ϵ), size(x))
    return activate(norm.λ, affine_map(norm, y, channel_shape(norm, x)))
end

"""
    LayerNorm(size..., λ = identity; affine = true, eps = 1f-5)

Mean and variance over the first dimensions of `x`, whose sizes are `size`; then a [`Scale`](@ref) with
activation `λ`.
"""
struct LayerNorm{F, D, N}
    λ::F
    diag::D
    ϵ::Float32
    size::NTuple{N, Int}
    affine::Bool
end
LayerNorm(sizes::Integer...; options...) = LayerNorm(sizes; options...)
LayerNorm(size::Integer, λ; options...) = LayerNorm((size,), λ; options...)
function LayerNorm(size::NTuple{N, Integer}, λ = identity; affine::Bool = true, eps::Real = 1f-5) where N
    diag = affine ? (λ === identity ? Scale(size...) : Scale(size..., λ)) : λ
    return LayerNorm(λ, diag, eps, size, affine)
end

@layer LayerNorm

function (norm::LayerNorm)(x::AbstractArray)
    for (d, n) in enumerate(norm.size)
        check_size(norm, x, d => n)
    end
    y = standardise(x, ntuple(identity, length(norm.size)), norm.ϵ)
    return norm.affine ? norm.diag(y) : activate(norm.λ, y)
end

"""
    normalise(x; dims = ndims(x), eps = 1f-5) =
        (x .- mean(x; dims)) ./ sqrt.(var(x; dims, corrected = false) .+ eps)
"""
normalise(x::AbstractArray; dims = ndims(x), eps = 1f-5) = standardise(x, dims, eps)

# --- what they share ----------------------------------------------------------------------------------------

function standardise(x, dims, ϵ)
    μ = mean(x; dims)
    return (x .- μ) ./ sqrt.(var(x; mean = μ, dims, corrected = false) .+ convert(eltype(x), ϵ))
end

# Batch or instance normalisation: statistics over `dims`, parameters of shape `shape`.
function normalise_channels(norm, x, dims, shape)
    if norm.track_stats && !isactive(norm)
        μ, σ² = reshape(norm.μ, shape), reshape(norm.σ², shape)
    else
        μ = mean(x; dims)
        σ² = var(x; mean = μ, dims, corrected = false)
        norm.track_stats && track_statistics!(norm, x, μ, σ², dims)
    end
    y = (x .- μ) ./ sqrt.(σ² .+ convert(eltype(x), norm.ϵ))
    return activate(norm.λ, affine_map(norm, y, shape))
end

# The size of an array with a number per channel that broadcasts with `x`.
channel_shape(norm, x) = ntuple(d -> d == ndims(x) - 1 ? norm.chs : 1, ndims(x))

affine_map(norm, y, shape) = norm.affine ? y .* reshape(norm.γ, shape) .+ reshape(norm.β, shape) : y

# Moves the running statistics towards those of a batch, with the variance corrected for the size of the
# sample.
function track_statistics!(norm, x, μ, σ², dims)
    T = eltype(norm.μ)
    rate, count = T(norm.momentum), T(prod(d -> size(x, d), dims))
    norm.μ .= (1 - rate) .* norm.μ .+ rate .* channel_mean(μ)
    norm.σ² .= (1 - rate) .* norm.σ² .+ rate * (count / (count - 1)) .* channel_mean(σ²)
    return nothing
end

# Statistics per channel; those of an InstanceNorm are averaged over the batch.
channel_mean(statistics) = vec(mean(statistics; dims = ndims(statistics)))

isactive(layer) = layer.active === nothing ? Primitives.within_gradient() : layer.active

# --- printing -----------------------------------------------------------------------------------------------

function show_normalisation(io, name, norm)
    print(io, name, "(", norm.chs)
    norm isa GroupNorm && print(io, ", ", norm.G)
    norm.λ === identity || print(io, ", ", norm.λ)
    norm.affine == !(norm isa InstanceNorm) || print(io, ", affine=", norm.affine)
    norm.active === nothing || print(io, ", active=", norm.active)
    print(io, ")")
end

Base.show(io::IO, norm::BatchNorm) = show_normalisation(io, "BatchNorm", norm)
Base.show(io::IO, norm::InstanceNorm) = show_normalisation(io, "InstanceNorm", norm)
Base.show(io::IO, norm::GroupNorm) = show_normalisation(io, "GroupNorm", norm)
function Base.show(io::IO, norm::LayerNorm)
    print(io, "LayerNorm(", join(norm.size, ", "))
    norm.λ === identity || print(io, ", ", norm.λ)
    norm.affine || print(io, ", affine=false")
    print(io, ")")
end
