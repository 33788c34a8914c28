# Weight normalisation.

"""
    WeightNorm(layer, which = :weight; dims = ndims(weight))

A layer whose parameter `which` is `g .* v ./ sqrt.(sum(abs2, v; dims))`: length `g` and direction `v` are
trained separately. `dims` is a number or a tuple. [Salimans and Kingma, 2016](https://arxiv.org/abs/1602.07868).
"""
struct WeightNorm{L, G, D}
    layer::L
    g::G
    which::Symbol
    dims::D
end
function WeightNorm(layer, which::Symbol = :weight; dims = -1)
    weight = getproperty(layer, which)
    iszero(weight) && throw(ArgumentError("WeightNorm cannot normalise $which, which is zero"))
    d = dims == -1 ? ndims(weight) : dims
    return WeightNorm(layer, weight_length(weight, d), which, d)
end

weight_length(weight, d) = sqrt.(sum(abs2, weight; dims = d))

@layer WeightNorm

(norm::WeightNorm)(x...) = reconstruct(norm)(x...)

# The layer with its parameter made of length and direction.
function reconstruct(norm::WeightNorm)
    direction = getproperty(norm.layer, norm.which)
    weight = norm.g .* direction ./ weight_length(direction, norm.dims)
    names = fieldnames(typeof(norm.layer))
    fields = map(name -> name === norm.which ? weight : getfield(norm.layer, name), names)
    return Primitives.rebuild(norm.layer, fields...)
end

"""
    remove_weight_norms(model)

The model with each [`WeightNorm`](@ref) replaced by its layer with the weights that it stands for.
"""
remove_weight_norms(model) = fmap(node -> node isa WeightNorm ? reconstruct(node) : node, model;
                                  exclude = node -> node isa WeightNorm || isleaf(node))
