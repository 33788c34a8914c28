# Padding of arrays.

"""
    pad_constant(x, pad, value = 0; dims = :)

`x` with `value` around it. `pad` is a number for all `dims`, a number for each of them, or two for each:
before and after.
"""
pad_constant(x::AbstractArray, pad, value = 0; dims = :) = pad_dims(x, pad, dims) do x, d, before, after
    border(n) = fill(convert(eltype(x), value), ntuple(i -> i == d ? n : size(x, i), ndims(x)))
    cat(border(before), x, border(after); dims = d)
end

"""
    pad_zeros(x, pad; dims = :) = pad_constant(x, pad, 0; dims)
"""
pad_zeros(x::AbstractArray, pad; dims = :) = pad_constant(x, pad, 0; dims)

"""
    pad_repeat(x, pad; dims)

`x` with its outermost values repeated. Without `dims`, a number pads all but the last two dimensions, and a
tuple as many as it has pairs.
"""
pad_repeat(x::AbstractArray, pad; dims = padded_dims(x, pad)) =
    pad_dims(x, pad, dims) do x, d, before, after
        take_along(x, d, clamp.(1-before:size(x, d)+after, 1, size(x, d)))
    end

"""
    pad_reflect(x, pad; dims)

`x` mirrored at its outermost values, which are not repeated: `3 2 1 2 3 2 1`. See [`pad_repeat`](@ref) for
`dims`.
"""
pad_reflect(x::AbstractArray, pad; dims = padded_dims(x, pad)) =
    pad_dims(x, pad, dims) do x, d, before, after
        n = size(x, d)
        take_along(x, d, [before+1:-1:2; 1:n; n-1:-1:n-after])
    end

"""
    pad_symmetric(x, pad; dims)

`x` mirrored at its borders: `2 1 1 2 3 3 2`. See [`pad_repeat`](@ref) for `dims`.
"""
pad_symmetric(x::AbstractArray, pad; dims = padded_dims(x, pad)) =
    pad_dims(x, pad, dims) do x, d, before, after
        n = size(x, d)
        take_along(x, d, [before:-1:1; 1:n; n:-1:n-after+1])
    end

"""
    pad_circular(x, pad; dims)

`x` continued from its other end: `2 3 1 2 3 1 2`. See [`pad_repeat`](@ref) for `dims`.
"""
pad_circular(x::AbstractArray, pad; dims = padded_dims(x, pad)) =
    pad_dims(x, pad, dims) do x, d, before, after
        take_along(x, d, mod1.(1-before:size(x, d)+after, size(x, d)))
    end

padded_dims(x, pad::Integer) = 1:ndims(x)-2
padded_dims(x, pad::Tuple) = 1:length(pad)÷2

# Applies `extend(x, dim, before, after)` along each of the dimensions.
function pad_dims(extend, x, pad, dims)
    dimensions = dims isa Colon ? (1:ndims(x)...,) : (dims...,)
    count = length(dimensions)
    amounts = pad isa Integer ? ntuple(_ -> pad, 2count) : length(pad) == 2count ? pad :
        length(pad) == count ? ntuple(i -> pad[(i+1)÷2], 2count) :
        throw(ArgumentError("Could not parse padding $pad and dims $dims"))
    for (i, d) in enumerate(dimensions)
        x = extend(x, d, amounts[2i-1], amounts[2i])
    end
    return x
end

take_along(x, d, indices) = x[ntuple(i -> i == d ? indices : (:), ndims(x))...]
