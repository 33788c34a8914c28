# Layers that change the size of images.

"""
    Upsample(mode = :nearest; scale, align_corners = true)
    Upsample(mode = :nearest; size, align_corners = true)
    Upsample(scale, mode = :nearest)

Makes the spatial dimensions larger by `scale`, a number or tuple, or as large as `size`. `mode` is
`:nearest`, `:linear`, `:bilinear` or `:trilinear`; see `NNlib.upsample_nearest`, `NNlib.upsample_linear`.
"""
struct Upsample{M, S, T}
    scale::S
    size::T
    align_corners::Bool
end
function Upsample(mode::Symbol = :nearest; scale = nothing, size = nothing, align_corners::Bool = true)
    mode in (:nearest, :linear, :bilinear, :trilinear) ||
        throw(ArgumentError("Upsample knows :nearest, :linear, :bilinear, :trilinear, not $(repr(mode))"))
    isnothing(scale) == isnothing(size) && throw(ArgumentError("Upsample expects either `scale` or `size`"))
    return Upsample{mode, typeof(scale), typeof(size)}(scale, size, align_corners)
end
Upsample(scale, mode::Symbol = :nearest) = Upsample(mode; scale)

@layer Upsample

function (layer::Upsample{mode})(x::AbstractArray) where mode
    if mode === :nearest
        return layer.size === nothing ? upsample_nearest(x, layer.scale) : upsample_nearest(x; layer.size)
    end
    layer.size === nothing && return upsample_linear(x, layer.scale; layer.align_corners)
    return upsample_linear(x; layer.size, layer.align_corners)
end

function Base.show(io::IO, layer::Upsample{mode}) where mode
    print(io, "Upsample(", repr(mode))
    layer.scale === nothing || print(io, ", scale = ", layer.scale)
    layer.size === nothing || print(io, ", size = ", layer.size)
    print(io, ")")
end

"""
    PixelShuffle(r)

Spatial dimensions `r` times as large from groups of channels, see `NNlib.pixel_shuffle`.
"""
struct PixelShuffle
    r::Int
end
(layer::PixelShuffle)(x::AbstractArray) = pixel_shuffle(x, layer.r)
