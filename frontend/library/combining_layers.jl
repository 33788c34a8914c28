# Layers made of layers, beside Chain.

"""
    Maxout(layers...)
    Maxout(make, n)

The elementwise maximum of the results of all layers for the same input; in the second form, of `n` layers
`make()`.
"""
struct Maxout{T<:Tuple}
    layers::T
end
Maxout(layers...) = Maxout(layers)
Maxout(make::Function, n::Integer) = Maxout(ntuple(_ -> make(), n))

@layer Maxout

(layer::Maxout)(x) = reduce((a, b) -> max.(a, b), map(part -> part(x), layer.layers))

function Base.show(io::IO, layer::Maxout)
    print(io, "Maxout(")
    show_layers(io, layer.layers)
    print(io, ")")
end

"""
    SkipConnection(layer, connection)

`connection(layer(x), x)`.
"""
struct SkipConnection{L, C}
    layers::L
    connection::C
end

@layer SkipConnection

(skip::SkipConnection)(x) = skip.connection(skip.layers(x), x)

function Base.show(io::IO, skip::SkipConnection)
    print(io, "SkipConnection(")
    show(io, skip.layers)
    print(io, ", ", skip.connection, ")")
end

"""
    Parallel(connection, layers...)
    Parallel(connection; name = layer, ...)

`connection(layer1(x1), layer2(x2), …)` for as many inputs as layers, with one input for all layers, or with
one layer for all inputs. A tuple of inputs is the same as several.
"""
struct Parallel{C, T<:Union{Tuple, NamedTuple, AbstractVector}}
    connection::C
    layers::T
end
Parallel(connection, layers...) = Parallel(connection, layers)
function Parallel(connection; layers...)
    for name in (:layers, :connection)
        haskey(layers, name) && throw(ArgumentError("a Parallel cannot have a layer named `$name`"))
    end
    return Parallel(connection, isempty(layers) ? () : (; layers...))
end

@layer Parallel

(parallel::Parallel)(x) = parallel.connection(map(layer -> layer(x), values(parallel.layers))...)
(parallel::Parallel)(inputs::Tuple) = parallel(inputs...)
(parallel::Parallel)(inputs::NamedTuple) = parallel(values(inputs)...)
function (parallel::Parallel)(x, y, others...)
    inputs, layers = (x, y, others...), values(parallel.layers)
    if length(layers) == 1
        return parallel.connection(map(first(layers), inputs)...)
    elseif length(layers) != length(inputs)
        n = length(layers)
        throw(ArgumentError("Parallel with $n layers takes one input or $n, got $(length(inputs))"))
    end
    return parallel.connection(map((layer, input) -> layer(input), layers, inputs)...)
end
(parallel::Parallel)() = parallel.connection()

Base.getindex(parallel::Parallel, i::Integer) = parallel.layers[i]
Base.getindex(parallel::Parallel, name::Symbol) = parallel.layers[name]
Base.getindex(parallel::Parallel, indices::AbstractArray) =
    Parallel(parallel.connection, pick(parallel.layers, indices))
Base.length(parallel::Parallel) = length(parallel.layers)
Base.lastindex(parallel::Parallel) = length(parallel.layers)
Base.keys(parallel::Parallel) = keys(parallel.layers)

function Base.show(io::IO, parallel::Parallel)
    print(io, "Parallel(", parallel.connection, ", ")
    show_layers(io, parallel.layers)
    print(io, ")")
end

"""
    PairwiseFusion(connection, layers...)
    PairwiseFusion(connection; name = layer, ...)

`y1 = layer1(x1)`, then `y[i] = layer[i](connection(x[i], y[i-1]))`; returns the tuple of all `y`. One input
is used for all.
"""
struct PairwiseFusion{C, T<:Union{Tuple, NamedTuple}}
    connection::C
    layers::T
end
PairwiseFusion(connection, layers...) = PairwiseFusion(connection, layers)
function PairwiseFusion(connection; layers...)
    for name in (:layers, :connection)
        haskey(layers, name) && throw(ArgumentError("a PairwiseFusion cannot have a layer named `$name`"))
    end
    isempty(layers) && throw(ArgumentError("a PairwiseFusion must have at least one layer"))
    return PairwiseFusion(connection, (; layers...))
end

@layer PairwiseFusion

(fusion::PairwiseFusion)(x) = fusion(ntuple(_ -> x, length(fusion.layers)))
(fusion::PairwiseFusion)(x, y, others...) = fusion((x, y, others...))
function (fusion::PairwiseFusion)(inputs::Tuple)
    layers = values(fusion.layers)
    length(inputs) == length(layers) || throw(ArgumentError(
        "PairwiseFusion with $(length(layers)) layers can take one input or $(length(layers)), " *
        "got $(length(inputs))"))
    results = (layers[1](inputs[1]),)
    for i in 2:length(layers)
        results = (results..., layers[i](fusion.connection(inputs[i], results[i-1])))
    end
    return results
end

Base.getindex(fusion::PairwiseFusion, i::Integer) = fusion.layers[i]
Base.getindex(fusion::PairwiseFusion, name::Symbol) = fusion.layers[name]
Base.length(fusion::PairwiseFusion) = length(fusion.layers)
Base.lastindex(fusion::PairwiseFusion) = length(fusion.layers)
Base.keys(fusion::PairwiseFusion) = keys(fusion.layers)

function Base.show(io::IO, fusion::PairwiseFusion)
    print(io, "PairwiseFusion(", fusion.connection, ", ")
    show_layers(io, fusion.layers)
    print(io, ")")
end
