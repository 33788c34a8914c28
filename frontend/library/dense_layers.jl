# Layers that act on the first dimension: features.

"""
    Dense(in => out, σ = identity; bias = true, init = glorot_uniform)
    Dense(W, b, σ = identity)

`y = σ.(W * x .+ b)` for `x` of size `(in, batch…)`; `y` has size `(out, batch…)`. `W` has size `(out, in)`;
`b` has size `(out,)`, or is `false`.
"""
struct Dense{F, M<:AbstractMatrix, B}
    weight::M
    bias::B
    σ::F
    function Dense(weight::M, bias = true, σ = identity) where {M<:AbstractMatrix}
        b = create_bias(weight, bias, size(weight, 1))
        return new{typeof(σ), M, typeof(b)}(weight, b, σ)
    end
end
Dense((in, out)::Pair{<:Integer, <:Integer}, σ = identity; bias = true, init = glorot_uniform) =
    Dense(init(out, in), bias, σ)
Dense(in::Integer, out::Integer, σ = identity; options...) = Dense(in => out, σ; options...)

@layer Dense

function (layer::Dense)(x::AbstractVecOrMat)
    check_size(layer, x, 1 => size(layer.weight, 2))
    return activate(layer.σ, add_bias(layer.weight * match_eltype(eltype(layer.weight), x), layer.bias))
end
(layer::Dense)(x::AbstractArray) =
    reshape(layer(reshape(x, size(x, 1), :)), size(layer.weight, 1), size(x)[2:end]...)

function Base.show(io::IO, layer::Dense)
    print(io, "Dense(", size(layer.weight, 2), " => ", size(layer.weight, 1))
    layer.σ === identity || print(io, ", ", layer.σ)
    layer.bias === false && print(io, "; bias=false")
    print(io, ")")
end

"""
    Scale(size..., σ = identity; bias = true, init = ones32)
    Scale(scale, bias, σ = identity)

`y = σ.(scale .* x .+ bias)`.
"""
struct Scale{F, A<:AbstractArray, B}
    scale::A
    bias::B
    σ::F
    function Scale(scale::A, bias = true, σ = identity) where {A<:AbstractArray}
        b = create_bias(scale, bias, size(scale)...)
        return new{typeof(σ), A, typeof(b)}(scale, b, σ)
    end
end
Scale(size::Integer, rest::Integer...; bias = true, init = ones32) = Scale(init(size, rest...), bias)
Scale(size::Integer, rest...; options...) = scale_with_activation((size, rest...)...; options...)
scale_with_activation(arguments...; bias = true, init = ones32) =
    Scale(init(arguments[1:end-1]...), bias, arguments[end])

@layer Scale

(layer::Scale)(x::AbstractArray) = activate(layer.σ, add_bias(layer.scale .* x, layer.bias))

function Base.show(io::IO, layer::Scale)
    print(io, "Scale(", join(size(layer.scale), ", "))
    layer.σ === identity || print(io, ", ", layer.σ)
    layer.bias === false && print(io, "; bias=false")
    print(io, ")")
end

"""
    Bilinear((in1, in2) => out, σ = identity; bias = true, init = glorot_uniform)
    Bilinear(in => out, …), Bilinear(W, b, σ = identity)

`y[i] = σ(x' * W[i, :, :] * z + b[i])` for `x` of size `(in1, batch)` and `z` of size `(in2, batch)`; with one
input, `z = x`.
"""
struct Bilinear{F, A<:AbstractArray, B}
    weight::A
    bias::B
    σ::F
    function Bilinear(weight::A, bias = true, σ = identity) where {A<:AbstractArray}
        ndims(weight) == 3 ||
            throw(ArgumentError("Bilinear expects weights with 3 dimensions, got size $(size(weight))"))
        b = create_bias(weight, bias, size(weight, 1))
        return new{typeof(σ), A, typeof(b)}(weight, b, σ)
    end
end
Bilinear(((in1, in2), out)::Pair{<:Tuple, <:Integer}, σ = identity; bias = true, init = glorot_uniform) =
    Bilinear(init(out, in1, in2), bias, σ)
Bilinear((in, out)::Pair{<:Integer, <:Integer}, σ = identity; options...) =
    Bilinear((in, in) => out, σ; options...)

@layer Bilinear

function (layer::Bilinear)(x::AbstractMatrix, z::AbstractMatrix)
    out, in1, in2 = size(layer.weight)
    check_size(layer, x, 1 => in1)
    check_size(layer, z, 1 => in2)
    # W z for all rows (out * in1) at once, then the inner product with x.
    wz = reshape(reshape(layer.weight, out * in1, in2) * z, out, in1, size(z, 2))
    y = dropdims(sum(wz .* reshape(x, 1, in1, size(x, 2)); dims = 2); dims = 2)
    return activate(layer.σ, add_bias(y, layer.bias))
end
(layer::Bilinear)(x::AbstractMatrix) = layer(x, x)
(layer::Bilinear)(x::AbstractVector) = vec(layer(reshape(x, :, 1)))
(layer::Bilinear)(x::AbstractVector, z::AbstractVector) = vec(layer(reshape(x, :, 1), reshape(z, :, 1)))
function (layer::Bilinear)(x::AbstractArray, z::AbstractArray)
    y = layer(reshape(x, size(x, 1), :), reshape(z, size(z, 1), :))
    return reshape(y, size(y, 1), size(x)[2:end]...)
end
(layer::Bilinear)(x::AbstractArray) = layer(x, x)
(layer::Bilinear)(inputs::Tuple{Any, Any}) = layer(inputs...)

function Base.show(io::IO, layer::Bilinear)
    out, in1, in2 = size(layer.weight)
    print(io, "Bilinear(", in1 == in2 ? "$in1 => $out" : "($in1, $in2) => $out")
    layer.σ === identity || print(io, ", ", layer.σ)
    layer.bias === false && print(io, "; bias=false")
    print(io, ")")
end

"""
    Embedding(in => out; init = randn32, padding_idx = nothing)

Column `i` of a matrix of size `(out, in)` for each index `i` in `1:in`; an array of indices of size
`(batch…)` gives `(out, batch…)`. One-hot vectors may stand for indices. `padding_idx` is an index whose
column starts as zeros.
"""
struct Embedding{M<:AbstractMatrix}
    weight::M
end
function Embedding((in, out)::Pair{<:Integer, <:Integer}; init = randn32, padding_idx = nothing)
    weight = init(out, in)
    padding_idx === nothing || (weight[:, padding_idx] .= 0)
    return Embedding(weight)
end

@layer Embedding

(layer::Embedding)(index::Integer) = layer.weight[:, index]
(layer::Embedding)(indices::AbstractVector{<:Integer}) = layer.weight[:, indices]
(layer::Embedding)(indices::AbstractArray{<:Integer}) = reshape(layer(vec(indices)), :, size(indices)...)
(layer::Embedding)(x::AbstractVector{Bool}) = layer.weight * x
(layer::Embedding)(x::AbstractMatrix{Bool}) = layer.weight * x
(layer::Embedding)(x::AbstractArray{Bool}) = reshape(layer(reshape(x, size(x, 1), :)), :, size(x)[2:end]...)

Base.show(io::IO, layer::Embedding) =
    print(io, "Embedding(", size(layer.weight, 2), " => ", size(layer.weight, 1), ")")

"""
    EmbeddingBag(in => out, reduction = mean; init = randn32)

The `reduction` (`sum`, `mean`, `maximum`, …) of the columns of an [`Embedding`](@ref) for each bag of
indices. Bags are the columns of an array of indices, the vectors of a vector, or given by the indices at
which they start: `bag(indices, starts)`.
"""
struct EmbeddingBag{F, M<:AbstractMatrix}
    weight::M
    reduction::F
end
EmbeddingBag((in, out)::Pair{<:Integer, <:Integer}, reduction = mean; init = randn32) =
    EmbeddingBag(init(out, in), reduction)

@layer EmbeddingBag

(bag::EmbeddingBag)(indices::AbstractVector{<:Integer}) =
    vec(bag.reduction(Embedding(bag.weight)(indices); dims = 2))
(bag::EmbeddingBag)(indices::AbstractArray{<:Integer}) =
    dropdims(bag.reduction(Embedding(bag.weight)(indices); dims = 2); dims = 2)
(bag::EmbeddingBag)(bags::AbstractVector{<:AbstractArray}) = stack(map(bag, bags))
function (bag::EmbeddingBag)(indices::AbstractVector{<:Integer}, starts::AbstractVector{<:Integer})
    ends = [starts[2:end]; length(indices) + 1]
    return stack([bag(indices[a:b-1]) for (a, b) in zip(starts, ends)])
end

function Base.show(io::IO, bag::EmbeddingBag)
    print(io, "EmbeddingBag(", size(bag.weight, 2), " => ", size(bag.weight, 1))
    bag.reduction === mean || print(io, ", ", bag.reduction)
    print(io, ")")
end
