# Asking models about themselves.

"""
    outputsize(model, sizes...; padbatch = false)

The size of the output of a model for inputs of these sizes (tuples), without computing it. With `padbatch`,
for inputs to whose sizes a batch of 1 is added.
"""
function outputsize(model, sizes::Tuple...; padbatch::Bool = false)
    inputs = padbatch ? map(n -> (n..., 1), sizes) : sizes
    return Primitives.abstractly((x...) -> sizes_of(model(x...)), inputs, input_type(model))
end

sizes_of(y::AbstractArray) = size(y)
sizes_of(y::Union{Tuple, NamedTuple}) = map(sizes_of, y)
sizes_of(y) = ()

# The element type of the arrays that a model takes: embeddings take indices.
input_type(model) = Float32
input_type(::Union{Embedding, EmbeddingBag}) = Int
input_type(chain::Chain) = isempty(chain.layers) ? Float32 : input_type(chain[1])

"""
    modules(model)

The model and all layers in it, parents before children.
"""
modules(model) = [node for node in fcollect(model; exclude = isleaf) if !isleaf(node)]
