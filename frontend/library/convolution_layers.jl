# Convolutions of arrays (space…, channels, batch).

"""
    SamePad()

As the `pad` of a layer: as much padding as makes the size of the output `ceil(size / stride)`; of a
`ConvTranspose`, `size * stride`. Where it is odd, there is one more before than after.
"""
struct SamePad end

# Padding (before, after, …) per spatial dimension, from a number, a tuple, or the total that SamePad asks
# for.
padding(pad, total) = NNlib.expand_padding(length(total), pad)
padding(::SamePad, total) =
    ntuple(i -> isodd(i) ? cld(total[(i+1)÷2], 2) : fld(total[(i+1)÷2], 2), 2 * length(total))

"""
    Conv(window, in => out, σ = identity; stride = 1, pad = 0, dilation = 1, groups = 1, bias = true,
         init = glorot_uniform)
    Conv(weight, bias, σ = identity; stride, pad, dilation, groups)

Convolution, see `NNlib.conv`: `σ.(conv(x, weight) .+ bias)` for `x` of size `(space…, in, batch)`. `window`
is a tuple with a size for each spatial dimension; the weights have size `(window…, in ÷ groups, out)`. `pad`
is a number, a number for each dimension, two for each (before and after), or `SamePad()`.
"""
struct Conv{N, M, F, A, V}
    σ::F
    weight::A
    bias::V
    stride::NTuple{N, Int}
    pad::NTuple{M, Int}
    dilation::NTuple{N, Int}
    groups::Int
end
function Conv(weight::AbstractArray, bias = true, σ = identity; stride = 1, pad = 0, dilation = 1, groups = 1)
    n = ndims(weight) - 2
    stride, dilation = NNlib.expand(n, stride), NNlib.expand(n, dilation)
    pad = padding(pad, (size(weight)[1:n] .- 1) .* dilation)
    return Conv(σ, weight, create_bias(weight, bias, size(weight, n + 2)), stride, pad, dilation, groups)
end
function Conv(window::NTuple{N, Integer}, (in, out)::Pair{<:Integer, <:Integer}, σ = identity;
              init = glorot_uniform, bias = true, groups = 1, options...) where N
    return Conv(filters(init, window, in, out, groups), bias, σ; groups, options...)
end

# Weights of a convolution from `in` to `out` channels in groups.
function filters(init, window, in, out, groups)
    in % groups == 0 || throw(DimensionMismatch("$in input channels do not divide into $groups groups"))
    out % groups == 0 || throw(DimensionMismatch("$out output channels do not divide into $groups groups"))
    return init(window..., in ÷ groups, out)
end

@layer Conv

function (layer::Conv)(x::AbstractArray)
    n = length(layer.stride)
    check_rank(layer, x, n + 2)
    check_size(layer, x, n + 1 => size(layer.weight, n + 1) * layer.groups)
    y = NNlib.conv(match_eltype(eltype(layer.weight), x), layer.weight;
                   stride = layer.stride, pad = layer.pad, dilation = layer.dilation, groups = layer.groups)
    return activate(layer.σ, add_bias(y, channel_bias(layer.bias, n)))
end

# A bias per channel, to be added to an array with `n` spatial dimensions.
channel_bias(bias::Bool, n) = bias
channel_bias(bias, n) = reshape(bias, ntuple(_ -> 1, n)..., :)

"""
    ConvTranspose(window, in => out, σ = identity; stride = 1, pad = 0, outpad = 0, dilation = 1, groups = 1,
                  bias = true, init = glorot_uniform)
    ConvTranspose(weight, bias, σ = identity; stride, pad, outpad, dilation, groups)

The transpose of a convolution from `out` to `in` channels, see `NNlib.conv_transpose`: upsamples by `stride`.
The weights have size `(window…, out ÷ groups, in)`; `outpad` makes the output larger at the end.
"""
struct ConvTranspose{N, M, F, A, V}
    σ::F
    weight::A
    bias::V
    stride::NTuple{N, Int}
    pad::NTuple{M, Int}
    outpad::NTuple{N, Int}
    dilation::NTuple{N, Int}
    groups::Int
end
function ConvTranspose(weight::AbstractArray, bias = true, σ = identity;
                       stride = 1, pad = 0, outpad = 0, dilation = 1, groups = 1)
    n = ndims(weight) - 2
    stride, dilation, outpad = NNlib.expand(n, stride), NNlib.expand(n, dilation), NNlib.expand(n, outpad)
    pad = padding(pad, (size(weight)[1:n] .- 1) .* dilation .+ 1 .- stride)
    bias = create_bias(weight, bias, size(weight, n + 1) * groups)
    return ConvTranspose(σ, weight, bias, stride, pad, outpad, dilation, groups)
end
function ConvTranspose(window::NTuple{N, Integer}, (in, out)::Pair{<:Integer, <:Integer}, σ = identity;
                       init = glorot_uniform, bias = true, groups = 1, options...) where N
    return ConvTranspose(filters(init, window, out, in, groups), bias, σ; groups, options...)
end

@layer ConvTranspose

function (layer::ConvTranspose)(x::AbstractArray)
    n = length(layer.stride)
    check_rank(layer, x, n + 2)
    check_size(layer, x, n + 1 => size(layer.weight, n + 2))
    y = NNlib.conv_transpose(match_eltype(eltype(layer.weight), x), layer.weight; stride = layer.stride,
                             pad = layer.pad, outpad = layer.outpad, dilation = layer.dilation,
                             groups = layer.groups)
    return activate(layer.σ, add_bias(y, channel_bias(layer.bias, n)))
end

"""
    CrossCor(window, in => out, σ = identity; stride = 1, pad = 0, dilation = 1, bias = true,
             init = glorot_uniform)
    CrossCor(weight, bias, σ = identity; stride, pad, dilation)

Cross-correlation: a [`Conv`](@ref) that does not reverse its window.
"""
struct CrossCor{N, M, F, A, V}
    σ::F
    weight::A
    bias::V
    stride::NTuple{N, Int}
    pad::NTuple{M, Int}
    dilation::NTuple{N, Int}
end
function CrossCor(weight::AbstractArray, bias = true, σ = identity; stride = 1, pad = 0, dilation = 1)
    n = ndims(weight) - 2
    stride, dilation = NNlib.expand(n, stride), NNlib.expand(n, dilation)
    pad = padding(pad, (size(weight)[1:n] .- 1) .* dilation)
    return CrossCor(σ, weight, create_bias(weight, bias, size(weight, n + 2)), stride, pad, dilation)
end
CrossCor(window::NTuple{N, Integer}, (in, out)::Pair{<:Integer, <:Integer}, σ = identity;
         init = glorot_uniform, bias = true, options...) where N =
    CrossCor(filters(init, window, in, out, 1), bias, σ; options...)

@layer CrossCor

function (layer::CrossCor)(x::AbstractArray)
    n = length(layer.stride)
    check_rank(layer, x, n + 2)
    check_size(layer, x, n + 1 => size(layer.weight, n + 1))
    y = NNlib.conv(match_eltype(eltype(layer.weight), x), layer.weight;
                   stride = layer.stride, pad = layer.pad, dilation = layer.dilation, flipped = true)
    return activate(layer.σ, add_bias(y, channel_bias(layer.bias, n)))
end

"""
    DepthwiseConv(window, in => out, σ = identity; stride = 1, pad = 0, dilation = 1, bias = true,
                  init = glorot_uniform)

A [`Conv`](@ref) with `groups = in`: each channel by itself. `out` is a multiple of `in`.
"""
function DepthwiseConv(window::Tuple, (in, out)::Pair{<:Integer, <:Integer}, σ = identity; options...)
    out % in == 0 ||
        throw(ArgumentError("DepthwiseConv expects a multiple of the $in inputs as outputs, got $out"))
    return Conv(window, in => out, σ; groups = in, options...)
end

# --- printing -----------------------------------------------------------------------------------------------

function show_convolution(io, name, layer, channels)
    n = length(layer.stride)
    print(io, name, "(", size(layer.weight)[1:n], ", ", channels)
    layer.σ === identity || print(io, ", ", layer.σ)
    for option in (:pad, :stride, :outpad, :dilation)
        hasproperty(layer, option) || continue
        given = getproperty(layer, option)
        usual = option in (:stride, :dilation) ? 1 : 0
        all(==(usual), given) || print(io, ", ", option, "=", number_or_tuple(given))
    end
    hasproperty(layer, :groups) && layer.groups != 1 && print(io, ", groups=", layer.groups)
    layer.bias === false && print(io, ", bias=false")
    print(io, ")")
end

number_or_tuple(values) = all(==(values[1]), values) ? values[1] : values

function Base.show(io::IO, layer::Conv)
    n = length(layer.stride)
    show_convolution(io, "Conv", layer, size(layer.weight, n + 1) * layer.groups => size(layer.weight, n + 2))
end
function Base.show(io::IO, layer::ConvTranspose)
    n = length(layer.stride)
    in, out = size(layer.weight, n + 2), size(layer.weight, n + 1) * layer.groups
    show_convolution(io, "ConvTranspose", layer, in => out)
end
function Base.show(io::IO, layer::CrossCor)
    n = length(layer.stride)
    show_convolution(io, "CrossCor", layer, size(layer.weight, n + 1) => size(layer.weight, n + 2))
end
