# Data in batches.

"""
    DataLoader(data; batchsize = 1, shuffle = false, partial = true, collate = true, rng = default_rng())

Iterates over batches of `batchsize` observations (see [`getobs`](@ref)): arrays give arrays, tuples and named
tuples the same of arrays. `shuffle` takes the observations in a new random order each time; without `partial`
a smaller last batch is left out; `batchsize = -1` is one batch of everything. `collate = false` gives vectors
of observations. Data are read as they are asked for; `parallel` and `buffer` are accepted and change nothing.
"""
struct DataLoader{D, C, R<:AbstractRNG}
    data::D
    batchsize::Int
    partial::Bool
    shuffle::Bool
    collate::C
    rng::R
end
function DataLoader(data; batchsize::Integer = 1, shuffle = false, partial::Bool = true, collate = true,
                    rng = Random.default_rng(), parallel::Bool = false, buffer = false)
    generator, shuffled = shuffle isa AbstractRNG ? (shuffle, true) : (rng, shuffle)
    n = numobs(data)
    n > 0 || throw(ArgumentError("a DataLoader needs data, got no observations"))
    return DataLoader(data, batchsize < 1 ? n : min(batchsize, n), partial, shuffled, collate, generator)
end

Base.length(loader::DataLoader) =
    loader.partial ? cld(numobs(loader.data), loader.batchsize) : fld(numobs(loader.data), loader.batchsize)
Base.size(loader::DataLoader) = (length(loader),)

function Base.iterate(loader::DataLoader)
    n = numobs(loader.data)
    return iterate(loader, (loader.shuffle ? randperm(loader.rng, n) : 1:n, 1))
end
function Base.iterate(loader::DataLoader, (order, first))
    last = min(first + loader.batchsize - 1, length(order))
    (first > length(order) || (!loader.partial && last - first + 1 < loader.batchsize)) && return nothing
    return collated(loader.collate, loader.data, order[first:last]), (order, last + 1)
end

collated(collate::Bool, data, indices) = collate ? getobs(data, indices) : [getobs(data, i) for i in indices]
collated(::Nothing, data, indices) = getobs(data, indices)
collated(collate, data, indices) = collate([getobs(data, i) for i in indices])

"""
    BatchView(data; batchsize = 1, partial = true, collate = true)

The batches of a data set as a vector-like collection: `view[i]` is batch i. See [`DataLoader`](@ref).
"""
struct BatchView{D, C}
    data::D
    batchsize::Int
    partial::Bool
    collate::C
end
BatchView(data; batchsize::Integer = 1, partial::Bool = true, collate = true) =
    BatchView(data, min(batchsize, numobs(data)), partial, collate)

Base.length(batches::BatchView) =
    batches.partial ? cld(numobs(batches.data), batches.batchsize) : fld(numobs(batches.data), batches.batchsize)
Base.size(batches::BatchView) = (length(batches),)
function Base.getindex(batches::BatchView, i::Integer)
    1 ≤ i ≤ length(batches) || throw(BoundsError(batches, i))
    first = (i - 1) * batches.batchsize + 1
    last = min(first + batches.batchsize - 1, numobs(batches.data))
    return collated(batches.collate, batches.data, first:last)
end
Base.getindex(batches::BatchView, indices::AbstractVector) = [batches[i] for i in indices]
Base.lastindex(batches::BatchView) = length(batches)
Base.eltype(batches::BatchView) = typeof(batches[1])
Base.iterate(batches::BatchView, i = 1) = i > length(batches) ? nothing : (batches[i], i + 1)
numobs(batches::BatchView) = length(batches)
getobs(batches::BatchView, i) = batches[i]
Base.show(io::IO, batches::BatchView) = print(io, "BatchView(", Base.summary(batches.data), ", batchsize=",
    batches.batchsize, ", partial=", batches.partial, ")")

"""
    eachobs(data; options...)

A [`DataLoader`](@ref) of single observations, without the dimension of the batch, unless `batchsize` is
given.
"""
function eachobs(data; batchsize = nothing, options...)
    batchsize === nothing || return DataLoader(data; batchsize, options...)
    return (only(batch) for batch in DataLoader(data; batchsize = 1, collate = false, options...))
end

function Base.show(io::IO, loader::DataLoader)
    print(io, "DataLoader(", Base.summary(loader.data))
    loader.batchsize == 1 || print(io, ", batchsize=", loader.batchsize)
    loader.partial || print(io, ", partial=false")
    loader.shuffle && print(io, ", shuffle=true")
    print(io, ")")
end
