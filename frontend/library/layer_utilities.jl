# What several layers need: biases, checks of sizes, element types.

# A bias for these weights: zeros for `true`, `false` for none, or a given array of the right size.
function create_bias(weight, bias, sizes::Integer...)
    bias === false && return false
    bias === true && return fill!(similar(weight, sizes...), 0)
    size(bias) == sizes || throw(DimensionMismatch("expected a bias of size $sizes, got size $(size(bias))"))
    return eltype(weight).(bias)
end

add_bias(x, bias::Bool) = x
add_bias(x, bias::AbstractArray) = x .+ bias

activate(σ, x) = σ.(x)
activate(::typeof(identity), x) = x

const ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")

# Throws unless dimension `d` of the input of a layer has size `n`.
function check_size(layer, x::AbstractArray, (d, n)::Pair)
    size(x, d) == n || throw(DimensionMismatch(
        "$(layer_name(layer)) expects an input whose $(ORDINALS[d]) dimension is $n, got size $(size(x))"))
    return nothing
end

function check_rank(layer, x::AbstractArray, rank)
    ndims(x) == rank || throw(DimensionMismatch(
        "$(layer_name(layer)) expects an input with $rank dimensions, got size $(size(x))"))
    return nothing
end

# A layer as it prints on one line, without its parameters.
layer_name(layer) = sprint(show, layer)

# The input in the element type of the weights, so that a layer's results have that type. Boolean arrays
# (one-hot) stay.
match_eltype(::Type{T}, x::AbstractArray{T}) where T<:Real = x
match_eltype(::Type{T}, x::AbstractArray{Bool}) where T<:Real = x
match_eltype(::Type{T}, x::AbstractArray) where T<:Real = T.(x)
match_eltype(::Type, x::AbstractArray) = x

"""
    f32(model)

A copy of a model whose arrays of floating-point numbers are of `Float32`.
"""
f32(model) = convert_parameters(Float32, model)

"""
    f64(model)

A copy of a model whose arrays of floating-point numbers are of `Float64`.
"""
f64(model) = convert_parameters(Float64, model)

"""
    f16(model)

A copy of a model whose arrays of floating-point numbers are of `Float16`.
"""
f16(model) = convert_parameters(Float16, model)

"""
    bf16(model)

A copy of a model whose arrays of floating-point numbers are of `BFloat16`.
"""
bf16(model) = convert_parameters(BFloat16, model)

convert_parameters(T, model) = fmap(x -> x isa AbstractArray{<:AbstractFloat} ? T.(x) : x, model)

"""
    cpu(model)

The model itself: where a compiled graph runs is chosen when it is loaded.
"""
cpu(model) = model

"""
    gpu(model)

The model itself: where a compiled graph runs is chosen when it is loaded.
"""
gpu(model) = model
