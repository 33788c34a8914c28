# Making images larger.

"""
    upsample_nearest(x, scale)
    upsample_nearest(x; size)

Repeats each value of the spatial dimensions `scale` times (a tuple), or as often as gives `size`.
"""
upsample_nearest(x::AbstractArray, scale::Tuple) = upsample_nearest(x; size = scaled(x, scale))
upsample_nearest(x::AbstractArray, scale::Integer) = upsample_nearest(x, expand(ndims(x) - 2, scale))
function upsample_nearest(x::AbstractArray; size::Tuple)
    for (d, n) in enumerate(size)
        x = take_along(x, d, [div((i - 1) * Base.size(x, d), n) + 1 for i in 1:n])
    end
    return x
end

"""
    upsample_linear(x, scale; align_corners = true)
    upsample_linear(x; size, align_corners = true)

Linear interpolation along each spatial dimension. With `align_corners` the outermost values stay at the
borders; without, values stand for the centres of equal cells.
"""
upsample_linear(x::AbstractArray, scale::Tuple; align_corners = true) =
    interpolate(x, scaled(x, scale), align_corners, scale)
upsample_linear(x::AbstractArray, scale::Real; align_corners = true) =
    upsample_linear(x, ntuple(_ -> scale, ndims(x) - 2); align_corners)
upsample_linear(x::AbstractArray; size, align_corners = true) =
    interpolate(x, (size...,), align_corners, nothing)

"""
    upsample_bilinear(x, scale; align_corners = true), upsample_bilinear(x; size, align_corners = true)

[`upsample_linear`](@ref) of two spatial dimensions.
"""
upsample_bilinear(x::AbstractArray{<:Any, 4}, scale; align_corners = true) =
    upsample_linear(x, scale; align_corners)
upsample_bilinear(x::AbstractArray{<:Any, 4}; size, align_corners = true) =
    upsample_linear(x; size, align_corners)

"""
    upsample_trilinear(x, scale; align_corners = true), upsample_trilinear(x; size, align_corners = true)

[`upsample_linear`](@ref) of three spatial dimensions.
"""
upsample_trilinear(x::AbstractArray{<:Any, 5}, scale; align_corners = true) =
    upsample_linear(x, scale; align_corners)
upsample_trilinear(x::AbstractArray{<:Any, 5}; size, align_corners = true) =
    upsample_linear(x; size, align_corners)

scaled(x, scale) = ntuple(d -> floor(Int, size(x, d) * scale[d]), length(scale))

function interpolate(x, sizes, align_corners, scale)
    T = float(eltype(x))
    for (d, n) in enumerate(sizes)
        m = size(x, d)
        # Where each new value lies between the old ones, counted from 0.
        places = align_corners ? [n == 1 ? 0.0 : (i - 1) * (m - 1) / (n - 1) for i in 1:n] :
            [clamp((i - 0.5) / (scale === nothing ? n / m : scale[d]) - 0.5, 0, m - 1) for i in 1:n]
        below = clamp.(floor.(Int, places), 0, max(m - 2, 0))
        weight = reshape(T.(places .- below), ntuple(i -> i == d ? n : 1, ndims(x)))
        above = min.(below .+ 1, m - 1)
        x = (1 .- weight) .* take_along(x, d, below .+ 1) .+ weight .* take_along(x, d, above .+ 1)
    end
    return x
end

"""
    pixel_shuffle(x, r)

Spatial dimensions `r` times as large, from groups of `r^d` channels: `(W, H, r²C, N)` to `(rW, rH, C, N)`.
"""
function pixel_shuffle(x::AbstractArray, r::Integer)
    d = ndims(x) - 2
    channels = size(x, d + 1)
    channels % r^d == 0 ||
        throw(ArgumentError("pixel_shuffle expects a multiple of $(r^d) channels, got size $(size(x))"))
    split = reshape(x, size(x)[1:d]..., ntuple(_ -> r, d)..., channels ÷ r^d, size(x, d + 2))
    order = (ntuple(i -> isodd(i) ? d + (i + 1) ÷ 2 : i ÷ 2, 2d)..., 2d + 1, 2d + 2)
    return reshape(permutedims(split, order), (size(x)[1:d] .* r)..., channels ÷ r^d, size(x, d + 2))
end

"""
    grid_sample(x, grid; padding_mode = :zeros)

Bilinear interpolation of `x`, of size `(W, H, C, N)`, at the places in `grid`, of size `(2, W′, H′, N)`,
whose coordinates run from -1 at the first to 1 at the last pixel of each dimension. Outside are zeros, or
with `:border` the nearest pixels.
"""
function grid_sample(x::AbstractArray{<:Any, 4}, grid::AbstractArray{<:Any, 4}; padding_mode::Symbol = :zeros)
    padding_mode in (:zeros, :border) ||
        throw(ArgumentError("grid_sample expects padding_mode :zeros or :border, not $(repr(padding_mode))"))
    W, H, C, N = size(x)
    T = eltype(x)
    place(k, n) = (grid[k, :, :, :] .+ 1) ./ 2 .* (n - 1)  # counted from 0
    px, py = place(1, W), place(2, H)
    if padding_mode === :border
        px, py = clamp.(px, 0, W - 1), clamp.(py, 0, H - 1)
    end
    left, top = floor.(px), floor.(py)
    pixels = reshape(permutedims(x, (3, 1, 2, 4)), C, W * H * N)
    offsets = reshape(0:N-1, 1, 1, N) .* (W * H)
    total = zero(T)
    for (i, j) in ((left, top), (left .+ 1, top), (left, top .+ 1), (left .+ 1, top .+ 1))
        inside = (i .>= 0) .& (i .<= W - 1) .& (j .>= 0) .& (j .<= H - 1)
        column, row = Int.(clamp.(i, 0, W - 1)), Int.(clamp.(j, 0, H - 1))
        weight = ifelse.(inside, (1 .- abs.(px .- i)) .* (1 .- abs.(py .- j)), zero(T))
        values = gather(pixels, column .+ row .* W .+ offsets .+ 1)
        total = total .+ values .* reshape(T.(weight), 1, size(weight)...)
    end
    return permutedims(total, (2, 3, 1, 4))
end
