# Layers whose sizes follow from the size of the input: what `@autosize` writes.

"""
    @autosize (size...,) model

A model in which `_` stands for the size that the input of its layer has, when the model gets an input of the
given size, batch included:

    @autosize (28, 28, 1, 32) Chain(Conv((3, 3), _ => 8, relu), Flux.flatten, Dense(_ => 10))

For convolutions and normalisations of channels that is the number of channels, for other layers the size of
the first dimension. Nothing is computed, see [`outputsize`](@ref). Several inputs have a tuple of sizes.
"""
function autosize(model, sizes::Tuple)
    inputs = sizes isa Tuple{Vararg{Integer}} ? (sizes,) : sizes
    layers = [node for node in fcollect(model) if node isa LazyLayer]
    found = Primitives.abstractly((x...) -> (model(x...); (map(layer -> layer.size, layers)...,)), inputs,
                                  input_type(model))
    sized = IdDict()
    for (layer, n) in zip(layers, found)
        n === nothing && throw(ArgumentError("@autosize: the model does not call $(layer.text)"))
        sized[layer] = layer.make(n)
    end
    return fmap(node -> node isa LazyLayer ? sized[node] : node, model;
                exclude = node -> node isa LazyLayer || isleaf(node))
end

# A layer that is made, as `make(n)`, when it is called first; `n` is the size that its `constructor` asks for.
mutable struct LazyLayer{C, F}
    text::String
    constructor::C
    make::F
    layer::Any
    size::Union{Int, Nothing}
end
LazyLayer(text, constructor, make) = LazyLayer(text, constructor, make, nothing, nothing)

function (lazy::LazyLayer)(x, others...)
    if lazy.layer === nothing
        lazy.size = autosizefor(lazy.constructor, x)
        lazy.layer = lazy.make(lazy.size)
    end
    return lazy.layer(x, others...)
end

Base.show(io::IO, lazy::LazyLayer) = print(io, "LazyLayer(", lazy.text, ")")

# Layers whose input has its features first, whatever follows.
const FeatureLayer = Union{Dense, Scale, Bilinear, Embedding, EmbeddingBag, LayerNorm, MultiHeadAttention,
                           RecurrentLayer, RNNCell, LSTMCell, GRUCell, GRUv3Cell}

"""
    autosizefor(constructor, x)

The size of the input `x` that `_` stands for in a call of this constructor.
"""
autosizefor(constructor, x) = size(x, max(1, ndims(x) - 1))
autosizefor(::Type{<:FeatureLayer}, x) = size(x, 1)
