# Convolution of arrays (space…, channels, batch) with weights (window…, channels ÷ groups, outputs).

"""
    conv(x, w; stride = 1, pad = 0, dilation = 1, flipped = false, groups = 1)

Convolution of `x` of size `(space…, channels, batch)` with `w` of size `(window…, channels ÷ groups,
outputs)`; in one dimension, with `p` the padding before,

    y[i, o, n] = Σ_{k, c} w[K + 1 - k, c, o] * x[stride * (i - 1) + dilation * (k - 1) + 1 - p, c, n]

The window is reversed, as in mathematics; `flipped = true` leaves it as it is (cross-correlation). `stride`
and `dilation` are a number or one per dimension; `pad` is a number, one per dimension, or two (before,
after). The size of each spatial dimension becomes `(size + padding - dilation * (window - 1) - 1) ÷ stride +
1`.
"""
function conv(x::AbstractArray{<:Any, N}, w::AbstractArray{<:Any, N};
              stride = 1, pad = 0, dilation = 1, flipped = false, groups = 1) where N
    size(x, N - 1) == size(w, N - 1) * groups || throw(DimensionMismatch(
        "conv: weights of size $(size(w)) with $groups group(s) expect $(size(w, N - 1) * groups) channels " *
        "in dimension $(N - 1), got size $(size(x))"))
    window = flipped ? w : reverse(w; dims = spatial_dims(w))
    return Primitives.crosscor(x, window; stride = expand(N - 2, stride), pad = expand_padding(N - 2, pad),
                               dilation = expand(N - 2, dilation), groups)
end

"""
    depthwiseconv(x, w; stride = 1, pad = 0, dilation = 1, flipped = false)

Convolution of each channel by itself. `w` has size `(window…, multiplier, channels)`, the result `multiplier
* channels` channels.
"""
function depthwiseconv(x::AbstractArray{<:Any, N}, w::AbstractArray{<:Any, N}; options...) where N
    window, (multiplier, channels) = size(w)[1:N-2], size(w)[N-1:N]
    return conv(x, reshape(w, window..., 1, multiplier * channels); groups = channels, options...)
end

"""
    conv_transpose(x, w; stride = 1, pad = 0, outpad = 0, dilation = 1, flipped = false, groups = 1)

The transpose of [`conv`](@ref) as a linear map: from the size of its result to the size of its input. `w` has
size `(window…, outputs ÷ groups, channels)`. Each spatial dimension becomes `(size - 1) * stride - padding +
dilation * (window - 1) + 1 + outpad`.
"""
function conv_transpose(x::AbstractArray{<:Any, N}, w::AbstractArray{<:Any, N};
                        stride = 1, pad = 0, outpad = 0, dilation = 1, flipped = false, groups = 1) where N
    size(x, N - 1) == size(w, N) || throw(DimensionMismatch(
        "conv_transpose: weights of size $(size(w)) expect $(size(w, N)) channels in dimension $(N - 1), " *
        "got size $(size(x))"))
    window = flipped ? w : reverse(w; dims = spatial_dims(w))
    return Primitives.crosscor_transpose(
        x, window; stride = expand(N - 2, stride), pad = expand_padding(N - 2, pad),
        outpad = expand(N - 2, outpad), dilation = expand(N - 2, dilation), groups)
end

spatial_dims(x) = ntuple(identity, ndims(x) - 2)

# One value per spatial dimension.
expand(n, value::Integer) = ntuple(_ -> value, n)
function expand(n, values::Tuple)
    length(values) == n || throw(DimensionMismatch("expected a number or a tuple of $n, got $values"))
    return values
end

# Padding before and after each spatial dimension: (before₁, after₁, before₂, after₂, …).
expand_padding(n, pad::Integer) = ntuple(_ -> pad, 2n)
function expand_padding(n, pad::Tuple)
    length(pad) == 2n && return pad
    length(pad) == n && return ntuple(i -> pad[(i+1)÷2], 2n)
    throw(DimensionMismatch("expected a padding of a number, $n or $(2n) numbers, got $pad"))
end

"""
    unfold(x, (window…, channels, outputs); stride = 1, pad = 0, dilation = 1, flipped = true)

The windows that a convolution sees: an array of size `(positions, prod(window) * channels, batch)`.
"""
function unfold(x::AbstractArray{T, N}, kernel_size::NTuple{N, Integer};
                stride = 1, pad = 0, dilation = 1, flipped = true) where {T, N}
    picks = unit_windows(T, kernel_size[1:N-2], size(x, N - 1))
    y = conv(x, picks; stride, pad, dilation, flipped, groups = size(x, N - 1))
    return reshape(keep_integer(T, y), :, size(picks, N), size(x, N))
end

"""
    fold(y, output_size, (window…, channels, outputs); stride = 1, pad = 0, dilation = 1, flipped = true)

The transpose of [`unfold`](@ref): adds the windows back to an array of size `output_size`.
"""
function fold(y::AbstractArray{T, 3}, output_size::NTuple{N, Integer}, kernel_size::NTuple{N, Integer};
              stride = 1, pad = 0, dilation = 1, flipped = true) where {T, N}
    n, window, channels = N - 2, kernel_size[1:N-2], output_size[N-1]
    strides, dilations, pads = expand(n, stride), expand(n, dilation), expand_padding(n, pad)
    reach = ntuple(d -> output_size[d] + pads[2d-1] + pads[2d] - dilations[d] * (window[d] - 1) - 1, n)
    positions = reach .÷ strides .+ 1
    picks = unit_windows(T, window, channels)
    windows = reshape(y, positions..., size(picks, N), size(y, 3))
    outpad = reach .% strides
    x = conv_transpose(windows, picks; stride, pad, outpad, dilation, flipped, groups = channels)
    return keep_integer(T, x)
end

# Windows of zeros with a one at each tap: convolution with them picks the taps, channel by channel.
function unit_windows(T, window, channels)
    taps = prod(window)
    units = reshape(T[i == j for i in 1:taps, j in 1:taps], window..., 1, taps)
    return repeat(units; outer = (ntuple(_ -> 1, length(window) + 1)..., channels))
end

keep_integer(T, x) = T <: Integer ? round.(T, x) : x
