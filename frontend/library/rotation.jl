# Rotation of images.

"""
    imrotate(x, θ; method = :bilinear, rotation_center = size(x) .÷ 2 .+ 1)

Images `(width, height, channels, batch)` turned by the angle θ (in radians) in their first two dimensions about a
pixel. A pixel takes the value of where it comes from, interpolated between four pixels or, with
`method = :nearest`, of the nearest one; what comes from outside is zero.
"""
function imrotate(x::AbstractArray{T, 4}, θ; method = :bilinear, rotation_center = size(x) .÷ 2 .+ 1) where T
    T <: Integer && method !== :nearest &&
        throw(ArgumentError("imrotate of integers supports only method = :nearest"))
    rows, columns = size(x, 1), size(x, 2)
    pixels = reshape(x, rows * columns, size(x, 3), size(x, 4))
    source(i, j) = rotated_back(i - rotation_center[1], j - rotation_center[2], θ) .+ rotation_center[1:2]
    sources = vec([source(i, j) for i in 1:rows, j in 1:columns])
    if method === :nearest
        return reshape(taken(pixels, [round.(Int, s) for s in sources], ones(T, length(sources)), rows, columns),
                       size(x))
    end
    method === :bilinear || throw(ArgumentError("imrotate knows the methods :bilinear and :nearest, not $method"))
    inside = [1 ≤ floor(s[1]) && ceil(s[1]) ≤ rows && 1 ≤ floor(s[2]) && ceil(s[2]) ≤ columns for s in sources]
    total = zero(pixels)
    for (down, right) in ((0, 0), (0, 1), (1, 0), (1, 1))
        corners = [(floor(Int, s[1]) + down, floor(Int, s[2]) + right) for s in sources]
        weights = [T(k ? (1 - abs(s[1] - c[1])) * (1 - abs(s[2] - c[2])) : 0)
                   for (s, c, k) in zip(sources, corners, inside)]
        total = total .+ taken(pixels, corners, weights, rows, columns)
    end
    return reshape(total, size(x))
end

# Where the rotation by θ takes its value from, as an offset from the centre; angles such as π/2 are exact.
function rotated_back(i, j, θ)
    s, c = sincos(θ)
    return (round(c * i - s * j; digits = 9), round(s * i + c * j; digits = 9))
end

# The pixels at these positions, times weights; zero where there is none.
function taken(pixels, positions, weights, rows, columns)
    exists = [1 ≤ p[1] ≤ rows && 1 ≤ p[2] ≤ columns for p in positions]
    indices = [e ? p[1] + (p[2] - 1) * rows : 1 for (p, e) in zip(positions, exists)]
    return pixels[indices, :, :] .* (weights .* exists)
end
