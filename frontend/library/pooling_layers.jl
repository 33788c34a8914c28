# Pooling of arrays (space…, channels, batch).

"""
    MaxPool(window; pad = 0, stride = window)

The maximum of each window of size `window`, a tuple.
"""
struct MaxPool{N, M}
    k::NTuple{N, Int}
    pad::NTuple{M, Int}
    stride::NTuple{N, Int}
end
MaxPool(window::NTuple{N, Integer}; pad = 0, stride = window) where N =
    MaxPool(window, padding(pad, window .- 1), NNlib.expand(N, stride))

@layer MaxPool

function (layer::MaxPool)(x::AbstractArray)
    check_rank(layer, x, length(layer.k) + 2)
    return maxpool(x, layer.k; layer.pad, layer.stride)
end

"""
    MeanPool(window; pad = 0, stride = window)

The mean of each window of size `window`, a tuple; padding counts as zeros.
"""
struct MeanPool{N, M}
    k::NTuple{N, Int}
    pad::NTuple{M, Int}
    stride::NTuple{N, Int}
end
MeanPool(window::NTuple{N, Integer}; pad = 0, stride = window) where N =
    MeanPool(window, padding(pad, window .- 1), NNlib.expand(N, stride))

@layer MeanPool

function (layer::MeanPool)(x::AbstractArray)
    check_rank(layer, x, length(layer.k) + 2)
    return meanpool(x, layer.k; layer.pad, layer.stride)
end

"""
    GlobalMaxPool()

The maximum of each channel; spatial dimensions become 1.
"""
struct GlobalMaxPool end
(::GlobalMaxPool)(x::AbstractArray) = maximum(x; dims = NNlib.spatial_dims(x))

"""
    GlobalMeanPool()

The mean of each channel; spatial dimensions become 1.
"""
struct GlobalMeanPool end
(::GlobalMeanPool)(x::AbstractArray) = mean(x; dims = NNlib.spatial_dims(x))

"""
    AdaptiveMaxPool(size)

[`MaxPool`](@ref) with the window and stride that make the spatial size `size`, a tuple.
"""
struct AdaptiveMaxPool{N}
    out::NTuple{N, Int}
end
(layer::AdaptiveMaxPool)(x::AbstractArray) = adaptive(MaxPool, layer, x)(x)

"""
    AdaptiveMeanPool(size)

[`MeanPool`](@ref) with the window and stride that make the spatial size `size`, a tuple.
"""
struct AdaptiveMeanPool{N}
    out::NTuple{N, Int}
end
(layer::AdaptiveMeanPool)(x::AbstractArray) = adaptive(MeanPool, layer, x)(x)

function adaptive(Pool, layer, x)
    n = length(layer.out)
    check_rank(layer, x, n + 2)
    sizes = size(x)[1:n]
    stride = sizes .÷ layer.out
    return Pool(sizes .- (layer.out .- 1) .* stride; stride)
end

function show_pooling(io, name, layer)
    print(io, name, "(", layer.k)
    all(==(0), layer.pad) || print(io, ", pad=", number_or_tuple(layer.pad))
    layer.stride == layer.k || print(io, ", stride=", number_or_tuple(layer.stride))
    print(io, ")")
end

Base.show(io::IO, layer::MaxPool) = show_pooling(io, "MaxPool", layer)
Base.show(io::IO, layer::MeanPool) = show_pooling(io, "MeanPool", layer)
Base.show(io::IO, layer::AdaptiveMaxPool) = print(io, "AdaptiveMaxPool(", layer.out, ")")
Base.show(io::IO, layer::AdaptiveMeanPool) = print(io, "AdaptiveMeanPool(", layer.out, ")")
