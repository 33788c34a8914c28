# Chain: layers one after the other.

"""
    Chain(layers...)
    Chain(name = layer, ...)
    Chain([layers...])

Calls its layers in order, each on the result of the one before. Layers have an index, `chain[2]`, and in the
second form a name, `chain[:name]`; `chain[1:2]` is a chain again.
"""
struct Chain{T<:Union{Tuple, NamedTuple, AbstractVector}}
    layers::T
end
Chain(layers...) = Chain(layers)
function Chain(; layers...)
    haskey(layers, :layers) && throw(ArgumentError("a Chain cannot have a layer named `layers`"))
    return Chain(isempty(layers) ? () : (; layers...))
end

@layer Chain

function (chain::Chain)(x)
    for layer in values(chain.layers)
        x = layer(x)
    end
    return x
end
(chain::Chain)(first, second, others...) = chain((first, second, others...))

Base.getindex(chain::Chain, i::Integer) = chain.layers[i]
Base.getindex(chain::Chain, name::Symbol) = chain.layers[name]
Base.getindex(chain::Chain, indices::AbstractArray) = Chain(pick(chain.layers, indices))
Base.length(chain::Chain) = length(chain.layers)
Base.firstindex(chain::Chain) = 1
Base.lastindex(chain::Chain) = length(chain.layers)
Base.first(chain::Chain) = chain[1]
Base.last(chain::Chain) = chain[end]
Base.keys(chain::Chain) = keys(chain.layers)
Base.iterate(chain::Chain, state...) = iterate(values(chain.layers), state...)

pick(layers, indices) = layers[indices]
pick(layers::NamedTuple, indices) = NamedTuple{keys(layers)[indices]}(values(layers)[indices])

function Base.show(io::IO, chain::Chain)
    print(io, "Chain(")
    show_layers(io, chain.layers)
    print(io, ")")
end

# Layers, separated by commas, with their names or the brackets of a vector.
show_layers(io, layers::Tuple) = join_shown(io, layers)
function show_layers(io, layers::AbstractVector)
    print(io, "[")
    join_shown(io, layers)
    print(io, "]")
end
function show_layers(io, layers::NamedTuple)
    for (i, name) in enumerate(keys(layers))
        print(io, i == 1 ? "" : ", ", name, " = ")
        show(io, layers[name])
    end
end
function join_shown(io, layers)
    for (i, layer) in enumerate(layers)
        i == 1 || print(io, ", ")
        show(io, layer)
    end
end

"""
    activations(chain, x)

The results of all layers of a chain, in a tuple.
"""
activations(chain::Chain, x) = activations_of(values(chain.layers), x)
function activations_of(layers, x)
    isempty(layers) && return ()
    y = first(layers)(x)
    return (y, activations_of(layers[2:end], y)...)
end
